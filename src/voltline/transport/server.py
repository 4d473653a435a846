"""The central system's end of the wire: a WebSocket server that many stations connect to."""

from __future__ import annotations

import asyncio
import logging
import math
from collections.abc import Awaitable, Callable, Mapping
from types import MappingProxyType, TracebackType
from typing import Self, TypeVar

import msgspec
from aiohttp import WSCloseCode, web

from voltline.base.ids import InvalidIdentity, folded, identity_from_path
from voltline.messages import Deviation, DeviationKind, ErrorCode, Mode, Request, Response, Side
from voltline.transport.admission import (
    Admission,
    Admitted,
    Decision,
    Handshake,
    Refused,
    admit_all,
    chosen_subprotocol,
)
from voltline.transport.connection import Connection, Watch
from voltline.transport.handlers import Handlers
from voltline.transport.server_socket import ServerSocket
from voltline.transport.sockets import Socket
from voltline.transport.upgrade import refusal, switching
from voltline.wire.errors import NotConnected

Conf = TypeVar("Conf", bound=Response)

log = logging.getLogger("voltline.transport")

SWEEPS_A_PING = 4

NO_SUBPROTOCOL = Deviation(
    path="Sec-WebSocket-Protocol",
    kind=DeviationKind.MISSING,
    text="no subprotocol is offered; taken for ocpp1.6 (OCPP-J 1.6, 3.1.2)",
    code=ErrorCode.PROTOCOL_ERROR,
    usable=True,
)


class ServerOptions(msgspec.Struct, frozen=True, kw_only=True):
    """How a central system treats its connections. Times in seconds, sizes in bytes."""

    mode: Mode = Mode.TOLERANT
    """How messages are read: tolerant keeps what real chargers send, strict answers it with CALLERROR."""
    accept_missing_subprotocol: bool = True
    """Take a station that offers no subprotocol for one of OCPP 1.6, as some do."""
    call_timeout_s: float = 30.0
    ping_interval_s: float = 60.0
    """Ping a station that has been silent for so long; 0 never pings."""
    ping_timeout_s: float = 20.0
    """Drop a station that sent nothing for so long after a ping."""
    max_message_bytes: int = 1024 * 1024
    queue_limit: int = 100
    """Most CALLs that wait for one station."""
    max_unsent_bytes: int = 4 * 1024 * 1024
    """Drop a station that leaves so much unread."""


Hook = Callable[[Connection], Awaitable[None] | None]


