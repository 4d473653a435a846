"""P05, C01 to C10, K01 to K04: connections, boots and clocks."""

from typing import Any

import pytest
from tests.unit.inspection.inspection_lab import STATION, Log, clock

from voltline.inspection.detectors.c06_heartbeat import HeartbeatMissing
from voltline.inspection.engine import StationInspection
from voltline.inspection.findings import Severity, Who

HOUR = 3600.0
DAY = 24 * HOUR


def booted(*, interval: int = 300, log: Log | None = None) -> Log:
    """A boot with everything that belongs to it."""
    log = (log or Log()).boot(interval=interval)
    return log.later(1).status("Available", connector=0).later(1).status("Available")


def configured(log: Log, **keys: str) -> Log:
    """GetConfiguration, answered with these keys."""
    told = [{"key": key, "readonly": False, "value": value} for key, value in keys.items()]
    return log.later(1).ask("GetConfiguration", {}, {"configurationKey": told}, by_central=True)


def heartbeats(log: Log, count: int, every: float = 300.0) -> Log:
    for _ in range(count):
        log.later(every - 0.2).heartbeat()
    return log


def quiet(log: Log) -> list[str]:
    """The ids of all findings of these groups."""
    found, _ = log.inspected()
    return [
        one.detector for one in found if one.detector[0] in "PRSCKV" and one.severity is not Severity.INFO
    ]


def test_an_ordinary_day_is_no_fault() -> None:
    log = booted(log=Log().connected())
    heartbeats(log, 280)
    found, _ = log.inspected()
    assert found == []


# ---- P05


def test_a_gap_is_information_and_a_week_a_warning() -> None:
    log = heartbeats(booted(), 5).later(1200).heartbeat()
    assert [one.severity for one in log.found("P05")] == [Severity.INFO]
    log.later(8 * DAY).heartbeat()
    (finding,) = log.found("P05")
    assert (finding.severity, finding.count, finding.who) == (Severity.WARNING, 2, Who.LOG_KEEPER)
    assert "8 d" in finding.text


def test_without_an_interval_only_a_day_is_a_gap() -> None:
    log = Log()
    log.heartbeat().later(20 * HOUR).heartbeat()
    assert log.found("P05") == []
    log.later(25 * HOUR).heartbeat()
    assert len(log.found("P05")) == 1


def test_the_time_between_two_connections_is_no_gap() -> None:
    log = (
        booted(log=Log().connected()).later(5).disconnected().later(3 * DAY).connected().later(1).heartbeat()
    )
    assert log.found("P05") == []


def test_a_clock_that_was_reset_and_set_again_is_no_gap() -> None:
    log = heartbeats(booted().later(30 * DAY).boot(), 5)
    here = log.now
    log.at(0)
    for _ in range(5):
        log.later(1).status("Available")
    log.at(here + 60)
    heartbeats(log, 3)
    assert [one.count for one in log.found("P05")] == [1]


def test_a_log_that_begins_at_the_firmwares_date_has_no_gap_there() -> None:
    log = Log()
    boot = {"chargePointVendor": "Lab", "chargePointModel": "One"}
    log.ask(
        "BootNotification", boot, {"currentTime": clock(200 * DAY), "interval": 300, "status": "Accepted"}
    )
    log.at(200 * DAY + 1).status("Available")
    assert log.found("P05") == []


def test_vendor_lines_fill_a_gap() -> None:
    log = booted()
    for _ in range(30):
        log.later(200).note("still here")
    assert log.found("P05") == []


# ---- C01


@pytest.mark.parametrize(
    ("a_day", "severity"),
    [(4, None), (9, Severity.INFO), (20, Severity.WARNING), (60, Severity.ERROR), (150, Severity.CRITICAL)],
)
def test_flapping_weighs_by_connections_a_day(a_day: int, severity: Severity | None) -> None:
    log = Log()
    for _ in range(a_day):
        log.later(DAY / a_day / 2).connected().later(DAY / a_day / 2.1).disconnected()
    found = log.found("C01")
    assert [one.severity for one in found] == ([] if severity is None else [severity])
    assert all(one.count == a_day for one in found)


