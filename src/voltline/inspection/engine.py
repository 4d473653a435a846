"""Everything that looks at one station, put together: timeline, facts, sessions, detectors."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final

from voltline.inspection.chronicle import Chronicle, Room, StationSummary
from voltline.inspection.detector import Detector, DetectorSettings
from voltline.inspection.events import Answered, Call, Event, Exchange, Orphan, Unanswered
from voltline.inspection.facts import Facts
from voltline.inspection.findings import Finding
from voltline.inspection.learning import Learner
from voltline.inspection.records import Record
from voltline.inspection.session_building import SessionBuilder
from voltline.inspection.sessions import SessionChanged, SessionClosed
from voltline.inspection.timeline import ANSWER_WITHIN, REMEMBERED, Timeline

__all__ = ["StationInspection"]

See = Callable[[Event, Facts], Iterable[Finding]]

Interested = tuple[tuple[See, ...], tuple[tuple[Detector, str, See], ...]]
"""Who is shown an event, and who only while an attribute of it is not empty."""

EVERYDAY: Final = frozenset({"MeterValues", "Heartbeat"})
"""Most of any log."""

WITH_EXCHANGE: Final[tuple[type[Event], ...]] = (Call, Answered, Unanswered, Orphan, SessionChanged)
"""Events that a detector's `actions` choose among."""


class StationInspection:
    """Feed it the records of one station, settled by inference, in order. Findings come as they are made.

    `detectors` are classes; each gets its own object, with the settings given by its id, if any.
    """

    def __init__(
        self,
        station: str,
        detectors: Sequence[type[Detector]],
        settings: Mapping[str, DetectorSettings] | None = None,
        *,
        answer_within: timedelta = ANSWER_WITHIN,
        remembered: int = REMEMBERED,
        room: Room | None = None,
    ) -> None:
        self.facts = Facts(station)
        self.detectors = tuple(one((settings or {}).get(one.id)) for one in detectors)
        self.chronicle = Chronicle(self.facts, room)
        self._timeline = Timeline(station, answer_within=answer_within, remembered=remembered)
        self._learner = Learner(self.facts)
        self._timed = tuple(one for one in self.detectors if type(one).lapsed is not Detector.lapsed)
        changes = any(SessionChanged in one.events for one in detectors)
        self._builder = SessionBuilder(self.facts, changes=changes)
        self._gaps = 0
        self._learn = self._learner.learn
        self._build = self._builder.build
        self._note = self.chronicle.see
        self._interested: dict[tuple[type[Event], str, bool], Interested] = {}

    def feed(self, record: Record) -> list[Finding]:
        """What the detectors find in this record, and in what it makes certain of earlier ones."""
        findings: list[Finding] = []
        for event in self._timeline.feed(record):
            self._tell(event, findings)
        return findings

    def pass_time(self, now: datetime) -> list[Finding]:
        """What the detectors find in that nothing more was said until `now`, by the clock of the records.

        For traffic that is seen as it happens; call it now and then, whatever else is fed. What a charge
        point does that is not connected is not known: there time judges nothing.
        """
        findings: list[Finding] = []
        facts = self.facts
        if facts.connected is False:
            return findings
        for event in self._timeline.pass_time(now):
            self._tell(event, findings)
        if facts.now is None or facts.now < now:
            facts.now = now
        for detector in self._timed:
            awaited = detector.waits_with
            if awaited is None or getattr(detector, awaited):
                findings += detector.lapsed(facts)
        return findings

    def end(self) -> list[Finding]:
        """The log is at its end."""
        findings: list[Finding] = []
        self.facts.ended = True
        for event in self._timeline.end():
            self._tell(event, findings)
        for event in self._builder.end():
            self._show(event, findings)
        for detector in self.detectors:
            findings += detector.end(self.facts)
        return findings

    def summary(self) -> StationSummary:
        """What a report shows of the station besides findings and sessions; call it after `end`."""
        return self.chronicle.close(self._timeline.frames)

    def _tell(self, event: Event, findings: list[Finding]) -> None:
        self._learn(event)
        if self.facts.gaps != self._gaps:
            self._gaps = self.facts.gaps
            for detector in self.detectors:
                detector.gap(self.facts)
        of_sessions = self._build(event)
        self._show(event, findings)
        for one in of_sessions:  # usually none
            self._show(one, findings)
            if type(one) is SessionClosed:
                self._learner.transaction_ended(one.session.connector)

    def _show(self, event: Event, findings: list[Finding]) -> None:
        kind = type(event)
        if kind is Call:
            exchange: Exchange = event.exchange  # type: ignore[attr-defined]  # told by its type
            name, odd = exchange.name, exchange.odd_call
            self._note(event)
        elif kind is Answered:
            exchange = event.exchange  # type: ignore[attr-defined]
            name, odd = exchange.name, exchange.odd_answer
        else:
            other: Exchange | None = getattr(event, "exchange", None)
            name, odd = ("", False) if other is None else (other.frame.action, other.odd_answer)
            self._note(event)
        interested = self._interested.get((kind, name, odd))
        if interested is None:
            interested = self._find_interested(kind, name, odd=odd)
        facts = self.facts
        sees, waiting = interested
        for see in sees:
            found = see(event, facts)
            if found:
                findings += found
        for detector, attribute, see in waiting:
            if getattr(detector, attribute):
                found = see(event, facts)
                if found:
                    findings += found

    def _find_interested(self, kind: type[Event], name: str, *, odd: bool) -> Interested:
        sees: list[See] = []
        waiting: list[tuple[Detector, str, See]] = []
        everyday = name in EVERYDAY and kind in (Call, Answered) and not odd
        for one in self.detectors:
            if not _wants(one, kind, name, odd=odd):
                continue
            if everyday and one.waits_with is not None:
                waiting.append((one, one.waits_with, one.see))
            else:
                sees.append(one.see)
        found = tuple(sees), tuple(waiting)
        if len(self._interested) < 2000:  # a hostile log may invent actions without end
            self._interested[kind, name, odd] = found
        return found


def _wants(detector: Detector, kind: type[Event], name: str, *, odd: bool) -> bool:
    if kind not in detector.events:
        return False
    if odd and detector.odd and kind in (Call, Answered):
        return True
    actions = detector.actions
    if isinstance(actions, Mapping):
        actions = actions.get(kind)
    return actions is None or kind not in WITH_EXCHANGE or name in actions
