"""What the meter of a simulated connector tells: all 22 measurands of OCPP 1.6, 7.31."""

from collections.abc import Callable, Iterable
from collections.abc import Set as AbstractSet
from decimal import Decimal
from math import floor

from msgspec.structs import replace

from voltline.messages import Location, Measurand, Phase, UnitOfMeasure
from voltline.quirks import ReadingFault
from voltline.station.core.hardware import Measured
from voltline.station.simulator.outlet import GRID_PHASES, NOMINAL_V, Outlet

MEASURANDS = frozenset(Measurand)
"""The simulated meter can tell them all."""

_LINES = (Phase.L1, Phase.L2, Phase.L3)
_TO_NEUTRAL = (Phase.L1_N, Phase.L2_N, Phase.L3_N)
_BETWEEN = (Phase.L1_L2, Phase.L2_L3, Phase.L3_L1)
_NOISE = 0.002
"""The last digits of a reading."""

M, U = Measurand, UnitOfMeasure

_REGISTERS = (
    M.ENERGY_ACTIVE_IMPORT_REGISTER,
    M.ENERGY_ACTIVE_EXPORT_REGISTER,
    M.ENERGY_REACTIVE_IMPORT_REGISTER,
    M.ENERGY_REACTIVE_EXPORT_REGISTER,
)
_ENERGY_UNITS = (U.WH, U.WH, U.VARH, U.VARH)
_INTERVALS = (
    M.ENERGY_ACTIVE_IMPORT_INTERVAL,
    M.ENERGY_ACTIVE_EXPORT_INTERVAL,
    M.ENERGY_REACTIVE_IMPORT_INTERVAL,
    M.ENERGY_REACTIVE_EXPORT_INTERVAL,
)
_POWERS = (
    M.POWER_ACTIVE_IMPORT,
    M.POWER_ACTIVE_EXPORT,
    M.POWER_REACTIVE_IMPORT,
    M.POWER_REACTIVE_EXPORT,
)
_SUMMED = frozenset((*_REGISTERS, *_INTERVALS, *_POWERS))
_CURRENTS = (M.CURRENT_IMPORT, M.CURRENT_EXPORT)
_AVERAGED = (M.VOLTAGE, M.FREQUENCY)


def readings(outlet: Outlet, wanted: AbstractSet[str] = MEASURANDS) -> list[Measured]:
    """What can be told at the moment up to which the outlet was advanced: at least what is wanted of it.

    Thousands of stations read their meters all the time, and most want a few of 22 measurands.
    """
    inside = Location.BODY
    values: list[Measured] = []
    for measurands, tell in _GROUPS:
        if not wanted.isdisjoint(measurands):
            values += tell(outlet)
    if M.FREQUENCY in wanted:
        values.append(Measured(M.FREQUENCY, outlet.frequency_hz(), decimals=2))
    if M.TEMPERATURE in wanted:
        values.append(Measured(M.TEMPERATURE, outlet.temperature_c, U.CELSIUS, location=inside))
    if M.RPM in wanted:
        values.append(Measured(M.RPM, outlet.fan_rpm(), location=inside, decimals=0))
    if outlet.vehicle is not None and M.SOC in wanted:
        soc = 100.0 * outlet.vehicle.soc
        values.append(Measured(M.SOC, soc, U.PERCENT, location=Location.EV, decimals=0))
    return values


def readings_together(outlets: Iterable[Outlet], wanted: AbstractSet[str] = MEASURANDS) -> list[Measured]:
    """What the main meter of a station tells at that moment: of what flows the sum, and the grid's voltage.

    Direct current is made behind it, and does not show.
    """
    places: dict[tuple[Measurand, Phase | None], list[Measured]] = {}
    for outlet in outlets:
        for one in readings(outlet, wanted):
            if one.measurand in _SUMMED or (outlet.phases and one.measurand in (*_CURRENTS, *_AVERAGED)):
                places.setdefault((one.measurand, one.phase), []).append(one)
    together = []
    for same in places.values():
        value = sum(one.value for one in same)
        if same[0].measurand in _AVERAGED:
            value /= len(same)
        together.append(replace(same[0], value=value))
    return together


