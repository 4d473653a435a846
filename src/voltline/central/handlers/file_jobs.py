"""How far firmware updates and uploads are (S 4.4, 4.5; security whitepaper L01, N01)."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import datetime

from voltline.central.domain.file_jobs import FileJobKind
from voltline.central.domain.stations import StationKey
from voltline.central.handlers.desk import Desk, Visit
from voltline.central.services import file_jobs
from voltline.central.services.optional import present
from voltline.central.services.ports import UnitOfWork
from voltline.messages import (
    DiagnosticsStatusNotification,
    DiagnosticsStatusNotificationResponse,
    FirmwareStatusNotification,
    FirmwareStatusNotificationResponse,
    LogStatusNotification,
    LogStatusNotificationResponse,
    Response,
    SignedFirmwareStatusNotification,
    SignedFirmwareStatusNotificationResponse,
)


def firmware_status(
    desk: Desk, visit: Visit, request: FirmwareStatusNotification, at: datetime
) -> asyncio.Future[Response]:
    """Move the update that goes on, then answer (FWU-12)."""
    answer = FirmwareStatusNotificationResponse()
    return desk.writer.submit(
        _report, visit.key, file_jobs.PLAIN_FIRMWARE, str(request.status), None, at, answer
    )


def signed_firmware_status(
    desk: Desk, visit: Visit, request: SignedFirmwareStatusNotification, at: datetime
) -> asyncio.Future[Response]:
    """Move the update with this requestId, then answer."""
    answer = SignedFirmwareStatusNotificationResponse()
    number = present(request.request_id)
    return desk.writer.submit(
        _report, visit.key, file_jobs.SIGNED_FIRMWARE, str(request.status), number, at, answer
    )


def diagnostics_status(
    desk: Desk, visit: Visit, request: DiagnosticsStatusNotification, at: datetime
) -> asyncio.Future[Response]:
    """Move the upload that goes on, then answer (DGN-06)."""
    answer = DiagnosticsStatusNotificationResponse()
    return desk.writer.submit(
        _report, visit.key, file_jobs.DIAGNOSTICS, str(request.status), None, at, answer
    )


def log_status(
    desk: Desk, visit: Visit, request: LogStatusNotification, at: datetime
) -> asyncio.Future[Response]:
    """Move the upload with this requestId, then answer."""
    answer = LogStatusNotificationResponse()
    number = present(request.request_id)
    return desk.writer.submit(_report, visit.key, file_jobs.LOGS, str(request.status), number, at, answer)


def _report(
    unit: UnitOfWork,
    station: StationKey,
    kinds: Sequence[FileJobKind],
    status: str,
    request_id: int | None,
    at: datetime,
    answer: Response,
) -> Response:
    file_jobs.report(unit, station, kinds, status, request_id, at)
    return answer
