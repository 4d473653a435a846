"""Who is shown an event: whoever asks for it, but of everyday ones only those who have a use for them now.

Most of any log is a charge point in good order: meter values of a transaction that is known, answered at
once. Such a message is *routine* where nothing else happened since the last one of its kind, and most
detectors can do without it.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from enum import IntEnum
from typing import Any, Final

from msgspec import UNSET

from voltline.inspection.detector import EVERYDAY, PROMPT, QUIET, Detector
from voltline.inspection.events import (
    Answered,
    Call,
    Connected,
    Disconnected,
    Event,
    Exchange,
    Malformed,
    Note,
    Orphan,
    Repeated,
    Unanswered,
)
from voltline.inspection.facts import Facts
from voltline.inspection.findings import Finding
from voltline.inspection.sessions import SessionChanged

__all__ = ["Audience", "See"]

See = Callable[[Event, Facts], Iterable[Finding]]

_AT_ONCE: Final = timedelta(0)
_MOST_CONNECTORS: Final = 200
_MOST_SORTS: Final = 2000
_WITH_EXCHANGE: Final[tuple[type[Event], ...]] = (Call, Answered, Unanswered, Orphan, SessionChanged)
"""Events that a detector's `actions` choose among."""
_BETWEEN: Final[tuple[type[Event], ...]] = (Malformed, Repeated, Unanswered)
"""Events that those who measure silences do not hear of: what comes next is not routine."""

_HEARD: Final[tuple[type[Event], ...]] = (Orphan, Connected, Disconnected, Note)

_Sort = tuple[type[Event], str, bool]
"""A class of event, an action, and whether it is out of the ordinary."""

_Routine = tuple[tuple[See, ...], tuple[Detector, ...]]
"""Who is shown a routine message, and who of them may need less after it."""
_NOBODY: Final[_Routine] = ((), ())


class _Need(IntEnum):
    """Which everyday events a detector has to be shown."""

    ALL = 0
    NO_ROUTINE = 1
    NONE = 2


_ALL: Final = _Need.ALL
_NO_ROUTINE: Final = _Need.NO_ROUTINE
_NONE: Final = _Need.NONE


