"""M05: meter values that stay away while the vehicle charges."""

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Annotated, NamedTuple

from voltline.inspection.detector import Detector, DetectorSettings
from voltline.inspection.events import Call, Event
from voltline.inspection.facts import Facts
from voltline.inspection.findings import Finding, Severity, Who
from voltline.inspection.records import Record
from voltline.messages import ChargePointStatus, MeterValues, StatusNotification
from voltline.messages.types import doc


class Settings(DetectorSettings, frozen=True):
    """How late is too late."""

    intervals: Annotated[float, doc("More than so many sample intervals without a value are a gap.")] = 2.0
    slack_s: Annotated[float, doc("Added to that.", unit="s")] = 10.0


class _Last(NamedTuple):
    at: datetime
    record: Record


class MeterGap(Detector):
    """More than two sample intervals between meter values while Charging."""

    id = "M05"
    title = "Gap in the meter values"
    severity = Severity.WARNING
    basis = ("OCPP 1.6, 4.7", "errata 3.15")
    who = Who.CHARGER_MAKER
    next_step = "Look whether the charge point was overloaded or offline, and whether its queue lost values."
    explanation = (
        "While it charges a charge point sends a value each MeterValueSampleInterval. A gap by the values' "
        "own times means that they were not taken, or were thrown away. Values that are only delivered late "
        "leave no gap. Not judged where the interval is not known or is 0, which means none."
    )
    events = (Call,)
    actions = frozenset({"MeterValues", "StatusNotification", "BootNotification"})
    settings: Settings = Settings()

    def __init__(self, settings: Settings | None = None) -> None:
        super().__init__(settings)
        self._last: dict[int, _Last] = {}
        self._interval: int | None = None

    def rests(self, facts: Facts) -> bool:
        """Where no interval is known."""
        return not (self._last or self._interval or facts.number("MeterValueSampleInterval"))

    def see(self, event: Event, facts: Facts) -> Iterable[Finding]:
        """Compare the times of one value and the next."""
        request = event.exchange.request  # type: ignore[attr-defined]  # all of `events` have one
        if type(request) is StatusNotification:
            if request.status is not ChargePointStatus.CHARGING:
                self._last.pop(request.connector_id, None)
        elif type(request) is MeterValues:
            interval = facts.number("MeterValueSampleInterval")
            if interval or interval != self._interval or self._last:
                return self._metered(event, request, interval, facts)
        else:
            self._last.clear()
        return ()

    def gap(self, facts: Facts) -> None:
        """What was sent there is not in the log."""
        self._last.clear()

    def _metered(
        self, event: Event, request: MeterValues, interval: int | None, facts: Facts
    ) -> Iterator[Finding]:
        number = request.connector_id
        connector = facts.connectors.get(number)
        charging = connector is not None and connector.status is ChargePointStatus.CHARGING
        if interval != self._interval:
            self._interval = interval
            self._last.clear()
        if not interval or not charging or not request.meter_value:
            self._last.pop(number, None)
            return
        first, last = request.meter_value[0].timestamp, request.meter_value[-1].timestamp
        before = self._last.get(number)
        self._last[number] = _Last(max(first, last), event.record)
        if before is None:
            return
        gap = (first - before.at).total_seconds()
        if gap > self.settings.intervals * interval + self.settings.slack_s:
            yield self.finding(
                facts,
                f"No meter values for {gap:.0f} s while Charging; one is due every {interval} s.",
                (before.record, event.record),
                connector=number,
            )
