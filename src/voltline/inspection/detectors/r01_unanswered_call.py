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
    gap_intervals: Annotated[
        float, doc("So many heartbeat intervals of silence after a CALL are a gap in the log, see P05.")
    ] = 3.0
    gap_s: Annotated[float, doc("The same where the interval is not known.", unit="s")] = 3600.0
    gap_at_least_s: Annotated[float, doc("A shorter silence is never a gap.", unit="s")] = 300.0


class UnansweredCall(Detector):
    """A CALL without its CALLRESULT or CALLERROR."""

    id = "R01"
    title = "Unanswered call"
    severity = Severity.WARNING
    basis = ("OCPP-J 1.6, 4.1.1", "errata 3.83")
    who = Who.BACK_END
    next_step = "Look in the log of the side that should have answered for what it did with the request."
    explanation = (
        "Every CALL must be answered by a CALLRESULT or a CALLERROR with its message id. The side that "
        "asked waits, and may send nothing else meanwhile; then it gives up, and a charge point tries a "
        "StartTransaction or StopTransaction again later. A charge point whose MessageTimeout is longer "
        "than 30 s is given that long. Unknown at the end of a log and before a gap in it; and where a "
        "side never answers at all, its answers were most likely not recorded, which is told once."
    )
    events = (Unanswered, Orphan, Call)
    waits_with = "_patient"
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
            if event.cause is not UnansweredCause.REUSED and silence_s > self._gap_s(facts):
                return
            if event.cause is UnansweredCause.TIMEOUT and 0 < silence_s <= _patience_s(exchange, facts):
                self._patient = [*self._patient[-_MOST_WAITING:], event]
            else:
                yield from self._judged(event, facts)
        elif isinstance(event, Orphan):
            self._patient = [one for one in self._patient if one.exchange is not event.exchange]
        yield from self.lapsed(facts)

    def lapsed(self, facts: Facts) -> Iterator[Finding]:
        """Those whose own time is over by now."""
        due = [one for one in self._patient if not _is_within(one.exchange, facts)]
        if due:
            self._patient = [one for one in self._patient if _is_within(one.exchange, facts)]
            for one in due:
                yield from self._judged(one, facts)

    def _gap_s(self, facts: Facts) -> float:
        """From here a silence means that the log is not complete, or that its clock was set."""
        limits = self.settings
        gap_s = facts.interval_s * limits.gap_intervals if facts.interval_s else limits.gap_s
        return max(gap_s, limits.gap_at_least_s)

    def _judged(self, event: Unanswered, facts: Facts) -> Iterator[Finding]:
        exchange = event.exchange
        answering = exchange.sender.opposite
        answers = facts.answers_from_central if exchange.from_station else facts.answers_from_station
        if answers or facts.live:
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
        yield self._not_recorded(answering, held, facts)

    def _not_recorded(self, answering: Direction, held: list[Unanswered], facts: Facts) -> Finding:
        own_calls = (
            facts.calls_from_central if answering is Direction.FROM_CENTRAL else facts.calls_from_station
        )
        answers_of_the_other = facts.answers_from_central or facts.answers_from_station
        self._missing.add(answering)
        self._held = [one for one in self._held if one not in held]
        none = f"None of {len(held)} CALLs" if len(held) > 1 else "Not one CALL"
        return self.finding(
            facts,
            f"{none} to {name_of(answering)} has an "
            "answer in this log: answers were not recorded, or it did not answer at all.",
            (one.exchange.call for one in held),
            title=f"No answers from {name_of(answering)} in the log",
            severity=Severity.WARNING if own_calls and answers_of_the_other else Severity.INFO,
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
        """Few are held back here: they are told, if their side is in the log at all."""
        for side in (Direction.FROM_STATION, Direction.FROM_CENTRAL):
            held = [one for one in self._held if one.exchange.sender.opposite is side]
            own_calls = (
                facts.calls_from_station if side is Direction.FROM_STATION else facts.calls_from_central
            )
            none_at_all = not facts.answers_from_station and not facts.answers_from_central
            both_call = facts.calls_from_station > 0 and facts.calls_from_central > 0
            if held and (not own_calls or (none_at_all and both_call)):
                yield self._not_recorded(side, held, facts)
        for one in self._held:
            yield self._told(one, facts)
        self._held = []


def _patience_s(exchange: Exchange, facts: Facts) -> float:
    """The charge point's MessageTimeout for its own CALLs; 0 where it is not known."""
    return float(facts.number("MessageTimeout") or 0) if exchange.from_station else 0.0


def _is_within(exchange: Exchange, facts: Facts) -> bool:
    passed_s = seconds_between(exchange.call.at, facts.now)
    return passed_s is None or passed_s <= _patience_s(exchange, facts)
