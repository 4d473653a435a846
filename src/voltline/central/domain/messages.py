"""Frames as they were logged, and the exchanges that they make: a CALL and its answer."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from datetime import datetime
from enum import StrEnum

from msgspec import Struct

from voltline.central.domain.stations import StationKey
from voltline.messages import ACTIONS, Deviation


class Direction(StrEnum):
    """Where a frame went, as the central system sees it."""

    IN = "in"
    OUT = "out"


class FrameType(StrEnum):
    """What a frame is (OCPP-J 1.6, 4.1.3)."""

    CALL = "CALL"
    CALLRESULT = "CALLRESULT"
    CALLERROR = "CALLERROR"
    OTHER = "other"
    """Nothing that can be told by its beginning."""


_TYPES = {"2": FrameType.CALL, "3": FrameType.CALLRESULT, "4": FrameType.CALLERROR}
_HEAD = re.compile(
    r'\s*\[\s*([234])\s*,\s*(?:"((?:[^"\\]|\\.)*)"|(-?[0-9][0-9.eE+-]*))\s*(?:,\s*"((?:[^"\\]|\\.)*)")?'
)
OTHER_ACTION = "?"
"""Stands for every action that OCPP 1.6 does not know."""


class Head(Struct, frozen=True, gc=False):
    """What the beginning of a frame says."""

    type: FrameType
    message_id: str
    action: str
    """Of a CALL; else empty."""


_UNREADABLE = Head(FrameType.OTHER, "", "")


def head(text: str) -> Head:
    """Read the beginning of a frame; the rest of it is not looked at."""
    found = _HEAD.match(text)
    if found is None:
        return _UNREADABLE
    kind, message_id, number, word = found.groups()
    type_ = _TYPES[kind]
    action = _unescaped(word) if word is not None and type_ is FrameType.CALL else ""
    return Head(type_, number if message_id is None else _unescaped(message_id), action)


def _unescaped(text: str) -> str:
    if "\\" not in text:
        return text
    try:
        read = json.loads(f'"{text}"')
    except ValueError:
        return text
    return str(read)


def quick_action(text: str) -> str:
    """The action of a CALL as cheaply as can be, OTHER_ACTION for an unknown one, empty for other frames."""
    start = text[:2]
    if start in ("[3", "[4"):
        return ""
    parts = text.split('"', 4) if text.startswith('[2,"') else []
    word = parts[3] if len(parts) > 3 and "\\" not in parts[1] else head(text).action
    return word if word in ACTIONS or not word else OTHER_ACTION


class LoggedFrame(Struct, frozen=True, kw_only=True):
    """One frame of the log."""

    id: int
    """Rises in the order in which frames came and went."""
    at: datetime
    station: StationKey
    identity: str
    direction: Direction
    text: str
    """As it came or went."""
    head: Head
    deviations: tuple[Deviation, ...] = ()
    """What was found when it was read."""


class Exchange(Struct, frozen=True, kw_only=True):
    """A CALL with its answer, or a frame that makes no exchange with another one."""

    frame: LoggedFrame
    answer: LoggedFrame | None = None
    action: str = ""
    """Of the CALL; empty where that is not known."""

    @property
    def position(self) -> int:
        """Where it stands in a list: by the frame that began it."""
        return self.frame.id


def pairs(frames: Iterable[LoggedFrame]) -> Iterator[Exchange]:
    """The exchanges among these frames, in the order of the frames that begin them.

    The answer of a CALL goes the other way, carries its id and comes after it. Where an id is used again
    before it was answered, the answer belongs to the newest CALL.
    """
    found: list[tuple[LoggedFrame, LoggedFrame | None]] = []
    calls: dict[tuple[StationKey, Direction, str], int] = {}
    for frame in frames:
        kind = frame.head.type
        if kind is FrameType.CALL:
            calls[frame.station, frame.direction, frame.head.message_id] = len(found)
        elif kind is not FrameType.OTHER:
            asked = Direction.OUT if frame.direction is Direction.IN else Direction.IN
            place = calls.pop((frame.station, asked, frame.head.message_id), None)
            if place is not None:
                found[place] = (found[place][0], frame)
                continue
        found.append((frame, None))
    for frame, answer in found:
        yield Exchange(frame=frame, answer=answer, action=frame.head.action)


class MessageFilter(Struct, frozen=True, kw_only=True):
    """Which exchanges are wanted; what is None does not matter."""

    identity: str | None = None
    action: str | None = None
    message_id: str | None = None
    text: str | None = None
    """Anywhere in one of the frames, in any case."""
    since: datetime | None = None
    until: datetime | None = None
    """Not at or after this."""
    direction: Direction | None = None
    """Of the CALL, or of the frame that stands alone."""
    deviating: bool | None = None

    def takes(self, exchange: Exchange) -> bool:
        """Whether an exchange is wanted; `identity` is for whoever reads the frames to heed."""
        frame, answer = exchange.frame, exchange.answer
        if self.action is not None and exchange.action != self.action:
            return False
        if self.message_id is not None and frame.head.message_id != self.message_id:
            return False
        if self.direction is not None and frame.direction is not self.direction:
            return False
        if (self.since is not None and frame.at < self.since) or (
            self.until is not None and frame.at >= self.until
        ):
            return False
        if self.deviating is not None:
            deviates = bool(frame.deviations or (answer is not None and answer.deviations))
            if deviates is not self.deviating:
                return False
        if self.text is not None:
            wanted = self.text.lower()
            return wanted in frame.text.lower() or (answer is not None and wanted in answer.text.lower())
        return True


class MessagePage(Struct, frozen=True):
    """A part of the log, newest first."""

    items: tuple[Exchange, ...]
    next_before: int | None
    """Ask with `before` set to this for what is older; None: there is nothing."""


class LogFigures(Struct, frozen=True, kw_only=True):
    """How the log stands."""

    frames: int
    """That are kept."""
    bytes: int
    """That they take up, packed."""
    oldest_at: datetime | None
    dropped: int
    """Frames that were not kept since the start, because the disk could not follow."""
    failure: str | None
    """Why nothing can be written just now."""
