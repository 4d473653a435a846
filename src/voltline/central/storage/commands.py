"""Commands in their table."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import delete, insert, select, update

from voltline.central.domain.commands import Asked, CommandState, Ended, first_command_id
from voltline.central.domain.stations import StationKey
from voltline.central.storage.schema.commands import commands
from voltline.central.storage.scope import Scope


class SqlCommands:
    """See `services.ports.commands.Commands`."""

    def __init__(self, scope: Scope) -> None:
        self._scope = scope

    def add(self, station: StationKey, asked: Asked) -> None:
        self._scope.connection.execute(
            insert(commands),
            {
                "id": asked.id,
                "station_id": station,
                "action": asked.action,
                "payload": asked.payload,
                "asked_by": asked.asked_by,
                "asked_at": asked.at,
                "state": CommandState.OPEN,
            },
        )

    def end(self, ended: Ended) -> None:
        self._scope.connection.execute(
            update(commands)
            .where(commands.c.id == ended.id, commands.c.state == CommandState.OPEN)
            .values(
                state=ended.state,
                ended_at=ended.at,
                duration_ms=ended.duration_ms,
                answer=ended.answer,
                error_code=ended.error_code,
                error_text=ended.error_text,
            )
        )

    def interrupt_open(self, at: datetime) -> int:
        return self._scope.connection.execute(
            update(commands)
            .where(commands.c.state == CommandState.OPEN)
            .values(state=CommandState.INTERRUPTED, ended_at=at)
        ).rowcount

    def discard(self, *, before: datetime, at_most: int) -> int:
        # By the id, which has the time in it and is in order.
        early = commands.c.id < first_command_id(before)
        old = select(commands.c.id).where(early).order_by(commands.c.id).limit(at_most)
        removed = delete(commands).where(commands.c.id.in_(old.scalar_subquery()))
        return self._scope.connection.execute(removed).rowcount
