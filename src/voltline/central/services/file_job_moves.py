"""How a job about a file goes from state to state; each move is noted in its history and told as an event."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from voltline.central.domain.events import EventKind
from voltline.central.domain.file_jobs import (
    INSTALLED,
    UPLOADED,
    FileJob,
    FileJobChanged,
    FileJobState,
    PastJobState,
    Source,
    deadline_of,
    later,
)
from voltline.central.services.ports import UnitOfWork

_ARRIVAL_S = 30
"""How long after Uploaded the file may take to arrive here."""
_NOTHING_S = 120
"""How long a charge point that names no file may take to begin all the same."""


def accepted(
    unit: UnitOfWork, job: FileJob, at: datetime, *, file_name: str | None = None, nothing: bool = False
) -> None:
    changes: dict[str, object] = {"reason": None}
    if file_name:
        changes["file_name"] = file_name
    if job.state is FileJobState.SENT:  # what it tells may come before its answer
        changes["state"] = FileJobState.ACCEPTED
        if nothing:
            changes["reason"] = "the charge point has nothing to upload"
            changes["deadline"] = later(at, _NOTHING_S)
    reason = changes["reason"]
    changed(unit, job, changes, at, Source.CHARGE_POINT, None if reason is None else str(reason))


def supersede(unit: UnitOfWork, job: FileJob, at: datetime) -> None:
    """A newer command has taken the place of older ones of its kind."""
    for older in unit.file_jobs.open_of(job.station):
        if older.id < job.id and older.kind is job.kind and older.sent_at is not None:
            reason = f"job {job.id} has taken its place"
            ended(unit, older, FileJobState.CANCELLED, reason, at, Source.CENTRAL_SYSTEM)


def under_way(unit: UnitOfWork, job: FileJob, status: str, at: datetime) -> None:
    changes: dict[str, object] = {
        "state": FileJobState.UNDER_WAY,
        "status": status,
        "reason": None,
        "deadline": deadline_of(job.order, FileJobState.UNDER_WAY, at),
        "ended_at": None,
    }
    changed(unit, job, changes, at, Source.CHARGE_POINT)


def succeeded(unit: UnitOfWork, job: FileJob, status: str, at: datetime) -> None:
    is_ours = job.access_user is not None
    if status == INSTALLED or not is_ours or unit.files.of_job(job.id):
        ended(unit, job, FileJobState.DONE, None, at, Source.CHARGE_POINT, status=status)
        return
    changes: dict[str, object] = {
        "state": FileJobState.UNDER_WAY,
        "status": status,
        "deadline": later(at, _ARRIVAL_S),
        "ended_at": None,
    }
    changed(unit, job, changes, at, Source.CHARGE_POINT, "its file is not here yet")


def failed(
    unit: UnitOfWork,
    job: FileJob,
    reason: str,
    at: datetime,
    source: Source,
    *,
    status: str | None = None,
    final: bool = False,
    state: FileJobState = FileJobState.FAILED,
) -> None:
    """It failed; the command is sent again later where that was asked for."""
    if final or job.attempt >= job.order.attempts or not job.state.open:
        ended(unit, job, state, reason, at, source, status=status or job.status)
        return
    note(unit, job, at, source, status, reason)
    changes: dict[str, object] = {
        "state": FileJobState.WAITING,
        "status": status or job.status,
        "reason": reason,
        "attempt": job.attempt + 1,
        "not_before": later(at, job.order.attempt_interval_s),
        "deadline": later(at, job.order.attempt_interval_s + job.order.timeout_s),
    }
    changed(unit, job, changes, at, Source.CENTRAL_SYSTEM, "the command is sent again later")


def overdue(unit: UnitOfWork, job: FileJob, at: datetime) -> None:
    if job.state is FileJobState.WAITING:
        reason = job.reason or "the charge point did not come"
        ended(unit, job, FileJobState.TIMED_OUT, reason, at, Source.CENTRAL_SYSTEM)
    elif not job.kind.is_firmware and unit.files.of_job(job.id):
        reason = "its file is here, though it never said Uploaded"
        if job.status == UPLOADED:
            reason = "its file is here"
        ended(unit, job, FileJobState.DONE, reason, at, Source.CENTRAL_SYSTEM)
    elif job.status == UPLOADED:
        reason = "the charge point says Uploaded, but no file arrived"
        failed(unit, job, reason, at, Source.CENTRAL_SYSTEM)
    elif job.state is FileJobState.ACCEPTED and job.reason is not None:
        failed(unit, job, job.reason, at, Source.CENTRAL_SYSTEM, final=True)
    else:
        reason = job.reason or f"nothing was heard of it for {job.order.timeout_s} s"
        failed(unit, job, reason, at, Source.CENTRAL_SYSTEM, state=FileJobState.TIMED_OUT)


def ended(
    unit: UnitOfWork,
    job: FileJob,
    state: FileJobState,
    reason: str | None,
    at: datetime,
    source: Source,
    *,
    status: str | None = None,
    detail: str | None = None,
) -> FileJob:
    changes = {"state": state, "reason": reason, "ended_at": at, "status": status or job.status}
    return changed(unit, job, changes, at, source, detail or reason)


def changed(
    unit: UnitOfWork,
    job: FileJob,
    changes: Mapping[str, Any],
    at: datetime,
    source: Source,
    detail: str | None = None,
) -> FileJob:
    unit.file_jobs.change(job.id, {**changes, "changed_at": at})
    now = unit.file_jobs.get(job.id)
    assert now is not None
    return moved(unit, now, at, source, detail)


def moved(unit: UnitOfWork, job: FileJob, at: datetime, source: Source, detail: str | None = None) -> FileJob:
    status = job.status if source is Source.CHARGE_POINT else None
    note(unit, job, at, source, status, detail)
    subject = FileJobChanged(
        job_id=job.id,
        kind=job.kind,
        state=job.state,
        status=job.status,
        reason=job.reason,
        attempt=job.attempt,
    )
    unit.events.add(EventKind.JOB_CHANGED, job.station, subject, at)
    return job


def note(
    unit: UnitOfWork, job: FileJob, at: datetime, source: Source, status: str | None, detail: str | None
) -> None:
    step = PastJobState(
        id=0,
        at=at,
        last_at=at,
        times=1,
        attempt=job.attempt,
        source=source,
        state=job.state,
        status=status,
        detail=detail,
    )
    unit.file_jobs.note(job.id, step)
