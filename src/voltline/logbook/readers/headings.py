"""The text before a frame, read once for each wording and then looked up."""

import re
from collections.abc import Callable, Sequence
from datetime import datetime

from voltline.inspection.records import NO_YEAR
from voltline.logbook.readers.any_words import WORDS
from voltline.logbook.readers.clock import (
    STAMP,
    leading_time,
    leading_time_in,
    minute_in,
    read_minute,
    read_time,
)
from voltline.logbook.readers.family import AT, Family, Heading

__all__ = ["Headings", "unwrapped"]

REMEMBERED = 4096
"""Wordings kept for one file: loggers that put a thread or a number in each line have many."""

LONGEST = 600
"""Characters before a frame that are looked at; the nearest to it count."""

_NO_WAY = rf"(?!(?i:{'|'.join(word for word in WORDS if word.isalpha())})\b)"
_WRAPPER = re.compile(
    r"^(?:\s*[\w.-]+\s+\|\s"  # docker compose: `name-1  | `
    r"|\x1e (?:stdout|stderr) [FP] "  # Kubernetes
    # journald, syslog: `\x1e host evcc[28]: `, but not `\x1e Received message: `
    rf"|\x1e {_NO_WAY}[\w.-]+ {_NO_WAY}[\w./@-]+(?:\[\d+\])?:\s"
    r"|\x1e\s+(?=\x1e))"  # docker --timestamps
)
_TAG = re.compile(
    r"</\w[\w:.-]*\s*>|<(\w[\w:.-]*(?:\s+[\w:.-]+\s*=\s*(?:\"[^\"]*\"|'[^']*'))+)\s*/?>"
    r"|<(?:td|th|tr|p|pre|code|span|div|b|i|li|br)\s*/?>|<!\[CDATA\[",
    re.IGNORECASE,
)
"""Tags of HTML and XML: their brackets are no arrows, their attributes may tell the way."""


class Headings:
    """Reads what stands before frames in one file."""

    __slots__ = ("_families", "_known", "_span", "_time_of")

    def __init__(self, families: Sequence[Family]) -> None:
        self._families = families
        self._known: dict[str, Heading] = {}
        self._span: tuple[int, int] | None = None
        """Where the last line had its only time: the next line has it there, nearly always."""
        self._time_of: Callable[[str], datetime | None] = read_time

    def read(self, text: str) -> tuple[Heading, datetime | None]:
        """What `text`, a line up to its frame, says; and the time in it."""
        heading, at = self.known(text, len(text))
        if heading is not None:
            return heading, at
        return self._read(text)

    def known(self, line: str, end: int) -> tuple[Heading | None, datetime | None]:
        """The same of a line up to `end`, if its wording is known and its time stands where the last did."""
        span = self._span
        if span is None:
            return self._known.get(line[:end]), None
        begins, ends = span
        at = self._time_of(line[begins:ends])
        if at is None or ends > end:
            return None, None
        return self._known.get(f"{line[:begins]}{AT}{line[ends:end]}"), at

    def _read(self, text: str) -> tuple[Heading, datetime | None]:
        text = text[-LONGEST:]
        stamps, self._time_of = _times_in(text)
        self._span = stamps[0] if len(stamps) == 1 else None
        wording, at = _without_times(text, stamps, self._time_of)
        heading = self._known.get(wording)
        if heading is None:
            heading = self.of(wording)
            if len(self._known) >= REMEMBERED:
                self._known.clear()
            self._known[wording] = heading
        return heading, at

    def of(self, wording: str) -> Heading:
        """The heading that the first family to know this wording makes of it."""
        bare = unwrapped(wording)
        if "<" in bare:
            bare = _TAG.sub(lambda tag: f" {tag[1] or ''} ", bare)
        for family in self._families:
            heading = family.read(bare)
            if heading is not None:
                return heading
        raise AssertionError("the last family takes any wording")

    @staticmethod
    def wording(text: str) -> tuple[str, datetime | None]:
        """A line without its times and what wraps it, and the time that it tells."""
        wording, at = _without_times(text, *_times_in(text))
        return unwrapped(wording), at


def unwrapped(wording: str) -> str:
    """A wording without what Docker, Kubernetes or journald set before it."""
    for _ in range(3):
        found = _WRAPPER.match(wording)
        if found is None:
            break
        wording = wording[found.end() :]
    return wording


def _times_in(text: str) -> tuple[list[tuple[int, int]], Callable[[str], datetime | None]]:
    """Where the times of a text are, and what reads them."""
    stamps = [(found.start(), found.end()) for found in STAMP.finditer(text)]
    if not stamps:
        span = leading_time_in(text)
        if span is not None:
            return [span], leading_time
        span = minute_in(text)
        if span is not None:
            return [span], read_minute
    return stamps, read_time


def _without_times(
    text: str, stamps: list[tuple[int, int]], time_of: Callable[[str], datetime | None]
) -> tuple[str, datetime | None]:
    best: datetime | None = None
    parts: list[str] = []
    position = 0
    for begin, end in stamps:
        at = time_of(text[begin:end])
        if at is not None and (best is None or _worth(at) >= _worth(best)):
            best = at
        parts.append(text[position:begin])
        position = end
    parts.append(text[position:])
    return AT.join(parts), best


def _worth(at: datetime) -> int:
    """A time with zone beats one without, that beats one without a year; of equals the innermost counts."""
    return (at.tzinfo is not None) + 2 * (at.year > NO_YEAR)
