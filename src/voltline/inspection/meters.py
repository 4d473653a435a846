"""What meter values say, each as a number with the defaults of OCPP 1.6, 7.43 filled in."""

from datetime import datetime
from math import isfinite
from typing import Final

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
    """What was read at one time. The numbers below `has_voltage_of_phases` are those of the connector as a
    whole: of the values taken elsewhere than at the outlet or inlet nothing is in them. What was not sent is
    None."""

    at: datetime
    samples: list[SampledValue]
    """The values that are numbers, as they came; signed data and texts are left out."""
    values: list[float]
    """Their numbers, in Wh, W, VA or var where their unit is a thousand of them."""
    registers: list[NumberRead]
    """Those of them that count energy up."""
    unread: int
    """How many values were no numbers."""
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

    @property
    def numbers(self) -> list[NumberRead]:
        """The values with all that is told of them. Made anew each time: few messages are looked at so."""
        return list(map(_number_read, self.samples, self.values))


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
    samples = meter_value.sampled_value
    values: list[float] = []
    registers: list[NumberRead] = []
    has_voltage_of_phases = False
    register_wh = power_w = export_w = current_a = soc_percent = None
    imported_w = exported_w = None
    for sampled in samples:
        try:
            value = float(sampled.value)
        except ValueError:
            return _readings_without_texts(meter_value)
        if value * 0.0 != 0.0 or sampled.format is _SIGNED:  # so it is of what is infinite or no number
            return _readings_without_texts(meter_value)
        if sampled.unit in _THOUSANDS:
            value *= 1000
        values.append(value)
        measurand = sampled.measurand
        if measurand is _REGISTER or measurand is UNSET:
            registers.append(_number_read(sampled, value))
            location = sampled.location
            if sampled.phase is UNSET and (
                location is UNSET or location is _OUTLET or (location is _INLET and register_wh is None)
            ):
                register_wh = value
        elif measurand is _POWER:
            if sampled.phase is UNSET:
                power_w = value
            else:
                imported_w = value + (imported_w or 0.0)
        elif measurand is _CURRENT:
            if current_a is None or value > current_a:
                current_a = value
        elif measurand is _VOLTAGE:
            if sampled.phase is not UNSET:
                has_voltage_of_phases = True
        elif measurand is _EXPORT:
            if sampled.phase is UNSET:
                export_w = value
            else:
                exported_w = value + (exported_w or 0.0)
        elif measurand is _SOC:
            soc_percent = value
        elif measurand in REGISTERS:
            registers.append(_number_read(sampled, value))
    return Readings(
        meter_value.timestamp,
        samples,
        values,
        registers,
        0,
        has_voltage_of_phases,
        register_wh,
        imported_w if power_w is None else power_w,
        exported_w if export_w is None else export_w,
        current_a,
        soc_percent,
    )


def _readings_without_texts(meter_value: MeterValue) -> Readings:
    samples = meter_value.sampled_value
    numbers = [sampled for sampled in samples if number_of(sampled) is not None]
    readings = readings_at(MeterValue(timestamp=meter_value.timestamp, sampled_value=numbers))
    readings.unread = len(samples) - len(numbers)
    return readings


def _number_read(sampled: SampledValue, value: float) -> NumberRead:
    measurand, phase, location, unit = sampled.measurand, sampled.phase, sampled.location, sampled.unit
    return NumberRead(
        _REGISTER if measurand is UNSET else measurand,
        None if phase is UNSET else phase,
        _OUTLET if location is UNSET else location,
        value,
        None if unit is UNSET else unit,
    )


_latest_request: MeterValues | None = None
_latest_readings: list[Readings] = []


def readings_of(request: MeterValues) -> list[Readings]:
    """All numbers of a message. Many ask for those of one message in a row: the latest is kept."""
    global _latest_request, _latest_readings
    if request is _latest_request:
        return _latest_readings
    _latest_readings = list(map(readings_at, request.meter_value))
    _latest_request = request
    return _latest_readings


def register_wh(value: MeterValue) -> float | None:
    """The import register in Wh, of all phases together; None if it is not among the values."""
    for sample in value.sampled_value:
        measurand = sample.measurand
        register = measurand is UNSET or measurand is _REGISTER
        if register and sample.phase is UNSET:
            return number_of(sample)
    return None
