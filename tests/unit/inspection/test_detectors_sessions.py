"""Group T: what happened to transactions and to drivers, and what only looks like a fault."""

from typing import Any

import pytest
from tests.unit.inspection.inspection_lab import Log, clock

from voltline.inspection.findings import Severity, Who
from voltline.inspection.records import Damage

ENERGY = {"measurand": "Energy.Active.Import.Register", "unit": "Wh"}
STARTED = {"connectorId": 1, "idTag": "TAG1", "meterStart": 1000}


def register(wh: float) -> dict[str, Any]:
    """The import register as a sampled value."""
    return {"value": str(wh), **ENERGY}


def idle(connectors: int = 1) -> Log:
    """A charge point that has booted and said that every connector is free."""
    log = Log().boot()
    for connector in range(1, connectors + 1):
        log.later(1).status("Available", connector)
    return log


def session(log: Log, transaction: int = 1, *, lasts_s: float = 3600, wh: int = 8000, **start: Any) -> Log:
    """A session as it should be."""
    connector = start.get("connector", 1)
    log.later(5).status("Preparing", connector).later(5).start(transaction, **start)
    log.later(2).status("Charging", connector)
    log.later(lasts_s).stop(transaction, meter=1000 + wh).later(1).status("Finishing", connector)
    return log.later(30).status("Available", connector)


# ---- T01


def test_t01_tells_an_answer_without_a_transaction_id() -> None:
    log = idle()
    log.later(5).ask(
        "StartTransaction", STARTED | {"timestamp": clock(5)}, {"idTagInfo": {"status": "Accepted"}}
    )
    (finding,) = log.found("T01")
    assert finding.severity is Severity.CRITICAL
    assert finding.connector == 1
    assert [one.line for one in finding.evidence] == [5, 6]
    (finding,) = log.later(60).stop(-1).later(400).heartbeat().found("T01")
    assert (finding.connector, finding.count) == (1, 2)


def test_t01_tells_an_error_and_the_minus_one_after_it() -> None:
    log = idle()
    message_id = log.later(5).call("StartTransaction", STARTED | {"timestamp": clock(5)})
    log.later(1).central(f'[4,"{message_id}","InternalError","",{{}}]')
    log.later(60).stop(-1)
    (finding,) = log.found("T01")
    assert "InternalError" in finding.text
    assert len(finding.evidence) == 3


def test_t01_tells_a_start_that_nobody_answered_and_nobody_repeated() -> None:
    log = idle()
    log.later(5).call("StartTransaction", STARTED | {"timestamp": clock(5)})
    log.later(400).heartbeat()
    (finding,) = log.found("T01")
    assert "never answered" in finding.text


def test_t01_keeps_quiet_if_the_repeated_start_got_its_id() -> None:
    log = idle()
    begun = clock(5)
    log.later(5).call("StartTransaction", STARTED | {"timestamp": begun})
    log.later(60).ask(
        "StartTransaction",
        STARTED | {"timestamp": begun},
        {"transactionId": 4, "idTagInfo": {"status": "Accepted"}},
    )
    log.later(400).heartbeat()
    assert log.found("T01") == []


def test_t01_takes_zero_for_a_legal_id() -> None:
    log = idle().later(5).start(0).later(60).meter(register(1100), transaction=0).later(60).stop(0)
    assert log.found("T01") == []


def test_t01_does_not_mind_minus_one_in_the_values_of_an_idle_connector() -> None:
    assert idle().later(60).meter(register(1000), transaction=-1).found("T01") == []


def test_t01_does_not_judge_an_answer_that_was_cut_off_or_not_logged() -> None:
    log = idle()
    message_id = log.later(5).call("StartTransaction", STARTED | {"timestamp": clock(5)})
    log.later(1).central(f'[3,"{message_id}",{{"idTagInfo":{{"sta', damage=(Damage.TRUNCATED,))
    assert log.later(400).heartbeat().found("T01") == []
    log = idle()
    log.later(5).call("StartTransaction", STARTED | {"timestamp": clock(5)})
    log.later(60).meter(register(1100), transaction=77).later(400).heartbeat()
    assert log.found("T01") == []


# ---- T02


