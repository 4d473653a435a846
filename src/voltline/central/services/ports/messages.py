"""The message log: every frame both ways."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

from voltline.central.domain.messages import LogFigures, LoggedFrame, MessageFilter, MessagePage


class MessageQueries(Protocol):
    """The reading side of the log. Each method blocks: call it on a worker thread.

    They raise `StorageUnavailable` where the log cannot be read.
    """

    def search(
        self, wanted: MessageFilter, *, paired: bool = True, before: int | None = None, limit: int = 100
    ) -> MessagePage:
        """Exchanges newest first. `before` is the position at which the last page ended.

        A page may hold fewer than `limit`, even none, though there are more: looking through much of the
        log takes time, and a page ends after a second of it. `paired` False: every frame by itself.
        """
        ...

    def frames(self, wanted: MessageFilter) -> Iterator[list[LoggedFrame]]:
        """Every frame of the exchanges that are wanted, oldest first, some at a time."""
        ...


class MessageRecords(Protocol):
    """The log as it is being written."""

    async def flush(self) -> None:
        """Come back when what has been taken so far can be read; or soon, while nothing can be written."""
        ...

    def figures(self) -> LogFigures: ...
