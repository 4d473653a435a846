"""The writer on real databases: batches, poison, outages, kills."""

import asyncio
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from datetime import datetime
from random import Random
from typing import Any

import pytest
from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError, OperationalError

from voltline.central.domain.stations import RegistrationPolicy, StationKey
from voltline.central.services import stations
from voltline.central.services.metering import record
from voltline.central.services.ports import UnitOfWork
from voltline.central.services.transactions import begin, end
from voltline.central.storage.database import Database
from voltline.central.storage.group_commit import GroupCommit
from voltline.central.storage.unit_of_work import SqlStore
from voltline.messages import MeterValues

from .conftest import Storage
from .saying import ANYONE, NOON, at, meter, start, stop

KEY = StationKey(1)


@pytest.fixture
async def writer(database: Database) -> AsyncIterator[GroupCommit]:
    writer = GroupCommit(SqlStore(database), first_retry_s=0.01, longest_retry_s=0.05)
    writer.start()
    await writer.submit(stations.connected, "CP1", RegistrationPolicy.ACCEPT_ALL, NOON)
    yield writer
    await writer.close()


def poison(unit: UnitOfWork) -> None:
    unit.meter_values.add(KEY, 1, None, None, meter().meter_value, NOON)
    raise RuntimeError("poison")


def refused_at_the_flush(unit: UnitOfWork, station: StationKey, message: MeterValues, at: datetime) -> None:
    """As `record`, but the table does not take the row."""
    no_number: Any = None
    unit.meter_values.add(station, no_number, None, None, message.meter_value, at, True)


async def test_works_of_one_batch_see_what_the_earlier_ones_did(
    writer: GroupCommit, storage: Storage
) -> None:
    begun = [writer.submit(begin, KEY, start(), NOON, ANYONE) for _ in range(20)]
    results = await asyncio.gather(*begun)
    assert len({result.transaction_id for result in results}) == 1
    assert [result.repeated for result in results] == [False] + [True] * 19
    transaction_id = results[0].transaction_id
    await asyncio.gather(
        *[writer.submit(record, KEY, meter(transaction_id, second), NOON) for second in range(300)],
        writer.submit(end, KEY, stop(transaction_id), NOON, ANYONE),
    )
    values = storage.queries.readings(transaction_id)
    assert [reading.measured_at for reading in values[::2]] == [at(second) for second in range(300)]
    assert storage.column("meter_values", "id") == sorted(storage.column("meter_values", "id"))
    kept = storage.queries.transaction(transaction_id)
    assert kept is not None
    assert kept.stop is not None


async def test_poisoned_message_fails_alone(writer: GroupCommit, storage: Storage) -> None:
    futures: list[asyncio.Future[Any]] = []
    for number in range(60):
        futures.append(writer.submit(record, KEY, meter(None, number), NOON))
        if number % 20 == 10:
            futures.append(writer.submit(poison))
            futures.append(writer.submit(refused_at_the_flush, KEY, meter(None, 1000), NOON))
    outcomes = await asyncio.gather(*futures, return_exceptions=True)
    assert sum(isinstance(outcome, Exception) for outcome in outcomes) == 6
    assert storage.count("meter_values") == 60
    assert writer.healthy


async def test_transaction_of_a_batch_that_was_rolled_back_leaves_no_trace(
    writer: GroupCommit, storage: Storage
) -> None:
    """Also not in memory: the id that was taken back must not own later meter values."""
    held: asyncio.Future[None] = writer.submit(lambda unit: None)
    begun = writer.submit(begin, KEY, start(), NOON, ANYONE)
    failed = writer.submit(poison)
    await asyncio.gather(held, begun, failed, return_exceptions=True)
    transaction_id = begun.result().transaction_id
    await writer.submit(record, KEY, meter(transaction_id), NOON)
    assert await writer.submit(lambda unit: unit.transactions.owner(transaction_id + 1)) is None
    assert storage.count("transactions") == 1
    assert len(storage.queries.readings(transaction_id)) == 2


async def test_messages_are_held_while_the_database_is_locked_and_stored_once_it_is_free(
    writer: GroupCommit, storage: Storage
) -> None:
    with storage.database.writer_engine.connect() as other:
        lock(other)
        futures = [writer.submit(record, KEY, meter(None, number), NOON) for number in range(10)]
        done, _ = await asyncio.wait(futures, timeout=0.2)
        assert not done
        assert writer.waiting == 10
        other.rollback()
    await asyncio.gather(*futures)
    assert storage.count("meter_values") == 10
    assert writer.healthy


def lock(connection: Connection) -> None:
    if connection.dialect.name == "sqlite":
        connection.begin()  # IMMEDIATE
    else:
        connection.execute(text("LOCK TABLE meter_values IN ACCESS EXCLUSIVE MODE"))


@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
async def test_lost_connection_is_made_anew_and_nothing_is_lost_or_double(
    writer: GroupCommit, storage: Storage
) -> None:
    for number in range(20):
        futures = [writer.submit(record, KEY, meter(None, number * 10 + n), NOON) for n in range(10)]
        with storage.database.reader_engine.connect() as other:
            other.execute(
                text(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                    "WHERE application_name = 'voltline' AND pid <> pg_backend_pid() "
                    "AND datname = current_database() AND backend_type = 'client backend'"
                )
            )
        await asyncio.gather(*futures)
    assert storage.count("meter_values") == 200
    assert writer.healthy