def test_t02_tells_a_transaction_that_the_next_one_replaced() -> None:
    log = idle().later(5).start(1).later(3600)
    session(log, 2)
    (finding,) = log.found("T02")
    assert finding.severity is Severity.ERROR
    assert "Transaction 1 " in finding.text
    assert finding.evidence[0].line == 5


def test_t02_tells_one_whose_connector_became_available() -> None:
    log = idle().later(5).start(1).later(60).status("Charging").later(600).status("Available")
    log.later(900).heartbeat()
    assert len(log.found("T02")) == 1


def test_t02_tells_one_that_a_reboot_swallowed_but_not_one_that_lives_on() -> None:
    log = idle().later(5).start(1).later(600).boot().later(1).status("Available").later(900).heartbeat()
    assert len(log.found("T02")) == 1
    log = idle().later(5).start(1).later(600).boot().later(1).status("Charging")
    log.later(60).meter(register(2000)).later(900).meter(register(3000))
    assert log.found("T02") == []


def test_t02_does_not_judge_what_is_open_at_the_end_or_stopped_late() -> None:
    assert idle().later(5).start(1).later(3600).heartbeat().found("T02") == []
    log = idle().later(5).start(1).later(600).boot().later(30).stop(1).later(900).heartbeat()
    assert log.found("T02") == []


def test_t02_keeps_connectors_apart() -> None:
    log = idle(2).later(5).start(1, connector=1).later(5).start(2, connector=2)
    log.later(900).stop(2).later(5).stop(1).later(900).heartbeat()
    assert log.found("T02") == []


# ---- T03


def test_t03_tells_messages_of_a_transaction_that_never_began() -> None:
    log = idle().later(300).meter(register(1100), transaction=77)
    (finding,) = log.found("T03")
    assert (finding.connector, finding.evidence[0].line) == (1, 5)
    assert len(idle().later(300).stop(78).found("T03")) == 1


def test_t03_does_not_judge_what_may_have_begun_before_the_log() -> None:
    log = Log().meter(register(1100), transaction=77).later(60).stop(77)
    assert log.found("T03") == []
    assert Log().later(60).stop(77).found("T03") == []
    # Queued over a power cut: sent after the boot, stamped before it.
    log = idle().later(100)
    log.stop(77, timestamp=clock(-50), reason="PowerLoss")
    assert log.found("T03") == []


def test_t03_does_not_mind_idle_values_with_zero_or_closing_values_that_come_late() -> None:
    assert idle().later(300).meter(register(1100), transaction=0).found("T03") == []
    assert session(idle()).later(1).meter(register(9000), transaction=1).found("T03") == []


def test_t03_adopts_the_id_of_a_start_whose_answer_the_log_lacks() -> None:
    log = idle()
    log.later(5).call("StartTransaction", STARTED | {"timestamp": clock(5)})
    log.later(60).meter(register(1100), transaction=77).later(60).stop(77)
    assert log.found("T03") == []


MANY = 2_001
"""Ids that are remembered, and one."""


def test_t03_tells_a_transaction_that_goes_on_once_however_many_others_come_and_go() -> None:
    log = idle(2).later(300).meter(register(1100), transaction=77)
    for number in range(MANY):
        log.later(5).start(1000 + number, connector=2).later(5).meter(register(1100), transaction=77)
    (finding,) = log.later(60).stop(77).found("T03")
    assert finding.count == 1


# ---- T04


def test_t04_tells_an_id_that_changes_in_mid_session() -> None:
    log = (
        idle()
        .later(5)
        .start(1)
        .later(60)
        .meter(register(1100))
        .later(60)
        .meter(register(1200), transaction=9)
    )
    (finding,) = log.found("T04")
    assert finding.title == "Transaction id changes"
    assert finding.evidence[-1].line == 9


def test_t04_tells_an_id_that_was_given_twice() -> None:
    log = session(session(idle(), 1), 1)
    (finding,) = log.found("T04")
    assert finding.title == "Transaction id given twice"
    assert finding.who is Who.BACK_END


def test_t04_remembers_an_id_as_long_as_it_goes_on() -> None:
    log = idle(2).later(5).start(77)
    for number in range(MANY):
        log.later(5).start(1000 + number, connector=2).later(5).meter(register(1100), transaction=77)
    assert log.found("T04") == []
    (finding,) = log.later(5).start(77, connector=2).found("T04")
    assert (finding.title, finding.evidence[0].line) == ("Transaction id given twice", 8)


