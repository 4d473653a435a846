"""What keeping every frame costs: processor time a frame, by the form in which frames are kept.

Frames as of a fleet (MeterValues with 4 sampled values, Heartbeats, and the answers) are handed over a
second's worth at a time, as the log does, and written to a SQLite file of its own.

    .venv/bin/python benchmarks/message_log.py --stations 200 --rate 32000
"""

from __future__ import annotations

import argparse
import asyncio
import sqlite3
import statistics
import tempfile
import time
import zlib
from collections.abc import Callable, Iterator
from functools import partial
from itertools import chain
from pathlib import Path

import msgspec

from voltline.central.domain.stations import StationKey
from voltline.central.storage.message_log.packing import DICTIONARY
from voltline.central.storage.message_log.writing import MessageLog, Retention

Frame = tuple[float, int, str, str]
Keep = Callable[[sqlite3.Connection, list[Frame]], None]

_CALL = (
    '[2,"%012d","MeterValues",{"connectorId":1,"transactionId":%d,"meterValue":['
    '{"timestamp":"2026-01-01T00:%02d:%02dZ","sampledValue":['
    '{"value":"%d","context":"Sample.Periodic","measurand":"Energy.Active.Import.Register","unit":"Wh"},'
    '{"value":"7360.0","context":"Sample.Periodic","measurand":"Power.Active.Import","unit":"W"},'
    '{"value":"32.0","context":"Sample.Periodic","measurand":"Current.Import","unit":"A","phase":"L1"},'
    '{"value":"230.1","context":"Sample.Periodic","measurand":"Voltage","unit":"V","phase":"L1-N"}]}]}]'
)


