"""A result as the HTML page embeds it: short lists of numbers and texts, cut to what a browser can bear.

Times are milliseconds since 1970 in UTC, energies Wh, power W, currents A.
"""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any, Final

import msgspec

from voltline.inspection.chronicle import NOT_KEPT, SessionSummary, StationSummary
from voltline.inspection.curves import Load, Step, thinned
from voltline.inspection.findings import Evidence, Finding
from voltline.inspection.footage import ConnectorFootage, FindingKey, Footage
from voltline.inspection.inspector import Inspected
from voltline.inspection.records import Direction
from voltline.inspection.shots import Shot
from voltline.logbook.coverage import WHAT_TO_EXPORT, Coverage
from voltline.logbook.result import Result

__all__ = ["encoded", "page_data"]

MOST_FRAMES: Final = 12_000
"""Of all stations together."""
MOST_TEXT: Final = 6_000_000
"""Characters of their texts, together."""
MOST_SESSIONS: Final = 5_000
MOST_FINDINGS: Final = 2_000
MOST_STATIONS: Final = 400
MOST_FILES: Final = 500
MOST_INFERENCES: Final = 500
MOST_CURVE_POINTS: Final = 120_000
MOST_STATES: Final = 60_000
MOST_MARKS: Final = 30_000
"""These three of all stations together."""

Row = list[Any]


def page_data(result: Result) -> dict[str, Any]:
    """Everything that the page shows."""
    inspected = result.inspected
    stations = inspected.stations[:MOST_STATIONS]
    footage: Sequence[Footage | None] = inspected.footage[:MOST_STATIONS] or [None] * len(stations)
    findings = inspected.findings[:MOST_FINDINGS]
    sessions = inspected.sessions[:MOST_SESSIONS]
    names: dict[str, int] = {}
    for number, station in enumerate(stations):
        names.setdefault(station.station, number)
    sources = _Sources()
    frames = _frames(footage, sources)
    return {
        "lines": result.lines,
        "frames": result.frames,
        "repeated": result.repeated,
        "skipped": result.skipped,
        "files": [_file(one) for one in result.coverages[:MOST_FILES]],
        "fileCount": len(result.coverages),
        "inferences": [
            [one.confidence, one.subject, one.text, one.source, one.line]
            for one in inspected.inferences[:MOST_INFERENCES]
        ],
        "stations": _stations(stations, footage, sessions, findings),
        "stationCount": len(inspected.stations),
        "sessions": _sessions(sessions, inspected.stations, footage, names, sources),
        "sessionCount": sum(one.sessions for one in inspected.stations),
        "findings": [_finding(one, names, sources) for one in findings],
        "findingCount": len(inspected.findings),
        "shots": frames,
        "shotCount": _lines(inspected),
        "hasFootage": bool(inspected.footage),
        "sources": sources.names,
    }


class _Sources:
    """Names of files, each once."""

    def __init__(self) -> None:
        self.names: list[str] = []
        self._numbers: dict[str, int] = {}

    def number(self, name: str) -> int:
        found = self._numbers.get(name)
        if found is None:
            found = self._numbers[name] = len(self.names)
            self.names.append(name)
        return found

    def place(self, evidence: Evidence | None) -> Row | None:
        return None if evidence is None else [self.number(evidence.source), evidence.line]


def _file(coverage: Coverage) -> dict[str, Any]:
    return {
        "source": coverage.source,
        "lines": coverage.lines,
        "frames": coverage.frames,
        "connections": coverage.connections,
        "notes": coverage.notes,
        "skipped": [
            [reason, count, coverage.first_skipped[reason]]
            for reason, count in sorted(coverage.skipped_lines.items(), key=lambda item: (-item[1], item[0]))
        ],
        "formats": sorted(coverage.formats, key=lambda name: (-coverage.formats[name], name)),
        "damage": sorted((str(kind), count) for kind, count in coverage.damage.items()),
        "newestFirst": coverage.newest_first,
        "problem": coverage.problem,
        "advice": WHAT_TO_EXPORT if coverage.lacks_frames else None,
    }