def test_t04_keeps_every_digit_of_a_very_large_id() -> None:
    (finding,) = session(idle(), 9223372036854766666).found("T04")
    assert "9223372036854766666" in finding.text


def test_t04_finds_the_same_id_for_a_repeated_start_and_late_values_right() -> None:
    log = idle()
    request = STARTED | {"timestamp": clock(5)}
    given = {"transactionId": 1, "idTagInfo": {"status": "Accepted"}}
    log.later(5).ask("StartTransaction", request, given).later(60).ask("StartTransaction", request, given)
    log.later(60).stop(1).later(60).start(2).later(5).meter(register(9000), transaction=1)
    assert log.found("T04") == []


# ---- T05


def abort(log: Log, connector: int = 1, tag: str = "TAG1") -> Log:
    log.later(60).status("Preparing", connector)
    log.later(5).ask("Authorize", {"idTag": tag}, {"idTagInfo": {"status": "Accepted"}})
    return log.later(8).status("Finishing", connector).later(60).status("Available", connector)


def test_t05_counts_aborts_up_to_a_warning_and_an_error() -> None:
    log = idle()
    for count, severity in ((1, Severity.INFO), (3, Severity.WARNING), (10, Severity.ERROR)):
        log = idle()
        for _ in range(count):
            abort(log)
        (finding,) = log.found("T05")
        assert (finding.count, finding.severity) == (count, severity)


def test_t05_is_silent_on_a_time_out_without_a_tag() -> None:
    log = idle().later(5).status("Preparing").later(60).status("Finishing").later(60).status("Available")
    assert log.found("T05") == []


def test_t05_does_not_take_the_tag_of_a_remote_start_or_of_a_running_session() -> None:
    log = idle().later(5).status("Preparing")
    log.later(1).ask(
        "RemoteStartTransaction", {"idTag": "TAG1", "connectorId": 1}, {"status": "Accepted"}, by_central=True
    )
    log.later(1).ask("Authorize", {"idTag": "TAG1"}, {"idTagInfo": {"status": "Accepted"}})
    log.later(5).status("Finishing")
    assert log.found("T05") == []
    log = idle(2).later(5).start(1, connector=1).later(5).status("Preparing", 2)
    log.later(1).ask("Authorize", {"idTag": "TAG1"}, {"idTagInfo": {"status": "Accepted"}})
    log.later(1).stop(1).later(5).status("Finishing", 2)
    assert log.found("T05") == []


def test_t05_does_not_mix_up_connectors() -> None:
    log = idle(2).later(5).status("Charging", 2).later(5).status("Preparing", 1)
    log.later(5).ask("Authorize", {"idTag": "TAG1"}, {"idTagInfo": {"status": "Accepted"}})
    log.later(2).status("Finishing", 2).later(5).start(1, connector=1)
    assert log.found("T05") == []


# ---- T06


def refuse(log: Log, tag: str, status: str = "Invalid") -> Log:
    return log.later(30).ask("Authorize", {"idTag": tag}, {"idTagInfo": {"status": status}})


def test_t06_warns_of_the_same_tag_refused_three_times_in_a_row() -> None:
    log = refuse(refuse(idle(), "TAG1"), "TAG1")
    assert [one.severity for one in log.found("T06")] == [Severity.INFO]
    (finding,) = refuse(log, "TAG1").found("T06")
    assert (finding.severity, finding.title) == (Severity.WARNING, "Authorization refused: Invalid")


def test_t06_single_cards_are_no_more_than_information() -> None:
    log = idle()
    for number in range(30):
        refuse(log, f"GUEST{number}")
    assert {one.severity for one in log.found("T06")} == {Severity.INFO}


def test_t06_tells_a_card_number_that_the_reader_lengthens() -> None:
    log = (
        idle()
        .later(5)
        .ask("RemoteStartTransaction", {"idTag": "04A1B2C3D4E5F6"}, {"status": "Accepted"}, by_central=True)
    )
    found = refuse(log, "04a1b2c3d4e5f60000").found("T06")
    assert found[0].title == "Id tag read with another ending"


def test_t06_does_not_take_numbered_names_for_misread_cards() -> None:
    log = idle().later(5).ask("Authorize", {"idTag": "DRIVER1"}, {"idTagInfo": {"status": "Accepted"}})
    assert [one.title for one in refuse(log, "DRIVER12").found("T06")] == ["Authorization refused: Invalid"]


