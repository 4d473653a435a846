"""Keeping every frame while messages flow: see docs/decisions/0006-message-log.md."""

from __future__ import annotations

import asyncio
import logging
import queue
import sqlite3
import threading
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path

from msgspec import Struct

from voltline.base.clock import Clock, SystemClock
from voltline.central.domain.messages import FrameType, LogFigures, head, quick_action
from voltline.central.domain.stations import StationKey
from voltline.central.storage.message_log.file import Block, LogFile
from voltline.central.storage.message_log.packing import DEVIATED, DICTIONARY, Entry, packed
from voltline.messages import Deviation

log = logging.getLogger(__name__)

BLOCK_FRAMES = 1000
BLOCK_BYTES = 1024 * 1024
HAND_OVER_S = 0.5
WAITING_BYTES = 64 * 1024 * 1024
"""Of texts that wait for the disk; beyond it frames are dropped."""
_STEP_BLOCKS = 64
_RETRY_S = 1.0
_PATIENCE_S = 2.0
_CLOCK_SET_S = 0.05
_MOST_UNANSWERED = 100_000


class Retention(Struct, frozen=True, kw_only=True):
    """What is kept: frames of so many days, in so many bytes of packed blocks."""

    days: float
    most_bytes: int


class _Handed(Struct):
    """What the event loop gives to the thread."""

    entries: list[Entry]
    met: dict[int, str]
    epoch: float
    """Added to the times of the entries it gives seconds since 1970."""
    size: int
    """Of the texts."""
    done: asyncio.Future[None] | None


