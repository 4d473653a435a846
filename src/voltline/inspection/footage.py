"""What a page draws besides the summary: power against limit, connections, boots, findings in time, frames.

Taken only where a page is wanted: it costs time, and memory up to a bound for each charge point.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final

import msgspec

from voltline.inspection.curves import MOST_POINTS, Curve, Load, Step
from voltline.inspection.detector import Detector, DetectorSettings
from voltline.inspection.events import (
    Answered,
    Call,
    Connected,
    Disconnected,
    Event,
    Exchange,
    Malformed,
    Note,
    Orphan,
    Unanswered,
    UnansweredCause,
)
from voltline.inspection.facts import Facts
from voltline.inspection.findings import Finding
from voltline.inspection.meters import readings_of
from voltline.inspection.records import Direction, Record
from voltline.inspection.secrets import without_secrets
from voltline.inspection.sessions import Ending, SessionClosed
from voltline.inspection.shots import LONGEST, Shot, ShotKind, Shots
from voltline.messages import BootNotification, MeterValues
from voltline.wire.frame_types import CallErrorFrame

__all__ = ["ConnectorFootage", "Footage", "FootageTaker", "FootageTakerOfMany", "Mark"]

MOST_SHOTS: Final = 5_000
MOST_SHOTS_OF_MANY: Final = 200
MOST_POINTS_OF_MANY: Final = 600
MOST_MARKS: Final = 2_000
MOST_SPANS: Final = 20_000
MOST_CONNECTORS: Final = 100
LIMIT_EVERY: Final = timedelta(seconds=30)
"""So often the limit is looked at, besides whenever profiles change."""
MISPLACED: Final = timedelta(minutes=30)
"""A sample that is further from the line it stands on was stored, or the station's clock is wrong."""

FindingKey = tuple[str, str, int | None, str]


class Mark(msgspec.Struct, frozen=True, gc=False):
    """A finding was made at that time."""

    at: datetime
    finding: FindingKey


class ConnectorFootage(msgspec.Struct, gc=False):
    """A connector over time."""

    load: list[Load] = []
    limits: list[Step] = []
    thinned: bool = False
    """Whether there were more points; of those left out none was higher or lower than its neighbours."""


class Footage(msgspec.Struct, gc=False):
    """A station over time, by the log's clock; by the station's own where the log has none."""

    station: str
    connectors: dict[int, ConnectorFootage] = {}
    connection_told: bool = False
    """Whether any line tells of connections; else it is not known when there was one."""
    boots: list[datetime] = []
    marks: list[Mark] = []
    """Of very many some, from begin to end."""
    spans: list[tuple[datetime | None, datetime | None]] = []
    """Begin and end of each session, in the order in which they were closed; None: not in the log."""
    shots: list[Shot] = []
    lines: int = 0
    """Lines there were to show; `shots` are some of them."""


