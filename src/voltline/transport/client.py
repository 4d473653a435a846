"""The charge point's end of the wire: a WebSocket client that stays connected."""

from __future__ import annotations

import asyncio
import base64
import logging
import random
from collections.abc import Awaitable, Callable
from types import TracebackType
from typing import Self, TypeVar
from urllib.parse import quote, urlsplit

import aiohttp
import msgspec
from aiohttp import WSMsgType

from voltline.base.ids import valid_identity
from voltline.messages import Mode, Request, Response, Side
from voltline.transport.admission import SUBPROTOCOL
from voltline.transport.connection import Connection, Watch
from voltline.transport.handlers import Handlers
from voltline.transport.sockets import OutboxSocket
from voltline.wire.errors import NotConnected

Conf = TypeVar("Conf", bound=Response)

log = logging.getLogger("voltline.transport")


class ClientOptions(msgspec.Struct, frozen=True, kw_only=True):
    """How a charge point keeps its connection. Times in seconds, sizes in bytes."""

    mode: Mode = Mode.TOLERANT
    call_timeout_s: float = 30.0
    connect_timeout_s: float = 15.0
    """For TCP, TLS and the WebSocket upgrade together."""
    ping_interval_s: float = 0.0
    """Ping the central system at this interval, and give up a connection that does not answer; 0 never
    pings."""
    max_message_bytes: int = 1024 * 1024
    queue_limit: int = 100
    first_wait_s: float = 1.0
    """Wait before the first reconnection attempt; each further wait is twice as long."""
    longest_wait_s: float = 60.0
    jitter: float = 0.5
    """Part of each wait that is left to chance, so that a fleet does not come back in one moment."""


class Refusal(NotConnected):
    """The central system refused the upgrade; ``status`` is its HTTP status (401, 404, 503...)."""

    def __init__(self, text: str, status: int) -> None:
        super().__init__(text)
        self.status = status


Hook = Callable[[Connection], Awaitable[None] | None]


def connection_url(endpoint: str, identity: str) -> str:
    """The URL a charge point connects to: the endpoint, a slash, its percent-encoded identity (OCPP-J 1.6,
    3.1.1).

    Raises ValueError where the endpoint is no ws:// or wss:// URL, or the identity is none.
    """
    parts = urlsplit(endpoint)
    if parts.scheme not in ("ws", "wss") or not parts.hostname:
        raise ValueError(
            f"{endpoint!r} is not a WebSocket URL; expected ws://host:port/path or wss://host:port/path"
        )
    return f"{endpoint.rstrip('/')}/{quote(valid_identity(identity), safe='')}"


def waits(options: ClientOptions, chance: Callable[[], float] = random.random) -> Callable[[], float]:
    """A function that gives the next wait in seconds: doubled each time up to the longest, part of it by
    chance."""
    longest = options.first_wait_s

    def wait() -> float:
        nonlocal longest
        now = longest * (1 - options.jitter * chance())
        longest = min(longest * 2, options.longest_wait_s)
        return now

    return wait


