"""Two recordings side by side: what one shows that the other does not, and what became slower or faster."""

from array import array
from collections.abc import Iterable, Sequence
from typing import Final

import msgspec

from voltline.inspection.events import Answered, Exchange
from voltline.inspection.findings import Finding, Severity
from voltline.inspection.secrets import GONE
from voltline.logbook.baseline import fingerprint
from voltline.logbook.frames import Seen
from voltline.logbook.result import Result
from voltline.logbook.sensitive import Kind, kind_of
from voltline.messages import (
    ChangeConfiguration,
    ChangeConfigurationResponse,
    ConfigurationStatus,
    GetConfigurationResponse,
)

__all__ = [
    "Change",
    "Comparison",
    "Count",
    "Recording",
    "Sessions",
    "Speed",
    "Spoken",
    "compared",
    "spoken_in",
]

MOST_ACTIONS: Final = 500
"""Actions whose times are kept: a hostile log may invent them without end."""


class Spoken(msgspec.Struct):
    """What only the frames tell of a recording."""

    took_s: "dict[str, array[float]]"
    """By action, seconds from CALL to answer."""
    configuration: dict[str, dict[str, str]]
    """By station and key, the latest value that was told or set; keys and passwords removed."""


def spoken_in(seen: Iterable[Seen]) -> Spoken:
    """Gather it. Memory grows by four bytes an exchange."""
    spoken = Spoken({}, {})
    for one in seen:
        if not isinstance(one.event, Answered):
            continue
        exchange = one.event.exchange
        took_s = exchange.took_s
        times = spoken.took_s
        if took_s is not None and (exchange.name in times or len(times) < MOST_ACTIONS):
            times.setdefault(exchange.name, array("f")).append(took_s)
        for key, value in _configured(exchange):
            kept = spoken.configuration.setdefault(exchange.station, {})
            kept[key] = GONE if kind_of(key) is Kind.KEY else value
    return spoken


def _configured(exchange: Exchange) -> Iterable[tuple[str, str]]:
    request, response = exchange.request, exchange.response
    if isinstance(response, GetConfigurationResponse) and isinstance(
        response.configuration_key, list | tuple
    ):
        for one in response.configuration_key:
            if isinstance(one.value, str):
                yield one.key, one.value
    elif (
        isinstance(request, ChangeConfiguration)
        and isinstance(response, ChangeConfigurationResponse)
        and response.status is ConfigurationStatus.ACCEPTED
    ):
        yield request.key, request.value


class Recording(msgspec.Struct, frozen=True):
    """What is compared of one recording as a whole."""

    files: list[str]
    lines: int
    frames: int
    stations: list[str]


class Count(msgspec.Struct, frozen=True):
    """How many CALLs of an action each recording has."""

    action: str
    a: int
    b: int


class Speed(msgspec.Struct, frozen=True):
    """How long answers took in one recording."""

    count: int
    p50_s: float
    p95_s: float


class SpeedOfAction(msgspec.Struct, frozen=True):
    """The same of both, by action; None: there is none."""

    action: str
    a: Speed | None
    b: Speed | None


class Sessions(msgspec.Struct, frozen=True):
    """The sessions of one recording."""

    count: int
    energy_wh: float
    """Of all together."""
    median_energy_wh: float | None
    median_duration_s: float | None


class Change(msgspec.Struct, frozen=True):
    """Firmware, model or a configuration key of a station that both have; None: it is not told."""

    station: str
    name: str
    a: str | None
    b: str | None


class Fault(msgspec.Struct, frozen=True):
    """A finding, as a comparison names it."""

    id: str
    severity: Severity
    title: str
    station: str
    connector: int | None
    text: str
    file: str | None
    line: int | None
    count_a: int
    count_b: int


class Comparison(msgspec.Struct, frozen=True):
    """Everything that a comparison tells."""

    a: Recording
    b: Recording
    actions: list[Count]
    response_times: list[SpeedOfAction]
    sessions_a: Sessions
    sessions_b: Sessions
    changes: list[Change]
    new: list[Fault]
    """Findings that only b has, worst first."""
    gone: list[Fault]
    """Findings that only a has."""
    same: list[Fault]


