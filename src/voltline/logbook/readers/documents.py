"""JSON documents of any length, read piece by piece: only the object at hand is kept."""

import re
from collections.abc import Iterator

from voltline.logbook.readers.frame_text import FRAME

__all__ = ["DOCUMENT", "Document", "may_hold_frame"]

DOCUMENT = re.compile(r'\s*+(?:\{\s*+(?:"|$)|\[\s*+(?:\{|$))')
"""The first line of a JSON document, or the whole of it."""

DEEPEST = 1000
"""Brackets within brackets; what is nested deeper is no log."""
LARGEST = 1024 * 1024
"""Characters of one object; a larger one is read for the objects within it."""

_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*+"|[\[\]{}]', re.DOTALL)
_TYPE_KEY = re.compile(r'"(?:call_?type|(?:ocpp_?)?message_?type(?:_?id)?)"', re.IGNORECASE)
_STATION = re.compile(
    r'"(?:(?:station|charge_?point|charge_?box|charger|cp)(?:_?id)?|identity)"\s*:\s*"([^"\\]{1,64})"',
    re.IGNORECASE,
)
_GONE = -1


def may_hold_frame(text: str) -> bool:
    """Whether an object's text has a frame in it, or the parts of one."""
    return FRAME.search(text) is not None or _TYPE_KEY.search(text) is not None


class _Open:
    """An open bracket."""

    __slots__ = ("begin", "given", "is_array")

    def __init__(self, begin: int, is_array: bool) -> None:
        self.begin = begin
        """Where it begins in the buffer; for what is no longer there, or was not kept, below 0."""
        self.is_array = is_array
        self.given = False
        """An entry within it was given."""


class Document:
    """Takes the pieces of a document, gives the objects that may hold a frame, with where they begin.

    An object is given when it is an element of an array or the whole document, so that what stands around
    a frame in the same entry (time, direction) is given with it. So is a frame in an array of frames.
    """

    __slots__ = ("_buffer", "_first", "_last", "_open", "_position", "done", "station")

    def __init__(self) -> None:
        self.done = False
        self.station: str | None = None
        """Identity of the charge point, where what stands around the entries names it."""
        self._buffer = ""
        self._position = 0
        """Where in the buffer to go on looking."""
        self._first = 0
        self._last = 0
        """Lines on which the buffer begins and ends."""
        self._open: list[_Open] = []

    def feed(self, piece: str, line: int) -> Iterator[tuple[str, int]]:
        """Objects that end in this piece, which is line `line`, or goes on with it."""
        if not self._buffer:
            self._first = line
        elif line != self._last:
            piece = "\n" + piece
        self._last = line
        text = self._buffer + piece
        position = self._position
        for token in _TOKEN.finditer(text, position):
            position = token.end()
            said = text[token.start()]
            if said in "{[":
                kept = said == "{" or (bool(self._open) and self._open[-1].is_array)
                self._open.append(_Open(token.start() if kept else _GONE, said == "["))
                if len(self._open) > DEEPEST:
                    self.done = True
                    return
            elif said in "}]":
                yield from self._closed(text, position)
                if self.done:
                    return
        unclosed = text.find('"', position)
        self._trim(text, unclosed if unclosed >= 0 else len(text))

    def _closed(self, text: str, end: int) -> Iterator[tuple[str, int]]:
        if self._open:
            entry = self._open.pop()
            around = self._open[-1] if self._open else None
            given = entry.given
            if not given and entry.begin >= 0 and (around is None or around.is_array):
                whole = text[entry.begin : end]
                if FRAME.match(whole) is not None if entry.is_array else may_hold_frame(whole):
                    given = True
                    if self.station is None and around is not None:
                        named = _STATION.search(text, 0, entry.begin)
                        self.station = named[1] if named is not None else None
                    yield whole, self._first + text.count("\n", 0, entry.begin)
            if given and around is not None:
                around.given = True
        self.done = not self._open

    def _trim(self, text: str, position: int) -> None:
        needed = position
        for entry in self._open:
            if entry.begin >= 0:
                if entry.given or position - entry.begin > LARGEST:
                    entry.begin = _GONE
                else:
                    needed = min(needed, entry.begin)
        for entry in self._open:
            if entry.begin >= 0:
                entry.begin -= needed
        self._first += text.count("\n", 0, needed)
        self._buffer = text[needed:]
        self._position = position - needed