def test_a_site_that_is_known_to_be_offline_is_one_finding() -> None:
    log = Log()
    for _ in range(3000):
        log.later(20).connected().later(1).disconnected()
    (finding,) = log.found("C01")
    assert (finding.severity, finding.count, len(finding.evidence)) == (Severity.CRITICAL, 3000, 6)


def test_few_connections_a_day_over_years_are_fine() -> None:
    log = Log()
    for _ in range(900):
        log.later(DAY / 3).connected().later(5).disconnected()
    assert log.found("C01") == []


def test_boots_count_where_the_log_has_no_connections() -> None:
    log = Log()
    for _ in range(12):
        log.later(HOUR).boot()
    assert log.found("C01")[0].severity is Severity.WARNING


# ---- C02


def test_two_boots_within_minutes_on_one_connection_are_told() -> None:
    log = booted(log=Log().connected()).later(100).boot()
    (finding,) = log.found("C02")
    assert (finding.severity, len(finding.evidence)) == (Severity.WARNING, 2)


def test_a_boot_that_was_asked_for_is_right() -> None:
    log = booted()
    trigger = {"requestedMessage": "BootNotification"}
    log.later(20).ask("TriggerMessage", trigger, {"status": "Accepted"}, by_central=True).later(1).boot()
    assert log.found("C02") == []


@pytest.mark.parametrize("status", ["Pending", "Rejected"])
def test_a_boot_after_one_that_was_not_accepted_is_right(status: str) -> None:
    log = Log().boot(status).later(30).boot(status).later(30).boot()
    assert log.found("C02") == []


def test_a_boot_after_a_reset_is_right() -> None:
    log = booted().later(5).ask("Reset", {"type": "Soft"}, {"status": "Accepted"}, by_central=True)
    assert log.later(40).boot().found("C02") == []


def test_a_boot_after_a_reconnection_shows_no_restart() -> None:
    log = booted(log=Log().connected()).later(5).disconnected().later(5).connected().later(1).boot()
    (finding,) = log.found("C02")
    assert (finding.severity, finding.title) == (Severity.INFO, "BootNotification after a reconnection")


# ---- C03


def test_a_message_before_the_boots_answer_is_told() -> None:
    log = Log()
    boot = log.call("BootNotification", {"chargePointVendor": "Lab", "chargePointModel": "One"})
    log.later(0.5).call("Heartbeat", message_id="early")
    log.later(0.5).answer(boot, {"currentTime": clock(1), "interval": 300, "status": "Accepted"})
    log.later(0.5).answer("early", {"currentTime": clock(1)}).later(1).heartbeat()
    (finding,) = log.found("C03")
    assert (finding.severity, finding.count, finding.evidence[0].line) == (Severity.WARNING, 1, 2)


def test_a_message_before_the_boot_on_a_new_connection_is_told() -> None:
    log = Log().connected().later(1).status("Available").later(1).boot()
    (finding,) = log.found("C03")
    assert finding.title == "Message before BootNotification"


@pytest.mark.parametrize("status", ["Pending", "Rejected"])
def test_messages_while_not_accepted_are_told(status: str) -> None:
    log = Log().boot(status).later(5).heartbeat()
    (finding,) = log.found("C03")
    assert status in finding.title


def test_while_pending_answers_and_triggered_messages_are_right() -> None:
    log = configured(Log().boot("Pending"), A="b")
    trigger = {"requestedMessage": "StatusNotification", "connectorId": 1}
    log.later(1).ask("TriggerMessage", trigger, {"status": "Accepted"}, by_central=True)
    log.later(1).status("Available").later(60).boot().later(1).status("Available")
    assert log.found("C03") == []


def test_a_remote_start_of_a_pending_charge_point_is_the_back_ends_fault() -> None:
    log = Log().boot("Pending").later(1)
    log.ask("RemoteStartTransaction", {"idTag": "A"}, {"status": "Rejected"}, by_central=True)
    (finding,) = log.found("C03")
    assert finding.who is Who.BACK_END


