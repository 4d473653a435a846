"""`voltline inspect`: any log in, the truth out."""

import sys
from pathlib import Path
from time import monotonic
from typing import Annotated

import msgspec
import typer
from typer.exceptions import TyperException

from voltline.cli.inspect_report import report
from voltline.cli.layout import output_width, table
from voltline.inspection.choosing import InvalidDetector, InvalidSetting, UnknownDetector, choose
from voltline.inspection.findings import Severity
from voltline.logbook.inspecting import Choice, Progress
from voltline.logbook.inspecting import inspect as inspect_files
from voltline.logbook.opening import Unreadable
from voltline.logbook.reports.as_json import json_report
from voltline.logbook.result import Result

FOUND = {Severity.INFO: 0, Severity.WARNING: 3, Severity.ERROR: 4, Severity.CRITICAL: 5}
"""Exit codes by the worst finding."""
UNREAD = 1


class Unusable(TyperException):
    """What was asked for cannot be inspected."""

    exit_code = 2


def inspect(
    files: Annotated[
        list[str] | None,
        typer.Argument(metavar="FILE...", help="Logs, folders, archives, captures; - is standard input."),
    ] = None,
    output: Annotated[
        str, typer.Option("--format", help="text, for people, or json, for programs.", metavar="FORMAT")
    ] = "text",
    least: Annotated[
        Severity, typer.Option("--min", help="Show findings from this severity on (text only).")
    ] = Severity.INFO,
    fail_on: Annotated[
        Severity, typer.Option("--fail-on", help="Exit with another code than 0 from this severity on.")
    ] = Severity.WARNING,
    only: Annotated[
        list[str] | None,
        typer.Option("--only", metavar="ID", help="Look with this detector only, or this group: R03, T."),
    ] = None,
    without: Annotated[
        list[str] | None, typer.Option("--without", metavar="ID", help="Leave out a detector or group.")
    ] = None,
    changed: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="ID.NAME=VALUE", help="Change a threshold: --set R03.after_s=5."),
    ] = None,
    detectors: Annotated[
        list[str] | None,
        typer.Option("--detectors", metavar="FOLDER", help="Look with the detectors in this folder too."),
    ] = None,
    evidence: Annotated[
        int, typer.Option("--evidence", min=0, max=6, help="Lines of evidence for each finding (text only).")
    ] = 2,
    jobs: Annotated[
        int | None,
        typer.Option("--jobs", "-j", min=1, help="Processes, for several logs; default: all cores."),
    ] = None,
    listed: Annotated[bool, typer.Option("--list", help="List the detectors and their thresholds.")] = False,
) -> int:
    """Inspect OCPP logs: whatever the format, what happened, what is wrong, who should act.

    Formats are recognized by content. Exit code: 0 nothing that --fail-on counts; 3 the worst finding is a
    warning, 4 an error, 5 critical; 1 a file could not be read; 2 wrongly called.
    """
    choice = Choice(
        tuple(only or ()),
        tuple(without or ()),
        tuple(detectors or ()),
        tuple(_setting(one) for one in changed or ()),
    )
    try:
        if listed:
            _list(choice)
            return 0
        if not files:
            raise Unusable("give a log, a folder or an archive; - is standard input")
        if output not in ("text", "json"):
            raise Unusable(f"--format is text or json, not {output!r}")
        result = inspect_files([_path(one) for one in files], choice, processes=jobs, progress=_progress())
    except (Unreadable, UnknownDetector, InvalidSetting, InvalidDetector) as fault:
        raise Unusable(str(fault)) from None
    if sys.stderr.isatty():
        typer.echo("\r\x1b[K", nl=False, err=True)
    if output == "json":
        sys.stdout.buffer.write(json_report(result))
        sys.stdout.buffer.flush()
    else:
        for line in report(result, output_width(), least=least, evidence=evidence):
            typer.echo(line)
    return _exit_code(result, fail_on)


def _exit_code(result: Result, fail_on: Severity) -> int:
    worst = max((one.severity for one in result.inspected.findings), key=lambda one: one.rank, default=None)
    if result.problems:
        return UNREAD
    return 0 if worst is None or worst.rank < fail_on.rank else FOUND[worst]


def _path(text: str) -> str | Path:
    return text if text == "-" else Path(text)


def _setting(text: str) -> tuple[str, str, str]:
    name, equals, value = text.partition("=")
    detector, dot, key = name.partition(".")
    if not (equals and dot and detector and key):
        raise Unusable(f"--set wants ID.NAME=VALUE, as in R03.after_s=5; not {text!r}")
    return detector.strip(), key.strip(), value.strip()


def _progress() -> Progress | None:
    """Shows how far it is, where somebody is looking and stdout is not the same terminal's pipe."""
    if not sys.stderr.isatty():
        return None
    began = monotonic()
    shown = began

    def show(read: int, size: int | None) -> None:
        nonlocal shown
        now = monotonic()
        if now - shown < 0.2:
            return
        shown = now
        megabytes = f"{read / 1e6:,.0f} MB, {read / 1e6 / (now - began):,.0f} MB/s"
        part = f"{min(read / size, 1):4.0%}  " if size else ""
        typer.echo(f"\r\x1b[K{part}{megabytes}", nl=False, err=True)

    return show


def _list(choice: Choice) -> None:
    chosen = choose(choice.only, choice.without, choice.folders, choice.settings)
    rows = []
    for one in chosen.detectors:
        values = msgspec.structs.asdict(chosen.settings.get(one.id, one.settings))
        thresholds = ", ".join(f"{name}={value}" for name, value in values.items())
        rows.append((one.id, one.severity, f"{one.title} ({thresholds})" if thresholds else one.title))
    for line in table(rows, output_width(), 0):
        typer.echo(line)