class Audience:
    """The detectors of one station. Ask it about each event, in order and after `facts` have learnt of it."""

    def __init__(self, detectors: Sequence[Detector], facts: Facts) -> None:
        self._detectors = detectors
        self._facts = facts
        self._choosy = tuple(
            one for one in detectors if one.waits_with is not None or type(one).rests is not Detector.rests
        )
        self._needs = dict.fromkeys(detectors, _Need.ALL)
        self._doubtful = self._choosy
        """Those whose need may be another since the last event."""
        self._news = facts.news
        self._before: datetime | None = None
        """When the event before this one was; None if it was none of those that end a silence."""
        self._metered: Exchange | None = None
        """The latest routine MeterValues."""
        self._going_on: dict[int, Any] = {}
        """By connector: the transaction of its latest meter values, if only everyday events came since."""
        self._interested: dict[_Sort, tuple[Detector, ...]] = {}
        self._sees: dict[_Sort, tuple[See, ...]] = {}
        """Of what is not everyday."""
        self._everyday: dict[tuple[type[Event], str], tuple[See, ...]] = {}
        self._routine_calls: dict[str, _Routine] = {}
        self._routine_answers: dict[str, _Routine] = {}

    def pause(self) -> None:
        """The detectors are asked without an event: they may want other ones after it."""
        self._doubtful = self._choosy

    def gap(self) -> None:
        """The log has a hole before the next event."""
        self._going_on.clear()
        self._doubtful = self._choosy

    def of_call(self, event: Call) -> tuple[See, ...]:
        """Who is shown the CALL. Facts note what passes the resting ones by, here and below."""
        exchange = event.exchange
        name = exchange.name
        at = event.at
        before, self._before = self._before, at
        if exchange.odd_call or name not in EVERYDAY:
            return self._of_unusual(Call, name, odd=exchange.odd_call)
        facts = self._facts
        if self._doubtful or facts.news != self._news:
            self._ask_again()
        metered = name == "MeterValues"
        if metered:
            request: Any = exchange.request
            if self._going_on.get(request.connector_id) != request.transaction_id:
                self._goes_on_with(request.connector_id, request.transaction_id)
                return self._of_everyday(Call, name)
        if (
            exchange.from_station
            and not exchange.overtaking
            and at is not None
            and before is not None
            and _AT_ONCE <= at - before <= QUIET
        ):
            facts.passed = event.record
            if metered:
                facts.passed_metered = facts.passed_call = event.record
                self._metered = exchange
            sees, self._doubtful = self._routine_calls.get(name) or self._find_routine(Call, name)
            return sees
        return self._of_everyday(Call, name)

    def of_answer(self, event: Answered) -> tuple[See, ...]:
        """Who is shown the answer."""
        exchange = event.exchange
        name = exchange.name
        at = event.at
        before, self._before = self._before, at
        if exchange.odd_answer or name not in EVERYDAY:
            return self._of_unusual(Answered, name, odd=exchange.odd_answer)
        facts = self._facts
        if self._doubtful or facts.news != self._news:
            self._ask_again()
        asked_at = exchange.call.at
        if (
            at is not None
            and asked_at is not None
            and exchange.from_station
            and _AT_ONCE <= at - asked_at <= PROMPT
            and (before is asked_at or (before is not None and _AT_ONCE <= at - before <= PROMPT))
        ):
            facts.passed = event.record
            if name == "MeterValues":
                facts.passed_metered = event.record
            else:
                facts.passed_heartbeat = exchange
            sees, self._doubtful = self._routine_answers.get(name) or self._find_routine(Answered, name)
            return sees
        return self._of_everyday(Answered, name)

    def passes(self, event: Answered) -> bool:
        """Whether this answers routine MeterValues at once, teaches nothing, and nobody wants to see it.

        That is the commonest answer of all. Otherwise ask `of_answer`.
        """
        exchange = event.exchange
        at, before, facts = event.at, self._before, self._facts
        if (
            exchange is not self._metered
            or at is None
            or before is None
            or before is not exchange.call.at
            or not _AT_ONCE <= at - before <= PROMPT
            or exchange.odd_answer
            or self._doubtful
            or facts.news != self._news
            or facts.replaying
            or self._routine_answers.get("MeterValues") != _NOBODY
        ):
            return False
        self._before = at
        facts.passed = facts.passed_metered = event.record
        return True

    def of_other(self, event: Event) -> tuple[See, ...]:
        """Who is shown an event that is neither."""
        kind = type(event)
        exchange: Exchange | None = getattr(event, "exchange", None)
        if kind in _BETWEEN:
            self._before = None
        elif kind in _HEARD:
            self._before = event.at
        if exchange is None:
            return self._of_unusual(kind, "", odd=False)
        return self._of_unusual(kind, exchange.frame.action, odd=exchange.odd_answer)

    def _of_everyday(self, kind: type[Event], name: str) -> tuple[See, ...]:
        self._doubtful = self._choosy
        found = self._everyday.get((kind, name))
        if found is None:
            wanting = self._who_wants(kind, name, odd=False)
            found = tuple(one.see for one in wanting if self._needs[one] is not _Need.NONE)
            self._everyday[kind, name] = found
        return found

    def _of_unusual(self, kind: type[Event], name: str, *, odd: bool) -> tuple[See, ...]:
        self._doubtful = self._choosy
        if self._going_on and kind is not SessionChanged:  # which meter values make
            self._going_on.clear()
        found = self._sees.get((kind, name, odd))
        if found is None:
            found = tuple(one.see for one in self._who_wants(kind, name, odd=odd))
            if len(self._sees) < _MOST_SORTS:  # a hostile log may invent actions without end
                self._sees[kind, name, odd] = found
        return found

    def _goes_on_with(self, connector: int, transaction: Any) -> None:
        """Note the transaction that a connector's meter values are of: the next ones may be routine."""
        going_on = self._going_on
        if transaction is UNSET or transaction > 0:
            if len(going_on) >= _MOST_CONNECTORS:
                going_on.clear()
            going_on[connector] = transaction
        else:  # an id that stands for none is a fault each time
            going_on.pop(connector, None)

    def _ask_again(self) -> None:
        facts = self._facts
        doubtful = self._doubtful
        if facts.news != self._news:
            self._news, doubtful = facts.news, self._choosy
        needs = self._needs
        changed = False
        for one in doubtful:
            waits_with = one.waits_with
            if waits_with is not None and not getattr(one, waits_with):
                need = _NONE
            else:
                need = _NO_ROUTINE if one.rests(facts) else _ALL
            if need is not needs[one]:
                needs[one] = need
                changed = True
        if changed:
            self._everyday.clear()
            self._routine_calls.clear()
            self._routine_answers.clear()
        self._doubtful = ()

    def _find_routine(self, kind: type[Event], name: str) -> _Routine:
        shown = [
            one
            for one in self._who_wants(kind, name, odd=False)
            if self._needs[one] is _Need.ALL
            or (self._needs[one] is _Need.NO_ROUTINE and name not in one.rests_at)
        ]
        found = tuple(one.see for one in shown), tuple(one for one in shown if one in self._choosy)
        (self._routine_calls if kind is Call else self._routine_answers)[name] = found
        return found

    def _who_wants(self, kind: type[Event], name: str, *, odd: bool) -> tuple[Detector, ...]:
        found = self._interested.get((kind, name, odd))
        if found is None:
            found = tuple(one for one in self._detectors if _wants(one, kind, name, odd=odd))
            if len(self._interested) < _MOST_SORTS:
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
    return actions is None or kind not in _WITH_EXCHANGE or name in actions
