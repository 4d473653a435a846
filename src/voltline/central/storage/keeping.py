"""Looking after a database by hand: is it whole, a copy of it, a copy put back.

Copies are of SQLite databases; PostgreSQL has tools of its own for that, pg_dump and pg_restore.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import datetime
from pathlib import Path

from sqlalchemy.exc import DBAPIError

from voltline.central.storage import migrating
from voltline.central.storage.database import Database
from voltline.central.storage.errors import StorageError, UnusableDatabase


class NotDone(StorageError):
    """A copy was not made or not put back; nothing was changed. The text says why, and what to do."""


def check(database: Database) -> list[str]:
    """What is wrong with a database, each a sentence; nothing: all is well.

    Reads all of a SQLite database, which takes a second or so for each GB. Raises UnusableDatabase where it
    cannot be opened.
    """
    if database.is_sqlite:
        _require_file(Path(str(database.url.database)))
    try:
        with database.reader_engine.connect() as connection:
            problems = []
            if database.is_sqlite:
                told = connection.exec_driver_sql("PRAGMA integrity_check(20)").scalars().all()
                problems += [f"damaged: {text}" for text in told if text != "ok"]
                lost = connection.exec_driver_sql("PRAGMA foreign_key_check").all()
                problems += [
                    f"row {row[1]} of {row[0]} refers to a row of {row[2]} that is not there" for row in lost
                ]
            current, newest = migrating.versions(connection)
    except DBAPIError as error:
        raise UnusableDatabase(f"the database {database.name} cannot be used: {error.orig}") from error
    if current is None:
        problems.append("it has no tables of Voltline; voltline db upgrade makes them")
    elif current != newest:
        advice = "voltline db upgrade brings it forward" if current < newest else "it needs a newer Voltline"
        problems.append(f"its tables are of step {current}, this Voltline is of step {newest}: {advice}")
    return problems


def back_up(database: Database, copy: Path) -> int:
    """Copy a SQLite database into a new file while it is in use; the copy's size in bytes.

    The copy is of one moment, and whole: it is checked before it gets its name. Raises NotDone.
    """
    source = _sqlite_path(database)
    if copy.exists():
        raise NotDone(f"{copy} is there already; give another name")
    partial = copy.with_name(f"{copy.name}.partial")
    try:
        with _removed_if_left(partial):
            _copy(source, partial)
            _require_whole(partial)
            os.rename(partial, copy)
            _settle(copy.parent)
    except OSError as error:
        raise NotDone(f"{copy} cannot be written: {error.strerror}") from error
    return copy.stat().st_size


def restore(database: Database, copy: Path, at: datetime) -> Path | None:
    """Put a copy in the place of a SQLite database that nobody uses, and bring it to this version's form.

    The database that was there is kept beside it, under the name that is returned; None: there was none.
    Raises NotDone; also StorageError, where the copy is of a newer Voltline.
    """
    target = Path(str(database.url.database)) if database.is_sqlite else _sqlite_path(database)
    _require_file(copy)
    _require_whole(copy)
    partial = target.with_name(f"{target.name}.restoring")
    kept = None
    try:
        with _removed_if_left(partial):
            _copy(copy, partial)
            _brought_forward(partial)
            if target.exists():
                with closing(sqlite3.connect(target)) as connection:
                    connection.execute("PRAGMA journal_mode = DELETE")  # all of it into the one file
                kept = target.with_name(f"{target.name}.before-restore-{at:%Y%m%dT%H%M%SZ}")
                os.rename(target, kept)
            os.rename(partial, target)
            _settle(target.parent)
    except (OSError, sqlite3.Error) as error:
        raise NotDone(f"{copy} cannot be put into {target}: {error}") from error
    return kept


def _sqlite_path(database: Database) -> Path:
    if not database.is_sqlite:
        raise NotDone(
            f"{database.name} is a PostgreSQL database: pg_dump --format=custom makes a copy of it, "
            "pg_restore puts one back"
        )
    path = Path(str(database.url.database))
    _require_file(path)
    return path


def _require_file(path: Path) -> None:
    if not path.is_file():
        raise NotDone(f"there is no database {path}")


def _copy(source: Path, target: Path) -> None:
    """Page by page, some at a time, so that a writer can go on meanwhile."""
    target.unlink(missing_ok=True)
    try:
        reading = sqlite3.connect(f"{source.absolute().as_uri()}?mode=ro", uri=True, timeout=30)
        with closing(reading), closing(sqlite3.connect(target)) as writing:
            # In one step: what is written meanwhile would make it begin again and again otherwise, and
            # readers hold up no writer (WAL).
            reading.backup(writing)
            writing.execute("PRAGMA journal_mode = DELETE")
    except sqlite3.Error as error:
        raise NotDone(f"{source} cannot be copied: {error}") from error
    with target.open("rb+") as file:
        os.fsync(file.fileno())


def _require_whole(path: Path) -> None:
    """Raises NotDone for what is no database of Voltline, or is damaged."""
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as connection:
            told = [row[0] for row in connection.execute("PRAGMA integrity_check(3)")]
            version = connection.execute("SELECT version_num FROM alembic_version").fetchone()
    except sqlite3.Error as error:
        raise NotDone(f"{path} is not a database of Voltline: {error}") from error
    if told != ["ok"] or version is None:
        raise NotDone(f"{path} is damaged: {'; '.join(told)}")


def _brought_forward(path: Path) -> None:
    database = Database(f"sqlite:///{path.absolute()}")
    try:
        database.upgrade()
    finally:
        database.close()
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA journal_mode = DELETE")


@contextmanager
def _removed_if_left(path: Path) -> Iterator[None]:
    try:
        yield
    finally:
        path.unlink(missing_ok=True)


def _settle(folder: Path) -> None:
    """Make a rename durable."""
    if os.name == "posix":
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
