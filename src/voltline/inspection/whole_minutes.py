"""Times without seconds: two that are a minute apart may be a moment apart, or two minutes.

What takes long is judged by the least time that it can have taken. So while a CALL is open, time moves on
only to the minute before the one that the log says: the CALL may be of the last second of its minute, and the
line of the first second of its own.
"""

from datetime import datetime, timedelta
from typing import Final

from voltline.inspection.records import Record, RecordKind
from voltline.inspection.timeline import frame_of
from voltline.wire.frame_types import CallErrorFrame, CallFrame, CallResultFrame

__all__ = ["WholeMinutes", "rounding_s"]

MINUTE: Final = timedelta(minutes=1)
_MINUTE_S: Final = MINUTE.total_seconds()
MOST_OPEN: Final = 8
AWAITED: Final = 20
"""Frames after which the answer to a CALL is not waited for any more."""


def rounding_s(*times: datetime | None) -> float:
    """What the times of a log may leave out, in s: 60 if all of these are whole minutes, else 0.

    Ask with the log's first time beside those in question: three are seldom so by chance.
    """
    return 0.0 if any(at is not None and (at.second or at.microsecond) for at in times) else _MINUTE_S


class WholeMinutes:
    """Places the records of one log that have times without seconds, in its order."""

    def __init__(self) -> None:
        self._now: datetime | None = None
        self._open: dict[tuple[str | None, str], int] = {}
        """Charge point and message id of CALLs, and how many frames were before each."""
        self._frames = 0

    def placed(self, record: Record, at: datetime) -> datetime:
        """When it was at the earliest; `at` is its minute."""
        now = self._now
        if now is not None and now < at and self._open:
            at = max(now, at - MINUTE)
        self._now = at
        if record.kind is RecordKind.FRAME:
            self._frames += 1
            self._watch(record)
        return at

    def _watch(self, record: Record) -> None:
        frame = frame_of(record)
        if isinstance(frame, CallFrame):
            self._open[record.station, frame.message_id] = self._frames
        elif isinstance(frame, CallResultFrame | CallErrorFrame):
            self._open.pop((record.station, frame.message_id), None)
        while self._open:
            oldest = next(iter(self._open))
            if len(self._open) <= MOST_OPEN and self._frames - self._open[oldest] <= AWAITED:
                break
            del self._open[oldest]
