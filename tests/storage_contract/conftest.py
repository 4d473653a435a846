"""One database after the other: every test here runs on SQLite and on PostgreSQL."""

import shutil
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import TypeVar

import pytest
from sqlalchemy import Table, text

from voltline.central.domain.stations import RegistrationPolicy, StationKey
from voltline.central.services import stations
from voltline.central.services.ports import UnitOfWork
from voltline.central.storage.database import Database, sqlite_url
from voltline.central.storage.queries import SqlQueries
from voltline.central.storage.schema import is_in, metadata
from voltline.central.storage.unit_of_work import SqlStore

from .saying import NOON

T = TypeVar("T")


class Storage:
    """A database with its two sides, and works done one by one."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.queries = SqlQueries(database)
        self.store = SqlStore(database)

    def do(self, work: Callable[..., T], *args: object) -> T:
        """Do this work in a transaction of its own; what it returns is durable."""
        unit = self.store.begin()
        try:
            result = work(unit, *args)
            self.store.flush()
        except Exception:
            self.store.rollback()
            raise
        self.store.commit()
        return result

    def station(self, identity: str = "CP1", at: datetime = NOON) -> StationKey:
        """A charge point that just connected."""
        found = self.do(stations.connected, identity, RegistrationPolicy.ACCEPT_ALL, at)
        assert found is not None
        return found.key

    def restart(self) -> None:
        """What a new process knows is what the database says."""
        self.store.close()
        self.store = SqlStore(self.database)

    def count(self, table: str) -> int:
        with self.database.reader_engine.connect() as connection:
            return int(connection.execute(text(f"SELECT count(*) FROM {table}")).scalar_one())

    def column(self, table: str, column: str) -> list[object]:
        with self.database.reader_engine.connect() as connection:
            return list(connection.execute(text(f"SELECT {column} FROM {table} ORDER BY 1")).scalars())


@pytest.fixture(scope="session")
def empty_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database file with tables and nothing in them, to be copied."""
    path = tmp_path_factory.mktemp("template") / "voltline.db"
    database = Database(sqlite_url(path))
    database.upgrade()
    database.close()
    return path


@pytest.fixture(scope="session")
def upgraded_postgres_url(postgres_url: str) -> str:
    """The PostgreSQL database with its tables."""
    database = Database(postgres_url)
    database.upgrade()
    database.close()
    return postgres_url


def dependent_first(dialect: str) -> list[Table]:
    """The tables of such a database, in an order that they can be emptied in."""
    return [table for table in reversed(metadata.sorted_tables) if is_in(dialect, table)]


def _emptied(database: Database) -> None:
    """Rows gone, numbers from the start. TRUNCATE makes a file a table, and is many times slower."""
    deletes = "; ".join(f"DELETE FROM {table.name}" for table in dependent_first("postgresql"))
    numbers = (
        "PERFORM setval(quote_ident(sequencename), start_value, false) "
        "FROM pg_sequences WHERE last_value IS NOT NULL"
    )
    with database.writer_engine.begin() as connection:
        connection.exec_driver_sql(f"DO $$ BEGIN {deletes}; {numbers}; END $$")


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    if request.param == "sqlite":
        path = tmp_path / "voltline.db"
        shutil.copy(request.getfixturevalue("empty_sqlite"), path)
        database = Database(sqlite_url(path))
    else:
        database = Database(request.getfixturevalue("upgraded_postgres_url"))
        _emptied(database)
    yield database
    database.close()


@pytest.fixture
def storage(database: Database) -> Iterator[Storage]:
    storage = Storage(database)
    yield storage
    storage.store.close()


@pytest.fixture
def unit(storage: Storage) -> Iterator[UnitOfWork]:
    """A transaction that is not committed."""
    yield storage.store.begin()
    storage.store.rollback()
