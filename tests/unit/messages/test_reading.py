"""What tolerant reading keeps, what it refuses, and what strict reading answers."""

import json
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import msgspec
import pytest

from voltline.messages import (
    ACTIONS,
    UNKNOWN_TIME,
    UNSET,
    ChargePointErrorCode,
    ChargePointStatus,
    DeviationKind,
    ErrorCode,
    Mode,
    Reading,
    TriggerMessage,
    UnitOfMeasure,
    read_request,
    read_response,
)

START = {"connectorId": 1, "idTag": "04E3F89A", "meterStart": 12000, "timestamp": "2024-01-11T08:00:00Z"}
STOP = {"meterStop": 15000, "timestamp": "2024-01-11T09:00:00Z", "transactionId": 4711}
STATUS = {"connectorId": 1, "errorCode": "NoError", "status": "Available"}
PROFILE = {
    "chargingProfileId": 1,
    "stackLevel": 0,
    "chargingProfilePurpose": "TxDefaultProfile",
    "chargingProfileKind": "Relative",
    "chargingSchedule": {
        "chargingRateUnit": "A",
        "chargingSchedulePeriod": [{"startPeriod": 0, "limit": 16.0}],
    },
}


def text(payload: object) -> str:
    return payload if isinstance(payload, str) else json.dumps(payload)


def request(action: str, payload: object, mode: Mode = Mode.TOLERANT) -> Reading[Any]:
    return read_request(ACTIONS[action], text(payload), mode)


def response(action: str, payload: object, mode: Mode = Mode.TOLERANT) -> Reading[Any]:
    return read_response(ACTIONS[action], text(payload), mode)


def found(reading: Reading[Any]) -> list[tuple[str, str]]:
    return [(one.path, one.kind.value) for one in reading.deviations]


def sampled(*values: object, time: object = "2024-01-11T08:15:00Z") -> dict[str, object]:
    return {"connectorId": 1, "meterValue": [{"timestamp": time, "sampledValue": list(values)}]}


# Kept ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("raw", [b"{}", "{}", msgspec.Raw(b"{}"), b" { }\r\n"])
def test_a_clean_message_has_no_deviations_whatever_it_is_given_as(raw: bytes | str | msgspec.Raw) -> None:
    reading = read_request(ACTIONS["Heartbeat"], raw)
    assert reading.message is not None
    assert reading.deviations == ()
    assert reading.refusal is None


def test_an_unknown_word_is_kept_as_it_came_and_told_apart() -> None:
    reading = request("MeterValues", sampled({"value": "50.0", "measurand": "Frequency", "unit": "Hz"}))
    unit = reading.message.meter_value[0].sampled_value[0].unit
    assert unit == "Hz"
    assert isinstance(unit, UnitOfMeasure)
    assert not unit.is_known
    assert found(reading) == [("$.meterValue[0].sampledValue[0].unit", "unknown_value")]


def test_an_over_long_serial_number_is_kept_whole() -> None:
    boot = {"chargePointVendor": "V", "chargePointModel": "M", "chargePointSerialNumber": "S" * 26}
    reading = request("BootNotification", boot)
    assert reading.message.charge_point_serial_number == "S" * 26
    assert found(reading) == [("$.chargePointSerialNumber", "too_long")]


@pytest.mark.parametrize(
    ("sent", "read"),
    [("7", 7), (" 7 ", 7), ("7.0", 7), ("-7", -7), ("9223372036854775807", 2**63 - 1)],
)
def test_a_number_in_quotes_is_the_number(sent: str, read: int) -> None:
    reading = request("StopTransaction", STOP | {"transactionId": sent})
    assert reading.message.transaction_id == read
    assert found(reading) == [("$.transactionId", "wrong_type")]


@pytest.mark.parametrize(("sent", "read"), [("1.0", 1), ("1e3", 1000), ("15000.00", 15000)])
def test_a_whole_number_with_a_point_is_that_number(sent: str, read: int) -> None:
    reading = request("StopTransaction", text(STOP).replace("15000", sent))
    assert reading.message.meter_stop == read
    assert found(reading) == [("$.meterStop", "wrong_type")]


