"""First floor: charge points, connectors, id tags, transactions, meter values, quarantine."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

row_id = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
instant = sa.DateTime(timezone=True).with_variant(sa.String(27), "sqlite")


def _id() -> sa.Column[int]:
    return sa.Column("id", row_id, sa.Identity(), nullable=False)


def _station(table: str) -> tuple[sa.schema.SchemaItem, ...]:
    return (
        sa.Column("station_id", row_id, nullable=False),
        sa.ForeignKeyConstraint(["station_id"], ["stations.id"], name=f"fk_{table}_station_id"),
    )


def _nameplate() -> tuple[sa.Column[str], ...]:
    return tuple(
        sa.Column(name, sa.Text())
        for name in (
            "vendor",
            "model",
            "charge_point_serial_number",
            "charge_box_serial_number",
            "firmware_version",
            "iccid",
            "imsi",
            "meter_type",
            "meter_serial_number",
        )
    )


def _report() -> tuple[sa.schema.SchemaItem, ...]:
    return (
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("error_code", sa.Text(), nullable=False),
        sa.Column("info", sa.Text()),
        sa.Column("vendor_id", sa.Text()),
        sa.Column("vendor_error_code", sa.Text()),
        sa.Column("since", instant, nullable=False),
        sa.Column("received_at", instant, nullable=False),
    )


def upgrade() -> None:
    _stations()
    _id_tags()
    _transactions()
    _meter_values()
    _others()


def _stations() -> None:
    op.create_table(
        "stations",
        _id(),
        sa.Column("identity", sa.Text(), nullable=False),
        sa.Column("identity_key", sa.Text(), nullable=False),
        sa.Column("registration", sa.Text(), nullable=False),
        sa.Column("registered_at", instant, nullable=False),
        *_nameplate(),
        sa.Column("last_boot_at", instant),
        sa.Column("last_heard_at", instant),
        sa.Column("last_connected_at", instant),
        sa.Column("last_disconnected_at", instant),
        sa.PrimaryKeyConstraint("id", name="pk_stations"),
        sa.UniqueConstraint("identity_key", name="uq_stations_identity_key"),
    )
    op.create_table(
        "boots",
        _id(),
        *_station("boots"),
        *_nameplate(),
        sa.Column("answered", sa.Text(), nullable=False),
        sa.Column("received_at", instant, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_boots"),
    )
    op.create_index("ix_boots_station_id", "boots", ["station_id"])
    op.create_table(
        "connectors",
        *_station("connectors"),
        sa.Column("connector_id", sa.BigInteger(), nullable=False, autoincrement=False),
        *_report(),
        sa.PrimaryKeyConstraint("station_id", "connector_id", name="pk_connectors"),
    )
    op.create_table(
        "status_history",
        _id(),
        *_station("status_history"),
        sa.Column("connector_id", sa.BigInteger(), nullable=False),
        *_report(),
        sa.PrimaryKeyConstraint("id", name="pk_status_history"),
    )
    op.create_index(
        "ix_status_history_station_id_connector_id", "status_history", ["station_id", "connector_id"]
    )


def _id_tags() -> None:
    op.create_table(
        "id_tags",
        _id(),
        sa.Column("id_tag", sa.Text(), nullable=False),
        sa.Column("tag_key", sa.Text(), nullable=False),
        sa.Column("parent_id_tag", sa.Text()),
        sa.Column("expires_at", instant),
        sa.Column("blocked", sa.Boolean(), nullable=False),
        sa.Column("changed_at", instant, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_id_tags"),
        sa.UniqueConstraint("tag_key", name="uq_id_tags_tag_key"),
    )


def _transactions() -> None:
    op.create_table(
        "transactions",
        sa.Column("id", sa.Integer(), sa.Identity(), nullable=False),
        *_station("transactions"),
        sa.Column("connector_id", sa.BigInteger(), nullable=False),
        sa.Column("id_tag", sa.Text(), nullable=False),
        sa.Column("tag_key", sa.Text(), nullable=False),
        sa.Column("started_at", instant, nullable=False),
        sa.Column("meter_start_wh", sa.BigInteger(), nullable=False),
        sa.Column("reservation_id", sa.BigInteger()),
        sa.Column("authorization_status", sa.Text(), nullable=False),
        sa.Column("start_received_at", instant, nullable=False),
        sa.Column("stopped_at", instant),
        sa.Column("meter_stop_wh", sa.BigInteger()),
        sa.Column("stop_reason", sa.Text()),
        sa.Column("stop_id_tag", sa.Text()),
        sa.Column("stop_received_at", instant),
        sa.PrimaryKeyConstraint("id", name="pk_transactions"),
        sa.UniqueConstraint(
            "station_id",
            "connector_id",
            "tag_key",
            "started_at",
            "meter_start_wh",
            name="uq_transactions_start",
        ),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_transactions_station_id_id", "transactions", ["station_id", "id"])
    op.create_index("ix_transactions_tag_key_id", "transactions", ["tag_key", "id"])
    running = sa.text("stopped_at IS NULL")
    op.create_index(
        "ix_transactions_running", "transactions", ["tag_key"], sqlite_where=running, postgresql_where=running
    )


def _meter_values() -> None:
    op.create_table(
        "meter_values",
        _id(),
        sa.Column("station_id", row_id, nullable=False),
        sa.Column("connector_id", sa.BigInteger(), nullable=False),
        sa.Column("sent_transaction_id", sa.BigInteger()),
        sa.Column("transaction_id", sa.Integer()),
        sa.Column("measured_at", instant, nullable=False),
        sa.Column("received_at", instant, nullable=False),
        sa.Column("sampled_values", sa.Text(), nullable=False),
        sa.Column("from_stop", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_meter_values"),
    )
    placed, unplaced = sa.text("transaction_id IS NOT NULL"), sa.text("transaction_id IS NULL")
    op.create_index(
        "ix_meter_values_transaction",
        "meter_values",
        ["transaction_id"],
        sqlite_where=placed,
        postgresql_where=placed,
    )
    op.create_index(
        "ix_meter_values_without_transaction",
        "meter_values",
        ["station_id"],
        sqlite_where=unplaced,
        postgresql_where=unplaced,
    )


def _others() -> None:
    op.create_table(
        "data_transfers",
        _id(),
        *_station("data_transfers"),
        sa.Column("vendor_id", sa.Text(), nullable=False),
        sa.Column("message_id", sa.Text()),
        sa.Column("data", sa.Text()),
        sa.Column("answered", sa.Text(), nullable=False),
        sa.Column("received_at", instant, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_data_transfers"),
    )
    op.create_index("ix_data_transfers_station_id", "data_transfers", ["station_id"])
    op.create_table(
        "quarantine",
        _id(),
        *_station("quarantine"),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("payload", sa.Text(), nullable=False),
        sa.Column("fingerprint", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("received_at", instant, nullable=False),
        sa.Column("last_received_at", instant, nullable=False),
        sa.Column("times", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_quarantine"),
        sa.UniqueConstraint("station_id", "action", "fingerprint", name="uq_quarantine_message"),
    )
    op.create_table(
        "writer_marks",
        sa.Column("writer", sa.Text(), nullable=False),
        sa.Column("batch", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("writer", name="pk_writer_marks"),
    )
