"""One log to records, whatever its format; and how much of it was understood.

Formats are known by content, line by line, so a file may mix them. A line with a frame costs a search for
the frame, a look at what stands before it and one check that the frame is whole JSON; everything else
(wrapped, escaped, glued, cut) is only looked at where that check fails.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime

import msgspec

from voltline.inspection.records import Damage, Direction, Record, RecordKind
from voltline.logbook.coverage import NO_FRAME, SOAP, Coverage
from voltline.logbook.lines import Lines
from voltline.logbook.opening import Source, Unreadable
from voltline.logbook.order import in_time_order
from voltline.logbook.pcap import capture_records, is_capture
from voltline.logbook.readers.delta import DELTA, rebuilt
from voltline.logbook.readers.documents import DOCUMENT, may_hold_frame
from voltline.logbook.readers.families import FAMILIES
from voltline.logbook.readers.family import AT, Heading
from voltline.logbook.readers.frame_text import (
    FRAME,
    Found,
    found_in,
    frame_in,
    is_frame,
    is_plausible,
    looks_cut,
    uncoded,
)
from voltline.logbook.readers.headings import Headings
from voltline.logbook.readers.keys import time_of
from voltline.logbook.readers.libocpp_html import ROW
from voltline.logbook.readers.objects import records_of
from voltline.logbook.readers.pending import (
    OpenDocument,
    OpenFrame,
    OpenHtmlRow,
    OpenTableRow,
    Pending,
    with_text,
)
from voltline.logbook.readers.tables import Table, table_of
from voltline.logbook.readers.wrapping import Wrapper, without, wrapper_of_all
from voltline.wire.frame_types import Malformed

__all__ = ["Progress", "read"]

Progress = Callable[[int, int | None], None]
"""Called now and then with the bytes of the file that were read, and its size where it is known."""

_QUIET = re.compile(
    r"connect|close|lost|SYS>|GET /|established|handshake|OCPP16J|QJson| -- "
    r"|(?:local\d|user|daemon|kern|auth|authpriv|syslog|cron)\."
    r"|\[(?:Info|Error|Warn(?:ing)?|Debug|Alert|Crit|Notice)\]|charge ?point|new client|failing",
    re.IGNORECASE,
)
"""What a line without a frame must have to be looked at further."""
_MARKING = tuple(f for f in FAMILIES if f.opened is not None or f.closed is not None or f.note is not None)
_BEGINNINGS = ('[2,"', '[3,"', '[4,"')
_OPENS = re.compile(r"(?:^|[\s:=>])\[\s*$")
_TYPE_LINE = re.compile(r"\s*[234]\s*,")
_FRAME = RecordKind.FRAME
LONGEST_TALK = 16 * 1024
"""Characters of a line that may tell of a connection; what has more is data."""
_COLOUR = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")


def read(source: Source, coverage: Coverage, progress: Progress | None = None) -> Iterator[Record]:
    """The records of a log in the order of time, as far as the log has it.

    Memory does not grow with the file. `coverage` is filled on the way and final at the end. A file that
    cannot be read, or not to its end, is no error: `coverage.problem` says what is wrong with it.
    """
    return in_time_order(_records(source, coverage, progress), coverage)


def _records(source: Source, coverage: Coverage, progress: Progress | None) -> Iterator[Record]:
    try:
        with source.open() as stream:
            if is_capture(stream):
                yield from capture_records(stream, source, coverage, progress)
            else:
                yield from _TextLog(source.name, coverage).records(Lines(stream, source.size, progress))
    except Unreadable as problem:
        coverage.problem = str(problem)


class _TextLog:
    """The lines of one file, and what carries over from one to the next."""

    def __init__(self, source: str, coverage: Coverage) -> None:
        self._source = source
        self._coverage = coverage
        self._headings = Headings(FAMILIES)
        self._pending: Pending | None = None
        self._table: Table | None = None
        self._number = 0
        self._above: tuple[int, str] | None = None
        """The last line without a frame: a heading, if a frame follows with nothing before it."""
        self._above_left_out = False
        """Whether it was counted among the lines without a frame."""
        self._opened: tuple[int, str] | None = None
        """A line that ends with a bracket, which may begin a frame."""

    def records(self, chunks: Iterable[tuple[Sequence[str], bool]]) -> Iterator[Record]:
        """All records. `chunks` are lists of lines, and whether the first goes on with the last before it."""
        coverage = self._coverage
        formats = coverage.formats
        search = FRAME.search
        headings = self._headings
        heading_of, known_heading = headings.read, headings.known
        source = self._source
        wrapper: Wrapper | None = None
        usual = other = 0
        """Where the frames of the latest two lines of different length before them began."""
        for lines, goes_on in chunks:
            if goes_on:
                self._number -= 1
                coverage.lines -= 1
            coverage.lines += len(lines)
            if wrapper is None:
                wrapper = wrapper_of_all(lines)
            if wrapper:
                lines = [without(wrapper, line) for line in lines]
            simple = 0
            before = self._number
            for number, line in enumerate(lines, before + 1):
                found = None
                heading: Heading | None = None
                at: datetime | None = None
                if line.startswith(_BEGINNINGS, usual):
                    start = usual
                elif line.startswith(_BEGINNINGS, other):
                    start, usual, other = other, other, usual
                else:
                    start = 0
                if start:
                    # With words before it that are known, the frame begins here: it did the last time.
                    heading, at = known_heading(line, start)
                if heading is None:
                    found = search(line)
                    if found is not None:
                        start = found.start()
                        usual, other = start, usual
                if (heading or found) and self._pending is None and self._table is None:
                    # The way of nearly every line: some words, a frame, the end.
                    text = line[start:].rstrip()
                    first = line[0]
                    if (
                        start
                        and first != "{"
                        and first != "\x1b"
                        and (frame := frame_in(text)) is not None
                        and ((first != "[" and not first.isspace()) or DOCUMENT.match(line) is None)
                        and (type(frame) is not Malformed or "..." not in text)
                    ):
                        if heading is None:
                            heading, at = heading_of(line[:start])
                        if heading.is_plain or (
                            not heading.repeats and heading.family.trailer is None and is_plausible(text)
                        ):
                            simple += 1
                            form = heading.family.name
                            formats[form] = formats.get(form, 0) + 1
                            yield Record(
                                source,
                                number,
                                text,
                                _FRAME,
                                at,
                                heading.direction,
                                heading.station,
                                heading.connection,
                                (),
                                heading.log_name,
                                heading.sent,
                                heading.beside,
                                frame,
                            )
                            continue
                if heading is not None:
                    found = search(line)
                self._number = number
                yield from self._line(line, found)
            self._number = before + len(lines)
            coverage.frames += simple
            coverage.frame_lines += simple
        if self._pending is not None:
            yield from self._counted(self._pending.end(), self._form)
            self._pending = None
        self._forget_opened()

    _form = "bare frames"
    """Format of what is pending."""

    def _line(self, line: str, found: re.Match[str] | None) -> Iterator[Record]:
        number = self._number
        if "\x1b" in line:
            line = _COLOUR.sub("", line)
            found = FRAME.search(line)
        if found is None:
            plain = uncoded(line)
            if plain is not None:
                line, found = plain, FRAME.search(plain)
        if self._pending is not None:
            pending = self._pending
            records = pending.feed(line, number)
            if records is not None:
                self._coverage.frame_lines += 1
                yield from self._counted(records, self._form)
                if pending.done:
                    self._finish(pending)
                return
            self._pending = None
            yield from self._counted(pending.end(), self._form)
        if self._opened is not None:
            opened, self._opened = self._opened, None
            if _TYPE_LINE.match(line) is not None:
                yield from self._frame_below(opened, line)
                return
            if found is None and _OPENS.search(line) is not None:
                self._leave_out(*opened)
                self._opened = (number, line)
                return
            if opened[1].strip() == "[":
                yield from self._begin(self._new_document(), "json document", *opened)
                yield from self._line(line, found)
                return
            self._leave_out(*opened)
        if not line or line.isspace():
            self._coverage.blank += 1
            return
        if self._table is not None:
            records = self._row(self._table, line, number)
            if records is not None:
                yield from records
                return
            self._table = None
            found = FRAME.search(line)
        if found is None and _OPENS.search(line) is not None and ROW.search(line) is None:
            self._opened = (number, line)
            return
        if DOCUMENT.match(line) is not None:
            records = self._document(line, number)
            if records is not None:
                yield from records
                return
        if ROW.search(line) is not None:
            yield from self._begin(OpenHtmlRow(self._source, line, number), "libocpp-html")
        elif found is not None:
            yield from self._frames(line, found.start(), number)
        elif '"' in line and (brace := line.find('{"')) > 0 and may_hold_frame(line):
            yield from self._object_behind_words(line, brace, number)
        else:
            yield from self._quiet(line, number)

    def _frames(self, line: str, start: int, number: int) -> Iterator[Record]:
        """The frames of a line that is not simply words and a frame."""
        before = line[:start]
        while True:
            heading, at = self._headings.read(before)
            if not before.strip() and self._above is not None and self._above[0] == number - 1:
                heading, at = self._heading_above(heading)
                number -= self._above is None
            if heading.repeats:
                self._coverage.skip("a frame repeated in a message about it", number)
                return
            text = line[start:]
            if not _told(heading) and not is_plausible(text):
                yield from self._quiet(line, number)
                return
            template = _template(self._source, number, heading, at)
            following = None
            for found in self._cut_off(text, heading):
                if not found.whole:
                    self._form = heading.family.name
                    self._pending = OpenFrame(template, heading, found.text, self._coverage, before)
                    self._coverage.frame_lines += 1
                    return
                record = with_text(template, found, found.damage)
                self._count(record, heading.family.name)
                yield record
                following = found
                if found.after.strip() and Damage.SPLIT in found.damage:
                    break
            # Behind the gap comes a frame with words of its own.
            if following is None or Damage.SPLIT not in following.damage or not following.after.strip():
                break
            at_rest = line.find(following.after, start)
            again = FRAME.search(line, at_rest if at_rest >= 0 else len(line))
            if again is None or again.start() <= start:
                break
            before, start = line[at_rest : again.start()], again.start()
        self._coverage.frame_lines += 1

    def _cut_off(self, text: str, heading: Heading) -> Iterator[Found]:
        trailer = heading.family.trailer
        if trailer is None:
            yield from found_in(text.rstrip())
            return
        end = trailer.search(text)
        body = text[: end.start()] if end is not None else text.rstrip()
        said = int(end["bytes"]) if end is not None and end["bytes"] else None
        whole = is_frame(body) and (said is None or said == len(body.encode("utf-8", "surrogatepass")))
        yield Found(body, () if whole and not looks_cut(body) else (Damage.TRUNCATED,))

    def _heading_above(self, heading: Heading) -> tuple[Heading, datetime | None]:
        assert self._above is not None
        _, line = self._above
        above, at = self._headings.read(line.rstrip())
        if at is None and above.sent is None and above.direction is heading.direction:
            return heading, None
        if self._above_left_out:
            self._coverage.skipped_lines[NO_FRAME] -= 1
            if not self._coverage.skipped_lines[NO_FRAME]:
                del self._coverage.skipped_lines[NO_FRAME]
                del self._coverage.first_skipped[NO_FRAME]
            self._coverage.frame_lines += 1
        self._above = None
        return above, at

    def _frame_below(self, opened: tuple[int, str], line: str) -> Iterator[Record]:
        """A frame whose bracket stands at the end of the line above."""
        number, first = opened
        before = first.rstrip()[:-1]
        heading, at = self._headings.read(before)
        if not before.strip() and self._above is not None and self._above[0] == number - 1:
            heading, at = self._heading_above(heading)
            number -= self._above is None
        template = _template(self._source, number, heading, at)
        self._coverage.frame_lines += 2
        self._form = heading.family.name
        pending = OpenFrame(template, heading, "[", self._coverage, before)
        self._pending = pending
        records = pending.feed(line, self._number)
        if records is None:
            self._pending = None
            records = pending.end()
        yield from self._counted(records, self._form)
        if pending.done:
            self._finish(pending)

    def _row(self, table: Table, line: str, number: int) -> Sequence[Record] | None:
        if line.count('"') % 2:
            return list(self._begin(OpenTableRow(table, line, number), "csv"))
        cells = table.row(line)
        if cells is None:
            return None
        records = table.records(cells, number)
        if not records:
            self._coverage.skip("a table row without a frame", number)
        else:
            self._coverage.frame_lines += 1
        return list(self._counted(records, "csv"))

    def _document(self, line: str, number: int) -> Sequence[Record] | None:
        """A line that is JSON, or begins it; None where it is neither."""
        found = records_of(line, self._source, number, self._headings)
        if found is not None:
            self._coverage.frame_lines += 1
            return list(self._counted(found[1], found[0]))
        inner = _docker_line(line)
        if inner is not None:
            return list(self._line_inside(inner))
        return list(self._begin(self._new_document(), "json document", number, line))

    def _new_document(self) -> OpenDocument:
        return OpenDocument(self._source, self._headings, self._coverage)

    def _line_inside(self, inner: tuple[str, str | None]) -> Iterator[Record]:
        text, time = inner
        found = FRAME.search(text)
        for record in self._line(text, found):
            if record.at is None or record.at.tzinfo is None:
                record.at = time_of(time) or record.at
            yield record

    def _object_behind_words(self, line: str, brace: int, number: int) -> Iterator[Record]:
        found = records_of(line[brace:].strip(), self._source, number, self._headings)
        if found is None:
            yield from self._quiet(line, number)
            return
        heading, at = self._headings.read(line[:brace])
        self._coverage.frame_lines += 1
        for record in found[1]:
            record.at = record.at or at
            record.station = record.station or heading.station
            record.beside = record.beside or heading.beside
            if record.sent is None:
                record.sent = heading.sent
        yield from self._counted(found[1], found[0])

    def _begin(
        self, pending: Pending, form: str, number: int = 0, line: str | None = None
    ) -> Iterator[Record]:
        """Make something the pending one. `line` is its first line, if it has not seen that yet."""
        self._form = form
        self._coverage.frame_lines += 1
        if line is not None:
            records = pending.feed(line, number)
            if records is None:
                self._coverage.frame_lines -= 1
                yield from self._quiet(line, number)
                return
            yield from self._counted(records, form)
        elif pending.done:
            records = pending.end()
            if not any(record.kind is RecordKind.FRAME for record in records):
                self._coverage.frame_lines -= 1
                if not records:
                    self._coverage.skip(NO_FRAME, self._number)
            yield from self._counted(records, form)
            return
        if pending.done:
            self._finish(pending)
        else:
            self._pending = pending

    def _finish(self, pending: Pending) -> None:
        self._pending = None
        if isinstance(pending, OpenDocument):
            pending.end()

    def _quiet(self, line: str, number: int) -> Iterator[Record]:
        """A line without a frame: of a connection, of the vendor, or nothing for us."""
        if len(line) <= LONGEST_TALK and _QUIET.search(line) is not None:
            wording, at = Headings.wording(line)
            for family in _MARKING:
                for pattern, kind in (
                    (family.opened, RecordKind.CONNECTED),
                    (family.closed, RecordKind.DISCONNECTED),
                    (family.note, RecordKind.NOTE),
                ):
                    found = pattern.search(wording) if pattern is not None else None
                    if found is None:
                        continue
                    self._above, self._above_left_out = (number, line), False
                    yield from self._mark(line, number, kind, found, at)
                    if family is DELTA:
                        yield from self._delta(line, number, kind, at)
                    return
        self._leave_out(number, line)

    def _mark(
        self, line: str, number: int, kind: RecordKind, found: re.Match[str], at: datetime | None
    ) -> Iterator[Record]:
        parts = found.groupdict()
        text = line.rstrip() if kind is RecordKind.NOTE else (parts.get("text") or "")
        record = Record(
            self._source,
            number,
            text.replace(AT, "").strip(),
            kind=kind,
            at=at,
            station=parts.get("station") or parts.get("station2") or None,
            connection=parts.get("connection") or None,
        )
        self._coverage.found(record, "")
        yield record

    def _delta(self, line: str, number: int, kind: RecordKind, at: datetime | None) -> Iterator[Record]:
        if kind is not RecordKind.NOTE:
            note = Record(self._source, number, line.rstrip(), kind=RecordKind.NOTE, at=at)
            yield note
            return
        text = rebuilt(line)
        if text is not None:
            heading = DELTA.words["recvbuf"]
            record = Record(self._source, number, text, at=at, direction=heading[0], damage=(Damage.REBUILT,))
            self._coverage.notes -= 1
            self._coverage.frame_lines += 1
            yield from self._counted((record,), DELTA.name)

    def _leave_out(self, number: int, line: str) -> None:
        if self._above_left_out and self._above is not None and self._above[0] == number:
            return  # a later piece of a very long line
        self._above, self._above_left_out = (number, line), True
        if self._table is None:
            self._table = table_of(self._source, line, self._headings)
            if self._table is not None:
                self._above_left_out = False
                self._coverage.skip("heading of a table", number)
                return
        self._coverage.skip(SOAP if "Envelope" in line and "<" in line else NO_FRAME, number)

    def _forget_opened(self) -> None:
        if self._opened is not None:
            opened, self._opened = self._opened, None
            self._leave_out(*opened)

    def _count(self, record: Record, form: str) -> None:
        self._coverage.found(record, form)

    def _counted(self, records: Iterable[Record], form: str) -> Iterator[Record]:
        for record in records:
            self._coverage.found(record, form)
            yield record


def _template(source: str, number: int, heading: Heading, at: datetime | None) -> Record:
    return Record(
        source,
        number,
        "",
        at=at,
        direction=heading.direction,
        station=heading.station,
        connection=heading.connection,
        log_name=heading.log_name,
        sent=heading.sent,
        beside=heading.beside,
    )


def _told(heading: Heading) -> bool:
    """Whether the words before a frame say that it is one."""
    return heading.sent is not None or heading.direction is not Direction.UNKNOWN


class _DockerLine(msgspec.Struct):
    log: str
    time: str | None = None


def _docker_line(line: str) -> tuple[str, str | None] | None:
    """The log line within a line of Docker's json-file, and its time."""
    if '"log"' not in line:
        return None
    try:
        held = msgspec.json.decode(line, type=_DockerLine)
    except (msgspec.MsgspecError, ValueError):
        return None
    return held.log.rstrip("\r\n"), held.time
