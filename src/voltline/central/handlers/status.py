"""A connector, or the charge point as connector 0, says how it is (S 4.9)."""

from __future__ import annotations

import asyncio
from datetime import datetime

from voltline.central.domain.stations import StationKey
from voltline.central.handlers.desk import Desk, Visit
from voltline.central.services import status
from voltline.central.services.ports import UnitOfWork
from voltline.messages import StatusNotification, StatusNotificationResponse
from voltline.quirks import Facts

_ANSWER = StatusNotificationResponse()


def status_notification(
    desk: Desk, visit: Visit, request: StatusNotification, at: datetime
) -> asyncio.Future[StatusNotificationResponse]:
    """Keep it, then answer (STN-15)."""
    if request.connector_id == 0 and visit.quirks and visit.quirks.having(_only_connector_0):
        return desk.writer.submit(_report_all, visit.key, request, at)
    return desk.writer.submit(_report, visit.key, request, at)


def _only_connector_0(facts: Facts) -> bool:
    return facts.reports_only_connector_0


def _report_all(
    unit: UnitOfWork, station: StationKey, request: StatusNotification, at: datetime
) -> StatusNotificationResponse:
    status.report_all(unit, station, request, at)
    return _ANSWER


def _report(
    unit: UnitOfWork, station: StationKey, request: StatusNotification, at: datetime
) -> StatusNotificationResponse:
    status.report(unit, station, request, at)
    return _ANSWER
