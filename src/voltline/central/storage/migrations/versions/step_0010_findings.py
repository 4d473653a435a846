"""Step 10: findings of the inspector."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"

row_id = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
instant = sa.DateTime(timezone=True).with_variant(sa.String(27), "sqlite")


def upgrade() -> None:
    """Bring the tables forward."""
    op.create_table(
        "findings",
        sa.Column("id", row_id, sa.Identity(), nullable=False),
        sa.Column("station_id", row_id, nullable=False),
        sa.Column("fingerprint", sa.Text(), nullable=False),
        sa.Column("connector_id", sa.BigInteger()),
        sa.Column("detector", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("severity", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("next_step", sa.Text(), nullable=False),
        sa.Column("who", sa.Text(), nullable=False),
        sa.Column("basis", sa.LargeBinary(), nullable=False),
        sa.Column("frames", sa.LargeBinary(), nullable=False),
        sa.Column("times", sa.BigInteger(), nullable=False),
        sa.Column("times_opened", sa.Integer(), nullable=False),
        sa.Column("first_at", instant, nullable=False),
        sa.Column("opened_at", instant, nullable=False),
        sa.Column("last_at", instant, nullable=False),
        sa.Column("closes_at", instant, nullable=False),
        sa.Column("closed_at", instant),
        sa.Column("closed_by", sa.Text()),
        sa.Column("note", sa.Text()),
        sa.Column("muted", sa.Boolean(), nullable=False),
        sa.Column("muted_until", instant),
        sa.ForeignKeyConstraint(["station_id"], ["stations.id"], name="fk_findings_station_id"),
        sa.PrimaryKeyConstraint("id", name="pk_findings"),
        sa.UniqueConstraint("station_id", "fingerprint", name="uq_findings_fault"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_findings_state_closes_at", "findings", ["state", "closes_at"])
    op.create_index("ix_findings_state_closed_at", "findings", ["state", "closed_at"])
