"""P01 to R09: frames, calls and answers. R01 is in test_detectors_unanswered.py too."""

import pytest
from tests.unit.inspection.inspection_lab import Log, clock

from voltline.inspection.findings import Severity, Who
from voltline.inspection.records import Damage
from voltline.messages import ACTIONS

HEARTBEAT = {"currentTime": clock(0)}
METER_VALUES = {
    "connectorId": 1,
    "meterValue": [{"timestamp": clock(0), "sampledValue": [{"value": "1", "unit": "Wh"}]}],
}


def traffic(count: int = 6, *, log: Log | None = None) -> Log:
    """A boot, the states, and some heartbeats, all answered."""
    log = (log or Log()).boot(interval=60)
    log.later(1).status("Available", connector=0).later(1).status("Available")
    for _ in range(count):
        log.later(60).heartbeat()
    return log


# ---- P01, P02


def test_broken_json_on_the_wire_is_the_senders_fault() -> None:
    log = traffic()
    log.later(1).station('[2,"9","Heartbeat",{"a":}]')
    (finding,) = log.found("P01")
    assert (finding.severity, finding.who) == (Severity.WARNING, Who.CHARGER_MAKER)
    assert finding.evidence[0].line == len(log.records)


@pytest.mark.parametrize(
    "text",
    [
        '[2,"9","MeterValues",{"connectorId":1, ... }]',
        '[2,"9","MeterValues",{"connectorId":1',
        "[2,“9”,“Heartbeat”,{}]",
        '[2\t"9"\t"Heartbeat"\t{}]',
        '[2,"9","Heartbeat",{"a":\n b}]',
        '[2,&quot;9&quot;,"Heartbeat",{}]',
        '[2,\\"9\\",\\"Heartbeat\\",{}]',
    ],
)
def test_damage_that_only_a_log_does_is_the_logs_fault(text: str) -> None:
    log = traffic()
    log.later(1).station(text)
    (finding,) = log.found("P01")
    assert (finding.severity, finding.who) == (Severity.INFO, Who.LOG_KEEPER)


def test_an_answer_that_is_no_json_is_told() -> None:
    log = traffic()
    message_id = log.later(1).call("Heartbeat")
    log.later(1).central(f'[3,"{message_id}",{{"currentTime":}}]')
    assert len(log.found("P01")) == 1


def test_a_cut_frame_is_told_and_neither_its_payload_nor_its_answer_is_judged() -> None:
    log = traffic()
    log.later(1).station('[2,"9","StatusNotification",{"conn', damage=(Damage.TRUNCATED,))
    log.later(1).answer("9", {})
    findings, _ = log.inspected()
    assert [(one.detector, one.severity) for one in findings] == [("P02", Severity.INFO)]


def test_what_is_left_of_a_cut_frame_may_parse_and_is_still_not_judged() -> None:
    log = traffic()
    log.later(1).central('[2,"9","GetC...Profiles"]', damage=(Damage.TRUNCATED,))
    log.later(1).answer("9", {}, by_station=True)
    findings, _ = log.inspected()
    assert {one.detector for one in findings} == {"P02"}


def test_frames_cut_at_one_length_say_at_which() -> None:
    log = traffic()
    for number in range(3):
        log.later(100).station(f'[2,"9{number}","MeterValues",{{"co', damage=(Damage.TRUNCATED,))
    (finding,) = log.found("P02")
    assert "at 26 characters" in finding.text
    assert finding.count == 3


# ---- P03


