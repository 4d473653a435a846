"""The tables of a first charge: charge points, id tags, transactions, readings, quarantine."""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Identity,
    Index,
    Integer,
    Table,
    Text,
    UniqueConstraint,
    false,
    text,
    true,
)

from voltline.central.storage.columns import Instant, Words
from voltline.central.storage.schema.base import (
    POSTGRESQL_ALONE,
    SQLITE_ALONE,
    RowId,
    metadata,
    row_id,
    station_column,
)

METER_VALUE_STEP = 4096
"""Rows of `meter_values` whose entries in SQLite's index lie together."""


def _nameplate() -> tuple[Column[str], ...]:
    return (
        Column("vendor", Words),
        Column("model", Words),
        Column("charge_point_serial_number", Words),
        Column("charge_box_serial_number", Words),
        Column("firmware_version", Words),
        Column("iccid", Words),
        Column("imsi", Words),
        Column("meter_type", Words),
        Column("meter_serial_number", Words),
    )


def _report() -> tuple[Column[Any], ...]:
    return (
        Column("connector_id", BigInteger, nullable=False),
        Column("status", Words, nullable=False),
        Column("error_code", Words, nullable=False),
        Column("info", Words),
        Column("vendor_id", Words),
        Column("vendor_error_code", Words),
        Column("since", Instant, nullable=False),
        Column("received_at", Instant, nullable=False),
    )


stations = Table(
    "stations",
    metadata,
    row_id(),
    Column("identity", Words, nullable=False),
    Column("identity_key", Words, nullable=False, unique=True),
    Column("registration", Words, nullable=False),
    Column("registered_at", Instant, nullable=False),
    *_nameplate(),
    Column("last_boot_at", Instant),
    Column("last_heard_at", Instant),
    Column("last_connected_at", Instant),
    Column("last_disconnected_at", Instant),
    Column("name", Words),
    Column("notes", Words),
    Column("strict", Boolean),
    Column("heartbeat_interval_s", Integer),
    Column("decided", Boolean),
    Column("removed_at", Instant),
)

boots = Table(
    "boots",
    metadata,
    row_id(),
    station_column(),
    *_nameplate(),
    Column("answered", Words, nullable=False),
    Column("received_at", Instant, nullable=False),
    Index(None, "station_id"),
)

connectors = Table(
    "connectors",
    metadata,
    Column("station_id", RowId, ForeignKey("stations.id"), primary_key=True, autoincrement=False),
    Column("connector_id", BigInteger, primary_key=True, autoincrement=False),
    *_report()[1:],
)

status_history = Table(
    "status_history",
    metadata,
    row_id(),
    station_column(),
    *_report(),
    Index(None, "station_id", "connector_id"),
)

id_tags = Table(
    "id_tags",
    metadata,
    row_id(),
    Column("id_tag", Words, nullable=False),
    Column("tag_key", Words, nullable=False, unique=True),
    Column("parent_id_tag", Words),
    Column("expires_at", Instant),
    Column("blocked", Boolean, nullable=False),
    Column("changed_at", Instant, nullable=False),
    Column("parent_key", Words),
    Column("max_transactions", Integer),
    Column("group_max_transactions", Integer),
    Column("notes", Words),
    Column("added_at", Instant),
    Column("last_used_at", Instant),
    Index(None, "parent_key"),
    Index(None, "last_used_at"),
)

