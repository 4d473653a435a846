"""Keeping every frame while messages flow: see docs/decisions/0004-message-log.md."""

from __future__ import annotations

import asyncio
import logging
import queue
import sqlite3
import threading
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from pathlib import Path

from msgspec import Struct

from voltline.base.clock import Clock, SystemClock
from voltline.central.domain.messages import FrameType, LogFigures, head, quick_action
from voltline.central.domain.stations import StationKey
from voltline.central.storage.message_log.file import Block, LogFile
from voltline.central.storage.message_log.packing import DEVIATED, DICTIONARY, Entry
from voltline.central.storage.message_log.sealing import Sealed, sealed, without_secrets
from voltline.messages import Deviation

log = logging.getLogger(__name__)

BLOCK_FRAMES = 1000
HAND_OVER_S = 0.5
WAITING_BYTES = 64 * 1024 * 1024
"""Of frames that wait for the disk; beyond it they are dropped."""
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

    sealed: list[Sealed]
    met: dict[int, str]
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
        self._sealed: list[Sealed] = []
        self._met: dict[int, str] = {}
        self._handed: queue.SimpleQueue[_Handed | None] = queue.SimpleQueue()
        self._received = 0  # bytes that were sealed; written by the event loop alone
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
        entries = self._entries
        if len(entries) >= BLOCK_FRAMES:
            self._seal()
            entries = self._entries
        entries.append((self._monotonic(), station, direction, text))

    def deviations(self, station: StationKey, message_id: str, found: tuple[Deviation, ...]) -> None:
        """Keep what was found when the last frame from this charge point with this id was read."""
        # Never the first of a block: what was found in a request is in the block of that request.
        # The id may be one that was written as a number (`wire.NumericId`), which MessagePack does not know.
        self._entries.append((self._monotonic(), station, DEVIATED, str(message_id), found))

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
        self._hand_over(None)
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

    def _seal(self) -> None:
        """Make blocks of the entries: soon after they came, while the processor has them at hand."""
        entries, self._entries = self._entries, []
        for block in sealed(entries, self._epoch_now()):
            if self._received - self._kept + block.size > self._waiting_bytes:
                if not self.dropped:
                    log.error(
                        "the message log cannot be written as fast as messages come: frames are left out"
                    )
                self.dropped += block.frames
            else:
                self._received += block.size
                self._sealed.append(block)
        if len(self._sealed) >= _STEP_BLOCKS:
            self._hand_over(None)

    def _hand_over(self, done: asyncio.Future[None] | None) -> None:
        if self._entries:
            self._seal()
        blocks, self._sealed = self._sealed, []
        met, self._met = self._met, {}
        self._handed.put(_Handed(blocks, met, done))

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
                try:
                    self._keep(handed)
                except Exception:
                    # Whatever a peer sent, the log goes on.
                    frames = sum(block.frames for block in handed.sealed)
                    log.exception("%d frames cannot be kept in the message log", frames)
                    self.dropped += frames
                self._kept += sum(block.size for block in handed.sealed)
                self._settle(handed)
                self._attempt(self._discard)
        finally:
            self._file.close()

    def _keep(self, handed: _Handed) -> None:
        """Write what was handed over; while that fails, try again and again."""
        met = handed.met
        rest = [block for one in handed.sealed for block in self._blocks(one)]
        while rest or met:
            step = rest[:_STEP_BLOCKS]
            if self._attempt(lambda step=step, met=met: self._file.write(step, met)):  # type: ignore[misc]
                rest, met = rest[len(step) :], {}
                continue
            self._settle(handed)
            if self._closing.wait(_RETRY_S):
                self.dropped += sum(block.frames for block in rest)
                return

    def _blocks(self, block: Sealed) -> Iterable[Block]:
        """As it is written: packed, without secrets and without what is left out."""
        blocks = [block]
        if self._leave_out or block.may_have_secrets:
            entries = [without_secrets(entry) for entry in block.entries()]
            blocks = sealed(self._wanted(entries) if self._leave_out else entries, block.epoch)
        return [one.packed(DICTIONARY) for one in blocks]

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


def _resolve(done: asyncio.Future[None]) -> None:
    if not done.done():
        done.set_result(None)
