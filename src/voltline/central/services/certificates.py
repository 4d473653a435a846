"""Certificates of charge points, message by message (security whitepaper A02, A03, M03 to M05).

Nothing is signed or verified here: requests wait for somebody who brings the certificate.
"""

from __future__ import annotations

from datetime import datetime

from voltline.central.domain.certificates import CertificateRequest, RequestState, SigningPolicy
from voltline.central.domain.stations import StationKey
from voltline.central.services.optional import present
from voltline.central.services.ports import UnitOfWork
from voltline.messages import (
    CertificateSigned,
    CertificateSignedResponse,
    CertificateSignedStatus,
    DeleteCertificate,
    DeleteCertificateResponse,
    DeleteCertificateStatus,
    GetInstalledCertificateIds,
    GetInstalledCertificateIdsResponse,
    GetInstalledCertificateStatus,
    InstallCertificate,
    InstallCertificateResponse,
    SignCertificate,
)

SETTLED = frozenset({RequestState.SIGNED, RequestState.REFUSED, RequestState.DISMISSED})


def request(
    unit: UnitOfWork, station: StationKey, notification: SignCertificate, policy: SigningPolicy, at: datetime
) -> tuple[int, bool]:
    """Keep a request: its number, and whether the answer is Accepted (CSR-08).

    It is open for a certificate only once its answer is gone (`answered`): CertificateSigned must not
    overtake it.
    """
    accepted = policy is SigningPolicy.QUEUE
    state = RequestState.RECEIVED if accepted else RequestState.REFUSED
    return unit.certificates.add_request(station, notification.csr, state, at), accepted


def answered(unit: UnitOfWork, request_id: int, at: datetime) -> None:
    """The answer to a request is sent."""
    found = unit.certificates.request(request_id)
    if found is not None and found.state is RequestState.RECEIVED:
        unit.certificates.settle_request(request_id, RequestState.OPEN, at)


def left_received(unit: UnitOfWork, at: datetime) -> None:
    """The process begins: no answer of the process before is on its way any more."""
    unit.certificates.answer_all_received(at)


def bring(unit: UnitOfWork, request_id: int, chain: str, at: datetime) -> CertificateRequest | None:
    """An operator brings a certificate; the request as it is now. It may be sent if it is open.

    One that the charge point has rejected may be brought again.
    """
    found = unit.certificates.request(request_id)
    if found is None or found.state not in (RequestState.OPEN, RequestState.NOT_TAKEN):
        return found
    unit.certificates.settle_request(request_id, RequestState.OPEN, at, chain=chain)
    return unit.certificates.request(request_id)


def dismiss(unit: UnitOfWork, request_id: int, reason: str | None, at: datetime) -> CertificateRequest | None:
    """An operator will not have it signed. One that is settled stays as it is."""
    found = unit.certificates.request(request_id)
    if found is not None and found.state not in SETTLED:
        unit.certificates.settle_request(request_id, RequestState.DISMISSED, at, reason=reason)
        return unit.certificates.request(request_id)
    return found


# What charge points answer; see `services.outcomes`.


def signed_answered(
    unit: UnitOfWork,
    station: StationKey,
    request: CertificateSigned,
    answer: CertificateSignedResponse,
    at: datetime,
) -> None:
    """Whether the charge point takes its certificate."""
    chain = request.certificate_chain
    unit.certificates.remember(station, "CertificateSigned", str(answer.status), at, certificate=chain)
    found = unit.certificates.request_of_chain(station, chain)
    if found is not None and found.state not in SETTLED:
        taken = answer.status == CertificateSignedStatus.ACCEPTED
        state = RequestState.SIGNED if taken else RequestState.NOT_TAKEN
        reason = None if taken else f"the charge point answered {answer.status}"
        unit.certificates.settle_request(found.id, state, at, reason=reason)


def install_answered(
    unit: UnitOfWork,
    station: StationKey,
    request: InstallCertificate,
    answer: InstallCertificateResponse,
    at: datetime,
) -> None:
    """Whether a root was installed. Its hashes are known once the charge point is asked for its list."""
    unit.certificates.remember(
        station,
        "InstallCertificate",
        str(answer.status),
        at,
        use=str(request.certificate_type),
        certificate=request.certificate,
    )


def delete_answered(
    unit: UnitOfWork,
    station: StationKey,
    request: DeleteCertificate,
    answer: DeleteCertificateResponse,
    at: datetime,
) -> None:
    """Whether a root is gone: deleted now, or not found at all."""
    gone = request.certificate_hash_data
    unit.certificates.remember(
        station, "DeleteCertificate", str(answer.status), at, serial_number=gone.serial_number
    )
    if answer.status in (DeleteCertificateStatus.ACCEPTED, DeleteCertificateStatus.NOT_FOUND):
        unit.certificates.drop_installed(station, gone)


def listed(
    unit: UnitOfWork,
    station: StationKey,
    request: GetInstalledCertificateIds,
    answer: GetInstalledCertificateIdsResponse,
    at: datetime,
) -> None:
    """These roots are installed for a use; NotFound means none (CMG-02, CMG-03)."""
    use = str(request.certificate_type)
    unit.certificates.remember(station, "GetInstalledCertificateIds", str(answer.status), at, use=use)
    found = present(answer.certificate_hash_data) or []
    if answer.status == GetInstalledCertificateStatus.NOT_FOUND:
        found = []
    unit.certificates.keep_installed(station, use, found, at)
