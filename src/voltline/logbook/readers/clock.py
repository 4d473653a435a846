"""Times as loggers write them, to datetimes.

A time without a zone stays naive: whose clock it is, is for inference to settle. A time without a year is
put in `NO_YEAR`, which is a leap year; one without a date on `NO_DATE`. One without seconds has `fold` set.
"""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone

from voltline.inspection.records import NO_DATE, NO_YEAR

__all__ = [
    "STAMP",
    "epoch",
    "leading_time",
    "leading_time_in",
    "minute_in",
    "read_minute",
    "read_time",
]

_MONTHS = {
    name: number
    for number, names in enumerate(
        (
            "jan ene gen", "feb fév fev", "mar mär mrz mrt", "apr avr abr", "may mai mei mag", "jun juin giu",
            "jul juil lug", "aug aoû ago", "sep set", "oct okt ott out", "nov", "dec déc dez dic",
        ),
        1,
    )
    for name in names.split()
}  # fmt: skip
"""Beginnings of the months' names in the languages of many loggers and of `journalctl`."""
_MONTH = rf"(?i:{'|'.join(sorted(_MONTHS, key=len, reverse=True))})[a-zäûé]{{0,6}}\.?"
_CLOCK = r"\d{1,2}:\d\d:\d\d(?:[.,]\d{1,9}|:\d{3}(?!\d))?"
_ZONE = r"(?:Z\b|(?:(?:UTC|GMT)\ ?)?(?:[+-]\d\d:?\d\d(?!\d)|[+-]\d\d(?![\d:]))|(?:UTC|GMT)\b)"
_HALF = r"(?:\ ?(?:[AP]\.?M\.?\b|[ap]\.?m\b\.?))"

STAMP = re.compile(
    rf"(?P<iso>\d{{4}}[-/.]\d\d[-/.]\d\d(?:[T _|\t,-]|\ \ |\ -\ |,\ ){_CLOCK}(?:\ ?{_ZONE})?)"
    rf"|(?P<file>\d{{4}}-\d\d-\d\d_\d\d-\d\d-\d\d(?:-\d{{1,6}})?)"
    rf"|(?P<dmy>(?<![\d.])\d{{1,2}}[./-]\d{{1,2}}[./-](?:\d{{4}}|\d\d),?[ T\t]{_CLOCK}"
    rf"{_HALF}?(?:\ ?{_ZONE})?)"
    rf"|(?P<apache>\d{{1,2}}/{_MONTH}/\d{{4}}:{_CLOCK}(?:\ [+-]\d{{4}})?)"
    rf"|(?P<long>(?:\d{{1,2}}\.?[ /-]{_MONTH}[ /-]\d{{4}}|{_MONTH}\ {{1,2}}\d{{1,2}},?\ \d{{4}}),?"
    rf"\ (?:@\ |at\ )?{_CLOCK}{_HALF}?(?:\ ?{_ZONE})?)"
    rf"|(?P<ctime>{_MONTH}\ {{1,2}}\d{{1,2}}\ {_CLOCK}\ \d{{4}}\b)"
    rf"|(?P<syslog>{_MONTH}(?:\ {{1,2}}|/)\d{{1,2}}\ {_CLOCK}(?:\ (?:UTC|GMT)\b)?)"
    r"|(?P<compact>(?<!\d)(?:\d{8}T|20\d\d[01]\d[0-3]\d[ _-])(?:\d{6}(?!\d)(?:\.\d{1,9})?|\d\d:\d\d:\d\d"
    r"(?:\.\d{1,9})?)Z?)"
)
"""One time with its date, anywhere in a text."""

_LEADING = re.compile(
    rf"[\W_]*(?:(?:[A-Za-z][\w.-]*\W+){{0,2}}?(?P<clock>{_CLOCK}{_HALF}?)"
    r"|(?P<epoch>1[3-9]\d{8}(?:\.\d{1,9}|\d{3}|\d{6}|\d{9})?))(?=[\s\])>|;,]|$)"
)
_MINUTE = re.compile(
    r"(?P<iso>(?<!\d)\d{4}[-/.]\d\d[-/.]\d\d(?:[T _\t]|,\ )\d{1,2}:\d\d)(?![\d:.,]|\ ?[+-]\d|Z)"
    rf"|(?P<dmy>(?<![\d.])\d{{1,2}}[./-]\d{{1,2}}[./-](?:\d{{4}}|\d\d),?[ T\t]\d{{1,2}}:\d\d"
    rf"(?![\d:.]){_HALF}?)"
)
"""A time with its date and no seconds, as spreadsheets show them."""
_ZONE_AT_END = re.compile(rf"\ ?({_ZONE})$")
_DIGITS = re.compile(r"\d+")


def read_time(text: str) -> datetime | None:
    """The time that the whole of `text` is; None where it is none, or none that exists."""
    try:
        return datetime.fromisoformat(text.replace("/", "-") if text[4:5] == "/" else text)
    except ValueError:
        pass
    found = STAMP.fullmatch(text.strip())
    if found is None or found.lastgroup is None:
        return None
    try:
        return _READERS[found.lastgroup](found[0])
    except (ValueError, OverflowError):
        return None


def leading_time_in(text: str) -> tuple[int, int] | None:
    """Where a line without a `STAMP` begins with a time of day or a count since 1970; None if it does not."""
    found = _LEADING.match(text)
    return None if found is None or found.lastgroup is None else found.span(found.lastgroup)


