"""What the inspector found: one row for each charge point, connector and sort of fault."""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, Index, Integer, LargeBinary, Table, UniqueConstraint

from voltline.central.storage.columns import Instant, Words
from voltline.central.storage.schema.base import metadata, row_id, station_column

# `basis` and `frames` are MessagePack: they are only ever read and written as a whole.
findings = Table(
    "findings",
    metadata,
    row_id(),
    station_column(),
    Column("fingerprint", Words, nullable=False),
    Column("connector_id", BigInteger),
    Column("detector", Words, nullable=False),
    Column("title", Words, nullable=False),
    Column("severity", Words, nullable=False),
    Column("state", Words, nullable=False),
    Column("text", Words, nullable=False),
    Column("next_step", Words, nullable=False),
    Column("who", Words, nullable=False),
    Column("basis", LargeBinary, nullable=False),
    Column("frames", LargeBinary, nullable=False),
    Column("times", BigInteger, nullable=False),
    Column("times_opened", Integer, nullable=False),
    Column("first_at", Instant, nullable=False),
    Column("opened_at", Instant, nullable=False),
    Column("last_at", Instant, nullable=False),
    Column("closes_at", Instant, nullable=False),
    Column("closed_at", Instant),
    Column("closed_by", Words),
    Column("note", Words),
    Column("muted", Boolean, nullable=False),
    Column("muted_until", Instant),
    UniqueConstraint("station_id", "fingerprint", name="uq_findings_fault"),
    Index(None, "state", "closes_at"),
    Index(None, "state", "closed_at"),
    sqlite_autoincrement=True,
)
