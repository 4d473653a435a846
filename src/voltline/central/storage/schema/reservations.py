"""Reservations."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Identity, Index, Integer, Table, text

from voltline.central.storage.columns import Instant, Words
from voltline.central.storage.schema.base import metadata, station_column

_active = text("state IN ('pending', 'accepted')")

reservations = Table(
    "reservations",
    metadata,
    # 32 bits, for charge points are told it; AUTOINCREMENT, so that none is ever given twice.
    Column("id", Integer, Identity(), primary_key=True),
    Column("reservation_id", BigInteger, nullable=False),
    station_column(),
    Column("connector_id", BigInteger, nullable=False),
    Column("id_tag", Words, nullable=False),
    Column("tag_key", Words, nullable=False),
    Column("parent_id_tag", Words),
    Column("expires_at", Instant, nullable=False),
    Column("state", Words, nullable=False),
    Column("reason", Words),
    Column("transaction_id", Integer),
    Column("created_at", Instant, nullable=False),
    Column("changed_at", Instant, nullable=False),
    Index(None, "station_id", "reservation_id"),
    Index(None, "tag_key"),
    Index("ix_reservations_active", "expires_at", sqlite_where=_active, postgresql_where=_active),
    Index("ix_reservations_active_of", "station_id", sqlite_where=_active, postgresql_where=_active),
    sqlite_autoincrement=True,
)