def leading_time(text: str) -> datetime | None:
    """The time that `leading_time_in` found: one of day on `NO_DATE`. None where it does not exist."""
    if ":" not in text:
        return epoch(float(text)) if text.replace(".", "", 1).isdigit() else None
    try:
        return _joined(NO_DATE.year, NO_DATE.month, NO_DATE.day, text, None)
    except ValueError:
        return None


def minute_in(text: str) -> tuple[int, int] | None:
    """Where a text without a `STAMP` has a time to the minute; None if it has none."""
    found = _MINUTE.search(text)
    return None if found is None else found.span()


def read_minute(text: str) -> datetime | None:
    """The time to the minute that the whole of `text` is, with `fold` set; None where it is none."""
    found = _MINUTE.fullmatch(text.strip())
    if found is None or found.lastgroup is None:
        return None
    head, colon, minutes = found[0].rpartition(":")
    try:
        at = _READERS[found.lastgroup](f"{head}{colon}{minutes[:2]}:00{minutes[2:]}")
    except (ValueError, OverflowError):
        return None
    return at.replace(fold=1)


def epoch(number: float) -> datetime | None:
    """A count since 1970 in seconds, milli-, micro- or nanoseconds, whichever gives a date after 2001."""
    for unit in (1, 1e3, 1e6, 1e9):
        if 1e9 <= number / unit < 1e10:
            return datetime.fromtimestamp(number / unit, UTC)
    return None


def _iso(text: str) -> datetime:
    text, zone = _zone(text)
    year, month, day = (int(part) for part in (text[:4], text[5:7], text[8:10]))
    return _joined(year, month, day, text[10:].lstrip("T _|\t,-"), zone)


def _file(text: str) -> datetime:
    day, _, clock = text.partition("_")
    parts = clock.split("-")
    fraction = f".{parts[3]}" if len(parts) > 3 else ""
    return datetime.fromisoformat(f"{day} {':'.join(parts[:3])}{fraction}")


def _dmy(text: str) -> datetime:
    text, zone = _zone(text)
    numbers = [found for _, found in zip(range(3), _DIGITS.finditer(text), strict=False)]
    first, second, year = (int(found[0]) for found in numbers)
    rest = text[numbers[2].end() :]
    if len(numbers[2][0]) == 2:
        if "-" in text[:3]:
            return _joined(2000 + first, second, year, rest, zone)
        year += 2000
    american = "/" in text[:5] and ("m" in text.lower() or second > 12) and first <= 12
    month, day = (first, second) if american else (second, first)
    return _joined(year, month, day, rest, zone)


def _apache(text: str) -> datetime:
    text, zone = _zone(text)
    day, month, rest = text.split("/")
    return _joined(int(rest[:4]), _month(month), int(day), rest[5:], zone)


def _long(text: str) -> datetime:
    text, zone = _zone(text)
    year = re.search(r"\d{4}", text)
    assert year is not None
    head = text[: year.start()]
    month = re.search(r"[^\W\d_]+", head)
    day = _DIGITS.search(head)
    assert month is not None
    assert day is not None
    clock = text[year.end() :].lstrip(" ,").removeprefix("@").removeprefix("at")
    return _joined(int(year[0]), _month(month[0]), int(day[0]), clock, zone)


def _ctime(text: str) -> datetime:
    month, day, clock, year = text.split()
    return _joined(int(year), _month(month), int(day), clock, None)


def _syslog(text: str) -> datetime:
    text, zone = _zone(text)
    month, day, clock = text.replace("/", " ").split()
    return _joined(NO_YEAR, _month(month), int(day), clock, zone)


def _compact(text: str) -> datetime:
    day, clock = text[:8], text[9:]
    return datetime.fromisoformat(f"{day}T{clock.replace(':', '')}")


def _month(name: str) -> int:
    name = name.lower()
    return _MONTHS.get(name[:4]) or _MONTHS[name[:3]]


_READERS: dict[str, Callable[[str], datetime]] = {
    "iso": _iso,
    "file": _file,
    "dmy": _dmy,
    "apache": _apache,
    "long": _long,
    "ctime": _ctime,
    "syslog": _syslog,
    "compact": _compact,
}


def _zone(text: str) -> tuple[str, timezone | None]:
    found = _ZONE_AT_END.search(text)
    # The minus in front of a date's last part is no zone.
    if found is None or ":" not in text[: found.start()]:
        return text, None
    word = found[1]
    if len(word) > 3 and word[0] in "UG":
        word = word[3:].strip()
    if word in {"Z", "UTC", "GMT"}:
        return text[: found.start()], UTC
    digits = word[1:].replace(":", "").ljust(4, "0")
    offset = timedelta(hours=int(digits[:2]), minutes=int(digits[2:]))
    return text[: found.start()], timezone(-offset if word[0] == "-" else offset)


def _joined(year: int, month: int, day: int, clock: str, zone: timezone | None) -> datetime:
    clock = clock.strip(" ,T\t")
    lower = clock.lower().rstrip(".").replace(".m", "m")
    afternoon = lower.endswith("pm")
    twelve = afternoon or lower.endswith("am")
    if twelve:
        clock = lower.rstrip("apm ")
    hours, minutes, seconds, *millis = clock.replace(",", ".").split(":")
    hour = int(hours) % 12 + 12 * afternoon if twelve else int(hours)
    whole, _, fraction = seconds.partition(".")
    fraction = millis[0] if millis else fraction
    micro = int(fraction[:6].ljust(6, "0")) if fraction else 0
    return datetime(year, month, day, hour, int(minutes), int(whole), micro, zone)
