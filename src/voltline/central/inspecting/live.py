"""The inspector on live traffic, as the central system sees it: frames go out, findings are stored.

Nothing waits for the inspector. It is another process, so that it takes no time from the event loop; where it
cannot follow, charge points are left out, and that is told.
"""

from __future__ import annotations

import asyncio
import logging
import sys
import time
from asyncio.subprocess import PIPE, Process
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any, Final

import msgspec

from voltline.central.domain.inspection import InspectionFigures
from voltline.central.domain.sampling import Sampling
from voltline.central.domain.stations import StationKey
from voltline.central.inspecting.pipe import (
    CLOSED,
    LENGTH,
    MOST_BYTES,
    OPENED,
    Batch,
    Entry,
    Order,
    Report,
    packed,
)
from voltline.central.inspecting.stations import TIME_PERIOD_S
from voltline.central.inspecting.worker import TOO_LARGE
from voltline.central.services import findings
from voltline.central.services.ports import Writer, WriterClosed
from voltline.central.settings import InspectionSettings

log = logging.getLogger(__name__)

BATCH_FRAMES: Final = 500
LARGE_FRAME: Final = 64 * 1024
"""Characters. A frame of more ends its batch: batches stay small."""
HAND_OVER_S: Final = 0.5
STORE_FINDINGS: Final = 20
"""Stored in one work: messages and commands wait for it."""
HIGH_BYTES: Final = 4 * 1024 * 1024
"""Where so much waits to be looked at, fewer charge points are."""
MOST_WAITING_BYTES: Final = 16 * 1024 * 1024
"""Beyond it nothing is handed over."""
STUCK_S: Final = 120.0
"""The process is ended where it looks at a batch for so long."""
LONGEST_WAIT_S: Final = 60.0
_MOST_EARLY: Final = 50 * BATCH_FRAMES
COMPLAINT_PERIOD_S: Final = 60.0
_END_S: Final = 5.0
_CLOSE_S: Final = 2.0
LOOK_PERIOD_S: Final = 5.0
"""How often it is looked for findings that are over."""

_COMMAND = (sys.executable, "-P", "-m", "voltline.central.inspecting.worker")


