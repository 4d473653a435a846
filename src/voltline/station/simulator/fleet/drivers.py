"""Everybody who comes to the stations of a fleet, and everything that befalls them: one timetable for all."""

from __future__ import annotations

from collections.abc import Callable
from heapq import heappop, heappush
from random import Random

from voltline.station.core.happenings import ImpossibleHappening
from voltline.station.simulator.actions import (
    Action,
    ClearFault,
    GoOffline,
    GoOnline,
    PlugIn,
    Present,
    PressStop,
    RaiseFault,
    Unplug,
)
from voltline.station.simulator.fleet.profile import DAY_S, HOUR_S, HOURS, Arrivals, Profile
from voltline.station.simulator.fleet.tally import Tally
from voltline.station.simulator.station import SimulatedStation
from voltline.station.simulator.view import ConnectorView

FUMBLE_S = (4.0, 25.0)
"""Between plugging in and presenting the tag, and the like."""
PATIENCE_S = 90.0
"""How long a driver waits for the charge to begin before giving up."""


def wait_s(arrivals: Arrivals, hour: float, chance: Random) -> float:
    """How long from `hour` (0 to 24) until the next car comes: a Poisson process with a rate by the hour."""
    weights = arrivals.by_hour
    a_car = chance.expovariate(arrivals.cars_a_day) * sum(weights)
    # Whole days first: with few cars a day it may be many.
    days, a_car = divmod(a_car, sum(weights))
    waited_h = days * HOURS
    while True:
        rest_h = 1.0 - hour % 1.0
        weight = weights[int(hour) % HOURS]
        if a_car <= weight * rest_h and weight:
            return (waited_h + a_car / weight) * HOUR_S
        a_car -= weight * rest_h
        waited_h += rest_h
        hour = (int(hour) + 1) % HOURS


class Drivers:
    """The timetable of all connectors of a process. Times in seconds of the stations' monotonic clock."""

    def __init__(self, profile: Profile, chance: Random, tally: Tally, *, hour: float, now: float) -> None:
        """`hour` is the time of day, 0 to 24, at `now`."""
        self.profile = profile
        self.chance = chance
        self.tally = tally
        self._midnight = now - hour * HOUR_S
        self._heap: list[tuple[float, int, Callable[[float], None]]] = []
        self._entries = 0

    def move_in(self, station: SimulatedStation, now: float) -> None:
        """Let cars come to this station from now on."""
        for connector_id in range(1, station.options.connectors + 1):
            _Visitor(self, station, connector_id).come_again(now)
        if self.profile.network.losses_a_day:
            _Network(self, station).break_again(now)

    def hour(self, now: float) -> float:
        """The time of day, 0 to 24."""
        return (now - self._midnight) / HOUR_S % HOURS

    def at(self, when: float, what: Callable[[float], None]) -> None:
        """Put something on the timetable; it is told the moment at which it is called."""
        self._entries += 1
        heappush(self._heap, (when, self._entries, what))

    def next_deadline(self) -> float | None:
        """When something happens next."""
        return self._heap[0][0] if self._heap else None

    def wake(self, now: float) -> None:
        """Let happen what is due."""
        while self._heap and self._heap[0][0] <= now:
            heappop(self._heap)[2](now)


