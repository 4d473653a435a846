"""K04: what was queued while the charge point was offline is delivered."""

from collections import deque
from collections.abc import Iterable
from datetime import datetime
from typing import Final

from voltline.inspection.detector import Detector
from voltline.inspection.events import Call, Event, Unanswered
from voltline.inspection.exchanges import Content, content_of
from voltline.inspection.facts import Facts
from voltline.inspection.findings import Finding, Severity, Who
from voltline.inspection.spans import span

_PAUSE_S: Final = 90.0
"""After a pause of this length it is another queue that is delivered."""
_REMEMBERED: Final = 64


class OfflineReplay(Detector):
    """Old transaction messages, one after the other."""

    id = "K04"
    title = "Offline messages delivered"
    severity = Severity.INFO
    basis = ("OCPP 1.6, 3.7", "OCPP 1.6, 4.8")
    who = Who.NOBODY
    next_step = "None: this is how it should be. Their own times count, not those of the log."
    explanation = (
        "A charge point that was offline queues its transaction messages and delivers them, oldest first, "
        "when the connection is back. Their times are old and they come close together. It is told so that "
        "nobody takes the delay for a wrong clock, overlapping calls or a gap of the meter: those are not "
        "judged while it lasts. A message that the log shows to have been sent before, without an answer, is "
        "not told: it was not queued offline but is tried again."
    )
    events = (Call, Unanswered)
    actions = frozenset({"StartTransaction", "StopTransaction", "MeterValues"})

    def __init__(self, settings: None = None) -> None:
        super().__init__(settings)
        self._last_at: datetime | None = None
        """When the latest message of the burst came."""
        self._sent: deque[Content] = deque(maxlen=_REMEMBERED)
        """What got no answer when it was sent."""

    def rests(self, facts: Facts) -> bool:
        """While nothing old comes."""
        return not facts.replaying and self._last_at is None

    def see(self, event: Event, facts: Facts) -> Iterable[Finding]:
        """Tell each burst once."""
        if isinstance(event, Unanswered):
            if event.exchange.from_station:
                self._sent.append(content_of(event.exchange))
            return ()
        assert isinstance(event, Call)
        if facts.replaying and self._sent and content_of(event.exchange) in self._sent:
            return ()
        before, at = self._last_at, event.at
        self._last_at = at if facts.replaying else None
        if not facts.replaying:
            return ()
        if before is not None and at is not None and (at - before).total_seconds() <= _PAUSE_S:
            return ()  # of the same burst
        told = event.exchange.told_at
        if told is None or event.at is None:
            return ()
        age_s = (event.at - told).total_seconds() + (facts.clock_offset_s or 0.0)
        text = f"{event.exchange.name} of {told.isoformat()} came {span(max(age_s, 0.0))} late."
        return (self.finding(facts, text, (event.record,)),)
