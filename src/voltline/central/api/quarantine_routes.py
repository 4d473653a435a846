"""Messages that could not be placed, what becomes of them, and all repairs."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from http import HTTPStatus
from typing import Annotated, Any

from litestar import Request, get, post
from litestar.di import NamedDependency
from litestar.params import PathParameter, QueryParameter

from voltline.base.clock import SystemClock
from voltline.central.api.asking import asked_by
from voltline.central.api.bodies import BODY, read_body
from voltline.central.api.cursors import cursor as _cursor
from voltline.central.api.cursors import number_position
from voltline.central.api.needs import Site
from voltline.central.api.problems import ApiError
from voltline.central.api.reading_routes import ChargePointFilter, Cursor, Limit
from voltline.central.api.repairing import repair_made
from voltline.central.api.transaction_routes import aware
from voltline.central.api.transaction_shapes import (
    Attachment,
    Discard,
    QuarantinedView,
    QuarantinePage,
    RepairPage,
    RepairView,
    quarantined_view,
    repair_view,
)
from voltline.central.api.writing import write
from voltline.central.domain.quarantine import QuarantineReason, QuarantineState
from voltline.central.domain.repairs import RepairKind
from voltline.central.services import repairs as repairing

_now = SystemClock().now
_LARGEST_ID = 2**63 - 1


class IdSort(StrEnum):
    """Orders of a list; a minus means descending."""

    NEWEST = "-id"
    OLDEST = "id"


QuarantineId = Annotated[int, PathParameter(description="The message's id in the quarantine.")]
RepairId = Annotated[int, PathParameter(description="The repair's id.")]
Sort = Annotated[IdSort, QueryParameter(description="The order; a minus means descending.")]
ActionFilter = Annotated[str | None, QueryParameter(description="Only messages of this action.")]
ReasonFilter = Annotated[QuarantineReason | None, QueryParameter(description="Only those with this reason.")]
StateFilter = Annotated[
    QuarantineState | None, QueryParameter(name="state", description="Only those in this state.")
]
ReceivedFrom = Annotated[
    datetime | None,
    QueryParameter(name="from", description="Only those first received at this time or later."),
]
ReceivedTo = Annotated[
    datetime | None, QueryParameter(name="to", description="Only those first received before this time.")
]
OfTransaction = Annotated[
    int | None, QueryParameter(ge=1, le=2**31 - 1, description="Only those of this transaction.")
]
OfMessage = Annotated[
    int | None,
    QueryParameter(ge=1, le=2**53, description="Only those of the message with this id in quarantine."),
]
WhoFilter = Annotated[str | None, QueryParameter(description="Only those of this person or program.")]
KindFilter = Annotated[RepairKind | None, QueryParameter(description="Only those of this kind.")]


@get(
    "/quarantine",
    sync_to_thread=True,
    operation_id="listQuarantine",
    summary="List the quarantine",
    tags=["Quarantine"],
)
def quarantine(
    site: NamedDependency[Site],
    limit: Limit = 100,
    cursor: Cursor = None,
    charge_point: ChargePointFilter = None,
    action: ActionFilter = None,
    reason: ReasonFilter = None,
    in_state: StateFilter = None,
    received_from: ReceivedFrom = None,
    received_to: ReceivedTo = None,
    sort: Sort = IdSort.NEWEST,
) -> QuarantinePage:
    """Messages that were answered and kept, but could not be placed; newest first.

    `state=open` lists those that somebody should look at.
    """
    found = site.queries.quarantine(
        before=number_position(cursor),
        limit=limit + 1,
        identity=charge_point,
        action=action,
        reason=reason,
        state=in_state,
        since=aware(received_from),
        until=aware(received_to),
        oldest_first=sort is IdSort.OLDEST,
    )
    return QuarantinePage(
        items=[quarantined_view(message) for message in found[:limit]],
        next_cursor=_cursor(found[limit - 1].id) if len(found) > limit else None,
    )


@get(
    "/quarantine/{quarantine_id:int}",
    sync_to_thread=True,
    operation_id="getQuarantined",
    summary="Show a message in quarantine",
    tags=["Quarantine"],
)
def quarantined(site: NamedDependency[Site], quarantine_id: QuarantineId) -> QuarantinedView:
    """One message that could not be placed, and what became of it."""
    found = site.queries.quarantined(quarantine_id)
    if found is None:
        raise _unknown("unknown-message", f"There is no message {quarantine_id} in quarantine", "quarantine")
    return quarantined_view(found)


@post(
    "/quarantine/{quarantine_id:int}/attach",
    status_code=HTTPStatus.OK,
    operation_id="attachQuarantined",
    summary="Attach a message in quarantine to a transaction",
    tags=["Quarantine"],
    opt={BODY: Attachment},
)
async def attach(
    site: NamedDependency[Site], request: Request[Any, Any, Any], quarantine_id: QuarantineId
) -> RepairView:
    """Make it part of a transaction of the same charge point.

    A stop becomes the transaction's stop, whatever stopped it before; readings become its readings.
    """
    given = await read_body(request, Attachment)
    made = await write(
        site,
        repairing.attach,
        _possible(quarantine_id),
        given.transaction_id,
        asked_by(request),
        given.note,
        _now(),
    )
    return await repair_made(site, made)


@post(
    "/quarantine/{quarantine_id:int}/discard",
    status_code=HTTPStatus.OK,
    operation_id="discardQuarantined",
    summary="Discard a message in quarantine",
    tags=["Quarantine"],
    opt={BODY: Discard},
)
async def discard(
    site: NamedDependency[Site], request: Request[Any, Any, Any], quarantine_id: QuarantineId
) -> RepairView:
    """Take it off the list of what somebody should look at. It is kept, with who found that and why."""
    given = await read_body(request, Discard)
    made = await write(
        site, repairing.discard, _possible(quarantine_id), asked_by(request), given.note, _now()
    )
    return await repair_made(site, made)


@get(
    "/repairs",
    sync_to_thread=True,
    operation_id="listRepairs",
    summary="List repairs",
    tags=["Quarantine"],
)
def repairs(
    site: NamedDependency[Site],
    limit: Limit = 100,
    cursor: Cursor = None,
    charge_point: ChargePointFilter = None,
    transaction_id: OfTransaction = None,
    quarantine_id: OfMessage = None,
    who: WhoFilter = None,
    kind: KindFilter = None,
    sort: Sort = IdSort.NEWEST,
) -> RepairPage:
    """What was changed after the fact, by whom, with all that it changed before and after; newest first."""
    found = site.queries.repairs(
        before=number_position(cursor),
        limit=limit + 1,
        identity=charge_point,
        transaction_id=transaction_id,
        quarantine_id=quarantine_id,
        who=who,
        kind=kind,
        oldest_first=sort is IdSort.OLDEST,
    )
    return RepairPage(
        items=[repair_view(repair) for repair in found[:limit]],
        next_cursor=_cursor(found[limit - 1].id) if len(found) > limit else None,
    )


@get(
    "/repairs/{repair_id:int}",
    sync_to_thread=True,
    operation_id="getRepair",
    summary="Show a repair",
    tags=["Quarantine"],
)
def repair(site: NamedDependency[Site], repair_id: RepairId) -> RepairView:
    """One repair."""
    found = site.queries.repair(repair_id)
    if found is None:
        raise _unknown("unknown-repair", f"There is no repair {repair_id}", "repairs")
    return repair_view(found)


ROUTES = [quarantine, quarantined, attach, discard, repairs, repair]


def _possible(given: int) -> int:
    """An id that a database can be asked for; 0, which nothing has, for any other."""
    return given if 0 < given <= _LARGEST_ID else 0


def _unknown(kind: str, text: str, listed: str) -> ApiError:
    title = kind.replace("-", " ").capitalize()
    return ApiError(HTTPStatus.NOT_FOUND, kind, title, f"{text}; GET /api/v1/{listed} lists them.")
