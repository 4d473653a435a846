"""Configuration of charge points: as it is, as it was, as it should be."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, ForeignKey, Index, Integer, Table

from voltline.central.storage.columns import Instant, Words
from voltline.central.storage.schema.base import RowId, metadata, row_id, station_column


def _of_station() -> Column[int]:
    return Column("station_id", RowId, ForeignKey("stations.id"), primary_key=True, autoincrement=False)


configuration = Table(
    "configuration",
    metadata,
    _of_station(),
    Column("key_folded", Words, primary_key=True),
    Column("key", Words, nullable=False),
    Column("value", Words),
    Column("readonly", Boolean, nullable=False),
    Column("seen_at", Instant, nullable=False),
    Column("changed_at", Instant, nullable=False),
)

configuration_history = Table(
    "configuration_history",
    metadata,
    row_id(),
    station_column(),
    Column("key", Words, nullable=False),
    Column("before", Words),
    Column("after", Words),
    Column("known", Boolean, nullable=False),
    Column("at", Instant, nullable=False),
    Index(None, "station_id"),
)

desired_configuration = Table(
    "desired_configuration",
    metadata,
    _of_station(),
    Column("key_folded", Words, primary_key=True),
    Column("key", Words, nullable=False),
    Column("value", Words, nullable=False),
    Column("state", Words, nullable=False),
    Column("reason", Words),
    Column("attempts", Integer, nullable=False),
    Column("asked_at", Instant, nullable=False),
    Column("tried_at", Instant),
    Column("rebooted_at", Instant),
    Index("ix_desired_configuration_state", "state"),
)

configuration_facts = Table(
    "configuration_facts",
    metadata,
    _of_station(),
    Column("read_at", Instant),
    Column("problem", Words),
    Column("reboot_when_idle", Boolean, nullable=False),
)
