"""The live connections, as the API and the bookkeeping see them."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any, TypeVar

from msgspec.structs import replace

from voltline.base.ids import folded
from voltline.central.command_log import CommandLog
from voltline.central.domain.stations import Registration, Station, StationKey
from voltline.central.handlers.desk import Visit
from voltline.central.services import commands
from voltline.central.services.adjusting import note
from voltline.central.services.outcomes import OUTCOMES
from voltline.central.services.ports import Writer, WriterClosed
from voltline.central.services.status import connectors_of
from voltline.messages import (
    AvailabilityStatus,
    ChangeAvailability,
    ChangeAvailabilityResponse,
    Mode,
    Request,
    Response,
)
from voltline.quirks import Note, adjusted, warnings
from voltline.transport.connection import Connection

Conf = TypeVar("Conf", bound=Response)

POLICY_VIOLATION = 1008
"""WebSocket close code: this connection is not wanted."""

log = logging.getLogger(__name__)


class ConnectionLine:
    """The live connection of one charge point."""

    __slots__ = ("_connection", "_log", "_now", "_strict", "_writer", "last_heard_at")

    def __init__(
        self,
        connection: Connection,
        last_heard_at: datetime,
        writer: Writer | None,
        now: Callable[[], datetime],
        strict: bool,
        log: CommandLog | None,
    ) -> None:
        self._connection = connection
        self._log = log
        self._strict = strict
        self._writer = writer
        self._now = now
        self.last_heard_at = last_heard_at

    @property
    def identity(self) -> str:
        visit: Visit = self._connection.context
        return visit.identity

    @property
    def key(self) -> StationKey:
        visit: Visit = self._connection.context
        return visit.key

    @property
    def boot_accepted(self) -> bool:
        visit: Visit = self._connection.context
        return visit.boot_accepted

    @property
    def remote(self) -> str:
        return self._connection.remote

    @property
    def registration(self) -> Registration:
        visit: Visit = self._connection.context
        return visit.registration

    def follow(self, station: Station) -> None:
        visit: Visit = self._connection.context
        if station.registration is Registration.REJECTED:
            visit.registration = Registration.REJECTED
            visit.boot_accepted = False
        visit.strict = station.strict
        strict = self._strict if station.strict is None else station.strict
        self._connection.mode = Mode.STRICT if strict else Mode.TOLERANT

    def hang_up(self, reason: str) -> None:
        self._connection.close(POLICY_VIOLATION, reason)

    async def call(
        self, request: Request[Conf], *, timeout_s: float | None = None, command_id: str | None = None
    ) -> Conf:
        request, notes = self._adjusted(request)
        note(self.identity, notes)
        answer = await self._recorded_call(request, timeout_s, command_id)
        if isinstance(request, ChangeAvailability) and self._rejects_connector_0(request, answer):
            answer = await self._by_connector(request, timeout_s)  # type: ignore[assignment]
        outcome = OUTCOMES.get(type(request))
        if outcome is not None and self._writer is not None:
            try:
                stored = self._writer.submit(outcome, self.key, request, answer, self._now())
            except WriterClosed:
                log.info("%s: the answer to %s came while closing", self.identity, type(request).__name__)
            else:
                await asyncio.shield(stored)  # what is in the writer's line is done, waited for or not
        return answer

    async def record(self, request: Request[Any]) -> str:
        assert self._log is not None
        assert self._writer is not None
        asked = self._log.asked(self._adjusted(request)[0])
        await asyncio.shield(self._writer.submit(commands.ask, self.key, asked))
        return asked.id

    def _adjusted(self, request: Request[Conf]) -> tuple[Request[Conf], tuple[Note, ...]]:
        visit: Visit = self._connection.context
        if not visit.quirks:
            return request, ()
        for_it, notes = adjusted(request, visit.quirks)
        return for_it, (*notes, *warnings(request, visit.quirks))

    def _rejects_connector_0(self, request: ChangeAvailability, answer: Any) -> bool:
        visit: Visit = self._connection.context
        return (
            request.connector_id == 0
            and answer.status == AvailabilityStatus.REJECTED
            and self._writer is not None
            and visit.quirks.having(lambda facts: facts.rejects_availability_of_connector_0) is not None
        )

    async def _by_connector(
        self, request: ChangeAvailability, timeout_s: float | None
    ) -> ChangeAvailabilityResponse:
        """The command for each connector, where the charge point rejects it for all together."""
        assert self._writer is not None
        visit: Visit = self._connection.context
        found = visit.quirks.having(lambda facts: facts.rejects_availability_of_connector_0)
        assert found is not None
        connectors = await asyncio.shield(self._writer.submit(connectors_of, self.key))
        told = []
        for connector_id in connectors:
            each = replace(request, connector_id=connector_id)
            told.append((await self._recorded_call(each, timeout_s, None)).status)
        answers = ", ".join(f"{one}: {status}" for one, status in zip(connectors, told, strict=True))
        text = f"connector 0 was rejected, so each connector was asked for by itself ({answers})"
        note(self.identity, [Note(found.quirk.id, text)])
        worst = (AvailabilityStatus.REJECTED, AvailabilityStatus.SCHEDULED)
        return ChangeAvailabilityResponse(
            status=next((one for one in worst if one in told), AvailabilityStatus.ACCEPTED)
        )

    async def _recorded_call(
        self, request: Request[Conf], timeout_s: float | None, command_id: str | None
    ) -> Conf:
        if self._log is None:
            return await self._connection.call(request, timeout_s=timeout_s)
        command = self._log.begin(self.key, request, command_id)
        try:
            answer = await self._connection.call(request, timeout_s=timeout_s)
        except BaseException as error:
            command.failed(error)
            raise
        command.answered(answer)
        return answer


class LiveLines:
    """The connections of the charge points that are connected to this process."""

    def __init__(
        self,
        stations: Mapping[str, Connection],
        *,
        now: Callable[[], datetime],
        clock: Callable[[], float],
        writer: Writer | None = None,
        mode: Mode = Mode.TOLERANT,
        log: CommandLog | None = None,
    ) -> None:
        """`stations` by folded identity; `clock` is the event loop's, on which connections are timed.

        `writer` stores what answers to commands mean, `log` is told of all commands; `mode` is that of
        charge points without one of their own.
        """
        self._stations = stations
        self._now = now
        self._clock = clock
        self._writer = writer
        self._strict = mode is Mode.STRICT
        self._log = log

    def line(self, identity: str) -> ConnectionLine | None:
        """May be called on any thread."""
        connection = self._stations.get(folded(identity))
        if connection is None:
            return None
        return ConnectionLine(
            connection, self.heard_at(connection), self._writer, self._now, self._strict, self._log
        )

    def __len__(self) -> int:
        return len(self._stations)

    def heard_at(self, connection: Connection) -> datetime:
        """When anything last came over this connection, in whole milliseconds."""
        return self._now() - timedelta(milliseconds=int(1000 * (self._clock() - connection.last_heard)))

    def heard_within(self, period_s: float) -> dict[StationKey, datetime]:
        """When charge points were last heard of; only those that were within the last `period_s`."""
        since = self._clock() - period_s
        return {
            connection.context.key: self.heard_at(connection)
            for connection in self._stations.values()
            if connection.last_heard >= since
        }
