"""Step 2: what operators say of charge points, when they were connected, what they are set to."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

row_id = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
instant = sa.DateTime(timezone=True).with_variant(sa.String(27), "sqlite")


def _id() -> sa.Column[int]:
    return sa.Column("id", row_id, sa.Identity(), nullable=False)


def _station(table: str) -> tuple[sa.schema.SchemaItem, ...]:
    return (
        sa.Column("station_id", row_id, nullable=False, autoincrement=False),
        sa.ForeignKeyConstraint(["station_id"], ["stations.id"], name=f"fk_{table}_station_id"),
    )


def upgrade() -> None:
    """Bring the tables forward."""
    op.add_column("stations", sa.Column("name", sa.Text()))
    op.add_column("stations", sa.Column("notes", sa.Text()))
    op.add_column("stations", sa.Column("strict", sa.Boolean()))
    op.add_column("stations", sa.Column("heartbeat_interval_s", sa.Integer()))
    op.add_column("stations", sa.Column("decided", sa.Boolean()))
    op.add_column("stations", sa.Column("removed_at", instant))
    op.create_table(
        "connections",
        _id(),
        *_station("connections"),
        sa.Column("remote", sa.Text(), nullable=False),
        sa.Column("connected_at", instant, nullable=False),
        sa.Column("disconnected_at", instant),
        sa.Column("reason", sa.Text()),
        sa.PrimaryKeyConstraint("id", name="pk_connections"),
    )
    op.create_index("ix_connections_station_id", "connections", ["station_id"])
    still_open = sa.text("disconnected_at IS NULL")
    op.create_index(
        "ix_connections_open",
        "connections",
        ["station_id"],
        sqlite_where=still_open,
        postgresql_where=still_open,
    )
    _configuration()


def _configuration() -> None:
    op.create_table(
        "configuration",
        *_station("configuration"),
        sa.Column("key_folded", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("value", sa.Text()),
        sa.Column("readonly", sa.Boolean(), nullable=False),
        sa.Column("seen_at", instant, nullable=False),
        sa.Column("changed_at", instant, nullable=False),
        sa.PrimaryKeyConstraint("station_id", "key_folded", name="pk_configuration"),
    )
    op.create_table(
        "configuration_history",
        _id(),
        *_station("configuration_history"),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("before", sa.Text()),
        sa.Column("after", sa.Text()),
        sa.Column("known", sa.Boolean(), nullable=False),
        sa.Column("at", instant, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_configuration_history"),
    )
    op.create_index("ix_configuration_history_station_id", "configuration_history", ["station_id"])
    op.create_table(
        "desired_configuration",
        *_station("desired_configuration"),
        sa.Column("key_folded", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text()),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("asked_at", instant, nullable=False),
        sa.Column("tried_at", instant),
        sa.Column("rebooted_at", instant),
        sa.PrimaryKeyConstraint("station_id", "key_folded", name="pk_desired_configuration"),
    )
    op.create_index("ix_desired_configuration_state", "desired_configuration", ["state"])
    op.create_table(
        "configuration_facts",
        *_station("configuration_facts"),
        sa.Column("read_at", instant),
        sa.Column("problem", sa.Text()),
        sa.Column("reboot_when_idle", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("station_id", name="pk_configuration_facts"),
    )
