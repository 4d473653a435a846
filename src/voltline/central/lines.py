"""The live connections, as the API and the bookkeeping see them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import TypeVar

from voltline.base.ids import folded
from voltline.central.domain.stations import Registration, StationKey
from voltline.central.handlers.desk import Visit
from voltline.messages import Request, Response
from voltline.transport.connection import Connection

Conf = TypeVar("Conf", bound=Response)


class ConnectionLine:
    """The live connection of one charge point."""

    __slots__ = ("_connection", "last_heard_at")

    def __init__(self, connection: Connection, last_heard_at: datetime) -> None:
        self._connection = connection
        self.last_heard_at = last_heard_at

    @property
    def identity(self) -> str:
        visit: Visit = self._connection.context
        return visit.identity

    @property
    def key(self) -> StationKey:
        visit: Visit = self._connection.context
        return visit.key

    @property
    def registration(self) -> Registration:
        visit: Visit = self._connection.context
        return visit.registration

    async def call(self, request: Request[Conf], *, timeout_s: float | None = None) -> Conf:
        return await self._connection.call(request, timeout_s=timeout_s)


class LiveLines:
    """The connections of the charge points that are connected to this process."""

    def __init__(
        self,
        stations: Mapping[str, Connection],
        *,
        now: Callable[[], datetime],
        clock: Callable[[], float],
    ) -> None:
        """`stations` by folded identity; `clock` is the event loop's, on which connections are timed."""
        self._stations = stations
        self._now = now
        self._clock = clock

    def line(self, identity: str) -> ConnectionLine | None:
        """May be called on any thread."""
        connection = self._stations.get(folded(identity))
        return None if connection is None else ConnectionLine(connection, self.heard_at(connection))

    def __len__(self) -> int:
        return len(self._stations)

    def heard_at(self, connection: Connection) -> datetime:
        """When anything last came over this connection, in whole milliseconds."""
        return self._now() - timedelta(milliseconds=int(1000 * (self._clock() - connection.last_heard)))

    def heard_within(self, period_s: float) -> dict[StationKey, datetime]:
        """When charge points were last heard of; only those that were within the last `period_s`."""
        since = self._clock() - period_s
        return {
            connection.context.key: self.heard_at(connection)
            for connection in self._stations.values()
            if connection.last_heard >= since
        }
