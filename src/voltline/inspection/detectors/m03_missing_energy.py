"""M03: energy that flowed between two sessions."""

from collections import deque
from collections.abc import Iterator
from operator import itemgetter
from typing import Annotated, Final, NamedTuple

from voltline.inspection.detector import Detector, DetectorSettings
from voltline.inspection.events import Event
from voltline.inspection.facts import Facts
from voltline.inspection.findings import Finding, Severity, Who
from voltline.inspection.records import Record
from voltline.inspection.sessions import Ending, SessionClosed, SessionOpened
from voltline.messages.types import doc

_MOST_SPANS: Final = 32


class Settings(DetectorSettings, frozen=True):
    """What may flow after a stop."""

    tolerance_wh: Annotated[float, doc("So much may flow between stop and start.", unit="Wh")] = 10.0


class _Stop(NamedTuple):
    meter_wh: int
    record: Record


class _Span(NamedTuple):
    connector: int | None
    meter_start_wh: int
    meter_stop_wh: int


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
        "usual. Not judged where the stop before is not in the log, nor told where sessions of other "
        "connectors count up just what is missing: they share one meter."
    )
    events = (SessionOpened, SessionClosed)
    settings: Settings = Settings()

    def __init__(self, settings: Settings | None = None) -> None:
        super().__init__(settings)
        self._stops: dict[int, _Stop] = {}
        self._latest: deque[_Span] = deque(maxlen=_MOST_SPANS)
        """Of sessions that ended."""

    def _counted_by_others(self, begin: int, end: int, connector: int, facts: Facts) -> int:
        """How much of a span of the register is that of sessions of other connectors, in Wh."""
        running = (one.session for one in facts.connectors.values())
        spans = [one for one in self._latest if one.connector != connector]
        spans += [
            _Span(one.connector, one.meter_start_wh, end)
            for one in running
            if one is not None and one.connector not in (None, connector) and one.meter_start_wh is not None
        ]
        slack_wh = self.settings.tolerance_wh
        counted, reached = 0, begin
        for _, first, last in sorted(spans, key=itemgetter(1)):
            if first >= begin - slack_wh:  # another meter's are anywhere
                upper = min(last, end)
                lower = reached if first - reached <= slack_wh else first
                counted += max(0, upper - lower)
                reached = max(reached, upper)
        return counted

    def gap(self, facts: Facts) -> None:
        """A session may have come and gone there."""
        self._stops.clear()

    def see(self, event: Event, facts: Facts) -> Iterator[Finding]:
        """Compare each start with the stop before it."""
        if isinstance(event, SessionClosed):
            session = event.session
            if session.meter_start_wh is not None and session.meter_stop_wh is not None:
                self._latest.append(_Span(session.connector, session.meter_start_wh, session.meter_stop_wh))
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
            missing_here = missing - self._counted_by_others(
                before.meter_wh, session.meter_start_wh, session.connector, facts
            )
            if missing_here <= self.settings.tolerance_wh:
                return
            yield self.finding(
                facts,
                f"{missing} Wh flowed between the stop at {before.meter_wh} Wh and the start at "
                f"{session.meter_start_wh} Wh.",
                (before.record, session.start.call),
                connector=session.connector,
            )
