"""Findings, read."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import and_, func, not_, or_, select

from voltline.base.ids import folded
from voltline.central.domain.findings import FindingFilter, FindingState, KnownFinding
from voltline.central.services.ports.findings import EVERY_FINDING
from voltline.central.storage.findings import finding_of, selected
from voltline.central.storage.queries.base import Reads
from voltline.central.storage.schema.findings import findings
from voltline.central.storage.schema.first_floor import stations


class FindingReads(Reads):
    """See `services.ports.findings.FindingQueries`."""

    def findings(
        self, *, only: FindingFilter = EVERY_FINDING, before: int | None = None, limit: int = 100
    ) -> tuple[KnownFinding, ...]:
        table = findings.c
        wanted = selected.order_by(table.id.desc()).limit(limit)
        if only.station is not None:
            wanted = wanted.where(table.station_id == only.station)
        if only.identity is not None:
            wanted = wanted.where(stations.c.identity_key == folded(only.identity))
        if only.state is not None:
            wanted = wanted.where(table.state == only.state)
        if only.severities:
            wanted = wanted.where(table.severity.in_([str(one) for one in only.severities]))
        if only.detector is not None:
            wanted = wanted.where(table.detector.startswith(only.detector.upper(), autoescape=True))
        if only.since is not None:
            wanted = wanted.where(table.last_at >= only.since)
        if only.until is not None:
            wanted = wanted.where(table.first_at < only.until)
        if only.muted is not None:
            wanted = wanted.where(table.muted if only.muted else not_(table.muted))
        if before is not None:
            wanted = wanted.where(table.id < before)
        with self._reading() as connection:
            return tuple(finding_of(row) for row in connection.execute(wanted))

    def finding(self, id: int, /) -> KnownFinding | None:
        if not 0 < id < 2**63:
            return None
        with self._reading() as connection:
            row = connection.execute(selected.where(findings.c.id == id)).first()
        return None if row is None else finding_of(row)

    def open_findings(self, at: datetime, /) -> Mapping[str, int]:
        table = findings.c
        muted = and_(table.muted, or_(table.muted_until.is_(None), table.muted_until > at))
        counted = (
            select(table.severity, func.count().label("number"))
            .where(table.state == FindingState.OPEN, not_(muted))
            .group_by(table.severity)
        )
        with self._reading() as connection:
            return {row.severity: row.number for row in connection.execute(counted)}
