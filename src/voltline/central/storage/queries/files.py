"""Files and the jobs about them, read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Select, func, select

from voltline.base.ids import folded
from voltline.central.domain.file_jobs import FileJob, FileJobKind, FileJobState, PastJobState
from voltline.central.domain.files import FilePurpose, StoredFile
from voltline.central.storage.columns import storable_text
from voltline.central.storage.file_jobs import job_of, job_selected, past_state_of
from voltline.central.storage.files import file_of, file_selected
from voltline.central.storage.queries.base import Reads
from voltline.central.storage.schema import stations
from voltline.central.storage.schema.files import file_job_history, file_jobs, files

_LARGEST = 2**63 - 1


class FileReads(Reads):
    """See `services.ports.files.FileQueries`."""

    def files(
        self,
        *,
        before: int | None = None,
        limit: int = 100,
        purpose: FilePurpose | None = None,
        identity: str | None = None,
        job_id: int | None = None,
        text: str | None = None,
        oldest_first: bool = False,
    ) -> tuple[StoredFile, ...]:
        wanted = _page(file_selected, files.c.id, before, limit, oldest_first)
        if purpose is not None:
            wanted = wanted.where(files.c.purpose == purpose)
        if identity is not None:
            wanted = wanted.where(stations.c.identity_key == folded(identity))
        if job_id is not None:
            wanted = wanted.where(files.c.job_id == job_id)
        if text:
            part = storable_text(text).lower()
            wanted = wanted.where(func.lower(files.c.name).contains(part, autoescape=True))
        with self._reading() as connection:
            return tuple(file_of(row) for row in connection.execute(wanted))

    def file(self, file_id: int) -> StoredFile | None:
        if not 0 < file_id <= _LARGEST:
            return None
        with self._reading() as connection:
            row = connection.execute(file_selected.where(files.c.id == file_id)).first()
        return None if row is None else file_of(row)

    def file_jobs(
        self,
        *,
        before: int | None = None,
        limit: int = 100,
        identity: str | None = None,
        kind: FileJobKind | None = None,
        state: FileJobState | None = None,
        active: bool | None = None,
        oldest_first: bool = False,
    ) -> tuple[FileJob, ...]:
        table = file_jobs.c
        wanted = _page(job_selected, table.id, before, limit, oldest_first)
        if identity is not None:
            wanted = wanted.where(stations.c.identity_key == folded(identity))
        if kind is not None:
            wanted = wanted.where(table.kind == kind)
        if state is not None:
            wanted = wanted.where(table.state == state)
        if active is not None:
            wanted = wanted.where(table.ended_at.is_(None) if active else table.ended_at.is_not(None))
        with self._reading() as connection:
            return tuple(job_of(row) for row in connection.execute(wanted))

    def file_job(self, job_id: int) -> FileJob | None:
        if not 0 < job_id <= _LARGEST:
            return None
        return self._job(job_selected.where(file_jobs.c.id == job_id))

    def file_job_history(self, job_id: int) -> tuple[PastJobState, ...]:
        table = file_job_history.c
        wanted = select(file_job_history).where(table.job_id == job_id).order_by(table.id)
        with self._reading() as connection:
            return tuple(past_state_of(row) for row in connection.execute(wanted))

    def file_job_counts(self) -> Mapping[tuple[str, str], int]:
        kind, state = file_jobs.c.kind, file_jobs.c.state
        counted = select(kind, state, func.count()).group_by(kind, state)
        with self._reading() as connection:
            return {(kind, state): count for kind, state, count in connection.execute(counted)}

    def file_job_of_access(self, user: str) -> FileJob | None:
        return self._job(job_selected.where(file_jobs.c.access_user == storable_text(user)))

    def _job(self, wanted: Select[Any]) -> FileJob | None:
        with self._reading() as connection:
            row = connection.execute(wanted).first()
        return None if row is None else job_of(row)


def _page(wanted: Select[Any], key: Any, before: int | None, limit: int, oldest_first: bool) -> Select[Any]:
    wanted = wanted.order_by(key if oldest_first else key.desc()).limit(limit)
    if before is None:
        return wanted
    return wanted.where(key > before if oldest_first else key < before)
