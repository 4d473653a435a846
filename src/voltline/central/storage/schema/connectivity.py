"""When charge points were connected."""

from __future__ import annotations

from sqlalchemy import Column, Index, Table, text

from voltline.central.storage.columns import Instant, Words
from voltline.central.storage.schema.base import metadata, row_id, station_column

_open = text("disconnected_at IS NULL")

connections = Table(
    "connections",
    metadata,
    row_id(),
    station_column(),
    Column("remote", Words, nullable=False),
    Column("connected_at", Instant, nullable=False),
    Column("disconnected_at", Instant),
    Column("reason", Words),
    Index(None, "station_id"),
    Index("ix_connections_open", "station_id", sqlite_where=_open, postgresql_where=_open),
)