@pytest.mark.parametrize(
    ("action", "payload", "version"),
    [
        ("TransactionEvent", {"eventType": "Started"}, "2.0.1"),
        ("BootNotification", {"reason": "PowerUp", "chargingStation": {"model": "A"}}, "2.0.1"),
        ("StatusNotification", {"evseId": 1, "connectorId": 1, "connectorStatus": "Available"}, "2.0.1"),
        (
            "StatusNotification",
            {"connectorId": 1, "status": "Occupied", "errorCode": "NoError"},
            "1.5",
        ),
    ],
)
def test_another_version_is_told_and_its_payload_is_not_judged_by_1_6(
    action: str, payload: dict[str, object], version: str
) -> None:
    log = Log()
    log.ask(action, payload)
    assert version in log.found("P03")[0].title
    assert [log.found(one) for one in ("S01", "S02", "R08")] == [[], [], []]


def test_a_heartbeat_or_boot_of_1_6_is_no_proof_of_another_version() -> None:
    log = traffic()
    log.ask("BootNotification", {"chargePointVendor": "A", "chargePointModel": "B", "extra": 1}, {})
    log.ask("DataTransfer", {"vendorId": "org.x", "idToken": "evse"}, {"status": "Accepted"})
    assert log.found("P03") == []


# ---- P04


def test_a_frame_that_two_loggers_wrote_is_one_call() -> None:
    log = traffic()
    log.later(5).station('[2,"9","Heartbeat",{}]', log_name="ocpp")
    log.later(0.01).station('[2,"9","Heartbeat",{}]', log_name="websockets")
    log.later(0.1).central('[3,"9",{"currentTime":"2026-03-01T08:00:00Z"}]', log_name="ocpp")
    log.later(0.01).central('[3,"9",{"currentTime":"2026-03-01T08:00:00Z"}]', log_name="websockets")
    findings, _ = log.inspected()
    assert findings == []


# ---- R01


def test_the_charge_points_own_message_timeout_is_waited_for() -> None:
    log = traffic()
    key = {"key": "MessageTimeout", "readonly": False, "value": "120"}
    log.ask("GetConfiguration", {}, {"configurationKey": [key]}, by_central=True)
    slow = log.later(1).call("Heartbeat")
    log.later(40).ask("GetConfiguration", {}, {"configurationKey": [key]}, by_central=True)
    log.later(1).answer(slow, HEARTBEAT)
    assert log.found("R01") == log.found("R02") == []
    log.later(1).call("Heartbeat")
    for _ in range(4):
        log.later(40).ask("GetConfiguration", {}, {"configurationKey": [key]}, by_central=True)
    assert len(log.found("R01")) == 1


def test_a_side_that_was_not_recorded_is_told_once() -> None:
    log = Log()
    for number in range(20):
        log.later(60).station(f'[2,"{number}","Heartbeat",{{}}]')
    (finding,) = log.found("R01")
    assert (finding.severity, finding.who, finding.count) == (Severity.INFO, Who.LOG_KEEPER, 1)


def test_a_few_unanswered_calls_before_the_first_answer_are_told_when_it_comes() -> None:
    log = Log()
    log.call("Heartbeat")
    log.later(60).call("Heartbeat")
    log.later(60).heartbeat()
    log.later(1).call("Heartbeat")
    log.later(60).heartbeat()
    (finding,) = log.found("R01")
    assert finding.count == 3


def test_ids_of_the_two_sides_are_their_own() -> None:
    log = traffic()
    log.later(1).station('[2,"9","Heartbeat",{}]')
    log.later(0.1).central('[2,"9","ClearCache",{}]')
    log.later(0.1).station('[3,"9",{"status":"Accepted"}]')
    log.later(0.1).central('[3,"9",{"currentTime":"2026-03-01T08:00:00Z"}]')
    findings, _ = log.inspected()
    assert findings == []


def test_a_call_before_a_gap_of_days_is_unknown() -> None:
    log = traffic()
    log.later(1).call("Heartbeat")
    log.later(3 * 86_400).heartbeat()
    assert log.found("R01") == []


