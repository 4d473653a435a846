"""Repairs: one row each, never changed."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Index, Integer, Table

from voltline.central.storage.columns import Instant, Words
from voltline.central.storage.schema.base import metadata, row_id, station_column

repairs = Table(
    "repairs",
    metadata,
    row_id(),
    station_column(),
    Column("at", Instant, nullable=False),
    Column("who", Words, nullable=False),
    Column("kind", Words, nullable=False),
    Column("transaction_id", Integer),
    Column("quarantine_id", BigInteger),
    Column("note", Words),
    Column("state_before", Words, nullable=False),
    Column("state_after", Words, nullable=False),
    Index(None, "station_id"),
    Index(None, "transaction_id"),
    Index(None, "quarantine_id"),
)