@pytest.mark.parametrize("digits", ["12.5", "12.50", "0.10", "1e3", "123456789012345678901234567890.123"])
def test_a_number_for_a_text_keeps_every_digit(digits: str) -> None:
    payload = text(sampled({"value": "@"})).replace('"@"', digits)
    reading = request("MeterValues", payload)
    assert reading.message.meter_value[0].sampled_value[0].value == digits
    assert found(reading) == [("$.meterValue[0].sampledValue[0].value", "wrong_type")]


@pytest.mark.parametrize("number", [2**63 - 1, -(2**63), 2**53 + 1, 0, -1])
def test_no_digit_of_a_long_transaction_id_is_lost(number: int) -> None:
    for payload in (STOP | {"transactionId": number}, STOP | {"transactionId": str(number)}):
        assert request("StopTransaction", payload).message.transaction_id == number


@pytest.mark.parametrize(
    ("sent", "read"), [('"true"', True), ('"False"', False), ("1", True), ('"0"', False)]
)
def test_a_boolean_in_quotes_or_as_a_digit_is_understood(sent: str, read: bool) -> None:
    reading = response("GetConfiguration", f'{{"configurationKey":[{{"key":"K","readonly":{sent}}}]}}')
    assert reading.message.configuration_key[0].readonly is read
    assert found(reading) == [("$.configurationKey[0].readonly", "wrong_type")]


def test_a_boolean_configuration_value_becomes_its_text() -> None:
    reading = response(
        "GetConfiguration", {"configurationKey": [{"key": "K", "readonly": True, "value": True}]}
    )
    assert reading.message.configuration_key[0].value == "true"


@pytest.mark.parametrize(
    ("sent", "kinds"),
    [
        ("2024-01-11T08:00:00", ["no_time_zone"]),
        ("2024-01-11 08:00:00Z", ["bad_timestamp"]),
        ("2024-01-11 08:00:00", ["no_time_zone", "bad_timestamp"]),
        ("2024-01-11T08:00Z", ["bad_timestamp"]),
        ("2024-01-11T08:00:00,000Z", ["bad_timestamp"]),
        ("2024-01-11T08:00:00.Z", ["bad_timestamp"]),
        ("2024-01-11T09:00:00+0100", ["bad_timestamp"]),
        ("2024-01-11T09:00:00+01", ["bad_timestamp"]),
        ("2024-01-11t08:00:00z", ["bad_timestamp"]),
        ("20240111T080000Z", ["bad_timestamp"]),
        ("2024/01/11 8:00:00 UTC", ["bad_timestamp"]),
        (" 2024-01-11T08:00:00Z ", ["bad_timestamp"]),
    ],
)
def test_a_time_in_another_shape_is_understood_and_marked(sent: str, kinds: list[str]) -> None:
    reading = request("StartTransaction", START | {"timestamp": sent})
    assert reading.message.timestamp == datetime(2024, 1, 11, 8, tzinfo=UTC)
    assert found(reading) == [("$.timestamp", kind) for kind in kinds]
    assert all(one.usable for one in reading.deviations)


@pytest.mark.requirement("GEN-05")
@pytest.mark.parametrize(
    ("sent", "read"),
    [
        ("2024-01-11T10:00:07.123+02:00", datetime(2024, 1, 11, 8, 0, 7, 123000, tzinfo=UTC)),
        ("2024-01-11T08:00:07.123456789Z", datetime(2024, 1, 11, 8, 0, 7, 123457, tzinfo=UTC)),
        ("2024-01-11T02:30:07-05:30", datetime(2024, 1, 11, 8, 0, 7, tzinfo=UTC)),
    ],
)
def test_any_fraction_and_any_offset_of_a_time_is_honoured(sent: str, read: datetime) -> None:
    for mode in Mode:
        reading = request("StartTransaction", START | {"timestamp": sent}, mode)
        assert reading.message.timestamp == read
        assert reading.deviations == ()


def test_the_offset_of_a_time_is_kept() -> None:
    reading = request("StartTransaction", START | {"timestamp": "2024-01-11T10:00:00+02:00"})
    assert reading.message.timestamp.utcoffset() == timezone(timedelta(hours=2)).utcoffset(None)


