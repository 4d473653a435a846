"""What a running central system does from time to time, whatever charge points say."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, TypeVarTuple

from voltline.central.intake import Outage
from voltline.central.lines import LiveLines
from voltline.central.procedures.configuration import ConfigurationKeeper
from voltline.central.procedures.file_jobs import FileJobKeeper
from voltline.central.procedures.runner import Runner
from voltline.central.services import commands, events, reservations, stations
from voltline.central.services.ports import UnitOfWork
from voltline.central.settings import EventsSettings
from voltline.central.storage.group_commit import GroupCommit
from voltline.central.watching import Watching

Ts = TypeVarTuple("Ts")

log = logging.getLogger(__name__)

HEARD_PERIOD_S = 60
"""How often it is written down when charge points were last heard of."""
EXPIRY_PERIOD_S = 5
"""How often it is looked for reservations whose time is over, and for file jobs that are due."""


class Housekeeping:
    """Runs as a task from when it is made until `close`."""

    def __init__(
        self,
        *,
        writer: GroupCommit,
        outage: Outage,
        watching: Watching,
        lines: LiveLines,
        runner: Runner,
        configuration: ConfigurationKeeper,
        file_jobs: FileJobKeeper,
        kept: EventsSettings,
        keep_commands_days: int,
        now: Callable[[], datetime],
    ) -> None:
        self._writer = writer
        self._outage = outage
        self._watching = watching
        self._lines = lines
        self._runner = runner
        self._configuration = configuration
        self._file_jobs = file_jobs
        self._kept = kept
        self._keep_commands_days = keep_commands_days
        self._now = now
        self._closed = False
        self._looking: asyncio.Task[None] | None = None
        self._looking_for_jobs: asyncio.Task[None] | None = None
        self._task = asyncio.create_task(self._run(), name="housekeeping")
        self._task.add_done_callback(log_failure)

    async def close(self) -> None:
        self._closed = True
        tasks = [one for one in (self._task, self._looking, self._looking_for_jobs) if one is not None]
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)

    async def _run(self) -> None:
        loop = asyncio.get_running_loop()
        next_update = loop.time() + self._kept.transaction_update_s
        next_heard = loop.time() + HEARD_PERIOD_S
        next_expiry = loop.time()
        while True:
            await asyncio.sleep(1)
            self._outage.look(loop.time())
            if (counted := self._watching.tick(loop.time())) is not None:
                counted.add_done_callback(log_failure)
            if not self._writer.healthy:
                continue
            if loop.time() >= next_expiry:
                next_expiry = loop.time() + EXPIRY_PERIOD_S
                self._writer.submit(reservations.expire, self._now()).add_done_callback(log_failure)
                self._look_for_due_jobs()
            if loop.time() >= next_update:
                next_update = loop.time() + self._kept.transaction_update_s
                self._repeat(events.transactions_updated, self._now())
            if loop.time() >= next_heard:
                next_heard = loop.time() + HEARD_PERIOD_S
                heard = self._lines.heard_within(HEARD_PERIOD_S * 1.5)
                self._writer.submit(stations.heard, heard).add_done_callback(log_failure)
                self._look_for_idle()
                before = self._now() - timedelta(days=self._kept.keep_days)
                self._repeat(events.discard, before, self._kept.keep_events)
                before = self._now() - timedelta(days=self._keep_commands_days)
                self._repeat(commands.discard, before, events.STEP)

    def _repeat(self, work: Callable[[UnitOfWork, *Ts], int], *args: *Ts) -> None:
        """Have work done that deals with `events.STEP` rows at most, until it finds fewer."""
        step = self._writer.submit(work, *args)

        def again(ended: asyncio.Future[int]) -> None:
            log_failure(ended)
            if self._closed or ended.cancelled() or ended.exception() is not None:
                return
            if ended.result() >= events.STEP:
                self._repeat(work, *args)

        step.add_done_callback(again)

    def _look_for_due_jobs(self) -> None:
        if self._looking_for_jobs is None or self._looking_for_jobs.done():
            self._looking_for_jobs = asyncio.create_task(self._file_jobs.look_for_due(self._lines))
            self._looking_for_jobs.add_done_callback(log_failure)

    def _look_for_idle(self) -> None:
        if self._looking is None or self._looking.done():
            self._looking = asyncio.create_task(self._configuration.look_for_idle(self._runner))
            self._looking.add_done_callback(log_failure)


def log_failure(ended: asyncio.Future[Any]) -> None:
    """For work that nobody waits for."""
    if not ended.cancelled() and (error := ended.exception()) is not None:
        log.error("the bookkeeping of connections failed", exc_info=error)