def traffic(stations: int, frames: int) -> Iterator[Frame]:
    """Of each five messages of a station four are MeterValues and one is a Heartbeat."""
    for number in range(frames // 2):
        station, at = number % stations, number / frames * 2
        if number // stations % 5:
            yield (
                at,
                station,
                "in",
                _CALL % (number, station, number // 60 % 60, number % 60, number * 7),
            )
            yield at + 0.003, station, "out", f'[3,"{number:012d}",{{}}]'
        else:
            yield at, station, "in", f'[2,"{number:012d}","Heartbeat",{{}}]'
            yield at, station, "out", f'[3,"{number:012d}",{{"currentTime":"2026-01-01T00:00:00.000Z"}}]'


def row_a_frame(connection: sqlite3.Connection, frames: list[Frame]) -> None:
    connection.executemany("INSERT INTO frames (at, station, direction, text) VALUES (?, ?, ?, ?)", frames)


def many_rows_a_statement(connection: sqlite3.Connection, frames: list[Frame]) -> None:
    for start in range(0, len(frames), 128):
        part = frames[start : start + 128]
        places = ", ".join(["(?, ?, ?, ?)"] * len(part))
        connection.execute(
            f"INSERT INTO frames (at, station, direction, text) VALUES {places}",
            tuple(chain.from_iterable(part)),
        )


_pack = msgspec.msgpack.Encoder().encode


def block_a_station(connection: sqlite3.Connection, frames: list[Frame]) -> None:
    of_station: dict[int, list[Frame]] = {}
    for frame in frames:
        of_station.setdefault(frame[1], []).append(frame)
    rows = [
        (station, some[0][0], some[-1][0], _deflated(_pack(some))) for station, some in of_station.items()
    ]
    for start in range(0, len(rows), 128):
        part = rows[start : start + 128]
        places = ", ".join(["(?, ?, ?, ?)"] * len(part))
        connection.execute(
            f"INSERT INTO blocks (station, first_at, last_at, body) VALUES {places}",
            tuple(chain.from_iterable(part)),
        )


def mixed_blocks(connection: sqlite3.Connection, frames: list[Frame], *, deflate: bool = False) -> None:
    blocks = [frames[start : start + 1000] for start in range(0, len(frames), 1000)]
    first = connection.execute("SELECT coalesce(max(id), 0) + 1 FROM blocks").fetchone()[0]
    index = []
    for number, some in enumerate(blocks, first):
        body = _pack(some)
        connection.execute(
            "INSERT INTO blocks (id, first_at, last_at, body) VALUES (?, ?, ?, ?)",
            (number, some[0][0], some[-1][0], _deflated(body) if deflate else body),
        )
        index += [(station, number) for station in {frame[1] for frame in some}]
    for start in range(0, len(index), 10_000):
        part = index[start : start + 10_000]
        connection.execute(
            f"INSERT INTO of_station VALUES {', '.join(['(?, ?)'] * len(part))}",
            tuple(chain.from_iterable(part)),
        )


def _deflated(body: bytes) -> bytes:
    deflate = zlib.compressobj(1, zdict=DICTIONARY)
    return deflate.compress(body) + deflate.flush()


FORMS: dict[str, Keep] = {
    "a row a frame, executemany": row_a_frame,
    "a row a frame, 128 rows a statement": many_rows_a_statement,
    "a block a station and second, deflated": block_a_station,
    "a block of 1,000 frames": mixed_blocks,
    "a block of 1,000 frames, deflated": partial(mixed_blocks, deflate=True),
}


def cost(keep: Keep, seconds: list[list[Frame]]) -> tuple[float, float]:
    """Microseconds of processor time and bytes on disk, a frame."""
    with tempfile.TemporaryDirectory(prefix="voltline-bench-") as folder:
        path = Path(folder) / "messages.db"
        connection = sqlite3.connect(path, isolation_level=None)
        connection.executescript(
            """
            PRAGMA journal_mode = WAL;
            PRAGMA synchronous = NORMAL;
            CREATE TABLE frames (
                id INTEGER PRIMARY KEY, at REAL, station INTEGER, direction TEXT, text TEXT
            );
            CREATE INDEX ix_frames ON frames (station, id);
            CREATE TABLE blocks (
                id INTEGER PRIMARY KEY, station INTEGER, first_at REAL, last_at REAL, body BLOB
            );
            CREATE INDEX ix_blocks ON blocks (station, id);
            CREATE TABLE of_station (
                station INTEGER, block INTEGER, PRIMARY KEY (station, block)
            ) WITHOUT ROWID;
            """
        )
        began = time.process_time()
        for frames in seconds:
            connection.execute("BEGIN")
            keep(connection, frames)
            connection.execute("COMMIT")
        took = time.process_time() - began
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        size = path.stat().st_size
        connection.close()
    count = sum(map(len, seconds))
    return took / count * 1e6, size / count


def cost_of_the_log(seconds: list[list[Frame]]) -> tuple[float, float]:
    """The same for the log as it is, event loop and thread together."""
    with tempfile.TemporaryDirectory(prefix="voltline-bench-") as folder:
        path = Path(folder) / "messages.db"
        took = asyncio.run(_logged(path, seconds))
        count = sum(map(len, seconds))
        return took / count * 1e6, path.stat().st_size / count


async def _logged(path: Path, seconds: list[list[Frame]]) -> float:
    log = MessageLog(path, retention=Retention(days=1, most_bytes=2**40))
    log.start()
    began = time.process_time()
    for frames in seconds:
        for half in (frames[: len(frames) // 2], frames[len(frames) // 2 :]):
            for _, station, direction, text in half:
                log.frame(StationKey(station), direction, text)
            await log.flush()
    took = time.process_time() - began
    await log.close()
    return took


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--stations", type=int, default=200)
    parser.add_argument("--rate", type=int, default=32_000, help="frames a second")
    parser.add_argument("--seconds", type=int, default=3)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    seconds = [list(traffic(options.stations, options.rate)) for _ in range(options.seconds)]
    measured: dict[str, Callable[[], tuple[float, float]]] = {
        name: partial(cost, keep, seconds) for name, keep in FORMS.items()
    }
    measured["the message log as it is, all in"] = partial(cost_of_the_log, seconds)
    for name, run in measured.items():
        costs = [run() for _ in range(options.rounds)]
        print(
            f"{name:40} {statistics.median(one[0] for one in costs):6.2f} us {costs[0][1]:6.0f} bytes a frame"
        )


if __name__ == "__main__":
    main()