@pytest.mark.parametrize(
    ("sent", "read"),
    [
        ("2022-02-29T12:00:00Z", datetime(2022, 3, 1, 12, tzinfo=UTC)),
        ("2022-02-31T12:00:00Z", datetime(2022, 3, 3, 12, tzinfo=UTC)),
        ("2022-12-31T24:00:00Z", datetime(2023, 1, 1, tzinfo=UTC)),
        ("2016-12-31T23:59:60Z", datetime(2017, 1, 1, tzinfo=UTC)),
    ],
)
def test_a_day_that_its_month_does_not_have_runs_over_into_the_next(sent: str, read: datetime) -> None:
    reading = request("StopTransaction", STOP | {"timestamp": sent})
    assert reading.message.timestamp == read
    assert found(reading) == [("$.timestamp", "bad_timestamp")]


def test_a_null_of_an_optional_field_is_absent_and_not_zero() -> None:
    reading = request("MeterValues", sampled({"value": "1", "unit": None}) | {"transactionId": None})
    assert reading.message.transaction_id is UNSET
    assert found(reading) == [
        ("$.transactionId", "explicit_null"),
        ("$.meterValue[0].sampledValue[0].unit", "explicit_null"),
    ]


@pytest.mark.parametrize("sent", [0, None, -1])
def test_any_reservation_id_leaves_the_start_as_it_is(sent: int | None) -> None:
    message = request("StartTransaction", START | {"reservationId": sent}).message
    assert message.reservation_id == (UNSET if sent is None else sent)


def test_unknown_fields_are_passed_over_each_with_its_path() -> None:
    reading = request("Heartbeat", {"uptime": 5, "odd name": {"x": 1}})
    assert reading.message is not None
    assert found(reading) == [("$.uptime", "unknown_field"), ('$["odd name"]', "unknown_field")]


@pytest.mark.parametrize("spelling", ["Celcius", "Celsius"])
@pytest.mark.parametrize("mode", Mode)
def test_both_spellings_of_celsius_are_right(spelling: str, mode: Mode) -> None:
    reading = request(
        "MeterValues", sampled({"value": "31", "measurand": "Temperature", "unit": spelling}), mode
    )
    assert reading.message.meter_value[0].sampled_value[0].unit == spelling
    assert reading.deviations == ()


def test_blank_texts_are_kept_and_blank_words_numbers_and_times_are_absent() -> None:
    payload = STATUS | {"info": "", "vendorId": " ", "timestamp": ""}
    reading = request("StatusNotification", payload)
    assert (reading.message.info, reading.message.vendor_id) == ("", " ")
    assert reading.message.timestamp is UNSET
    assert found(reading) == [("$.timestamp", "blank")]

    reading = request("MeterValues", sampled({"value": "1", "phase": ""}) | {"transactionId": ""})
    assert reading.message.transaction_id is UNSET
    assert reading.message.meter_value[0].sampled_value[0].phase is UNSET
    assert {kind for _, kind in found(reading)} == {"blank"}


def test_a_blank_required_word_is_kept_as_an_unknown_one() -> None:
    """Some firmware answers an overload with an empty status."""
    reading = response("SetChargingProfile", {"status": ""})
    assert reading.message.status == ""
    assert not reading.message.status.is_known


@pytest.mark.parametrize("sent", ["available", "AVAILABLE", " Available "])
def test_capitals_and_blanks_around_a_word_do_not_matter(sent: str) -> None:
    reading = request("StatusNotification", STATUS | {"status": sent})
    assert reading.message.status is ChargePointStatus.AVAILABLE
    assert found(reading) == [("$.status", "unknown_value")]


def test_a_field_name_in_other_capitals_is_that_field() -> None:
    payload = {"connectorID": 1, "idtag": "A", "meterStart": 1, "timestamp": START["timestamp"]}
    reading = request("StartTransaction", payload)
    assert (reading.message.connector_id, reading.message.id_tag) == (1, "A")
    assert found(reading) == [("$.connectorID", "unknown_field"), ("$.idtag", "unknown_field")]


def test_the_right_field_name_wins_over_one_in_other_capitals() -> None:
    reading = request("Authorize", {"idtag": "WRONG", "idTag": "RIGHT"})
    assert reading.message.id_tag == "RIGHT"
    assert found(reading) == [("$.idtag", "unknown_field")]


