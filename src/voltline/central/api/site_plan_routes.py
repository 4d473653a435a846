"""What energy will cost at a site, and the plan of the hours ahead that is made by it."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Annotated, Any

from litestar import Request, delete, get, put
from litestar.di import NamedDependency
from msgspec import Meta, Struct

from voltline.central.api.bodies import BODY, invalid_body, read_body
from voltline.central.api.needs import Site
from voltline.central.api.problems import ApiError, Fault
from voltline.central.api.site_routes import SiteName, board_of, found_site, no_such_site, state_of, utc_of
from voltline.central.api.writing import write
from voltline.central.domain.site_plans import (
    MOST_PRICE,
    PlannedCar,
    PriceCurve,
    PriceStep,
    SitePlan,
    curve_problems,
)
from voltline.central.domain.sites import SiteDefinition
from voltline.central.services import sites

MOST_STEPS = 2_000


class SitePrice(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """From this instant on, until the next step."""

    at: datetime
    price: Annotated[float, Meta(ge=-MOST_PRICE, le=MOST_PRICE, description="Of a kilowatt-hour.")]


class SitePrices(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a kilowatt-hour costs over the hours ahead: money, or CO2."""

    unit: Annotated[str, Meta(min_length=1, max_length=32, examples=["EUR/kWh", "gCO2/kWh"])]
    steps: Annotated[
        list[SitePrice],
        Meta(
            min_length=1,
            max_length=MOST_STEPS,
            description="In order of time.",
            examples=[[{"at": "2026-03-01T17:00:00Z", "price": 0.31}]],
        ),
    ]
    until: Annotated[
        datetime,
        Meta(
            description="Where the last step ends. Later hours are planned with the mean of all.",
            examples=["2026-03-02T00:00:00Z"],
        ),
    ]

    def curve(self) -> PriceCurve:
        """The same as the site's own kind."""
        steps = tuple(PriceStep(one.at, one.price) for one in self.steps)
        return PriceCurve(unit=self.unit, steps=steps, until=self.until)


class SitePlanSlot(Struct, frozen=True, kw_only=True):
    """A slot of a plan."""

    at: Annotated[datetime, Meta(description="Where it begins.")]
    price: Annotated[float, Meta(description="Of a kilowatt-hour.")]


class SitePlanCar(Struct, frozen=True, kw_only=True):
    """A car of which it is known how much it needs until when."""

    charge_point: str
    connector: int
    transaction_id: int
    departure: datetime
    energy_wh: Annotated[float, Meta(description="What it needed when the plan was made.")]
    short_wh: Annotated[float, Meta(description="What it will lack: there is not enough time or room.")]
    currents_a: Annotated[
        list[float],
        Meta(description="What it may have in each slot, per phase. 0: it waits for a better one."),
    ]


class SitePlanView(Struct, frozen=True, kw_only=True):
    """The plan of the hours ahead."""

    made_at: Annotated[datetime | None, Meta(description="null: nothing is planned, see why.")]
    why: Annotated[str | None, Meta(description="Why nothing is planned; null: something is.")]
    unit: Annotated[str | None, Meta(description="Of the prices.")]
    cost: Annotated[float, Meta(description="Of all that is planned: in the unit, times kWh.")]
    slot_s: Annotated[float, Meta(description="How long a slot is.")]
    slots: list[SitePlanSlot]
    cars: list[SitePlanCar]


@get(
    "/sites/{name:str}/prices",
    sync_to_thread=True,
    operation_id="getSitePrices",
    summary="Show what energy will cost at a site",
    tags=["Sites"],
)
def get_prices(site: NamedDependency[Site], name: SiteName) -> SitePrices:
    """As it was told last."""
    prices = found_site(site, name).memory.prices
    if prices is None:
        raise _no_prices(name)
    return _prices_view(prices)


@put(
    "/sites/{name:str}/prices",
    status_code=HTTPStatus.OK,
    operation_id="setSitePrices",
    summary="Tell what energy will cost at a site",
    tags=["Sites"],
    opt={BODY: SitePrices},
)
async def set_prices(
    site: NamedDependency[Site], request: Request[Any, Any, Any], name: SiteName
) -> SitePrices:
    """What was told before counts no more. A plan is made as soon as a car is there whose need is known."""
    curve = (await read_body(request, SitePrices)).curve()
    if faults := [
        Fault(path=f"$.{path}", kind="invalid_value", text=f"{text}.") for path, text in curve_problems(curve)
    ]:
        raise invalid_body(*faults)
    steps = tuple(
        PriceStep(utc_of(one.at, f"$.steps[{number}].at"), one.price)
        for number, one in enumerate(curve.steps)
    )
    curve = PriceCurve(unit=curve.unit, steps=steps, until=utc_of(curve.until, "$.until"))
    await _follow(site, name, curve)
    return _prices_view(curve)


