"""Reservations."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import Annotated, Any

from litestar import Request, Response, get, post
from litestar.di import NamedDependency
from litestar.params import PathParameter, QueryParameter
from msgspec import Meta, Struct

from voltline.base.clock import SystemClock
from voltline.central.api.bodies import BODY, invalid_body, read_body
from voltline.central.api.command_routes import Timeout
from voltline.central.api.cursors import cursor as _cursor
from voltline.central.api.cursors import number_position
from voltline.central.api.foresight import configured, connector_warnings, profile_warnings
from voltline.central.api.id_tag_shapes import TagText
from voltline.central.api.needs import Site
from voltline.central.api.problems import ApiError, Fault
from voltline.central.api.reading_routes import ChargePointFilter, Cursor, Limit
from voltline.central.api.sending import answer_of, live_line, require_welcome
from voltline.central.api.shapes import NextCursor
from voltline.central.api.transaction_routes import aware
from voltline.central.api.writing import write
from voltline.central.domain.reservations import (
    NewReservation,
    Reservation,
    ReservationFilter,
    ReservationState,
)
from voltline.central.services import reservations
from voltline.messages import UNSET, CancelReservation, ReserveNow

_now = SystemClock().now
_LARGEST = 2**31 - 1
_LONGEST_S = 366 * 86400
_NOT_MADE = ("call-error", "queue-full", "invalid-command")


class NewReservationBody(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A connector to be kept for an id tag, until `expires_at` or for `duration_s`."""

    charge_point: Annotated[str, Meta(description="The charge point's identity.", examples=["DEPOT-7"])]
    connector_id: Annotated[
        int, Meta(ge=0, le=_LARGEST, description="From 1; 0 keeps any one of its connectors free.")
    ]
    id_tag: TagText
    parent_id_tag: Annotated[TagText | None, Meta(description="The group that may use it too.")] = None
    expires_at: Annotated[datetime | None, Meta(description="When it ends.")] = None
    duration_s: Annotated[
        Annotated[int, Meta(ge=1, le=_LONGEST_S)] | None, Meta(description="How long it lasts, in seconds.")
    ] = None


class ReservationView(Struct, frozen=True, kw_only=True):
    """A reservation as it stands."""

    id: int
    reservation_id: Annotated[int, Meta(description="As the charge point was told.")]
    charge_point: str
    connector_id: Annotated[int, Meta(description="0: any one of the charge point's.")]
    id_tag: str
    parent_id_tag: str | None
    expires_at: datetime
    state: Annotated[
        ReservationState,
        Meta(
            description="pending: not answered so far as is known. accepted. used: a transaction was started "
            "on it. expired. cancelled: by an operator, or by the charge point. rejected: `reason` has what "
            "the charge point answered."
        ),
    ]
    reason: str | None
    transaction_id: Annotated[int | None, Meta(description="The transaction that was started on it.")]
    created_at: datetime
    changed_at: datetime


class ReservationPage(Struct, frozen=True, kw_only=True):
    """A part of the list of reservations."""

    items: list[ReservationView]
    next_cursor: NextCursor


class ReservationAnswer(Struct, frozen=True, kw_only=True):
    """What the charge point answered, and the reservation as it stands."""

    status: Annotated[str, Meta(description="The status of its answer, as in OCPP.")]
    reservation: ReservationView
    warnings: Annotated[
        list[str], Meta(description="What spoke against the command; it was sent all the same.")
    ]


ReservationId = Annotated[int, PathParameter(description="The reservation's id.")]
StateFilter = Annotated[
    ReservationState | None, QueryParameter(name="state", description="Only those in this state.")
]
ActiveFilter = Annotated[
    bool | None, QueryParameter(description="true: only pending and accepted ones; false: only others.")
]
IdTagFilter = Annotated[str | None, QueryParameter(description="Only those for this id tag.")]


@get(
    "/reservations",
    sync_to_thread=True,
    operation_id="listReservations",
    summary="List reservations",
    tags=["Reservations"],
)
def list_reservations(
    site: NamedDependency[Site],
    limit: Limit = 100,
    cursor: Cursor = None,
    charge_point: ChargePointFilter = None,
    id_tag: IdTagFilter = None,
    reservation_state: StateFilter = None,
    active: ActiveFilter = None,
) -> ReservationPage:
    """Reservations, newest first; also those that were made by a ReserveNow command."""
    only = ReservationFilter(identity=charge_point, id_tag=id_tag, state=reservation_state, active=active)
    found = site.queries.reservations(only=only, before=number_position(cursor), limit=limit + 1)
    return ReservationPage(
        items=[_view(one) for one in found[:limit]],
        next_cursor=_cursor(found[limit - 1].id) if len(found) > limit else None,
    )


@get(
    "/reservations/{reservation_id:int}",
    sync_to_thread=True,
    operation_id="getReservation",
    summary="Show a reservation",
    tags=["Reservations"],
)
def get_reservation(site: NamedDependency[Site], reservation_id: ReservationId) -> ReservationView:
    """One reservation."""
    return _view(_found(site, reservation_id))