@pytest.mark.parametrize(("interval", "silence", "told"), [(300, 800, 1), (300, 1000, 0), (3600, 4000, 1)])
def test_a_call_before_a_gap_of_some_intervals_is_unknown(interval: int, silence: float, told: int) -> None:
    log = Log().boot(interval=interval)
    log.later(60).heartbeat().later(60).call("Heartbeat")
    log.later(silence).heartbeat()
    assert len(log.found("R01")) == told


def test_a_side_of_which_the_log_has_nothing_at_all_is_no_warning() -> None:
    log = Log()
    log.call("ChangeConfiguration", {"key": "A", "value": "b"}, by_central=True)
    log.later(5).disconnected()
    (finding,) = log.found("R01")
    assert (finding.severity, finding.who) == (Severity.INFO, Who.LOG_KEEPER)


# ---- R02


def test_a_late_answer_names_its_call() -> None:
    log = traffic()
    message_id = log.later(10).call("Heartbeat")
    line = len(log.records)
    log.later(45).heartbeat()
    log.later(1).answer(message_id, HEARTBEAT)
    (finding,) = log.found("R02")
    assert finding.title == "Late answer"
    assert f"line {line}" in finding.text


def test_an_answer_carried_over_a_reconnection_has_its_own_words() -> None:
    log = Log().connected()
    traffic(log=log)
    message_id = log.later(10).call("Heartbeat")
    log.later(2).disconnected()
    log.later(5).connected()
    log.later(1).answer(message_id, HEARTBEAT)
    (finding,) = log.found("R02")
    assert "earlier connection" in finding.title
    assert "carried over a reconnection" in finding.text


def test_an_answer_out_of_nowhere_and_a_second_answer_are_told() -> None:
    log = traffic(20)
    log.later(1).answer("nobody", HEARTBEAT)
    message_id = log.later(1).call("Heartbeat")
    log.later(1).answer(message_id, HEARTBEAT).later(1).answer(message_id, HEARTBEAT)
    assert {one.title for one in log.found("R02")} == {"Answer to no CALL", "Second answer to one CALL"}


def test_answers_at_the_beginning_of_the_log_are_unknown() -> None:
    log = Log()
    log.answer("before", HEARTBEAT)
    traffic(log=log)
    assert log.found("R02") == []


def test_answers_to_a_side_that_was_not_recorded_are_told_once() -> None:
    log = traffic(20)
    for number in range(5):
        log.later(1).answer(f"x{number}", {"status": "Accepted"}, by_station=True)
    (finding,) = log.found("R02")
    assert (finding.severity, finding.count) == (Severity.INFO, 1)


@pytest.mark.parametrize(
    ("left_out", "payload"),
    [("MeterValues", {}), ("StatusNotification", {}), ("Heartbeat", HEARTBEAT)],
)
def test_answers_to_calls_that_were_filtered_out_are_told_once(
    left_out: str, payload: dict[str, str]
) -> None:
    log = Log().boot().later(100)
    asked: list[tuple[str, dict[str, object], dict[str, str]]] = [
        ("MeterValues", METER_VALUES, {}),
        ("StatusNotification", {"connectorId": 1, "errorCode": "NoError", "status": "Available"}, {}),
        ("Heartbeat", {}, HEARTBEAT),
    ]
    for _ in range(10):
        for action, request, answer in asked:
            log.later(1)
            if action == left_out:
                log.answer(f"lost {len(log.records)}", payload)
            else:
                log.ask(action, request, answer)
    (finding,) = log.found("R02")
    assert (finding.title, finding.severity) == ("Calls left out of the log", Severity.INFO)


def test_lone_answers_are_told_though_the_log_has_no_heartbeat() -> None:
    log = Log()
    for number in range(60):
        log.later(10).ask("MeterValues", METER_VALUES, {})
        if number in (10, 20):
            log.answer(f"lost {number}", HEARTBEAT)
    assert {one.severity for one in log.found("R02")} == {Severity.WARNING}


# ---- R03


