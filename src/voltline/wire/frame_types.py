"""What one text frame of OCPP-J 1.6 can be: three kinds of message, and two kinds of none."""

import msgspec
from msgspec import Raw

from voltline.messages.deviation import Deviation
from voltline.messages.error_codes import ErrorCode

MAX_MESSAGE_ID_LENGTH = 36
"""Characters of a message id, OCPP-J 1.6, 4.1.4."""


# The three messages are declared as they stand on the wire, so that a typed decoder makes them; what is
# noted of them comes last. `frames.decode` sees to it that the peer does not write there.


class NumericId(str):
    """A message id that the peer wrote as a JSON number instead of a string.

    It compares as its text; the encoders write it back as the number that it was, so that a peer which
    looks for a number finds its CALL again.
    """

    __slots__ = ()


class CallFrame(msgspec.Struct, frozen=True, gc=False, array_like=True, tag=2, forbid_unknown_fields=True):
    """`[2, id, action, payload]`. The payload is always a JSON object."""

    message_id: str
    action: str
    payload: Raw
    deviations: tuple[Deviation, ...] = ()


class CallResultFrame(
    msgspec.Struct, frozen=True, gc=False, array_like=True, tag=3, forbid_unknown_fields=True
):
    """`[3, id, payload]`. The payload is a JSON object, unless an unusable deviation says what it is."""

    message_id: str
    payload: Raw
    deviations: tuple[Deviation, ...] = ()


class CallErrorFrame(
    msgspec.Struct, frozen=True, gc=False, array_like=True, tag=4, forbid_unknown_fields=True
):
    """`[4, id, code, description, details]`. `code` is the peer's text, `details` always a JSON object."""

    message_id: str
    code: str
    description: str
    details: Raw
    deviations: tuple[Deviation, ...] = ()


class Ignored(msgspec.Struct, frozen=True, gc=False):
    """A frame that the specification or the field wants passed over in silence; `reason` says why."""

    reason: str


class Malformed(msgspec.Struct, frozen=True, gc=False):
    """A frame that cannot be used.

    `message_id` is set when it is a CALL whose id is certain: it is owed a CALLERROR with `code` and
    `text`. (An answer whose id is certain is never Malformed: the CALL has been answered, if badly.)
    """

    message_id: str | None
    code: ErrorCode
    text: str


Frame = CallFrame | CallResultFrame | CallErrorFrame | Ignored | Malformed
