"""Plausible cars: a battery, an on-board charger or a direct inlet, and a curve for each."""

from collections.abc import Sequence
from random import Random

import msgspec

Curve = tuple[tuple[float, float], ...]
"""Points (state of charge from 0 to 1, share of the greatest power), straight lines in between."""

AC_CURVE: Curve = ((0.0, 1.0), (0.92, 1.0), (1.0, 0.12))
"""An on-board charger gives all it has until the cells are almost full."""

DC_CURVE: Curve = ((0.0, 0.55), (0.08, 1.0), (0.35, 1.0), (0.6, 0.62), (0.8, 0.38), (0.9, 0.18), (1.0, 0.04))
"""A battery charged directly sets the pace itself: cold start, plateau, and a long way down."""

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
    least_current_a: float = LEAST_CURRENT_A
    """With less on offer it pauses; some want more than the standard asks for."""
    power_factor: float = POWER_FACTOR
    latency_s: float = 0.0
    """From the closing of the contactor to the first current."""
    dc_power_w: float = 0.0
    """The most it takes as direct current; 0: it has no inlet for that."""
    dc_curve: Curve = DC_CURVE
    battery_v: float = 400.0
    """Nominal voltage of the battery."""


CARS: tuple[CarModel, ...] = (
    CarModel(name="city car, 1 phase", battery_wh=40_000, phases=1, current_a=32.0, dc_power_w=46_000),
    CarModel(name="compact, 2 phases", battery_wh=36_000, phases=2, current_a=16.0, dc_power_w=40_000),
    CarModel(name="saloon, 11 kW", battery_wh=77_000, phases=3, current_a=16.0, dc_power_w=135_000),
    CarModel(name="saloon, 22 kW", battery_wh=52_000, phases=3, current_a=32.0, dc_power_w=100_000),
)

MORE_CARS: tuple[CarModel, ...] = (
    CarModel(
        name="choosy compact, at least 8 A",
        battery_wh=41_000,
        phases=3,
        current_a=32.0,
        least_current_a=8.0,
        latency_s=12.0,
        power_factor=0.96,
    ),
    CarModel(name="plug-in hybrid", battery_wh=11_000, phases=1, current_a=16.0, latency_s=3.0),
    CarModel(
        name="tourer, 800 V",
        battery_wh=93_000,
        phases=3,
        current_a=16.0,
        dc_power_w=270_000,
        battery_v=720.0,
    ),
)
"""Those that do not just come along, but can be asked for by name."""


class Vehicle:
    """One car at a connector. `soc` and `target_soc` are states of charge from 0 to 1."""

    __slots__ = ("energy_wh", "feeds_back", "model", "target_soc")

    def __init__(self, model: CarModel, soc: float, target_soc: float = 1.0) -> None:
        if not 0.0 <= soc <= 1.0 or not 0.0 < target_soc <= 1.0:
            raise ValueError(f"states of charge lie between 0 and 1, not {soc} and {target_soc}")
        self.model = model
        self.energy_wh = soc * model.battery_wh
        """What is in the battery."""
        self.target_soc = target_soc
        self.feeds_back = False
        """It gives energy instead of taking it, down to a tenth of its battery."""

    @property
    def soc(self) -> float:
        """The state of charge, from 0 to 1."""
        return self.energy_wh / self.model.battery_wh

    @property
    def missing_wh(self) -> float:
        """What it still wants; while it feeds back, what it still has to give."""
        if self.feeds_back:
            return max(0.0, self.energy_wh - 0.1 * self.model.battery_wh)
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
        least_a = max(LEAST_CURRENT_A, self.model.least_current_a)
        if not self.asks_for_energy or offered_a < least_a:
            return 0.0
        return min(offered_a, self.model.current_a * share_at(self.model.curve, self.soc))

    def dc_power_w(self, offered_w: float) -> float:
        """What it draws as direct current, when the station offers `offered_w`."""
        if not self.asks_for_energy:
            return 0.0
        return min(offered_w, self.model.dc_power_w * share_at(self.model.dc_curve, self.soc))

    @property
    def battery_v(self) -> float:
        """The voltage at its direct inlet, which rises as it fills."""
        return self.model.battery_v * (0.88 + 0.16 * self.soc)

    def take(self, energy_wh: float) -> None:
        """Charge the battery; with less than 0, discharge it."""
        self.energy_wh = min(max(0.0, self.energy_wh + energy_wh), self.model.battery_wh)
        if self.missing_wh < 1e-6:
            full = 0.1 if self.feeds_back else self.target_soc
            self.energy_wh = full * self.model.battery_wh


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


def model_named(name: str) -> CarModel:
    """The make of car in whose name this is, whatever the case of its letters.

    Raises:
        ValueError: there is none, or more than one; the text says which there are.
    """
    known = (*CARS, *MORE_CARS)
    found = [one for one in known if name.casefold() in one.name.casefold()]
    exact = [one for one in known if one.name.casefold() == name.casefold()]
    if len(exact or found) != 1:
        names = "; ".join(one.name for one in known)
        raise ValueError(f"{name!r} is the name of {len(found) or 'no'} cars; there are: {names}")
    return (exact or found)[0]
