"""C08: settings with which messages can be lost in a half-open connection."""

from collections.abc import Iterable

from voltline.inspection.detector import Detector
from voltline.inspection.events import Answered, Event
from voltline.inspection.facts import Facts
from voltline.inspection.findings import Finding, Severity, Who
from voltline.inspection.spans import span


class HalfOpenRisk(Detector):
    """WebSocketPingInterval against the time in which a transaction message is retried."""

    id = "C08"
    title = "A dead connection may go unnoticed"
    severity = Severity.INFO
    basis = ("OCPP-J errata 3.11", "OCPP 1.6, 3.7.1")
    who = Who.BACK_END
    next_step = (
        "Set WebSocketPingInterval below TransactionMessageAttempts times TransactionMessageRetryInterval."
    )
    explanation = (
        "A connection can be dead without either side knowing, after a router restarted for example. Only "
        "a ping shows it. If the charge point pings less often than it takes to use up the attempts at a "
        "transaction message, it discards the message before it notices. With 0 it does not ping at all: "
        "then the central system has to. The attempts take attempts times interval, and more where the "
        "waits grow."
    )
    events = (Answered,)
    actions = frozenset({"GetConfiguration", "ChangeConfiguration"})

    def __init__(self, settings: None = None) -> None:
        super().__init__(settings)
        self._judged: tuple[int | None, int | None, int | None] = (None, None, None)

    def see(self, event: Event, facts: Facts) -> Iterable[Finding]:
        """Judge each new set of values once."""
        ping_s = facts.number("WebSocketPingInterval")
        attempts = facts.number("TransactionMessageAttempts")
        interval_s = facts.number("TransactionMessageRetryInterval")
        values = (ping_s, attempts, interval_s)
        if ping_s is None or values == self._judged:
            return ()
        before, self._judged = self._judged, values
        if ping_s == 0:
            if before[0] == 0:
                return ()
            return (
                self.finding(
                    facts,
                    "WebSocketPingInterval is 0: the charge point does not ping; the central system has to.",
                    (event.record,),
                    title="Charge point does not ping",
                    next_step="Let the central system ping, or set WebSocketPingInterval.",
                ),
            )
        if attempts is None or interval_s is None or attempts <= 0 or interval_s <= 0:
            return ()
        if ping_s < attempts * interval_s:
            return ()
        return (
            self.finding(
                facts,
                f"WebSocketPingInterval is {span(ping_s)}; {attempts} attempts, {span(interval_s)} apart, "
                f"are over after {span(attempts * interval_s)}.",
                (event.record,),
            ),
        )
