"""The one who shares a site out: facts in, acts out.

    controller = SiteController(site, now)
    controller.handle(Began("CP1/1", transaction=7), now)
    for act in controller.step(now): ...            # Lease, SafeDefault, Rotation, Finding
    controller.next_step(now)                       # when to step again, unless a fact comes earlier

**The promise.** No act makes the sum of what may be drawn through a line greater than the line has: a current
is raised only into room that is there by the most that every connector may draw (`claims`), and room that
somebody gives back is there when it is seen to be given back. Where news makes the sum too great (a building
that draws more, a connector that disobeys), what can be lowered is lowered at once.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from voltline.smart_charging.site import facts
from voltline.smart_charging.site.ahead import Parked, parked
from voltline.smart_charging.site.allocation import rounded_down
from voltline.smart_charging.site.capacity import Capacity
from voltline.smart_charging.site.claims import Claims, Default, Remembered, Said
from voltline.smart_charging.site.demand import Car, Patience
from voltline.smart_charging.site.facts import Act, Fact, Finding, Lease, SafeDefault, Trouble
from voltline.smart_charging.site.member import Member
from voltline.smart_charging.site.safe_shares import safe_shares
from voltline.smart_charging.site.settings import Settings
from voltline.smart_charging.site.sharing import share
from voltline.smart_charging.site.tree import LINE_VOLTAGE_V, Site, Wiring

_NOTHING_A = 1e-6
_STEP_A = 0.15
"""What rounding takes away at most."""


class ConnectorView(msgspec.Struct, frozen=True):
    """A connector as it stands. Currents per phase."""

    id: str
    online: bool
    transaction: int | None
    target_a: float
    possible_a: tuple[float, ...]
    measured_a: tuple[float, ...]
    safe_a: float
    distrusted: bool
    idle: bool


class SiteController:
    """Shares one site out. Times are seconds since 1970 of a clock that does not go back."""

    def __init__(
        self,
        site: Site,
        now: float,
        settings: Settings | None = None,
        remembered: Mapping[str, Remembered] | None = None,
        first_number: int = 1,
    ) -> None:
        """`remembered` is what `memory()` gave before a restart. Without it a connector counts with all that
        its hardware can give until it has accepted its fail-safe default and older leases have lapsed.

        Raises:
            InvalidSite: the site cannot be; or its fail-safe shares are more than it has.
        """
        self.wiring = Wiring(site)
        self.settings = settings or Settings()
        self._capacity = Capacity(self.wiring, self.settings.fresh_s)
        self._patience = Patience(self.settings.idle_s, self.settings.probe_s)
        self._number = first_number
        shares = safe_shares(self.wiring, self._capacity.certain())
        self._members = [
            Member(number, self.wiring, shares[number], self._claims(number, now, remembered), self.settings)
            for number in range(len(site.connectors))
        ]
        self._asked: dict[int, Member] = {}
        self._surplus: tuple[float, float] | None = None
        self._shared_at = float("-inf")
        self._urgent = True
        """Something has happened that safety may depend on."""
        self._stale = True
        """Something has happened that changes who should have what."""
        self._over: set[int] = set()
        self._quiet_meters: set[str] = set()
        self._acts: list[Act] = []

    def _claims(self, number: int, now: float, remembered: Mapping[str, Remembered] | None) -> Claims:
        connector, settings = self.wiring.site.connectors[number], self.settings
        known = None if remembered is None else remembered.get(connector.id)
        if known is None:
            # Somebody may have lent it anything just before.
            before = Said(0, -1, connector.hardware_a, connector.phases, now + settings.lease_s, now)
            known = Remembered(leases=[before])
        return Claims(connector, settings.margin_s, settings.fresh_s, known)

    # ---- what is asked of it

    def memory(self) -> dict[str, Remembered]:
        """What has to outlive a restart, by the id of the connector; not to be changed by others."""
        return {member.id: member.claims.remembered for member in self._members}

    @property
    def next_number(self) -> int:
        """The number of the next lease or default; to be remembered with `memory`."""
        return self._number

    def view(self, now: float) -> list[ConnectorView]:
        """The connectors as they stand."""
        return [
            ConnectorView(
                member.id,
                member.online,
                None if member.car is None else member.car.transaction,
                member.target_a,
                tuple(member.claims.possible(now)),
                member.measured_a,
                member.safe_a,
                member.claims.distrusted,
                member.car is not None and member.car.idle,
            )
            for member in self._members
        ]

    def press_at(self, now: float) -> float:
        """When to step because of the facts that came since the last step; infinity: they can wait."""
        if self._urgent:
            return now
        return max(now, self._shared_at + self.settings.period_s) if self._stale else float("inf")

    def possible(self, now: float) -> list[float]:
        """The most that connectors may draw through each line now."""
        sums = [0.0] * self.wiring.lines
        for member in self._members:
            member.add(sums, member.claims.possible(now), 1)
        return sums

    def capacities(self, now: float) -> list[float]:
        """What each line has for connectors from now on until a lease that is given now has lapsed."""
        return self._capacity.least(now, now + self.settings.lease_s + self.settings.margin_s)

    def others(self, now: float) -> list[float]:
        """What others than the connectors draw on each line, as far as that is known, else at the most."""
        return self._capacity.others(now)

    def parked(self, now: float) -> list[Parked]:
        """The cars that a plan can be made for: what they need until when is known."""
        return parked(self._members, self.wiring, now)

    # ---- facts

    def handle(self, fact: Fact, now: float) -> None:
        """Take in what has happened. Raises KeyError for a connector or fuse that the site does not have."""
        match fact:
            case facts.OthersMeasured():
                if self._capacity.read(fact.fuse, fact.currents_a, fact.at, fact.fresh_s):
                    self._urgent = True
                self._stale = True
            case facts.SurplusMeasured():
                if self._surplus is None or fact.at >= self._surplus[1]:
                    self._surplus = (fact.power_w, fact.at)
                    self._stale = True
            case facts.LeaseAnswered():
                self._lease_answered(fact, now)
            case facts.SafeAnswered():
                self._safe_answered(fact, now)
            case _:
                self._happened(self._members[self.wiring.connectors[fact.connector]], fact, now)

    def _happened(self, member: Member, fact: Fact, now: float) -> None:
        match fact:
            case facts.Measured():
                self._measured(member, fact, now)
                return
            case facts.Online():
                member.online = member.forgotten = True
                member.claims.went(away=False)
            case facts.Offline():
                member.online = False
                member.claims.went(away=True)
            case facts.Booted():
                member.forgotten = True
            case facts.Began():
                self._began(member, fact, now)
            case facts.Ended():
                member.claims.ended(fact.transaction, now)
                if member.car is not None and member.car.transaction == fact.transaction:
                    member.car, member.plan, member.measured_a = None, (), ()
            case facts.NeedTold() if member.car is not None:
                member.car.told(fact.need)
            case facts.Planned():
                member.plan = fact.steps
            case facts.Excused():
                member.forgive_s = self.settings.grace_s
        self._stale = True

    def _began(self, member: Member, fact: facts.Began, now: float) -> None:
        if member.car is None or member.car.transaction != fact.transaction:
            member.car = Car(member.connector, fact.transaction, fact.need, now)
            member.changed_at = member.refused_at = float("-inf")
            member.plan = ()
        elif fact.need is not None:
            member.car.told(fact.need)

    def _measured(self, member: Member, fact: facts.Measured, now: float) -> None:
        if not member.claims.measured(fact.currents_a, fact.at):
            return
        member.measured_a = fact.currents_a[: member.connector.phases]
        if member.car is not None and member.car.measured(member.measured_a, fact.at, self._patience):
            self._stale = True
        if now - fact.at <= self.settings.grace_s:  # an older one says nothing about what it was allowed then
            self._judge(member, fact.at, now)

    def _judge(self, member: Member, at: float, now: float) -> None:
        """Distrust it where it draws more than it was allowed, and believe it again after a while."""
        claims, settings = member.claims, self.settings
        if claims.disobeys(now, settings.grace_s, settings.tolerance_a):
            member.obeys_since = None
            if not claims.distrusted:
                self._urgent = True
                self._find(
                    Trouble.DISOBEYS,
                    member.id,
                    f"it draws {max(member.measured_a):.1f} A, more than allowed; until it has obeyed for "
                    f"{member.forgive_s / 60:g} min it counts with all that its hardware can give",
                )
            claims.distrust(now)
        elif claims.remembered.distrusted_since is not None:
            member.obeys_since = at if member.obeys_since is None else member.obeys_since
            if at - member.obeys_since >= member.forgive_s and member.car is not None:
                claims.distrust(None)
                member.forgive_s = settings.forgive_s
                member.obeys_since = None
                self._stale = True
                self._find(Trouble.OBEYS_AGAIN, member.id, "it has kept to its limits for long")

    def _lease_answered(self, fact: facts.LeaseAnswered, now: float) -> None:
        member = self._asked.pop(fact.number, None)
        if member is None:
            return
        last = member.claims.last
        if last is not None and last.number == fact.number and fact.accepted:
            member.forgotten = False
            if member.car is not None and member.car.transaction == last.transaction:
                member.car.limited(last.current_a, now)
        if not fact.accepted:
            if member.refused_at == float("-inf"):
                self._find(
                    Trouble.LEASE_REFUSED, member.id, "it refuses its limit; it is left with what it has"
                )
            member.refused_at = now
        member.claims.answered(fact.number, fact.accepted, now)
        self._stale = True

    def _safe_answered(self, fact: facts.SafeAnswered, now: float) -> None:
        for member in self._members:
            if member.claims.default_answered(fact.number, fact.accepted, now) and not fact.accepted:
                self._find(
                    Trouble.SAFE_DEFAULT_REFUSED,
                    member.id,
                    "it refuses its fail-safe default, and counts with all that its hardware can give",
                )
        self._stale = True

    # ---- acts

    def step(self, now: float) -> list[Act]:
        """What is to be done now. To be called when `next_step` says, and after facts."""
        for member in self._members:
            self._look_after(member, now)
        capacities, possible = self.capacities(now), self.possible(now)
        self._note_excess(possible, capacities, self._capacity.slack(self.settings.noise_a, now))
        self._note_meters(now)
        if self._urgent or self._over or self._is_time(now):
            self._acts += share(
                self._members, self.wiring, capacities, self._surplus_a(now), self.settings, now
            )
            self._shared_at = now
            self._urgent = self._stale = False
        self._steer(possible, capacities, now)
        acts, self._acts = self._acts, []
        return acts

    def _is_time(self, now: float) -> bool:
        since = now - self._shared_at
        if since >= self.settings.again_s and any(member.car is not None for member in self._members):
            return True
        return self._stale and since >= self.settings.period_s

    def next_step(self, now: float) -> float:
        """When `step` has something to do, if no fact comes before; never before `now`."""
        settings = self.settings
        pressed = self.press_at(now)
        if pressed <= now:
            return now
        times = [pressed, self._capacity.next_change(now), now + settings.lease_s / 4]
        for member in self._members:
            times.append(member.claims.next_change(now))
            last = member.claims.last
            if last is not None:
                times.append(last.until - settings.lease_s / 2)
                if last.answered_at is None:
                    times.append(last.sent_at + settings.answer_s + 0.001)
            if member.car is not None:
                times.append(member.car.next_probe(self._patience))
                times.append(self._shared_at + settings.again_s)
                if abs(member.target_a - member.level(now)[0]) > _NOTHING_A:
                    times.append(max(member.changed_at + settings.change_s, now + settings.period_s))
        return min(at for at in times if at > now)

    def _look_after(self, member: Member, now: float) -> None:
        """Drop claims that are over, install the fail-safe default, ask a car again that wanted nothing."""
        settings, claims = self.settings, member.claims
        if claims.settle(now, settings.grace_s, settings.tolerance_a):
            self._stale = True
        if (
            member.online
            and not claims.has_default(member.safe_a)
            and now - member.default_at > settings.answer_s
        ):
            member.default_at = now
            claims.default_sent(Default(self._number, member.safe_a, now))
            self._acts.append(SafeDefault(number=self._number, connector=member.id, current_a=member.safe_a))
            self._number += 1
        if member.car is not None and member.car.probe(now, self._patience):
            self._stale = True
        silent = member.online and member.lost(now)
        if silent and not member.silent:
            self._find(Trouble.SILENT, member.id, f"it has not answered for {settings.answer_s:g} s")
        if silent != member.silent:
            member.silent = silent
            self._stale = True

    def _surplus_a(self, now: float) -> float:
        if self._surplus is None or now - self._surplus[1] > self.settings.fresh_s:
            return 0.0
        return max(0.0, self._surplus[0]) / LINE_VOLTAGE_V

    def _steer(self, possible: list[float], capacities: list[float], now: float) -> None:
        """Tell connectors their currents: what is less first, then what is more, as far as there is room."""
        settings = self.settings
        more: list[tuple[Member, Car]] = []
        for member in self._members:
            car = member.car
            if car is None or not member.online or member.claims.safe_a is None or member.is_asked(now):
                continue
            level_a, phases = member.level(now)
            target_a = member.target_a if member.steerable(now) else min(member.target_a, level_a)
            due = member.is_due(now)
            rests = now - member.changed_at < settings.change_s
            if target_a > level_a + _NOTHING_A or car.phases > phases > 0:
                worth = level_a == 0 or target_a - level_a >= settings.deadband_a
                if (worth and not rests) or due:
                    more.append((member, car))
                continue
            less = level_a - target_a
            in_need = less > _NOTHING_A and self._touches_excess(member)
            worth = less >= settings.deadband_a or (less > 0 and target_a == 0) or car.phases < phases
            if in_need or (worth and not rests) or due:
                fewer = min(phases or car.phases, car.phases)
                self._lend(member, car, target_a, fewer, possible, now)
        for member, car in more:
            self._raise(member, car, possible, capacities, now)

    def _raise(
        self, member: Member, car: Car, possible: list[float], capacities: list[float], now: float
    ) -> None:
        """Give it more, if the room for it is there; else renew what it has, if that is due."""
        level_a, phases = member.level(now)
        room = [has - drawn for has, drawn in zip(capacities, possible, strict=True)]
        amount = rounded_down(member.rise(car, room, now))
        gains = amount - level_a
        # A small step now would delay the whole one by the rest between two changes.
        worth = amount >= member.target_a - _STEP_A or gains >= max(2.0, level_a * 0.25)
        if amount >= max(member.connector.least_a, 0.1) and gains > 0 and worth:
            self._lend(member, car, amount, car.phases, possible, now)
        elif member.is_due(now) and level_a > 0:
            self._lend(member, car, level_a, min(phases or car.phases, car.phases), possible, now)

    def _lend(
        self, member: Member, car: Car, current_a: float, phases: int, possible: list[float], now: float
    ) -> None:
        level_a, had_phases = member.level(now)
        if abs(level_a - current_a) > _NOTHING_A or phases != had_phases:
            member.changed_at = now
        member.add(possible, member.claims.possible(now), -1)
        until = now + self.settings.lease_s
        member.claims.sent(Said(self._number, car.transaction, current_a, phases, until, now))
        member.add(possible, member.claims.possible(now), 1)
        self._asked[self._number] = member
        self._acts.append(
            Lease(
                number=self._number,
                connector=member.id,
                transaction=car.transaction,
                current_a=current_a,
                phases=phases,
                until=until,
            )
        )
        self._number += 1

    def _touches_excess(self, member: Member) -> bool:
        lines = self.wiring.lines_used(member.number, member.connector.phases)
        return not self._over.isdisjoint(lines)

    def _note_excess(self, possible: list[float], capacities: list[float], slack: list[float]) -> None:
        for line, (drawn, has) in enumerate(zip(possible, capacities, strict=True)):
            over = drawn > has + slack[line] + 1e-3
            if over and line not in self._over:
                self._over.add(line)
                text = f"up to {drawn:.1f} A may be drawn where connectors have {has:.1f} A"
                self._find(Trouble.OVER_CAPACITY, self.wiring.label(line), text)
            elif not over and line in self._over:
                self._over.discard(line)
                text = f"at most {drawn:.1f} A may be drawn again"
                self._find(Trouble.WITHIN_CAPACITY, self.wiring.label(line), text)

    def _note_meters(self, now: float) -> None:
        quiet = set(self._capacity.stale(now))
        for fuse in sorted(quiet - self._quiet_meters):
            self._urgent = True
            self._find(Trouble.METER_SILENT, fuse, "its meter tells nothing; the most of others is assumed")
        self._quiet_meters = quiet

    def _find(self, trouble: Trouble, subject: str, text: str) -> None:
        self._acts.append(Finding(trouble, subject, text))
