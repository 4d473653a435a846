"""What began on one line and goes on over the next: a wrapped frame, a table row, an HTML row, a document."""

import re
from collections.abc import Sequence
from typing import Protocol

from voltline.inspection.records import Damage, Direction, Record
from voltline.logbook.coverage import NO_FRAME, Coverage
from voltline.logbook.readers.clock import STAMP, leading_time_in
from voltline.logbook.readers.documents import Document
from voltline.logbook.readers.family import AT, Heading
from voltline.logbook.readers.frame_text import FRAME, Balance, Found, found_in, recovered
from voltline.logbook.readers.headings import Headings, unwrapped
from voltline.logbook.readers.libocpp_html import ROW, row_records
from voltline.logbook.readers.objects import records_of
from voltline.logbook.readers.tables import Table

__all__ = ["OpenDocument", "OpenFrame", "OpenHtmlRow", "OpenTableRow", "Pending"]

LONGEST = 1024 * 1024
"""Characters of a frame or row that is put together."""

_LINE_OF_ITS_OWN = re.compile(r"[\s\[(<]*(?:(?:[A-Z]{4,8}|[a-z]{4,7})[\s\]:|-]+)?")
"""What may stand before the time at the beginning of a log line."""
_OUTSIDE_JSON = re.compile(rf"[^\"'{{}}\\]*?(?:{STAMP.pattern})(?![\"'\\]).*")
"""A line with a time that is no value of a frame."""
_DUMP = re.compile(r"\s*(?:0x)?[0-9A-Fa-f]{4,8}:?\s+(?:[0-9A-Fa-f]{2,4}\s+){4}")
"""A line of a hexadecimal dump."""
_LEVEL = re.compile(r"(?:DEBUG|INFO|WARN|WARNING|ERROR|TRACE|CRITICAL):\S+:|Traceback \(most recent")

_WORDS_AND_FRAME = re.compile(r"[^\"'{\[]*[A-Za-z][^\"'{]*" + FRAME.pattern)
"""A log line: no JSON document has words in front of an array."""


class Pending(Protocol):
    """Something unfinished."""

    done: bool

    def feed(self, line: str, number: int) -> Sequence[Record] | None:
        """Go on with the next line. None: it is none of this, look at it anew; `end` tells what there is."""

    def end(self) -> Sequence[Record]:
        """What there is although it did not end."""


class OpenFrame:
    """A frame over several lines."""

    def __init__(
        self, template: Record, heading: Heading, first: str, coverage: Coverage, prefix: str
    ) -> None:
        """`template` is the record without text; `prefix` what stood before the frame on its first line."""
        self.done = False
        self._template = template
        self._heading = heading
        self._coverage = coverage
        self._balance = Balance()
        self._wrapper = _wrapper_of(prefix)
        self._parts: list[str] = []
        self._broken = False
        self._size = 0
        self._lines = 0
        self._add(first)

    def feed(self, line: str, number: int) -> Sequence[Record] | None:
        if self._size + len(line) > LONGEST:
            return None
        if self._wrapper and line.startswith(self._wrapper):
            line = line[len(self._wrapper) :]
        rest = self._continued(line)
        if rest is None:
            return None
        self._lines += 1
        end = self._add(rest)
        if end is None:
            return ()
        self.done = True
        return self._records(recover=False)

    def end(self) -> Sequence[Record]:
        # The lines that followed told nothing: they stay what they are, lines left out.
        if self._lines:
            self._coverage.skip("the rest of a broken frame", self._template.line + 1, self._lines)
            self._coverage.frame_lines -= self._lines
        return self._records(recover=True)

    def _continued(self, line: str) -> str | None:
        """What of a line goes on with the frame; None where it begins something of its own."""
        start = FRAME.search(line)
        stamp = STAMP.search(line)
        if stamp is not None and _LINE_OF_ITS_OWN.fullmatch(line, 0, stamp.start()):
            continued = self._heading.family.continued
            if continued is None or start is not None:
                return None
            wording = unwrapped(f"{line[: stamp.start()]}{AT}{line[stamp.end() :]}")
            found = continued.search(wording)
            return None if found is None else wording[found.end() :]
        if _DUMP.match(line) is not None or leading_time_in(line) is not None:
            return None
        if stamp is not None and _OUTSIDE_JSON.fullmatch(line):
            return None
        if start is not None and self._is_told(line[: start.start()]):
            return None
        if start is not None and (not line[: start.start()].strip(" \t#*>-/") or not self._balance.in_string):
            return None
        return None if _LEVEL.match(line) else line

    def _is_told(self, before: str) -> bool:
        """Whether the words before a frame are those of the logger that wrote the one at hand."""
        heading = self._heading.family.read(Headings.wording(before)[0])
        return heading is not None and (
            heading.sent is not None or heading.direction is not Direction.UNKNOWN
        )

    def _add(self, piece: str) -> int | None:
        in_string = self._balance.in_string
        self._broken = self._broken or in_string
        kept = piece if in_string else piece.lstrip()
        end = self._balance.feed(kept)
        self._parts.append(kept if self._balance.in_string else kept.rstrip())
        self._size += len(kept)
        return end

    def _records(self, recover: bool) -> Sequence[Record]:
        text = "".join(self._parts)
        founds = [recovered(text)] if recover else list(found_in(text))
        records = []
        for found in founds:
            if not found.whole:
                found = recovered(found.text)
            rejoined = (Damage.REJOINED,) if self._broken and not recover else ()
            records.append(with_text(self._template, found, (*rejoined, *found.damage)))
        return records


