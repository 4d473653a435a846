"""Tables for spreadsheets: findings, sessions, frames, and a row for each charge point.

RFC 4180 in UTF-8, times in UTC, a heading row; a cell that a spreadsheet would compute has an apostrophe
before it.
"""

import csv
import io
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from itertools import chain, islice
from typing import Any, Final

from voltline.base.cells import safe_cell
from voltline.inspection.chronicle import NOT_KEPT, SessionSummary, StationSummary
from voltline.inspection.findings import Finding, Severity
from voltline.inspection.records import RecordKind
from voltline.inspection.timeline import frame_of
from voltline.logbook.baseline import fingerprint
from voltline.logbook.frames import Seen
from voltline.logbook.result import Result
from voltline.wire.frame_types import CallErrorFrame, CallFrame, CallResultFrame

__all__ = ["TABLES", "csv_table"]

_ROWS_A_CHUNK: Final = 500
_OUT_OF_ORDER: Final = frozenset({"Unavailable", "Faulted"})

Row = Sequence[Any]


def csv_table(name: str, result: Result, seen: Callable[[], Iterable[Seen]]) -> Iterator[bytes]:
    """One of TABLES, some rows at a time. `seen` gives the frames; only that table asks for them."""
    columns, rows = TABLES[name](result, seen)
    yield from _written(chain([columns], rows))


def _findings(result: Result, _: object) -> tuple[Row, Iterator[Row]]:
    columns = (
        "id severity title text station connector first_at last_at count who next_step basis file line "
        "evidence fingerprint"
    )
    return columns.split(), (_finding(one) for one in result.inspected.findings)


def _finding(one: Finding) -> Row:
    first = one.evidence[0] if one.evidence else None
    return (
        one.detector,
        str(one.severity),
        one.title,
        one.text,
        one.station,
        one.connector,
        _utc(one.first_at),
        _utc(one.last_at),
        one.count,
        str(one.who),
        one.next_step,
        "; ".join(one.basis),
        None if first is None else first.source,
        None if first is None else first.line,
        None if first is None else first.text,
        fingerprint(one),
    )


def _sessions(result: Result, _: object) -> tuple[Row, Iterator[Row]]:
    columns = (
        "station connector transaction_id id_tag started_at stopped_at duration_s meter_start_wh "
        "meter_stop_wh energy_wh peak_power_w authorization reason ending remote samples unknown file "
        "line"
    )
    return columns.split(), (_session(one) for one in result.inspected.sessions)


def _session(one: SessionSummary) -> Row:
    return (
        one.station,
        one.connector,
        one.transaction_id,
        one.id_tag,
        _utc(one.started_at),
        _utc(one.stopped_at),
        one.duration_s,
        one.meter_start_wh,
        one.meter_stop_wh,
        one.energy_wh,
        one.peak_power_w,
        one.authorization,
        one.reason,
        str(one.ending),
        one.remote,
        one.samples,
        "; ".join(one.unknown),
        None if one.begins is None else one.begins.source,
        None if one.begins is None else one.begins.line,
    )


def _frames(_: Result, seen: Callable[[], Iterable[Seen]]) -> tuple[Row, Iterator[Row]]:
    columns = (
        "time station direction type message_id action error_code pairing took_s damage connection "
        "file line text"
    )
    return columns.split(), (_frame(one) for one in seen() if one.record.kind is RecordKind.FRAME)


def _frame(one: Seen) -> Row:
    record, frame = one.record, frame_of(one.record)
    kind, message_id, code = "INVALID", None, None
    action = None if one.exchange is None else one.exchange.frame.action
    match frame:
        case CallFrame():
            kind, message_id, action = "CALL", str(frame.message_id), frame.action
        case CallResultFrame():
            kind, message_id = "CALLRESULT", str(frame.message_id)
        case CallErrorFrame():
            kind, message_id, code = "CALLERROR", str(frame.message_id), frame.code
    return (
        _utc(record.at),
        record.station,
        str(record.direction),
        kind,
        message_id,
        action,
        code,
        one.pairing,
        one.took_s,
        " ".join(record.damage),
        record.connection,
        record.source,
        record.line,
        record.text,
    )


