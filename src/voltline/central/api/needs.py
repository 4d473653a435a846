"""What the API needs besides storage: the live connections. The composition supplies it."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol, TypeVar

from msgspec import Struct

from voltline.central.domain.stations import Registration
from voltline.central.services.ports import Queries, Writer
from voltline.messages import Request, Response

Conf = TypeVar("Conf", bound=Response)


class Line(Protocol):
    """The live connection of one charge point."""

    @property
    def registration(self) -> Registration: ...

    @property
    def last_heard_at(self) -> datetime: ...

    async def call(self, request: Request[Conf], *, timeout_s: float | None = None) -> Conf:
        """Send a command; raises as `transport.Connection.call` does."""
        ...


class Lines(Protocol):
    """All live connections."""

    def line(self, identity: str) -> Line | None:
        """In any case; None: not connected."""
        ...

    def __len__(self) -> int: ...


class Site(Struct, frozen=True):
    """What every route is given."""

    queries: Queries
    writer: Writer
    lines: Lines
