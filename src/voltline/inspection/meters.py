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

__all__ = ["REGISTERS", "NumberRead", "Readings", "number_of", "readings_at", "readings_of", "register_wh"]


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
    registers: list[NumberRead]
    """Those of them that count energy up."""
    unread: int
    """How many values were no numbers."""
    has_voltage_of_phases: bool = False
    register_wh: float | None = None
    """Energy.Active.Import.Register."""
    power_w: float | None = None
    """Power.Active.Import; the sum of the phases where only those were sent."""
    export_w: float | None = None
    """Power.Active.Export, likewise."""
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


def readings_at(meter_value: MeterValue) -> Readings:
    """The numbers of one moment."""
    sampled_values = meter_value.sampled_value
    numbers: list[NumberRead] = []
    readings = Readings(meter_value.timestamp, numbers, [], 0)
    imported_w: float | None = None
    exported_w: float | None = None
    for sampled in sampled_values:
        value = number_of(sampled)
        if value is None:
            readings.unread += 1
            continue
        measurand = _REGISTER if sampled.measurand is UNSET else sampled.measurand
        phase = None if sampled.phase is UNSET else sampled.phase
        location = _OUTLET if sampled.location is UNSET else sampled.location
        unit = None if sampled.unit is UNSET else sampled.unit
        number = NumberRead(measurand, phase, location, value, unit)
        numbers.append(number)
        if measurand is _REGISTER:
            readings.registers.append(number)
            if phase is None and (
                location is _OUTLET or (location is _INLET and readings.register_wh is None)
            ):
                readings.register_wh = value
        elif measurand is _POWER:
            if phase is None:
                readings.power_w = value
            else:
                imported_w = value + (imported_w or 0.0)
        elif measurand is _CURRENT:
            if readings.current_a is None or value > readings.current_a:
                readings.current_a = value
        elif measurand is _VOLTAGE:
            if phase is not None:
                readings.has_voltage_of_phases = True
        elif measurand is _EXPORT:
            if phase is None:
                readings.export_w = value
            else:
                exported_w = value + (exported_w or 0.0)
        elif measurand is _SOC:
            readings.soc_percent = value
        elif measurand in REGISTERS:
            readings.registers.append(number)
    if readings.power_w is None:
        readings.power_w = imported_w
    if readings.export_w is None:
        readings.export_w = exported_w
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
