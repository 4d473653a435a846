"""Deviations, read."""

from __future__ import annotations

from sqlalchemy import select

from voltline.central.domain.deviations import Deviating
from voltline.central.domain.stations import StationKey
from voltline.central.storage.deviations import deviating_of
from voltline.central.storage.queries.base import Reads
from voltline.central.storage.schema.events import deviations


class DeviationReads(Reads):
    """See `services.ports.deviations.DeviationQueries`."""

    def deviations(self, station: StationKey, /) -> tuple[Deviating, ...]:
        table = deviations.c
        wanted = (
            select(deviations)
            .where(table.station_id == station)
            .order_by(table.last_at.desc(), table.id.desc())
        )
        with self._reading() as connection:
            return tuple(deviating_of(row) for row in connection.execute(wanted))
