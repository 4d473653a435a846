"""One text frame of OCPP-J 1.6 (chapter 4) to one Frame, and back.

`decode` reads in two steps. A frame that is exactly as the specification says is read by one typed
decoder. Only when that fails does `irregular.py` look at the frame piece by piece, to keep what a
tolerant reader can use and to say what was wrong with it. Payloads stay raw JSON (`msgspec.Raw`):
`voltline.messages` reads them.
"""

import re

import msgspec

from voltline.wire.errors import LocalProtocolError
from voltline.wire.frame_types import (
    MAX_MESSAGE_ID_LENGTH,
    CallErrorFrame,
    CallFrame,
    CallResultFrame,
    Frame,
    Ignored,
    Malformed,
    NumericId,
)
from voltline.wire.irregular import decode_irregular

__all__ = [
    "MAX_DESCRIPTION_LENGTH",
    "MAX_MESSAGE_ID_LENGTH",
    "CallErrorFrame",
    "CallFrame",
    "CallResultFrame",
    "Frame",
    "Ignored",
    "Malformed",
    "NumericId",
    "decode",
    "encode_call",
    "encode_error",
    "encode_result",
]

MAX_DESCRIPTION_LENGTH = 255
"""Characters of an errorDescription that we send. 1.6 sets no limit; later versions of OCPP set this one."""


_read_regular = msgspec.json.Decoder(CallFrame | CallResultFrame | CallErrorFrame).decode
_encode_json = msgspec.json.Encoder().encode


def decode(text: str | bytes) -> Frame:
    """Read one text frame. Never raises: whatever arrives is one of the five frames.

    Bytes are taken as UTF-8. Faults that leave the meaning certain are accepted and listed in the
    frame's `deviations`, with their path in the frame (`$[1]` is the message id).
    """
    try:
        if not isinstance(text, str):
            text = str(text, "utf-8")
        frame: CallFrame | CallResultFrame | CallErrorFrame = _read_regular(text)
    except (msgspec.DecodeError, ValueError, RecursionError) as fault:
        return decode_irregular(text, fault)
    # An object ends with "}": nothing else that is a whole JSON value does, and it is the last element. So
    # `deviations`, a list, was not among them.
    if text.endswith("}]") and 0 < len(frame.message_id) <= MAX_MESSAGE_ID_LENGTH:
        return frame
    return decode_irregular(text, None)


def encode_call(message_id: str, action: str, payload: bytes) -> str:
    """The frame `[2, id, action, payload]`. `payload` is a JSON object in UTF-8.

    Raises LocalProtocolError when an argument cannot be sent.
    """
    if not 0 < len(message_id) <= MAX_MESSAGE_ID_LENGTH:
        raise LocalProtocolError(
            f"message id {message_id!r} has {len(message_id)} characters; OCPP-J allows 1 to "
            f"{MAX_MESSAGE_ID_LENGTH}"
        )
    return _checked(f"[2,{_written_id(message_id)},{_written(action)},{_object(payload)}]")


def encode_result(message_id: str, payload: bytes) -> str:
    """The frame `[3, id, payload]`. `payload` is a JSON object in UTF-8; the id is the peer's, as it came.

    Raises LocalProtocolError when an argument cannot be sent.
    """
    if payload == b"{}":
        if type(message_id) is str and message_id.isalnum():
            return f'[3,"{message_id}",{{}}]'
        return f"[3,{_written_id(message_id)},{{}}]"
    return _checked(f"[3,{_written_id(message_id)},{_object(payload)}]")


def encode_error(message_id: str, code: str, description: str, details: bytes = b"{}") -> str:
    """The frame `[4, id, code, description, details]`. `details` is a JSON object in UTF-8.

    A description over 255 characters is cut; half a surrogate pair in it becomes `?`. Raises
    LocalProtocolError when another argument cannot be sent.
    """
    if len(description) > MAX_DESCRIPTION_LENGTH:
        description = description[: MAX_DESCRIPTION_LENGTH - 1] + "…"
    description = description.encode("utf-8", "replace").decode()
    return _checked(
        f"[4,{_written_id(message_id)},{_written(code)},{_written(description)},{_object(details)}]"
    )


def _written_id(message_id: str) -> str:
    if type(message_id) is NumericId:
        return message_id[:]
    return _written(message_id)


def _written(text: str) -> str:
    try:
        return _encode_json(text).decode()
    except UnicodeEncodeError as fault:
        raise LocalProtocolError(
            f"{text!r} cannot be sent: it is not valid Unicode ({fault.reason})"
        ) from fault


def _object(payload: bytes) -> str:
    """The payload as text. It is checked to look like an object, not parsed."""
    if not (payload.startswith(b"{") and payload.endswith(b"}")):
        raise LocalProtocolError(f"a payload must be a JSON object, not {payload[:40]!r}")
    try:
        return payload.decode()
    except UnicodeDecodeError as fault:
        raise LocalProtocolError(f"a payload must be UTF-8: byte {fault.start} is not") from fault


_LINE_ENDS = re.compile(r"[\r\n]+")


def _checked(frame: str) -> str:
    # One frame is one line in every log. A line end can only be white space between two values here:
    # inside a JSON string it must be written as \n.
    if "\n" in frame or "\r" in frame:
        return _LINE_ENDS.sub(" ", frame)
    return frame