class LiveInspection:
    """Takes frames in the event loop, as cheaply as it can. The process is started by the first ones."""

    def __init__(
        self,
        settings: InspectionSettings,
        writer: Writer,
        *,
        now: Callable[[], datetime],
        first_wait_s: float = 1.0,
    ) -> None:
        self._order = Order(
            only=settings.only,
            without=settings.without,
            folders=settings.folders,
            thresholds=settings.settings,
            most_bytes=settings.most_memory_mib * 1024 * 1024,
        )
        self._writer = writer
        self._now = now
        self._quiet = timedelta(hours=settings.close_after_h)
        self._keep = timedelta(days=settings.keep_days)
        self._first_wait_s = first_wait_s
        self._entries: list[Entry] = []
        self._names: dict[int, str] = {}
        self._unnamed: set[int] = set()
        self._gaps: set[int] = set()
        self._sampling = Sampling()
        self._process: Process | None = None
        self._number = 0
        self._handed_over_at = 0.0
        self._unseen: deque[tuple[int, int, float]] = deque()
        """Batches that no report has come of: number, bytes, when they were handed over."""
        self._waiting_bytes = 0
        self._more = False
        self._storing = False
        self._restarts = 0
        self._frames = 0
        self._left_out = 0
        self._unkept = 0
        self._troubles = 0
        self._report: Report | None = None
        self._loop = asyncio.get_running_loop()
        self._next_look = self._next_complaint = self._loop.time()
        self._closing = False
        self._task: asyncio.Task[None] | None = None
        self._timer: asyncio.TimerHandle | None = self._loop.call_later(HAND_OVER_S, self._tick)

    # From the event loop, for every frame

    def frame(self, station: StationKey, direction: str, text: str) -> None:
        """A frame came or went: `in` or `out`."""
        entries = self._entries
        entries.append((station, time.time(), direction, text))
        if len(entries) >= BATCH_FRAMES or len(text) > LARGE_FRAME:
            self._hand_over()

    def connected(self, station: StationKey, identity: str, remote: str) -> None:
        """Before the first frame of a connection."""
        if self._names.get(station) != identity:
            self._names[station] = identity
            self._unnamed.add(station)
        self.frame(station, OPENED, remote)

    def disconnected(self, station: StationKey, reason: str) -> None:
        """After the last frame of a connection that no other has replaced."""
        self.frame(station, CLOSED, reason)

    # For whoever asks

    def figures(self) -> InspectionFigures:
        """How it stands; any thread may ask."""
        report, unseen = self._report, self._unseen
        oldest = unseen[0][2] if unseen else None
        return InspectionFigures(
            running=self._process is not None,
            coverage=self._sampling.share,
            frames=self._frames,
            left_out=self._left_out,
            lag_s=0.0 if oldest is None else max(0.0, self._loop.time() - oldest),
            restarts=self._restarts,
            charge_points=0 if report is None else report.stations,
            memory_bytes=0 if report is None else report.memory_bytes,
            unkept=self._unkept,
        )

    async def close(self) -> None:
        """Have what was taken looked at, for two seconds at most, and end the process."""
        if self._timer is not None:
            self._timer.cancel()
        if self._process is not None:
            self._hand_over()
        self._closing = True
        task, process = self._task, self._process
        if task is None:
            return
        if process is None:
            task.cancel()
        elif process.stdin is not None:
            process.stdin.close()
        done, _ = await asyncio.wait([task], timeout=_CLOSE_S)
        if not done:
            self._kill()
            task.cancel()
            await asyncio.wait([task])

    # Handing over

    def _tick(self) -> None:
        self._timer = self._loop.call_later(HAND_OVER_S, self._tick)
        now = self._loop.time()
        # Where nothing is said at all, the process is told that time has passed.
        quiet = self._process is not None and now - self._handed_over_at >= TIME_PERIOD_S
        if self._entries or self._more or quiet:
            self._hand_over()
        if self._unseen and not self._storing and now - self._unseen[0][2] > STUCK_S:
            log.error("the inspector looks at the same frames for %d s: it is ended", STUCK_S)
            self._kill()
        if now >= self._next_look and self._writer.healthy:
            self._next_look = now + LOOK_PERIOD_S
            self._look_for_closed()

    def _hand_over(self) -> None:
        if self._task is None:
            self._task = self._loop.create_task(self._keep_running(), name="inspection")
        if self._process is None and not self._restarts and len(self._entries) < _MOST_EARLY:
            return  # it is just being started
        entries, self._entries = self._entries, []
        sampling = self._sampling
        if sampling.share < 1.0:
            taken = [entry for entry in entries if sampling.takes(StationKey(entry[0]))]
            self._left_out += len(entries) - len(taken)
            entries = taken
        process = self._process
        size = sum([len(entry[3]) for entry in entries])
        if process is None or process.stdin is None:
            self._leave_out(entries)
            return
        now = self._loop.time()
        if self._waiting_bytes > HIGH_BYTES:
            if sampling.behind(now):
                log.warning("the inspector cannot follow: it looks at %.0f %% now", 100 * sampling.share)
        elif self._waiting_bytes < HIGH_BYTES // 16 and sampling.caught_up(now):
            log.info("the inspector looks at %.0f %% of the charge points again", 100 * sampling.share)
        if self._waiting_bytes + size > MOST_WAITING_BYTES:
            self._leave_out(entries)
            return
        self._number += 1
        self._handed_over_at = now
        names = {key: self._names[key] for key in self._unnamed}
        batch = Batch(self._number, entries, names, sampling.kept, list(self._gaps), time.time())
        self._unnamed.clear()
        self._gaps.clear()
        process.stdin.write(_packed(batch))
        self._unseen.append((self._number, size, now))
        self._waiting_bytes += size

    def _leave_out(self, entries: list[Entry]) -> None:
        self._left_out += len(entries)
        if self._process is not None:
            self._gaps.update(entry[0] for entry in entries)

    # The process

    async def _keep_running(self) -> None:
        wait_s = self._first_wait_s
        while not self._closing:
            began = self._loop.time()
            try:
                told = await self._run()
            except OSError as error:
                told = f"cannot be started: {error}"
            if self._closing:
                return
            wait_s = self._first_wait_s if self._loop.time() - began > LONGEST_WAIT_S else wait_s
            log.error("the inspector %s; it is started again in %g s, knowing nothing", told, wait_s)
            self._restarts += 1
            await asyncio.sleep(wait_s)
            wait_s = min(wait_s * 2, LONGEST_WAIT_S)

    async def _run(self) -> str:
        """One life of the process; how it ended. Raises OSError where it cannot begin."""
        process = await asyncio.create_subprocess_exec(*_COMMAND, stdin=PIPE, stdout=PIPE)
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            process.stdin.write(packed(self._order))
            self._unnamed = set(self._names)
            self._process = process
            await self._listen(process.stdout)
        except Exception:
            log.exception("the inspector's reports cannot be used")
        finally:
            self._process = None
            self._unseen.clear()
            self._waiting_bytes, self._more = 0, False
        code = await _ended(process)
        if code == TOO_LARGE:
            self._sampling.too_many(self._loop.time())
            return (
                f"took up more than {self._order.most_bytes >> 20} MiB and is to look at fewer charge points"
            )
        return f"ended by itself with {code}"

    async def _listen(self, reports: asyncio.StreamReader) -> None:
        decoder = msgspec.msgpack.Decoder(Report)
        while True:
            try:
                length = int.from_bytes(await reports.readexactly(LENGTH), "little")
                if length > MOST_BYTES:
                    raise ValueError(f"a report of {length} bytes")
                await self._take(decoder.decode(await reports.readexactly(length)))
            except asyncio.IncompleteReadError:
                return

    async def _take(self, report: Report) -> None:
        unseen = self._unseen
        while unseen and unseen[0][0] <= report.number:
            self._waiting_bytes -= unseen.popleft()[1]
        self._report = report
        self._frames += report.frames
        self._more = report.more
        if report.troubles:
            self._complain(report.troubles)
        self._storing = True
        try:
            # One after the other: where the database is slow, the inspector waits for it.
            for first in range(0, len(report.seen), STORE_FINDINGS):
                step = tuple(report.seen[first : first + STORE_FINDINGS])
                self._unkept += await self._writer.submit(findings.note, step, self._now(), self._quiet)
        except WriterClosed:
            pass
        finally:
            self._storing = False

    def _complain(self, troubles: list[str]) -> None:
        """Write one down, now and then: a detector that fails does so at every charge point."""
        self._troubles += len(troubles)
        now = self._loop.time()
        if now >= self._next_complaint:
            self._next_complaint = now + COMPLAINT_PERIOD_S
            log.warning("the inspector failed at %s (%d times so far)", troubles[0], self._troubles)

    def _kill(self) -> None:
        if self._process is not None:
            with suppress(ProcessLookupError):
                self._process.kill()

    # Findings that are over

    def _look_for_closed(self) -> None:
        now = self._now()
        with suppress(WriterClosed):
            # What is not looked at is not over.
            if self._sampling.share == 1.0 and self._process is not None:
                self._writer.submit(findings.close_quiet, now).add_done_callback(_log_failure)
            self._writer.submit(findings.discard, now - self._keep).add_done_callback(_log_failure)


async def _ended(process: Process) -> int:
    """The exit code of a process that has closed its pipe."""
    try:
        async with asyncio.timeout(_END_S):
            return await process.wait()
    except TimeoutError:
        with suppress(ProcessLookupError):
            process.kill()
        return await process.wait()


def _packed(batch: Batch) -> bytes:
    try:
        return packed(batch)
    except UnicodeEncodeError:  # halves of surrogate pairs, which no charge point can send
        entries = [(*entry[:3], entry[3].encode("utf-8", "replace").decode()) for entry in batch.entries]
        return packed(msgspec.structs.replace(batch, entries=entries))


def _log_failure(stored: asyncio.Future[Any]) -> None:
    if not stored.cancelled() and (error := stored.exception()) is not None:
        log.error("findings could not be stored", exc_info=error)
