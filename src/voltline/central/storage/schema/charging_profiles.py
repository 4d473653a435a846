"""Charging profiles that charge points have or had, and limits that operators set."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Float, ForeignKey, Index, Table, text

from voltline.central.storage.columns import Instant, Words
from voltline.central.storage.schema.base import RowId, metadata, row_id, station_column

_installed = text("ended_at IS NULL")

charging_profiles = Table(
    "charging_profiles",
    metadata,
    row_id(),
    station_column(),
    Column("connector_id", BigInteger, nullable=False),
    Column("charging_profile_id", BigInteger, nullable=False),
    Column("purpose", Words, nullable=False),
    Column("stack_level", BigInteger, nullable=False),
    Column("transaction_id", BigInteger),
    Column("profile", Words, nullable=False),
    Column("source", Words, nullable=False),
    Column("installed_at", Instant, nullable=False),
    Column("verdict", Words),
    Column("verified_at", Instant),
    Column("ended_at", Instant),
    Column("ended_by", Words),
    Index(None, "station_id"),
    Index(
        "ix_charging_profiles_installed",
        "station_id",
        "purpose",
        sqlite_where=_installed,
        postgresql_where=_installed,
    ),
)

charging_limits = Table(
    "charging_limits",
    metadata,
    Column("station_id", RowId, ForeignKey("stations.id"), primary_key=True, autoincrement=False),
    Column("connector_id", BigInteger, primary_key=True, autoincrement=False),
    Column("value", Float, nullable=False),
    Column("unit", Words, nullable=False),
    Column("way_purpose", Words, nullable=False),
    Column("way_unit", Words, nullable=False),
    Column("way_stack_level", BigInteger, nullable=False),
    Column("profile_ids", Words, nullable=False),
    Column("set_at", Instant, nullable=False),
    Column("until", Instant),
    Column("lifted_at", Instant),
)
