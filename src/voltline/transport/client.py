"""The charge point's end of the wire: a WebSocket client that stays connected."""

from __future__ import annotations

import asyncio
import base64
import logging
import random
import ssl
from collections.abc import Awaitable, Callable
from types import TracebackType
from typing import Self, TypeVar
from urllib.parse import quote, urlsplit

import msgspec

from voltline.base.ids import valid_identity
from voltline.messages import Mode, Request, Response, Side
from voltline.transport.admission import SUBPROTOCOL
from voltline.transport.client_socket import ClientSocket, Refusal, open_socket
from voltline.transport.connection import Connection, Watch
from voltline.transport.handlers import Handlers
from voltline.transport.sockets import Line
from voltline.wire.errors import NotConnected

__all__ = ["ChargePoint", "ClientOptions", "Refusal", "connection_url", "waits"]

Conf = TypeVar("Conf", bound=Response)

log = logging.getLogger("voltline.transport")

CLOSE_WAIT_S = 5.0
"""How long the central system may take to answer a close frame."""


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
    try:
        _ = parts.port
    except ValueError as error:
        raise ValueError(f"{endpoint!r} is not a WebSocket URL: {error}") from None
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
        tls: ssl.SSLContext | None = None,
        line: Line | None = None,
    ) -> None:
        """``password`` is sent by HTTP Basic authentication, as raw bytes (OCPP-J 1.6, 6.2.2). ``tls`` says
        whom wss:// trusts, by default whom this machine does. ``line`` stands between every connection and
        its socket. Raises ValueError for an endpoint or identity that is none."""
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
        self._line = line
        self._tls = tls
        self._link: asyncio.Task[None] | None = None
        self._socket: ClientSocket | None = None
        self._online: asyncio.Event | None = None

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
            if self._online is None:
                self._online = asyncio.Event()
            await self._online.wait()
        return self.connection

    async def run(self) -> None:
        """Connect, and connect again whenever the connection is lost, until cancelled or closed."""
        await self._stay(None)

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

    def drop(self) -> None:
        """Let the line go dead without a word, as when the power fails; ``run`` connects again."""
        if self._socket is not None:
            self._socket.abort()

    async def _stay(self, first: asyncio.Future[None] | None) -> None:
        wait = waits(self.options)
        while True:
            try:
                socket = await self._connect()
            except NotConnected as failure:
                if first is not None and not first.done():
                    first.set_exception(failure)
                    return
                log.warning("%s: %s", self.identity, failure)
            else:
                wait = waits(self.options)
                await self._live(socket, first)
            await asyncio.sleep(wait())

    async def _connect(self) -> ClientSocket:
        headers = {}
        if self._password is not None:
            credentials = base64.b64encode(self.identity.encode() + b":" + self._password)
            headers["Authorization"] = f"Basic {credentials.decode()}"
        try:
            async with asyncio.timeout(self.options.connect_timeout_s):
                socket = await open_socket(
                    self.url,
                    subprotocols=self._subprotocols,
                    headers=headers,
                    max_message_bytes=self.options.max_message_bytes,
                    tls=self._tls,
                )
        except Refusal:
            raise
        except (OSError, TimeoutError) as failure:
            reason = str(failure) or type(failure).__name__
            raise NotConnected(f"cannot connect to {self.url}: {reason}") from failure
        if self._subprotocols and socket.subprotocol is None:
            log.warning("%s: the central system did not choose a subprotocol", self.identity)
        return socket

    async def _live(self, socket: ClientSocket, first: asyncio.Future[None] | None) -> None:
        line = self._line
        connection = Connection(
            socket if line is None else line,
            self.identity,
            self.handlers,
            mode=self.options.mode,
            call_timeout_s=self.options.call_timeout_s,
            queue_limit=self.options.queue_limit,
            watch=self._watch,
            remote=self.url,
            subprotocol=socket.subprotocol,
        )
        if line is not None:
            line.opened(socket, connection.text_received)
        self.connection, self._socket = connection, socket
        if self._online is not None:
            self._online.set()
        reason = "the charge point closed the connection"
        try:
            self._tell(self._on_connected, connection)
            if first is not None and not first.done():
                first.set_result(None)
            received = connection.text_received if line is None else line.received
            socket.listen(received, self.options.ping_interval_s)
            reason = await socket.ended()
        finally:
            self.connection = self._socket = self._online = None
            if line is not None:
                line.closed()
            connection.lost(reason)
            self._tell(self._on_disconnected, connection)
            await socket.gone(CLOSE_WAIT_S)

    def _tell(self, hook: Hook | None, connection: Connection) -> None:
        outcome = hook(connection) if hook is not None else None
        if outcome is not None:
            connection.spawn(outcome)
