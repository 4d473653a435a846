"""Two layouts of meter values in SQLite, and two ways to insert them: decisions/0003-meter-value-rows.md.

One row an instant with its sampled values as JSON, against one row a sampled value; statements of many
rows against one statement a row (executemany). Each with a thread that only writes, first alone, then
beside a thread that is busy, as the event loop is under load. Messages of 4 sampled values from 200
transactions in turn; every batch is committed with synchronous=FULL.

    .venv/bin/python benchmarks/meter_value_rows.py
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
from sqlalchemy import (
    Boolean,
    Column,
    Connection,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
    insert,
    select,
    text,
)

from voltline.central.domain.stations import StationKey
from voltline.central.storage.bulk import BulkInsert, Row
from voltline.central.storage.columns import Instant, instant_text
from voltline.central.storage.database import Database, sqlite_url
from voltline.central.storage.metering import COLUMNS
from voltline.central.storage.queries import SqlQueries
from voltline.central.storage.schema import meter_values
from voltline.messages import Measurand, MeterValues, Phase, UnitOfMeasure

TRANSACTIONS = 200
NOON = datetime(2024, 5, 1, 12, tzinfo=UTC)
PARTS = ("value", "measurand", "unit", "context", "phase", "location", "format")

Insert = Callable[[Connection, Sequence[Row]], None]

one_row_a_value = Table(
    "readings",
    MetaData(),
    Column("id", Integer, primary_key=True),
    Column("station_id", Integer, nullable=False),
    Column("connector_id", Integer, nullable=False),
    Column("sent_transaction_id", Integer),
    Column("transaction_id", Integer),
    Column("measured_at", Instant, nullable=False),
    Column("received_at", Instant, nullable=False),
    *[Column(name, Text) for name in PARTS],
    Column("from_stop", Boolean, nullable=False),
    Index("ix_readings_transaction", "transaction_id", sqlite_where=text("transaction_id IS NOT NULL")),
)


def message(number: int) -> MeterValues:
    """As it comes from the wire, decoded."""
    raw = (
        b'{"connectorId":1,"transactionId":%d,"meterValue":[{"timestamp":"%sZ","sampledValue":['
        b'{"value":"%d","context":"Sample.Periodic","measurand":"%s","unit":"%s"},'
        b'{"value":"16.02","context":"Sample.Periodic","measurand":"Current.Import","phase":"%s","unit":"A"},'
        b'{"value":"231.1","context":"Sample.Periodic","measurand":"Voltage","phase":"L1","unit":"V"},'
        b'{"value":"11034","context":"Sample.Periodic","measurand":"Power.Active.Import","unit":"W"}]}]}'
    ) % (
        number % TRANSACTIONS + 1,
        (NOON + timedelta(seconds=number)).isoformat()[:19].encode(),
        number,
        Measurand.ENERGY_ACTIVE_IMPORT_REGISTER.encode(),
        UnitOfMeasure.WH.encode(),
        Phase.L1.encode(),
    )
    return msgspec.json.decode(raw, type=MeterValues)


def as_json(station: StationKey, request: MeterValues, received: str) -> Iterator[Row]:
    sent = request.transaction_id
    assert isinstance(sent, int)
    for value in request.meter_value:
        yield (
            station,
            request.connector_id,
            sent,
            sent,
            instant_text(value.timestamp),
            received,
            msgspec.json.encode(value.sampled_value).decode(),
            False,
        )


def as_rows(station: StationKey, request: MeterValues, received: str) -> Iterator[Row]:
    sent = request.transaction_id
    assert isinstance(sent, int)
    for value in request.meter_value:
        measured = instant_text(value.timestamp)
        for sampled in value.sampled_value:
            parts = (getattr(sampled, name) for name in PARTS)
            yield (
                station,
                request.connector_id,
                sent,
                sent,
                measured,
                received,
                *(None if part is msgspec.UNSET else str(part) for part in parts),
                False,
            )


def executemany(table: Table, columns: Sequence[str]) -> Insert:
    marks = ", ".join("?" * len(columns))
    sql = f"INSERT INTO {table.name} ({', '.join(columns)}) VALUES ({marks})"

    def run(connection: Connection, rows: Sequence[Row]) -> None:
        connection.exec_driver_sql(sql, list(rows))

    return run


VALUE_COLUMNS = (*COLUMNS[:6], *PARTS, "from_stop")
LAYOUTS: dict[
    str, tuple[Table, Callable[..., Iterator[Row]], Callable[[Connection, Sequence[Row]], None]]
] = {
    "JSON, one statement a row": (as_json, executemany(meter_values, COLUMNS)),
    "JSON, many rows a statement": (as_json, BulkInsert(meter_values, COLUMNS).run),
    "row a value, many rows a statement": (
        as_rows,
        BulkInsert(one_row_a_value, VALUE_COLUMNS).run,
    ),
}


class Figures(msgspec.Struct):
    wall_us: float
    cpu_us: float
    bytes_each: float


def measure(layout: str, folder: Path, messages: int, batch: int, longest_s: float) -> Figures:
    """Write so many messages, or for so long, on this thread."""
    rows_of, insert_rows = LAYOUTS[layout]
    path = folder / f"{time.monotonic_ns()}.db"
    database = Database(sqlite_url(path))
    database.upgrade()
    with database.writer_engine.begin() as connection:
        one_row_a_value.create(connection)
    received = instant_text(NOON)
    done, wall, cpu = 0, 0.0, 0.0
    with database.writer_engine.connect() as connection:
        while done < messages and wall < longest_s:
            requests = [message(number) for number in range(done, done + batch)]
            started, cpu_started = time.perf_counter(), time.thread_time()
            connection.begin()
            rows: list[Any] = []
            for number, request in enumerate(requests):
                rows += rows_of(StationKey(number % TRANSACTIONS + 1), request, received)
            insert_rows(connection, rows)
            connection.commit()
            wall += time.perf_counter() - started
            cpu += time.thread_time() - cpu_started
            done += batch
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
    database.close()
    return Figures(wall / done * 1e6, cpu / done * 1e6, pages * 4096 / done)


def beside_a_busy_thread(measured: Callable[[], Figures]) -> Figures:
    found: list[Figures] = []
    writer = threading.Thread(target=lambda: found.append(measured()))
    writer.start()
    turns = 0
    while not found:
        for _ in range(200):
            turns += 1
    writer.join()
    return found[0]


def read_back(folder: Path, each: int) -> dict[str, float]:
    """Milliseconds to read one transaction of so many messages out of ten such transactions."""
    database = Database(sqlite_url(folder / "read.db"))
    database.upgrade()
    with database.writer_engine.begin() as connection:
        one_row_a_value.create(connection)
        for number in range(each * 10):
            request = message(number % 10 + number // 10 * TRANSACTIONS)
            connection.execute(
                insert(meter_values),
                [dict(zip(COLUMNS, _typed(row), strict=True)) for row in as_json(StationKey(1), request, "")],
            )
            connection.execute(
                insert(one_row_a_value),
                [
                    dict(zip(VALUE_COLUMNS, _typed(row), strict=True))
                    for row in as_rows(StationKey(1), request, "")
                ],
            )
    queries, found = SqlQueries(database), {}
    started = time.perf_counter()
    assert len(queries.readings(5)) == each * 4
    found["JSON"] = (time.perf_counter() - started) * 1e3
    wanted = (
        select(one_row_a_value)
        .where(one_row_a_value.c.transaction_id == 5)
        .order_by(one_row_a_value.c.measured_at, one_row_a_value.c.id)
    )
    started = time.perf_counter()
    with database.reader_engine.connect() as connection:
        assert len([dict(row._mapping) for row in connection.execute(wanted)]) == each * 4
    found["row a value"] = (time.perf_counter() - started) * 1e3
    database.close()
    return found


def _typed(row: Row) -> list[Any]:
    values: list[Any] = list(row)
    values[4] = datetime.fromisoformat(str(row[4]))
    values[5] = NOON
    return values


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--messages", type=int, default=30_000)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="voltline-rows-") as name:
        folder = Path(name)
        for batch in (20, 150, 1000):
            for layout in LAYOUTS:
                best = min(
                    (measure(layout, folder, options.messages, batch, 10) for _ in range(3)),
                    key=lambda figures: figures.wall_us,
                )
                print(
                    f"batch {batch:4}, {layout:36} {best.wall_us:7.1f} us a message"
                    f" ({best.cpu_us:.1f} us processor), {best.bytes_each:.0f} bytes",
                    flush=True,
                )
        for interval in (0.005, 0.0005):
            sys.setswitchinterval(interval)
            for layout in LAYOUTS:
                busy = beside_a_busy_thread(lambda layout=layout: measure(layout, folder, 30_000, 150, 4))  # type: ignore[misc]
                print(
                    f"batch  150, {layout:36} {busy.wall_us:7.1f} us a message beside a busy thread,"
                    f" switch interval {interval * 1e3:g} ms",
                    flush=True,
                )
        for layout, milliseconds in read_back(folder, 1000).items():
            print(f"read 1,000 messages of a transaction, {layout}: {milliseconds:.1f} ms")


if __name__ == "__main__":
    main()
