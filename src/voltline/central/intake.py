"""How much is taken in: no more than the database can swallow, and nothing while it is gone.

A charge point that gets no answer tries again, and gives a message up after some attempts. So what is
received is held until it is stored; when much is held, no more is read; and when the database stays
out of reach, the connections are closed, upon which charge points keep what they could not deliver.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import TypeVar, TypeVarTuple

from voltline.base.promise import Promise
from voltline.central.services.ports import UnitOfWork, Writer

T = TypeVar("T")
Ts = TypeVarTuple("Ts")

log = logging.getLogger(__name__)


class Intake:
    """The writer as handlers see it. Stops the reading of frames while too many messages wait."""

    def __init__(
        self, writer: Writer, *, max_waiting: int, pause: Callable[[], None], resume: Callable[[], None]
    ) -> None:
        """`pause` and `resume` stop and continue the reading from all charge points."""
        self._writer = writer
        self._submit = writer.submit
        self._promise = writer.promise
        self._max_waiting = max_waiting
        self._pause = pause
        self._resume = resume
        self.paused = False

    def submit(self, work: Callable[[UnitOfWork, *Ts], T], *args: *Ts) -> asyncio.Future[T]:
        future = self._submit(work, *args)
        if not self.paused and self._writer.waiting >= self._max_waiting:
            self._stop_reading()
        return future

    def promise(self, work: Callable[[UnitOfWork, *Ts], T], *args: *Ts) -> Promise[T]:
        promise = self._promise(work, *args)
        if not self.paused and self._writer.waiting >= self._max_waiting:
            self._stop_reading()
        return promise

    def _stop_reading(self) -> None:
        self.paused = True
        log.warning(
            "%d messages wait for the database: reading no more until these are stored", self._writer.waiting
        )
        self._pause()
        # Works are done in order: the last means all.
        self._submit(_nothing).add_done_callback(self._caught_up)

    def _caught_up(self, _: asyncio.Future[None]) -> None:
        self.paused = False
        log.info("the messages that waited are stored: reading on")
        self._resume()

    @property
    def waiting(self) -> int:
        return self._writer.waiting

    @property
    def healthy(self) -> bool:
        return self._writer.healthy

    @property
    def last_error(self) -> str | None:
        return self._writer.last_error


def _nothing(_: UnitOfWork) -> None:
    return


class Outage:
    """Notices that the database has been out of reach for too long."""

    def __init__(self, writer: Writer, *, close_after_s: float, close_all: Callable[[], None]) -> None:
        """`close_all` closes every connection; it is called again while the outage lasts."""
        self._writer = writer
        self._close_after_s = close_after_s
        self._close_all = close_all
        self._since: float | None = None

    def look(self, now: float) -> None:
        """Call this every second or so; `now` in seconds on the monotonic clock."""
        if self._writer.healthy:
            if self._since is not None:
                log.warning("the database is back after %.0f s", now - self._since)
            self._since = None
        elif self._since is None:
            self._since = now
            log.error("the database is out of reach, nothing is answered: %s", self._writer.last_error)
        elif now - self._since >= self._close_after_s:
            self._close_all()
