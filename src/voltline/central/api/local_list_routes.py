"""Local lists of id tags in charge points."""

from __future__ import annotations

import asyncio
from datetime import datetime
from http import HTTPStatus
from typing import Annotated, Any

from litestar import Request, get, patch, post
from litestar.di import NamedDependency
from msgspec import UNSET, Meta, Struct, UnsetType

from voltline.base.clock import SystemClock
from voltline.central.api.bodies import BODY, read_body
from voltline.central.api.cursors import cursor as _cursor
from voltline.central.api.cursors import number_position
from voltline.central.api.id_tag_shapes import TagText
from voltline.central.api.needs import Site
from voltline.central.api.reading_routes import Cursor, Identity, Limit
from voltline.central.api.shapes import NextCursor
from voltline.central.api.station_routes import station_of
from voltline.central.api.writing import write
from voltline.central.domain.local_lists import ListState
from voltline.central.domain.stations import Station
from voltline.central.services import local_lists

_now = SystemClock().now


class CacheView(Struct, frozen=True, kw_only=True):
    """When the charge point was told last to clear its authorization cache."""

    answer: Annotated[str, Meta(description="Its answer. Rejected: it has no cache, or did not clear it.")]
    at: datetime


class LocalListView(Struct, frozen=True, kw_only=True):
    """How it stands with the local list of a charge point."""

    state: Annotated[
        ListState,
        Meta(
            description="untouched: there was nothing to send yet. pending: to be brought up to date. "
            "sending. synced: it is as it should be. failed: it was refused; tried again at the next "
            "connection or change. not-supported: the charge point keeps none. disabled: it is not used, or "
            "left alone."
        ),
    ]
    problem: Annotated[str | None, Meta(description="What went wrong last.")]
    version: Annotated[int | None, Meta(description="Of what it took last; null: never anything.")]
    reported_version: Annotated[
        int | None, Meta(description="What it told last when it was asked; 0: empty, -1: it keeps none.")
    ]
    entries: Annotated[int | None, Meta(description="Id tags in the list; null: not known.")]
    left_out: Annotated[
        int,
        Meta(description="Id tags for which LocalAuthListMaxLength leaves no room: the least recently used."),
    ]
    enabled: Annotated[bool, Meta(description="Whether it is kept up to date.")]
    groups: Annotated[
        list[str] | None,
        Meta(description="Only these id tags, and those that have one of them as parent; null: all."),
    ]
    checked_at: Annotated[datetime | None, Meta(description="When it told its version last.")]
    synced_at: Annotated[datetime | None, Meta(description="When it was found or brought up to date last.")]
    cache: Annotated[CacheView | None, Meta(description="null: it was never told to clear its cache.")]


class LocalListEdit(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is to be changed; what is left out stays as it is."""

    enabled: Annotated[bool, Meta(description="false: leave the list alone.")] | UnsetType = UNSET
    groups: (
        Annotated[
            Annotated[list[TagText], Meta(max_length=200)] | None,
            Meta(description="Only these id tags, and those that have one of them as parent; null: all."),
        ]
        | UnsetType
    ) = UNSET


class ListEntryView(Struct, frozen=True, kw_only=True):
    """An id tag that a charge point accepts also while it is offline."""

    id_tag: str
    parent_id_tag: str | None
    expires_at: datetime | None


class ListEntryPage(Struct, frozen=True, kw_only=True):
    """A part of a local list."""

    items: list[ListEntryView]
    next_cursor: NextCursor


@get(
    "/charge-points/{identity:str}/local-list",
    sync_to_thread=True,
    operation_id="getLocalList",
    summary="Show how it stands with the local list",
    tags=["Id tags"],
)
def get_local_list(site: NamedDependency[Site], identity: Identity) -> LocalListView:
    """The state of the charge point's local list, and what went wrong last."""
    return _view(site, station_of(site, identity))


@get(
    "/charge-points/{identity:str}/local-list/entries",
    sync_to_thread=True,
    operation_id="listLocalListEntries",
    summary="List what the local list holds",
    tags=["Id tags"],
)
def list_entries(
    site: NamedDependency[Site], identity: Identity, limit: Limit = 100, cursor: Cursor = None
) -> ListEntryPage:
    """The id tags that the charge point was sent and took; none where that is not known."""
    station = station_of(site, identity)
    entries = site.queries.local_list_content(station.key) or ()
    start = number_position(cursor) or 0
    end = start + limit
    return ListEntryPage(
        items=[
            ListEntryView(id_tag=one.id_tag, parent_id_tag=one.parent_id_tag, expires_at=one.expires_at)
            for one in entries[start:end]
        ],
        next_cursor=_cursor(end) if len(entries) > end else None,
    )


@patch(
    "/charge-points/{identity:str}/local-list",
    operation_id="editLocalList",
    summary="Say what the local list is to hold",
    tags=["Id tags"],
    opt={BODY: LocalListEdit},
)
async def edit_local_list(
    site: NamedDependency[Site], request: Request[Any, Any, Any], identity: Identity
) -> LocalListView:
    """Leave the local list alone, or keep it up to date, with all id tags or those of some groups."""
    edit = await read_body(request, LocalListEdit)
    station = await asyncio.to_thread(station_of, site, identity)
    known = await asyncio.to_thread(site.queries.local_list, station.key)
    enabled = known.enabled if edit.enabled is UNSET else edit.enabled
    groups = known.groups if edit.groups is UNSET else edit.groups
    chosen = None if groups is None else tuple(groups)
    await write(site, local_lists.select, station.key, enabled, chosen, _now())
    if enabled:
        site.local_lists.start(station.identity)
    return await asyncio.to_thread(_view, site, station)


@post(
    "/charge-points/{identity:str}/local-list/sync",
    status_code=HTTPStatus.ACCEPTED,
    operation_id="syncLocalList",
    summary="Bring the local list up to date",
    tags=["Id tags"],
)
async def sync_local_list(site: NamedDependency[Site], identity: Identity) -> LocalListView:
    """Ask the charge point for its version and send what is missing, now or once it is connected.

    That happens by itself after each connect and each change of id tags; here also where it said that it
    keeps no list.
    """
    station = await asyncio.to_thread(station_of, site, identity)
    await write(site, local_lists.ask_again, station.key)
    site.local_lists.start(station.identity)
    return await asyncio.to_thread(_view, site, station)


ROUTES = [get_local_list, list_entries, edit_local_list, sync_local_list]


def _view(site: Site, station: Station) -> LocalListView:
    known = site.queries.local_list(station.key)
    cache = site.queries.cache_answer(station.key)
    return LocalListView(
        state=known.state,
        problem=known.problem,
        version=known.version,
        reported_version=known.reported_version,
        entries=known.entries,
        left_out=known.left_out,
        enabled=known.enabled,
        groups=None if known.groups is None else list(known.groups),
        checked_at=known.checked_at,
        synced_at=known.synced_at,
        cache=None if cache is None else CacheView(answer=cache[0], at=cache[1]),
    )
