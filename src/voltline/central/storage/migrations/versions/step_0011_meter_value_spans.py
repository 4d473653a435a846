"""Step 11: on SQLite, the meter values of a transaction are found by spans of rows."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    """Bring the tables forward."""
    if op.get_bind().dialect.name != "sqlite":
        return
    op.create_table(
        "meter_value_spans",
        sa.Column("transaction_id", sa.Integer(), nullable=False),
        sa.Column("span", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("transaction_id", "span", name="pk_meter_value_spans"),
        sqlite_with_rowid=False,
    )
    op.execute(
        "INSERT INTO meter_value_spans SELECT DISTINCT transaction_id, id / 65536 FROM meter_values "
        "WHERE transaction_id IS NOT NULL"
    )
    op.create_index(
        "ix_meter_values_step",
        "meter_values",
        [sa.text("id / 4096"), "transaction_id"],
        sqlite_where=sa.text("transaction_id IS NOT NULL"),
    )
    op.drop_index("ix_meter_values_transaction", "meter_values")
