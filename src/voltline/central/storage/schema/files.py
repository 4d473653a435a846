"""Files, and the jobs about them."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, ForeignKey, Index, Integer, Table, text

from voltline.central.storage.columns import Instant, Words
from voltline.central.storage.schema.base import RowId, metadata, row_id, station_column

_open = text("ended_at IS NULL")

# AUTOINCREMENT: addresses and requestIds are made of the ids.
file_jobs = Table(
    "file_jobs",
    metadata,
    row_id(),
    station_column(),
    Column("kind", Words, nullable=False),
    Column("state", Words, nullable=False),
    Column("status", Words),
    Column("reason", Words),
    # JobOrder as JSON.
    Column("ordered", Words, nullable=False),
    Column("request_id", BigInteger),
    Column("attempt", Integer, nullable=False),
    Column("file_id", BigInteger),
    Column("file_name", Words),
    Column("location", Words),
    Column("location_digest", Words),
    Column("access_user", Words),
    Column("access_digest", Words),
    Column("firmware_before", Words),
    Column("sent_at", Instant),
    Column("not_before", Instant, nullable=False),
    Column("deadline", Instant, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("changed_at", Instant, nullable=False),
    Column("ended_at", Instant),
    Index(None, "station_id", "id"),
    Index(None, "access_user", unique=True),
    Index("ix_file_jobs_open", "station_id", sqlite_where=_open, postgresql_where=_open),
    sqlite_autoincrement=True,
)

file_job_history = Table(
    "file_job_history",
    metadata,
    row_id(),
    Column("job_id", RowId, ForeignKey("file_jobs.id"), nullable=False),
    Column("at", Instant, nullable=False),
    Column("last_at", Instant, nullable=False),
    Column("times", Integer, nullable=False),
    Column("attempt", Integer, nullable=False),
    Column("source", Words, nullable=False),
    Column("state", Words, nullable=False),
    Column("status", Words),
    Column("detail", Words),
    Index(None, "job_id"),
)

files = Table(
    "files",
    metadata,
    row_id(),
    Column("purpose", Words, nullable=False),
    Column("name", Words, nullable=False),
    Column("size_bytes", BigInteger, nullable=False),
    Column("sha256", Words, nullable=False),
    Column("path", Words, nullable=False),
    Column("station_id", RowId),
    Column("job_id", BigInteger),
    Column("created_at", Instant, nullable=False),
    Column("changed_at", Instant, nullable=False),
    Index(None, "path", unique=True),
    Index(None, "job_id"),
    sqlite_autoincrement=True,
)
