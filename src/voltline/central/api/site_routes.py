"""Sites whose connectors share a grid connection: described, looked at, and told what is measured."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Mapping
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Annotated, Any

from litestar import Request, Response, delete, get, post, put
from litestar.di import NamedDependency
from litestar.params import PathParameter, QueryParameter

from voltline.base.clock import SystemClock
from voltline.central.api.bodies import BODY, invalid_body, read_body
from voltline.central.api.message_routes import Since, Until, in_utc
from voltline.central.api.needs import Site
from voltline.central.api.problems import ApiError, Fault
from voltline.central.api.reading_routes import Identity
from voltline.central.api.site_shapes import (
    CarNeed,
    MeterReading,
    MeterTaken,
    NewSite,
    SiteHistory,
    SitePage,
    SiteStateView,
    SiteView,
    fuse_states,
    moment_view,
    site_view,
    state_view,
)
from voltline.central.api.writing import write
from voltline.central.domain.sites import (
    KeptSite,
    SiteDefinition,
    definition_problems,
    member_id,
    recorded,
)
from voltline.central.services import sites
from voltline.central.services.ports.sites import SiteBoard, SiteState
from voltline.smart_charging.site.chart import chart
from voltline.smart_charging.site.facts import Need

_now = SystemClock().now
_MOST_MOMENTS = 10_000

SiteName = Annotated[str, PathParameter(description="The site's name, in any case.")]
ConnectorNumber = Annotated[int, PathParameter(description="The connector, from 1.")]
HistoryLimit = Annotated[
    int, QueryParameter(ge=1, le=_MOST_MOMENTS, description="The newest so many entries.")
]
FuseOf = Annotated[str | None, QueryParameter(description="Which fuse; if absent, the grid connection.")]


@get("/sites", sync_to_thread=True, operation_id="listSites", summary="List the sites", tags=["Sites"])
def list_sites(site: NamedDependency[Site]) -> SitePage:
    """All sites, by name."""
    return SitePage(items=[site_view(one) for one in site.queries.sites()])


@get("/sites/{name:str}", sync_to_thread=True, operation_id="getSite", summary="Show a site", tags=["Sites"])
def get_site(site: NamedDependency[Site], name: SiteName) -> SiteView:
    """A site as it is described."""
    return site_view(found_site(site, name))


@post(
    "/sites",
    status_code=HTTPStatus.CREATED,
    operation_id="addSite",
    summary="Add a site",
    tags=["Sites"],
    opt={BODY: NewSite},
)
async def add_site(site: NamedDependency[Site], request: Request[Any, Any, Any]) -> Response[SiteView]:
    """Describe a site, and begin to steer its connectors."""
    definition = await _definition(request)
    try:
        kept = await write(site, sites.add, definition, _now())
    except sites.SiteNameTaken as taken:
        raise _taken(taken) from None
    except sites.ConnectorTaken as taken:
        raise invalid_body(Fault(path=f"$.{taken.path}", kind="taken", text=f"{taken}.")) from None
    if site.sites is not None:
        site.sites.follow(kept)
    return Response(site_view(kept), status_code=HTTPStatus.CREATED)


@put(
    "/sites/{name:str}",
    status_code=HTTPStatus.OK,
    operation_id="replaceSite",
    summary="Describe a site anew",
    tags=["Sites"],
    opt={BODY: NewSite},
)
async def replace_site(
    site: NamedDependency[Site], request: Request[Any, Any, Any], name: SiteName
) -> SiteView:
    """Whatever was lent before still counts. Connectors that are left out are steered no more."""
    definition = await _definition(request)
    try:
        kept = await write(site, sites.change, name, definition, _now())
    except sites.SiteNameTaken as taken:
        raise _taken(taken) from None
    except sites.ConnectorTaken as taken:
        raise invalid_body(Fault(path=f"$.{taken.path}", kind="taken", text=f"{taken}.")) from None
    if kept is None:
        raise no_such_site(name)
    if site.sites is not None:
        site.sites.follow(kept)
    return site_view(kept)


@delete(
    "/sites/{name:str}",
    status_code=HTTPStatus.NO_CONTENT,
    operation_id="removeSite",
    summary="Remove a site",
    tags=["Sites"],
)
async def remove_site(site: NamedDependency[Site], name: SiteName) -> None:
    """Steer its connectors no more, clear its profiles where they are connected, forget its history."""
    if not await write(site, sites.remove, name, _now()):
        raise no_such_site(name)
    if site.sites is not None:
        site.sites.forget(name)


@get("/sites/{name:str}/state", operation_id="getSiteState", summary="Show how a site stands", tags=["Sites"])
async def site_state(site: NamedDependency[Site], name: SiteName) -> SiteStateView:
    """What each fuse has, what each connector should have, may draw and draws, and what was found."""
    kept = await asyncio.to_thread(found_site, site, name)
    return state_view(kept.definition, state_of(board_of(site), name))


@post(
    "/sites/{name:str}/meter",
    status_code=HTTPStatus.OK,
    operation_id="readSiteMeter",
    summary="Tell what a meter reads",
    tags=["Sites"],
    opt={BODY: MeterReading},
)
async def read_meter(
    site: NamedDependency[Site], request: Request[Any, Any, Any], name: SiteName
) -> MeterTaken:
    """What flows through a fuse, or what the sun gives. A reading counts for `sites.fresh_s` seconds."""
    body = await read_body(request, MeterReading)
    kept, board, at = (
        await asyncio.to_thread(found_site, site, name),
        board_of(site),
        _instant(body.at, "$.at"),
    )
    if (body.fuse is None) != (body.currents_a is None):
        text = "fuse and currents_a belong together: which fuse, and what flows through it."
        raise invalid_body(Fault(path="$.fuse", kind="missing", text=text))
    if body.currents_a is None and body.surplus_w is None:
        text = "Give currents_a with fuse, or surplus_w, or all three."
        raise invalid_body(Fault(path="$.currents_a", kind="missing", text=text))
    if body.fuse is not None and body.currents_a is not None:
        known = [fuse.name for fuse in kept.definition.fuses]
        if body.fuse not in known:
            text = f"No fuse is called {body.fuse!r}; there are {', '.join(known)}."
            raise invalid_body(Fault(path="$.fuse", kind="invalid_value", text=text))
        one, two, three = body.currents_a
        board.read_meter(name, body.fuse, (one, two, three), body.measures, at)
    if body.surplus_w is not None:
        board.read_surplus(name, body.surplus_w, at)
    return MeterTaken(fuses=fuse_states(state_of(board, name).now.fuses))


@put(
    "/sites/{name:str}/connectors/{identity:str}/{connector:int}/need",
    status_code=HTTPStatus.OK,
    operation_id="sayCarNeed",
    summary="Say what a car needs",
    tags=["Sites"],
    opt={BODY: CarNeed},
)
async def say_need(
    site: NamedDependency[Site],
    request: Request[Any, Any, Any],
    name: SiteName,
    identity: Identity,
    connector: ConnectorNumber,
) -> CarNeed:
    """Of the transaction that runs: how much energy until when, or that it waits for the sun."""
    body = await read_body(request, CarNeed)
    kept = await asyncio.to_thread(found_site, site, name)
    departure = None if body.departure is None else _instant(body.departure, "$.departure").timestamp()
    need = Need(energy_wh=body.energy_wh, departure=departure, solar_only=body.solar_only)
    wanted = member_id(identity, connector)
    if wanted not in {member.id for member in kept.definition.connectors}:
        raise ApiError(
            HTTPStatus.NOT_FOUND,
            "unknown-connector",
            "Unknown connector",
            f"Connector {connector} of {identity!r} is not at the site {kept.name!r}; "
            f"GET /api/v1/sites/{kept.name} lists those that are.",
        )
    if not board_of(site).say_need(name, wanted, need):
        raise ApiError(
            HTTPStatus.CONFLICT,
            "no-transaction",
            "No transaction",
            f"No transaction is known to run on connector {connector} of {identity!r}: a need is that of one "
            "transaction.",
        )
    return body


@get(
    "/sites/{name:str}/history",
    sync_to_thread=True,
    operation_id="getSiteHistory",
    summary="Show a site over time",
    tags=["Sites"],
)
def site_history(
    site: NamedDependency[Site],
    name: SiteName,
    since: Since = None,
    until: Until = None,
    limit: HistoryLimit = 1000,
) -> SiteHistory:
    """What each fuse had, and what was allocated and drawn; an entry in `sites.history_s` seconds."""
    kept = found_site(site, name)
    found = site.queries.site_history(kept.id, since=in_utc(since), until=in_utc(until), limit=limit)
    return SiteHistory(items=[moment_view(point) for point in found])


@get(
    "/sites/{name:str}/plot.svg",
    sync_to_thread=True,
    operation_id="plotSite",
    summary="Draw a site over time",
    tags=["Sites"],
    media_type="image/svg+xml",
)
def plot(
    site: NamedDependency[Site],
    name: SiteName,
    fuse: FuseOf = None,
    since: Since = None,
    until: Until = None,
) -> Response[str]:
    """What each phase of a fuse had, what might be drawn at most, and what connectors said that they drew."""
    kept = found_site(site, name)
    names = {one.name: one.above for one in kept.definition.fuses}
    wanted = next(one for one, above in names.items() if not above) if fuse is None else fuse
    if wanted not in names:
        raise ApiError(
            HTTPStatus.NOT_FOUND,
            "unknown-fuse",
            "Unknown fuse",
            f"The site {kept.name!r} has no fuse {wanted!r}; there are {', '.join(names)}.",
        )
    found = site.queries.site_history(kept.id, since=in_utc(since), until=in_utc(until), limit=_MOST_MOMENTS)
    if not found:
        raise ApiError(
            HTTPStatus.NOT_FOUND,
            "no-history",
            "No history",
            f"Nothing was recorded of the site {kept.name!r} in that time; an entry is made every "
            "`sites.history_s` seconds while Voltline serves.",
        )
    picture = chart(recorded(kept.definition, found), [f"{wanted}, L{phase}" for phase in (1, 2, 3)])
    return Response(picture, media_type="image/svg+xml")


ROUTES = [
    list_sites,
    get_site,
    add_site,
    replace_site,
    remove_site,
    site_state,
    read_meter,
    say_need,
    site_history,
    plot,
]

_UNKNOWN: Mapping[int, str] = {HTTPStatus.NOT_FOUND: "There is no such site."}
_STEERED: Mapping[int, str] = {
    **_UNKNOWN,
    HTTPStatus.CONFLICT: "The site is not steered, or no transaction runs there.",
}
PROBLEMS: Mapping[str, Mapping[int, str]] = {
    "/api/v1/sites": {HTTPStatus.CONFLICT: "There is a site of this name already."},
    "/api/v1/sites/{name}": {
        **_UNKNOWN,
        HTTPStatus.CONFLICT: "There is a site of this name already.",
    },
    "/api/v1/sites/{name}/state": _STEERED,
    "/api/v1/sites/{name}/meter": _STEERED,
    "/api/v1/sites/{name}/connectors/{identity}/{connector}/need": {
        **_STEERED,
        HTTPStatus.NOT_FOUND: "There is no such site, or the connector is not there.",
    },
    "/api/v1/sites/{name}/history": _UNKNOWN,
    "/api/v1/sites/{name}/plot.svg": {
        HTTPStatus.NOT_FOUND: "There is no such site or fuse, or nothing was recorded."
    },
}


async def _definition(request: Request[Any, Any, Any]) -> SiteDefinition:
    """Raises ApiError (422) with all that is wrong."""
    definition = (await read_body(request, NewSite)).definition()
    problems = await asyncio.to_thread(definition_problems, definition)
    if definition.mqtt is not None and definition.mqtt.ca is not None:
        problems += _certificate_problems(definition.mqtt.ca)
    if problems:
        raise invalid_body(
            *(
                Fault(path=f"$.{path}" if path else "$", kind="invalid_value", text=f"{text}.")
                for path, text in problems
            )
        )
    return definition


def _certificate_problems(pem: str) -> list[tuple[str, str]]:
    try:
        ssl.create_default_context(cadata=pem)
    except (ssl.SSLError, ValueError):
        text = "no certificate in PEM; it begins with -----BEGIN CERTIFICATE-----"
        return [("mqtt.ca", text)]
    return []


def _instant(at: datetime | None, path: str) -> datetime:
    """In UTC; now where none is given. Raises ApiError (422) for one that is none."""
    return _now() if at is None else utc_of(at, path)


def utc_of(at: datetime, path: str) -> datetime:
    """The same in UTC. Raises ApiError (422) for a time without a zone, and for one that UTC cannot tell."""
    if at.tzinfo is None:
        text = "A time needs its zone, such as 2026-03-01T12:00:00Z."
        raise invalid_body(Fault(path=path, kind="invalid_value", text=text))
    try:
        return at.astimezone(UTC)
    except OverflowError:
        text = "This time cannot be told in UTC."
        raise invalid_body(Fault(path=path, kind="invalid_value", text=text)) from None


def board_of(site: Site) -> SiteBoard:
    """Who steers sites. Raises ApiError (409) where nobody does."""
    if site.sites is None:
        raise _not_steered("Nobody steers sites here.")
    return site.sites


def state_of(board: SiteBoard, name: str) -> SiteState:
    """How a site stands. Raises ApiError (409) for one that is not steered."""
    state = board.state(name)
    if state is None:
        raise _not_steered(f"The site {name!r} is not steered; the log says why. PUT describes it anew.")
    return state


def _not_steered(detail: str) -> ApiError:
    return ApiError(HTTPStatus.CONFLICT, "not-steered", "Not steered", detail)


def found_site(site: Site, name: str) -> KeptSite:
    """The site of this name. Raises ApiError (404) where there is none."""
    kept = site.queries.site(name)
    if kept is None:
        raise no_such_site(name)
    return kept


def no_such_site(name: str) -> ApiError:
    """There is no site of this name (404)."""
    return ApiError(
        HTTPStatus.NOT_FOUND,
        "unknown-site",
        "Unknown site",
        f"There is no site {name!r}; GET /api/v1/sites lists them.",
    )


def _taken(taken: sites.SiteNameTaken) -> ApiError:
    return ApiError(
        HTTPStatus.CONFLICT,
        "site-exists",
        "Site exists",
        f"There is a site {taken.args[0]!r} already; PUT /api/v1/sites/{taken.args[0]} describes it anew.",
    )