def test_samples_as_ocpp_1_5_wrote_them_are_understood() -> None:
    old = {"timestamp": "2024-01-11T08:15:00Z", "values": [{"value": "1200", "unit": "Wh"}]}
    message = request("MeterValues", {"connectorId": 1, "transactionId": 5, "values": [old]}).message
    assert message.meter_value[0].sampled_value[0].value == "1200"

    message = request("StopTransaction", STOP | {"transactionData": [{"values": [old, old]}]}).message
    assert [sample.sampled_value[0].value for sample in message.transaction_data] == ["1200", "1200"]


def test_an_object_or_a_bare_value_where_a_list_belongs_is_a_list_of_one() -> None:
    meter_value = {"timestamp": "2024-01-11T08:15:00Z", "sampledValue": "1200"}
    reading = request("MeterValues", {"connectorId": 1, "meterValue": meter_value})
    assert reading.message.meter_value[0].sampled_value[0].value == "1200"
    assert {kind for _, kind in found(reading)} == {"wrong_type"}


def test_json_for_the_data_of_a_data_transfer_becomes_its_text() -> None:
    reading = request("DataTransfer", '{"vendorId":"v","data":{"a":[1.50,null,"\\"x"]}}')
    assert reading.message.data == '{"a":[1.50,null,"\\"x"]}'
    assert found(reading) == [("$.data", "wrong_type")]


def test_empty_lists_of_samples_are_kept() -> None:
    reading = request("MeterValues", sampled())
    assert reading.message.meter_value[0].sampled_value == []
    assert found(reading) == [("$.meterValue[0].sampledValue", "empty_list")]
    assert request("MeterValues", {"connectorId": 1, "meterValue": []}).message.meter_value == []


@pytest.mark.parametrize("time", ["yesterday", None, "", 1704960000, "2024-13-01T00:00:00Z"])
def test_samples_outlive_their_unreadable_time(time: object) -> None:
    reading = request("MeterValues", sampled({"value": "1200"}, time=time))
    assert reading.message.meter_value[0].timestamp is UNKNOWN_TIME
    assert reading.message.meter_value[0].sampled_value[0].value == "1200"
    assert [one.usable for one in reading.deviations] == [True]


def test_one_unreadable_sample_does_not_take_the_others_with_it() -> None:
    reading = request("MeterValues", sampled(None, {"value": "1"}, {"value": {}}, [], {"unit": "Wh"}))
    assert [value.value for value in reading.message.meter_value[0].sampled_value] == ["1", "", ""]
    assert len(reading.deviations) >= 4


def test_a_status_without_error_code_is_kept_without_making_one_up() -> None:
    reading = request("StatusNotification", {"connectorId": 1, "status": "Charging"})
    assert reading.message.status is ChargePointStatus.CHARGING
    assert reading.message.error_code == ""
    assert not reading.message.error_code.is_known
    assert isinstance(reading.message.error_code, ChargePointErrorCode)


def test_a_fraction_of_a_watt_hour_is_cut_off_and_not_lost_from_sight() -> None:
    reading = request("StopTransaction", text(STOP).replace("15000", "15000.99"))
    assert reading.message.meter_stop == 15000
    assert found(reading) == [("$.meterStop", "bad_number")]
    assert "15000.99" in reading.deviations[0].text


def test_an_unreadable_optional_field_of_a_report_is_left_out() -> None:
    reading = request("StartTransaction", START | {"reservationId": "none"})
    assert reading.message.reservation_id is UNSET
    assert found(reading) == [("$.reservationId", "wrong_type")]
    assert "left out" in reading.deviations[0].text


def test_the_same_key_twice_with_the_same_value_is_no_doubt() -> None:
    reading = request("Authorize", '{"idTag":"A","idTag":"A"}')
    assert reading.message.id_tag == "A"
    assert found(reading) == [("$.idTag", "duplicate_key")]


def test_of_two_different_values_the_last_counts_where_neither_money_nor_identity_hangs_on_it() -> None:
    reading = request("StatusNotification", text(STATUS)[:-1] + ',"status":"Charging"}')
    assert reading.message.status is ChargePointStatus.CHARGING
    assert found(reading) == [("$.status", "duplicate_key")]


def test_a_null_payload_is_an_empty_one() -> None:
    reading = request("Heartbeat", "null")
    assert reading.message is not None
    assert found(reading) == [("$", "explicit_null")]


