"""The live connections: what procedures and the API send commands over."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any, Protocol, TypeVar

from voltline.central.domain.stations import Registration, Station, StationKey
from voltline.messages import Request, Response

Conf = TypeVar("Conf", bound=Response)


class Line(Protocol):
    """The live connection of one charge point."""

    @property
    def identity(self) -> str:
        """As registered."""
        ...

    @property
    def key(self) -> StationKey: ...

    @property
    def remote(self) -> str:
        """The address that it comes from."""
        ...

    @property
    def registration(self) -> Registration: ...

    @property
    def boot_accepted(self) -> bool:
        """Whether its last boot was answered with Accepted; False also where it never sent one."""
        ...

    @property
    def last_heard_at(self) -> datetime: ...

    def follow(self, station: Station) -> None:
        """An operator changed the record: what of it concerns this connection takes force.

        A rejection does at once; any other registration when the charge point boots or comes again.
        """
        ...

    def hang_up(self, reason: str) -> None:
        """Begin to close the connection."""
        ...

    async def call(
        self, request: Request[Conf], *, timeout_s: float | None = None, command_id: str | None = None
    ) -> Conf:
        """Send a command; raises as `transport.Connection.call` does.

        It is recorded (`domain.commands`), unless it is already, as `command_id`.
        What the answer means is stored by then (`services.outcomes`).
        """
        ...

    async def record(self, request: Request[Any]) -> str:
        """Write down that a command was asked for, before it is sent by `call`; its `command_id`.

        Durable when this returns.
        """
        ...


class Lines(Protocol):
    """All live connections."""

    def line(self, identity: str) -> Line | None:
        """In any case; None: not connected."""
        ...

    def __len__(self) -> int: ...


Procedure = Callable[[Line], Awaitable[None]]
"""Something to be done with a charge point, command by command, while it is connected."""


class Procedures(Protocol):
    """Where procedures are handed in; see `procedures.runner.Runner`. For the event loop's thread."""

    def start(
        self, identity: str, name: str, procedure: Procedure, *, before_acceptance: bool = False
    ) -> None: ...
