"""The outbox of events in a table."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from msgspec import Struct
from msgspec.json import Encoder
from sqlalchemy import delete, func, or_, select

from voltline.central.domain.events import EventKind
from voltline.central.domain.stations import StationKey
from voltline.central.storage.bulk import BulkInsert, Row
from voltline.central.storage.columns import instant_text, storable_text
from voltline.central.storage.schema.events import events
from voltline.central.storage.scope import Scope

_encode = Encoder().encode


class SqlEvents:
    """See `services.ports.events.Events`. Rows are collected and sent together (`flush`).

    There is one writer, so ids rise in the order of commits: who has read up to an id has missed none.
    """

    def __init__(self, scope: Scope, announce: Callable[[], None] | None = None) -> None:
        """`announce` is called on the writer's thread after each commit that had events in it."""
        self._scope = scope
        self._announce = announce
        self._insert = BulkInsert(events, ("kind", "station_id", "at", "subject"))
        self._rows: list[Row] = []
        self._sent = False

    def add(self, kind: EventKind, station: StationKey | None, subject: Struct, at: datetime) -> None:
        told = storable_text(_encode(subject).decode())
        self._rows.append((str(kind), station, instant_text(at), told))

    def discard(self, *, before: datetime, keep: int, at_most: int) -> int:
        self.flush()
        newest = select(func.max(events.c.id)).scalar_subquery()
        doomed = (
            select(events.c.id)
            .where(or_(events.c.at < before, events.c.id <= newest - keep), events.c.id < newest)
            .order_by(events.c.id)
            .limit(at_most)
        )
        return self._scope.connection.execute(delete(events).where(events.c.id.in_(doomed))).rowcount

    def flush(self) -> None:
        """Send the collected rows to the database."""
        if self._rows:
            self._insert.run(self._scope.connection, self._rows)
            self._rows = []
            self._sent = True

    def settle(self, *, committed: bool) -> None:
        """The transaction is over; events of one that was rolled back never happened."""
        self._rows = []
        sent, self._sent = self._sent, False
        if committed and sent and self._announce is not None:
            self._announce()
