"""K01: a clock that was never set."""

from collections.abc import Iterable
from typing import Annotated

from voltline.inspection.detector import Detector, DetectorSettings
from voltline.inspection.events import Call, Event, Exchange
from voltline.inspection.exchanges import connector_of
from voltline.inspection.facts import Facts
from voltline.inspection.findings import Finding, Severity, Who
from voltline.inspection.records import NO_YEAR
from voltline.messages.types import doc


class Settings(DetectorSettings, frozen=True):
    """Which times no charge point can mean."""

    first_year: Annotated[
        int, doc("A time before this year is a clock that was never set: OCPP 1.6 is newer.")
    ] = 2015
    old_days: Annotated[
        float, doc("A state reported so much before it was logged has the firmware's date.", unit="d")
    ] = 30.0


class ClockUnset(Detector):
    """Timestamps of 1970, 2000, year 1, or the day on which the firmware was built."""

    id = "K01"
    title = "Clock is not set"
    severity = Severity.WARNING
    basis = ("errata 3.11", "OCPP 1.6, 4.2")
    who = Who.CHARGER_MAKER
    next_step = (
        "Let the charge point set its clock by the answer to BootNotification before it stamps anything."
    )
    explanation = (
        "A charge point without a battery for its clock starts at a fixed date: 1970, 2000, or the day of "
        "its firmware. It has to set the clock by the central system's time in the answer to its boot, and "
        "again with heartbeats. Until then its times are worth nothing: sessions get lengths of decades. "
        "The first message after a boot may have been made before the answer came; that is told as "
        "information."
    )
    events = (Call,)
    actions = frozenset(
        {
            "BootNotification",
            "StatusNotification",
            "StartTransaction",
            "StopTransaction",
            "MeterValues",
            "SecurityEventNotification",
        }
    )
    settings: Settings = Settings()

    def __init__(self, settings: Settings | None = None) -> None:
        super().__init__(settings)
        self._after_boot = True
        """No other message with a time since the boot."""

    def rests(self, facts: Facts) -> bool:
        """While its clock has a year that can be."""
        return not self._after_boot and (facts.told_year or 0) >= self.settings.first_year

    def see(self, event: Event, facts: Facts) -> Iterable[Finding]:
        """Old years are certain; old dates are judged on states, which are not queued."""
        exchange: Exchange = event.exchange  # type: ignore[attr-defined]  # all of `events` have one
        if exchange.name == "BootNotification":
            self._after_boot = True
            return ()
        told = exchange.told_at
        if told is None:
            return ()
        first, self._after_boot = self._after_boot, False
        at = event.at
        unset = told.year < self.settings.first_year
        if not unset:
            if exchange.name != "StatusNotification" or at is None or at.year == NO_YEAR:
                return ()
            if (at - told).total_seconds() < self.settings.old_days * 86_400:
                return ()
        return (
            self.finding(
                facts,
                f"{exchange.name} is stamped {told.isoformat()}.",
                (event.record,),
                connector=connector_of(exchange),
                severity=Severity.INFO if first else None,
            ),
        )
