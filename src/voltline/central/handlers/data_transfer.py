"""Messages of a vendor's own (S 4.3)."""

from __future__ import annotations

import asyncio
from datetime import datetime

from voltline.central.handlers.desk import Desk, Visit
from voltline.central.services import data_transfer as data_transfers
from voltline.messages import DataTransfer, DataTransferResponse


def data_transfer(
    desk: Desk, visit: Visit, request: DataTransfer, at: datetime
) -> asyncio.Future[DataTransferResponse]:
    """Keep it, then answer what the service decides."""
    return desk.writer.submit(data_transfers.receive, visit.key, request, at)
