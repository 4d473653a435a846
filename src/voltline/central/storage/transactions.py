"""Transactions in a table, and whose they are in memory."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import insert, select, update

from voltline.central.domain.authorization import Verdict, tag_key
from voltline.central.domain.stations import StationKey
from voltline.central.domain.transactions import Start, Stop, Transaction
from voltline.central.storage.schema import stations, transactions
from voltline.central.storage.scope import Scope

_REMEMBERED_OWNERS = 200_000
_LARGEST_ID = 2**31 - 1

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
    )


class SqlTransactions:
    """See `services.ports.Transactions`.

    Whose a transaction is never changes, so it is remembered from its start, or from the first
    question on. Only what a batch began is forgotten when the batch is rolled back.
    """

    def __init__(self, scope: Scope) -> None:
        self._scope = scope
        self._owners: dict[int, StationKey] = {}
        self._begun: list[int] = []

    def begin(
        self, station: StationKey, start: Start, authorization_status: str, received_at: datetime
    ) -> int:
        result = self._scope.connection.execute(
            insert(transactions).values(
                station_id=station,
                connector_id=start.connector_id,
                id_tag=start.id_tag,
                tag_key=tag_key(start.id_tag),
                started_at=start.started_at,
                meter_start_wh=start.meter_start_wh,
                reservation_id=start.reservation_id,
                authorization_status=authorization_status,
                start_received_at=received_at,
            )
        )
        assert result.inserted_primary_key is not None
        transaction_id: int = result.inserted_primary_key[0]
        self._remember(transaction_id, station)
        self._begun.append(transaction_id)
        return transaction_id

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

    def owner(self, transaction_id: int) -> StationKey | None:
        owner = self._owners.get(transaction_id)
        if owner is None and 0 < transaction_id <= _LARGEST_ID:
            owner = self._scope.connection.execute(
                select(transactions.c.station_id).where(transactions.c.id == transaction_id)
            ).scalar()
            if owner is not None:
                self._remember(transaction_id, owner)
        return owner

    def stop(self, transaction_id: int, stop: Stop, received_at: datetime) -> None:
        self._scope.connection.execute(
            update(transactions)
            .where(transactions.c.id == transaction_id)
            .values(
                stopped_at=stop.stopped_at,
                meter_stop_wh=stop.meter_stop_wh,
                stop_reason=stop.reason,
                stop_id_tag=stop.id_tag,
                stop_received_at=received_at,
            )
        )

    def is_charging(self, id_tag: str) -> bool:
        running = select(transactions.c.id).where(
            transactions.c.tag_key == tag_key(id_tag),
            transactions.c.stopped_at.is_(None),
            transactions.c.authorization_status == Verdict.ACCEPTED,
        )
        return self._scope.connection.execute(running.limit(1)).first() is not None

    def settle(self, *, committed: bool) -> None:
        """The transaction is over; one that was rolled back never gave these ids."""
        if not committed:
            for transaction_id in self._begun:
                self._owners.pop(transaction_id, None)
        self._begun.clear()

    def _first(self, *conditions: Any) -> Transaction | None:
        row = self._scope.connection.execute(selected.where(*conditions)).first()
        return None if row is None else transaction_of(row)

    def _remember(self, transaction_id: int, station: StationKey) -> None:
        if len(self._owners) >= _REMEMBERED_OWNERS:
            self._owners.clear()
        self._owners[transaction_id] = station
