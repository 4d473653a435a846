"""The frames of many charge points are looked at as they come; none of them stops it."""

import json
from collections.abc import Iterable
from datetime import UTC, datetime
from io import BytesIO
from typing import ClassVar

import msgspec
import pytest

from voltline.central.domain.findings import Seen
from voltline.central.domain.sampling import SLOTS, slot_of
from voltline.central.domain.stations import StationKey
from voltline.central.inspecting.pipe import Batch, Entry, Order, Report, packed, read
from voltline.central.inspecting.stations import TIME_PERIOD_S, TRIM_AFTER, Stations
from voltline.central.inspecting.worker import TOO_LARGE, work
from voltline.inspection.detector import Detector
from voltline.inspection.events import Call, Event
from voltline.inspection.facts import Facts
from voltline.inspection.findings import Finding, Severity, Who
from voltline.inspection.registry import all_detectors

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
BOOT = {"chargePointVendor": "Acme", "chargePointModel": "Mark 1"}
ACCEPTED = {"status": "Accepted", "currentTime": "2026-03-01T12:00:00Z", "interval": 300}


def entry(second: float, direction: str, *frame: object, key: int = 1) -> Entry:
    text = frame[0] if len(frame) == 1 and isinstance(frame[0], str) else json.dumps(frame)
    assert isinstance(text, str)
    return (key, NOON.timestamp() + second, direction, text)


def batch(
    *entries: Entry,
    number: int = 1,
    kept: int = SLOTS,
    gaps: Iterable[int] = (),
    second: float | None = None,
) -> Batch:
    """Made at that second; else with its last entry."""
    now = NOON.timestamp() + second if second is not None else entries[-1][1] if entries else 0.0
    return Batch(number, list(entries), {1: "CP1", 2: "CP2"}, kept, list(gaps), now)


def booted(key: int = 1) -> list[Entry]:
    return [
        entry(0, "opened", "192.0.2.7", key=key),
        entry(1, "in", 2, "1", "BootNotification", BOOT, key=key),
        entry(1.1, "out", 3, "1", ACCEPTED, key=key),
    ]


def fault(second: float, key: int = 1) -> list[Entry]:
    faulted = {"connectorId": 1, "status": "Faulted", "errorCode": "GroundFailure"}
    return [
        entry(second, "in", 2, str(second), "StatusNotification", faulted, key=key),
        entry(second + 0.1, "out", 3, str(second), {}, key=key),
    ]


def detectors(found: Iterable[Seen]) -> set[str]:
    return {one.finding.detector for one in found}


def test_fault_is_found_with_the_frame_that_shows_it_its_time_and_its_direction() -> None:
    stations = Stations(all_detectors())
    found = stations.feed(batch(*booted(), *fault(60)))
    (ground,) = [one for one in found if one.finding.detector == "X03"]
    assert (ground.station, ground.finding.station, ground.finding.connector) == (1, "CP1", 1)
    assert ground.finding.evidence == ()
    (frame,) = ground.frames
    assert (frame.direction, round(frame.at.timestamp() - NOON.timestamp(), 3)) == ("in", 60.0)
    assert "GroundFailure" in frame.text


def test_frame_to_the_charge_point_is_shown_as_such() -> None:
    found = Stations(all_detectors()).feed(
        batch(*booted(), entry(5, "out", 2, "9", "NoSuchAction", {}), *fault(60))
    )
    assert "out" in {frame.direction for one in found for frame in one.frames}


def test_clean_traffic_shows_nothing() -> None:
    day = booted()
    for number in (0, 1):
        status = {"connectorId": number, "status": "Available", "errorCode": "NoError"}
        day.append(entry(2 + number, "in", 2, f"s{number}", "StatusNotification", status))
        day.append(entry(2.1 + number, "out", 3, f"s{number}", {}))
    for number in range(1, 200):
        second = 1 + number * 300
        day.append(entry(second, "in", 2, f"h{number}", "Heartbeat", {}))
        now = datetime.fromtimestamp(NOON.timestamp() + second, UTC).isoformat().replace("+00:00", "Z")
        day.append(entry(second + 0.1, "out", 3, f"h{number}", {"currentTime": now}))
    assert detectors(Stations(all_detectors()).feed(batch(*day))) == set()


