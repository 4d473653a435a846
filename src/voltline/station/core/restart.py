"""Resets and switching off: the answer, the StopTransactions, the end (OCPP 1.6, 5.14; errata 3.36)."""

from voltline.messages import Reason
from voltline.station.core.bench import Bench
from voltline.station.core.connectors import Connectors
from voltline.station.core.driver import Driver
from voltline.station.core.intents import Matter, PowerOff, Reboot
from voltline.station.core.outbox import Outbox
from voltline.station.core.registration import Registration
from voltline.station.core.timers import Timer
from voltline.station.core.transactions import Transactions

SOFT_GRACE_S = 30.0
"""How long a soft reset waits for its transaction messages to be delivered; what is left stays queued."""

HARD_GRACE_S = 3.0
"""A hard reset, and whoever switches the station off, gives them a moment only."""


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
        self._last_act: Reboot | PowerOff | None = None
        self._tried: Reboot | None = None
        self._retries = 0

    @property
    def pending(self) -> bool:
        """Whether the station is on its way down."""
        return self._last_act is not None

    def reset(self, *, hard: bool) -> bool:
        """Stop every transaction and prepare to reboot; False if that is going on already."""
        if self.pending:
            return False
        reason = Reason.HARD_RESET if hard else Reason.SOFT_RESET
        self._begin(Reboot(hard), reason, HARD_GRACE_S if hard else SOFT_GRACE_S)
        return True

    def watchdog_fired(self) -> None:
        """Restart without being asked, unless the station is on its way down already."""
        if not self.pending:
            self._begin(Reboot(hard=True), Reason.REBOOT, HARD_GRACE_S)

    def switch_off(self) -> None:
        """Stop every transaction and prepare to stay off, whatever else was on its way."""
        self._begin(PowerOff(), Reason.REBOOT, HARD_GRACE_S)

    def _begin(self, last_act: Reboot | PowerOff, reason: Reason, grace_s: float) -> None:
        self._last_act = last_act
        self._driver.closed = True
        for connector in self._connectors.outlets:
            self._transactions.end(connector, reason)
        self._bench.wait(Timer.RESET, grace_s)

    def try_again(self) -> bool:
        """The reboot failed: try it once more, or when it was tried often enough go on, and give False.

        OCPP 1.6, 9.1.22.
        """
        if self._tried is not None and self._retries < self._bench.configuration.number("ResetRetries"):
            self._retries += 1
            self._bench.intend(self._tried)
            return True
        self.powered_up()
        self._driver.closed = False
        self._registration.resume()
        return False

    def powered_up(self) -> None:
        """It worked."""
        self._tried = None

    def go_if_ready(self) -> None:
        """Go down when the transaction messages are delivered, or cannot be, or have had time enough."""
        if self._last_act is None:
            return
        deliverable = len(self._outbox) > 0 and self._registration.online
        if deliverable and self._bench.timers.is_running(Timer.RESET):
            return
        last_act, self._last_act = self._last_act, None
        self._registration.shut_down()
        self._bench.timers.cancel_all()
        if isinstance(last_act, Reboot):
            self._tried, self._retries = last_act, 0
            kind = "hard" if last_act.hard else "soft"
            self._bench.tell(Matter.REGISTRATION, f"{kind} reset: rebooting")
            self._bench.tell(Matter.SECURITY, f"ResetOrReboot {kind}")
        self._bench.intend(last_act)
