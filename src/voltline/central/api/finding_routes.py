"""What the inspector found in the traffic of charge points."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from http import HTTPStatus
from typing import Annotated, Any

from litestar import Request, get, post
from litestar.di import NamedDependency
from litestar.params import PathParameter, QueryParameter

from voltline.base.clock import SystemClock
from voltline.central.api.asking import asked_by
from voltline.central.api.bodies import BODY, invalid_body, read_body
from voltline.central.api.cursors import cursor as _cursor
from voltline.central.api.cursors import number_position
from voltline.central.api.finding_shapes import (
    FindingDetail,
    FindingNote,
    FindingPage,
    FindingView,
    InspectionView,
    Muting,
    finding_detail,
    finding_view,
    inspection_view,
)
from voltline.central.api.message_routes import in_utc
from voltline.central.api.needs import Site
from voltline.central.api.problems import ApiError, Fault
from voltline.central.api.reading_routes import ChargePointFilter, Cursor, Identity, Limit
from voltline.central.api.station_routes import station_of
from voltline.central.api.writing import write
from voltline.central.domain.findings import FindingFilter, FindingState, KnownFinding
from voltline.central.services import findings
from voltline.inspection.findings import Severity

_now = SystemClock().now
_NONE = "There is no such finding."
PROBLEMS: Mapping[str, Mapping[int, str]] = {
    "/api/v1/findings/{finding_id}": {HTTPStatus.NOT_FOUND: _NONE},
    "/api/v1/findings/{finding_id}/close": {HTTPStatus.NOT_FOUND: _NONE},
    "/api/v1/findings/{finding_id}/mute": {HTTPStatus.NOT_FOUND: _NONE},
    "/api/v1/findings/{finding_id}/unmute": {HTTPStatus.NOT_FOUND: _NONE},
}

FindingId = Annotated[int, PathParameter(description="The finding's id.")]
StateFilter = Annotated[FindingState | None, QueryParameter(name="state", description="open or closed.")]
SeverityFilter = Annotated[
    Severity | None, QueryParameter(description="Only those of this severity or a worse one.")
]
DetectorFilter = Annotated[
    str | None,
    QueryParameter(
        description="Only those of this detector; the beginning of an id is enough, such as C.",
        min_length=1,
        max_length=40,
    ),
]
SeenSince = Annotated[
    datetime | None,
    QueryParameter(description="Only those seen at this time or later; UTC if it has no zone."),
]
SeenUntil = Annotated[
    datetime | None,
    QueryParameter(description="Only those first seen before this time; UTC if it has no zone."),
]
MutedFilter = Annotated[
    bool | None, QueryParameter(description="true: only muted ones. false: only the others.")
]


@get(
    "/findings", sync_to_thread=True, operation_id="listFindings", summary="List findings", tags=["Findings"]
)
def list_findings(
    site: NamedDependency[Site],
    limit: Limit = 100,
    cursor: Cursor = None,
    charge_point: ChargePointFilter = None,
    finding_state: StateFilter = None,
    severity: SeverityFilter = None,
    detector: DetectorFilter = None,
    since: SeenSince = None,
    until: SeenUntil = None,
    muted: MutedFilter = None,
) -> FindingPage:
    """What is wrong with charge points, or was: the newest first. `state=open` lists what still stands."""
    only = FindingFilter(
        identity=charge_point,
        state=finding_state,
        severities=_from(severity),
        detector=detector,
        since=in_utc(since),
        until=in_utc(until),
        muted=muted,
    )
    return _page(site, only, limit, cursor)


@get(
    "/charge-points/{identity:str}/findings",
    sync_to_thread=True,
    operation_id="listFindingsOfChargePoint",
    summary="List the findings of a charge point",
    tags=["Findings"],
)
def charge_point_findings(
    site: NamedDependency[Site],
    identity: Identity,
    limit: Limit = 100,
    cursor: Cursor = None,
    finding_state: StateFilter = None,
    severity: SeverityFilter = None,
    detector: DetectorFilter = None,
    since: SeenSince = None,
    until: SeenUntil = None,
    muted: MutedFilter = None,
) -> FindingPage:
    """What is wrong with a charge point, or was: the newest first."""
    only = FindingFilter(
        station=station_of(site, identity).key,
        state=finding_state,
        severities=_from(severity),
        detector=detector,
        since=in_utc(since),
        until=in_utc(until),
        muted=muted,
    )
    return _page(site, only, limit, cursor)


@get(
    "/findings/{finding_id:int}",
    sync_to_thread=True,
    operation_id="getFinding",
    summary="Show a finding",
    tags=["Findings"],
)
def get_finding(site: NamedDependency[Site], finding_id: FindingId) -> FindingDetail:
    """A finding with the frames that show it."""
    return finding_detail(_known(site.queries.finding(finding_id), finding_id))


@post(
    "/findings/{finding_id:int}/close",
    status_code=HTTPStatus.OK,
    operation_id="closeFinding",
    summary="Close a finding",
    tags=["Findings"],
    opt={BODY: FindingNote},
)
async def close_finding(
    site: NamedDependency[Site], request: Request[Any, Any, Any], finding_id: FindingId
) -> FindingView:
    """Somebody has dealt with it. It is opened again when it is seen again; closing twice changes nothing."""
    body = await read_body(request, FindingNote)
    kept = await write(site, findings.close, finding_id, asked_by(request), body.note, _now())
    return finding_view(_known(kept, finding_id))


@post(
    "/findings/{finding_id:int}/mute",
    status_code=HTTPStatus.OK,
    operation_id="muteFinding",
    summary="Mute a finding",
    tags=["Findings"],
    opt={BODY: Muting},
)
async def mute_finding(
    site: NamedDependency[Site], request: Request[Any, Any, Any], finding_id: FindingId
) -> FindingView:
    """No events tell of it any more, and metrics do not count it. It is on record all the same."""
    body = await read_body(request, Muting)
    until = in_utc(body.until)
    if until is not None and until <= _now():
        text = "This time is over; leave it out to mute the finding until it is unmuted."
        raise invalid_body(Fault(path="$.until", kind="invalid_value", text=text))
    kept = await write(site, findings.mute, finding_id, True, until, body.note)
    return finding_view(_known(kept, finding_id))


@post(
    "/findings/{finding_id:int}/unmute",
    status_code=HTTPStatus.OK,
    operation_id="unmuteFinding",
    summary="Unmute a finding",
    tags=["Findings"],
)
async def unmute_finding(site: NamedDependency[Site], finding_id: FindingId) -> FindingView:
    """Events tell of it again."""
    kept = await write(site, findings.mute, finding_id, False, None, None)
    return finding_view(_known(kept, finding_id))


@get("/inspection", operation_id="getInspection", summary="Show how the inspector stands", tags=["Findings"])
async def get_inspection(site: NamedDependency[Site]) -> InspectionView:
    """Whether all charge points are looked at, and how far behind it is."""
    return inspection_view(None if site.inspection is None else site.inspection())


ROUTES = [
    list_findings,
    charge_point_findings,
    get_finding,
    close_finding,
    mute_finding,
    unmute_finding,
    get_inspection,
]


def _page(site: Site, only: FindingFilter, limit: int, cursor: str | None) -> FindingPage:
    found = site.queries.findings(only=only, before=number_position(cursor), limit=limit + 1)
    return FindingPage(
        items=[finding_view(one) for one in found[:limit]],
        next_cursor=_cursor(found[limit - 1].id) if len(found) > limit else None,
    )


def _from(severity: Severity | None) -> tuple[Severity, ...]:
    if severity is None:
        return ()
    return tuple(one for one in Severity if one.rank >= severity.rank)


def _known(found: KnownFinding | None, finding_id: int) -> KnownFinding:
    if found is None:
        raise ApiError(
            HTTPStatus.NOT_FOUND,
            "unknown-finding",
            "Unknown finding",
            f"There is no finding {finding_id}; GET /api/v1/findings lists them.",
        )
    return found