def test_a_slow_answer_is_told_with_its_time_and_who_was_slow() -> None:
    log = traffic()
    profile = {"connectorId": 1, "csChargingProfiles": {}}
    message_id = log.later(10).call("SetChargingProfile", profile, by_central=True)
    log.later(31).answer(message_id, {"status": "Accepted"}, by_station=True)
    (finding,) = log.found("R03")
    assert "31.0 s" in finding.text
    assert finding.who is Who.CHARGER_MAKER


@pytest.mark.parametrize("took", [4.5, 9.9])
def test_a_remote_start_may_take_some_seconds(took: float) -> None:
    log = traffic()
    log.ask("RemoteStartTransaction", {"idTag": "A"}, {"status": "Accepted"}, by_central=True, after=took)
    assert log.found("R03") == []


def test_a_clock_that_was_set_between_call_and_answer_is_no_delay() -> None:
    log = Log()
    message_id = log.call("BootNotification", {"chargePointVendor": "Lab", "chargePointModel": "One"})
    log.later(30 * 365 * 86_400).answer(
        message_id, {"currentTime": clock(log.now), "interval": 300, "status": "Accepted"}
    )
    assert log.found("R03") == log.found("R01") == []


def test_answers_that_were_logged_in_one_batch_are_one_delay() -> None:
    log = traffic()
    ids = []
    for _ in range(5):
        ids.append(log.later(3).call("Heartbeat"))
    log.later(12)
    for message_id in ids:
        log.answer(message_id, HEARTBEAT)
    (finding,) = log.found("R03")
    assert finding.count == 1


# ---- R04


def test_one_id_for_two_different_calls_is_told() -> None:
    log = traffic()
    log.later(1).ask("ClearCache", {}, {"status": "Accepted"}, by_central=True)
    for action in ("Heartbeat", "StatusNotification"):
        payload = {"connectorId": 1, "errorCode": "NoError", "status": "Available"}
        log.later(1).call(action, payload if action != "Heartbeat" else {}, message_id="same")
        log.later(1).answer("same", HEARTBEAT if action == "Heartbeat" else {})
    (finding,) = log.found("R04")
    assert finding.severity is Severity.WARNING
    assert len(finding.evidence) == 2


def test_ids_that_start_again_after_a_reconnection_are_told_as_such() -> None:
    log = Log()
    for connector in (1, 2):
        log.later(5).connected()
        payload = {"connectorId": connector, "errorCode": "NoError", "status": "Available"}
        log.later(1).call("StatusNotification", payload, message_id="1")
        log.later(1).answer("1", {}).later(5).disconnected()
    assert "after a reconnection" in log.found("R04")[0].title


def test_a_call_sent_again_unchanged_is_information() -> None:
    log = traffic()
    for _ in range(2):
        log.later(40).call("Heartbeat", message_id="same")
    log.later(1).answer("same", HEARTBEAT)
    (finding,) = log.found("R04")
    assert finding.severity is Severity.INFO


# ---- R05


def overlapping(log: Log) -> None:
    first = log.later(5).call("Heartbeat")
    second = log.later(1).call("Heartbeat")
    log.later(1).answer(first, HEARTBEAT).later(1).answer(second, HEARTBEAT)


def test_a_single_overlap_is_information_and_a_habit_a_warning() -> None:
    log = traffic(50)
    overlapping(log)
    assert log.found("R05")[0].severity is Severity.INFO
    for _ in range(5):
        overlapping(log)
    assert log.found("R05")[0].severity is Severity.WARNING


def test_calls_of_the_two_sides_may_cross() -> None:
    log = traffic()
    mine = log.later(1).call("Heartbeat")
    theirs = log.later(0.1).call("ClearCache", by_central=True)
    log.later(1).answer(mine, HEARTBEAT).later(1).answer(theirs, {"status": "Accepted"}, by_station=True)
    assert log.found("R05") == []


