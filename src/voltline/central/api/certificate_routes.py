"""Certificates of charge points, and their security events."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import datetime
from http import HTTPStatus
from typing import Annotated, Any, Literal

from litestar import Request, delete, get, post
from litestar.di import NamedDependency
from litestar.params import PathParameter, QueryParameter
from msgspec import Meta, Struct

from voltline.base.clock import SystemClock
from voltline.central.api.bodies import BODY, read_body
from voltline.central.api.command_routes import Timeout
from voltline.central.api.cursors import number_position
from voltline.central.api.message_routes import Since, Until, in_utc
from voltline.central.api.needs import Site
from voltline.central.api.problems import ApiError
from voltline.central.api.reading_routes import ChargePointFilter, Cursor, Identity, Limit
from voltline.central.api.sending import send
from voltline.central.api.shapes import NextCursor
from voltline.central.api.station_routes import next_cursor, station_of, views
from voltline.central.api.writing import write
from voltline.central.domain.certificates import CertificateAction, CertificateRequest, RequestState
from voltline.central.domain.certificates import InstalledCertificate as Installed
from voltline.central.domain.security_events import SecurityEvent
from voltline.central.services import certificates
from voltline.messages import (
    CertificateHashData,
    CertificateSigned,
    CertificateUse,
    DeleteCertificate,
    GetInstalledCertificateIds,
    HashAlgorithm,
    InstallCertificate,
)

_ANSWERED: dict[int, str] = {
    HTTPStatus.CONFLICT: "The charge point is not connected, or not accepted; nothing was sent.",
    HTTPStatus.BAD_GATEWAY: "The charge point answered with a CALLERROR, which `call_error` holds.",
    HTTPStatus.GATEWAY_TIMEOUT: "The charge point did not answer in time.",
}
PROBLEMS: Mapping[str, Mapping[int, str]] = {
    "/api/v1/certificate-requests/{request_id}": {HTTPStatus.NOT_FOUND: "There is no such request."},
    "/api/v1/certificate-requests/{request_id}/certificate": {
        **_ANSWERED,
        HTTPStatus.NOT_FOUND: "There is no such request.",
        HTTPStatus.CONFLICT: "The request is settled, or the charge point is not connected.",
    },
    "/api/v1/certificate-requests/{request_id}/dismiss": {
        HTTPStatus.NOT_FOUND: "There is no such request.",
        HTTPStatus.CONFLICT: "The request is settled.",
    },
    "/api/v1/charge-points/{identity}/certificates": _ANSWERED,
    "/api/v1/charge-points/{identity}/certificates/refresh": _ANSWERED,
    "/api/v1/charge-points/{identity}/certificates/{certificate_id}": {
        **_ANSWERED,
        HTTPStatus.NOT_FOUND: "There is no such charge point, or it has no such certificate.",
    },
}

_now = SystemClock().now

RequestId = Annotated[int, PathParameter(description="The request's id.")]
CertificateId = Annotated[int, PathParameter(description="The certificate's id in the list.")]
RequestStateFilter = Annotated[
    RequestState | None, QueryParameter(name="state", description="Only those in this state.")
]
TypeFilter = Annotated[str | None, QueryParameter(name="type", description="Only events of this type.")]
CriticalFilter = Annotated[
    bool | None,
    QueryParameter(description="true: only those that the security whitepaper calls critical."),
]
UseName = Literal["CentralSystemRootCertificate", "ManufacturerRootCertificate"]
Pem = Meta(
    min_length=1,
    description="PEM.",
    examples=["-----BEGIN CERTIFICATE-----\nMIIB...\n-----END CERTIFICATE-----\n"],
)


class SignedCertificate(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A certificate that was signed for a charge point."""

    certificate_chain: Annotated[
        str,
        Meta(
            min_length=1,
            max_length=10_000,
            description="The certificate, followed by those of sub CAs that it needs; PEM.",
        ),
    ]


