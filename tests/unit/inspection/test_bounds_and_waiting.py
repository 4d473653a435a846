"""What a long log costs: sessions are kept up to a bound, everyday frames go to those who wait."""

from collections.abc import Iterable

import pytest
from tests.unit.inspection.inspection_lab import Log, clock

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


class Resting(Waiting):
    """Rests all the time, and notes when it is shown what."""

    id = "ZZ3"
    waits_with = None
    rests_at = frozenset({"MeterValues"})

    def rests(self, facts: Facts) -> bool:
        return True

    def see(self, event: Event, facts: Facts) -> Iterable[Finding]:
        assert isinstance(event, Call | Answered)
        self.seen.append(f"{type(event).__name__} {event.exchange.name}")
        return ()


class Seeing(Waiting):
    """Wants to see everything."""

    id = "ZZ4"
    waits_with = None


def shown_of(log: Log, *, after: int) -> list[str]:
    """What the resting detector is shown of all records but the first ones."""
    inspection = StationInspection("CP-7", [Resting])
    (detector,) = inspection.detectors
    assert isinstance(detector, Resting)
    for number, record in enumerate(log.records):
        if number == after:
            detector.seen.clear()
        inspection.feed(record)
    return detector.seen


def going_on() -> Log:
    """A charge point of whose transaction meter values are known: nine lines."""
    return Log().boot().status("Charging").start().meter({"value": "1"}).later(10)


SHOWN = ["Call MeterValues", "Answered MeterValues"]


def test_meter_values_that_go_on_pass_a_resting_detector_by() -> None:
    log = going_on()
    before = len(log.records)
    assert shown_of(log.meter({"value": "2"}).later(59).meter({"value": "3"}), after=before) == []


def test_a_resting_detector_is_shown_the_actions_that_it_cannot_do_without() -> None:
    log = going_on()
    before = len(log.records)
    assert shown_of(log.heartbeat(), after=before) == ["Call Heartbeat", "Answered Heartbeat"]


@pytest.mark.parametrize(
    "log",
    [
        pytest.param(going_on().later(51).meter({"value": "2"}), id="after a silence"),
        pytest.param(going_on().later(-11).meter({"value": "2"}), id="back in time"),
        pytest.param(going_on().meter({"value": "2"}, transaction=2), id="another transaction"),
        pytest.param(going_on().meter({"value": "2"}, connector=2), id="another connector"),
        pytest.param(going_on().meter({"value": "two"}, transaction=-1), id="no transaction"),
        pytest.param(going_on().ask("MeterValues", {"connectorId": 1}), id="odd"),
    ],
)
def test_a_resting_detector_is_shown_what_is_not_routine(log: Log) -> None:
    assert shown_of(log, after=len(going_on().records)) == SHOWN[:1]


def test_meter_values_after_anything_else_are_shown_to_a_resting_detector() -> None:
    log = going_on().status("Charging")
    before = len(log.records)
    assert shown_of(log.meter({"value": "2"}).meter({"value": "3"}), after=before) == SHOWN[:1]


def test_a_slow_answer_is_shown_to_a_resting_detector() -> None:
    log = going_on()
    before = len(log.records)
    payload = {
        "connectorId": 1,
        "transactionId": 1,
        "meterValue": [{"timestamp": clock(9), "sampledValue": [{"value": "2"}]}],
    }
    log.ask("MeterValues", payload, after=6)
    assert shown_of(log, after=before) == SHOWN[1:]


def test_a_silence_is_measured_from_meter_values_that_passed_by() -> None:
    log = going_on()
    for _ in range(30):
        log.later(50).meter({"value": "2"})
    heard = len(log.records) - 1
    log.later(700).heartbeat()
    (finding,) = log.found("C06")
    assert finding.text.startswith("The charge point was silent for 11 min")
    assert finding.evidence[0].line == heard


@pytest.mark.parametrize("everyday", ["MeterValues", "Heartbeat"])
def test_a_gap_is_measured_from_everyday_messages_that_passed_by(everyday: str) -> None:
    log = going_on()
    for _ in range(5):
        log.later(50)
        if everyday == "Heartbeat":
            log.heartbeat()
        else:
            log.meter({"value": "2"})
    heard = len(log.records)
    log.later(3 * 3600).status("Available")
    (finding,) = log.found("P05")
    assert finding.evidence[0].line == heard
    assert "3 h" in finding.text


def test_what_an_answer_teaches_is_known_whether_or_not_anyone_is_shown_it() -> None:
    log = going_on()
    for _ in range(3):
        log.later(50).meter({"value": "2"})
    seen, alone = StationInspection("CP-7", [Waiting, Seeing]), StationInspection("CP-7", [])
    for record in log.records:
        seen.feed(record)
        alone.feed(record)
        for name in ("now", "last_frame", "answers_from_central", "calls", "passed", "passed_metered"):
            assert getattr(seen.facts, name) == getattr(alone.facts, name), name
    assert alone.facts.last_frame is log.records[-1]


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
