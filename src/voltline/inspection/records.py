"""What a reader yields: one frame, connection mark or text line of a log, in the order of the file."""

from datetime import date, datetime
from enum import StrEnum
from typing import Final

import msgspec

from voltline.wire.frame_types import Frame

__all__ = ["NO_DATE", "NO_YEAR", "Damage", "Direction", "Record", "RecordKind"]

NO_YEAR: Final = 1904
"""A time of this year or an earlier one has no year in the log: nothing was logged then, and 1904 has a
29 February. Inference puts the right year in its place where answers tell it."""

NO_DATE: Final = date(1, 1, 1)
"""A time of this day has no date in the log. Inference puts the right one in its place, or the first of
January of `NO_YEAR` and the days after it."""


class RecordKind(StrEnum):
    """What a record is."""

    FRAME = "frame"
    """An OCPP-J frame, or what is left of one."""
    CONNECTED = "connected"
    """A connection was opened; `text` is whatever the log says of it (a path, an address, a status)."""
    DISCONNECTED = "disconnected"
    """A connection was closed or lost; `text` is the reason as the log gives it."""
    NOTE = "note"
    """A line of the vendor's own, for detectors that understand that vendor; `text` is the line."""


class Direction(StrEnum):
    """Who sent a frame."""

    FROM_STATION = "from_station"
    FROM_CENTRAL = "from_central"
    UNKNOWN = "unknown"
    """The log does not say. Past inference only where nothing tells."""

    @property
    def opposite(self) -> "Direction":
        """The other sender; UNKNOWN stays unknown."""
        return _OPPOSITE[self]


_OPPOSITE = {
    Direction.FROM_STATION: Direction.FROM_CENTRAL,
    Direction.FROM_CENTRAL: Direction.FROM_STATION,
    Direction.UNKNOWN: Direction.UNKNOWN,
}


class Damage(StrEnum):
    """What logging, pasting or mailing did to a frame, not its sender."""

    TRUNCATED = "truncated"
    """Part of it is missing, at the end or in the middle. What is left may even be valid JSON."""
    REJOINED = "rejoined"
    """It was spread over several lines."""
    UNESCAPED = "unescaped"
    """It was logged as a string in a string (backslashes, doubled quotes, HTML entities)."""
    SPLIT = "split"
    """Several frames stood on one line."""
    REBUILT = "rebuilt"
    """The log has its parts (columns, keys and values), not its text: spelling and order may differ."""
    MENDED = "mended"
    """Characters were put right: curly quotes, tabs for commas."""


class Record(msgspec.Struct, gc=False):
    """One thing that a log says.

    Readers fill in what the log says and nothing else; `inference` fills in the rest in place. Past
    inference `at` is None or in UTC.
    """

    source: str
    """The file, as shown to a person."""
    line: int
    """Where in the file it begins, from 1."""
    text: str
    """The frame's JSON text, the reason of a close, or the vendor's line."""
    kind: RecordKind = RecordKind.FRAME
    at: datetime | None = None
    """The log's own time: aware if the log gives a zone, naive if not; in `NO_YEAR` if it gives no year, on
    `NO_DATE` if it gives no date; with `fold` set if it gives no seconds."""
    direction: Direction = Direction.UNKNOWN
    station: str | None = None
    """The charge point's identity, if the log has it."""
    connection: str | None = None
    """What tells connections of one station apart (a session id, a port), if the log has it."""
    damage: tuple[Damage, ...] = ()
    log_name: str | None = None
    """Which logger, side or process wrote it. The same frame may be logged by two."""
    sent: bool | None = None
    """Whether the log says `sent` (True) or `received` (False), relative to whoever wrote the log."""
    beside: tuple[str, ...] = ()
    """Words next to the frame, by their place, of which one may be the charge point's identity. Only where
    the log is of no known form and `station` is None: inference tells by how they vary."""
    frame: Frame | None = None
    """The decoded text. Readers leave it; whoever needs it first decodes it, so that it is done once."""

    @property
    def truncated(self) -> bool:
        """Whether part of the frame is missing, so that nothing may be concluded from what is not there."""
        return Damage.TRUNCATED in self.damage
