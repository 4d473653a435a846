"""What all tables share: the metadata, and the columns that recur."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, ForeignKey, Identity, Integer, MetaData

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)

# SQLite numbers rows by itself only in a column that is declared INTEGER, PostgreSQL needs 64 bits said.
RowId = BigInteger().with_variant(Integer(), "sqlite")


SQLITE_ALONE = {"dialect": "sqlite"}
POSTGRESQL_ALONE = {"dialect": "postgresql"}
"""`info` of a table or an index that only one of the databases has."""


def is_in(dialect: str, item: object) -> bool:
    """Whether this table, index and so on is in databases of this dialect."""
    info: dict[str, str] = getattr(item, "info", {})
    return info.get("dialect", dialect) == dialect


def row_id() -> Column[int]:
    """The primary key of a table that numbers its rows by itself."""
    return Column("id", RowId, Identity(), primary_key=True)


def station_column() -> Column[int]:
    """The charge point that a row belongs to."""
    return Column("station_id", RowId, ForeignKey("stations.id"), nullable=False)
