"""The end of the stream of events, followed once for all who listen."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections import deque
from collections.abc import AsyncIterator, Callable

import msgspec
from msgspec import Struct

from voltline.base.ids import folded
from voltline.central.domain.events import Event
from voltline.central.services.ports import StorageUnavailable
from voltline.central.services.ports.events import EventQueries

log = logging.getLogger(__name__)

BUFFER_BYTES = 1024 * 1024
"""What may wait for one consumer; one that is slower is disconnected, and can come back for the rest."""
HEARTBEAT_S = 15.0
_RETRY_S = 1.0
_AT_A_TIME = 500
_HEARTBEAT = b": heartbeat\n\n"


class Interest(Struct, frozen=True, kw_only=True):
    """Which events somebody wants; empty: of all kinds, of all charge points."""

    kinds: frozenset[str] = frozenset()
    identity: str | None = None

    def wants(self, event: Event) -> bool:
        if self.kinds and event.kind not in self.kinds:
            return False
        return self.identity is None or (
            event.charge_point is not None and folded(event.charge_point) == folded(self.identity)
        )


class _Gap(Struct, frozen=True):
    """Said to who asks for events that are not kept any more."""

    first_missing: int
    first_kept: int


class _Consumer:
    """Somebody who has been told all that was there, and waits for what comes."""

    __slots__ = ("_chunks", "abort", "closed", "interest", "position", "ready", "waiting_bytes")

    def __init__(self, interest: Interest, position: int, abort: Callable[[], None]) -> None:
        self.interest = interest
        self.position = position
        self.abort = abort
        """Cuts the connection, also one that takes nothing more."""
        self.closed = False
        self.ready = asyncio.Event()
        self.waiting_bytes = 0
        self._chunks: deque[bytes] = deque()

    def offer(self, chunk: bytes) -> bool:
        """False: too much waits already."""
        self.waiting_bytes += len(chunk)
        self._chunks.append(chunk)
        self.ready.set()
        return self.waiting_bytes <= BUFFER_BYTES

    def take(self) -> bytes:
        taken = b"".join(self._chunks)
        self._chunks.clear()
        self.waiting_bytes = 0
        self.ready.clear()
        return taken

    def close(self) -> None:
        self.closed = True
        self.ready.set()


class EventTail:
    """Reads new events once, after each commit that had some, and gives them to all consumers.

    While there is no consumer nothing is read.
    """

    def __init__(self, queries: EventQueries, *, heartbeat_s: float = HEARTBEAT_S) -> None:
        """Make it in the event loop."""
        self._queries = queries
        self._heartbeat_s = heartbeat_s
        self._loop = asyncio.get_running_loop()
        self._woken = asyncio.Event()
        self._consumers: set[_Consumer] = set()
        self._position = 0
        self._closed = False
        self.overrun = 0
        """Consumers that were disconnected because they were too slow."""
        self._task = asyncio.create_task(self._follow(), name="event tail")

    def wake(self) -> None:
        """There are new events. May be called on any thread."""
        # Once the event loop is closed, nobody listens any more.
        with contextlib.suppress(RuntimeError):
            self._loop.call_soon_threadsafe(self._woken.set)

    async def close(self) -> None:
        """End all streams."""
        self._closed = True
        self._task.cancel()
        for consumer in self._consumers:
            consumer.close()
        await asyncio.wait([self._task])

    @property
    def consumers(self) -> int:
        return len(self._consumers)

    async def stream(
        self,
        interest: Interest,
        *,
        newest: int,
        since: int | None,
        abort: Callable[[], None],
        for_s: float | None = None,
    ) -> AsyncIterator[bytes]:
        """Server-sent events: those after the id `since`, then every new one as it comes.

        None: only new ones, after `newest`, the newest that there is. `abort` is called when the consumer is
        too slow. The stream ends after `for_s` seconds.
        """
        deadline = None if for_s is None else self._loop.time() + for_s
        position = newest if since is None else min(since, newest)
        yield b"retry: 2000\n\n"
        if since is not None:
            oldest = await asyncio.to_thread(self._queries.oldest_event)
            if position + 1 < oldest:
                yield _framed("events.gap", msgspec.json.encode(_Gap(position + 1, oldest)), None)
        while True:
            goal = max(newest, self._position if self._consumers else 0)
            if position >= goal or self._closed:
                break  # and no other await until the consumer is among the others: nothing comes between
            events = await asyncio.to_thread(
                self._queries.events,
                after=position,
                up_to=goal,
                kinds=tuple(interest.kinds),
                identity=interest.identity,
                limit=_AT_A_TIME,
            )
            position = events[-1].id if len(events) == _AT_A_TIME else goal
            if events:
                yield b"".join(map(framed, events))
        consumer = _Consumer(interest, position, abort)
        if self._closed:
            return
        if not self._consumers:
            self._position = position
            self._woken.set()
        self._consumers.add(consumer)
        try:
            while True:
                try:
                    async with asyncio.timeout_at(deadline):
                        await consumer.ready.wait()
                except TimeoutError:
                    return
                if consumer.closed:
                    return
                yield consumer.take()
        finally:
            self._consumers.discard(consumer)

    async def _follow(self) -> None:
        next_heartbeat = self._loop.time() + self._heartbeat_s
        while True:
            # Also without being woken: after an outage nobody may know what was committed.
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout_at(next_heartbeat):
                    await self._woken.wait()
            self._woken.clear()
            try:
                await self._read_on()
            except StorageUnavailable as error:
                log.info("events wait: %s", error)
                await asyncio.sleep(_RETRY_S)
                self._woken.set()
            if self._loop.time() >= next_heartbeat:
                next_heartbeat = self._loop.time() + self._heartbeat_s
                for consumer in list(self._consumers):
                    if not consumer.waiting_bytes:
                        consumer.offer(_HEARTBEAT)

    async def _read_on(self) -> None:
        while self._consumers:
            began = self._position
            events = await asyncio.to_thread(self._queries.events, after=began, limit=_AT_A_TIME)
            if self._position != began:
                continue  # all went, and somebody came who stands elsewhere
            for event in events:
                self._tell(event)
            if events:
                self._position = events[-1].id
            if len(events) < _AT_A_TIME:
                return

    def _tell(self, event: Event) -> None:
        chunk = framed(event)
        for consumer in list(self._consumers):
            if event.id > consumer.position and consumer.interest.wants(event) and not consumer.offer(chunk):
                self.overrun += 1
                self._consumers.discard(consumer)
                consumer.close()
                consumer.abort()
                log.warning("a consumer of events was too slow and was disconnected")


def framed(event: Event) -> bytes:
    """An event as a server-sent event; its data is the event as a JSON object on one line."""
    return _framed(event.kind, msgspec.json.encode(event), event.id)


def _framed(kind: str, data: bytes, number: int | None) -> bytes:
    head = b"" if number is None else b"id: %d\n" % number
    return head + b"event: %s\ndata: %s\n\n" % (kind.encode(), data)
