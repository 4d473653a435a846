"""One site as it is steered: facts to its controller, and what that wants done to its charge points."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Coroutine
from datetime import datetime, timedelta
from typing import Any

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from voltline.base.ids import folded
from voltline.central.domain.charging_profiles import ALLOWED_UNITS, MAX_STACK_LEVEL, allowed_units
from voltline.central.domain.events import EventKind
from voltline.central.domain.site_profiles import lease_ways, limit_profile, safe_ways
from voltline.central.domain.site_readings import ANYWHERE, ClockCheck, Flow, Lows, currents_of, flow_of
from voltline.central.domain.sites import (
    PHASE_ROTATION,
    FusePoint,
    KeptSite,
    Learned,
    LeaseWay,
    Measures,
    Member,
    ProfileIds,
    SiteAllocated,
    SiteFound,
    SiteMemory,
    SitePoint,
    controller_of,
    rotations_of,
    tree_of,
)
from voltline.central.domain.stations import Registration
from voltline.central.domain.transactions import StopSource, Transaction
from voltline.central.services import sites
from voltline.central.services.acting import VOLTLINE, act_as
from voltline.central.services.ports import Queries, StorageUnavailable, Writer
from voltline.central.services.ports.lines import Line, Lines
from voltline.central.services.ports.sites import MemberState, SiteState
from voltline.central.siting import sending
from voltline.central.siting.sending import Outcome, Seen
from voltline.messages import ChargingProfilePurpose, ChargingRateUnit, MeterValues
from voltline.smart_charging.site import facts
from voltline.smart_charging.site.controller import SiteController
from voltline.smart_charging.site.facts import Fact, Finding, Lease, Need, SafeDefault
from voltline.smart_charging.site.settings import Settings
from voltline.smart_charging.site.tree import GRID_PHASES, LINE_VOLTAGE_V, Rotation

log = logging.getLogger(__name__)

_SPACING_S = 0.25
"""At most so often is the controller asked what is to be done, unless it says that it is urgent."""
_LEAST_PART = 0.25
"""A lease of which less is left, because it could not be stored in time, is not worth sending."""
_TROUBLES = 50
_GOOD_NEWS = (facts.Trouble.OBEYS_AGAIN, facts.Trouble.WITHIN_CAPACITY)
_IDLE = frozenset({"Available", "Reserved", "Unavailable", "Faulted"})


class World(Struct, frozen=True, kw_only=True):
    """What a site is steered with."""

    lines: Lines
    writer: Writer
    queries: Queries
    now: Callable[[], datetime]
    clock: Callable[[], float]
    settings: Settings
    verify: bool
    sample_s: float
    call_timeout_s: float


class LiveSite:
    """Runs as a task from when it is made until `close`. All methods are for the event loop's thread."""

    def __init__(self, kept: KeptSite, world: World) -> None:
        """Raises InvalidSite."""
        self.kept = kept
        self._world = world
        self._began, self._began_at = world.now().timestamp(), world.clock()
        self._ways = dict(kept.memory.ways)
        self._profile_ids = dict(kept.memory.profile_ids)
        self._learned: dict[str, Learned] = {}
        self._values: dict[str, dict[str, str | None]] = {}
        self._running: dict[str, Transaction] = {}
        self._needs: dict[str, Need] = {}
        self._online: set[str] = set()
        self._told: dict[str, tuple[int, float, int]] = {}
        """By connector, of the lease that was accepted last: transaction, current and phases."""
        self._untold: set[str] = set()
        """Charge points that do not tell composite schedules."""
        self._measured: dict[str, facts.Measured] = {}
        self._meters: dict[str, facts.OthersMeasured] = {}
        self._lows: dict[str, Lows] = {}
        self._clocks: dict[str, ClockCheck] = {}
        self._surplus_at = float("-inf")
        self._troubles: deque[tuple[str, str, str, datetime]] = deque(maxlen=_TROUBLES)
        self.found: dict[str, int] = {}
        """How often which kind of trouble was found."""
        self._members = {one.id: one for one in kept.definition.connectors}
        self._controller = self._made(kept.memory)
        self._rebuild_due = False
        self.point = self._point()
        self._sampled_at = float("-inf")
        self._tasks: set[asyncio.Task[None]] = set()
        self._woken = asyncio.Event()
        self._task = asyncio.create_task(self._run(), name=f"site {kept.name}")

    async def close(self) -> None:
        """Steer no more. Leases lapse by themselves."""
        tasks = [self._task, *self._tasks]
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)

    # ---- time: the controller's does not go back

    def _time(self) -> float:
        return self._began + (self._world.clock() - self._began_at)

    def _wall(self, at: float) -> datetime:
        return self._world.now() + timedelta(seconds=at - self._time())

    def _since(self, at: datetime, received_at: datetime) -> float:
        """A time of a charge point or meter as the controller's; never later than now."""
        return self._time() - max(0.0, (received_at - at).total_seconds())

    # ---- what happens

    @property
    def members(self) -> dict[str, Member]:
        """By the id that the controller knows."""
        return self._members

    def members_of(self, identity: str) -> list[Member]:
        """Those of a charge point."""
        return [one for one in self._members.values() if folded(one.charge_point) == folded(identity)]

    def follow(self, kept: KeptSite) -> None:
        """It is described anew. Raises InvalidSite."""
        before = self._members
        self.kept = replace(kept, memory=self._memory())
        self._members = {one.id: one for one in kept.definition.connectors}
        self._learned = {name: one for name, one in self._learned.items() if name in self._members}
        self._rebuild()
        for name, member in before.items():
            if name not in self._members:
                self._spawn(self._leave(member))
        self._woken.set()

    def leave(self) -> list[Coroutine[Any, Any, None]]:
        """What clears the fail-safe defaults of all, to be run once it is closed."""
        return [self._leave(member) for member in self._members.values()]

    async def came(self, line: Line) -> None:
        """A charge point may be worked with."""
        mine = self.members_of(line.identity)
        await self._learn(line, mine)
        self._untold.discard(folded(line.identity))
        for member in mine:
            if self._world.lines.line(line.identity) is None:
                return
            self._online.add(member.id)
            self.tell(facts.Online(member.id))
        for member in mine:
            await self.reconcile(member)

    def went(self, identity: str) -> None:
        """A charge point is not connected any more."""
        for member in self.members_of(identity):
            if member.id in self._online:
                self._online.discard(member.id)
                self.tell(facts.Offline(member.id))

    def booted(self, identity: str) -> None:
        """A boot was accepted: what worked before may not any more."""
        for member in self.members_of(identity):
            self._ways.pop(member.id, None)
            self.tell(facts.Booted(member.id))

    def metered(self, identity: str, request: MeterValues, received_at: datetime) -> None:
        """A charge point has sent meter values."""
        for meter in self.kept.definition.meters:
            if meter.connector == request.connector_id and folded(meter.charge_point) == folded(identity):
                flow = flow_of(request.meter_value, ANYWHERE)
                if flow is not None:
                    self._read_flow(meter.fuse, flow, meter.measures is Measures.TOTAL, received_at)
        member = next(
            (one for one in self.members_of(identity) if one.connector == request.connector_id), None
        )
        flow = None if member is None else flow_of(request.meter_value)
        if member is None or flow is None:
            return
        at = self._since(flow.at, received_at)
        self._check_clock(member, flow, received_at)
        _, current, _ = self._told.get(member.id, (0, member.hardware_a, member.phases))
        measured = facts.Measured(member.id, currents_of(flow, member.phases, current), at)
        self._measured[member.id] = measured
        lows = self._lows.setdefault(member.id, Lows(self._world.settings.fresh_s))
        lows.add(at, measured.currents_a)
        self.tell(measured)

    def read_meter(
        self, fuse: str, currents_a: tuple[float, float, float], total: bool, at: datetime
    ) -> None:
        """A meter tells what flows on L1, L2 and L3. Raises KeyError for a fuse that is not there."""
        if fuse not in self._controller.wiring.fuses:
            raise KeyError(fuse)
        self._read_flow(fuse, Flow(at, currents_a), total, self._world.now())

    def read_surplus(self, power_w: float, at: datetime) -> None:
        """What the sun gives beyond what others draw."""
        when = self._since(at, self._world.now())
        self._surplus_at = when
        self.tell(facts.SurplusMeasured(power_w, when))

    def say_need(self, connector: str, need: Need) -> bool:
        """What a car needs; False: no transaction runs. Raises KeyError for a connector not of this site."""
        member = self._members[connector]
        if member.id not in self._running:
            return False
        self._needs[member.id] = need
        self.tell(facts.NeedTold(member.id, need))
        return True

    def charging(self, identity: str, connector: int) -> Member | None:
        """The member that is this connector, if a transaction is known to run there."""
        found = (one for one in self.members_of(identity) if one.connector == connector)
        return next((one for one in found if one.id in self._running), None)

    async def reconcile(self, member: Member) -> None:
        """Look which transaction runs on a connector, and tell the controller."""
        ask = self._world.queries.transactions

        def asked() -> tuple[Transaction | None, Transaction | None, str | None]:
            page = ask(identity=member.charge_point, connector_id=member.connector, active=True, limit=1)
            before = self._running.get(member.id)
            past = None if before is None else self._world.queries.transaction(before.id)
            return (page.items[0] if page.items else None), past, self._status(member)

        try:
            running, past, status = await asyncio.to_thread(asked)
        except StorageUnavailable:
            return
        before = self._running.get(member.id)
        if before is not None and (running is None or running.id != before.id):
            # What an operator closed may go on charging: only the charge point knows.
            over = past is None or past.stop_source is StopSource.CHARGE_POINT or status in _IDLE
            if running is None and not over:
                return
            self._running.pop(member.id, None)
            self._needs.pop(member.id, None)
            self._told.pop(member.id, None)
            await self._end(member, before, over)
        if running is not None and self._running.get(member.id) != running:
            self._running[member.id] = running
            self._tell_begun(member, running)

    def tell(self, fact: Fact) -> None:
        """Take in what has happened; nothing about a connector that was taken away meanwhile."""
        if getattr(fact, "connector", None) not in (None, *self._controller.wiring.connectors):
            return
        now = self._time()
        self._controller.handle(fact, now)
        if not isinstance(fact, facts.Measured) or self._controller.next_step(now) <= now:
            self._woken.set()

    # ---- how it stands

    def state(self) -> SiteState:
        """How it stands."""
        return SiteState(
            now=self._point(),
            connectors=tuple(
                MemberState(
                    view=view,
                    unit=None if (way := self._ways.get(view.id)) is None else str(way.unit),
                    purpose=None if way is None else str(way.purpose),
                    measured_at=None
                    if (measured := self._measured.get(view.id)) is None
                    else self._wall(measured.at),
                )
                for view in self._controller.view(self._time())
            ),
            troubles=tuple(reversed(self._troubles)),
        )

    # ---- the loop

    async def _run(self) -> None:
        act_as(f"{VOLTLINE}: site {self.kept.name}")
        while True:
            self._woken.clear()
            try:
                delay = await self._step()
            except Exception:
                log.exception("site %s: a step failed", self.kept.name)
                delay = self._world.settings.period_s
            await asyncio.sleep(min(_SPACING_S, delay))
            try:
                async with asyncio.timeout(max(0.0, delay - _SPACING_S)):
                    await self._woken.wait()
            except TimeoutError:
                continue

    async def _step(self) -> float:
        """Do what is to be done; in how many seconds there is something to do again."""
        if self._rebuild_due and not self._tasks:
            self.kept = replace(self.kept, memory=self._memory())
            self._rebuild_due = False
            if tree_of(self.kept.definition, self._learned) != self._controller.wiring.site:
                self._rebuild()
        now = self._time()
        acts = self._controller.step(now)
        if any(isinstance(act, Lease | SafeDefault) for act in acts):
            # Durable first: after a crash, what may have been lent has to be known.
            memory = msgspec.json.encode(self._memory()).decode()
            await asyncio.shield(self._world.writer.submit(sites.remember, self.kept.id, memory))
        findings = [act for act in acts if isinstance(act, Finding)]
        if findings:
            self._find(*findings)
        for act in acts:
            if isinstance(act, Lease):
                self._spawn(self._lend(act))
            elif isinstance(act, SafeDefault):
                self._spawn(self._secure(act))
        now = self._time()
        if now - self._sampled_at >= self._world.sample_s:
            self._sampled_at = now
            self.point = self._point()
            self._store(self._world.writer.submit(sites.sample, self.kept.id, self.point))
        until = min(self._controller.next_step(now), self._sampled_at + self._world.sample_s)
        return max(0.0, until - now)

    def _rebuild(self) -> None:
        """A new controller that knows what the one before did."""
        self._controller = self._made(self.kept.memory)
        for name in self._members:
            if name in self._online:
                self.tell(facts.Online(name))
            if (running := self._running.get(name)) is not None:
                self._tell_begun(self._members[name], running)
            if (measured := self._measured.get(name)) is not None:
                self.tell(measured)
        for name, meter in self._meters.items():
            if name in self._controller.wiring.fuses:
                self.tell(meter)

    def _made(self, memory: SiteMemory) -> SiteController:
        settings, definition = self._world.settings, self.kept.definition
        return controller_of(definition, self._learned, memory, settings, self._time())

    def _memory(self) -> SiteMemory:
        return SiteMemory(
            connectors=self._controller.memory(),
            next_number=self._controller.next_number,
            ways=self._ways,
            profile_ids=self._profile_ids,
        )

    def _tell_begun(self, member: Member, transaction: Transaction) -> None:
        need = self._needs.get(member.id)
        if need is None and member.solar_only:
            need = Need(solar_only=True)
        self.tell(facts.Began(member.id, transaction.id, need))

    # ---- what is known of charge points

    async def _learn(self, line: Line, mine: list[Member]) -> None:
        writer, timeout_s = self._world.writer, self._world.call_timeout_s
        known = await asyncio.shield(writer.submit(sites.known_station, line.key))
        if folded(MAX_STACK_LEVEL) not in known.values and folded(ALLOWED_UNITS) not in known.values:
            await sending.ask_configuration(line, timeout_s)
            known = await asyncio.shield(writer.submit(sites.known_station, line.key))
        self._values[folded(line.identity)] = dict(known.values)
        rotations = rotations_of(known.values.get(folded(PHASE_ROTATION)))
        used = [ids.lease for member in mine if (ids := self._profile_ids.get(member.id)) is not None]
        next_id = max([known.next_profile_id, *(one + 1 for one in used)])
        for member in mine:
            if member.id not in self._profile_ids:
                self._profile_ids[member.id] = ProfileIds(next_id, next_id + 1)
                next_id += 2
            self._learn_of(
                member,
                rotation=rotations.get(member.connector),
                in_watts=allowed_units(known.values) == (ChargingRateUnit.W,),
            )

    def _learn_of(self, member: Member, **learned: Any) -> None:
        before = self._learned.get(member.id, Learned())
        self._learned[member.id] = replace(before, **learned)
        if self._learned[member.id] != before:
            self._rebuild_due = True
            self._woken.set()

    def _check_clock(self, member: Member, flow: Flow, received_at: datetime) -> None:
        check = self._clocks.setdefault(member.id, ClockCheck(self._world.settings.margin_s / 2))
        if check.is_off == check.see(flow.at, received_at):
            return
        self._learn_of(member, clock_off=check.is_off)
        if check.is_off:
            text = "its clock is late, so its leases may last longer than they should; set its clock"
            self._find(Finding(facts.Trouble.SILENT, member.id, text), kind="clock-off")

    def _status(self, member: Member) -> str | None:
        station = self._world.queries.station(member.charge_point)
        if station is None:
            return None
        states = self._world.queries.connectors([station.key]).get(station.key, ())
        return next((one.status for one in states if one.connector_id == member.connector), None)

    # ---- what is done with charge points

    async def _lend(self, lease: Lease) -> None:
        member = self._members[lease.connector]
        line, running = self._line(member), self._running.get(member.id)
        least_s = self._world.settings.lease_s * _LEAST_PART
        if line is None or running is None or lease.until - self._time() < least_s:
            return
        until, now = self._wall(lease.until), self._world.now()
        ids = self._profile_ids[member.id]
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
            )
            for way in lease_ways(self._known_of(member), self._ways.get(member.id))
        }
        outcome, way = await sending.install(
            line, member.connector, profiles.items(), self._world.call_timeout_s
        )
        if way is None:
            if outcome is Outcome.REFUSED:
                self.tell(facts.LeaseAnswered(lease.number, accepted=False))
            return
        self._note_way(member, way)
        told = (lease.transaction, lease.current_a, lease.phases)
        changed = self._told.get(member.id) != told
        if changed and not await self._is_kept(line, member, profiles[way]):
            return  # It stays unanswered, and all that may hold counts.
        self._told[member.id] = told
        self.tell(facts.LeaseAnswered(lease.number, accepted=True))
        if changed:
            subject = SiteAllocated(
                site=self.kept.name,
                connector_id=member.connector,
                transaction_id=running.id,
                current_a=lease.current_a,
                unit=str(way.unit),
                until=until,
            )
            stored = self._world.writer.submit(
                sites.note, EventKind.SITE_ALLOCATED, line.key, subject, self._world.now()
            )
            self._store(stored)

    async def _is_kept(self, line: Line, member: Member, profile: Any) -> bool:
        if not self._world.verify or folded(member.charge_point) in self._untold:
            return True
        seen = await sending.look(line, member.connector, profile, self._world.call_timeout_s)
        if seen is Seen.UNTOLD:
            self._untold.add(folded(member.charge_point))
        if seen is Seen.HIGHER:
            text = "it has accepted a limit, but its composite schedule allows more"
            self._find(Finding(facts.Trouble.DISOBEYS, member.id, text), kind="schedule-differs")
        return seen is not Seen.HIGHER

    async def _secure(self, act: SafeDefault) -> None:
        member = self._members[act.connector]
        line = self._line(member)
        if line is None:
            return
        worked = self._ways.get(member.id)
        ids, now = self._profile_ids[member.id], self._world.now()
        profiles = [
            (way, limit_profile(way, ids.safe, act.current_a, member.phases, now))
            for way in safe_ways(self._known_of(member), None if worked is None else worked.unit)
        ]
        outcome, way = await sending.install(line, member.connector, profiles, self._world.call_timeout_s)
        if outcome is not Outcome.UNKNOWN:
            self.tell(facts.SafeAnswered(act.number, accepted=way is not None))
        if way is not None and way.unit == ChargingRateUnit.W:
            self._learn_of(member, in_watts=True)

    async def _end(self, member: Member, transaction: Transaction, over: bool) -> None:
        """A transaction is over. A lease that was no TxProfile outlives it, unless it is cleared."""
        way = self._ways.get(member.id)
        if over and way is not None and way.purpose != ChargingProfilePurpose.TX_PROFILE:
            line = self._world.lines.line(member.charge_point)
            ids = self._profile_ids[member.id]
            over = line is not None and await sending.clear(line, ids.lease, self._world.call_timeout_s)
        if over:
            self.tell(facts.Ended(member.id, transaction.id))
        else:
            lasts_s = self._world.settings.lease_s + self._world.settings.margin_s
            loop = asyncio.get_running_loop()
            loop.call_later(lasts_s, self.tell, facts.Ended(member.id, transaction.id))

    async def _leave(self, member: Member) -> None:
        """It is not of this site any more: take back what it was told."""
        line, ids = self._world.lines.line(member.charge_point), self._profile_ids.pop(member.id, None)
        self._ways.pop(member.id, None)
        if line is not None and ids is not None:
            await sending.clear(line, ids.lease, self._world.call_timeout_s)
            await sending.clear(line, ids.safe, self._world.call_timeout_s)

    def _line(self, member: Member) -> Line | None:
        """To a charge point that is accepted: to others nothing is sent (BOO-12)."""
        line = self._world.lines.line(member.charge_point)
        return line if line is not None and line.registration is Registration.ACCEPTED else None

    def _note_way(self, member: Member, way: LeaseWay) -> None:
        self._ways[member.id] = way
        self._learn_of(member, in_watts=way.unit == ChargingRateUnit.W)

    def _known_of(self, member: Member) -> dict[str, str | None]:
        return self._values.get(folded(member.charge_point), {})

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if self._rebuild_due:
            self._woken.set()
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("site %s: a limit could not be sent", self.kept.name, exc_info=error)

    # ---- meters of buildings

    def _read_flow(self, fuse: str, flow: Flow, total: bool, received_at: datetime) -> None:
        at = self._since(flow.at, received_at)
        power_w = flow.power_w
        if flow.phases_a is not None:
            net = list(flow.phases_a)
            power_w = sum(net) * LINE_VOLTAGE_V
        else:  # whichever phase it flows on, that is the most that it can be
            net = [(flow.power_w or 0.0) / LINE_VOLTAGE_V] * GRID_PHASES
        charging = self._surely_drawn(fuse, at) if total else [0.0] * GRID_PHASES
        others = tuple(current - drawn for current, drawn in zip(net, charging, strict=True))
        measured = facts.OthersMeasured(fuse, others, at)  # type: ignore[arg-type]
        self._meters[fuse] = measured
        self.tell(measured)
        wiring = self._controller.wiring
        told = at - self._surplus_at <= self._world.settings.fresh_s
        if wiring.fuses[fuse] == wiring.root and not told and power_w is not None:
            self.tell(facts.SurplusMeasured(sum(charging) * LINE_VOLTAGE_V - power_w, at))

    def _surely_drawn(self, fuse: str, at: float) -> list[float]:
        """The least that connectors have lately drawn through a fuse, on L1, L2 and L3."""
        wiring = self._controller.wiring
        number = wiring.fuses[fuse]
        drawn = [0.0] * GRID_PHASES
        for place, connector in enumerate(wiring.site.connectors):
            lows = self._lows.get(connector.id)
            if lows is None or connector.rotation is Rotation.UNKNOWN:
                continue
            for phase, lines in enumerate(wiring.phase_lines(place)):
                for line in lines:
                    if line // GRID_PHASES == number:
                        drawn[line % GRID_PHASES] += lows.least(phase, at)
        return drawn

    # ---- what is told

    def _point(self) -> SitePoint:
        now = self._time()
        controller, wiring = self._controller, self._controller.wiring
        allocated, measured = [0.0] * wiring.lines, [0.0] * wiring.lines
        for place, view in enumerate(controller.view(now)):
            lines = wiring.phase_lines(place)
            for phase, through in enumerate(lines):
                for line in through:
                    if view.transaction is not None:
                        allocated[line] += view.target_a
                    if phase < len(view.measured_a):
                        measured[line] += view.measured_a[phase]
        capacity, possible = controller.capacities(now), controller.possible(now)

        def of(fuse: int, amounts: list[float]) -> tuple[float, ...]:
            return tuple(round(one, 2) for one in amounts[fuse * GRID_PHASES : (fuse + 1) * GRID_PHASES])

        return SitePoint(
            at=self._world.now(),
            fuses=tuple(
                FusePoint(
                    fuse=fuse.name,
                    rating_a=fuse.rating_a,
                    capacity_a=of(number, capacity),
                    allocated_a=of(number, allocated),
                    possible_a=of(number, possible),
                    measured_a=of(number, measured),
                )
                for number, fuse in enumerate(wiring.site.fuses)
            ),
        )

    def _find(self, *findings: Finding, kind: str | None = None) -> None:
        at = self._world.now()
        told = []
        for one in findings:
            trouble = kind or str(one.trouble)
            level = logging.INFO if one.trouble in _GOOD_NEWS else logging.WARNING
            log.log(level, "site %s: %s: %s: %s", self.kept.name, one.subject, trouble, one.text)
            self._troubles.append((trouble, one.subject, one.text, at))
            self.found[trouble] = self.found.get(trouble, 0) + 1
            told.append(SiteFound(site=self.kept.name, trouble=trouble, subject=one.subject, text=one.text))
        self._store(self._world.writer.submit(sites.note_findings, told, at))

    def _store(self, stored: asyncio.Future[Any]) -> None:
        stored.add_done_callback(self._stored)

    def _stored(self, stored: asyncio.Future[Any]) -> None:
        if not stored.cancelled() and (error := stored.exception()) is not None:
            log.error("site %s: its history could not be kept", self.kept.name, exc_info=error)
