"""Reservations: what use cases need from storage, and what may be asked of it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from voltline.central.domain.reservations import NewReservation, Reservation, ReservationFilter
from voltline.central.domain.stations import StationKey

EVERY_RESERVATION = ReservationFilter()


class Reservations(Protocol):
    def add(
        self, station: StationKey, new: NewReservation, at: datetime, reservation_id: int | None = None
    ) -> Reservation:
        """A pending one. Without `reservation_id` it is given one that the charge point was never told."""
        ...

    def get(self, id: int) -> Reservation | None: ...

    def find(self, station: StationKey, reservation_id: int) -> Reservation | None:
        """The newest that this charge point was told by this id."""
        ...

    def active(self, station: StationKey) -> Sequence[Reservation]:
        """Oldest first."""
        ...

    def put(self, reservation: Reservation) -> None:
        """What can change of it: state, reason, transaction, what it is for, its end."""
        ...

    def due(self, at: datetime, limit: int) -> Sequence[Reservation]:
        """Active ones whose time is over."""
        ...


class ReservationQueries(Protocol):
    """The reading side; see `Queries`."""

    def reservations(
        self,
        *,
        only: ReservationFilter = EVERY_RESERVATION,
        before: int | None = None,
        limit: int = 100,
    ) -> tuple[Reservation, ...]:
        """Newest first; `before` is the id at which the last page ended."""
        ...

    def reservation(self, id: int) -> Reservation | None: ...
