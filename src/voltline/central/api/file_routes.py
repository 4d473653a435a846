"""Files that are kept here: firmware to be handed out, and what charge points brought."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from http import HTTPStatus
from typing import Annotated, Any

from litestar import Request, Response, delete, get, post
from litestar.di import NamedDependency
from litestar.exceptions import InternalServerException
from litestar.params import PathParameter, QueryParameter
from litestar.response import File

from voltline.base.clock import SystemClock
from voltline.central.api.bodies import invalid_body
from voltline.central.api.cursors import number_position
from voltline.central.api.file_shapes import FilePage, FileView, file_view
from voltline.central.api.needs import Site
from voltline.central.api.problems import ApiError, Fault
from voltline.central.api.quarantine_routes import IdSort, Sort
from voltline.central.api.reading_routes import ChargePointFilter, Cursor, Limit
from voltline.central.api.station_routes import next_cursor, views
from voltline.central.api.writing import write
from voltline.central.domain.files import FilePurpose, StoredFile
from voltline.central.services import files
from voltline.central.services.ports.files import FileShelf, NoSpace, TooLarge

BINARY_BODY = "binary_body"
"""The key of a route's `opt` that says that its body is a file, and how to describe it."""
PROBLEMS: Mapping[str, Mapping[int, str]] = {
    "/api/v1/files": {
        HTTPStatus.REQUEST_ENTITY_TOO_LARGE: "The file is too large.",
        HTTPStatus.UNSUPPORTED_MEDIA_TYPE: "The file was sent as a form.",
        HTTPStatus.INSUFFICIENT_STORAGE: "There is no more room for files.",
    },
    "/api/v1/files/{file_id}": {
        HTTPStatus.NOT_FOUND: "There is no such file.",
        HTTPStatus.CONFLICT: "A job that has not ended is about it.",
    },
    "/api/v1/files/{file_id}/content": {
        HTTPStatus.NOT_FOUND: "There is no such file.",
        HTTPStatus.GONE: "It is not on the disk any more.",
    },
}

_now = SystemClock().now

FileId = Annotated[int, PathParameter(description="The file's id.")]
FileName = Annotated[
    str,
    QueryParameter(
        min_length=1,
        max_length=255,
        description="What the file is called; charge points see it as the end of its address.",
    ),
]
PurposeFilter = Annotated[FilePurpose | None, QueryParameter(description="Only those for this.")]
JobFilter = Annotated[int | None, QueryParameter(description="Only those that were brought for this job.")]
Search = Annotated[str | None, QueryParameter(description="Only those with this in their name, in any case.")]

_LARGEST_ID = 2**63 - 1


@post(
    "/files",
    status_code=HTTPStatus.CREATED,
    operation_id="addFile",
    summary="Upload firmware",
    tags=["Files"],
    request_max_body_size=None,
    opt={BINARY_BODY: "The file itself, as it is."},
)
async def add_file(
    site: NamedDependency[Site], request: Request[Any, Any, Any], name: FileName
) -> Response[FileView]:
    """Keep a firmware, to be handed out by jobs. The body is the file; it is written to disk as it comes.

    `curl --data-binary @fw.bin -H 'Content-Type: application/octet-stream' '.../files?name=fw.bin'`
    """
    shelf = shelf_of(site)
    if request.content_type[0] in ("multipart/form-data", "application/x-www-form-urlencoded"):
        raise ApiError(
            HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
            "form-body",
            "Not a form",
            "Send the file itself as the body, with Content-Type: application/octet-stream.",
        )
    try:
        content = await shelf.keep(name, _chunks(request))
    except TooLarge as error:
        raise ApiError(
            HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "file-too-large", "File too large", f"{error}."
        ) from error
    except NoSpace as error:
        raise ApiError(HTTPStatus.INSUFFICIENT_STORAGE, "disk-full", "Disk full", f"{error}.") from error
    if not content.size_bytes:
        await shelf.discard(content.path)
        raise invalid_body(Fault(path="$", kind="missing", text="The file is empty."))
    try:
        stored = await write(site, files.add, content, _now())
    except BaseException:
        await shelf.discard(content.path)
        raise
    return Response(file_view(stored), status_code=HTTPStatus.CREATED)


