"""The local lists of charge points."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, ForeignKey, Integer, LargeBinary, Table

from voltline.central.storage.columns import Instant, Words
from voltline.central.storage.schema.base import RowId, metadata

# `content` is what the list holds as compressed MessagePack (storage/local_lists.py); NULL: not known.
# One value a list: it is only ever read and written as a whole, and a row a tag and charge point would be
# the largest table of a fleet.
local_lists = Table(
    "local_lists",
    metadata,
    Column("station_id", RowId, ForeignKey("stations.id"), primary_key=True, autoincrement=False),
    Column("state", Words, nullable=False),
    Column("problem", Words),
    Column("version", Integer),
    Column("reported_version", Integer),
    Column("entries", Integer),
    Column("left_out", Integer, nullable=False),
    Column("known", Boolean, nullable=False),
    Column("sending_from", Integer, nullable=False),
    Column("sending_to", Integer, nullable=False),
    Column("firmware", Words),
    Column("enabled", Boolean, nullable=False),
    Column("groups", Words),
    Column("checked_at", Instant),
    Column("synced_at", Instant),
    Column("content", LargeBinary),
)
