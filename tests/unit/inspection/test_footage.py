"""What is kept for a page: curves, limits, frames, in bounded memory."""

from datetime import timedelta

from tests.unit.inspection.inspection_lab import BEGIN, STATION, Log, clock

from voltline.inspection.curves import GROUP, Curve, Load
from voltline.inspection.footage import MOST_MARKS, MOST_SHOTS, ConnectorFootage, Footage
from voltline.inspection.inspector import Inspector
from voltline.inspection.records import Direction
from voltline.inspection.registry import all_detectors
from voltline.inspection.shots import Shot, ShotKind, Shots

POWER, CURRENT = "Power.Active.Import", "Current.Import"
REGISTER = "Energy.Active.Import.Register"


def footage_of(log: Log) -> Footage:
    inspector = Inspector(all_detectors(), footage=True)
    for record in log.records:
        inspector.feed(record)
    (footage,) = inspector.end().footage
    return footage


def connector(log: Log, number: int = 1) -> ConnectorFootage:
    return footage_of(log).connectors[number]


def profile(log: Log, *periods: tuple[int, float]) -> None:
    log.ask(
        "SetChargingProfile",
        {
            "connectorId": 1,
            "csChargingProfiles": {
                "chargingProfileId": 1,
                "stackLevel": 0,
                "chargingProfilePurpose": "TxDefaultProfile",
                "chargingProfileKind": "Absolute",
                "chargingSchedule": {
                    "startSchedule": clock(log.now),
                    "chargingRateUnit": "A",
                    "chargingSchedulePeriod": [{"startPeriod": at, "limit": limit} for at, limit in periods],
                },
            },
        },
        {"status": "Accepted"},
        by_central=True,
    )


def test_nothing_is_kept_unless_it_is_asked_for() -> None:
    inspector = Inspector(all_detectors())
    for record in Log().boot().records:
        inspector.feed(record)
    assert inspector.end().footage == []


def test_findings_are_the_same_with_footage_and_without() -> None:
    log = Log().boot().status("Available").start()
    log.later(60).meter({"value": "1100", "measurand": REGISTER}).later(60).start(2)
    log.call("Heartbeat")
    log.later(300).heartbeat()
    found = []
    for footage in (False, True):
        inspector = Inspector(all_detectors(), footage=footage)
        for record in log.records:
            inspector.feed(record)
        found.append(inspector.end().findings)
    assert found[0]
    assert found[0] == found[1]


def test_power_and_current_become_a_curve_that_ends_with_the_session() -> None:
    log = Log().boot().start()
    log.later(60).meter(
        {"value": "7200", "measurand": POWER, "unit": "W"}, {"value": "10.4", "measurand": CURRENT}
    )
    log.later(60).stop()
    points = [(one.power_w, one.current_a) for one in connector(log).load]
    assert points == [(7200, 10.4), (None, None)]


def test_where_no_power_is_told_it_is_the_mean_by_the_register() -> None:
    log = Log().boot().start(meter=1000)
    for wh in (1000, 1100, 1220):
        log.at(log.now + 59.8).meter({"value": str(wh), "measurand": REGISTER, "unit": "Wh"})
    points = connector(log).load
    assert [(round(one.power_w or 0), one.derived) for one in points] == [(6000, True), (7200, True)]


def test_limits_follow_the_periods_of_an_accepted_profile() -> None:
    log = Log().boot().start()
    profile(log, (0, 16.0), (600, 0.1))
    for _ in range(15):
        log.later(60).heartbeat()
    assert [one.limit_a for one in connector(log).limits] == [16.0, 0.1]


def test_a_refused_profile_sets_no_limit() -> None:
    log = Log().boot().start()
    profile(log, (0, 16.0))
    log.records[-1].text = log.records[-1].text.replace("Accepted", "Rejected")
    log.later(60).heartbeat()
    assert footage_of(log).connectors == {}


