"""What a hole in the log, or a direction that was not recorded, leaves unknown is held against nobody."""

from datetime import timedelta

from tests.unit.inspection.inspection_lab import BEGIN, Log, clock

from voltline.inspection.engine import StationInspection
from voltline.inspection.registry import all_detectors
from voltline.inspection.sessions import Ending

REGISTER = "Energy.Active.Import.Register"


def register(wh: int) -> dict[str, str]:
    return {"value": str(wh), "measurand": REGISTER, "unit": "Wh"}


def beating(count: int = 4, interval: int = 300) -> Log:
    """A charge point that sends its heartbeats."""
    log = Log().boot(interval=interval).later(1).status("Available", connector=0)
    log.later(1).status("Available")
    for _ in range(count):
        log.later(interval).heartbeat()
    return log


def test_silence_of_a_charge_point_with_heartbeats_is_a_hole() -> None:
    log = beating().later(4000).heartbeat()
    facts = log.facts()
    assert facts.gaps == 1
    assert facts.connector(1).status is None, "it may have changed meanwhile"


def test_a_boot_or_a_marked_connection_after_the_silence_is_no_hole() -> None:
    assert beating().later(4000).boot().facts().gaps == 0
    assert beating().disconnected().later(4000).connected().later(1).heartbeat().facts().gaps == 0


def test_a_charge_point_that_leaves_heartbeats_to_pings_makes_no_holes() -> None:
    log = Log().boot(interval=300).later(1).status("Available")
    assert log.later(4000).status("Preparing").later(4000).status("Available").facts().gaps == 0


def test_a_session_that_may_have_ended_in_a_hole_is_no_fault() -> None:
    log = beating().start(7, meter=1000).later(5).status("Charging")
    log.later(20_000).start(9, meter=90_000).later(600).stop(9, meter=95_000).later(700).heartbeat()
    ids = {one.detector for one in log.inspected()[0]}
    assert not ids & {"T02", "M03", "T03", "T13", "X04"}


def test_readings_after_a_hole_are_those_of_the_session_that_they_name() -> None:
    log = beating().start(7, meter=1000).later(5).status("Charging")
    log.later(300).meter(register(2000), transaction=7)
    log.later(20_000).meter(register(90_000), transaction=9).later(60).stop(9, meter=91_000)
    _, inspection = log.inspected()
    first, second = inspection.chronicle.sessions
    assert (first.transaction_id, first.ending, first.energy_wh) == (7, Ending.REPLACED, 1000)
    assert (second.transaction_id, second.ending, second.meter_stop_wh) == (9, Ending.STOPPED, 91_000)


def test_a_start_without_its_answer_takes_the_id_that_its_readings_name() -> None:
    log = Log()
    started = {"connectorId": 1, "idTag": "A", "meterStart": 1000, "timestamp": clock(0)}
    log.call("StartTransaction", started)
    for step in range(6):
        log.later(60)
        values = [{"timestamp": clock(log.now), "sampledValue": [register(1000 + 50 * step)]}]
        log.call("MeterValues", {"connectorId": 1, "transactionId": 44, "meterValue": values})
    stopped = {"transactionId": 44, "meterStop": 1400, "timestamp": clock(log.now), "idTag": "A"}
    log.later(5).call("StopTransaction", stopped)
    log.later(700).call("Heartbeat")
    found, inspection = log.inspected()
    (session,) = inspection.chronicle.sessions
    assert (session.transaction_id, session.energy_wh, session.ending) == (44, 400, Ending.STOPPED)
    assert not {one.detector for one in found} & {"T01", "T02", "T03", "T04"}
    assert {one.title for one in found if one.detector == "R01"} == {
        "No answers from the central system in the log"
    }


def test_calls_of_both_sides_without_any_answer_are_a_log_without_answers() -> None:
    log = Log()
    log.call("StatusNotification", {"connectorId": 1, "errorCode": "NoError", "status": "Available"})
    log.later(10).call("ChangeConfiguration", {"key": "HeartbeatInterval", "value": "60"}, by_central=True)
    log.later(100).note("Feb 23 21:27:50.578 OpenWrt user.info nothing")
    assert {str(one.severity) for one in log.found("R01")} == {"info"}


def test_no_profile_is_held_to_be_refused_where_answers_are_not_in_the_log() -> None:
    period = {"startPeriod": 0, "limit": 16}
    profile = {
        "chargingProfileId": 1,
        "stackLevel": 0,
        "chargingProfilePurpose": "TxDefaultProfile",
        "chargingProfileKind": "Relative",
        "chargingSchedule": {"chargingRateUnit": "A", "chargingSchedulePeriod": [period]},
    }
    log = Log()
    for _ in range(2):
        log.later(100).call(
            "SetChargingProfile", {"connectorId": 1, "csChargingProfiles": profile}, by_central=True
        )
    assert log.later(100).found("G02") == []


def test_a_queue_does_not_become_the_usual_age_however_long_it_is() -> None:
    log = Log().boot().later(1).status("Available")
    begun = log.now
    log.disconnected().later(9000).connected().later(1)
    for step in range(30):
        log.later(0.5).meter(register(1000 + step), transaction=5, at=begun + 60 * step)
        assert log.facts().replaying
    log.later(1).status("Available")
    assert not log.facts().replaying
    assert abs(log.facts().clock_offset_s or 0) < 5


def test_a_clock_that_is_set_back_is_soon_the_usual_one() -> None:
    log = Log().boot().later(1).status("Available")
    for step in range(20):
        log.later(60).meter(register(1000 + step), at=log.now - 600)
    facts = log.facts()
    assert not facts.replaying
    assert facts.clock_offset_s is not None
    assert abs(facts.clock_offset_s + 600) < 65


def test_live_traffic_has_no_holes() -> None:
    inspection = StationInspection("CP-7", all_detectors())
    inspection.facts.live = True
    for record in beating().later(4000).heartbeat().records:
        inspection.feed(record)
    assert inspection.facts.gaps == 0


def test_a_time_that_cannot_be_read_says_nothing_of_the_clock() -> None:
    log = Log().boot()
    for _ in range(9):
        log.later(60).status("Available", timestamp="yesterday")
    facts = log.facts()
    assert facts.clock_offset_s is None
    assert not facts.replaying
    assert facts.connectors[1].status_at == BEGIN + timedelta(seconds=log.now - 0.2)
    log.later(60).status("Available")
    assert abs(log.facts().clock_offset_s or 0) < 5