# Refused ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("action", "payload"),
    [
        *[("StartTransaction", {k: v for k, v in START.items() if k != name}) for name in START],
        *[("StopTransaction", {k: v for k, v in STOP.items() if k != name}) for name in STOP],
        ("Authorize", {}),
        ("BootNotification", {"chargePointVendor": "V"}),
        ("MeterValues", {"connectorId": 1}),
        ("StatusNotification", {"connectorId": 1, "errorCode": "NoError"}),
    ],
)
@pytest.mark.requirement("FRM-26")
def test_an_incomplete_payload_is_refused_with_protocol_error(
    action: str, payload: dict[str, object]
) -> None:
    reading = request(action, payload)
    assert reading.message is None
    assert reading.refusal is not None
    assert reading.refusal.kind is DeviationKind.MISSING
    assert reading.refusal.code is ErrorCode.PROTOCOL_ERROR


@pytest.mark.parametrize(
    ("action", "base", "field", "value"),
    [
        ("StartTransaction", START, "meterStart", "twelve"),
        ("StartTransaction", START, "meterStart", None),
        ("StartTransaction", START, "meterStart", ""),
        ("StartTransaction", START, "meterStart", True),
        ("StartTransaction", START, "meterStart", 2**63),
        ("StartTransaction", START, "meterStart", [1, 2]),
        ("StartTransaction", START, "connectorId", 1.5),
        ("StartTransaction", START, "connectorId", 2**64),
        ("StartTransaction", START, "idTag", None),
        ("StartTransaction", START, "idTag", 12e50),
        ("StartTransaction", START, "idTag", True),
        ("StartTransaction", START, "idTag", ["A"]),
        ("StartTransaction", START, "idTag", "A\ud800"),
        ("StartTransaction", START, "timestamp", "today"),
        ("StartTransaction", START, "timestamp", "2024-01-11"),
        ("StopTransaction", STOP, "transactionId", None),
        ("StopTransaction", STOP, "transactionId", "abc"),
        ("StopTransaction", STOP, "transactionId", 4711.5),
        ("StopTransaction", STOP, "transactionId", -(2**63) - 1),
        ("StopTransaction", STOP, "meterStop", "15,000"),
        ("StopTransaction", STOP, "meterStop", "15 kWh"),
        ("StopTransaction", STOP, "meterStop", 10**400),
        ("StopTransaction", STOP, "timestamp", 1704960000),
    ],
)
def test_a_guess_about_money_or_identity_is_refused(
    action: str, base: dict[str, object], field: str, value: object
) -> None:
    reading = request(action, base | {field: value})
    assert reading.message is None
    assert reading.refusal is not None
    assert reading.refusal.path == f"$.{field}"
    assert not reading.refusal.usable


@pytest.mark.parametrize(
    ("action", "payload", "field", "other"),
    [
        ("StartTransaction", START, "idTag", '"OTHER"'),
        ("StartTransaction", START, "meterStart", "1"),
        ("StartTransaction", START, "connectorId", "2"),
        ("StopTransaction", STOP, "transactionId", "1"),
        ("StopTransaction", STOP, "meterStop", "1"),
    ],
)
def test_two_different_values_for_money_or_identity_are_none(
    action: str, payload: dict[str, object], field: str, other: str
) -> None:
    for raw in (text(payload)[:-1] + f',"{field}":{other}}}', f'{{"{field}":{other},' + text(payload)[1:]):
        reading = request(action, raw)
        assert reading.message is None
        assert [(one.path, one.kind, one.code, one.usable) for one in reading.deviations] == [
            (f"$.{field}", DeviationKind.DUPLICATE_KEY, ErrorCode.FORMATION_VIOLATION, False)
        ]


def test_two_different_transaction_ids_leave_the_samples_without_one() -> None:
    raw = text(sampled({"value": "1"}))[:-1] + ',"transactionId":1,"transactionId":2}'
    reading = request("MeterValues", raw)
    assert reading.message.transaction_id is UNSET
    assert found(reading) == [("$.transactionId", "duplicate_key")]


@pytest.mark.parametrize("root", ["[]", '"x"', "5", "true", "[{}]"])
def test_a_payload_that_is_no_object_is_refused(root: str) -> None:
    reading = request("Heartbeat", root)
    assert reading.message is None
    assert found(reading) == [("$", "wrong_type")]


