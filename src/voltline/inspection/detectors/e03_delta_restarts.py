"""E03: restarts, a clock that starts over, and a system log that falls silent, of a Delta AC MAX."""

import re
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from typing import Annotated

from voltline.inspection.detector import Detector, DetectorSettings
from voltline.inspection.events import Call, Event, Note
from voltline.inspection.facts import Facts
from voltline.inspection.findings import Finding, Severity, Who
from voltline.inspection.records import Record
from voltline.messages.types import doc

_RESTART = re.compile(r"\bsyslogd started\b", re.IGNORECASE)
_SYSTEM = re.compile(r"\b(?:local\d|user|kern|daemon|syslog|auth|authpriv|cron)\.")


class Settings(DetectorSettings, frozen=True):
    """How many restarts, how far back, how long a silence."""

    restarts_above: Annotated[int, doc("More restarts than this within a day are a warning.")] = 2
    clock_back_s: Annotated[float, doc("A clock that goes back further has started over.", unit="s")] = (
        86400.0
    )
    silent_s: Annotated[float, doc("System log without a line while OCPP goes on.", unit="s")] = 86400.0


class DeltaRestarts(Detector):
    """`syslogd started`, dates that fall back, no line for a day."""

    id = "E03"
    title = "Delta AC MAX restarts"
    severity = Severity.INFO
    basis = ()
    who = Who.CHARGER_MAKER
    next_step = "Look at the lines before each restart, and at the supply of the charge point."
    explanation = (
        "`syslogd started` is the first line after a restart. Without battery the clock of a Delta AC MAX "
        "starts over then, so a few lines bear a date long past until the central system sets it. A system "
        "log that stops while OCPP messages go on has filled its memory: what happened since is not in it."
    )
    events = (Note, Call)
    actions = frozenset({"Heartbeat", "MeterValues", "StatusNotification"})
    waits_with = "_last"
    settings: Settings = Settings()

    def __init__(self, settings: Settings | None = None) -> None:
        super().__init__(settings)
        self._restarts: list[datetime] = []
        self._last: Record | None = None
        self._silence_told = False

    def see(self, event: Event, facts: Facts) -> Iterable[Finding]:
        """Lines for restarts, messages for silence."""
        if type(event) is Call:
            return () if self._last is None or self._silence_told else self._silent(event, facts)
        return self._noted(event, facts)

    def _noted(self, event: Event, facts: Facts) -> Iterator[Finding]:
        record = event.record
        if not _SYSTEM.search(record.text):
            return
        before, self._last, self._silence_told = self._last, record, False
        if _RESTART.search(record.text):
            yield from self._restarted(record, facts)
        if before is None or before.at is None or record.at is None or before.source != record.source:
            return
        back = (before.at - record.at).total_seconds()
        if back > self.settings.clock_back_s:
            yield self.finding(
                facts,
                f"The log goes back from {before.at:%b %d %H:%M} to {record.at:%b %d %H:%M}.",
                (before, record),
                title="Clock of the Delta AC MAX started over",
                next_step="Take the times of these lines for unknown; have the clock's battery looked at.",
            )

    def _restarted(self, record: Record, facts: Facts) -> Iterator[Finding]:
        if record.at is not None:
            day = timedelta(days=1)
            self._restarts = [one for one in self._restarts if abs(record.at - one) < day][-50:]
            self._restarts.append(record.at)
        many = len(self._restarts) > self.settings.restarts_above
        yield self.finding(
            facts,
            f"The charge point restarted; {len(self._restarts)} time(s) within a day.",
            (record,),
            severity=Severity.WARNING if many else None,
        )

    def _silent(self, event: Event, facts: Facts) -> Iterator[Finding]:
        last = self._last
        if last is None or last.at is None or event.at is None:
            return
        silent = (event.at - last.at).total_seconds()
        if silent > self.settings.silent_s:
            self._silence_told = True
            yield self.finding(
                facts,
                f"The system log has had no line for {silent / 3600:.0f} h while OCPP messages go on.",
                (last, event.record),
                title="System log of the Delta AC MAX stopped",
                severity=Severity.WARNING,
                next_step="Restart the charge point so that it logs again, and fetch the log soon.",
            )
