"""Every command to a charge point is kept: who asked for it, when, what it said, what came of it.

Both entries are put into the writer's line without waiting for it: a command is not slower for being
recorded. One that is asked for as a job is durable before its asker is told so.
"""

from __future__ import annotations

import logging
from bisect import bisect_left
from collections import Counter
from collections.abc import Callable
from datetime import datetime
from typing import Any

from voltline.central.domain.commands import Asked, CommandState, Ended, new_command_id
from voltline.central.domain.redaction import redacted_text
from voltline.central.domain.stations import StationKey
from voltline.central.services import commands
from voltline.central.services.acting import who
from voltline.central.services.ports import Writer, WriterClosed
from voltline.messages import Request, Response, action_of, encode
from voltline.wire.errors import CallError, CallTimeout, NotConnected, RemoteProtocolError

log = logging.getLogger(__name__)

BOUNDS_S = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)
"""Upper bounds of the classes that durations are counted in; the last class has none."""


class CommandStatistics:
    """Counts since the start of the process. For the event loop's thread; may be read on any."""

    def __init__(self) -> None:
        self.ended: Counter[tuple[str, str]] = Counter()
        """By action and state."""
        self.durations = [0] * (len(BOUNDS_S) + 1)
        self.duration_s = 0.0
        self.open = 0

    def end(self, action: str, state: CommandState, duration_s: float) -> None:
        self.open -= 1
        self.ended[action, state] += 1
        self.durations[bisect_left(BOUNDS_S, duration_s)] += 1
        self.duration_s += duration_s


class CommandLog:
    """Where the lines to charge points report what is sent over them."""

    def __init__(self, writer: Writer, *, now: Callable[[], datetime], clock: Callable[[], float]) -> None:
        """`clock` in seconds, monotonic."""
        self._writer = writer
        self._now = now
        self._clock = clock
        self.statistics = CommandStatistics()

    def asked(self, request: Request[Any], command_id: str | None = None) -> Asked:
        """The first entry on a command, to be stored."""
        at = self._now()
        return Asked(
            id=command_id or new_command_id(at),
            action=action_of(request).name,
            payload=redacted_text(encode(request).decode()),
            asked_by=who(),
            at=at,
        )

    def begin(self, station: StationKey, request: Request[Any], command_id: str | None) -> OpenCommand:
        """A command is about to be sent. `command_id`: it is in the database already, under this id."""
        name = action_of(request).name
        if command_id is None:
            asked = self.asked(request)
            command_id = asked.id
            self._submit(commands.ask, station, asked)
        self.statistics.open += 1
        return OpenCommand(self, command_id, name, self._clock())

    def end(self, command: OpenCommand, state: CommandState, **found: str | None) -> None:
        duration_s = self._clock() - command.began
        self.statistics.end(command.action, state, duration_s)
        ended = Ended(
            id=command.id,
            state=state,
            at=self._now(),
            duration_ms=round(duration_s * 1000, 3),
            **found,
        )
        self._submit(commands.end, ended)

    def _submit(self, work: Callable[..., None], *args: Any) -> None:
        try:
            self._writer.submit(work, *args).add_done_callback(_log_failure)
        except WriterClosed:
            log.info("a command that ended while closing is not recorded")


class OpenCommand:
    """A command that is on its way; exactly one of `answered` and `failed` ends it."""

    __slots__ = ("_log", "action", "began", "id")

    def __init__(self, log: CommandLog, command_id: str, action: str, began: float) -> None:
        self._log = log
        self.id = command_id
        self.action = action
        self.began = began

    def answered(self, answer: Response) -> None:
        self._log.end(self, CommandState.ANSWERED, answer=redacted_text(encode(answer).decode()))

    def failed(self, error: BaseException) -> None:
        match error:
            case CallError():
                self._log.end(self, CommandState.REFUSED, error_code=error.code, error_text=error.description)
            case RemoteProtocolError():
                self._log.end(self, CommandState.UNUSABLE, error_code=error.code, error_text=error.text)
            case CallTimeout():
                self._log.end(self, CommandState.TIMED_OUT)
            case NotConnected():
                self._log.end(self, CommandState.LOST, error_text=str(error))
            case Exception():
                self._log.end(self, CommandState.NOT_SENT, error_text=str(error))
            case _:  # whoever waited for the answer was cancelled
                self._log.end(self, CommandState.INTERRUPTED)


def _log_failure(stored: Any) -> None:
    if not stored.cancelled() and (error := stored.exception()) is not None:
        log.error("a command could not be recorded", exc_info=error)
