"""The file of the message log: a SQLite database that nothing but the log is in."""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Mapping, Sequence
from itertools import chain
from pathlib import Path

from voltline.base.ids import folded
from voltline.central.storage.message_log.packing import DICTIONARY

log = logging.getLogger(__name__)

FORM = 1
"""Of the tables; a file of another one is put aside."""
OVERHEAD_BYTES = 150
"""What a block takes up besides its body, about."""
_MOST_VALUES = 30_000

_TABLES = """
CREATE TABLE blocks (
    id INTEGER PRIMARY KEY,
    epoch REAL NOT NULL,       -- add it to the monotonic times of the entries to get seconds since 1970
    first_at REAL NOT NULL,    -- seconds since 1970
    last_at REAL NOT NULL,
    frames INTEGER NOT NULL,
    deviations INTEGER NOT NULL,
    actions TEXT NOT NULL,     -- of the CALLs in it: ",Heartbeat,MeterValues,"
    bytes INTEGER NOT NULL
);
CREATE TABLE bodies (
    id INTEGER PRIMARY KEY, dictionary INTEGER NOT NULL, form INTEGER NOT NULL, body BLOB NOT NULL
);
CREATE TABLE of_station (station INTEGER, block INTEGER, PRIMARY KEY (station, block)) WITHOUT ROWID;
CREATE TABLE stations (key INTEGER PRIMARY KEY, identity TEXT NOT NULL, identity_key TEXT NOT NULL);
CREATE INDEX ix_stations ON stations (identity_key);
CREATE TABLE dictionaries (id INTEGER PRIMARY KEY, body BLOB NOT NULL);
"""


class Block:
    """What is written of one block."""

    __slots__ = (
        "actions",
        "body",
        "deviations",
        "epoch",
        "first_at",
        "form",
        "frames",
        "last_at",
        "stations",
    )

    def __init__(
        self,
        *,
        epoch: float,
        first_at: float,
        last_at: float,
        frames: int,
        deviations: int,
        actions: str,
        form: int,
        body: bytes,
        stations: set[int],
    ) -> None:
        self.epoch = epoch
        self.first_at = first_at
        self.last_at = last_at
        self.frames = frames
        self.deviations = deviations
        self.actions = actions
        self.form = form
        self.body = body
        self.stations = stations

    @property
    def row(self) -> tuple[float | int | str, ...]:
        """For the table of blocks, without the id."""
        return (
            self.epoch,
            self.first_at,
            self.last_at,
            self.frames,
            self.deviations,
            self.actions,
            self.bytes,
        )

    @property
    def bytes(self) -> int:
        return len(self.body) + OVERHEAD_BYTES + 12 * len(self.stations)


