"""`voltline inspect diff`: two recordings side by side, as before and after an update."""

import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Annotated

import msgspec
import typer

from voltline.cli.detector_options import Changed, Folders, Only, Without
from voltline.cli.inspect import UNREAD, FailOn, Jobs, NoColor, chosen, inspected, path_of, seen_again
from voltline.cli.inspect_output import Unusable, check_file, plain_line, write_file
from voltline.cli.inspect_report import COLOURS, printable
from voltline.cli.layout import heading, output_width, paragraph, styled, table
from voltline.inspection.choosing import InvalidDetector, InvalidSetting, UnknownDetector
from voltline.inspection.findings import Severity
from voltline.logbook.comparing import (
    Change,
    Comparison,
    Count,
    Fault,
    Recording,
    Sessions,
    Speed,
    SpeedOfAction,
    compared,
    spoken_in,
)
from voltline.logbook.opening import Unreadable
from voltline.logbook.spooling import rereadable

__all__ = ["inspect_diff"]

WORSE = 3
FORMATS = ("text", "json")


def inspect_diff(
    a: Annotated[str, typer.Argument(metavar="A", help="A log, folder or archive: how it was.")],
    b: Annotated[str, typer.Argument(metavar="B", help="Another: how it is now. One may be - for stdin.")],
    form: Annotated[
        str, typer.Option("--format", metavar="FORMAT", help="text, for people, or json, for programs.")
    ] = "text",
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="FILE", help="Write it there.")
    ] = None,
    fail_on: FailOn = Severity.WARNING,
    only: Only = None,
    without: Without = None,
    changed: Changed = None,
    detectors: Folders = None,
    jobs: Jobs = None,
    no_color: NoColor = False,
) -> int:
    """Compare two recordings: stations, calls, sessions, response times, settings, findings.

    Exit code: 3 if B has a finding that A has not and --fail-on counts, else 0; 1 a file could not be read;
    2 wrongly called.
    """
    if no_color:
        os.environ["NO_COLOR"] = "1"
    if form not in FORMATS:
        raise Unusable(f"--format {form!r} is unknown; there are {', '.join(FORMATS)}")
    if a == b == "-":
        raise Unusable("only one of the two can be standard input")
    if output is not None:
        check_file(output)
    choice = chosen(only, without, changed, detectors)
    try:
        with ExitStack() as stack:
            both = [rereadable([path_of(one)], stack) for one in (a, b)]
            results = [inspected(paths, choice, jobs) for paths in both]
            spoken = [spoken_in(seen_again(paths)) for paths in both]
            comparison = compared(results[0], results[1], spoken[0], spoken[1])
    except (Unreadable, UnknownDetector, InvalidSetting, InvalidDetector) as fault:
        raise Unusable(str(fault)) from None
    problems = [problem for result in results for problem in result.problems]
    if form == "json":
        written = msgspec.json.format(msgspec.json.encode(comparison), indent=1).decode()
        _tell([written], output)
    else:
        _tell(_lines(comparison, output_width() if output is None else None), output)
    for problem in problems:
        typer.echo(f"not read: {printable(problem)}", err=True)
    if problems:
        return UNREAD
    return WORSE if any(one.severity.rank >= fail_on.rank for one in comparison.new) else 0


def _tell(lines: Iterable[str], output: Path | None) -> None:
    if output is not None:
        write_file(output, (plain_line(line) for line in lines))
        return
    for line in lines:
        typer.echo(line)


def _lines(told: Comparison, width: int | None) -> Iterator[str]:
    yield heading("Recordings")
    yield from table([_recording("A", told.a), _recording("B", told.b)], width)
    yield from _stations(told, width)
    yield from _titled("Sessions", _session_rows(told.sessions_a, told.sessions_b), width)
    yield from _titled("Calls", _call_rows(told.actions), width)
    yield from _titled("Response times", _speed_rows(told.response_times), width)
    yield from _titled("Firmware and settings", _change_rows(told.changes), width)
    yield ""
    yield heading(f"Findings: {len(told.new)} new, {len(told.gone)} gone, {len(told.same)} in both")
    for sign, faults in (("+", told.new), ("-", told.gone), ("=", told.same)):
        for fault in faults:
            yield from _fault(sign, fault, width)


