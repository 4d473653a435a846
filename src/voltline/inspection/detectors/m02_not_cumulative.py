"""M02: a meter that counts anew for each session."""

from collections.abc import Iterator
from datetime import datetime
from typing import Annotated, NamedTuple

from voltline.inspection.detector import Detector, DetectorSettings
from voltline.inspection.events import Event
from voltline.inspection.facts import Facts
from voltline.inspection.findings import Finding, Severity, Who
from voltline.inspection.records import Record
from voltline.inspection.sessions import SessionClosed, SessionOpened
from voltline.messages.types import doc


class Settings(DetectorSettings, frozen=True):
    """What is rounding."""

    tolerance_wh: Annotated[float, doc("A start up to so much below the stop before is rounding.")] = 1.0


class _Stop(NamedTuple):
    meter_wh: int
    at: datetime
    record: Record


class NotCumulative(Detector):
    """meterStart below the meterStop of the session before on the same connector."""

    id = "M02"
    title = "Meter starts below the last stop"
    severity = Severity.WARNING
    basis = ("errata 3.9", "errata 3.78")
    who = Who.CHARGER_MAKER
    next_step = "Bill by the difference of stop and start, and do not read lifetime energy from this meter."
    explanation = (
        "meterStart and meterStop are readings of the connector's meter, which counts up for ever: a session "
        "begins where the last one ended, or above. A start of 0, or below the last stop, shows a charge "
        "point that counts each session anew, or a meter that was replaced. Each connector has its own; "
        "a new charge point rightly begins at 0."
    )
    events = (SessionOpened, SessionClosed)
    settings: Settings = Settings()

    def __init__(self, settings: Settings | None = None) -> None:
        super().__init__(settings)
        self._stops: dict[int, _Stop] = {}

    def see(self, event: Event, facts: Facts) -> Iterator[Finding]:
        """Compare each start with the stop before it."""
        if isinstance(event, SessionClosed):
            session = event.session
            if session.connector is None or session.meter_stop_wh is None or session.stopped_at is None:
                return
            if session.stop is not None:
                before = self._stops.get(session.connector)
                if before is None or session.stopped_at >= before.at:
                    stop = _Stop(session.meter_stop_wh, session.stopped_at, session.stop.call)
                    self._stops[session.connector] = stop
            return
        assert isinstance(event, SessionOpened)
        session = event.session
        if session.connector is None or session.start is None or session.meter_start_wh is None:
            return
        before = self._stops.get(session.connector)
        if before is None or (session.started_at is not None and session.started_at < before.at):
            return
        if before.meter_wh - session.meter_start_wh > self.settings.tolerance_wh:
            yield self.finding(
                facts,
                f"The session starts at {session.meter_start_wh} Wh; the one before stopped at "
                f"{before.meter_wh} Wh.",
                (before.record, session.start.call),
                connector=session.connector,
            )
