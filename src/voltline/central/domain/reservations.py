"""Reservations: a connector is kept for an id tag until a time (S 5.1, 5.13)."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from msgspec import Struct

from voltline.central.domain.authorization import tag_key
from voltline.central.domain.stations import StationKey

ENDING_STATUSES = frozenset({"Faulted", "Unavailable"})
"""A connector that becomes so gives up its reservation (RSV-14)."""


class ReservationState(StrEnum):
    PENDING = "pending"
    """Sent, and not answered so far as is known."""
    ACCEPTED = "accepted"
    USED = "used"
    """A transaction was started on it."""
    EXPIRED = "expired"
    CANCELLED = "cancelled"
    """Given up, by an operator or by the charge point."""
    REJECTED = "rejected"
    """The charge point did not make it; the reason says why."""

    @property
    def active(self) -> bool:
        return self in ACTIVE


ACTIVE = frozenset({ReservationState.PENDING, ReservationState.ACCEPTED})


class Reservation(Struct, frozen=True, kw_only=True):
    """A reservation as it stands."""

    id: int
    reservation_id: int
    """As the charge point was told. Of two rows of a charge point with the same one the newer holds."""
    station: StationKey
    identity: str
    connector_id: int
    """0: any one of the charge point's."""
    id_tag: str
    parent_id_tag: str | None
    expires_at: datetime
    state: ReservationState
    reason: str | None
    """Why it is in this state, where the state does not say it all."""
    transaction_id: int | None
    """The one that was started on it."""
    created_at: datetime
    changed_at: datetime


class NewReservation(Struct, frozen=True, kw_only=True):
    """What is asked for."""

    connector_id: int
    id_tag: str
    parent_id_tag: str | None
    expires_at: datetime


class ReservationFilter(Struct, frozen=True, kw_only=True):
    """Which reservations; None: whichever."""

    identity: str | None = None
    id_tag: str | None = None
    state: ReservationState | None = None
    active: bool | None = None


class ReservationChanged(Struct, frozen=True, kw_only=True):
    """reservation.changed."""

    id: int
    reservation_id: int
    connector_id: int
    id_tag: str
    expires_at: datetime
    state: str
    reason: str | None
    transaction_id: int | None


def is_used_by(
    reservation: Reservation,
    *,
    sent_id: int | None,
    connector_id: int,
    id_tag: str,
    parent_id_tag: str | None,
) -> bool:
    """Whether a start of this tag on this connector uses the reservation.

    It says so by the reservation's id (RSV-15). One that does not say it uses the reservation all the same
    if it is on the connector, or on any for connector 0, and of the tag or its group (RSV-14).
    """
    if sent_id is not None:
        return sent_id == reservation.reservation_id
    if reservation.connector_id not in (0, connector_id):
        return False
    if tag_key(reservation.id_tag) == tag_key(id_tag):
        return True
    group = reservation.parent_id_tag
    return group is not None and parent_id_tag is not None and tag_key(group) == tag_key(parent_id_tag)
