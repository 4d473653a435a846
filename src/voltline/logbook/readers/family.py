"""What a format family of text logs declares; `text_lines.py` does the reading for all of them.

A family says how the text *before* a frame looks, with every time in it replaced by `AT`. That text
repeats from line to line, so its meaning is looked up, not matched again.
"""

import re
from collections.abc import Mapping
from itertools import islice
from sys import intern

import msgspec

from voltline.inspection.records import Direction

__all__ = ["AT", "FROM_CENTRAL", "FROM_STATION", "RECEIVED", "SENT", "Family", "Heading", "Sense"]

AT = "\x1e"
"""Stands for a time in a heading."""

MOST_BESIDE = 8

Sense = tuple[Direction, bool | None]
"""What a word of direction says: the sender, and whether whoever logs sent it."""

SENT: Sense = (Direction.UNKNOWN, True)
RECEIVED: Sense = (Direction.UNKNOWN, False)
FROM_STATION: Sense = (Direction.FROM_STATION, None)
FROM_CENTRAL: Sense = (Direction.FROM_CENTRAL, None)


class Heading(msgspec.Struct, frozen=True):
    """What the text before a frame says."""

    family: "Family"
    direction: Direction = Direction.UNKNOWN
    sent: bool | None = None
    station: str | None = None
    connection: str | None = None
    log_name: str | None = None
    beside: tuple[str, ...] = ()
    """See `Record.beside`."""
    repeats: bool = False
    """The frame is only quoted here, in a message about it; it is logged elsewhere as itself."""
    is_plain: bool = False
    """It tells the way, the frame is no quotation and has nothing behind it: no more need be asked."""


class Family(msgspec.Struct, frozen=True):
    """One kind of text log, as data."""

    name: str
    """As reports call it."""
    heading: re.Pattern[str]
    """Found in the text before a frame. Groups, all optional: `word` or `sign` (what tells the direction),
    `station`,
    `connection`, `logger`."""
    words: Mapping[str, Sense]
    """Word, in lower case, to what it says. A word that is not here says nothing."""
    opened: re.Pattern[str] | None = None
    """A line without a frame that tells of a connection opened; groups `station`, `connection`, `text`."""
    closed: re.Pattern[str] | None = None
    """The same of a connection closed or lost."""
    note: re.Pattern[str] | None = None
    """A line without a frame for whoever knows this vendor."""
    quoting: re.Pattern[str] | None = None
    """A heading in which the frame is only repeated, in an error message for instance."""
    continued: re.Pattern[str] | None = None
    """What stands before the rest of a frame that the logger wrapped."""
    trailer: re.Pattern[str] | None = None
    """What the logger sets behind a frame; group `bytes` is the frame's length."""
    sides: tuple[tuple[re.Pattern[str], Sense], ...] = ()
    """Phrases that say who sent the frame and go before any word."""
    beside: re.Pattern[str] | None = None
    """Words that may be the charge point's identity, in the groups of each match; for forms that are not
    known well enough to say which."""

    def read(self, text: str) -> Heading | None:
        """The meaning of the text before a frame; None if this is another family's."""
        found = self.heading.search(text)
        if found is None:
            return None
        parts = found.groupdict()
        word = parts.get("word") or parts.get("sign") or ""
        direction, sent = self.words.get(word.lower(), (Direction.UNKNOWN, None))
        for phrase, (sender, _) in self.sides:
            if phrase.search(text):
                direction = sender
                break
        repeats = self.quoting is not None and self.quoting.search(text) is not None
        station = parts.get("station") or parts.get("station2") or None
        beside: tuple[str, ...] = ()
        if station is None and self.beside is not None:
            words = (word for found in self.beside.findall(text) for word in found if word)
            beside = tuple(islice(words, MOST_BESIDE))
        logger = parts.get("logger")
        return Heading(
            self,
            direction,
            sent,
            station,
            parts.get("connection") or None,
            intern(logger) if logger else None,  # told apart a frame: the same name is the same object
            beside,
            repeats,
            self.trailer is None and not repeats and (sent is not None or direction is not Direction.UNKNOWN),
        )
