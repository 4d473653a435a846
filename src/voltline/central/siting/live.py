"""One site as it is steered: facts to its controller, and what that wants done to its charge points."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Any

import msgspec
from msgspec.structs import replace

from voltline.base.ids import folded
from voltline.central.domain.mqtt_meters import MqttReading, Phases, Told
from voltline.central.domain.site_plans import PriceCurve, SitePlan
from voltline.central.domain.site_readings import ANYWHERE, Flow, Measures, flow_of
from voltline.central.domain.sites import (
    KeptSite,
    Member,
    SiteAllocated,
    SiteMemory,
    SitePoint,
    controller_of,
    tree_of,
)
from voltline.central.domain.transactions import Transaction
from voltline.central.services import sites
from voltline.central.services.acting import VOLTLINE, act_as
from voltline.central.services.ports import StorageUnavailable
from voltline.central.services.ports.lines import Line
from voltline.central.services.ports.sites import MemberState, SiteState
from voltline.central.siting.charge_points import ChargePoints
from voltline.central.siting.chronicle import Chronicle
from voltline.central.siting.metering import Metering
from voltline.central.siting.planning import Planner
from voltline.central.siting.standing import site_point
from voltline.central.siting.transactions import transaction_of
from voltline.central.siting.world import SiteTime, World
from voltline.messages import MeterValues
from voltline.smart_charging.site import facts
from voltline.smart_charging.site.controller import SiteController
from voltline.smart_charging.site.facts import Fact, Finding, Lease, Need, SafeDefault

if TYPE_CHECKING:
    from voltline.central.siting.mqtt import MqttMeters

log = logging.getLogger(__name__)

_SPACING_S = 0.25
"""At most so often is the controller asked what is to be done, unless it says that it is urgent."""
_LEAST_PART = 0.25
"""A lease of which less is left, because it could not be stored in time, is not worth sending."""


class LiveSite:
    """Runs as a task from when it is made until `close`. All methods are for the event loop's thread."""

    def __init__(self, kept: KeptSite, world: World) -> None:
        """Raises InvalidSite."""
        self.kept = kept
        self._world = world
        self._time = SiteTime(world)
        self.chronicle = Chronicle(lambda: self.kept.name, world)
        self._metering = Metering(self._time, world.settings, self.tell)
        self._charge_points = ChargePoints(world, kept.memory, self._learned, self.chronicle.find)
        self._running: dict[str, Transaction] = {}
        self._needs: dict[str, Need] = {}
        self._online: set[str] = set()
        self._excused: set[str] = set()
        """Connectors of which it is known now why they drew too much."""
        self._members = {one.id: one for one in kept.definition.connectors}
        self._controller = self._made(kept.memory)
        self._rebuild_due = False
        self._woken = asyncio.Event()
        self.point = self._point()
        self._sampled_at = float("-inf")
        self._tasks: set[asyncio.Task[None]] = set()
        self._mqtt = self._subscribed()
        self._planner = Planner(
            kept.name, self._time, world.now, lambda: self._controller, self.tell, kept.memory.prices
        )
        self._task = asyncio.create_task(self._run(), name=f"site {kept.name}")

    async def close(self) -> None:
        """Steer no more. Leases lapse by themselves."""
        if self._mqtt is not None:
            await self._mqtt.close()
        await self._planner.close()
        tasks = [self._task, *self._tasks]
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)

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
        self._charge_points.keep(self._members)
        self._rebuild()
        for name, member in before.items():
            if name not in self._members:
                self._spawn(self._charge_points.leave(member))
        if self._mqtt is None or self._mqtt.source != kept.definition.mqtt:
            if self._mqtt is not None:
                self._spawn(self._mqtt.close())
            self._mqtt = self._subscribed()
        self._woken.set()

    def leave(self) -> list[Coroutine[Any, Any, None]]:
        """What clears the fail-safe defaults of all, to be run once it is closed."""
        return [self._charge_points.leave(member) for member in self._members.values()]

    async def came(self, line: Line) -> None:
        """A charge point may be worked with."""
        mine = self.members_of(line.identity)
        await self._charge_points.learn(line, mine)
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
            self._charge_points.booted(member)
            self.tell(facts.Booted(member.id))

    def metered(self, identity: str, request: MeterValues, received_at: datetime) -> None:
        """A charge point has sent meter values."""
        for meter in self.kept.definition.meters:
            if meter.connector == request.connector_id and folded(meter.charge_point) == folded(identity):
                flow = flow_of(request.meter_value, ANYWHERE)
                if flow is not None:
                    self._read_flow(meter.fuse, flow, meter.measures, received_at)
        for member in self.members_of(identity):
            if member.connector == request.connector_id:
                limit_a = self._charge_points.limit_a(member)
                late = self._metering.of_connector(member, request, limit_a, received_at)
                if late is not None:
                    self._note_clock(member, late)
                measured = self._metering.measured.get(member.id)
                if measured is not None and self._charge_points.drew(member, measured.currents_a):
                    text = (
                        "it lets a car on one phase have the watts of three; it is told those of one from "
                        "now on, until a car draws on more"
                    )
                    self.chronicle.find(
                        Finding(facts.Trouble.DISOBEYS, member.id, text), "watts-on-one-phase"
                    )
                    self._excused.add(member.id)

    def read_meter(
        self, fuse: str, currents_a: tuple[float, float, float], measures: Measures, at: datetime
    ) -> None:
        """A meter tells what flows on L1, L2 and L3. Raises KeyError for a fuse that is not there."""
        if fuse not in self._controller.wiring.fuses:
            raise KeyError(fuse)
        self._read_flow(fuse, Flow(at, currents_a), measures, self._world.now())

    def read_surplus(self, power_w: float, at: datetime) -> None:
        """What the sun gives beyond what others draw."""
        self._metering.surplus(power_w, at, self._world.now())

    def _read_flow(
        self, fuse: str, flow: Flow, measures: Measures, received_at: datetime, fresh_s: float | None = None
    ) -> None:
        total = measures is Measures.TOTAL
        self._metering.of_fuse(self._controller.wiring, fuse, flow, total, received_at, fresh_s)

    def _subscribed(self) -> MqttMeters | None:
        source = self.kept.definition.mqtt
        if source is None:
            return None
        from voltline.central.siting.mqtt import MqttMeters  # late: most sites have none

        fresh_s, now = self._world.settings.fresh_s, self._world.now
        return MqttMeters(source, fresh_s, now, self._time, self._published, self.chronicle.find)

    def _published(self, reading: MqttReading, told: Told, phases: Phases) -> None:
        source = self.kept.definition.mqtt
        if reading.fuse is None:
            self.read_surplus(told.amounts[0], told.at)
        elif reading.fuse in self._controller.wiring.fuses and source is not None:
            flow = phases.flow(reading, told)
            if flow is not None:
                self._read_flow(reading.fuse, flow, reading.measures, self._world.now(), source.stale_s)

    def _note_clock(self, member: Member, late: bool) -> None:
        self._charge_points.learn_of(member, clock_off=late)
        if late:
            text = "its clock is late, so its leases may last longer than they should; set its clock"
            self.chronicle.find(Finding(facts.Trouble.SILENT, member.id, text), "clock-off")

    def say_need(self, connector: str, need: Need) -> bool:
        """What a car needs; False: no transaction runs. Raises KeyError for a connector not of this site."""
        member = self._members[connector]
        if member.id not in self._running:
            return False
        self._needs[member.id] = need
        self.tell(facts.NeedTold(member.id, need))
        return True

    def follow_prices(self, prices: PriceCurve | None) -> None:
        """Plan by these prices; None: not at all."""
        self._planner.follow(prices)
        self.chronicle.watch(self._remember())  # or a lease that is being stored would put those before back

    @property
    def plan(self) -> SitePlan | None:
        """Of the hours ahead; None: there is none."""
        return self._planner.plan

    def charging(self, identity: str, connector: int) -> Member | None:
        """The member that is this connector, if a transaction is known to run there."""
        found = (one for one in self.members_of(identity) if one.connector == connector)
        return next((one for one in found if one.id in self._running), None)

    async def reconcile(self, member: Member) -> None:
        """Look which transaction runs on a connector, and tell the controller."""
        before = self._running.get(member.id)
        look = partial(transaction_of, self._world.queries, member, before)
        try:
            running, over = await asyncio.to_thread(look)
        except StorageUnavailable:
            return
        before = self._running.get(member.id)
        if before is not None and (running is None or running.id != before.id):
            if running is None and not over:
                return
            self._running.pop(member.id, None)
            self._needs.pop(member.id, None)
            self._charge_points.ended(member)
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
        if isinstance(fact, facts.Began | facts.Ended | facts.NeedTold):
            self._planner.wake()
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
                    unit=None if (way := self._charge_points.ways.get(view.id)) is None else str(way.unit),
                    purpose=None if way is None else str(way.purpose),
                    measured_at=None
                    if (measured := self._metering.measured.get(view.id)) is None
                    else self._time.wall(measured.at),
                )
                for view in self._controller.view(self._time())
            ),
            troubles=tuple(reversed(self.chronicle.troubles)),
            mqtt=None if self._mqtt is None else self._mqtt.state(),
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
            if tree_of(self.kept.definition, self._charge_points.learned) != self._controller.wiring.site:
                self._rebuild()
        now = self._time()
        acts = self._controller.step(now)
        if any(isinstance(act, Lease | SafeDefault) for act in acts):
            # Durable first: after a crash, what may have been lent has to be known.
            await asyncio.shield(self._remember())
        findings = [act for act in acts if isinstance(act, Finding)]
        if findings:
            self.chronicle.find_all(findings)
        for act in acts:
            if isinstance(act, Lease):
                self._spawn(self._lend(act))
            elif isinstance(act, SafeDefault):
                self._spawn(self._secure(act))
        now = self._time()
        if now - self._sampled_at >= self._world.sample_s:
            self._sampled_at = now
            self.point = self._point()
            self.chronicle.sample(self.kept.id, self.point)
        until = min(self._controller.next_step(now), self._sampled_at + self._world.sample_s)
        return max(0.0, until - now)

    def _remember(self) -> asyncio.Future[None]:
        memory = msgspec.json.encode(self._memory()).decode()
        return self._world.writer.submit(sites.remember, self.kept.id, memory)

    def _rebuild(self) -> None:
        """A new controller that knows what the one before did."""
        self._controller = self._made(self.kept.memory)
        for name in self._members:
            if name in self._online:
                self.tell(facts.Online(name))
            if (running := self._running.get(name)) is not None:
                self._tell_begun(self._members[name], running)
        self._metering.tell_again(self._controller.wiring)
        while self._excused:
            self.tell(facts.Excused(self._excused.pop()))
        self._planner.tell_again()

    def _made(self, memory: SiteMemory) -> SiteController:
        settings, definition = self._world.settings, self.kept.definition
        return controller_of(definition, self._charge_points.learned, memory, settings, self._time())

    def _memory(self) -> SiteMemory:
        return SiteMemory(
            connectors=self._controller.memory(),
            next_number=self._controller.next_number,
            ways=self._charge_points.ways,
            profile_ids=self._charge_points.profile_ids,
            prices=self._planner.prices,
        )

    def _tell_begun(self, member: Member, transaction: Transaction) -> None:
        need = self._needs.get(member.id)
        if need is None and member.solar_only:
            need = Need(solar_only=True)
        self.tell(facts.Began(member.id, transaction.id, need))

    # ---- what is done with charge points

    async def _lend(self, lease: Lease) -> None:
        member, running = self._members[lease.connector], self._running.get(lease.connector)
        least_s = self._world.settings.lease_s * _LEAST_PART
        if running is None or lease.until - self._time() < least_s:
            return
        until = self._time.wall(lease.until)
        lent = await self._charge_points.lend(member, lease, running, until)
        if lent.accepted is None:
            return  # All that may hold counts.
        self.tell(facts.LeaseAnswered(lease.number, lent.accepted))
        line = self._world.lines.line(member.charge_point)
        if lent.unit is not None and line is not None:
            subject = SiteAllocated(
                site=self.kept.name,
                connector_id=member.connector,
                transaction_id=running.id,
                current_a=lease.current_a,
                unit=str(lent.unit),
                until=until,
            )
            self.chronicle.allocated(line.key, subject)

    async def _secure(self, act: SafeDefault) -> None:
        accepted = await self._charge_points.secure(self._members[act.connector], act)
        if accepted is not None:
            self.tell(facts.SafeAnswered(act.number, accepted))

    async def _end(self, member: Member, transaction: Transaction, over: bool) -> None:
        if over and await self._charge_points.clear_lease(member):
            self.tell(facts.Ended(member.id, transaction.id))
        else:
            lasts_s = self._world.settings.lease_s + self._world.settings.margin_s
            loop = asyncio.get_running_loop()
            loop.call_later(lasts_s, self.tell, facts.Ended(member.id, transaction.id))

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

    # ---- what is told

    def _point(self) -> SitePoint:
        return site_point(self._controller, self._time(), self._world.now())

    def _learned(self) -> None:
        self._rebuild_due = True
        self._woken.set()
