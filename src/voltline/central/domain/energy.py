"""What the readings of a transaction say of its energy and power (S 7.31, 7.43).

Registers are compared with registers only, intervals summed with intervals. Values that are no number,
or signed, are evidence and take no part in arithmetic.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from decimal import Decimal
from itertools import pairwise
from typing import NamedTuple

from msgspec import Struct

from voltline.central.domain.metering import DEFAULT_LOCATION, Reading

REGISTER = "Energy.Active.Import.Register"
INTERVAL = "Energy.Active.Import.Interval"
POWER = "Power.Active.Import"

_NUMBER = re.compile(r"[+-]?(?:\d{1,18}(?:[.,]\d{0,18})?|[.,]\d{1,18})(?:[eE][+-]?\d{1,2})?")
_LARGEST = Decimal(10) ** 15
_ENERGY_UNITS = {None: Decimal(1), "": Decimal(1), "wh": Decimal(1), "kwh": Decimal(1000)}
_POWER_UNITS = {None: Decimal(1), "": Decimal(1), "w": Decimal(1), "kw": Decimal(1000)}
_PHASES = (("L1", "L2", "L3"), ("L1-N", "L2-N", "L3-N"))
_LOCATIONS = (DEFAULT_LOCATION, "Cable", "EV", "Body", "Inlet")
_STRONGEST_CHARGER_W = 2_000_000
_MARGIN_WH = 100_000
"""What may have been charged before the first reading, beyond what time allows for: clocks differ."""
_SMALLEST_FALL_WH = 1


class Sample(NamedTuple):
    """One number of a series."""

    at: datetime
    value: Decimal
    """In Wh or W."""


class PowerPoint(Struct, frozen=True, kw_only=True):
    """The active power to the vehicle at one time, or in the time up to it."""

    at: datetime
    power_w: float
    measured: bool
    """False: no meter said so; it is the energy since the point before, divided by the time."""


class EnergyByReadings(Struct, frozen=True, kw_only=True):
    """What a transaction's readings say of its energy, in Wh; None: they say nothing."""

    register_first_wh: float | None = None
    register_last_wh: float | None = None
    risen_wh: float | None = None
    """How much the register rose from reading to reading; a fall does not count."""
    intervals_wh: float | None = None
    """The sum of the interval values."""
    fell: bool = False
    """The register fell by a watt-hour or more."""
    of_session: bool = False
    """The readings count from the start of the transaction, meterStart over the meter's life."""
    other_base: bool = False
    """The readings count over the meter's life, meterStart does not."""

    def disagrees_with(self, energy_wh: int) -> bool:
        """Whether meterStop less meterStart is another energy than what the readings rose by."""
        charged = self.risen_wh if self.risen_wh is not None else self.intervals_wh
        if charged is None:
            return False
        tolerance = max(100.0, 0.02 * max(charged, energy_wh))
        return charged > energy_wh + tolerance or (
            self.other_base and energy_wh > charged + tolerance + _MARGIN_WH
        )


def number(text: str) -> Decimal | None:
    """A value as sent; a decimal comma is understood. None: it is no number, or no sane one."""
    text = text.strip()
    if len(text) > 45 or _NUMBER.fullmatch(text) is None:
        return None
    found = Decimal(text.replace(",", "."))
    return found if abs(found) <= _LARGEST else None


def register_samples(readings: Iterable[Reading]) -> tuple[Sample, ...]:
    """The register for imported energy in Wh, in order of time."""
    return _series(readings, REGISTER, _ENERGY_UNITS)


def power_samples(readings: Iterable[Reading]) -> tuple[Sample, ...]:
    """The active power to the vehicle in W, in order of time."""
    return _series(readings, POWER, _POWER_UNITS)


def energy_by_readings(
    meter_start_wh: int, began_at: datetime, readings: Sequence[Reading]
) -> EnergyByReadings:
    """What the readings say; `meter_start_wh` tells registers of the session from those of a meter's life."""
    registers = register_samples(readings)
    intervals = _intervals(readings)
    summed = float(sum((sample.value for sample in intervals), Decimal(0))) if intervals else None
    if not registers:
        return EnergyByReadings(intervals_wh=summed)
    offset = _offset(meter_start_wh, began_at, registers)
    values = [sample.value for sample in registers]
    steps = [later - earlier for earlier, later in pairwise(values)]
    return EnergyByReadings(
        register_first_wh=float(values[0]),
        register_last_wh=float(values[-1]),
        risen_wh=float(sum((step for step in steps if step > 0), Decimal(0))),
        intervals_wh=summed,
        fell=any(step <= -_SMALLEST_FALL_WH for step in steps),
        of_session=offset > 0,
        other_base=offset < 0,
    )


