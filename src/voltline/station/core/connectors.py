"""The connectors of a station: what is plugged in, what status they have, what lies over it."""

from collections.abc import Callable, Iterator
from datetime import datetime

import msgspec

from voltline.messages import ChargePointErrorCode, ChargePointStatus
from voltline.station.core.happenings import ImpossibleHappening
from voltline.station.core.intents import Offer
from voltline.station.core.status import EV_COMMUNICATION_ERROR_WITH, Cause, after
from voltline.station.core.transaction import Transaction


class Fault(msgspec.Struct, frozen=True, kw_only=True):
    """What is wrong with a connector; a blocking fault shows as Faulted, another as a mere warning."""

    error_code: ChargePointErrorCode
    blocking: bool
    info: str = ""
    vendor_error_code: str = ""


class Permission(msgspec.Struct, frozen=True):
    """Somebody may charge: the tag that was accepted, and its group."""

    id_tag: str
    parent_id_tag: str | None = None


class Reservation(msgspec.Struct, frozen=True):
    """A connector, or with 0 any of them, is kept for a tag and its group (OCPP 1.6, 5.13)."""

    number: int
    connector_id: int
    id_tag: str
    parent_id_tag: str | None
    expires_at: datetime

    def is_for(self, holder: Permission) -> bool:
        """Whether the tag is the one named, or of the group named; a group is never taken for a tag."""
        if holder.id_tag.casefold() == self.id_tag.casefold():
            return True
        ours, theirs = self.parent_id_tag, holder.parent_id_tag
        return ours is not None and theirs is not None and ours.casefold() == theirs.casefold()


class Connector:
    """One connector, or the station itself as connector 0. Facts only; the rules are with their subjects."""

    __slots__ = (
        "energized",
        "fault",
        "id",
        "in_service_work",
        "inoperative",
        "locked",
        "locked_for",
        "occupied",
        "offer",
        "permission",
        "reservation",
        "status",
        "transaction",
        "vehicle",
        "vehicle_ready",
        "withdrawal_scheduled",
    )

    def __init__(self, connector_id: int) -> None:
        self.id = connector_id
        self.status = ChargePointStatus.AVAILABLE
        """The status beneath any fault."""
        self.fault: Fault | None = None
        self.occupied = False
        """A cable is in the socket, or a vehicle hangs on the fixed cable."""
        self.vehicle = False
        """The cable is in at the vehicle's end too."""
        self.vehicle_ready = False
        """The vehicle asks for energy."""
        self.locked = False
        self.locked_for: Permission | None = None
        """After the end of a transaction: who must come before the cable is released."""
        self.energized = False
        self.offer = Offer(connector_id, None)
        """What the vehicle was last told it may draw."""
        self.permission: Permission | None = None
        """Accepted, and waiting for the cable."""
        self.reservation: Reservation | None = None
        self.transaction: Transaction | None = None
        self.inoperative = False
        """Set by ChangeAvailability; survives a reboot."""
        self.withdrawal_scheduled = False
        self.in_service_work = False
        """Firmware is about to be installed; a reboot ends it."""

    @property
    def withdrawn(self) -> bool:
        """Whether it is out of service, for whatever reason but a fault."""
        return self.inoperative or self.in_service_work

    @property
    def shown(self) -> ChargePointStatus:
        """The status as it is reported: a blocking fault lies over the others."""
        return ChargePointStatus.FAULTED if self.is_blocked else self.status

    @property
    def shown_fault(self) -> Fault | None:
        """The fault as it is reported: a communication error only beside the statuses that may carry it."""
        fault = self.fault
        if fault is None or fault.error_code != ChargePointErrorCode.EV_COMMUNICATION_ERROR:
            return fault
        return fault if self.shown in EV_COMMUNICATION_ERROR_WITH else None

    @property
    def is_blocked(self) -> bool:
        """Whether a fault keeps the connector from serving."""
        return self.fault is not None and self.fault.blocking

    @property
    def is_in_service(self) -> bool:
        """Whether a driver may be served now."""
        return not self.is_blocked and not self.withdrawn


class Connectors:
    """All of them, connector 0 first, and the one way to change a status."""

    def __init__(self, count: int, shown: Callable[[Connector, str], None]) -> None:
        self._all = tuple(Connector(connector_id) for connector_id in range(count + 1))
        self._shown = shown

    @property
    def main(self) -> Connector:
        """Connector 0: the station itself."""
        return self._all[0]

    @property
    def outlets(self) -> tuple[Connector, ...]:
        """The connectors a vehicle can be plugged into, from 1 up."""
        return self._all[1:]

    def __iter__(self) -> Iterator[Connector]:
        return iter(self._all)

    def __contains__(self, connector_id: int) -> bool:
        return 0 <= connector_id < len(self._all)

    def outlet(self, connector_id: int) -> Connector:
        """The connector with this number.

        Raises:
            ImpossibleHappening: the station has no such connector.
        """
        if not 0 < connector_id < len(self._all):
            count = len(self._all) - 1
            raise ImpossibleHappening(
                f"no connector {connector_id}: this station has connectors 1 to {count}"
            )
        return self._all[connector_id]

    def any(self, connector_id: int) -> Connector:
        """The connector with this number, 0 included.

        Raises:
            ImpossibleHappening: the station has no such connector.
        """
        return self.main if connector_id == 0 else self.outlet(connector_id)

    def move(self, connector: Connector, cause: Cause, info: str = "") -> None:
        """Change the status by the table, and report it when the change shows."""
        before = connector.shown
        connector.status = after(connector.status, cause)
        if connector.shown is not before:
            self._shown(connector, info)

    def set_fault(self, connector: Connector, fault: Fault | None) -> None:
        """Lay a fault over the connector, or take it away; either is reported."""
        if fault == connector.fault:
            return
        connector.fault = fault
        self._shown(connector, fault.info if fault else "")
