"""Who comes when, with which car, and for how long."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from random import Random

import msgspec

from voltline.station.simulator.vehicle import CARS, CarModel, model_named

DAY_S = 86_400.0
_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_CLOCK = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)")


class DriverGroup(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Drivers of one kind. Times of day are local, such as `08:15`."""

    name: str
    cars_a_day: int
    arrive: str
    spread_s: float = 1800.0
    """Standard deviation of arrivals."""
    stay_s: float = 28_800.0
    stay_spread_s: float = 1800.0
    days: tuple[str, ...] = ("mon", "tue", "wed", "thu", "fri")
    tell: float = 1.0
    """Share of drivers who say when they leave and how much they need."""
    soc: tuple[float, float] = (0.2, 0.6)
    """With what their batteries come, from 0 to 1."""
    target_soc: float = 0.9
    cars: tuple[str, ...] = ()
    """Makes of car, by the names of the simulator; any of the common ones where none is named."""
    solar_only: bool = False

    def problems(self) -> Iterator[tuple[str, str]]:
        """What is wrong with it: pairs of a field and a sentence."""
        if not _CLOCK.fullmatch(self.arrive):
            yield "arrive", f"a time of day such as '08:15', not {self.arrive!r}"
        for day in self.days:
            if day not in _DAYS:
                yield "days", f"no day is called {day!r}; there are {', '.join(_DAYS)}"
        if not 0 <= self.soc[0] <= self.soc[1] <= 1 or not 0 < self.target_soc <= 1:
            yield "soc", "states of charge lie between 0 and 1, the lower before the higher"
        for name in self.cars:
            try:
                model_named(name)
            except ValueError as error:
                yield "cars", str(error)

    @property
    def models(self) -> Sequence[CarModel]:
        """Their cars."""
        return [model_named(name) for name in self.cars] or CARS

    def arrive_s(self) -> float:
        """Second of the day at which they come on average."""
        found = _CLOCK.fullmatch(self.arrive)
        assert found, "problems() tells of it"
        return int(found[1]) * 3600.0 + int(found[2]) * 60.0


class Visit(msgspec.Struct, frozen=True, kw_only=True):
    """One car at one connector. Times in seconds from the beginning of the simulation."""

    number: int
    connector: int
    """Its place in the site."""
    arrives: float
    leaves: float
    model: CarModel
    soc: float
    target_soc: float
    tells: bool
    solar_only: bool

    @property
    def wants_wh(self) -> float:
        """What its battery lacks."""
        return max(0.0, self.target_soc - self.soc) * self.model.battery_wh


def visits(
    groups: Sequence[DriverGroup], connectors: int, days: int, first_weekday: int, chance: Random
) -> list[Visit]:
    """All who find a free connector, in the order of their arrival."""
    coming: list[tuple[float, float, DriverGroup]] = []
    for day in range(days):
        for group in groups:
            if _DAYS[(first_weekday + day) % 7] not in group.days:
                continue
            for _ in range(group.cars_a_day):
                at = day * DAY_S + chance.gauss(group.arrive_s(), group.spread_s)
                stay_s = max(900.0, chance.gauss(group.stay_s, group.stay_spread_s))
                coming.append((max(at, 600.0), stay_s, group))
    coming.sort(key=lambda one: one[0])
    free_at = [0.0] * connectors
    found: list[Visit] = []
    for at, stay_s, group in coming:
        free = [number for number in range(connectors) if free_at[number] <= at]
        model, soc, tells = (
            chance.choice(group.models),
            chance.uniform(*group.soc),
            chance.random() < group.tell,
        )
        if not free:
            continue
        connector = chance.choice(free)
        # The next one takes a while to find the place empty.
        free_at[connector] = at + stay_s + 120.0
        found.append(
            Visit(
                number=len(found) + 1,
                connector=connector,
                arrives=at,
                leaves=at + stay_s,
                model=model,
                soc=soc,
                target_soc=max(group.target_soc, soc),
                tells=tells,
                solar_only=group.solar_only,
            )
        )
    return found
