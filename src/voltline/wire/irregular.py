"""The second, patient look at a frame that is not exactly as OCPP-J 1.6 (4.1, 4.2) says.

What is meant beyond doubt is kept, with a Deviation for each fault; the rest is Ignored or Malformed.
Chargers in the field send results of three to five elements, errors of four, numbers for ids, `[]` for
an empty payload, line ends inside strings and a NUL byte at the end of the frame.
"""

import re
from collections.abc import Callable, Sequence

import msgspec
from msgspec import Raw

from voltline.messages.deviation import CODES, Deviation, DeviationKind
from voltline.messages.error_codes import ErrorCode
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

LONGEST_ID_ACCEPTED = 255
"""Ids over 36 characters are a deviation; a CALL with a longer id than this is refused (J 4.2.3)."""

MAX_FRAME_LENGTH = 1024 * 1024
"""Characters of a faulty frame; of a longer one only the head is looked at."""

_EMPTY = Raw(b"{}")

_read_elements = msgspec.json.Decoder(list[Raw]).decode
_read_text = msgspec.json.Decoder(str).decode

# The head of a frame whose rest is not JSON: type and id, and after them the end of an element. Possessive,
# so that no input makes it try twice.
_HEAD = re.compile(
    r"\s*+\[\s*+(?P<type>[234])\s*+,\s*+"
    r'(?:(?P<text>"(?:[^"\\\x00-\x1f]|\\[^\x00-\x1f])*+")|(?P<number>-?\d++))\s*+[,\]]'
)
# A string, closed or not: one that is not closed ends the search, or every quote in it would begin another.
_STRING = re.compile(r'"(?:[^"\\]|\\.)*+"?', re.DOTALL)
# What JSON does not allow inside a string although it can be understood: control characters as they are, and
# halves of surrogate pairs. Whole pairs and other escapes are matched first, to be left alone.
_PAIR_OR_FAULT = re.compile(
    r"\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|\\(?!u[dD][89a-fA-F])."
    r"|(?P<half>\\u[dD][89a-fA-F][0-9a-fA-F]{2})|(?P<control>[\x00-\x1f])"
)


def decode_irregular(text: str | bytes, fault: Exception | None) -> Frame:
    """Read a frame that the typed decoder did not take. `fault` is its reason, None when it gave none."""
    if not isinstance(text, str):
        return _malformed(text.decode("utf-8", "replace"), f"not UTF-8: {fault}")
    if len(text) > MAX_FRAME_LENGTH:
        return _malformed(text, f"the frame has {len(text)} characters; at most {MAX_FRAME_LENGTH} are read")
    deviations: list[Deviation] = []
    stripped = text.strip(" \t\r\n\0\ufeff")
    if not stripped:
        return Ignored("the frame is empty")
    if text[0] == "\ufeff" or text[-1] == "\0":
        text_fault = "a byte order mark before, or a NUL after the frame"
        deviations.append(_deviation("$", DeviationKind.BAD_TEXT, text_fault))
    try:
        elements = _elements(stripped, deviations)
    except msgspec.ValidationError:
        return _malformed("", "a frame must be a JSON array (J 4.2)")
    except RecursionError:
        return _malformed(stripped, "objects and lists are nested too deeply")
    except (msgspec.DecodeError, ValueError) as problem:
        return _malformed(stripped, f"not valid JSON: {str(problem).removeprefix('JSON is malformed: ')}")
    return _frame(elements, deviations)


def _elements(text: str, deviations: list[Deviation]) -> list[bytes]:
    try:
        return [bytes(raw) for raw in _read_elements(text)]
    except msgspec.ValidationError:
        raise
    except msgspec.DecodeError:
        mended = _STRING.sub(lambda string: _PAIR_OR_FAULT.sub(_mended, string[0]), text)
        if mended == text:
            raise
        elements = [bytes(raw) for raw in _read_elements(mended)]
    fault = "a string holds control characters as they are, or half of a surrogate pair; they were replaced"
    deviations.append(_deviation("$", DeviationKind.BAD_TEXT, fault))
    return elements


def _mended(match: re.Match[str]) -> str:
    if match["control"] is not None:
        return f"\\u{ord(match[0]):04x}"
    return match[0] if match["half"] is None else "\\ufffd"


def _frame(elements: list[bytes], deviations: list[Deviation]) -> Frame:
    if not elements or not _is_number(elements[0]):
        return _malformed("", "a frame must begin with its message type, a number (J 4.1.3)")
    read = _BY_TYPE.get(elements[0])
    if read is None:
        return Ignored(f"message type {elements[0][:20].decode()} is unknown (J 4.1.3)")
    message_id = _message_id(elements, deviations)
    if message_id is None:
        return _malformed("", "the message id is missing, or is neither a string nor a number (J 4.1.4)")
    return read(message_id, elements, deviations)


def _message_id(elements: Sequence[bytes], deviations: list[Deviation]) -> str | None:
    if len(elements) < 2:
        return None
    raw = elements[1]
    message_id: str
    if raw[:1] == b'"':
        message_id = _read_text(raw)
    elif _is_number(raw):
        message_id = NumericId(raw.decode())
        text = "the message id is a number; it must be a string (J 4.1.4)"
        deviations.append(_deviation("$[1]", DeviationKind.WRONG_TYPE, text))
    else:
        return None
    if "\ufffd" in message_id:
        # Part of the id was replaced, by us or on the way: an answer to it would find nobody.
        return None
    if not message_id:
        deviations.append(_deviation("$[1]", DeviationKind.BLANK, "the message id is empty"))
    elif len(message_id) > MAX_MESSAGE_ID_LENGTH:
        text = f"the message id has {len(message_id)} characters; at most {MAX_MESSAGE_ID_LENGTH} are allowed"
        deviations.append(_deviation("$[1]", DeviationKind.TOO_LONG, text))
    return message_id


