"""What is known of files, in a table. Their content is on the disk (`central.files`)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import delete, insert, select, update

from voltline.central.domain.files import Content, FilePurpose, StoredFile
from voltline.central.domain.stations import StationKey
from voltline.central.storage.schema import stations
from voltline.central.storage.schema.files import file_jobs, files
from voltline.central.storage.scope import Scope

file_selected = select(files, stations.c.identity).join_from(
    files, stations, files.c.station_id == stations.c.id, isouter=True
)

_LARGEST = 2**63 - 1


def file_of(row: Any) -> StoredFile:
    values = dict(row._mapping)
    del values["station_id"]
    values["charge_point"] = values.pop("identity")
    values["purpose"] = FilePurpose(values["purpose"])
    return StoredFile(**values)


class SqlFiles:
    """See `services.ports.files.Files`."""

    def __init__(self, scope: Scope) -> None:
        self._scope = scope

    def add(
        self,
        purpose: FilePurpose,
        content: Content,
        at: datetime,
        *,
        station: StationKey | None = None,
        job_id: int | None = None,
    ) -> StoredFile:
        run = self._scope.connection.execute
        told = {
            "name": content.name,
            "size_bytes": content.size_bytes,
            "sha256": content.sha256,
            "changed_at": at,
        }
        changed = run(update(files).where(files.c.path == content.path).values(**told))
        if changed.rowcount == 0:
            run(
                insert(files).values(
                    purpose=purpose,
                    path=content.path,
                    station_id=station,
                    job_id=job_id,
                    created_at=at,
                    **told,
                )
            )
        return file_of(run(file_selected.where(files.c.path == content.path)).one())

    def get(self, file_id: int) -> StoredFile | None:
        if not 0 < file_id <= _LARGEST:
            return None
        row = self._scope.connection.execute(file_selected.where(files.c.id == file_id)).first()
        return None if row is None else file_of(row)

    def of_job(self, job_id: int) -> Sequence[StoredFile]:
        found = file_selected.where(files.c.job_id == job_id).order_by(files.c.id)
        return [file_of(row) for row in self._scope.connection.execute(found)]

    def is_needed(self, file_id: int) -> bool:
        table = file_jobs.c
        found = select(table.id).where(table.file_id == file_id, table.ended_at.is_(None)).limit(1)
        return self._scope.connection.execute(found).first() is not None

    def remove(self, file_id: int) -> None:
        self._scope.connection.execute(delete(files).where(files.c.id == file_id))
