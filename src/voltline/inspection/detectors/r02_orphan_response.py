"""R02: an answer to no open CALL."""

import re
from collections.abc import Iterable, Iterator

from voltline.inspection.detector import Detector, chosen
from voltline.inspection.events import Call, Event, Malformed, Orphan, OrphanCause
from voltline.inspection.exchanges import seconds_between
from voltline.inspection.facts import Facts
from voltline.inspection.findings import Finding, Severity, Who
from voltline.inspection.records import Direction
from voltline.inspection.sides import name_of, who_is
from voltline.messages.deviation import shown
from voltline.wire.frame_types import CallResultFrame

_TITLES = {
    OrphanCause.LATE: "Late answer",
    OrphanCause.AFTER_RECONNECT: "Answer to a CALL of an earlier connection",
    OrphanCause.ANSWERED_BEFORE: "Second answer to one CALL",
    OrphanCause.UNKNOWN: "Answer to no CALL",
}
_NO_FAULT = frozenset({OrphanCause.LOG_BEGAN, OrphanCause.MALFORMED})
_ANSWERED_BY_NOTHING = frozenset({"MeterValues", "StatusNotification"})
_ANSWERED_BY_TIME = frozenset({"Heartbeat"})
_FREQUENT = _ANSWERED_BY_NOTHING | _ANSWERED_BY_TIME
"""What people leave out of a log for being so many: `grep -v MeterValues` lets the answers stand."""
_NOTHING = re.compile(rb"\{\s*\}")
_ONLY_TIME = re.compile(rb'\{\s*"currentTime"\s*:\s*"[^"]*"\s*\}')
_LEFT_OUT_FROM = 5
"""So many answers that fit CALLs of which the log has none, and ..."""
_LEFT_OUT_SHARE = 0.05
"""... so large a share of all answers: the CALLs were left out."""
_MOST_FITTING = 1000
"""Answers that wait to be judged; of more the oldest is held for one to no CALL."""


