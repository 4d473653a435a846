"""What is kept and told of what passes: the recording, the findings, the counts. Never in the way of a frame.

What a relay passed on waits here, and is taken apart a little at a time between two turns of the event loop.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable
from datetime import datetime
from typing import Any, Final, Protocol

import msgspec

from voltline.base.clock import Clock, SystemClock
from voltline.inspection.findings import Finding
from voltline.inspection.records import Direction, Record, RecordKind
from voltline.inspection.secrets import without_secrets
from voltline.tap.live import LiveInspection
from voltline.tap.rules import Verdict
from voltline.tap.stream import CLOSE, Message, MessageReader
from voltline.transport.recorder import Recorder

__all__ = ["Counts", "Line", "Listener", "Watch"]

SLICE_S: Final = 0.002
"""How long the event loop is kept at most."""
MOST_WAITING: Final = 8 * 1024 * 1024
"""Bytes that may wait; more are looked at on the spot, and so hold back what comes."""
NAMES: Final = {Direction.FROM_STATION: "the charge point", Direction.FROM_CENTRAL: "the central system"}
_SIDES: Final = {Direction.FROM_STATION: "in", Direction.FROM_CENTRAL: "out"}


class Line(msgspec.Struct, eq=False):
    """A connection, from the 101 on."""

    number: int
    station: str
    readers: dict[Direction, MessageReader]
    frames: int = 0
    close_told: str | None = None
    """The first close frame, in words."""


class Counts(msgspec.Struct):
    """What has passed so far."""

    stations: int = 0
    """Connected now."""
    connections: int = 0
    refused: int = 0
    frames: int = 0
    findings: int = 0
    ruled: int = 0
    """Frames to which a rule was applied."""


class Listener(Protocol):
    """Is told what happens, once it has been recorded."""

    def opened(self, at: datetime, line: Line, remote: str, target: str, subprotocol: str | None) -> None:
        """A central system took a charge point in."""

    def refused(self, at: datetime, station: str, remote: str, status: int, own: str | None) -> None:
        """It did not; `own` is the reason where it is the tap that says no."""

    def frame(self, at: datetime, line: Line, direction: Direction, text: str) -> None:
        """A frame has passed, or would have but for a rule."""

    def ruled(self, at: datetime, line: Line, direction: Direction, text: str, verdict: Verdict) -> None:
        """A rule was applied to it."""

    def unseen(self, at: datetime, line: Line, direction: Direction, size: int) -> None:
        """A message was too large to be looked at."""

    def found(self, at: datetime, finding: Finding) -> None:
        """A finding was made for the first time."""

    def ended(self, at: datetime, line: Line, reason: str) -> None:
        """A connection is over."""

    def failed(self, at: datetime, text: str) -> None:
        """Recording or inspection does not go on."""


class Watch:
    """Records, inspects and counts, and tells the listener."""

    def __init__(
        self,
        listener: Listener,
        recorder: Recorder | None = None,
        live: LiveInspection | None = None,
        *,
        clock: Clock | None = None,
    ) -> None:
        self.counts = Counts()
        self._listener = listener
        self._recorder = recorder
        self._live = live
        self._now = (clock or SystemClock()).now
        self._waiting: deque[tuple[Callable[..., None], tuple[Any, ...]]] = deque()
        self._bytes = 0
        self._awake = False
        self._recording_failed = False

    # ---- what relays tell

    def opened(self, station: str, remote: str, target: str, subprotocol: str | None) -> Line:
        """A connection was made."""
        counts = self.counts
        counts.stations += 1
        counts.connections += 1
        readers = {Direction.FROM_STATION: MessageReader(), Direction.FROM_CENTRAL: MessageReader()}
        line = Line(counts.connections, station, readers)
        self.later(self._opened, self._now(), line, remote, target, subprotocol)
        return line

    def refused(self, station: str, remote: str, status: int, own: str | None = None) -> None:
        """None was made."""
        self.counts.refused += 1
        self.later(self._listener.refused, self._now(), station, remote, status, own)

    def passed(self, line: Line, direction: Direction, data: bytes) -> None:
        """These bytes went on as they came."""
        self._bytes += len(data)
        self.later(self._passed, self._now(), line, direction, data)

    def message(self, line: Line, direction: Direction, message: Message, verdict: Verdict | None) -> None:
        """A message came; the verdict is what became of it, None: it went on."""
        self.later(self._message, self._now(), line, direction, message, verdict)

    def answered(self, line: Line, direction: Direction, verdict: Verdict) -> None:
        """A rule made an answer, as if it came from that direction."""
        self.later(self._answered, self._now(), line, direction, verdict)

    def ended(self, line: Line, reason: str) -> None:
        """The connection is over."""
        self.counts.stations -= 1
        self.later(self._ended, self._now(), line, reason)

    def later(self, do: Callable[..., None], *arguments: Any) -> None:
        """Do this after everything that was told before."""
        self._waiting.append((do, arguments))
        if self._bytes > MOST_WAITING:
            self.catch_up()
        elif not self._awake:
            self._awake = True
            asyncio.get_running_loop().call_soon(self._work)

    def catch_up(self) -> None:
        """Look at everything now."""
        while self._waiting:
            do, arguments = self._waiting.popleft()
            do(*arguments)

    def end(self) -> None:
        """Nothing more comes: the last findings, and the recording is closed."""
        self.catch_up()
        if self._live is not None:
            self._tell(self._now(), self._live.end())
        if self._recorder is not None:
            self._recorder.close()

    @property
    def findings(self) -> list[Finding]:
        """What was told so far, worst first, each with its count of now."""
        return [] if self._live is None else self._live.told

    def flush(self) -> None:
        """Bring the recording to its file."""
        if self._recorder is not None:
            self._recorder.flush()
            self._look_after_recording()

    def let_time_judge(self) -> None:
        """Look for what charge points owe by now and do not say. Each waits its turn, as frames do."""
        if self._live is not None:
            now = self._now()
            for station in self._live.stations:
                self.later(self._time_passed, now, station)

    def _work(self) -> None:
        self._awake = False
        until = time.perf_counter() + SLICE_S
        waiting = self._waiting
        while waiting:
            if time.perf_counter() > until:
                self._awake = True
                asyncio.get_running_loop().call_soon(self._work)
                return
            do, arguments = waiting.popleft()
            do(*arguments)

    # ---- in its turn

    def _opened(self, at: datetime, line: Line, remote: str, target: str, subprotocol: str | None) -> None:
        self._listener.opened(at, line, remote, target, subprotocol)
        self._mark(at, line, RecordKind.CONNECTED, f"{remote} {target.partition('?')[0]}")

    def _passed(self, at: datetime, line: Line, direction: Direction, data: bytes) -> None:
        self._bytes -= len(data)
        for message in line.readers[direction].feed(data):
            self._message(at, line, direction, message, None)

    def _message(
        self, at: datetime, line: Line, direction: Direction, message: Message, verdict: Verdict | None
    ) -> None:
        opcode, data = message.opcode, message.data
        if opcode > CLOSE:
            return
        if opcode == CLOSE:
            line.close_told = line.close_told or _close_in_words(direction, data or b"")
            return
        if data is None:
            if message.size:
                self._counted(line)
                self._listener.unseen(at, line, direction, message.size)
            return
        self._counted(line)
        text = data.decode("utf-8", "replace")
        number = self._record(at, line, direction, text, verdict)
        self._listener.frame(at, line, direction, text)
        if verdict is not None:
            self.counts.ruled += 1
            self._listener.ruled(at, line, direction, text, verdict)
        self._inspect(at, line, Record(self._source, number, text, direction=direction))

    def _answered(self, at: datetime, line: Line, direction: Direction, verdict: Verdict) -> None:
        text = verdict.back or ""
        number = self._record(at, line, direction, text, verdict)
        self._inspect(at, line, Record(self._source, number, text, direction=direction))

    def _ended(self, at: datetime, line: Line, reason: str) -> None:
        self._mark(at, line, RecordKind.DISCONNECTED, reason)
        self._listener.ended(at, line, reason)

    def _counted(self, line: Line) -> None:
        line.frames += 1
        self.counts.frames += 1

    # ---- recording

    @property
    def _source(self) -> str:
        return self._recorder.path.name if self._recorder is not None else "tap"

    def _record(
        self, at: datetime, line: Line, direction: Direction, text: str, verdict: Verdict | None
    ) -> int:
        """The number of its line, or of the frame where nothing is recorded."""
        recorder = self._recorder
        if recorder is None:
            return self.counts.frames
        rule: str | None = None
        sent: tuple[str, ...] | None = None
        if verdict is not None:
            rule = f"{verdict.rule}: {verdict.did}"
            sent = tuple(without_secrets(one) for one in verdict.onward if one is not None) or None
        recorder.record(
            line.station, _SIDES[direction], without_secrets(text),
            at=at, connection=line.number, rule=rule, sent=sent,
        )  # fmt: skip
        if recorder.failure is not None:
            self._look_after_recording()
        return recorder.lines

    def _mark(self, at: datetime, line: Line, kind: RecordKind, text: str) -> None:
        recorder = self._recorder
        if recorder is not None:
            recorder.mark(line.station, kind.value, text, at=at, connection=line.number)
        number = self.counts.frames if recorder is None else recorder.lines
        self._inspect(at, line, Record(self._source, number, text, kind=kind))

    def _look_after_recording(self) -> None:
        recorder = self._recorder
        if recorder is not None and recorder.failure is not None and not self._recording_failed:
            self._recording_failed = True
            reason = recorder.failure.strerror or recorder.failure
            self._listener.failed(
                self._now(), f"recording has ended, {recorder.path}: {reason}; frames still pass"
            )

    # ---- inspection

    def _inspect(self, at: datetime, line: Line, record: Record) -> None:
        if self._live is None:
            return
        record.at, record.station, record.connection = at, line.station, str(line.number)
        self._concluded(at, self._live, self._live.feed(record))

    def _time_passed(self, at: datetime, station: str) -> None:
        assert self._live is not None
        self._concluded(at, self._live, self._live.pass_time(station, at))

    def _concluded(self, at: datetime, live: LiveInspection, findings: list[Finding]) -> None:
        self._tell(at, findings)
        if live.failure is not None:
            self._listener.failed(at, live.failure)
            live.failure = None

    def _tell(self, at: datetime, findings: list[Finding]) -> None:
        for finding in findings:
            self.counts.findings += 1
            self._listener.found(at, finding)


def _close_in_words(direction: Direction, payload: bytes) -> str:
    by = f"closed by {NAMES[direction]}"
    if len(payload) < 2:
        return f"{by} without a code"
    reason = payload[2:].decode("utf-8", "replace")
    return f"{by} with {int.from_bytes(payload[:2], 'big')} {reason}".rstrip()
