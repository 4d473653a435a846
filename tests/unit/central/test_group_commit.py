"""The writer's thread against a database that does as it is told."""

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from voltline.central.services.ports import UnitOfWork, WriterClosed
from voltline.central.storage.group_commit import GroupCommit


class Outage(Exception):
    """The database is out of reach."""


class Poison(Exception):
    """What was written is refused."""


class FakeStore:
    """Keeps a list of durable things. `troubles` are raised, one a call, by the step they name."""

    def __init__(self) -> None:
        self.durable: list[Any] = []
        self.batches: list[list[Any]] = []
        self.attempts: list[list[Any]] = []
        self.troubles: dict[str, list[Exception | None]] = {}
        self.refused: set[Any] = set()
        self.gone = threading.Event()
        self.committed_before_the_answer_was_lost = False
        self.recoveries = 0
        self.closed = False
        self._open: list[Any] = []

    # what works do

    def add(self, thing: Any) -> Any:
        self._open.append(thing)
        return thing

    # Store

    def begin(self) -> Any:
        self._open = []
        self._trouble("begin")
        return self

    def flush(self) -> None:
        self.attempts.append(list(self._open))
        self._trouble("flush")
        if self.refused & set(self._open):
            raise Poison("refused")

    def commit(self) -> None:
        if self.committed_before_the_answer_was_lost:
            self._keep()
        self._trouble("commit")
        if not self.committed_before_the_answer_was_lost:
            self._keep()

    def _keep(self) -> None:
        self.durable += self._open
        self.batches.append(list(self._open))

    def rollback(self) -> None:
        self._open = []

    def is_outage(self, error: Exception) -> bool:
        return isinstance(error, Outage)

    def was_committed(self) -> bool:
        self._trouble("was_committed")
        return self.committed_before_the_answer_was_lost

    def recovered(self) -> None:
        self.recoveries += 1

    def close(self) -> None:
        self.closed = True

    def _trouble(self, step: str) -> None:
        if self.gone.is_set():
            raise Outage("gone")
        troubles = self.troubles.get(step)
        if troubles and (trouble := troubles.pop(0)):
            raise trouble


def add(unit: Any, thing: Any) -> Any:
    return unit.add(thing)


def fail(unit: Any, error: Exception) -> Any:
    unit.add("never")
    raise error


@asynccontextmanager
async def writing(store: FakeStore, **options: Any) -> AsyncIterator[GroupCommit]:
    writer = GroupCommit(store, first_retry_s=0.001, longest_retry_s=0.002, **options)
    writer.start()
    try:
        yield writer
    finally:
        store.gone.clear()
        await writer.close()


@pytest.fixture
def store() -> FakeStore:
    return FakeStore()


class Gate:
    """A work that occupies the thread until it is opened, so that what follows forms one batch."""

    def __init__(self, writer: GroupCommit) -> None:
        self._entered = threading.Event()
        self._opened = threading.Event()
        self.future = writer.submit(self._wait)

    def _wait(self, unit: UnitOfWork) -> None:
        self._entered.set()
        self._opened.wait()

    async def entered(self) -> None:
        await asyncio.to_thread(self._entered.wait)

    def open(self) -> None:
        self._opened.set()


async def gated(writer: GroupCommit) -> Gate:
    gate = Gate(writer)
    await gate.entered()
    return gate


async def test_result_is_given_after_the_commit(store: FakeStore) -> None:
    async with writing(store) as writer:
        assert await writer.submit(add, 1) == 1
        assert store.durable == [1]


async def test_everything_that_waits_is_one_batch_in_order(store: FakeStore) -> None:
    async with writing(store) as writer:
        gate = await gated(writer)
        futures = [writer.submit(add, number) for number in range(500)]
        assert writer.waiting == 501
        gate.open()
        assert await asyncio.gather(*futures) == list(range(500))
        assert store.batches == [[], list(range(500))]
        assert writer.waiting == 0
        assert writer.statistics.last_batch_size == 500
        assert writer.statistics.works == 501
        assert writer.statistics.batches == 2
        assert writer.statistics.busy_s >= writer.statistics.last_batch_s > 0


async def test_batch_is_not_larger_than_allowed(store: FakeStore) -> None:
    async with writing(store, largest_batch=10) as writer:
        gate = await gated(writer)
        futures = [writer.submit(add, number) for number in range(25)]
        gate.open()
        await asyncio.gather(*futures)
    assert [len(batch) for batch in store.batches[1:]] == [10, 10, 5]


@pytest.mark.parametrize("poisoned", [{0}, {9}, {4}, {0, 1, 2}, {3, 7}, set(range(10))])
async def test_work_that_raises_fails_alone(store: FakeStore, poisoned: set[int]) -> None:
    async with writing(store) as writer:
        gate = await gated(writer)
        futures = [
            writer.submit(fail, Poison(str(number))) if number in poisoned else writer.submit(add, number)
            for number in range(10)
        ]
        gate.open()
        outcomes = await asyncio.gather(*futures, return_exceptions=True)
    for number, outcome in enumerate(outcomes):
        if number in poisoned:
            assert isinstance(outcome, Poison)
            assert str(outcome) == str(number)
        else:
            assert outcome == number
    assert store.durable == [number for number in range(10) if number not in poisoned]
    assert writer.statistics.failed == len(poisoned)
    assert writer.healthy


@pytest.mark.parametrize("poisoned", [{0}, {99}, {50, 51}, {3, 60, 61, 98}])
async def test_work_whose_writing_is_refused_later_fails_alone(store: FakeStore, poisoned: set[int]) -> None:
    store.refused = set(poisoned)
    async with writing(store) as writer:
        gate = await gated(writer)
        futures = [writer.submit(add, number) for number in range(100)]
        gate.open()
        outcomes = await asyncio.gather(*futures, return_exceptions=True)
    assert {number for number, outcome in enumerate(outcomes) if isinstance(outcome, Poison)} == poisoned
    assert store.durable == [number for number in range(100) if number not in poisoned]


