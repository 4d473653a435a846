"""Messages in quarantine."""

from __future__ import annotations

from datetime import datetime
from hashlib import blake2b
from typing import Any

import msgspec
from sqlalchemy import insert, update

from voltline.central.domain.quarantine import QuarantineReason
from voltline.central.domain.stations import StationKey
from voltline.central.storage.schema import quarantine
from voltline.central.storage.scope import Scope
from voltline.messages import Request, action_of


class SqlQuarantine:
    """See `services.ports.Quarantine`."""

    def __init__(self, scope: Scope) -> None:
        self._scope = scope

    def put(
        self, station: StationKey, request: Request[Any], reason: QuarantineReason, received_at: datetime
    ) -> None:
        action = action_of(request).name
        payload = msgspec.json.encode(request)
        fingerprint = blake2b(payload, digest_size=16).hexdigest()
        table, connection = quarantine.c, self._scope.connection
        counted = connection.execute(
            update(quarantine)
            .where(table.station_id == station, table.action == action, table.fingerprint == fingerprint)
            .values(times=table.times + 1, last_received_at=received_at)
        )
        if counted.rowcount == 0:
            connection.execute(
                insert(quarantine).values(
                    station_id=station,
                    action=action,
                    payload=payload.decode(),
                    fingerprint=fingerprint,
                    reason=reason,
                    received_at=received_at,
                    last_received_at=received_at,
                    times=1,
                )
            )