def test_a_reconnection_needs_no_boot() -> None:
    log = booted(log=Log().connected()).later(5).disconnected().later(5).connected()
    log.later(1).status("Available").later(1).heartbeat()
    assert quiet(log) == []


def test_a_log_that_begins_in_the_middle_is_not_judged_for_its_boot() -> None:
    assert Log().heartbeat().later(1).status("Available").found("C03") == []


# ---- C04


def test_a_command_before_the_boot_is_answered_is_information() -> None:
    log = Log()
    boot = log.call("BootNotification", {"chargePointVendor": "Lab", "chargePointModel": "One"})
    configured(log, A="b").answer(boot, {"currentTime": clock(1), "interval": 300, "status": "Accepted"})
    configured(log, A="b")
    (finding,) = log.found("C04")
    assert (finding.severity, finding.count) == (Severity.INFO, 1)


def test_a_command_after_a_reconnection_without_boot_is_legal() -> None:
    log = booted(log=Log().connected()).later(5).disconnected().later(5).connected()
    configured(log, A="b").later(100).heartbeat()
    assert log.found("C04") == []


# ---- C05


def test_no_status_after_the_boot_is_told() -> None:
    log = heartbeats(Log().boot(), 1)
    (finding,) = log.found("C05")
    assert "0, 1" in finding.text


def test_the_missing_connectors_are_named() -> None:
    log = configured(booted(), NumberOfConnectors="3")
    assert "2, 3" in heartbeats(log, 1).found("C05")[0].text


def test_connectors_that_nobody_told_of_are_not_missed() -> None:
    assert heartbeats(booted(), 1).found("C05") == []


@pytest.mark.parametrize("how", ["log ends", "connection ends", "pending"])
def test_what_cannot_be_known_of_the_states_is_not_judged(how: str) -> None:
    log = Log().connected().later(1).boot("Pending" if how == "pending" else "Accepted")
    log.later(20)
    if how == "connection ends":
        heartbeats(log.disconnected().later(100).connected(), 1)
    if how == "pending":
        log.later(100).note("waiting")
    assert log.found("C05") == []


@pytest.mark.parametrize("timed", [True, False])
def test_a_boot_that_was_asked_for_is_no_restart(timed: bool) -> None:
    log = Log(timed=timed)
    log.ask(
        "TriggerMessage", {"requestedMessage": "BootNotification"}, {"status": "Accepted"}, by_central=True
    ).boot()
    for _ in range(25):
        log.later(60).heartbeat()
    assert log.found("C05") == []
    log.boot()
    for _ in range(25):
        log.later(60).heartbeat()
    assert len(log.found("C05")) == 1


def test_a_log_without_times_counts_messages() -> None:
    log = Log(timed=False).boot()
    for _ in range(25):
        log.heartbeat()
    assert len(log.found("C05")) == 1


def test_states_that_were_left_out_of_a_log_are_no_fault_of_each_boot() -> None:
    def charged(log: Log, number: int) -> Log:
        return heartbeats(log.boot().later(5), 1).start(number).later(60).stop(number).later(60)

    log = charged(charged(Log(), 1), 2)
    (finding,) = log.found("C05")
    assert (finding.severity, finding.who, finding.count) == (Severity.INFO, Who.LOG_KEEPER, 1)
    assert [one.line for one in finding.evidence] == [1, 2]
    log.status("Available")
    (finding,) = log.found("C05")
    assert (finding.severity, finding.count) == (Severity.WARNING, 2)
    assert charged(log, 3).found("C05")[0].count == 3


def test_answers_to_nobody_show_that_states_were_left_out() -> None:
    log = Log().boot()
    for number in range(12):
        log.later(5).answer(f"filtered{number}").heartbeat()
    assert [one.severity for one in log.found("C05")] == [Severity.INFO]


