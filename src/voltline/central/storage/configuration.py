"""Configuration of charge points in tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import Connection, delete, exists, insert, select, update

from voltline.base.ids import folded
from voltline.central.domain.configuration import (
    Change,
    ConfigurationFacts,
    DesiredKey,
    DesiredState,
    KnownKey,
)
from voltline.central.domain.stations import StationKey
from voltline.central.storage.columns import storable_text
from voltline.central.storage.schema import stations, transactions
from voltline.central.storage.schema.configuration import (
    configuration,
    configuration_facts,
    configuration_history,
    desired_configuration,
)
from voltline.central.storage.scope import Scope


def name_of(key: str) -> str:
    """The folded name as it is stored."""
    return storable_text(folded(key))


def known_key_of(row: Any) -> KnownKey:
    return KnownKey(
        key=row.key, value=row.value, readonly=row.readonly, seen_at=row.seen_at, changed_at=row.changed_at
    )


def desired_key_of(row: Any) -> DesiredKey:
    return DesiredKey(
        key=row.key,
        value=row.value,
        state=DesiredState(row.state),
        reason=row.reason,
        attempts=row.attempts,
        asked_at=row.asked_at,
        tried_at=row.tried_at,
        rebooted_at=row.rebooted_at,
    )


def facts_of(connection: Connection, station: StationKey) -> ConfigurationFacts:
    found = select(configuration_facts).where(configuration_facts.c.station_id == station)
    row = connection.execute(found).first()
    if row is None:
        return ConfigurationFacts()
    return ConfigurationFacts(read_at=row.read_at, problem=row.problem, reboot_when_idle=row.reboot_when_idle)


class SqlConfigurations:
    """See `services.ports.configuration.Configurations`."""

    def __init__(self, scope: Scope) -> None:
        self._scope = scope

    def known(self, station: StationKey) -> Mapping[str, KnownKey]:
        found = select(configuration).where(configuration.c.station_id == station)
        return {row.key_folded: known_key_of(row) for row in self._scope.connection.execute(found)}

    def keep(
        self,
        station: StationKey,
        seen: Sequence[KnownKey],
        changed: Sequence[KnownKey],
        gone: Sequence[str],
        at: datetime,
    ) -> None:
        run = self._scope.connection.execute
        table = configuration.c
        written = {name_of(item.key): item for item in changed}
        replaced = [*written, *gone]
        if replaced:
            run(delete(configuration).where(table.station_id == station, table.key_folded.in_(replaced)))
        if written:
            run(
                insert(configuration),
                [
                    {"station_id": station, "key_folded": name, **msgspec.structs.asdict(item)}
                    for name, item in written.items()
                ],
            )
        same = [name for item in seen if (name := name_of(item.key)) not in written]
        if same:
            mine = table.station_id == station, table.key_folded.in_(same)
            run(update(configuration).where(*mine).values(seen_at=at))

    def remember(self, station: StationKey, changes: Sequence[Change], at: datetime) -> None:
        if changes:
            self._scope.connection.execute(
                insert(configuration_history),
                [{"station_id": station, "at": at, **msgspec.structs.asdict(change)} for change in changes],
            )

    def desired(self, station: StationKey) -> Mapping[str, DesiredKey]:
        table = desired_configuration.c
        found = select(desired_configuration).where(table.station_id == station).order_by(table.key_folded)
        return {row.key_folded: desired_key_of(row) for row in self._scope.connection.execute(found)}

    def put_desired(self, station: StationKey, keys: Sequence[DesiredKey]) -> None:
        if not keys:
            return
        rows = {name_of(key.key): key for key in keys}
        self.drop_desired(station, list(rows))
        self._scope.connection.execute(
            insert(desired_configuration),
            [
                {"station_id": station, "key_folded": name, **msgspec.structs.asdict(key)}
                for name, key in rows.items()
            ],
        )

    def drop_desired(self, station: StationKey, keys: Sequence[str]) -> None:
        if keys:
            table = desired_configuration.c
            mine = table.station_id == station, table.key_folded.in_(list(keys))
            self._scope.connection.execute(delete(desired_configuration).where(*mine))

    def facts(self, station: StationKey) -> ConfigurationFacts:
        return facts_of(self._scope.connection, station)

    def put_facts(self, station: StationKey, facts: ConfigurationFacts) -> None:
        values = msgspec.structs.asdict(facts)
        run = self._scope.connection.execute
        changed = run(
            update(configuration_facts).where(configuration_facts.c.station_id == station).values(**values)
        )
        if changed.rowcount == 0:
            run(insert(configuration_facts).values(station_id=station, **values))

    def is_charging(self, station: StationKey) -> bool:
        running = select(transactions.c.id).where(
            transactions.c.station_id == station, transactions.c.stopped_at.is_(None)
        )
        return self._scope.connection.execute(running.limit(1)).first() is not None

    def idle_reboots(self, limit: int) -> Sequence[str]:
        desired = desired_configuration.c
        charging = exists().where(
            transactions.c.station_id == stations.c.id, transactions.c.stopped_at.is_(None)
        )
        found = (
            select(stations.c.identity)
            .join_from(desired_configuration, stations)
            .join(configuration_facts, configuration_facts.c.station_id == stations.c.id)
            .where(
                desired.state == DesiredState.REBOOT_REQUIRED,
                desired.rebooted_at.is_(None),
                configuration_facts.c.reboot_when_idle.is_(True),
                ~charging,
            )
            .distinct()
            .limit(limit)
        )
        return list(self._scope.connection.execute(found).scalars())
