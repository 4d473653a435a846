"""Meter values in a table: the one that grows by every message, so the one that is written by hand."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from msgspec.json import Encoder
from sqlalchemy import select

from voltline.central.domain.stations import StationKey
from voltline.central.storage.bulk import BulkInsert
from voltline.central.storage.columns import instant_text
from voltline.central.storage.schema import meter_values
from voltline.central.storage.scope import Scope
from voltline.messages import UNKNOWN_TIME, MeterValue

COLUMNS = (
    "station_id",
    "connector_id",
    "sent_transaction_id",
    "transaction_id",
    "measured_at",
    "received_at",
    "sampled_values",
    "from_stop",
)
_CONNECTOR, _SENT, _MEASURED_AT, _RECEIVED_AT, _SAMPLED = 1, 2, 4, 5, 6
_STREAMS_OF_A_STATION = 64

_encode = Encoder().encode


class SqlMeterValues:
    """See `services.ports.MeterValues`.

    Rows are collected and sent together (`flush`).

    A charge point whose connection breaks sends the message again that was not answered, and that one
    may have been stored. So the first values of a transaction (or of a connector, outside of one)
    after every connect are compared with the last ones that are stored; after that the charge point
    has caught up, and there is nothing to compare any more.
    """

    def __init__(self, scope: Scope) -> None:
        self._scope = scope
        self._insert = BulkInsert(meter_values, COLUMNS)
        self._rows: list[tuple[Any, ...]] = []
        self._caught_up: dict[StationKey, set[int]] = {}

    def add(
        self,
        station: StationKey,
        connector_id: int,
        sent_transaction_id: int | None,
        transaction_id: int | None,
        values: Sequence[MeterValue],
        received_at: datetime,
        from_stop: bool = False,
    ) -> None:
        received = instant_text(received_at)
        rows = [
            (
                station,
                connector_id,
                sent_transaction_id,
                transaction_id,
                received if value.timestamp == UNKNOWN_TIME else instant_text(value.timestamp),
                received,
                _encode(value.sampled_value).decode(),
                from_stop,
            )
            for value in values
        ]
        stream = ~connector_id if transaction_id is None else transaction_id
        if not from_stop:
            caught_up = self._caught_up.get(station)
            if caught_up is None or stream not in caught_up:
                if self._is_repeat(station, transaction_id, rows):
                    return
                self._note_caught_up(station, stream)
        self._rows += rows

    def flush(self) -> None:
        """Send the collected rows to the database."""
        if self._rows:
            self._insert.run(self._scope.connection, self._rows)
            self._rows = []

    def discard(self) -> None:
        """Forget the collected rows: their transaction is rolled back."""
        self._rows = []

    def expect_repeats(self, station: StationKey | None = None) -> None:
        """This charge point (None: any) may send again what it sent last."""
        if station is None:
            self._caught_up.clear()
        else:
            self._caught_up.pop(station, None)

    def _note_caught_up(self, station: StationKey, stream: int) -> None:
        streams = self._caught_up.setdefault(station, set())
        if len(streams) >= _STREAMS_OF_A_STATION:
            streams.clear()
        streams.add(stream)

    def _is_repeat(
        self, station: StationKey, transaction_id: int | None, rows: list[tuple[Any, ...]]
    ) -> bool:
        """True if these are the last values of their stream, once more."""
        self.flush()
        table = meter_values.c
        if transaction_id is None:
            stream = [table.station_id == station, table.transaction_id.is_(None)]
        else:
            stream = [table.transaction_id == transaction_id]
        last = (
            select(table.connector_id, table.sent_transaction_id, table.measured_at, table.sampled_values)
            .where(*stream, table.from_stop.is_(False), table.connector_id == rows[0][_CONNECTOR])
            .order_by(table.id.desc())
            .limit(len(rows))
        )
        known = [
            (row[0], row[1], instant_text(row[2]), row[3]) for row in self._scope.connection.execute(last)
        ]
        known.reverse()
        return len(known) == len(rows) and all(map(_is_same, known, rows))


def _is_same(known: tuple[Any, ...], row: tuple[Any, ...]) -> bool:
    connector_id, sent, measured_at, sampled = known
    # A time that nobody could read was replaced by that of receipt: it tells nothing.
    same_time = measured_at == row[_MEASURED_AT] or row[_MEASURED_AT] == row[_RECEIVED_AT]
    return same_time and (connector_id, sent, sampled) == (row[_CONNECTOR], row[_SENT], row[_SAMPLED])
