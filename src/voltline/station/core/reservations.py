"""Connectors kept for somebody (OCPP 1.6, 3.11, 5.1 and 5.13).

The reservation of one connector shows as its status Reserved. That of connector 0 shows nowhere: it only
keeps others from taking the last connector that is free.
"""

from datetime import datetime, timedelta

from voltline.messages import UNSET, ReservationStatus, ReserveNow
from voltline.messages import ChargePointStatus as Status
from voltline.station.core.bench import Bench
from voltline.station.core.connectors import Connector, Connectors, Permission, Reservation
from voltline.station.core.intents import Matter
from voltline.station.core.status import Cause
from voltline.station.core.timers import Timer
from voltline.station.core.transactions import Transactions

RECORD = "reservations"


class Reservations:
    """All that hold, by their number; they survive resets and losses of power."""

    def __init__(self, bench: Bench, connectors: Connectors, transactions: Transactions) -> None:
        self._bench = bench
        self._connectors = connectors
        self._transactions = transactions
        kept = bench.memory.recall(RECORD, list[Reservation]) or []
        self._all = {one.number: one for one in kept if one.connector_id in connectors}
        for reservation in self._all.values():
            if reservation.connector_id:
                connectors.outlet(reservation.connector_id).reservation = reservation

    def __len__(self) -> int:
        return len(self._all)

    # ---- what the central system asks for

    def reserve(self, request: ReserveNow) -> ReservationStatus:
        """Make a reservation, or replace the one of the same number; refused, it leaves that one alone."""
        wanted = Reservation(
            request.reservation_id,
            request.connector_id,
            request.id_tag,
            None if request.parent_id_tag is UNSET else request.parent_id_tag,
            request.expiry_date,
        )
        replaced = self._all.get(wanted.number)
        refusal = self._refusal(wanted, replaced)
        if refusal is not None:
            return refusal
        if replaced is not None and replaced.connector_id != wanted.connector_id:
            self._end(replaced, "replaced")
        self._all[wanted.number] = wanted
        if wanted.connector_id:
            connector = self._connectors.outlet(wanted.connector_id)
            connector.reservation = wanted
            self._connectors.move(connector, Cause.RESERVED)
        self._keep()
        where = "" if wanted.connector_id else " of any connector"
        until = wanted.expires_at.isoformat(timespec="seconds")
        text = f"reservation {wanted.number}{where} for tag {wanted.id_tag} until {until}"
        self._bench.tell(Matter.AUTHORIZATION, text, wanted.connector_id)
        return ReservationStatus.ACCEPTED

    def cancel(self, number: int) -> bool:
        """Give up a reservation; False if there is none of this number."""
        reservation = self._all.get(number)
        if reservation is None:
            return False
        self._end(reservation, "cancelled")
        return True

    def _refusal(self, wanted: Reservation, replaced: Reservation | None) -> ReservationStatus | None:
        """Why not (OCPP 1.6, 5.13; 7.40); None if it can be made. The one it replaces is not in its way."""
        configuration = self._bench.configuration
        anywhere = wanted.connector_id == 0
        if (
            wanted.connector_id not in self._connectors
            or not configuration.flag("ReservationEnabled")
            or (anywhere and not configuration.flag("ReserveConnectorZeroSupported"))
            or wanted.expires_at <= self._bench.timestamp
        ):
            return ReservationStatus.REJECTED
        main, outlets = self._connectors.main, self._connectors.outlets
        chosen = outlets if anywhere else (self._connectors.outlet(wanted.connector_id),)
        if main.is_blocked or all(one.is_blocked for one in chosen):
            return ReservationStatus.FAULTED
        if main.withdrawn or not any(one.is_in_service for one in chosen):
            return ReservationStatus.UNAVAILABLE
        free = [one for one in outlets if _is_free(one, replaced)]
        promised = sum(one.connector_id == 0 and one is not replaced for one in self._all.values())
        if len(free) <= promised or not any(one in free for one in chosen):
            return ReservationStatus.OCCUPIED
        return None

    # ---- whom they let in

    def admits(
        self, connector: Connector, permission: Permission, spare: int, *, group_known: bool = True
    ) -> bool:
        """Whether this driver may have the connector, as far as reservations have a say.

        `spare` is how many other connectors are left for the next driver. `group_known` False: the tag is
        still to be judged, and may turn out to belong to a group.
        """

        def lets_in(reservation: Reservation) -> bool:
            undecided = not group_known and reservation.parent_id_tag is not None
            return undecided or reservation.is_for(permission)

        if connector.reservation is not None:
            return lets_in(connector.reservation)
        anywhere = [one for one in self._all.values() if one.connector_id == 0]
        return spare >= len(anywhere) or any(lets_in(one) for one in anywhere)

    def ask_for_group(self, id_tag: str) -> bool:
        """Whether the group that the tag belongs to could let it in (OCPP 1.6, 5.13)."""
        holder = Permission(id_tag)
        return any(one.parent_id_tag is not None and not one.is_for(holder) for one in self._all.values())

    def used(self, connector: Connector, permission: Permission) -> int | None:
        """The number of the reservation that a transaction ends by beginning, if it ends one."""
        own = connector.reservation
        anywhere = (one for one in self._all.values() if one.connector_id == 0)
        used = own if own is not None else next((one for one in anywhere if one.is_for(permission)), None)
        if used is None:
            return None
        self._drop(used)
        return used.number

    # ---- their end

    def review(self) -> None:
        """End those whose time is over, or whose connector can serve nobody; wait for the next one's time."""
        if not self._all:
            return
        now = self._bench.timestamp
        for reservation in tuple(self._all.values()):
            why = self._why_over(reservation, now)
            if why is not None:
                self._end(reservation, why)
        if self._all:
            left = min(one.expires_at for one in self._all.values()) - now
            self._bench.wait(Timer.RESERVATION, max(left, timedelta()).total_seconds())

    def _why_over(self, reservation: Reservation, now: datetime) -> str | None:
        if reservation.expires_at <= now:
            return "expired"
        concerned = (self._connectors.main, self._connectors.any(reservation.connector_id))
        if any(one.is_blocked for one in concerned):
            return "ended by a fault"
        return "ended, out of service" if any(one.withdrawn for one in concerned) else None

    def _end(self, reservation: Reservation, why: str) -> None:
        self._drop(reservation)
        text = f"reservation {reservation.number} {why}"
        self._bench.tell(Matter.AUTHORIZATION, text, reservation.connector_id)
        connector = self._connectors.any(reservation.connector_id)
        if connector.status == Status.RESERVED:
            self._transactions.free(connector)
            if connector.vehicle:
                self._transactions.prepare(connector)

    def _drop(self, reservation: Reservation) -> None:
        del self._all[reservation.number]
        if reservation.connector_id:
            self._connectors.outlet(reservation.connector_id).reservation = None
        if not self._all:
            self._bench.timers.cancel(Timer.RESERVATION)
        self._keep()

    def _keep(self) -> None:
        self._bench.memory.keep(RECORD, list(self._all.values()) or None)


def _is_free(connector: Connector, replaced: Reservation | None) -> bool:
    if not connector.is_in_service or connector.withdrawal_scheduled:
        return False
    own = connector.status == Status.RESERVED and connector.reservation is replaced
    return own or connector.status == Status.AVAILABLE
