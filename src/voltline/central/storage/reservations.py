"""Reservations in a table."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import BindParameter, bindparam, insert, select, update

from voltline.central.domain.authorization import tag_key
from voltline.central.domain.reservations import ACTIVE, NewReservation, Reservation, ReservationState
from voltline.central.domain.stations import StationKey
from voltline.central.storage.schema import reservations, stations
from voltline.central.storage.scope import Scope

selected = select(reservations, stations.c.identity).join_from(reservations, stations)
_ACTIVE: BindParameter[list[str]] = bindparam(
    "active", [str(state) for state in sorted(ACTIVE, reverse=True)], expanding=True, literal_execute=True
)
# Written out as the partial indexes have it: with parameters they would not be used.
is_active = reservations.c.state.in_(_ACTIVE)


def reservation_of(row: Any) -> Reservation:
    """A row of `selected` as a record."""
    values = dict(row._mapping)
    del values["tag_key"]
    values["station"] = StationKey(values.pop("station_id"))
    values["state"] = ReservationState(values["state"])
    return Reservation(**values)


class SqlReservations:
    """See `services.ports.reservations.Reservations`."""

    def __init__(self, scope: Scope) -> None:
        self._scope = scope

    def add(
        self, station: StationKey, new: NewReservation, at: datetime, reservation_id: int | None = None
    ) -> Reservation:
        result = self._scope.connection.execute(
            insert(reservations).values(
                station_id=station,
                reservation_id=reservation_id or 0,
                connector_id=new.connector_id,
                id_tag=new.id_tag,
                tag_key=tag_key(new.id_tag),
                parent_id_tag=new.parent_id_tag,
                expires_at=new.expires_at,
                state=ReservationState.PENDING,
                created_at=at,
                changed_at=at,
            )
        )
        assert result.inserted_primary_key is not None
        row_id: int = result.inserted_primary_key[0]
        if reservation_id is None:
            # A command that somebody made himself may have used the number already.
            given = row_id
            while self.find(station, given) is not None:
                given = given + 1_000_000 if given < 2**31 - 1_000_001 else 1 + given % 1_000_000
            self._change(row_id, reservation_id=given)
        kept = self.get(row_id)
        assert kept is not None
        return kept

    def get(self, id: int) -> Reservation | None:
        if not 0 < id < 2**31:
            return None
        return self._first(reservations.c.id == id)

    def find(self, station: StationKey, reservation_id: int) -> Reservation | None:
        if abs(reservation_id) >= 2**63:
            return None
        return self._first(
            reservations.c.station_id == station, reservations.c.reservation_id == reservation_id
        )

    def active(self, station: StationKey) -> Sequence[Reservation]:
        mine = selected.where(reservations.c.station_id == station, is_active).order_by(reservations.c.id)
        return [reservation_of(row) for row in self._scope.connection.execute(mine)]

    def put(self, reservation: Reservation) -> None:
        self._change(
            reservation.id,
            connector_id=reservation.connector_id,
            id_tag=reservation.id_tag,
            tag_key=tag_key(reservation.id_tag),
            parent_id_tag=reservation.parent_id_tag,
            expires_at=reservation.expires_at,
            state=reservation.state,
            reason=reservation.reason,
            transaction_id=reservation.transaction_id,
            changed_at=reservation.changed_at,
        )

    def due(self, at: datetime, limit: int) -> Sequence[Reservation]:
        over = selected.where(is_active, reservations.c.expires_at <= at)
        over = over.order_by(reservations.c.expires_at).limit(limit)
        return [reservation_of(row) for row in self._scope.connection.execute(over)]

    def _first(self, *conditions: Any) -> Reservation | None:
        found = selected.where(*conditions).order_by(reservations.c.id.desc()).limit(1)
        row = self._scope.connection.execute(found).first()
        return None if row is None else reservation_of(row)

    def _change(self, id: int, **values: object) -> None:
        self._scope.connection.execute(update(reservations).where(reservations.c.id == id).values(**values))
