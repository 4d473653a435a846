"""What `voltline inspect` prints: how much was understood, what was concluded, stations, findings."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Final

import typer

from voltline.cli.inspect_strips import strips
from voltline.cli.layout import heading, paragraph, styled, table
from voltline.inspection.chronicle import StationSummary
from voltline.inspection.findings import Finding, Severity
from voltline.inspection.records import NO_YEAR
from voltline.logbook.baseline import Against
from voltline.logbook.coverage import WHAT_TO_EXPORT, Coverage
from voltline.logbook.result import Result

__all__ = ["COLOURS", "against_line", "printable", "report"]

MOST_FILES: Final = 20
EXCERPT: Final = 160
"""Characters of a line of evidence."""
COLOURS: Final = {
    Severity.INFO: None,
    Severity.WARNING: typer.colors.YELLOW,
    Severity.ERROR: typer.colors.RED,
    Severity.CRITICAL: typer.colors.MAGENTA,
}


def report(result: Result, width: int | None, *, least: Severity, evidence: int) -> Iterator[str]:
    """The lines of the report: findings of severity `least` at least, each with so many lines of evidence."""
    yield from _coverage(result, width)
    yield from _inferences(result, width)
    for station in result.inspected.stations:
        yield ""
        yield from _station(station, width)
    shown = [one for one in result.inspected.findings if one.severity.rank >= least.rank]
    yield ""
    yield heading(_counted(shown, len(result.inspected.findings) - len(shown)))
    if result.against is not None:
        yield f"  {against_line(result.against)}"
        gone = [
            (one.id, printable(one.station), f"gone: {printable(one.title)}") for one in result.against.gone
        ]
        yield from table(gone, width)
    for finding in shown:
        yield ""
        yield from _finding(finding, width, evidence)


def against_line(against: Against) -> str:
    """What became of the findings of a former report, in a line."""
    return (
        f"Compared with {printable(against.file)}: {against.known} known left out, {len(against.gone)} gone"
    )


def _coverage(result: Result, width: int | None) -> Iterator[str]:
    files = len(result.coverages)
    repeated = f", {result.repeated} of them told twice" if result.repeated else ""
    yield heading(
        f"{_several(files, 'file')}, {_several(result.lines, 'line')}, {_several(result.frames, 'frame')}"
        f"{repeated}, {_several(result.skipped, 'line')} without an OCPP meaning"
    )
    for coverage in result.coverages[:MOST_FILES]:
        yield from paragraph(_file(coverage), width, 2)
    if files > MOST_FILES:
        yield f"  and {files - MOST_FILES} more files"
    if any(one.lacks_frames for one in result.coverages):
        yield from paragraph(WHAT_TO_EXPORT, width, 2)
    for problem in result.problems:
        yield styled(f"  not read: {printable(problem)}", fg=typer.colors.RED)


def _several(count: int, what: str) -> str:
    return f"{count:,} {what}" if count == 1 else f"{count:,} {what}s"


def _file(coverage: Coverage) -> str:
    formats = ", ".join(sorted(coverage.formats, key=lambda name: -coverage.formats[name])) or "no frames"
    said = [f"{printable(coverage.source)}: {formats}"]
    if coverage.newest_first:
        said.append("newest first, turned round")
    said += [f"{count} {kind}" for kind, count in sorted(coverage.damage.items())]
    said += [
        f"{count} left out: {reason} (first line {coverage.first_skipped[reason]})"
        for reason, count in sorted(coverage.skipped_lines.items(), key=lambda item: -item[1])
    ]
    return "; ".join(said)


def _inferences(result: Result, width: int | None) -> Iterator[str]:
    if result.inspected.inferences:
        yield ""
        yield heading("Concluded, not read")
    for one in result.inspected.inferences:
        yield from paragraph(f"{one.confidence:4.0%}  {printable(one.text)}", width, 2)


def _station(station: StationSummary, width: int | None) -> Iterator[str]:
    model = " ".join(part for part in (station.vendor, station.model, station.firmware) if part)
    yield heading(printable(f"{station.station}  {model}".rstrip()))
    span = f", {_time(station.first_at)} to {_time(station.last_at)}" if station.first_at else ""
    yield f"  {station.frames:,} frames, {station.sessions:,} sessions, {station.boots} boots{span}"
    yield from strips(station)


def _counted(shown: list[Finding], hidden: int) -> str:
    counts = [
        f"{count} {severity}"
        for severity in reversed(Severity)
        if (count := sum(1 for one in shown if one.severity is severity))
    ]
    left_out = f" ({hidden} below what was asked for)" if hidden else ""
    return f"Findings: {', '.join(counts) or 'none'}{left_out}"


def _finding(finding: Finding, width: int | None, evidence: int) -> Iterator[str]:
    where = (
        finding.station if finding.connector is None else f"{finding.station}, connector {finding.connector}"
    )
    times = f" x{finding.count}" if finding.count > 1 else ""
    severity = styled(finding.severity.upper(), fg=COLOURS[finding.severity], bold=True)
    yield printable(f"{finding.detector} {finding.title}{times}", before=f"{severity} ", after=f"  {where}")
    when = _time(finding.first_at)
    if finding.last_at is not None and finding.last_at != finding.first_at:
        when += f" to {_time(finding.last_at)}"
    yield from paragraph(printable(finding.text), width, 4)
    if when:
        yield f"    {when}"
    for line in finding.evidence[:evidence]:
        excerpt = line.text if len(line.text) <= EXCERPT else line.text[: EXCERPT - 1] + "…"
        yield printable(f"    {line.source}:{line.line}: {excerpt}")
    yield from paragraph(f"{finding.who.capitalize()}: {printable(finding.next_step)}", width, 4)
    if finding.basis:
        yield from paragraph(
            f"Basis: {'; '.join(finding.basis)}. More: voltline explain {finding.detector}", width, 4
        )


def _time(at: datetime | None) -> str:
    """In UTC; without the year where the log has none and nothing told it."""
    if at is None:
        return ""
    return at.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%SZ" if at.year > NO_YEAR else "%b %d %H:%M:%S")


def printable(text: str, *, before: str = "", after: str = "") -> str:
    """A log's text without anything that a terminal would act on. `before` stays as it is."""
    clean = "".join(c if c.isprintable() else f"\\u{ord(c):04x}" for c in text + after)
    return before + clean
