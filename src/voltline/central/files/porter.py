"""Who is let in to the file server, and what is told of it afterwards."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from concurrent.futures import Future
from datetime import datetime

from msgspec import Struct

from voltline.central.domain.file_jobs import FileJob, admits
from voltline.central.domain.files import Content, StoredFile
from voltline.central.services import file_jobs
from voltline.central.services.ports import StorageUnavailable, Writer, WriterClosed
from voltline.central.services.ports.files import FileQueries

log = logging.getLogger(__name__)

_PATIENCE_S = 10.0


class Pass(Struct, frozen=True, kw_only=True):
    """What somebody may do who has shown the access of a job."""

    user: str
    job: FileJob
    file: StoredFile | None
    """What he may fetch; None: he may bring a file."""


class Porter:
    """Answers the servers of all protocols. Access is good while its job is open, for its direction."""

    def __init__(
        self,
        queries: FileQueries,
        writer: Writer,
        now: Callable[[], datetime],
        loop: asyncio.AbstractEventLoop,
    ) -> None:
        """`loop` is the one that `writer` belongs to."""
        self._queries = queries
        self._writer = writer
        self._now = now
        self._loop = loop

    def admit(self, user: str, password: str) -> Pass | None:
        """Blocks. None: not let in. Raises StorageUnavailable."""
        if not (user.isascii() and user.isalnum() and len(user) <= 40):
            return None
        job = self._queries.file_job_of_access(user)
        if job is None or not admits(job, user, password, self._now()):
            return None
        if not job.kind.is_firmware:
            return Pass(user=user, job=job, file=None)
        file = None if job.file_id is None else self._queries.file(job.file_id)
        return None if file is None else Pass(user=user, job=job, file=file)

    def is_open(self, user: str) -> bool:
        """Whether the job of somebody who was let in has not ended. Blocks."""
        try:
            job = self._queries.file_job_of_access(user)
        except StorageUnavailable:
            return False
        return job is not None and job.state.open

    async def arrived(self, user: str, content: Content) -> bool:
        """A file was brought. True: that is durable; False: it cannot be noted now."""
        try:
            async with asyncio.timeout(_PATIENCE_S):
                noted = self._writer.submit(file_jobs.file_arrived, user, content, self._now())
                return await asyncio.shield(noted) is not None
        except (TimeoutError, WriterClosed):
            return False

    def arrived_on_thread(self, user: str, content: Content) -> bool:
        """The same for a thread that may block."""
        waiting: Future[bool] = asyncio.run_coroutine_threadsafe(self.arrived(user, content), self._loop)
        try:
            return waiting.result(_PATIENCE_S + 1)
        except TimeoutError:
            return False

    def fetched(self, user: str, protocol: str) -> None:
        """The firmware was fetched to its last byte. For the event loop's thread."""
        try:
            noted = self._writer.submit(file_jobs.file_fetched, user, protocol, self._now())
        except WriterClosed:
            return
        noted.add_done_callback(_log_failure)

    def fetched_on_thread(self, user: str, protocol: str) -> None:
        """The same for another thread."""
        self._loop.call_soon_threadsafe(self.fetched, user, protocol)


def _log_failure(ended: asyncio.Future[None]) -> None:
    if not ended.cancelled() and (error := ended.exception()) is not None:
        log.error("it could not be noted that a file was fetched", exc_info=error)
