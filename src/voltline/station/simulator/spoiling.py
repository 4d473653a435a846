"""Frames that come to harm on demand: late, twice, never, garbled...; and frames that were never right."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import StrEnum

from voltline.base.ids import new_message_id
from voltline.station.device.misbehaviour import Habit, MisbehavingLine
from voltline.wire.frames import (
    CallErrorFrame,
    CallFrame,
    CallResultFrame,
    Frame,
    encode_call,
    encode_error,
    encode_result,
)


class Harm(StrEnum):
    """What happens to a frame."""

    LATE = "late"
    """It goes its way after a while; an answer later than the other side waits for it."""
    TWICE = "twice"
    NEVER = "never"
    WRONG_ID = "wrong-id"
    """It goes under an id that nobody knows."""
    GARBLED = "garbled"
    """Its end is missing."""
    EMPTY = "empty"
    """It goes with an empty payload."""
    REFUSED = "refused"
    """An answer is a CALLERROR instead; a request gets one, and is not sent."""


class Which(StrEnum):
    """Which frames of the station."""

    ANSWERS = "answers"
    """What it answers to the central system."""
    REQUESTS = "requests"
    """What it sends by itself."""
    REPLIES = "replies"
    """What the central system answers to that."""


class Spoil(Habit):
    """The next frames of a kind come to harm."""

    def __init__(self, which: Which, harm: Harm, times: int, seconds: float) -> None:
        """`times` 0 is for ever; `seconds` is how late a late one is."""
        self._which = which
        self._harm = harm
        self._left = times or None
        self._seconds = seconds

    def over(self) -> bool:
        return self._left == 0

    def says(self, text: str, frame: Frame, line: MisbehavingLine) -> bool:
        answers = isinstance(frame, CallResultFrame | CallErrorFrame)
        which = Which.ANSWERS if answers else Which.REQUESTS
        return which is self._which and self._spoil(text, frame, line.transmit, line)

    def hears(self, text: str, frame: Frame, line: MisbehavingLine) -> bool:
        answers = isinstance(frame, CallResultFrame | CallErrorFrame)
        return answers and self._which is Which.REPLIES and self._spoil(text, frame, line.deliver, line)

    def _spoil(self, text: str, frame: Frame, go: Callable[[str], None], line: MisbehavingLine) -> bool:
        if self._left == 0:
            return False
        if self._left is not None:
            self._left -= 1
        match self._harm:
            case Harm.LATE:
                line.later(self._seconds, lambda: go(text))
            case Harm.TWICE:
                go(text)
                go(text)
            case Harm.NEVER:
                pass
            case Harm.GARBLED:
                go(text[: max(1, len(text) * 2 // 3)])
            case Harm.WRONG_ID:
                go(_under(new_message_id(), frame, text))
            case Harm.EMPTY:
                go(_emptied(frame, text))
            case Harm.REFUSED if isinstance(frame, CallFrame):
                refusal = encode_error(frame.message_id, "InternalError", "the line would not have it")
                line.later(0.0, lambda: line.deliver(refusal))
            case Harm.REFUSED:
                assert isinstance(frame, CallResultFrame | CallErrorFrame)
                go(encode_error(frame.message_id, "InternalError", "out of order on demand"))
        return True


def _under(message_id: str, frame: Frame, text: str) -> str:
    match frame:
        case CallFrame():
            return encode_call(message_id, frame.action, bytes(frame.payload))
        case CallResultFrame():
            return encode_result(message_id, bytes(frame.payload))
        case CallErrorFrame():
            return encode_error(message_id, frame.code, frame.description)
    return text


def _emptied(frame: Frame, text: str) -> str:
    match frame:
        case CallFrame():
            return encode_call(frame.message_id, frame.action, b"{}")
        case CallResultFrame() | CallErrorFrame():
            return encode_result(frame.message_id, b"{}")
    return text


MALFORMED: Mapping[str, tuple[str, str]] = {
    "not-json": ("no JSON at all", "hello, central system"),
    "blank": ("nothing but a blank", " "),
    "truncated": ("the end is missing", '[2,"ID","Heartbeat",{'),
    "object": ("an object instead of an array", '{"action":"Heartbeat"}'),
    "empty-array": ("an array without elements", "[]"),
    "no-payload": ("a CALL of three elements", '[2,"ID","Heartbeat"]'),
    "extra-element": ("a CALL of five elements", '[2,"ID","Heartbeat",{},{}]'),
    "wrong-type": ("a message type that there is not", '[9,"ID","Heartbeat",{}]'),
    "type-as-text": ("the message type as a text", '["2","ID","Heartbeat",{}]'),
    "numeric-id": ("a number for the message id", '[2,4711,"Heartbeat",{}]'),
    "empty-id": ("an empty message id", '[2,"","Heartbeat",{}]'),
    "long-id": ("a message id of 80 characters", f'[2,"{"x" * 80}","Heartbeat",{{}}]'),
    "no-action": ("null for the action", '[2,"ID",null,{}]'),
    "unknown-action": ("an action that OCPP does not know", '[2,"ID","MakeCoffee",{}]'),
    "wrong-case": ("an action in small letters", '[2,"ID","heartbeat",{}]'),
    "null-payload": ("null for the payload", '[2,"ID","Heartbeat",null]'),
    "array-payload": ("an array for the payload", '[2,"ID","Heartbeat",[]]'),
    "wrong-types": (
        "texts for numbers and numbers for texts",
        '[2,"ID","StatusNotification",{"connectorId":"one","errorCode":0,"status":true}]',
    ),
    "missing-field": ("a required field left out", '[2,"ID","StatusNotification",{"connectorId":1}]'),
    "unknown-field": ("a field that there is not", '[2,"ID","Heartbeat",{"mood":"fine"}]'),
    "bad-enum": (
        "a word that is none of those allowed",
        '[2,"ID","StatusNotification",{"connectorId":1,"errorCode":"NoError","status":"Dreaming"}]',
    ),
    "bad-time": (
        "a day that there is not",
        '[2,"ID","MeterValues",{"connectorId":1,"meterValue":[{"timestamp":"2022-02-29T25:00:00Z",'
        '"sampledValue":[{"value":"1"}]}]}]',
    ),
    "too-long": ("a text longer than allowed", f'[2,"ID","Authorize",{{"idTag":"{"x" * 300}"}}]'),
    "nan": ("NaN, which JSON does not have", '[2,"ID","DataTransfer",{"vendorId":"v","data":NaN}]'),
    "duplicate-keys": ("a field twice", '[2,"ID","Authorize",{"idTag":"A","idTag":"B"}]'),
    "lone-surrogate": ("half a character", '[2,"ID","Authorize",{"idTag":"\\ud800"}]'),
    "deep": ("a thousand arrays in each other", f'[2,"ID","Heartbeat",{"[" * 1000}{"]" * 1000}]'),
    "huge": (
        "half a megabyte of text",
        f'[2,"ID","DataTransfer",{{"vendorId":"v","data":"{"x" * 500_000}"}}]',
    ),
    "stray-result": ("an answer to nothing", '[3,"ID",{}]'),
    "stray-error": ("a refusal of nothing", '[4,"ID","GenericError","",{}]'),
    "unknown-error-code": ("a refusal of nothing, with a code that there is not", '[4,"ID","Sorry","",{}]'),
}
"""Frames that no charge point should send: what is wrong, and the text with ID for the message id."""


def malformed(kind: str) -> str:
    """A frame of this kind, under an id of its own."""
    return MALFORMED[kind][1].replace('"ID"', f'"{new_message_id()}"')
