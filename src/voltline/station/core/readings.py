"""From what a meter shows to what goes on the wire (OCPP 1.6, 7.31 and 7.43)."""

from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import NamedTuple

from msgspec.structs import replace

from voltline.messages import UNSET, Location, Measurand, Phase, ReadingContext, SampledValue, UnitOfMeasure
from voltline.station.core.hardware import Measured
from voltline.station.core.measurands import Selection

INTERVALS = frozenset(one for one in Measurand if one.endswith(".Interval"))
"""Energy from one reading to the next, which the core counts from the registers."""

_REGISTERS = {one: Measurand(f"{one.removesuffix('.Interval')}.Register") for one in INTERVALS}

REGISTERS = frozenset(_REGISTERS.values())


class Place(NamedTuple):
    """Where which quantity is measured."""

    measurand: Measurand
    phase: Phase | None
    location: Location | None


def place_of(measured: Measured) -> Place:
    """Where this is measured."""
    return Place(measured.measurand, measured.phase, measured.location)


def register_of(place: Place) -> Place | None:
    """The register that the energy of an interval is counted by, None for any other quantity."""
    register = _REGISTERS.get(place.measurand)
    return None if register is None else place._replace(measurand=register)


def registers_in(values: Iterable[Measured]) -> dict[Place, float]:
    """The readings of all registers."""
    return {place_of(one): one.value for one in values if one.measurand.endswith(".Register")}


def intervals_since(marks: Mapping[Place, float], values: Iterable[Measured]) -> list[Measured]:
    """The same values, with the energy of intervals counted from these register readings on."""
    values = list(values)
    registers = registers_in(values)
    told = []
    for one in values:
        register = register_of(place_of(one))
        if register is not None and register in marks and register in registers:
            one = replace(one, value=registers[register] - marks[register])
        told.append(one)
    return told


def sampled(
    measured: Iterable[Measured],
    selection: Selection,
    context: ReadingContext,
    celsius: UnitOfMeasure = UnitOfMeasure.CELSIUS,
) -> list[SampledValue]:
    """The chosen ones of these measurements, as they go on the wire. `celsius` is how that unit is spelt."""
    phases = _phases_of(selection)
    return [
        SampledValue(
            value=f"{one.value:.{one.decimals}f}",
            context=context,
            measurand=one.measurand,
            phase=UNSET if one.phase is None else one.phase,
            location=UNSET if one.location is None else one.location,
            unit=UNSET if one.unit is None else celsius if one.unit is UnitOfMeasure.CELSIUS else one.unit,
        )
        for one in measured
        if (chosen := phases.get(one.measurand)) is not None and ("" in chosen or one.phase in chosen)
    ]


@lru_cache(maxsize=256)
def needed_for(selection: Selection) -> frozenset[str]:
    """The measurands that have to be read to tell these: an interval is counted by its register."""
    chosen = {measurand for measurand, _ in selection}
    return frozenset(chosen | {_REGISTERS[one] for one in INTERVALS & chosen})


@lru_cache(maxsize=256)
def _phases_of(selection: Selection) -> dict[str, frozenset[str]]:
    """The phases that are chosen, by measurand; "" stands for all of them."""
    phases: dict[str, frozenset[str]] = {}
    for measurand, phase in selection:
        chosen = {phase, f"{phase}-N"} if phase else {""}
        phases[measurand] = phases.get(measurand, frozenset()) | chosen
    return phases
