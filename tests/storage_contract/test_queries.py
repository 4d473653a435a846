"""The reading side beside a writer at work."""

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from voltline.central.services.ports import StorageUnavailable
from voltline.central.services.transactions import begin
from voltline.central.storage.database import Database
from voltline.central.storage.queries import SqlQueries

from .conftest import Storage
from .saying import ANYONE, NOON, start


def test_reader_neither_waits_for_the_writer_nor_sees_what_is_not_durable(storage: Storage) -> None:
    key = storage.station()
    unit = storage.store.begin()
    begun = begin(unit, key, start(), NOON, ANYONE)
    assert storage.queries.transactions().items == ()
    assert storage.queries.transaction(begun.transaction_id) is None
    storage.store.flush()
    storage.store.commit()
    assert storage.queries.transaction(begun.transaction_id) is not None


def test_reader_cannot_write(storage: Storage) -> None:
    with storage.database.reader_engine.connect() as connection, pytest.raises(DBAPIError, match="read"):
        connection.execute(text("INSERT INTO writer_marks (writer, batch) VALUES ('x', 1)"))


def test_charge_points_are_listed_by_identity_page_by_page(storage: Storage) -> None:
    for identity in ("b", "C", "a", "D"):
        storage.station(identity)
    first = storage.queries.stations(limit=3)
    assert [station.identity for station in first] == ["a", "b", "C"]
    rest = storage.queries.stations(limit=3, after=first[-1].identity)
    assert [station.identity for station in rest] == ["D"]
    assert storage.queries.station("nobody") is None


def test_database_that_cannot_be_read_is_said_to_be_unavailable(database: Database) -> None:
    unreachable = Database("postgresql://somebody@127.0.0.1:1/voltline")
    with pytest.raises(StorageUnavailable, match=r"127\.0\.0\.1"):
        SqlQueries(unreachable).stations()
    unreachable.close()
