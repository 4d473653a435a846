"""What a recorded charge point did, in order: from any log that the inspector reads."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from itertools import groupby
from pathlib import Path

import msgspec

from voltline.inspection.events import (
    Answered,
    Call,
    Connected,
    Event,
    Exchange,
    Malformed,
    Unanswered,
    UnansweredCause,
)
from voltline.inspection.inference import Settler
from voltline.inspection.records import Direction, Record
from voltline.inspection.timeline import Timeline
from voltline.logbook.coverage import Coverage
from voltline.logbook.opening import sources
from voltline.logbook.reading import read

__all__ = ["Recording", "Script", "Step", "read_recording"]


class Step(msgspec.Struct):
    """One frame that the charge point sent of itself: a CALL, or what is no frame."""

    record: Record
    order: int
    """Where in the log it stands, among everything of the charge point."""
    exchange: Exchange | None
    """None of what is no frame of OCPP-J."""
    reconnects: bool = False
    """Whether the charge point had connected anew before it."""
    answered: int | None = None
    """Where its answer stands; None if it had none."""
    cause: UnansweredCause | None = None
    """Why it had none."""


class Script(msgspec.Struct):
    """What one charge point did, and was asked."""

    station: str
    steps: list[Step] = []
    asked: list[Exchange] = []
    """The central system's CALLs, with the charge point's answers, in order."""
    cut: int = 0
    """CALLs of the charge point that the log has not whole: they cannot be played."""


class Recording(msgspec.Struct):
    """What was read."""

    scripts: list[Script]
    """By the first frame of each charge point."""
    coverages: list[Coverage]

    @property
    def span(self) -> tuple[datetime, datetime] | None:
        """The first and last time of the log, of what is played; None in a log without times."""
        times = [step.record.at for script in self.scripts for step in script.steps if step.record.at]
        return (min(times), max(times)) if times else None


def read_recording(paths: Sequence[str | Path]) -> Recording:
    """Read files, folders, archives; `-` is standard input.

    Raises `opening.Unreadable` where there is nothing at a path. A file that cannot be read is told in its
    coverage.
    """
    coverages: list[Coverage] = []
    writers: dict[str, _Writer] = {}
    for _, several in groupby(sources(paths), key=lambda one: one.log or one.name):
        settler = Settler()
        for source in several:
            coverages.append(Coverage(source.name))
            for record in read(source, coverages[-1], None):
                _write(writers, settler.feed(record))
        _write(writers, settler.end())
    for writer in writers.values():
        writer.end()
    return Recording([one.script for one in writers.values() if one.script.steps], coverages)


def _write(writers: dict[str, _Writer], records: Iterable[Record]) -> None:
    for record in records:
        name = record.station or ""
        if name not in writers:
            writers[name] = _Writer(name)
        writers[name].take(record)


class _Writer:
    """Makes a script of the records of one charge point."""

    def __init__(self, station: str) -> None:
        self.script = Script(station)
        self._timeline = Timeline(station)
        self._steps: dict[int, Step] = {}
        """Calls that are open, by the number of their exchange."""
        self._order = 0
        self._reconnects = False

    def take(self, record: Record) -> None:
        self._order += 1
        for event in self._timeline.feed(record):
            self._see(event)

    def end(self) -> None:
        for event in self._timeline.end():
            self._see(event)

    def _see(self, event: Event) -> None:
        match event:
            case Connected():
                self._reconnects = bool(self.script.steps)
            case Call(exchange=exchange):
                self._call(event.record, exchange)
            case Answered(exchange=exchange):
                step = self._steps.pop(exchange.number, None)
                if step is not None:
                    step.answered = self._order
            case Unanswered(exchange=exchange, cause=cause):
                step = self._steps.pop(exchange.number, None)
                if step is not None:
                    step.cause = cause
            case Malformed(record=record) if record.direction is Direction.FROM_STATION:
                if record.truncated:
                    self.script.cut += 1
                else:
                    self._add(Step(record, self._order, None, self._reconnects))

    def _call(self, record: Record, exchange: Exchange) -> None:
        if exchange.sender is Direction.FROM_CENTRAL:
            self.script.asked.append(exchange)
        elif exchange.sender is Direction.FROM_STATION:
            if record.truncated:
                self.script.cut += 1
            else:
                step = Step(record, self._order, exchange, self._reconnects)
                self._steps[exchange.number] = step
                self._add(step)

    def _add(self, step: Step) -> None:
        self.script.steps.append(step)
        self._reconnects = False