# ---- T07


def test_t07_tells_charging_after_a_refusal() -> None:
    log = idle().later(5).start(1, idTagInfo={"status": "Blocked"}).later(30).status("Charging")
    (finding,) = log.found("T07")
    assert finding.severity is Severity.ERROR
    assert finding.evidence[-1].line == 7


def test_t07_tells_energy_after_a_refusal() -> None:
    log = idle().later(5).start(1, idTagInfo={"status": "Invalid"})
    log.later(30).meter(register(1000)).later(300).meter(register(1400))
    (finding,) = log.found("T07")
    assert "400 Wh" in finding.text


def test_t07_allows_what_the_configuration_allows_and_a_prompt_stop() -> None:
    log = idle().later(5).start(1, idTagInfo={"status": "Invalid"})
    log.later(3).status("Charging").later(3).stop(1, reason="DeAuthorized")
    assert log.found("T07") == []
    log = idle().ask(
        "GetConfiguration",
        {"key": ["MaxEnergyOnInvalidId"]},
        {"configurationKey": [{"key": "MaxEnergyOnInvalidId", "readonly": False, "value": "1000"}]},
        by_central=True,
    )
    log.later(5).start(1, idTagInfo={"status": "Invalid"}).later(60).status("Charging")
    log.later(30).meter(register(1000)).later(300).meter(register(1900))
    assert log.found("T07") == []
    log = idle().later(5).start(1, idTagInfo={"status": "Invalid"}).later(60).status("SuspendedEVSE")
    assert log.later(600).meter(register(1000)).found("T07") == []


# ---- T08


def remote_start(log: Log, status: str, tag: str = "TAG1") -> Log:
    request = {"idTag": tag, "connectorId": 1}
    return log.later(10).ask("RemoteStartTransaction", request, {"status": status}, by_central=True)


def test_t08_tells_a_rejected_remote_start_with_the_state_of_the_connector() -> None:
    (finding,) = remote_start(idle(), "Rejected").found("T08")
    assert finding.severity is Severity.INFO
    assert "connector 1 was Available" in finding.text


def test_t08_many_are_a_warning() -> None:
    log = idle()
    for _ in range(6):
        remote_start(log, "Rejected")
    (finding,) = log.found("T08")
    assert (finding.count, finding.severity) == (6, Severity.WARNING)


def test_t08_tells_an_accepted_one_that_nothing_came_of() -> None:
    log = remote_start(idle(), "Accepted").later(400).heartbeat()
    (finding,) = log.found("T08")
    assert finding.title == "Remote start accepted, nothing began"


def test_t08_waits_for_connection_time_out_and_for_the_end_of_the_log() -> None:
    assert remote_start(idle(), "Accepted").later(100).start(1).later(400).heartbeat().found("T08") == []
    assert remote_start(idle(), "Accepted").later(20).heartbeat().found("T08") == []
    assert remote_start(idle(), "Accepted").later(20).disconnected().later(400).connected().found("T08") == []


# ---- T09


def test_t09_tells_a_start_repeated_after_its_answer() -> None:
    log = idle()
    request = STARTED | {"timestamp": clock(5)}
    given = {"transactionId": 1, "idTagInfo": {"status": "Accepted"}}
    log.later(5).ask("StartTransaction", request, given).later(10).ask("StartTransaction", request, given)
    (finding,) = log.found("T09")
    assert finding.title == "Start of a transaction sent twice"
    assert [one.line for one in finding.evidence] == [5, 6, 7]


def test_t09_tells_a_central_system_that_gives_a_retry_another_id() -> None:
    log = idle()
    request = STARTED | {"timestamp": clock(5)}
    log.connected().later(5).ask(
        "StartTransaction", request, {"transactionId": 1, "idTagInfo": {"status": "Accepted"}}
    )
    log.later(1).disconnected().later(30).connected()
    log.later(1).ask(
        "StartTransaction", request, {"transactionId": 2, "idTagInfo": {"status": "ConcurrentTx"}}
    )
    (finding,) = log.found("T09")
    assert finding.who is Who.BACK_END
    assert finding.title == "Repeated start was given another id"


