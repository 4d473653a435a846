"""Files that have their newest line first are turned round, whatever their size."""

import tempfile
from collections import deque
from collections.abc import Iterable, Iterator
from itertools import chain, islice

import msgspec

from voltline.inspection.records import Record
from voltline.logbook.coverage import Coverage
from voltline.wire.frame_types import CallErrorFrame, CallFrame, CallResultFrame
from voltline.wire.frames import decode

__all__ = ["in_time_order"]

LOOKED_AT = 200
"""Records from which the order is told."""
CHUNK = 10_000
"""Records kept in memory while a file is turned round; the others wait in a temporary file."""


def in_time_order(records: Iterable[Record], coverage: Coverage) -> Iterator[Record]:
    """The records, oldest first. Only a file that runs backwards all along is touched."""
    source = iter(records)
    head = list(islice(source, LOOKED_AT))
    if not _newest_first(head):
        yield from head
        yield from source
        return
    coverage.newest_first = True
    yield from _reversed(chain(head, source))


def _newest_first(head: list[Record]) -> bool:
    falls = rises = 0
    times = [record.at for record in head if record.at is not None]
    for earlier, later in zip(times, times[1:], strict=False):
        if (earlier.tzinfo is None) != (later.tzinfo is None):
            continue
        falls += later < earlier
        rises += later > earlier
    asked: set[str] = set()
    answered: set[str] = set()
    for record in head:
        frame = decode(record.text)
        if isinstance(frame, CallFrame):
            falls += frame.message_id in answered
            asked.add(frame.message_id)
        elif isinstance(frame, CallResultFrame | CallErrorFrame):
            rises += frame.message_id in asked
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
                spill.write(encoder.encode(list(recent)))
                recent.clear()
        while recent:
            yield recent.pop()
        decoder = msgspec.msgpack.Decoder(list[Record])
        end = spill.tell()
        for begin in reversed(begins):
            spill.seek(begin)
            yield from reversed(decoder.decode(spill.read(end - begin)))
            end = begin