class CentralSystem:
    """An OCPP 1.6 central system as a library: register handlers, start it, call stations.

    Stations connect to ``ws://host:port/any/prefix/{identity}``. The newest socket of an identity is the one
    that counts; identities are compared without regard to case.
    """

    def __init__(
        self,
        *,
        handlers: Handlers | None = None,
        admit: Admission = admit_all,
        options: ServerOptions | None = None,
        watch: Watch | None = None,
        on_connected: Hook | None = None,
        on_disconnected: Hook | None = None,
    ) -> None:
        """``on_connected`` is called before any frame is read, ``on_disconnected`` once when the connection
        has ended or was replaced; a coroutine function runs as a task and may call the station."""
        self.handlers = handlers or Handlers(Side.CENTRAL_SYSTEM)
        self.on = self.handlers.on
        self.options = options or ServerOptions()
        self._admit = admit
        self._watch = watch
        self._on_connected = on_connected
        self._on_disconnected = on_disconnected
        self._stations: dict[str, Connection] = {}
        self._sockets: dict[Connection, ServerSocket] = {}
        self._runner: web.ServerRunner | None = None
        self._sweeper: asyncio.Task[None] | None = None
        self._paused = False
        self._stopping = False

    # ---- stations

    @property
    def stations(self) -> Mapping[str, Connection]:
        """The live connections, by folded identity."""
        return MappingProxyType(self._stations)

    def station(self, identity: str) -> Connection:
        """The live connection of a station. Raises NotConnected."""
        connection = self._stations.get(folded(identity))
        if connection is None:
            raise NotConnected(f"charge point {identity!r} is not connected")
        return connection

    async def call(self, identity: str, request: Request[Conf], *, timeout_s: float | None = None) -> Conf:
        """Send a CALL to a station and wait for its response; raises as Connection.call does."""
        return await self.station(identity).call(request, timeout_s=timeout_s)

    # ---- life

    async def start(self, host: str = "127.0.0.1", port: int = 9000) -> int:
        """Listen, and return the port (0 asks for a free one). Raises OSError where that is impossible."""
        self._runner = web.ServerRunner(
            web.Server(self._requested, access_log=None),
            shutdown_timeout=1.0,
        )
        await self._runner.setup()
        site = web.TCPSite(self._runner, host, port, backlog=4096)
        try:
            await site.start()
        except OSError:
            await self._runner.cleanup()
            self._runner = None
            raise
        self._sweeper = asyncio.create_task(self._sweep())
        addresses = self._runner.addresses
        return int(addresses[0][1])

    async def serve(self, host: str = "127.0.0.1", port: int = 9000) -> None:
        """Listen until cancelled, then stop gracefully."""
        await self.start(host, port)
        try:
            await asyncio.get_running_loop().create_future()
        finally:
            await self.stop()

    async def stop(self, *, grace_s: float = 5.0) -> None:
        """Stop gracefully: accept nobody and read nothing more, answer what is in flight, close with 1001."""
        self._stopping = True
        self.pause_reading()
        if self._runner is not None:
            for site in list(self._runner.sites):
                await site.stop()
        connections = list(self._sockets)
        if connections:
            await asyncio.gather(*(one.answered(grace_s) for one in connections))
            for connection in connections:
                connection.close(WSCloseCode.GOING_AWAY, "the central system stops")
        self.resume_reading()  # the close frames of the stations are still to be read
        if self._sweeper is not None:
            self._sweeper.cancel()
            self._sweeper = None
        if self._runner is not None:
            await self._gone(grace_s)
            await self._runner.cleanup()
            self._runner = None

    async def _gone(self, within_s: float) -> None:
        if self._sockets:
            await asyncio.wait([socket.ended for socket in self._sockets.values()], timeout=within_s)
        for socket in self._sockets.values():
            socket.abort()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    def pause_reading(self) -> None:
        """Take no more frames from any station, so that TCP holds them back."""
        self._paused = True
        for socket in self._sockets.values():
            socket.pause_reading()

    def resume_reading(self) -> None:
        self._paused = False
        for socket in self._sockets.values():
            socket.resume_reading()

    # ---- one connection

    async def _requested(self, request: web.BaseRequest) -> web.StreamResponse:
        if self._stopping:
            return _refusal(Refused(503, "the central system is stopping", retry_after_s=10))
        no_handshake = refusal(request)
        if no_handshake is not None:
            return no_handshake
        try:
            identity = identity_from_path(request.raw_path)
        except InvalidIdentity as error:
            return _refusal(Refused(404, str(error)))
        offered = tuple(
            one.strip()
            for one in ",".join(request.headers.getall("Sec-WebSocket-Protocol", ())).split(",")
            if one.strip()
        )
        handshake = Handshake(identity, request.raw_path, request.remote or "", offered, request.headers)
        decision = await self._admit(handshake)
        if isinstance(decision, Refused):
            log.info(
                "%s from %s: refused with %d: %s",
                identity,
                handshake.remote,
                decision.status,
                decision.reason,
            )
            return _refusal(decision)
        subprotocol = chosen_subprotocol(offered)
        response = switching(request, subprotocol)
        transport = request.transport
        try:
            await response.prepare(request)
        except ConnectionError:
            transport = None
        if transport is None or transport.is_closing():
            return _refusal(Refused(503, "the station left during the handshake"))  # nobody reads it
        socket = ServerSocket(transport, self.options.max_unsent_bytes)
        await self._connected(request, handshake, decision, subprotocol, socket)
        return response

    async def _connected(
        self,
        request: web.BaseRequest,
        handshake: Handshake,
        decision: Admitted,
        subprotocol: str | None,
        socket: ServerSocket,
    ) -> None:
        connection = self.connection(
            socket, handshake.identity, handshake.remote, subprotocol, decision.context
        )
        if subprotocol is None and (handshake.subprotocols or not self.options.accept_missing_subprotocol):
            # OCPP-J 1.6, 3.2: finish the handshake without the header, then close at once.
            offers = ", ".join(handshake.subprotocols) or "nothing"
            log.info(
                "%s from %s: offers %s, not ocpp1.6; closed", handshake.identity, handshake.remote, offers
            )
            socket.close(WSCloseCode.PROTOCOL_ERROR, "this endpoint speaks ocpp1.6")
            socket.serve(request, connection, self.options.max_message_bytes)
            await socket.ended
            return
        self._sockets[connection] = socket
        try:
            self.enter(connection)
            if subprotocol is None:
                connection.deviated("", "", (NO_SUBPROTOCOL,))
            if self._paused:
                socket.pause_reading()
            socket.serve(request, connection, self.options.max_message_bytes)
            await socket.ended
        finally:
            self._sockets.pop(connection, None)
            socket.lost()
            self.leave(connection, socket.end_reason)

    # ---- also for adapters, which bring a socket of their own

    async def admit(self, handshake: Handshake) -> Decision:
        """Ask whether this station may connect, as it is asked before the 101 on our own port."""
        return await self._admit(handshake)

    def connection(
        self,
        socket: Socket,
        identity: str,
        remote: str = "",
        subprotocol: str | None = None,
        context: object = None,
    ) -> Connection:
        """A connection served by this central system, over any socket; ``enter`` makes it known."""
        connection = Connection(
            socket,
            identity,
            self.handlers,
            mode=self.options.mode,
            call_timeout_s=self.options.call_timeout_s,
            queue_limit=self.options.queue_limit,
            watch=self._watch,
            remote=remote,
            subprotocol=subprotocol,
        )
        connection.context = context
        return connection

    def enter(self, connection: Connection) -> None:
        """Make a connection the one of its identity; the socket that it replaces is closed."""
        name = folded(connection.identity)
        replaced = self._stations.get(name)
        self._stations[name] = connection
        if replaced is not None:
            log.info(
                "%s: a new connection from %s replaces the old one", connection.identity, connection.remote
            )
            replaced.close(WSCloseCode.POLICY_VIOLATION, "replaced by a newer connection")
            self.leave(replaced, "replaced by a newer connection of the same charge point")
        self._tell(self._on_connected, connection)

    def leave(self, connection: Connection, reason: str) -> None:
        """A connection's socket is gone. Does not touch a newer connection of the same identity; once is
        enough."""
        if not connection.connected:
            return
        name = folded(connection.identity)
        if self._stations.get(name) is connection:
            del self._stations[name]
        connection.lost(reason)
        self._tell(self._on_disconnected, connection)

    def _tell(self, hook: Hook | None, connection: Connection) -> None:
        outcome = hook(connection) if hook is not None else None
        if outcome is not None:
            connection.spawn(outcome)

    # ---- half-open sockets

    async def _sweep(self) -> None:
        loop = asyncio.get_running_loop()
        usual_s, timeout = self.options.ping_interval_s or math.inf, self.options.ping_timeout_s
        shortest_s = usual_s
        while True:
            await asyncio.sleep(min(shortest_s, timeout) / SWEEPS_A_PING)
            now = loop.time()
            shortest_s = usual_s
            for connection, socket in list(self._sockets.items()):
                interval = connection.ping_interval_s or usual_s
                shortest_s = min(shortest_s, interval)
                if socket.pinged_at is not None and connection.last_heard <= socket.pinged_at:
                    if now - socket.pinged_at >= timeout:
                        log.info(
                            "%s: no sign of life for %.0f s; dropped", connection.identity, interval + timeout
                        )
                        socket.abort(f"no answer to a ping within {timeout:g} s")
                elif now - connection.last_heard >= interval:
                    socket.ping(now)


def _refusal(refused: Refused) -> web.Response:
    return web.Response(status=refused.status, text=refused.reason + "\n", headers=refused.headers)