class LosesAnswers(SqlStore):
    """Every commit takes place, and every third one's answer is lost."""

    commits = 0

    def commit(self) -> None:
        super().commit()
        self.commits += 1
        if self.commits % 3 == 0:
            raise OperationalError("COMMIT", None, ConnectionError("answer lost")) from None

    def is_outage(self, error: Exception) -> bool:
        return isinstance(error, OperationalError) or super().is_outage(error)


@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
async def test_commit_that_took_place_unheard_is_not_done_twice(database: Database, storage: Storage) -> None:
    writer = GroupCommit(LosesAnswers(database), first_retry_s=0.001)
    writer.start()
    await writer.submit(stations.connected, "CP1", RegistrationPolicy.ACCEPT_ALL, NOON)
    for number in range(20):
        await writer.submit(record, KEY, meter(None, number), NOON)
    await writer.close()
    assert storage.count("meter_values") == 20
    assert storage.count("writer_marks") == 0


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
async def test_database_that_takes_nothing_more_holds_messages(database: Database, storage: Storage) -> None:
    """A full disk, by way of SQLite's own limit."""
    writer = GroupCommit(SqlStore(database), first_retry_s=0.01, longest_retry_s=0.02)
    writer.start()
    await writer.submit(stations.connected, "CP1", RegistrationPolicy.ACCEPT_ALL, NOON)

    def limit(unit: Any, pages: int) -> None:
        unit.stations._scope.connection.exec_driver_sql(f"PRAGMA max_page_count = {pages}")

    await writer.submit(limit, 1)
    futures = [writer.submit(record, KEY, meter(None, n, "9" * 500), NOON) for n in range(200)]
    async with asyncio.timeout(10):
        while writer.healthy:
            await asyncio.sleep(0.01)
    await asyncio.wait(futures, timeout=0.3)
    assert not any(future.done() for future in futures)
    assert not writer.healthy
    assert writer.last_error is not None
    assert "full" in writer.last_error
    assert await writer.close(timeout_s=0.01) == 200
    assert storage.count("meter_values") == 0


KILLED = """
import asyncio, sys
from voltline.central.domain.stations import RegistrationPolicy
from voltline.central.services import stations
from voltline.central.services.metering import record
from voltline.central.services.transactions import begin
from voltline.central.storage.database import Database
from voltline.central.storage.group_commit import GroupCommit
from voltline.central.storage.unit_of_work import SqlStore
from storage_contract.saying import ANYONE, NOON, meter, start

async def main(url):
    writer = GroupCommit(SqlStore(Database(url)))
    writer.start()
    key = (await writer.submit(stations.connected, "CP1", RegistrationPolicy.ACCEPT_ALL, NOON)).key

    async def starts():
        number = 0
        while True:
            number += 1
            begun = await writer.submit(begin, key, start(second=number), NOON, ANYONE)
            print("T", begun.transaction_id, number, flush=True)

    async def meters(connector):
        number = 0
        while True:
            number += 1
            await writer.submit(record, key, meter(None, number, connector=connector), NOON)
            print("M", connector, number, flush=True)

    await asyncio.gather(starts(), *[meters(connector) for connector in range(1, 9)])

asyncio.run(main(sys.argv[1]))
"""


def test_what_was_acknowledged_before_a_kill_is_there_and_what_was_not_whole_is_not(
    database: Database, storage: Storage, request: pytest.FixtureRequest
) -> None:
    url = database.url.render_as_string(hide_password=False)
    tests = str(request.config.rootpath / "tests")
    with subprocess.Popen(
        [sys.executable, "-c", f"import sys; sys.path.insert(0, {tests!r})\n{KILLED}", url],
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        said = [process.stdout.readline() for _ in range(1500)]
        process.send_signal(signal.SIGKILL)
        said += process.stdout.readlines()
    whole = [line.split() for line in said if line.endswith("\n")]
    told = {int(words[1]) for words in whole if words[0] == "T" and len(words) == 3}
    kept = storage.column("transactions", "id")
    assert len(told) > 10
    assert told <= set(kept)  # type: ignore[arg-type]
    assert storage.count("transactions") == len(set(storage.column("transactions", "started_at")))
    acknowledged = {(int(words[1]), int(words[2])) for words in whole if words[0] == "M" and len(words) == 3}
    with database.reader_engine.connect() as connection:
        rows = connection.execute(text("SELECT connector_id, measured_at FROM meter_values")).all()
    assert len(rows) == len(set(rows))
    assert len(rows) >= len(acknowledged)
    # Each sends the next only after the answer: what is there is the first ones without a gap.
    for connector in range(1, 9):
        count = sum(row[0] == connector for row in rows)
        last = max((number for by, number in acknowledged if by == connector), default=0)
        assert last <= count <= last + 1
    # The next life goes on: the id after the highest one was never told to anybody.
    begun = storage.do(begin, storage.station(), start(second=-1), NOON, ANYONE)
    assert begun.transaction_id > max(told)


async def test_value_that_a_database_cannot_hold_is_its_own_fault_and_no_outage(
    writer: GroupCommit, storage: Storage
) -> None:
    """PostgreSQL calls a key that is too long for an index an operational error."""

    def too_long(unit: Any) -> None:
        connection = unit.stations._scope.connection
        if storage.database.is_sqlite:
            connection.execute(text("INSERT INTO writer_marks (writer, batch) VALUES (NULL, NULL)"))
        noise = Random(1).randbytes(100_000).hex()  # else it would be compressed to fit
        connection.execute(text("INSERT INTO writer_marks (writer, batch) VALUES (:w, 1)"), {"w": noise})

    good = writer.submit(record, KEY, meter(None), NOON)
    with pytest.raises(DBAPIError):
        await writer.submit(too_long)
    await good
    assert writer.healthy
    assert writer.statistics.outages == 0
