"""The outbox of events, and what charge points do that OCPP does not allow."""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, Date, Index, Table, UniqueConstraint

from voltline.central.storage.columns import Instant, Words
from voltline.central.storage.schema.base import RowId, metadata, row_id, station_column

# AUTOINCREMENT: an id is never given twice, also after the newest events were removed. No foreign key:
# events outlive what they tell of.
events = Table(
    "events",
    metadata,
    row_id(),
    Column("kind", Words, nullable=False),
    Column("station_id", RowId),
    Column("at", Instant, nullable=False),
    Column("subject", Words, nullable=False),
    Index(None, "station_id", "id"),
    Index(None, "at"),
    sqlite_autoincrement=True,
)

deviations = Table(
    "deviations",
    metadata,
    row_id(),
    station_column(),
    Column("action", Words, nullable=False),
    Column("kind", Words, nullable=False),
    Column("path", Words, nullable=False),
    Column("times", BigInteger, nullable=False),
    Column("first_at", Instant, nullable=False),
    Column("last_at", Instant, nullable=False),
    Column("example", Words, nullable=False),
    Column("example_message_id", Words, nullable=False),
    Column("code", Words, nullable=False),
    Column("usable", Boolean, nullable=False),
    UniqueConstraint("station_id", "action", "kind", "path", name="uq_deviations_kind"),
)

# When a kind of deviation was last told as an event.
deviation_days = Table(
    "deviation_days",
    metadata,
    Column("station_id", RowId, primary_key=True, autoincrement=False),
    Column("kind", Words, primary_key=True),
    Column("day", Date, nullable=False),
)
