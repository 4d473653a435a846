"""Commands and tokens, read."""

from __future__ import annotations

from typing import Any

from msgspec import Raw
from sqlalchemy import exists, select

from voltline.base.ids import folded
from voltline.central.domain.access import Token
from voltline.central.domain.commands import Command, CommandFilter, CommandState
from voltline.central.services.ports.commands import EVERY_COMMAND
from voltline.central.storage.access import token_of
from voltline.central.storage.queries.base import Reads
from voltline.central.storage.schema import stations
from voltline.central.storage.schema.commands import commands, tokens

_selected = select(commands, stations.c.identity).join_from(commands, stations)


class CommandReads(Reads):
    """See `services.ports.commands.CommandQueries`."""

    def command(self, command_id: str) -> Command | None:
        with self._reading() as connection:
            row = connection.execute(_selected.where(commands.c.id == command_id)).first()
        return None if row is None else _command(row)

    def commands(
        self, *, before: str | None = None, limit: int = 100, only: CommandFilter = EVERY_COMMAND
    ) -> tuple[Command, ...]:
        table = commands.c
        wanted = _selected.order_by(table.id.desc()).limit(limit)
        if before is not None:
            wanted = wanted.where(table.id < before)
        if only.charge_point is not None:
            station = select(stations.c.id).where(stations.c.identity_key == folded(only.charge_point))
            wanted = wanted.where(table.station_id == station.scalar_subquery())
        for column, value in ((table.action, only.action), (table.state, only.state)):
            if value is not None:
                wanted = wanted.where(column == value)
        if only.asked_by is not None:
            wanted = wanted.where(table.asked_by == only.asked_by)
        if only.since is not None:
            wanted = wanted.where(table.asked_at >= only.since)
        if only.until is not None:
            wanted = wanted.where(table.asked_at < only.until)
        with self._reading() as connection:
            return tuple(_command(row) for row in connection.execute(wanted))


class TokenReads(Reads):
    """See `services.ports.access.TokenQueries`."""

    def token(self, token_id: str) -> Token | None:
        with self._reading() as connection:
            row = connection.execute(select(tokens).where(tokens.c.id == token_id)).first()
        return None if row is None else token_of(row)

    def tokens(self) -> tuple[Token, ...]:
        with self._reading() as connection:
            found = connection.execute(select(tokens).order_by(tokens.c.created_at, tokens.c.id))
            return tuple(token_of(row) for row in found)

    def any_token(self) -> bool:
        with self._reading() as connection:
            return bool(connection.execute(select(exists().where(tokens.c.id != ""))).scalar())


def _command(row: Any) -> Command:
    return Command(
        id=row.id,
        charge_point=row.identity,
        action=row.action,
        payload=Raw(row.payload.encode()),
        asked_by=row.asked_by,
        asked_at=row.asked_at,
        state=CommandState(row.state),
        ended_at=row.ended_at,
        duration_ms=row.duration_ms,
        answer=None if row.answer is None else Raw(row.answer.encode()),
        error_code=row.error_code,
        error_text=row.error_text,
    )