class OrphanResponse(Detector):
    """An answer that comes late, twice, on another connection, or out of nowhere."""

    id = "R02"
    title = "Answer without a call"
    severity = Severity.WARNING
    basis = ("OCPP-J 1.6, 4.1.4",)
    who = Who.BACK_END
    next_step = "Find out where the answering side held it back; answers must not outlive their connection."
    explanation = (
        "The answer bears the message id of a CALL that was given up, was answered already, was made on an "
        "earlier connection, or was never made. The asking side should pass it over. Worst is an answer "
        "that is carried over a reconnection: with ids that repeat it is taken for the answer to another "
        "CALL, and from then on every answer belongs to the CALL before. At the beginning of a log, and "
        "where only one direction was recorded, it is no fault; nor where many answers fit a frequent CALL "
        "of which the log has not one: such CALLs were left out of it."
    )
    events = (Orphan, Malformed, Call)
    actions = chosen(call=_FREQUENT)
    waits_with = "_fitting"

    def __init__(self, settings: None = None) -> None:
        super().__init__(settings)
        self._unreadable = 0
        """Frames whose id is lost: one may have been the CALL."""
        self._one_way: set[Direction] = set()
        self._fitting: list[Orphan] = []
        """Answers that fit a frequent CALL which the log has not had so far."""
        self._left_out = False

    def see(self, event: Event, facts: Facts) -> Iterable[Finding]:
        """Word it by what is known of its CALL."""
        if type(event) is Call:
            return tuple(self._released(facts)) if self._fitting else ()
        if isinstance(event, Malformed):
            self._unreadable += 1
            return ()
        if not isinstance(event, Orphan) or event.cause in _NO_FAULT:
            return ()
        return self._seen(event, facts)

    def _seen(self, event: Orphan, facts: Facts) -> Iterator[Finding]:
        asking = event.record.direction.opposite
        calls = facts.calls_from_station if asking is Direction.FROM_STATION else facts.calls_from_central
        if event.cause is not OrphanCause.UNKNOWN or calls or facts.live:
            yield from self._known(event, facts)
        elif asking not in self._one_way:
            self._one_way.add(asking)
            yield self.finding(
                facts,
                f"Answers to {name_of(asking)} are in this log, its CALLs are not: they were not recorded.",
                (event.record,),
                title=f"No calls of {name_of(asking)} in the log",
                severity=Severity.INFO,
                who=Who.LOG_KEEPER,
                next_step="Record both directions.",
            )

    def _known(self, event: Orphan, facts: Facts) -> Iterator[Finding]:
        if event.cause is OrphanCause.UNKNOWN and not facts.live and _fits(event, facts):
            yield from self._waits(event, facts)
            return
        if event.cause is OrphanCause.LATE and event.exchange is not None and event.exchange.from_station:
            took_s = seconds_between(event.exchange.call.at, event.at)
            if took_s is not None and took_s <= (facts.number("MessageTimeout") or 0):
                return
        yield self._told(event, facts)

    def _waits(self, event: Orphan, facts: Facts) -> Iterator[Finding]:
        if self._left_out:
            return
        self._fitting.append(event)
        answers = facts.answers_from_central
        if len(self._fitting) < max(_LEFT_OUT_FROM, answers * _LEFT_OUT_SHARE):
            if len(self._fitting) > _MOST_FITTING:
                yield self._told(self._fitting.pop(0), facts)
            return
        self._left_out = True
        shown_first, self._fitting = self._fitting[:_LEFT_OUT_FROM], []
        missing = " or ".join(sorted(_fits(event, facts)))
        yield self.finding(
            facts,
            f"{len(shown_first)} answers and more fit {missing}, of which this log has none: they "
            "were left out of it.",
            (one.record for one in shown_first),
            title="Calls left out of the log",
            severity=Severity.INFO,
            who=Who.LOG_KEEPER,
            next_step="Inspect the log before lines were taken out of it.",
        )

    def _released(self, facts: Facts) -> Iterator[Finding]:
        """Those that cannot be of a kind that was left out: the log has that CALL."""
        waiting, self._fitting = self._fitting, []
        for one in waiting:
            if _fits(one, facts):
                self._fitting.append(one)
            else:
                yield self._told(one, facts)

    def end(self, facts: Facts) -> Iterator[Finding]:
        """So few are not of a kind of line that was left out."""
        for one in self._fitting:
            yield self._told(one, facts)
        self._fitting = []

    def _told(self, event: Orphan, facts: Facts) -> Finding:
        sender = event.record.direction
        exchange = event.exchange
        told = f"{name_of(sender).capitalize()} sent an answer with id {shown(event.frame.message_id)}"
        if exchange is None:
            text = f"{told}, of which this log has no CALL."
        else:
            took_s = seconds_between(exchange.call.at, event.at)
            after = "" if took_s is None else f", {took_s:.1f} s after it"
            text = f"{told}; it belongs to {shown(exchange.name)} in line {exchange.call.line}{after}."
        if event.cause is OrphanCause.AFTER_RECONNECT:
            text += " The answer was carried over a reconnection."
        unsure = event.cause is OrphanCause.UNKNOWN and self._unreadable > 0
        if unsure:
            text += f" {self._unreadable} frames of this log could not be read; the CALL may be one of them."
        return self.finding(
            facts,
            text,
            (event.record,) if exchange is None else (exchange.call, event.record),
            title=_TITLES[event.cause],
            severity=Severity.INFO if unsure else None,
            who=who_is(sender),
        )


def _fits(event: Orphan, facts: Facts) -> frozenset[str]:
    """The frequent CALLs of the charge point that it may answer, of those not in the log so far."""
    frame = event.frame
    if event.record.direction is not Direction.FROM_CENTRAL or not isinstance(frame, CallResultFrame):
        return frozenset()
    payload = bytes(frame.payload).strip()
    if _NOTHING.fullmatch(payload):
        return _ANSWERED_BY_NOTHING - facts.calls.keys()
    return _ANSWERED_BY_TIME - facts.calls.keys() if _ONLY_TIME.fullmatch(payload) else frozenset()
