"""C07: connections that break after the same time of silence."""

from collections import deque
from collections.abc import Iterable
from datetime import datetime
from statistics import fmean, pstdev
from typing import Annotated

from voltline.inspection.detector import Detector, DetectorSettings
from voltline.inspection.events import Connected, Disconnected, Event
from voltline.inspection.facts import Facts
from voltline.inspection.findings import Finding, Severity, Who
from voltline.inspection.records import Record
from voltline.inspection.spans import span
from voltline.inspection.whole_minutes import rounding_s
from voltline.messages.types import doc

_REMEMBERED = 20


class Settings(DetectorSettings, frozen=True):
    """What is the same time."""

    closes: Annotated[int, doc("So many connections that broke after the same silence are told.")] = 3
    deviation_s: Annotated[float, doc("The silences' standard deviation is below this.", unit="s")] = 1.0
    least_s: Annotated[float, doc("Shorter silences are no timeout.", unit="s")] = 5.0


class IdleTimeout(Detector):
    """The silence before each close."""

    id = "C07"
    title = "Connection breaks after a fixed silence"
    severity = Severity.WARNING
    basis = ("OCPP-J 1.6, 5.3", "OCPP-J errata 3.11")
    who = Who.SITE
    next_step = (
        "Find who closes after that time (router, proxy, load balancer, back-end) and raise it, or set "
        "WebSocketPingInterval below it."
    )
    explanation = (
        "When connections end the same number of seconds after the last frame, someone has a timer: "
        "routers and proxies drop idle connections after 60, 100 or 300 s, some back-ends close when a "
        "ping is not answered, some charge points drop idle sockets at 110 s. The length of the silence "
        "names the timer. Pings and heartbeats that come more often keep the connection alive. Not judged in "
        "a log whose times have no seconds."
    )
    events = (Connected, Disconnected)
    settings: Settings = Settings()

    def __init__(self, settings: Settings | None = None) -> None:
        super().__init__(settings)
        self._before: Record | None = None
        """The last frame when the connection was opened, or closed before."""
        self._silences: deque[tuple[float, Record, Record]] = deque(maxlen=_REMEMBERED)

    def see(self, event: Event, facts: Facts) -> Iterable[Finding]:
        """Measure from the last frame, at a close."""
        frame, before = facts.last_frame, self._before
        self._before = frame
        if type(event) is Disconnected and frame is not None and frame is not before:
            return self._closed(frame, event.record, event.at, facts)
        return ()

    def _closed(self, frame: Record, close: Record, at: datetime | None, facts: Facts) -> Iterable[Finding]:
        if at is None or frame.at is None:
            return ()
        silence_s = (at - frame.at).total_seconds()
        if silence_s < self.settings.least_s:
            return ()
        if rounding_s(facts.first_at, frame.at, at) > self.settings.deviation_s:
            return ()  # no two silences can be known to be alike
        alike = [one for one in self._silences if abs(one[0] - silence_s) <= 2 * self.settings.deviation_s]
        alike.append((silence_s, frame, close))
        self._silences.append(alike[-1])
        lengths = [one[0] for one in alike]
        if len(alike) < self.settings.closes or pstdev(lengths) >= self.settings.deviation_s:
            return ()
        first = len(alike) == self.settings.closes
        shown = alike if first else alike[-1:]
        mean_s = fmean(lengths)
        return (
            self.finding(
                facts,
                f"{len(alike)} connections ended {span(round(mean_s))} after their last frame.",
                [record for _, *records in shown for record in records],
                count=len(shown),
            ),
        )
