"""Events, read."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from msgspec import Raw
from sqlalchemy import func, select

from voltline.base.ids import folded
from voltline.central.domain.events import Event
from voltline.central.storage.queries.base import Reads
from voltline.central.storage.schema import stations
from voltline.central.storage.schema.events import events

_selected = select(events.c.id, events.c.kind, events.c.at, events.c.subject, stations.c.identity).join_from(
    events, stations, events.c.station_id == stations.c.id, isouter=True
)


class EventReads(Reads):
    """See `services.ports.events.EventQueries`."""

    def newest_event(self) -> int:
        with self._reading() as connection:
            return connection.execute(select(func.max(events.c.id))).scalar() or 0

    def oldest_event(self) -> int:
        with self._reading() as connection:
            return connection.execute(select(func.min(events.c.id))).scalar() or 0

    def events(
        self,
        *,
        after: int = 0,
        up_to: int | None = None,
        kinds: Sequence[str] = (),
        identity: str | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        newest_first: bool = False,
        limit: int = 500,
    ) -> tuple[Event, ...]:
        table = events.c
        wanted = _selected.where(table.id > after).limit(limit)
        wanted = wanted.order_by(table.id.desc() if newest_first else table.id)
        if up_to is not None:
            wanted = wanted.where(table.id <= up_to)
        if kinds:
            wanted = wanted.where(table.kind.in_(kinds))
        if identity is not None:
            station = select(stations.c.id).where(stations.c.identity_key == folded(identity))
            wanted = wanted.where(table.station_id == station.scalar_subquery())
        if since is not None:
            wanted = wanted.where(table.at >= since)
        if until is not None:
            wanted = wanted.where(table.at < until)
        with self._reading() as connection:
            return tuple(_event(row) for row in connection.execute(wanted))


def _event(row: Any) -> Event:
    return Event(
        id=row.id,
        kind=row.kind,
        charge_point=row.identity,
        at=row.at,
        subject=Raw(row.subject.encode()),
    )
