"""Everything that looks at one station, put together: timeline, facts, sessions, detectors."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta

from voltline.inspection.audience import Audience
from voltline.inspection.chronicle import Chronicle, Room, StationSummary
from voltline.inspection.detector import Detector, DetectorSettings
from voltline.inspection.events import Answered, Call, Event, Exchange
from voltline.inspection.facts import Facts
from voltline.inspection.findings import Finding
from voltline.inspection.learning import Learner
from voltline.inspection.records import Record
from voltline.inspection.session_building import ANSWERS_OF_SESSIONS, CALLS_OF_SESSIONS, SessionBuilder
from voltline.inspection.sessions import SessionChanged, SessionClosed
from voltline.inspection.timeline import ANSWER_WITHIN, REMEMBERED, Timeline

__all__ = ["StationInspection"]


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
        self._audience = Audience(self.detectors, self.facts)
        # Looked up once: each is called for every second frame, or for every one.
        self._exchanged = self._timeline.exchanged
        self._learn_of_call = self._learner.asked
        self._learn_of_answer = self._learner.answered
        self._build_of_call = self._builder.called
        self._build_of_answer = self._builder.answered
        self._see_call = self._audience.of_call
        self._see_answer = self._audience.of_answer
        self._passes = self._audience.passes

    def feed(self, record: Record) -> list[Finding]:
        """What the detectors find in this record, and in what it makes certain of earlier ones."""
        event = self._exchanged(record)
        if event is None:
            return self._tell_all(self._timeline.found(record))
        if type(event) is Answered and self._passes(event):
            facts = self.facts
            if facts.now is None or record.at > facts.now:  # type: ignore[operator]  # it has a time
                facts.now = record.at
            facts.last_frame = record
            facts.answers_from_central += 1
            return []
        return self._tell(event)

    def pass_time(self, now: datetime) -> list[Finding]:
        """What the detectors find in that nothing more was said until `now`, by the clock of the records.

        For traffic that is seen as it happens; call it now and then, whatever else is fed. What a charge
        point does that is not connected is not known: there time judges nothing.
        """
        facts = self.facts
        if facts.connected is False:
            return []
        findings = self._tell_all(self._timeline.pass_time(now))
        if facts.now is None or facts.now < now:
            facts.now = now
        self._audience.pause()
        for detector in self._timed:
            awaited = detector.waits_with
            if awaited is None or getattr(detector, awaited):
                findings += detector.lapsed(facts)
        return findings

    def end(self) -> list[Finding]:
        """The log is at its end."""
        self.facts.ended = True
        findings = self._tell_all(self._timeline.end())
        for event in self._builder.end():
            self._show(event, findings)
        self._audience.pause()
        for detector in self.detectors:
            findings += detector.end(self.facts)
        return findings

    def summary(self) -> StationSummary:
        """What a report shows of the station besides findings and sessions; call it after `end`."""
        return self.chronicle.close(self._timeline.frames)

    def _tell_all(self, events: Iterable[Event]) -> list[Finding]:
        return [finding for event in events for finding in self._tell(event)]

    def _tell(self, event: Event) -> list[Finding]:
        facts = self.facts
        kind = type(event)
        of_sessions: Sequence[Event] = ()
        if kind is Call:
            self._learn_of_call(event)  # type: ignore[arg-type]  # told by its type
            if facts.gaps != self._gaps:
                self._tell_of_gap()
            exchange: Exchange = event.exchange  # type: ignore[attr-defined]
            if exchange.name in CALLS_OF_SESSIONS:
                of_sessions = self._build_of_call(exchange)
            if exchange.name == "StatusNotification":
                self.chronicle.called(event)  # type: ignore[arg-type]
            sees = self._see_call(event)  # type: ignore[arg-type]
        elif kind is Answered:
            self._learn_of_answer(event)  # type: ignore[arg-type]
            if facts.gaps != self._gaps:
                self._tell_of_gap()
            exchange = event.exchange  # type: ignore[attr-defined]
            if exchange.name in ANSWERS_OF_SESSIONS:
                of_sessions = self._build_of_answer(event)  # type: ignore[arg-type]
            sees = self._see_answer(event)  # type: ignore[arg-type]
        else:
            self._learner.heard(event)
            if facts.gaps != self._gaps:
                self._tell_of_gap()
            of_sessions = self._builder.heard(event)
            self.chronicle.see(event)
            sees = self._audience.of_other(event)
        findings: list[Finding] = []
        for see in sees:
            found = see(event, facts)
            if found:
                findings += found
        if of_sessions:
            for one in of_sessions:
                self._show(one, findings)
                if type(one) is SessionClosed:
                    self._learner.transaction_ended(one.session.connector)
        return findings

    def _tell_of_gap(self) -> None:
        self._gaps = self.facts.gaps
        self._audience.gap()
        for detector in self.detectors:
            detector.gap(self.facts)

    def _show(self, event: Event, findings: list[Finding]) -> None:
        self.chronicle.see(event)
        for see in self._audience.of_other(event):
            findings += see(event, self.facts)
