"""What meter values say, each as a number with the defaults of OCPP 1.6, 7.43 filled in."""

from datetime import datetime
from math import isfinite
from typing import Any, Final

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

__all__ = ["NumberRead", "Readings", "number_of", "readings_at", "readings_of", "register_wh"]


class NumberRead(msgspec.Struct, frozen=True, gc=False):
    """A sampled value as a number, in Wh, W, A, V, or whatever the measurand is told in."""

    measurand: Measurand
    phase: Phase | None
    location: Location
    value: float
    unit: UnitOfMeasure | None
    """As it was given; None where none was."""


class Readings(msgspec.Struct, gc=False):
    """What was read at one time. The numbers below `numbers` are those of the connector as a whole: of the
    values taken elsewhere than at the outlet or inlet nothing is in them. What was not sent is None."""

    at: datetime
    numbers: list[NumberRead]
    """The values that are numbers; signed data and texts are left out."""
    register_wh: float | None = None
    """Energy.Active.Import.Register."""
    power_w: float | None = None
    """Power.Active.Import; the sum of the phases where only those were sent."""
    current_a: float | None = None
    """Current.Import: the largest of the phases."""
    soc_percent: float | None = None


# Looking a member up in its class takes longer than all else that is done with a value.
_SIGNED: Final = ValueFormat.SIGNED_DATA
_OUTLET: Final = Location.OUTLET
_INLET: Final = Location.INLET
_REGISTER: Final = Measurand.ENERGY_ACTIVE_IMPORT_REGISTER
_POWER: Final = Measurand.POWER_ACTIVE_IMPORT
_CURRENT: Final = Measurand.CURRENT_IMPORT
_SOC: Final = Measurand.SOC
_THOUSANDS: Final = frozenset({UnitOfMeasure.KWH, UnitOfMeasure.KW, UnitOfMeasure.KVA, UnitOfMeasure.KVAR})


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


def readings_at(meter_value: MeterValue) -> Readings:
    """The numbers of one moment."""
    numbers: list[NumberRead] = []
    readings = Readings(meter_value.timestamp, numbers)
    phases_w: float | None = None
    for sampled in meter_value.sampled_value:
        value = number_of(sampled)
        if value is None:
            continue
        measurand = _REGISTER if sampled.measurand is UNSET else sampled.measurand
        phase = None if sampled.phase is UNSET else sampled.phase
        location = _OUTLET if sampled.location is UNSET else sampled.location
        unit = None if sampled.unit is UNSET else sampled.unit
        numbers.append(NumberRead(measurand, phase, location, value, unit))
        if measurand is _REGISTER:
            if phase is None and (
                location is _OUTLET or (location is _INLET and readings.register_wh is None)
            ):
                readings.register_wh = value
        elif measurand is _POWER:
            if phase is None:
                readings.power_w = value
            else:
                phases_w = value if phases_w is None else phases_w + value
        elif measurand is _CURRENT:
            if readings.current_a is None or value > readings.current_a:
                readings.current_a = value
        elif measurand is _SOC:
            readings.soc_percent = value
    if phases_w is not None and readings.power_w is None:
        readings.power_w = phases_w
    return readings


_latest: tuple[Any, list[Readings]] = (None, [])


def readings_of(request: MeterValues) -> list[Readings]:
    """All numbers of a message. Many ask for those of one message in a row: the latest is kept."""
    global _latest
    message, readings = _latest
    if message is not request:
        readings = [readings_at(value) for value in request.meter_value]
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
