"""Many messages, one commit: a writer's thread that takes everything that waits as one transaction."""

from __future__ import annotations

import asyncio
import logging
import threading
from bisect import bisect_left
from collections import deque
from collections.abc import Callable
from time import perf_counter
from typing import Any, Protocol, TypeVar, TypeVarTuple

import msgspec
from msgspec import Struct

from voltline.base.promise import Promise
from voltline.central.services.ports import UnitOfWork, WriterClosed

log = logging.getLogger(__name__)

T = TypeVar("T")
Ts = TypeVarTuple("Ts")

Job = tuple[asyncio.Future[Any] | Promise[Any], Callable[..., Any], tuple[Any, ...]]


class Store(Protocol):
    """A database, as much of it as a writer needs. All calls come from the writer's thread."""

    def begin(self) -> UnitOfWork:
        """Start a transaction."""
        ...

    def flush(self) -> None:
        """Send what the unit of work has held back."""
        ...

    def commit(self) -> None:
        """Make it durable."""
        ...

    def rollback(self) -> None:
        """Forget everything since `begin`; never raises."""
        ...

    def is_outage(self, error: Exception) -> bool:
        """True if the database may be to blame, rather than what was written."""
        ...

    def was_committed(self) -> bool:
        """After `commit` raised: whether it took place all the same. Raises while nobody can tell."""
        ...

    def recovered(self) -> None:
        """Told after the first commit that succeeds after an outage."""
        ...

    def close(self) -> None: ...


_CROWD = 16
"""A batch of so many works is one under load."""
_ENOUGH = 100
"""So many works are worth a batch of their own: more would hardly make them cheaper."""
BATCH_BOUNDS = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000)
COMMIT_BOUNDS_S = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)


class Statistics(Struct):
    """What a writer has done; read from any thread."""

    batches: int = 0
    works: int = 0
    failed: int = 0
    """Works that raised; the rest of their batch was not harmed."""
    outages: int = 0
    last_batch_size: int = 0
    last_batch_s: float = 0.0
    """From the first work's turn until the commit, in seconds."""
    busy_s: float = 0.0
    """All of the batches together, in seconds."""
    sizes: list[int] = msgspec.field(default_factory=lambda: [0] * (len(BATCH_BOUNDS) + 1))
    """How many batches were of up to each size of BATCH_BOUNDS and above the one before; the last: larger."""
    durations: list[int] = msgspec.field(default_factory=lambda: [0] * (len(COMMIT_BOUNDS_S) + 1))
    """The same of how long they took."""

    def batch(self, size: int, seconds: float) -> None:
        """Count one that was committed."""
        self.batches += 1
        self.works += size
        self.last_batch_size = size
        self.last_batch_s = seconds
        self.busy_s += seconds
        self.sizes[bisect_left(BATCH_BOUNDS, size)] += 1
        self.durations[bisect_left(COMMIT_BOUNDS_S, seconds)] += 1


class _GivenUp(Exception):
    """The writer was told to stop while the database was out of reach."""


class _Held(Exception):
    """An attempt failed for want of the database."""


class _Poisoned(Exception):
    """An attempt failed because of one of its works."""

    def __init__(self, cause: Exception, index: int | None) -> None:
        super().__init__(cause)
        self.cause = cause
        self.index = index  # of the work that raised; None: it was not while one ran


