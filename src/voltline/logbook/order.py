"""Files that have their newest line first are turned round, whatever their size."""

import tempfile
from collections import deque
from collections.abc import Iterable, Iterator
from datetime import datetime
from itertools import chain, groupby, islice, pairwise
from operator import attrgetter

import msgspec

from voltline.inspection.records import Damage, Direction, Record, RecordKind
from voltline.logbook.coverage import Coverage
from voltline.wire.frame_types import CallErrorFrame, CallFrame, CallResultFrame
from voltline.wire.frames import decode

__all__ = ["in_time_order"]


class _Kept(msgspec.Struct, array_like=True):
    """What a reader fills in of a record, to be written to a file."""

    source: str
    line: int
    text: str
    kind: RecordKind
    at: datetime | None
    direction: Direction
    station: str | None
    connection: str | None
    damage: tuple[Damage, ...]
    log_name: str | None
    sent: bool | None
    beside: tuple[str, ...]


def _kept(record: Record) -> _Kept:
    return _Kept(*(getattr(record, name) for name in _Kept.__struct_fields__))


LOOKED_AT = 200
"""Records from which the order is told."""
CHUNK = 10_000
"""Records kept in memory while a file is turned round; the others wait in a temporary file."""


def in_time_order(records: Iterable[Record], coverage: Coverage) -> Iterator[Record]:
    """The records, oldest first. Only a file that runs backwards all along is touched."""
    source = iter(records)
    head = list(islice(source, LOOKED_AT))
    if not _newest_first(head):
        return chain(head, source)
    coverage.newest_first = True
    lines = groupby(_reversed(chain(head, source)), attrgetter("line"))
    return (record for _, line in lines for record in reversed(list(line)))


def _newest_first(head: list[Record]) -> bool:
    falls = rises = 0
    times = [record.at for record in head if record.at is not None]
    for earlier, later in pairwise(times):
        if (earlier.tzinfo is None) != (later.tzinfo is None):
            continue
        falls += later < earlier
        rises += later > earlier
    asked: dict[str, int] = {}
    answered: set[str] = set()
    for record in head:
        frame = decode(record.text)
        if isinstance(frame, CallFrame):
            falls += frame.message_id in answered
            asked[frame.message_id] = record.line
        elif isinstance(frame, CallResultFrame | CallErrorFrame):
            # A row that holds both tells nothing of the order of rows.
            rises += asked.get(frame.message_id, record.line) != record.line
            answered.add(frame.message_id)
    return falls >= 2 and falls > 5 * rises


def _reversed(records: Iterable[Record]) -> Iterator[Record]:
    recent: deque[Record] = deque()
    with tempfile.TemporaryFile() as spill:
        begins: list[int] = []
        encoder = msgspec.msgpack.Encoder()
        for record in records:
            recent.append(record)
            if len(recent) >= CHUNK:
                begins.append(spill.tell())
                spill.write(encoder.encode([_kept(record) for record in recent]))
                recent.clear()
        while recent:
            yield recent.pop()
        decoder = msgspec.msgpack.Decoder(list[_Kept])
        end = spill.tell()
        for begin in reversed(begins):
            spill.seek(begin)
            for kept in reversed(decoder.decode(spill.read(end - begin))):
                yield Record(**msgspec.structs.asdict(kept))
            end = begin
