"""Beginning and ending a transaction, and the flow of energy in between (OCPP 1.6, 4.8 and 4.10)."""

from voltline.messages import (
    UNSET,
    AuthorizationStatus,
    ChargePointErrorCode,
    ChargePointStatus,
    Reason,
    StartTransaction,
    StartTransactionResponse,
    StopTransaction,
    StopTransactionResponse,
)
from voltline.station.core.authorization import Authorizer
from voltline.station.core.bench import Bench
from voltline.station.core.connectors import Connector, Connectors, Permission
from voltline.station.core.hardware import Outlet
from voltline.station.core.intents import Energize, Lock, Matter
from voltline.station.core.metering import Metering
from voltline.station.core.outbox import Outbox, TransactionReplies
from voltline.station.core.smart_charging import SmartCharging
from voltline.station.core.status import Cause
from voltline.station.core.timers import Timer
from voltline.station.core.transaction import RunningRecord, Transaction

RUNNING = "running"

ALLOWANCE_GRAIN_S = 1.0
"""How often the register is looked at while a refused tag is still given something."""

ALIVE_S = 60.0
"""How often a station with running transactions notes that it still has power."""


class Transactions(TransactionReplies):
    """The running transactions, each at home in its connector."""

    def __init__(
        self,
        bench: Bench,
        outbox: Outbox,
        connectors: Connectors,
        authorizer: Authorizer,
        smart_charging: SmartCharging,
    ) -> None:
        self._bench = bench
        self._outbox = outbox
        self._connectors = connectors
        self._authorizer = authorizer
        self._smart_charging = smart_charging
        self._number = max(outbox.begun() | outbox.ended(), default=0)
        self.metering = Metering(bench, outbox)
        self._recall()

    def find(self, transaction_id: int) -> Connector | None:
        """The connector on which the transaction runs that the central system knows by this number."""
        for connector in self._connectors.outlets:
            running = connector.transaction
            if running is not None and self._outbox.transaction_id(running.number) == transaction_id:
                return connector
        return None

    def begin(
        self,
        connector: Connector,
        permission: Permission,
        reservation: int | None = None,
        *,
        free_vend: bool = False,
    ) -> None:
        """Start a transaction on a connector whose cable is in.

        `reservation` is the number of the one that it ends. Free vend waits with the energy until the
        central system has said yes, if that can be reached.
        """
        bench = self._bench
        bench.timers.cancel(Timer.CONNECTION_TIMEOUT, connector.id)
        connector.permission = None
        connector.locked_for = None
        self._number += 1
        meter_start_wh = bench.meter.energy_wh(connector.id, bench.now)
        connector.transaction = transaction = Transaction(
            self._number,
            connector.id,
            permission.id_tag,
            permission.parent_id_tag,
            meter_start_wh,
            bench.timestamp,
            bench.now.monotonic,
        )
        transaction.free_vend = free_vend
        transaction.awaited = free_vend and self._authorizer.online
        self.metering.begin(transaction)
        self.remember()
        self._outbox.queue(
            transaction.number,
            StartTransaction(
                connector_id=connector.id,
                id_tag=transaction.id_tag,
                meter_start=meter_start_wh,
                reservation_id=UNSET if reservation is None else reservation,
                timestamp=transaction.started_at,
            ),
        )
        self.set_lock(connector, True)
        self.settle(connector)

    def end(self, connector: Connector, reason: Reason, id_tag: str | None = None, info: str = "") -> None:
        """End the transaction of the connector, if it has one, and see what is left for the driver to do.

        `id_tag` is the tag that was presented for it. The cable stays locked where the rules keep it so.
        """
        transaction = connector.transaction
        if transaction is None:
            return
        bench = self._bench
        data = self.metering.end(transaction)
        self._outbox.queue(
            transaction.number,
            StopTransaction(
                id_tag=UNSET if id_tag is None else id_tag,
                meter_stop=bench.meter.energy_wh(connector.id, bench.now),
                timestamp=transaction.power_lost_at or bench.timestamp,
                transaction_id=0,  # the outbox puts the right one when it leaves
                reason=reason,
                transaction_data=data or UNSET,
            ),
        )
        connector.transaction = None
        self.remember()
        self._energize(connector, False)
        bench.timers.cancel(Timer.ALLOWANCE, connector.id)
        # Nobody holds the tag for all, so nobody could release the cable with it.
        if connector.locked and self._keeps_cable(reason) and not transaction.free_vend:
            connector.locked_for = Permission(transaction.id_tag, transaction.parent_id_tag)
        else:
            self.set_lock(connector, False)
        if connector.occupied:
            self._connectors.move(connector, Cause.USER_MUST_ACT, info)
        else:
            self.free(connector)

    def free(self, connector: Connector) -> None:
        """Nothing is left to do at the connector: free it, or take it out of service as scheduled."""
        connector.permission = None
        connector.locked_for = None
        self._bench.timers.cancel(Timer.CONNECTION_TIMEOUT, connector.id)
        self.set_lock(connector, False)
        if connector.withdrawal_scheduled:
            connector.withdrawal_scheduled = False
            connector.inoperative = True
        if connector.withdrawn:
            if connector.status == ChargePointStatus.PREPARING:
                # The matrix has no way from Preparing to Unavailable: the use ends first (B1, then A8).
                self._connectors.move(connector, Cause.FREED)
            self._connectors.move(connector, Cause.WITHDRAWN)
            return
        reserved = connector.reservation is not None
        if not reserved or connector.status != ChargePointStatus.RESERVED:
            self._connectors.move(connector, Cause.FREED)
        if reserved:
            self._connectors.move(connector, Cause.RESERVED)

    def prepare(self, connector: Connector) -> None:
        """Use begins; what is missing must come within ConnectionTimeOut."""
        self._connectors.move(connector, Cause.USE_BEGINS)
        timeout_s = self._bench.configuration.number("ConnectionTimeOut")
        if timeout_s > 0:
            self._bench.wait(Timer.CONNECTION_TIMEOUT, timeout_s, connector.id)

    def settle(self, connector: Connector, info: str = "") -> None:
        """Let the energy of a running transaction flow or rest, as everything that bears on it demands."""
        transaction = connector.transaction
        if transaction is None:
            return
        offer = self._smart_charging.offer(connector)
        if offer != connector.offer:
            connector.offer = offer
            self._bench.intend(offer)
        pauses = transaction.refused or transaction.awaited or self._smart_charging.pauses(offer)
        self._energize(connector, not pauses and not connector.is_blocked)
        if pauses:
            cause = Cause.EVSE_SUSPENDS
        elif connector.vehicle and connector.vehicle_ready:
            cause = Cause.ENERGY_FLOWS
        else:
            cause = Cause.EV_SUSPENDS
        self._connectors.move(connector, cause, info)

    def set_lock(self, connector: Connector, on: bool) -> None:
        """Hold or release the cable, where there is a lock."""
        if connector.locked is not on and self._bench.hardware.outlet is Outlet.SOCKET:
            connector.locked = on
            self._bench.intend(Lock(connector.id, on))

    def start_answered(
        self, transaction: int, request: StartTransaction, response: StartTransactionResponse
    ) -> None:
        """Learn what the central system thinks of the tag; act on a refusal (3.5.4, errata 3.17)."""
        info = response.id_tag_info
        self._authorizer.learn(request.id_tag, info)
        text = f"transaction {response.transaction_id}: tag {request.id_tag} {info.status}"
        self._bench.tell(Matter.TRANSACTION, text, request.connector_id)
        connector = self._connectors.outlet(request.connector_id)
        running = connector.transaction
        if running is None or running.number != transaction:
            return
        if info.status == AuthorizationStatus.ACCEPTED:
            if isinstance(info.parent_id_tag, str):
                running.parent_id_tag = info.parent_id_tag
            if running.awaited:
                running.awaited = False
                self.settle(connector)
        else:
            allowed_wh = self._bench.configuration.number("MaxEnergyOnInvalidId")
            if allowed_wh > 0 and not running.free_vend:
                now_wh = self._bench.meter.energy_wh(connector.id, self._bench.now)
                running.allowance_wh = (now_wh, now_wh + allowed_wh)
                self._bench.wait(Timer.ALLOWANCE, ALLOWANCE_GRAIN_S, connector.id)
            else:
                self._cut_off(connector, running)

    def allowance_due(self, connector: Connector) -> None:
        """See whether what a refused tag is still given is used up (OCPP 1.6, 3.5.4 and 9.1.14).

        As much as in the last second will flow in the next, and it must not be exceeded.
        """
        running = connector.transaction
        if running is None or running.allowance_wh is None:
            return
        before_wh, most_wh = running.allowance_wh
        now_wh = self._bench.meter.energy_wh(connector.id, self._bench.now)
        if now_wh < most_wh and 2 * now_wh - before_wh <= most_wh:
            running.allowance_wh = (now_wh, most_wh)
            self._bench.wait(Timer.ALLOWANCE, ALLOWANCE_GRAIN_S, connector.id)
        else:
            self._cut_off(connector, running)

    def _cut_off(self, connector: Connector, running: Transaction) -> None:
        """Do to a refused tag what StopTransactionOnInvalidId says (OCPP 1.6, 3.5.4; errata 3.17)."""
        if not self._bench.configuration.flag("StopTransactionOnInvalidId"):
            running.refused, running.awaited = True, False
            self.settle(connector)
            return
        self.end(connector, Reason.DEAUTHORIZED)
        if running.free_vend and connector.vehicle and connector.status == ChargePointStatus.FINISHING:
            self.prepare(connector)  # somebody is there, and may have a tag

    def stop_answered(self, request: StopTransaction, response: StopTransactionResponse) -> None:
        """Learn what the central system thinks of the tag that stopped the transaction."""
        if isinstance(request.id_tag, str) and response.id_tag_info is not UNSET:
            self._authorizer.learn(request.id_tag, response.id_tag_info)

    def try_unlock(self, connector: Connector) -> None:
        """Let go of the cable on demand, even where the lock has a fault: a try may free it (errata 3.85)."""
        connector.locked = False
        self._bench.intend(Lock(connector.id, False))

    def has_unlocked(self, connector: Connector) -> bool:
        """Whether the lock let go just now; if it has a fault, it still holds the cable."""
        fault = connector.fault
        connector.locked = (
            fault is not None and fault.error_code == ChargePointErrorCode.CONNECTOR_LOCK_FAILURE
        )
        return not connector.locked

    def release(self, connector: Connector) -> None:
        """Open the contactor and let go of the cable, however the power failed or the reset found them."""
        connector.energized = connector.locked = False
        self._bench.intend(Energize(connector.id, False))
        if self._bench.hardware.outlet is Outlet.SOCKET:
            self._bench.intend(Lock(connector.id, False))

    # ---- what outlives a loss of power

    def remember(self) -> None:
        """Keep what is needed to end the running transactions after a loss of power, as of now.

        Once a minute at least while there are any, so that the time of the end is right to the minute.
        """
        bench = self._bench
        if not bench.memory.lasts:
            return
        running = [one.transaction.record for one in self._connectors.outlets if one.transaction is not None]
        bench.memory.keep(RUNNING, RunningRecord(bench.timestamp, running) if running else None)
        if running:
            bench.wait(Timer.ALIVE, ALIVE_S)
        else:
            bench.timers.cancel(Timer.ALIVE)

    def _recall(self) -> None:
        kept = self._bench.memory.recall(RUNNING, RunningRecord)
        begun = self._outbox.begun() - self._outbox.ended()
        for record in kept.transactions if kept is not None else ():
            self._number = max(self._number, record.number)
            # Power may have failed between this record and the message of its beginning or its end.
            if record.number not in begun or record.connector_id not in self._connectors:
                continue
            self._connectors.outlet(record.connector_id).transaction = transaction = Transaction(
                record.number,
                record.connector_id,
                record.id_tag,
                record.parent_id_tag,
                record.meter_start_wh,
                record.started_at,
                self._bench.now.monotonic,
            )
            transaction.kept = record.kept
            transaction.power_lost_at = kept.alive_at if kept is not None else None

    def _energize(self, connector: Connector, on: bool) -> None:
        if connector.energized is not on:
            connector.energized = on
            self._bench.intend(Energize(connector.id, on))
            if connector.transaction is not None:
                self.metering.energy_switched(connector.transaction, on)

    def _keeps_cable(self, reason: Reason) -> bool:
        if reason == Reason.DEAUTHORIZED:  # errata 3.5
            return True
        unlocks = self._bench.configuration.flag("UnlockConnectorOnEVSideDisconnect")
        return reason == Reason.EV_DISCONNECTED and not unlocks