class FootageTaker(Detector):
    """Looks on, and finds nothing. One object a station, like any detector."""

    id = "FOOTAGE"
    title = "What a page draws"
    events = (Call, Answered, Orphan, Malformed, Unanswered, Connected, Disconnected, Note, SessionClosed)
    most_shots = MOST_SHOTS
    most_points = MOST_POINTS

    def __init__(self, settings: DetectorSettings | None = None) -> None:
        super().__init__(settings)
        self._footage = Footage("")
        self._load: dict[int, Curve[Load]] = {}
        self._limits: dict[int, Curve[Step]] = {}
        self._registers: dict[int, tuple[datetime, float]] = {}
        self._looked_at: datetime | None = None
        self._shots = Shots(self.most_shots)
        self._found = 0
        self._every = 1
        """Of so many findings one is marked."""
        self._recent: dict[tuple[str, int], Shot] = {}

    # ---- in

    def see(self, event: Event, facts: Facts) -> Iterable[Finding]:
        """Note what a page draws of it."""
        kind = type(event)
        at = event.at
        if kind is Call:
            exchange: Exchange = event.exchange  # type: ignore[attr-defined]  # told by its type
            self._shoot(event.record, ShotKind.CALL, exchange.name, exchange.message_id)
            request = exchange.request
            if type(request) is MeterValues:
                self._metered(request, at, facts)
            elif type(request) is BootNotification and exchange.from_station:
                _note(self._footage.boots, at)
            self._look_at_limits(at, facts)
        elif kind is Answered:
            exchange = event.exchange  # type: ignore[attr-defined]
            error = isinstance(exchange.result, CallErrorFrame)
            shot = ShotKind.ERROR if error else ShotKind.RESULT
            self._shoot(event.record, shot, exchange.name, exchange.message_id, exchange.took_s)
            if exchange.name in _CHANGING_LIMITS:
                self._look_at_limits(at, facts, certainly=True)
        elif isinstance(event, Orphan):
            error = isinstance(event.frame, CallErrorFrame)
            name = "" if event.exchange is None else event.exchange.name
            self._shoot(
                event.record, ShotKind.ERROR if error else ShotKind.RESULT, name, event.frame.message_id
            )
        elif isinstance(event, Unanswered):
            call = event.exchange.call
            shot_of_it = self._recent.get((call.source, call.line))
            if shot_of_it is not None and event.cause is not UnansweredCause.LOG_ENDED:
                shot_of_it.unanswered = True
        elif isinstance(event, SessionClosed):
            self._ended(event, facts)
        else:
            self._other(event, facts)
        return ()

    def found(self, finding: Finding, facts: Facts) -> None:
        """A detector made this finding just now."""
        self._shots.want()
        at = finding.first_at or facts.now
        self._found += 1
        if at is None or self._found % self._every:
            return
        marks = self._footage.marks
        marks.append(Mark(at, finding.key))
        if len(marks) > MOST_MARKS:
            del marks[::2]
            self._every *= 2

    def take(self, facts: Facts) -> Footage:
        """The footage, complete."""
        footage = self._footage
        footage.station = facts.station
        for number in sorted(self._load.keys() | self._limits.keys()):
            load, limits = self._load.get(number), self._limits.get(number)
            footage.connectors[number] = ConnectorFootage(
                [] if load is None else load.points,
                [] if limits is None else limits.points,
                load is not None and load.thinned,
            )
        footage.shots, footage.lines = self._shots.kept(), self._shots.seen
        return footage

    # ---- power and limits

    def _metered(self, request: MeterValues, logged: datetime | None, facts: Facts) -> None:
        number = request.connector_id
        curve = self._load.get(number)
        if curve is None:
            if len(self._load) >= MOST_CONNECTORS:
                return
            curve = self._load[number] = Curve(self.most_points)
        for sample in readings_of(request):
            at = _log_time(sample.at, logged, facts)
            power_w, derived = sample.power_w, False
            if sample.register_wh is not None:
                if power_w is None and sample.current_a is None:
                    power_w = self._mean_power(number, at, sample.register_wh)
                    derived = power_w is not None
                self._registers[number] = at, sample.register_wh
            if power_w is not None or sample.current_a is not None:
                curve.add(Load(at, power_w, sample.current_a, derived))

    def _mean_power(self, number: int, at: datetime, register_wh: float) -> float | None:
        before = self._registers.get(number)
        if before is None:
            return None
        hours = (at - before[0]).total_seconds() / 3600
        gained = register_wh - before[1]
        return gained / hours if hours > 0 and gained >= 0 else None

    def _ended(self, event: SessionClosed, facts: Facts) -> None:
        """The curve breaks here: nothing is known until the next session."""
        session = event.session
        number = session.connector
        if len(self._footage.spans) < MOST_SPANS:
            self._footage.spans.append(
                (
                    _span_end(session.started_at, session.start, facts),
                    _span_end(session.stopped_at, session.stop, facts),
                )
            )
        if number is None or session.ending is Ending.LOG_ENDED:
            return
        curve = self._load.get(number)
        at = event.at or session.stopped_at
        if curve is not None and curve.points and at is not None and curve.points[-1].height is not None:
            curve.add(Load(max(at, curve.points[-1].at), None, None))

    def _look_at_limits(self, at: datetime | None, facts: Facts, *, certainly: bool = False) -> None:
        if at is None or not (facts.profiles or self._limits):
            return
        if not certainly and self._looked_at is not None and at - self._looked_at < LIMIT_EVERY:
            return
        self._looked_at = at
        for number in list(facts.connectors)[:MOST_CONNECTORS]:
            if number < 1:
                continue
            limit_a = facts.limit_a(number, at) if facts.profiles else None
            curve = self._limits.get(number)
            if curve is None:
                if limit_a is None:
                    continue
                curve = self._limits[number] = Curve(self.most_points)
            if not curve.points or curve.points[-1].limit_a != limit_a:
                curve.add(Step(at, limit_a))

    # ---- lines

    def _other(self, event: Event, facts: Facts) -> None:
        if isinstance(event, Connected):
            self._footage.connection_told = True
            self._shoot(event.record, ShotKind.CONNECTED)
        elif isinstance(event, Disconnected):
            self._footage.connection_told = True
            self._shoot(event.record, ShotKind.DISCONNECTED)
        elif isinstance(event, Note):
            self._shoot(event.record, ShotKind.NOTE)
        else:
            self._shoot(event.record, ShotKind.MALFORMED)

    def _shoot(
        self,
        record: Record,
        kind: ShotKind,
        action: str = "",
        message_id: str = "",
        took_s: float | None = None,
    ) -> None:
        text = without_secrets(record.text)
        if len(text) > LONGEST:
            text = text[: LONGEST - 1] + "…"
        direction = record.direction if kind in _FRAMES else Direction.UNKNOWN
        shot = Shot(
            self._shots.seen + 1,
            kind,
            record.at,
            direction,
            action[:80],
            message_id[:80],
            record.source,
            record.line,
            text,
            took_s,
        )
        self._shots.add(shot)
        if kind is ShotKind.CALL:
            self._recent[record.source, record.line] = shot
            if len(self._recent) > _OPEN:
                del self._recent[next(iter(self._recent))]


class FootageTakerOfMany(FootageTaker):
    """The same in a log of many stations: less is kept of each."""

    most_shots = MOST_SHOTS_OF_MANY
    most_points = MOST_POINTS_OF_MANY


_CHANGING_LIMITS: Final = frozenset(
    {"SetChargingProfile", "ClearChargingProfile", "RemoteStartTransaction", "StartTransaction"}
)
_FRAMES: Final = (ShotKind.CALL, ShotKind.RESULT, ShotKind.ERROR, ShotKind.MALFORMED)
_OPEN: Final = 400
"""Calls that may still turn out to be unanswered."""


def _note(times: list[datetime], at: datetime | None) -> None:
    if at is not None and len(times) < MOST_MARKS:
        times.append(at)


def _span_end(told: datetime | None, exchange: Exchange | None, facts: Facts) -> datetime | None:
    if exchange is None:
        return None
    return exchange.call.at if told is None else _log_time(told, exchange.call.at, facts)


def _log_time(sampled: datetime, logged: datetime | None, facts: Facts) -> datetime:
    """When it was measured, by the log's clock: states and limits are drawn by that."""
    if logged is None:
        return sampled
    if facts.clock_offset_s is not None:
        sampled -= timedelta(seconds=facts.clock_offset_s)
    if facts.replaying and sampled <= logged:
        return sampled
    return logged if abs(sampled - logged) > MISPLACED else min(sampled, logged)
