"""C09: one message that is sent again and again, and holds up all others."""

from collections.abc import Iterable
from typing import Annotated, Final

import msgspec

from voltline.inspection.detector import Detector, DetectorSettings
from voltline.inspection.events import Answered, Event, Exchange, Unanswered, UnansweredCause
from voltline.inspection.exchanges import Content, connector_of, content_of
from voltline.inspection.facts import Facts
from voltline.inspection.findings import Finding, Severity, Who
from voltline.messages.types import doc

_REMEMBERED: Final = 64


class Settings(DetectorSettings, frozen=True):
    """When a retry is a loop."""

    times: Annotated[
        int, doc("The same payload so often, with new message ids and no answer, is a loop.")
    ] = 3


class _Loop(msgspec.Struct, gc=False):
    sent: list[Exchange]
    """The first and the latest of its sends, as evidence."""
    count: int = 0
    cut: int = 0
    """How many of them the connection did not outlast."""


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
        "meanwhile. A normal retry has the same payload too, but is answered in the end, and then stops. "
        "The connections that end with the message still unanswered are told here and not by C01: another "
        "way to the internet would not help."
    )
    events = (Unanswered, Answered)
    actions = frozenset({"MeterValues", "StopTransaction", "StartTransaction"})
    waits_with = "_unanswered"
    settings: Settings = Settings()

    def __init__(self, settings: Settings | None = None) -> None:
        super().__init__(settings)
        self._unanswered: dict[Content, _Loop] = {}

    def see(self, event: Event, facts: Facts) -> Iterable[Finding]:
        """Count unanswered sends of one payload; an answer ends its loop."""
        if isinstance(event, Answered):
            if self._unanswered and event.exchange.from_station:
                self._unanswered.pop(content_of(event.exchange), None)
            return ()
        assert isinstance(event, Unanswered)
        exchange = event.exchange
        if not exchange.from_station or exchange.call.truncated:
            return ()
        key = content_of(exchange)
        loop = self._unanswered.pop(key, None) or _Loop([])
        self._unanswered[key] = loop
        if loop.sent and loop.sent[-1].message_id == exchange.message_id:
            return ()
        loop.sent = [*loop.sent[:3], exchange]
        loop.count += 1
        loop.cut += event.cause is UnansweredCause.DISCONNECTED
        if len(self._unanswered) > _REMEMBERED:
            del self._unanswered[next(iter(self._unanswered))]
        if loop.count < self.settings.times or not facts.listens_to(station=False):
            return ()
        first = loop.count == self.settings.times
        cut = f"; {loop.cut} times the connection ended first" if loop.cut else ""
        return (
            self.finding(
                facts,
                f"The charge point sent the same {exchange.name} {loop.count} times, with a new message id "
                f"each time, and got no answer to any{cut}.",
                (one.call for one in (loop.sent if first else loop.sent[-1:])),
                connector=connector_of(exchange),
                title=f"Same {exchange.name} for ever",
                count=loop.count if first else 1,
            ),
        )
