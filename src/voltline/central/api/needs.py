"""What the API needs besides storage: the live connections. The composition supplies it."""

from __future__ import annotations

from msgspec import Struct

from voltline.central.services.ports import Queries, Writer
from voltline.central.services.ports.lines import Line, Lines, Procedure, Procedures

__all__ = ["Line", "Lines", "Site"]


class _NoProcedures:
    """For a site that has no charge points to work with."""

    def start(
        self, identity: str, name: str, procedure: Procedure, *, before_acceptance: bool = False
    ) -> None:
        return


class Site(Struct, frozen=True):
    """What every route is given."""

    queries: Queries
    writer: Writer
    lines: Lines
    procedures: Procedures = _NoProcedures()
