"""Tokens are made, used and revoked."""

from __future__ import annotations

from datetime import datetime

from voltline.central.domain.access import Role, Token, new_token
from voltline.central.services.ports import UnitOfWork


class NameTaken(Exception):  # reads well
    """There is a usable token of that name; it is the argument."""


def add_token(
    unit: UnitOfWork, name: str, role: Role, expires_at: datetime | None, created_by: str, at: datetime
) -> tuple[Token, str]:
    """A new token, and the text to be shown once. Raises NameTaken.

    Whoever is given it is known by its name, so no two that can be used have the same.
    """
    for token in unit.tokens.all():
        if token.usable(at) and token.name.casefold() == name.casefold():
            raise NameTaken(token.name)
    token, written = new_token(name, role, at=at, created_by=created_by, expires_at=expires_at)
    unit.tokens.add(token)
    return token, written


def revoke_token(unit: UnitOfWork, name_or_id: str, at: datetime) -> Token | None:
    """Let it open nothing from now on; None: there is none of this name or id that is not revoked.

    Of several of one name, all but one have expired; they are all revoked, and the newest is returned.
    """
    revoked = None
    for token in unit.tokens.all():
        if token.revoked_at is None and name_or_id.casefold() in (token.name.casefold(), token.id):
            unit.tokens.revoke(token.id, at)
            revoked = token
    return revoked


def token_used(unit: UnitOfWork, token_id: str, at: datetime) -> None:
    unit.tokens.used(token_id, at)
