"""What a Session tells its owner: at most one event for a frame received."""

from enum import StrEnum

import msgspec
from msgspec import Raw

from voltline.messages.deviation import Deviation
from voltline.wire.frames import CallFrame

CallReceived = CallFrame
"""The peer asks for something. Owed exactly one `answer` or `refuse` with this very `message_id`."""


class CallAnswered(msgspec.Struct, frozen=True, gc=False):
    """The peer's CALLRESULT to a CALL of ours."""

    message_id: str
    action: str
    payload: Raw
    deviations: tuple[Deviation, ...] = ()


class CallRefused(msgspec.Struct, frozen=True, gc=False):
    """The peer's CALLERROR to a CALL of ours. `code` is its text, `details` a JSON object."""

    message_id: str
    action: str
    code: str
    description: str
    details: Raw
    deviations: tuple[Deviation, ...] = ()


class CallTimedOut(msgspec.Struct, frozen=True, gc=False):
    """No answer within `timeout_s` seconds of sending. The peer may have acted on the CALL all the same."""

    message_id: str
    action: str
    timeout_s: float


class CallFailed(msgspec.Struct, frozen=True, gc=False):
    """The session was closed before a CALL of ours was answered. `reason` says whether it was sent."""

    message_id: str
    action: str
    reason: str


class DropReason(StrEnum):
    """Why a received frame went no further."""

    MALFORMED = "malformed"
    """Not a message. When it was a CALL with a readable id it has been refused."""
    IGNORED = "ignored"
    """Empty, or of an unknown message type (J 4.1.3)."""
    LATE_ANSWER = "late answer"
    """Answers a CALL that had timed out."""
    ABANDONED_ANSWER = "abandoned answer"
    """Answers a CALL whose caller no longer waits."""
    UNKNOWN_ANSWER = "unknown answer"
    """Answers no CALL of this session, or one that was answered before."""
    DUPLICATE_CALL = "duplicate call"
    """A CALL with the id of one that is still being handled. It has been refused."""
    REPEATED_CALL = "repeated call"
    """The very CALL that was answered before. The same answer has been given again."""
    CLOSED = "closed"
    """Came after `close`."""


class FrameDropped(msgspec.Struct, frozen=True, gc=False):
    """A frame that reached nobody. `text` explains it in words; `message_id` is None when it is not known."""

    reason_kind: DropReason
    message_id: str | None
    text: str


Event = CallReceived | CallAnswered | CallRefused | CallTimedOut | CallFailed | FrameDropped
