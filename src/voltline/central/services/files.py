"""Files that operators bring and remove."""

from __future__ import annotations

from datetime import datetime

from voltline.central.domain.files import Content, FilePurpose, StoredFile
from voltline.central.services.ports import UnitOfWork


def add(unit: UnitOfWork, content: Content, at: datetime) -> StoredFile:
    """Note a firmware that is on the disk."""
    return unit.files.add(FilePurpose.FIRMWARE, content, at)


def remove(unit: UnitOfWork, file_id: int) -> tuple[bool, StoredFile | None]:
    """Whether a file is off the list, and which it was; not while a job needs it. None: there is none."""
    file = unit.files.get(file_id)
    if file is None:
        return False, None
    if unit.files.is_needed(file_id) or _is_brought(unit, file):
        return False, file
    unit.files.remove(file_id)
    return True, file


def _is_brought(unit: UnitOfWork, file: StoredFile) -> bool:
    """Whether the job that it is brought for has not ended."""
    if file.job_id is None:
        return False
    job = unit.file_jobs.get(file.job_id)
    return job is not None and job.state.open