# Commands -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("payload", [{"id": ""}, {"id": "x"}, {"connectorId": 1.5}, {"profileId": 5}])
def test_a_command_to_clear_profiles_never_clears_more_than_it_may_mean(payload: dict[str, object]) -> None:
    reading = request("ClearChargingProfile", payload)
    assert reading.message is None
    assert request("ClearChargingProfile", {"id": None}).message is not None


def test_a_misspelt_list_does_not_empty_the_local_list() -> None:
    sent = {"listVersion": 2, "updateType": "Full", "localAuthList": [{"idTag": "A"}]}
    assert request("SendLocalList", sent).message is None
    sent["localAuthorisationList"] = sent.pop("localAuthList")
    assert len(request("SendLocalList", sent).message.local_authorization_list) == 1


@pytest.mark.requirement("SCS-17", "SCC-10", "FRM-28")
@pytest.mark.parametrize(
    ("action", "payload"),
    [
        ("GetCompositeSchedule", {"connectorId": 1, "duration": 60, "chargingRateUnit": "X"}),
        (
            "SetChargingProfile",
            {
                "connectorId": 1,
                "csChargingProfiles": PROFILE
                | {
                    "chargingSchedule": {
                        "chargingRateUnit": "X",
                        "chargingSchedulePeriod": [{"startPeriod": 0, "limit": 1}],
                    }
                },
            },
        ),
        ("Reset", {"type": "Medium"}),
    ],
)
def test_an_unknown_word_in_a_command_is_a_property_constraint_violation(
    action: str, payload: dict[str, object]
) -> None:
    reading = request(action, payload)
    assert reading.message is None
    assert reading.refusal is not None
    assert reading.refusal.code is ErrorCode.PROPERTY_CONSTRAINT_VIOLATION


def test_a_trigger_for_an_unknown_message_is_kept_for_its_own_answer() -> None:
    reading = request("TriggerMessage", {"requestedMessage": "MakeCoffee"})
    assert isinstance(reading.message, TriggerMessage)
    assert reading.message.requested_message == "MakeCoffee"


def test_a_schedule_without_periods_is_refused_and_the_same_key_twice_too() -> None:
    schedule = {"chargingRateUnit": "A", "chargingSchedulePeriod": []}
    sent = {"connectorId": 1, "csChargingProfiles": PROFILE | {"chargingSchedule": schedule}}
    refusal = request("SetChargingProfile", sent).refusal
    assert refusal is not None
    assert refusal.code is ErrorCode.OCCURENCE_CONSTRAINT_VIOLATION
    assert request("UnlockConnector", '{"connectorId":1,"connectorId":2}').message is None


@pytest.mark.parametrize("limit", ["0.3", "21.4", "16", "0.6", "1000.0", "1e2", "123456789.1"])
def test_limits_of_one_decimal_are_never_refused_for_their_binary_form(limit: str) -> None:
    sent = text({"connectorId": 0, "csChargingProfiles": PROFILE}).replace("16.0", limit)
    reading = request("SetChargingProfile", sent, Mode.STRICT)
    assert reading.deviations == ()
    schedule = reading.message.cs_charging_profiles.charging_schedule
    assert schedule.charging_schedule_period[0].limit == float(limit)


def test_every_tenth_from_0_to_1000_is_a_limit() -> None:
    periods = ",".join(f'{{"startPeriod":{n},"limit":{n / 10}}}' for n in range(10_001))
    sent = text({"connectorId": 0, "csChargingProfiles": PROFILE}).replace(
        '{"startPeriod": 0, "limit": 16.0}', periods
    )
    assert request("SetChargingProfile", sent, Mode.STRICT).deviations == ()


def test_a_number_that_is_nearly_nothing_is_no_tenth() -> None:
    sent = text({"connectorId": 0, "csChargingProfiles": PROFILE}).replace("16.0", "2.5e-42")
    (found,) = request("SetChargingProfile", sent).deviations
    assert found.kind is DeviationKind.NOT_ONE_DECIMAL


