"""X02: a connector that goes to and fro between two states."""

from collections import deque
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from typing import Annotated, Final

import msgspec

from voltline.inspection.detector import Detector, DetectorSettings, chosen
from voltline.inspection.events import Answered, Call, Event
from voltline.inspection.facts import Facts
from voltline.inspection.findings import Finding, Severity, Who
from voltline.inspection.records import Record
from voltline.messages import ChargePointStatus, StatusNotification
from voltline.messages.types import doc

_CHARGING = ChargePointStatus.CHARGING
_OTHERS: Final = {
    ChargePointStatus.PREPARING: "Preparing",
    ChargePointStatus.SUSPENDED_EVSE: "SuspendedEVSE",
}


class Settings(DetectorSettings, frozen=True):
    """How often is too often."""

    preparing_above: Annotated[int, doc("Changes from Charging to Preparing within the time.")] = 5
    suspended_above: Annotated[int, doc("Changes from Charging to SuspendedEVSE within the time.")] = 10
    within_s: Annotated[float, doc("The time in which they are counted.", unit="s")] = 3600.0


class _Connector(msgspec.Struct, gc=False):
    status: ChargePointStatus
    record: Record
    changes: dict[ChargePointStatus, deque[datetime]]


class StateCycling(Detector):
    """Charging and Preparing, or Charging and SuspendedEVSE, in turn."""

    id = "X02"
    title = "Connector cycles between states"
    severity = Severity.WARNING
    basis = ("OCPP 1.6, 4.9",)
    who = Who.CHARGER_MAKER
    next_step = "Look for what changes each time: the limit, the pilot signal, the supply."
    explanation = (
        "Charging starts and stops again and again. With Preparing in between, the vehicle and the charge "
        "point do not agree; with SuspendedEVSE, something takes the current away: a limit near 6 A, a load "
        "manager, a protection. Where the central system changes the limit as often, that is the cause, and "
        "it is told for information only."
    )
    events = (Call, Answered)
    actions = chosen(call={"StatusNotification", "BootNotification"}, answered={"SetChargingProfile"})
    settings: Settings = Settings()

    def __init__(self, settings: Settings | None = None) -> None:
        super().__init__(settings)
        self._connectors: dict[int, _Connector] = {}
        self._limits: deque[datetime] = deque(maxlen=200)

    def gap(self, facts: Facts) -> None:
        """States in between are not in the log."""
        self._connectors.clear()

    def see(self, event: Event, facts: Facts) -> Iterable[Finding]:
        """Count the changes away from Charging."""
        at = event.at
        if type(event) is not Call:  # an answer to SetChargingProfile
            if at is not None:
                self._limits.append(at)
            return ()
        report = event.exchange.request
        if type(report) is not StatusNotification:
            if event.exchange.name == "BootNotification":
                self._connectors.clear()
            return ()
        if report.connector_id < 1 or at is None:
            return ()
        status = report.status
        before = self._connectors.get(report.connector_id)
        if before is None:
            self._connectors[report.connector_id] = _Connector(status, event.record, {})
            return ()
        cycled = before.status is _CHARGING and status in _OTHERS
        earlier = before.record
        before.status, before.record = status, event.record
        return self._cycled(before, earlier, report, at, facts) if cycled else ()

    def _cycled(
        self, connector: _Connector, earlier: Record, report: StatusNotification, at: datetime, facts: Facts
    ) -> Iterator[Finding]:
        since = at - timedelta(seconds=self.settings.within_s)
        most = (
            self.settings.preparing_above
            if report.status is ChargePointStatus.PREPARING
            else self.settings.suspended_above
        )
        changes = connector.changes.setdefault(report.status, deque(maxlen=max(most + 1, 1)))
        changes.append(at)
        recent = [one for one in changes if one >= since]
        if len(recent) <= most:
            return
        limits = sum(1 for one in self._limits if one >= since)
        steered = report.status is ChargePointStatus.SUSPENDED_EVSE and limits >= len(recent)
        changes.clear()
        yield self.finding(
            facts,
            f"The connector left Charging for {_OTHERS[report.status]} {len(recent)} times within "
            f"{(at - recent[0]).total_seconds() / 60:.0f} min"
            + (f"; the limit was set {limits} times meanwhile." if limits else "."),
            (earlier, connector.record),
            connector=report.connector_id,
            title=f"{self.title}: {_OTHERS[report.status]}",
            severity=Severity.INFO if steered else None,
            who=Who.BACK_END if steered else None,
            count=len(recent),
            first_at=recent[0],
        )
