"""Messages to JSON. OCPP-J 1.6, 4.1.2: UTF-8; OCPP 1.6, 3.14 and 3.15: times; 7.13: one decimal."""

import math
import re
from collections.abc import Callable
from datetime import UTC, datetime
from functools import cache
from typing import Any

import msgspec

from voltline.messages.action import Payload
from voltline.messages.shapes import DecimalNumber, Instant, Text, contains, shape_of

_encode_json = msgspec.json.Encoder().encode

# A time that cannot stay as msgspec writes it: with a fraction (of six digits always, which some
# charge points choke on), with another zone than UTC, or without one.
_CLUMSY_TIME = re.compile(rb"T[0-9][0-9]:[0-9][0-9]:[0-9][0-9](?!Z)")


def encode(message: Payload) -> bytes:
    """The message as compact JSON in UTF-8.

    Times are written in UTC with `Z`; a fraction is cut to milliseconds, and left out where it is
    nothing. Whoever makes times in quantity makes them in whole seconds: that is the cheapest to write.
    Numbers of one decimal are rounded to it and written without exponent. Values are not checked against
    the declarations; reading does that.

    Raises ValueError, naming the value, for what has no JSON: a time without zone, NaN and Infinity, a
    text with half a surrogate pair.
    """
    return _writer(type(message))(message)


@cache
def _writer(payload: type[Payload]) -> Callable[[Payload], bytes]:
    shape = shape_of(payload)
    if contains(shape, DecimalNumber):
        return _encode_carefully
    if not contains(shape, Instant):
        return _encode_json
    return _encode_timed if contains(shape, Text) else _encode_only_timed


def _encode_timed(message: Payload) -> bytes:
    written = _encode_json(message)
    return _encode_carefully(message) if _CLUMSY_TIME.search(written) else written


_ODD_TIME = re.compile(rb"T[0-9][0-9]:[0-9][0-9]:[0-9][0-9](?!Z|\.[0-9]{3}Z)")


def _encode_only_timed(message: Payload) -> bytes:
    # What a clock gives that knows milliseconds, where nothing but a time can end like this.
    written = _encode_json(message).replace(b'000Z"', b'Z"')
    return _encode_carefully(message) if _ODD_TIME.search(written) else written


def _encode_carefully(message: Payload) -> bytes:
    return _encode_json(_plain(msgspec.to_builtins(message, builtin_types=(datetime,))))


def _plain(value: Any) -> Any:
    match value:
        case dict():
            return {key: _plain(item) for key, item in value.items()}
        case list():
            return [_plain(item) for item in value]
        case datetime():
            return _written_time(value)
        case float():
            return _rounded(value)
        case _:
            return value


def _written_time(time: datetime) -> str:
    if time.utcoffset() is None:
        raise ValueError(f"{time!r} has no time zone; give it one, best UTC")
    try:
        utc = time.astimezone(UTC).replace(tzinfo=None)
    except OverflowError as fault:
        raise ValueError(f"{time!r} is out of range in UTC") from fault
    return utc.isoformat(timespec="milliseconds" if utc.microsecond >= 1000 else "seconds") + "Z"


def _rounded(number: float) -> float | int:
    if not math.isfinite(number):
        raise ValueError(f"{number} cannot be sent: it is not a number in JSON")
    # From here on floats have no decimals, and would be written with an exponent.
    return int(number) if abs(number) >= 1e15 else round(number, 1)
