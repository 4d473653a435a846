"""What a timeline says happened at one station, in the order of the log.

Events carry the records they come from, so that every finding can show its lines.
"""

from datetime import datetime
from enum import StrEnum
from typing import Any

import msgspec

from voltline.inspection.records import Direction, Record
from voltline.messages import Action, Payload
from voltline.messages.deviation import Deviation
from voltline.wire import frame_types as wire

__all__ = [
    "Answered",
    "Call",
    "Connected",
    "Disconnected",
    "Event",
    "Exchange",
    "Malformed",
    "Note",
    "Orphan",
    "OrphanCause",
    "Repeated",
    "Unanswered",
    "UnansweredCause",
]


class Exchange(msgspec.Struct, gc=False):
    """A CALL and what became of it."""

    station: str
    connection: int
    """The station's connections are counted from 1; 0 is one that was open when the log began."""
    number: int
    """Which of the station's frames the CALL was, from 1."""
    sender: Direction
    """Who made the CALL."""
    call: Record
    frame: wire.CallFrame
    """The CALL as it came: message id, action's name, raw payload, deviations of the frame itself."""
    name: str
    """The action's name as it came."""
    from_station: bool
    """Whether the charge point made the CALL."""
    action: Action[Any, Any] | None
    """None if OCPP 1.6 has no action of that name."""
    request: Payload | None
    """The payload, tolerantly read; None if it is unusable, truncated or of an unknown action."""
    request_deviations: tuple[Deviation, ...] = ()
    told_at: datetime | None = None
    """When it happened by the time in the request, of meter values the last one; None if it has none."""
    overtaking: int = 0
    """How many CALLs of the same sender were still open when it was made."""
    earlier: "Exchange | None" = None
    """An earlier CALL of the same sender with the same message id, if one is remembered."""
    odd_call: bool = False
    """Whether anything about the CALL is out of the ordinary: an unknown action, a deviation, damage in the
    log, a payload that is unusable, a message id that was used before."""
    odd_answer: bool = False
    """The same of the answer; a CALLERROR is out of the ordinary too."""
    answer: Record | None = None
    result: wire.CallResultFrame | wire.CallErrorFrame | None = None
    """The answer as it came; None while there is none."""
    response: Payload | None = None
    """The answer's payload, tolerantly read; None if it is a CALLERROR, unusable or truncated."""
    response_deviations: tuple[Deviation, ...] = ()

    @property
    def message_id(self) -> str:
        """The message id as it came."""
        return self.frame.message_id

    @property
    def asked_at(self) -> datetime | None:
        """When the CALL was logged."""
        return self.call.at

    @property
    def answered_at(self) -> datetime | None:
        """When the answer was logged."""
        return None if self.answer is None else self.answer.at

    @property
    def took_s(self) -> float | None:
        """Seconds from CALL to answer; None if one of the times is unknown."""
        if self.answer is None or self.answer.at is None or self.call.at is None:
            return None
        return (self.answer.at - self.call.at).total_seconds()

    @property
    def error(self) -> wire.CallErrorFrame | None:
        """The CALLERROR it was answered with, if it was."""
        return self.result if isinstance(self.result, wire.CallErrorFrame) else None

    @property
    def records(self) -> tuple[Record, ...]:
        """The CALL's record and, if there is one, the answer's: evidence for a finding."""
        return (self.call,) if self.answer is None else (self.call, self.answer)


class Event(msgspec.Struct, gc=False):
    """Something that happened. `at` is the log's time of it (UTC), None in a log without times."""

    station: str
    at: datetime | None
    record: Record
    """What it is known from."""


class Call(Event, gc=False):
    """A CALL was made; its answer is not known yet."""

    exchange: Exchange


class Answered(Event, gc=False):
    """A CALL was answered, by a result or an error; see `exchange.result`."""

    exchange: Exchange


class UnansweredCause(StrEnum):
    """Why a CALL is held to be unanswered."""

    TIMEOUT = "timeout"
    """The log went on for longer than an answer may take."""
    DISCONNECTED = "disconnected"
    """The connection ended first."""
    REUSED = "reused"
    """The sender used its message id for another CALL."""
    LOG_ENDED = "log_ended"
    """The log ends here: the answer may have come after. No fault."""


class Unanswered(Event, gc=False):
    """A CALL got no answer. `record` is what made that certain; the CALL where that is the end of the log, or
    time alone."""

    exchange: Exchange
    cause: UnansweredCause


class OrphanCause(StrEnum):
    """Why no open CALL belongs to an answer."""

    LATE = "late"
    """The CALL is known, and had been given up after its time."""
    AFTER_RECONNECT = "after_reconnect"
    """The CALL is known, and was made on an earlier connection."""
    ANSWERED_BEFORE = "answered_before"
    """The CALL is known, and had been answered already."""
    LOG_BEGAN = "log_began"
    """The log or the connection's part of it had only just begun: the CALL may stand before it. No fault."""
    MALFORMED = "malformed"
    """The CALL of this id could not be used: a CALLERROR is what it was owed."""
    UNKNOWN = "unknown"
    """No CALL of this id was seen."""


class Orphan(Event, gc=False):
    """An answer to which there is no open CALL."""

    frame: wire.CallResultFrame | wire.CallErrorFrame
    cause: OrphanCause
    exchange: Exchange | None = None
    """The CALL that it answers after all, where known. Its own answer, if any, is kept as it was."""


class Malformed(Event, gc=False):
    """A frame that cannot be used. See `record.truncated` and `record.damage` before blaming the sender."""

    frame: wire.Malformed | wire.Ignored


class Repeated(Event, gc=False):
    """The frame was logged a second time, by another logger: it is not counted again (P04)."""


class Connected(Event, gc=False):
    """A connection was opened."""

    connection: int


class Disconnected(Event, gc=False):
    """A connection was closed or lost."""

    connection: int


class Note(Event, gc=False):
    """A line of the vendor's own, in `record.text`."""
