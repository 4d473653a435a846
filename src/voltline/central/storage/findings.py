"""Findings in a table."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import delete, func, insert, or_, select, update

from voltline.central.domain.findings import (
    MOST_FINDINGS,
    FindingState,
    KnownFinding,
    Seen,
    ShownFrame,
    connector_id,
)
from voltline.central.domain.stations import StationKey
from voltline.central.storage.schema.findings import findings
from voltline.central.storage.schema.first_floor import stations
from voltline.central.storage.scope import Scope
from voltline.inspection.findings import Severity

selected = select(findings, stations.c.identity).join_from(findings, stations)
_pack = msgspec.msgpack.Encoder().encode
_frames = msgspec.msgpack.Decoder(tuple[ShownFrame, ...])
_basis = msgspec.msgpack.Decoder(tuple[str, ...])


def finding_of(row: Any) -> KnownFinding:
    """A row of `selected` as a record."""
    values = dict(row._mapping)
    del values["fingerprint"]
    values["station"] = StationKey(values.pop("station_id"))
    values["count"] = values.pop("times")
    values["severity"] = Severity(values["severity"])
    values["state"] = FindingState(values["state"])
    values["basis"] = _basis.decode(values["basis"])
    values["frames"] = _frames.decode(values["frames"])
    return KnownFinding(**values)


class SqlFindings:
    """See `services.ports.findings.Findings`."""

    def __init__(self, scope: Scope) -> None:
        self._scope = scope

    def find(self, station: StationKey, fingerprint: str) -> KnownFinding | None:
        table = findings.c
        return self._one(table.station_id == station, table.fingerprint == fingerprint)

    def get(self, id: int) -> KnownFinding | None:
        return self._one(findings.c.id == id) if 0 < id < 2**63 else None

    def add(self, seen: Seen, fingerprint: str, at: datetime, closes_at: datetime) -> KnownFinding | None:
        if not self._has_room(seen.station):
            return None
        finding = seen.finding
        row = insert(findings).values(
            station_id=seen.station,
            fingerprint=fingerprint,
            connector_id=connector_id(finding),
            detector=finding.detector,
            title=finding.title,
            severity=finding.severity,
            state=FindingState.OPEN,
            text=finding.text,
            next_step=finding.next_step,
            who=finding.who,
            basis=_pack(finding.basis),
            frames=_pack(seen.frames),
            times=finding.count,
            times_opened=1,
            first_at=finding.first_at or at,
            opened_at=at,
            last_at=finding.last_at or at,
            closes_at=closes_at,
            muted=False,
        )
        self._scope.connection.execute(row)
        return self.find(seen.station, fingerprint)

    def put(self, finding: KnownFinding) -> None:
        self._scope.connection.execute(
            update(findings)
            .where(findings.c.id == finding.id)
            .values(
                severity=finding.severity,
                state=finding.state,
                text=finding.text,
                next_step=finding.next_step,
                who=finding.who,
                basis=_pack(finding.basis),
                frames=_pack(finding.frames),
                times=finding.count,
                times_opened=finding.times_opened,
                opened_at=finding.opened_at,
                last_at=finding.last_at,
                closes_at=finding.closes_at,
                closed_at=finding.closed_at,
                closed_by=finding.closed_by,
                note=finding.note,
                muted=finding.muted,
                muted_until=finding.muted_until,
            )
        )

    def quiet(self, at: datetime, limit: int) -> Sequence[KnownFinding]:
        table = findings.c
        wanted = (
            selected.where(table.state == FindingState.OPEN, table.closes_at <= at)
            .where(or_(stations.c.last_heard_at >= table.closes_at, stations.c.removed_at.is_not(None)))
            .order_by(table.closes_at, table.id)
            .limit(limit)
        )
        return [finding_of(row) for row in self._scope.connection.execute(wanted)]

    def discard(self, *, before: datetime, at_most: int) -> int:
        table = findings.c
        old = (
            select(table.id)
            .where(table.state == FindingState.CLOSED, table.closed_at < before)
            .order_by(table.closed_at)
            .limit(at_most)
        )
        return self._scope.connection.execute(delete(findings).where(table.id.in_(old))).rowcount

    def _has_room(self, station: StationKey) -> bool:
        """Make some, where that is needed and possible."""
        table, connection = findings.c, self._scope.connection
        of_it = select(func.count()).select_from(findings).where(table.station_id == station)
        if (connection.execute(of_it).scalar() or 0) < MOST_FINDINGS:
            return True
        oldest = (
            select(table.id)
            .where(table.station_id == station, table.state == FindingState.CLOSED)
            .order_by(table.closed_at)
            .limit(1)
        )
        return connection.execute(delete(findings).where(table.id.in_(oldest))).rowcount > 0

    def _one(self, *conditions: Any) -> KnownFinding | None:
        row = self._scope.connection.execute(selected.where(*conditions)).first()
        return None if row is None else finding_of(row)
