"""What happens, as it happens and as it happened."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime
from enum import StrEnum
from http import HTTPStatus
from typing import Annotated, Any

import msgspec
from litestar import Request, get
from litestar.di import NamedDependency
from litestar.params import HeaderParameter, QueryParameter
from litestar.response import Stream
from msgspec import Meta, Struct

from voltline.central.api.cursors import cursor as _cursor
from voltline.central.api.cursors import number_position
from voltline.central.api.event_tail import Interest
from voltline.central.api.listener import ABORT
from voltline.central.api.message_routes import Since, Until, in_utc
from voltline.central.api.needs import Site
from voltline.central.api.problems import ApiError, Fault
from voltline.central.api.reading_routes import ChargePointFilter, Cursor, Limit
from voltline.central.api.shapes import NextCursor
from voltline.central.domain.events import Event, EventKind

_LARGEST_ID = 2**63 - 1

_SUBJECTS = sorted({f"{kind.partition('.')[0]}.*" for kind in EventKind if "." in kind})
_A_KIND = "|".join(word.replace(".", r"\.").replace("*", r"\*") for word in [*EventKind, *_SUBJECTS])

Kinds = Annotated[
    str | None,
    QueryParameter(
        description="Only events of these kinds, separated by commas; `transaction.*` is all of a subject.",
        schema_extra={"pattern": f"^({_A_KIND})(,({_A_KIND}))*$"},
    ),
]
SinceId = Annotated[
    int | None,
    QueryParameter(
        ge=0,
        le=_LARGEST_ID,
        description="First of all, the events after the one with this id. If absent, only new ones. A header "
        "Last-Event-ID counts before it.",
        schema_extra={"minimum": 0},  # which the framework leaves out where it is 0
    ),
]
LastEventId = Annotated[
    str | None,
    HeaderParameter(
        name="Last-Event-ID",
        description="The id of the last event that was received; browsers send it.",
        schema_extra={"pattern": "^[0-9]{1,18}$"},
    ),
]
ForS = Annotated[
    float | None,
    QueryParameter(
        gt=0,
        le=86400,
        description="End the stream after so many seconds. If absent, never.",
        schema_extra={"exclusiveMinimum": 0},
    ),
]


class Order(StrEnum):
    NEWEST_FIRST = "newest-first"
    OLDEST_FIRST = "oldest-first"


class EventView(Struct, frozen=True, kw_only=True):
    """Something that happened."""

    id: Annotated[int, Meta(description="Rises with every event.")]
    kind: str
    charge_point: Annotated[str | None, Meta(description="null where it concerns none.")]
    at: Annotated[datetime, Meta(description="By the central system's clock.")]
    subject: Annotated[dict[str, Any], Meta(description="What it is about; its fields follow from the kind.")]


class EventPage(Struct, frozen=True, kw_only=True):
    """A part of the history of events."""

    items: list[EventView]
    next_cursor: NextCursor


@get(
    "/events",
    operation_id="followEvents",
    summary="Follow events",
    tags=["Events"],
    media_type="text/event-stream",
)
async def follow_events(
    site: NamedDependency[Site],
    request: Request[Any, Any, Any],
    since: SinceId = None,
    kinds: Kinds = None,
    charge_point: ChargePointFilter = None,
    for_s: ForS = None,
    last_event_id: LastEventId = None,
) -> Stream:
    """Server-sent events: each happening once it is stored, with its id, its kind as the event's name, and
    the object of the history as data.

    A client that lost its connection goes on where it was by the id it received last. Where events that it
    asks for are not kept any more, it is told so by an event `events.gap`. A client for which more than 1 MiB
    waits is disconnected.
    """
    if site.tail is None:
        raise ApiError(
            HTTPStatus.SERVICE_UNAVAILABLE, "no-events", "No events", "Events cannot be followed here."
        )
    after = since if last_event_id is None else _read_id(last_event_id)
    interest = Interest(kinds=frozenset(_kinds(kinds)), identity=charge_point)
    extensions: Any = request.scope.get("extensions") or {}
    abort: Callable[[], None] = extensions.get(ABORT, _nothing)
    newest = await asyncio.to_thread(site.queries.newest_event)
    return Stream(
        site.tail.stream(interest, newest=newest, since=after, abort=abort, for_s=for_s),
        media_type="text/event-stream",
        headers={"cache-control": "no-store", "x-accel-buffering": "no"},
    )


@get(
    "/events/history",
    sync_to_thread=True,
    operation_id="listEvents",
    summary="List past events",
    tags=["Events"],
)
def event_history(
    site: NamedDependency[Site],
    limit: Limit = 100,
    cursor: Cursor = None,
    kinds: Kinds = None,
    charge_point: ChargePointFilter = None,
    since: Since = None,
    until: Until = None,
    order: Annotated[Order, QueryParameter(description="Which end to begin at.")] = Order.NEWEST_FIRST,
) -> EventPage:
    """Events that are kept."""
    position = number_position(cursor)
    newest_first = order is Order.NEWEST_FIRST
    found = site.queries.events(
        after=0 if newest_first else position or 0,
        up_to=position - 1 if newest_first and position is not None else None,
        kinds=tuple(_kinds(kinds)),
        identity=charge_point,
        since=in_utc(since),
        until=in_utc(until),
        newest_first=newest_first,
        limit=limit + 1,
    )
    return EventPage(
        items=[_view(event) for event in found[:limit]],
        next_cursor=_cursor(found[limit - 1].id) if len(found) > limit else None,
    )


ROUTES = [follow_events, event_history]


def _view(event: Event) -> EventView:
    return EventView(
        id=event.id,
        kind=event.kind,
        charge_point=event.charge_point,
        at=event.at,
        subject=msgspec.json.decode(event.subject),
    )


def _read_id(given: str) -> int:
    if given.isascii() and given.isdigit() and len(given) <= 18:
        return int(given)
    text = f"{given!r} is not the id of an event."
    raise _invalid("Last-Event-ID", text)


def _kinds(given: str | None) -> list[str]:
    """Raises ApiError (400) for a kind that there is not."""
    if given is None:
        return []
    kinds: list[str] = []
    for word in given.split(","):
        name = word.strip()
        if name.endswith(".*"):
            known = [str(kind) for kind in EventKind if kind.startswith(name[:-1])]
        else:
            known = [str(kind) for kind in EventKind if kind == name]
        if not known:
            raise _invalid("kinds", f"There is no kind of event {name!r}; there are: {', '.join(EventKind)}.")
        kinds += known
    return kinds


def _invalid(path: str, text: str) -> ApiError:
    return ApiError(
        HTTPStatus.BAD_REQUEST,
        "invalid-parameters",
        "Invalid parameters",
        text,
        errors=(Fault(path=path, kind="invalid_parameter", text=text),),
    )


def _nothing() -> None:
    return
