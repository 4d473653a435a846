"""Columns of text: wrapped to a terminal, and whole lines for a pipe."""

import os
import shutil
import sys
import textwrap
from collections.abc import Iterator, Sequence

import typer

NARROWEST_COLUMN = 36


def output_width() -> int | None:
    """The columns that stdout has; None when it is no terminal, and lines may be as long as they are."""
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else None


def heading(text: str) -> str:
    """A line that stands out, where stdout is a terminal that may be coloured."""
    return styled(text, bold=True)


def paragraph(text: str, width: int | None, indent: int = 0) -> Iterator[str]:
    """The text in lines of at most `width` columns, never broken inside a word."""
    yield from _wrapped(text, None if width is None else width - indent, " " * indent)


def table(rows: Sequence[Sequence[str]], width: int | None, indent: int = 2) -> Iterator[str]:
    """The rows with their columns aligned; the last column wraps beside itself, the first stands out.

    Where little room is left for the last column, it goes on a line of its own.
    """
    if not rows:
        return
    widths = [max(map(len, column)) for column in list(zip(*rows, strict=True))[:-1]]
    start = indent + sum(widths) + 2 * len(widths)
    beside = width is None or width - start >= NARROWEST_COLUMN
    for *cells, last in rows:
        padded = [cell.ljust(size) for cell, size in zip(cells, widths, strict=True)]
        left = " " * indent + "  ".join([styled(padded[0], fg="cyan"), *padded[1:]]) if padded else ""
        column = start if beside else indent + 4
        lines = list(_wrapped(last, None if width is None else width - column, " " * column))
        if beside and lines:
            yield f"{left}  {lines.pop(0).lstrip()}"
        else:
            yield left.rstrip()
        yield from lines


def _wrapped(text: str, width: int | None, prefix: str) -> Iterator[str]:
    if width is None:
        lines = [text] if text else []
    else:
        lines = textwrap.wrap(
            text, max(width, NARROWEST_COLUMN), break_long_words=False, break_on_hyphens=False
        )
    yield from (prefix + line for line in lines)


def styled(text: str, *, bold: bool | None = None, fg: str | None = None) -> str:
    """The text in a colour, unless NO_COLOR says otherwise.

    https://no-color.org; typer.echo itself takes the colours out where stdout is no terminal.
    """
    return text if os.environ.get("NO_COLOR") else typer.style(text, bold=bold, fg=fg)