def _call(message_id: str, elements: Sequence[bytes], deviations: list[Deviation]) -> Frame:
    if len(message_id) > LONGEST_ID_ACCEPTED:
        text = f"the message id has {len(message_id)} characters; {MAX_MESSAGE_ID_LENGTH} are allowed"
        return Malformed(message_id, ErrorCode.PROPERTY_CONSTRAINT_VIOLATION, text)
    if len(elements) < 3 or elements[2][:1] != b'"':
        return Malformed(message_id, ErrorCode.FORMATION_VIOLATION, "a CALL must name its action (J 4.2.1)")
    _check_length(elements, 4, "CALL", deviations)
    payload = _payload(elements, 3, deviations)
    if payload is None:
        return Malformed(
            message_id, ErrorCode.FORMATION_VIOLATION, "the payload of a CALL must be a JSON object (J 4.2.1)"
        )
    return CallFrame(message_id, _read_text(elements[2]), payload, tuple(deviations))


def _result(message_id: str, elements: Sequence[bytes], deviations: list[Deviation]) -> Frame:
    _check_length(elements, 3, "CALLRESULT", deviations)
    payload = _payload(elements, 2, deviations)
    if payload is None:
        payload = Raw(elements[2])
        text = "the payload of a CALLRESULT must be a JSON object (J 4.2.2)"
        deviations.append(_deviation("$[2]", DeviationKind.WRONG_TYPE, text, usable=False))
    return CallResultFrame(message_id, payload, tuple(deviations))


def _error(message_id: str, elements: Sequence[bytes], deviations: list[Deviation]) -> Frame:
    _check_length(elements, 5, "CALLERROR", deviations)
    code = _text(elements, 2, deviations) or ErrorCode.GENERIC_ERROR.value
    description = _text(elements, 3, deviations)
    details = _payload(elements, 4, deviations)
    if details is None:
        details = Raw(b'{"details":' + elements[4] + b"}")
        text = "errorDetails must be a JSON object (J 4.2.3); kept as its member details"
        deviations.append(_deviation("$[4]", DeviationKind.WRONG_TYPE, text))
    return CallErrorFrame(message_id, code, description, details, tuple(deviations))


_BY_TYPE: dict[bytes, Callable[[str, Sequence[bytes], list[Deviation]], Frame]] = {
    b"2": _call,
    b"3": _result,
    b"4": _error,
}


def _check_length(elements: Sequence[bytes], length: int, name: str, deviations: list[Deviation]) -> None:
    if len(elements) != length:
        kind = DeviationKind.MISSING if len(elements) < length else DeviationKind.UNKNOWN_FIELD
        text = f"a {name} has exactly {length} elements, this one has {len(elements)} (J 4.2)"
        deviations.append(_deviation("$", kind, text))


def _payload(elements: Sequence[bytes], position: int, deviations: list[Deviation]) -> Raw | None:
    """The object at `position`; `{}` where it is missing, null or `[]`; None where it is other JSON."""
    if len(elements) <= position:
        return _EMPTY
    raw = elements[position]
    if raw[:1] == b"{":
        return Raw(raw)
    # J 4.2.1 allows null for "no payload", so it is no deviation.
    if raw == b"null":
        return _EMPTY
    if raw[:1] == b"[" and not raw[1:-1].strip():
        # What Lua and PHP make of an empty table.
        text = "an empty payload is written {}, not []"
        deviations.append(_deviation(f"$[{position}]", DeviationKind.WRONG_TYPE, text))
        return _EMPTY
    return None


def _text(elements: Sequence[bytes], position: int, deviations: list[Deviation]) -> str:
    """The string at `position`, other JSON as its text, "" where it is missing or null."""
    if len(elements) <= position:
        return ""
    raw = elements[position]
    if raw[:1] == b'"':
        return _read_text(raw)
    kind = DeviationKind.EXPLICIT_NULL if raw == b"null" else DeviationKind.WRONG_TYPE
    deviations.append(_deviation(f"$[{position}]", kind, "must be a string (J 4.2.3)"))
    return "" if raw == b"null" else raw.decode()


def _malformed(text: str, problem: str) -> Frame:
    """What is left of a frame that is not JSON: its type and id from its head, where they are certain."""
    head = _HEAD.match(text)
    message_id = None if head is None else _id_in(head)
    if head is None or message_id is None:
        return Malformed(None, ErrorCode.FORMATION_VIOLATION, problem)
    if head["type"] == "2":
        return Malformed(message_id, ErrorCode.FORMATION_VIOLATION, problem)
    deviations = (_deviation("$", DeviationKind.NOT_JSON, problem, usable=False),)
    if head["type"] == "3":
        return CallResultFrame(message_id, Raw(text[head.end() :].encode("utf-8", "replace")), deviations)
    return CallErrorFrame(message_id, ErrorCode.GENERIC_ERROR.value, problem, _EMPTY, deviations)


def _id_in(head: re.Match[str]) -> str | None:
    """The id, None where it is broken itself, or too long to be one: such an id could not be echoed."""
    try:
        message_id = NumericId(head["number"]) if head["text"] is None else _read_text(head["text"])
    except (msgspec.DecodeError, ValueError):
        return None
    return message_id if len(message_id) <= LONGEST_ID_ACCEPTED and "\ufffd" not in message_id else None


def _is_number(raw: bytes) -> bool:
    return raw[:1] in b"-0123456789"


def _deviation(path: str, kind: DeviationKind, text: str, *, usable: bool = True) -> Deviation:
    return Deviation(path=path, kind=kind, text=text, code=CODES[kind], usable=usable)