async def test_one_poisoned_work_does_not_make_the_batch_run_one_by_one(store: FakeStore) -> None:
    async with writing(store) as writer:
        gate = await gated(writer)
        futures = [writer.submit(add, number) for number in range(400)]
        futures.append(writer.submit(fail, Poison()))
        futures += [writer.submit(add, number) for number in range(400, 800)]
        gate.open()
        await asyncio.gather(*futures, return_exceptions=True)
    assert [len(batch) for batch in store.batches] == [0, 400, 400]


@pytest.mark.parametrize("step", ["begin", "flush", "commit"])
async def test_outage_holds_the_batch_and_nobody_is_told_of_a_failure(store: FakeStore, step: str) -> None:
    store.troubles[step] = [None, Outage("no"), Outage("no"), Outage("no")]
    async with writing(store) as writer:
        await writer.submit(add, "before")
        assert await asyncio.gather(*[writer.submit(add, number) for number in range(3)]) == [0, 1, 2]
        assert store.durable == ["before", 0, 1, 2]
        assert writer.healthy
        assert writer.last_error is None
        assert writer.statistics.outages == 1
        assert writer.statistics.failed == 0
        assert store.recoveries == 1


async def test_outage_shows_while_it_lasts_and_works_wait(store: FakeStore) -> None:
    async with writing(store) as writer:
        store.gone.set()
        future = writer.submit(add, 1)
        await until(lambda: not writer.healthy)
        assert writer.last_error == "gone"
        assert writer.waiting == 1
        assert not future.done()
        store.gone.clear()
        assert await future == 1
        assert writer.healthy


async def test_commit_whose_answer_was_lost_is_not_done_twice(store: FakeStore) -> None:
    store.committed_before_the_answer_was_lost = True
    store.troubles["commit"] = [Outage("connection lost")]
    store.troubles["was_committed"] = [Outage("still lost"), Outage("still lost")]
    async with writing(store) as writer:
        assert await writer.submit(add, 1) == 1
    assert store.durable == [1]


async def test_closing_finishes_what_was_submitted(store: FakeStore) -> None:
    writer = GroupCommit(store)
    writer.start()
    gate = await gated(writer)
    futures = [writer.submit(add, number) for number in range(10)]
    gate.open()
    assert await writer.close() == 0
    assert store.durable == list(range(10))
    assert store.closed
    assert [future.result() for future in futures] == list(range(10))
    with pytest.raises(WriterClosed):
        writer.submit(add, 11)


async def test_closing_during_an_outage_gives_up_and_tells_nobody_anything(store: FakeStore) -> None:
    writer = GroupCommit(store)
    writer.start()
    store.gone.set()
    futures = [writer.submit(add, number) for number in range(3)]
    await until(lambda: not writer.healthy)
    assert await writer.close(timeout_s=0.01) == 3
    assert all(future.cancelled() for future in futures)
    assert store.durable == []


async def test_work_whose_asker_went_away_is_done_all_the_same(store: FakeStore) -> None:
    async with writing(store) as writer:
        gate = await gated(writer)
        gone = writer.submit(add, 1)
        stays = writer.submit(add, 2)
        gone.cancel()
        gate.open()
        assert await stays == 2
    assert store.durable == [1, 2]


async def test_writer_that_was_never_started_takes_nothing(store: FakeStore) -> None:
    writer = GroupCommit(store)
    with pytest.raises(WriterClosed):
        writer.submit(add, 1)
    assert await writer.close() == 0


async def test_many_works_are_stored_in_batches_that_begin_no_closer_than_the_interval(
    store: FakeStore,
) -> None:
    async with writing(store, interval_s=0.02) as writer:
        loop = asyncio.get_running_loop()
        began = loop.time()
        for first in range(0, 60, 20):
            await asyncio.gather(*(writer.submit(add, number) for number in range(first, first + 20)))
        assert loop.time() - began >= 0.04
        assert store.durable == list(range(60))


async def test_enough_works_do_not_wait_for_the_interval(store: FakeStore) -> None:
    async with writing(store, interval_s=30) as writer:
        for first in (0, 200, 400):
            works = (writer.submit(add, number) for number in range(first, first + 200))
            await asyncio.wait_for(asyncio.gather(*works), 20)
    assert store.durable == list(range(600))


async def test_crowd_does_not_hold_up_the_end(store: FakeStore) -> None:
    async with writing(store, interval_s=30) as writer:
        await asyncio.gather(*(writer.submit(add, number) for number in range(20)))
        late = writer.submit(add, 20)
        assert await asyncio.wait_for(writer.close(), 20) == 0
        assert late.done()


async def test_works_among_few_are_never_delayed_by_the_interval(store: FakeStore) -> None:
    async with writing(store, interval_s=30) as writer:
        for number in range(40):
            await asyncio.wait_for(writer.submit(add, number), 20)
    assert store.durable == list(range(40))


async def test_no_work_is_forgotten_between_sleeping_and_waking(store: FakeStore) -> None:
    async with writing(store) as writer:
        for number in range(2000):
            await writer.submit(add, number)
    assert store.durable == list(range(2000))


async def test_stop_iteration_from_a_work_reaches_its_asker(store: FakeStore) -> None:
    def empty(unit: UnitOfWork) -> None:
        nothing: Iterator[int] = iter(())
        next(nothing)

    async with writing(store) as writer:
        with pytest.raises(RuntimeError):
            await writer.submit(empty)


async def until(holds: Callable[[], bool]) -> None:
    while not holds():
        await asyncio.sleep(0)