@post(
    "/reservations",
    status_code=HTTPStatus.CREATED,
    operation_id="addReservation",
    summary="Reserve a connector",
    tags=["Reservations"],
    opt={BODY: NewReservationBody},
)
async def add_reservation(
    site: NamedDependency[Site], request: Request[Any, Any, Any], timeout_s: Timeout = None
) -> Response[ReservationAnswer]:
    """Send ReserveNow and wait for the answer. A refusal is an answer too: the reservation says why."""
    body = await read_body(request, NewReservationBody)
    new = NewReservation(
        connector_id=body.connector_id,
        id_tag=body.id_tag,
        parent_id_tag=body.parent_id_tag,
        expires_at=_end_of(body),
    )
    line = await live_line(site, body.charge_point)
    require_welcome(line, body.charge_point, _command(new, 0))
    warnings = await asyncio.to_thread(_foreseen, site, body.charge_point, new)
    made = await write(site, reservations.make, line.key, new, _now())
    try:
        answer = await answer_of(
            line, body.charge_point, _command(new, made.reservation_id), timeout_s=timeout_s
        )
    except ApiError as error:
        refused = error.problem.type.rpartition(":")[2] in _NOT_MADE
        await write(site, reservations.not_answered, made.id, error.problem.detail, refused, _now())
        raise
    kept = await write(site, reservations.get, made.id)
    assert kept is not None
    answered = ReservationAnswer(status=answer.status, reservation=_view(kept), warnings=warnings)
    return Response(answered, status_code=HTTPStatus.CREATED)


@post(
    "/reservations/{reservation_id:int}/cancel",
    status_code=HTTPStatus.OK,
    operation_id="cancelReservation",
    summary="Cancel a reservation",
    tags=["Reservations"],
)
async def cancel_reservation(
    site: NamedDependency[Site], reservation_id: ReservationId, timeout_s: Timeout = None
) -> ReservationAnswer:
    """Send CancelReservation and wait for the answer. Rejected: the charge point did not know it any more."""
    known = await asyncio.to_thread(_found, site, reservation_id)
    line = await live_line(site, known.identity)
    command = CancelReservation(reservation_id=known.reservation_id)
    require_welcome(line, known.identity, command)
    warnings = [] if known.state.active else [f"the reservation is over: it is {known.state}"]
    answer = await answer_of(line, known.identity, command, timeout_s=timeout_s)
    kept = await write(site, reservations.get, known.id)
    assert kept is not None
    return ReservationAnswer(status=answer.status, reservation=_view(kept), warnings=warnings)


ROUTES = [list_reservations, get_reservation, add_reservation, cancel_reservation]


def _command(new: NewReservation, reservation_id: int) -> ReserveNow:
    return ReserveNow(
        connector_id=new.connector_id,
        expiry_date=new.expires_at,
        id_tag=new.id_tag,
        parent_id_tag=UNSET if new.parent_id_tag is None else new.parent_id_tag,
        reservation_id=reservation_id,
    )


def _end_of(body: NewReservationBody) -> datetime:
    """Raises ApiError (422) unless one of expires_at and duration_s is there."""
    if (body.expires_at is None) == (body.duration_s is None):
        text = "Give either expires_at or duration_s."
        raise invalid_body(Fault(path="$.expires_at", kind="invalid_value", text=text))
    if body.duration_s is not None:
        return _now().replace(microsecond=0) + timedelta(seconds=body.duration_s)
    end = aware(body.expires_at)
    assert end is not None
    try:
        return end.astimezone(UTC)
    except OverflowError:
        text = "This time cannot be told in UTC."
        raise invalid_body(Fault(path="$.expires_at", kind="invalid_value", text=text)) from None


def _foreseen(site: Site, identity: str, new: NewReservation) -> list[str]:
    station = site.queries.station(identity)
    if station is None:
        return []
    values = configured(site, station)
    warnings = profile_warnings(values, ReserveNow) + connector_warnings(site, station, new.connector_id)
    zero = (values.get("reserveconnectorzerosupported") or "").strip().lower()
    if new.connector_id == 0 and values and zero != "true":
        warnings.append("ReserveConnectorZeroSupported is not true: connector 0 is rejected then")
    if new.expires_at <= _now():
        warnings.append("its time is over already")
    for state in site.queries.connectors([station.key]).get(station.key, ()):
        if state.connector_id == new.connector_id and new.connector_id and state.status != "Available":
            warnings.append(f"connector {new.connector_id} is {state.status}")
    return warnings


def _found(site: Site, reservation_id: int) -> Reservation:
    found = site.queries.reservation(reservation_id)
    if found is None:
        raise ApiError(
            HTTPStatus.NOT_FOUND,
            "unknown-reservation",
            "Unknown reservation",
            f"There is no reservation {reservation_id}; GET /api/v1/reservations lists them.",
        )
    return found


def _view(one: Reservation) -> ReservationView:
    return ReservationView(
        id=one.id,
        reservation_id=one.reservation_id,
        charge_point=one.identity,
        connector_id=one.connector_id,
        id_tag=one.id_tag,
        parent_id_tag=one.parent_id_tag,
        expires_at=one.expires_at,
        state=one.state,
        reason=one.reason,
        transaction_id=one.transaction_id,
        created_at=one.created_at,
        changed_at=one.changed_at,
    )
