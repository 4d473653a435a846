"""The connection of the moment, shared by everything that takes part in a transaction."""

from __future__ import annotations

from sqlalchemy import Connection


class Scope:
    """Holds the connection; there is none between two transactions that a lost one separates."""

    __slots__ = ("connection",)

    connection: Connection