def test_a_limit_of_two_decimals_is_kept_and_noted() -> None:
    sent = text({"connectorId": 0, "csChargingProfiles": PROFILE}).replace("16.0", "8.15")
    reading = request("SetChargingProfile", sent)
    assert [one.kind for one in reading.deviations] == [DeviationKind.NOT_ONE_DECIMAL]
    schedule = reading.message.cs_charging_profiles.charging_schedule
    assert schedule.charging_schedule_period[0].limit == 8.15


# Strict -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"status": ...}, "ProtocolError"),
        ({"extra": 1}, "FormationViolation"),
        ({"status": "Busy"}, "PropertyConstraintViolation"),
        ({"info": "x" * 51}, "PropertyConstraintViolation"),
        ({"status": "available"}, "PropertyConstraintViolation"),
        ({"vendorErrorCode": "Ü"}, "PropertyConstraintViolation"),
        ({"timestamp": "11.1.2024 8:00"}, "PropertyConstraintViolation"),
        ({"connectorId": "1"}, "TypeConstraintViolation"),
        ({"info": None}, "TypeConstraintViolation"),
    ],
)
@pytest.mark.requirement("FRM-26", "FRM-27", "FRM-28", "FRM-30", "GEN-01", "GEN-02", "GEN-03", "GEN-04")
def test_strict_reading_answers_each_fault_with_its_code(change: dict[str, object], code: str) -> None:
    payload = {key: value for key, value in (STATUS | change).items() if value is not ...}
    reading = request("StatusNotification", payload, Mode.STRICT)
    assert reading.message is None
    assert reading.refusal is not None
    assert reading.refusal.code == code


@pytest.mark.requirement("FRM-29")
def test_strict_reading_answers_an_empty_list_with_the_specifications_spelling() -> None:
    refusal = request("MeterValues", {"connectorId": 1, "meterValue": []}, Mode.STRICT).refusal
    assert refusal is not None
    assert refusal.code == "OccurenceConstraintViolation"


def test_strict_reading_reports_everything_and_answers_with_the_worst() -> None:
    payload = {"connectorId": "1", "idTag": "x" * 21, "timestamp": "2024-01-11T08:00:00", "extra": 1}
    reading = request("StartTransaction", payload, Mode.STRICT)
    assert found(reading) == [
        ("$.connectorId", "wrong_type"),
        ("$.idTag", "too_long"),
        ("$.meterStart", "missing"),
        ("$.timestamp", "no_time_zone"),
        ("$.extra", "unknown_field"),
    ]
    assert reading.refusal is not None
    assert reading.refusal.path == "$.meterStart"
    assert reading.deviations == request("StartTransaction", payload).deviations


@pytest.mark.requirement("GEN-15")
@pytest.mark.parametrize("payload", [{"status": "Accepted", "x": 1}, {"status": "Maybe"}])
def test_strict_reading_refuses_fields_and_words_beyond_the_specification(payload: dict[str, object]) -> None:
    assert response("Reset", payload, Mode.STRICT).message is None
    assert response("Reset", payload).message is not None


@pytest.mark.parametrize("info", ["Türe offen", "充電中"])
def test_words_for_people_may_be_in_any_script(info: str) -> None:
    assert request("StatusNotification", STATUS | {"info": info}, Mode.STRICT).message.info == info


# Answers of a central system ----------------------------------------------------------------------


def test_a_boot_answer_without_interval_leaves_the_interval_open() -> None:
    answer = {"status": "Accepted", "currentTime": "2024-01-11T08:00:00Z"}
    assert response("BootNotification", answer).message.interval == 0
    assert response("BootNotification", answer | {"heartbeatInterval": 300}).message.interval == 300


def test_a_clock_is_not_set_by_a_time_that_cannot_be_read() -> None:
    assert response("Heartbeat", {"currentTime": "soon"}).message is None
    assert response("Heartbeat", {}).message is None


@pytest.mark.parametrize("info", [{}, None, "Accepted"])
def test_a_start_is_not_confirmed_by_an_answer_without_verdict(info: object) -> None:
    assert response("StartTransaction", {"transactionId": 1, "idTagInfo": info}).message is None


def test_a_stop_is_confirmed_even_if_its_verdict_cannot_be_read() -> None:
    reading = response("StopTransaction", {"idTagInfo": {}})
    assert reading.message.id_tag_info is UNSET
    assert [one.usable for one in reading.deviations] == [True]
