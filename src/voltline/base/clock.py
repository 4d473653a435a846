"""Where time comes from. Everything above takes it as an argument; only compositions read a clock."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """A source of two times: one to write down, one to measure with."""

    def now(self) -> datetime:
        """The time of day, timezone-aware, in UTC."""

    def monotonic(self) -> float:
        """Seconds on a clock that never jumps; only differences mean something."""


class SystemClock:
    """The clock of the machine. It may be read from any thread."""

    __slots__ = ("_last",)

    def __init__(self) -> None:
        self._last: tuple[int, datetime] = (-1, datetime.fromtimestamp(0, UTC))

    def now(self) -> datetime:
        """UTC now, cut to whole milliseconds: some stations choke on microseconds."""
        millisecond = time.time_ns() // 1_000_000
        last = self._last
        if last[0] == millisecond:  # under load many messages share one
            return last[1]
        now = datetime.fromtimestamp(millisecond / 1000, UTC)
        self._last = (millisecond, now)
        return now

    monotonic = staticmethod(time.monotonic)