def test_the_next_call_after_one_that_was_never_answered_is_legal() -> None:
    log = traffic()
    log.later(1).call("Heartbeat")
    log.later(15).heartbeat()
    log.later(60).heartbeat()
    assert log.found("R05") == []


def test_whole_seconds_leave_the_order_open() -> None:
    log = Log()
    first = log.call("Heartbeat")
    for _ in range(50):
        following = log.later(1).call("Heartbeat")
        log.answer(first, HEARTBEAT)
        first = following
    log.later(1).answer(first, HEARTBEAT)
    assert log.found("R05") == []


# ---- R06


def refused(log: Log, code: str, *, by_station: bool = True, action: str = "ClearCache") -> None:
    message_id = log.later(1).call(action, by_central=by_station)
    text = f'[4,"{message_id}","{code}","said",{{}}]'
    log.later(0.2)
    (log.station if by_station else log.central)(text)


def test_errors_weigh_by_their_code() -> None:
    log = traffic()
    for code in ("InternalError", "NotSupported", "FormationViolation"):
        refused(log, code)
    weights = {one.title.split()[-1]: (one.severity, one.who) for one in log.found("R06")}
    assert weights == {
        "InternalError": (Severity.ERROR, Who.CHARGER_MAKER),
        "NotSupported": (Severity.INFO, Who.CHARGER_MAKER),
        "FormationViolation": (Severity.WARNING, Who.BACK_END),
    }


def test_many_mild_errors_are_a_warning() -> None:
    log = traffic()
    for _ in range(11):
        refused(log, "NotSupported")
    (finding,) = log.found("R06")
    assert (finding.severity, finding.count) == (Severity.WARNING, 11)


def test_a_security_error_before_the_boot_is_accepted_is_right() -> None:
    log = Log().boot("Pending")
    refused(log, "SecurityError", by_station=False, action="Heartbeat")
    assert log.found("R06") == []
    log = Log().boot()
    refused(log, "SecurityError", by_station=False, action="Heartbeat")
    assert log.found("R06")[0].severity is Severity.ERROR


def test_an_error_that_the_call_deserves_is_told_once_by_its_cause() -> None:
    log = traffic()
    refused(log, "NotImplemented", action="MakeCoffee")
    assert log.found("R06") == []
    assert len(log.found("R08")) == 1


# ---- R07


@pytest.mark.parametrize(
    "text",
    [
        '[3,"9"]',
        '[3,"9",{},1]',
        '[3,"9",[1]]',
        '[4,"9","GenericError","said"]',
        '[4,"9","GenericError","said",null]',
        '[4,"9","GenericError","said",5]',
        '[4,"9","GenericError",null,{}]',
        '[4,"9","Whatever","said",{}]',
        '[4,"9","OccurrenceConstraintViolation","said",{}]',
        '[4,"9","FormatViolation","said",{}]',
    ],
)
def test_an_answer_not_built_as_one_is_told(text: str) -> None:
    log = traffic()
    log.later(1).station('[2,"9","Heartbeat",{}]')
    log.later(1).central(text)
    (finding,) = log.found("R07")
    assert finding.who is Who.BACK_END


@pytest.mark.parametrize(
    "text",
    [
        '[3,"9",null]',
        '[3,"9",{}]',
        '[4,"9","FormationViolation","",{}]',
        '[4,"9","OccurenceConstraintViolation","",{"a":null}]',
    ],
)
def test_the_misspelt_codes_of_1_6_and_a_null_result_are_right(text: str) -> None:
    log = traffic()
    log.later(1).station('[2,"9","Heartbeat",{}]')
    log.later(1).central(text)
    assert log.found("R07") == []


# ---- R08


@pytest.mark.parametrize(
    "text",
    [
        '[2,"","Heartbeat",{}]',
        '[2,null,"Heartbeat",{}]',
        '[2,77,"Heartbeat",{}]',
        f'[2,"{"x" * 37}","Heartbeat",{{}}]',
    ],
)
def test_message_ids_that_are_none_are_told(text: str) -> None:
    log = traffic()
    log.later(1).station(text)
    (finding,) = log.found("R08")
    assert finding.title.startswith("Message id")


