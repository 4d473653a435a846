"""Meters that tell by MQTT: where, and how what they publish is read.

A payload is a number, or JSON in which a number stands at a path such as `$.em.currents[0]` or
`$["1.7.0"].value`.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from enum import StrEnum
from functools import lru_cache
from typing import Any

import msgspec
from msgspec import Struct

from voltline.central.domain.site_readings import Flow, Measures
from voltline.smart_charging.site.tree import GRID_PHASES, LINE_VOLTAGE_V

MOST_BYTES = 65_536
"""Of a payload; a longer one is no meter's."""
MOST_A = 100_000.0
_MOST_W = 1e9
_SHOWN = 60
_STEP = re.compile(r"""\.?([A-Za-z_][\w-]*)|\[(\d+)\]|\["([^"]+)"\]|\['([^']+)'\]""")


class MeterUnit(StrEnum):
    """Of what is published."""

    A = "A"
    MA = "mA"
    W = "W"
    KW = "kW"


class Positive(StrEnum):
    """What a number above 0 means."""

    IMPORT = "import"
    EXPORT = "export"


_FACTORS = {MeterUnit.A: 1.0, MeterUnit.MA: 0.001, MeterUnit.W: 1.0, MeterUnit.KW: 1000.0}
_POWERS = (MeterUnit.W, MeterUnit.KW)


