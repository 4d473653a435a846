"""What meter values say, each as a number with the defaults of OCPP 1.6, 7.43 filled in."""

from datetime import datetime
from typing import Any, NamedTuple

import msgspec
from msgspec import UNSET

from voltline.inspection.samples import number_of
from voltline.messages import Location, Measurand, MeterValue, MeterValues, Phase, UnitOfMeasure

__all__ = ["NumberRead", "Readings", "numbers_of", "readings_of", "register_wh"]


class NumberRead(msgspec.Struct, frozen=True, gc=False):
    """A sampled value as a number, in Wh, W, A, V, or whatever the measurand is told in."""

    measurand: Measurand
    phase: Phase | None
    location: Location
    value: float
    unit: UnitOfMeasure | None
    """As it was given; None where none was."""


def numbers_of(value: MeterValue) -> list[NumberRead]:
    """The sampled values that are numbers; signed data and texts are left out."""
    found = []
    for sample in value.sampled_value:
        number = number_of(sample)
        if number is None:
            continue
        measurand, phase, location, unit = sample.measurand, sample.phase, sample.location, sample.unit
        found.append(
            NumberRead(
                Measurand.ENERGY_ACTIVE_IMPORT_REGISTER if measurand is UNSET else measurand,
                None if phase is UNSET else phase,
                Location.OUTLET if location is UNSET else location,
                number,
                None if unit is UNSET else unit,
            )
        )
    return found


class Readings(NamedTuple):
    """What was read at one time."""

    at: datetime
    numbers: list[NumberRead]


_latest: tuple[Any, list[Readings]] = (None, [])


def readings_of(request: MeterValues) -> list[Readings]:
    """All numbers of a message. Many detectors ask for those of one message in a row: the latest is kept."""
    global _latest
    message, readings = _latest
    if message is not request:
        readings = [Readings(value.timestamp, numbers_of(value)) for value in request.meter_value]
        _latest = request, readings
    return readings


def register_wh(value: MeterValue) -> float | None:
    """The import register in Wh, of all phases together; None if it is not among the values."""
    for sample in value.sampled_value:
        measurand = sample.measurand
        register = measurand is UNSET or measurand is Measurand.ENERGY_ACTIVE_IMPORT_REGISTER
        if register and sample.phase is UNSET:
            return number_of(sample)
    return None
