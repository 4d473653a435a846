"""Connectors say how they are (S 4.9)."""

from __future__ import annotations

from datetime import datetime

from msgspec.structs import replace

from voltline.base.ids import folded
from voltline.central.domain.configuration import count_of
from voltline.central.domain.events import ConnectorReported, EventKind
from voltline.central.domain.stations import StationKey
from voltline.central.domain.status import ConnectorState
from voltline.central.services import reservations
from voltline.central.services.optional import present
from voltline.central.services.ports import UnitOfWork
from voltline.messages import StatusNotification

_MOST_CONNECTORS = 100


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


def report_all(
    unit: UnitOfWork, station: StationKey, notification: StatusNotification, received_at: datetime
) -> None:
    """A charge point that reports connector 0 only, and means its connectors (quirk)."""
    report(unit, station, notification, received_at)
    for connector_id in connectors_of(unit, station):
        report(unit, station, replace(notification, connector_id=connector_id), received_at)


def connectors_of(unit: UnitOfWork, station: StationKey) -> list[int]:
    """The numbers of its connectors, by NumberOfConnectors, else as far as it reported any; one at least."""
    known = unit.configuration.known(station).get(folded("NumberOfConnectors"))
    count = count_of(known.value) if known is not None else None
    if count is None or not 0 < count <= _MOST_CONNECTORS:
        count = 0
        while count < _MOST_CONNECTORS and unit.connectors.status(station, count + 1) is not None:
            count += 1
    return list(range(1, max(count, 1) + 1))
