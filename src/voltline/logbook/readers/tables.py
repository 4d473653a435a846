"""CSV with a heading row: exports of portals and databases. Columns are known by their names."""

import csv
import re
from datetime import datetime
from typing import Any

import msgspec

from voltline.inspection.records import Damage, Direction, Record
from voltline.logbook.readers.frame_text import FRAME, Found, found_in, recovered
from voltline.logbook.readers.headings import Headings
from voltline.logbook.readers.keys import plain, role_of, sense_of, time_of
from voltline.logbook.readers.objects import answer_beside, is_answer, rebuilt_from

__all__ = ["Table", "table_of"]

_NAME = re.compile(r"[\w @./()\[\]-]{1,40}$")
MAX_COLUMNS = 200
_ANSWER = "answer"
"""The role of a column with responses beside one with requests."""


class _Row(msgspec.Struct):
    """What the cells of a row hold."""

    roles: dict[str, Any] = {}
    frames: list[Found] = []
    before: str = ""
    """What stands before the frames in their cell."""
    answer: Found | None = None
    """The answer to a CALL, in a cell of its own."""
    answered_at: datetime | None = None
    """The second time of the row."""


class Table:
    """One table: the meaning of its columns, and its rows one at a time."""

    __slots__ = ("_delimiter", "_headings", "_roles", "_source", "width")

    def __init__(self, source: str, delimiter: str, roles: list[str | None], headings: Headings) -> None:
        self._headings = headings
        self._source = source
        self._delimiter = delimiter
        self._roles = roles
        self.width = len(roles)

    def row(self, text: str) -> list[str] | None:
        """The cells of a row; None where the text is none of this table."""
        try:
            cells = next(csv.reader((text,), delimiter=self._delimiter), [])
        except csv.Error:
            return None
        return cells if len(cells) == self.width else None

    def records(self, cells: list[str], number: int) -> list[Record]:
        """The records of a row that begins on line `number`; none where it holds no frame."""
        row = self._parted(cells)
        if not row.frames:
            self._rebuild(row, number)
        roles, frames = row.roles, row.frames
        if not frames:
            return []
        direction, sent = sense_of(roles.get("direction"))
        if direction is Direction.UNKNOWN and sent is None:
            direction, sent = sense_of(roles.get("type"))
        at = time_of(roles.get("at"))
        heading = None
        if row.before.strip():
            heading, inner = self._headings.read(row.before)
            if heading.repeats:
                return []
            at = at or inner
            if direction is Direction.UNKNOWN and sent is None:
                direction, sent = heading.direction, heading.sent
        station = roles.get("station") or (roles.get("id_fallback") if "id" not in self._roles else None)
        station = station or (heading.station if heading is not None else None)
        records = [
            Record(
                self._source,
                number,
                found.text,
                at=at,
                direction=direction,
                sent=sent,
                station=station,
                connection=roles.get("connection"),
                damage=found.damage,
            )
            for found in frames
        ]
        if row.answer is not None:
            records.append(answer_beside(records[0], row.answer, row.answered_at or at))
        return records

    def _rebuild(self, row: "_Row", number: int) -> None:
        """Put together the frames of a row that has their parts."""
        call = rebuilt_from(row.roles)
        if call is None and _ANSWER in self._roles:
            # Nothing but the row says that these two belong together.
            parts = {**row.roles, "type": 2, "id": row.roles.get("id") or f"row {number}"}
            call = rebuilt_from(parts)
            answer = rebuilt_from({**parts, "type": 3, "payload": row.roles.get(_ANSWER)})
            row.answer = None if answer is None else Found(answer, (Damage.REBUILT,))
        if call is not None:
            row.frames = [Found(call, (Damage.REBUILT,))]

    def _parted(self, cells: list[str]) -> "_Row":
        row = _Row()
        for role, cell in zip(self._roles, cells, strict=True):
            start = FRAME.search(cell) if "[" in cell else None
            if start is not None:
                cell = cell.replace("\n", " ")
                held = [
                    found if found.whole else recovered(found.text)
                    for found in found_in(cell[start.start() :].rstrip())
                ]
                if not row.frames:
                    row.frames, row.before = held, cell[: start.start()]
                    continue
                if len(row.frames) == len(held) == 1 and is_answer(held[0].text, row.frames[0].text):
                    row.answer = held[0]
                    continue
            if role == "at" and role in row.roles:
                row.answered_at = time_of(cell)
                if time_of(row.roles[role]) is None and time_of(f"{row.roles[role]} {cell}") is not None:
                    row.roles[role] += f" {cell}"  # a day and a time of day
            if role is not None and cell:
                row.roles.setdefault(role, cell)
        return row


def table_of(source: str, line: str, headings: Headings) -> Table | None:
    """The table whose heading row `line` is; None where it is none."""
    if FRAME.search(line) is not None:
        return None
    delimiter = max(",;\t|", key=line.count)
    if not 1 <= line.count(delimiter) < MAX_COLUMNS:
        return None
    try:
        names = next(csv.reader([line.lstrip("\ufeff")], delimiter=delimiter, strict=True), [])
    except csv.Error:
        return None
    names = [name.strip() for name in names]
    if not all(name == "" or _NAME.match(name) for name in names):
        return None
    roles = [role_of(name) for name in names]
    if roles.count("payload") == 2:
        roles = [
            _ANSWER if role == "payload" and plain(name).startswith("response") else role
            for name, role in zip(names, roles, strict=True)
        ]
    known = {role for role in roles if role is not None}
    if len(known) >= 2 and known & {"frame", "payload"}:
        return Table(source, delimiter, roles, headings)
    return None