def test_t09_tells_two_transactions_at_once() -> None:
    log = idle().later(5).start(1).later(60).meter(register(1100)).later(60).start(2, tag="TAG2")
    log.later(60).meter(register(1200), transaction=1)
    (finding,) = log.found("T09")
    assert finding.title == "Two transactions at once on a connector"


def test_t09_finds_a_retry_after_silence_right() -> None:
    log = idle()
    request = STARTED | {"timestamp": clock(5)}
    log.later(5).call("StartTransaction", request)
    log.later(60).ask("StartTransaction", request, {"transactionId": 1, "idTagInfo": {"status": "Accepted"}})
    assert session(log.later(60).stop(1), 2).found("T09") == []


def test_t09_does_not_take_a_late_stop_for_an_overlap() -> None:
    log = idle().later(5).start(1).later(600)
    stopped = clock(log.now)
    log.later(60).start(2).later(5).stop(1, timestamp=stopped)
    assert log.found("T09") == []


# ---- T10


def reset(log: Log, kind: str = "Hard") -> Log:
    return log.later(60).ask("Reset", {"type": kind}, {"status": "Accepted"}, by_central=True)


def test_t10_tells_a_transaction_that_a_reset_swallowed() -> None:
    log = reset(idle().later(5).start(1)).later(60).boot().later(2).status("Available").later(90).heartbeat()
    (finding,) = log.found("T10")
    assert finding.severity is Severity.CRITICAL
    assert "Transaction 1 " in finding.text


def test_t10_lets_the_stop_come_before_or_after_the_boot_and_the_transaction_live_on() -> None:
    log = reset(idle().later(5).start(1)).later(60).boot().later(20).stop(1, reason="HardReset")
    assert log.later(90).heartbeat().found("T10") == []
    log = reset(idle().later(5).start(1), "Soft").later(1).stop(1, reason="SoftReset").later(60).boot()
    assert log.later(90).heartbeat().found("T10") == []
    log = reset(idle().later(5).start(1)).later(60).boot().later(20).meter(register(2000))
    assert log.later(90).heartbeat().found("T10") == []


def test_t10_does_not_judge_when_the_log_ends_first() -> None:
    assert reset(idle().later(5).start(1)).later(60).boot().later(20).heartbeat().found("T10") == []


# ---- T11


def test_t11_tells_disturbances_by_their_reason() -> None:
    log = idle().later(5).start(1).later(600).stop(1, reason="PowerLoss")
    (finding,) = log.found("T11")
    assert (finding.title, finding.connector) == ("Transaction ended by a disturbance: PowerLoss", 1)


def test_t11_is_silent_on_wished_ends_and_calm_about_commanded_ones() -> None:
    for more in ({}, {"reason": "Local"}, {"reason": "Remote"}, {"reason": "EVDisconnected"}):
        assert idle().later(5).start(1).later(600).stop(1, **more).found("T11") == []
    log = reset(idle().later(5).start(1)).later(60).stop(1, reason="HardReset")
    assert [one.severity for one in log.found("T11")] == [Severity.INFO]


# ---- T12


def test_t12_warns_of_several_sessions_without_energy_in_a_row() -> None:
    log = idle()
    for transaction in range(1, 6):
        session(log, transaction, wh=20)
    (finding,) = log.found("T12")
    assert (finding.count, finding.severity) == (5, Severity.WARNING)


def test_t12_tells_a_session_of_days() -> None:
    (finding,) = session(idle(), lasts_s=50 * 3600).found("T12")
    assert finding.title == "Very long session"


def test_t12_leaves_out_sessions_that_were_held_back_and_good_ones() -> None:
    assert session(idle()).found("T12") == []
    log = idle().later(5).start(1).later(5).status("SuspendedEVSE").later(600).stop(1, meter=1000)
    assert log.found("T12") == []


# ---- T13


def test_t13_tells_a_connector_that_stays_preparing_or_suspended() -> None:
    for status in ("Preparing", "SuspendedEVSE"):
        log = idle().later(5).status(status).later(3000).heartbeat()
        (finding,) = log.found("T13")
        assert finding.title == f"Connector stuck in {status}"


def test_t13_leaves_a_car_alone_that_is_parked_after_its_charge() -> None:
    log = idle().later(5).start(1).later(600).stop(1).later(1).status("Finishing").later(9000).heartbeat()
    assert log.found("T13") == []


