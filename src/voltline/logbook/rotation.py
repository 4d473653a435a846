"""Which files are parts of one rotated log, and which of them is older."""

import re

from voltline.inspection.records import NO_YEAR
from voltline.logbook.readers.clock import STAMP, read_time
from voltline.logbook.readers.frame_text import FRAME

__all__ = ["first_time", "natural", "rotation_of"]

_PACKED = re.compile(r"\.(?:gz|bz2|xz)$", re.IGNORECASE)
_DATED = re.compile(
    r"[._-](\d{4}-\d\d-\d\d(?:[T_-]\d\d[-:]?\d\d(?:[-:]?\d\d)?)?|\d{14}|\d{8}(?:[T_-]\d{4,6})?)(?=\.|$)"
)
_NUMBERED = re.compile(r"\.(\d{1,4})(?=$|\.(?:log|txt|csv|jsonl?|html)$)")
_DIGITS = re.compile(r"(\d+)")


def natural(name: str) -> tuple[tuple[int, str], ...]:
    """A key by which `log.10` comes after `log.9`."""
    return tuple((int(part), "") if part.isdigit() else (-1, part) for part in _DIGITS.split(name) if part)


def rotation_of(name: str) -> tuple[str, tuple[int, str, int]]:
    """The log that a file is a part of, and its place: dated parts, then numbered ones, the highest first,
    then the one being written."""
    folder, _, last = name.rpartition("/")
    last = _PACKED.sub("", last)
    number = _NUMBERED.search(last)
    if number is not None:
        last = last[: number.start()] + last[number.end() :]
    dated = _DATED.search(last)
    if dated is not None:
        last = last[: dated.start()] + last[dated.end() :]
    log = f"{folder}/{last}" if folder else last
    if dated is not None:
        return log, (0, dated[1], -int(number[1]) if number is not None else 1)
    return log, (1, "", -int(number[1])) if number is not None else (2, "", 0)


def first_time(head: bytes) -> float | None:
    """Seconds since 1970 of the first log line with a date; None where there is none in the first bytes."""
    for line in head.decode("utf-8", "replace").split("\n"):
        stamp = STAMP.search(line)
        if stamp is None:
            continue
        frame = FRAME.search(line)
        if frame is not None and frame.start() < stamp.start():
            continue
        at = read_time(stamp[0])
        if at is not None and at.year > NO_YEAR:
            return at.timestamp()
        return None
    return None
