"""Which lines of a long log a page shows: the first, the last, those near findings, what is no routine."""

from collections import deque
from datetime import datetime
from enum import StrEnum
from typing import Final

import msgspec

from voltline.inspection.records import Direction

__all__ = ["Shot", "ShotKind", "Shots"]

LONGEST: Final = 8_000
"""Characters of a frame's text that are kept."""
BEFORE: Final = 6
AFTER: Final = 4
"""Frames that are kept on each side of the one that a finding was made at."""
ROUTINE: Final = frozenset({"MeterValues", "Heartbeat"})


class ShotKind(StrEnum):
    """What stands in a line."""

    CALL = "call"
    RESULT = "result"
    ERROR = "error"
    MALFORMED = "malformed"
    CONNECTED = "connected"
    DISCONNECTED = "disconnected"
    NOTE = "note"


class Shot(msgspec.Struct, gc=False, eq=False):
    """A frame or another line as a page shows it."""

    number: int
    """Which of the station's lines it is, from 1."""
    kind: ShotKind
    at: datetime | None
    direction: Direction
    action: str
    """Of an answer, that of the CALL it answers; empty if it is not known."""
    message_id: str
    source: str
    line: int
    text: str
    took_s: float | None = None
    """Of an answer: seconds since its CALL."""
    unanswered: bool = False


class Shots:
    """Keeps some of a station's lines. Memory is bounded by `most`, whatever the log's length."""

    def __init__(self, most: int) -> None:
        self.seen = 0
        """Lines there were."""
        self._first: list[Shot] = []
        self._middle: list[Shot] = []
        self._last: deque[Shot] = deque()
        self._wanted: deque[tuple[int, int]] = deque()
        self._near = 0
        self._most_at_an_end = max(most // 10, BEFORE + AFTER)
        self._most_near = most * 4 // 10
        self._most = most

    def add(self, shot: Shot) -> None:
        """Take the next line; not a vendor's line that is there already, as a connection's."""
        last = self._last[-1] if self._last else self._first[-1] if self._first else None
        told_before = last is not None and (last.source, last.line) == (shot.source, shot.line)
        if told_before and shot.kind is ShotKind.NOTE:
            return
        self.seen += 1
        if len(self._first) < self._most_at_an_end:
            self._first.append(shot)
            return
        self._last.append(shot)
        if len(self._last) > self._most_at_an_end:
            self._leave(self._last.popleft())

    def want(self) -> None:
        """Keep the lines around the latest one: a finding was made at it."""
        begin, end = self.seen - BEFORE, self.seen + AFTER
        if self._wanted and begin <= self._wanted[-1][1]:
            begin = self._wanted.pop()[0]
        self._wanted.append((begin, end))

    def kept(self) -> list[Shot]:
        """All that were kept, in their order."""
        return [*self._first, *self._middle, *self._last]

    def _leave(self, shot: Shot) -> None:
        """Keep it for good, or not."""
        wanted = self._wanted
        while wanted and wanted[0][1] < shot.number:
            wanted.popleft()
        room = len(self._middle) < self._most - 2 * self._most_at_an_end
        if wanted and wanted[0][0] <= shot.number and self._near < self._most_near and room:
            self._near += 1
            self._middle.append(shot)
        elif shot.action not in ROUTINE and len(self._middle) - self._near < self._most_near and room:
            self._middle.append(shot)