def _stations(
    stations: Sequence[StationSummary],
    footage: Sequence[Footage | None],
    sessions: Sequence[SessionSummary],
    findings: Sequence[Finding],
) -> list[dict[str, Any]]:
    numbers = {finding.key: i for i, finding in enumerate(findings)}
    rows: list[dict[str, Any]] = []
    connectors: list[tuple[StationSummary, int, ConnectorFootage]] = []
    counts = []
    most_marks = max(MOST_MARKS // max(len(stations), 1), 50)
    for station, taken in zip(stations, footage, strict=True):
        parts = _from_sessions(station, sessions) if taken is None else taken.connectors
        shown = sorted(set(station.connectors) | station.states.keys() | parts.keys())
        connectors += [(station, number, parts.get(number) or ConnectorFootage()) for number in shown]
        counts.append(len(shown))
        rows.append(
            _station(station, taken, _marks(station, taken, findings, numbers, most_marks), most_marks)
        )
    points = _share([len(part.load) + len(part.limits) for _, _, part in connectors], MOST_CURVE_POINTS)
    states = _share([len(station.states.get(number, ())) for station, number, _ in connectors], MOST_STATES)
    drawn = iter(
        [
            _connector(*one, most, most_states)
            for one, most, most_states in zip(connectors, points, states, strict=True)
        ]
    )
    for row, count in zip(rows, counts, strict=True):
        row["connectors"] = [next(drawn) for _ in range(count)]
    return rows


def _station(station: StationSummary, footage: Footage | None, marks: list[Row], most: int) -> dict[str, Any]:
    return {
        "name": station.station,
        "vendor": station.vendor,
        "model": station.model,
        "firmware": station.firmware,
        "first": _ms(station.first_at),
        "last": _ms(station.last_at),
        "frames": station.frames,
        "boots": station.boots,
        "connections": station.connections,
        "gaps": [[_ms(begin), _ms(end)] for begin, end in station.gaps[:most]],
        "gapCount": len(station.gaps),
        "linked": bool(station.gaps) or (footage is not None and footage.connection_told),
        "booted": [] if footage is None else [_ms(at) for at in footage.boots[:most]],
        "marks": marks,
    }


def _connector(
    station: StationSummary, number: int, part: ConnectorFootage, most: int, most_states: int
) -> dict[str, Any]:
    load, limits = thinned(part.load, most), thinned(part.limits, most)
    states = station.states.get(number, [])
    shown = [one for one in states[:most_states] if one.status != NOT_KEPT]
    return {
        "number": number,
        "states": [[_ms(one.at), one.status, one.error] for one in shown],
        "until": _ms(states[len(shown)].at) if len(shown) < len(states) else None,
        "load": [
            [_ms(one.at), _rounded(one.power_w, 0), _rounded(one.current_a, 2), int(one.derived)]
            for one in load
        ],
        "limits": [[_ms(one.at), _rounded(one.limit_a, 3)] for one in limits],
        "thinned": part.thinned or len(load) < len(part.load),
    }


def _from_sessions(
    station: StationSummary, sessions: Sequence[SessionSummary]
) -> dict[int, ConnectorFootage]:
    """Where no footage was taken: what the sessions' own curves say."""
    parts: dict[int, ConnectorFootage] = {}
    for session in sessions:
        if session.station != station.station or session.connector is None:
            continue
        part = parts.setdefault(session.connector, ConnectorFootage([], []))
        for point in session.curve:
            part.load.append(Load(point.at, point.power_w, point.current_a))
            if not part.limits or part.limits[-1].limit_a != point.limit_a:
                part.limits.append(Step(point.at, point.limit_a))
        if session.curve:
            part.load.append(Load(session.curve[-1].at, None, None))
    return parts


def _marks(
    station: StationSummary,
    footage: Footage | None,
    findings: Sequence[Finding],
    numbers: dict[FindingKey, int],
    most: int,
) -> list[Row]:
    """Findings in time; of too many the first of each, and some of the others from begin to end."""
    begin, end = station.first_at, station.last_at
    if begin is None or end is None:
        return []
    marks = {
        (one.first_at, numbers[one.key])
        for one in findings
        if one.station == station.station and one.first_at is not None and begin <= one.first_at <= end
    }
    if footage is not None:
        told = [(one.at, numbers[one.finding]) for one in footage.marks if one.finding in numbers]
        marks.update(told[:: -(-len(told) // most) or 1])
    return [[_ms(at), number] for at, number in sorted(marks)]


def _sessions(
    sessions: Sequence[SessionSummary],
    stations: Sequence[StationSummary],
    footage: Sequence[Footage | None],
    names: dict[str, int],
    sources: _Sources,
) -> list[dict[str, Any]]:
    """Sessions stand in the order of their stations. The same station may be there twice, of two logs."""
    rows = []
    number, of_this = 0, 0
    for session in sessions:
        while number < len(stations) - 1 and stations[number].station != session.station:
            number, of_this = number + 1, 0
        if stations[number].station != session.station:  # not in that order after all
            rows.append(_session(session, names.get(session.station), None, sources))
            continue
        taken = footage[number] if number < len(footage) else None
        known = taken is not None and of_this < len(taken.spans)
        rows.append(_session(session, number, taken.spans[of_this] if taken and known else None, sources))
        of_this += 1
        if of_this == stations[number].sessions and number < len(stations) - 1:
            number, of_this = number + 1, 0
    return rows


def _session(
    session: SessionSummary,
    station: int | None,
    span: tuple[datetime | None, datetime | None] | None,
    sources: _Sources,
) -> dict[str, Any]:
    begin, end = span or (session.started_at, session.stopped_at)
    return {
        "station": station,
        "span": [_ms(begin), _ms(end)],
        "connector": session.connector,
        "id": session.transaction_id,
        "tag": session.id_tag,
        "start": _ms(session.started_at),
        "stop": _ms(session.stopped_at),
        "energy": _rounded(session.energy_wh, 0),
        "duration": session.duration_s,
        "peak": _rounded(session.peak_power_w, 0),
        "authorization": session.authorization,
        "reason": session.reason,
        "ending": str(session.ending),
        "unknown": session.unknown,
        "samples": session.samples,
        "remote": session.remote,
        "begins": sources.place(session.begins),
        "ends": sources.place(session.ends),
    }


def _finding(finding: Finding, names: dict[str, int], sources: _Sources) -> dict[str, Any]:
    return {
        "id": finding.detector,
        "severity": str(finding.severity),
        "title": finding.title,
        "text": finding.text,
        "name": finding.station,
        "station": names.get(finding.station),
        "connector": finding.connector,
        "first": _ms(finding.first_at),
        "last": _ms(finding.last_at),
        "count": finding.count,
        "who": str(finding.who),
        "next": finding.next_step,
        "basis": finding.basis,
        "evidence": [[sources.number(one.source), one.line, one.text] for one in finding.evidence],
    }


def _lines(inspected: Inspected) -> int:
    """How many lines there were to show; of a station without footage only its frames are counted."""
    if not inspected.footage:
        return sum(one.frames for one in inspected.stations)
    pairs = zip(inspected.stations, inspected.footage, strict=True)
    return sum(taken.lines or station.frames for station, taken in pairs)


def _frames(footage: Sequence[Footage | None], sources: _Sources) -> list[Row]:
    """The lines that are shown."""
    taken = [(number, one.shots) for number, one in enumerate(footage) if one is not None]
    share = _share([len(shots) for _, shots in taken], MOST_FRAMES)
    letters = MOST_TEXT // max(len(taken), 1)
    rows: list[Row] = []
    for (number, shots), most in zip(taken, share, strict=True):
        spent = 0
        for shot in _both_ends(shots, most):
            spent += len(shot.text)
            if spent > letters:
                break
            rows.append(_shot(shot, number, sources))
    return rows


def _share(wanted: Sequence[int], most: int) -> list[int]:
    """As many for each as it wants, as long as all together are not more than `most`; else fairly less."""
    shares = [0] * len(wanted)
    left = most
    for rank, i in enumerate(sorted(range(len(wanted)), key=lambda i: wanted[i])):
        shares[i] = min(wanted[i], left // (len(wanted) - rank))
        left -= shares[i]
    return shares


def _both_ends(shots: Sequence[Shot], most: int) -> Iterable[Shot]:
    if len(shots) <= most:
        return shots
    return [*shots[: most - most // 2], *shots[len(shots) - most // 2 :]]


_DIRECTIONS: Final = {Direction.FROM_STATION: 1, Direction.FROM_CENTRAL: 2, Direction.UNKNOWN: 0}


def _shot(shot: Shot, station: int, sources: _Sources) -> Row:
    return [
        _ms(shot.at),
        station,
        _DIRECTIONS[shot.direction],
        str(shot.kind),
        shot.action,
        shot.message_id,
        sources.number(shot.source),
        shot.line,
        shot.text,
        None if shot.took_s is None else round(shot.took_s * 1000),
        int(shot.unanswered),
    ]


def _ms(at: datetime | None) -> int | None:
    return None if at is None else round(at.astimezone(UTC).timestamp() * 1000)


def _rounded(value: float | None, digits: int) -> float | int | None:
    if value is None:
        return None
    rounded = round(value, digits)
    return int(rounded) if rounded == int(rounded) else rounded


def encoded(data: dict[str, Any]) -> bytes:
    """As JSON that may stand inside HTML: nothing in it ends a script or begins a tag or a comment."""
    text = msgspec.json.encode(data)
    for character, escape in _ESCAPES:
        text = text.replace(character, escape)
    return text


_ESCAPES: Final = tuple(
    (character.encode(), f"\\u{ord(character):04x}".encode()) for character in "<>&\u2028\u2029"
)
