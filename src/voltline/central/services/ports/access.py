"""Access: what use cases need from storage, and what may be asked of it."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

from voltline.central.domain.access import Token


class Tokens(Protocol):
    """Bearer tokens. None is ever removed, so that what was done with it can be traced."""

    def add(self, token: Token) -> None: ...

    def all(self) -> tuple[Token, ...]:
        """By time of making."""
        ...

    def revoke(self, token_id: str, at: datetime) -> None: ...

    def used(self, token_id: str, at: datetime) -> None: ...


class TokenQueries(Protocol):
    """The reading side; see `Queries`."""

    def token(self, token_id: str) -> Token | None: ...

    def tokens(self) -> tuple[Token, ...]:
        """By time of making."""
        ...

    def any_token(self) -> bool:
        """Whether there ever was one."""
        ...
