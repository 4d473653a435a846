"""What the queries of every subject share: a connection that can only read."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from voltline.central.services.ports import StorageUnavailable
from voltline.central.storage.database import Database


class Reads:
    """Base of the queries of a subject."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @contextmanager
    def _reading(self) -> Iterator[Connection]:
        """A connection for one question. Raises StorageUnavailable where the database cannot be reached."""
        try:
            with self._database.reader_engine.connect() as connection:
                yield connection
        except (DBAPIError, PoolTimeout) as error:
            if not self._database.is_outage(error):
                raise
            cause = getattr(error, "orig", None) or error
            raise StorageUnavailable(f"the database {self._database.name} cannot be read: {cause}") from error
