"""Reservations, read."""

from __future__ import annotations

from voltline.base.ids import folded
from voltline.central.domain.authorization import tag_key
from voltline.central.domain.reservations import Reservation, ReservationFilter
from voltline.central.services.ports.reservations import EVERY_RESERVATION
from voltline.central.storage.queries.base import Reads
from voltline.central.storage.reservations import is_active, reservation_of, selected
from voltline.central.storage.schema import reservations, stations


class ReservationReads(Reads):
    """See `services.ports.reservations.ReservationQueries`."""

    def reservations(
        self,
        *,
        only: ReservationFilter = EVERY_RESERVATION,
        before: int | None = None,
        limit: int = 100,
    ) -> tuple[Reservation, ...]:
        table = reservations.c
        wanted = selected.order_by(table.id.desc()).limit(limit)
        if only.identity is not None:
            wanted = wanted.where(stations.c.identity_key == folded(only.identity))
        if only.id_tag is not None:
            wanted = wanted.where(table.tag_key == tag_key(only.id_tag))
        if only.state is not None:
            wanted = wanted.where(table.state == only.state)
        if only.active is not None:
            wanted = wanted.where(is_active if only.active else ~is_active)
        if before is not None:
            wanted = wanted.where(table.id < before)
        with self._reading() as connection:
            return tuple(reservation_of(row) for row in connection.execute(wanted))

    def reservation(self, id: int) -> Reservation | None:
        if not 0 < id < 2**31:
            return None
        with self._reading() as connection:
            row = connection.execute(selected.where(reservations.c.id == id)).first()
        return None if row is None else reservation_of(row)