def test_what_is_cut_on_the_wire_is_the_fault_of_its_sender_not_of_a_log() -> None:
    found = Stations(all_detectors()).feed(batch(*booted(), entry(9, "in", '[2,"7","Heartb')))
    (cut,) = [one for one in found if one.finding.detector == "P01"]
    assert cut.finding.who is Who.CHARGER_MAKER


def test_charge_point_that_answers_nothing_is_told_from_the_first_call_on() -> None:
    asked = [entry(60, "out", 2, "9", "ClearCache", {}), entry(400, "in", 2, "10", "Heartbeat", {})]
    found = Stations(all_detectors()).feed(batch(*booted(), *asked))
    (silent,) = [one for one in found if one.finding.detector == "R01"]
    assert silent.finding.who is not Who.LOG_KEEPER
    assert silent.finding.title == "Unanswered ClearCache"


def test_call_that_is_not_for_a_charge_point_to_send_is_its_fault_not_of_marks_in_a_log() -> None:
    found = Stations(all_detectors()).feed(batch(*booted(), entry(5, "in", 2, "9", "ClearCache", {})))
    (wrong,) = [one for one in found if one.finding.detector == "R08"]
    assert wrong.finding.title == "Action sent by the wrong side"


def test_key_that_is_set_is_neither_told_nor_taken_for_a_key_in_a_log() -> None:
    change = {"key": "AuthorizationKey", "value": "4f43415f4f4354545f61646d696e5f74657374"}
    found = Stations(all_detectors()).feed(
        batch(*booted(), entry(5, "out", 2, "9", "ChangeConfiguration", change), *fault(60))
    )
    assert "F03" not in detectors(found)
    assert "4f43415f" not in repr(found)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[",
        "[" * 5000,
        '[2,"\\ud800","Heartbeat",{}]',
        '[2,"x","</script><img onerror=1>",{"\\u2028":"\\u0000"}]',
        '[2,"x","MeterValues",{"connectorId":1e400,"meterValue":[{}]}]',
        '[2,"x","StartTransaction",{"connectorId":99999999999999999999999,"idTag":null}]',
        '[2,{"a":[]},"Heartbeat",{}]',
        '{"no":"frame"}',
        '[3,"nobody asked",{}]',
        '[4,"x","",null,[]]',
        '[2,"x","StatusNotification",{"connectorId":-1,"status":"\U0001f600","errorCode":"'
        + "y" * 9000
        + '"}]',
        "\x00\u202e",
    ],
)
def test_frame_meant_to_harm_is_looked_at_as_any_other(text: str) -> None:
    stations = Stations(all_detectors())
    found = stations.feed(batch(*booted(), entry(5, "in", text), entry(6, "out", text), *fault(60)))
    assert stations.troubles == []
    assert "X03" in detectors(found)
    msgspec.msgpack.decode(msgspec.msgpack.encode(found), type=list[Seen])


class Breaks(Detector):
    """Somebody's own, that fails at one charge point."""

    id = "OWN-1"
    title = "Own"
    severity = Severity.INFO
    who = Who.NOBODY
    next_step = "None."
    explanation = "It fails."
    basis = ()
    events = (Call,)

    def see(self, event: Event, facts: Facts) -> Iterable[Finding]:
        if facts.station == "CP1":
            raise ZeroDivisionError("of no use")
        return (self.finding(facts, "seen", (event.record,)),)


def test_detector_that_fails_at_one_charge_point_is_told_and_looks_at_the_others() -> None:
    stations = Stations([Breaks])
    found = stations.feed(batch(*booted(1), *booted(2)))
    assert [one.station for one in found] == [2]
    assert stations.troubles == ["CP1: ZeroDivisionError: of no use; what was known of it is given up"]


def test_charge_point_with_missing_frames_begins_anew() -> None:
    stations = Stations(all_detectors())
    stations.feed(batch(*booted(), entry(5, "out", 2, "9", "Reset", {"type": "Soft"})))
    answer = entry(6, "in", 3, "9", {"status": "Accepted"})
    assert "R02" not in detectors(stations.feed(batch(answer, number=2, gaps=[1])))