def _titled(title: str, rows: Sequence[Sequence[str]], width: int | None) -> Iterator[str]:
    if len(rows) > 1:  # more than the names of the columns
        yield ""
        yield heading(title)
        yield from table(rows, width)


def _recording(name: str, told: Recording) -> tuple[str, str]:
    files = f"{told.files[0]}" if len(told.files) == 1 else f"{len(told.files)} files"
    stations = f"{len(told.stations)} charge point{'' if len(told.stations) == 1 else 's'}"
    return name, printable(f"{files}: {told.lines:,} lines, {told.frames:,} frames, {stations}")


def _stations(told: Comparison, width: int | None) -> Iterator[str]:
    for name, only in (
        ("A", [one for one in told.a.stations if one not in told.b.stations]),
        ("B", [one for one in told.b.stations if one not in told.a.stations]),
    ):
        if only and len(told.a.stations) + len(told.b.stations) > 2:
            yield from paragraph(printable(f"only in {name}: {', '.join(only)}"), width, 2)


def _session_rows(a: Sessions, b: Sessions) -> list[tuple[str, ...]]:
    return [
        ("", "A", "B", ""),
        ("sessions", f"{a.count:,}", f"{b.count:,}", _difference(a.count, b.count)),
        ("energy", _kwh(a.energy_wh), _kwh(b.energy_wh), _difference(a.energy_wh, b.energy_wh)),
        (
            "median energy",
            _kwh(a.median_energy_wh),
            _kwh(b.median_energy_wh),
            _difference(a.median_energy_wh, b.median_energy_wh),
        ),
        (
            "median duration",
            _minutes(a.median_duration_s),
            _minutes(b.median_duration_s),
            _difference(a.median_duration_s, b.median_duration_s),
        ),
    ]


def _call_rows(counts: Sequence[Count]) -> list[tuple[str, ...]]:
    rows = [(printable(one.action), f"{one.a:,}", f"{one.b:,}", _difference(one.a, one.b)) for one in counts]
    return [("", "A", "B", ""), *rows]


def _speed_rows(speeds: Sequence[SpeedOfAction]) -> list[tuple[str, ...]]:
    rows = [
        (
            printable(one.action),
            *_speed(one.a),
            *_speed(one.b),
            _difference(None if one.a is None else one.a.p95_s, None if one.b is None else one.b.p95_s),
        )
        for one in speeds
    ]
    return [("", "A p50", "A p95", "B p50", "B p95", "p95"), *rows]


def _speed(speed: Speed | None) -> tuple[str, str]:
    return ("-", "-") if speed is None else (f"{speed.p50_s:.3f} s", f"{speed.p95_s:.3f} s")


def _change_rows(changes: Sequence[Change]) -> list[tuple[str, ...]]:
    rows = [
        (printable(one.station), printable(one.name), printable(f"{one.a or '-'} -> {one.b or '-'}"))
        for one in changes
    ]
    return [("", "", ""), *rows] if rows else []


def _fault(sign: str, fault: Fault, width: int | None) -> Iterator[str]:
    colour = typer.colors.GREEN if sign == "-" else COLOURS[fault.severity]
    where = fault.station if fault.connector is None else f"{fault.station}, connector {fault.connector}"
    counts = f"x{fault.count_a} -> x{fault.count_b}" if sign == "=" else f"x{fault.count_a or fault.count_b}"
    title = printable(f"{fault.id} {fault.title} {counts}", after=f"  {where}")
    yield f"  {styled(f'{sign} {fault.severity.upper()}', fg=colour, bold=sign == '+')} {title}"
    if sign == "+":
        yield from paragraph(printable(fault.text), width, 4)
        if fault.file is not None:
            yield printable(f"    {fault.file}:{fault.line}")


def _difference(a: float | None, b: float | None) -> str:
    """How much b has more, in percent."""
    if a is None or b is None or a == b:
        return ""
    return "new" if a == 0 else f"{(b - a) / abs(a):+.0%}"


def _kwh(energy_wh: float | None) -> str:
    return "-" if energy_wh is None else f"{energy_wh / 1000:,.2f} kWh"


def _minutes(duration_s: float | None) -> str:
    return "-" if duration_s is None else f"{duration_s / 60:,.1f} min"