@get(
    "/files",
    sync_to_thread=True,
    operation_id="listFiles",
    summary="List files",
    tags=["Files"],
)
def list_files(
    site: NamedDependency[Site],
    limit: Limit = 100,
    cursor: Cursor = None,
    purpose: PurposeFilter = None,
    charge_point: ChargePointFilter = None,
    job: JobFilter = None,
    search: Search = None,
    sort: Sort = IdSort.NEWEST,
) -> FilePage:
    """Files that operators and charge points have brought, newest first."""
    if job is not None and abs(job) > _LARGEST_ID:
        return FilePage(items=[], next_cursor=None)
    found = site.queries.files(
        before=number_position(cursor),
        limit=limit + 1,
        purpose=purpose,
        identity=charge_point,
        job_id=job,
        text=search,
        oldest_first=sort is IdSort.OLDEST,
    )
    return FilePage(items=views(found, file_view, limit), next_cursor=next_cursor(found, limit))


@get(
    "/files/{file_id:int}",
    sync_to_thread=True,
    operation_id="getFile",
    summary="Show a file",
    tags=["Files"],
)
def get_file(site: NamedDependency[Site], file_id: FileId) -> FileView:
    """What is known of a file."""
    return file_view(_file(site, file_id))


@get(
    "/files/{file_id:int}/content",
    media_type="application/octet-stream",
    operation_id="getFileContent",
    summary="Download a file",
    tags=["Files"],
)
async def get_file_content(site: NamedDependency[Site], file_id: FileId) -> File:
    """The file itself."""
    file = await asyncio.to_thread(_file, site, file_id)
    path = shelf_of(site).path(file)
    if not await asyncio.to_thread(path.is_file):
        raise ApiError(
            HTTPStatus.GONE, "file-gone", "File gone", f"File {file_id} is not on the disk any more."
        )
    return File(
        path,
        filename=path.name,
        media_type="application/octet-stream",
        headers={
            "X-Checksum-Sha256": file.sha256,
            "X-Content-Type-Options": "nosniff",
            "Content-Security-Policy": "sandbox",
        },
    )


@delete(
    "/files/{file_id:int}",
    status_code=HTTPStatus.NO_CONTENT,
    operation_id="removeFile",
    summary="Remove a file",
    tags=["Files"],
)
async def remove_file(site: NamedDependency[Site], file_id: FileId) -> None:
    """Remove a file from disk and list. Not while a job is about it that has not ended: cancel that first."""
    shelf = shelf_of(site)
    removed, file = await write(site, files.remove, file_id)
    if file is None:
        raise no_such_file(file_id)
    if not removed:
        raise ApiError(
            HTTPStatus.CONFLICT,
            "file-in-use",
            "File in use",
            f"A job that has not ended is about file {file_id}; cancel it first.",
        )
    await shelf.discard(file.path)


ROUTES = [add_file, list_files, get_file, get_file_content, remove_file]


def shelf_of(site: Site) -> FileShelf:
    """Raises ApiError (503) where no files can be kept."""
    if site.files is None:
        raise ApiError(
            HTTPStatus.SERVICE_UNAVAILABLE, "no-files", "No files", "This central system keeps no files."
        )
    return site.files


def no_such_file(file_id: int) -> ApiError:
    return ApiError(
        HTTPStatus.NOT_FOUND,
        "unknown-file",
        "Unknown file",
        f"There is no file {file_id}; GET /api/v1/files lists them.",
    )


def _file(site: Site, file_id: int) -> StoredFile:
    found = site.queries.file(file_id)
    if found is None:
        raise no_such_file(file_id)
    return found


async def _chunks(request: Request[Any, Any, Any]) -> AsyncIterator[bytes]:
    try:
        async for chunk in request.stream():
            yield chunk
    except InternalServerException as error:  # the framework's word for a client that went away
        raise ApiError(
            HTTPStatus.BAD_REQUEST, "incomplete-body", "Incomplete body", "The file did not come whole."
        ) from error