class ChargePoint:
    """An OCPP 1.6 charge point as a library: register handlers, connect, call the central system.

        async with ChargePoint("ws://127.0.0.1:9000/ocpp", "CP1") as station:
            answer = await station.call(BootNotification(...))

    Entering the context connects, or raises; from then on a lost connection is made again with growing,
    jittered waits until the context is left. ``run`` does the same without ever giving up, from the first
    attempt on.
    """

    def __init__(
        self,
        endpoint: str,
        identity: str,
        *,
        password: bytes | str | None = None,
        handlers: Handlers | None = None,
        options: ClientOptions | None = None,
        watch: Watch | None = None,
        on_connected: Hook | None = None,
        on_disconnected: Hook | None = None,
        subprotocols: tuple[str, ...] = (SUBPROTOCOL,),
        session: aiohttp.ClientSession | None = None,
    ) -> None:
        """``password`` is sent by HTTP Basic authentication, as raw bytes (OCPP-J 1.6, 6.2.2). A fleet shares
        one ``session``, which it closes itself. Raises ValueError for an endpoint or identity that is
        none."""
        self.url = connection_url(endpoint, identity)
        self.identity = identity
        self.handlers = handlers or Handlers(Side.CHARGE_POINT)
        self.on = self.handlers.on
        self.options = options or ClientOptions()
        self.connection: Connection | None = None
        self._password = password.encode() if isinstance(password, str) else password
        self._watch = watch
        self._on_connected = on_connected
        self._on_disconnected = on_disconnected
        self._subprotocols = subprotocols
        self._shared = session
        self._session: aiohttp.ClientSession | None = None
        self._link: asyncio.Task[None] | None = None
        self._online: asyncio.Event = asyncio.Event()

    @property
    def connected(self) -> bool:
        return self.connection is not None

    async def call(self, request: Request[Conf], *, timeout_s: float | None = None) -> Conf:
        """Send a CALL and wait for the typed response; raises as Connection.call does."""
        if self.connection is None:
            raise NotConnected(f"{self.identity} is not connected to {self.url}")
        return await self.connection.call(request, timeout_s=timeout_s)

    async def until_connected(self) -> Connection:
        """Wait until there is a connection."""
        while self.connection is None:
            await self._online.wait()
        return self.connection

    async def run(self) -> None:
        """Connect, and connect again whenever the connection is lost, until cancelled or closed."""
        try:
            await self._stay(None)
        finally:
            await self._close_session()

    async def __aenter__(self) -> Self:
        first: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._link = asyncio.create_task(self._stay(first))
        try:
            await first
        except BaseException:
            await self.close()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Leave: close the connection with 1000 and do not come back."""
        if self._link is not None:
            self._link.cancel()
            await asyncio.wait([self._link])
            self._link = None
        await self._close_session()

    async def _close_session(self) -> None:
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def _stay(self, first: asyncio.Future[None] | None) -> None:
        wait = waits(self.options)
        while True:
            try:
                websocket = await self._connect()
            except NotConnected as failure:
                if first is not None and not first.done():
                    first.set_exception(failure)
                    return
                log.warning("%s: %s", self.identity, failure)
            else:
                wait = waits(self.options)
                await self._live(websocket, first)
            await asyncio.sleep(wait())

    async def _connect(self) -> aiohttp.ClientWebSocketResponse:
        session = self._shared or self._session
        if session is None:
            session = self._session = aiohttp.ClientSession()
        headers = {}
        if self._password is not None:
            credentials = base64.b64encode(self.identity.encode() + b":" + self._password)
            headers["Authorization"] = f"Basic {credentials.decode()}"
        try:
            async with asyncio.timeout(self.options.connect_timeout_s):
                websocket = await session.ws_connect(
                    self.url,
                    protocols=self._subprotocols,
                    headers=headers,
                    heartbeat=self.options.ping_interval_s or None,
                    max_msg_size=self.options.max_message_bytes,
                    compress=0,
                )
        except aiohttp.WSServerHandshakeError as refusal:
            raise Refusal(
                f"{self.url} refused the connection with HTTP {refusal.status}", refusal.status
            ) from refusal
        except (aiohttp.ClientError, OSError, TimeoutError) as failure:
            reason = str(failure) or type(failure).__name__
            raise NotConnected(f"cannot connect to {self.url}: {reason}") from failure
        if self._subprotocols and websocket.protocol is None:
            log.warning("%s: the central system did not choose a subprotocol", self.identity)
        return websocket

    async def _live(
        self, websocket: aiohttp.ClientWebSocketResponse, first: asyncio.Future[None] | None
    ) -> None:
        async def close(code: int, reason: str) -> None:
            await websocket.close(code=code, message=reason.encode()[:123])

        socket = OutboxSocket(websocket.send_str, close)
        connection = Connection(
            socket,
            self.identity,
            self.handlers,
            mode=self.options.mode,
            call_timeout_s=self.options.call_timeout_s,
            queue_limit=self.options.queue_limit,
            watch=self._watch,
            remote=self.url,
            subprotocol=websocket.protocol,
        )
        self.connection = connection
        self._online.set()
        reason = "the charge point closed the connection"
        try:
            self._tell(self._on_connected, connection)
            if first is not None and not first.done():
                first.set_result(None)
            reason = await _read(websocket, connection)
        finally:
            self.connection = None
            self._online.clear()
            connection.lost(reason)
            self._tell(self._on_disconnected, connection)
            await socket.drained()
            await websocket.close()

    def _tell(self, hook: Hook | None, connection: Connection) -> None:
        outcome = hook(connection) if hook is not None else None
        if outcome is not None:
            connection.spawn(outcome)


async def _read(websocket: aiohttp.ClientWebSocketResponse, connection: Connection) -> str:
    while True:
        message = await websocket.receive()
        if message.type is WSMsgType.TEXT:
            connection.text_received(message.data)
        elif message.type is WSMsgType.BINARY:
            connection.text_received(message.data.decode("utf-8", "replace"))
        elif message.type is WSMsgType.CLOSE:
            return f"closed by the central system with {message.data} {message.extra or ''}".rstrip()
        elif message.type is WSMsgType.ERROR:
            return f"the connection broke: {message.data}"
        else:
            return "the connection was lost"