class LogFile:
    """Writes blocks and removes old ones. Of one thread; raises sqlite3.Error."""

    def __init__(self, path: Path) -> None:
        """Opens the file or makes it. One that cannot be used is put aside, and a new one is begun."""
        self.path = path
        try:
            self._connection = _opened(path)
        except sqlite3.DatabaseError as error:
            if isinstance(error, sqlite3.OperationalError) or not path.exists():
                raise
            aside = _put_aside(path)
            log.error("the message log %s cannot be used (%s): kept as %s, begun anew", path, error, aside)
            self._connection = _opened(path)
        run = self._connection.execute
        known = run("SELECT id FROM dictionaries WHERE body = ?", (DICTIONARY,)).fetchone()
        self.dictionary: int = (
            known[0]
            if known
            else run("INSERT INTO dictionaries (body) VALUES (?) RETURNING id", (DICTIONARY,)).fetchone()[0]
        )
        self.oldest_at: float | None = None
        """When the oldest frame that is kept came or went, in seconds since 1970."""
        self._newest: int = run("SELECT coalesce(max(id), 0) FROM blocks").fetchone()[0]
        self.frames, self.bytes = run(
            "SELECT coalesce(sum(frames), 0), coalesce(sum(bytes), 0) FROM blocks"
        ).fetchone()

    def write(self, blocks: list[Block], met: Mapping[int, str]) -> None:
        """Add blocks, and the identities of charge points; all of it or nothing.

        In few statements: for each of them SQLite lets go of the interpreter's lock, and waits for it after.
        """
        run = self._connection.execute
        run("BEGIN IMMEDIATE")
        try:
            self._add("stations", [(key, identity, folded(identity)) for key, identity in met.items()])
            numbered = list(enumerate(blocks, self._newest + 1))
            self._add("blocks", [(number, *block.row) for number, block in numbered])
            self._add(
                "bodies", [(number, self.dictionary, block.form, block.body) for number, block in numbered]
            )
            self._add(
                "of_station", [(station, number) for number, block in numbered for station in block.stations]
            )
            run("COMMIT")
        except BaseException:
            self._connection.rollback()
            raise
        for block in blocks:
            self.frames += block.frames
            self.bytes += block.bytes
        self._newest += len(blocks)

    def _add(self, table: str, rows: Sequence[tuple[object, ...]]) -> None:
        if not rows:
            return
        width = len(rows[0])
        most = _MOST_VALUES // width
        for start in range(0, len(rows), most):
            part = rows[start : start + most]
            places = ",".join([f"({','.join('?' * width)})"] * len(part))
            sql = f"INSERT OR REPLACE INTO {table} VALUES {places}"  # noqa: S608 - names of this module
            self._connection.execute(sql, tuple(chain.from_iterable(part)))

    def discard(self, *, before: float, most_bytes: int, at_most: int) -> int:
        """Remove the oldest blocks: those that ended before (seconds since 1970), and what is too much.

        Not more than `at_most`, and never the newest, for ids go on from there; how many it were.
        """
        run = self._connection.execute
        doomed: list[int] = []
        frames = freed = 0
        oldest = run(
            "SELECT id, first_at, last_at, frames, bytes FROM blocks ORDER BY id LIMIT ?", (at_most + 1,)
        )
        for block, first_at, last_at, count, size in oldest.fetchall():
            self.oldest_at = first_at
            enough = last_at >= before and self.bytes - freed <= most_bytes
            if enough or block == self._newest or len(doomed) == at_most:
                break
            doomed.append(block)
            frames += count
            freed += size
        if not doomed:
            return 0
        run("BEGIN IMMEDIATE")
        try:
            # By key, or each removal would go through the whole table.
            run(
                "DELETE FROM of_station WHERE station IN (SELECT key FROM stations)"
                " AND block BETWEEN ? AND ?",
                (doomed[0], doomed[-1]),
            )
            for table in ("bodies", "blocks"):
                run(f"DELETE FROM {table} WHERE id BETWEEN ? AND ?", (doomed[0], doomed[-1]))  # noqa: S608
            run("COMMIT")
        except BaseException:
            self._connection.rollback()
            raise
        self.frames -= frames
        self.bytes -= freed
        return len(doomed)

    def close(self) -> None:
        self._connection.close()


def _opened(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=5)
    try:
        run = connection.execute
        # After a power cut the last seconds may be missing; nothing else is.
        run("PRAGMA journal_mode = WAL")
        run("PRAGMA synchronous = NORMAL")
        run("PRAGMA wal_autocheckpoint = 4000")
        form = run("PRAGMA user_version").fetchone()[0]
        if form == 0:
            connection.executescript(f"BEGIN; {_TABLES} PRAGMA user_version = {FORM}; COMMIT;")
        elif form != FORM:
            raise sqlite3.DatabaseError(f"its tables have the form {form}, not {FORM}")
    except BaseException:
        connection.close()
        raise
    return connection


def _put_aside(path: Path) -> Path:
    number = 1
    while (aside := path.with_name(f"{path.name}.unusable-{number}")).exists():
        number += 1
    for ending in ("", "-wal", "-shm"):
        part = path.with_name(path.name + ending)
        if part.exists():
            part.rename(aside.with_name(aside.name + ending))
    return aside
