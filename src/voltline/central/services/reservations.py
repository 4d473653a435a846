"""Reservations are made, used, cancelled, and run out (S 5.1, 5.13)."""

from __future__ import annotations

from datetime import datetime

from msgspec.structs import replace

from voltline.central.domain.events import EventKind
from voltline.central.domain.reservations import (
    ENDING_STATUSES,
    NewReservation,
    Reservation,
    ReservationChanged,
    ReservationState,
    is_used_by,
)
from voltline.central.domain.stations import StationKey
from voltline.central.domain.transactions import NEAR_FUTURE, Start, believable
from voltline.central.services.optional import present
from voltline.central.services.ports import UnitOfWork
from voltline.messages import (
    CancelReservation,
    CancelReservationResponse,
    CancelReservationStatus,
    ReservationStatus,
    ReserveNow,
    ReserveNowResponse,
)


def make(unit: UnitOfWork, station: StationKey, new: NewReservation, at: datetime) -> Reservation:
    """A pending reservation with an id of its own; the charge point has to be told."""
    made = unit.reservations.add(station, new, at)
    _tell(unit, made, at)
    return made


def answered(
    unit: UnitOfWork, station: StationKey, request: ReserveNow, answer: ReserveNowResponse, at: datetime
) -> None:
    """Keep what the charge point said, whoever asked. An id that it knows is given a new meaning (RSV-03)."""
    accepted = answer.status == ReservationStatus.ACCEPTED
    new = NewReservation(
        connector_id=request.connector_id,
        id_tag=request.id_tag,
        parent_id_tag=present(request.parent_id_tag),
        expires_at=request.expiry_date,
    )
    known = unit.reservations.find(station, request.reservation_id)
    if known is not None and known.state is ReservationState.ACCEPTED and not accepted:
        return  # what was reserved before stays as it was
    if known is not None and known.state is ReservationState.USED and _same(known, new):
        return  # the start on it was received before this answer was looked at
    if known is None or not known.state.active:
        if abs(request.reservation_id) >= 2**63:
            return
        known = unit.reservations.add(station, new, at, request.reservation_id)
    now = replace(
        known,
        connector_id=new.connector_id,
        id_tag=new.id_tag,
        parent_id_tag=new.parent_id_tag,
        expires_at=new.expires_at,
        state=ReservationState.ACCEPTED if accepted else ReservationState.REJECTED,
        reason=None if accepted else str(answer.status),
    )
    _put(unit, now, at)


def not_answered(unit: UnitOfWork, id: int, reason: str, refused: bool, at: datetime) -> Reservation | None:
    """There was an error (`refused`), or no answer: then nobody knows whether the connector is kept."""
    known = unit.reservations.get(id)
    if known is None or known.state is not ReservationState.PENDING:
        return known
    state = ReservationState.REJECTED if refused else ReservationState.PENDING
    return _put(unit, replace(known, state=state, reason=reason), at)


def get(unit: UnitOfWork, id: int) -> Reservation | None:
    """As it stands."""
    return unit.reservations.get(id)


def cancel_answered(
    unit: UnitOfWork,
    station: StationKey,
    request: CancelReservation,
    answer: CancelReservationResponse,
    at: datetime,
) -> None:
    """It is cancelled. Rejected means that the charge point knows no such reservation (RSV-19)."""
    known = unit.reservations.find(station, request.reservation_id)
    if known is None or known.state in (ReservationState.USED, ReservationState.CANCELLED):
        return
    if answer.status == CancelReservationStatus.ACCEPTED:
        _put(unit, replace(known, state=ReservationState.CANCELLED, reason=None), at)
    elif known.state.active:
        reason = "the charge point does not know it any more"
        _put(unit, replace(known, state=ReservationState.CANCELLED, reason=reason), at)


def used(
    unit: UnitOfWork,
    station: StationKey,
    start: Start,
    transaction_id: int,
    parent_id_tag: str | None,
    at: datetime,
) -> None:
    """A transaction began: the reservation that it was started on is used (RSV-14, RSV-15).

    One that was over already is used as well: a start may arrive hours late.
    """
    began_at = believable(start.started_at, at)
    if start.reservation_id is not None:
        known = unit.reservations.find(station, start.reservation_id)
        found = [] if known is None or known.state is ReservationState.USED else [known]
    else:
        found = [
            one
            for one in unit.reservations.active(station)
            if one.created_at <= began_at + NEAR_FUTURE
            and is_used_by(
                one,
                sent_id=None,
                connector_id=start.connector_id,
                id_tag=start.id_tag,
                parent_id_tag=parent_id_tag,
            )
        ][:1]
    for one in found:
        now = replace(one, state=ReservationState.USED, reason=None, transaction_id=transaction_id)
        _put(unit, now, at)


def connector_reported(
    unit: UnitOfWork, station: StationKey, connector_id: int, status: str, at: datetime
) -> None:
    """A connector, or the whole charge point as 0, that is Faulted or Unavailable keeps nothing (RSV-14)."""
    if status not in ENDING_STATUSES:
        return
    for one in unit.reservations.active(station):
        if connector_id in (0, one.connector_id):
            where = f"connector {connector_id}" if connector_id else "the charge point"
            _put(unit, replace(one, state=ReservationState.CANCELLED, reason=f"{where} was {status}"), at)


def expire(unit: UnitOfWork, at: datetime, at_most: int = 500) -> int:
    """End those whose time is over; how many."""
    over = unit.reservations.due(at, at_most)
    for one in over:
        _put(unit, replace(one, state=ReservationState.EXPIRED), at)
    return len(over)


def _same(known: Reservation, new: NewReservation) -> bool:
    return (known.connector_id, known.id_tag, known.expires_at) == (
        new.connector_id,
        new.id_tag,
        new.expires_at,
    )


def _put(unit: UnitOfWork, reservation: Reservation, at: datetime) -> Reservation:
    now = replace(reservation, changed_at=at)
    unit.reservations.put(now)
    _tell(unit, now, at)
    return now


def _tell(unit: UnitOfWork, reservation: Reservation, at: datetime) -> None:
    subject = ReservationChanged(
        id=reservation.id,
        reservation_id=reservation.reservation_id,
        connector_id=reservation.connector_id,
        id_tag=reservation.id_tag,
        expires_at=reservation.expires_at,
        state=reservation.state,
        reason=reservation.reason,
        transaction_id=reservation.transaction_id,
    )
    unit.events.add(EventKind.RESERVATION_CHANGED, reservation.station, subject, at)
