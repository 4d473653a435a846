"""G09: OCPP allows current, and something else holds it back."""

from collections.abc import Iterable, Iterator
from typing import Annotated

from voltline.inspection.detector import Detector, DetectorSettings
from voltline.inspection.events import Call, Event
from voltline.inspection.facts import Facts
from voltline.inspection.findings import Finding, Severity, Who
from voltline.inspection.meters import readings_of
from voltline.inspection.profiles import limit_of
from voltline.messages import ChargePointStatus, ChargingRateUnit, Measurand, MeterValues, StatusNotification
from voltline.messages.types import doc

_LEAST_CURRENT_A = 6.0


class Settings(DetectorSettings, frozen=True):
    """When something else is at work."""

    lower_by_a: Annotated[float, doc("Offered less than the limit by more than this.", unit="A")] = 1.0
    samples: Annotated[int, doc("So many samples in a row.")] = 3


class SeveralLimiters(Detector):
    """SuspendedEVSE, or a lower offer, though the profile in force allows charging."""

    id = "G09"
    title = "Another limiter than OCPP"
    severity = Severity.INFO
    basis = ("OCPP 1.6, 7.7", "OCPP 1.6, 3.13")
    who = Who.SITE
    next_step = "Look at the switches in the charge point, its load manager and its temperature."
    explanation = (
        "The current that flows is the least of several limits: the switches in the charge point, the OCPP "
        "profile, a local load manager, the temperature, the cable. Here the profile allows more than is "
        "offered, so looking for the cause in OCPP is in vain. It is often meant so."
    )
    events = (Call,)
    actions = frozenset({"MeterValues", "StatusNotification"})
    settings: Settings = Settings()

    def __init__(self, settings: Settings | None = None) -> None:
        super().__init__(settings)
        self._in_a_row: dict[int, int] = {}

    def rests(self, facts: Facts) -> bool:
        """Where no profile is known."""
        return not facts.profiles

    def see(self, event: Event, facts: Facts) -> Iterable[Finding]:
        """Compare the offer with the limit, where both are known."""
        if not facts.profiles:
            return ()
        return self._look(event, facts)

    def _look(self, event: Event, facts: Facts) -> Iterator[Finding]:
        assert isinstance(event, Call)
        if not facts.profiles:
            return
        request = event.exchange.request
        if isinstance(request, MeterValues):
            yield from self._metered(request, event, facts)
        elif isinstance(request, StatusNotification) and event.at is not None:
            if request.status is not ChargePointStatus.SUSPENDED_EVSE:
                return
            limit = limit_of(facts, request.connector_id, event.at)
            if limit is None or limit.in_unit(ChargingRateUnit.A) < _LEAST_CURRENT_A:
                return
            yield self.finding(
                facts,
                f"SuspendedEVSE, though the profile allows {limit.value:g} {limit.unit}.",
                (event.record,),
                connector=request.connector_id,
                title="SuspendedEVSE though the profile allows charging",
            )

    def _metered(self, request: MeterValues, event: Event, facts: Facts) -> Iterator[Finding]:
        number = request.connector_id
        for readings in readings_of(request):
            offers = [one.value for one in readings.numbers if one.measurand is Measurand.CURRENT_OFFERED]
            if not offers:
                continue
            limit = limit_of(facts, number, readings.at)
            lower = (
                limit is not None
                and limit.unit is ChargingRateUnit.A
                and limit.value - max(offers) > self.settings.lower_by_a
            )
            count = self._in_a_row[number] = self._in_a_row.get(number, 0) + 1 if lower else 0
            if limit is not None and count == self.settings.samples:
                yield self.finding(
                    facts,
                    f"{max(offers):g} A are offered, the profile allows {limit.value:g} A.",
                    (event.record,),
                    connector=number,
                )
