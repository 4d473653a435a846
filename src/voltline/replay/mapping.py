"""New ids and times in the place of the recorded ones. Everything else of a frame stays as it was written."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Final

from voltline.base.ids import new_message_id

__all__ = ["Ids", "moved", "moved_times", "with_message_id"]

_HEAD: Final = re.compile(r'(\s*\[\s*[234]\s*,\s*)("(?:[^"\\]|\\.)*"|-?\d+)')
_TRANSACTION: Final = re.compile(r'("transactionId"\s*:\s*"?)(\d+)')
_TIME: Final = re.compile(
    r'"(\d{4}-\d\d-\d\d)([Tt ])(\d\d:\d\d:\d\d)(?:([.,])(\d{1,9}))?(Z|z|[+-]\d\d:?\d\d)?"'
)


class Ids:
    """The ids of one charge point: recorded ones to those of now."""

    def __init__(self) -> None:
        self._messages: dict[str, str] = {}
        self._transactions: dict[int, int] = {}

    def message(self, recorded: str) -> str:
        """The id for a recorded one. One that was used again is used again."""
        return self._messages.setdefault(recorded, new_message_id())

    def transaction_began(self, recorded: int, new: int) -> None:
        """A StartTransaction that was answered with one id is answered with another."""
        if recorded > 0:  # 0 and -1 are no transactions, but what some send without one
            self._transactions[recorded] = new

    def transactions(self, text: str) -> str:
        """The frame with the new transaction ids; one that never began here stays."""

        def replaced(match: re.Match[str]) -> str:
            recorded = int(match[2])
            return f"{match[1]}{self._transactions.get(recorded, recorded)}"

        return _TRANSACTION.sub(replaced, text)


def with_message_id(text: str, message_id: str) -> str:
    """The frame under another id; as it is where it has no id that can be found."""
    return _HEAD.sub(lambda match: f'{match[1]}"{message_id}"', text, count=1)


def moved_times(text: str, by: timedelta) -> str:
    """The frame with every time in it moved, each in the form in which it was written."""
    if not by:
        return text
    return _TIME.sub(lambda match: f'"{moved(match, by)}"', text)


def moved(match: re.Match[str], by: timedelta) -> str:
    """A time, later by so much; as it was if it is none or leaves the calendar."""
    day, letter, time, point, fraction, zone = match.groups()
    try:
        at = datetime.fromisoformat(f"{day}T{time}").replace(tzinfo=UTC)
        if fraction:
            at += timedelta(microseconds=int(fraction[:6].ljust(6, "0")))
        at += by
    except (ValueError, OverflowError):
        return match[0][1:-1]
    rest = (
        "" if not fraction else f"{point}{f'{at.microsecond:06d}'[: len(fraction)].ljust(len(fraction), '0')}"
    )
    return f"{at:%Y-%m-%d}{letter}{at:%H:%M:%S}{rest}{zone or ''}"
