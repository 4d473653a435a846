"""Times as charge points write them. OCPP 1.6, 3.14 and 3.15: ISO 8601, any fraction, any zone."""

import re
from datetime import UTC, datetime, timedelta

import msgspec

from voltline.messages.deviation import DeviationKind, shown

CANONICAL = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)", re.ASCII)
"""How a time has to be written: the date-time of RFC 3339, in capitals."""

# What is understood beyond that: a space for the T, one-digit fields, no seconds, a comma before the
# fraction, slashes in the date, everything without separators, other zone notations, no zone.
_ANY = re.compile(
    r"(?P<year>\d{4})(?P<sep>[-/.]?)(?P<month>\d\d|(?<=[-/.])\d)(?P=sep)(?P<day>\d\d|(?<=[-/.])\d)"
    r"(?:[Tt_]|\s{1,4})"
    r"(?P<hour>\d\d?)(?P<colon>:?)(?P<minute>\d\d)(?:(?P=colon)(?P<second>\d\d)(?:[.,](?P<fraction>\d*))?)?"
    r"\s?(?P<zone>[Zz]|UTC|GMT|(?P<sign>[+-])(?P<zone_hours>\d\d):?(?P<zone_minutes>\d\d)?)?",
    re.ASCII,
)

_LONGEST = 64

Problem = tuple[DeviationKind, str]


def read_instant(text: str) -> tuple[datetime | None, list[Problem]]:
    """The time that `text` says, and what was wrong with its writing; None when it says none.

    A time without zone is taken for UTC. A day that its month does not have (29 February 2022, as
    calendars without leap years' exceptions count) is the day after the month's last; 24:00 and second
    60 run over likewise. Nothing else is made up: month 13 or a date alone is unreadable.
    """
    if CANONICAL.fullmatch(text):
        exact = _exact(text)
        if exact is not None:
            return exact, []
    match = _ANY.fullmatch(text.strip()) if len(text) <= _LONGEST else None
    read = _assembled(match) if match else None
    if match is None or read is None:
        return None, [(DeviationKind.BAD_TIMESTAMP, f"{shown(text)} is not a time that can be read")]
    problems: list[Problem] = []
    if match["zone"] is None:
        said = f"{shown(text)} has no time zone; taken for UTC"
        problems.append((DeviationKind.NO_TIME_ZONE, said))
    zoned = text if match["zone"] else text + "Z"
    if not CANONICAL.fullmatch(zoned):
        said = f"{shown(text)} is not written as ISO 8601 wants it; read as {read.isoformat()}"
        problems.append((DeviationKind.BAD_TIMESTAMP, said))
    elif _exact(zoned) is None:
        said = f"no calendar and no clock has {shown(text)}; read as {read.isoformat()}"
        problems.append((DeviationKind.BAD_TIMESTAMP, said))
    return read, problems


def _exact(text: str) -> datetime | None:
    try:
        read = msgspec.convert(text, datetime)
        read.astimezone(UTC)
    except (msgspec.ValidationError, OverflowError):
        return None  # the caller says so
    return read


def _assembled(match: re.Match[str]) -> datetime | None:
    year, month, day = (int(match[name]) for name in ("year", "month", "day"))
    hour, minute, second = (int(match[name] or 0) for name in ("hour", "minute", "second"))
    if not (1 <= day <= 31 and hour <= 24 and minute <= 59 and second <= 60):
        return None
    if hour == 24 and (minute or second):
        return None
    base = _exact(f"{year:04}-{month:02}-01T00:00:00{_zone(match)}")
    if base is None:
        return None
    microseconds = int((match["fraction"] or "0")[:6].ljust(6, "0"))
    passed = timedelta(days=day - 1, hours=hour, minutes=minute, seconds=second, microseconds=microseconds)
    try:
        (base + passed).astimezone(UTC)
    except OverflowError:
        return None  # the caller says so
    return base + passed


def _zone(match: re.Match[str]) -> str:
    if match["sign"] is None:
        return "Z"
    return f"{match['sign']}{match['zone_hours']}:{match['zone_minutes'] or '00'}"
