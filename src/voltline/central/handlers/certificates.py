"""Requests to sign certificates, and security events (security whitepaper A02 to A04)."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable
from datetime import datetime

from voltline.central.domain.stations import StationKey
from voltline.central.handlers.desk import Desk, Visit
from voltline.central.services import certificates, security_events
from voltline.central.services.ports import UnitOfWork, WriterClosed
from voltline.messages import (
    GenericStatus,
    SecurityEventNotification,
    SecurityEventNotificationResponse,
    SignCertificate,
    SignCertificateResponse,
)

log = logging.getLogger(__name__)

_ANSWER = SecurityEventNotificationResponse()


def sign_certificate(
    desk: Desk, visit: Visit, request: SignCertificate, at: datetime
) -> Awaitable[SignCertificateResponse]:
    """Keep the request, and say whether it will be seen to (CSR-08)."""
    kept = desk.writer.submit(certificates.request, visit.key, request, desk.signing, at)
    return _kept(desk, visit, kept)


async def _kept(desk: Desk, visit: Visit, kept: asyncio.Future[tuple[int, bool]]) -> SignCertificateResponse:
    request_id, accepted = await kept
    if not accepted:
        log.info("%s asks for a certificate, which nobody signs: rejected", visit.identity)
        return SignCertificateResponse(status=GenericStatus.REJECTED)
    # Runs after the answer was sent, which happens in the step in which this returns.
    asyncio.get_running_loop().call_soon(_answered, desk, request_id)
    return SignCertificateResponse(status=GenericStatus.ACCEPTED)


def _answered(desk: Desk, request_id: int) -> None:
    try:
        noted = desk.writer.submit(certificates.answered, request_id, desk.now())
    except WriterClosed:
        return  # the next process finds it
    noted.add_done_callback(_log_failure)


def _log_failure(ended: asyncio.Future[None]) -> None:
    if not ended.cancelled() and (error := ended.exception()) is not None:
        log.error("a request for a certificate could not be opened", exc_info=error)


def security_event(
    desk: Desk, visit: Visit, request: SecurityEventNotification, at: datetime
) -> asyncio.Future[SecurityEventNotificationResponse]:
    """Keep it, then answer (SEV-03)."""
    return desk.writer.submit(_record, visit.key, request, at)


def _record(
    unit: UnitOfWork, station: StationKey, request: SecurityEventNotification, at: datetime
) -> SecurityEventNotificationResponse:
    security_events.record(unit, station, request, at)
    return _ANSWER
