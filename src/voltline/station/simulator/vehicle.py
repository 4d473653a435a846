"""Plausible cars: a battery, an on-board charger, and a curve between the two."""

from collections.abc import Sequence
from random import Random

import msgspec

Curve = tuple[tuple[float, float], ...]
"""Points (state of charge from 0 to 1, share of the greatest power), straight lines in between."""

AC_CURVE: Curve = ((0.0, 1.0), (0.92, 1.0), (1.0, 0.12))
"""An on-board charger gives all it has until the cells are almost full."""

LEAST_CURRENT_A = 6.0
"""Below it a vehicle on alternating current does not charge (IEC 61851-1)."""

POWER_FACTOR = 0.99


class CarModel(msgspec.Struct, frozen=True, kw_only=True):
    """A make of car as the station sees it."""

    name: str
    battery_wh: float
    phases: int
    """Phases of the on-board charger, 1 to 3."""
    current_a: float
    """The most it takes on each phase."""
    curve: Curve = AC_CURVE


CARS: tuple[CarModel, ...] = (
    CarModel(name="city car, 1 phase", battery_wh=40_000, phases=1, current_a=32.0),
    CarModel(name="compact, 2 phases", battery_wh=36_000, phases=2, current_a=16.0),
    CarModel(name="saloon, 11 kW", battery_wh=77_000, phases=3, current_a=16.0),
    CarModel(name="saloon, 22 kW", battery_wh=52_000, phases=3, current_a=32.0),
)


class Vehicle:
    """One car at a connector. `soc` and `target_soc` are states of charge from 0 to 1."""

    __slots__ = ("energy_wh", "model", "target_soc")

    def __init__(self, model: CarModel, soc: float, target_soc: float = 1.0) -> None:
        if not 0.0 <= soc <= 1.0 or not 0.0 < target_soc <= 1.0:
            raise ValueError(f"states of charge lie between 0 and 1, not {soc} and {target_soc}")
        self.model = model
        self.energy_wh = soc * model.battery_wh
        """What is in the battery."""
        self.target_soc = target_soc

    @property
    def soc(self) -> float:
        """The state of charge, from 0 to 1."""
        return self.energy_wh / self.model.battery_wh

    @property
    def missing_wh(self) -> float:
        """What it still wants."""
        return max(0.0, self.target_soc * self.model.battery_wh - self.energy_wh)

    @property
    def asks_for_energy(self) -> bool:
        """Whether it keeps its S2 switch closed."""
        return self.missing_wh > 0.0

    def phases_used(self, phases: int) -> int:
        """On how many of the station's phases it draws."""
        return min(self.model.phases, phases)

    def current_a(self, offered_a: float) -> float:
        """What it draws on each phase it uses, when the station offers `offered_a` on each."""
        if not self.asks_for_energy or offered_a < LEAST_CURRENT_A:
            return 0.0
        return min(offered_a, self.model.current_a * share_at(self.model.curve, self.soc))

    def take(self, energy_wh: float) -> None:
        """Charge the battery."""
        self.energy_wh = min(self.energy_wh + energy_wh, self.model.battery_wh)


def share_at(curve: Curve, soc: float) -> float:
    """The share of the greatest power at a state of charge."""
    before = curve[0]
    for point in curve:
        if soc <= point[0]:
            width = point[0] - before[0]
            part = (soc - before[0]) / width if width else 0.0
            return before[1] + part * (point[1] - before[1])
        before = point
    return before[1]


def some_car(chance: Random, models: Sequence[CarModel] = CARS) -> Vehicle:
    """A car as one comes along: some model, partly empty, mostly to be filled to 80 % or more."""
    model = chance.choice(models)
    soc = min(0.75, max(0.05, chance.gauss(0.42, 0.16)))
    return Vehicle(model, soc, chance.choice((0.8, 0.9, 1.0, 1.0)))
