"""What meter values say, each as a number with the defaults of OCPP 1.6, 7.43 filled in.

A charge point sends values of the same sorts in the same order again and again: what does not depend on the
numbers is worked out once for each such `Shape`.
"""

from collections.abc import Callable, Sequence
from datetime import datetime
from math import isfinite
from operator import attrgetter, itemgetter
from typing import Any, Final, NamedTuple

import msgspec
from msgspec import UNSET

from voltline.messages import (
    Location,
    Measurand,
    MeterValue,
    MeterValues,
    Phase,
    SampledValue,
    UnitOfMeasure,
    ValueFormat,
)

__all__ = [
    "REGISTERS",
    "NumberRead",
    "Readings",
    "Shape",
    "Sort",
    "number_of",
    "readings_at",
    "readings_of",
    "register_wh",
]


class Sort(NamedTuple):
    """What a sampled value is of."""

    measurand: Measurand
    phase: Phase | None
    location: Location
    unit: UnitOfMeasure | None
    """As it was given; None where none was."""


class NumberRead(msgspec.Struct, frozen=True, gc=False):
    """A sampled value as a number, in Wh, W, A, V, or whatever the measurand is told in."""

    measurand: Measurand
    phase: Phase | None
    location: Location
    value: float
    unit: UnitOfMeasure | None
    """As it was given; None where none was."""


_Whole = tuple[float | None, float | None, float | None, float | None, float | None]


class Shape(msgspec.Struct, frozen=True, eq=False, gc=False):
    """What the values of one moment are of, by their places. It is the same object for the same sorts."""

    sorts: tuple[Sort, ...]
    registers: tuple[tuple[int, Sort], ...]
    """Those of them that count energy up, with their places."""
    thousands: tuple[int, ...]
    """Where values are of a thousand Wh, W, VA or var."""
    signed: bool
    """Whether signed data is among them, which is no number."""
    has_voltage_of_phases: bool
    as_a_whole: Callable[[Sequence[float | None]], _Whole]
    """Takes from the values, and a None after them, the five numbers of the connector as a whole in the order
    in which `Readings` has them, where one value tells each."""
    power: tuple[int, ...]
    export: tuple[int, ...]
    """Where only phases were sent: those to sum up."""
    current: tuple[int, ...]
    """Where several were sent: those of which the largest counts."""
    of_several: bool
    """Whether one of these three has any."""


class Readings(msgspec.Struct, gc=False):
    """What was read at one time. The numbers below `has_voltage_of_phases` are those of the connector as a
    whole: of the values taken elsewhere than at the outlet or inlet nothing is in them. What was not sent is
    None."""

    at: datetime
    values: list[float]
    """The values that are numbers; signed data and texts are left out."""
    shape: Shape
    """What these are of, each by its place."""
    has_voltage_of_phases: bool
    register_wh: float | None
    """Energy.Active.Import.Register."""
    power_w: float | None
    """Power.Active.Import; the sum of the phases where only those were sent."""
    export_w: float | None
    """Power.Active.Export, likewise."""
    current_a: float | None
    """Current.Import: the largest of the phases."""
    soc_percent: float | None
    unread: int = 0
    """How many values were no numbers."""

    @property
    def numbers(self) -> list[NumberRead]:
        """The values with what they are of. Made anew each time, as few messages are looked at so closely."""
        return [
            NumberRead(sort.measurand, sort.phase, sort.location, value, sort.unit)
            for sort, value in zip(self.shape.sorts, self.values, strict=True)
        ]


# Looking a member up in its class takes longer than all else that is done with a value.
_SIGNED: Final = ValueFormat.SIGNED_DATA
_OUTLET: Final = Location.OUTLET
_INLET: Final = Location.INLET
_REGISTER: Final = Measurand.ENERGY_ACTIVE_IMPORT_REGISTER
_POWER: Final = Measurand.POWER_ACTIVE_IMPORT
_CURRENT: Final = Measurand.CURRENT_IMPORT
_EXPORT: Final = Measurand.POWER_ACTIVE_EXPORT
_VOLTAGE: Final = Measurand.VOLTAGE
_SOC: Final = Measurand.SOC
_THOUSANDS: Final = frozenset({UnitOfMeasure.KWH, UnitOfMeasure.KW, UnitOfMeasure.KVA, UnitOfMeasure.KVAR})


REGISTERS: Final = frozenset(
    {
        Measurand.ENERGY_ACTIVE_IMPORT_REGISTER,
        Measurand.ENERGY_ACTIVE_EXPORT_REGISTER,
        Measurand.ENERGY_REACTIVE_IMPORT_REGISTER,
        Measurand.ENERGY_REACTIVE_EXPORT_REGISTER,
    }
)
"""What only ever rises."""