def test_t13_leaves_a_car_alone_that_waits_for_its_hour() -> None:
    log = idle().later(5).status("Preparing").later(20_000).heartbeat()
    assert log.start(1).status("Charging").found("T13") == []
    log = idle().later(5).status("Preparing").later(20_000).heartbeat().status("Available")
    assert [one.title for one in log.found("T13")] == ["Connector stuck in Preparing"]


def test_t13_leaves_a_connector_alone_whose_own_site_held_it_back() -> None:
    log = idle().start(1).status("SuspendedEVSE").later(9000).heartbeat()
    assert log.status("Charging").found("T13") == []
    log = idle().start(1).status("SuspendedEVSE").later(9000).heartbeat().status("Finishing")
    assert [one.title for one in log.found("T13")] == ["Connector stuck in SuspendedEVSE"]


@pytest.mark.parametrize("states", [("SuspendedEVSE",), ("Finishing", "Preparing")])
def test_t13_knows_a_parked_car_by_what_was_before(states: tuple[str, ...]) -> None:
    log = idle().start(1).status("Charging").later(600).stop(1)
    for status in states:
        log.later(1).status(status)
    log.later(9000).status("Available")
    assert log.found("T13") == []
    log.later(60).status("Preparing").later(9000).status("Available")
    assert [one.title for one in log.found("T13")] == ["Connector stuck in Preparing"]


def test_t13_takes_states_for_a_session_where_the_log_has_no_other_sign_of_one() -> None:
    log = idle().status("Charging").later(600).status("Finishing").later(9000).heartbeat()
    assert log.found("T13") == []


def test_t13_leaves_a_connector_alone_that_a_profile_holds_at_zero() -> None:
    profile = {
        "chargingProfileId": 1,
        "stackLevel": 0,
        "chargingProfilePurpose": "TxDefaultProfile",
        "chargingProfileKind": "Relative",
        "chargingSchedule": {
            "chargingRateUnit": "A",
            "chargingSchedulePeriod": [{"startPeriod": 0, "limit": 0.0}],
        },
    }
    log = idle().ask(
        "SetChargingProfile",
        {"connectorId": 0, "csChargingProfiles": profile},
        {"status": "Accepted"},
        by_central=True,
    )
    log.later(5).start(1).later(5).status("SuspendedEVSE").later(9000).heartbeat()
    assert log.found("T13") == []


# ---- T14


def configuration(log: Log, **keys: str) -> Log:
    told = [{"key": key, "readonly": False, "value": value} for key, value in keys.items()]
    return log.later(1).ask("GetConfiguration", {}, {"configurationKey": told}, by_central=True)


def test_t14_tells_a_configuration_that_locks_everybody_out() -> None:
    log = configuration(idle(), LocalAuthorizeOffline="true", AuthorizationCacheEnabled="false")
    assert log.found("T14") == []
    log.later(1).ask("GetLocalListVersion", {}, {"listVersion": 0}, by_central=True)
    assert [one.severity for one in log.found("T14")] == [Severity.INFO]
    assert [one.severity for one in log.later(60).disconnected().found("T14")] == [Severity.WARNING]


def test_t14_is_silent_where_somebody_is_let_in() -> None:
    log = configuration(idle(), LocalAuthorizeOffline="false", AllowOfflineTxForUnknownId="true")
    assert log.disconnected().found("T14") == []
    log = configuration(idle(), LocalAuthorizeOffline="true", AuthorizationCacheEnabled="true")
    assert log.disconnected().found("T14") == []


# ---- T15


def test_t15_counts_visits_not_attempts() -> None:
    log = session(idle(), 1)
    refuse(refuse(log.later(7200), "TAG2"), "TAG2")
    session(log, 2, tag="TAG2")
    refuse(log.later(7200), "TAG3")
    (finding,) = log.found("T15")
    assert "3 visits: 1 charged at first try, 1 after trouble, 1 not at all" in finding.text


def test_clean_sessions_raise_nothing_above_information() -> None:
    log = idle(2)
    for transaction in range(1, 9):
        session(log, transaction, connector=1 + transaction % 2, tag=f"TAG{transaction % 3}")
        log.later(300).heartbeat()
    ids = [f"T{number:02}" for number in range(1, 16)]
    assert [one for name in ids for one in log.found(name) if one.severity is not Severity.INFO] == []