def test_what_is_known_of_charge_points_that_are_left_out_is_given_up() -> None:
    stations = Stations(all_detectors())
    stations.feed(batch(*booted(1), *booted(2)))
    assert len(stations) == 2
    one, other = slot_of(StationKey(1)), slot_of(StationKey(2))
    stations.feed(batch(number=2, kept=max(one, other)))
    assert len(stations) == 1


def test_charge_point_that_is_silent_for_days_is_forgotten() -> None:
    stations = Stations(all_detectors())
    stations.feed(batch(*booted(1)))
    late = [(key, at + 3 * 86400, sort, text) for key, at, sort, text in booted(2)]
    stations.feed(batch(*late, number=999))
    assert len(stations) == 2
    stations.feed(batch(number=1000))
    assert len(stations) == 1


def test_memory_of_a_charge_point_does_not_grow_with_what_it_says() -> None:
    stations = Stations(all_detectors())
    entries = booted()
    for number in range(2 * TRIM_AFTER):
        status = "Available" if number % 2 else "Preparing"
        said = {"connectorId": 1, "status": status, "errorCode": "NoError"}
        entries += [
            entry(10 + number, "in", 2, f"s{number}", "StatusNotification", said),
            entry(10.1 + number, "out", 3, f"s{number}", {}),
        ]
    stations.feed(batch(*entries))
    (looked,) = stations._looked.values()
    assert len(looked.inspection.chronicle.summary.states.get(1, ())) <= TRIM_AFTER


# ---- time alone


def said(second: float, action: str, payload: object, answer: object, key: int = 1) -> list[Entry]:
    name = f"{action}-{second}"
    return [
        entry(second, "in", 2, name, action, payload, key=key),
        entry(second + 0.1, "out", 3, name, answer, key=key),
    ]


def status(second: float, state: str, connector: int = 1, error: str = "NoError") -> list[Entry]:
    payload = {"connectorId": connector, "status": state, "errorCode": error}
    return said(second, "StatusNotification", payload, {})


STATES = [*status(2, "Available", 0), *status(3, "Available")]
START = {"connectorId": 1, "idTag": "TAG", "meterStart": 0, "timestamp": "2026-03-01T12:00:10Z"}
STARTED = {"transactionId": 5, "idTagInfo": {"status": "Accepted"}}

SILENT = {
    "C05": (booted(), 62),
    "C06": ([*booted(), *STATES, *said(10, "Heartbeat", {}, {"currentTime": "2026-03-01T12:00:10Z"})], 611),
    "R01": ([*booted(), *STATES, entry(10, "out", 2, "9", "ClearCache", {})], 71),
    "T01": ([*booted(), *STATES, entry(10, "in", 2, "9", "StartTransaction", START)], 311),
    "T08": (
        [
            *booted(),
            *STATES,
            entry(10, "out", 2, "9", "RemoteStartTransaction", {"idTag": "TAG", "connectorId": 1}),
            entry(11, "in", 3, "9", {"status": "Accepted"}),
        ],
        191,
    ),
    "T13": ([*booted(), *STATES, *status(10, "Preparing")], 1811),
    "X03": (
        [
            *booted(),
            *STATES,
            *said(10, "StartTransaction", START, STARTED),
            *status(20, "Faulted", error="OverCurrentFailure"),
        ],
        921,
    ),
}
"""What is said, and the second at which time alone has made a fault of it."""


def told_by_time(detector: str, entries: Iterable[Entry], until: float) -> list[int]:
    """In which second after which nothing more is said the detector tells something."""
    stations = Stations(all_detectors())
    stations.feed(batch(*entries))
    seconds = range(30, int(until) + 600, 30)
    return [
        second
        for number, second in enumerate(seconds, 2)
        for one in stations.feed(batch(number=number, second=second))
        if one.finding.detector == detector
    ]


