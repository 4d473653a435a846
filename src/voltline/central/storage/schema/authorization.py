"""Id tags that nobody registered, and what charge points have to forget of those that somebody did."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, ForeignKey, Index, Table

from voltline.central.storage.columns import Instant, Words
from voltline.central.storage.schema.base import RowId, metadata, row_id, station_column

unknown_id_tags = Table(
    "unknown_id_tags",
    metadata,
    row_id(),
    Column("id_tag", Words, nullable=False),
    Column("tag_key", Words, nullable=False, unique=True),
    Column("times", BigInteger, nullable=False),
    Column("first_seen_at", Instant, nullable=False),
    Column("last_seen_at", Instant, nullable=False),
    station_column(),
    Column("connector_id", BigInteger),
    Column("status", Words, nullable=False),
    Column("decided_by", Words, nullable=False),
    Column("problem", Words),
    Index(None, "last_seen_at"),
)

revocations = Table(
    "revocations",
    metadata,
    row_id(),
    Column("id_tag", Words, nullable=False),
    Column("reason", Words, nullable=False),
    Column("at", Instant, nullable=False),
    sqlite_autoincrement=True,
)

# Up to which revocation a charge point has forgotten what its cache held, by what it answered to ClearCache.
cleared_caches = Table(
    "cleared_caches",
    metadata,
    Column("station_id", RowId, ForeignKey("stations.id"), primary_key=True, autoincrement=False),
    Column("revocation_id", RowId, nullable=False),
    Column("answer", Words),
    Column("at", Instant, nullable=False),
)
