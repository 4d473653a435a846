"""Who may do what by the API: roles, and the tokens that stand for somebody."""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from datetime import datetime
from enum import StrEnum

from msgspec import Struct


class Role(StrEnum):
    """What somebody may do; each may do all that the ones before it may."""

    VIEWER = "viewer"
    """See everything, change nothing."""
    OPERATOR = "operator"
    """Work with charge points, transactions and id tags."""
    ADMIN = "admin"
    """Give access to others, and everything else."""

    def covers(self, needed: Role) -> bool:
        """Whether this role may do what the other one is needed for."""
        return _RANK[self] >= _RANK[needed]


_RANK = {role: rank for rank, role in enumerate(Role)}


class Principal(Struct, frozen=True, kw_only=True):
    """Somebody who uses the API, however he has shown who he is."""

    name: str
    role: Role


ANYBODY = Principal(name="local", role=Role.ADMIN)
"""Whoever uses the API while it asks nobody: only this machine can reach it then."""


class Token(Struct, frozen=True, kw_only=True):
    """A bearer token as it is kept: its secret is not, only what it can be recognised by.

    The secret has 256 bits from the system's generator, so nobody can guess at it, and a slow hash would only
    make each request slow: one SHA-256 with a salt of its own is enough. The id is in the token as well and
    finds the row, so that comparing takes the same time whatever was sent.
    """

    id: str
    """12 hexadecimal digits."""
    name: str
    role: Role
    salt: bytes
    digest: bytes
    created_at: datetime
    created_by: str
    expires_at: datetime | None = None
    revoked_at: datetime | None = None
    last_used_at: datetime | None = None
    """To the minute."""

    def usable(self, at: datetime) -> bool:
        """Neither revoked nor expired."""
        return self.revoked_at is None and (self.expires_at is None or at < self.expires_at)

    def opened_by(self, secret: str) -> bool:
        return hmac.compare_digest(self.digest, _digest(self.salt, secret))

    @property
    def principal(self) -> Principal:
        return Principal(name=self.name, role=self.role)


_WRITTEN = re.compile(r"vlt_(?P<id>[0-9a-f]{12})_(?P<secret>[A-Za-z0-9_-]{43})")
_NAME = re.compile(r"[^\W_](?:[\w .@+-]{0,62}[\w.@+-])?")


def new_token(
    name: str, role: Role, *, at: datetime, created_by: str, expires_at: datetime | None = None
) -> tuple[Token, str]:
    """A token, and the text that its owner has to show. The text cannot be had again."""
    token_id, secret, salt = secrets.token_hex(6), secrets.token_urlsafe(32), secrets.token_bytes(16)
    token = Token(
        id=token_id,
        name=name,
        role=role,
        salt=salt,
        digest=_digest(salt, secret),
        created_at=at,
        created_by=created_by,
        expires_at=expires_at,
    )
    return token, f"vlt_{token_id}_{secret}"


def parts(written: str) -> tuple[str, str] | None:
    """Id and secret of a token as its owner shows it; None: this is none."""
    match = _WRITTEN.fullmatch(written)
    return None if match is None else (match["id"], match["secret"])


def is_name(text: str) -> bool:
    """Whether a token may be called so: up to 64 letters, digits, blanks and . _ @ + -"""
    return _NAME.fullmatch(text) is not None


def _digest(salt: bytes, secret: str) -> bytes:
    return hashlib.sha256(b"voltline token" + salt + secret.encode()).digest()
