"""Events: written with what caused them, read by whoever wants to know."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from msgspec import Struct

from voltline.central.domain.events import Event, EventKind
from voltline.central.domain.stations import StationKey


class Events(Protocol):
    """The outbox: an event is told to the world once the transaction that it was added in is durable."""

    def add(self, kind: EventKind, station: StationKey | None, subject: Struct, at: datetime) -> None:
        """Something happened at `at`. `subject` says what, and is told as the JSON object that it makes."""
        ...

    def discard(self, *, before: datetime, keep: int, at_most: int) -> int:
        """Remove events that are older than `before` or not among the newest `keep`, oldest first.

        Not more than `at_most` of them, and never the newest of all; how many were removed.
        """
        ...


class EventQueries(Protocol):
    """The reading side; see `Queries`."""

    def newest_event(self) -> int:
        """The id of the newest event; 0: there never was one."""
        ...

    def oldest_event(self) -> int:
        """The id of the oldest event that is kept; 0: there never was one."""
        ...

    def events(
        self,
        *,
        after: int = 0,
        up_to: int | None = None,
        kinds: Sequence[str] = (),
        identity: str | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        newest_first: bool = False,
        limit: int = 500,
    ) -> tuple[Event, ...]:
        """Events with ids above `after` and not above `up_to`, by id; no kinds: of all kinds."""
        ...