@pytest.mark.parametrize("detector", SILENT)
def test_fault_that_only_time_shows_is_told_once_within_a_minute_though_nothing_is_said(
    detector: str,
) -> None:
    entries, true_from = SILENT[detector]
    (second,) = told_by_time(detector, entries, true_from)
    assert true_from - 1 <= second <= true_from + 60


@pytest.mark.parametrize("detector", SILENT)
def test_time_tells_nothing_of_a_charge_point_that_is_not_connected(detector: str) -> None:
    entries, true_from = SILENT[detector]
    assert told_by_time(detector, [*entries, entry(29, "closed", "1006")], true_from) == []


def test_slow_answer_is_not_cut_short_by_time() -> None:
    stations = Stations(all_detectors())
    stations.feed(batch(*booted(), *STATES, entry(10, "out", 2, "9", "ClearCache", {})))
    stations.feed(batch(number=2, second=60))
    found = stations.feed(batch(entry(61, "in", 3, "9", {"status": "Accepted"}), number=3))
    assert detectors(found) & {"R01", "R02", "R03"} == {"R03"}


def test_silence_that_was_told_while_it_lasted_is_not_told_again_when_it_ends() -> None:
    entries, _ = SILENT["C06"]
    stations = Stations(all_detectors())
    stations.feed(batch(*entries))
    assert "C06" in detectors(stations.feed(batch(number=2, second=700)))
    beat = said(720, "Heartbeat", {}, {"currentTime": "2026-03-01T12:12:00Z"})
    assert "C06" not in detectors(stations.feed(batch(*beat, number=3)))
    assert "C06" in detectors(stations.feed(batch(number=4, second=1400)))


class Clock(Breaks):
    """Counts how often time is let judge, and fails at one charge point."""

    id = "OWN-2"
    asked: ClassVar[list[str]] = []

    def see(self, event: Event, facts: Facts) -> Iterable[Finding]:
        return ()

    def lapsed(self, facts: Facts) -> Iterable[Finding]:
        self.asked.append(facts.station)
        if facts.station == "CP2":
            raise ZeroDivisionError("of no use")
        return ()


def test_time_judges_now_and_then_however_many_batches_come_and_whoever_fails() -> None:
    Clock.asked.clear()
    stations = Stations([Clock])
    stations.feed(batch(*booted(1), *booted(2)))
    for number in range(400):
        stations.feed(batch(number=number, second=2 + number / 2))
    assert Clock.asked.count("CP1") == 1 + 200 // TIME_PERIOD_S
    assert stations.troubles == ["CP2: ZeroDivisionError: of no use; what was known of it is given up"]
    stations.feed(batch(number=400, second=-3600))
    assert Clock.asked.count("CP1") == 2 + 200 // TIME_PERIOD_S  # somebody set the clock back


def reports(order: Order, *batches: Batch) -> tuple[int, list[Report]]:
    answered = BytesIO()
    code = work(order, BytesIO(b"".join(packed(one) for one in batches)), answered)
    answered.seek(0)
    decoder = msgspec.msgpack.Decoder(Report)
    return code, list(iter(lambda: read(answered, decoder), None))


def test_every_batch_is_answered_by_a_report_of_its_number() -> None:
    code, answered = reports(Order(), batch(*booted()), batch(*fault(60), number=2))
    assert (code, [one.number for one in answered], [one.frames for one in answered]) == (0, [1, 2], [3, 2])
    assert "X03" in detectors(answered[1].seen)
    assert answered[1].stations == 1


def test_only_the_detectors_that_were_ordered_look() -> None:
    _, answered = reports(Order(only=("C",)), batch(*booted(), *fault(60)))
    assert "X03" not in detectors(answered[0].seen)


def test_process_that_takes_up_too_much_memory_ends_itself() -> None:
    code, answered = reports(Order(most_bytes=1), batch(*booted()), batch(number=2))
    assert (code, len(answered)) == (TOO_LARGE, 1)


def test_pipe_that_ends_in_the_middle_is_the_end() -> None:
    answered = BytesIO()
    assert work(Order(), BytesIO(packed(batch(*booted()))[:-3]), answered) == 0
    assert answered.getvalue() == b""