def number_of(sampled: SampledValue) -> float | None:
    """The value in Wh, W, VA or var where its unit is a thousand of them, else as sent; None if no number."""
    if sampled.format is _SIGNED:
        return None
    try:
        value = float(sampled.value)
    except ValueError:
        return None
    if not isfinite(value):
        return None
    return value * 1000 if sampled.unit in _THOUSANDS else value


_value_of: Final = attrgetter("value")
_sort_of: Final = attrgetter("measurand", "phase", "location", "unit", "format")
_MOST_SHAPES: Final = 1000
_shapes: Final[dict[tuple[Any, ...], Shape]] = {}


def readings_at(meter_value: MeterValue) -> Readings:
    """The numbers of one moment."""
    samples = meter_value.sampled_value
    try:
        values = [*map(float, map(_value_of, samples))]
    except ValueError:
        return _readings_without_texts(meter_value)
    sorts = (*map(_sort_of, samples),)
    shape = _shapes.get(sorts)
    if shape is None:
        if len(_shapes) >= _MOST_SHAPES:  # a hostile log may invent sorts without end
            _shapes.clear()
        shape = _shapes[sorts] = _shape_of(samples)
    if shape.signed or not all(map(isfinite, values)):
        return _readings_without_texts(meter_value)
    for place in shape.thousands:
        values[place] *= 1000
    whole = shape.as_a_whole((*values, None))
    readings = Readings(meter_value.timestamp, values, shape, shape.has_voltage_of_phases, *whole)
    if shape.of_several:
        _put_together(readings)
    return readings


def _readings_without_texts(meter_value: MeterValue) -> Readings:
    samples = meter_value.sampled_value
    numbers = [sampled for sampled in samples if number_of(sampled) is not None]
    readings = readings_at(MeterValue(timestamp=meter_value.timestamp, sampled_value=numbers))
    readings.unread = len(samples) - len(numbers)
    return readings


def _put_together(readings: Readings) -> None:
    """What no one value tells: of the phases."""
    values, shape = readings.values, readings.shape
    if shape.power:
        readings.power_w = _sum(values, shape.power)
    if shape.export:
        readings.export_w = _sum(values, shape.export)
    if shape.current:
        readings.current_a = max(values[place] for place in shape.current)


def _sum(values: list[float], places: tuple[int, ...]) -> float:
    total = 0.0  # by hand: `sum` rounds otherwise from Python 3.12 on
    for place in places:
        total += values[place]
    return total


def _shape_of(samples: list[SampledValue]) -> Shape:
    sorts = tuple(
        Sort(
            _REGISTER if sampled.measurand is UNSET else sampled.measurand,
            None if sampled.phase is UNSET else sampled.phase,
            _OUTLET if sampled.location is UNSET else sampled.location,
            None if sampled.unit is UNSET else sampled.unit,
        )
        for sampled in samples
    )
    places = list(enumerate(sorts))
    nowhere = len(sorts)  # where the None is
    register = soc = nowhere
    for place, (measurand, phase, location, _) in places:
        if measurand is _SOC:
            soc = place
        if (
            measurand is _REGISTER
            and phase is None
            and (location is _OUTLET or (location is _INLET and register == nowhere))
        ):
            register = place
    powers, exports = _of(_POWER, places), _of(_EXPORT, places)
    power = max([place for place in powers if sorts[place].phase is None], default=nowhere)
    export = max([place for place in exports if sorts[place].phase is None], default=nowhere)
    currents = _of(_CURRENT, places)
    summed = powers if power == nowhere else ()
    summed_export = exports if export == nowhere else ()
    compared = currents if len(currents) > 1 else ()
    return Shape(
        sorts=sorts,
        registers=tuple(one for one in places if one[1].measurand in REGISTERS),
        thousands=tuple(place for place, sort in places if sort.unit in _THOUSANDS),
        signed=any(sampled.format is _SIGNED for sampled in samples),
        has_voltage_of_phases=any(sort.measurand is _VOLTAGE and sort.phase is not None for sort in sorts),
        as_a_whole=itemgetter(register, power, export, currents[0] if currents else nowhere, soc),
        power=summed,
        export=summed_export,
        current=compared,
        of_several=bool(summed or summed_export or compared),
    )


def _of(measurand: Measurand, places: list[tuple[int, Sort]]) -> tuple[int, ...]:
    return tuple(place for place, sort in places if sort.measurand is measurand)


_latest: tuple[Any, list[Readings]] = (None, [])


def readings_of(request: MeterValues) -> list[Readings]:
    """All numbers of a message. Many ask for those of one message in a row: the latest is kept."""
    global _latest
    message, readings = _latest
    if message is not request:
        readings = list(map(readings_at, request.meter_value))
        _latest = request, readings
    return readings


def register_wh(value: MeterValue) -> float | None:
    """The import register in Wh, of all phases together; None if it is not among the values."""
    for sample in value.sampled_value:
        measurand = sample.measurand
        register = measurand is UNSET or measurand is _REGISTER
        if register and sample.phase is UNSET:
            return number_of(sample)
    return None