class MessageLog:
    """Takes frames in the event loop, as cheaply as it can, and writes them on a thread of its own.

    What was taken is written after half a second; a crash loses no more than that. Nothing else waits for
    it: where the disk cannot follow, frames are dropped and counted.
    """

    def __init__(
        self,
        path: Path,
        *,
        retention: Retention,
        leave_out: Iterable[str] = (),
        clock: Clock | None = None,
        waiting_bytes: int = WAITING_BYTES,
    ) -> None:
        """`leave_out` names actions whose frames are not kept. Raises sqlite3.Error."""
        self.path = path
        self.dropped = 0
        """Frames that were not kept, because the disk could not follow."""
        self.failure: str | None = None
        """Why nothing can be written just now."""
        self._retention = retention
        self._leave_out = frozenset(leave_out)
        self._left_out: set[tuple[int, str]] = set()
        self._clock = clock or SystemClock()
        self._monotonic: Callable[[], float] = self._clock.monotonic
        self._epoch = 0.0
        self._waiting_bytes = waiting_bytes
        self._entries: list[Entry] = []
        self._met: dict[int, str] = {}
        self._handed: queue.SimpleQueue[_Handed | None] = queue.SimpleQueue()
        self._received = 0  # bytes that were handed over; written by the event loop alone
        self._kept = 0  # bytes that were dealt with; written by the thread alone
        self._file = LogFile(path)
        self._thread: threading.Thread | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._loop: asyncio.AbstractEventLoop
        self._closing = threading.Event()

    def start(self) -> None:
        """Begin to write; call it in the event loop."""
        self._loop = asyncio.get_running_loop()
        self._thread = threading.Thread(target=self._main, name="voltline-message-log", daemon=True)
        self._thread.start()
        self._timer = self._loop.call_later(HAND_OVER_S, self._tick)

    # In the event loop

    def frame(self, station: StationKey, direction: str, text: str) -> None:
        """Keep a frame: `in` or `out`."""
        self._entries.append((self._monotonic(), station, direction, text))

    def deviations(self, station: StationKey, message_id: str, found: tuple[Deviation, ...]) -> None:
        """Keep what was found when the last frame from this charge point with this id was read."""
        self._entries.append((self._monotonic(), station, DEVIATED, message_id, found))

    def met(self, station: StationKey, identity: str) -> None:
        """Who this is; before its first frame."""
        self._met[station] = identity

    async def flush(self) -> None:
        """Come back when all that was taken so far can be read; or soon, while nothing can be written."""
        if self._thread is None or self._closing.is_set() or self.failure is not None:
            return
        done = self._loop.create_future()
        self._hand_over(done)
        await asyncio.wait([done], timeout=_PATIENCE_S)

    async def close(self) -> None:
        """Write what was taken, and close the file."""
        if self._thread is None:
            self._file.close()
            return
        if self._timer is not None:
            self._timer.cancel()
        await self.flush()
        self._closing.set()
        self._handed.put(None)
        await asyncio.to_thread(self._thread.join)

    def figures(self) -> LogFigures:
        """How the log stands; any thread may ask."""
        oldest = self._file.oldest_at
        return LogFigures(
            frames=self._file.frames,
            bytes=self._file.bytes,
            oldest_at=None if oldest is None else datetime.fromtimestamp(oldest, UTC),
            dropped=self.dropped,
            failure=self.failure,
        )

    def _tick(self) -> None:
        self._timer = self._loop.call_later(HAND_OVER_S, self._tick)
        self._hand_over(None)

    def _hand_over(self, done: asyncio.Future[None] | None) -> None:
        entries, self._entries = self._entries, []
        met, self._met = self._met, {}
        size = sum([len(entry[3]) for entry in entries])
        if self._received - self._kept + size > self._waiting_bytes:
            if not self.dropped:
                log.error(
                    "the message log cannot be written as fast as messages come: frames are left out of it"
                )
            self.dropped += len(entries)
            entries, size = [], 0
        self._received += size
        self._handed.put(_Handed(entries, met, self._epoch_now(), size, done))

    def _epoch_now(self) -> float:
        """Wall clock minus monotonic clock; anew only when the wall clock was set, so that order is kept."""
        epoch = self._clock.now().timestamp() - self._monotonic()
        if abs(epoch - self._epoch) > _CLOCK_SET_S:
            self._epoch = epoch
        return self._epoch

    # From here on: the log's thread.

    def _main(self) -> None:
        try:
            while (handed := self._handed.get()) is not None:
                self._keep(handed)
                self._kept += handed.size
                self._settle(handed)
                self._attempt(self._discard)
        finally:
            self._file.close()

    def _keep(self, handed: _Handed) -> None:
        """Write what was handed over; while that fails, try again and again."""
        entries = self._wanted(handed.entries) if self._leave_out else handed.entries
        met = handed.met
        rest = [_block(part, handed.epoch) for part in _parts(entries)]
        while rest or met:
            step = rest[:_STEP_BLOCKS]
            if self._attempt(lambda step=step, met=met: self._file.write(step, met)):  # type: ignore[misc]
                rest, met = rest[len(step) :], {}
                continue
            self._settle(handed)
            if self._closing.wait(_RETRY_S):
                self.dropped += sum(block.frames for block in rest)
                return

    def _attempt(self, act: Callable[[], object]) -> bool:
        try:
            act()
        except sqlite3.Error as error:
            if self.failure is None:
                log.error("the message log %s cannot be written: %s", self.path, error)
            self.failure = str(error)
            return False
        if self.failure is not None:
            log.warning("the message log is written again")
            self.failure = None
        return True

    def _settle(self, handed: _Handed) -> None:
        done, handed.done = handed.done, None
        if done is not None:
            self._loop.call_soon_threadsafe(_resolve, done)

    def _wanted(self, entries: list[Entry]) -> list[Entry]:
        """Without the actions that are left out, and without their answers."""
        kept: list[Entry] = []
        left_out = self._left_out
        for entry in entries:
            text = entry[3]
            if entry[2] == DEVIATED:
                if (entry[1], text) in left_out:
                    continue
            elif quick_action(text) in self._leave_out:
                if len(left_out) >= _MOST_UNANSWERED:
                    left_out.clear()
                left_out.add((entry[1], head(text).message_id))
                continue
            elif left_out and (begins := head(text)).type is not FrameType.CALL:
                answered = (entry[1], begins.message_id)
                if answered in left_out:
                    left_out.remove(answered)
                    continue
            kept.append(entry)
        return kept

    def _discard(self) -> None:
        """Remove what is too old or too much: a step of it, for each time that something is written."""
        oldest = self._clock.now().timestamp() - self._retention.days * 86400
        self._file.discard(before=oldest, most_bytes=self._retention.most_bytes, at_most=_STEP_BLOCKS)


def _parts(entries: list[Entry]) -> Iterator[list[Entry]]:
    """Pieces of the size of a block; what was found in a request stays with its frame."""
    start = size = 0
    for index, entry in enumerate(entries):
        if entry[2] != DEVIATED and (size >= BLOCK_BYTES or index - start >= BLOCK_FRAMES):
            yield entries[start:index]
            start, size = index, 0
        size += len(entry[3])
    if start < len(entries):
        yield entries[start:]


def _block(entries: list[Entry], epoch: float) -> Block:
    found = sum([entry[2] == DEVIATED for entry in entries])
    actions = {quick_action(entry[3]) for entry in entries if entry[2] != DEVIATED}
    actions.discard("")
    form, body = packed(entries, DICTIONARY)
    return Block(
        epoch=epoch,
        first_at=entries[0][0] + epoch,
        last_at=entries[-1][0] + epoch,
        frames=len(entries) - found,
        deviations=found,
        actions=f",{','.join(sorted(actions))}," if actions else "",
        form=form,
        body=body,
        stations={entry[1] for entry in entries},
    )


def _resolve(done: asyncio.Future[None]) -> None:
    if not done.done():
        done.set_result(None)
