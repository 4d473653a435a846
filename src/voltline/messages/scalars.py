"""Single values: the JSON that came, read as what the field should be.

Every function gives the value, or UNREADABLE, and reports to `note` what was wrong; with UNREADABLE the
last thing noted is why.
"""

import json
import re
from collections.abc import Callable
from datetime import datetime
from decimal import Decimal, InvalidOperation
from enum import Enum
from typing import Final, Literal

from voltline.messages.deviation import DeviationKind, shown
from voltline.messages.instants import read_instant
from voltline.messages.json_text import MAX_INTEGER, MIN_INTEGER, Members, Number
from voltline.messages.shapes import DecimalNumber, Text, WholeNumber, Word
from voltline.messages.types import Enumeration

Note = Callable[[DeviationKind, str], None]


class _Unreadable(Enum):
    UNREADABLE = "unreadable"


UNREADABLE: Final = _Unreadable.UNREADABLE
"""No value can be made of what came."""

Unreadable = Literal[_Unreadable.UNREADABLE]

_NUMBER = re.compile(r"[+-]?\d{1,400}(?:\.\d{0,400})?(?:[eE][+-]?\d{1,4})?", re.ASCII)
_PRINTABLE = re.compile(r"[ -~]*")
_SURROGATE = re.compile(r"[\ud800-\udfff]")
_CONSTANTS = frozenset({"NaN", "Infinity", "-Infinity"})
_BOOLEANS = {"true": True, "false": False, "1": True, "0": False}


def named(value: object) -> str:
    """A JSON value for use in a sentence."""
    match value:
        case str():
            return f"the text {shown(value)}"
        case Number():
            return f"the number {value.text if len(value.text) <= 40 else value.text[:39] + '…'}"
        case bool():
            return "true" if value else "false"
        case None:
            return "null"
        case list():
            return "a list"
        case _:
            return "an object"


