"""Step 3: id tags local lists reservations."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

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
    _id_tags()
    _unknown_id_tags()
    _revocations()
    _local_lists()
    _reservations()


def _id_tags() -> None:
    for column in (
        sa.Column("parent_key", sa.Text()),
        sa.Column("max_transactions", sa.Integer()),
        sa.Column("group_max_transactions", sa.Integer()),
        sa.Column("notes", sa.Text()),
        sa.Column("added_at", instant),
        sa.Column("last_used_at", instant),
    ):
        op.add_column("id_tags", column)
    op.create_index("ix_id_tags_parent_key", "id_tags", ["parent_key"])
    op.create_index("ix_id_tags_last_used_at", "id_tags", ["last_used_at"])
    connection = op.get_bind()
    tags = sa.table("id_tags", sa.column("id"), sa.column("parent_id_tag"), sa.column("parent_key"))
    for key, parent in connection.execute(
        sa.select(tags.c.id, tags.c.parent_id_tag).where(tags.c.parent_id_tag.is_not(None))
    ).all():
        connection.execute(sa.update(tags).where(tags.c.id == key).values(parent_key=parent.casefold()))


def _unknown_id_tags() -> None:
    op.create_table(
        "unknown_id_tags",
        _id(),
        sa.Column("id_tag", sa.Text(), nullable=False),
        sa.Column("tag_key", sa.Text(), nullable=False),
        sa.Column("times", sa.BigInteger(), nullable=False),
        sa.Column("first_seen_at", instant, nullable=False),
        sa.Column("last_seen_at", instant, nullable=False),
        *_station("unknown_id_tags"),
        sa.Column("connector_id", sa.BigInteger()),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("decided_by", sa.Text(), nullable=False),
        sa.Column("problem", sa.Text()),
        sa.PrimaryKeyConstraint("id", name="pk_unknown_id_tags"),
        sa.UniqueConstraint("tag_key", name="uq_unknown_id_tags_tag_key"),
    )
    op.create_index("ix_unknown_id_tags_last_seen_at", "unknown_id_tags", ["last_seen_at"])


def _revocations() -> None:
    op.create_table(
        "revocations",
        _id(),
        sa.Column("id_tag", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("at", instant, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_revocations"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "cleared_caches",
        *_station("cleared_caches"),
        sa.Column("revocation_id", row_id, nullable=False),
        sa.Column("answer", sa.Text()),
        sa.Column("at", instant, nullable=False),
        sa.PrimaryKeyConstraint("station_id", name="pk_cleared_caches"),
    )


def _local_lists() -> None:
    op.create_table(
        "local_lists",
        *_station("local_lists"),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("problem", sa.Text()),
        sa.Column("version", sa.Integer()),
        sa.Column("reported_version", sa.Integer()),
        sa.Column("entries", sa.Integer()),
        sa.Column("left_out", sa.Integer(), nullable=False),
        sa.Column("known", sa.Boolean(), nullable=False),
        sa.Column("sending_from", sa.Integer(), nullable=False),
        sa.Column("sending_to", sa.Integer(), nullable=False),
        sa.Column("firmware", sa.Text()),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        sa.Column("groups", sa.Text()),
        sa.Column("checked_at", instant),
        sa.Column("synced_at", instant),
        sa.Column("content", sa.LargeBinary()),
        sa.PrimaryKeyConstraint("station_id", name="pk_local_lists"),
    )


def _reservations() -> None:
    op.create_table(
        "reservations",
        sa.Column("id", sa.Integer(), sa.Identity(), nullable=False),
        sa.Column("reservation_id", sa.BigInteger(), nullable=False),
        *_station("reservations"),
        sa.Column("connector_id", sa.BigInteger(), nullable=False),
        sa.Column("id_tag", sa.Text(), nullable=False),
        sa.Column("tag_key", sa.Text(), nullable=False),
        sa.Column("parent_id_tag", sa.Text()),
        sa.Column("expires_at", instant, nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text()),
        sa.Column("transaction_id", sa.Integer()),
        sa.Column("created_at", instant, nullable=False),
        sa.Column("changed_at", instant, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_reservations"),
        sqlite_autoincrement=True,
    )
    op.create_index(
        "ix_reservations_station_id_reservation_id", "reservations", ["station_id", "reservation_id"]
    )
    op.create_index("ix_reservations_tag_key", "reservations", ["tag_key"])
    active = sa.text("state IN ('pending', 'accepted')")
    for name, column in (
        ("ix_reservations_active", "expires_at"),
        ("ix_reservations_active_of", "station_id"),
    ):
        op.create_index(name, "reservations", [column], sqlite_where=active, postgresql_where=active)
