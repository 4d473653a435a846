"""Step 8: access commands."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"

row_id = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
instant = sa.DateTime(timezone=True).with_variant(sa.String(27), "sqlite")


def upgrade() -> None:
    """Bring the tables forward."""
    op.create_table(
        "commands",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("station_id", row_id, nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("payload", sa.Text(), nullable=False),
        sa.Column("asked_by", sa.Text(), nullable=False),
        sa.Column("asked_at", instant, nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("ended_at", instant),
        sa.Column("duration_ms", sa.Float()),
        sa.Column("answer", sa.Text()),
        sa.Column("error_code", sa.Text()),
        sa.Column("error_text", sa.Text()),
        sa.ForeignKeyConstraint(["station_id"], ["stations.id"], name="fk_commands_station_id"),
        sa.PrimaryKeyConstraint("id", name="pk_commands"),
    )
    op.create_index("ix_commands_station_id_id", "commands", ["station_id", "id"])
    op.create_table(
        "tokens",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("salt", sa.LargeBinary(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", instant, nullable=False),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.Column("expires_at", instant),
        sa.Column("revoked_at", instant),
        sa.Column("last_used_at", instant),
        sa.PrimaryKeyConstraint("id", name="pk_tokens"),
    )