def with_text(template: Record, found: Found, damage: tuple[Damage, ...]) -> Record:
    """The record of a frame that stands behind the heading of `template`."""
    return Record(
        template.source,
        template.line,
        found.text,
        at=template.at,
        direction=template.direction,
        station=template.station,
        connection=template.connection,
        damage=damage,
        log_name=template.log_name,
        sent=template.sent,
    )


def _wrapper_of(prefix: str) -> str:
    """`name-1  | ` of docker compose, and comment signs, which stand before every line."""
    found = re.match(r"\s*[\w.-]+\s+\|\s|\s*(?:#|//|\*|>)\s", prefix)
    return found[0] if found is not None else ""


class OpenHtmlRow:
    """A table row of libocpp's HTML log."""

    def __init__(self, source: str, line: str, number: int) -> None:
        self.done = "</tr>" in line
        self._source = source
        self._number = number
        self._text = line

    def feed(self, line: str, number: int) -> Sequence[Record] | None:
        if ROW.search(line) is not None or len(self._text) + len(line) > LONGEST:
            return None
        self._text += "\n" + line
        if "</tr>" not in line:
            return ()
        self.done = True
        return self.end()

    def end(self) -> Sequence[Record]:
        return row_records(self._text, self._source, self._number)


class OpenTableRow:
    """A row with a cell over several lines."""

    def __init__(self, table: Table, line: str, number: int) -> None:
        self.done = False
        self._table = table
        self._number = number
        self._text = line

    def feed(self, line: str, number: int) -> Sequence[Record] | None:
        if len(self._text) + len(line) > LONGEST:
            return None
        self._text += "\n" + line
        if self._text.count('"') % 2:
            return ()
        self.done = True
        return self.end()

    def end(self) -> Sequence[Record]:
        cells = self._table.row(self._text)
        return () if cells is None else self._table.records(cells, self._number)


class OpenDocument:
    """A JSON document."""

    def __init__(self, source: str, headings: Headings, coverage: Coverage) -> None:
        self.done = False
        self._source = source
        self._headings = headings
        self._coverage = coverage
        self._document = Document()
        self._empty = 0
        """Lines since the last object with a frame, this one not counted."""
        self._first_empty = 0
        self._given = False

    def feed(self, line: str, number: int) -> Sequence[Record] | None:
        stamp = STAMP.search(line)
        if stamp is not None and _LINE_OF_ITS_OWN.fullmatch(line, 0, stamp.start()):
            return None
        if _LEVEL.match(line) is not None or _WORDS_AND_FRAME.match(line) is not None:
            return None
        records: list[Record] = []
        if not self._empty:
            self._first_empty = number
        self._empty += 1
        for text, begins in self._document.feed(line, number):
            entries = self._entries(text, begins)
            if entries:
                records += entries
                self._empty = 0
                self._given = True
        self.done = self._document.done
        return records

    def _entries(self, text: str, begins: int) -> Sequence[Record]:
        station = self._document.station
        if text.startswith("["):
            return [
                Record(self._source, begins, found.text, station=station, damage=found.damage)
                for found in found_in(re.sub(r"\n\s*", "", text))
            ]
        found = records_of(
            text, self._source, begins, self._headings, {"station": station} if station else {}
        )
        return [] if found is None else found[1]

    def end(self) -> Sequence[Record]:
        # Lines around the entries are part of the document; without an entry they were none.
        if self._empty and not (self._given and self.done):
            self._coverage.frame_lines -= self._empty
            self._coverage.skip(NO_FRAME, self._first_empty, self._empty)
        return ()
