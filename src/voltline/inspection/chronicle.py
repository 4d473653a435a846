"""What a report shows besides findings: stations, sessions, states over time, gaps. Bounded in memory."""

from datetime import datetime
from typing import Final

import msgspec

from voltline.inspection.events import (
    Call,
    Connected,
    Disconnected,
    Event,
    Malformed,
    Repeated,
)
from voltline.inspection.facts import Facts
from voltline.inspection.findings import Evidence
from voltline.inspection.sessions import Ending, Point, Session, SessionClosed
from voltline.messages import StatusNotification

__all__ = ["NOT_KEPT", "Chronicle", "Room", "SessionSummary", "State", "StationSummary"]

MOST_SESSIONS: Final = 50_000
"""Sessions of a log that are kept, of all its stations; further ones are only counted."""
MOST_DETAILED: Final = 5_000
"""Of these, those that keep states and a curve."""
MOST_CURVES: Final = 300
"""Sessions of a station whose curve is kept whole; later ones keep every twentieth point."""
MOST_STATES: Final = 5_000
"""Changes of state of a connector; what came after them is not kept, and that is said."""
MOST_CONNECTORS: Final = 100
NOT_KEPT: Final = ""
"""In place of a status: from here on the log has more changes than are kept."""
MOST_GAPS: Final = 2_000


class State(msgspec.Struct, frozen=True, gc=False):
    """A connector's state from here on. `at` is the log's time; the last `status` may be `NOT_KEPT`."""

    at: datetime
    status: str
    error: str


class SessionSummary(msgspec.Struct, gc=False):
    """A session as a report shows it. Times are the station's own, energies in Wh."""

    station: str
    connector: int | None
    transaction_id: int | None
    id_tag: str | None
    started_at: datetime | None
    stopped_at: datetime | None
    meter_start_wh: int | None
    meter_stop_wh: int | None
    energy_wh: float | None
    duration_s: float | None
    peak_power_w: float | None
    authorization: str | None
    reason: str | None
    ending: Ending
    unknown: tuple[str, ...]
    """What is not known of it, in words."""
    samples: int
    remote: bool
    """Whether a RemoteStartTransaction led to it."""
    begins: Evidence | None
    """Its StartTransaction."""
    ends: Evidence | None
    states: list[tuple[datetime | None, str]] = []
    curve: list[Point] = []


class StationSummary(msgspec.Struct, gc=False):
    """A station as a report shows it."""

    station: str
    vendor: str | None = None
    model: str | None = None
    firmware: str | None = None
    first_at: datetime | None = None
    last_at: datetime | None = None
    frames: int = 0
    repeated: int = 0
    """Frames that another logger told a second time; they are not among `frames`."""
    malformed: int = 0
    boots: int = 0
    connections: int = 0
    connectors: tuple[int, ...] = ()
    sessions: int = 0
    actions: dict[str, int] = {}
    """Calls by action."""
    states: dict[int, list[State]] = {}
    gaps: list[tuple[datetime, datetime | None]] = []
    """From a lost connection to the next one; None: it was not seen to come back."""


class Room(msgspec.Struct):
    """How many more sessions are kept. All stations of a log share one, so that a long log has its bound."""

    sessions: int = MOST_SESSIONS
    detailed: int = MOST_DETAILED


class Chronicle:
    """Keeps the summary of one station."""

    def __init__(self, facts: Facts, room: Room | None = None) -> None:
        self._facts = facts
        self._room = room or Room()
        self.summary = StationSummary(facts.station)
        self.sessions: list[SessionSummary] = []

    def called(self, event: Call) -> None:
        """Note what a report shows of a call: of all but StatusNotification that is nothing."""
        request = event.exchange.request
        if type(request) is StatusNotification:
            self._state(event, request)

    def see(self, event: Event) -> None:
        """Note what a report shows of anything else. Of an Answered event that is nothing."""
        kind = type(event)
        summary = self.summary
        if kind is SessionClosed:
            self._closed(event.session)  # type: ignore[attr-defined]  # told by its type
        elif kind is Malformed:
            summary.malformed += 1
        elif kind is Repeated:
            summary.repeated += 1
        elif kind is Connected:
            summary.connections += 1
            if event.at is not None and summary.gaps and summary.gaps[-1][1] is None:
                summary.gaps[-1] = summary.gaps[-1][0], event.at
        elif kind is Disconnected and event.at is not None:
            gaps = summary.gaps
            if len(gaps) < MOST_GAPS and not (gaps and gaps[-1][1] is None):
                gaps.append((event.at, None))

    def close(self, frames: int) -> StationSummary:
        """The summary, complete; `frames` were seen, repeats not counted."""
        facts, summary = self._facts, self.summary
        summary.frames = frames
        summary.actions = facts.calls
        if facts.model is not None:
            summary.vendor, summary.model, firmware = facts.model
            summary.firmware = firmware or None
        summary.first_at, summary.last_at, summary.boots = facts.first_at, facts.now, facts.boots
        summary.connectors = tuple(sorted(facts.connectors))
        return summary

    def _state(self, event: Event, request: StatusNotification) -> None:
        if event.at is None:
            return
        of_connectors = self.summary.states
        states = of_connectors.get(request.connector_id)
        if states is None:
            if len(of_connectors) >= MOST_CONNECTORS:
                return
            states = of_connectors[request.connector_id] = []
        if len(states) > MOST_STATES:
            return
        last = states[-1] if states else None
        if last is not None and last.status == request.status and last.error == request.error_code:
            return
        if len(states) == MOST_STATES:
            states.append(State(event.at, NOT_KEPT, ""))
        else:
            states.append(State(event.at, str(request.status), str(request.error_code)))

    def _closed(self, session: Session) -> None:
        self.summary.sessions += 1
        room = self._room
        if not room.sessions:
            return
        room.sessions -= 1
        states = [(at, str(status)) for at, status in session.states]
        curve = session.curve if len(self.sessions) < MOST_CURVES else session.curve[::20]
        if room.detailed:
            room.detailed -= 1
        else:
            states, curve = [], []
        assert session.ending is not None
        self.sessions.append(
            SessionSummary(
                session.station,
                session.connector,
                session.transaction_id,
                session.id_tag,
                session.started_at,
                session.stopped_at,
                session.meter_start_wh,
                session.meter_stop_wh,
                session.energy_wh,
                session.duration_s,
                session.peak_power_w,
                None if session.authorization is None else str(session.authorization),
                None if session.reason is None else str(session.reason),
                session.ending,
                session.unknowns,
                session.samples,
                session.remote_start is not None,
                None if session.start is None else Evidence.of(session.start.call),
                None if session.stop is None else Evidence.of(session.stop.call),
                states,
                curve,
            )
        )
