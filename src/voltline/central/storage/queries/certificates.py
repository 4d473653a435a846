"""Certificates and security events, read."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import select

from voltline.base.ids import folded
from voltline.central.domain.certificates import (
    CertificateAction,
    CertificateRequest,
    InstalledCertificate,
    RequestState,
)
from voltline.central.domain.security_events import CRITICAL, SecurityEvent
from voltline.central.domain.stations import StationKey
from voltline.central.storage.certificates import installed_of, request_of, request_selected
from voltline.central.storage.columns import storable_text
from voltline.central.storage.queries.base import Reads
from voltline.central.storage.schema import stations
from voltline.central.storage.schema.certificates import (
    certificate_actions,
    certificate_requests,
    installed_certificates,
    security_events,
)

_LARGEST = 2**63 - 1


class CertificateReads(Reads):
    """See `services.ports.certificates.CertificateQueries`."""

    def certificate_requests(
        self,
        *,
        before: int | None = None,
        limit: int = 100,
        identity: str | None = None,
        state: RequestState | None = None,
    ) -> tuple[CertificateRequest, ...]:
        table = certificate_requests.c
        wanted = request_selected.order_by(table.id.desc()).limit(limit)
        if before is not None:
            wanted = wanted.where(table.id < before)
        if identity is not None:
            wanted = wanted.where(stations.c.identity_key == folded(identity))
        if state is not None:
            wanted = wanted.where(table.state == state)
        with self._reading() as connection:
            return tuple(request_of(row) for row in connection.execute(wanted))

    def certificate_request(self, request_id: int) -> CertificateRequest | None:
        if not 0 < request_id <= _LARGEST:
            return None
        with self._reading() as connection:
            row = connection.execute(request_selected.where(certificate_requests.c.id == request_id)).first()
        return None if row is None else request_of(row)

    def installed_certificates(self, station: StationKey) -> tuple[InstalledCertificate, ...]:
        table = installed_certificates.c
        wanted = select(installed_certificates).where(table.station_id == station).order_by(table.id)
        with self._reading() as connection:
            return tuple(installed_of(row) for row in connection.execute(wanted))

    def certificate_actions(
        self, station: StationKey, *, before: int | None = None, limit: int = 100
    ) -> tuple[CertificateAction, ...]:
        table = certificate_actions.c
        wanted = select(certificate_actions).where(table.station_id == station)
        wanted = wanted.order_by(table.id.desc()).limit(limit)
        if before is not None:
            wanted = wanted.where(table.id < before)
        with self._reading() as connection:
            return tuple(_action(row) for row in connection.execute(wanted))

    def security_events(
        self,
        *,
        before: int | None = None,
        limit: int = 100,
        identity: str | None = None,
        kind: str | None = None,
        critical: bool | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
    ) -> tuple[SecurityEvent, ...]:
        table = security_events.c
        wanted = select(security_events, stations.c.identity).join_from(security_events, stations)
        wanted = wanted.order_by(table.id.desc()).limit(limit)
        if before is not None:
            wanted = wanted.where(table.id < before)
        if identity is not None:
            wanted = wanted.where(stations.c.identity_key == folded(identity))
        if kind is not None:
            wanted = wanted.where(table.type == storable_text(kind))
        if critical is not None:
            wanted = wanted.where(table.type.in_(CRITICAL) if critical else table.type.not_in(CRITICAL))
        if since is not None:
            wanted = wanted.where(table.happened_at >= since)
        if until is not None:
            wanted = wanted.where(table.happened_at < until)
        with self._reading() as connection:
            return tuple(_event(row) for row in connection.execute(wanted))


def _action(row: Any) -> CertificateAction:
    values = dict(row._mapping)
    del values["station_id"]
    return CertificateAction(**values)


def _event(row: Any) -> SecurityEvent:
    values = dict(row._mapping)
    del values["station_id"]
    values["charge_point"] = values.pop("identity")
    return SecurityEvent(**values)