transactions = Table(
    "transactions",
    metadata,
    # 32 bits, for that is what charge points hold; AUTOINCREMENT, so that no id is ever given twice.
    Column("id", Integer, Identity(), primary_key=True),
    station_column(),
    Column("connector_id", BigInteger, nullable=False),
    Column("id_tag", Words, nullable=False),
    Column("tag_key", Words, nullable=False),
    Column("started_at", Instant, nullable=False),
    Column("meter_start_wh", BigInteger, nullable=False),
    Column("reservation_id", BigInteger),
    Column("authorization_status", Words, nullable=False),
    Column("start_received_at", Instant, nullable=False),
    Column("stopped_at", Instant),
    Column("meter_stop_wh", BigInteger),
    Column("stop_reason", Words),
    Column("stop_id_tag", Words),
    Column("stop_received_at", Instant),
    # The start, or its receipt where the charge point's clock is not to be believed.
    Column("began_at", Instant),
    Column("stop_source", Words),
    Column("settled", Boolean, nullable=False, server_default=false()),
    Column("sent_id", BigInteger),
    Column("started", Boolean, nullable=False, server_default=true()),
    # Words, each followed by a blank.
    Column("oddities", Words, nullable=False, server_default=""),
    # What makes a start this very start (`begun_by`).
    UniqueConstraint(
        "station_id", "connector_id", "tag_key", "started_at", "meter_start_wh", name="uq_transactions_start"
    ),
    Index(None, "station_id", "id"),
    Index(None, "tag_key", "id"),
    Index(
        "ix_transactions_running",
        "tag_key",
        sqlite_where=text("stopped_at IS NULL"),
        postgresql_where=text("stopped_at IS NULL"),
    ),
    Index(
        "ix_transactions_running_on",
        "station_id",
        "connector_id",
        sqlite_where=text("stopped_at IS NULL"),
        postgresql_where=text("stopped_at IS NULL"),
    ),
    Index("ix_transactions_connector", "station_id", "connector_id", "began_at"),
    Index(
        "ix_transactions_unsettled",
        "station_id",
        "id",
        sqlite_where=text("settled IS 0"),
        postgresql_where=text("settled IS false"),
    ),
    Index(
        "ix_transactions_sent_id",
        "station_id",
        "sent_id",
        sqlite_where=text("sent_id IS NOT NULL"),
        postgresql_where=text("sent_id IS NOT NULL"),
    ),
    Index("ix_transactions_started_at", "started_at", "id"),
    sqlite_autoincrement=True,
)

# One row an instant, its sampled values together as JSON: docs/decisions/0003-meter-value-rows.md.
# No foreign keys: the hot table would pay two look-ups a row for keys that were just looked up.
meter_values = Table(
    "meter_values",
    metadata,
    row_id(),
    Column("station_id", RowId, nullable=False),
    Column("connector_id", BigInteger, nullable=False),
    Column("sent_transaction_id", BigInteger),
    Column("transaction_id", Integer),
    Column("measured_at", Instant, nullable=False),
    Column("received_at", Instant, nullable=False),
    Column("sampled_values", Text, nullable=False),
    Column("from_stop", Boolean, nullable=False),
    Index(
        "ix_meter_values_transaction",
        "transaction_id",
        postgresql_where=text("transaction_id IS NOT NULL"),
        info=POSTGRESQL_ALONE,
    ),
    Index(
        "ix_meter_values_step",
        text(f"id / {METER_VALUE_STEP}"),
        "transaction_id",
        sqlite_where=text("transaction_id IS NOT NULL"),
        info=SQLITE_ALONE,
    ),
    Index(
        "ix_meter_values_without_transaction",
        "station_id",
        sqlite_where=text("transaction_id IS NULL"),
        postgresql_where=text("transaction_id IS NULL"),
    ),
)

# See storage/meter_value_spans.py.
meter_value_spans = Table(
    "meter_value_spans",
    metadata,
    Column("transaction_id", Integer, primary_key=True, autoincrement=False),
    Column("span", Integer, primary_key=True, autoincrement=False),
    sqlite_with_rowid=False,
    info=SQLITE_ALONE,
)

data_transfers = Table(
    "data_transfers",
    metadata,
    row_id(),
    station_column(),
    Column("vendor_id", Words, nullable=False),
    Column("message_id", Words),
    Column("data", Words),
    Column("answered", Words, nullable=False),
    Column("received_at", Instant, nullable=False),
    Column("direction", Words, nullable=False, server_default="received"),
    Column("answer_data", Words),
    Column("route", Words),
    Column("problem", Words),
    Index(None, "station_id"),
)

quarantine = Table(
    "quarantine",
    metadata,
    row_id(),
    station_column(),
    Column("action", Words, nullable=False),
    Column("payload", Words, nullable=False),
    Column("fingerprint", Words, nullable=False),
    Column("reason", Words, nullable=False),
    Column("received_at", Instant, nullable=False),
    Column("last_received_at", Instant, nullable=False),
    Column("times", Integer, nullable=False),
    Column("state", Words, nullable=False, server_default="open"),
    Column("transaction_id", Integer),
    Column("settled_at", Instant),
    UniqueConstraint("station_id", "action", "fingerprint", name="uq_quarantine_message"),
    Index(
        "ix_quarantine_open",
        "station_id",
        "action",
        sqlite_where=text("state = 'open'"),
        postgresql_where=text("state = 'open'"),
    ),
)

# The last batch that each writer committed: tells after a lost connection whether a commit took place.
writer_marks = Table(
    "writer_marks",
    metadata,
    Column("writer", Words, primary_key=True),
    Column("batch", BigInteger, nullable=False),
)
