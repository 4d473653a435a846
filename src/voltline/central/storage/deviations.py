"""Deviations in tables."""

from __future__ import annotations

from datetime import date
from typing import Any

from sqlalchemy import func, insert, select, update

from voltline.central.domain.deviations import MOST_SORTS, Deviating, Sort
from voltline.central.domain.stations import StationKey
from voltline.central.storage.columns import storable_text
from voltline.central.storage.schema.events import deviation_days, deviations
from voltline.central.storage.scope import Scope


def deviating_of(row: Any) -> Deviating:
    """A row of the table as a record."""
    return Deviating(
        sort=Sort(row.action, row.kind, row.path),
        times=row.times,
        first_at=row.first_at,
        last_at=row.last_at,
        example=row.example,
        example_message_id=row.example_message_id,
        code=row.code,
        usable=row.usable,
    )


class SqlDeviations:
    """See `services.ports.deviations.Deviations`."""

    def __init__(self, scope: Scope) -> None:
        self._scope = scope

    def count(self, station: StationKey, deviating: Deviating) -> None:
        sort = deviating.sort
        sort = Sort(storable_text(sort.action), sort.kind, storable_text(sort.path))
        if self._counted(station, sort, deviating):
            return
        table = deviations.c
        sorts = select(func.count()).where(table.station_id == station)
        if (self._scope.connection.execute(sorts).scalar() or 0) >= MOST_SORTS:
            sort = Sort("", sort.kind, "")
            if self._counted(station, sort, deviating):
                return
        self._scope.connection.execute(
            insert(deviations).values(
                station_id=station,
                action=sort.action,
                kind=sort.kind,
                path=sort.path,
                times=deviating.times,
                first_at=deviating.first_at,
                **_newest(deviating),
            )
        )

    def first_of_day(self, station: StationKey, kind: str, day: date) -> bool:
        table, connection = deviation_days.c, self._scope.connection
        this = (table.station_id == station, table.kind == kind)
        last = connection.execute(select(table.day).where(*this)).scalar()
        if last is None:
            connection.execute(insert(deviation_days).values(station_id=station, kind=kind, day=day))
        elif last != day:
            connection.execute(update(deviation_days).where(*this).values(day=day))
        return last != day

    def _counted(self, station: StationKey, sort: Sort, deviating: Deviating) -> bool:
        table = deviations.c
        changed = self._scope.connection.execute(
            update(deviations)
            .where(
                table.station_id == station,
                table.action == sort.action,
                table.kind == sort.kind,
                table.path == sort.path,
            )
            .values(times=table.times + deviating.times, **_newest(deviating))
        )
        return changed.rowcount > 0


def _newest(deviating: Deviating) -> dict[str, Any]:
    return {
        "last_at": deviating.last_at,
        "example": deviating.example,
        "example_message_id": deviating.example_message_id,
        "code": deviating.code,
        "usable": deviating.usable,
    }