def test_many_boots_without_any_state_are_not_kept_for_ever() -> None:
    log = Log()
    for _ in range(9):
        heartbeats(log.boot(), 1)
    (finding,) = log.found("C05")
    assert (finding.severity, finding.count) == (Severity.WARNING, 9)
    log.start().later(60).stop(1)
    for _ in range(9):
        heartbeats(log.boot(), 1)
    findings = log.found("C05")
    assert [(one.severity, one.count) for one in findings] == [(Severity.WARNING, 5), (Severity.INFO, 1)]


# ---- C06


def test_a_charge_point_that_is_silent_while_the_log_goes_on_is_told() -> None:
    log = heartbeats(booted(), 3)
    for _ in range(10):
        log.later(100).call("ClearCache", by_central=True)
    log.later(1).heartbeat()
    (finding,) = log.found("C06")
    assert finding.severity is Severity.WARNING


def test_any_message_does_for_a_heartbeat() -> None:
    log = heartbeats(booted(), 1)
    for _ in range(20):
        log.later(290).status("Available")
    assert log.found("C06") == []


def test_pings_and_a_filtered_log_excuse_missing_heartbeats() -> None:
    pinging = configured(heartbeats(booted(), 1), WebSocketPingInterval="30")
    filtered = booted()
    for log in (pinging, filtered):
        log.later(850).status("Available")
        assert [one.severity for one in log.found("C06")] == [Severity.INFO]


def test_a_time_without_any_line_is_left_to_the_gap() -> None:
    log = heartbeats(booted(), 2).later(4000).heartbeat()
    assert log.found("C06") == []
    assert len(log.found("P05")) == 1


def test_heartbeats_much_more_often_than_asked_are_information() -> None:
    log = heartbeats(booted(), 10, every=30)
    assert [one.severity for one in log.found("C06")] == [Severity.INFO]


def test_calls_that_were_left_out_of_the_log_are_no_silence() -> None:
    log = heartbeats(booted(), 3)
    for number in range(10):
        log.later(100).answer(f"filtered{number}")
    assert log.later(1).heartbeat().found("C06") == []
    for _ in range(10):
        log.later(100).call("ClearCache", by_central=True)
    assert len(log.answer("filtered").found("C06")) == 1


def test_live_no_call_is_left_out_and_an_answer_to_nobody_shows_nothing() -> None:
    log = heartbeats(booted(), 3)
    for number in range(10):
        log.later(100).answer(f"unasked{number}")
    log.later(1).heartbeat()
    inspection = StationInspection(STATION, [HeartbeatMissing])
    inspection.facts.live = True
    found = [one for record in log.records for one in inspection.feed(record)]
    assert [one.severity for one in found] == [Severity.WARNING]


def minutes(*times: int) -> Log:
    """A log whose times have no seconds, and a CALL of the charge point at each of these minutes."""
    log = Log()
    message_id = log.call("BootNotification", {"chargePointVendor": "Lab", "chargePointModel": "One"})
    log.answer(message_id, {"currentTime": clock(0), "interval": 20, "status": "Accepted"})
    for minute in times:
        log.at(60 * minute).answer(log.call("Heartbeat"), {"currentTime": clock(60 * minute)})
    return log


@pytest.mark.parametrize(("after", "told"), [(1, 0), (2, 0), (3, 1)])
def test_a_minute_of_rounding_is_no_silence(after: int, told: int) -> None:
    log = minutes(0, 1, 2, 3)
    log.call("ClearCache", by_central=True)
    log.at(60 * (3 + after)).answer(log.call("Heartbeat"), {"currentTime": clock(log.now)})
    assert len(log.found("C06")) == told


