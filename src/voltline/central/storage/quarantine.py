"""Messages in quarantine, and repairs."""

from __future__ import annotations

from datetime import datetime
from hashlib import blake2b
from typing import Any

import msgspec
from sqlalchemy import insert, literal_column, select, update

from voltline.central.domain.quarantine import Quarantined, QuarantineReason, QuarantineState
from voltline.central.domain.repairs import Change, state_json
from voltline.central.domain.stations import StationKey
from voltline.central.storage.schema import quarantine, repairs, stations
from voltline.central.storage.scope import Scope
from voltline.messages import Request, action_of

_LOOKED_AT = 50
"""Open messages of a charge point that are looked at when a start may explain them, newest first."""

quarantine_selected = select(
    quarantine.c.id,
    stations.c.identity,
    quarantine.c.action,
    quarantine.c.payload,
    quarantine.c.reason,
    quarantine.c.received_at,
    quarantine.c.last_received_at,
    quarantine.c.times,
    quarantine.c.state,
    quarantine.c.transaction_id,
    quarantine.c.settled_at,
).join_from(quarantine, stations)


def quarantined_of(row: Any) -> Quarantined:
    """A row of `quarantine_selected` as a record."""
    values = dict(row._mapping)
    values["reason"] = QuarantineReason(values["reason"])
    values["state"] = QuarantineState(values["state"])
    return Quarantined(**values)


class SqlQuarantine:
    """See `services.ports.Quarantine`."""

    def __init__(self, scope: Scope) -> None:
        self._scope = scope

    def put(
        self, station: StationKey, request: Request[Any], reason: QuarantineReason, received_at: datetime
    ) -> bool:
        action = action_of(request).name
        payload = msgspec.json.encode(request)
        fingerprint = blake2b(payload, digest_size=16).hexdigest()
        table, connection = quarantine.c, self._scope.connection
        counted = connection.execute(
            update(quarantine)
            .where(table.station_id == station, table.action == action, table.fingerprint == fingerprint)
            .values(times=table.times + 1, last_received_at=received_at)
        )
        if counted.rowcount:
            return False
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
        return True

    def get(self, quarantine_id: int) -> tuple[StationKey, Quarantined] | None:
        wanted = quarantine_selected.add_columns(quarantine.c.station_id)
        row = self._scope.connection.execute(wanted.where(quarantine.c.id == quarantine_id)).first()
        if row is None:
            return None
        values = dict(row._mapping)
        station = StationKey(values.pop("station_id"))
        values["reason"] = QuarantineReason(values["reason"])
        values["state"] = QuarantineState(values["state"])
        return station, Quarantined(**values)

    def open(self, station: StationKey, action: str) -> tuple[Quarantined, ...]:
        table = quarantine.c
        rows = self._scope.connection.execute(
            quarantine_selected.where(
                table.station_id == station,
                table.action == action,
                table.state == _literal(QuarantineState.OPEN),
            )
            .order_by(table.id.desc())
            .limit(_LOOKED_AT)
        )
        return tuple(quarantined_of(row) for row in rows)

    def settle(
        self, quarantine_id: int, state: QuarantineState, transaction_id: int | None, at: datetime
    ) -> None:
        self._scope.connection.execute(
            update(quarantine)
            .where(quarantine.c.id == quarantine_id)
            .values(state=state, transaction_id=transaction_id, settled_at=at)
        )


class SqlRepairs:
    """See `services.ports.Repairs`."""

    def __init__(self, scope: Scope) -> None:
        self._scope = scope

    def add(self, change: Change, at: datetime) -> int:
        transaction = change.after[0] or change.before[0]
        quarantined = change.after[1] or change.before[1]
        result = self._scope.connection.execute(
            insert(repairs).values(
                station_id=change.station,
                at=at,
                who=change.who,
                kind=change.kind,
                transaction_id=None if transaction is None else transaction.id,
                quarantine_id=None if quarantined is None else quarantined.id,
                note=change.note,
                state_before=state_json(change.before),
                state_after=state_json(change.after),
            )
        )
        assert result.inserted_primary_key is not None
        repair_id: int = result.inserted_primary_key[0]
        return repair_id


def _literal(word: str) -> Any:
    """In the statement itself, so that a database sees that a partial index serves it."""
    return literal_column(f"'{word}'")