class MqttReading(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is published under a topic."""

    topic: str
    fuse: str | None = None
    """Behind which it is measured; None: it is the sun's surplus, in W or kW."""
    paths: tuple[str, ...] = ()
    """Where the numbers stand: three for L1, L2 and L3, one for `phase` or for all phases together; none: the
    payload is the number."""
    phase: int | None = None
    """Of which it tells, 1 to 3; a fuse is known once all three have been told."""
    unit: MeterUnit = MeterUnit.A
    positive: Positive = Positive.IMPORT
    measures: Measures = Measures.TOTAL
    time_path: str | None = None
    """Where its time stands: as in ISO 8601, or seconds or milliseconds since 1970. None: when it comes."""


class MqttSource(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A broker, and what is read of it."""

    host: str
    readings: tuple[MqttReading, ...]
    port: int | None = None
    """None: 8883 with TLS, else 1883."""
    tls: bool = False
    ca: str | None = None
    """Certificates that its own is checked by, PEM; None: those of the system."""
    user: str | None = None
    password: str | None = None
    stale_s: float | None = None
    """For how long a reading counts; None: as the other meters' of all sites."""

    @property
    def address(self) -> str:
        """Such as `mqtts://broker:8883`."""
        port = self.port or (8883 if self.tls else 1883)
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{'mqtts' if self.tls else 'mqtt'}://{host}:{port}"


class Unreadable(ValueError):
    """A payload is not what was described; the text says why."""


class Told(Struct, frozen=True):
    """What one payload tells: of all phases, of one of them, or of the sun."""

    at: datetime
    amounts: tuple[float, ...]
    """In A or W as the reading's unit is, import above 0."""


def told(reading: MqttReading, payload: bytes, received_at: datetime) -> Told:
    """What a payload tells.

    Raises:
        Unreadable: it is not as the reading describes it.
    """
    if len(payload) > MOST_BYTES:
        raise Unreadable(f"{len(payload)} bytes are too much; at most {MOST_BYTES} are read")
    if not reading.paths and reading.time_path is None:
        found: Any = payload.decode("utf-8", "replace").strip()
    else:
        try:
            found = msgspec.json.decode(payload)
        except (msgspec.MsgspecError, RecursionError) as error:
            raise Unreadable(f"no JSON: {error}; {_shown(payload)}") from None
    at = (
        received_at
        if reading.time_path is None
        else _instant(_at(found, reading.time_path), reading.time_path)
    )
    sign = 1.0 if reading.positive is Positive.IMPORT else -1.0
    factor = sign * _FACTORS[reading.unit]
    most = _MOST_W if reading.unit in _POWERS else MOST_A
    numbers = [_number(_at(found, path), path) for path in reading.paths or ("$",)]
    for number, path in zip(numbers, reading.paths or ("$",), strict=True):
        if abs(number * factor) > most:
            raise Unreadable(f"{path}: {number:g} {reading.unit} cannot be")
    return Told(at, tuple(number * factor for number in numbers))


class Phases:
    """Puts together what is published of a fuse, one phase at a time or all at once."""

    def __init__(self) -> None:
        self._parts: dict[int, tuple[float, datetime]] = {}

    def flow(self, reading: MqttReading, one: Told) -> Flow | None:
        """What flows, as of its oldest part; None: not all phases were told yet."""
        watts = reading.unit in _POWERS
        amounts = [amount / LINE_VOLTAGE_V for amount in one.amounts] if watts else list(one.amounts)
        if reading.phase is None:
            if len(amounts) == GRID_PHASES:
                return Flow(one.at, tuple(amounts))
            # Of which phase is unsaid: whichever it is, that is the most that it can have.
            return Flow(one.at, None, one.amounts[0]) if watts else Flow(one.at, (amounts[0],) * GRID_PHASES)
        self._parts[reading.phase] = (amounts[0], one.at)
        if len(self._parts) < GRID_PHASES:
            return None
        parts = [self._parts[phase] for phase in range(1, GRID_PHASES + 1)]
        return Flow(min(at for _, at in parts), tuple(amount for amount, _ in parts))


def mqtt_problems(source: MqttSource, fuses: Iterable[str]) -> Iterator[tuple[str, str]]:
    """All that is wrong with it, as pairs of a path such as `mqtt.readings[0].topic` and a sentence."""
    known = sorted(fuses)
    if not source.host or any(one.isspace() or one in "/?#@" for one in source.host):
        yield "mqtt.host", f"{source.host!r} is no host; give its name or address alone, the port with port"
    if source.password is not None and source.user is None:
        yield "mqtt.user", "a password is sent with a user; give both"
    if source.ca is not None and not source.tls:
        yield "mqtt.ca", "certificates are of use with tls: true only"
    seen: set[tuple[str, tuple[str, ...]]] = set()
    for number, one in enumerate(source.readings):
        path = f"mqtt.readings[{number}]"
        yield from ((f"{path}.{at}", text) for at, text in _reading_problems(one, known))
        if (one.topic, one.paths) in seen:
            yield path, "the same numbers of the same topic stand here twice"
        seen.add((one.topic, one.paths))
    yield from _fuse_problems(source.readings)


def _reading_problems(one: MqttReading, fuses: Sequence[str]) -> Iterator[tuple[str, str]]:
    if not one.topic or len(one.topic.encode()) > 65_535 or "\0" in one.topic:
        yield "topic", "a topic has 1 to 65535 bytes"
    elif "+" in one.topic or "#" in one.topic:
        yield "topic", f"{one.topic!r} stands for many topics; name the one that the meter publishes to"
    if one.fuse is not None and one.fuse not in fuses:
        yield "fuse", f"no fuse is called {one.fuse!r}; there are {', '.join(fuses)}"
    for number, path in enumerate(one.paths):
        if _steps(path) is None:
            yield f"paths[{number}]", f'{path!r} is no path; one is $.em.currents[0], or $["1.7.0"].value'
    if one.time_path is not None and _steps(one.time_path) is None:
        yield "time_path", f"{one.time_path!r} is no path; one is $.time"
    if len(one.paths) not in (0, 1, GRID_PHASES):
        yield "paths", "three for L1, L2 and L3, or one, or none where the payload is the number"
    elif one.fuse is None and (len(one.paths) > 1 or one.phase is not None or one.unit not in _POWERS):
        yield "fuse", "without a fuse it is the sun's surplus: one number, in W or kW, of no phase"
    if one.phase is not None and not 1 <= one.phase <= GRID_PHASES:
        yield "phase", "1, 2 or 3"
    elif one.phase is not None and len(one.paths) > 1:
        yield "phase", "one phase has one path; leave phase out where all three stand in a payload"
    if not one.paths and one.time_path is not None:
        yield "paths", "a payload with a time in it is JSON: say where its number stands"


def _fuse_problems(readings: Sequence[MqttReading]) -> Iterator[tuple[str, str]]:
    phases: dict[str, list[int | None]] = {}
    for number, one in enumerate(readings):
        if one.fuse is None:
            continue
        of = phases.setdefault(one.fuse, [])
        if of and (one.phase is None or None in of or one.phase in of):
            yield f"mqtt.readings[{number}]", f"{one.fuse!r} is read by another one already"
        of.append(one.phase)
    for fuse, of in phases.items():
        if None not in of and len(of) < GRID_PHASES:
            yield "mqtt.readings", f"of {fuse!r} L1, L2 and L3 have to be read; phase {of} is not all"


def _at(found: Any, path: str) -> Any:
    for step in _steps(path) or ():
        match found, step:
            case list(), int() if step < len(found):
                found = found[step]
            case dict(), str() if step in found:
                found = found[step]
            case _:
                there = _shown(msgspec.json.encode(found))
                raise Unreadable(f"{path}: there is no {step!r} in {there}")
    return found


@lru_cache(256)
def _steps(path: str) -> tuple[str | int, ...] | None:
    """Names and numbers; None: it is no path."""
    rest = path.removeprefix("$")
    if not path or (rest == path and not re.match(r"[A-Za-z_]", path)):
        return None
    found: list[str | int] = []
    at = 0
    while at < len(rest):
        match = _STEP.match(rest, at)
        if match is None or (match[1] and at and rest[at] != "."):
            return None
        found.append(int(match[2]) if match[2] else match[1] or match[3] or match[4])
        at = match.end()
    return tuple(found)


def _number(value: Any, path: str) -> float:
    try:
        if isinstance(value, bool) or not isinstance(value, int | float | str) or "_" in str(value):
            raise ValueError
        number = float(value)
    except (ValueError, OverflowError):
        number = math.nan
    if not math.isfinite(number):
        text = value if isinstance(value, str) else msgspec.json.encode(value).decode()
        raise Unreadable(f"{path}: {_shown(text.encode())} is no number")
    return number


def _instant(value: Any, path: str) -> datetime:
    try:
        if isinstance(value, str):
            at = datetime.fromisoformat(value)
            if at.tzinfo is None:
                raise Unreadable(f"{path}: {value[:_SHOWN]!r} is a time without its zone")
            return at.astimezone(UTC)
        seconds = _number(value, path)
        return datetime.fromtimestamp(seconds / 1000 if seconds > 1e11 else seconds, UTC)
    except (ValueError, OverflowError, OSError) as error:
        if isinstance(error, Unreadable):
            raise
        raise Unreadable(f"{path}: {str(value)[:_SHOWN]!r} is no time") from None


def _shown(payload: bytes) -> str:
    text = payload[: 4 * _SHOWN].decode("utf-8", "replace")
    return repr(text if len(text) <= _SHOWN else text[: _SHOWN - 3] + "...")
