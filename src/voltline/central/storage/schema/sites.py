"""Sites whose connectors share a grid connection, and what was drawn there."""

from __future__ import annotations

from sqlalchemy import Column, ForeignKey, LargeBinary, Table, Text

from voltline.central.storage.columns import Instant, Words
from voltline.central.storage.schema.base import RowId, metadata, row_id

# `definition` and `memory` are JSON: they are only ever read and written as a whole. The memory is written
# before every lease, so it has no rows of its own.
sites = Table(
    "sites",
    metadata,
    row_id(),
    Column("name", Words, nullable=False),
    Column("name_key", Words, nullable=False, unique=True),
    Column("definition", Text, nullable=False),
    Column("memory", Text, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("changed_at", Instant, nullable=False),
)

# `fuses` is MessagePack: one value a moment, for a site is always drawn from all of it.
site_history = Table(
    "site_history",
    metadata,
    Column("site_id", RowId, ForeignKey("sites.id"), primary_key=True, autoincrement=False),
    Column("at", Instant, primary_key=True),
    Column("fuses", LargeBinary, nullable=False),
)
