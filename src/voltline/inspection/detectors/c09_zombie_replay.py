"""C09: one message that is sent again and again, and holds up all others."""

from collections.abc import Iterable
from typing import Annotated, Final

from voltline.inspection.detector import Detector, DetectorSettings
from voltline.inspection.events import Answered, Event, Exchange, Unanswered
from voltline.inspection.exchanges import connector_of
from voltline.inspection.facts import Facts
from voltline.inspection.findings import Finding, Severity, Who
from voltline.messages.types import doc

_REMEMBERED: Final = 64


class Settings(DetectorSettings, frozen=True):
    """When a retry is a loop."""

    times: Annotated[
        int, doc("The same payload so often, with new message ids and no answer, is a loop.")
    ] = 3


class ZombieReplay(Detector):
    """A payload with a frozen timestamp, under a new message id each time."""

    id = "C09"
    title = "Same message for ever"
    severity = Severity.CRITICAL
    basis = ("OCPP 1.6, 3.7.1",)
    who = Who.CHARGER_MAKER
    next_step = (
        "Answer the message with an empty result, whatever is wrong with it; if it comes again all the same, "
        "restart the charge point with a hard Reset and have its firmware corrected."
    )
    explanation = (
        "Transaction messages are delivered in order: one that gets no answer is sent again, and all later "
        "ones wait behind it. A charge point that sends the same reading, with the same old timestamp, "
        "after each reconnection and never goes on is caught in that loop; its sessions are not billed "
        "meanwhile. A normal retry has the same payload too, but is answered in the end, and then stops."
    )
    events = (Unanswered, Answered)
    actions = frozenset({"MeterValues", "StopTransaction", "StartTransaction"})
    waits_with = "_unanswered"
    settings: Settings = Settings()

    def __init__(self, settings: Settings | None = None) -> None:
        super().__init__(settings)
        self._unanswered: dict[tuple[str, bytes], list[Exchange]] = {}
        """By action and payload: the first and the latest of them, as evidence."""
        self._counts: dict[tuple[str, bytes], int] = {}

    def see(self, event: Event, facts: Facts) -> Iterable[Finding]:
        """Count unanswered sends of one payload; an answer ends its loop."""
        if isinstance(event, Answered):
            if self._unanswered and event.exchange.from_station:
                key = _key(event.exchange)
                self._unanswered.pop(key, None)
                self._counts.pop(key, None)
            return ()
        assert isinstance(event, Unanswered)
        exchange = event.exchange
        if not exchange.from_station or exchange.call.truncated:
            return ()
        key = _key(exchange)
        before = self._unanswered.pop(key, [])
        if before and before[-1].message_id == exchange.message_id:
            self._unanswered[key] = before
            return ()
        self._unanswered[key] = sent = [*before[:3], exchange]
        self._counts[key] = count = self._counts.get(key, 0) + 1
        if len(self._unanswered) > _REMEMBERED:
            oldest = next(iter(self._unanswered))
            del self._unanswered[oldest]
            del self._counts[oldest]
        if count < self.settings.times or not facts.listens_to(station=False):
            return ()
        first = count == self.settings.times
        return (
            self.finding(
                facts,
                f"The charge point sent the same {exchange.name} {count} times, with a new message id each "
                "time, and got no answer to any.",
                (one.call for one in (sent if first else sent[-1:])),
                connector=connector_of(exchange),
                title=f"Same {exchange.name} for ever",
                count=count if first else 1,
            ),
        )


def _key(exchange: Exchange) -> tuple[str, bytes]:
    return exchange.name, bytes(exchange.frame.payload)
