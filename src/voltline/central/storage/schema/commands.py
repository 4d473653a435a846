"""Commands to charge points and what came of them; who may use the API."""

from __future__ import annotations

from sqlalchemy import Column, Float, Index, LargeBinary, Table

from voltline.central.storage.columns import Instant, Words
from voltline.central.storage.schema.base import metadata, station_column

commands = Table(
    "commands",
    metadata,
    Column("id", Words, primary_key=True),
    station_column(),
    Column("action", Words, nullable=False),
    Column("payload", Words, nullable=False),
    Column("asked_by", Words, nullable=False),
    Column("asked_at", Instant, nullable=False),
    Column("state", Words, nullable=False),
    Column("ended_at", Instant),
    Column("duration_ms", Float),
    Column("answer", Words),
    Column("error_code", Words),
    Column("error_text", Words),
    Index(None, "station_id", "id"),
)

tokens = Table(
    "tokens",
    metadata,
    Column("id", Words, primary_key=True),
    Column("name", Words, nullable=False),
    Column("role", Words, nullable=False),
    Column("salt", LargeBinary, nullable=False),
    Column("digest", LargeBinary, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("created_by", Words, nullable=False),
    Column("expires_at", Instant),
    Column("revoked_at", Instant),
    Column("last_used_at", Instant),
)
