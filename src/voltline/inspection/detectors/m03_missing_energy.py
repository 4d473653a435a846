"""M03: energy that flowed between two sessions."""

from collections.abc import Iterator
from typing import Annotated, NamedTuple

from voltline.inspection.detector import Detector, DetectorSettings
from voltline.inspection.events import Event
from voltline.inspection.facts import Facts
from voltline.inspection.findings import Finding, Severity, Who
from voltline.inspection.records import Record
from voltline.inspection.sessions import Ending, SessionClosed, SessionOpened
from voltline.messages.types import doc


class Settings(DetectorSettings, frozen=True):
    """What may flow after a stop."""

    tolerance_wh: Annotated[float, doc("So much may flow between stop and start.", unit="Wh")] = 10.0


class _Stop(NamedTuple):
    meter_wh: int
    record: Record


class MissingEnergy(Detector):
    """meterStart above the meterStop of the session before on the same connector."""

    id = "M03"
    title = "Energy between two sessions"
    severity = Severity.WARNING
    basis = ("errata 3.78", "OCPP 1.6, 4.8")
    who = Who.CHARGER_MAKER
    next_step = "Look for a session between the two that was not reported, or a contactor that stays closed."
    explanation = (
        "The meter stood higher at a start than at the stop before, so energy flowed that belongs to no "
        "session: a session was lost, or the contactor opened late. A few watt-hours after the stop are "
        "usual. Not judged where the stop before is not in the log."
    )
    events = (SessionOpened, SessionClosed)
    settings: Settings = Settings()

    def __init__(self, settings: Settings | None = None) -> None:
        super().__init__(settings)
        self._stops: dict[int, _Stop] = {}

    def gap(self, facts: Facts) -> None:
        """A session may have come and gone there."""
        self._stops.clear()

    def see(self, event: Event, facts: Facts) -> Iterator[Finding]:
        """Compare each start with the stop before it."""
        if isinstance(event, SessionClosed):
            session = event.session
            if session.connector is None:
                self._stops.clear()  # it may have been on any of them
            elif session.ending is Ending.STOPPED and session.stop is not None and session.meter_stop_wh:
                self._stops[session.connector] = _Stop(session.meter_stop_wh, session.stop.call)
            else:
                self._stops.pop(session.connector, None)
            return
        assert isinstance(event, SessionOpened)
        session = event.session
        if session.connector is None:
            return
        before = self._stops.pop(session.connector, None)
        if before is None or session.start is None or session.meter_start_wh is None:
            return
        missing = session.meter_start_wh - before.meter_wh
        if missing > self.settings.tolerance_wh:
            yield self.finding(
                facts,
                f"{missing} Wh flowed between the stop at {before.meter_wh} Wh and the start at "
                f"{session.meter_start_wh} Wh.",
                (before.record, session.start.call),
                connector=session.connector,
            )
