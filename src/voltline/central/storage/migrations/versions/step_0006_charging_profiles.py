"""Step 6: charging profiles."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"

row_id = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
instant = sa.DateTime(timezone=True).with_variant(sa.String(27), "sqlite")


def upgrade() -> None:
    """Bring the tables forward."""
    op.create_table(
        "charging_profiles",
        sa.Column("id", row_id, sa.Identity(), nullable=False),
        sa.Column("station_id", row_id, nullable=False),
        sa.Column("connector_id", sa.BigInteger(), nullable=False),
        sa.Column("charging_profile_id", sa.BigInteger(), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("stack_level", sa.BigInteger(), nullable=False),
        sa.Column("transaction_id", sa.BigInteger()),
        sa.Column("profile", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("installed_at", instant, nullable=False),
        sa.Column("verdict", sa.Text()),
        sa.Column("verified_at", instant),
        sa.Column("ended_at", instant),
        sa.Column("ended_by", sa.Text()),
        sa.PrimaryKeyConstraint("id", name="pk_charging_profiles"),
        sa.ForeignKeyConstraint(["station_id"], ["stations.id"], name="fk_charging_profiles_station_id"),
    )
    op.create_index("ix_charging_profiles_station_id", "charging_profiles", ["station_id"])
    installed = sa.text("ended_at IS NULL")
    op.create_index(
        "ix_charging_profiles_installed",
        "charging_profiles",
        ["station_id", "purpose"],
        sqlite_where=installed,
        postgresql_where=installed,
    )
    op.create_table(
        "charging_limits",
        sa.Column("station_id", row_id, nullable=False, autoincrement=False),
        sa.Column("connector_id", sa.BigInteger(), nullable=False, autoincrement=False),
        sa.Column("value", sa.Float(), nullable=False),
        sa.Column("unit", sa.Text(), nullable=False),
        sa.Column("way_purpose", sa.Text(), nullable=False),
        sa.Column("way_unit", sa.Text(), nullable=False),
        sa.Column("way_stack_level", sa.BigInteger(), nullable=False),
        sa.Column("profile_ids", sa.Text(), nullable=False),
        sa.Column("set_at", instant, nullable=False),
        sa.Column("until", instant),
        sa.Column("lifted_at", instant),
        sa.PrimaryKeyConstraint("station_id", "connector_id", name="pk_charging_limits"),
        sa.ForeignKeyConstraint(["station_id"], ["stations.id"], name="fk_charging_limits_station_id"),
    )
