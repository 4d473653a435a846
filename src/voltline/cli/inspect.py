"""`voltline inspect`: any log in, the truth out."""

import os
import secrets
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from time import monotonic
from typing import Annotated

import msgspec
import typer

from voltline.base import garbage
from voltline.cli.detector_options import Changed, Folders, Only, Without, setting_of
from voltline.cli.inspect_output import FORMATS, Output, Telling, Unusable, chosen_output, write_file
from voltline.cli.inspect_report import against_line, printable, report
from voltline.cli.layout import output_width, table
from voltline.inspection.choosing import InvalidDetector, InvalidSetting, UnknownDetector, choose
from voltline.inspection.findings import Severity
from voltline.logbook.anonymizing import Anonymizer
from voltline.logbook.baseline import Known, UnusableBaseline, known_in, only_new
from voltline.logbook.frames import Seen, seen_in
from voltline.logbook.inspecting import Choice, Progress
from voltline.logbook.inspecting import inspect as inspect_files
from voltline.logbook.opening import Source, Unreadable, sources
from voltline.logbook.reports.as_csv import TABLES
from voltline.logbook.reports.as_json import json_report
from voltline.logbook.result import Result
from voltline.logbook.spooling import rereadable

FOUND = {Severity.INFO: 0, Severity.WARNING: 3, Severity.ERROR: 4, Severity.CRITICAL: 5}
"""Exit codes by the worst finding."""
UNREAD = 1
BAR = 24
"""Columns of the progress bar."""

# ---- options that inspecting and comparing have in common

FailOn = Annotated[
    Severity, typer.Option("--fail-on", help="Exit with another code than 0 from this severity on.")
]
Jobs = Annotated[
    int | None, typer.Option("--jobs", "-j", min=1, help="Processes, for several logs; default: all cores.")
]
NoColor = Annotated[bool, typer.Option("--no-color", help="No colours; as does NO_COLOR=1.")]


def inspect(
    files: Annotated[
        list[str] | None,
        typer.Argument(metavar="FILE...", help="Logs, folders, archives, captures; - is standard input."),
    ] = None,
    form: Annotated[
        str | None,
        typer.Option(
            "--format",
            metavar="FORMAT",
            help=f"{', '.join(FORMATS[:-1])} or {FORMATS[-1]}. Default: what the ending of --output says, "
            "else text.",
        ),
    ] = None,
    output: Annotated[
        str | None,
        typer.Option(
            "--output", "-o", metavar="FILE", help="Write it there; of csv, a folder of all tables."
        ),
    ] = None,
    of_csv: Annotated[
        str | None,
        typer.Option("--table", metavar="TABLE", help=f"Which table as csv: {', '.join(TABLES)}."),
    ] = None,
    least: Annotated[
        Severity, typer.Option("--min", help="Show findings from this severity on (text only).")
    ] = Severity.INFO,
    fail_on: FailOn = Severity.WARNING,
    only: Only = None,
    without: Without = None,
    changed: Changed = None,
    detectors: Folders = None,
    evidence: Annotated[
        int, typer.Option("--evidence", min=0, max=6, help="Lines of evidence for each finding (text only).")
    ] = 2,
    baseline: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="A former report as json: tell and count only what is new."),
    ] = None,
    write_baseline: Annotated[
        Path | None,
        typer.Option("--write-baseline", metavar="FILE", help="Write all findings there, for --baseline."),
    ] = None,
    anonymize: Annotated[
        bool,
        typer.Option("--anonymize", help="Replace id tags, serial numbers, identities, addresses and keys."),
    ] = False,
    anonymize_key: Annotated[
        str | None,
        typer.Option(
            metavar="TEXT",
            envvar="VOLTLINE_ANONYMIZE_KEY",
            help="Same key, same pseudonyms in every run; better by environment.",
        ),
    ] = None,
    jobs: Jobs = None,
    no_color: NoColor = False,
    listed: Annotated[bool, typer.Option("--list", help="List the detectors and their thresholds.")] = False,
) -> int:
    """Inspect OCPP logs: whatever the format, what happened, what is wrong, who should act.

    Formats are recognized by content. Exit code: 0 nothing that --fail-on counts; 3 the worst finding is a
    warning, 4 an error, 5 critical; 1 a file could not be read; 2 wrongly called. Two recordings are
    compared by voltline inspect diff.
    """
    choice = chosen(only, without, changed, detectors)
    if no_color:
        os.environ["NO_COLOR"] = "1"
    if anonymize and baseline is not None and anonymize_key is None:
        raise Unusable("with --anonymize a baseline needs --anonymize-key, the same that it was written with")
    try:
        if listed:
            _list(choice)
            return 0
        if not files:
            raise Unusable("give a log, a folder or an archive; - is standard input")
        wanted = chosen_output(form, output, of_csv)
        known = None if baseline is None else known_in(baseline)
        with ExitStack() as stack:
            given = [path_of(one) for one in files]
            garbage.search_seldom()
            twice = wanted.reads_frames or anonymize
            paths: Sequence[str | Path | Source] = rereadable(given, stack) if twice else given
            result = inspected(paths, choice, jobs, footage=wanted.form == "html")
            anonymizer = _anonymizer(anonymize_key, paths) if anonymize else None
            if anonymizer is not None:
                result = anonymizer.result(result)
            if write_baseline is not None:
                write_file(write_baseline, json_report(result))
            if known is not None:
                _leave_out(result, known, str(baseline))
            wanted.write(
                Telling(
                    result,
                    choose(choice.only, choice.without, choice.folders, choice.settings).detectors,
                    fail_on,
                    lambda: _seen(paths, anonymizer),
                    lambda: report(result, wanted.width, least=least, evidence=evidence),
                )
            )
    except (Unreadable, UnusableBaseline, UnknownDetector, InvalidSetting, InvalidDetector) as fault:
        raise Unusable(str(fault)) from None
    _tell_beside(result, wanted)
    return _exit_code(result, fail_on)


