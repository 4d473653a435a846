"""Cars, charge points and a network that do their worst, second by second, to a SiteController.

It shares no code with what it judges. A charge point does what OCPP says of the profiles that *it* has, by
its own clock; what the controller believes of it is looked at only to be judged.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from random import Random

from voltline.smart_charging.site.controller import SiteController
from voltline.smart_charging.site.facts import (
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
    Planned,
    SafeAnswered,
    SafeDefault,
)
from voltline.smart_charging.site.settings import Settings
from voltline.smart_charging.site.tree import Connector, Rotation, Site

START = 1_800_000_000.0
RAMP_S = 8
SKEW_S = 15
SLACK_A = 1e-3


class Network:
    """How bad it is just now."""

    def __init__(
        self, lost: float = 0.0, delay_s: int = 0, twice: float = 0.0, very_late: float = 0.0
    ) -> None:
        self.lost, self.delay_s, self.twice, self.very_late = lost, delay_s, twice, very_late


class Point:
    """One charge point with one connector."""

    def __init__(self, connector: Connector, skew_s: int, ramp_s: int, stubborn: bool) -> None:
        self.connector = connector
        # Where nobody knows how it is wired, it is wired somehow all the same.
        self.wired = "TSR" if connector.rotation is Rotation.UNKNOWN else connector.rotation.value
        self.skew_s = skew_s
        self.ramp_s = ramp_s
        self.stubborn = stubborn
        """It accepts less than it was lent before, and gives that all the same, until it lapses."""
        self.online = False
        self.up_at = 0.0
        self.default_a = connector.hardware_a
        self.leases: list[Lease] = []
        self.transaction: int | None = None
        self.wants_a = 0.0
        self.uses = connector.phases
        self.drawn: list[float] = [0.0] * connector.phases
        self.lowered_at: float | None = None
        self.answered: set[int] = set()

    def take(self, act: Lease | SafeDefault, now: float) -> bool:
        """Do what a message says; whether it is accepted."""
        if isinstance(act, SafeDefault):
            self.default_a = act.current_a
            return True
        if act.transaction != self.transaction:
            return False
        self.leases = [*self.leases, act] if self.stubborn else [act]
        return True

    def limits(self, now: float) -> list[float]:
        """What each phase may have by the profiles that it has."""
        if not self.connector.trusted:
            return [self.connector.hardware_a] * self.connector.phases
        holding = [one for one in self.leases if now + self.skew_s < one.until]
        if not holding:
            return [self.default_a] * self.connector.phases
        return [
            max(one.current_a if phase < one.phases else 0.0 for one in holding)
            for phase in range(self.connector.phases)
        ]

    def second(self, now: float) -> None:
        """A second passes: more is drawn at once, less only after a while."""
        asked = [0.0] * self.connector.phases
        if self.transaction is not None and now >= self.up_at:
            limits = self.limits(now)
            for phase in range(self.uses):
                offered = min(limits[phase], self.connector.hardware_a)
                asked[phase] = min(offered, self.wants_a) if offered >= self.connector.least_a else 0.0
        if all(new >= old for new, old in zip(asked, self.drawn, strict=True)):
            self.drawn, self.lowered_at = asked, None
            return
        self.lowered_at = now if self.lowered_at is None else self.lowered_at
        if now - self.lowered_at >= self.ramp_s or self.transaction is None or now < self.up_at:
            self.drawn, self.lowered_at = asked, None


class World:
    """A site in all its misery. `check` is called for every second."""

    def __init__(self, site: Site, seed: int, stubborn: int = 0, settings: Settings | None = None) -> None:
        self.chance = Random(seed)
        self.site = site
        self.settings = settings or Settings()
        self.now = START
        self.controller = SiteController(site, self.now, self.settings)
        self.points = {
            one.id: Point(
                one, self.chance.randint(-SKEW_S, SKEW_S), self.chance.randint(0, RAMP_S), number < stubborn
            )
            for number, one in enumerate(site.connectors)
        }
        self.network = Network()
        self._mail: list[tuple[float, int, str, Fact | Lease | SafeDefault]] = []
        self._posted = 0
        self._transactions = 0
        self.findings: list[Finding] = []
        self.sent: list[tuple[float, Lease]] = []

    # ---- what people and chance do

    def connect(self, name: str) -> None:
        """The connection is there (again)."""
        point = self.points[name]
        if not point.online and self.now >= point.up_at:
            point.online = True
            self.tell(Online(name))
            if point.up_at:
                self.tell(Booted(name))
            if point.transaction is not None:
                self.tell(Began(name, point.transaction))

    def disconnect(self, name: str) -> None:
        """The connection is lost; the controller learns of it at some time."""
        point = self.points[name]
        if point.online:
            point.online = False
            self._post("controller", Offline(name), self.chance.randint(0, 60))

    def plug(self, name: str, wants_a: float, uses: int, need: Need | None = None) -> None:
        """A car begins to charge, by what its charge point has."""
        point = self.points[name]
        if point.transaction is not None or self.now < point.up_at:
            return
        self._transactions += 1
        point.transaction, point.wants_a = self._transactions, wants_a
        point.uses, point.leases = min(uses, point.connector.phases), []
        if point.online:
            self._post("controller", Began(name, point.transaction, need), self.chance.randint(0, 20))

    def plan(self, name: str, steps: Sequence[tuple[int, float]]) -> None:
        """Somebody plans what a car may have from so many seconds on."""
        self.tell(Planned(name, tuple((self.now + after, most_a) for after, most_a in steps)))

    def unplug(self, name: str) -> None:
        """It leaves."""
        point = self.points[name]
        if point.transaction is not None:
            self._post("controller", Ended(name, point.transaction), self.chance.randint(0, 60))
            point.transaction, point.leases = None, []
            point.drawn = [0.0] * point.connector.phases

    def reboot(self, name: str, forgets: bool, takes_s: int) -> None:
        """It starts anew, and goes on with its transaction."""
        point = self.points[name]
        self.disconnect(name)
        point.up_at = self.now + takes_s
        if forgets:
            point.leases = []

    def restart_controller(self, remembers: bool) -> None:
        """Whoever steers starts anew, with or without what was to be remembered."""
        old = self.controller
        # Numbers come from a store that outlives this, or from a clock.
        self.controller = SiteController(
            self.site,
            self.now,
            self.settings,
            old.memory() if remembers else None,
            old.next_number + 1000,
        )
        for name, point in self.points.items():
            if point.online:
                self.tell(Online(name))
                if point.transaction is not None:
                    self.tell(Began(name, point.transaction))

    def tell(self, fact: Fact) -> None:
        """The controller learns it now."""
        self.controller.handle(fact, self.now)

    # ---- time

    def seconds(self, count: int) -> Iterator[float]:
        """Let time pass; yields at the end of each second."""
        for _ in range(count):
            self.now += 1.0
            due = sorted(one for one in self._mail if one[0] <= self.now)
            self._mail = [one for one in self._mail if one[0] > self.now]
            for _, _, to, what in due:
                self._arrives(to, what)
            for number, (name, point) in enumerate(self.points.items()):
                point.second(self.now)
                reports = point.connector.metered and int(self.now) % 10 == number % 10
                if point.online and reports and self.now >= point.up_at:
                    self._from(point, Measured(name, tuple(point.drawn), self.now))
            self._step()
            yield self.now

    def _step(self) -> None:
        before, room = self.controller.possible(self.now), self.controller.capacities(self.now)
        acts = self.controller.step(self.now)
        after = self.controller.possible(self.now)
        for was, is_, has in zip(before, after, room, strict=True):
            assert is_ <= max(was, has) + SLACK_A, "an act has promised more than a line has"
        for act in acts:
            if isinstance(act, Lease | SafeDefault):
                if isinstance(act, Lease):
                    self.sent.append((self.now, act))
                self._send(act)
            elif isinstance(act, Finding):
                self.findings.append(act)

    def _send(self, act: Lease | SafeDefault) -> None:
        network = self.network
        if self.chance.random() < network.lost:
            return
        delay = self.chance.randint(0, network.delay_s)
        if self.chance.random() < network.very_late:
            delay = self.chance.randint(30, 600)
        self._post(act.connector, act, delay)
        if self.chance.random() < network.twice:
            self._post(act.connector, act, delay + self.chance.randint(0, 300))

    def _arrives(self, to: str, what: Fact | Lease | SafeDefault) -> None:
        if to == "controller":
            assert not isinstance(what, Lease | SafeDefault)
            self.tell(what)
            return
        assert isinstance(what, Lease | SafeDefault)
        point = self.points[to]
        # What was answered is not done again; before that it may be done any number of times.
        if not point.online or self.now < point.up_at or what.number in point.answered:
            return
        accepted = point.take(what, self.now)
        kind = LeaseAnswered if isinstance(what, Lease) else SafeAnswered
        if self.chance.random() >= self.network.lost:
            point.answered.add(what.number)
            self._from(point, kind(what.number, accepted))
            if self.chance.random() < self.network.twice:
                self._from(point, kind(what.number, accepted))

    def _from(self, point: Point, fact: Fact) -> None:
        lost = isinstance(fact, Measured) and self.chance.random() < self.network.lost
        if not lost:
            self._post("controller", fact, self.chance.randint(0, self.network.delay_s))

    def _post(self, to: str, what: Fact | Lease | SafeDefault, delay_s: int) -> None:
        self._posted += 1
        self._mail.append((self.now + delay_s, self._posted, to, what))

    # ---- judging

    def check(self) -> None:
        """No connector draws more than is counted for it, and no fuse carries more than it has."""
        loads = {(fuse.name, phase): 0.0 for fuse in self.site.fuses for phase in "RST"}
        above = {fuse.name: fuse.above for fuse in self.site.fuses}
        views = {view.id: view for view in self.controller.view(self.now)}
        for name, point in self.points.items():
            counted = views[name].possible_a
            for phase, (drawn, most) in enumerate(zip(point.drawn, counted, strict=True)):
                assert drawn <= most + SLACK_A, f"{name} draws {drawn} A where {most} A are counted"
                fuse = point.connector.fuse
                while fuse:
                    loads[fuse, point.wired[phase]] += drawn
                    fuse = above[fuse]
        local = int(self.now) % 86_400
        fuses = {fuse.name: fuse for fuse in self.site.fuses}
        for (of, on), drawn in loads.items():
            fuse = fuses[of]
            held = [one.current_a for one in fuse.windows if one.from_s <= local] or [
                one.current_a for one in fuse.windows[-1:]
            ]
            has = min([fuse.rating_a, *held[-1:]])
            assert drawn <= has + SLACK_A, f"{of}, {on} carries {drawn} A of {has} A"