def last_plausible_wh(
    meter_start_wh: int, began_at: datetime, readings: Iterable[Reading], until: datetime | None = None
) -> int | None:
    """The register at the end of a transaction that nobody stopped, in Wh, on the base of its meterStart.

    The last reading of the last rising run of readings: a meter that went back, and stands still or
    below meterStart since, is passed over. None: no reading can be used.
    """
    registers = [one for one in register_samples(readings) if until is None or one.at <= until]
    if not registers:
        return None
    offset = _offset(meter_start_wh, began_at, registers)
    values = [Decimal(meter_start_wh), *(sample.value + offset for sample in registers)]
    end: Decimal | None = None
    for earlier, later in pairwise(values):
        if later > earlier and later >= values[0]:
            end = later
    return meter_start_wh if end is None else min(int(end), 2**63 - 1)  # what a database holds


def power_curve(
    meter_start_wh: int, began_at: datetime, readings: Sequence[Reading]
) -> tuple[PowerPoint, ...]:
    """The power over time: as measured, else from the energy between two readings of the register."""
    measured = power_samples(readings)
    if measured:
        return tuple(
            PowerPoint(at=sample.at, power_w=round(float(sample.value), 3), measured=True)
            for sample in measured
        )
    registers = register_samples(readings)
    if registers and _offset(meter_start_wh, began_at, registers) == 0 and registers[0].at > began_at:
        registers = (Sample(began_at, Decimal(meter_start_wh)), *registers)
    points = []
    for earlier, later in pairwise(registers):
        seconds = (later.at - earlier.at).total_seconds()
        if seconds >= 1 and later.value >= earlier.value:
            power = float(later.value - earlier.value) * 3600 / seconds
            points.append(PowerPoint(at=later.at, power_w=round(power, 3), measured=False))
    return tuple(points)


def _offset(meter_start_wh: int, began_at: datetime, registers: Sequence[Sample]) -> Decimal:
    """What has to be added to the readings so that they count from where meterStart does.

    Some charge points report meterStart of the meter's life and readings of the session, or the other
    way round (lifetime readings after a meterStart of 0).
    """
    start, first = Decimal(meter_start_wh), registers[0].value
    if all(sample.value < start for sample in registers):
        return start
    elapsed_s = max(0.0, (registers[0].at - began_at).total_seconds())
    if first - start > Decimal(elapsed_s * _STRONGEST_CHARGER_W / 3600) + _MARGIN_WH:
        return start - first
    return Decimal(0)


def _intervals(readings: Iterable[Reading]) -> tuple[Sample, ...]:
    """Energies of intervals; of sampled and clock-aligned ones, which overlap, one kind only (S 3.16)."""
    found = list(readings)
    sampled = [one for one in found if one.context != "Sample.Clock"]
    return _series(sampled, INTERVAL, _ENERGY_UNITS) or _series(found, INTERVAL, _ENERGY_UNITS)


def _series(
    readings: Iterable[Reading], measurand: str, units: dict[str | None, Decimal]
) -> tuple[Sample, ...]:
    """One number an instant: the overall value where there is one, else the sum of the phases."""
    places: dict[str, dict[datetime, dict[str | None, Decimal]]] = {}
    for reading in readings:
        if reading.measurand != measurand or reading.format == "SignedData":
            continue
        factor = units.get(reading.unit.lower() if reading.unit else reading.unit)
        value = number(reading.value)
        if factor is not None and value is not None:
            instants = places.setdefault(reading.location, {})
            instants.setdefault(reading.measured_at, {})[reading.phase or None] = value * factor
    if not places:
        return ()
    place = next((one for one in _LOCATIONS if one in places), next(iter(places)))
    return tuple(_totals(places[place]))


def _totals(instants: dict[datetime, dict[str | None, Decimal]]) -> Iterator[Sample]:
    for at in sorted(instants):
        phases = instants[at]
        if None in phases:
            yield Sample(at, phases[None])
            continue
        for family in _PHASES:
            if parts := [phases[phase] for phase in family if phase in phases]:
                yield Sample(at, sum(parts, Decimal(0)))
                break
