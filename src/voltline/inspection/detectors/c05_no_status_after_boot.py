"""C05: a charge point that does not say how it is after its boot."""

from collections.abc import Iterable, Iterator
from typing import Annotated, Final

import msgspec

from voltline.inspection.detector import Detector, DetectorSettings, chosen
from voltline.inspection.events import (
    Answered,
    Call,
    Connected,
    Disconnected,
    Event,
    Exchange,
    Orphan,
    OrphanCause,
)
from voltline.inspection.exchanges import connector_of, seconds_between, status_of
from voltline.inspection.facts import Facts
from voltline.inspection.findings import Finding, Severity, Who
from voltline.inspection.records import Direction
from voltline.inspection.spans import span
from voltline.inspection.triggers import asks_for_boot
from voltline.messages import RegistrationStatus
from voltline.messages.types import doc

_OF_USE: Final = ("StartTransaction", "StopTransaction", "MeterValues")
"""What a charge point makes that is charged at; it does not do so without a state."""
_MOST_HELD: Final = 5


class Settings(DetectorSettings, frozen=True):
    """How long it has."""

    within_s: Annotated[float, doc("All states have to be told within this time.", unit="s")] = 60.0
    within_calls: Annotated[
        int, doc("Where the log has no times: within so many CALLs of the charge point.")
    ] = 20
    trigger_s: Annotated[float, doc("A boot so soon after a trigger was asked for.", unit="s")] = 60.0


class NoStatusAfterBoot(Detector):
    """StatusNotification for connector 0 and each connector after acceptance."""

    id = "C05"
    title = "No status after boot"
    severity = Severity.WARNING
    basis = ("errata 3.22",)
    who = Who.CHARGER_MAKER
    next_step = "Until it is corrected, ask with TriggerMessage StatusNotification after each boot."
    explanation = (
        "When its BootNotification is accepted, a charge point reports the state of connector 0 and of every "
        "connector. Without that the central system shows what it knew before the restart. Connectors beyond "
        "the first are only missed where NumberOfConnectors is in the log. Not judged where the log or the "
        "connection ends within the time, nor after a BootNotification that TriggerMessage asked for: it "
        "tells of no restart. A log of charging without any StatusNotification, or with answers to CALLs "
        "that it has not, was most likely filtered: that is told once, as information."
    )
    events = (Call, Answered, Connected, Disconnected, Orphan)
    actions = chosen(answered={"BootNotification"})
    waits_with = "_boot"
    settings: Settings = Settings()

    def __init__(self, settings: Settings | None = None) -> None:
        super().__init__(settings)
        self._boot: Exchange | None = None
        """The accepted boot whose states are awaited."""
        self._told: set[int] = set()
        self._calls = 0
        self._trigger: Exchange | None = None
        """The latest that asks for a BootNotification, as long as none came."""
        self._was_triggered = False
        """Whether the latest BootNotification was asked for."""
        self._held: list[Finding] = []
        """Of a log that has had no StatusNotification so far: those may have been left out of it."""
        self._lacks_calls = False
        """The charge point was answered what it did not ask."""
        self._told_filtered = False

    def see(self, event: Event, facts: Facts) -> Iterable[Finding]:
        """Begin at an accepted boot, judge when the time is up."""
        if type(event) is Answered:
            exchange = event.exchange
            accepted = status_of(exchange) == RegistrationStatus.ACCEPTED
            if exchange.name == "BootNotification" and accepted and not self._was_triggered:
                self._boot, self._told, self._calls = exchange, set(), 0
            return ()
        if isinstance(event, Call):
            self._look_for_trigger(event.exchange)
            return () if self._boot is None else tuple(self._called(event.exchange, facts))
        if not isinstance(event, Orphan):
            self._boot = None
        elif event.cause is OrphanCause.UNKNOWN and event.record.direction is Direction.FROM_CENTRAL:
            self._lacks_calls = True
        return ()

    def _look_for_trigger(self, exchange: Exchange) -> None:
        if exchange.name == "BootNotification":
            trigger, self._trigger = self._trigger, None
            since_s = seconds_between(trigger.asked_at, exchange.asked_at) if trigger is not None else None
            self._was_triggered = trigger is not None and (since_s or 0.0) <= self.settings.trigger_s
        elif asks_for_boot(exchange):
            self._trigger = exchange

    def _called(self, exchange: Exchange, facts: Facts) -> Iterator[Finding]:
        if exchange.name == "BootNotification":
            self._boot = None
            return
        if self._is_over(facts):
            yield from self._judged(facts)
            return
        if exchange.from_station:
            self._calls += 1
            if exchange.name == "StatusNotification":
                connector = connector_of(exchange)
                if connector is None:
                    self._boot = None  # it cannot be read, and may be any of them
                else:
                    self._told.add(connector)

    def _is_over(self, facts: Facts) -> bool:
        assert self._boot is not None
        passed_s = seconds_between(self._boot.answered_at, facts.now)
        if passed_s is None:
            return self._calls >= self.settings.within_calls
        return passed_s > self.settings.within_s

    def _judged(self, facts: Facts) -> Iterator[Finding]:
        boot, self._boot = self._boot, None
        assert boot is not None
        last = max(facts.number("NumberOfConnectors") or 1, 1)
        missing = [number for number in range(min(last, 64) + 1) if number not in self._told]
        if not missing:
            return
        names = ", ".join(str(number) for number in missing)
        one = len(missing) == 1
        finding = self.finding(
            facts,
            f"Within {span(self.settings.within_s)} after its boot was accepted the charge point did not "
            f"report connector{'' if one else 's'} {names}.",
            boot.records,
            title=self.title if not self._told else "Some connectors without status after boot",
        )
        reports = facts.live or "StatusNotification" in facts.calls
        if reports or not self._told_filtered:
            self._held.append(finding)
        if reports or len(self._held) >= _MOST_HELD:
            yield from self._settled(facts)

    def _settled(self, facts: Facts) -> Iterator[Finding]:
        """What is held is told, or, of a log without any StatusNotification, how it comes."""
        held, self._held = self._held, []
        reports = facts.live or "StatusNotification" in facts.calls
        used = any(name in facts.calls for name in _OF_USE)
        if not held or reports or not (self._lacks_calls or used):
            yield from held
            return
        self._told_filtered = True
        yield msgspec.structs.replace(
            held[0],
            text="This log has no StatusNotification at all, not even after this boot, though other "
            "messages: they were left out of it, or the charge point sends none.",
            title="No status in the log",
            severity=Severity.INFO,
            who=Who.LOG_KEEPER,
            next_step="Inspect the log before lines were taken out of it. If none were, ask with "
            "TriggerMessage StatusNotification.",
        )

    def lapsed(self, facts: Facts) -> Iterable[Finding]:
        """The time may have passed with no CALL after it."""
        return () if self._boot is None or not self._is_over(facts) else tuple(self._judged(facts))

    def end(self, facts: Facts) -> Iterator[Finding]:
        """No StatusNotification can come any more."""
        yield from self.lapsed(facts)
        yield from self._settled(facts)
