"""A small strict central system for tests of the station: it accepts, remembers, and does as it is told."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, Self, TypeVar

from voltline.messages import (
    AuthorizationStatus,
    Authorize,
    AuthorizeResponse,
    BootNotification,
    BootNotificationResponse,
    Heartbeat,
    HeartbeatResponse,
    IdTagInfo,
    MeterValues,
    MeterValuesResponse,
    Mode,
    RegistrationStatus,
    Request,
    StartTransaction,
    StartTransactionResponse,
    StatusNotification,
    StatusNotificationResponse,
    StopTransaction,
    StopTransactionResponse,
)
from voltline.transport.connection import Connection, Watch
from voltline.transport.server import CentralSystem, ServerOptions

Conf = TypeVar("Conf")
R = TypeVar("R", bound=Request[Any])
IDENTITY = "CP1"


class SmallCentral:
    """Listens on a free port of this machine. Every request is kept in `requests`, in order of arrival."""

    def __init__(self) -> None:
        self.requests: list[tuple[str, Request[Any]]] = []
        self.connections = 0
        self.closings: list[str] = []
        """Why each connection that is gone ended."""
        self.registration = RegistrationStatus.ACCEPTED
        self.interval_s = 300
        self.blocked: set[str] = set()
        self.transaction_id = 100
        self.frames: list[tuple[str, str]] = []
        self._waiting: list[tuple[Callable[[], bool], asyncio.Future[None]]] = []
        self._port = 0
        self._system = self._made()

    def _made(self) -> CentralSystem:
        system = CentralSystem(
            options=ServerOptions(mode=Mode.STRICT),
            on_connected=self._connected,
            on_disconnected=self._disconnected,
            watch=Watch(frame=lambda _, direction, text: self.frames.append((direction, text))),
        )
        for kind, response in (
            (BootNotification, self._boot),
            (Heartbeat, lambda _: HeartbeatResponse(current_time=datetime.now(UTC))),
            (Authorize, lambda one: AuthorizeResponse(id_tag_info=self._judged(one.id_tag))),
            (StatusNotification, lambda _: StatusNotificationResponse()),
            (StartTransaction, self._start),
            (MeterValues, lambda _: MeterValuesResponse()),
            (StopTransaction, lambda _: StopTransactionResponse()),
        ):
            system.handlers.add(kind, self._keeping(response))
        return system

    # ---- life

    @property
    def url(self) -> str:
        return f"ws://127.0.0.1:{self._port}/ocpp"

    async def __aenter__(self) -> Self:
        self._port = await self._system.start(port=0)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._system.stop(grace_s=1.0)

    async def vanish(self) -> None:
        """Stop listening and drop everybody."""
        await self._system.stop(grace_s=0.0)

    async def come_back(self) -> None:
        """Listen again on the same port."""
        self._system = self._made()
        await self._system.start(port=self._port)

    # ---- what it has heard

    async def ask(self, request: Request[Any], identity: str = IDENTITY) -> Any:
        """Call the station."""
        return await self._system.call(identity, request, timeout_s=5.0)

    def of(self, kind: type[R], identity: str = IDENTITY) -> list[R]:
        """What a station has sent of this kind."""
        return [one for who, one in self.requests if who == identity and isinstance(one, kind)]

    def statuses(self, connector_id: int = 1) -> list[str]:
        """What a connector reported, in order."""
        return [str(one.status) for one in self.of(StatusNotification) if one.connector_id == connector_id]

    async def until(self, condition: Callable[[], bool], timeout_s: float = 10.0) -> None:
        """Wait until a condition of what was heard is true."""
        if condition():
            return
        met: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((condition, met))
        try:
            await asyncio.wait_for(met, timeout_s)
        except TimeoutError:
            heard = [type(one).__name__ for _, one in self.requests]
            raise AssertionError(f"in {timeout_s} s only {heard} was heard") from None

    async def heard(self, kind: type[R], count: int = 1) -> R:
        """Wait for so many requests of a kind; gives the newest."""
        await self.until(lambda: len(self.of(kind)) >= count)
        return self.of(kind)[-1]

    # ---- how it answers

    def _connected(self, _: Connection) -> None:
        self.connections += 1
        self._look()

    def _disconnected(self, peer: Connection) -> None:
        self.closings.append(peer.closed_reason or "")
        self._look()

    def _keeping(self, respond: Callable[[Any], Any]) -> Callable[[Connection, Any], Any]:
        def handle(peer: Connection, request: Any) -> Any:
            self.requests.append((peer.identity, request))
            response = respond(request)
            self._look()
            return response

        return handle

    def _look(self) -> None:
        for waiting in tuple(self._waiting):
            condition, met = waiting
            if met.done() or condition():
                self._waiting.remove(waiting)
                if not met.done():
                    met.set_result(None)

    def _boot(self, _: BootNotification) -> BootNotificationResponse:
        return BootNotificationResponse(
            status=self.registration, current_time=datetime.now(UTC), interval=self.interval_s
        )

    def _start(self, request: StartTransaction) -> StartTransactionResponse:
        self.transaction_id += 1
        return StartTransactionResponse(
            transaction_id=self.transaction_id, id_tag_info=self._judged(request.id_tag)
        )

    def _judged(self, id_tag: str) -> IdTagInfo:
        status = AuthorizationStatus.BLOCKED if id_tag in self.blocked else AuthorizationStatus.ACCEPTED
        return IdTagInfo(status=status, expiry_date=datetime.now(UTC) + timedelta(days=1))