def _registers(outlet: Outlet) -> list[Measured]:
    return [
        Measured(measurand, floor(value), unit, decimals=0)
        for measurand, value, unit in zip(_REGISTERS, outlet.registers.values(), _ENERGY_UNITS, strict=True)
    ]


def _intervals(outlet: Outlet) -> list[Measured]:
    return [
        Measured(measurand, value, unit, decimals=0)
        for measurand, value, unit in zip(_INTERVALS, outlet.interval(), _ENERGY_UNITS, strict=True)
    ]


def _power(outlet: Outlet) -> list[Measured]:
    noise = outlet.noise(_NOISE, 1.0)
    active_w = outlet.power_w() * noise
    reactive_var = active_w * outlet.reactive_share()
    out = outlet.vehicle is not None and outlet.vehicle.feeds_back
    return [
        Measured(M.POWER_ACTIVE_IMPORT, 0.0 if out else active_w, U.W),
        Measured(M.POWER_ACTIVE_EXPORT, active_w if out else 0.0, U.W),
        Measured(M.POWER_REACTIVE_IMPORT, 0.0 if out else reactive_var, U.VAR),
        Measured(M.POWER_REACTIVE_EXPORT, reactive_var if out else 0.0, U.VAR),
        Measured(M.POWER_FACTOR, outlet.power_factor(), decimals=2),
    ]


def _currents(outlet: Outlet) -> list[Measured]:
    phases = outlet.phases
    out = outlet.vehicle is not None and outlet.vehicle.feeds_back
    values = []
    lines = _LINES[:phases] if phases else (None,)
    for number, (line, current) in enumerate(zip(lines, outlet.currents_a(), strict=True)):
        told = current * outlet.noise(_NOISE, 2.0 + number)
        values.append(Measured(M.CURRENT_IMPORT, 0.0 if out else told, U.A, line, decimals=2))
        values.append(Measured(M.CURRENT_EXPORT, told if out else 0.0, U.A, line, decimals=2))
    return values


def _voltages(outlet: Outlet) -> list[Measured]:
    phases = _TO_NEUTRAL[: outlet.phases] if outlet.phases else (None,)
    values = [
        Measured(M.VOLTAGE, voltage, U.V, phase)
        for phase, voltage in zip(phases, outlet.voltages_v(), strict=True)
    ]
    for phase, voltage in zip(_BETWEEN, outlet.voltages_between_v(), strict=False):
        values.append(Measured(M.VOLTAGE, voltage, U.V, phase))
    return values


def _offers(outlet: Outlet) -> list[Measured]:
    offered_w = outlet.offered_a * (outlet.phases or GRID_PHASES) * NOMINAL_V
    return [
        Measured(M.CURRENT_OFFERED, _offered_a(outlet, offered_w), U.A),
        Measured(M.POWER_OFFERED, offered_w, U.W, decimals=0),
    ]


def _offered_a(outlet: Outlet, offered_w: float) -> float:
    if outlet.phases:
        return outlet.offered_a
    voltage = outlet.voltages_v()[0]
    return offered_w / voltage if voltage else 0.0


_GROUPS: tuple[tuple[AbstractSet[str], Callable[[Outlet], list[Measured]]], ...] = (
    (frozenset(_REGISTERS), _registers),
    (frozenset(_INTERVALS), _intervals),
    (frozenset((*_POWERS, M.POWER_FACTOR)), _power),
    (frozenset(_CURRENTS), _currents),
    (frozenset({M.VOLTAGE}), _voltages),
    (frozenset({M.CURRENT_OFFERED, M.POWER_OFFERED}), _offers),
)
"""What is told together, in the order in which it is told."""


def misread(values: Iterable[Measured], faults: Iterable[ReadingFault]) -> list[Measured]:
    """The readings as a charge point with these quirks tells them: the right quantity, the wrong number."""
    by_measurand = {fault.measurand: fault for fault in faults}
    told = []
    for one in values:
        fault = by_measurand.get(one.measurand)
        if fault is None:
            told.append(one)
            continue
        # What is meant is the number told times the factor.
        value = float(Decimal(one.value) / fault.factor)
        decimals = max(0, one.decimals + fault.factor.adjusted())
        told.append(replace(one, value=value, unit=UnitOfMeasure(fault.unit), decimals=decimals))
    return told
