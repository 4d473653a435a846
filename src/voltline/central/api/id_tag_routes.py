"""Id tags: registered ones, and those that were seen."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from http import HTTPStatus
from typing import Annotated, Any

import msgspec
from litestar import Request, Response, delete, get, patch, post, put
from litestar.di import NamedDependency
from litestar.params import PathParameter, QueryParameter
from litestar.response import Stream

from voltline.base.clock import SystemClock
from voltline.central.api import id_tag_csv
from voltline.central.api.bodies import BODY, invalid_body, read_body
from voltline.central.api.csv import MEDIA_TYPE
from voltline.central.api.cursors import cursor as _cursor
from voltline.central.api.cursors import number_position, text_position
from voltline.central.api.id_tag_shapes import (
    IdTagEdit,
    IdTagPage,
    IdTagRecord,
    IdTagView,
    ImportResult,
    NewIdTag,
    TagText,
    UnknownTagPage,
    id_tag_view,
    unknown_tag_view,
)
from voltline.central.api.needs import Site
from voltline.central.api.problems import ApiError, Fault
from voltline.central.api.reading_routes import ChargePointFilter, Cursor, Limit
from voltline.central.api.writing import write
from voltline.central.domain.authorization import IdTag, TagFilter, TagOrder, tag_key
from voltline.central.services import id_tags

_now = SystemClock().now
_AT_A_TIME = 5000

TagPath = Annotated[str, PathParameter(description="The id tag, percent-encoded where needed; in any case.")]
Search = Annotated[
    str | None, QueryParameter(description="Only those with this in tag, parent or notes, in any case.")
]
ParentFilter = Annotated[str | None, QueryParameter(description="Only those with this parent.")]
BlockedFilter = Annotated[
    bool | None, QueryParameter(description="true: only blocked ones; false: only others.")
]
ExpiredFilter = Annotated[
    bool | None, QueryParameter(description="true: only those whose time is over; false: only others.")
]
Order = Annotated[
    TagOrder,
    QueryParameter(description="By tag, or the last used or changed first, those that never were at last."),
]
DryRun = Annotated[bool, QueryParameter(description="true: say what would be done, and do nothing.")]
RemoveOthers = Annotated[
    bool, QueryParameter(description="true: remove every registered tag that is not in the file.")
]

# What reads the database blocks; Litestar runs it on worker threads.


@get(
    "/id-tags",
    sync_to_thread=True,
    operation_id="listIdTags",
    summary="List id tags",
    tags=["Id tags"],
)
def list_id_tags(
    site: NamedDependency[Site],
    limit: Limit = 100,
    cursor: Cursor = None,
    search: Search = None,
    parent: ParentFilter = None,
    blocked: BlockedFilter = None,
    expired: ExpiredFilter = None,
    sort: Order = TagOrder.ID_TAG,
) -> IdTagPage:
    """Registered id tags."""
    now = _now()
    only = TagFilter(
        text=search,
        parent=parent,
        blocked=blocked,
        expired_at=now if expired is True else None,
        not_expired_at=now if expired is False else None,
    )
    by_tag = sort is TagOrder.ID_TAG
    after = text_position(cursor) if by_tag else None
    offset = 0 if by_tag else number_position(cursor) or 0
    found = site.queries.id_tags(only=only, order=sort, after=after, offset=offset, limit=limit + 1)
    more = _cursor(found[limit - 1].id_tag if by_tag else offset + limit) if len(found) > limit else None
    return IdTagPage(items=_views(site, found[:limit]), next_cursor=more)


@get(
    "/id-tags/{id_tag:str}",
    sync_to_thread=True,
    operation_id="getIdTag",
    summary="Show an id tag",
    tags=["Id tags"],
)
def get_id_tag(site: NamedDependency[Site], id_tag: TagPath) -> IdTagView:
    """A registered id tag."""
    found = site.queries.id_tag(id_tag)
    if found is None:
        raise _no_such_tag(id_tag)
    return _views(site, (found,))[0]


@post(
    "/id-tags",
    status_code=HTTPStatus.CREATED,
    operation_id="addIdTag",
    summary="Register an id tag",
    tags=["Id tags"],
    opt={BODY: NewIdTag},
)
async def add_id_tag(site: NamedDependency[Site], request: Request[Any, Any, Any]) -> Response[IdTagView]:
    """Register an id tag that is not registered yet."""
    new = (await read_body(request, NewIdTag)).tag
    done = await write(site, id_tags.add_tag, new, _now())
    if done is None:
        raise _registered_already(new.id_tag)
    return Response(await _told(site, done), status_code=HTTPStatus.CREATED)


@put(
    "/id-tags/{id_tag:str}",
    status_code=HTTPStatus.OK,
    operation_id="putIdTag",
    summary="Register or replace an id tag",
    tags=["Id tags"],
    opt={BODY: IdTagRecord},
)
async def put_id_tag(
    site: NamedDependency[Site], request: Request[Any, Any, Any], id_tag: TagPath
) -> IdTagView:
    """Register an id tag, or replace what is said of it."""
    record = await read_body(request, IdTagRecord)
    done = await write(site, id_tags.put_tag, record.tag(_tag_text(id_tag)), _now())
    return await _told(site, done)


@patch(
    "/id-tags/{id_tag:str}",
    operation_id="editIdTag",
    summary="Edit an id tag",
    tags=["Id tags"],
    opt={BODY: IdTagEdit},
)
async def edit_id_tag(
    site: NamedDependency[Site], request: Request[Any, Any, Any], id_tag: TagPath
) -> IdTagView:
    """Change some of what is said of an id tag, such as to block it."""
    changes = (await read_body(request, IdTagEdit)).changes
    done = await write(site, id_tags.edit_tag, id_tag, changes, _now())
    if done is None:
        raise _no_such_tag(id_tag)
    return await _told(site, done)


@delete(
    "/id-tags/{id_tag:str}",
    status_code=HTTPStatus.NO_CONTENT,
    operation_id="removeIdTag",
    summary="Remove an id tag",
    tags=["Id tags"],
)
async def remove_id_tag(site: NamedDependency[Site], id_tag: TagPath) -> None:
    """It is unknown from now on; its transactions stay."""
    done = await write(site, id_tags.remove_tag, id_tag, _now())
    if done is None:
        raise _no_such_tag(id_tag)
    site.local_lists.tags_changed(revoked=done.revoked)


@get(
    "/id-tags.csv",
    sync_to_thread=True,
    media_type=MEDIA_TYPE,
    operation_id="exportIdTags",
    summary="Export id tags",
    tags=["Id tags"],
)
def export_id_tags(site: NamedDependency[Site]) -> Stream:
    """All registered id tags as a CSV file, which can be imported again."""
    name = 'attachment; filename="id-tags.csv"'
    return Stream(
        id_tag_csv.written(_every_tag(site)),
        media_type=MEDIA_TYPE,
        headers={"Content-Disposition": name},
    )


@post(
    "/id-tags.csv",
    status_code=HTTPStatus.OK,
    operation_id="importIdTags",
    summary="Import id tags",
    tags=["Id tags"],
    opt={BODY: MEDIA_TYPE},
)
async def import_id_tags(
    site: NamedDependency[Site],
    request: Request[Any, Any, Any],
    dry_run: DryRun = False,
    remove_others: RemoveOthers = False,
) -> ImportResult:
    """Register all id tags of a CSV file, replacing what is said of those that are registered.

    The first line names the columns: id_tag, and any of parent_id_tag, expires_at, blocked,
    max_transactions, group_max_transactions and notes. Where anything is wrong with any line nothing is
    imported, and the answer says what is wrong with each.
    """
    tags, faults = await asyncio.to_thread(id_tag_csv.read, await request.body())
    if faults:
        raise invalid_body(*faults)
    done = await write(site, id_tags.import_tags, tags, remove_others, dry_run, _now())
    if not dry_run and (done.added or done.changed or done.removed):
        site.local_lists.tags_changed(revoked=done.revoked)
    return ImportResult(
        dry_run=dry_run,
        lines=len(tags),
        added=done.added,
        changed=done.changed,
        unchanged=done.unchanged,
        removed=done.removed,
    )


@get(
    "/unknown-id-tags",
    sync_to_thread=True,
    operation_id="listUnknownIdTags",
    summary="List unknown id tags",
    tags=["Id tags"],
)
def list_unknown_id_tags(
    site: NamedDependency[Site],
    limit: Limit = 100,
    cursor: Cursor = None,
    charge_point: ChargePointFilter = None,
) -> UnknownTagPage:
    """Id tags that were presented and that nobody registered, the last seen first."""
    offset = number_position(cursor) or 0
    found = site.queries.unknown_id_tags(identity=charge_point, offset=offset, limit=limit + 1)
    return UnknownTagPage(
        items=[unknown_tag_view(tag) for tag in found[:limit]],
        next_cursor=_cursor(offset + limit) if len(found) > limit else None,
    )


@post(
    "/unknown-id-tags/{id_tag:str}/adopt",
    status_code=HTTPStatus.CREATED,
    operation_id="adoptIdTag",
    summary="Register an unknown id tag",
    tags=["Id tags"],
    opt={BODY: IdTagRecord},
)
async def adopt_id_tag(
    site: NamedDependency[Site], request: Request[Any, Any, Any], id_tag: TagPath
) -> Response[IdTagView]:
    """Register an id tag that was seen, spelled as it was."""
    record = await read_body(request, IdTagRecord)
    done = await write(site, id_tags.adopt, id_tag, record.tag, _now())
    if done is None:
        raise _never_seen(id_tag)
    if isinstance(done, bool):
        raise _registered_already(id_tag)
    return Response(await _told(site, done), status_code=HTTPStatus.CREATED)


@delete(
    "/unknown-id-tags/{id_tag:str}",
    status_code=HTTPStatus.NO_CONTENT,
    operation_id="forgetUnknownIdTag",
    summary="Take an id tag off the list of unknown ones",
    tags=["Id tags"],
)
async def forget_unknown_id_tag(site: NamedDependency[Site], id_tag: TagPath) -> None:
    """Until it is seen again."""
    if not await write(site, id_tags.forget_unknown, id_tag):
        raise _never_seen(id_tag)


ROUTES = [
    list_id_tags,
    get_id_tag,
    add_id_tag,
    put_id_tag,
    edit_id_tag,
    remove_id_tag,
    export_id_tags,
    import_id_tags,
    list_unknown_id_tags,
    adopt_id_tag,
    forget_unknown_id_tag,
]


def _views(site: Site, tags: Sequence[IdTag]) -> list[IdTagView]:
    running = site.queries.running_by_tag([tag.id_tag for tag in tags]) if tags else {}
    return [id_tag_view(tag, running.get(tag_key(tag.id_tag), 0)) for tag in tags]


async def _told(site: Site, done: id_tags.Put) -> IdTagView:
    site.local_lists.tags_changed(revoked=done.revoked)
    return (await asyncio.to_thread(_views, site, (done.tag,)))[0]


def _every_tag(site: Site) -> Iterator[IdTag]:
    after: str | None = None
    while found := site.queries.id_tags(after=after, limit=_AT_A_TIME):
        yield from found
        after = found[-1].id_tag


def _tag_text(id_tag: str) -> str:
    """Raises ApiError (422) for what cannot be registered."""
    try:
        return msgspec.convert(id_tag, TagText)
    except msgspec.ValidationError as error:
        raise invalid_body(Fault(path="id_tag", kind="invalid_value", text=f"{error}.")) from error


def _no_such_tag(id_tag: str) -> ApiError:
    return ApiError(
        HTTPStatus.NOT_FOUND,
        "unknown-id-tag",
        "Unknown id tag",
        f"Id tag {id_tag!r} is not registered; GET /api/v1/id-tags lists those that are.",
    )


def _never_seen(id_tag: str) -> ApiError:
    return ApiError(
        HTTPStatus.NOT_FOUND,
        "unknown-id-tag",
        "Unknown id tag",
        f"Id tag {id_tag!r} was never presented; GET /api/v1/unknown-id-tags lists those that were.",
    )


def _registered_already(id_tag: str) -> ApiError:
    return ApiError(
        HTTPStatus.CONFLICT,
        "already-registered",
        "Already registered",
        f"Id tag {id_tag!r} is registered already; PUT or PATCH changes what is said of it.",
    )
