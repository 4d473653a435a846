"""CSV with a heading row: exports of portals and databases. Columns are known by their names."""

import csv
import re
from typing import Any

from voltline.inspection.records import Damage, Direction, Record
from voltline.logbook.readers.frame_text import FRAME, Found, found_in, recovered
from voltline.logbook.readers.headings import Headings
from voltline.logbook.readers.keys import role_of, sense_of, time_of
from voltline.logbook.readers.objects import rebuilt_from

__all__ = ["Table", "table_of"]

_NAME = re.compile(r"[\w @./()-]{1,40}$")
MAX_COLUMNS = 200


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
        roles: dict[str, Any] = {}
        frames: list[Found] = []
        before = ""
        for role, cell in zip(self._roles, cells, strict=True):
            if not frames and "[" in cell:
                start = FRAME.search(cell)
                if start is not None:
                    cell = cell.replace("\n", " ")
                    before = cell[: start.start()]
                    frames = [
                        found if found.whole else recovered(found.text)
                        for found in found_in(cell[start.start() :].rstrip())
                    ]
                    continue
            if role is not None and cell and role not in roles:
                roles[role] = cell
        if not frames:
            rebuilt = rebuilt_from(roles)
            if rebuilt is None:
                return []
            frames = [Found(rebuilt, (Damage.REBUILT,))]
        direction, sent = sense_of(roles.get("direction"))
        if direction is Direction.UNKNOWN and sent is None:
            direction, sent = sense_of(roles.get("type"))
        at = time_of(roles.get("at"))
        heading = None
        if before.strip():
            heading, inner = self._headings.read(before)
            if heading.repeats:
                return []
            at = at or inner
            if direction is Direction.UNKNOWN and sent is None:
                direction, sent = heading.direction, heading.sent
        station = roles.get("station") or (roles.get("id_fallback") if "id" not in self._roles else None)
        station = station or (heading.station if heading is not None else None)
        return [
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
    known = {role for role in roles if role is not None}
    if len(known) >= 2 and known & {"frame", "payload"}:
        return Table(source, delimiter, roles, headings)
    return None
