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


class RecordedFrame(msgspec.Struct, frozen=True, gc=False):
    """One line of a recording."""

    time: datetime
    """When the recording side received or sent the frame."""
    station: str
    """Identity of the charge point."""
    direction: str
    """``in`` or ``out``, as the recording side sees it."""
    text: str
    """The frame as it came or went, byte for byte."""


class Recorder:
    """Writes frames to a file, and starts a new one when it has grown to ``max_bytes``.

    The full file is renamed to ``NAME.1``, an older one to ``NAME.2`` and so on; beyond ``keep`` they are
    removed. Lines are buffered; ``flush`` brings them to the file. An error of the file (a full disk) must
    not stop charging: recording ends, and ``failure`` tells why.
    """

    __slots__ = ("_buffer", "_encoder", "_file", "_now", "_size", "failure", "keep", "max_bytes", "path")

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
        self._now = now
        self._encoder = msgspec.json.Encoder()
        self._file: FileIO | None = None
        self._buffer = bytearray()
        self._size = 0
        self._open()

    def record(self, station: str, direction: str, text: str) -> None:
        """Add a frame. Never raises."""
        if self._file is None:
            return
        line = self._encoder.encode(RecordedFrame(self._now(), station, direction, text)) + b"\n"
        if self._size and self._size + len(line) > self.max_bytes:
            self._rotate()
        self._buffer += line
        self._size += len(line)
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
