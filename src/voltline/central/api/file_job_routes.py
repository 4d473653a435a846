"""Jobs about files: firmware updates, diagnostics, logs."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from http import HTTPStatus
from typing import Annotated, Any

from litestar import Request, Response, get, post
from litestar.di import NamedDependency
from litestar.params import PathParameter, QueryParameter

from voltline.base.clock import SystemClock
from voltline.base.ids import folded
from voltline.central.api.bodies import BODY, invalid_body, read_body
from voltline.central.api.cursors import number_position
from voltline.central.api.file_routes import no_such_file
from voltline.central.api.file_shapes import (
    FileJobDetail,
    FileJobPage,
    NewDiagnostics,
    NewFirmwareUpdate,
    NewLog,
    NewUpload,
    job_detail,
    job_view,
)
from voltline.central.api.foresight import configured, profile_warnings
from voltline.central.api.needs import Site
from voltline.central.api.problems import ApiError
from voltline.central.api.quarantine_routes import IdSort, Sort
from voltline.central.api.reading_routes import (
    ChargePointFilter,
    Cursor,
    Identity,
    Limit,
    no_such_charge_point,
)
from voltline.central.api.station_routes import next_cursor, station_of, views
from voltline.central.api.writing import write
from voltline.central.domain.file_jobs import FileJob, FileJobKind, FileJobState, JobOrder, protocols_of
from voltline.central.services import file_jobs
from voltline.messages import GetDiagnostics, GetLog, SignedUpdateFirmware, UpdateFirmware
from voltline.messages import Request as OcppRequest

PROBLEMS: Mapping[str, Mapping[int, str]] = {
    "/api/v1/charge-points/{identity}/firmware-updates": {
        HTTPStatus.NOT_FOUND: "There is no such charge point."
    },
    "/api/v1/file-jobs/{job_id}": {HTTPStatus.NOT_FOUND: "There is no such job."},
    "/api/v1/file-jobs/{job_id}/cancel": {
        HTTPStatus.NOT_FOUND: "There is no such job.",
        HTTPStatus.CONFLICT: "It has ended already.",
    },
}

_now = SystemClock().now

JobId = Annotated[int, PathParameter(description="The job's id.")]
KindFilter = Annotated[FileJobKind | None, QueryParameter(description="Only those of this kind.")]
StateFilter = Annotated[
    FileJobState | None, QueryParameter(name="state", description="Only those in this state.")
]
ActiveFilter = Annotated[
    bool | None, QueryParameter(description="true: only those that have not ended; false: only others.")
]

_COMMANDS: dict[FileJobKind, type[OcppRequest[Any]]] = {
    FileJobKind.FIRMWARE_UPDATE: UpdateFirmware,
    FileJobKind.SIGNED_FIRMWARE_UPDATE: SignedUpdateFirmware,
    FileJobKind.DIAGNOSTICS: GetDiagnostics,
    FileJobKind.LOG: GetLog,
}


@post(
    "/charge-points/{identity:str}/firmware-updates",
    status_code=HTTPStatus.ACCEPTED,
    operation_id="updateFirmware",
    summary="Update the firmware",
    tags=["File jobs"],
    opt={BODY: NewFirmwareUpdate},
)
async def update_firmware(
    site: NamedDependency[Site], request: Request[Any, Any, Any], identity: Identity
) -> Response[FileJobDetail]:
    """Have a charge point fetch a firmware and install it; the answer is a job that says how far it is.

    The command is sent at once, or when the charge point connects.
    """
    body = await read_body(request, NewFirmwareUpdate)
    if body.faults:
        raise invalid_body(*body.faults)
    return await _ordered(site, identity, body.kind, body.order, body.file_id)


@post(
    "/charge-points/{identity:str}/diagnostics",
    status_code=HTTPStatus.ACCEPTED,
    operation_id="getDiagnostics",
    summary="Get diagnostics",
    tags=["File jobs"],
    opt={BODY: NewDiagnostics},
)
async def get_diagnostics(
    site: NamedDependency[Site], request: Request[Any, Any, Any], identity: Identity
) -> Response[FileJobDetail]:
    """Have a charge point upload its diagnostics; what arrives here is listed in the job."""
    body = await read_body(request, NewDiagnostics)
    return await _upload(site, identity, FileJobKind.DIAGNOSTICS, body)


@post(
    "/charge-points/{identity:str}/logs",
    status_code=HTTPStatus.ACCEPTED,
    operation_id="getLog",
    summary="Get a log",
    tags=["File jobs"],
    opt={BODY: NewLog},
)
async def get_log(
    site: NamedDependency[Site], request: Request[Any, Any, Any], identity: Identity
) -> Response[FileJobDetail]:
    """Have a charge point upload its diagnostics or security log; what arrives here is listed in the job."""
    body = await read_body(request, NewLog)
    return await _upload(site, identity, FileJobKind.LOG, body)


@get(
    "/file-jobs",
    sync_to_thread=True,
    operation_id="listFileJobs",
    summary="List jobs about files",
    tags=["File jobs"],
)
def list_jobs(
    site: NamedDependency[Site],
    limit: Limit = 100,
    cursor: Cursor = None,
    charge_point: ChargePointFilter = None,
    kind: KindFilter = None,
    job_state: StateFilter = None,
    active: ActiveFilter = None,
    sort: Sort = IdSort.NEWEST,
) -> FileJobPage:
    """Jobs, newest first; also those that began with a command of their own."""
    found = site.queries.file_jobs(
        before=number_position(cursor),
        limit=limit + 1,
        identity=charge_point,
        kind=kind,
        state=job_state,
        active=active,
        oldest_first=sort is IdSort.OLDEST,
    )
    return FileJobPage(items=views(found, job_view, limit), next_cursor=next_cursor(found, limit))


@get(
    "/file-jobs/{job_id:int}",
    sync_to_thread=True,
    operation_id="getFileJob",
    summary="Show a job about a file",
    tags=["File jobs"],
)
def get_job(site: NamedDependency[Site], job_id: JobId) -> FileJobDetail:
    """A job with its history and the files that came of it."""
    job = site.queries.file_job(job_id)
    if job is None:
        raise _no_such_job(job_id)
    return _detail(site, job, [])


@post(
    "/file-jobs/{job_id:int}/cancel",
    status_code=HTTPStatus.OK,
    operation_id="cancelFileJob",
    summary="Cancel a job about a file",
    tags=["File jobs"],
)
async def cancel_job(site: NamedDependency[Site], job_id: JobId) -> FileJobDetail:
    """Give a job up: nothing is sent any more, and its address is closed.

    A charge point that has the command already cannot be told (OCPP 1.6 has no message for that); what it
    reports is kept in the history.
    """
    before = await asyncio.to_thread(site.queries.file_job, job_id)
    if before is None:
        raise _no_such_job(job_id)
    job = await write(site, file_jobs.cancel, job_id, _now())
    assert job is not None
    if job.state is not FileJobState.CANCELLED or not before.state.open:
        raise ApiError(
            HTTPStatus.CONFLICT, "job-ended", "Job has ended", f"Job {job_id} has ended: it is {job.state}."
        )
    return await asyncio.to_thread(_detail, site, job, [])


ROUTES = [update_firmware, get_diagnostics, get_log, list_jobs, get_job, cancel_job]


async def _upload(site: Site, identity: str, kind: FileJobKind, body: NewUpload) -> Response[FileJobDetail]:
    if body.faults:
        raise invalid_body(*body.faults)
    return await _ordered(site, identity, kind, body.order, None)


async def _ordered(
    site: Site, identity: str, kind: FileJobKind, order: JobOrder, file_id: int | None
) -> Response[FileJobDetail]:
    warnings = await asyncio.to_thread(_foreseen, site, identity, kind, order)
    if order.location is None and (site.files is None or not site.files.offered):
        raise ApiError(
            HTTPStatus.CONFLICT,
            "no-file-server",
            "No file server",
            "This central system has no file server (setting files.protocols); name a location.",
        )
    try:
        job = await write(site, file_jobs.create, identity, kind, order, file_id, _now())
    except LookupError:
        assert file_id is not None
        raise no_such_file(file_id) from None
    if job is None:
        raise no_such_charge_point(identity)
    if site.file_jobs is not None:
        site.file_jobs.start(job.identity)
    detail = await asyncio.to_thread(_detail, site, job, warnings)
    headers = {"Location": f"/api/v1/file-jobs/{job.id}"}
    return Response(detail, status_code=HTTPStatus.ACCEPTED, headers=headers)


def _foreseen(site: Site, identity: str, kind: FileJobKind, order: JobOrder) -> list[str]:
    """What speaks against it. Blocks. Raises ApiError (404)."""
    station = station_of(site, identity)
    values = configured(site, station)
    warnings = profile_warnings(values, _COMMANDS[kind])
    if site.lines.line(station.identity) is None:
        warnings.append("the charge point is not connected: the command is sent when it is")
    known = protocols_of(values.get(folded("SupportedFileTransferProtocols")))
    if known:
        told = ", ".join(sorted(known)).upper()
        if order.location is not None:
            scheme = order.location.partition(":")[0].lower()
            if scheme not in known:
                warnings.append(f"the charge point says that it knows {told}, not {scheme.upper()}")
        else:
            offered = [] if site.files is None else [str(one.protocol) for one in site.files.offered]
            usable = {str(order.protocol)} if order.protocol is not None else set(offered)
            if not usable & known:
                warnings.append(f"the charge point says that it knows {told}, which is not what it will get")
    return warnings


def _detail(site: Site, job: FileJob, warnings: list[str]) -> FileJobDetail:
    """Blocks."""
    history = site.queries.file_job_history(job.id)
    return job_detail(job, history, site.queries.files(job_id=job.id, oldest_first=True), warnings)


def _no_such_job(job_id: int) -> ApiError:
    return ApiError(
        HTTPStatus.NOT_FOUND,
        "unknown-job",
        "Unknown job",
        f"There is no job {job_id} about a file; GET /api/v1/file-jobs lists them.",
    )
