"""The reading side: what the API asks, on connections that can only read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import select

from voltline.base.ids import folded
from voltline.central.domain.authorization import tag_key
from voltline.central.domain.metering import (
    DEFAULT_CONTEXT,
    DEFAULT_FORMAT,
    DEFAULT_LOCATION,
    DEFAULT_MEASURAND,
    Reading,
    default_unit,
)
from voltline.central.domain.quarantine import Quarantined, QuarantineReason
from voltline.central.domain.stations import StationKey
from voltline.central.domain.status import ConnectorState
from voltline.central.domain.transactions import Transaction
from voltline.central.services.ports import Page
from voltline.central.storage.queries.configuration import ConfigurationReads
from voltline.central.storage.queries.events import EventReads
from voltline.central.storage.queries.stations import StationReads
from voltline.central.storage.schema import connectors, meter_values, quarantine, stations, transactions
from voltline.central.storage.transactions import selected, transaction_of


class _Sampled(msgspec.Struct, rename="camel"):
    """A sampled value as it is kept: words that OCPP does not know are words all the same."""

    value: str
    context: str = DEFAULT_CONTEXT
    format: str = DEFAULT_FORMAT
    measurand: str = DEFAULT_MEASURAND
    phase: str | None = None
    location: str = DEFAULT_LOCATION
    unit: str | None = None


_sampled = msgspec.json.Decoder(list[_Sampled])


class SqlQueries(StationReads, ConfigurationReads, EventReads):
    """See `services.ports.Queries`. A subject's queries are a base of it, made upon `Reads`."""

    def connectors(self, wanted: Sequence[StationKey]) -> Mapping[StationKey, tuple[ConnectorState, ...]]:
        found: dict[StationKey, list[ConnectorState]] = {}
        rows = (
            select(connectors)
            .where(connectors.c.station_id.in_(wanted))
            .order_by(connectors.c.station_id, connectors.c.connector_id)
        )
        with self._reading() as connection:
            for row in connection.execute(rows):
                values = dict(row._mapping)
                found.setdefault(StationKey(values.pop("station_id")), []).append(ConnectorState(**values))
        return {station: tuple(states) for station, states in found.items()}

    def transactions(
        self,
        *,
        identity: str | None = None,
        id_tag: str | None = None,
        active: bool | None = None,
        before: int | None = None,
        limit: int = 100,
    ) -> Page:
        # One more than asked for tells whether there is another page.
        wanted = selected.order_by(transactions.c.id.desc()).limit(limit + 1)
        if identity is not None:
            station = select(stations.c.id).where(stations.c.identity_key == folded(identity))
            wanted = wanted.where(transactions.c.station_id == station.scalar_subquery())
        if id_tag is not None:
            wanted = wanted.where(transactions.c.tag_key == tag_key(id_tag))
        if active is not None:
            stopped_at = transactions.c.stopped_at
            wanted = wanted.where(stopped_at.is_(None) if active else stopped_at.is_not(None))
        if before is not None:
            wanted = wanted.where(transactions.c.id < before)
        with self._reading() as connection:
            found = [transaction_of(row) for row in connection.execute(wanted)]
        items = tuple(found[:limit])
        return Page(items, items[-1].id if len(found) > limit else None)

    def transaction(self, transaction_id: int) -> Transaction | None:
        if not 0 < transaction_id < 2**31:
            return None
        with self._reading() as connection:
            row = connection.execute(selected.where(transactions.c.id == transaction_id)).first()
        return None if row is None else transaction_of(row)

    def readings(self, transaction_id: int) -> tuple[Reading, ...]:
        if not 0 < transaction_id < 2**31:
            return ()
        wanted = (
            select(meter_values)
            .where(meter_values.c.transaction_id == transaction_id)
            .order_by(meter_values.c.measured_at, meter_values.c.id)
        )
        with self._reading() as connection:
            return tuple(reading for row in connection.execute(wanted) for reading in _readings_of(row))

    def quarantine(self, *, before: int | None = None, limit: int = 100) -> tuple[Quarantined, ...]:
        table = quarantine.c
        wanted = (
            select(
                table.id,
                stations.c.identity,
                table.action,
                table.payload,
                table.reason,
                table.received_at,
                table.last_received_at,
                table.times,
            )
            .join_from(quarantine, stations)
            .order_by(table.id.desc())
            .limit(limit)
        )
        if before is not None:
            wanted = wanted.where(table.id < before)
        with self._reading() as connection:
            return tuple(_quarantined(row) for row in connection.execute(wanted))


def _readings_of(row: Any) -> Iterator[Reading]:
    measured_at: datetime = row.measured_at
    for sampled in _sampled.decode(row.sampled_values):
        yield Reading(
            measured_at=measured_at,
            connector_id=row.connector_id,
            value=sampled.value,
            measurand=sampled.measurand,
            unit=sampled.unit or default_unit(sampled.measurand),
            context=sampled.context,
            phase=sampled.phase,
            location=sampled.location,
            format=sampled.format,
            from_stop=row.from_stop,
            received_at=row.received_at,
        )


def _quarantined(row: Any) -> Quarantined:
    values = dict(row._mapping)
    values["reason"] = QuarantineReason(values["reason"])
    return Quarantined(**values)
