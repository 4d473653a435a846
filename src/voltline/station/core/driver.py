"""What people do at the station: cables, tags, the stop button, and the remote start that stands in for them.

OCPP 1.6, 3.4, 3.5, 4.1, 4.9 and 5.11.
"""

from voltline.messages import ChargePointStatus as Status
from voltline.messages import Reason
from voltline.station.core.authorization import Authorizer, Verdict
from voltline.station.core.bench import Bench
from voltline.station.core.connectors import Connector, Connectors, Permission
from voltline.station.core.free_vend import FreeVend
from voltline.station.core.happenings import ImpossibleHappening
from voltline.station.core.hardware import Outlet
from voltline.station.core.intents import Matter
from voltline.station.core.reservations import Reservations
from voltline.station.core.status import Cause
from voltline.station.core.transactions import Transactions

EV_SIDE = "EV side disconnected"
"""The words that the specification proposes for StatusNotification.info (OCPP 1.6, 4.9)."""


class Driver:
    """Turns what drivers do into sessions."""

    def __init__(
        self,
        bench: Bench,
        connectors: Connectors,
        authorizer: Authorizer,
        transactions: Transactions,
        reservations: Reservations,
    ) -> None:
        self._bench = bench
        self._connectors = connectors
        self._authorizer = authorizer
        self._transactions = transactions
        self._reservations = reservations
        self._free_vend = FreeVend(bench, authorizer)
        self.closed = False
        """A reset is on its way: nothing new begins."""

    def power_returned(self) -> None:
        """Begin anew after a reboot: what is unavailable stays so, a vehicle still there begins its use."""
        self.closed = False
        for connector in self._connectors:
            self._transactions.end(connector, Reason.POWER_LOSS)
            connector.permission = connector.locked_for = None
            if connector.id:
                self._transactions.release(connector)
            connector.inoperative = connector.inoperative or connector.withdrawal_scheduled
            connector.withdrawal_scheduled = False
            connector.status = Status.UNAVAILABLE if connector.withdrawn else Status.AVAILABLE
            if connector.withdrawn:
                continue
            if connector.reservation is not None:
                self._connectors.move(connector, Cause.RESERVED)
            elif connector.occupied:
                self._transactions.prepare(connector)

    # ---- the cable

    def plug(self, connector: Connector) -> None:
        """A vehicle is connected: use begins, or an accepted driver's transaction does.

        Raises:
            ImpossibleHappening: there is a vehicle on the connector already.
        """
        if connector.vehicle:
            raise ImpossibleHappening(f"a vehicle is plugged into connector {connector.id} already")
        connector.vehicle = connector.occupied = True
        connector.vehicle_ready = True
        if connector.transaction is not None:
            self._transactions.settle(connector)
        elif connector.permission is not None and connector.is_in_service and not self.closed:
            self._start(connector, connector.permission)
        elif not connector.withdrawn and connector.reservation is None:
            self.prepare(connector)

    def unplug_vehicle(self, connector: Connector) -> None:
        """The cable is out at the vehicle's end (OCPP 1.6, 4.9 and 4.10).

        Raises:
            ImpossibleHappening: there is no vehicle on the connector.
        """
        if not connector.vehicle:
            raise ImpossibleHappening(f"no vehicle is plugged into connector {connector.id}")
        connector.vehicle = connector.vehicle_ready = False
        tethered = self._bench.hardware.outlet is Outlet.TETHERED
        if connector.transaction is not None:
            if not self._bench.configuration.flag("StopTransactionOnEVSideDisconnect"):
                self._transactions.settle(connector, EV_SIDE)
                return
            connector.occupied = not tethered
            self._transactions.end(connector, Reason.EV_DISCONNECTED, info=EV_SIDE)
        elif tethered:
            self._leave(connector)

    def remove_cable(self, connector: Connector) -> None:
        """The cable is out of the station's socket.

        Raises:
            ImpossibleHappening: it is locked, still in at the vehicle's end, fixed, or not there at all.
        """
        if self._bench.hardware.outlet is Outlet.TETHERED:
            raise ImpossibleHappening(f"the cable of connector {connector.id} is fixed to the station")
        if not connector.occupied or connector.vehicle:
            where = "still in at the vehicle's end" if connector.vehicle else "not there"
            raise ImpossibleHappening(f"the cable of connector {connector.id} is {where}")
        if connector.locked:
            whose = f" until tag {connector.locked_for.id_tag} is presented" if connector.locked_for else ""
            raise ImpossibleHappening(f"the cable of connector {connector.id} is locked{whose}")
        self._leave(connector)

    def vehicle_ready(self, connector: Connector, ready: bool) -> None:
        """The vehicle asks for energy, or has enough of it."""
        if connector.vehicle:
            connector.vehicle_ready = ready
            self._transactions.settle(connector)

    def _leave(self, connector: Connector) -> None:
        connector.occupied = False
        if connector.permission is None and not connector.inoperative:
            self._transactions.free(connector)

    # ---- tags

    def present(self, id_tag: str, connector_id: int | None) -> None:
        """A tag is held to the reader: it stops what it started, releases its cable, or asks to charge.

        Raises:
            ImpossibleHappening: no such connector, or no text that can be a tag.
        """
        if not 0 < len(id_tag) <= 20:
            raise ImpossibleHappening(f"an id tag has 1 to 20 characters, this one has {len(id_tag)}")
        chosen = (
            self._connectors.outlets if connector_id is None else (self._connectors.outlet(connector_id),)
        )
        own = next((one for one in chosen if _is_of(id_tag, one)), None)
        if own is not None:
            self._present_again(own, id_tag)
        elif self._startable(chosen, Permission(id_tag), group_known=False) or any(
            one.transaction or one.locked_for for one in chosen
        ):
            self._judge(id_tag, chosen)
        else:
            self._tell_none_is_free(id_tag, chosen)

    def _tell_none_is_free(self, id_tag: str, chosen: tuple[Connector, ...]) -> None:
        reserved = any(self.is_startable(one) for one in chosen)
        why = "what is free is reserved for others" if reserved else "no connector is free"
        self._bench.tell(Matter.AUTHORIZATION, f"tag {id_tag} starts nothing: {why}")

    def _judge(self, id_tag: str, chosen: tuple[Connector, ...]) -> None:
        self._authorizer.judge(
            id_tag,
            lambda verdict: self._judged(id_tag, chosen, verdict),
            group_matters=self._reservations.ask_for_group(id_tag),
        )

    def _present_again(self, connector: Connector, id_tag: str) -> None:
        if connector.transaction is not None:
            self._transactions.end(connector, Reason.LOCAL, id_tag)
        elif connector.locked_for is not None:
            self._release(connector)
        elif connector.permission is not None:
            # The second presentation takes the first one back (OCPP 1.6, 4.9: B1).
            self._transactions.free(connector)

    def _judged(self, id_tag: str, chosen: tuple[Connector, ...], verdict: Verdict) -> None:
        if not verdict.accepted:
            self._bench.tell(Matter.AUTHORIZATION, f"tag {id_tag} refused by {verdict.grounds}")
            return
        permission = Permission(id_tag, verdict.parent_id_tag)
        startable = self._startable(chosen, permission)
        if startable is not None:
            self.begin(startable, permission)
            return
        for connector in chosen:
            if _same_group(permission, connector.transaction or connector.locked_for):
                if connector.transaction is not None:
                    self._transactions.end(connector, Reason.LOCAL, id_tag)
                else:
                    self._release(connector)
                return
        self._tell_none_is_free(id_tag, chosen)

    def _release(self, connector: Connector) -> None:
        connector.locked_for = None
        self._transactions.set_lock(connector, False)
        self._bench.tell(Matter.STATUS, "cable released", connector.id)

    # ---- beginning

    def _startable(
        self, chosen: tuple[Connector, ...], holder: Permission, *, group_known: bool = True
    ) -> Connector | None:
        """The connector that an accepted tag begins on: a plugged one first, then a free one.

        Of either kind one that is reserved for the tag comes first. One that timed out to Finishing is left
        alone where another vehicle could be meant (errata 3.20). `group_known`: see `Reservations.admits`.
        """
        certain = len(chosen) == 1
        free = [
            one
            for one in chosen
            if self.is_startable(one)
            and (certain or one.status != Status.FINISHING)
            and self._reservations.admits(one, holder, self._spare_beside(one), group_known=group_known)
        ]
        plugged = [one for one in free if one.vehicle]
        return min(plugged or free, key=lambda one: one.reservation is None, default=None)

    def _spare_beside(self, connector: Connector) -> int:
        """How many connectors the next driver could have besides this one."""
        others = (one for one in self._connectors.outlets if one is not connector)
        return sum(self.is_startable(one) and not one.occupied and one.reservation is None for one in others)

    def is_startable(self, connector: Connector) -> bool:
        """Whether a transaction could begin here, now or as soon as the cable is in."""
        return (
            not self.closed
            and connector.is_in_service
            and not connector.withdrawal_scheduled
            and (connector.transaction is None or connector.transaction.waits_for_tag)
            and connector.permission is None
            and connector.locked_for is None
        )

    def remote_start(self, connector_id: int | None, id_tag: str, authorize: bool) -> bool:
        """Begin as if the tag had been presented; False if there is no connector for it (OCPP 1.6, 5.11)."""
        chosen = self._connectors.outlets
        if connector_id is not None:
            chosen = tuple(one for one in chosen if one.id == connector_id)
        holder = self._authorizer.bearer(id_tag)
        connector = self._startable(chosen, holder, group_known=not authorize)
        if connector is None:
            return False
        if authorize:
            self._judge(id_tag, (connector,))
        else:
            self.begin(connector, holder)
        return True

    def begin(self, connector: Connector, permission: Permission) -> None:
        """Begin the transaction, or keep the permission until the cable is in."""
        if connector.transaction is not None:
            # Free vend that the central system has not agreed to makes way for a tag.
            refused = connector.transaction.refused
            self._transactions.end(connector, Reason.DEAUTHORIZED if refused else Reason.LOCAL)
        if connector.status in (Status.FINISHING, Status.RESERVED):
            self._connectors.move(connector, Cause.USE_BEGINS)
        if connector.vehicle:
            self._start(connector, permission)
            return
        connector.permission = permission
        self._transactions.prepare(connector)
        self._bench.tell(Matter.AUTHORIZATION, f"tag {permission.id_tag} accepted, plug in", connector.id)

    def _start(self, connector: Connector, permission: Permission, *, free_vend: bool = False) -> None:
        reservation = self._reservations.used(connector, permission)
        self._transactions.begin(connector, permission, reservation, free_vend=free_vend)

    def prepare(self, connector: Connector) -> None:
        """A vehicle is there: a tag must come within ConnectionTimeOut, unless charging is free."""
        self._transactions.prepare(connector)
        self._vend(connector)

    def serve_those_waiting(self) -> None:
        """The central system has just accepted the station: free vend begins where a vehicle is there."""
        for connector in self._connectors.outlets:
            if connector.status == Status.PREPARING:
                self._vend(connector)

    def _vend(self, connector: Connector) -> None:
        if not connector.vehicle or not self.is_startable(connector):
            return
        permission = self._free_vend.permission()
        if permission is not None and self._startable((connector,), permission) is not None:
            self._start(connector, permission, free_vend=True)

    def connection_timed_out(self, connector: Connector) -> None:
        """What was missing did not come: nobody plugged in (B1), or nobody presented a tag (B6)."""
        if connector.status != Status.PREPARING:
            return
        if connector.occupied:
            connector.permission = None
            self._connectors.move(connector, Cause.USER_MUST_ACT)
        else:
            self._bench.tell(Matter.AUTHORIZATION, "nobody plugged in in time", connector.id)
            self._transactions.free(connector)


def _is_of(id_tag: str, connector: Connector) -> bool:
    holder = connector.transaction or connector.locked_for or connector.permission
    return holder is not None and holder.id_tag.casefold() == id_tag.casefold()


def _same_group(permission: Permission, holder: object) -> bool:
    parent = getattr(holder, "parent_id_tag", None)
    if parent is None or permission.parent_id_tag is None:
        return False
    return bool(parent.casefold() == permission.parent_id_tag.casefold())
