"""Times as loggers write them, to datetimes.

A time without a zone stays naive: whose clock it is, is for inference to settle. A time without a year is
put in `NO_YEAR`, which is a leap year.
"""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone

from voltline.inspection.records import NO_YEAR

__all__ = ["STAMP", "epoch", "read_time"]

_MONTHS = {
    name: number
    for number, name in enumerate(
        ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"), 1
    )
}
_MONTH = r"(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)"
_CLOCK = r"\d{1,2}:\d\d:\d\d(?:[.,]\d{1,9})?"
_ZONE = r"(?:Z\b|[+-]\d\d:?\d\d(?!\d)|[+-]\d\d(?![\d:])|(?:UTC|GMT)\b)"

STAMP = re.compile(
    rf"(?P<iso>\d{{4}}[-/]\d\d[-/]\d\d(?:[T _]|\ \ ){_CLOCK}(?:\ ?{_ZONE})?)"
    rf"|(?P<file>\d{{4}}-\d\d-\d\d_\d\d-\d\d-\d\d(?:-\d{{1,6}})?)"
    rf"|(?P<dmy>(?<![\d.])\d{{1,2}}[./-]\d{{1,2}}[./-]\d{{4}},?[ T]{_CLOCK}"
    rf"(?:\ ?(?:[AP]\.?M\.?\b|[ap]m\b))?(?:\ ?{_ZONE})?)"
    rf"|(?P<apache>\d{{1,2}}/{_MONTH}/\d{{4}}:{_CLOCK}(?:\ [+-]\d{{4}})?)"
    rf"|(?P<long>(?:\d{{1,2}}[ -]{_MONTH}[ -]\d{{4}}|{_MONTH}\ {{1,2}}\d{{1,2}},\ \d{{4}}),?\ {_CLOCK}"
    rf"(?:\ [AP]M\b)?(?:\ ?{_ZONE})?)"
    rf"|(?P<ctime>{_MONTH}\ {{1,2}}\d{{1,2}}\ {_CLOCK}\ \d{{4}}\b)"
    rf"|(?P<syslog>{_MONTH}(?:\ {{1,2}}|/)\d{{1,2}}\ {_CLOCK}(?:\ (?:UTC|GMT)\b)?)"
    r"|(?P<compact>(?<!\d)\d{8}T\d{6}(?:\.\d{1,9})?Z?)"
)
"""One time, anywhere in a text."""

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


def epoch(number: float) -> datetime | None:
    """A count since 1970 in seconds, milli-, micro- or nanoseconds, whichever gives a date after 2001."""
    for unit in (1, 1e3, 1e6, 1e9):
        if 1e9 <= number / unit < 1e10:
            return datetime.fromtimestamp(number / unit, UTC)
    return None


def _iso(text: str) -> datetime:
    text, zone = _zone(text)
    text = text.replace("/", "-").replace("_", " ").replace("  ", " ")
    day, _, clock = text.replace("T", " ").partition(" ")
    return datetime.fromisoformat(f"{day} {clock.zfill(8) if clock[1] == ':' else clock}").replace(
        tzinfo=zone
    )


def _file(text: str) -> datetime:
    day, _, clock = text.partition("_")
    parts = clock.split("-")
    fraction = f".{parts[3]}" if len(parts) > 3 else ""
    return datetime.fromisoformat(f"{day} {':'.join(parts[:3])}{fraction}")


def _dmy(text: str) -> datetime:
    text, zone = _zone(text)
    first, second, year = (int(part) for part in _DIGITS.findall(text)[:3])
    american = "/" in text[:5] and ("m" in text.lower() or second > 12) and first <= 12
    month, day = (first, second) if american else (second, first)
    return _joined(year, month, day, text[text.index(str(year)) + 4 :], zone)


def _apache(text: str) -> datetime:
    text, zone = _zone(text)
    day, month, rest = text.split("/")
    return _joined(int(rest[:4]), _MONTHS[month.lower()], int(day), rest[5:], zone)


def _long(text: str) -> datetime:
    text, zone = _zone(text)
    year = re.search(r"\d{4}", text)
    assert year is not None
    head = text[: year.start()]
    month = re.search(r"[A-Za-z]{3}", head)
    day = _DIGITS.search(head)
    assert month is not None
    assert day is not None
    return _joined(int(year[0]), _MONTHS[month[0].lower()], int(day[0]), text[year.end() :], zone)


def _ctime(text: str) -> datetime:
    month, day, clock, year = text.split()
    return _joined(int(year), _MONTHS[month.lower()], int(day), clock, None)


def _syslog(text: str) -> datetime:
    text, zone = _zone(text)
    month, day, clock = text.replace("/", " ").split()
    return _joined(NO_YEAR, _MONTHS[month.lower()], int(day), clock, zone)


def _compact(text: str) -> datetime:
    return datetime.fromisoformat(text)


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
    if word in {"Z", "UTC", "GMT"}:
        return text[: found.start()], UTC
    digits = word[1:].replace(":", "").ljust(4, "0")
    offset = timedelta(hours=int(digits[:2]), minutes=int(digits[2:]))
    return text[: found.start()], timezone(-offset if word[0] == "-" else offset)


def _joined(year: int, month: int, day: int, clock: str, zone: timezone | None) -> datetime:
    clock = clock.strip(" ,T")
    lower = clock.lower().replace(".m.", "m")
    afternoon = lower.endswith("pm")
    twelve = afternoon or lower.endswith("am")
    if twelve:
        clock = lower.rstrip("apm. ")
    hours, minutes, seconds = clock.replace(",", ".").split(":")
    hour = int(hours) % 12 + 12 * afternoon if twelve else int(hours)
    whole, _, fraction = seconds.partition(".")
    micro = int(fraction[:6].ljust(6, "0")) if fraction else 0
    return datetime(year, month, day, hour, int(minutes), int(whole), micro, zone)
