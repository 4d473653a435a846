"""Meter values in a table: the one that grows by every message, so the one that is written by hand."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from functools import cache
from itertools import islice
from typing import Any, NamedTuple

import msgspec
from msgspec.json import Encoder
from sqlalchemy import Select, bindparam, select

from voltline.central.domain.metering import (
    DEFAULT_CONTEXT,
    DEFAULT_FORMAT,
    DEFAULT_LOCATION,
    DEFAULT_MEASURAND,
    Reading,
    default_unit,
)
from voltline.central.domain.stations import StationKey
from voltline.central.storage.bulk import BulkInsert
from voltline.central.storage.columns import instant_text
from voltline.central.storage.meter_value_spans import Spans, of_transaction
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
_CONNECTOR, _SENT, _TRANSACTION, _MEASURED_AT, _RECEIVED_AT, _SAMPLED = 1, 2, 3, 4, 5, 6
_STREAMS_OF_A_STATION = 64
_LOOKED_BACK = 32
"""So many rows of a stream are compared with one that may have been sent before."""
_SPANS_LOOKED_BACK = 8
"""On SQLite, of the rows of a transaction, those in the last so many spans that it has rows in."""

_MOST_ROWS = 20_000
"""So many rows of one transaction are looked at while others wait, the newest."""

_encode = Encoder().encode


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


def readings_of(row: Any) -> Iterator[Reading]:
    """The sampled values of a row of the table, defaults filled in (MTV-11)."""
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


class _Values(NamedTuple):
    """A row of the table before it is sent; in the order of COLUMNS."""

    station_id: int
    connector_id: int
    sent_transaction_id: int | None
    transaction_id: int | None
    measured_at: Any
    received_at: Any
    sampled_values: str
    from_stop: bool


def _readings_of_values(values: tuple[Any, ...]) -> tuple[Reading, ...]:
    row = _Values(*values)
    read = datetime.fromisoformat
    row = row._replace(measured_at=read(row.measured_at), received_at=read(row.received_at))
    return tuple(readings_of(row))


class SqlMeterValues:
    """See `services.ports.MeterValues`.

    Rows are collected and sent together (`flush`).

    A charge point that got no answer sends the message again, and that one may have been stored: after its
    connection broke, or on the same one where the answer came too late for it. So the values of a
    transaction (or of a connector, outside of one) whose time is not past that of the values before are
    compared with the last ones that are stored, and so are the first ones after every connect. While time
    goes on there is nothing to compare.
    """

    def __init__(self, scope: Scope) -> None:
        self._scope = scope
        self._insert = BulkInsert(meter_values, COLUMNS)
        self._spans = Spans()
        self._rows: list[tuple[Any, ...]] = []
        self._latest: dict[StationKey, dict[int, str]] = {}
        self._news: dict[int, tuple[Any, ...]] = {}
        self._taken: dict[int, tuple[Any, ...]] = {}
        self._received_at: datetime | None = None
        self._received = ""

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
        if received_at is not self._received_at:  # under load many messages share a millisecond
            self._received_at, self._received = received_at, instant_text(received_at)
        received = self._received
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
        if not rows or (not from_stop and self._is_repeat(station, connector_id, transaction_id, rows)):
            return
        self._rows += rows
        if transaction_id is not None and not from_stop:
            self._news[transaction_id] = rows[-1]

    def take_news(self, at_most: int) -> Mapping[int, tuple[Reading, ...]]:
        taken = dict(islice(self._news.items(), at_most))
        for transaction_id in taken:
            del self._news[transaction_id]
        self._taken.update(taken)
        return {transaction_id: _readings_of_values(row) for transaction_id, row in taken.items()}

    def readings(self, transaction_id: int) -> tuple[Reading, ...]:
        self.flush()
        connection, table = self._scope.connection, meter_values.c
        newest = select(meter_values).where(of_transaction(connection.dialect.name))
        newest = newest.order_by(table.id.desc()).limit(_MOST_ROWS)
        found = connection.execute(newest, {"of_transaction": transaction_id})
        rows = sorted(found, key=lambda row: (row.measured_at, row.id))
        return tuple(reading for row in rows for reading in readings_of(row))

    def names_transaction(self, transaction_id: int) -> bool:
        self.flush()
        connection, table = self._scope.connection, meter_values.c
        named = select(table.id).where(
            of_transaction(connection.dialect.name),
            table.sent_transaction_id == transaction_id,
            table.from_stop.is_(False),
        )
        return connection.execute(named.limit(1), {"of_transaction": transaction_id}).first() is not None

    def flush(self) -> None:
        """Send the collected rows to the database."""
        rows = self._rows
        if rows:
            connection = self._scope.connection
            last = self._insert.run(connection, rows)
            if last is not None:
                placed = {row[_TRANSACTION] for row in rows} - {None}
                self._spans.note(connection, last - len(rows) + 1, last, placed)
            self._rows = []

    def discard(self) -> None:
        """Forget the collected rows: their transaction is rolled back."""
        self._rows = []
        self._spans.forget()
        if self._taken:
            self._news = self._taken | self._news
            self._taken = {}

    def settle(self) -> None:
        """The transaction is committed."""
        if self._taken:
            self._taken = {}

    def expect_repeats(self, station: StationKey | None = None) -> None:
        """This charge point (None: any) may send again what it sent last."""
        if station is None:
            self._latest.clear()
        else:
            self._latest.pop(station, None)

    def _is_repeat(
        self, station: StationKey, connector_id: int, transaction_id: int | None, rows: list[tuple[Any, ...]]
    ) -> bool:
        """True if all of these are stored. If not, they are the latest of their stream from now on."""
        earliest = latest = rows[0][_MEASURED_AT]
        if len(rows) > 1:
            earliest = min([row[_MEASURED_AT] for row in rows])
            latest = max([row[_MEASURED_AT] for row in rows])
        stream = ~connector_id if transaction_id is None else transaction_id
        streams = self._latest.get(station)
        if streams is None:
            streams = self._latest[station] = {}
        before = streams.get(stream)
        if (before is None or earliest <= before) and self._are_stored(station, transaction_id, rows):
            return True
        if before is None and len(streams) >= _STREAMS_OF_A_STATION:
            streams.clear()
        streams[stream] = latest
        return False

    def _are_stored(
        self, station: StationKey, transaction_id: int | None, rows: list[tuple[Any, ...]]
    ) -> bool:
        self.flush()
        connection = self._scope.connection
        stored = connection.execute(
            _last_stored(connection.dialect.name, placed=transaction_id is not None),
            {
                "of_transaction": transaction_id,
                "of_station": station,
                "connector": rows[0][_CONNECTOR],
                "at_most": max(len(rows), _LOOKED_BACK),
                "spans": max(len(rows), _SPANS_LOOKED_BACK),
            },
        )
        known = [(row[0], row[1], instant_text(row[2]), row[3]) for row in stored]
        if any(row[_MEASURED_AT] == row[_RECEIVED_AT] for row in rows):
            newest = known[: len(rows)][::-1]
            return len(newest) == len(rows) and all(map(_is_same, newest, rows))
        return all((row[_CONNECTOR], row[_SENT], row[_MEASURED_AT], row[_SAMPLED]) in known for row in rows)


@cache
def _last_stored(dialect: str, *, placed: bool) -> Select[Any]:
    """The last rows of a stream: of a transaction, or of a connector outside of one; the newest first."""
    table = meter_values.c
    if placed:
        stream = [of_transaction(dialect, newest_spans=True)]
    else:
        stream = [table.station_id == bindparam("of_station"), table.transaction_id.is_(None)]
    return (
        select(table.connector_id, table.sent_transaction_id, table.measured_at, table.sampled_values)
        .where(*stream, table.from_stop.is_(False), table.connector_id == bindparam("connector"))
        .order_by(table.id.desc())
        .limit(bindparam("at_most"))
    )


def _is_same(known: tuple[Any, ...], row: tuple[Any, ...]) -> bool:
    connector_id, sent, measured_at, sampled = known
    # A time that nobody could read was replaced by that of receipt: it tells nothing.
    same_time = measured_at == row[_MEASURED_AT] or row[_MEASURED_AT] == row[_RECEIVED_AT]
    return same_time and (connector_id, sent, sampled) == (row[_CONNECTOR], row[_SENT], row[_SAMPLED])
