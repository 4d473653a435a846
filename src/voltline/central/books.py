"""The books: all that is kept of what charge points say, and who reads along."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import sqlite3
from collections.abc import AsyncIterator, Callable
from datetime import datetime

from msgspec import Struct

from voltline.central.api.event_tail import EventTail
from voltline.central.folder import DataFolder, UnusableFolder
from voltline.central.housekeeping import log_failure
from voltline.central.inspecting.live import LiveInspection
from voltline.central.services import stations
from voltline.central.settings import Settings
from voltline.central.storage.database import Database, sqlite_url
from voltline.central.storage.group_commit import GroupCommit
from voltline.central.storage.message_log.writing import MessageLog, Retention
from voltline.central.storage.queries import SqlQueries
from voltline.central.storage.unit_of_work import SqlStore
from voltline.central.watching import Watching
from voltline.transport.recorder import Recorder

log = logging.getLogger(__name__)

BATCH_INTERVAL_S = 0.009
"""Under load messages are stored so often: a commit costs as much for few as for many."""


class Books(Struct, frozen=True, kw_only=True):
    """What `open_books` gives."""

    folder: DataFolder
    queries: SqlQueries
    writer: GroupCommit
    tail: EventTail
    readers: list[Callable[[], object]]
    """Each is called on the writer's thread when there are new events."""
    message_log: MessageLog | None
    """None: it is switched off."""
    inspection: LiveInspection | None
    """None: it is switched off."""
    watching: Watching


@contextlib.asynccontextmanager
async def open_books(settings: Settings, now: Callable[[], datetime]) -> AsyncIterator[Books]:
    """All within the context; what is opened first is closed last. Raises UnusableFolder, StorageError."""
    async with contextlib.AsyncExitStack() as undo:
        folder = undo.enter_context(DataFolder(settings.data.path))
        database = Database(settings.data.database_url or sqlite_url(folder.database))
        undo.callback(database.close)
        database.upgrade()
        queries = SqlQueries(database)
        tail = EventTail(queries)
        undo.push_async_callback(tail.close)
        readers: list[Callable[[], object]] = [tail.wake]
        writer = GroupCommit(
            SqlStore(database, on_events=lambda: _wake(readers)), interval_s=BATCH_INTERVAL_S
        )
        writer.start()
        writer.submit(stations.left_open).add_done_callback(log_failure)
        undo.push_async_callback(_close, writer, settings.shutdown.grace_s)
        recorder = _recorder(settings, folder)
        if recorder is not None:
            undo.callback(recorder.close)
        message_log = _message_log(settings, folder)
        if message_log is not None:
            undo.push_async_callback(message_log.close)
            message_log.start()
        inspection = (
            LiveInspection(settings.inspection, writer, now=now) if settings.inspection.enabled else None
        )
        if inspection is not None:
            undo.push_async_callback(inspection.close)
        watching = Watching(
            message_log=message_log, recorder=recorder, inspection=inspection, writer=writer, now=now
        )
        undo.push_async_callback(watching.close)
        yield Books(
            folder=folder,
            queries=queries,
            writer=writer,
            tail=tail,
            readers=readers,
            message_log=message_log,
            inspection=inspection,
            watching=watching,
        )


def _wake(readers: list[Callable[[], object]]) -> None:
    for wake in readers:
        wake()


async def _close(writer: GroupCommit, grace_s: float) -> None:
    try:
        # A locked database keeps the writer's thread waiting beyond its own time limit.
        async with asyncio.timeout(grace_s + 1):
            left = await writer.close(timeout_s=grace_s)
    except TimeoutError:
        left = writer.waiting
    if left:
        log.error("%d messages could not be stored; none of them was answered", left)


def _recorder(settings: Settings, folder: DataFolder) -> Recorder | None:
    recording = settings.recording
    if not recording.enabled:
        return None
    try:
        return Recorder(folder.recording, max_bytes=recording.max_file_bytes, keep=recording.max_files - 1)
    except OSError as error:
        raise UnusableFolder(f"{folder.recording} cannot be written: {error.strerror}") from error


def _message_log(settings: Settings, folder: DataFolder) -> MessageLog | None:
    kept = settings.messages
    if not kept.enabled:
        return None
    try:
        return MessageLog(
            folder.messages,
            retention=Retention(days=kept.keep_days, most_bytes=kept.max_bytes),
            leave_out=kept.left_out,
        )
    except sqlite3.Error as error:
        raise UnusableFolder(f"the message log {folder.messages} cannot be used: {error}") from error