class _Visitor:
    """Those who come to one connector, one after the other."""

    __slots__ = ("_drivers", "_id_tag", "_leaves_at", "_station", "connector_id")

    def __init__(self, drivers: Drivers, station: SimulatedStation, connector_id: int) -> None:
        self._drivers = drivers
        self._station = station
        self.connector_id = connector_id
        self._id_tag = ""
        self._leaves_at = 0.0

    def come_again(self, now: float) -> None:
        """The connector is free; the next one comes when the hour has it."""
        drivers = self._drivers
        wait = wait_s(drivers.profile.arrivals, drivers.hour(now), drivers.chance)
        drivers.at(now + wait, self._arrive)

    def _arrive(self, now: float) -> None:
        drivers, view = self._drivers, self._view()
        if view.plugged or view.status != "Available" or not self._do(PlugIn(self.connector_id)):
            drivers.tally.turned_away += 1
            self.come_again(now)
            return
        drivers.tally.visits += 1
        stay, tags, chance = drivers.profile.stay, drivers.profile.tags, drivers.chance
        self._leaves_at = now + stay.hours * HOUR_S * chance.uniform(1 - stay.spread, 1 + stay.spread)
        known = chance.random() >= tags.unknown_share
        self._id_tag = f"{tags.prefix if known else 'X'}{chance.randrange(tags.count):06d}"
        self._after_a_moment(now, self._present)

    def _present(self, now: float) -> None:
        if self._view().id_tag is None:
            self._do(Present(self._id_tag, self.connector_id))
        self._drivers.at(now + PATIENCE_S, self._look)

    def _look(self, now: float) -> None:
        drivers = self._drivers
        if self._view().id_tag is None:
            drivers.tally.gave_up += 1
            self._leave(now)
            return
        faults, chance = drivers.profile.faults, drivers.chance
        if chance.random() < faults.a_thousand_visits / 1000:
            drivers.at(now + chance.random() * max(0.0, self._leaves_at - now), self._break)
        drivers.at(max(now, self._leaves_at), self._end)

    def _break(self, now: float) -> None:
        code = self._drivers.chance.choice(self._drivers.profile.faults.codes)
        if self._do(RaiseFault(code, self.connector_id)):
            self._drivers.at(now + self._drivers.profile.faults.last_s, self._repair)

    def _repair(self, _: float) -> None:
        self._do(ClearFault(self.connector_id))

    def _end(self, now: float) -> None:
        ends = self._drivers.profile.ends
        how = self._drivers.chance.choices(("tag", "unplug", "button"), (ends.tag, ends.unplug, ends.button))
        if how == ["tag"]:
            self._do(Present(self._id_tag, self.connector_id))
        elif how == ["button"]:
            self._do(PressStop(self.connector_id))
        self._after_a_moment(now, self._leave)

    def _leave(self, now: float) -> None:
        view = self._view()
        if view.plugged and view.locked and view.id_tag is None:
            # The cable was kept back, and is released by the tag it is kept for.
            self._do(Present(self._id_tag, self.connector_id))
        if view.plugged and not self._do(Unplug(self.connector_id)):
            self._do(PressStop(self.connector_id))
            self._do(Unplug(self.connector_id))
        self.come_again(now)

    def _view(self) -> ConnectorView:
        return self._station.view().connectors[self.connector_id - 1]

    def _after_a_moment(self, now: float, what: Callable[[float], None]) -> None:
        self._drivers.at(now + self._drivers.chance.uniform(*FUMBLE_S), what)

    def _do(self, action: Action) -> bool:
        return _done(self._station, action)


class _Network:
    """The network of one station, which comes and goes."""

    __slots__ = ("_drivers", "_station")

    def __init__(self, drivers: Drivers, station: SimulatedStation) -> None:
        self._drivers = drivers
        self._station = station

    def break_again(self, now: float) -> None:
        """It stands now, until it breaks."""
        a_second = self._drivers.profile.network.losses_a_day / DAY_S
        self._drivers.at(now + self._drivers.chance.expovariate(a_second), self._break)

    def _break(self, now: float) -> None:
        _done(self._station, GoOffline())
        last_s = self._drivers.profile.network.last_s
        self._drivers.at(now + last_s * self._drivers.chance.uniform(0.5, 1.5), self._mend)

    def _mend(self, now: float) -> None:
        _done(self._station, GoOnline())
        self.break_again(now)


def _done(station: SimulatedStation, action: Action) -> bool:
    """Whether it could be done; drivers try what they like."""
    try:
        station.perform(action)
    except ImpossibleHappening:
        return False
    return True
