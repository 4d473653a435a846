"""M07: a unit left out, or wrong, so that the reading means watt-hours."""

from collections.abc import Iterable, Iterator
from operator import attrgetter
from typing import Final

from msgspec import UNSET, UnsetType

from voltline.inspection.detector import Detector, DetectorSettings
from voltline.inspection.events import Call, Event
from voltline.inspection.facts import Facts
from voltline.inspection.findings import Finding, Severity, Who
from voltline.messages import Measurand, MeterValues, UnitOfMeasure

_WITHOUT_UNIT: Final = frozenset({Measurand.FREQUENCY, Measurand.POWER_FACTOR, Measurand.RPM, Measurand.SOC})
"""Measurands for which OCPP has no unit, or needs none."""
_ENERGY_UNITS: Final = frozenset(
    {UnitOfMeasure.WH, UnitOfMeasure.KWH, UnitOfMeasure.VARH, UnitOfMeasure.KVARH}
)
_MOST_TOLD = 100
_MOST_KNOWN = 200
_LOOKED_AT = 200
"""Messages that are looked at after each boot: it is a habit, and shows early."""
_measured: Final = attrgetter("measurand", "unit")


class UnitDefault(Detector):
    """Voltage, Current, Power or Temperature without a unit, or in watt-hours."""

    id = "M07"
    title = "Unit left out"
    severity = Severity.INFO
    basis = ("OCPP 1.6, 7.43", "errata 3.86")
    who = Who.CHARGER_MAKER
    next_step = "Have the unit sent with every value that is no energy."
    explanation = (
        "A value without a unit is in Wh by the letter of the specification, whatever it measures. Everybody "
        "reads a Voltage without a unit as volt, but a system that does not will be wrong. Frequency, power "
        "factor, state of charge and RPM have no unit and are right without one."
    )
    events = (Call,)
    actions = frozenset({"MeterValues", "BootNotification"})
    waits_with = "_left"

    def __init__(self, settings: DetectorSettings | None = None) -> None:
        super().__init__(settings)
        self._told: set[tuple[Measurand, bool]] = set()
        self._known: set[tuple[Measurand | UnsetType, UnitOfMeasure | UnsetType]] = set()
        """What was looked at before, right or told."""
        self._left = _LOOKED_AT

    def see(self, event: Event, facts: Facts) -> Iterable[Finding]:
        """One finding for each measurand."""
        request = event.exchange.request  # type: ignore[attr-defined]  # all of `events` have one
        if type(request) is not MeterValues:
            self._left = _LOOKED_AT
        elif self._left:
            self._left -= 1
            for value in request.meter_value:
                if not self._known.issuperset(map(_measured, value.sampled_value)):
                    return self._look(request, event, facts)
        return ()

    def _look(self, request: MeterValues, event: Event, facts: Facts) -> Iterator[Finding]:
        for value in request.meter_value:
            for sample in value.sampled_value:
                measurand, unit = sample.measurand, sample.unit
                if len(self._known) < _MOST_KNOWN:  # a hostile log may invent words without end
                    self._known.add((measurand, unit))
                if measurand is UNSET or measurand in _WITHOUT_UNIT or not measurand.is_known:
                    continue
                if unit is not UNSET and unit not in _ENERGY_UNITS:
                    continue
                if measurand.startswith("Energy."):
                    continue
                if (measurand, unit is UNSET) in self._told or len(self._told) > _MOST_TOLD:
                    continue
                self._told.add((measurand, unit is UNSET))
                how = "without a unit, which means Wh" if unit is UNSET else f"in {unit}"
                yield self.finding(
                    facts,
                    f"{measurand} came {how}.",
                    (event.record,),
                    connector=request.connector_id,
                    title=f"{self.title}: {measurand}"
                    if unit is UNSET
                    else f"Unit of energy for {measurand}",
                )
