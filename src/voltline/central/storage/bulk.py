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

    def __init__(self, table: Table, columns: Sequence[str]) -> None:
        self._width = len(columns)
        self._target = f"{table.name} ({', '.join(columns)})"
        self._sql = lru_cache(maxsize=None)(self._sqlite)

    def run(self, connection: Connection, rows: Sequence[Row]) -> None:
        if connection.dialect.name == "sqlite":
            self._in_chunks(connection, rows)
        else:
            self._copy(connection, rows)

    def _in_chunks(self, connection: Connection, rows: Sequence[Row]) -> None:
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
        cursor.close()

    def _sqlite(self, size: int) -> str:
        row = f"({', '.join('?' * self._width)})"
        return f"INSERT OR FAIL INTO {self._target} VALUES {', '.join([row] * size)}"  # noqa: S608 - of the schema

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
