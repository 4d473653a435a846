"""A recording of every frame as JSON lines: time, station, direction, text."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from io import FileIO
from pathlib import Path

import msgspec

from voltline.base.clock import SystemClock

BUFFERED_BYTES = 64 * 1024
_SYSTEM_NOW = SystemClock().now


class RecordedFrame(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """One line of a recording."""

    time: datetime
    """When the recording side received or sent the frame."""
    station: str
    """Identity of the charge point."""
    direction: str
    """``in`` or ``out``, as the recording side sees it."""
    text: str
    """The frame as it came or went, byte for byte."""
    connection: int | None = None
    """Which of the recording side's connections, from 1, where it tells them apart."""
    rule: str | None = None
    """What a rule of a tap did to the frame, so that it did not go on as it came."""
    sent: tuple[str, ...] | None = None
    """What went on in its place, if anything else than the frame did."""


class Happening(msgspec.Struct, frozen=True, gc=False):
    """What happened to a connection."""

    kind: str
    """``connected`` or ``disconnected``."""
    text: str
    """From where and to which path; or why it ended."""
    connection: str


class RecordedMark(msgspec.Struct, frozen=True, gc=False):
    """A line of a recording that tells of a connection, as a trace has it."""

    timestamp: datetime
    station: str = msgspec.field(name="chargePointId")
    voltline: Happening


class Recorder:
    """Writes frames to a file, and starts a new one when it has grown to ``max_bytes``.

    The full file is renamed to ``NAME.1``, an older one to ``NAME.2`` and so on; beyond ``keep`` they are
    removed. Lines are buffered; ``flush`` brings them to the file. An error of the file (a full disk) must
    not stop charging: recording ends, and ``failure`` tells why.
    """

    __slots__ = (
        "_buffer",
        "_encoder",
        "_file",
        "_now",
        "_size",
        "failure",
        "keep",
        "lines",
        "max_bytes",
        "path",
    )

    def __init__(
        self,
        path: Path,
        *,
        max_bytes: int = 64 * 1024 * 1024,
        keep: int = 5,
        now: Callable[[], datetime] = _SYSTEM_NOW,
    ) -> None:
        """Raises OSError where the file cannot be opened."""
        self.path = path
        self.max_bytes = max_bytes
        self.keep = keep
        self.failure: OSError | None = None
        self.lines = 0
        """How many lines the file has, with those that are still buffered."""
        self._now = now
        self._encoder = msgspec.json.Encoder()
        self._file: FileIO | None = None
        self._buffer = bytearray()
        self._size = 0
        self._open()

    def record(
        self,
        station: str,
        direction: str,
        text: str,
        *,
        at: datetime | None = None,
        connection: int | None = None,
        rule: str | None = None,
        sent: tuple[str, ...] | None = None,
    ) -> None:
        """Add a frame, that came at this time or now. Never raises."""
        self._add(RecordedFrame(at or self._now(), station, direction, text, connection, rule, sent))

    def mark(
        self, station: str, event: str, text: str, *, connection: int, at: datetime | None = None
    ) -> None:
        """Add what happened to a connection. Never raises."""
        self._add(RecordedMark(at or self._now(), station, Happening(event, text, str(connection))))

    def _add(self, entry: RecordedFrame | RecordedMark) -> None:
        if self._file is None:
            return
        line = self._encoder.encode(entry) + b"\n"
        if self._size and self._size + len(line) > self.max_bytes:
            self._rotate()
        self._buffer += line
        self._size += len(line)
        self.lines += 1
        if len(self._buffer) >= BUFFERED_BYTES:
            self.flush()

    def flush(self) -> None:
        """Hand everything recorded so far to the operating system. Never raises."""
        if self._file is None or not self._buffer:
            return
        rest = memoryview(bytes(self._buffer))
        self._buffer.clear()
        try:
            while rest:
                rest = rest[self._file.write(rest) :]
        except OSError as failure:
            self._fail(failure)

    def close(self) -> None:
        """Flush and close; later frames are not recorded."""
        self.flush()
        if self._file is not None:
            self._file.close()
            self._file = None

    def _open(self) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self._file = FileIO(self.path, "ab")
        self._size = self._file.tell()
        self.lines = _lines_of(self.path) if self._size else 0

    def _rotate(self) -> None:
        self.close()
        if self.failure is None:
            try:
                self._shift()
                self._open()
            except OSError as failure:
                self._fail(failure)

    def _shift(self) -> None:
        for number in range(self.keep, 0, -1):
            older = self._numbered(number)
            if number == self.keep:
                older.unlink(missing_ok=True)
            elif older.exists():
                older.rename(self._numbered(number + 1))
        if self.keep:
            self.path.rename(self._numbered(1))
        else:
            self.path.unlink()

    def _numbered(self, number: int) -> Path:
        return self.path.with_name(f"{self.path.name}.{number}")

    def _fail(self, failure: OSError) -> None:
        self.failure = failure
        if self._file is not None:
            self._file.close()
            self._file = None


def _lines_of(path: Path) -> int:
    with path.open("rb") as held:
        return sum(part.count(b"\n") for part in iter(lambda: held.read(BUFFERED_BYTES), b""))
