"""T10: a transaction that a commanded reset swallowed."""

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from typing import Annotated

import msgspec

from voltline.inspection.detector import Detector, DetectorSettings, chosen
from voltline.inspection.events import Answered, Call, Event, Exchange
from voltline.inspection.exchanges import status_of, transaction_of
from voltline.inspection.facts import Facts
from voltline.inspection.findings import Finding, Severity, Who
from voltline.messages import BootNotificationResponse, RegistrationStatus, StopTransaction
from voltline.messages.types import doc


class Settings(DetectorSettings, frozen=True):
    """How long a queued StopTransaction may take."""

    after_boot_s: Annotated[
        float, doc("StopTransaction has to come so soon after the boot was accepted.", unit="s")
    ] = 60.0


class _Reset(msgspec.Struct, gc=False):
    exchange: Exchange
    open: dict[int, int | None]
    """Transactions that were running, with their connectors."""
    boot: Exchange | None = None
    accepted_at: datetime | None = None


class ResetLoss(Detector):
    """Reset was accepted with a transaction open, and its StopTransaction never came."""

    id = "T10"
    title = "Transaction lost by a reset"
    severity = Severity.CRITICAL
    basis = ("errata 3.36", "OCPP 1.6, 5.14", "OCPP 1.6, 7.42")
    who = Who.CHARGER_MAKER
    next_step = (
        "Close the transaction by hand with its last meter reading, and do not reset this model while it "
        "charges until the maker has an answer."
    )
    explanation = (
        "Before a reset the charge point stops its transactions; a StopTransaction that it cannot deliver "
        "before is queued and sent after the reboot, once the boot is accepted. After a hard reset it "
        "may come only then. If none comes, the queue did not survive and the session cannot be billed. A "
        "transaction that goes on under its id after the reboot is not lost."
    )
    events = (Call, Answered)
    actions = chosen(
        call={"StopTransaction", "MeterValues", "Heartbeat", "StatusNotification"},
        answered={"Reset", "BootNotification"},
    )
    waits_with = "_reset"
    settings: Settings = Settings()

    def __init__(self, settings: Settings | None = None) -> None:
        super().__init__(settings)
        self._reset: _Reset | None = None

    def see(self, event: Event, facts: Facts) -> Iterable[Finding]:
        """From the accepted Reset over the accepted boot to the end of the wait."""
        if self._reset is None and type(event) is not Answered:
            return ()
        return self._look(event, facts)

    def _look(self, event: Event, facts: Facts) -> Iterator[Finding]:
        assert isinstance(event, Call | Answered)
        exchange, reset = event.exchange, self._reset
        if isinstance(event, Answered):
            if exchange.name == "Reset" and status_of(exchange) == "Accepted":
                running = {
                    number: one.connector
                    for number, one in facts.sessions.items()
                    if number > 0 and one.gaps == facts.gaps  # else it may have ended in a hole of the log
                }
                self._reset = _Reset(exchange, running) if running else None
            elif (
                reset is not None
                and reset.accepted_at is None
                and isinstance(exchange.response, BootNotificationResponse)
                and exchange.response.status is RegistrationStatus.ACCEPTED
            ):
                reset.boot, reset.accepted_at = exchange, event.at
        elif reset is not None and exchange.from_station:
            transaction = transaction_of(exchange)
            if exchange.name == "StopTransaction":
                if not isinstance(exchange.request, StopTransaction):
                    self._reset = None  # which one it stops cannot be read
                elif transaction is not None:
                    reset.open.pop(transaction, None)
            elif exchange.name == "MeterValues" and reset.boot is not None and transaction is not None:
                reset.open.pop(transaction, None)
        yield from self._over(facts)

    def lapsed(self, facts: Facts) -> Iterator[Finding]:
        """If the wait is over by now."""
        yield from self._over(facts)

    def _over(self, facts: Facts) -> Iterator[Finding]:
        reset = self._reset
        if reset is None or reset.boot is None or reset.accepted_at is None or facts.now is None:
            return
        if facts.now - reset.accepted_at <= timedelta(seconds=self.settings.after_boot_s):
            return
        self._reset = None
        for transaction, connector in reset.open.items():
            yield self.finding(
                facts,
                f"Transaction {transaction} was open when the reset was accepted; no StopTransaction came "
                f"within {self.settings.after_boot_s:.0f} s after the boot was accepted.",
                (*reset.exchange.records, *reset.boot.records),
                connector=connector,
            )
