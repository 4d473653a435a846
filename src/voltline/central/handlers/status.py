"""A connector, or the charge point as connector 0, says how it is (S 4.9)."""

from __future__ import annotations

import asyncio
from datetime import datetime

from voltline.central.domain.stations import StationKey
from voltline.central.handlers.desk import Desk, Visit
from voltline.central.services import status
from voltline.central.services.ports import UnitOfWork
from voltline.messages import StatusNotification, StatusNotificationResponse

_ANSWER = StatusNotificationResponse()


def status_notification(
    desk: Desk, visit: Visit, request: StatusNotification, at: datetime
) -> asyncio.Future[StatusNotificationResponse]:
    """Keep it, then answer (STN-15)."""
    return desk.writer.submit(_report, visit.key, request, at)


def _report(
    unit: UnitOfWork, station: StationKey, request: StatusNotification, at: datetime
) -> StatusNotificationResponse:
    status.report(unit, station, request, at)
    return _ANSWER
