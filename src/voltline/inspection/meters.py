"""What meter values say, each as a number with the defaults of OCPP 1.6, 7.43 filled in."""

from typing import NamedTuple

from msgspec import UNSET

from voltline.inspection.samples import number_of
from voltline.messages import Location, Measurand, MeterValue, Phase, UnitOfMeasure

__all__ = ["NumberRead", "numbers_of", "register_wh"]


class NumberRead(NamedTuple):
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


def register_wh(value: MeterValue) -> float | None:
    """The import register in Wh, of all phases together; None if it is not among the values."""
    for sample in value.sampled_value:
        measurand = sample.measurand
        register = measurand is UNSET or measurand is Measurand.ENERGY_ACTIVE_IMPORT_REGISTER
        if register and sample.phase is UNSET:
            return number_of(sample)
    return None