class Dismissal(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Why a certificate will not be signed."""

    reason: Annotated[str, Meta(max_length=1000, description="For whoever reads the list.")] | None = None


class NewCertificate(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A root certificate that a charge point is to trust."""

    use: Annotated[UseName, Meta(description="What it is trusted for.")]
    certificate: Annotated[str, Pem, Meta(max_length=5500)]


class CertificateRequestView(Struct, frozen=True, kw_only=True):
    """A request of a charge point to sign its certificate."""

    id: int
    charge_point: str
    csr: Annotated[str, Meta(description="The certificate signing request, PEM.")]
    state: Annotated[
        RequestState,
        Meta(
            description="received: its answer is on its way. open: it waits for its certificate. refused: "
            "it was answered Rejected, for nobody signs here. dismissed: by an operator. signed: the charge "
            "point has taken the certificate. not-taken: it has not."
        ),
    ]
    reason: str | None
    certificate_chain: Annotated[str | None, Meta(description="What was sent last.")]
    received_at: datetime
    times: Annotated[int, Meta(description="How often the charge point sent it.")]
    changed_at: datetime


class InstalledCertificateView(Struct, frozen=True, kw_only=True):
    """A root certificate that a charge point says it has."""

    id: int
    use: str
    hash_algorithm: str
    issuer_name_hash: str
    issuer_key_hash: str
    serial_number: str
    seen_at: Annotated[datetime, Meta(description="When the charge point said so last.")]


class CertificateActionView(Struct, frozen=True, kw_only=True):
    """A command about certificates and its answer."""

    id: int
    action: str
    status: Annotated[str, Meta(description="What the charge point answered.")]
    use: str | None
    certificate: str | None
    serial_number: str | None
    at: datetime


class SecurityEventView(Struct, frozen=True, kw_only=True):
    """A security event that a charge point reported."""

    id: int
    charge_point: str
    type: str
    critical: bool
    tech_info: str | None
    happened_at: Annotated[datetime, Meta(description="By the charge point's clock.")]
    received_at: datetime
    times: Annotated[int, Meta(description="How often the charge point sent it.")]


class CertificateAnswer(Struct, frozen=True, kw_only=True):
    """What the charge point answered."""

    status: Annotated[str, Meta(description="The status of its answer, as in OCPP.")]


class CertificateRequestPage(Struct, frozen=True, kw_only=True):
    """A part of the list of requests."""

    items: list[CertificateRequestView]
    next_cursor: NextCursor


class InstalledCertificateList(Struct, frozen=True, kw_only=True):
    """The root certificates that a charge point said it has."""

    items: list[InstalledCertificateView]


class CertificateActionPage(Struct, frozen=True, kw_only=True):
    """A part of the list of commands about certificates."""

    items: list[CertificateActionView]
    next_cursor: NextCursor


class SecurityEventPage(Struct, frozen=True, kw_only=True):
    """A part of the list of security events."""

    items: list[SecurityEventView]
    next_cursor: NextCursor


@get(
    "/certificate-requests",
    sync_to_thread=True,
    operation_id="listCertificateRequests",
    summary="List requests for certificates",
    tags=["Certificates"],
)
def list_requests(
    site: NamedDependency[Site],
    limit: Limit = 100,
    cursor: Cursor = None,
    charge_point: ChargePointFilter = None,
    request_state: RequestStateFilter = None,
) -> CertificateRequestPage:
    """Requests of charge points to sign their certificates, newest first."""
    found = site.queries.certificate_requests(
        before=number_position(cursor), limit=limit + 1, identity=charge_point, state=request_state
    )
    return CertificateRequestPage(
        items=views(found, _request_view, limit), next_cursor=next_cursor(found, limit)
    )


@get(
    "/certificate-requests/{request_id:int}",
    sync_to_thread=True,
    operation_id="getCertificateRequest",
    summary="Show a request for a certificate",
    tags=["Certificates"],
)
def get_request(site: NamedDependency[Site], request_id: RequestId) -> CertificateRequestView:
    """One request."""
    found = site.queries.certificate_request(request_id)
    if found is None:
        raise _no_such_request(request_id)
    return _request_view(found)


@post(
    "/certificate-requests/{request_id:int}/certificate",
    status_code=HTTPStatus.OK,
    operation_id="bringCertificate",
    summary="Bring the certificate",
    tags=["Certificates"],
    opt={BODY: SignedCertificate},
)
async def bring_certificate(
    site: NamedDependency[Site],
    request: Request[Any, Any, Any],
    request_id: RequestId,
    timeout_s: Timeout = None,
) -> CertificateAnswer:
    """Send CertificateSigned for an open request and wait for the answer."""
    body = await read_body(request, SignedCertificate)
    found = await write(site, certificates.bring, request_id, body.certificate_chain, _now())
    if found is None:
        raise _no_such_request(request_id)
    if found.state is not RequestState.OPEN:
        raise _not_open(found)
    command = CertificateSigned(certificate_chain=body.certificate_chain)
    answer = await send(site, found.charge_point, command, timeout_s=timeout_s)
    return CertificateAnswer(status=str(answer.status))


@post(
    "/certificate-requests/{request_id:int}/dismiss",
    status_code=HTTPStatus.OK,
    operation_id="dismissCertificateRequest",
    summary="Dismiss a request for a certificate",
    tags=["Certificates"],
    opt={BODY: Dismissal},
)
async def dismiss_request(
    site: NamedDependency[Site], request: Request[Any, Any, Any], request_id: RequestId
) -> CertificateRequestView:
    """Take a request off the list of open ones. The charge point is not told: OCPP has no message for it."""
    body = await read_body(request, Dismissal)
    found = await write(site, certificates.dismiss, request_id, body.reason, _now())
    if found is None:
        raise _no_such_request(request_id)
    if found.state is not RequestState.DISMISSED:
        raise _not_open(found)
    return _request_view(found)


@get(
    "/charge-points/{identity:str}/certificates",
    sync_to_thread=True,
    operation_id="listInstalledCertificates",
    summary="List installed certificates",
    tags=["Certificates"],
)
def list_installed(site: NamedDependency[Site], identity: Identity) -> InstalledCertificateList:
    """The root certificates that a charge point said it has, the last time that it was asked."""
    station = station_of(site, identity)
    found = site.queries.installed_certificates(station.key)
    return InstalledCertificateList(items=[_installed_view(one) for one in found])


@post(
    "/charge-points/{identity:str}/certificates",
    status_code=HTTPStatus.OK,
    operation_id="installCertificate",
    summary="Install a certificate",
    tags=["Certificates"],
    opt={BODY: NewCertificate},
)
async def install(
    site: NamedDependency[Site],
    request: Request[Any, Any, Any],
    identity: Identity,
    timeout_s: Timeout = None,
) -> CertificateAnswer:
    """Send InstallCertificate and wait for the answer. Ask for the list afterwards to see it there."""
    body = await read_body(request, NewCertificate)
    command = InstallCertificate(certificate_type=CertificateUse(body.use), certificate=body.certificate)
    answer = await send(site, identity, command, timeout_s=timeout_s)
    return CertificateAnswer(status=str(answer.status))


@post(
    "/charge-points/{identity:str}/certificates/refresh",
    status_code=HTTPStatus.OK,
    operation_id="refreshInstalledCertificates",
    summary="Ask for the installed certificates",
    tags=["Certificates"],
)
async def refresh_installed(
    site: NamedDependency[Site], identity: Identity, timeout_s: Timeout = None
) -> InstalledCertificateList:
    """Send GetInstalledCertificateIds for every use, and show what the charge point has."""
    for use in CertificateUse:
        await send(site, identity, GetInstalledCertificateIds(certificate_type=use), timeout_s=timeout_s)
    return await asyncio.to_thread(_installed_list, site, identity)


@delete(
    "/charge-points/{identity:str}/certificates/{certificate_id:int}",
    status_code=HTTPStatus.OK,
    operation_id="deleteCertificate",
    summary="Delete a certificate",
    tags=["Certificates"],
)
async def delete_certificate(
    site: NamedDependency[Site],
    identity: Identity,
    certificate_id: CertificateId,
    timeout_s: Timeout = None,
) -> CertificateAnswer:
    """Send DeleteCertificate with the hashes that the charge point gave, and wait for the answer."""
    listed = await asyncio.to_thread(_installed_list, site, identity)
    found = next((one for one in listed.items if one.id == certificate_id), None)
    if found is None:
        raise ApiError(
            HTTPStatus.NOT_FOUND,
            "unknown-certificate",
            "Unknown certificate",
            f"Charge point {identity!r} said nothing of a certificate {certificate_id}; "
            f"GET /api/v1/charge-points/{identity}/certificates lists them.",
        )
    command = DeleteCertificate(certificate_hash_data=_hash_data(found))
    answer = await send(site, identity, command, timeout_s=timeout_s)
    return CertificateAnswer(status=str(answer.status))


@get(
    "/charge-points/{identity:str}/certificate-history",
    sync_to_thread=True,
    operation_id="listCertificateActions",
    summary="List commands about certificates",
    tags=["Certificates"],
)
def list_actions(
    site: NamedDependency[Site], identity: Identity, limit: Limit = 100, cursor: Cursor = None
) -> CertificateActionPage:
    """Every command about certificates that the charge point answered, newest first."""
    station = station_of(site, identity)
    found = site.queries.certificate_actions(station.key, before=number_position(cursor), limit=limit + 1)
    return CertificateActionPage(
        items=views(found, _action_view, limit), next_cursor=next_cursor(found, limit)
    )


@get(
    "/security-events",
    sync_to_thread=True,
    operation_id="listSecurityEvents",
    summary="List security events",
    tags=["Security"],
)
def list_security_events(
    site: NamedDependency[Site],
    limit: Limit = 100,
    cursor: Cursor = None,
    charge_point: ChargePointFilter = None,
    event_type: TypeFilter = None,
    critical: CriticalFilter = None,
    since: Since = None,
    until: Until = None,
) -> SecurityEventPage:
    """Security events in the order in which they came, newest first; times are of the charge points."""
    found = site.queries.security_events(
        before=number_position(cursor),
        limit=limit + 1,
        identity=charge_point,
        kind=event_type,
        critical=critical,
        since=in_utc(since),
        until=in_utc(until),
    )
    return SecurityEventPage(items=views(found, _event_view, limit), next_cursor=next_cursor(found, limit))


ROUTES = [
    list_requests,
    get_request,
    bring_certificate,
    dismiss_request,
    list_installed,
    install,
    refresh_installed,
    delete_certificate,
    list_actions,
    list_security_events,
]


def _no_such_request(request_id: int) -> ApiError:
    return ApiError(
        HTTPStatus.NOT_FOUND,
        "unknown-certificate-request",
        "Unknown request",
        f"There is no request {request_id}; GET /api/v1/certificate-requests lists them.",
    )


def _not_open(found: CertificateRequest) -> ApiError:
    return ApiError(
        HTTPStatus.CONFLICT,
        "request-not-open",
        "Request not open",
        f"Request {found.id} is not open: it is {found.state}.",
    )


def _installed_list(site: Site, identity: str) -> InstalledCertificateList:
    station = station_of(site, identity)
    found = site.queries.installed_certificates(station.key)
    return InstalledCertificateList(items=[_installed_view(one) for one in found])


def _hash_data(one: InstalledCertificateView) -> CertificateHashData:
    # The charge point's own words: CMG-09.
    try:
        algorithm = HashAlgorithm(one.hash_algorithm)
    except ValueError:
        algorithm = HashAlgorithm.unknown(one.hash_algorithm)
    return CertificateHashData(
        hash_algorithm=algorithm,
        issuer_name_hash=one.issuer_name_hash,
        issuer_key_hash=one.issuer_key_hash,
        serial_number=one.serial_number,
    )


def _request_view(found: CertificateRequest) -> CertificateRequestView:
    return CertificateRequestView(
        id=found.id,
        charge_point=found.charge_point,
        csr=found.csr,
        state=found.state,
        reason=found.reason,
        certificate_chain=found.certificate_chain,
        received_at=found.received_at,
        times=found.times,
        changed_at=found.changed_at,
    )


def _installed_view(one: Installed) -> InstalledCertificateView:
    return InstalledCertificateView(
        id=one.id,
        use=one.use,
        hash_algorithm=one.hash_algorithm,
        issuer_name_hash=one.issuer_name_hash,
        issuer_key_hash=one.issuer_key_hash,
        serial_number=one.serial_number,
        seen_at=one.seen_at,
    )


def _action_view(one: CertificateAction) -> CertificateActionView:
    return CertificateActionView(
        id=one.id,
        action=one.action,
        status=one.status,
        use=one.use,
        certificate=one.certificate,
        serial_number=one.serial_number,
        at=one.at,
    )


def _event_view(one: SecurityEvent) -> SecurityEventView:
    return SecurityEventView(
        id=one.id,
        charge_point=one.charge_point,
        type=one.type,
        critical=one.critical,
        tech_info=one.tech_info,
        happened_at=one.happened_at,
        received_at=one.received_at,
        times=one.times,
    )
