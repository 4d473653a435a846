"""C06: heartbeats that are missing, or not at their interval."""

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Annotated, Final

from voltline.inspection.detector import QUIET, Detector, DetectorSettings
from voltline.inspection.events import (
    Answered,
    Call,
    Connected,
    Disconnected,
    Event,
    Note,
    Orphan,
    OrphanCause,
)
from voltline.inspection.exchanges import seconds_between
from voltline.inspection.facts import Facts
from voltline.inspection.findings import Finding, Severity, Who
from voltline.inspection.records import Direction, Record
from voltline.inspection.spans import span
from voltline.inspection.whole_minutes import rounding_s
from voltline.messages.types import doc

_FROM_STATION: Final = Direction.FROM_STATION
_CONNECTIONS: Final = (Connected, Disconnected)
_TELLING: Final = (*_CONNECTIONS, Orphan)
"""Of what the charge point did not send, what says something of it."""
_GAP_INTERVALS = 3.0
_GAP_LEAST_S = 300.0
_LEAST_RESTED_S = 2 * QUIET.total_seconds()
"""A silence may begin so long before a frame that is not shown."""


class Settings(DetectorSettings, frozen=True):
    """What is late, and what is irregular."""

    silent_intervals: Annotated[
        float, doc("So many intervals without anything from the charge point are told.")
    ] = 2.0
    early_share: Annotated[
        float, doc("Heartbeats earlier than this share of the interval are irregular.")
    ] = 0.5
    early_in_a_row: Annotated[int, doc("So many early heartbeats in a row are told.")] = 5


