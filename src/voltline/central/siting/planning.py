"""A plan of the hours ahead by price or CO2, made anew when what it is made of has changed.

It is advice: the controller takes it for a ceiling of what a car wishes, and keeps every promise without it.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from datetime import datetime
from importlib.util import find_spec

from voltline.central.domain.site_plans import PlannedCar, PriceCurve, SitePlan
from voltline.central.siting.world import SiteTime
from voltline.smart_charging.site import facts
from voltline.smart_charging.site.ahead import EXTRA, SLOT_S, Parked, rooms
from voltline.smart_charging.site.controller import SiteController
from voltline.smart_charging.site.facts import Fact
from voltline.smart_charging.site.tree import Wiring

log = logging.getLogger(__name__)

HORIZON_S = 48 * 3600.0
"""Nobody plans further: prices are known for a day, and a longer plan takes longer to find."""
_GOOD_ENOUGH = 0.001
"""A plan that may be so much dearer than the best one is taken; the cars that are there are few."""
_TOGETHER_S = 1.0
"""What happens within so long is planned for at once."""


def can_plan() -> bool:
    """Whether the solver is installed: `voltline[plan]`."""
    return find_spec("scipy") is not None


class Planner:
    """Runs as a task from when there are prices until `close`. For the event loop's thread."""

    def __init__(
        self,
        site: str,
        time: SiteTime,
        now: Callable[[], datetime],
        controller: Callable[[], SiteController],
        tell: Callable[[Fact], None],
        prices: PriceCurve | None,
    ) -> None:
        self._site, self._time, self._now = site, time, now
        self._controller, self._tell = controller, tell
        self._woken = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self.prices: PriceCurve | None = None
        self.plan: SitePlan | None = None
        """None: nobody whose needs are known is there, or there are no prices."""
        self.follow(prices)

    def follow(self, prices: PriceCurve | None) -> None:
        """Plan by these prices from now on; None: not at all."""
        self.prices = prices
        self.wake()
        if prices is None:
            self._stop()
            self._take(None)
        elif self._task is None and can_plan():
            self._task = asyncio.create_task(self._run(), name=f"plan of {self._site}")

    def wake(self) -> None:
        """A car came or went, or needs something else."""
        self._woken.set()

    def tell_again(self) -> None:
        """The plan, to a controller that is new."""
        if self.plan is not None:
            for fact in _facts(self.plan, self._controller()):
                self._tell(fact)

    async def close(self) -> None:
        """Plan no more."""
        if (task := self._task) is not None:
            self._stop()
            await asyncio.wait([task])

    def _stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
            self._task = None

    async def _run(self) -> None:
        while True:
            await asyncio.sleep(_TOGETHER_S)
            self._woken.clear()
            try:
                await self._plan()
            except Exception:
                log.exception("site %s: no plan could be made; it is tried again", self._site)
            left_s = SLOT_S - self._time() % SLOT_S
            try:
                async with asyncio.timeout(left_s):
                    await self._woken.wait()
            except TimeoutError:
                continue

    async def _plan(self) -> None:
        controller, now, prices = self._controller(), self._time(), self.prices
        cars = controller.parked(now)
        if prices is None or not cars:
            self._take(None)
            return
        begins = now // SLOT_S * SLOT_S
        # Cancelled while it computes, it goes on to its end unheard.
        made = await asyncio.to_thread(
            _made, controller.wiring, cars, controller.others(now), prices, begins, self._now()
        )
        if self.prices is prices:
            self._take(made)

    def _take(self, plan: SitePlan | None) -> None:
        before, self.plan = self.plan, plan
        controller = self._controller()
        planned = set() if plan is None else {car.connector for car in plan.cars}
        for car in () if before is None else before.cars:
            if car.connector not in planned and car.connector in controller.wiring.connectors:
                self._tell(facts.Planned(car.connector, ()))
        self.tell_again()


def _made(
    wiring: Wiring, cars: list[Parked], others_a: list[float], prices: PriceCurve, begins: float, at: datetime
) -> SitePlan:
    from voltline.smart_charging.site.plan import Stay, day_plan  # late: scipy is an extra

    ends = min(max(car.departure for car in cars), begins + HORIZON_S)
    starts = [begins + slot * SLOT_S for slot in range(max(1, int((ends - begins) // SLOT_S)))]
    costs = prices.over(starts, SLOT_S)
    stays = [
        Stay(
            arrives_s=0.0,
            leaves_s=car.departure - begins - SLOT_S,
            energy_wh=car.missing_wh * EXTRA,
            least_a=car.least_a,
            most_a=car.most_a,
            phases=car.phases,
            lines=car.lines,
        )
        for car in cars
    ]
    found = day_plan(stays, rooms(wiring, starts, others_a), costs, SLOT_S, _GOOD_ENOUGH)
    return SitePlan(
        made_at=at,
        begins=begins,
        slot_s=SLOT_S,
        prices=tuple(costs),
        cost=found.cost,
        cars=tuple(
            PlannedCar(
                connector=car.connector,
                transaction=car.transaction,
                departure=car.departure,
                energy_wh=car.missing_wh,
                short_wh=max(0.0, car.missing_wh - (car.missing_wh * EXTRA - short_wh))
                if short_wh > 0
                else 0.0,
                currents_a=currents_a,
            )
            for car, currents_a, short_wh in zip(cars, found.currents_a, found.short_wh, strict=True)
        ),
    )


def _facts(plan: SitePlan, controller: SiteController) -> list[facts.Planned]:
    running = {one.id: one.transaction for one in controller.view(plan.begins)}
    wiring = controller.wiring
    told: list[facts.Planned] = []
    for car in plan.cars:
        if running.get(car.connector) != car.transaction:
            continue
        steps = [(plan.begins + number * plan.slot_s, most) for number, most in enumerate(car.currents_a)]
        # Beyond its end a plan says nothing: then the car has what all others have.
        most_a = wiring.site.connectors[wiring.connectors[car.connector]].hardware_a
        last = (plan.begins + len(steps) * plan.slot_s, most_a)
        told.append(facts.Planned(car.connector, (*steps, last)))
    return told
