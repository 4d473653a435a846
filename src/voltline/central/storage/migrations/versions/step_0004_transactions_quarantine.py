"""Step 4: how transactions end without a stop, repairs of what is in quarantine."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

row_id = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
instant = sa.DateTime(timezone=True).with_variant(sa.String(27), "sqlite")


def upgrade() -> None:
    """Bring the tables forward. Columns are added one by one: no table is copied."""
    _transactions()
    _quarantine()
    _repairs()


def _transactions() -> None:
    for column in (
        sa.Column("began_at", instant),
        sa.Column("stop_source", sa.Text()),
        sa.Column("settled", sa.Boolean(), nullable=False, server_default=sa.false()),
        sa.Column("sent_id", sa.BigInteger()),
        sa.Column("started", sa.Boolean(), nullable=False, server_default=sa.true()),
        sa.Column("oddities", sa.Text(), nullable=False, server_default=""),
    ):
        op.add_column("transactions", column)
    op.execute("UPDATE transactions SET began_at = started_at")
    op.execute(
        "UPDATE transactions SET stop_source = 'charge-point', settled = true WHERE stopped_at IS NOT NULL"
    )
    op.execute("UPDATE transactions SET oddities = 'stopped-before-start ' WHERE stopped_at < started_at")
    op.execute(
        "UPDATE transactions SET oddities = oddities || 'meter-fell ' WHERE meter_stop_wh < meter_start_wh"
    )
    op.create_index("ix_transactions_connector", "transactions", ["station_id", "connector_id", "began_at"])
    op.create_index("ix_transactions_started_at", "transactions", ["started_at", "id"])
    op.create_index(
        "ix_transactions_unsettled",
        "transactions",
        ["station_id", "id"],
        sqlite_where=sa.text("settled IS 0"),
        postgresql_where=sa.text("settled IS false"),
    )
    running = sa.text("stopped_at IS NULL")
    op.create_index(
        "ix_transactions_running_on",
        "transactions",
        ["station_id", "connector_id"],
        sqlite_where=running,
        postgresql_where=running,
    )
    known = sa.text("sent_id IS NOT NULL")
    op.create_index(
        "ix_transactions_sent_id",
        "transactions",
        ["station_id", "sent_id"],
        sqlite_where=known,
        postgresql_where=known,
    )


def _quarantine() -> None:
    op.add_column("quarantine", sa.Column("state", sa.Text(), nullable=False, server_default="open"))
    op.add_column("quarantine", sa.Column("transaction_id", sa.Integer()))
    op.add_column("quarantine", sa.Column("settled_at", instant))
    opened = sa.text("state = 'open'")
    op.create_index(
        "ix_quarantine_open",
        "quarantine",
        ["station_id", "action"],
        sqlite_where=opened,
        postgresql_where=opened,
    )


def _repairs() -> None:
    op.create_table(
        "repairs",
        sa.Column("id", row_id, sa.Identity(), nullable=False),
        sa.Column("station_id", row_id, nullable=False),
        sa.Column("at", instant, nullable=False),
        sa.Column("who", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("transaction_id", sa.Integer()),
        sa.Column("quarantine_id", sa.BigInteger()),
        sa.Column("note", sa.Text()),
        sa.Column("state_before", sa.Text(), nullable=False),
        sa.Column("state_after", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_repairs"),
        sa.ForeignKeyConstraint(["station_id"], ["stations.id"], name="fk_repairs_station_id"),
    )
    for column in ("station_id", "transaction_id", "quarantine_id"):
        op.create_index(f"ix_repairs_{column}", "repairs", [column])
