"""X04: the state says one thing, the meter another."""

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Annotated, Final

import msgspec

from voltline.inspection.detector import Detector, DetectorSettings
from voltline.inspection.events import Call, Event
from voltline.inspection.facts import Connector, Facts
from voltline.inspection.findings import Finding, Severity, Who
from voltline.inspection.meters import Readings, readings_of
from voltline.inspection.records import Record
from voltline.messages import ChargePointStatus, MeterValues
from voltline.messages.types import doc

_IDLE: Final = frozenset({ChargePointStatus.AVAILABLE, ChargePointStatus.FINISHING})
_CHARGING: Final = ChargePointStatus.CHARGING


class Settings(DetectorSettings, frozen=True):
    """What counts as no power, and as power."""

    nothing_w: Annotated[float, doc("Less than this is no power.", unit="W")] = 10.0
    something_w: Annotated[float, doc("More than this is power.", unit="W")] = 300.0
    longer_than_s: Annotated[float, doc("A contradiction that lasts longer is told.", unit="s")] = 120.0


class _Contradiction(msgspec.Struct, gc=False):
    status: ChargePointStatus
    status_at: datetime | None
    since: datetime
    record: Record
    told: bool = False


class StatusAgainstMeter(Detector):
    """Charging without power, or power while Available or Finishing."""

    id = "X04"
    title = "Charging without power"
    severity = Severity.WARNING
    basis = ("OCPP 1.6, 7.7", "errata 3.55")
    who = Who.CHARGER_MAKER
    next_step = "Compare the state with the pilot signal and the meter at that time."
    explanation = (
        "Charging means that energy can flow; a vehicle that takes none makes it SuspendedEV, an offer of "
        "nothing SuspendedEVSE. Minutes of Charging at zero power hide from driver and central system "
        "that nothing happens. Power while the connector is free or finished points at the meter of another "
        "connector or at a contactor that does not open. A last trickle and one late sample are no fault."
    )
    events = (Call,)
    actions = frozenset({"MeterValues"})
    settings: Settings = Settings()

    def __init__(self, settings: Settings | None = None) -> None:
        super().__init__(settings)
        self._contradictions: dict[int, _Contradiction] = {}

    def see(self, event: Event, facts: Facts) -> Iterable[Finding]:
        """Compare each fresh sample with the state."""
        request: MeterValues | None = event.exchange.request  # type: ignore[attr-defined]  # see `actions`
        if request is None or facts.replaying:
            return ()
        connector = facts.connectors.get(request.connector_id)
        if connector is None:
            return ()
        status, since = connector.status, connector.status_at
        charging = status is _CHARGING
        if not charging:
            if status is None:
                return ()
            if status not in _IDLE:
                self._contradictions.pop(connector.number, None)
                return ()
            session = connector.session
            if event.at is None and session is not None and session.start is not None:
                return ()  # without times a queue cannot be told: the state may be of before the session
        found: Iterable[Finding] = ()
        for readings in readings_of(request):
            if since is not None and readings.at < since:
                continue
            power = readings.power_w
            exported = readings.export_w
            if exported is not None and (power is None or exported > power):
                power = exported
            if power is None:
                continue
            if abs(power) < self.settings.nothing_w if charging else power > self.settings.something_w:
                found = (*found, *self._wrong(connector, readings, power, event.record, facts))
            elif self._contradictions:
                self._contradictions.pop(connector.number, None)
        return found

    def _wrong(
        self, connector: Connector, readings: Readings, power: float, record: Record, facts: Facts
    ) -> Iterable[Finding]:
        status, since, number = connector.status, connector.status_at, connector.number
        if status is None or number == 0:
            return ()
        one = self._contradictions.get(number)
        if one is None or one.status is not status or one.status_at != since:
            begin = max(readings.at, since) if status in _IDLE and since is not None else readings.at
            self._contradictions[number] = _Contradiction(status, since, begin, record)
            return ()
        return () if one.told else self._lasting(one, readings, power, number, record, facts)

    def _lasting(
        self, one: _Contradiction, last: Readings, power: float, number: int, record: Record, facts: Facts
    ) -> Iterator[Finding]:
        lasted = (last.at - one.since).total_seconds()
        if lasted <= self.settings.longer_than_s:
            return
        one.told = True
        yield self.finding(
            facts,
            f"The connector was {one.status} with {power:.0f} W for {lasted / 60:.0f} min and more.",
            (one.record, record),
            connector=number,
            title=self.title if one.status is ChargePointStatus.CHARGING else f"Power while {one.status}",
        )
