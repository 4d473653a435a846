"""Charging profiles and limits in tables."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import func, insert, select, update

from voltline.central.domain.charging_profiles import (
    ChargingLimit,
    InstalledProfile,
    ProfileEnd,
    ProfileSource,
    Verdict,
    Way,
)
from voltline.central.domain.stations import StationKey
from voltline.central.services.optional import present
from voltline.central.storage.schema import stations
from voltline.central.storage.schema.charging_profiles import charging_limits, charging_profiles
from voltline.central.storage.scope import Scope
from voltline.messages import ChargingProfile, ChargingProfilePurpose, ChargingRateUnit, encode

_LARGEST_PROFILE_ID = 2**31 - 1
_decode_profile = msgspec.json.Decoder(ChargingProfile).decode

selected = select(charging_profiles, stations.c.identity).join_from(charging_profiles, stations)
is_installed = charging_profiles.c.ended_at.is_(None)


def profile_of(row: Any) -> InstalledProfile:
    """A row of `selected` as a record."""
    return InstalledProfile(
        id=row.id,
        station=StationKey(row.station_id),
        identity=row.identity,
        connector_id=row.connector_id,
        profile=_decode_profile(row.profile),
        source=ProfileSource(row.source),
        installed_at=row.installed_at,
        verdict=None if row.verdict is None else Verdict(row.verdict),
        verified_at=row.verified_at,
        ended_at=row.ended_at,
        ended_by=None if row.ended_by is None else ProfileEnd(row.ended_by),
    )


def limit_of(row: Any) -> ChargingLimit:
    """A row of the limits as a record."""
    return ChargingLimit(
        station=StationKey(row.station_id),
        connector_id=row.connector_id,
        value=row.value,
        unit=ChargingRateUnit(row.unit),
        way=Way(
            purpose=ChargingProfilePurpose(row.way_purpose),
            unit=ChargingRateUnit(row.way_unit),
            stack_level=row.way_stack_level,
        ),
        profile_ids=tuple(int(one) for one in row.profile_ids.split(",") if one),
        set_at=row.set_at,
        until=row.until,
        lifted_at=row.lifted_at,
    )


class SqlChargingProfiles:
    """See `services.ports.charging_profiles.ChargingProfiles`."""

    def __init__(self, scope: Scope) -> None:
        self._scope = scope

    def installed(self, station: StationKey) -> Sequence[InstalledProfile]:
        return self._installed(charging_profiles.c.station_id == station)

    def add(
        self,
        station: StationKey,
        connector_id: int,
        profile: ChargingProfile,
        source: ProfileSource,
        at: datetime,
    ) -> int:
        result = self._scope.connection.execute(
            insert(charging_profiles).values(
                station_id=station,
                connector_id=connector_id,
                charging_profile_id=profile.charging_profile_id,
                purpose=profile.charging_profile_purpose,
                stack_level=profile.stack_level,
                transaction_id=present(profile.transaction_id),
                profile=encode(profile).decode(),
                source=source,
                installed_at=at,
            )
        )
        assert result.inserted_primary_key is not None
        return int(result.inserted_primary_key[0])

    def end(self, ids: Sequence[int], by: ProfileEnd, at: datetime) -> None:
        if ids:
            self._scope.connection.execute(
                update(charging_profiles)
                .where(charging_profiles.c.id.in_(ids), is_installed)
                .values(ended_at=at, ended_by=by)
            )

    def of_transactions(self, station: StationKey) -> Sequence[InstalledProfile]:
        table = charging_profiles.c
        tx = ChargingProfilePurpose.TX_PROFILE
        return self._installed(table.station_id == station, table.purpose == tx)

    def change(self, id: int, connector_id: int, profile: ChargingProfile) -> None:
        self._scope.connection.execute(
            update(charging_profiles)
            .where(charging_profiles.c.id == id)
            .values(
                connector_id=connector_id,
                transaction_id=present(profile.transaction_id),
                profile=encode(profile).decode(),
            )
        )

    def verified(self, station: StationKey, connector_id: int, verdict: Verdict, at: datetime) -> None:
        table = charging_profiles.c
        self._scope.connection.execute(
            update(charging_profiles)
            .where(table.station_id == station, table.connector_id == connector_id, is_installed)
            .values(verdict=verdict, verified_at=at)
        )

    def next_profile_id(self, station: StationKey) -> int:
        table = charging_profiles.c
        mine = table.station_id == station, table.charging_profile_id.between(1, _LARGEST_PROFILE_ID)
        run = self._scope.connection.execute
        highest = run(select(func.max(table.charging_profile_id)).where(*mine)).scalar() or 0
        if highest < _LARGEST_PROFILE_ID:
            return int(highest) + 1
        used = set(run(select(table.charging_profile_id).where(*mine)).scalars())
        return next(one for one in range(1, _LARGEST_PROFILE_ID) if one not in used)

    def limit(self, station: StationKey, connector_id: int) -> ChargingLimit | None:
        table = charging_limits.c
        mine = table.station_id == station, table.connector_id == connector_id
        row = self._scope.connection.execute(select(charging_limits).where(*mine)).first()
        return None if row is None else limit_of(row)

    def put_limit(self, limit: ChargingLimit) -> None:
        table = charging_limits.c
        values = {
            "value": limit.value,
            "unit": limit.unit,
            "way_purpose": limit.way.purpose,
            "way_unit": limit.way.unit,
            "way_stack_level": limit.way.stack_level,
            "profile_ids": ",".join(map(str, limit.profile_ids)),
            "set_at": limit.set_at,
            "until": limit.until,
            "lifted_at": limit.lifted_at,
        }
        run = self._scope.connection.execute
        mine = table.station_id == limit.station, table.connector_id == limit.connector_id
        if run(update(charging_limits).where(*mine).values(**values)).rowcount == 0:
            keys = {"station_id": limit.station, "connector_id": limit.connector_id}
            run(insert(charging_limits).values(**keys, **values))

    def _installed(self, *conditions: Any) -> Sequence[InstalledProfile]:
        found = selected.where(is_installed, *conditions).order_by(charging_profiles.c.id)
        return [profile_of(row) for row in self._scope.connection.execute(found)]
