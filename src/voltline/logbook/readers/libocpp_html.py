"""libocpp's session log as HTML: one table row a message."""

import html
import re

from voltline.inspection.records import Record, RecordKind
from voltline.logbook.readers.frame_text import FRAME, found_in, recovered
from voltline.logbook.readers.keys import sense_of, time_of

__all__ = ["ROW", "row_records"]

ROW = re.compile(r'<tr\s+class="?(?:ChargePoint|CentralSystem|ChargingStation|CSMS|SYS)\b', re.IGNORECASE)
"""Where a row begins. Its end tag may be missing; the next row ends it then."""

_CELL = re.compile(r"<td[^>]*>(.*?)(?=</td>|<td[ >]|</tr>|$)", re.DOTALL | re.IGNORECASE)
_TAG = re.compile(r"</?(?:b|pre|i|code|span|td|tr)\b[^>]*>", re.IGNORECASE)


def row_records(row: str, source: str, number: int) -> list[Record]:
    """The frame of a row, or what it says of the connection."""
    cells = [html.unescape(_TAG.sub("", cell)).strip() for cell in _CELL.findall(row)]
    if len(cells) < 2:
        return []
    at = time_of(cells[0])
    direction, _ = sense_of(cells[1])
    text = "\n".join(cells[2:])
    start = FRAME.search(text)
    if start is None:
        for word, kind in (("Connected", RecordKind.CONNECTED), ("Disconnected", RecordKind.DISCONNECTED)):
            if any(cell.startswith(word) for cell in cells[1:]):
                return [Record(source, number, " ".join(cells[1:]).strip(), kind=kind, at=at)]
        return []
    return [
        Record(source, number, whole.text, at=at, direction=direction, damage=whole.damage)
        for found in found_in(text[start.start() :].rstrip())
        for whole in [found if found.whole else recovered(found.text)]
    ]
