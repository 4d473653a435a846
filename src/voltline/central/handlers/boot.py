"""A charge point has started (S 4.2), and is still there (S 4.6)."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable
from datetime import datetime

from voltline.central.domain.stations import Registered
from voltline.central.handlers.desk import Desk, Visit
from voltline.central.services import stations
from voltline.central.services.optional import present
from voltline.messages import (
    BootNotification,
    BootNotificationResponse,
    Heartbeat,
    HeartbeatResponse,
    RegistrationStatus,
)

log = logging.getLogger(__name__)


def boot_notification(
    desk: Desk, visit: Visit, request: BootNotification, at: datetime
) -> Awaitable[BootNotificationResponse]:
    """Tell it whether it may work (BOO-03)."""
    return _registered(
        desk,
        visit,
        request,
        desk.writer.submit(stations.boot, visit.key, request, at, desk.registration),
    )


async def _registered(
    desk: Desk, visit: Visit, request: BootNotification, decided: asyncio.Future[Registered]
) -> BootNotificationResponse:
    registered = await decided
    visit.registration = registered.status
    visit.boot_accepted = visit.accepted
    visit.quirks = desk.quirks.of(
        visit.identity,
        request.charge_point_vendor,
        request.charge_point_model,
        present(request.firmware_version),
    )
    log.info(
        "%s booted: %s %s, firmware %s: %s",
        visit.identity,
        request.charge_point_vendor,
        request.charge_point_model,
        request.firmware_version or "not told",
        registered.status,
    )
    if visit.accepted:
        desk.accepted(visit.identity)
    return BootNotificationResponse(
        status=RegistrationStatus(registered.status),
        current_time=desk.now(),  # of the answer, by which the charge point sets its clock
        interval=registered.interval_s,
    )


def heartbeat(desk: Desk, visit: Visit, request: Heartbeat, at: datetime) -> HeartbeatResponse:
    """Tell it the time. That it was heard is known without a row for each."""
    return HeartbeatResponse(current_time=at)
