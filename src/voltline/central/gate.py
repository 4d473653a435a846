"""Who uses the API: asked for every request, answered from memory where that is fresh enough."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from datetime import datetime, timedelta

import msgspec

from voltline.central.domain.access import Principal, Token, parts
from voltline.central.services import access
from voltline.central.services.ports import Writer, WriterClosed
from voltline.central.services.ports.access import TokenQueries

log = logging.getLogger(__name__)

FRESH_S = 5.0
"""A token that is revoked, by this process or another, opens nothing after so long."""
_USE_NOTED_EVERY = timedelta(minutes=1)
_MOST_KEPT = 1_000


class Gate:
    """Knows tokens. While there never was one, and only this machine can ask, everybody may come in.

    A token that was revoked or has expired counts as one: that the last one expires must not open the API.
    """

    def __init__(
        self,
        queries: TokenQueries,
        writer: Writer,
        *,
        loopback: bool,
        now: Callable[[], datetime],
        clock: Callable[[], float],
    ) -> None:
        """`loopback`: only this machine can reach the API. `clock` in seconds, monotonic."""
        self._queries = queries
        self._writer = writer
        self._loopback = loopback
        self._now = now
        self._clock = clock
        self._tokens: dict[str, tuple[float, Token]] = {}
        self._asks: bool | None = None
        self._looked_at = 0.0

    async def asks(self) -> bool:
        """Whether somebody has to show a token. Raises StorageUnavailable."""
        if not self._loopback or self._asks:
            return True
        if self._asks is None or self._clock() - self._looked_at > FRESH_S:
            self._asks = await asyncio.to_thread(self._queries.any_token)
            self._looked_at = self._clock()
        return self._asks

    async def principal(self, written: str) -> Principal | None:
        """Who shows this token; None: it opens nothing. Raises StorageUnavailable."""
        split = parts(written)
        if split is None:
            return None
        token_id, secret = split
        token = await self._token(token_id)
        at = self._now()
        if token is None or not token.opened_by(secret) or not token.usable(at):
            return None
        self._note_use(token, at)
        return token.principal

    def forget(self) -> None:
        """Something about tokens has changed: ask the database again."""
        self._tokens.clear()
        self._asks = None

    async def _token(self, token_id: str) -> Token | None:
        kept = self._tokens.get(token_id)
        if kept is not None and self._clock() - kept[0] <= FRESH_S:
            return kept[1]
        asked_at = self._clock()
        token = await asyncio.to_thread(self._queries.token, token_id)
        if token is None:
            self._tokens.pop(token_id, None)
            return None
        if len(self._tokens) >= _MOST_KEPT:
            self._tokens.clear()
        self._tokens[token_id] = (asked_at, token)
        return token

    def _note_use(self, token: Token, at: datetime) -> None:
        noted = token.last_used_at
        if noted is not None and at - noted < _USE_NOTED_EVERY:
            return
        kept = self._tokens.get(token.id)
        if kept is not None:
            self._tokens[token.id] = (kept[0], msgspec.structs.replace(token, last_used_at=at))
        try:
            self._writer.submit(access.token_used, token.id, at).add_done_callback(_log_failure)
        except WriterClosed:
            log.debug("a token was used while closing")


def _log_failure(stored: asyncio.Future[None]) -> None:
    if not stored.cancelled() and (error := stored.exception()) is not None:
        log.error("the use of a token could not be noted", exc_info=error)
