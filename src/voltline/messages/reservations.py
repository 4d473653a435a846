"""Keeping a connector for someone."""

from typing import Annotated

from msgspec import UNSET, UnsetType

from voltline.messages.action import Request, Response
from voltline.messages.types import Enumeration, IdToken, Timestamp, doc


class ReservationStatus(Enumeration):
    """What became of a reservation. OCPP 1.6, 7.40."""

    ACCEPTED = "Accepted", "The reservation is made."
    FAULTED = "Faulted", "The connectors, or the one asked for, have a fault."
    OCCUPIED = "Occupied", "The connectors, or the one asked for, are in use or reserved."
    REJECTED = "Rejected", "The charge point is set to take no reservations, or none for connector 0."
    UNAVAILABLE = "Unavailable", "The connectors, or the one asked for, are out of service."


class ReserveNowResponse(Response):
    """What became of the reservation. OCPP 1.6, 6.38."""

    status: Annotated[ReservationStatus, doc("Whether the reservation is made.")]


class ReserveNow(Request[ReserveNowResponse]):
    """Keep a connector for an id tag; the same reservationId replaces one. OCPP 1.6, 5.13 and 6.37."""

    connector_id: Annotated[int, doc("The connector, from 1; 0 keeps any one of them free.")]
    expiry_date: Annotated[Timestamp, doc("When the reservation ends.")]
    id_tag: Annotated[IdToken, doc("The id tag to keep it for.")]
    parent_id_tag: Annotated[IdToken, doc("The group that may use it too.")] | UnsetType = UNSET
    reservation_id: Annotated[int, doc("Identifies the reservation.")]


class CancelReservationStatus(Enumeration):
    """Whether a reservation is cancelled. OCPP 1.6, 7.5."""

    ACCEPTED = "Accepted", "The reservation is cancelled."
    REJECTED = "Rejected", "There is no reservation of that id."


class CancelReservationResponse(Response):
    """Whether the reservation is cancelled. OCPP 1.6, 6.6."""

    status: Annotated[CancelReservationStatus, doc("Whether the reservation is cancelled.")]


class CancelReservation(Request[CancelReservationResponse]):
    """Give up a reservation. OCPP 1.6, 5.1 and 6.5."""

    reservation_id: Annotated[int, doc("The reservation to cancel.")]
