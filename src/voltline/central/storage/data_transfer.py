"""DataTransfer messages in a table."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import insert

from voltline.central.domain.stations import StationKey
from voltline.central.services.optional import present
from voltline.central.storage.schema import data_transfers
from voltline.central.storage.scope import Scope
from voltline.messages import DataTransfer


class SqlDataTransfers:
    """See `services.ports.DataTransfers`."""

    def __init__(self, scope: Scope) -> None:
        self._scope = scope

    def add(self, station: StationKey, request: DataTransfer, answered: str, received_at: datetime) -> None:
        self._scope.connection.execute(
            insert(data_transfers).values(
                station_id=station,
                vendor_id=request.vendor_id,
                message_id=present(request.message_id),
                data=present(request.data),
                answered=answered,
                received_at=received_at,
            )
        )