def test_heartbeats_within_one_minute_need_not_be_early() -> None:
    assert minutes(*[number // 6 for number in range(60)]).found("C06") == []


# ---- C07


def closes(*silences: float) -> Log:
    log = Log()
    for silence in silences:
        log.later(5).connected().later(1).heartbeat().later(silence).disconnected()
    return log


def test_the_same_silence_before_each_close_names_the_timer() -> None:
    (finding,) = closes(60.0, 60.2, 59.9, 60.1).found("C07")
    assert (finding.severity, finding.count) == (Severity.WARNING, 4)
    assert "1 min" in finding.text


@pytest.mark.parametrize("silences", [(60.0, 60.0), (10.0, 60.0, 300.0, 95.0), (0.2, 0.2, 0.2, 0.3)])
def test_other_closes_show_no_timer(silences: tuple[float, ...]) -> None:
    assert closes(*silences).found("C07") == []


@pytest.mark.parametrize(("begins", "told"), [(0, 0), (1, 1)])
def test_in_whole_minutes_no_two_silences_are_known_to_be_alike(begins: float, told: int) -> None:
    log = Log().at(begins).note("first line")
    for number in range(1, 6):
        log.at(120 * number).connected().call("Heartbeat")
        log.later(60).disconnected()
    assert len(log.found("C07")) == told


# ---- C08


@pytest.mark.parametrize(("ping", "told"), [("30", 0), ("179", 0), ("180", 1), ("600", 1), ("0", 1)])
def test_pings_rarer_than_the_attempts_last_are_a_risk(ping: str, told: int) -> None:
    log = Log()
    for _ in range(3):
        configured(
            log,
            WebSocketPingInterval=ping,
            TransactionMessageAttempts="3",
            TransactionMessageRetryInterval="60",
        )
    found = log.found("C08")
    assert [(one.severity, one.count) for one in found] == [(Severity.INFO, 1)] * told


# ---- C09


def zombie(log: Log, *, answered: bool, times: int, frozen: bool = True, since: float = 0) -> Log:
    for number in range(times):
        log.later(60).connected()
        at = clock(since if frozen else log.now)
        sample = {"timestamp": at, "sampledValue": [{"value": "5"}]}
        message_id = log.later(1).call(
            "MeterValues", {"connectorId": 1, "transactionId": 7, "meterValue": [sample]}
        )
        if answered or number < 0:
            log.later(0.2).answer(message_id, {})
        log.later(20).disconnected()
    return log


def test_the_same_frozen_message_after_each_reconnection_is_critical() -> None:
    (finding,) = zombie(booted(), answered=False, times=5).found("C09")
    assert (finding.severity, finding.count, finding.connector) == (Severity.CRITICAL, 5, 1)
    assert "5 times the connection ended first" in finding.text


def test_a_loop_is_not_taken_for_a_bad_connection_nor_for_a_queue_that_is_delivered() -> None:
    log = Log().connected().boot()
    for _ in range(9):
        log.later(100).status("Available")
    found, _ = zombie(log, answered=False, times=20, since=log.now).inspected()
    assert {one.detector for one in found} & {"C01", "C09", "K04"} == {"C09"}


@pytest.mark.parametrize(
    "frozen", [False, True], ids=["another message each time", "answered the third time"]
)
def test_connections_that_break_before_an_answer_are_counted_where_no_message_is_stuck(frozen: bool) -> None:
    log = Log()
    for _ in range(10):
        begun = log.now
        zombie(log, answered=False, times=2, frozen=frozen, since=begun)
        if frozen:
            zombie(log, answered=True, times=1, since=begun)
    (finding,) = log.found("C01")
    assert finding.count == (30 if frozen else 20)


def test_retries_that_are_answered_and_fresh_messages_are_no_loop() -> None:
    assert zombie(booted(), answered=True, times=5).found("C09") == []
    assert zombie(booted(), answered=False, times=5, frozen=False).found("C09") == []
    log = zombie(booted(), answered=False, times=2)
    assert zombie(zombie(log, answered=True, times=1), answered=False, times=2).found("C09") == []


# ---- C10


def storm(log: Log, changes: int = 10) -> Log:
    for number in range(changes):
        key = {"key": f"Key{number}", "value": "1"}
        log.later(1).ask("ChangeConfiguration", key, {"status": "Accepted"}, by_central=True)
    return log


def reconnected(log: Log) -> Log:
    return log.later(100).disconnected().later(5).connected().later(5)


def test_the_same_burst_after_each_reconnection_is_told() -> None:
    log = storm(booted())
    for _ in range(2):
        storm(reconnected(log))
    (finding,) = log.found("C10")
    assert (finding.severity, finding.count) == (Severity.WARNING, 2)
    assert "after a connection" in finding.text


def test_commissioning_is_one_legal_burst() -> None:
    assert storm(booted(), changes=40).found("C10") == []
    few = booted()
    for _ in range(5):
        storm(reconnected(few), changes=5)
    assert few.found("C10") == []


def test_a_fault_close_by_or_many_changes_make_it_an_error() -> None:
    before = reconnected(storm(booted())).status("Faulted", error="InternalError").later(5)
    assert storm(before).found("C10")[0].severity is Severity.ERROR
    after = storm(reconnected(storm(booted()))).later(10).status("Faulted", error="InternalError")
    (finding,) = after.found("C10")
    assert (finding.severity, finding.count) == (Severity.ERROR, 1)
    assert storm(reconnected(storm(booted())), changes=25).found("C10")[0].severity is Severity.ERROR


# ---- K01


@pytest.mark.parametrize("time", ["1970-01-01T00:00:12Z", "2000-01-01T00:00:00Z", "0001-01-01T00:00:00Z"])
def test_an_unset_clock_is_told(time: str) -> None:
    log = booted().later(10).status("Preparing", timestamp=time)
    (finding,) = log.found("K01")
    assert (finding.severity, finding.connector) == (Severity.WARNING, 1)
    assert log.found("K02") == log.found("K03") == []


def test_the_firmwares_date_is_an_unset_clock() -> None:
    log = booted().later(10).status("Preparing", timestamp="2025-10-15T00:00:05Z")
    assert len(log.found("K01")) == 1


def test_the_first_message_after_a_boot_is_only_information() -> None:
    log = (
        Log()
        .boot()
        .later(1)
        .status("Available", timestamp="1970-01-01T00:00:12Z")
        .later(1)
        .status("Available")
    )
    assert [one.severity for one in log.found("K01")] == [Severity.INFO]


def test_an_old_session_from_the_queue_is_no_unset_clock() -> None:
    log = booted().later(10)
    log.meter({"value": "5"}, at=-60 * DAY)
    log.ask("StatusNotification", {"connectorId": 1, "errorCode": "NoError", "status": "Available"})
    assert log.found("K01") == []


# ---- K02


def skewed(skew: float, log: Log | None = None, *, count: int = 8) -> Log:
    log = log or booted()
    for _ in range(count):
        log.later(100).status("Available", timestamp=clock(log.now + skew))
    return log


@pytest.mark.parametrize(
    ("skew", "severity"),
    [(5, None), (-50, None), (90, Severity.WARNING), (-90, Severity.WARNING), (400, Severity.ERROR)],
)
def test_a_clock_that_is_off_weighs_by_how_much(skew: float, severity: Severity | None) -> None:
    found = skewed(skew, Log()).found("K02")
    assert [one.severity for one in found] == ([] if severity is None else [severity])


def test_whole_quarters_of_an_hour_are_the_zone_of_the_log() -> None:
    assert skewed(2 * HOUR, Log()).found("K02") == []
    assert skewed(-5.75 * HOUR + 10, Log()).found("K02") == []


def test_against_the_central_systems_clock_an_hour_is_local_time_sent_as_utc() -> None:
    log = heartbeats(Log().boot(), 3)
    (finding,) = skewed(HOUR, log).found("K02")
    assert (finding.title, finding.severity) == ("Local time sent as UTC", Severity.ERROR)


def test_local_time_without_a_zone_is_not_said_to_be_sent_as_utc() -> None:
    log = heartbeats(Log().boot(), 3)
    for _ in range(8):
        log.later(100).status("Available", timestamp=clock(log.now + HOUR).removesuffix("Z"))
    (finding,) = log.found("K02")
    assert (finding.title, finding.who) == ("Local time sent without a zone", Who.CHARGER_MAKER)
    assert (finding.severity, finding.count) == (Severity.ERROR, 1)
    assert "no zone" in finding.text
    assert "1 h ahead of the central system's clock" in finding.text
    assert "UTC" in finding.next_step


def test_a_log_in_another_zone_than_both_sides_is_no_skew() -> None:
    log = Log()
    for _ in range(5):
        log.later(60).ask("Heartbeat", {}, {"currentTime": clock(log.now - 2 * HOUR)})
    assert skewed(-2 * HOUR, log).found("K02") == []


def test_messages_from_the_offline_queue_and_meter_clocks_are_no_skew() -> None:
    log = (
        heartbeats(booted(log=Log().connected()), 3).later(10).disconnected().later(HOUR).connected().later(1)
    )
    offline_since = log.now - HOUR
    for number in range(10):
        log.later(1).status("Available", timestamp=clock(offline_since + 60 * number))
    for _ in range(10):
        log.later(60).meter({"value": "5"}, at=log.now - 500)
    assert log.found("K02") == []


def test_a_clock_that_stays_off_is_told_once_and_again_when_it_moves() -> None:
    log = skewed(90, Log(), count=40)
    assert log.found("K02")[0].count == 1
    skewed(400, log, count=40)
    assert log.found("K02")[0].count >= 2


# ---- K03


def test_a_time_before_the_one_before_is_information() -> None:
    log = booted().later(1000).status("Preparing").later(10).status("Available", timestamp=clock(100))
    (finding,) = log.found("K03")
    assert (finding.severity, finding.connector, len(finding.evidence)) == (Severity.INFO, 1, 2)


def test_connectors_and_kinds_of_message_have_their_own_order() -> None:
    log = booted().later(1000).status("Available", connector=1)
    log.later(1).status("Available", connector=2, timestamp=clock(100))
    log.later(1).meter({"value": "5"}, at=log.now - 400)
    assert log.found("K03") == []


def test_a_log_that_goes_back_itself_is_in_the_wrong_order() -> None:
    log = booted().at(5000).status("Available").at(1000).status("Preparing")
    assert log.found("K03") == []


def test_another_file_begins_its_own_order() -> None:
    log = booted().later(1000)
    payload: dict[str, Any] = {"connectorId": 1, "errorCode": "NoError", "status": "Available"}
    log.ask("StatusNotification", payload | {"timestamp": clock(900)})
    log.records[-2].source = "other.log"
    log.later(1).ask("StatusNotification", payload | {"timestamp": clock(100)})
    assert log.found("K03") == []


def test_the_end_of_summer_time_in_times_without_zone_is_no_step() -> None:
    log = booted().later(7000).status("Preparing", timestamp=clock(7000)[:-5])
    log.later(60).status("Available", timestamp=clock(7000 - 3500)[:-5])
    assert log.found("K03") == []


# ---- K04


def test_what_was_queued_offline_is_told_as_such_and_nothing_else_is() -> None:
    log = heartbeats(booted(log=Log().connected()), 2)
    for _ in range(6):
        log.later(100).status("Available")
    log.start().later(10).disconnected().later(2 * HOUR).connected().later(1)
    offline_since = log.now - 2 * HOUR
    for number in range(4):
        log.later(0.5).meter({"value": str(1000 + number)}, at=offline_since + 600 * number)
    log.later(60).heartbeat()
    (finding,) = log.found("K04")
    assert (finding.severity, finding.count) == (Severity.INFO, 1)
    assert log.found("K02") == log.found("K03") == log.found("R05") == []


def test_a_message_that_is_tried_again_was_not_queued_offline_but_what_follows_it_was() -> None:
    log = booted(log=Log().connected())
    for _ in range(9):
        log.later(100).status("Available")
    begun = log.now
    zombie(log, answered=False, times=1, since=begun).later(600)
    zombie(log, answered=True, times=1, since=begun)
    assert log.found("K04") == []
    log.later(1).connected().later(1).meter({"value": "7"}, at=300)
    (finding,) = log.found("K04")
    assert finding.count == 1
