"""The meter values of a transaction are found wherever in the table they lie."""

import shutil
from pathlib import Path

import pytest
from sqlalchemy import text

from voltline.central.domain.stations import StationKey
from voltline.central.services.metering import record
from voltline.central.services.ports import UnitOfWork
from voltline.central.services.transactions import begin
from voltline.central.storage.database import Database, sqlite_url
from voltline.central.storage.meter_value_spans import SPAN

from .conftest import Storage
from .saying import ANYONE, NOON, meter, start

_ROW = (
    "INSERT INTO meter_values (id, station_id, connector_id, sent_transaction_id, transaction_id, "
    "measured_at, received_at, sampled_values, from_stop) VALUES "
    "(:id, 9, 1, NULL, NULL, '2024-05-01 12:00:00.000000', '2024-05-01 12:00:00.000000', '[]', false)"
)


def others_follow(storage: Storage, up_to: int) -> None:
    """So many rows of others come, of which the last one will do: the next row is numbered after it."""
    with storage.database.writer_engine.begin() as connection:
        connection.execute(text(_ROW), {"id": up_to})
        if connection.dialect.name == "postgresql":
            connection.execute(
                text("SELECT setval(pg_get_serial_sequence('meter_values', 'id'), :id)"), {"id": up_to}
            )


def running(storage: Storage, connector: int = 1) -> tuple[StationKey, int]:
    key = storage.station()
    return key, storage.do(begin, key, start(connector=connector), NOON, ANYONE).transaction_id


def seconds(storage: Storage, transaction_id: int) -> list[float]:
    read = storage.queries.readings(transaction_id)
    return sorted({(reading.measured_at - NOON).total_seconds() for reading in read})


@pytest.mark.parametrize("gaps", [[SPAN - 3], [5000, SPAN * 3 + 17, SPAN * 40, SPAN * 40 + 4096]])
def test_values_are_found_however_many_of_others_lie_between(storage: Storage, gaps: list[int]) -> None:
    key, transaction_id = running(storage)
    second = 0
    for gap in [0, *gaps]:
        if gap:
            others_follow(storage, gap)
        for _ in range(5):
            second += 60
            storage.do(record, key, meter(transaction_id, second), NOON)
    assert seconds(storage, transaction_id) == list(range(60, second + 1, 60))
    assert storage.queries.readings(transaction_id + 1) == ()


def test_a_batch_across_the_border_of_two_spans_is_found_whole(storage: Storage) -> None:
    (key, one), (_, two) = running(storage), running(storage, connector=2)
    others_follow(storage, SPAN - 4)

    def batch(unit: UnitOfWork) -> None:
        for second in range(60, 60 * 7, 60):
            record(unit, key, meter(one if second <= 180 else two, second), NOON)

    storage.do(batch)
    assert seconds(storage, one) == [60, 120, 180]
    assert seconds(storage, two) == [240, 300, 360]


def test_what_was_rolled_back_is_found_when_it_is_stored_after_all(storage: Storage) -> None:
    key, transaction_id = running(storage)

    def failing(unit: UnitOfWork) -> None:
        record(unit, key, meter(transaction_id, 60), NOON)
        storage.store.flush()
        raise RuntimeError("the batch")

    with pytest.raises(RuntimeError):
        storage.do(failing)
    storage.do(record, key, meter(transaction_id, 60), NOON)
    assert seconds(storage, transaction_id) == [60]


def test_a_new_process_adds_to_what_the_one_before_has_stored(storage: Storage) -> None:
    key, transaction_id = running(storage)
    for second in (60, 120, 180):
        storage.do(record, key, meter(transaction_id, second), NOON)
        storage.restart()
    assert seconds(storage, transaction_id) == [60, 120, 180]


@pytest.mark.parametrize("apart", [10, SPAN, SPAN * 9])
def test_a_message_that_comes_again_is_known_however_much_of_others_lies_between(
    storage: Storage, apart: int
) -> None:
    key, transaction_id = running(storage)
    for turn in range(12):
        storage.do(record, key, meter(transaction_id, 60 * turn), NOON)
        others_follow(storage, (turn + 1) * apart)
    for turn in (11, 10, 4):
        storage.station()  # it connects again, and sends what it got no answer to
        storage.do(record, key, meter(transaction_id, 60 * turn), NOON)
    assert seconds(storage, transaction_id) == [60 * turn for turn in range(12)]
    assert len(storage.queries.readings(transaction_id)) == 12 * len(meter(None).meter_value[0].sampled_value)


def test_database_of_the_step_before_is_brought_forward_with_all_that_is_in_it(
    tmp_path: Path, empty_sqlite: Path
) -> None:
    path = tmp_path / "voltline.db"
    shutil.copy(empty_sqlite, path)
    storage = Storage(Database(sqlite_url(path)))
    key, transaction_id = running(storage)
    for second, gap in ((60, 70_000), (120, 1_000_000), (180, 1_000_100)):
        storage.do(record, key, meter(transaction_id, second), NOON)
        others_follow(storage, gap)
    with storage.database.writer_engine.begin() as connection:
        for undo in (
            "DROP TABLE meter_value_spans",
            "DROP INDEX ix_meter_values_step",
            "CREATE INDEX ix_meter_values_transaction ON meter_values (transaction_id)",
            "UPDATE alembic_version SET version_num = '0010'",
        ):
            connection.execute(text(undo))
    storage.database.upgrade()
    assert seconds(storage, transaction_id) == [60, 120, 180]
    storage.restart()
    storage.do(record, key, meter(transaction_id, 240), NOON)
    assert seconds(storage, transaction_id) == [60, 120, 180, 240]
    storage.store.close()
    storage.database.close()


def test_reading_a_transaction_on_sqlite_looks_at_no_rows_of_others(
    tmp_path: Path, empty_sqlite: Path
) -> None:
    path = tmp_path / "voltline.db"
    shutil.copy(empty_sqlite, path)
    storage = Storage(Database(sqlite_url(path)))
    key, transaction_id = running(storage)
    storage.do(record, key, meter(transaction_id, 60), NOON)
    asked: list[str] = []
    with storage.database.reader_engine.connect() as connection:
        connection.connection.driver_connection.set_trace_callback(asked.append)  # type: ignore[union-attr]
    storage.queries.readings(transaction_id)
    (sql,) = [one for one in asked if "meter_values" in one]
    with storage.database.reader_engine.connect() as connection:
        plan = [row[3] for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {sql}")]
    assert any("COVERING INDEX ix_meter_values_step (<expr>=? AND transaction_id=?)" in line for line in plan)
    assert not any(line.startswith("SCAN") and "steps" not in line and "16" not in line for line in plan)
    storage.store.close()
    storage.database.close()
