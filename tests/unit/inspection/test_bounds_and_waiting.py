"""What a long log costs: sessions are kept up to a bound, everyday frames go to those who wait."""

from collections.abc import Iterable

import pytest
from tests.unit.inspection.inspection_lab import Log

from voltline.inspection.chronicle import MOST_CONNECTORS, MOST_STATES, NOT_KEPT, Room
from voltline.inspection.detector import Detector
from voltline.inspection.engine import StationInspection
from voltline.inspection.events import Answered, Call, Event
from voltline.inspection.facts import Facts
from voltline.inspection.findings import Finding, Severity, Who
from voltline.inspection.inspector import Inspector


class Waiting(Detector):
    """Waits from a StatusNotification for the next Heartbeat."""

    id = "ZZ2"
    title = "Waiting"
    severity = Severity.INFO
    basis = ()
    who = Who.NOBODY
    next_step = "None."
    explanation = "None."
    events = (Call, Answered)
    waits_with = "awaited"

    def __init__(self, settings: None = None) -> None:
        super().__init__(settings)
        self.awaited: str | None = None
        self.seen: list[str] = []

    def see(self, event: Event, facts: Facts) -> Iterable[Finding]:
        assert isinstance(event, Call | Answered)
        self.seen.append(f"{type(event).__name__} {event.exchange.name}")
        if isinstance(event, Call):
            self.awaited = "Heartbeat" if event.exchange.name == "StatusNotification" else None
        return ()


def test_everyday_frames_are_shown_to_a_detector_only_while_it_waits() -> None:
    log = Log().heartbeat().status("Preparing").heartbeat().heartbeat()
    inspection = StationInspection("CP-7", [Waiting])
    for record in log.records:
        inspection.feed(record)
    (detector,) = inspection.detectors
    assert isinstance(detector, Waiting)
    assert detector.seen == ["Call StatusNotification", "Answered StatusNotification", "Call Heartbeat"]


def test_odd_everyday_frames_are_shown_to_all() -> None:
    log = Log().ask("Heartbeat", {}, {"currentTime": "yesterday"})
    inspection = StationInspection("CP-7", [Waiting])
    for record in log.records:
        inspection.feed(record)
    (detector,) = inspection.detectors
    assert isinstance(detector, Waiting)
    assert detector.seen == ["Answered Heartbeat"]


def test_sessions_of_a_log_are_kept_up_to_a_bound_for_all_stations_together(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("voltline.inspection.inspector.Room", lambda: Room(sessions=5, detailed=3))
    inspector = Inspector(())
    for number in range(4):
        log = Log()
        log.now = 3600.0 * number
        for transaction in range(1, 4):
            log.status("Preparing").start(transaction).status("Charging").later(600).stop(transaction)
        for record in log.records:
            record.station = f"CP-{number}"
            inspector.feed(record)
    result = inspector.end()
    assert [one.sessions for one in result.stations] == [3, 3, 3, 3]
    assert len(result.sessions) == 5
    assert [bool(one.states) for one in result.sessions] == [True, True, True, False, False]


def test_states_are_kept_up_to_a_bound_and_the_last_one_says_so() -> None:
    log = Log()
    for number in range(MOST_STATES + 3):
        log.later(1).status(("Preparing", "Available")[number % 2])
    states = log.inspected(Waiting)[1].summary().states[1]
    assert [one.status for one in states[-3:]] == ["Preparing", "Available", NOT_KEPT]
    assert len(states) == MOST_STATES + 1
    assert [one.status for one in states].count(NOT_KEPT) == 1


def test_connectors_without_end_take_no_memory_without_end() -> None:
    log = Log()
    for number in range(MOST_CONNECTORS + 20):
        log.later(1).status("Available", connector=number)
    summary = log.inspected(Waiting)[1].summary()
    assert len(summary.states) == MOST_CONNECTORS
