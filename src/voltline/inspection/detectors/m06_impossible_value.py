"""M06: readings that no meter can have taken."""

from collections.abc import Iterable, Iterator
from math import inf
from operator import ge, le
from typing import Annotated, Final

from msgspec import UNSET

from voltline.inspection.detector import Detector, DetectorSettings
from voltline.inspection.events import Call, Event
from voltline.inspection.facts import Facts
from voltline.inspection.findings import Finding, Severity, Who
from voltline.inspection.meters import Shape, Sort, number_of, readings_of
from voltline.messages import Location, Measurand, MeterValues, Phase, UnitOfMeasure, ValueFormat
from voltline.messages.types import doc

_TO_NEUTRAL = frozenset({Phase.L1, Phase.L2, Phase.L3, Phase.L1_N, Phase.L2_N, Phase.L3_N})
_BETWEEN_PHASES = frozenset({Phase.L1_L2, Phase.L2_L3, Phase.L3_L1})
_ANYTHING: Final = (-inf, inf)
_NOT_USUAL: Final = (inf, -inf)
"""Depends on the unit."""
_NOT_CELSIUS: Final = frozenset({UnitOfMeasure.K, UnitOfMeasure.FAHRENHEIT})
_MOST_SHAPES: Final = 100


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
        self._usual = {
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
        self._limits: dict[Shape, tuple[list[float], list[float]]] = {}
        """The same for the values of a message: the lowest of each, and the highest."""

    def see(self, event: Event, facts: Facts) -> Iterable[Finding]:
        """Each value by itself."""
        request: MeterValues | None = event.exchange.request  # type: ignore[attr-defined]  # see `actions`
        if request is None:
            return ()
        for readings in readings_of(request):
            lowest, highest = self._limits.get(readings.shape) or self._limits_of(readings.shape)
            values = readings.values
            # Nearly always all is well: that is told without a look at each by itself.
            if readings.unread or not (all(map(le, lowest, values)) and all(map(ge, highest, values))):
                return self._judged(request, event, facts)
        return ()

    def _limits_of(self, shape: Shape) -> tuple[list[float], list[float]]:
        if len(self._limits) >= _MOST_SHAPES:
            self._limits.clear()
        usual = [self._usual_of(sort) for sort in shape.sorts]
        self._limits[shape] = [one[0] for one in usual], [one[1] for one in usual]
        return self._limits[shape]

    def _judged(self, request: MeterValues, event: Event, facts: Facts) -> Iterator[Finding]:
        for readings in readings_of(request):
            for sort, value in zip(readings.shape.sorts, readings.values, strict=True):
                lowest, highest = self._usual_of(sort)
                if not lowest <= value <= highest and self._is_impossible(sort, value):
                    yield self._told(sort, value, request, event, facts)
        if any(readings.unread for readings in readings_of(request)):
            yield from self._no_numbers(request, event, facts)

    def _told(self, sort: Sort, value: float, request: MeterValues, event: Event, facts: Facts) -> Finding:
        phase = "" if sort.phase is None else f" of {sort.phase}"
        unit = "" if sort.unit is None else f" {sort.unit}"
        return self.finding(
            facts,
            f"{sort.measurand}{phase} was {value:g}{unit}.",
            (event.record,),
            connector=request.connector_id,
            title=f"{self.title}: {sort.measurand}",
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

    def _usual_of(self, sort: Sort) -> tuple[float, float]:
        if sort.measurand is Measurand.TEMPERATURE and sort.unit not in _NOT_CELSIUS:
            return self.settings.lowest_c, self.settings.highest_c
        return self._usual.get(sort.measurand, _ANYTHING)

    def _is_impossible(self, sort: Sort, value: float) -> bool:
        """Whether it is, of a value that is not usual."""
        limits = self.settings
        match sort.measurand:
            case Measurand.VOLTAGE:
                return self._is_impossible_voltage(sort, value)
            case Measurand.TEMPERATURE:
                return not limits.lowest_c <= _celsius(value, sort.unit) <= limits.highest_c
            case Measurand.FREQUENCY:
                return value != 0
            case _:
                return True

    def _is_impossible_voltage(self, sort: Sort, value: float) -> bool:
        limits = self.settings
        if abs(value) < limits.idle_v:
            return False
        if sort.location is Location.EV or sort.phase is None:
            return not 0 < value <= limits.highest_dc_v
        if sort.phase in _TO_NEUTRAL:
            return not limits.lowest_v <= value <= limits.highest_v
        return sort.phase in _BETWEEN_PHASES and not limits.lowest_v <= value <= limits.highest_between_v


def _celsius(value: float, unit: UnitOfMeasure | None) -> float:
    if unit is UnitOfMeasure.K:
        return value - 273.15
    return (value - 32) / 1.8 if unit is UnitOfMeasure.FAHRENHEIT else value