@delete(
    "/sites/{name:str}/prices",
    status_code=HTTPStatus.NO_CONTENT,
    operation_id="removeSitePrices",
    summary="Plan a site by prices no more",
    tags=["Sites"],
)
async def remove_prices(site: NamedDependency[Site], name: SiteName) -> None:
    """Cars charge as soon as they can again."""
    await _follow(site, name, None)


@get(
    "/sites/{name:str}/plan",
    operation_id="getSitePlan",
    summary="Show the plan of the hours ahead",
    tags=["Sites"],
)
async def get_plan(site: NamedDependency[Site], name: SiteName) -> SitePlanView:
    """It is advice: a car has no more than it says, unless it would be late by it. No fuse depends on it."""
    kept = await asyncio.to_thread(found_site, site, name)
    board = board_of(site)
    state_of(board, name)
    prices, plan = kept.memory.prices, board.plan(name)
    if prices is None or plan is None:
        why = "no prices were told; PUT .../prices tells them"
        if prices is not None:
            why = "no car charges of which it is known how much it needs until when; PUT .../need tells it"
            if not board.can_plan():
                why = _NO_SOLVER
        unit = None if prices is None else prices.unit
        return SitePlanView(made_at=None, why=why, unit=unit, cost=0.0, slot_s=0.0, slots=[], cars=[])
    return _plan_view(kept.definition, plan, prices.unit)


ROUTES = [get_prices, set_prices, remove_prices, get_plan]

_UNKNOWN: Mapping[int, str] = {HTTPStatus.NOT_FOUND: "There is no such site, or no prices were told."}
PROBLEMS: Mapping[str, Mapping[int, str]] = {
    "/api/v1/sites/{name}/prices": {
        **_UNKNOWN,
        HTTPStatus.CONFLICT: "The site is not steered, or no solver is installed.",
    },
    "/api/v1/sites/{name}/plan": {
        HTTPStatus.NOT_FOUND: "There is no such site.",
        HTTPStatus.CONFLICT: "The site is not steered.",
    },
}
_NO_SOLVER = "no solver is installed where Voltline serves: pip install 'voltline[plan]', and start it again"


async def _follow(site: Site, name: str, curve: PriceCurve | None) -> None:
    await asyncio.to_thread(found_site, site, name)
    board = board_of(site)
    state_of(board, name)
    if curve is not None and not board.can_plan():
        raise ApiError(
            HTTPStatus.CONFLICT, "no-solver", "No solver", f"Nothing can be planned: {_NO_SOLVER}."
        )
    if not await write(site, sites.price, name, curve):
        raise no_such_site(name)
    board.follow_prices(name, curve)


def _prices_view(curve: PriceCurve) -> SitePrices:
    steps = [SitePrice(at=one.at, price=one.price) for one in curve.steps]
    return SitePrices(unit=curve.unit, steps=steps, until=curve.until)


def _plan_view(definition: SiteDefinition, plan: SitePlan, unit: str) -> SitePlanView:
    members = {one.id: one for one in definition.connectors}

    def car_view(car: PlannedCar) -> SitePlanCar:
        member = members[car.connector]
        return SitePlanCar(
            charge_point=member.charge_point,
            connector=member.connector,
            transaction_id=car.transaction,
            departure=datetime.fromtimestamp(car.departure, UTC),
            energy_wh=round(car.energy_wh, 1),
            short_wh=round(car.short_wh, 1),
            currents_a=list(car.currents_a),
        )

    return SitePlanView(
        made_at=plan.made_at,
        why=None,
        unit=unit,
        cost=round(plan.cost, 4),
        slot_s=plan.slot_s,
        slots=[
            SitePlanSlot(at=datetime.fromtimestamp(plan.begins + number * plan.slot_s, UTC), price=price)
            for number, price in enumerate(plan.prices)
        ],
        cars=[car_view(car) for car in plan.cars if car.connector in members],
    )


def _no_prices(name: str) -> ApiError:
    return ApiError(
        HTTPStatus.NOT_FOUND,
        "no-prices",
        "No prices",
        f"No prices were told to the site {name!r}; PUT /api/v1/sites/{name}/prices tells them.",
    )
