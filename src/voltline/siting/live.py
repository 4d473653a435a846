"""The controller of a site at work, behind a network that loses and delays."""

from __future__ import annotations

from collections.abc import Mapping
from random import Random

from voltline.siting.drivers import Visit
from voltline.siting.points import Point
from voltline.siting.simulation import SETTLING_S, World
from voltline.smart_charging.site.controller import SiteController
from voltline.smart_charging.site.facts import (
    Act,
    Began,
    Booted,
    Ended,
    Fact,
    Finding,
    Lease,
    LeaseAnswered,
    Measured,
    Need,
    Offline,
    Online,
    OthersMeasured,
    Planned,
    Rotation,
    SafeAnswered,
    SafeDefault,
    SurplusMeasured,
)

WEEK_S = 7 * 86_400.0
NOTICED_S = 20.0
"""After so long it is seen that a connection is gone."""
_AT_ONCE_S = 1.0
"""Facts are acted on together, once in so long."""

Plans = Mapping[int, tuple[tuple[float, float], ...]]
"""For a visit, what it may have from instants on."""


class Live:
    """A SiteController that steers the world."""

    def __init__(self, seed: int, plans: Plans | None = None) -> None:
        self._seed = seed
        self._plans = plans or {}
        self.findings: list[Finding] = []
        self.rotations = 0
        self._changes = 0
        self._given: dict[str, float] = {}

    def begin(self, world: World) -> None:
        """The simulation begins."""
        self._world = world
        self._weather = world.file.weather
        self._chance = Random(f"{self._seed} weather")
        self._controller = SiteController(world.site, world.wall, world.file.settings)
        self._step_at = float("inf")
        self._stepped = float("-inf")
        for point in world.points:
            self._connect(point)
            for a_week, what in (
                (self._weather.offline_a_week, self._goes_offline),
                (self._weather.reboots_a_week, self._reboots),
            ):
                for _ in range(self._often(a_week * world.end / WEEK_S)):
                    world.at(self._chance.uniform(300, world.end), lambda point=point, what=what: what(point))  # type: ignore[misc]
        for house in world.houses:
            self._read_house(house.others.sample_s)
        self._step_by(world.now)

    # ---- what happens at the charge points

    def plugged(self, point: Point) -> None:
        """A car has come."""
        if point.online and point.visit is not None:
            self._tell(self._began(point, point.visit), lost=False)

    def unplugged(self, point: Point, transaction: int) -> None:
        """A car has left."""
        self._tell(Ended(point.connector.id, transaction), lost=False, offline=not point.online)

    def sample(self, point: Point) -> None:
        """A meter is read."""
        if point.online and point.running:
            self._tell(Measured(point.connector.id, point.currents(), self._world.wall))

    def changes(self) -> int:
        """How many times a connector was given another current."""
        return self._changes

    def promised(self) -> list[float]:
        """The most that may be drawn through each line."""
        return self._controller.possible(self._world.wall)

    def _began(self, point: Point, visit: Visit) -> Began:
        need = Need(solar_only=visit.solar_only)
        if visit.tells:
            left_wh = max(0.0, visit.wants_wh - point.delivered_wh)
            leaves = visit.leaves + self._world.wall - self._world.now
            need = Need(energy_wh=left_wh * 1.05, departure=leaves, solar_only=visit.solar_only)
        return Began(point.connector.id, point.transaction, need)

    def _connect(self, point: Point) -> None:
        if not point.running:
            return
        point.online = True
        self._tell(Online(point.connector.id), lost=False)
        if point.visit is not None:
            self._tell(self._began(point, point.visit), lost=False)

    def _goes_offline(self, point: Point) -> None:
        if point.online:
            point.online = False
            self._world.after(NOTICED_S, lambda: self._noticed(point))
            lasts = self._chance.expovariate(1 / self._weather.offline_s)
            self._world.after(lasts, lambda: self._connect(point))

    def _noticed(self, point: Point) -> None:
        if not point.online:
            self._tell(Offline(point.connector.id), lost=False, offline=True)

    def _reboots(self, point: Point) -> None:
        point.online = point.running = False
        point.leases = []
        self._world.look_at(point)
        self._world.after(NOTICED_S, lambda: self._noticed(point))
        self._world.after(self._weather.reboot_s, lambda: self._booted(point))

    def _booted(self, point: Point) -> None:
        point.running = True
        self._connect(point)
        self._tell(Booted(point.connector.id), lost=False)
        self._world.follow(point)

    def _read_house(self, sample_s: float) -> None:
        world = self._world
        for house in world.houses:
            name = world.site.fuses[house.fuse].name
            self._tell(OthersMeasured(name, house.last, world.wall))
        if world.file.solar_w > 0:
            self._tell(SurplusMeasured(world.surplus_w(), world.wall))
        world.after(sample_s, lambda: self._read_house(sample_s))

    # ---- the network

    def _tell(self, fact: Fact, *, lost: bool = True, offline: bool = False) -> None:
        """A fact is on its way to the controller. `offline`: it is known without the charge point."""
        if lost and self._chance.random() < self._weather.lost:
            return
        delay_s = 0.0 if offline else self._chance.uniform(0.05, 1.0) * self._weather.delay_s
        self._world.after(delay_s, lambda: self._learns(fact))

    def _learns(self, fact: Fact) -> None:
        self._controller.handle(fact, self._world.wall)
        if isinstance(fact, Began) and fact.transaction in self._plans:
            self._controller.handle(Planned(fact.connector, self._plans[fact.transaction]), self._world.wall)
        pressed = self._controller.press_at(self._world.wall)
        if pressed < float("inf"):
            self._step_by(max(self._world.now + pressed - self._world.wall, self._stepped + _AT_ONCE_S))

    def _step_by(self, when: float) -> None:
        if when < self._step_at:
            self._step_at = when
            self._world.at(when, self._steps)

    def _steps(self) -> None:
        world = self._world
        if world.now < self._step_at:
            return  # another one has been there before
        self._step_at, self._stepped = float("inf"), world.now
        for act in self._controller.step(world.wall):
            self._does(act)
        later = self._controller.next_step(world.wall) - world.wall
        self._step_by(world.now + max(later, _AT_ONCE_S))

    def _does(self, act: Act) -> None:
        match act:
            case Lease() | SafeDefault():
                if isinstance(act, Lease):
                    self._changes += abs(self._given.get(act.connector, 0.0) - act.current_a) > 0.05
                    self._given[act.connector] = act.current_a
                if self._chance.random() >= self._weather.lost:
                    delay_s = self._chance.uniform(0.05, 1.0) * self._weather.delay_s
                    self._world.after(delay_s, lambda: self._arrives(act))
            case Finding():
                self.findings.append(act)
            case Rotation():
                self.rotations += act.pauses

    def _arrives(self, act: Lease | SafeDefault) -> None:
        point = self._world.points[self._world.wiring.connectors[act.connector]]
        if not point.online:
            return
        if isinstance(act, SafeDefault):
            point.default_a = act.current_a
            self._tell(SafeAnswered(act.number, accepted=True))
        else:
            accepted = point.take(act)
            self._tell(LeaseAnswered(act.number, accepted))
        self._world.follow(point)

    def _often(self, mean: float) -> int:
        """How often something happens that happens so often on average."""
        found, at = 0, self._chance.expovariate(1.0)
        while at < mean:
            found, at = found + 1, at + self._chance.expovariate(1.0)
        return found


__all__ = ["SETTLING_S", "Live", "Plans"]
