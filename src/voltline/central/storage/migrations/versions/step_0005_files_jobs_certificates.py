"""Step 5: files and jobs about them, certificates, security events, rules for DataTransfer."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"

row_id = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
instant = sa.DateTime(timezone=True).with_variant(sa.String(27), "sqlite")


def _table(name: str, *columns: Any, of_station: bool = True, **options: Any) -> None:
    op.create_table(
        name,
        sa.Column("id", row_id, sa.Identity(), nullable=False),
        *([sa.Column("station_id", row_id, nullable=False)] if of_station else []),
        *columns,
        sa.PrimaryKeyConstraint("id", name=f"pk_{name}"),
        *(
            [sa.ForeignKeyConstraint(["station_id"], ["stations.id"], name=f"fk_{name}_station_id")]
            if of_station
            else []
        ),
        **options,
    )


def _index(table: str, *columns: str, name: str | None = None, **options: Any) -> None:
    op.create_index(name or f"ix_{table}_{'_'.join(columns)}", table, list(columns), **options)


def _text(name: str, *, nullable: bool = False) -> sa.Column[str]:
    return sa.Column(name, sa.Text(), nullable=nullable)


def _instant(name: str, *, nullable: bool = False) -> sa.Column[Any]:
    return sa.Column(name, instant, nullable=nullable)


def upgrade() -> None:
    """Bring the tables forward."""
    _files()
    _certificates()
    _data_transfers()


def _files() -> None:
    _table(
        "file_jobs",
        _text("kind"),
        _text("state"),
        _text("status", nullable=True),
        _text("reason", nullable=True),
        _text("ordered"),
        sa.Column("request_id", sa.BigInteger()),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("file_id", sa.BigInteger()),
        _text("file_name", nullable=True),
        _text("location", nullable=True),
        _text("location_digest", nullable=True),
        _text("access_user", nullable=True),
        _text("access_digest", nullable=True),
        _text("firmware_before", nullable=True),
        _instant("sent_at", nullable=True),
        _instant("not_before"),
        _instant("deadline"),
        _instant("created_at"),
        _instant("changed_at"),
        _instant("ended_at", nullable=True),
        sqlite_autoincrement=True,
    )
    _index("file_jobs", "station_id", "id")
    _index("file_jobs", "access_user", unique=True)
    still_open = sa.text("ended_at IS NULL")
    _index(
        "file_jobs",
        "station_id",
        name="ix_file_jobs_open",
        sqlite_where=still_open,
        postgresql_where=still_open,
    )
    _table(
        "file_job_history",
        sa.Column("job_id", row_id, nullable=False),
        _instant("at"),
        _instant("last_at"),
        sa.Column("times", sa.Integer(), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        _text("source"),
        _text("state"),
        _text("status", nullable=True),
        _text("detail", nullable=True),
        sa.ForeignKeyConstraint(["job_id"], ["file_jobs.id"], name="fk_file_job_history_job_id"),
        of_station=False,
    )
    _index("file_job_history", "job_id")
    _table(
        "files",
        _text("purpose"),
        _text("name"),
        sa.Column("size_bytes", sa.BigInteger(), nullable=False),
        _text("sha256"),
        _text("path"),
        sa.Column("station_id", row_id),
        sa.Column("job_id", sa.BigInteger()),
        _instant("created_at"),
        _instant("changed_at"),
        of_station=False,
        sqlite_autoincrement=True,
    )
    _index("files", "path", unique=True)
    _index("files", "job_id")


def _certificates() -> None:
    _table(
        "certificate_requests",
        _text("csr"),
        _text("state"),
        _text("reason", nullable=True),
        _text("certificate_chain", nullable=True),
        _instant("received_at"),
        sa.Column("times", sa.Integer(), nullable=False),
        _instant("changed_at"),
    )
    _index("certificate_requests", "station_id")
    _table(
        "installed_certificates",
        _text("use"),
        _text("hash_algorithm"),
        _text("issuer_name_hash"),
        _text("issuer_key_hash"),
        _text("serial_number"),
        _instant("seen_at"),
        sqlite_autoincrement=True,
    )
    _index("installed_certificates", "station_id")
    _table(
        "certificate_actions",
        _text("action"),
        _text("status"),
        _text("use", nullable=True),
        _text("certificate", nullable=True),
        _text("serial_number", nullable=True),
        _instant("at"),
    )
    _index("certificate_actions", "station_id")
    _table(
        "security_events",
        _text("type"),
        _text("tech_info", nullable=True),
        _instant("happened_at"),
        _instant("received_at"),
        sa.Column("times", sa.Integer(), nullable=False),
    )
    _index("security_events", "station_id", "happened_at")
    _index("security_events", "type")


def _data_transfers() -> None:
    op.add_column(
        "data_transfers", sa.Column("direction", sa.Text(), nullable=False, server_default="received")
    )
    op.add_column("data_transfers", _text("answer_data", nullable=True))
    op.add_column("data_transfers", _text("route", nullable=True))
    op.add_column("data_transfers", _text("problem", nullable=True))
    _table(
        "data_transfer_rules",
        _text("vendor_id"),
        _text("message_id", nullable=True),
        _text("url", nullable=True),
        sa.Column("timeout_s", sa.Float(), nullable=False),
        _text("status"),
        _text("data", nullable=True),
        _text("note", nullable=True),
        _instant("created_at"),
        _instant("changed_at"),
        of_station=False,
        sqlite_autoincrement=True,
    )
