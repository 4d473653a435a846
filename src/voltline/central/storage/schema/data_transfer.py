"""How messages of a vendor's own are answered."""

from __future__ import annotations

from sqlalchemy import Column, Float, Table

from voltline.central.storage.columns import Instant, Words
from voltline.central.storage.schema.base import metadata, row_id

data_transfer_rules = Table(
    "data_transfer_rules",
    metadata,
    row_id(),
    Column("vendor_id", Words, nullable=False),
    Column("message_id", Words),
    Column("url", Words),
    Column("timeout_s", Float, nullable=False),
    Column("status", Words, nullable=False),
    Column("data", Words),
    Column("note", Words),
    Column("created_at", Instant, nullable=False),
    Column("changed_at", Instant, nullable=False),
    sqlite_autoincrement=True,
)