class HeartbeatMissing(Detector):
    """The charge point's silence against the interval that it was given."""

    id = "C06"
    title = "Heartbeat missing"
    severity = Severity.WARNING
    basis = ("OCPP 1.6, 4.6", "OCPP-J 1.6, 5.3")
    who = Who.CHARGER_MAKER
    next_step = "Compare HeartbeatInterval in its configuration with the interval in the answer to its boot."
    explanation = (
        "The answer to BootNotification gives the interval at which a charge point shows that it is alive; "
        "any message does for a heartbeat. Over WebSocket heartbeats may even be left to pings, so a "
        "charge point with WebSocketPingInterval set, or a log without any heartbeat, gives information "
        "only. An answer whose CALL was left out of the log shows that the charge point was heard. A time in "
        "which the log has no line at all is P05's; live, where no line is missing, it is told here while it "
        "lasts, unless the connection is known to be lost. Heartbeats that come much more often than asked "
        "show an interval that was not taken over."
    )
    events = (Call, Answered, Orphan, Connected, Disconnected, Note)
    rests_at = frozenset({"MeterValues"})
    settings: Settings = Settings()

    def __init__(self, settings: Settings | None = None) -> None:
        super().__init__(settings)
        self._heard: Record | None = None
        """The latest frame of the charge point, on this connection."""
        self._latest: datetime | None = None
        self._passed: Record | None = None
        self._passed_call: Record | None = None
        """The latest that were not shown."""
        self._quietest_s = 0.0
        """The longest time without any line since the charge point was heard."""
        self._told: Record | None = None
        """The frame after which it was silent for so long that this was told while it lasted."""
        self._heartbeat_at: datetime | None = None
        self._heartbeats = 0
        self._early = 0
        self._interval_s: int | None = None
        self._silent_from_s = 0.0

    def rests(self, facts: Facts) -> bool:
        """While it is heard from, and the interval is no short one."""
        heard, latest = self._heard, self._latest
        if heard is None or latest is None or facts.interval_s != self._interval_s:
            return False
        since = heard.at
        return (
            since is not None and since <= latest <= since + QUIET and self._silent_from_s >= _LEAST_RESTED_S
        )

    def see(self, event: Event, facts: Facts) -> Iterable[Finding]:
        """Measure between frames of the charge point."""
        record = event.record
        if facts.passed_metered is not self._passed:
            self._catch_up(facts, record)
        at = event.at
        if at is None:
            return ()
        latest, self._latest = self._latest, at
        kind = type(event)
        if record.direction is not _FROM_STATION or kind in _CONNECTIONS:
            quiet_s = 0.0 if latest is None else (at - latest).total_seconds()
            if quiet_s > self._quietest_s:
                self._quietest_s = quiet_s
            if kind not in _TELLING:
                return ()
            if kind is not Orphan:
                self._heard = self._heartbeat_at = None
                return ()
            if facts.live or event.cause is not OrphanCause.UNKNOWN:  # type: ignore[attr-defined]
                return ()
            # Only a CALL is answered: the charge point was heard, in a line that was left out of the log.
        heard, self._heard = self._heard, record
        quietest_s, self._quietest_s = self._quietest_s, 0.0
        interval_s = facts.interval_s
        if interval_s is None or interval_s != self._interval_s:
            self._interval_s = interval_s
            self._silent_from_s = (interval_s or 0) * self.settings.silent_intervals
            return ()
        found: Iterable[Finding] = ()
        if heard is not None and heard.at is not None:
            silent_s = (at - heard.at).total_seconds()
            if silent_s > self._silent_from_s and heard is not self._told:
                quietest_s = max(quietest_s, seconds_between(latest, at) or 0.0)
                found = tuple(self._silent(heard, record, silent_s, quietest_s, facts))
        if kind is Call and event.exchange.name == "Heartbeat":  # type: ignore[attr-defined]
            early = self._heartbeat(event, at, interval_s, facts)
            found = found if early is None else (*found, early)
        return found

    def lapsed(self, facts: Facts) -> Iterator[Finding]:
        """Where traffic is seen as it happens, no line is missing: the charge point itself is silent."""
        self._catch_up(facts, None)
        heard = self._heard
        if not facts.live or heard is None or heard is self._told:
            return
        silent_s = seconds_between(heard.at, facts.now)
        if silent_s is None or not 0 < self._silent_from_s < silent_s:
            return
        self._told = heard
        yield self._missing((heard,), silent_s, facts, excused=self._heartbeats == 0)

    def _catch_up(self, facts: Facts, shown: Record | None) -> None:
        """With what was not shown: no silence in it was one."""
        passed, call = facts.passed_metered, facts.passed_call
        if passed is self._passed:
            return
        self._passed = passed
        if passed is None or passed is shown:
            self._passed_call = call
            return
        self._latest = passed.at
        if call is not self._passed_call:
            self._passed_call = self._heard = call
            self._quietest_s = 0.0

    def _silent(
        self, heard: Record, now: Record, silent_s: float, quietest_s: float, facts: Facts
    ) -> Iterator[Finding]:
        if silent_s - 2 * rounding_s(facts.first_at, heard.at, now.at) < self._silent_from_s:
            return  # of times without seconds either may be a minute off, see WholeMinutes
        interval_s = facts.interval_s or 0
        if quietest_s > max(interval_s * _GAP_INTERVALS, _GAP_LEAST_S):
            return  # no line at all: P05
        # A log that does not mark connections cannot say whether it was away.
        away = facts.connected is None and quietest_s > interval_s * self.settings.silent_intervals
        yield self._missing((heard, now), silent_s, facts, excused=away or self._heartbeats == 0)

    def _missing(self, shown: tuple[Record, ...], silent_s: float, facts: Facts, *, excused: bool) -> Finding:
        pings = (facts.number("WebSocketPingInterval") or 0) > 0
        return self.finding(
            facts,
            f"The charge point was silent for {span(silent_s)}; its heartbeat interval is "
            f"{span(facts.interval_s or 0)}.",
            shown,
            severity=Severity.INFO if excused or pings else None,
        )

    def _heartbeat(self, event: Event, at: datetime, interval_s: int, facts: Facts) -> Finding | None:
        self._heartbeats += 1
        before, self._heartbeat_at = self._heartbeat_at, at
        if before is None:
            return None
        apart_s = (at - before).total_seconds()
        self._early = self._early + 1 if apart_s < interval_s * self.settings.early_share else 0
        if self._early < self.settings.early_in_a_row:
            return None
        self._early = 0
        if apart_s + rounding_s(facts.first_at, before, at) >= interval_s * self.settings.early_share:
            return None  # times without seconds do not show it
        return self.finding(
            facts,
            f"Heartbeats come every {span(apart_s)}; the interval is {span(interval_s)}.",
            (event.record,),
            title="Heartbeats more often than asked",
            severity=Severity.INFO,
        )
