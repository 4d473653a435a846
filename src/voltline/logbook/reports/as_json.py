"""The whole result as one JSON document. Its fields are stable: scripts and CI jobs live by them."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import msgspec

from voltline.inspection.chronicle import SessionSummary, StationSummary
from voltline.inspection.findings import Evidence, Finding, Severity
from voltline.inspection.inference import Inference
from voltline.logbook.baseline import Against, fingerprint
from voltline.logbook.coverage import Coverage
from voltline.logbook.result import Result

__all__ = ["json_report"]


class _Line(msgspec.Struct):
    file: str
    line: int
    text: str


class _Finding(msgspec.Struct):
    id: str
    severity: Severity
    title: str
    text: str
    station: str
    connector: int | None
    file: str | None
    line: int | None
    first_at: datetime | None
    last_at: datetime | None
    count: int
    who: str
    next_step: str
    basis: tuple[str, ...]
    evidence: list[_Line]
    fingerprint: str
    """As `baseline.fingerprint` says."""


class _Inference(msgspec.Struct):
    file: str
    line: int
    subject: str
    text: str
    confidence: float


class _Report(msgspec.Struct):
    lines: int
    frames: int
    repeated: int
    skipped: int
    coverage: list[Coverage]
    inferences: list[_Inference]
    stations: list[StationSummary]
    sessions: list[SessionSummary]
    findings: list[_Finding]
    baseline: Against | None
    """Known findings, where it was compared with a former report."""


def json_report(result: Result) -> Iterator[bytes]:
    """The result in UTF-8, times in UTC, with a line end; in pieces, as that of a long log is large."""
    inspected = result.inspected
    report = _Report(
        result.lines,
        result.frames,
        result.repeated,
        result.skipped,
        result.coverages,
        [_inference(one) for one in inspected.inferences],
        inspected.stations,
        inspected.sessions,
        [_finding(one) for one in inspected.findings],
        result.against,
    )
    between = b"{"
    for name in _Report.__struct_fields__:
        yield b'%b\n "%b": ' % (between, name.encode())
        between = b","
        value = getattr(report, name)
        if isinstance(value, list) and value:
            yield b"["
            for number, one in enumerate(value):
                yield b"%b\n  %b" % (b"," if number else b"", _indented(one, 2))
            yield b"\n ]"
        else:
            yield _indented(value, 1)
    yield b"\n}\n"


def _indented(value: object, depth: int) -> bytes:
    raw = msgspec.json.format(msgspec.json.encode(value, enc_hook=_refuse), indent=1)
    return raw.replace(b"\n", b"\n" + b" " * depth)  # a text has no line end of its own: JSON escapes it


def _inference(inference: Inference) -> _Inference:
    return _Inference(
        inference.source, inference.line, inference.subject, inference.text, inference.confidence
    )


def _finding(finding: Finding) -> _Finding:
    first: Evidence | None = finding.evidence[0] if finding.evidence else None
    return _Finding(
        finding.detector,
        finding.severity,
        finding.title,
        finding.text,
        finding.station,
        finding.connector,
        None if first is None else first.source,
        None if first is None else first.line,
        _utc(finding.first_at),
        _utc(finding.last_at),
        finding.count,
        finding.who,
        finding.next_step,
        finding.basis,
        [_Line(one.source, one.line, one.text) for one in finding.evidence],
        fingerprint(finding),
    )


def _utc(at: datetime | None) -> datetime | None:
    return None if at is None else at.astimezone(UTC)


def _refuse(value: Any) -> Any:
    raise TypeError(f"{type(value).__name__} has no place in a report")
