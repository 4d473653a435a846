"""Jobs about files begin, are heard of, and end (S 4.4, 4.5, 5.9, 5.19; security whitepaper L01, N01)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from voltline.central.domain.events import EventKind
from voltline.central.domain.file_jobs import (
    REQUESTS_A_JOB,
    UPLOADED,
    Access,
    FileJob,
    FileJobChanged,
    FileJobKind,
    FileJobState,
    JobOrder,
    News,
    Source,
    deadline_of,
    location_digest,
    news,
    request_id,
    shows_new_firmware,
)
from voltline.central.domain.files import Content, FilePurpose, StoredFile
from voltline.central.domain.stations import StationKey
from voltline.central.services import file_job_moves as moves
from voltline.central.services.optional import present
from voltline.central.services.ports import UnitOfWork
from voltline.messages import (
    GetDiagnostics,
    GetDiagnosticsResponse,
    GetLog,
    GetLogResponse,
    LogStatus,
    SignedUpdateFirmware,
    SignedUpdateFirmwareResponse,
    UpdateFirmware,
    UpdateFirmwareResponse,
    UpdateFirmwareStatus,
)

PLAIN_FIRMWARE = (FileJobKind.FIRMWARE_UPDATE, FileJobKind.SIGNED_FIRMWARE_UPDATE)
SIGNED_FIRMWARE = (FileJobKind.SIGNED_FIRMWARE_UPDATE,)
DIAGNOSTICS = (FileJobKind.DIAGNOSTICS, FileJobKind.LOG)
LOGS = (FileJobKind.LOG,)

_AT_ONCE = 100


def create(
    unit: UnitOfWork,
    identity: str,
    kind: FileJobKind,
    order: JobOrder,
    file_id: int | None,
    at: datetime,
) -> FileJob | None:
    """A job is ordered; its command is sent by `procedures.file_jobs`. None: no such charge point.

    Raises LookupError where there is no file with this number.
    """
    station = unit.stations.find(identity)
    if station is None or station.removed:
        return None
    if file_id is not None and unit.files.get(file_id) is None:
        raise LookupError(f"there is no file {file_id}")
    job = unit.file_jobs.add(
        station.key,
        kind,
        order,
        FileJobState.WAITING,
        file_id=file_id,
        firmware_before=station.firmware_version if kind.is_firmware else None,
        deadline=deadline_of(order, FileJobState.WAITING, at),
        at=at,
    )
    return moves.moved(unit, job, at, Source.OPERATOR)


def begin(
    unit: UnitOfWork, job_id: int, location: str, shown: str, access: Access | None, at: datetime
) -> FileJob | None:
    """Its command is about to be sent, with this address. None: it must not be any more.

    `shown` is the address without what is secret in it; `access` what our file server will let in.
    """
    job = unit.file_jobs.get(job_id)
    if job is None or job.state is not FileJobState.WAITING or job.not_before > at:
        return None
    changes: dict[str, object] = {
        "state": FileJobState.SENT,
        "status": None,
        "reason": None,
        "request_id": request_id(job.id, job.attempt),
        "location": shown,
        "location_digest": location_digest(location),
        "access_user": None if access is None else access.user,
        "access_digest": None if access is None else access.digest,
        "sent_at": at,
        "deadline": deadline_of(job.order, FileJobState.SENT, at),
    }
    return moves.changed(unit, job, changes, at, Source.CENTRAL_SYSTEM)


def waiting(unit: UnitOfWork, station: StationKey, at: datetime) -> Sequence[FileJob]:
    """The jobs whose command is to be sent to this charge point now."""
    return unit.file_jobs.waiting(station, at)


def told_nothing(unit: UnitOfWork, station: StationKey) -> Sequence[FileJob]:
    """The jobs that this charge point has begun and might tell more of, if asked."""
    states = (FileJobState.ACCEPTED, FileJobState.UNDER_WAY)
    return [job for job in unit.file_jobs.open_of(station) if job.state in states]


def undelivered(unit: UnitOfWork, job_id: int, reason: str, at: datetime) -> None:
    """The connection was lost before the answer: the command is sent again on the next one."""
    job = unit.file_jobs.get(job_id)
    if job is not None and job.state is FileJobState.SENT and job.status is None:
        moves.changed(
            unit, job, {"state": FileJobState.WAITING, "reason": reason}, at, Source.CENTRAL_SYSTEM, reason
        )


def unanswered(unit: UnitOfWork, job_id: int, reason: str, at: datetime) -> None:
    """No answer came in time. The charge point may have acted all the same, so its news are waited for."""
    job = unit.file_jobs.get(job_id)
    if job is not None and job.state is FileJobState.SENT:
        moves.changed(unit, job, {"reason": reason}, at, Source.CENTRAL_SYSTEM, reason)


def left_sent(unit: UnitOfWork, at: datetime) -> None:
    """The process begins: commands that the process before left without an answer are sent again."""
    for job in unit.file_jobs.unanswered():
        undelivered(unit, job.id, "the central system was restarted before the answer", at)


def refused(unit: UnitOfWork, job_id: int, reason: str, at: datetime, *, final: bool = False) -> None:
    """The charge point will not do it; `final` if it would not the next time either."""
    job = unit.file_jobs.get(job_id)
    if job is not None and job.state is FileJobState.SENT:
        moves.failed(unit, job, reason, at, Source.CHARGE_POINT, final=final)


def impossible(unit: UnitOfWork, job_id: int, reason: str, at: datetime) -> None:
    """Its command cannot be made."""
    job = unit.file_jobs.get(job_id)
    if job is not None and job.state is FileJobState.WAITING:
        moves.ended(unit, job, FileJobState.FAILED, reason, at, Source.CENTRAL_SYSTEM)


def cancel(unit: UnitOfWork, job_id: int, at: datetime) -> FileJob | None:
    """An operator gives it up: nothing more is sent, and the file server lets nobody in for it.

    OCPP 1.6 has no message that tells a charge point so. None: there is no such job; one that has ended
    stays as it is.
    """
    job = unit.file_jobs.get(job_id)
    if job is None or not job.state.open:
        return job
    told = job.sent_at is not None
    reason = "the charge point has the command, and cannot be told" if told else None
    return moves.ended(unit, job, FileJobState.CANCELLED, reason, at, Source.OPERATOR)


def expire(unit: UnitOfWork, at: datetime) -> Sequence[str]:
    """End what nothing was heard of for too long; identities of those to whom something is to be sent."""
    for job in unit.file_jobs.overdue(at, _AT_ONCE):
        moves.overdue(unit, job, at)
    return unit.file_jobs.waiting_stations(at, _AT_ONCE)


# What charge points answer; see `services.outcomes`.


def update_answered(
    unit: UnitOfWork,
    station: StationKey,
    request: UpdateFirmware,
    answer: UpdateFirmwareResponse,
    at: datetime,
) -> None:
    """UpdateFirmware has no way to be refused but a CALLERROR."""
    order = JobOrder(
        location=request.location,
        retries=present(request.retries),
        retry_interval_s=present(request.retry_interval),
        retrieve_at=request.retrieve_date,
    )
    job = _answered(unit, station, FileJobKind.FIRMWARE_UPDATE, order, request.location, None, at)
    if job is not None:
        moves.accepted(unit, job, at)
        moves.supersede(unit, job, at)


def signed_update_answered(
    unit: UnitOfWork,
    station: StationKey,
    request: SignedUpdateFirmware,
    answer: SignedUpdateFirmwareResponse,
    at: datetime,
) -> None:
    """SignedUpdateFirmware: the certificate was checked before the answer (SFW-02)."""
    firmware = request.firmware
    order = JobOrder(
        location=firmware.location,
        retries=present(request.retries),
        retry_interval_s=present(request.retry_interval),
        retrieve_at=firmware.retrieve_date_time,
        install_at=present(firmware.install_date_time),
        signing_certificate=firmware.signing_certificate,
        signature=firmware.signature,
    )
    kind = FileJobKind.SIGNED_FIRMWARE_UPDATE
    job = _answered(unit, station, kind, order, firmware.location, request.request_id, at)
    if job is None:
        return
    if answer.status in (UpdateFirmwareStatus.ACCEPTED, UpdateFirmwareStatus.ACCEPTED_CANCELED):
        moves.accepted(unit, job, at)
        if answer.status == UpdateFirmwareStatus.ACCEPTED_CANCELED:
            moves.supersede(unit, job, at)
    else:
        final = answer.status in (
            UpdateFirmwareStatus.INVALID_CERTIFICATE,
            UpdateFirmwareStatus.REVOKED_CERTIFICATE,
        )
        moves.failed(
            unit, job, f"the charge point answered {answer.status}", at, Source.CHARGE_POINT, final=final
        )


def diagnostics_answered(
    unit: UnitOfWork,
    station: StationKey,
    request: GetDiagnostics,
    answer: GetDiagnosticsResponse,
    at: datetime,
) -> None:
    """GetDiagnostics: no file name means that there is nothing to upload (DGN-02)."""
    order = JobOrder(
        location=request.location,
        retries=present(request.retries),
        retry_interval_s=present(request.retry_interval),
        since=present(request.start_time),
        until=present(request.stop_time),
    )
    job = _answered(unit, station, FileJobKind.DIAGNOSTICS, order, request.location, None, at)
    if job is None:
        return
    name = present(answer.file_name)
    if name:
        moves.accepted(unit, job, at, file_name=name)
    else:
        moves.accepted(unit, job, at, nothing=True)
    moves.supersede(unit, job, at)


def log_answered(
    unit: UnitOfWork, station: StationKey, request: GetLog, answer: GetLogResponse, at: datetime
) -> None:
    """GetLog: Accepted, perhaps in the place of another upload, or Rejected."""
    order = JobOrder(
        location=request.log.remote_location,
        retries=present(request.retries),
        retry_interval_s=present(request.retry_interval),
        log_type=str(request.log_type),
        since=present(request.log.oldest_timestamp),
        until=present(request.log.latest_timestamp),
    )
    location = request.log.remote_location
    job = _answered(unit, station, FileJobKind.LOG, order, location, request.request_id, at)
    if job is None:
        return
    if answer.status in (LogStatus.ACCEPTED, LogStatus.ACCEPTED_CANCELED):
        moves.accepted(unit, job, at, file_name=present(answer.filename))
        if answer.status == LogStatus.ACCEPTED_CANCELED:
            moves.supersede(unit, job, at)
    else:
        moves.failed(unit, job, f"the charge point answered {answer.status}", at, Source.CHARGE_POINT)


# What charge points tell.


def report(
    unit: UnitOfWork,
    station: StationKey,
    kinds: Sequence[FileJobKind],
    status: str,
    request: int | None,
    at: datetime,
) -> None:
    """A status came. `kinds` are those that it may be about, the likeliest first."""
    job = _meant(unit, station, kinds, request)
    if job is None:
        subject = FileJobChanged(
            job_id=None, kind=kinds[0], state=None, status=status, reason=None, attempt=None
        )
        unit.events.add(EventKind.JOB_CHANGED, station, subject, at)
        return
    if request is not None and request != job.request_id:
        moves.note(
            unit, job, at, Source.CHARGE_POINT, status, f"requestId {request} is not that of this attempt"
        )
        return
    meaning = news(job.kind, job.status, status)
    cancelled = job.state is FileJobState.CANCELLED
    if meaning is not News.IDLE and (cancelled or job.state is FileJobState.DONE):
        meaning = News.REPEATED if status == job.status else News.LATE
    match meaning:
        case News.PROGRESS:
            moves.under_way(unit, job, status, at)
        case News.SUCCESS:
            moves.succeeded(unit, job, status, at)
        case News.FAILURE:
            moves.failed(unit, job, f"the charge point says {status}", at, Source.CHARGE_POINT, status=status)
        case News.IDLE if job.state.open and not job.kind.is_firmware and unit.files.of_job(job.id):
            detail = "nothing goes on there any more, and its file is here"
            moves.ended(unit, job, FileJobState.DONE, None, at, Source.CHARGE_POINT, detail=detail)
        case _:
            remark = "the job was cancelled" if cancelled else _REMARKS.get(meaning)
            moves.note(unit, job, at, Source.CHARGE_POINT, status, remark)


def booted(unit: UnitOfWork, station: StationKey, before: str | None, now: str | None, at: datetime) -> None:
    """It runs another firmware than before: its update is done, whether it says Installed or not."""
    for job in unit.file_jobs.sent(station, PLAIN_FIRMWARE):
        if job.state is not FileJobState.DONE and shows_new_firmware(job, before, now):
            detail = f"it booted with firmware {now}"
            moves.ended(unit, job, FileJobState.DONE, detail, at, Source.CHARGE_POINT)
            return


def file_arrived(unit: UnitOfWork, user: str, content: Content, at: datetime) -> StoredFile | None:
    """The charge point that was given this access has brought a file. None: it was never given out."""
    job = unit.file_jobs.of_access(user)
    if job is None:
        return None
    stored = unit.files.add(FilePurpose.UPLOAD, content, at, station=job.station, job_id=job.id)
    detail = f"{content.size_bytes} bytes arrived as {content.name}"
    if job.state.open:
        if job.status == UPLOADED:
            moves.ended(unit, job, FileJobState.DONE, None, at, Source.FILE_SERVER, detail=detail)
        else:
            changes = {
                "state": FileJobState.UNDER_WAY,
                "deadline": deadline_of(job.order, FileJobState.UNDER_WAY, at),
            }
            moves.changed(unit, job, changes, at, Source.FILE_SERVER, detail)
    else:
        moves.note(unit, job, at, Source.FILE_SERVER, None, detail)
    return stored


def file_fetched(unit: UnitOfWork, user: str, protocol: str, at: datetime) -> None:
    """The charge point that was given this access has fetched the firmware, to its last byte."""
    job = unit.file_jobs.of_access(user)
    if job is not None:
        moves.note(unit, job, at, Source.FILE_SERVER, None, f"the file was fetched by {protocol}")


# ----

_REMARKS: Mapping[News, str] = {
    News.LATE: "said after what comes later",
    News.IDLE: "nothing goes on there just now",
    News.UNKNOWN: "not a word of the specification",
}


def _meant(
    unit: UnitOfWork, station: StationKey, kinds: Sequence[FileJobKind], request: int | None
) -> FileJob | None:
    """The job that a status is about: the one with that request, else the newest that goes on."""
    sent = unit.file_jobs.sent(station, kinds)
    if request is not None:
        for job in sent:
            if job.request_id == request or request // REQUESTS_A_JOB == job.id:
                return job
        return None
    for kind in kinds:
        for job in sent:
            if job.kind is kind and job.state.open:
                return job
    return next((job for job in sent if job.kind is kinds[0]), None)


def _answered(
    unit: UnitOfWork,
    station: StationKey,
    kind: FileJobKind,
    order: JobOrder,
    location: str,
    request: int | None,
    at: datetime,
) -> FileJob | None:
    """The job that a command belongs to; one that was sent without a job gets one."""
    digest = location_digest(location)
    for job in unit.file_jobs.sent(station, (kind,)):
        if job.location_digest == digest and request in (None, job.request_id):
            return job if job.state in (FileJobState.SENT, FileJobState.UNDER_WAY) else None
    known = unit.stations.get(station)
    job = unit.file_jobs.add(
        station,
        kind,
        order,
        FileJobState.SENT,
        file_id=None,
        firmware_before=known.firmware_version if kind.is_firmware else None,
        deadline=deadline_of(order, FileJobState.SENT, at),
        at=at,
    )
    changes = {"request_id": request, "location_digest": digest, "location": shown(location), "sent_at": at}
    return moves.changed(unit, job, changes, at, Source.OPERATOR, "sent as a command")


def shown(location: str) -> str:
    """An address without its password."""
    scheme, separator, rest = location.partition("://")
    credentials, at, host = rest.partition("/")[0].rpartition("@")
    if not separator or not at:
        return location
    user, colon, _ = credentials.partition(":")
    return f"{scheme}://{user}{':***' if colon else ''}@{host}{rest[len(credentials) + 1 + len(host) :]}"
