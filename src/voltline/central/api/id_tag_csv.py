"""Id tags as a CSV file, out and in."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator

import msgspec

from voltline.base.cells import safe_cell, unsafe_text
from voltline.central.api.id_tag_shapes import NewIdTag
from voltline.central.api.problems import Fault
from voltline.central.domain.authorization import IdTag, tag_key

COLUMNS = tuple(field.name for field in msgspec.structs.fields(NewIdTag))
IGNORED = ("added_at", "changed_at", "last_used_at", "running")
"""Columns of a list of id tags that say what only time can."""

_MOST_FAULTS = 1000
_MOST_LINES = 100_000
_WORDS = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False, "": False}
_NUMBERS = ("max_transactions", "group_max_transactions")


def written(tags: Iterable[IdTag]) -> Iterator[bytes]:
    """A file, some lines at a time."""
    yield _lines([COLUMNS])
    part: list[list[str]] = []
    for tag in tags:
        part.append([_cell(getattr(tag, column)) for column in COLUMNS])
        if len(part) == 500:
            yield _lines(part)
            part = []
    yield _lines(part)


def read(content: bytes) -> tuple[list[IdTag], list[Fault]]:
    """The tags in a file, and all that is wrong with it: then the tags are not to be used.

    The first line names the columns, in any order; only id_tag has to be there. Comma, semicolon or tab
    separate them. A time without a zone is in UTC.
    """
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        return [], [Fault(path="$", kind="bad_csv", text=f"This is not a text in UTF-8: {error.reason}.")]
    first = text.partition("\n")[0]
    delimiter = max(",;\t", key=first.count)
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    tags: list[IdTag] = []
    faults: list[Fault] = []
    try:
        columns = [name.strip().lower() for name in next(rows, [])]
        faults += _column_faults(columns)
        if faults:
            return [], faults
        seen: dict[str, int] = {}
        for row in rows:
            if not any(cell.strip() for cell in row):
                continue
            if len(faults) >= _MOST_FAULTS or len(tags) >= _MOST_LINES:
                faults.append(_fault(rows.line_num, "", "Nothing was read beyond this line: it is too much."))
                break
            _read_row(rows.line_num, columns, row, seen, tags, faults)
    except csv.Error as error:
        faults.append(Fault(path=f"line {rows.line_num}", kind="bad_csv", text=f"This is not CSV: {error}."))
    return tags, faults


def _read_row(
    line: int,
    columns: list[str],
    row: list[str],
    seen: dict[str, int],
    tags: list[IdTag],
    faults: list[Fault],
) -> None:
    if len(row) != len(columns):
        faults.append(
            _fault(line, "", f"Expected {len(columns)} cells, as in the first line, not {len(row)}.")
        )
        return
    before = len(faults)
    values: dict[str, object] = {}
    for column, cell in zip(columns, row, strict=True):
        if column in IGNORED:
            continue
        try:
            values[column] = _value(column, unsafe_text(cell.strip()))
        except ValueError as error:
            faults.append(_fault(line, column, str(error)))
    if len(faults) == before:
        tag = msgspec.convert(values, NewIdTag).tag
        earlier = seen.setdefault(tag_key(tag.id_tag), line)
        if earlier != line:
            faults.append(_fault(line, "id_tag", f"This tag is in line {earlier} already."))
        tags.append(tag)


_TYPES = {field.name: field.type for field in msgspec.structs.fields(NewIdTag)}


def _value(column: str, cell: str) -> object:
    """Raises ValueError, with what to tell."""
    if column == "blocked":
        if cell.lower() not in _WORDS:
            raise ValueError(f"{cell[:50]!r} is neither true nor false.")
        return _WORDS[cell.lower()]
    if cell == "" and column != "id_tag":
        return None
    given: object = cell
    if column in _NUMBERS:
        if not (cell.isascii() and cell.isdigit() and len(cell) < 19):
            raise ValueError(f"{cell[:50]!r} is not a whole number.")
        given = int(cell)
    try:
        msgspec.convert(given, _TYPES[column])
    except (msgspec.ValidationError, OverflowError) as error:
        raise ValueError(f"{cell[:50]!r}: {error}.") from error
    return given


def _column_faults(columns: list[str]) -> list[Fault]:
    known = (*COLUMNS, *IGNORED)
    faults = [
        _fault(1, name, f"There is no such column; the columns are {', '.join(COLUMNS)}.")
        for name in columns
        if name not in known
    ]
    faults += [_fault(1, name, "This column is there twice.") for name in COLUMNS if columns.count(name) > 1]
    if "id_tag" not in columns:
        faults.append(_fault(1, "id_tag", "The first line must name the columns, and one must be id_tag."))
    return faults[:_MOST_FAULTS]


def _fault(line: int, column: str, text: str) -> Fault:
    where = f"line {line}" + (f": {column[:50]}" if column else "")
    return Fault(path=where, kind="invalid_value", text=text)


def _cell(value: object) -> str:
    if value is None or isinstance(value, bool | int | str):
        return safe_cell(value)
    return str(msgspec.json.decode(msgspec.json.encode(value)))


def _lines(rows: Iterable[Iterable[str]]) -> bytes:
    text = io.StringIO()
    csv.writer(text).writerows(rows)
    return text.getvalue().encode("utf-8", "replace")
