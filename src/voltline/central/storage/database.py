"""Opening a database: SQLite in one file, or PostgreSQL."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

import psycopg
from sqlalchemy import Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.pool import NullPool

from voltline.central.storage import migrating
from voltline.central.storage.errors import StorageError, UnusableDatabase

_BUSY_S = 5.0
"""How long SQLite waits for another process that writes."""

# Result codes of SQLite that speak of the file and its disk, not of what was written:
# https://sqlite.org/rescode.html, primary codes.
_SQLITE_OUTAGES = frozenset(
    {
        sqlite3.SQLITE_PERM,
        sqlite3.SQLITE_BUSY,
        sqlite3.SQLITE_LOCKED,
        sqlite3.SQLITE_NOMEM,
        sqlite3.SQLITE_READONLY,
        sqlite3.SQLITE_INTERRUPT,
        sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_CORRUPT,
        sqlite3.SQLITE_FULL,
        sqlite3.SQLITE_CANTOPEN,
        sqlite3.SQLITE_PROTOCOL,
        sqlite3.SQLITE_NOTADB,
    }
)
# Classes of SQLSTATE that speak of the server (PostgreSQL, appendix A): connection, state of the
# transaction (such as read-only, on a standby), authorization, database absent, transaction rolled back
# (such as a deadlock), resources, object in use, operator, system, configuration file.
_POSTGRESQL_OUTAGES = frozenset({"08", "25", "28", "3D", "40", "53", "55", "57", "58", "F0"})


class Database:
    """A database by its address, such as `sqlite:////var/lib/voltline/voltline.db`.

    `upgrade()` first; then one writer works on `writer_engine` and any number of readers on
    `reader_engine`. Raises `UnusableDatabase` for an address that no database can be meant by.
    """

    def __init__(self, url: str) -> None:
        try:
            parsed = make_url(url)
        except ArgumentError:
            raise UnusableDatabase(
                f"{url!r} is no address of a database; expected sqlite:///path/voltline.db or "
                "postgresql://user:password@host/name"
            ) from None
        kind = parsed.get_backend_name()
        self.is_sqlite = kind == "sqlite"
        if self.is_sqlite:
            if not parsed.database or parsed.database == ":memory:":
                raise UnusableDatabase("a database in memory would not outlive Voltline; name a file")
            self.url = parsed.set(drivername="sqlite+pysqlite")
        elif kind == "postgresql":
            self.url = parsed.set(drivername="postgresql+psycopg")
        else:
            raise UnusableDatabase(f"databases of kind {kind!r} are not supported: use sqlite or postgresql")
        self.name = self.url.render_as_string(hide_password=True)
        self.writer_engine = self._engine(pooled=False)
        self.reader_engine = self._engine(pooled=True)
        if self.is_sqlite:
            _prepare_sqlite(self.writer_engine, writes=True)
            _prepare_sqlite(self.reader_engine, writes=False)
        else:
            event.listen(self.reader_engine, "connect", _read_only_postgresql)

    def upgrade(self) -> None:
        """Bring the tables to this version's form; an empty database gets them all.

        Raises `DatabaseTooNew` if a newer Voltline has been at work here, `UnusableDatabase` if the
        database cannot be opened.
        """
        try:
            with self.writer_engine.begin() as connection:
                if not self.is_sqlite:
                    # Two processes that start at once take turns; the number is this lock's name.
                    connection.exec_driver_sql("SELECT pg_advisory_xact_lock(16077001)")
                migrating.upgrade(connection)
        except StorageError:
            raise
        except DBAPIError as error:
            raise UnusableDatabase(f"the database {self.name} cannot be used: {error.orig}") from error

    def close(self) -> None:
        self.writer_engine.dispose()
        self.reader_engine.dispose()

    def is_outage(self, error: Exception) -> bool:
        """True if the database is to blame for this error: out of reach, locked, full, broken.

        Told by the database's own code, for drivers call some faults of the written data operational,
        such as a value too long for an index.
        """
        if isinstance(error, PoolTimeout):
            return True
        cause: BaseException | None = error
        if isinstance(error, DBAPIError):
            if error.connection_invalidated:
                return True
            cause = error.orig
        if isinstance(cause, sqlite3.Error):
            return getattr(cause, "sqlite_errorcode", 0) & 0xFF in _SQLITE_OUTAGES
        if isinstance(cause, psycopg.Error):
            if cause.sqlstate is None:
                # The driver's own: the connection is gone or could not be made.
                return isinstance(cause, psycopg.OperationalError | psycopg.InterfaceError)
            return cause.sqlstate[:2] in _POSTGRESQL_OUTAGES
        return False

    def _engine(self, *, pooled: bool) -> Engine:
        arguments: dict[str, Any]
        if self.is_sqlite:
            arguments = {"timeout": _BUSY_S, "check_same_thread": False}
        else:
            arguments = {"connect_timeout": 5, "options": "-c timezone=UTC", "application_name": "voltline"}
        if pooled:
            return create_engine(
                self.url,
                connect_args=arguments,
                pool_size=4,
                max_overflow=4,
                pool_timeout=30,
                pool_pre_ping=True,
            )
        return create_engine(self.url, connect_args=arguments, poolclass=NullPool)


def sqlite_url(path: Path) -> str:
    """The address of a SQLite file."""
    return f"sqlite:///{path.absolute()}"


def _prepare_sqlite(engine: Engine, *, writes: bool) -> None:
    def on_connect(connection: sqlite3.Connection, _record: object) -> None:
        # The driver's own idea of transactions starts them too late and not for everything.
        connection.isolation_level = None
        run = connection.execute
        if writes:
            # Readers do not wait for the writer, nor it for them.
            run("PRAGMA journal_mode = WAL")
            # A commit has happened when the disk says so: an acknowledged message outlives a power cut.
            run("PRAGMA synchronous = FULL")
            run("PRAGMA temp_store = MEMORY")
            run("PRAGMA foreign_keys = ON")
            # Fewer, larger copies from the log into the file; 16 MiB of log at most, as a rule.
            run("PRAGMA wal_autocheckpoint = 4000")
            run("PRAGMA cache_size = -16000")
        else:
            run("PRAGMA query_only = ON")

    def on_begin(connection: Connection) -> None:
        # IMMEDIATE: a lock that cannot be had is found out here and not in the middle.
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    event.listen(engine, "connect", on_connect)
    event.listen(engine, "begin", on_begin)


def _read_only_postgresql(connection: psycopg.Connection[Any], _record: object) -> None:
    connection.read_only = True
