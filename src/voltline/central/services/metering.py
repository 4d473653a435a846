"""Meter values are kept (S 4.7)."""

from __future__ import annotations

from datetime import datetime

from voltline.central.domain.stations import StationKey
from voltline.central.services.ports import UnitOfWork
from voltline.messages import UNSET, MeterValues


def record(unit: UnitOfWork, station: StationKey, request: MeterValues, received_at: datetime) -> None:
    """Keep what the meter says, whatever it says (MTV-31, QUE-12).

    The values belong to a transaction if the id they carry is one of this station's; with another id,
    or none, they are kept as the connector's.
    """
    sent = request.transaction_id
    if sent is UNSET:
        unit.meter_values.add(station, request.connector_id, None, None, request.meter_value, received_at)
        return
    owned = sent > 0 and unit.transactions.owner(sent) == station
    unit.meter_values.add(
        station, request.connector_id, sent, sent if owned else None, request.meter_value, received_at
    )
