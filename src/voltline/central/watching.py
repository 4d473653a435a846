"""What is noted of all that goes over the wire: the message log, deviations, recordings, findings."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from datetime import datetime
from typing import Any

from voltline.central.counts import MessageCounts
from voltline.central.domain.deviations import Tally
from voltline.central.domain.redaction import redacted_text
from voltline.central.domain.stations import StationKey
from voltline.central.handlers.desk import Visit
from voltline.central.inspecting.live import LiveInspection
from voltline.central.services import deviations
from voltline.central.services.ports import Writer
from voltline.central.storage.message_log.writing import MessageLog
from voltline.messages import Deviation
from voltline.transport.connection import Connection, Watch
from voltline.transport.recorder import Recorder

log = logging.getLogger(__name__)

TALLY_PERIOD_S = 5


def _unwatched(station: StationKey, direction: str, text: str) -> None:
    return


class Watching:
    """Told of every frame in the event loop; whatever takes time is done elsewhere, or later."""

    def __init__(
        self,
        *,
        message_log: MessageLog | None,
        recorder: Recorder | None,
        inspection: LiveInspection | None = None,
        writer: Writer,
        now: Callable[[], datetime],
    ) -> None:
        self._log = message_log
        self._recorder = recorder
        self._inspection = inspection
        self._writer = writer
        self._now = now
        self._tally = Tally()
        self._next_tally = 0.0
        self.messages = MessageCounts()
        self.deviations = 0
        """How many were found since the start."""

    @property
    def watch(self) -> Watch:
        """For the transport."""
        return Watch(frame=self._frame_watch(), deviations=self._deviated, refused=self.messages.refuse)

    def connected(self, connection: Connection) -> None:
        """Before the first frame of a connection."""
        visit: Visit = connection.context
        if self._log is not None:
            self._log.met(visit.key, visit.identity)
        if self._inspection is not None:
            self._inspection.connected(visit.key, visit.identity, connection.remote)

    def disconnected(self, connection: Connection) -> None:
        """After the last frame of a connection that no other has replaced."""
        if self._inspection is not None:
            self._inspection.disconnected(connection.context.key, connection.closed_reason or "")

    def tick(self, now: float) -> asyncio.Future[None] | None:
        """Call it every second or so; `now` in seconds on the monotonic clock. What is being written down."""
        if self._recorder is not None:
            self._recorder.flush()
        if now < self._next_tally or not self._writer.healthy:
            return None
        self._next_tally = now + TALLY_PERIOD_S
        return self._write_down()

    async def close(self) -> None:
        """Write down what was counted last."""
        if self._writer.healthy and (written := self._write_down()) is not None:
            await written

    def _write_down(self) -> asyncio.Future[None] | None:
        counted = self._tally.take()
        return self._writer.submit(deviations.note, counted) if counted else None

    def _frame_watch(self) -> Callable[[Connection, str, str], None] | None:
        takers = [one.frame for one in (self._log, self._inspection) if one is not None]
        take = takers[0] if takers else _unwatched
        take_too = takers[1] if len(takers) > 1 else None
        record = None if self._recorder is None else self._recorder.record

        def told(connection: Connection, direction: str, text: str) -> None:
            key = connection.context.key
            take(key, direction, text)
            if take_too is not None:
                take_too(key, direction, text)

        def recorded(connection: Connection, direction: str, text: str) -> None:
            told(connection, direction, text)
            record(connection.context.identity, direction, redacted_text(text))  # type: ignore[misc]

        if record is not None:
            return recorded
        return told if takers else None

    def _deviated(
        self, connection: Connection, action: str, message_id: str, found: tuple[Deviation, ...]
    ) -> None:
        self.deviations += len(found)
        visit: Any = connection.context
        self._tally.add(visit.key, action, message_id, found, self._now())
        if self._log is not None and message_id:
            self._log.deviations(visit.key, message_id, found)
        if log.isEnabledFor(logging.DEBUG):
            for one in found:
                log.debug("%s %s %s: %s: %s", connection.identity, action, message_id, one.path, one.text)
