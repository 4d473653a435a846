"""What the event loop hands to the inspector's process."""

import asyncio
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest

from voltline.central.domain.stations import StationKey
from voltline.central.inspecting import live
from voltline.central.inspecting.pipe import LENGTH, OPENED, Batch
from voltline.central.settings import InspectionSettings


class Process:
    """Takes batches, says nothing, and ends when its pipe does."""

    def __init__(self) -> None:
        self.stdin = self
        self.stdout = asyncio.StreamReader()
        self.taken: asyncio.Queue[bytes] = asyncio.Queue()

    def write(self, packed: bytes) -> None:
        self.taken.put_nowait(packed[LENGTH:])

    def close(self) -> None:
        self.stdout.feed_eof()

    async def wait(self) -> int:
        return 0


class NoWriter:
    """Of a database that is out of reach."""

    healthy = False


async def test_where_nothing_is_said_the_process_is_told_that_time_has_passed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    process = Process()

    async def started(*_: object, **__: object) -> Process:
        return process

    monkeypatch.setattr(asyncio, "create_subprocess_exec", started)
    monkeypatch.setattr(live, "HAND_OVER_S", 0.001)
    monkeypatch.setattr(live, "TIME_PERIOD_S", 0.0)
    writer: Any = NoWriter()
    inspection = live.LiveInspection(InspectionSettings(), writer, now=lambda: datetime.now(UTC))
    inspection.connected(StationKey(7), "CP7", "192.0.2.7")
    await process.taken.get()  # the order
    decode = msgspec.msgpack.Decoder(Batch).decode
    batches = []
    while len(batches) < 2 or batches[-1].entries or not any(one.entries for one in batches):
        batches.append(decode(await process.taken.get()))
    await inspection.close()
    (first,) = [one for one in batches if one.entries]
    assert [(key, sort) for key, _, sort, _ in first.entries] == [(7, OPENED)]
    assert first.entries[0][1] <= first.now <= batches[-1].now
