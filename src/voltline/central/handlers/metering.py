"""What a meter says (S 4.7). Most messages are of this kind."""

from __future__ import annotations

from datetime import datetime

from voltline.base.promise import Promise
from voltline.central.domain.stations import StationKey
from voltline.central.handlers.desk import Desk, Visit
from voltline.central.services import metering
from voltline.central.services.ports import UnitOfWork
from voltline.messages import MeterValues, MeterValuesResponse

_ANSWER = MeterValuesResponse()


def meter_values(
    desk: Desk, visit: Visit, request: MeterValues, at: datetime
) -> Promise[MeterValuesResponse]:
    """Keep them, whatever they say, then answer (MTV-31)."""
    desk.metered(visit.identity, request, at)
    return desk.writer.promise(_record, visit.key, request, at)


def _record(unit: UnitOfWork, station: StationKey, request: MeterValues, at: datetime) -> MeterValuesResponse:
    metering.record(unit, station, request, at)
    return _ANSWER
