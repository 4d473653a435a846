"""Taking connectors out of service and back (OCPP 1.6, 5.2)."""

from voltline.messages import AvailabilityStatus
from voltline.messages import ChargePointStatus as Status
from voltline.station.core.bench import Bench
from voltline.station.core.connectors import Connector, Connectors
from voltline.station.core.driver import Driver
from voltline.station.core.status import Cause
from voltline.station.core.transactions import Transactions

RECORD = "availability"


class Availability:
    """Which connectors are in service; a running transaction is never cut short for it."""

    def __init__(
        self, bench: Bench, connectors: Connectors, driver: Driver, transactions: Transactions
    ) -> None:
        self._memory = bench.memory
        self._connectors = connectors
        self._driver = driver
        self._transactions = transactions
        for connector_id in self._memory.recall(RECORD, list[int]) or ():
            if connector_id in connectors:
                connectors.any(connector_id).inoperative = True

    def change(self, connector_id: int, operative: bool) -> AvailabilityStatus:
        """Change one connector, or with 0 the station and all of them, now or when transactions are over."""
        if connector_id not in self._connectors:
            return AvailabilityStatus.REJECTED
        status = self._change(connector_id, operative)
        withdrawn = [one.id for one in self._connectors if one.inoperative or one.withdrawal_scheduled]
        self._memory.keep(RECORD, withdrawn or None)
        return status

    def _change(self, connector_id: int, operative: bool) -> AvailabilityStatus:
        everything = connector_id == 0
        chosen = self._connectors.outlets if everything else (self._connectors.outlet(connector_id),)
        if operative:
            for connector in chosen:
                self._restore(connector)
            if everything:
                self._restore(self._connectors.main)
            return AvailabilityStatus.ACCEPTED
        later = [self._withdraw(connector) for connector in chosen]
        if everything and not self._connectors.main.inoperative:
            self._connectors.main.withdrawal_scheduled = True
            self.main_follows()
        return AvailabilityStatus.SCHEDULED if any(later) else AvailabilityStatus.ACCEPTED

    def main_follows(self) -> None:
        """Connector 0 goes out of service as scheduled when no other one is still waited for."""
        main = self._connectors.main
        if main.withdrawal_scheduled and not any(
            one.withdrawal_scheduled for one in self._connectors.outlets
        ):
            main.withdrawal_scheduled = False
            main.inoperative = True
            self._connectors.move(main, Cause.WITHDRAWN)

    def _restore(self, connector: Connector) -> None:
        connector.withdrawal_scheduled = False
        if not connector.inoperative:
            return
        connector.inoperative = False
        if not connector.in_service_work:
            self._serve_again(connector)

    def _serve_again(self, connector: Connector) -> None:
        if connector.vehicle:
            self._driver.prepare(connector)
        else:
            self._connectors.move(connector, Cause.FREED)

    def close_for_service(self) -> None:
        """Begin nothing more at any connector until `reopen` or a reboot (OCPP 1.6, 5.19; errata 3.49).

        What runs goes on; what is free becomes Unavailable, and what runs when it is over.
        """
        for connector in self._connectors.outlets:
            connector.in_service_work = True
            if connector.status in (Status.AVAILABLE, Status.PREPARING, Status.RESERVED):
                self._transactions.free(connector)

    def reopen(self) -> None:
        """Serve drivers again where nothing else forbids it."""
        for connector in self._connectors.outlets:
            connector.in_service_work = False
            if connector.status == Status.UNAVAILABLE and not connector.inoperative:
                self._serve_again(connector)

    def _withdraw(self, connector: Connector) -> bool:
        """Whether that has to wait for the end of a transaction."""
        if connector.inoperative:
            return False
        connector.withdrawal_scheduled = True
        if connector.transaction is not None:
            return True
        self._transactions.free(connector)
        return False
