"""Charge points and their histories, read."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, Select, Table, func, or_, select

from voltline.base.ids import folded
from voltline.central.domain.stations import Boot, Connectivity, Station, StationFilter, StationKey
from voltline.central.domain.status import PastConnectorState
from voltline.central.services.ports.stations import EVERY_STATION
from voltline.central.storage.columns import storable_text
from voltline.central.storage.queries.base import Reads
from voltline.central.storage.schema import boots, stations, status_history
from voltline.central.storage.schema.connectivity import connections
from voltline.central.storage.stations import station_of

_SEARCHED = (
    stations.c.identity_key,
    stations.c.name,
    stations.c.vendor,
    stations.c.model,
    stations.c.charge_point_serial_number,
    stations.c.charge_box_serial_number,
)


class StationReads(Reads):
    """See `services.ports.stations.StationQueries`."""

    def stations(
        self, *, after: str | None = None, limit: int = 100, only: StationFilter = EVERY_STATION
    ) -> tuple[Station, ...]:
        wanted = select(stations).where(*_conditions(only)).order_by(stations.c.identity_key).limit(limit)
        if after is not None:
            wanted = wanted.where(stations.c.identity_key > folded(after))
        with self._reading() as connection:
            return tuple(station_of(row) for row in connection.execute(wanted))

    def station(self, identity: str) -> Station | None:
        wanted = select(stations).where(stations.c.identity_key == folded(identity))
        with self._reading() as connection:
            row = connection.execute(wanted).first()
        return None if row is None else station_of(row)

    def boots(self, station: StationKey, *, before: int | None = None, limit: int = 100) -> tuple[Boot, ...]:
        rows = self._history(select(boots), boots, station, before, limit)
        return tuple(Boot(**_without_station(row)) for row in rows)

    def connectivity(
        self, station: StationKey, *, before: int | None = None, limit: int = 100
    ) -> tuple[Connectivity, ...]:
        rows = self._history(select(connections), connections, station, before, limit)
        return tuple(Connectivity(**_without_station(row)) for row in rows)

    def connector_history(
        self,
        station: StationKey,
        connectors: Sequence[int],
        *,
        before: int | None = None,
        limit: int = 100,
    ) -> tuple[PastConnectorState, ...]:
        wanted = select(status_history)
        if connectors:
            wanted = wanted.where(status_history.c.connector_id.in_(connectors))
        rows = self._history(wanted, status_history, station, before, limit)
        return tuple(PastConnectorState(**_without_station(row)) for row in rows)

    def _history(
        self, wanted: Select[Any], table: Table, station: StationKey, before: int | None, limit: int
    ) -> Sequence[Any]:
        wanted = wanted.where(table.c.station_id == station).order_by(table.c.id.desc()).limit(limit)
        if before is not None:
            wanted = wanted.where(table.c.id < before)
        with self._reading() as connection:
            return connection.execute(wanted).all()


def _without_station(row: Any) -> dict[str, Any]:
    values = dict(row._mapping)
    del values["station_id"]
    return values


def _conditions(only: StationFilter) -> list[ColumnElement[bool]]:
    table = stations.c
    conditions: list[ColumnElement[bool]] = [
        table.removed_at.is_not(None) if only.removed else table.removed_at.is_(None)
    ]
    if only.registration is not None:
        conditions.append(table.registration == only.registration)
    if only.vendor is not None:
        conditions.append(func.lower(table.vendor) == storable_text(only.vendor).lower())
    if only.text:
        text = storable_text(only.text).lower()
        conditions.append(or_(*(func.lower(one).contains(text, autoescape=True) for one in _SEARCHED)))
    return conditions
