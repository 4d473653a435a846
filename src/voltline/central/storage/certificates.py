"""Certificates and security events in tables."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import delete, insert, select, update

from voltline.central.domain.certificates import CertificateRequest, InstalledCertificate, RequestState
from voltline.central.domain.stations import StationKey
from voltline.central.storage.columns import storable_text
from voltline.central.storage.schema import stations
from voltline.central.storage.schema.certificates import (
    certificate_actions,
    certificate_requests,
    installed_certificates,
    security_events,
)
from voltline.central.storage.scope import Scope
from voltline.messages import CertificateHashData

request_selected = select(certificate_requests, stations.c.identity).join_from(certificate_requests, stations)

_LARGEST = 2**63 - 1
_WAITING = (RequestState.RECEIVED, RequestState.OPEN)


def request_of(row: Any) -> CertificateRequest:
    values = dict(row._mapping)
    del values["station_id"]
    values["charge_point"] = values.pop("identity")
    values["state"] = RequestState(values["state"])
    return CertificateRequest(**values)


def installed_of(row: Any) -> InstalledCertificate:
    values = dict(row._mapping)
    del values["station_id"]
    return InstalledCertificate(**values)


class SqlCertificates:
    """See `services.ports.certificates.Certificates`."""

    def __init__(self, scope: Scope) -> None:
        self._scope = scope

    def add_request(self, station: StationKey, csr: str, state: RequestState, at: datetime) -> int:
        run = self._scope.connection.execute
        table = certificate_requests.c
        csr = storable_text(csr)
        mine = select(table.id, table.csr, table.state).where(table.station_id == station)
        last = run(mine.order_by(table.id.desc()).limit(1)).first()
        same = _WAITING if state in _WAITING else (state,)
        if last is not None and last.csr == csr and last.state in same:
            run(
                update(certificate_requests)
                .where(table.id == last.id)
                .values(times=table.times + 1, state=state, changed_at=at)
            )
            return int(last.id)
        result = run(
            insert(certificate_requests).values(
                station_id=station, csr=csr, state=state, received_at=at, changed_at=at, times=1
            )
        )
        assert result.inserted_primary_key is not None
        return int(result.inserted_primary_key[0])

    def request(self, request_id: int) -> CertificateRequest | None:
        if not 0 < request_id <= _LARGEST:
            return None
        wanted = request_selected.where(certificate_requests.c.id == request_id)
        row = self._scope.connection.execute(wanted).first()
        return None if row is None else request_of(row)

    def request_of_chain(self, station: StationKey, chain: str) -> CertificateRequest | None:
        table = certificate_requests.c
        wanted = request_selected.where(
            table.station_id == station, table.certificate_chain == storable_text(chain)
        )
        row = self._scope.connection.execute(wanted.order_by(table.id.desc()).limit(1)).first()
        return None if row is None else request_of(row)

    def settle_request(
        self,
        request_id: int,
        state: RequestState,
        at: datetime,
        *,
        reason: str | None = None,
        chain: str | None = None,
    ) -> None:
        values: dict[str, object] = {"state": state, "reason": reason, "changed_at": at}
        if chain is not None:
            values["certificate_chain"] = chain
        mine = certificate_requests.c.id == request_id
        self._scope.connection.execute(update(certificate_requests).where(mine).values(**values))

    def answer_all_received(self, at: datetime) -> None:
        self._scope.connection.execute(
            update(certificate_requests)
            .where(certificate_requests.c.state == RequestState.RECEIVED)
            .values(state=RequestState.OPEN, changed_at=at)
        )

    def installed(self, station: StationKey) -> Sequence[InstalledCertificate]:
        wanted = select(installed_certificates).where(installed_certificates.c.station_id == station)
        found = self._scope.connection.execute(wanted.order_by(installed_certificates.c.id))
        return [installed_of(row) for row in found]

    def certificate(self, certificate_id: int) -> tuple[StationKey, InstalledCertificate] | None:
        if not 0 < certificate_id <= _LARGEST:
            return None
        wanted = select(installed_certificates).where(installed_certificates.c.id == certificate_id)
        row = self._scope.connection.execute(wanted).first()
        return None if row is None else (StationKey(row.station_id), installed_of(row))

    def keep_installed(
        self, station: StationKey, use: str, found: Sequence[CertificateHashData], at: datetime
    ) -> None:
        run = self._scope.connection.execute
        table = installed_certificates.c
        told = {_key(one): one for one in found}
        mine = select(installed_certificates).where(
            table.station_id == station, table.use == storable_text(use)
        )
        known = {_key(row): row.id for row in run(mine)}
        gone = [number for key, number in known.items() if key not in told]
        seen = [number for key, number in known.items() if key in told]
        if gone:
            run(delete(installed_certificates).where(table.id.in_(gone)))
        if seen:
            run(update(installed_certificates).where(table.id.in_(seen)).values(seen_at=at))
        new = [one for key, one in told.items() if key not in known]
        if new:
            run(
                insert(installed_certificates),
                [{"station_id": station, "use": use, "seen_at": at, **_hashes(one)} for one in new],
            )

    def drop_installed(self, station: StationKey, gone: CertificateHashData) -> None:
        run = self._scope.connection.execute
        table = installed_certificates.c
        mine = select(installed_certificates).where(table.station_id == station)
        doomed = [row.id for row in run(mine) if _key(row) == _key(gone)]
        if doomed:
            run(delete(installed_certificates).where(table.id.in_(doomed)))

    def remember(
        self,
        station: StationKey,
        action: str,
        status: str,
        at: datetime,
        *,
        use: str | None = None,
        certificate: str | None = None,
        serial_number: str | None = None,
    ) -> None:
        self._scope.connection.execute(
            insert(certificate_actions).values(
                station_id=station,
                action=action,
                status=status,
                use=use,
                certificate=certificate,
                serial_number=serial_number,
                at=at,
            )
        )


class SqlSecurityEvents:
    """See `services.ports.certificates.SecurityEvents`."""

    def __init__(self, scope: Scope) -> None:
        self._scope = scope

    def add(
        self, station: StationKey, kind: str, tech_info: str | None, happened_at: datetime, at: datetime
    ) -> bool:
        run = self._scope.connection.execute
        table = security_events.c
        known = select(table.id).where(
            table.station_id == station,
            table.happened_at == happened_at,
            table.type == storable_text(kind),
            table.tech_info.is_(None) if tech_info is None else table.tech_info == storable_text(tech_info),
        )
        row = run(known.limit(1)).first()
        if row is not None:
            run(update(security_events).where(table.id == row.id).values(times=table.times + 1))
            return False
        run(
            insert(security_events).values(
                station_id=station,
                type=kind,
                tech_info=tech_info,
                happened_at=happened_at,
                received_at=at,
                times=1,
            )
        )
        return True


def _hashes(one: CertificateHashData) -> dict[str, str]:
    return {
        "hash_algorithm": str(one.hash_algorithm),
        "issuer_name_hash": one.issuer_name_hash,
        "issuer_key_hash": one.issuer_key_hash,
        "serial_number": one.serial_number,
    }


def _key(one: Any) -> tuple[str, ...]:
    """What tells certificates apart; hexadecimal in any case."""
    texts = (str(one.hash_algorithm), one.issuer_name_hash, one.issuer_key_hash, one.serial_number)
    return tuple(storable_text(text).lower() for text in texts)
