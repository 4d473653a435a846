"""Charging profiles and limits, read."""

from __future__ import annotations

from sqlalchemy import select

from voltline.central.domain.charging_profiles import ChargingLimit, InstalledProfile, ProfileFilter
from voltline.central.domain.stations import StationKey
from voltline.central.services.ports.charging_profiles import INSTALLED
from voltline.central.storage.charging_profiles import is_installed, limit_of, profile_of, selected
from voltline.central.storage.queries.base import Reads
from voltline.central.storage.schema.charging_profiles import charging_limits, charging_profiles

_LARGEST = 2**63 - 1


class ChargingProfileReads(Reads):
    """See `services.ports.charging_profiles.ChargingProfileQueries`."""

    def charging_profiles(
        self,
        station: StationKey,
        *,
        only: ProfileFilter = INSTALLED,
        before: int | None = None,
        limit: int = 100,
    ) -> tuple[InstalledProfile, ...]:
        table = charging_profiles.c
        wanted = selected.where(table.station_id == station).order_by(table.id.desc()).limit(limit)
        if only.connector_id is not None:
            if abs(only.connector_id) > _LARGEST:
                return ()
            wanted = wanted.where(table.connector_id == only.connector_id)
        if only.purpose is not None:
            wanted = wanted.where(table.purpose == only.purpose)
        if only.installed is not None:
            wanted = wanted.where(is_installed if only.installed else ~is_installed)
        if before is not None:
            wanted = wanted.where(table.id < before)
        with self._reading() as connection:
            return tuple(profile_of(row) for row in connection.execute(wanted))

    def charging_profile(self, station: StationKey, id: int) -> InstalledProfile | None:
        if not 0 < id <= _LARGEST:
            return None
        table = charging_profiles.c
        wanted = selected.where(table.station_id == station, table.id == id)
        with self._reading() as connection:
            row = connection.execute(wanted).first()
        return None if row is None else profile_of(row)

    def charging_limits(self, station: StationKey) -> tuple[ChargingLimit, ...]:
        table = charging_limits.c
        wanted = select(charging_limits).where(table.station_id == station).order_by(table.connector_id)
        with self._reading() as connection:
            return tuple(limit_of(row) for row in connection.execute(wanted))
