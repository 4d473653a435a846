"""R01: a CALL that nobody answered."""

from collections.abc import Iterator

from voltline.inspection.detector import Detector
from voltline.inspection.events import Event, Unanswered, UnansweredCause
from voltline.inspection.facts import Facts
from voltline.inspection.findings import Finding, Severity, Who

_BILLING = frozenset({"StartTransaction", "StopTransaction"})
_WHY = {
    UnansweredCause.TIMEOUT: "no answer came in time",
    UnansweredCause.DISCONNECTED: "the connection ended before an answer came",
    UnansweredCause.REUSED: "its message id was used for another CALL before an answer came",
}


class UnansweredCall(Detector):
    """A CALL without its CALLRESULT or CALLERROR."""

    id = "R01"
    title = "Unanswered call"
    severity = Severity.WARNING
    basis = ("OCPP-J 1.6, 4.1.1", "errata 3.83")
    who = Who.BACK_END
    next_step = "Look in the log of the side that should have answered for what it did with the request."
    explanation = (
        "Every CALL must be answered by a CALLRESULT or a CALLERROR with its message id. The side that asked "
        "waits, and may send nothing else meanwhile; then it gives up, and a charge point tries a "
        "StartTransaction or StopTransaction again later. Harmless at the end of a log, and where the "
        "connection had just been lost."
    )
    events = (Unanswered,)

    def see(self, event: Event, facts: Facts) -> Iterator[Finding]:
        """Tell it, unless the answers of that side are not in the log at all."""
        assert isinstance(event, Unanswered)
        exchange = event.exchange
        if event.cause is UnansweredCause.LOG_ENDED or exchange.call.truncated:
            return
        if not facts.listens_to(station=not exchange.from_station):
            return
        yield self.finding(
            facts,
            f"{exchange.name} ({exchange.message_id}): {_WHY[event.cause]}.",
            exchange.records,
            title=f"Unanswered {exchange.name}",
            severity=Severity.ERROR if exchange.name in _BILLING else None,
            who=Who.BACK_END if exchange.from_station else Who.CHARGER_MAKER,
        )
