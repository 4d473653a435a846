"""Where a report of `voltline inspect` goes, and in which form: one way to choose, to check and to write."""

import os
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Final

import msgspec
import typer
from typer.exceptions import TyperException

from voltline.cli.layout import output_width
from voltline.inspection.detector import Detector
from voltline.inspection.findings import Severity
from voltline.logbook.frames import Seen
from voltline.logbook.reports.as_csv import TABLES, csv_table
from voltline.logbook.reports.as_html import html_report
from voltline.logbook.reports.as_json import json_report
from voltline.logbook.reports.as_junit import junit_report
from voltline.logbook.reports.as_sarif import sarif_report
from voltline.logbook.reports.as_trace import trace_lines
from voltline.logbook.result import Result

__all__ = [
    "FORMATS",
    "Output",
    "Telling",
    "Unusable",
    "check_file",
    "chosen_output",
    "plain_line",
    "write_file",
]


_COLOUR: Final = re.compile(r"\x1b\[[0-9;]*m")


class Unusable(TyperException):
    """What was asked for cannot be inspected, or not told so."""

    exit_code = 2


class Telling(msgspec.Struct):
    """What the reports are made of."""

    result: Result
    detectors: Sequence[type[Detector]]
    """Those that looked."""
    fail_on: Severity
    seen: Callable[[], Iterable[Seen]]
    """Reads the frames again."""
    text: Callable[[], Iterable[str]]
    """The lines for people."""


class Output(msgspec.Struct, frozen=True):
    """A form, and the file or folder that it goes to."""

    form: str
    path: Path | None
    """None: stdout."""
    table: str | None = None

    @property
    def width(self) -> int | None:
        """Columns of the terminal that it goes to, None where it goes to none."""
        return output_width() if self.path is None else None

    @property
    def reads_frames(self) -> bool:
        """Whether the logs have to be read a second time for it."""
        return self.form == "trace" or (self.form == "csv" and self.table in (None, "frames"))

    def write(self, telling: Telling) -> None:
        """Tell it. A file is there whole or not at all. Raises Unusable where it cannot be written."""
        if self.form == "text" and self.path is None:
            for line in telling.text():
                typer.echo(line)
        elif self.form == "csv" and self.path is not None and self.table is None:
            for name in TABLES:
                write_file(self.path / f"{name}.csv", csv_table(name, telling.result, telling.seen))
        elif self.path is not None:
            write_file(self.path, self._pieces(telling))
        else:
            for piece in self._pieces(telling):
                sys.stdout.buffer.write(piece)
            sys.stdout.buffer.flush()

    def _pieces(self, telling: Telling) -> Iterable[bytes]:
        if self.form == "csv":
            return csv_table(self.table or "findings", telling.result, telling.seen)
        return _FORMS[self.form](telling)


def _text(telling: Telling) -> Iterator[bytes]:
    return (plain_line(line) for line in telling.text())


def plain_line(line: str) -> bytes:
    """A line for a file: without colours, with its end."""
    return _COLOUR.sub("", line).encode("utf-8", "replace") + b"\n"


_FORMS: Final[dict[str, Callable[[Telling], Iterable[bytes]]]] = {
    "text": _text,
    "json": lambda told: json_report(told.result),
    "html": lambda told: [html_report(told.result)],
    "junit": lambda told: [junit_report(told.result, told.detectors, told.fail_on)],
    "sarif": lambda told: [sarif_report(told.result, told.detectors, Path.cwd())],
    "trace": lambda told: trace_lines(told.seen()),
}
FORMATS: Final = ("text", "json", "html", "csv", "junit", "sarif", "trace")
_BY_ENDING: Final = {
    ".html": "html",
    ".htm": "html",
    ".json": "json",
    ".csv": "csv",
    ".xml": "junit",
    ".sarif": "sarif",
    ".jsonl": "trace",
}


def chosen_output(form: str | None, output: str | None, table: str | None) -> Output:
    """What was asked for; without a form, what the name of the file says. Raises Unusable."""
    path = None if output in (None, "-") else Path(output or "")
    if form is None:
        form = _BY_ENDING.get(path.suffix.lower(), "text") if path is not None else "text"
        form = "csv" if table is not None else form
    if form not in FORMATS:
        raise Unusable(f"--format {form!r} is unknown; there are {', '.join(FORMATS)}")
    if table is not None and form != "csv":
        raise Unusable(f"--table is for --format csv, not for {form}")
    if table is not None and table not in TABLES:
        raise Unusable(f"--table {table!r} is unknown; there are {', '.join(TABLES)}")
    if path is None:
        if form == "csv" and table is None:
            raise Unusable(
                f"--format csv needs a table (--table {'|'.join(TABLES)}) or --output FOLDER for all"
            )
        if form == "html" and sys.stdout.isatty():
            raise Unusable("an HTML page is not for a terminal; give it a file: --output report.html")
    else:
        _check(path, folder=form == "csv" and table is None)
    return Output(form, path, table)


def write_file(path: Path, pieces: Iterable[bytes]) -> None:
    """Write a file that is there whole or not at all. Raises Unusable where that cannot be."""
    if path.exists() and not path.is_file():  # a pipe, a terminal
        part = path
    else:
        part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with part.open("wb") as file:
            for piece in pieces:
                file.write(piece)
        if part is not path:
            part.replace(path)
    except OSError as fault:
        raise Unusable(f"{path}: it cannot be written ({fault.strerror}); give another --output") from None
    finally:
        if part is not path:
            part.unlink(missing_ok=True)


def _check(path: Path, *, folder: bool) -> None:
    """Complain before an hour of reading rather than after it. Makes the folder."""
    if not folder:
        check_file(path)
        return
    try:
        path.mkdir(parents=True, exist_ok=True)
    except FileExistsError:
        raise Unusable(
            f"{path}: --format csv writes a folder of tables, and this is a file; name a table by --table, "
            "or another folder"
        ) from None
    except OSError as fault:
        why = fault.strerror
        raise Unusable(f"{path}: the folder cannot be made ({why}); give another --output") from None
    _check_folder(path)


def check_file(path: Path) -> None:
    """Raises Unusable where no file can be written at `path`."""
    if path.is_dir():
        raise Unusable(f"{path}: this is a folder; give the name of a file in it")
    _check_folder(path.absolute().parent)


def _check_folder(path: Path) -> None:
    if not path.is_dir():
        raise Unusable(f"{path}: there is no such folder to write to; make it first")
    if not os.access(path, os.W_OK):
        raise Unusable(f"{path}: writing there is not permitted; give another --output")
