"""Connectors in tables: what they are, and what they were."""

from __future__ import annotations

import msgspec
from sqlalchemy import insert, select, update

from voltline.central.domain.stations import StationKey
from voltline.central.domain.status import ConnectorState
from voltline.central.storage.schema import connectors, status_history
from voltline.central.storage.scope import Scope


class SqlConnectors:
    """See `services.ports.Connectors`."""

    def __init__(self, scope: Scope) -> None:
        self._scope = scope

    def report(self, station: StationKey, state: ConnectorState) -> None:
        values = msgspec.structs.asdict(state)
        connection = self._scope.connection
        connection.execute(insert(status_history).values(station_id=station, **values))
        changed = connection.execute(
            update(connectors)
            .where(connectors.c.station_id == station, connectors.c.connector_id == state.connector_id)
            .values(**values)
        )
        if changed.rowcount == 0:
            connection.execute(insert(connectors).values(station_id=station, **values))

    def status(self, station: StationKey, connector_id: int) -> str | None:
        found: str | None = self._scope.connection.execute(
            select(connectors.c.status).where(
                connectors.c.station_id == station, connectors.c.connector_id == connector_id
            )
        ).scalar()
        return found