def chosen(
    only: list[str] | None, without: list[str] | None, changed: list[str] | None, folders: list[str] | None
) -> Choice:
    """The detectors that the options ask for."""
    return Choice(
        tuple(only or ()),
        tuple(without or ()),
        tuple(folders or ()),
        tuple(setting_of(one) for one in changed or ()),
    )


def inspected(
    paths: Sequence[str | Path | Source], choice: Choice, jobs: int | None, *, footage: bool = False
) -> Result:
    """Inspect with a progress bar, where somebody is looking. Raises what `inspect_files` does."""
    result = inspect_files(paths, choice, processes=jobs, progress=_progress(), footage=footage)
    _clear()
    return result


def seen_again(paths: Sequence[str | Path | Source]) -> Iterator[Seen]:
    """Read the logs a second time, with a progress bar unless what is made of them goes to the terminal."""
    yield from seen_in(sources(paths), None if sys.stdout.isatty() else _progress())
    _clear()


def _seen(paths: Sequence[str | Path | Source], anonymizer: Anonymizer | None) -> Iterable[Seen]:
    seen = seen_again(paths)
    return seen if anonymizer is None else anonymizer.all_seen(seen)


def _anonymizer(key: str | None, paths: Sequence[str | Path | Source]) -> Anonymizer:
    """One that knows every value of these logs."""
    if key is not None and not key.strip():
        raise Unusable("--anonymize-key is empty; leave it away for a random one")
    anonymizer = Anonymizer(secrets.token_bytes(32) if key is None else key.encode())
    anonymizer.learn(one.record for one in seen_again(paths))
    return anonymizer


def _leave_out(result: Result, known: Sequence[Known], file: str) -> None:
    result.inspected.findings, result.against = only_new(result.inspected.findings, known, file)


def _tell_beside(result: Result, wanted: Output) -> None:
    """What has no place in a form for programs."""
    if wanted.form == "text" and wanted.path is None:
        return
    for problem in result.problems:
        typer.echo(f"not read: {printable(problem)}", err=True)
    if result.against is not None:
        typer.echo(against_line(result.against), err=True)


def _exit_code(result: Result, fail_on: Severity) -> int:
    worst = max((one.severity for one in result.inspected.findings), key=lambda one: one.rank, default=None)
    if result.problems:
        return UNREAD
    return 0 if worst is None or worst.rank < fail_on.rank else FOUND[worst]


def path_of(text: str) -> str | Path:
    """What an argument names: a file or folder, or standard input."""
    return text if text == "-" else Path(text)


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
        speed = read / (now - began)
        said = f"{read / 1e6:,.0f} MB, {speed / 1e6:,.1f} MB/s"
        if size:
            part = min(read / size, 1)
            bar = "█" * int(part * BAR) + "░" * (BAR - int(part * BAR))
            said = f"{bar} {part:4.0%}  {said}, {max(size - read, 0) / speed:,.0f} s left"
        typer.echo(f"\r\x1b[K{said}", nl=False, err=True)

    return show


def _clear() -> None:
    """Take the progress bar away."""
    if sys.stderr.isatty():
        typer.echo("\r\x1b[K", nl=False, err=True)


def _list(choice: Choice) -> None:
    chosen = choose(choice.only, choice.without, choice.folders, choice.settings)
    rows = []
    for one in chosen.detectors:
        values = msgspec.structs.asdict(chosen.settings.get(one.id, one.settings))
        thresholds = ", ".join(f"{name}={value}" for name, value in values.items())
        rows.append((one.id, one.severity, f"{one.title} ({thresholds})" if thresholds else one.title))
    for line in table(rows, output_width(), 0):
        typer.echo(line)