def _fleet(result: Result, _: object) -> tuple[Row, Iterator[Row]]:
    columns = (
        "station vendor model firmware first_at last_at frames malformed boots connections "
        "connected_percent connectors in_order_percent sessions energy_wh critical error warning info "
        "worst_id worst_title"
    )
    energy: dict[str, float] = {}
    for session in result.inspected.sessions:
        energy[session.station] = energy.get(session.station, 0.0) + (session.energy_wh or 0.0)
    findings: dict[str, list[Finding]] = {}
    for finding in result.inspected.findings:  # worst first
        findings.setdefault(finding.station, []).append(finding)
    rows = (
        _station(parts, energy.get(name, 0.0), findings.get(name, []))
        for name, parts in result.stations.items()
    )
    return columns.split(), rows


def _station(parts: Sequence[StationSummary], energy_wh: float, findings: Sequence[Finding]) -> Row:
    """One charge point, which several logs may tell of."""
    latest = next((part for part in reversed(parts) if part.vendor or part.model), parts[-1])
    worst = findings[0] if findings else None
    return (
        parts[0].station,
        latest.vendor,
        latest.model,
        latest.firmware,
        _utc(min((part.first_at for part in parts if part.first_at), default=None)),
        _utc(max((part.last_at for part in parts if part.last_at), default=None)),
        sum(part.frames for part in parts),
        sum(part.malformed for part in parts),
        sum(part.boots for part in parts),
        sum(part.connections for part in parts),
        _percent(*_sums(map(_connected, parts))),
        " ".join(str(number) for number in sorted({number for part in parts for number in part.connectors})),
        _percent(*_sums(map(_in_order, parts))),
        sum(part.sessions for part in parts),
        energy_wh,
        *(sum(1 for one in findings if one.severity is severity) for severity in reversed(Severity)),
        None if worst is None else worst.detector,
        None if worst is None else worst.title,
    )


def _connected(station: StationSummary) -> tuple[float, float]:
    """Seconds that it was connected, of so many; 0 of 0 in a log without connection marks."""
    first, last = station.first_at, station.last_at
    if first is None or last is None or not (station.connections or station.gaps):
        return 0.0, 0.0
    gone = sum(((until or last) - since).total_seconds() for since, until in station.gaps)
    span = (last - first).total_seconds()
    return max(span - gone, 0.0), span


def _in_order(station: StationSummary) -> tuple[float, float]:
    """Seconds that its connectors were neither Unavailable nor Faulted, of the seconds that are known."""
    good = known = 0.0
    for number, states in station.states.items():
        if number == 0 and len(station.states) > 1:
            continue
        ends = [*(state.at for state in states[1:]), station.last_at or states[-1].at]
        for state, end in zip(states, ends, strict=True):
            if state.status == NOT_KEPT:
                continue
            seconds = max((end - state.at).total_seconds(), 0.0)
            known += seconds
            good += 0.0 if state.status in _OUT_OF_ORDER else seconds
    return good, known


def _sums(pairs: Iterable[tuple[float, float]]) -> tuple[float, float]:
    together = list(pairs)
    return sum(one for one, _ in together), sum(other for _, other in together)


def _percent(part: float, whole: float) -> float | None:
    return round(100 * part / whole, 2) if whole else None


TABLES: Final[Mapping[str, Callable[[Result, Callable[[], Iterable[Seen]]], tuple[Row, Iterator[Row]]]]] = {
    "findings": _findings,
    "sessions": _sessions,
    "frames": _frames,
    "fleet": _fleet,
}
"""By name, as `--table` wants it."""


def _written(rows: Iterable[Row]) -> Iterator[bytes]:
    waiting = iter(rows)
    while chunk := list(islice(waiting, _ROWS_A_CHUNK)):
        text = io.StringIO()
        csv.writer(text).writerows([safe_cell(cell) for cell in row] for row in chunk)
        yield text.getvalue().encode("utf-8", "replace")


def _utc(at: datetime | None) -> str | None:
    return None if at is None else at.astimezone(UTC).isoformat().replace("+00:00", "Z")
