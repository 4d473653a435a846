"""The charge points of a site: what they take, what they are told, and what they made of it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from voltline.base.ids import folded
from voltline.central.domain.charging_profiles import ALLOWED_UNITS, MAX_STACK_LEVEL, allowed_units
from voltline.central.domain.site_profiles import lease_ways, limit_profile, safe_ways, takes_all_on_one
from voltline.central.domain.sites import (
    PHASE_ROTATION,
    Learned,
    LeaseWay,
    Member,
    ProfileIds,
    SiteMemory,
    rotations_of,
)
from voltline.central.domain.stations import Registration
from voltline.central.domain.transactions import Transaction
from voltline.central.services import sites
from voltline.central.services.ports.lines import Line
from voltline.central.siting import sending
from voltline.central.siting.sending import Outcome, Seen
from voltline.central.siting.world import World
from voltline.messages import ChargingProfile, ChargingProfilePurpose, ChargingRateUnit
from voltline.smart_charging.site.facts import Finding, Lease, SafeDefault, Trouble


class Lent(Struct, frozen=True):
    """What became of a lease."""

    accepted: bool | None
    """None: nobody knows, so all that may hold counts."""
    unit: ChargingRateUnit | None = None
    """In which it was told; None: it is what was accepted before."""


class ChargePoints:
    """All methods are for the event loop's thread."""

    def __init__(
        self,
        world: World,
        memory: SiteMemory,
        learned: Callable[[], None],
        find: Callable[[Finding, str], None],
    ) -> None:
        """`learned` is called when what is known has changed, `find` with what is odd and its kind."""
        self._world = world
        self._changed = learned
        self._find = find
        self._values: dict[str, Mapping[str, str | None]] = {}
        self._told: dict[str, tuple[int, float, int]] = {}
        """By connector, of the lease that was accepted last: transaction, current and phases."""
        self._told_at: dict[str, float] = {}
        """When that began."""
        self._seen_on_all: set[str] = set()
        """Connectors whose car draws on more than one phase."""
        self._untold: set[str] = set()
        """Charge points that do not tell composite schedules."""
        self.learned: dict[str, Learned] = {}
        self.ways: dict[str, LeaseWay] = dict(memory.ways)
        self.profile_ids: dict[str, ProfileIds] = dict(memory.profile_ids)

    # ---- what is known

    def limit_a(self, member: Member) -> float:
        """What a connector was lent last, on a phase."""
        return self._told[member.id][1] if member.id in self._told else member.hardware_a

    def booted(self, member: Member) -> None:
        """What worked before may not any more."""
        self.ways.pop(member.id, None)

    def ended(self, member: Member) -> None:
        """A transaction is over."""
        self._told.pop(member.id, None)
        self._seen_on_all.discard(member.id)

    def drew(self, member: Member, currents_a: Sequence[float]) -> bool:
        """What it draws; whether that shows for the first time that one phase has the watts of all."""
        if sum(current >= 1.0 for current in currents_a) > 1:
            self._seen_on_all.add(member.id)
        known, told = self.learned.get(member.id, Learned()), self._told.get(member.id)
        if told is None or not known.in_watts or known.one_takes_all:
            return False
        lasts_s = self._world.clock() - self._told_at[member.id]
        if lasts_s < self._world.settings.grace_s or not takes_all_on_one(currents_a, told[1]):
            return False
        self.learn_of(member, one_takes_all=True)
        return True

    def keep(self, members: Mapping[str, Member]) -> None:
        """Forget what was learned of all others."""
        self.learned = {name: one for name, one in self.learned.items() if name in members}

    async def learn(self, line: Line, mine: list[Member]) -> None:
        """A charge point has come: what does it take? Asked where it has never told."""
        writer, timeout_s = self._world.writer, self._world.call_timeout_s
        known = await asyncio.shield(writer.submit(sites.known_station, line.key))
        if folded(MAX_STACK_LEVEL) not in known.values and folded(ALLOWED_UNITS) not in known.values:
            await sending.ask_configuration(line, timeout_s)
            known = await asyncio.shield(writer.submit(sites.known_station, line.key))
        self._values[folded(line.identity)] = dict(known.values)
        rotations = rotations_of(known.values.get(folded(PHASE_ROTATION)))
        used = [ids.lease for member in mine if (ids := self.profile_ids.get(member.id)) is not None]
        next_id = max([known.next_profile_id, *(one + 1 for one in used)])
        for member in mine:
            if member.id not in self.profile_ids:
                self.profile_ids[member.id] = ProfileIds(next_id, next_id + 1)
                next_id += 2
            self.learn_of(
                member,
                rotation=rotations.get(member.connector),
                in_watts=allowed_units(known.values) == (ChargingRateUnit.W,),
            )
        self._untold.discard(folded(line.identity))

    def learn_of(self, member: Member, **learned: Any) -> None:
        """Fields of `Learned` that are known now."""
        before = self.learned.get(member.id, Learned())
        self.learned[member.id] = replace(before, **learned)
        if self.learned[member.id] != before:
            self._changed()

    # ---- what they are told

    async def lend(self, member: Member, lease: Lease, running: Transaction, until: datetime) -> Lent:
        """Send a lease in the way that the charge point takes."""
        line = self._line(member)
        if line is None:
            return Lent(None)
        now, ids = self._world.now(), self.profile_ids[member.id]
        profiles = {
            way: limit_profile(
                way,
                ids.lease,
                lease.current_a,
                lease.phases,
                now,
                until=until,
                transaction_id=running.sent_id or running.id,
                say_phases=member.limits_phases,
                watts_of=self._watts_of(member, lease),
            )
            for way in lease_ways(self._known_of(member), self.ways.get(member.id))
        }
        outcome, way = await sending.install(
            line, member.connector, profiles.items(), self._world.call_timeout_s
        )
        if way is None:
            return Lent(False if outcome is Outcome.REFUSED else None)
        self.ways[member.id] = way
        self.learn_of(member, in_watts=way.unit == ChargingRateUnit.W)
        told = (lease.transaction, lease.current_a, lease.phases)
        if self._told.get(member.id) == told:
            return Lent(True)
        if not await self._is_kept(line, member, profiles[way]):
            return Lent(None)
        self._told[member.id], self._told_at[member.id] = told, self._world.clock()
        return Lent(True, way.unit)

    async def secure(self, member: Member, act: SafeDefault) -> bool | None:
        """Install a fail-safe share; whether it was accepted, None where nobody knows."""
        line = self._line(member)
        if line is None:
            return None
        worked = self.ways.get(member.id)
        ids, now = self.profile_ids[member.id], self._world.now()
        profiles = [
            (way, limit_profile(way, ids.safe, act.current_a, member.phases, now))
            for way in safe_ways(self._known_of(member), None if worked is None else worked.unit)
        ]
        outcome, way = await sending.install(line, member.connector, profiles, self._world.call_timeout_s)
        if way is not None and way.unit == ChargingRateUnit.W:
            self.learn_of(member, in_watts=True)
        return None if outcome is Outcome.UNKNOWN else way is not None

    async def clear_lease(self, member: Member) -> bool:
        """Whether it surely has none any more, its transaction being over.

        A lease that was no TxProfile outlives its transaction, unless it is cleared.
        """
        way = self.ways.get(member.id)
        if way is None or way.purpose == ChargingProfilePurpose.TX_PROFILE:
            return True
        line, ids = self._world.lines.line(member.charge_point), self.profile_ids[member.id]
        return line is not None and await sending.clear(line, ids.lease, self._world.call_timeout_s)

    async def leave(self, member: Member) -> None:
        """It is not of this site any more: take back what it was told."""
        line, ids = self._world.lines.line(member.charge_point), self.profile_ids.pop(member.id, None)
        self.ways.pop(member.id, None)
        if line is not None and ids is not None:
            await sending.clear(line, ids.lease, self._world.call_timeout_s)
            await sending.clear(line, ids.safe, self._world.call_timeout_s)

    async def _is_kept(self, line: Line, member: Member, profile: ChargingProfile) -> bool:
        if not self._world.verify or folded(member.charge_point) in self._untold:
            return True
        seen = await sending.look(line, member.connector, profile, self._world.call_timeout_s)
        if seen is Seen.UNTOLD:
            self._untold.add(folded(member.charge_point))
        if seen is Seen.HIGHER:
            text = "it has accepted a limit, but its composite schedule allows more"
            self._find(Finding(Trouble.DISOBEYS, member.id, text), "schedule-differs")
        return seen is not Seen.HIGHER

    def _watts_of(self, member: Member, lease: Lease) -> int:
        """Of how many phases watts are told, where one phase might have them all alone."""
        known = self.learned.get(member.id, Learned())
        # What is all that its hardware gives is no more on one phase, whatever is told.
        counted = member.id in self._seen_on_all or lease.current_a >= member.hardware_a
        return lease.phases if counted or not known.one_takes_all else 1

    def _line(self, member: Member) -> Line | None:
        """To a charge point that is accepted: to others nothing is sent (BOO-12)."""
        line = self._world.lines.line(member.charge_point)
        return line if line is not None and line.registration is Registration.ACCEPTED else None

    def _known_of(self, member: Member) -> Mapping[str, str | None]:
        return self._values.get(folded(member.charge_point), {})
