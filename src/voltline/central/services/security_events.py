"""Security events of charge points are kept and told (security whitepaper, A04)."""

from __future__ import annotations

from datetime import datetime

from voltline.central.domain.events import EventKind
from voltline.central.domain.security_events import CRITICAL, SecurityEventSeen
from voltline.central.domain.stations import StationKey
from voltline.central.services.optional import present
from voltline.central.services.ports import UnitOfWork
from voltline.messages import SecurityEventNotification


def record(
    unit: UnitOfWork, station: StationKey, notification: SecurityEventNotification, at: datetime
) -> None:
    """Keep an event, and tell of it. One that is sent again is counted, not told again."""
    tech_info = present(notification.tech_info)
    if not unit.security_events.add(station, notification.type, tech_info, notification.timestamp, at):
        return
    subject = SecurityEventSeen(
        type=notification.type,
        tech_info=tech_info,
        happened_at=notification.timestamp,
        critical=notification.type in CRITICAL,
    )
    unit.events.add(EventKind.SECURITY_EVENT, station, subject, at)
