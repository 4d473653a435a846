"""Charge points in tables."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, func, insert, select, update

from voltline.base.ids import folded
from voltline.central.domain.stations import Registration, Station, StationKey
from voltline.central.services.optional import present
from voltline.central.storage.metering import SqlMeterValues
from voltline.central.storage.schema import boots, stations
from voltline.central.storage.schema.connectivity import connections
from voltline.central.storage.scope import Scope
from voltline.messages import BootNotification


def station_of(row: Any) -> Station:
    """A row of the table as a record."""
    values = dict(row._mapping)
    del values["identity_key"]
    values["key"] = StationKey(values.pop("id"))
    values["registration"] = Registration(values["registration"])
    return Station(**values)


class SqlStations:
    """See `services.ports.Stations`."""

    def __init__(self, scope: Scope, meter_values: SqlMeterValues) -> None:
        self._scope = scope
        self._meter_values = meter_values

    def find(self, identity: str) -> Station | None:
        found = select(stations).where(stations.c.identity_key == folded(identity))
        row = self._scope.connection.execute(found).first()
        return None if row is None else station_of(row)

    def get(self, station: StationKey) -> Station:
        row = self._scope.connection.execute(select(stations).where(stations.c.id == station)).first()
        if row is None:
            raise LookupError(f"there is no charge point with the key {station}")
        return station_of(row)

    def add(self, identity: str, registration: Registration, at: datetime) -> Station:
        result = self._scope.connection.execute(
            insert(stations).values(
                identity=identity,
                identity_key=folded(identity),
                registration=registration,
                registered_at=at,
            )
        )
        assert result.inserted_primary_key is not None
        return self.get(StationKey(result.inserted_primary_key[0]))

    def restore(self, station: StationKey, identity: str, registration: Registration, at: datetime) -> None:
        self._change(
            station,
            identity=identity,
            registration=registration,
            registered_at=at,
            removed_at=None,
            decided=None,
        )

    def edit(self, station: StationKey, changes: Mapping[str, object]) -> None:
        if changes:
            self._change(station, **changes)

    def set_heartbeat_interval(self, station: StationKey, interval_s: int | None) -> None:
        self._change(station, heartbeat_interval_s=interval_s)

    def opened(self, station: StationKey, remote: str, at: datetime) -> None:
        self._scope.connection.execute(
            insert(connections).values(station_id=station, remote=remote, connected_at=at)
        )

    def closed(self, station: StationKey, at: datetime, reason: str | None) -> None:
        self._scope.connection.execute(
            update(connections)
            .where(connections.c.station_id == station, connections.c.disconnected_at.is_(None))
            .values(disconnected_at=at, reason=reason)
        )

    def close_all(self, reason: str) -> None:
        heard = select(stations.c.last_heard_at).where(stations.c.id == connections.c.station_id)
        at = func.coalesce(heard.scalar_subquery(), connections.c.connected_at)
        self._scope.connection.execute(
            update(connections)
            .where(connections.c.disconnected_at.is_(None))
            .values(disconnected_at=at, reason=reason)
        )

    def register(self, station: StationKey, registration: Registration) -> None:
        self._change(station, registration=registration)

    def connected(self, station: StationKey, at: datetime) -> None:
        # What it sent last and was not told to be stored, it sends again first of all.
        self._meter_values.expect_repeats(station)
        self._change(station, last_connected_at=at, last_heard_at=at)

    def disconnected(self, station: StationKey, at: datetime) -> None:
        self._meter_values.expect_repeats(station)
        self._change(station, last_disconnected_at=at)

    def booted(
        self, station: StationKey, boot: BootNotification, answered: Registration, at: datetime
    ) -> None:
        nameplate = {
            "vendor": boot.charge_point_vendor,
            "model": boot.charge_point_model,
            "charge_point_serial_number": present(boot.charge_point_serial_number),
            "charge_box_serial_number": present(boot.charge_box_serial_number),
            "firmware_version": present(boot.firmware_version),
            "iccid": present(boot.iccid),
            "imsi": present(boot.imsi),
            "meter_type": present(boot.meter_type),
            "meter_serial_number": present(boot.meter_serial_number),
        }
        self._change(station, last_boot_at=at, last_heard_at=at, **nameplate)
        self._scope.connection.execute(
            insert(boots).values(station_id=station, received_at=at, answered=answered, **nameplate)
        )

    def heard(self, latest: Mapping[StationKey, datetime]) -> None:
        if latest:
            self._scope.connection.execute(
                update(stations)
                .where(stations.c.id == bindparam("key"))
                .values(last_heard_at=bindparam("at")),
                [{"key": station, "at": at} for station, at in latest.items()],
            )

    def _change(self, station: StationKey, **values: object) -> None:
        self._scope.connection.execute(update(stations).where(stations.c.id == station).values(**values))
