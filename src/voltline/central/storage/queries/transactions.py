"""The reading side of transactions, their readings, the quarantine and repairs."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from msgspec import Raw
from sqlalchemy import Select, select, tuple_

from voltline.base.ids import folded
from voltline.central.domain.authorization import tag_key
from voltline.central.domain.metering import Reading
from voltline.central.domain.quarantine import Quarantined, QuarantineReason, QuarantineState
from voltline.central.domain.repairs import Repair, RepairKind
from voltline.central.domain.transactions import Transaction
from voltline.central.services.ports.transactions import Page
from voltline.central.storage.meter_value_spans import of_transaction
from voltline.central.storage.metering import readings_of
from voltline.central.storage.quarantine import quarantine_selected, quarantined_of
from voltline.central.storage.queries.base import Reads
from voltline.central.storage.schema import meter_values, quarantine, repairs, stations, transactions
from voltline.central.storage.transactions import selected, transaction_of

_LARGEST = 2**63 - 1


class TransactionReads(Reads):
    """See `services.ports.transactions.TransactionQueries`."""

    def transactions(
        self,
        *,
        identity: str | None = None,
        id_tag: str | None = None,
        active: bool | None = None,
        before: int | None = None,
        limit: int = 100,
        connector_id: int | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        flagged: bool | None = None,
        oddity: str | None = None,
        by_start: bool = False,
        oldest_first: bool = False,
    ) -> Page:
        table = transactions.c
        key = [table.started_at, table.id] if by_start else [table.id]
        # One more than asked for tells whether there is another page.
        wanted = selected.order_by(*(one if oldest_first else one.desc() for one in key)).limit(limit + 1)
        if identity is not None:
            wanted = wanted.where(table.station_id == _station(identity))
        if id_tag is not None:
            wanted = wanted.where(table.tag_key == tag_key(id_tag))
        if active is not None:
            wanted = wanted.where(table.stopped_at.is_(None) if active else table.stopped_at.is_not(None))
        if connector_id is not None:
            wanted = wanted.where(table.connector_id == connector_id)
        if since is not None:
            wanted = wanted.where(table.started_at >= since)
        if until is not None:
            wanted = wanted.where(table.started_at < until)
        if flagged is not None:
            wanted = wanted.where(table.oddities != "" if flagged else table.oddities == "")
        if oddity is not None:
            wanted = wanted.where(table.oddities.contains(f"{oddity} ", autoescape=True))
        if before is not None:
            wanted = wanted.where(_beyond(key, before, oldest_first))
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
        wanted = select(meter_values).order_by(meter_values.c.measured_at, meter_values.c.id)
        with self._reading() as connection:
            wanted = wanted.where(of_transaction(connection.dialect.name))
            rows = connection.execute(wanted, {"of_transaction": transaction_id})
            return tuple(reading for row in rows for reading in readings_of(row))

    def quarantine(
        self,
        *,
        before: int | None = None,
        limit: int = 100,
        identity: str | None = None,
        action: str | None = None,
        reason: QuarantineReason | None = None,
        state: QuarantineState | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        oldest_first: bool = False,
    ) -> tuple[Quarantined, ...]:
        table = quarantine.c
        wanted = _page(quarantine_selected, table.id, before, limit, oldest_first)
        if identity is not None:
            wanted = wanted.where(table.station_id == _station(identity))
        for column, value in ((table.action, action), (table.reason, reason), (table.state, state)):
            if value is not None:
                wanted = wanted.where(column == value)
        if since is not None:
            wanted = wanted.where(table.received_at >= since)
        if until is not None:
            wanted = wanted.where(table.received_at < until)
        with self._reading() as connection:
            return tuple(quarantined_of(row) for row in connection.execute(wanted))

    def quarantined(self, quarantine_id: int) -> Quarantined | None:
        if not 0 < quarantine_id <= _LARGEST:
            return None
        with self._reading() as connection:
            row = connection.execute(quarantine_selected.where(quarantine.c.id == quarantine_id)).first()
        return None if row is None else quarantined_of(row)

    def repairs(
        self,
        *,
        before: int | None = None,
        limit: int = 100,
        identity: str | None = None,
        transaction_id: int | None = None,
        quarantine_id: int | None = None,
        who: str | None = None,
        kind: RepairKind | None = None,
        oldest_first: bool = False,
    ) -> tuple[Repair, ...]:
        table = repairs.c
        wanted = _page(_repairs, table.id, before, limit, oldest_first)
        if identity is not None:
            wanted = wanted.where(table.station_id == _station(identity))
        for column, value in (
            (table.transaction_id, transaction_id),
            (table.quarantine_id, quarantine_id),
            (table.who, who),
            (table.kind, kind),
        ):
            if value is not None:
                wanted = wanted.where(column == value)
        with self._reading() as connection:
            return tuple(_repair(row) for row in connection.execute(wanted))

    def repair(self, repair_id: int) -> Repair | None:
        if not 0 < repair_id <= _LARGEST:
            return None
        with self._reading() as connection:
            row = connection.execute(_repairs.where(repairs.c.id == repair_id)).first()
        return None if row is None else _repair(row)


_repairs = select(repairs, stations.c.identity).join_from(repairs, stations)


def _repair(row: Any) -> Repair:
    return Repair(
        id=row.id,
        at=row.at,
        who=row.who,
        kind=RepairKind(row.kind),
        identity=row.identity,
        transaction_id=row.transaction_id,
        quarantine_id=row.quarantine_id,
        note=row.note,
        before=Raw(row.state_before.encode()),
        after=Raw(row.state_after.encode()),
    )


def _station(identity: str) -> Any:
    return select(stations.c.id).where(stations.c.identity_key == folded(identity)).scalar_subquery()


def _page(wanted: Select[Any], key: Any, before: int | None, limit: int, oldest_first: bool) -> Select[Any]:
    wanted = wanted.order_by(key if oldest_first else key.desc()).limit(limit)
    if before is None:
        return wanted
    return wanted.where(key > before if oldest_first else key < before)


def _beyond(key: list[Any], before: int, oldest_first: bool) -> Any:
    """What comes after the transaction with this id in an order by `key`."""
    if len(key) == 1:
        return key[0] > before if oldest_first else key[0] < before
    last = select(key[0]).where(transactions.c.id == before).scalar_subquery()
    position = tuple_(last, before)
    return tuple_(*key) > position if oldest_first else tuple_(*key) < position
