"""P05: times of which the log has no line at all."""

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Annotated

from voltline.inspection.detector import QUIET, Detector, DetectorSettings
from voltline.inspection.events import Answered, Call, Connected, Disconnected, Event, Exchange, Note, Orphan
from voltline.inspection.facts import Facts
from voltline.inspection.findings import Finding, Severity, Who
from voltline.inspection.records import NO_YEAR, Record
from voltline.inspection.spans import span
from voltline.messages import BootNotificationResponse, HeartbeatResponse
from voltline.messages.types import doc

_WITH_TIME = (BootNotificationResponse, HeartbeatResponse)
_BACK_S = 3_600.0
_QUIET_S = QUIET.total_seconds()
_STAYS_BACK = 50
_CLOCK_SET_S = 600.0


class Settings(DetectorSettings, frozen=True):
    """What is a gap."""

    intervals: Annotated[float, doc("So many heartbeat intervals without a line are a gap.")] = 3.0
    at_least_s: Annotated[float, doc("Shorter silences are never told.", unit="s")] = 300.0
    unknown_interval_s: Annotated[
        float, doc("What is a gap where no heartbeat interval is known.", unit="s")
    ] = 86_400.0
    warning_s: Annotated[float, doc("A gap of this length is a warning.", unit="s")] = 7 * 86_400.0


class LogGap(Detector):
    """No line of the station, neither of the one side nor of the other."""

    id = "P05"
    title = "Gap in the log"
    severity = Severity.INFO
    basis = ("OCPP 1.6, 4.6",)
    who = Who.LOG_KEEPER
    next_step = (
        "Ask for the missing files of the rotation, and for the log level; then look at the charge point."
    )
    explanation = (
        "A charge point that is connected says something at least once in each heartbeat interval. Several "
        "intervals without any line mean that a rotated file is missing, that the log level was changed, "
        "that the charge point was off, or that it needs no heartbeats because it sends WebSocket pings. "
        "Nothing is known of that time, and nothing is concluded from it. A silence between the end of a "
        "connection and the next one is no gap, and neither is a clock that was set: after a cold start "
        "logs often begin at the first of January or at the date of the firmware."
    )
    events = (Call, Answered, Orphan, Connected, Disconnected, Note)
    settings: Settings = Settings()

    def __init__(self, settings: Settings | None = None) -> None:
        super().__init__(settings)
        self._latest: datetime | None = None
        self._record: Record | None = None
        self._passed: Record | None = None
        """The latest that was not shown."""
        self._heartbeat: Exchange | None = None
        self._away = False
        """The connection was closed by the last line."""
        self._back = 0
        """Lines in a row that are far behind the latest."""
        self._clock_is_off_s = 0.0
        """Central system's clock minus the log's, by the latest answer that tells it."""

    def rests(self, facts: Facts) -> bool:
        """While the log's clock goes on and no short silence counts."""
        record = self._record
        return (
            self.settings.at_least_s > _QUIET_S
            and record is not None
            and self._latest == record.at
            and not self._back
        )

    def see(self, event: Event, facts: Facts) -> Iterable[Finding]:
        """Measure from the latest time so far, so that a clock that was reset and set again is no gap."""
        if facts.passed is not self._passed:
            self._catch_up(event.record, facts)
        at, latest = event.at, self._latest
        if at is None:
            return ()
        if latest is None:
            self._keep(event, at)
            return ()
        silence_s = (at - latest).total_seconds()
        if 0 <= silence_s < self.settings.at_least_s:
            kind = type(event)
            if kind is Answered:
                self._learn_clock(event.exchange)  # type: ignore[attr-defined]  # told by its type
            elif kind is not Call:
                self._keep(event, at)
                return ()
            self._latest = at
            self._record = event.record
            self._back = 0
            self._away = False
            return ()
        if silence_s < -_BACK_S:
            self._back += 1
            if self._back < _STAYS_BACK:
                return ()
        found: Iterable[Finding] = ()
        if silence_s >= self.settings.at_least_s and not self._away:
            found = tuple(self._judged(event, silence_s, facts))
        self._keep(event, at)
        return found

    def _catch_up(self, shown: Record, facts: Facts) -> None:
        """With what was not shown: no silence in it was one."""
        passed = self._passed = facts.passed
        if passed is not None and passed is not shown:
            self._latest, self._record, self._away = passed.at, passed, False
        heartbeat = facts.passed_heartbeat
        if heartbeat is not None and heartbeat is not self._heartbeat and heartbeat.answer is not shown:
            self._learn_clock(heartbeat)
        self._heartbeat = heartbeat

    def _learn_clock(self, exchange: Exchange) -> None:
        response, at = exchange.response, exchange.answered_at
        if at is not None and type(response) in _WITH_TIME:
            self._clock_is_off_s = (response.current_time - at).total_seconds()  # type: ignore[union-attr]

    def _keep(self, event: Event, at: datetime) -> None:
        if self._latest is None or at > self._latest or self._back >= _STAYS_BACK:
            self._latest = at
        self._record = event.record
        self._back = 0
        kind = type(event)
        if kind is Answered:
            self._away = False
            self._learn_clock(event.exchange)  # type: ignore[attr-defined]  # told by its type
        elif kind is Disconnected:
            self._away = True
        elif kind is not Note:
            self._away = False

    def _judged(self, event: Event, silence_s: float, facts: Facts) -> Iterator[Finding]:
        interval_s = facts.interval_s
        limit_s = interval_s * self.settings.intervals if interval_s else self.settings.unknown_interval_s
        if silence_s <= max(limit_s, self.settings.at_least_s):
            return
        if self._latest is not None and self._latest.year == NO_YEAR:
            return
        if abs(self._clock_is_off_s - silence_s) < _CLOCK_SET_S + 0.01 * silence_s and silence_s > _BACK_S:
            return
        known = f", at a heartbeat interval of {span(interval_s)}" if interval_s else ""
        records = (event.record,) if self._record is None else (self._record, event.record)
        yield self.finding(
            facts,
            f"No line for {span(silence_s)}{known}.",
            records,
            severity=Severity.WARNING if silence_s > self.settings.warning_s else None,
        )