def read_whole_number(shape: WholeNumber, value: object, note: Note) -> int | Unreadable:
    """A whole number of 64 bits. `1.0`, `1e3` and `"1"` are understood; so are blanks around digits."""
    if isinstance(value, Number):
        whole = value.whole()
        if whole is not None:
            return whole
    number = _number(value, "a whole number", note)
    if number is None:
        return UNREADABLE
    if number.adjusted() > 19 or not MIN_INTEGER <= number <= MAX_INTEGER:
        note(DeviationKind.BAD_NUMBER, f"{named(value)} does not fit into 64 bits")
        return UNREADABLE
    whole = int(number // 1) if number >= 0 else -int(-number // 1)
    if whole == number:
        if isinstance(value, Number):
            note(
                DeviationKind.WRONG_TYPE, f"{named(value)} is not written as a whole number; read as {whole}"
            )
        return whole
    if shape.floored:
        note(DeviationKind.BAD_NUMBER, f"{named(value)} is not whole; the fraction is cut off: {whole}")
        return whole
    note(DeviationKind.BAD_NUMBER, f"{named(value)} is not whole")
    return UNREADABLE


def read_decimal_number(shape: DecimalNumber, value: object, note: Note) -> float | Unreadable:
    """A number; of more than one decimal where one is allowed, it is kept and noted."""
    number = _number(value, "a number", note)
    if number is None:
        return UNREADABLE
    read = float(number)
    if read in (float("inf"), float("-inf")):
        note(DeviationKind.BAD_NUMBER, f"{named(value)} is out of range")
        return UNREADABLE
    if shape.one_decimal and not has_one_decimal(read):
        note(DeviationKind.NOT_ONE_DECIMAL, f"{named(value)} has more than one decimal")
    return read


def has_one_decimal(number: float) -> bool:
    """Whether a number is a multiple of 0.1, as far as binary floating point can tell. OCPP 1.6, 7.13."""
    if abs(number) >= 1e15:
        return True  # beyond this no float has a digit after the point
    tenths = round(number * 10)
    return abs(number * 10 - tenths) < 1e-9 * max(1.0, abs(number)) and (tenths != 0 or number == 0)


def _number(value: object, wanted: str, note: Note) -> Decimal | None:
    if isinstance(value, Number):
        text = value.text
        if text in _CONSTANTS:
            note(DeviationKind.BAD_NUMBER, f"{text} is not {wanted}, and not JSON")
            return None
    elif isinstance(value, str):
        text = value.strip()
        if not text:
            note(DeviationKind.BLANK, f"the text is blank; {wanted} was expected")
            return None
    else:
        note(DeviationKind.WRONG_TYPE, f"{named(value)} is not {wanted}")
        return None
    if not _NUMBER.fullmatch(text):
        kind = DeviationKind.WRONG_TYPE if isinstance(value, str) else DeviationKind.BAD_NUMBER
        note(kind, f"{named(value)} is not {wanted}")
        return None
    if isinstance(value, str):
        note(DeviationKind.WRONG_TYPE, f"{named(value)} stands for {wanted}; read as {text[:40]}")
    try:
        return Decimal(text)
    except InvalidOperation:
        note(DeviationKind.BAD_NUMBER, f"{named(value)} is out of range")
        return None


def read_true_or_false(value: object, note: Note) -> bool | Unreadable:
    """A boolean. `"true"`, `"False"`, 1 and 0 are understood."""
    if isinstance(value, bool):
        return value
    text = value.text if isinstance(value, Number) else value
    if isinstance(text, str):
        if not text.strip():
            note(DeviationKind.BLANK, "the text is blank; true or false was expected")
            return UNREADABLE
        read = _BOOLEANS.get(text.strip().casefold())
        if read is not None:
            note(DeviationKind.WRONG_TYPE, f"{named(value)} is not a boolean; read as {named(read)}")
            return read
    note(DeviationKind.WRONG_TYPE, f"{named(value)} is neither true nor false")
    return UNREADABLE


def read_text(shape: Text, value: object, note: Note) -> str | Unreadable:
    """A text, kept as it came, however long. Numbers and booleans are taken with the digits they have."""
    text = _as_text(shape, value, note)
    if text is None:
        return UNREADABLE
    if _SURROGATE.search(text):
        said = f"{shown(text)} has bytes or halves of surrogate pairs that are no characters"
        if shape.identity:
            note(DeviationKind.BAD_TEXT, said)
            return UNREADABLE
        note(DeviationKind.BAD_TEXT, f"{said}; each is read as U+FFFD")
        text = _SURROGATE.sub("\ufffd", text)
    elif shape.ascii_only and not _PRINTABLE.fullmatch(text):
        note(DeviationKind.BAD_TEXT, f"{shown(text)} has other characters than printable ASCII")
    if shape.max_length is not None and len(text) > shape.max_length:
        said = f"{shown(text)} has {len(text)} characters; at most {shape.max_length} are allowed"
        note(DeviationKind.TOO_LONG, said)
    return text


def _as_text(shape: Text, value: object, note: Note) -> str | None:
    if isinstance(value, str):
        return value
    if isinstance(value, Number) and (not shape.identity or value.whole() is not None):
        note(DeviationKind.WRONG_TYPE, f"{named(value)} is not a text; read as {shown(value.text)}")
        return value.text
    if isinstance(value, bool) and not shape.identity:
        note(DeviationKind.WRONG_TYPE, f"{named(value)} is not a text; read as {shown(named(value))}")
        return named(value)
    if isinstance(value, Members | list) and shape.json_as_text:
        note(DeviationKind.WRONG_TYPE, f"{named(value)} is not a text; read as the text of its JSON")
        return _json(value)
    note(DeviationKind.WRONG_TYPE, f"{named(value)} is not a text")
    return None


def _json(value: object) -> str:
    match value:
        case Members():
            return "{" + ",".join(f"{_json(key)}:{_json(item)}" for key, item in value.items()) + "}"
        case list():
            return "[" + ",".join(_json(item) for item in value) + "]"
        case Number():
            return value.text
        case _:
            return json.dumps(value, ensure_ascii=False)


def read_instant_value(value: object, note: Note) -> datetime | Unreadable:
    """A time, as `instants.read_instant` reads it."""
    if not isinstance(value, str):
        note(DeviationKind.WRONG_TYPE, f"{named(value)} is not a time; a text was expected")
        return UNREADABLE
    if not value.strip():
        note(DeviationKind.BLANK, "the text is blank; a time was expected")
        return UNREADABLE
    read, problems = read_instant(value)
    for kind, said in problems:
        note(kind, said)
    return UNREADABLE if read is None else read


def read_word(shape: Word, value: object, note: Note, *, command: bool) -> Enumeration | Unreadable:
    """A word of an enumeration. Blanks around it and capitals are looked over; an unknown one is kept.

    In a command an unknown word is unreadable, unless the response has a status for it.
    """
    if isinstance(value, str):
        text = _SURROGATE.sub("\ufffd", value)
        member = shape.spellings.get(text.strip().casefold())
        if member is not None and member.value == text:
            return member
    elif isinstance(value, Number | bool):
        text = value.text if isinstance(value, Number) else named(value)
        member = None
        note(DeviationKind.WRONG_TYPE, f"{named(value)} is not a text")
    else:
        note(DeviationKind.WRONG_TYPE, f"{named(value)} is not a text")
        return UNREADABLE
    words = shape.enumeration.__name__
    if member is not None:
        note(DeviationKind.UNKNOWN_VALUE, f"{shown(text)} is not a {words}; read as {shown(member.value)}")
        return member
    if not text.strip():
        note(DeviationKind.BLANK, f"the text is blank; a {words} was expected")
    else:
        known = ", ".join(list(shape.enumeration)[:8]) + (", …" if len(shape.enumeration) > 8 else "")
        note(DeviationKind.UNKNOWN_VALUE, f"{shown(text)} is not a {words} ({known})")
    if command and not (shape.keeps_unknown and text.strip()):
        return UNREADABLE
    return shape.enumeration.unknown(text)