def test_a_station_whose_clock_is_an_hour_off_is_drawn_by_the_log() -> None:
    log = Log().boot()
    for number in range(6):
        log.later(60).ask("StatusNotification", {
            "connectorId": 1, "errorCode": "NoError", "status": "Available" if number % 2 else "Preparing",
            "timestamp": clock(log.now - 3600),
        })  # fmt: skip
    for _ in range(6):
        log.later(60).meter({"value": "7200", "measurand": POWER}, at=log.now - 3600, transaction=None)
    drawn = connector(log).load
    assert [round((one.at - BEGIN).total_seconds() / 60) for one in drawn] == [7, 8, 9, 10, 11, 12]


def test_boots_connections_and_findings_have_their_times() -> None:
    log = Log().connected().later(1).boot().later(20).disconnected().later(9).connected().later(1).boot()
    log.later(5).status("Odd")
    footage = footage_of(log)
    assert len(footage.boots) == 2
    assert footage.connection_told
    assert ("S01", STATION) in {one.finding[:2] for one in footage.marks}


def test_a_call_without_answer_is_marked() -> None:
    log = Log().boot()
    lost = log.call("Heartbeat")
    log.later(120).heartbeat()
    assert [one.message_id for one in footage_of(log).shots if one.unanswered] == [lost]


def test_a_key_is_not_shown() -> None:
    log = Log().boot()
    told = {"key": "AuthorizationKey", "value": "c0ffee4242"}
    log.ask("ChangeConfiguration", told, {"status": "Accepted"}, by_central=True)
    assert "c0ffee4242" not in "".join(one.text for one in footage_of(log).shots)


def test_of_a_long_log_both_ends_and_what_is_no_routine_are_kept() -> None:
    log = Log().boot()
    for _ in range(MOST_SHOTS):
        log.later(30).heartbeat()
    log.ask("Reset", {"type": "Soft"}, {"status": "Accepted"}, by_central=True)
    for _ in range(MOST_SHOTS):
        log.later(30).heartbeat()
    footage = footage_of(log)
    assert footage.lines == len(log.records)
    assert len(footage.shots) <= MOST_SHOTS
    assert footage.shots[0].line == 1
    assert footage.shots[-1].line == len(log.records)
    assert [one.action for one in footage.shots].count("Reset") == 2
    assert [one.number for one in footage.shots] == sorted(one.number for one in footage.shots)


def test_lines_around_a_finding_are_kept() -> None:
    shots = Shots(100)
    for number in range(1, 2001):
        shots.add(heartbeat(number))
        if number == 1000:
            shots.want()
    kept = {one.number for one in shots.kept()}
    assert set(range(996, 1004)) <= kept
    assert 900 not in kept
    assert len(kept) <= 100


def heartbeat(number: int) -> Shot:
    return Shot(number, ShotKind.CALL, None, Direction.FROM_STATION, "Heartbeat", "m", "a.log", number, "[]")


def test_a_full_curve_keeps_its_peaks_its_valleys_and_its_breaks() -> None:
    curve: Curve[Load] = Curve(1000)
    for number in range(50_000):
        power_w = 22_000.0 if number == 20_001 else 1.0 if number == 33_333 else 7_000.0 + number % 7
        broken = number == 40_000
        at = BEGIN + timedelta(seconds=number)
        curve.add(Load(at, None if broken else power_w, None))
    heights = [one.power_w for one in curve.points]
    assert len(curve.points) <= 1000
    assert curve.thinned
    assert {22_000.0, 1.0, None} <= set(heights)
    assert curve.points == sorted(curve.points, key=lambda one: one.at)


def test_a_short_curve_is_kept_whole() -> None:
    curve: Curve[Load] = Curve(GROUP)
    for number in range(GROUP):
        curve.add(Load(BEGIN + timedelta(seconds=number), float(number), None))
    assert [one.power_w for one in curve.points] == [float(number) for number in range(GROUP)]
    assert not curve.thinned


def test_of_very_many_findings_marks_are_kept_from_begin_to_end() -> None:
    log = Log().boot()
    for _ in range(3 * MOST_MARKS):
        log.later(60).status("Odd")
    footage = footage_of(log)
    times = [(one.at - BEGIN).total_seconds() for one in footage.marks]
    assert MOST_MARKS / 3 < len(times) <= MOST_MARKS + 1
    assert times == sorted(times)
    assert times[0] < 3600
    assert log.now - times[-1] < 3600
