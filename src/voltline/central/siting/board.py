"""Which charge point belongs to which site, and what happens to it."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from voltline.base.ids import folded
from voltline.central.domain.events import Event, EventKind
from voltline.central.domain.site_plans import PriceCurve, SitePlan
from voltline.central.domain.site_readings import Measures
from voltline.central.domain.sites import KeptSite, Member, SitePoint, name_key
from voltline.central.services import sites
from voltline.central.services.ports import StorageUnavailable
from voltline.central.services.ports.lines import Line, Procedure, Procedures
from voltline.central.services.ports.sites import SiteState
from voltline.central.siting.live import LiveSite
from voltline.central.siting.planning import can_plan
from voltline.central.siting.world import World
from voltline.messages import MeterValues
from voltline.smart_charging.site.facts import Need
from voltline.smart_charging.site.tree import InvalidSite

log = logging.getLogger(__name__)

PROCEDURE = "site load management"
_KINDS = (
    EventKind.TRANSACTION_STARTED,
    EventKind.TRANSACTION_STOPPED,
    EventKind.TRANSACTION_REPAIRED,
    EventKind.CONNECTOR_STATUS,
)
_AT_A_TIME = 500
_NOWHERE = -1
"""No events are followed: there is no site."""
_TOGETHER_S = 0.1
"""Events are read together that come within so long; by then the answer to a start is on its way, too."""
_RETRY_S = 1.0
_DISCARD_PERIOD_S = 600.0
_DISCARD_STEP = 500


class Siting:
    """Steers all sites. All methods but `wake` and `points` are for the event loop's thread."""

    def __init__(self, world: World, procedures: Procedures, *, keep_days: float) -> None:
        """History is kept for so many days. Charge points are worked with through `procedures`."""
        self._world = world
        self._procedures = procedures
        self._keep_days = keep_days
        self._live: dict[str, LiveSite] = {}
        self._by_charge_point: dict[str, set[LiveSite]] = {}
        self._loop = asyncio.get_running_loop()
        self._news = asyncio.Event()
        self._position = _NOWHERE
        self._tasks: set[asyncio.Task[None]] = set()
        self._closed = False

    async def start(self) -> None:
        """Begin to steer what is kept. Raises StorageUnavailable."""
        queries = self._world.queries
        for kept in await asyncio.to_thread(queries.sites):
            try:
                self.follow(kept)
            except InvalidSite as error:
                log.error("site %s cannot be steered, describe it anew: %s", kept.name, error)
        self._spawn(self._read_events())
        self._spawn(self._discard())

    async def close(self) -> None:
        """Steer no more. Leases lapse by themselves, fail-safe defaults stay."""
        self._closed = True
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks)
        for live in self._live.values():
            await live.close()

    # ---- sites come and go

    def follow(self, kept: KeptSite) -> None:
        """See `services.ports.sites.SiteBoard`. Raises InvalidSite."""
        live = next((one for one in self._live.values() if one.kept.id == kept.id), None)
        if live is None:
            live = LiveSite(kept, self._world)
        else:
            self._live.pop(name_key(live.kept.name))
            live.follow(kept)
        self._live[name_key(kept.name)] = live
        self._sort()
        for identity in {member.charge_point for member in live.members.values()}:
            if self._world.lines.line(identity) is not None:
                self._procedures.start(identity, PROCEDURE, self.came)

    def forget(self, name: str) -> None:
        """See `services.ports.sites.SiteBoard`."""
        live = self._live.pop(name_key(name), None)
        self._sort()
        if live is not None:
            self._spawn(self._end(live))

    async def _end(self, live: LiveSite) -> None:
        await live.close()
        await asyncio.gather(*live.leave())

    def _sort(self) -> None:
        self._by_charge_point = {}
        for live in self._live.values():
            identities = [member.charge_point for member in live.members.values()]
            identities += [meter.charge_point for meter in live.kept.definition.meters]
            for identity in identities:
                self._by_charge_point.setdefault(folded(identity), set()).add(live)

    def _of(self, identity: str) -> Iterable[LiveSite]:
        return self._by_charge_point.get(folded(identity), ())

    # ---- charge points come and go

    def making(self, line: Line) -> Iterator[tuple[str, Procedure]]:
        """For `Runner.on_accepted`."""
        if self._of(line.identity):
            yield PROCEDURE, self.came

    def connected(self, identity: str, after_boot: bool) -> None:
        """A charge point has connected; `after_boot`: `making` is asked once it may be worked with."""
        if self._of(identity) and not after_boot:
            self._procedures.start(identity, PROCEDURE, self.came)

    async def came(self, line: Line) -> None:
        """A charge point may be worked with."""
        for live in list(self._of(line.identity)):
            await live.came(line)

    def went(self, identity: str) -> None:
        """A charge point has disconnected."""
        for live in self._of(identity):
            live.went(identity)

    def booted(self, identity: str) -> None:
        """A boot was accepted."""
        for live in self._of(identity):
            live.booted(identity)

    def metered(self, identity: str, request: MeterValues, received_at: datetime) -> None:
        """Meter values have come. On the path that most messages take."""
        if self._by_charge_point:
            for live in self._by_charge_point.get(folded(identity), ()):
                live.metered(identity, request, received_at)

    # ---- what people and programs say

    def state(self, name: str) -> SiteState | None:
        """See `services.ports.sites.SiteBoard`."""
        live = self._live.get(name_key(name))
        return None if live is None else live.state()

    def read_meter(
        self, name: str, fuse: str, currents_a: tuple[float, float, float], measures: Measures, at: datetime
    ) -> None:
        """See `services.ports.sites.SiteBoard`."""
        self._live[name_key(name)].read_meter(fuse, currents_a, measures, at)

    def read_surplus(self, name: str, power_w: float, at: datetime) -> None:
        """See `services.ports.sites.SiteBoard`."""
        self._live[name_key(name)].read_surplus(power_w, at)

    def say_need(self, name: str, connector: str, need: Need) -> bool:
        """See `services.ports.sites.SiteBoard`."""
        return self._live[name_key(name)].say_need(connector, need)

    def follow_prices(self, name: str, prices: PriceCurve | None) -> None:
        """See `services.ports.sites.SiteBoard`."""
        self._live[name_key(name)].follow_prices(prices)

    def plan(self, name: str) -> SitePlan | None:
        """See `services.ports.sites.SiteBoard`."""
        return self._live[name_key(name)].plan

    def can_plan(self) -> bool:
        """See `services.ports.sites.SiteBoard`."""
        return can_plan()

    def points(self) -> Mapping[str, tuple[SitePoint, Mapping[str, int]]]:
        """By site: how it stood lately, and how often which trouble was found. For any thread."""
        return {
            live.kept.name: (live.point, dict(live.chronicle.found)) for live in list(self._live.values())
        }

    # ---- transactions

    def wake(self) -> None:
        """There are new events. May be called on any thread."""
        with contextlib.suppress(RuntimeError):  # the loop is closed: nobody steers any more
            self._loop.call_soon_threadsafe(self._news.set)

    async def _read_events(self) -> None:
        while True:
            await self._news.wait()
            await asyncio.sleep(_TOGETHER_S)
            self._news.clear()
            try:
                await self._read_new()
            except StorageUnavailable:
                self._news.set()
                await asyncio.sleep(_RETRY_S)
            except Exception:
                log.exception("transactions of sites could not be followed; they are looked at again")
                self._news.set()
                await asyncio.sleep(_RETRY_S)

    async def _read_new(self) -> None:
        if not self._live:
            self._position = _NOWHERE
            return
        if self._position == _NOWHERE:  # what happened before is looked up, not followed
            self._position = await asyncio.to_thread(self._world.queries.newest_event)
            for live in list(self._live.values()):
                for member in list(live.members.values()):
                    await live.reconcile(member)
        kinds = [str(kind) for kind in _KINDS]
        read = partial(self._world.queries.events, kinds=kinds, limit=_AT_A_TIME)
        while found := await asyncio.to_thread(partial(read, after=self._position)):
            self._position = found[-1].id
            concerned = {(id(live), member.id): (live, member) for live, member in self._concerned(found)}
            for live, member in concerned.values():
                await live.reconcile(member)
            if len(found) < _AT_A_TIME:
                return

    def _concerned(self, found: Iterable[Event]) -> Iterator[tuple[LiveSite, Member]]:
        for event in found:
            if event.charge_point is None:
                continue
            subject: dict[str, Any] = json.loads(bytes(event.subject))
            connector = subject.get("connector_id")
            for live in self._of(event.charge_point):
                for member in live.members_of(event.charge_point):
                    if connector not in (None, member.connector):
                        continue
                    if (
                        event.kind != EventKind.CONNECTOR_STATUS
                        or live.charging(event.charge_point, member.connector) is not None
                    ):
                        yield live, member

    # ---- history

    async def _discard(self) -> None:
        while True:
            await asyncio.sleep(_DISCARD_PERIOD_S)
            before = self._world.now() - timedelta(days=self._keep_days)
            while self._world.writer.healthy:
                stored = self._world.writer.submit(sites.discard, before, _DISCARD_STEP)
                if await asyncio.shield(stored) < _DISCARD_STEP:
                    break

    def _spawn(self, work: Any) -> None:
        task: asyncio.Task[None] = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("the bookkeeping of sites failed", exc_info=error)
