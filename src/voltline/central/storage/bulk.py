"""Inserting many rows at once."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from itertools import chain
from typing import Any

import psycopg
from sqlalchemy import Connection, Table

Value = int | str | bool | None
Row = tuple[Value, ...]

_LARGEST_CHUNK = 128
_STEP = 16


class BulkInsert:
    """Inserts rows, given as tuples in the order of `columns`; instants as text.

    SQLite: statements of up to 128 rows. Its driver lets go of the interpreter's lock for every
    statement, and has to wait for it afterwards while the event loop is busy: with one statement a row
    a batch takes up to ten times as long there (docs/decisions/0003-meter-value-rows.md).
    PostgreSQL: COPY.
    """

    def __init__(self, table: Table, columns: Sequence[str], *, or_ignore: bool = False) -> None:
        """`or_ignore` (SQLite alone): rows whose key is there are left out."""
        # FAIL, which leaves the rows before a refused one to a roll-back: SQLite keeps no journal for it.
        self._verb = "INSERT OR IGNORE" if or_ignore else "INSERT OR FAIL"
        self._width = len(columns)
        self._target = f"{table.name} ({', '.join(columns)})"
        self._sql = lru_cache(maxsize=None)(self._sqlite)

    def run(self, connection: Connection, rows: Sequence[Row]) -> int | None:
        """Insert them; the id of the last one on SQLite, where one writer's ids have no gaps."""
        if connection.dialect.name == "sqlite":
            return self._in_chunks(connection, rows)
        self._copy(connection, rows)
        return None

    def _in_chunks(self, connection: Connection, rows: Sequence[Row]) -> int | None:
        """In chunks of 128, then one of a multiple of 16, then what is left.

        Few statements, and of few sizes (23), so that the driver can keep them prepared. Straight to
        the driver: SQLAlchemy's part would cost as much as the rows of a small batch.
        """
        cursor = connection.connection.cursor()
        start = 0
        while left := len(rows) - start:
            size = min(left - left % _STEP or left, _LARGEST_CHUNK)
            chunk = rows[start : start + size]
            cursor.execute(self._sql(size), tuple(chain.from_iterable(chunk)))
            start += size
        last: int | None = cursor.lastrowid
        cursor.close()
        return last

    def _sqlite(self, size: int) -> str:
        row = f"({', '.join('?' * self._width)})"
        return f"{self._verb} INTO {self._target} VALUES {', '.join([row] * size)}"

    def _copy(self, connection: Connection, rows: Sequence[Row]) -> None:
        lines = "".join(["\t".join(map(_copy_text, row)) + "\n" for row in rows])
        cursor: psycopg.Cursor[Any] = connection.connection.cursor()  # type: ignore[assignment]
        with cursor, cursor.copy(f"COPY {self._target} FROM STDIN") as copy:
            copy.write(lines)


def _copy_text(value: Value) -> str:
    """A value in PostgreSQL's text format of COPY."""
    if value is None:
        return r"\N"
    if type(value) is str:
        if "\\" in value or "\n" in value or "\t" in value or "\r" in value:
            return value.replace("\\", r"\\").replace("\n", r"\n").replace("\t", r"\t").replace("\r", r"\r")
        return value
    return str(value)
