"""Step 7: the outbox of events; deviations."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"

row_id = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
instant = sa.DateTime(timezone=True).with_variant(sa.String(27), "sqlite")


def upgrade() -> None:
    """Bring the tables forward."""
    op.create_table(
        "events",
        sa.Column("id", row_id, sa.Identity(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("station_id", row_id),
        sa.Column("at", instant, nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_events"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_events_station_id_id", "events", ["station_id", "id"])
    op.create_index("ix_events_at", "events", ["at"])
    op.create_table(
        "deviations",
        sa.Column("id", row_id, sa.Identity(), nullable=False),
        sa.Column("station_id", row_id, nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("path", sa.Text(), nullable=False),
        sa.Column("times", sa.BigInteger(), nullable=False),
        sa.Column("first_at", instant, nullable=False),
        sa.Column("last_at", instant, nullable=False),
        sa.Column("example", sa.Text(), nullable=False),
        sa.Column("example_message_id", sa.Text(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("usable", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["station_id"], ["stations.id"], name="fk_deviations_station_id"),
        sa.PrimaryKeyConstraint("id", name="pk_deviations"),
        sa.UniqueConstraint("station_id", "action", "kind", "path", name="uq_deviations_kind"),
    )
    op.create_table(
        "deviation_days",
        sa.Column("station_id", row_id, nullable=False, autoincrement=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.PrimaryKeyConstraint("station_id", "kind", name="pk_deviation_days"),
    )
