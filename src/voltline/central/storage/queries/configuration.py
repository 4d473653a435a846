"""Configuration of charge points, read."""

from __future__ import annotations

from sqlalchemy import select

from voltline.central.domain.configuration import ConfigurationFacts, DesiredKey, KnownKey, PastChange
from voltline.central.domain.stations import StationKey
from voltline.central.storage.configuration import desired_key_of, facts_of, known_key_of
from voltline.central.storage.queries.base import Reads
from voltline.central.storage.schema.configuration import (
    configuration,
    configuration_history,
    desired_configuration,
)


class ConfigurationReads(Reads):
    """See `services.ports.configuration.ConfigurationQueries`."""

    def configuration(self, station: StationKey) -> tuple[KnownKey, ...]:
        table = configuration.c
        wanted = select(configuration).where(table.station_id == station).order_by(table.key_folded)
        with self._reading() as connection:
            return tuple(known_key_of(row) for row in connection.execute(wanted))

    def desired_configuration(self, station: StationKey) -> tuple[DesiredKey, ...]:
        table = desired_configuration.c
        wanted = select(desired_configuration).where(table.station_id == station).order_by(table.key_folded)
        with self._reading() as connection:
            return tuple(desired_key_of(row) for row in connection.execute(wanted))

    def configuration_facts(self, station: StationKey) -> ConfigurationFacts:
        with self._reading() as connection:
            return facts_of(connection, station)

    def configuration_history(
        self, station: StationKey, *, before: int | None = None, limit: int = 100
    ) -> tuple[PastChange, ...]:
        table = configuration_history.c
        wanted = (
            select(configuration_history)
            .where(table.station_id == station)
            .order_by(table.id.desc())
            .limit(limit)
        )
        if before is not None:
            wanted = wanted.where(table.id < before)
        with self._reading() as connection:
            return tuple(
                PastChange(
                    id=row.id,
                    key=row.key,
                    before=row.before,
                    after=row.after,
                    known=row.known,
                    at=row.at,
                )
                for row in connection.execute(wanted)
            )
