"""Certificates of charge points, as messages tell of them; nothing is verified or signed here."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from msgspec import Struct


class SigningPolicy(StrEnum):
    """What becomes of a request to sign a certificate."""

    REJECT = "reject"
    """There is nobody to sign it: it is kept, and answered Rejected."""
    QUEUE = "queue"
    """It is answered Accepted and waits for an operator to bring the certificate."""


class RequestState(StrEnum):
    """How far a request to sign a certificate is."""

    RECEIVED = "received"
    """It is stored; its answer may still be on its way, so nothing may be sent for it yet."""
    OPEN = "open"
    """It waits for its certificate."""
    REFUSED = "refused"
    """The charge point was told Rejected."""
    DISMISSED = "dismissed"
    """An operator will not have it signed; OCPP has no message that says so."""
    SIGNED = "signed"
    """The charge point has taken its certificate."""
    NOT_TAKEN = "not-taken"
    """The charge point has rejected the certificate."""


class CertificateRequest(Struct, frozen=True, kw_only=True):
    """A request of a charge point to sign its certificate."""

    id: int
    charge_point: str
    csr: str
    """PEM."""
    state: RequestState
    reason: str | None
    certificate_chain: str | None
    """What was sent last."""
    received_at: datetime
    times: int
    """How often the charge point sent it."""
    changed_at: datetime


class InstalledCertificate(Struct, frozen=True, kw_only=True):
    """A root certificate that a charge point says it has."""

    id: int
    use: str
    """CertificateUse."""
    hash_algorithm: str
    issuer_name_hash: str
    issuer_key_hash: str
    serial_number: str
    seen_at: datetime


class CertificateAction(Struct, frozen=True, kw_only=True):
    """A command about certificates, and what the charge point answered."""

    id: int
    action: str
    status: str
    use: str | None
    certificate: str | None
    """PEM, where one was sent."""
    serial_number: str | None
    """Of the one that was to be deleted."""
    at: datetime
