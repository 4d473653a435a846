"""Resets: first the answer, then the StopTransactions, then the reboot (OCPP 1.6, 5.14; errata 3.36)."""

from voltline.messages import Reason
from voltline.station.core.bench import Bench
from voltline.station.core.connectors import Connectors
from voltline.station.core.driver import Driver
from voltline.station.core.intents import Matter, Reboot
from voltline.station.core.outbox import Outbox
from voltline.station.core.registration import Registration
from voltline.station.core.timers import Timer
from voltline.station.core.transactions import Transactions

SOFT_GRACE_S = 30.0
"""How long a soft reset waits for its transaction messages to be delivered; what is left stays queued."""

HARD_GRACE_S = 3.0
"""A hard reset gives them a moment only."""


class Restart:
    """One reset at a time."""

    def __init__(
        self,
        bench: Bench,
        outbox: Outbox,
        connectors: Connectors,
        registration: Registration,
        transactions: Transactions,
        driver: Driver,
    ) -> None:
        self._bench = bench
        self._outbox = outbox
        self._connectors = connectors
        self._registration = registration
        self._transactions = transactions
        self._driver = driver
        self._hard: bool | None = None

    @property
    def pending(self) -> bool:
        """Whether a reset is on its way."""
        return self._hard is not None

    def begin(self, *, hard: bool) -> bool:
        """Stop every transaction and prepare to reboot; False if that is going on already."""
        if self.pending:
            return False
        self._hard = hard
        self._driver.closed = True
        for connector in self._connectors.outlets:
            self._transactions.end(connector, Reason.HARD_RESET if hard else Reason.SOFT_RESET)
        self._bench.wait(Timer.RESET, HARD_GRACE_S if hard else SOFT_GRACE_S)
        return True

    def go_if_ready(self) -> None:
        """Reboot when the transaction messages are delivered, or cannot be, or have had time enough."""
        if self._hard is None:
            return
        deliverable = len(self._outbox) > 0 and self._registration.online
        if deliverable and self._bench.timers.is_running(Timer.RESET):
            return
        hard, self._hard = self._hard, None
        self._registration.shut_down()
        self._bench.timers.cancel_all()
        self._bench.tell(Matter.REGISTRATION, f"{'hard' if hard else 'soft'} reset: rebooting")
        self._bench.intend(Reboot(hard))
