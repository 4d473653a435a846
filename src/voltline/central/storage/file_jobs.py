"""Jobs about files, in tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import Select, func, insert, select, update

from voltline.central.domain.file_jobs import (
    FileJob,
    FileJobKind,
    FileJobState,
    JobOrder,
    PastJobState,
    Source,
)
from voltline.central.domain.stations import StationKey
from voltline.central.storage.columns import storable_text
from voltline.central.storage.schema import stations
from voltline.central.storage.schema.files import file_job_history, file_jobs
from voltline.central.storage.scope import Scope

job_selected = select(file_jobs, stations.c.identity).join_from(file_jobs, stations)

_LARGEST = 2**63 - 1
_FEW = 10


def job_of(row: Any) -> FileJob:
    values = dict(row._mapping)
    values["station"] = StationKey(values.pop("station_id"))
    values["kind"] = FileJobKind(values["kind"])
    values["state"] = FileJobState(values["state"])
    values["order"] = msgspec.json.decode(values.pop("ordered"), type=JobOrder)
    return FileJob(**values)


def past_state_of(row: Any) -> PastJobState:
    values = dict(row._mapping)
    del values["job_id"]
    values["source"] = Source(values["source"])
    values["state"] = FileJobState(values["state"])
    return PastJobState(**values)


class SqlFileJobs:
    """See `services.ports.files.FileJobs`."""

    def __init__(self, scope: Scope) -> None:
        self._scope = scope

    def add(
        self,
        station: StationKey,
        kind: FileJobKind,
        order: JobOrder,
        state: FileJobState,
        *,
        file_id: int | None,
        firmware_before: str | None,
        deadline: datetime,
        at: datetime,
    ) -> FileJob:
        result = self._scope.connection.execute(
            insert(file_jobs).values(
                station_id=station,
                kind=kind,
                state=state,
                ordered=storable_text(msgspec.json.encode(order).decode()),
                attempt=1,
                file_id=file_id,
                firmware_before=firmware_before,
                not_before=at,
                deadline=deadline,
                created_at=at,
                changed_at=at,
            )
        )
        assert result.inserted_primary_key is not None
        job = self.get(result.inserted_primary_key[0])
        assert job is not None
        return job

    def get(self, job_id: int) -> FileJob | None:
        if not 0 < job_id <= _LARGEST:
            return None
        return self._one(job_selected.where(file_jobs.c.id == job_id))

    def of_access(self, user: str) -> FileJob | None:
        return self._one(job_selected.where(file_jobs.c.access_user == user))

    def change(self, job_id: int, values: Mapping[str, object]) -> None:
        self._scope.connection.execute(update(file_jobs).where(file_jobs.c.id == job_id).values(**values))

    def note(self, job_id: int, step: PastJobState) -> None:
        run = self._scope.connection.execute
        table = file_job_history.c
        last = run(select(file_job_history).where(table.job_id == job_id).order_by(table.id.desc()).limit(1))
        row = last.first()
        said = (step.attempt, step.source, step.state, step.status, step.detail)
        if row is not None and said == (row.attempt, row.source, row.state, row.status, row.detail):
            run(
                update(file_job_history)
                .where(table.id == row.id)
                .values(last_at=step.at, times=file_job_history.c.times + 1)
            )
            return
        values = msgspec.structs.asdict(step)
        del values["id"]
        run(insert(file_job_history).values(job_id=job_id, **values))

    def sent(self, station: StationKey, kinds: Sequence[FileJobKind]) -> Sequence[FileJob]:
        table = file_jobs.c
        wanted = job_selected.where(
            table.station_id == station, table.kind.in_(kinds), table.sent_at.is_not(None)
        )
        return self._all(wanted.order_by(table.id.desc()).limit(_FEW))

    def waiting(self, station: StationKey, at: datetime) -> Sequence[FileJob]:
        table = file_jobs.c
        wanted = job_selected.where(
            table.station_id == station,
            table.ended_at.is_(None),
            table.state == FileJobState.WAITING,
            table.not_before <= at,
        )
        return self._all(wanted.order_by(table.id))

    def waiting_stations(self, at: datetime, limit: int) -> Sequence[str]:
        table = file_jobs.c
        wanted = (
            select(func.max(stations.c.identity))
            .join_from(file_jobs, stations)
            .where(table.ended_at.is_(None), table.state == FileJobState.WAITING, table.not_before <= at)
            .group_by(table.station_id)
            .order_by(func.min(table.id))
            .limit(limit)
        )
        return list(self._scope.connection.execute(wanted).scalars())

    def open_of(self, station: StationKey) -> Sequence[FileJob]:
        table = file_jobs.c
        wanted = job_selected.where(table.station_id == station, table.ended_at.is_(None))
        return self._all(wanted.order_by(table.id))

    def overdue(self, at: datetime, limit: int) -> Sequence[FileJob]:
        table = file_jobs.c
        wanted = job_selected.where(table.ended_at.is_(None), table.deadline <= at)
        return self._all(wanted.order_by(table.deadline).limit(limit))

    def unanswered(self) -> Sequence[FileJob]:
        table = file_jobs.c
        wanted = job_selected.where(
            table.ended_at.is_(None), table.state == FileJobState.SENT, table.status.is_(None)
        )
        return self._all(wanted.order_by(table.id))

    def _one(self, wanted: Select[Any]) -> FileJob | None:
        row = self._scope.connection.execute(wanted).first()
        return None if row is None else job_of(row)

    def _all(self, wanted: Select[Any]) -> Sequence[FileJob]:
        return [job_of(row) for row in self._scope.connection.execute(wanted)]
