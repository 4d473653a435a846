"""The tables come about, and come forward."""

from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import text

from voltline.central.storage.database import Database, sqlite_url
from voltline.central.storage.errors import DatabaseTooNew, UnusableDatabase
from voltline.central.storage.schema import is_in, metadata


# An index on an expression is not compared on SQLite; test_meter_value_spans holds that it is used.
@pytest.mark.filterwarnings("ignore:.*expression-based index")
def test_steps_lead_to_the_tables_that_the_code_knows(database: Database) -> None:
    with database.writer_engine.connect() as connection:
        dialect = connection.dialect.name
        opts = {"compare_type": True, "include_object": lambda item, *_: is_in(dialect, item)}
        context = MigrationContext.configure(connection, opts=opts)
        assert compare_metadata(context, metadata) == []


def test_upgrade_of_a_database_that_is_up_to_date_changes_nothing(database: Database) -> None:
    with database.writer_engine.begin() as connection:
        connection.execute(text("INSERT INTO writer_marks (writer, batch) VALUES ('w', 1)"))
    database.upgrade()
    with database.writer_engine.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM writer_marks")).scalar_one() == 1


def test_database_of_a_newer_version_is_left_alone(database: Database) -> None:
    with database.writer_engine.begin() as connection:
        before = connection.execute(text("SELECT version_num FROM alembic_version")).scalar_one()
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    try:
        with pytest.raises(DatabaseTooNew, match="9999"):
            database.upgrade()
    finally:
        with database.writer_engine.begin() as connection:
            connection.execute(text("UPDATE alembic_version SET version_num = :before"), {"before": before})


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("nonsense", "no address"),
        ("mysql://localhost/x", "'mysql' are not supported"),
        ("sqlite://", "in memory"),
        ("sqlite:///:memory:", "in memory"),
    ],
)
def test_address_that_is_no_database_is_refused_with_a_reason(url: str, said: str) -> None:
    with pytest.raises(UnusableDatabase, match=said):
        Database(url)


def test_file_that_cannot_be_opened_is_named(tmp_path: Path) -> None:
    database = Database(sqlite_url(tmp_path / "absent" / "voltline.db"))
    with pytest.raises(UnusableDatabase, match="absent"):
        database.upgrade()


def test_file_that_is_no_database_is_named(tmp_path: Path) -> None:
    path = tmp_path / "voltline.db"
    path.write_text("something else entirely, and long enough to be read as a header " * 20)
    with pytest.raises(UnusableDatabase, match="not a database"):
        Database(sqlite_url(path)).upgrade()


def test_server_that_does_not_answer_is_named_without_its_password() -> None:
    database = Database("postgresql://somebody:secret@127.0.0.1:1/voltline")
    with pytest.raises(UnusableDatabase, match=r"127\.0\.0\.1") as raised:
        database.upgrade()
    assert "secret" not in str(raised.value)


def test_sqlite_is_as_durable_as_promised(tmp_path: Path) -> None:
    database = Database(sqlite_url(tmp_path / "voltline.db"))
    database.upgrade()
    with database.writer_engine.connect() as connection:
        pragmas = {
            name: connection.exec_driver_sql(f"PRAGMA {name}").scalar()
            for name in ("journal_mode", "synchronous", "foreign_keys")
        }
    assert pragmas == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1}
    database.close()
