"""The frames of logs one by one, settled and paired: for tables, traces and comparisons."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby

import msgspec

from voltline.inspection.events import Answered, Call, Event, Exchange, Malformed, Orphan, Repeated
from voltline.inspection.inference import Settler
from voltline.inspection.records import Record
from voltline.inspection.timeline import Timeline
from voltline.logbook.coverage import Coverage
from voltline.logbook.meter import Meter, Progress, told_for
from voltline.logbook.opening import Source
from voltline.logbook.reading import read

__all__ = ["Seen", "by_log", "seen_in"]


class Seen(msgspec.Struct, frozen=True, gc=False):
    """One record of a log, past inference, and what the timeline makes of it."""

    record: Record
    event: Event | None
    """What a frame is: Call, Answered, Orphan or Malformed. None for connection marks and notes."""

    @property
    def exchange(self) -> Exchange | None:
        """The exchange that the frame belongs to, if it is known."""
        return getattr(self.event, "exchange", None)

    @property
    def pairing(self) -> str:
        """`call`, `answer`, `malformed`, or why an answer has no open CALL; empty for what is no frame."""
        event = self.event
        if isinstance(event, Orphan):
            return str(event.cause)
        return "" if event is None else _PAIRINGS[type(event)]

    @property
    def took_s(self) -> float | None:
        """Seconds from the CALL to this answer; None where that is not known, or it is no answer."""
        return self.event.exchange.took_s if isinstance(self.event, Answered) else None


_PAIRINGS: dict[type[Event], str] = {Call: "call", Answered: "answer", Malformed: "malformed"}


def by_log(sources: Iterable[Source]) -> list[tuple[Source, ...]]:
    """The logs: of several files each, where one was rotated."""
    return [tuple(group) for _, group in groupby(sources, key=lambda one: one.log or one.name)]


def seen_in(sources: Sequence[Source], progress: Progress | None = None) -> Iterator[Seen]:
    """Every record of these logs in the order in which inspection has them, one log after the other.

    A frame that two loggers told is given once. Memory does not grow with the logs.
    """
    meter = Meter(progress, sources)
    for log in by_log(sources):
        settler = Settler()
        stations: dict[str, Timeline] = {}
        for source in log:
            for record in read(source, Coverage(source.name), told_for(source.name, meter.read)):
                for settled in settler.feed(record):
                    yield from _seen(settled, stations)
        for settled in settler.end():
            yield from _seen(settled, stations)


def _seen(record: Record, stations: dict[str, Timeline]) -> Iterator[Seen]:
    name = record.station or ""
    timeline = stations.get(name)
    if timeline is None:
        timeline = stations[name] = Timeline(name)
    told: Event | None = None
    for event in timeline.feed(record):
        if isinstance(event, Repeated):
            return
        if event.record is record and isinstance(event, Call | Answered | Orphan | Malformed):
            told = event
    yield Seen(record, told)
