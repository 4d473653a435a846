"""How an answer differs from the recorded one. Ids and times do not count: they are never the same."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from typing import Any, Final

import msgspec

from voltline.wire.frame_types import CallErrorFrame, CallResultFrame

__all__ = ["ABSENT", "ANSWER", "Difference", "compare", "in_words"]

ABSENT: Final = "(absent)"
ANSWER: Final = "(answer)"
"""In the place of a field, where the kinds of answer differ."""
NONE: Final = "none"
_TRANSACTION: Final = "transactionId"
_TIME: Final = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d.*")

Result = CallResultFrame | CallErrorFrame | str | None
"""An answer, or why there is none."""


class Difference(msgspec.Struct, frozen=True):
    """One field of one answer."""

    file: str
    line: int
    """Where the CALL stands in the recording."""
    station: str
    action: str
    field: str
    """Its path, such as `idTagInfo.status`; `(answer)` where one is a result and the other is none."""
    recorded: str
    new: str


def compare(recorded: Result, new: Result, ignore: Collection[str] = ()) -> Iterator[tuple[str, str, str]]:
    """Path, recorded and new value of each field that differs. `ignore` are paths."""
    if isinstance(recorded, CallResultFrame) and isinstance(new, CallResultFrame):
        before, after = dict(_fields(recorded)), dict(_fields(new))
        for path in sorted(before.keys() | after.keys()):
            one, other = before.get(path, ABSENT), after.get(path, ABSENT)
            if path not in ignore and not _same(path, one, other):
                plain = isinstance(one, str) and isinstance(other, str)
                yield path, _told(one, plain), _told(other, plain)
        return
    one, other = in_words(recorded), in_words(new)
    if one != other and ANSWER not in ignore:
        yield ANSWER, one, other


def in_words(answer: Result) -> str:
    """An answer's kind; of an error its code, of none the reason."""
    if isinstance(answer, CallErrorFrame):
        return f"CALLERROR {answer.code}"
    if isinstance(answer, CallResultFrame):
        return "CALLRESULT"
    return f"{NONE}: {answer}" if answer else NONE


def _fields(answer: CallResultFrame) -> Iterator[tuple[str, Any]]:
    try:
        payload = msgspec.json.decode(answer.payload)
    except msgspec.DecodeError:
        payload = str(answer.payload)
    yield from _flat("", payload)


def _flat(path: str, value: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict) and (value or not path):
        for name, one in value.items():
            yield from _flat(f"{path}.{name}" if path else name, one)
    elif isinstance(value, list) and value:
        for number, one in enumerate(value):
            yield from _flat(f"{path}[{number}]", one)
    else:
        yield path or ANSWER, value


def _same(path: str, one: Any, other: Any) -> bool:
    if path == _TRANSACTION:
        return isinstance(one, int) and isinstance(other, int)
    return one == other or (_is_time(one) and _is_time(other))


def _is_time(value: Any) -> bool:
    return isinstance(value, str) and _TIME.fullmatch(value) is not None


def _told(value: Any, plain: bool) -> str:
    """A value; a text in quotes beside what is none, so that 300 and "300" look different."""
    if isinstance(value, str) and (plain or value == ABSENT):
        return value
    return msgspec.json.encode(value).decode()
