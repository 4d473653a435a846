"""What went over the wire, and what was wrong with it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Annotated

from litestar import get
from litestar.di import NamedDependency
from litestar.params import QueryParameter
from litestar.response import Stream

from voltline.central.api.cursors import cursor as _cursor
from voltline.central.api.cursors import number_position
from voltline.central.api.message_exports import ExportFormat, exported
from voltline.central.api.message_shapes import (
    DeviationList,
    MessageLogView,
    MessagePage,
    deviation_view,
    message_log_view,
    message_view,
)
from voltline.central.api.needs import MessageLogs, Site
from voltline.central.api.problems import ApiError
from voltline.central.api.reading_routes import ChargePointFilter, Cursor, Identity, Limit
from voltline.central.api.station_routes import station_of
from voltline.central.domain.messages import Direction, MessageFilter

ActionFilter = Annotated[
    str | None, QueryParameter(description="Only CALLs of this action, and their answers.")
]
MessageIdFilter = Annotated[str | None, QueryParameter(description="Only those with this message id.")]
TextFilter = Annotated[
    str | None,
    QueryParameter(
        min_length=1,
        max_length=200,
        description="Only those with this text, in any case, in one of their frames.",
    ),
]
Since = Annotated[
    datetime | None, QueryParameter(description="Only those from this time on; UTC if it has no zone.")
]
Until = Annotated[
    datetime | None, QueryParameter(description="Only those before this time; UTC if it has no zone.")
]
DirectionFilter = Annotated[
    Direction | None,
    QueryParameter(description="in: only what charge points began. out: only what the central system began."),
]
DeviatingFilter = Annotated[
    bool | None,
    QueryParameter(description="true: only those in which OCPP was broken; false: only the others."),
]
Paired = Annotated[
    bool, QueryParameter(description="true: CALLs with their answers. false: every frame by itself.")
]
Format = Annotated[
    ExportFormat,
    QueryParameter(
        description="jsonl: time, station, direction (in or out) and text of each frame. open-trace: Open "
        "OCPP Trace Format 1.1, without frames that are no OCPP message."
    ),
]


@get("/messages", operation_id="listMessages", summary="Search the message log", tags=["Messages"])
async def messages(
    site: NamedDependency[Site],
    limit: Limit = 100,
    cursor: Cursor = None,
    charge_point: ChargePointFilter = None,
    action: ActionFilter = None,
    message_id: MessageIdFilter = None,
    text: TextFilter = None,
    since: Since = None,
    until: Until = None,
    direction: DirectionFilter = None,
    deviating: DeviatingFilter = None,
    paired: Paired = True,
) -> MessagePage:
    """What charge points and the central system said to each other, newest first.

    A search ends after about a second with what it has found by then; next_cursor goes on from there.
    """
    wanted = MessageFilter(
        identity=charge_point,
        action=action,
        message_id=message_id,
        text=text,
        since=in_utc(since),
        until=in_utc(until),
        direction=direction,
        deviating=deviating,
    )
    return await _found(site, wanted, limit, cursor, paired)


@get(
    "/charge-points/{identity:str}/messages",
    operation_id="listMessagesOfChargePoint",
    summary="Search the messages of a charge point",
    tags=["Messages"],
)
async def charge_point_messages(
    site: NamedDependency[Site],
    identity: Identity,
    limit: Limit = 100,
    cursor: Cursor = None,
    action: ActionFilter = None,
    message_id: MessageIdFilter = None,
    text: TextFilter = None,
    since: Since = None,
    until: Until = None,
    direction: DirectionFilter = None,
    deviating: DeviatingFilter = None,
    paired: Paired = True,
) -> MessagePage:
    """What a charge point and the central system said to each other, newest first."""
    station = await asyncio.to_thread(station_of, site, identity)
    wanted = MessageFilter(
        identity=station.identity,
        action=action,
        message_id=message_id,
        text=text,
        since=in_utc(since),
        until=in_utc(until),
        direction=direction,
        deviating=deviating,
    )
    return await _found(site, wanted, limit, cursor, paired)


@get(
    "/messages/export",
    operation_id="exportMessages",
    summary="Export the message log",
    tags=["Messages"],
    media_type="application/x-ndjson",
)
async def export_messages(
    site: NamedDependency[Site],
    format: Format = ExportFormat.JSONL,
    charge_point: ChargePointFilter = None,
    action: ActionFilter = None,
    message_id: MessageIdFilter = None,
    text: TextFilter = None,
    since: Since = None,
    until: Until = None,
    direction: DirectionFilter = None,
    deviating: DeviatingFilter = None,
) -> Stream:
    """Frames, oldest first, a JSON object a line; with a filter, the CALLs that fit it and their answers."""
    wanted = MessageFilter(
        identity=charge_point,
        action=action,
        message_id=message_id,
        text=text,
        since=in_utc(since),
        until=in_utc(until),
        direction=direction,
        deviating=deviating,
    )
    return await _exported(site, wanted, format, "messages")


@get(
    "/charge-points/{identity:str}/messages/export",
    operation_id="exportMessagesOfChargePoint",
    summary="Export the messages of a charge point",
    tags=["Messages"],
    media_type="application/x-ndjson",
)
async def export_charge_point_messages(
    site: NamedDependency[Site],
    identity: Identity,
    format: Format = ExportFormat.JSONL,
    since: Since = None,
    until: Until = None,
) -> Stream:
    """All frames of a charge point, oldest first, a JSON object a line."""
    station = await asyncio.to_thread(station_of, site, identity)
    wanted = MessageFilter(identity=station.identity, since=in_utc(since), until=in_utc(until))
    return await _exported(site, wanted, format, "charge-point")


@get(
    "/messages/log",
    operation_id="getMessageLog",
    summary="Show how the message log stands",
    tags=["Messages"],
)
async def message_log(site: NamedDependency[Site]) -> MessageLogView:
    """How much is kept, since when, and whether anything was left out."""
    return message_log_view(_logs(site).records.figures())


@get(
    "/charge-points/{identity:str}/deviations",
    sync_to_thread=True,
    operation_id="listDeviationsOfChargePoint",
    summary="List what a charge point does otherwise than OCPP says",
    tags=["Messages"],
)
def charge_point_deviations(site: NamedDependency[Site], identity: Identity) -> DeviationList:
    """Each sort of deviation with its number, its first and last time, and an example; last seen first."""
    station = station_of(site, identity)
    return DeviationList(items=[deviation_view(one) for one in site.queries.deviations(station.key)])


ROUTES = [
    messages,
    charge_point_messages,
    export_messages,
    export_charge_point_messages,
    message_log,
    charge_point_deviations,
]


def in_utc(at: datetime | None) -> datetime | None:
    """A time that says no zone is of UTC."""
    return at.replace(tzinfo=UTC) if at is not None and at.tzinfo is None else at


def _logs(site: Site) -> MessageLogs:
    if site.messages is None:
        raise ApiError(
            HTTPStatus.NOT_FOUND,
            "message-log-off",
            "No message log",
            "The message log is switched off; messages.enabled = true in voltline.toml switches it on.",
        )
    return site.messages


async def _found(
    site: Site, wanted: MessageFilter, limit: int, cursor: str | None, paired: bool
) -> MessagePage:
    logs = _logs(site)
    before = number_position(cursor)
    if before is None:
        await logs.records.flush()
    page = await asyncio.to_thread(logs.queries.search, wanted, paired=paired, before=before, limit=limit)
    return MessagePage(
        items=[message_view(exchange) for exchange in page.items],
        next_cursor=None if page.next_before is None else _cursor(page.next_before),
    )


async def _exported(site: Site, wanted: MessageFilter, form: ExportFormat, name: str) -> Stream:
    logs = _logs(site)
    await logs.records.flush()
    lines = exported(logs.queries.frames(wanted), form)
    # The first part now: a log that cannot be read is said by the status.
    first = await asyncio.to_thread(next, lines, b"")
    return Stream(
        _whole(first, lines),
        media_type="application/x-ndjson",
        headers={"content-disposition": f'attachment; filename="{name}.{form}.jsonl"'},
    )


def _whole(first: bytes, rest: Iterator[bytes]) -> Iterator[bytes]:
    yield first
    yield from rest
