"""A site over days: cars come and go, somebody steers, and every second of every line is looked at.

Instants are worked off in their order, and nothing changes in between. Who steers is a `Steering`: the
controller behind a network that is as bad as the file says (`live`), or one of the simple ways to share that
it is compared with (`policies`), which need no network and are obeyed at once.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from heapq import heappop, heappush
from itertools import count
from random import Random
from typing import Protocol

from voltline.siting.drivers import DAY_S, Visit, visits
from voltline.siting.files import SiteFile
from voltline.siting.points import Point
from voltline.siting.surroundings import House, sun_w
from voltline.smart_charging.site.history import History, Recorder
from voltline.smart_charging.site.tree import GRID_PHASES, LINE_VOLTAGE_V, Wiring

EPOCH = 1_767_571_200.0
"""The simulation begins here: a Monday, 00:00 UTC."""
SETTLING_S = 60.0
"""Between two looks at how full a battery is."""
SLACK_A = 1e-6


class Steering(Protocol):
    """Who says how much each connector may have."""

    def begin(self, world: World) -> None:
        """The simulation begins."""

    def plugged(self, point: Point) -> None:
        """A car has come."""

    def unplugged(self, point: Point, transaction: int) -> None:
        """A car has left."""

    def sample(self, point: Point) -> None:
        """A meter may be read."""

    def changes(self) -> int:
        """How many times a connector was given another current."""

    def promised(self) -> list[float]:
        """The most that may be drawn through each line."""


class World:
    """One run. `now` is in seconds from its beginning; `wall` is the time of day of it."""

    def __init__(self, file: SiteFile, days: int, seed: int, steering: Steering) -> None:
        self.file = file
        self.site = file.site()
        self.wiring = Wiring(self.site)
        self.days = days
        self.end = days * DAY_S
        self.chance = Random(f"{seed} network")
        self.now = 0.0
        self.steering = steering
        self.visits: Sequence[Visit] = visits(
            file.drivers, len(self.site.connectors), days, file.first_weekday, Random(f"{seed} drivers")
        )
        weather = file.weather
        stubborn = set(Random(f"{seed} stubborn").sample(range(len(self.site.connectors)), weather.stubborn))
        clocks = Random(f"{seed} clocks")
        self.points = [
            Point(number, one, clocks.uniform(-weather.clock_s, weather.clock_s), number in stubborn)
            for number, one in enumerate(self.site.connectors)
        ]
        self.houses = [
            House(others, self.wiring.fuses[others.fuse], Random(f"{seed} house {number}"))
            for number, others in enumerate(file.others)
        ]
        self.loads = [0.0] * self.wiring.lines
        self.others = [0.0] * self.wiring.lines
        self.limits = [0.0] * self.wiring.lines
        self.over_s = 0.0
        """Seconds in which any line carried more than it has."""
        self.longest_over_s = 0.0
        self.worst = 0.0
        """The greatest load of a line, as a part of its limit."""
        self.delivered: list[tuple[Visit, float]] = []
        """Those that have left, and what they had."""
        self.cost = 0.0
        self._over_since: float | None = None
        self._counted: list[tuple[tuple[float, ...], float]] = [((), 0.0)] * len(self.points)
        self._events: list[tuple[float, int, Callable[[], None]]] = []
        self._order = count()
        self.recorder = Recorder(self.site.name, self.wiring, EPOCH)

    @property
    def wall(self) -> float:
        """Seconds since 1970."""
        return EPOCH + self.now

    def at(self, when: float, what: Callable[[], None]) -> None:
        """Do it then."""
        heappush(self._events, (max(when, self.now), next(self._order), what))

    def after(self, delay_s: float, what: Callable[[], None]) -> None:
        """Do it so much later."""
        self.at(self.now + delay_s, what)

    def run(self) -> History:
        """From the beginning to the end; what each line had, and carried."""
        for visit in self.visits:
            self.at(visit.arrives, lambda visit=visit: self._arrives(visit))  # type: ignore[misc]
        self._windows()
        for house in self.houses:
            self._house(house)
        self.steering.begin(self)
        self._record()
        while self._events and self._events[0][0] <= self.end:
            self.now, _, what = heappop(self._events)
            what()
        self.now = self.end
        self._look()
        return self.recorder.history()

    # ---- cars

    def _arrives(self, visit: Visit) -> None:
        point = self.points[visit.connector]
        point.plug(visit, visit.number, self.now)
        self.steering.plugged(point)
        self.follow(point)
        self.at(visit.leaves, lambda: self._leaves(point, visit))
        self._settle(point, visit)

    def _leaves(self, point: Point, visit: Visit) -> None:
        if point.visit is not visit:
            return
        self._bill(point)
        point.unplug(self.now)
        self.delivered.append((visit, point.delivered_wh))
        self.cost += point.cost
        self._load(point)
        self.steering.unplugged(point, visit.number)

    def _settle(self, point: Point, visit: Visit) -> None:
        """Time passes at a connector: the battery fills, and the car takes less."""
        if point.visit is not visit:
            return
        if point.drawn_a > 0:
            self.look_at(point)
        self.steering.sample(point)
        self.after(min(SETTLING_S, self.file.weather.sample_s), lambda: self._settle(point, visit))

    def look_at(self, point: Point) -> None:
        """See what a car draws from now on."""
        self._bill(point)
        point.draw(self.now)
        self._load(point)

    def follow(self, point: Point) -> None:
        """A connector offers what it may: more at once, less after a while."""
        limit_a, phases = point.limit(self.wall)
        if limit_a >= point.offered_a:
            self._offer(point, limit_a, phases)
        else:
            if phases < point.phases:  # a contactor opens at once
                self._offer(point, point.offered_a, phases)
            delay_s = self.chance.uniform(0.3, 1.0) * self.file.weather.follow_s
            self.after(delay_s, lambda: self._lowered(point))
        self._await_lapse(point)

    def _await_lapse(self, point: Point) -> None:
        lapses = point.lapses_at()
        if lapses < point.awaits:
            point.awaits = lapses
            self.at(lapses - EPOCH + 0.001, lambda: self._lapsed(point))

    def _lowered(self, point: Point) -> None:
        limit_a, phases = point.limit(self.wall)
        if limit_a < point.offered_a:
            self._offer(point, limit_a, phases)

    def _offer(self, point: Point, current_a: float, phases: int) -> None:
        self._bill(point)
        point.advance(self.now)
        point.offered_a = current_a
        if point.vehicle is not None:
            point.phases = min(point.vehicle.phases_used(point.connector.phases), phases)
        self.look_at(point)

    def _lapsed(self, point: Point) -> None:
        if self.wall < point.awaits:
            return  # an earlier one has been awaited since
        point.awaits = float("inf")
        if point.limit(self.wall)[0] != point.offered_a:
            self.follow(point)
        else:
            self._await_lapse(point)

    def _bill(self, point: Point) -> None:
        if self.file.prices and point.drawn_a > 0:
            before = point.delivered_wh
            point.advance(self.now)
            local = self.recorder.local_hour(self.wall)
            point.cost += (point.delivered_wh - before) / 1000 * self.file.prices[local]

    # ---- lines

    def _load(self, point: Point) -> None:
        """Count what a connector draws on the lines through which it flows."""
        currents = point.currents()
        before, _ = self._counted[point.number]
        if currents == before:
            return
        lines_of = self.wiring.phase_lines(point.number)
        for currents_a, sign in ((before, -1), (currents, 1)):
            for current, lines in zip(currents_a, lines_of, strict=False):
                for line in lines:
                    self.loads[line] += sign * current
        self._counted[point.number] = (currents, self.now)
        self._look()

    def _look(self) -> None:
        worst = max(
            (load + other) / limit
            for load, other, limit in zip(self.loads, self.others, self.limits, strict=True)
            if limit > 0
        )
        self.worst = max(self.worst, worst)
        over = worst > 1 + SLACK_A
        if over and self._over_since is None:
            self._over_since = self.now
        elif not over and self._over_since is not None:
            lasted = self.now - self._over_since
            self.over_s += lasted
            self.longest_over_s = max(self.longest_over_s, lasted)
            self._over_since = None
        self.recorder.measured(self.wall, self.loads)

    def _windows(self) -> None:
        """The schedule of the fuses, looked at every minute."""
        limits = self.recorder.limits(self.wall)
        if limits != self.limits:
            self.limits = limits
            self._look()
        if any(fuse.windows for fuse in self.site.fuses):
            self.after(60.0, self._windows)

    def _house(self, house: House) -> None:
        currents = house.currents(self.recorder.local_second(self.wall), self.now)
        for above in self.wiring.path(house.fuse):
            for phase in range(GRID_PHASES):
                line = self.wiring.line(above, phase)
                self.others[line] += currents[phase] - house.last[phase]
        house.last = currents
        self._look()
        self.after(house.others.sample_s, lambda: self._house(house))

    def _record(self) -> None:
        self.recorder.promised(self.wall, self.steering.promised())
        self.after(60.0, self._record)

    def surplus_w(self) -> float:
        """What the sun leaves over."""
        drawn_w = sum(sum(house.last) for house in self.houses) * LINE_VOLTAGE_V
        return sun_w(self.file.solar_w, self.recorder.local_second(self.wall), self.now) - drawn_w
