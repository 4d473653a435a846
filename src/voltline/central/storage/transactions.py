"""Transactions in a table, and whose they are in memory."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import insert, select, update

from voltline.central.domain.authorization import Verdict, tag_key
from voltline.central.domain.stations import StationKey
from voltline.central.domain.transactions import (
    NOT_ASKED,
    Oddity,
    Start,
    Stop,
    StopSource,
    Transaction,
)
from voltline.central.storage.schema import stations, transactions
from voltline.central.storage.scope import Scope

_REMEMBERED_OWNERS = 200_000
_REMEMBERED_SHELLS = 10_000
_LARGEST_ID = 2**31 - 1
_LOOKED_AT = 20
"""Unsettled transactions of a charge point that are looked at, newest first."""

selected = select(transactions, stations.c.identity).join_from(transactions, stations)


def transaction_of(row: Any) -> Transaction:
    """A row of `selected` as a record."""
    stop = None
    if row.stopped_at is not None:
        stop = Stop(
            stopped_at=row.stopped_at,
            meter_stop_wh=row.meter_stop_wh,
            reason=row.stop_reason,
            id_tag=row.stop_id_tag,
        )
    return Transaction(
        id=row.id,
        station=StationKey(row.station_id),
        identity=row.identity,
        start=Start(
            connector_id=row.connector_id,
            id_tag=row.id_tag,
            started_at=row.started_at,
            meter_start_wh=row.meter_start_wh,
            reservation_id=row.reservation_id,
        ),
        start_received_at=row.start_received_at,
        authorization_status=row.authorization_status,
        stop=stop,
        stop_received_at=row.stop_received_at,
        stop_source=None if row.stop_source is None else StopSource(row.stop_source),
        sent_id=row.sent_id,
        started=row.started,
        began_at=row.began_at,
        noted=tuple(Oddity(word) for word in row.oddities.split()),
    )


def _words(found: Iterable[Oddity]) -> str:
    return "".join(f"{oddity} " for oddity in found)


class SqlTransactions:
    """See `services.ports.Transactions`.

    Whose a transaction is never changes, so it is remembered from its start, or from the first
    question on. What a batch began or changed is forgotten when the batch is rolled back.
    """

    def __init__(self, scope: Scope) -> None:
        self._scope = scope
        self._owners: dict[int, StationKey] = {}
        self._shells: dict[tuple[StationKey, int], int] = {}
        self._touched: list[int] = []

    def begin(
        self,
        station: StationKey,
        start: Start,
        authorization_status: str,
        received_at: datetime,
        began_at: datetime | None = None,
        noted: Iterable[Oddity] = (),
    ) -> int:
        values = self._start_values(start, authorization_status, received_at, began_at)
        transaction_id = self._insert(station_id=station, oddities=_words(noted), **values)
        self._remember(transaction_id, station)
        self._touched.append(transaction_id)
        return transaction_id

    def begin_shell(
        self, station: StationKey, start: Start, sent_id: int, received_at: datetime, began_at: datetime
    ) -> int:
        values = self._start_values(start, NOT_ASKED, received_at, began_at)
        values["tag_key"] = f"?{sent_id}"
        same = select(transactions.c.id).where(
            transactions.c.station_id == station,
            *(
                transactions.c[name] == values[name]
                for name in ("connector_id", "tag_key", "started_at", "meter_start_wh")
            ),
        )
        found: int | None = self._scope.connection.execute(same).scalar()
        return found or self._insert(
            station_id=station,
            sent_id=sent_id,
            started=False,
            oddities=_words([Oddity.KNOWN_BY_METER_VALUES]),
            **values,
        )

    def adopt(
        self,
        transaction_id: int,
        start: Start,
        authorization_status: str,
        received_at: datetime,
        began_at: datetime,
        noted: Iterable[Oddity],
    ) -> None:
        values = self._start_values(start, authorization_status, received_at, began_at)
        self._change(transaction_id, started=True, oddities=_words(noted), **values)

    def shell(self, station: StationKey, sent_id: int) -> int | None:
        known = self._shells.get((station, sent_id))
        if known is None:
            known = self._scope.connection.execute(
                select(transactions.c.id)
                .where(transactions.c.station_id == station, transactions.c.sent_id == sent_id)
                .order_by(transactions.c.id.desc())
                .limit(1)
            ).scalar()
            if known is not None:
                if len(self._shells) >= _REMEMBERED_SHELLS:
                    self._shells.clear()
                self._shells[station, sent_id] = known
        return known

    def covering(self, station: StationKey, connector_id: int, at: datetime) -> tuple[Transaction, ...]:
        table = transactions.c
        return self._some(
            selected.where(
                table.station_id == station, table.connector_id == connector_id, table.began_at <= at
            )
            .order_by(table.began_at.desc(), table.id.desc())
            .limit(2)
        )

    def next_beginning(self, station: StationKey, connector_id: int, after: datetime) -> datetime | None:
        table = transactions.c
        found: datetime | None = self._scope.connection.execute(
            select(table.began_at)
            .where(
                table.station_id == station,
                table.connector_id == connector_id,
                table.began_at > after,
                table.started.is_(True),
            )
            .order_by(table.began_at)
            .limit(1)
        ).scalar()
        return found

    def running(self, station: StationKey, connector_id: int) -> tuple[Transaction, ...]:
        table = transactions.c
        return self._some(
            selected.where(
                table.station_id == station,
                table.connector_id == connector_id,
                table.stopped_at.is_(None),
            ).order_by(table.id)
        )

    def unsettled(self, station: StationKey) -> tuple[Transaction, ...]:
        table = transactions.c
        return self._some(
            selected.where(table.station_id == station, table.settled.is_(False))
            .order_by(table.id.desc())
            .limit(_LOOKED_AT)
        )

    def stopped_by(self, station: StationKey, stop: Stop) -> tuple[Transaction, ...]:
        table = transactions.c
        return self._some(
            selected.where(
                table.station_id == station,
                table.stopped_at == stop.stopped_at,
                table.meter_stop_wh == stop.meter_stop_wh,
            )
            .order_by(table.id.desc())
            .limit(_LOOKED_AT)
        )

    def begun_by(self, station: StationKey, start: Start) -> Transaction | None:
        return self._first(
            transactions.c.station_id == station,
            transactions.c.connector_id == start.connector_id,
            transactions.c.tag_key == tag_key(start.id_tag),
            transactions.c.started_at == start.started_at,
            transactions.c.meter_start_wh == start.meter_start_wh,
        )

    def get(self, transaction_id: int) -> Transaction | None:
        if not 0 < transaction_id <= _LARGEST_ID:
            return None
        return self._first(transactions.c.id == transaction_id)

    def these(self, transaction_ids: Sequence[int]) -> tuple[Transaction, ...]:
        return self._some(selected.where(transactions.c.id.in_(transaction_ids)))

    def owner(self, transaction_id: int) -> StationKey | None:
        owner = self._owners.get(transaction_id)
        if owner is None and 0 < transaction_id <= _LARGEST_ID:
            table = transactions.c
            found = self._scope.connection.execute(
                select(table.station_id).where(
                    table.id == transaction_id,
                    table.stop_source.is_distinct_from(StopSource.INFERRED),
                )
            ).scalar()
            if found is not None:
                owner = StationKey(found)
                self._remember(transaction_id, owner)
                self._touched.append(transaction_id)
        return owner

    def stop(
        self,
        transaction_id: int,
        stop: Stop,
        received_at: datetime,
        source: StopSource = StopSource.CHARGE_POINT,
        noted: Iterable[Oddity] = (),
        meter_start_wh: int | None = None,
    ) -> None:
        changes: dict[str, Any] = {} if meter_start_wh is None else {"meter_start_wh": meter_start_wh}
        self._change(
            transaction_id,
            stopped_at=stop.stopped_at,
            meter_stop_wh=stop.meter_stop_wh,
            stop_reason=stop.reason,
            stop_id_tag=stop.id_tag,
            stop_received_at=received_at,
            stop_source=source,
            settled=source is StopSource.CHARGE_POINT,
            oddities=_words(noted),
            **changes,
        )
        if source is StopSource.INFERRED:
            self._owners.pop(transaction_id, None)

    def reopen(self, transaction_id: int, noted: Iterable[Oddity]) -> None:
        nothing = dict.fromkeys(
            ("stopped_at", "meter_stop_wh", "stop_reason", "stop_id_tag", "stop_received_at", "stop_source")
        )
        self._change(transaction_id, settled=False, oddities=_words(noted), **nothing)

    def is_charging(self, id_tag: str) -> bool:
        running = select(transactions.c.id).where(
            transactions.c.tag_key == tag_key(id_tag),
            transactions.c.stopped_at.is_(None),
            transactions.c.authorization_status == Verdict.ACCEPTED,
        )
        return self._scope.connection.execute(running.limit(1)).first() is not None

    def settle(self, *, committed: bool) -> None:
        """The transaction is over; of one that was rolled back, nothing holds that was learned in it."""
        if not committed:
            for transaction_id in self._touched:
                self._owners.pop(transaction_id, None)
            self._shells.clear()
        self._touched.clear()

    def _start_values(
        self, start: Start, authorization_status: str, received_at: datetime, began_at: datetime | None
    ) -> dict[str, Any]:
        return {
            "connector_id": start.connector_id,
            "id_tag": start.id_tag,
            "tag_key": tag_key(start.id_tag),
            "started_at": start.started_at,
            "meter_start_wh": start.meter_start_wh,
            "reservation_id": start.reservation_id,
            "authorization_status": authorization_status,
            "start_received_at": received_at,
            "began_at": began_at or start.started_at,
        }

    def _insert(self, **values: Any) -> int:
        result = self._scope.connection.execute(insert(transactions).values(**values))
        assert result.inserted_primary_key is not None
        transaction_id: int = result.inserted_primary_key[0]
        return transaction_id

    def _change(self, transaction_id: int, **values: Any) -> None:
        self._scope.connection.execute(
            update(transactions).where(transactions.c.id == transaction_id).values(**values)
        )

    def _some(self, wanted: Any) -> tuple[Transaction, ...]:
        return tuple(transaction_of(row) for row in self._scope.connection.execute(wanted))

    def _first(self, *conditions: Any) -> Transaction | None:
        row = self._scope.connection.execute(selected.where(*conditions)).first()
        return None if row is None else transaction_of(row)

    def _remember(self, transaction_id: int, station: StationKey) -> None:
        if len(self._owners) >= _REMEMBERED_OWNERS:
            self._owners.clear()
        self._owners[transaction_id] = station
