"""Certificates and security events: what use cases need from storage, and what may be asked of it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from voltline.central.domain.certificates import (
    CertificateAction,
    CertificateRequest,
    InstalledCertificate,
    RequestState,
)
from voltline.central.domain.security_events import SecurityEvent
from voltline.central.domain.stations import StationKey
from voltline.messages import CertificateHashData


class Certificates(Protocol):
    """By charge point."""

    def add_request(self, station: StationKey, csr: str, state: RequestState, at: datetime) -> int:
        """Keep a request; its number. One that waits with the same text is counted as repeated."""
        ...

    def request(self, request_id: int) -> CertificateRequest | None: ...

    def request_of_chain(self, station: StationKey, chain: str) -> CertificateRequest | None:
        """The newest request that this certificate was brought for."""
        ...

    def settle_request(
        self,
        request_id: int,
        state: RequestState,
        at: datetime,
        *,
        reason: str | None = None,
        chain: str | None = None,
    ) -> None:
        """`chain` None leaves it as it is."""
        ...

    def answer_all_received(self, at: datetime) -> None:
        """Requests of a process that is gone are open: nothing of their answers is on its way any more."""
        ...

    def installed(self, station: StationKey) -> Sequence[InstalledCertificate]: ...

    def certificate(self, certificate_id: int) -> tuple[StationKey, InstalledCertificate] | None: ...

    def keep_installed(
        self, station: StationKey, use: str, found: Sequence[CertificateHashData], at: datetime
    ) -> None:
        """These are all that it has for this use."""
        ...

    def drop_installed(self, station: StationKey, gone: CertificateHashData) -> None: ...

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
        """Add to the history of commands."""
        ...


class SecurityEvents(Protocol):
    def add(
        self, station: StationKey, kind: str, tech_info: str | None, happened_at: datetime, at: datetime
    ) -> bool:
        """False: it was reported before, and is counted there."""
        ...


class CertificateQueries(Protocol):
    """The reading side; see `Queries`."""

    def certificate_requests(
        self,
        *,
        before: int | None = None,
        limit: int = 100,
        identity: str | None = None,
        state: RequestState | None = None,
    ) -> tuple[CertificateRequest, ...]:
        """Newest first."""
        ...

    def certificate_request(self, request_id: int) -> CertificateRequest | None: ...

    def installed_certificates(self, station: StationKey) -> tuple[InstalledCertificate, ...]: ...

    def certificate_actions(
        self, station: StationKey, *, before: int | None = None, limit: int = 100
    ) -> tuple[CertificateAction, ...]:
        """Newest first."""
        ...

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
        """In the order in which they came, newest first."""
        ...