class GroupCommit:
    """Runs works on one thread, in the order of submission, many to a transaction.

    - A work's future is resolved after the commit of its batch; the futures of a batch by one call
      into the event loop.
    - If a work raises, or what it wrote is refused, the batch is rolled back and run again in parts,
      so that only this work fails.
    - While the database is out of reach, the batch is held and tried again, for ever: nobody is told
      that a message failed because a disk was full. Watch `healthy` and `waiting`.

    `interval_s` is the least time between the beginnings of two batches while many works come, unless
    enough have come before: it makes batches larger at the price of so much latency. A work that comes
    among few is never delayed.
    """

    def __init__(
        self,
        store: Store,
        *,
        largest_batch: int = 1000,
        interval_s: float = 0.0,
        first_retry_s: float = 0.05,
        longest_retry_s: float = 2.0,
    ) -> None:
        self.statistics = Statistics()
        self._store = store
        self._largest_batch = largest_batch
        self._interval_s = interval_s
        self._first_retry_s = first_retry_s
        self._longest_retry_s = longest_retry_s
        self._queue: deque[Job] = deque()
        self._running = 0
        self._awake = True
        self._waking = False
        self._wake = threading.Event()
        self._closing = False
        self._give_up = threading.Event()
        self._pausing = False
        self._enough = threading.Event()
        self._last_error: str | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._ended: asyncio.Future[None] | None = None

    def start(self) -> None:
        """Start the thread; call it in the event loop that the futures belong to."""
        self._loop = asyncio.get_running_loop()
        self._ended = self._loop.create_future()
        self._thread = threading.Thread(target=self._main, name="voltline-writer", daemon=True)
        self._thread.start()

    def submit(self, work: Callable[[UnitOfWork, *Ts], T], *args: *Ts) -> asyncio.Future[T]:
        """See `services.ports.Writer.submit`."""
        if self._closing or self._loop is None:
            raise WriterClosed("the database's writer is not running")
        future: asyncio.Future[T] = self._loop.create_future()
        self._put((future, work, args))
        return future

    def promise(self, work: Callable[[UnitOfWork, *Ts], T], *args: *Ts) -> Promise[T]:
        """See `services.ports.Writer.promise`."""
        if self._closing or self._loop is None:
            raise WriterClosed("the database's writer is not running")
        promise: Promise[T] = Promise()
        self._put((promise, work, args))
        return promise

    def _put(self, job: Job) -> None:
        self._queue.append(job)
        if not self._awake and not self._waking:
            self._waking = True
            assert self._loop is not None
            self._loop.call_soon(self._wake_up)
        elif self._pausing and len(self._queue) >= _ENOUGH:
            self._pausing = False
            self._enough.set()

    def _wake_up(self) -> None:
        # Not before the event loop has looked at all that came at the same time: it goes into one batch.
        self._waking = False
        # The thread says that it sleeps before it looks at the queue for the last time, so one of
        # the two notices the other.
        self._awake = True
        self._wake.set()

    @property
    def waiting(self) -> int:
        return len(self._queue) + self._running

    @property
    def healthy(self) -> bool:
        return self._last_error is None

    @property
    def last_error(self) -> str | None:
        return self._last_error

    async def close(self, timeout_s: float = 10.0) -> int:
        """Finish what was submitted and end the thread; how many works were left undone.

        Works are left undone only if the database stays out of reach for `timeout_s`. Their futures
        are cancelled: nobody may be told that these messages were stored, or that they failed.
        """
        self._closing = True
        if self._ended is None:
            return 0
        self._wake.set()
        self._enough.set()
        done, _ = await asyncio.wait([self._ended], timeout=timeout_s)
        if not done:
            self._give_up.set()
            await self._ended
        left = list(self._queue)
        self._queue.clear()
        return sum(future.cancel() for future, _, _ in left)

    # From here on: the writer's thread.

    def _main(self) -> None:
        assert self._loop is not None
        try:
            self._run_batches()
        except _GivenUp:
            log.error("the database stayed out of reach; %d messages were not stored", len(self._queue))
        finally:
            self._store.close()
            self._in_loop(self._finish)

    def _run_batches(self) -> None:
        queue = self._queue
        began = -self._interval_s
        crowded = False
        while True:
            if not queue and not self._sleep_until_work():
                return
            pause = began + self._interval_s - perf_counter()
            if crowded and pause > 0 and not self._closing:
                self._pause(pause)
            began = perf_counter()
            batch = [queue.popleft() for _ in range(min(len(queue), self._largest_batch))]
            self._running = len(batch)
            crowded = len(batch) >= _CROWD
            try:
                self._run(batch)
            except _GivenUp:
                queue.extendleft(reversed(batch))
                raise
            finally:
                self._running = 0

    def _pause(self, seconds: float) -> None:
        """Let more works come."""
        self._enough.clear()
        self._pausing = True
        if len(self._queue) < _ENOUGH:
            self._enough.wait(seconds)
        self._pausing = False

    def _sleep_until_work(self) -> bool:
        """False: there is none, and there will be none."""
        while not self._queue:
            if self._closing:
                return False
            self._awake = False
            if not self._queue and not self._closing:
                self._wake.wait()
            self._wake.clear()
            self._awake = True
        return True

    def _run(self, batch: list[Job]) -> None:
        """Run a batch to its end; where a work spoils it, in ever smaller parts, in order."""
        parts = [batch]
        while parts:
            part = parts.pop()
            began = perf_counter()
            try:
                results = self._persist(part)
            except _Poisoned as poisoned:
                if len(part) == 1:
                    self.statistics.failed += 1
                    self._in_loop(_fail, part[0][0], poisoned.cause)
                else:
                    parts.extend(reversed(_split(part, poisoned.index)))
                continue
            self.statistics.batch(len(part), perf_counter() - began)
            self._in_loop(_resolve, part, results)

    def _persist(self, part: list[Job]) -> list[Any]:
        """The results of these works, once they are durable; holds on while the database is away."""
        delay = self._first_retry_s
        while True:
            try:
                results = self._attempt(part)
            except _Held as held:
                cause = held.__cause__
                assert isinstance(cause, Exception)
                self._note_outage(cause, len(part))
                if self._give_up.wait(delay):
                    raise _GivenUp from cause
                delay = min(delay * 2, self._longest_retry_s)
            else:
                if self._last_error is not None:
                    log.info("the database takes messages again; %d wait for it", self.waiting)
                    self._last_error = None
                    self._store.recovered()
                return results

    def _attempt(self, part: list[Job]) -> list[Any]:
        store = self._store
        results: list[Any] = []
        add = results.append
        try:
            unit = store.begin()
            for _, work, args in part:
                add(work(unit, *args))
            store.flush()
        except Exception as error:
            store.rollback()
            if store.is_outage(error):
                raise _Held from error
            raise _Poisoned(error, len(results) if len(results) < len(part) else None) from error
        try:
            store.commit()
        except Exception as error:
            store.rollback()
            if not store.is_outage(error):
                raise _Poisoned(error, None) from error
            if not self._took_place(error, len(part)):
                raise _Held from error
        return results

    def _took_place(self, error: Exception, size: int) -> bool:
        """A commit whose answer was lost: did it take place? Asks until the database can tell."""
        delay = self._first_retry_s
        while True:
            self._note_outage(error, size)
            try:
                return self._store.was_committed()
            except Exception as unknown:
                if not self._store.is_outage(unknown):
                    raise
                error = unknown
            if self._give_up.wait(delay):
                raise _GivenUp from error
            delay = min(delay * 2, self._longest_retry_s)

    def _note_outage(self, error: Exception, size: int) -> None:
        text = _one_line(error)
        if self._last_error is None:
            self.statistics.outages += 1
            log.info("%d messages are held until the database takes them: %s", size, text)
        self._last_error = text

    def _in_loop(self, callback: Callable[..., None], *args: Any) -> None:
        assert self._loop is not None
        try:
            self._loop.call_soon_threadsafe(callback, *args)
        except RuntimeError:
            # The loop was closed without closing this writer. The work is stored; nobody is left to tell.
            log.warning("the event loop is closed; answers to stored messages were dropped")

    def _finish(self) -> None:
        assert self._ended is not None
        if not self._ended.done():
            self._ended.set_result(None)


def _split(part: list[Job], index: int | None) -> list[list[Job]]:
    """Around the work that raised; in halves where nobody knows which one it was."""
    if index is None:
        middle = len(part) // 2
        return [part[:middle], part[middle:]]
    return [piece for piece in (part[:index], part[index : index + 1], part[index + 1 :]) if piece]


def _resolve(part: list[Job], results: list[Any]) -> None:
    for (future, _, _), result in zip(part, results, strict=True):
        if not future.done():
            future.set_result(result)


def _fail(future: asyncio.Future[Any] | Promise[Any], error: Exception) -> None:
    if not future.done():
        # A future takes any exception but this one.
        future.set_exception(RuntimeError("StopIteration") if isinstance(error, StopIteration) else error)


def _one_line(error: Exception) -> str:
    return str(getattr(error, "orig", None) or error).strip().split("\n")[0] or type(error).__name__
