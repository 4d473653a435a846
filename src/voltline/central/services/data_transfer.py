"""Messages of a vendor's own (S 4.3)."""

from __future__ import annotations

from datetime import datetime

from voltline.central.domain.stations import StationKey
from voltline.central.services.ports import UnitOfWork
from voltline.messages import DataTransfer, DataTransferResponse, DataTransferStatus


def receive(
    unit: UnitOfWork, station: StationKey, request: DataTransfer, received_at: datetime
) -> DataTransferResponse:
    """Keep it, and say that we know no such vendor (DTR-04): no vendor's messages are understood yet."""
    answer = DataTransferResponse(status=DataTransferStatus.UNKNOWN_VENDOR_ID)
    unit.data_transfers.add(station, request, answer.status, received_at)
    return answer
