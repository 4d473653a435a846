"""Certificates and security events."""

from __future__ import annotations

from sqlalchemy import Column, Index, Integer, Table

from voltline.central.storage.columns import Instant, Words
from voltline.central.storage.schema.base import metadata, row_id, station_column

certificate_requests = Table(
    "certificate_requests",
    metadata,
    row_id(),
    station_column(),
    Column("csr", Words, nullable=False),
    Column("state", Words, nullable=False),
    Column("reason", Words),
    Column("certificate_chain", Words),
    Column("received_at", Instant, nullable=False),
    Column("times", Integer, nullable=False),
    Column("changed_at", Instant, nullable=False),
    Index(None, "station_id"),
)

installed_certificates = Table(
    "installed_certificates",
    metadata,
    row_id(),
    station_column(),
    Column("use", Words, nullable=False),
    Column("hash_algorithm", Words, nullable=False),
    Column("issuer_name_hash", Words, nullable=False),
    Column("issuer_key_hash", Words, nullable=False),
    Column("serial_number", Words, nullable=False),
    Column("seen_at", Instant, nullable=False),
    Index(None, "station_id"),
    sqlite_autoincrement=True,
)

certificate_actions = Table(
    "certificate_actions",
    metadata,
    row_id(),
    station_column(),
    Column("action", Words, nullable=False),
    Column("status", Words, nullable=False),
    Column("use", Words),
    Column("certificate", Words),
    Column("serial_number", Words),
    Column("at", Instant, nullable=False),
    Index(None, "station_id"),
)

security_events = Table(
    "security_events",
    metadata,
    row_id(),
    station_column(),
    Column("type", Words, nullable=False),
    Column("tech_info", Words),
    Column("happened_at", Instant, nullable=False),
    Column("received_at", Instant, nullable=False),
    Column("times", Integer, nullable=False),
    Index(None, "station_id", "happened_at"),
    Index(None, "type"),
)