def test_an_answer_may_echo_a_numeric_id_but_not_make_one_up() -> None:
    log = traffic()
    log.later(1).station('[2,77,"Heartbeat",{}]').later(1).central(
        '[3,77,{"currentTime":"2026-03-01T08:00:00Z"}]'
    )
    (finding,) = log.found("R08")
    assert (finding.count, finding.who) == (1, Who.CHARGER_MAKER)
    log = traffic()
    log.later(1).station('[2,"77","Heartbeat",{}]')
    log.later(1).central('[3,77,{"currentTime":"2026-03-01T08:00:00Z"}]')
    (finding,) = log.found("R08")
    assert finding.who is Who.BACK_END


@pytest.mark.parametrize("action", ["MakeCoffee", "heartbeat"])
def test_an_action_that_1_6_does_not_have_is_told(action: str) -> None:
    log = traffic()
    log.later(1).ask(action)
    (finding,) = log.found("R08")
    assert finding.title == "Unknown action"


@pytest.mark.parametrize("text", ['[2,"9"]', '[2,"9",{}]', '[2,"9","Heartbeat"]', '[2,"9","Heartbeat",{},1]'])
def test_a_call_not_built_as_one_is_told(text: str) -> None:
    log = traffic()
    log.later(1).station(text)
    (finding,) = log.found("R08")
    assert finding.title == "Malformed CALL"


def test_an_action_of_the_other_side_is_told() -> None:
    log = traffic()
    log.later(1).ask("RemoteStartTransaction", {"idTag": "A"}, {"status": "Accepted"})
    (finding,) = log.found("R08")
    assert finding.title == "Action sent by the wrong side"


def test_a_log_with_its_directions_reversed_is_the_logs_fault() -> None:
    log = Log()
    for _ in range(10):
        log.later(5).ask("Heartbeat", {}, HEARTBEAT, by_central=True)
    (finding,) = log.found("R08")
    assert (finding.severity, finding.who) == (Severity.INFO, Who.LOG_KEEPER)


def test_every_action_of_1_6_and_its_security_extension_is_known() -> None:
    log = Log().boot()
    for name, action in ACTIONS.items():
        log.later(1).ask(name, {}, {}, by_central="ChargePoint" not in {str(one) for one in action.sent_by})
    assert log.found("R08") == []


# ---- R09


@pytest.mark.parametrize("response", [{}, {"status": ""}, {"status": None}])
def test_an_answer_without_status_is_told_once(response: dict[str, object]) -> None:
    log = traffic()
    log.later(1).ask("ClearCache", {}, response, by_central=True)
    (finding,) = log.found("R09")
    assert (finding.severity, finding.who) == (Severity.ERROR, Who.CHARGER_MAKER)
    assert log.found("S01") == []


def test_an_answer_without_status_names_the_connector_that_was_asked_for() -> None:
    period = {"startPeriod": 0, "limit": 16}
    schedule = {"chargingRateUnit": "A", "chargingSchedulePeriod": [period]}
    profile = {
        "chargingProfileId": 1,
        "stackLevel": 0,
        "chargingProfilePurpose": "TxDefaultProfile",
        "chargingProfileKind": "Absolute",
        "chargingSchedule": schedule,
    }
    asked = {"connectorId": 2, "csChargingProfiles": profile}
    log = traffic().later(1).ask("SetChargingProfile", asked, {"status": ""}, by_central=True)
    log.later(1).ask("ClearCache", {}, {}, by_central=True)
    assert {one.connector for one in log.found("R09")} == {2, None}


def test_an_answer_that_has_no_status_by_nature_is_none() -> None:
    log = traffic().later(1).status("Available")
    assert log.found("R09") == []
