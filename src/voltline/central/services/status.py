"""Connectors say how they are (S 4.9)."""

from __future__ import annotations

from datetime import datetime

from voltline.central.domain.events import ConnectorReported, EventKind
from voltline.central.domain.stations import StationKey
from voltline.central.domain.status import ConnectorState
from voltline.central.services import reservations
from voltline.central.services.optional import present
from voltline.central.services.ports import UnitOfWork
from voltline.messages import StatusNotification


def report(
    unit: UnitOfWork, station: StationKey, notification: StatusNotification, received_at: datetime
) -> ConnectorState:
    """The connector's state is this from now on; what it was before stays in the history.

    The last one to arrive holds, whatever its timestamp: charge points must keep the order of their
    events (STN-14), and their clocks may be wrong.
    """
    state = ConnectorState(
        connector_id=notification.connector_id,
        status=notification.status,
        error_code=notification.error_code,
        info=present(notification.info),
        vendor_id=present(notification.vendor_id),
        vendor_error_code=present(notification.vendor_error_code),
        since=present(notification.timestamp) or received_at,
        received_at=received_at,
    )
    unit.connectors.report(station, state)
    told = ConnectorReported(
        connector_id=state.connector_id,
        status=state.status,
        error_code=state.error_code,
        info=state.info,
        vendor_error_code=state.vendor_error_code,
        since=state.since,
    )
    reservations.connector_reported(unit, station, state.connector_id, state.status, received_at)
    unit.events.add(EventKind.CONNECTOR_STATUS, station, told, received_at)
    return state
