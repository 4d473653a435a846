"""One connector as physics: grid, contactor, cable, car and the meter between them."""

from math import floor, sin, tau
from random import Random

from voltline.messages import Location, Measurand, Phase, UnitOfMeasure
from voltline.station.core.hardware import Measured
from voltline.station.simulator.vehicle import POWER_FACTOR, Vehicle

NOMINAL_V = 230.0
CABLE_OHM = 0.12
"""Of the feed to the station, which makes the voltage sink under load."""
RAMP_S = 6.0
"""How long a car takes from nothing to its full current."""
STEP_S = 5.0
"""The grain of the energy integral."""
SOON_S = 2.0
"""A car that is almost full is looked at again so much later."""

MEASURANDS = frozenset(
    {
        Measurand.ENERGY_ACTIVE_IMPORT_REGISTER,
        Measurand.POWER_ACTIVE_IMPORT,
        Measurand.CURRENT_IMPORT,
        Measurand.CURRENT_OFFERED,
        Measurand.POWER_OFFERED,
        Measurand.VOLTAGE,
        Measurand.SOC,
    }
)
"""What the simulated meter can tell."""

_LINES = (Phase.L1, Phase.L2, Phase.L3)
_TO_NEUTRAL = (Phase.L1_N, Phase.L2_N, Phase.L3_N)


class Outlet:
    """Energy from the grid to the car, integrated when somebody looks. Times in seconds, monotonic."""

    __slots__ = (
        "_at",
        "_drifts",
        "_flowing_since",
        "_phases",
        "_rated_a",
        "_told_ready",
        "energized",
        "register_wh",
        "vehicle",
    )

    def __init__(self, *, phases: int, power_w: float, register_wh: float, chance: Random) -> None:
        self._phases = phases
        self._rated_a = power_w / (phases * NOMINAL_V)
        self._drifts = [(chance.uniform(-2.0, 2.0), chance.uniform(0.0, tau)) for _ in range(phases)]
        self._at = 0.0
        self._flowing_since: float | None = None
        self._told_ready = True
        self.register_wh = register_wh
        """The meter's own register; it only rises."""
        self.vehicle: Vehicle | None = None
        self.energized = False

    def attach(self, vehicle: Vehicle | None, now: float) -> None:
        """Plug a car in, or with None take it away."""
        self.advance(now)
        self.vehicle = vehicle
        self._flowing_since = None
        self._told_ready = True

    def energize(self, on: bool, now: float) -> None:
        """Close or open the contactor."""
        self.advance(now)
        self.energized = on
        self._flowing_since = None

    def advance(self, now: float) -> None:
        """Let the energy flow up to this moment."""
        while self._at < now:
            if self.vehicle is None or not self.energized or not self.vehicle.asks_for_energy:
                self._at = now
                return
            if self._flowing_since is None:
                self._flowing_since = self._at
            step_s = min(STEP_S, now - self._at)
            self._at += step_s
            energy_wh = min(self.power_w() * step_s / 3600.0, self.vehicle.missing_wh)
            self.vehicle.take(energy_wh)
            if self.vehicle.missing_wh < 1e-6:
                self.vehicle.energy_wh = self.vehicle.target_soc * self.vehicle.model.battery_wh
            self.register_wh += energy_wh

    def next_event(self) -> float | None:
        """The earliest moment at which the car may have had enough, None if it takes nothing."""
        vehicle = self.vehicle
        if vehicle is None:
            return None
        if vehicle.asks_for_energy is not self._told_ready:
            return self._at
        if not self.energized:
            return None
        # With its full current from now on it would be done soonest.
        greatest_w = self._lines_in_use() * vehicle.current_a(self._rated_a) * (NOMINAL_V + 4.0)
        if greatest_w <= 0.0:
            return None
        return self._at + max(SOON_S, vehicle.missing_wh / greatest_w * 3600.0)

    def readiness_change(self) -> bool | None:
        """Whether the car now asks for energy, if that was not so before; None if nothing has changed."""
        if self.vehicle is None or self.vehicle.asks_for_energy is self._told_ready:
            return None
        self._told_ready = self.vehicle.asks_for_energy
        return self._told_ready

    def currents_a(self) -> list[float]:
        """What flows on each phase now."""
        currents = [0.0] * self._phases
        vehicle = self.vehicle
        if vehicle is not None and self.energized and self._flowing_since is not None:
            ramp = min(1.0, (self._at - self._flowing_since) / RAMP_S)
            for line in range(self._lines_in_use()):
                currents[line] = vehicle.current_a(self._rated_a) * ramp
        return currents

    def voltages_v(self) -> list[float]:
        """What lies on each phase now: it drifts slowly, and sinks under load."""
        return [
            NOMINAL_V + offset + 1.5 * sin(self._at / 97.0 + phase) - CABLE_OHM * current
            for (offset, phase), current in zip(self._drifts, self.currents_a(), strict=True)
        ]

    def power_w(self) -> float:
        """Active power to the car now."""
        products = zip(self.voltages_v(), self.currents_a(), strict=True)
        return POWER_FACTOR * sum(voltage * current for voltage, current in products)

    def measured(self) -> list[Measured]:
        """Everything its meter tells."""
        energy, amperes = Measurand.ENERGY_ACTIVE_IMPORT_REGISTER, UnitOfMeasure.A
        offered_a = self._rated_a if self.energized else 0.0
        offered_w = offered_a * self._phases * NOMINAL_V
        values = [
            Measured(energy, floor(self.register_wh), UnitOfMeasure.WH, decimals=0),
            Measured(Measurand.POWER_ACTIVE_IMPORT, self.power_w(), UnitOfMeasure.W),
        ]
        for line, current in zip(_LINES, self.currents_a(), strict=False):
            values.append(Measured(Measurand.CURRENT_IMPORT, current, amperes, line, decimals=2))
        for line, voltage in zip(_TO_NEUTRAL, self.voltages_v(), strict=False):
            values.append(Measured(Measurand.VOLTAGE, voltage, UnitOfMeasure.V, line))
        values.append(Measured(Measurand.CURRENT_OFFERED, offered_a, amperes))
        values.append(Measured(Measurand.POWER_OFFERED, offered_w, UnitOfMeasure.W, decimals=0))
        if self.vehicle is not None:
            percent, where = UnitOfMeasure.PERCENT, Location.EV
            soc = Measured(Measurand.SOC, 100.0 * self.vehicle.soc, percent, location=where, decimals=0)
            values.append(soc)
        return values

    def _lines_in_use(self) -> int:
        return 0 if self.vehicle is None else self.vehicle.phases_used(self._phases)
