"""Charge points: who is registered, what each said of itself, when it was there."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence
from http import HTTPStatus
from typing import Annotated, Any, TypeVar

from litestar import Request, Response, delete, get, patch, post
from litestar.di import NamedDependency
from litestar.params import PathParameter, QueryParameter
from msgspec.structs import replace

from voltline.base.clock import SystemClock
from voltline.central.api.adjustments import quirk_views
from voltline.central.api.bodies import BODY, read_body
from voltline.central.api.cursors import cursor as _cursor
from voltline.central.api.cursors import number_position, text_position
from voltline.central.api.needs import Site
from voltline.central.api.problems import ApiError
from voltline.central.api.reading_routes import Cursor, Identity, Limit, no_such_charge_point
from voltline.central.api.shapes import ChargePointPage, ChargePointView, charge_point_view
from voltline.central.api.station_shapes import (
    BootPage,
    ChargePointEdit,
    ConnectionPage,
    NewChargePoint,
    StatusPage,
    boot_view,
    connection_view,
    status_view,
)
from voltline.central.api.writing import write
from voltline.central.domain.stations import Registration, Station, StationEdit, StationFilter
from voltline.central.procedures.registration import BOOT, let_it_boot
from voltline.central.services import stations

T = TypeVar("T")
V = TypeVar("V")

_now = SystemClock().now

RegistrationFilter = Annotated[
    Registration | None, QueryParameter(description="Only those that stand like this.")
]
OnlineFilter = Annotated[
    bool | None, QueryParameter(description="true: only those that are connected; false: only the others.")
]
VendorFilter = Annotated[str | None, QueryParameter(description="Only those of this vendor, in any case.")]
Search = Annotated[
    str | None,
    QueryParameter(
        description="Only those with this in identity, name, vendor, model or a serial number, in any case."
    ),
]
RemovedFilter = Annotated[
    bool, QueryParameter(description="Those that were removed, instead of those that were not.")
]
ConnectorId = Annotated[
    int, PathParameter(description="The connector, from 1; 0 is the charge point as a whole.")
]

_AT_A_TIME = 1000
_LARGEST_ID = 2**63 - 1


@get(
    "/charge-points",
    sync_to_thread=True,
    operation_id="listChargePoints",
    summary="List charge points",
    tags=["Charge points"],
)
def charge_points(
    site: NamedDependency[Site],
    limit: Limit = 100,
    cursor: Cursor = None,
    registration: RegistrationFilter = None,
    online: OnlineFilter = None,
    vendor: VendorFilter = None,
    search: Search = None,
    removed: RemovedFilter = False,
) -> ChargePointPage:
    """All charge points that were ever seen or registered, by identity."""
    only = StationFilter(registration=registration, vendor=vendor, text=search, removed=removed)
    found: list[Station] = []
    for station in _stations(site, text_position(cursor), only, limit + 1 if online is None else _AT_A_TIME):
        if online is None or online == (site.lines.line(station.identity) is not None):
            found.append(station)
            if len(found) > limit:
                break
    return ChargePointPage(
        items=charge_point_views(site, found[:limit]),
        next_cursor=_cursor(found[limit - 1].identity) if len(found) > limit else None,
    )


@get(
    "/charge-points/{identity:str}",
    sync_to_thread=True,
    operation_id="getChargePoint",
    summary="Show a charge point",
    tags=["Charge points"],
)
def charge_point(site: NamedDependency[Site], identity: Identity) -> ChargePointView:
    """One charge point; its identity is found in any case. One that was removed is shown too."""
    return charge_point_views(site, (station_of(site, identity),))[0]


@post(
    "/charge-points",
    status_code=HTTPStatus.CREATED,
    operation_id="addChargePoint",
    summary="Register a charge point",
    tags=["Charge points"],
    opt={BODY: NewChargePoint},
)
async def add_charge_point(
    site: NamedDependency[Site], request: Request[Any, Any, Any]
) -> Response[ChargePointView]:
    """Register a charge point before it comes. One that was removed is itself again, with its history."""
    new = await read_body(request, NewChargePoint)
    station = await write(site, stations.add, new.identity, new.edit, _now())
    if station is None:
        raise ApiError(
            HTTPStatus.CONFLICT,
            "already-registered",
            "Already registered",
            f"Charge point {new.identity!r} is registered already; PATCH changes what is said of it.",
        )
    return Response(await _view(site, station), status_code=HTTPStatus.CREATED)


@patch(
    "/charge-points/{identity:str}",
    operation_id="editChargePoint",
    summary="Edit a charge point",
    tags=["Charge points"],
    opt={BODY: ChargePointEdit},
)
async def edit_charge_point(
    site: NamedDependency[Site], request: Request[Any, Any, Any], identity: Identity
) -> ChargePointView:
    """Approve or reject a charge point, name it, make notes, have its messages read strictly or not."""
    changes = await read_body(request, ChargePointEdit)
    return await _edit(site, identity, changes.edit)


@post(
    "/charge-points/{identity:str}/approve",
    status_code=HTTPStatus.OK,
    operation_id="approveChargePoint",
    summary="Approve a charge point",
    tags=["Charge points"],
)
async def approve_charge_point(site: NamedDependency[Site], identity: Identity) -> ChargePointView:
    """Its boots are accepted from now on; one that waits for it is asked to boot again at once."""
    return await _edit(site, identity, StationEdit(registration=Registration.ACCEPTED))


@post(
    "/charge-points/{identity:str}/reject",
    status_code=HTTPStatus.OK,
    operation_id="rejectChargePoint",
    summary="Reject a charge point",
    tags=["Charge points"],
)
async def reject_charge_point(site: NamedDependency[Site], identity: Identity) -> ChargePointView:
    """Its boots are rejected from now on, and all else that it sends is refused at once."""
    return await _edit(site, identity, StationEdit(registration=Registration.REJECTED))


@delete(
    "/charge-points/{identity:str}",
    status_code=HTTPStatus.NO_CONTENT,
    operation_id="removeChargePoint",
    summary="Remove a charge point",
    tags=["Charge points"],
)
async def remove_charge_point(site: NamedDependency[Site], identity: Identity) -> None:
    """Take a charge point off the lists and disconnect it; its transactions and histories stay.

    Should it come again it is treated as one that was never seen: where all are accepted, it is back.
    """
    removed = await write(site, stations.remove, identity, _now())
    if removed is None:
        raise no_such_charge_point(identity)
    line = site.lines.line(identity)
    if line is not None:
        line.hang_up("removed by an operator")


@get(
    "/charge-points/{identity:str}/boots",
    sync_to_thread=True,
    operation_id="listBoots",
    summary="List the boots of a charge point",
    tags=["Charge points"],
)
def boots(
    site: NamedDependency[Site], identity: Identity, limit: Limit = 100, cursor: Cursor = None
) -> BootPage:
    """Every BootNotification with what the charge point said of itself, newest first."""
    station = station_of(site, identity)
    found = site.queries.boots(station.key, before=number_position(cursor), limit=limit + 1)
    return BootPage(items=views(found, boot_view, limit), next_cursor=next_cursor(found, limit))


@get(
    "/charge-points/{identity:str}/connectivity",
    sync_to_thread=True,
    operation_id="listConnections",
    summary="List the connections of a charge point",
    tags=["Charge points"],
)
def connectivity(
    site: NamedDependency[Site], identity: Identity, limit: Limit = 100, cursor: Cursor = None
) -> ConnectionPage:
    """When it was connected, from where, and why each connection ended; newest first."""
    station = station_of(site, identity)
    found = site.queries.connectivity(station.key, before=number_position(cursor), limit=limit + 1)
    return ConnectionPage(items=views(found, connection_view, limit), next_cursor=next_cursor(found, limit))


@get(
    "/charge-points/{identity:str}/connectors/{connector_id:int}/history",
    sync_to_thread=True,
    operation_id="listConnectorHistory",
    summary="List the states of a connector",
    tags=["Charge points"],
)
def connector_history(
    site: NamedDependency[Site],
    identity: Identity,
    connector_id: ConnectorId,
    limit: Limit = 100,
    cursor: Cursor = None,
) -> StatusPage:
    """Every StatusNotification of a connector, newest first."""
    station = station_of(site, identity)
    if abs(connector_id) > _LARGEST_ID:
        return StatusPage(items=[], next_cursor=None)
    before = number_position(cursor)
    found = site.queries.connector_history(station.key, (connector_id,), before=before, limit=limit + 1)
    return StatusPage(items=views(found, status_view, limit), next_cursor=next_cursor(found, limit))


ROUTES = [
    charge_points,
    charge_point,
    add_charge_point,
    edit_charge_point,
    approve_charge_point,
    reject_charge_point,
    remove_charge_point,
    boots,
    connectivity,
    connector_history,
]


def station_of(site: Site, identity: str) -> Station:
    """The record of a charge point. Blocks. Raises ApiError (404)."""
    station = site.queries.station(identity)
    if station is None:
        raise no_such_charge_point(identity)
    return station


def views(found: Sequence[T], view: Callable[[T], V], limit: int) -> list[V]:
    """The items of a page; `found` has one more than `limit` if there is another page."""
    return [view(one) for one in found[:limit]]


def next_cursor(found: Sequence[Any], limit: int) -> str | None:
    """The cursor of the next page, of rows with an id."""
    return _cursor(found[limit - 1].id) if len(found) > limit else None


def charge_point_views(site: Site, found: Sequence[Station]) -> list[ChargePointView]:
    """Charge points as they are shown. Blocks."""
    connectors = site.queries.connectors([station.key for station in found])
    shown = []
    for station in found:
        line = site.lines.line(station.identity)
        shown.append(
            replace(
                charge_point_view(
                    station,
                    connectors.get(station.key, ()),
                    online=line is not None,
                    last_heard_at=None if line is None else line.last_heard_at,
                ),
                quirks=quirk_views(site, station),
            )
        )
    return shown


def _stations(site: Site, after: str | None, only: StationFilter, at_a_time: int) -> Iterator[Station]:
    while True:
        found = site.queries.stations(after=after, limit=at_a_time, only=only)
        yield from found
        if len(found) < at_a_time:
            return
        after = found[-1].identity


async def _view(site: Site, station: Station) -> ChargePointView:
    return (await asyncio.to_thread(charge_point_views, site, (station,)))[0]


async def _edit(site: Site, identity: str, changes: StationEdit) -> ChargePointView:
    station = await write(site, stations.edit, identity, changes, _now())
    if station is None:
        raise no_such_charge_point(identity)
    line = site.lines.line(identity)
    if line is not None:
        line.follow(station)
        if line.registration is Registration.PENDING and station.registration is Registration.ACCEPTED:
            site.procedures.start(station.identity, BOOT, let_it_boot, before_acceptance=True)
    return await _view(site, station)
