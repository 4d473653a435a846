"""Commands: what use cases need from storage, and what may be asked of it."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

from voltline.central.domain.commands import Asked, Command, CommandFilter, Ended
from voltline.central.domain.stations import StationKey

EVERY_COMMAND = CommandFilter()


class Commands(Protocol):
    """The record of commands."""

    def add(self, station: StationKey, asked: Asked) -> None: ...

    def end(self, ended: Ended) -> None:
        """Write down the end of one that is open; of any other nothing changes."""
        ...

    def interrupt_open(self, at: datetime) -> int:
        """End every one that is open, as interrupted; how many there were."""
        ...

    def discard(self, *, before: datetime, at_most: int) -> int:
        """Remove commands that were asked for before then, oldest first; how many were removed."""
        ...


class CommandQueries(Protocol):
    """The reading side; see `Queries`."""

    def command(self, command_id: str) -> Command | None: ...

    def commands(
        self, *, before: str | None = None, limit: int = 100, only: CommandFilter = EVERY_COMMAND
    ) -> tuple[Command, ...]:
        """Newest first; `before` is the id at which the last page ended."""
        ...
