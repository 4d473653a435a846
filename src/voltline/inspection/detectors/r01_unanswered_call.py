"""R01: a CALL that nobody answered."""

from collections.abc import Iterable, Iterator
from typing import Annotated

from voltline.inspection.detector import Detector, DetectorSettings
from voltline.inspection.events import Call, Event, Exchange, Orphan, Unanswered, UnansweredCause
from voltline.inspection.exchanges import seconds_between
from voltline.inspection.facts import Facts
from voltline.inspection.findings import Finding, Severity, Who
from voltline.inspection.records import Direction
from voltline.inspection.sides import name_of, who_is
from voltline.messages.types import doc

_BILLING = frozenset({"StartTransaction", "StopTransaction"})
_WHY = {
    UnansweredCause.TIMEOUT: "no answer came in time",
    UnansweredCause.DISCONNECTED: "the connection ended before an answer came",
    UnansweredCause.REUSED: "its message id was used for another CALL before an answer came",
}
_MOST_WAITING = 50


class Settings(DetectorSettings, frozen=True):
    """When an answer is missing, beyond the 30 s after which the timeline gives a CALL up."""

    side_missing_calls: Annotated[
        int, doc("So many CALLs without one answer from the other side: its answers are not in the log.")
    ] = 5
    gap_s: Annotated[
        float,
        doc("A silence of this length after a CALL is a gap in the log, or its clock was set.", unit="s"),
    ] = 86_400.0


class UnansweredCall(Detector):
    """A CALL without its CALLRESULT or CALLERROR."""

    id = "R01"
    title = "Unanswered call"
    severity = Severity.WARNING
    basis = ("OCPP-J 1.6, 4.1.1", "errata 3.83")
    who = Who.BACK_END
    next_step = "Look in the log of the side that should have answered for what it did with the request."
    explanation = (
        "Every CALL must be answered by a CALLRESULT or a CALLERROR with its message id. The side that asked "
        "waits, and may send nothing else meanwhile; then it gives up, and a charge point tries a "
        "StartTransaction or StopTransaction again later. A charge point whose MessageTimeout is longer than "
        "30 s is given that long. Harmless at the end of a log; and where a side never answers at all, its "
        "answers were most likely not recorded, which is told once."
    )
    events = (Unanswered, Orphan, Call)
    settings: Settings = Settings()

    def __init__(self, settings: Settings | None = None) -> None:
        super().__init__(settings)
        self._patient: list[Unanswered] = []
        """Given up by the timeline, and within the charge point's own MessageTimeout."""
        self._held: list[Unanswered] = []
        """Of a side from which no answer was seen so far."""
        self._missing: set[Direction] = set()

    def see(self, event: Event, facts: Facts) -> Iterable[Finding]:
        """Tell it, unless the answers of that side are not in the log at all."""
        if not self._patient and type(event) is not Unanswered:
            return ()
        return self._seen(event, facts)

    def _seen(self, event: Event, facts: Facts) -> Iterator[Finding]:
        if isinstance(event, Unanswered):
            exchange = event.exchange
            silence_s = seconds_between(exchange.call.at, event.at) or 0.0
            if event.cause is UnansweredCause.LOG_ENDED or exchange.call.truncated:
                return
            if event.cause is UnansweredCause.TIMEOUT and silence_s > self.settings.gap_s:
                return
            if event.cause is UnansweredCause.TIMEOUT and silence_s <= _patience_s(exchange, facts):
                self._patient = [*self._patient[-_MOST_WAITING:], event]
            else:
                yield from self._judged(event, facts)
        elif isinstance(event, Orphan):
            self._patient = [one for one in self._patient if one.exchange is not event.exchange]
        due = [one for one in self._patient if not _is_within(one.exchange, facts)]
        if due:
            self._patient = [one for one in self._patient if _is_within(one.exchange, facts)]
            for one in due:
                yield from self._judged(one, facts)

    def _judged(self, event: Unanswered, facts: Facts) -> Iterator[Finding]:
        exchange = event.exchange
        answering = exchange.sender.opposite
        answers, own_calls = facts.answers_from_central, facts.calls_from_central
        if not exchange.from_station:
            answers, own_calls = facts.answers_from_station, facts.calls_from_station
        if answers:
            self._missing.discard(answering)
            yield from self._released(answering, facts)
            yield self._told(event, facts)
            return
        if answering in self._missing:
            return
        self._held.append(event)
        held = [one for one in self._held if one.exchange.sender.opposite is answering]
        if len(held) < self.settings.side_missing_calls:
            return
        self._missing.add(answering)
        self._held = [one for one in self._held if one not in held]
        both_ways = facts.answers_from_central or facts.answers_from_station
        yield self.finding(
            facts,
            f"None of {len(held)} CALLs to {name_of(answering)} has an answer in this log: they were not "
            "recorded, or it did not answer at all.",
            (one.exchange.call for one in held),
            title=f"No answers from {name_of(answering)} in the log",
            severity=Severity.WARNING if own_calls and both_ways else Severity.INFO,
            who=Who.LOG_KEEPER,
            next_step="Record both directions; if they were, ask why that side is silent.",
        )

    def _released(self, answering: Direction, facts: Facts) -> Iterator[Finding]:
        if self._held:
            released = [one for one in self._held if one.exchange.sender.opposite is answering]
            self._held = [one for one in self._held if one not in released]
            yield from (self._told(one, facts) for one in released)

    def _told(self, event: Unanswered, facts: Facts) -> Finding:
        exchange = event.exchange
        return self.finding(
            facts,
            f"{exchange.name} ({exchange.message_id}): {_WHY[event.cause]}.",
            exchange.records,
            title=f"Unanswered {exchange.name}" if exchange.action else None,
            severity=Severity.ERROR if exchange.name in _BILLING else None,
            who=who_is(exchange.sender.opposite),
        )

    def end(self, facts: Facts) -> Iterator[Finding]:
        """Too few were held back to say that a side is not in the log."""
        for one in self._held:
            yield self._told(one, facts)
        self._held = []


def _patience_s(exchange: Exchange, facts: Facts) -> float:
    """The charge point's MessageTimeout for its own CALLs; 0 where it is not known."""
    return float(facts.number("MessageTimeout") or 0) if exchange.from_station else 0.0


def _is_within(exchange: Exchange, facts: Facts) -> bool:
    passed_s = seconds_between(exchange.call.at, facts.now)
    return passed_s is None or passed_s <= _patience_s(exchange, facts)
