"""M06: readings that no meter can have taken."""

from collections.abc import Iterable, Iterator
from math import inf
from typing import Annotated, Final

from msgspec import UNSET, UnsetType

from voltline.inspection.detector import Detector, DetectorSettings
from voltline.inspection.events import Call, Event
from voltline.inspection.facts import Facts
from voltline.inspection.findings import Finding, Severity, Who
from voltline.inspection.meters import NumberRead, number_of, readings_of
from voltline.messages import Location, Measurand, MeterValues, Phase, UnitOfMeasure, ValueFormat
from voltline.messages.types import doc

_TO_NEUTRAL = frozenset({Phase.L1, Phase.L2, Phase.L3, Phase.L1_N, Phase.L2_N, Phase.L3_N})
_BETWEEN_PHASES = frozenset({Phase.L1_L2, Phase.L2_L3, Phase.L3_L1})
_NOT_USUAL: Final = (inf, -inf)
"""Depends on the unit."""


class Settings(DetectorSettings, frozen=True):
    """What a meter at a charge point can read."""

    lowest_v: Annotated[float, doc("Phase to neutral.", unit="V")] = 85.0
    highest_v: Annotated[float, doc("Phase to neutral.", unit="V")] = 300.0
    highest_between_v: Annotated[float, doc("Phase to phase.", unit="V")] = 500.0
    highest_dc_v: Annotated[float, doc("Without a phase, or in the vehicle: may be DC.", unit="V")] = 1000.0
    idle_v: Annotated[float, doc("Below this a phase is simply not connected.", unit="V")] = 20.0
    highest_a: Annotated[float, doc("Of any charge point.", unit="A")] = 600.0
    highest_c: Annotated[float, doc("Temperature inside.", unit="Celsius")] = 120.0
    lowest_c: Annotated[float, doc("Temperature inside.", unit="Celsius")] = -50.0
    lowest_hz: Annotated[float, doc("Of any grid.", unit="Hz")] = 45.0
    highest_hz: Annotated[float, doc("Of any grid.", unit="Hz")] = 65.0


class ImpossibleValue(Detector):
    """A voltage, current, frequency, temperature or state of charge beyond all reason."""

    id = "M06"
    title = "Impossible meter value"
    severity = Severity.WARNING
    basis = ("OCPP 1.6, 7.31", "OCPP 1.6, 7.43")
    who = Who.CHARGER_MAKER
    next_step = "Compare the unit that is sent with the number: thousandths are the usual mistake."
    explanation = (
        "The number cannot be what its measurand and unit say: a temperature of 23000 is in thousandths of "
        "a degree, a state of charge of 255 for unknown, an empty value for nothing measured. A phase at "
        "0 V is only not connected; high voltages without a phase are those of DC charging."
    )
    events = (Call,)
    actions = frozenset({"MeterValues"})
    settings: Settings = Settings()

    def __init__(self, settings: Settings | None = None) -> None:
        super().__init__(settings)
        limits = self.settings
        self._usual: dict[Measurand | UnsetType, tuple[float, float]] = {
            Measurand.VOLTAGE: (
                max(limits.lowest_v, 1.0),
                min(limits.highest_v, limits.highest_between_v, limits.highest_dc_v),
            ),
            Measurand.CURRENT_IMPORT: (-limits.highest_a, limits.highest_a),
            Measurand.CURRENT_EXPORT: (-limits.highest_a, limits.highest_a),
            Measurand.SOC: (0.0, 100.0),
            Measurand.POWER_FACTOR: (-100.0, 100.0),
            Measurand.FREQUENCY: (limits.lowest_hz, limits.highest_hz),
            Measurand.TEMPERATURE: _NOT_USUAL,
        }
        """What is certainly possible, by measurand."""

    def see(self, event: Event, facts: Facts) -> Iterable[Finding]:
        """Each value by itself."""
        request: MeterValues | None = event.exchange.request  # type: ignore[attr-defined]  # see `actions`
        if request is None:
            return ()
        usual_of = self._usual.get
        for readings in readings_of(request):
            if readings.unread:
                return self._judged(request, event, facts)
            for sampled, value in zip(readings.samples, readings.values):  # noqa: B905  # as many, see there
                bounds = usual_of(sampled.measurand)
                if bounds is not None and not bounds[0] <= value <= bounds[1]:
                    return self._judged(request, event, facts)
        return ()

    def _judged(self, request: MeterValues, event: Event, facts: Facts) -> Iterator[Finding]:
        """Of a message in which not all is as usual."""
        for readings in readings_of(request):
            for number in readings.numbers:
                usual = self._usual.get(number.measurand)
                if usual is None or usual[0] <= number.value <= usual[1]:
                    continue
                if self._is_impossible(number):
                    yield self._told(number, request, event, facts)
        if any(readings.unread for readings in readings_of(request)):
            yield from self._no_numbers(request, event, facts)

    def _told(self, number: NumberRead, request: MeterValues, event: Event, facts: Facts) -> Finding:
        phase = "" if number.phase is None else f" of {number.phase}"
        unit = "" if number.unit is None else f" {number.unit}"
        return self.finding(
            facts,
            f"{number.measurand}{phase} was {number.value:g}{unit}.",
            (event.record,),
            connector=request.connector_id,
            title=f"{self.title}: {number.measurand}",
        )

    def _no_numbers(self, request: MeterValues, event: Event, facts: Facts) -> Iterator[Finding]:
        for value in request.meter_value:
            for sample in value.sampled_value:
                if sample.format is ValueFormat.SIGNED_DATA or number_of(sample) is not None:
                    continue
                measurand = "Energy.Active.Import.Register" if sample.measurand is UNSET else sample.measurand
                yield self.finding(
                    facts,
                    f"{measurand} came as {sample.value[:40]!r}, which is no number.",
                    (event.record,),
                    connector=request.connector_id,
                    title="Meter value is no number",
                )

    def _is_impossible(self, number: NumberRead) -> bool:
        """Whether it is, of a value that is not usual."""
        value, limits = number.value, self.settings
        match number.measurand:
            case Measurand.VOLTAGE:
                return self._is_impossible_voltage(number)
            case Measurand.TEMPERATURE:
                return not limits.lowest_c <= _celsius(value, number.unit) <= limits.highest_c
            case Measurand.FREQUENCY:
                return value != 0
            case _:
                return True

    def _is_impossible_voltage(self, number: NumberRead) -> bool:
        value, limits = number.value, self.settings
        if abs(value) < limits.idle_v:
            return False
        if number.location is Location.EV or number.phase is None:
            return not 0 < value <= limits.highest_dc_v
        if number.phase in _TO_NEUTRAL:
            return not limits.lowest_v <= value <= limits.highest_v
        return number.phase in _BETWEEN_PHASES and not limits.lowest_v <= value <= limits.highest_between_v


def _celsius(value: float, unit: UnitOfMeasure | None) -> float:
    if unit is UnitOfMeasure.K:
        return value - 273.15
    return (value - 32) / 1.8 if unit is UnitOfMeasure.FAHRENHEIT else value
