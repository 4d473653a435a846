"""T11: transactions that ended for a reason nobody wished for."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Annotated, Final

from msgspec import UNSET

from voltline.inspection.detector import Detector, DetectorSettings, chosen
from voltline.inspection.events import Answered, Call, Event
from voltline.inspection.exchanges import status_of
from voltline.inspection.facts import Facts
from voltline.inspection.findings import Finding, Severity, Who
from voltline.messages import Reason, Reset, StopTransaction
from voltline.messages.types import doc

_UNWISHED: Final = {
    Reason.EMERGENCY_STOP: (Who.SITE, "Find out who pressed the emergency stop, and why."),
    Reason.POWER_LOSS: (Who.SITE, "Look at the site's supply: breakers, residual current devices, the grid."),
    Reason.REBOOT: (Who.CHARGER_MAKER, "Ask for the charge point's own log: it rebooted by itself."),
    Reason.HARD_RESET: (Who.CHARGER_MAKER, "Find out who reset it: no such command is in the log."),
    Reason.OTHER: (Who.CHARGER_MAKER, "Ask for the charge point's own log: OCPP has no word for its reason."),
}


class Settings(DetectorSettings, frozen=True):
    """What counts as commanded."""

    commanded_within_s: Annotated[
        float, doc("A stop so soon after an accepted Reset is its effect.", unit="s")
    ] = 900.0


class StopReason(Detector):
    """StopTransaction with PowerLoss, Reboot, HardReset, EmergencyStop or Other."""

    id = "T11"
    title = "Transaction ended by a disturbance"
    severity = Severity.WARNING
    basis = ("OCPP 1.6, 7.36",)
    who = Who.CHARGER_MAKER
    next_step = "Look at what happened at the charge point at that time."
    explanation = (
        "StopTransaction says why the transaction ended; no reason means Local, the driver. PowerLoss, "
        "Reboot, HardReset, EmergencyStop and Other are disturbances. Remote, EVDisconnected, DeAuthorized, "
        "UnlockCommand and SoftReset are somebody's will. A HardReset that the central system commanded is "
        "told for information only."
    )
    events = (Call, Answered)
    actions = chosen(call={"StopTransaction"}, answered={"Reset"})
    settings: Settings = Settings()

    def __init__(self, settings: Settings | None = None) -> None:
        super().__init__(settings)
        self._reset_at: datetime | None = None

    def see(self, event: Event, facts: Facts) -> Iterator[Finding]:
        """Each StopTransaction once, when it is sent."""
        assert isinstance(event, Call | Answered)
        request = event.exchange.request
        if isinstance(request, Reset):
            if isinstance(event, Answered) and status_of(event.exchange) == "Accepted":
                self._reset_at = event.at
            return
        if not isinstance(event, Call) or not isinstance(request, StopTransaction):
            return
        reason = request.reason
        if reason is UNSET or reason not in _UNWISHED:
            return
        who, next_step = _UNWISHED[reason]
        commanded = reason in (Reason.HARD_RESET, Reason.REBOOT) and self._commanded(event.at)
        yield self.finding(
            facts,
            f"Transaction {request.transaction_id} ended with reason {reason}"
            + (", after a commanded reset." if commanded else "."),
            (event.exchange.call,),
            connector=_connector_of(facts, request.transaction_id),
            title=f"{self.title}: {reason}",
            severity=Severity.INFO if commanded else None,
            who=who,
            next_step=next_step,
        )

    def _commanded(self, at: datetime | None) -> bool:
        if self._reset_at is None or at is None:
            return self._reset_at is not None
        return at - self._reset_at <= timedelta(seconds=self.settings.commanded_within_s)


def _connector_of(facts: Facts, transaction: int) -> int | None:
    for number, connector in facts.connectors.items():
        ended = connector.last_session
        if ended is not None and ended.transaction_id == transaction:
            return number
    return None