def compared(a: Result, b: Result, spoken_a: Spoken, spoken_b: Spoken) -> Comparison:
    """Compare two recordings.

    Where each has one charge point, the two are held to be the same one under whatever names: two logs that
    name none are called by their files.
    """
    renamed = _renamed(a, b)
    if renamed is not None:
        b = _with_station(b, *renamed)
        spoken_b = Spoken(
            spoken_b.took_s,
            {
                renamed[1] if name == renamed[0] else name: keys
                for name, keys in spoken_b.configuration.items()
            },
        )
    new, gone, same = _faults(a.inspected.findings, b.inspected.findings)
    return Comparison(
        _recording(a),
        _recording(b),
        _counts(a, b),
        [
            SpeedOfAction(action, _speed(spoken_a.took_s.get(action)), _speed(spoken_b.took_s.get(action)))
            for action in sorted(spoken_a.took_s.keys() | spoken_b.took_s.keys())
        ],
        _sessions(a),
        _sessions(b),
        [*_changes(a, b), *_configuration_changes(spoken_a.configuration, spoken_b.configuration)],
        new,
        gone,
        same,
    )


def _renamed(a: Result, b: Result) -> tuple[str, str] | None:
    """The name of b's only station and that of a's, where they differ."""
    of_a, of_b = list(a.stations), list(b.stations)
    return (of_b[0], of_a[0]) if len(of_a) == len(of_b) == 1 and of_a != of_b else None


def _with_station(result: Result, old: str, new: str) -> Result:
    inspected = result.inspected
    stations, findings = (
        [msgspec.structs.replace(one, station=new) if one.station == old else one for one in several]
        for several in (inspected.stations, inspected.findings)
    )
    replaced = msgspec.structs.replace(inspected, stations=stations, findings=findings)
    return msgspec.structs.replace(result, inspected=replaced)


def _recording(result: Result) -> Recording:
    return Recording(
        [one.source for one in result.coverages], result.lines, result.frames, list(result.stations)
    )


def _counts(a: Result, b: Result) -> list[Count]:
    counts: dict[str, list[int]] = {}
    for side, result in enumerate((a, b)):
        for station in result.inspected.stations:
            for action, count in station.actions.items():
                counts.setdefault(action, [0, 0])[side] += count
    return [Count(action, *both) for action, both in sorted(counts.items())]


def _speed(took_s: "array[float] | None") -> Speed | None:
    if not took_s:
        return None
    ordered = sorted(took_s)
    return Speed(len(ordered), _quantile(ordered, 0.5), _quantile(ordered, 0.95))


def _quantile(ordered: Sequence[float], part: float) -> float:
    return round(ordered[min(int(part * len(ordered)), len(ordered) - 1)], 3)


def _sessions(result: Result) -> Sessions:
    sessions = result.inspected.sessions
    energies = sorted(one.energy_wh for one in sessions if one.energy_wh is not None)
    durations = sorted(one.duration_s for one in sessions if one.duration_s is not None)
    return Sessions(
        sum(one.sessions for one in result.inspected.stations),
        round(sum(energies), 1),
        _quantile(energies, 0.5) if energies else None,
        _quantile(durations, 0.5) if durations else None,
    )


def _changes(a: Result, b: Result) -> list[Change]:
    """Makes and firmware as the latest BootNotification tells them, of stations that both have."""
    of_a, of_b = ({one.station: one for one in result.inspected.stations} for result in (a, b))
    changes = []
    for name, one in of_a.items():
        other = of_b.get(name)
        if other is None:
            continue
        for what in ("vendor", "model", "firmware"):
            was, is_ = getattr(one, what), getattr(other, what)
            if was != is_ and was is not None and is_ is not None:
                changes.append(Change(name, what, was, is_))
    return changes


def _configuration_changes(a: dict[str, dict[str, str]], b: dict[str, dict[str, str]]) -> list[Change]:
    return [
        Change(station, key, keys[key], b[station][key])
        for station, keys in a.items()
        if station in b
        for key in sorted(keys.keys() & b[station].keys())
        if keys[key] != b[station][key]
    ]


def _faults(a: Sequence[Finding], b: Sequence[Finding]) -> tuple[list[Fault], list[Fault], list[Fault]]:
    of_a, of_b = ({fingerprint(one): one for one in findings} for findings in (a, b))
    new = [_fault(one, 0, one.count) for name, one in of_b.items() if name not in of_a]
    gone = [_fault(one, one.count, 0) for name, one in of_a.items() if name not in of_b]
    same = [_fault(one, of_a[name].count, one.count) for name, one in of_b.items() if name in of_a]
    return new, gone, same


def _fault(finding: Finding, count_a: int, count_b: int) -> Fault:
    first = finding.evidence[0] if finding.evidence else None
    return Fault(
        finding.detector,
        finding.severity,
        finding.title,
        finding.station,
        finding.connector,
        finding.text,
        None if first is None else first.source,
        None if first is None else first.line,
        count_a,
        count_b,
    )
