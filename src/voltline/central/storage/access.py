"""Tokens in their table."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import insert, select, update

from voltline.central.domain.access import Role, Token
from voltline.central.storage.schema.commands import tokens
from voltline.central.storage.scope import Scope


def token_of(row: Any) -> Token:
    values = dict(row._mapping)
    values["role"] = Role(values["role"])
    return Token(**values)


class SqlTokens:
    """See `services.ports.access.Tokens`."""

    def __init__(self, scope: Scope) -> None:
        self._scope = scope

    def add(self, token: Token) -> None:
        self._scope.connection.execute(insert(tokens), msgspec.structs.asdict(token))

    def all(self) -> tuple[Token, ...]:
        found = select(tokens).order_by(tokens.c.created_at, tokens.c.id)
        return tuple(token_of(row) for row in self._scope.connection.execute(found))

    def revoke(self, token_id: str, at: datetime) -> None:
        revoked = update(tokens).where(tokens.c.id == token_id).values(revoked_at=at)
        self._scope.connection.execute(revoked)

    def used(self, token_id: str, at: datetime) -> None:
        self._scope.connection.execute(update(tokens).where(tokens.c.id == token_id).values(last_used_at=at))
