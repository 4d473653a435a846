"""The end of the stream of events: nothing missed, nothing twice, and nobody kept waiting by who is slow."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from typing import Any

import pytest
from msgspec import Raw
from tests.unit.central_api.fakes import NOW

from voltline.central.api import event_tail
from voltline.central.api.event_tail import EventTail, Interest
from voltline.central.domain.events import Event
from voltline.central.services.ports import StorageUnavailable


class Outbox:
    """Events in memory; `before_answer` is done between a question's look at them and its answer."""

    def __init__(self) -> None:
        self.kept: list[Event] = []
        self.newest = 0
        self.failure: Exception | None = None
        self.before_answer: Any = None
        self.reads = 0

    def add(self, kind: str = "a", charge_point: str | None = None, size: int = 0) -> int:
        self.newest += 1
        subject = Raw(json.dumps({"n": self.newest, "fill": "x" * size}).encode())
        self.kept.append(Event(id=self.newest, kind=kind, charge_point=charge_point, at=NOW, subject=subject))
        return self.newest

    def newest_event(self) -> int:
        return self.newest

    def oldest_event(self) -> int:
        return self.kept[0].id if self.kept else 0

    def events(
        self,
        *,
        after: int = 0,
        up_to: int | None = None,
        kinds: Sequence[str] = (),
        identity: str | None = None,
        limit: int = 500,
        **_: Any,
    ) -> tuple[Event, ...]:
        self.reads += 1
        if self.failure is not None:
            raise self.failure
        found = [
            event
            for event in self.kept
            if event.id > after
            and (up_to is None or event.id <= up_to)
            and (not kinds or event.kind in kinds)
            and (identity is None or (event.charge_point or "").lower() == identity.lower())
        ][:limit]
        if self.before_answer is not None:
            self.before_answer()
        return tuple(found)


@pytest.fixture
async def outbox() -> Outbox:
    return Outbox()


@pytest.fixture
async def tail(outbox: Outbox) -> AsyncIterator[EventTail]:
    tail = EventTail(outbox, heartbeat_s=3600)
    yield tail
    await tail.close()


class Follower:
    """Takes a stream apart."""

    def __init__(self, tail: EventTail, newest: int, since: int | None = None, **wanted: Any) -> None:
        self.aborted = 0
        self._stream = tail.stream(
            Interest(**wanted), newest=newest, since=since, abort=self._abort, for_s=None
        )
        self._text = ""

    def _abort(self) -> None:
        self.aborted += 1

    async def chunk(self) -> str:
        async with asyncio.timeout(10):
            return (await anext(self._stream)).decode()  # type: ignore[call-overload, no-any-return]

    async def take(self, count: int) -> list[int]:
        """So many events; their ids."""
        found: list[int] = []
        while len(found) < count:
            while "\n\n" not in self._text:
                self._text += await self.chunk()
            block, _, self._text = self._text.partition("\n\n")
            fields = dict(line.split(": ", 1) for line in block.splitlines() if not line.startswith(":"))
            if "id" in fields:
                assert json.loads(fields["data"])["id"] == int(fields["id"])
                found.append(int(fields["id"]))
            elif "data" in fields:
                found.append(-json.loads(fields["data"])["first_kept"])
        return found

    async def attached(self, tail: EventTail) -> asyncio.Task[list[int]]:
        """Listening for one more event."""
        before = tail.consumers
        task = asyncio.create_task(self.take(1))
        async with asyncio.timeout(10):
            while tail.consumers == before:
                await asyncio.sleep(0)
        return task


async def test_what_comes_while_history_is_told_is_neither_missed_nor_told_twice(
    outbox: Outbox, tail: EventTail
) -> None:
    for _ in range(1200):
        outbox.add()

    def busy() -> None:
        if outbox.newest < 1300:
            outbox.add()
            tail.wake()

    outbox.before_answer = busy
    first, second = Follower(tail, 1200, since=0), Follower(tail, 1200, since=600)
    one, two = await asyncio.gather(first.take(1250), second.take(650))
    assert one == list(range(1, 1251))
    assert two == list(range(601, 1251))


async def test_all_who_listen_share_one_reading(outbox: Outbox, tail: EventTail) -> None:
    followers = [Follower(tail, 0) for _ in range(20)]
    waiting = [await follower.attached(tail) for follower in followers]
    await asyncio.sleep(0.01)
    before = outbox.reads
    outbox.add()
    tail.wake()
    assert await asyncio.gather(*waiting) == [[1]] * 20
    assert outbox.reads - before <= 2


async def test_nothing_is_read_while_nobody_listens(outbox: Outbox, tail: EventTail) -> None:
    for _ in range(10):
        outbox.add()
        tail.wake()
        await asyncio.sleep(0)
    assert outbox.reads == 0


async def test_only_what_is_wanted_is_told(outbox: Outbox, tail: EventTail) -> None:
    follower = Follower(tail, 0, since=0, kinds=frozenset({"a"}), identity="cp1")
    task = await follower.attached(tail)
    for kind, charge_point in (("b", "CP1"), ("a", "CP2"), ("a", None), ("a", "CP1")):
        outbox.add(kind, charge_point)
    tail.wake()
    assert await task == [4]


async def test_who_is_too_slow_is_cut_off_and_the_others_are_not(outbox: Outbox, tail: EventTail) -> None:
    slow = Follower(tail, 0)
    await (await _told_one(outbox, tail, slow))
    quick = Follower(tail, outbox.newest)
    await (await _told_one(outbox, tail, quick))
    told = outbox.newest
    for _ in range(30):
        outbox.add(size=event_tail.BUFFER_BYTES // 20)
        tail.wake()
        assert (await quick.take(1))[0] > 0
    assert outbox.newest == told + 30
    assert (slow.aborted, quick.aborted, tail.overrun, tail.consumers) == (1, 0, 1, 1)
    with pytest.raises(StopAsyncIteration):
        await slow.chunk()


async def _told_one(outbox: Outbox, tail: EventTail, follower: Follower) -> asyncio.Task[list[int]]:
    task = await follower.attached(tail)
    outbox.add()
    tail.wake()
    return task


async def test_who_asks_for_what_is_not_kept_any_more_is_told_so(outbox: Outbox, tail: EventTail) -> None:
    for _ in range(10):
        outbox.add()
    del outbox.kept[:5]
    assert await Follower(tail, 10, since=2).take(3) == [-6, 6, 7]
    assert await Follower(tail, 10, since=5).take(2) == [6, 7]


async def test_an_id_of_the_future_means_only_new_events(outbox: Outbox, tail: EventTail) -> None:
    outbox.add()
    task = await Follower(tail, 1, since=10**9).attached(tail)
    outbox.add()
    tail.wake()
    assert await task == [2]


async def test_an_outage_of_the_database_loses_nobody_an_event(
    outbox: Outbox, tail: EventTail, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(event_tail, "_RETRY_S", 0.01)
    follower = Follower(tail, 0)
    task = await follower.attached(tail)
    outbox.failure = StorageUnavailable("gone")
    outbox.add()
    tail.wake()
    await asyncio.sleep(0.05)
    assert not task.done()
    outbox.failure = None
    assert await task == [1]


async def test_a_quiet_stream_has_heartbeats(outbox: Outbox) -> None:
    tail = EventTail(outbox, heartbeat_s=0.01)
    follower = Follower(tail, 0)
    assert await follower.chunk() == "retry: 2000\n\n"
    assert await follower.chunk() == ": heartbeat\n\n"
    await tail.close()
    with pytest.raises(StopAsyncIteration):
        await follower.chunk()
