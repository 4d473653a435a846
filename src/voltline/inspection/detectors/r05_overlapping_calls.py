"""R05: a CALL before the answer to the one before."""

from collections import deque
from collections.abc import Iterable, Iterator
from typing import Annotated

from voltline.inspection.detector import Detector, DetectorSettings
from voltline.inspection.events import Answered, Call, Event, Exchange
from voltline.inspection.exchanges import seconds_between
from voltline.inspection.facts import Facts
from voltline.inspection.findings import Finding, Severity, Who
from voltline.inspection.records import Direction
from voltline.inspection.sides import name_of, who_is
from voltline.messages.types import doc


class Settings(DetectorSettings, frozen=True):
    """When it is a habit."""

    warning_share: Annotated[float, doc("Such a share of a side's CALLs is a warning.")] = 0.05
    fewest_calls: Annotated[int, doc("The share counts from so many CALLs of the side on.")] = 40
    resolution_s: Annotated[
        float, doc("An answer logged so shortly after the next CALL counts as before it.", unit="s")
    ] = 0.05


class OverlappingCalls(Detector):
    """One side, two CALLs open at once."""

    id = "R05"
    title = "Calls overlap"
    severity = Severity.INFO
    basis = ("OCPP-J 1.6, 4.1.1", "OCPP-J errata 3.5")
    who = Who.CHARGER_MAKER
    next_step = "Let the sender wait for each answer, or for its timeout, before it sends the next CALL."
    explanation = (
        "A side should not send a CALL while an earlier one of its own awaits its answer. Many "
        "implementations answer only one request at a time and lose or mix up the second. CALLs of the two "
        "sides that cross each other are legal, and so is the next CALL after the sender gave one up: only "
        "a CALL that was answered afterwards counts. Times of whole seconds leave the order open."
    )
    events = (Call, Answered)
    settings: Settings = Settings()

    def __init__(self, settings: Settings | None = None) -> None:
        super().__init__(settings)
        self._overtaking: deque[Exchange] = deque(maxlen=20)
        self._overlaps = dict.fromkeys(Direction, 0)

    def rests(self, facts: Facts) -> bool:
        """While nothing was overtaken."""
        return not self._overtaking

    def see(self, event: Event, facts: Facts) -> Iterable[Finding]:
        """Wait whether the overtaken CALL is answered after all."""
        if type(event) is Call:
            if (
                event.exchange.overtaking
                and not facts.replaying
                and event.exchange.sender is not Direction.UNKNOWN
            ):
                self._overtaking.append(event.exchange)
            return ()
        return self._answered(event, facts) if self._overtaking else ()

    def _answered(self, event: Event, facts: Facts) -> Iterator[Finding]:
        assert isinstance(event, Answered)
        answered = event.exchange
        resolution_s = 1.0 if facts.whole_seconds else self.settings.resolution_s
        for later in list(self._overtaking):
            waited_s = seconds_between(later.asked_at, answered.answered_at)
            if waited_s is not None and waited_s > 60:
                self._overtaking.remove(later)
                continue
            if later is answered or later.sender is not answered.sender or not _is_before(answered, later):
                continue
            self._overtaking.remove(later)
            if waited_s is None or waited_s > resolution_s:
                yield self._told(answered, later, facts)

    def _told(self, first: Exchange, later: Exchange, facts: Facts) -> Finding:
        sender = later.sender
        calls = facts.calls_from_station if sender is Direction.FROM_STATION else facts.calls_from_central
        self._overlaps[sender] += 1
        share = self._overlaps[sender] / max(calls, 1)
        often = calls >= self.settings.fewest_calls and share > self.settings.warning_share
        return self.finding(
            facts,
            f"{name_of(sender).capitalize()} sent {later.name} before it had the answer to {first.name}; "
            f"so it did with {self._overlaps[sender]} of {calls} CALLs.",
            (first.call, later.call, *first.records[1:]),
            title=f"Calls of {name_of(sender)} overlap",
            severity=Severity.WARNING if often else None,
            who=who_is(sender),
        )


def _is_before(one: Exchange, other: Exchange) -> bool:
    if one.call.source == other.call.source:
        return one.call.line < other.call.line
    return (seconds_between(one.asked_at, other.asked_at) or 0.0) >= 0
