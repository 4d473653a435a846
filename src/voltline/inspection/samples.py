"""The numbers in a MeterValue that tell how a session goes."""

from datetime import datetime
from math import isfinite
from typing import Final

import msgspec
from msgspec import UNSET

from voltline.messages import Location, Measurand, MeterValue, SampledValue, UnitOfMeasure, ValueFormat

__all__ = ["Sample", "number_of", "sample_of"]

_THOUSANDS: Final = frozenset({UnitOfMeasure.KWH, UnitOfMeasure.KW, UnitOfMeasure.KVA, UnitOfMeasure.KVAR})


class Sample(msgspec.Struct, gc=False):
    """What was measured at one moment, for the connector as a whole. What was not sent is None."""

    at: datetime
    register_wh: float | None = None
    """Energy.Active.Import.Register."""
    power_w: float | None = None
    """Power.Active.Import; the sum of the phases where only those were sent."""
    current_a: float | None = None
    """Current.Import: the largest of the phases."""
    soc_percent: float | None = None


def number_of(sampled: SampledValue) -> float | None:
    """The value in Wh, W, VA or var where its unit is a thousand of them, else as sent; None if no number."""
    if sampled.format is ValueFormat.SIGNED_DATA:
        return None
    try:
        value = float(sampled.value)
    except ValueError:
        return None
    if not isfinite(value):
        return None
    return value * 1000 if sampled.unit in _THOUSANDS else value


def sample_of(meter_value: MeterValue) -> Sample:
    """The main numbers of a MeterValue. Values taken elsewhere than at the outlet or inlet are left out."""
    sample = Sample(meter_value.timestamp)
    phases_w = 0.0
    phases = 0
    for sampled in meter_value.sampled_value:
        measurand = sampled.measurand
        if measurand is UNSET or measurand is Measurand.ENERGY_ACTIVE_IMPORT_REGISTER:
            if sampled.phase is UNSET and sampled.location in _METER:
                value = number_of(sampled)
                if value is not None and (
                    sample.register_wh is None or sampled.location is not Location.INLET
                ):
                    sample.register_wh = value
        elif measurand is Measurand.POWER_ACTIVE_IMPORT:
            value = number_of(sampled)
            if value is None:
                continue
            if sampled.phase is UNSET:
                sample.power_w = value
            else:
                phases_w += value
                phases += 1
        elif measurand is Measurand.CURRENT_IMPORT:
            value = number_of(sampled)
            if value is not None and (sample.current_a is None or value > sample.current_a):
                sample.current_a = value
        elif measurand is Measurand.SOC:
            sample.soc_percent = number_of(sampled)
    if sample.power_w is None and phases:
        sample.power_w = phases_w
    return sample


_METER: Final = (UNSET, Location.OUTLET, Location.INLET)
