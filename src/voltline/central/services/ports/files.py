"""Files and the jobs about them: what use cases need from storage, and what may be asked of it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Protocol

from msgspec import Struct

from voltline.central.domain.file_jobs import FileJob, FileJobKind, FileJobState, JobOrder, PastJobState
from voltline.central.domain.file_jobs import Protocol as FileProtocol
from voltline.central.domain.files import Content, FilePurpose, StoredFile
from voltline.central.domain.stations import StationKey


class NoSpace(OSError):
    """The disk is full, or as good as."""


class TooLarge(OSError):
    """A file is larger than files may be."""


class FileJobs(Protocol):
    """Jobs about files, by number."""

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
    ) -> FileJob: ...

    def get(self, job_id: int) -> FileJob | None: ...

    def of_access(self, user: str) -> FileJob | None:
        """The job whose access for the file server has this name."""
        ...

    def change(self, job_id: int, values: Mapping[str, object]) -> None:
        """Set these fields."""
        ...

    def note(self, job_id: int, step: PastJobState) -> None:
        """Add a step to the history; one that repeats the last is counted on it. The id is ignored."""
        ...

    def sent(self, station: StationKey, kinds: Sequence[FileJobKind]) -> Sequence[FileJob]:
        """The newest few jobs of which a command was ever sent, newest first."""
        ...

    def waiting(self, station: StationKey, at: datetime) -> Sequence[FileJob]:
        """Those whose command may be sent now, oldest first."""
        ...

    def waiting_stations(self, at: datetime, limit: int) -> Sequence[str]:
        """Identities of charge points with commands that may be sent now."""
        ...

    def open_of(self, station: StationKey) -> Sequence[FileJob]:
        """Those that have not ended, oldest first."""
        ...

    def overdue(self, at: datetime, limit: int) -> Sequence[FileJob]:
        """Those of which nothing new was heard until their deadline."""
        ...

    def unanswered(self) -> Sequence[FileJob]:
        """Those whose command was sent and not answered."""
        ...


class Files(Protocol):
    """Files that are kept."""

    def add(
        self,
        purpose: FilePurpose,
        content: Content,
        at: datetime,
        *,
        station: StationKey | None = None,
        job_id: int | None = None,
    ) -> StoredFile:
        """Keep what is known of a file; one at the same path is replaced."""
        ...

    def get(self, file_id: int) -> StoredFile | None: ...

    def of_job(self, job_id: int) -> Sequence[StoredFile]: ...

    def is_needed(self, file_id: int) -> bool:
        """Whether a job that has not ended is about it."""
        ...

    def remove(self, file_id: int) -> None: ...


class FileQueries(Protocol):
    """The reading side; see `Queries`."""

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
    ) -> tuple[StoredFile, ...]: ...

    def file(self, file_id: int) -> StoredFile | None: ...

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
    ) -> tuple[FileJob, ...]: ...

    def file_job(self, job_id: int) -> FileJob | None: ...

    def file_job_counts(self) -> Mapping[tuple[str, str], int]:
        """How many there are, by kind and state."""
        ...

    def file_job_history(self, job_id: int) -> tuple[PastJobState, ...]:
        """In order of time."""
        ...

    def file_job_of_access(self, user: str) -> FileJob | None:
        """The job whose access for the file server has this name."""
        ...


class Offered(Struct, frozen=True, kw_only=True):
    """Where the file server can be reached."""

    protocol: FileProtocol
    port: int


class FileShelf(Protocol):
    """The files on the disk, and the servers that charge points reach them by."""

    @property
    def offered(self) -> Sequence[Offered]:
        """The preferred one first."""
        ...

    def path(self, file: StoredFile) -> Path: ...

    async def keep(self, name: str, chunks: AsyncIterator[bytes]) -> Content:
        """Write a file that an operator brings to the disk. Raises NoSpace, TooLarge."""
        ...

    async def discard(self, path: str) -> None:
        """Remove a file from the disk."""
        ...
