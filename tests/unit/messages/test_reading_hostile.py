"""Texts made to break a reader. None raises, none takes long, each is told by its name."""

import time

import pytest

from voltline.messages import ACTIONS, DeviationKind, ErrorCode, read_request
from voltline.messages.diagnosis import MAX_LISTED
from voltline.messages.json_text import MAX_DEPTH, JsonError, Members, Number, parse

MEBIBYTE = 1024 * 1024


@pytest.mark.parametrize(
    ("raw", "kind"),
    [
        (b"", DeviationKind.NOT_JSON),
        (b" \r\n", DeviationKind.NOT_JSON),
        (b"\0", DeviationKind.NOT_JSON),
        (b"{", DeviationKind.NOT_JSON),
        (b'{"idTag":"A', DeviationKind.NOT_JSON),
        (b'{"idTag":"A"', DeviationKind.NOT_JSON),
        (b'{"idTag":"A"}}', DeviationKind.NOT_JSON),
        (b'{"idTag":"A",}', DeviationKind.NOT_JSON),
        (b"{'idTag':'A'}", DeviationKind.NOT_JSON),
        (b"\xff\xfe{\0}\0", DeviationKind.NOT_JSON),
        (b'{"idTag":"\\x41"}', DeviationKind.NOT_JSON),
        (b'{"idTag":01}', DeviationKind.NOT_JSON),
        (b"[" * 100_000, DeviationKind.TOO_DEEP),
        (b'{"a":' * 100_000, DeviationKind.TOO_DEEP),
        (b'{"idTag":' + b"[" * 40 + b"]" * 40 + b"}", DeviationKind.TOO_DEEP),
        (b'{"idTag":"' + b"A" * MEBIBYTE + b'"}', DeviationKind.TOO_LARGE),
    ],
)
def test_what_is_not_json_is_refused_with_formation_violation(raw: bytes, kind: DeviationKind) -> None:
    reading = read_request(ACTIONS["Authorize"], raw)
    assert reading.message is None
    assert reading.refusal is not None
    assert (reading.refusal.kind, reading.refusal.code) == (kind, ErrorCode.FORMATION_VIOLATION)


def test_the_size_limit_is_the_callers() -> None:
    raw = b'{"idTag":"A"}'
    assert read_request(ACTIONS["Authorize"], raw, max_size=len(raw)).message is not None
    refusal = read_request(ACTIONS["Authorize"], raw, max_size=len(raw) - 1).refusal
    assert refusal is not None
    assert refusal.kind is DeviationKind.TOO_LARGE


@pytest.mark.parametrize("constant", ["NaN", "Infinity", "-Infinity", "1e400", "-1E999999", "9" * 5000])
def test_numbers_that_are_none_are_no_meter_reading(constant: str) -> None:
    raw = f'{{"connectorId":1,"idTag":"A","meterStart":{constant},"timestamp":"2024-01-11T08:00:00Z"}}'
    reading = read_request(ACTIONS["StartTransaction"], raw)
    assert reading.message is None
    assert [(one.path, one.kind) for one in reading.deviations] == [
        ("$.meterStart", DeviationKind.BAD_NUMBER)
    ]


def test_nan_in_a_limit_is_refused() -> None:
    raw = (
        '{"connectorId":0,"csChargingProfiles":{"chargingProfileId":1,"stackLevel":0,"chargingProfilePurpose":'
        '"TxDefaultProfile","chargingProfileKind":"Relative","chargingSchedule":{"chargingRateUnit":"A",'
        '"chargingSchedulePeriod":[{"startPeriod":0,"limit":NaN}]}}}'
    )
    reading = read_request(ACTIONS["SetChargingProfile"], raw)
    assert reading.message is None
    assert reading.deviations[0].kind is DeviationKind.BAD_NUMBER


@pytest.mark.parametrize(
    "vendor", [b'"\\ud800"', b'"\\udc00\\ud800"', b'"\xed\xa0\x80"', b'"\xff"', b'"A\xc3"']
)
def test_bytes_that_are_no_characters_are_replaced_and_named(vendor: bytes) -> None:
    raw = b'{"chargePointVendor":' + vendor + b',"chargePointModel":"M"}'
    reading = read_request(ACTIONS["BootNotification"], raw)
    assert reading.message is not None
    assert "\ufffd" in reading.message.charge_point_vendor
    reading.message.charge_point_vendor.encode()  # what was kept can be stored
    assert reading.deviations[0].kind is DeviationKind.BAD_TEXT
    assert reading.deviations[0].path == "$.chargePointVendor"


def test_half_a_surrogate_pair_in_a_str_is_treated_like_one_in_bytes() -> None:
    reading = read_request(ACTIONS["DataTransfer"], '{"vendorId":"v","data":"\ud800"}')
    assert reading.message is not None
    assert [one.path for one in reading.deviations] == ["$.data"]


def test_a_control_character_in_a_text_is_kept_and_noted() -> None:
    reading = read_request(ACTIONS["DataTransfer"], b'{"vendorId":"v","data":"a\nb"}')
    assert reading.message is not None
    assert reading.message.data == "a\nb"
    assert [one.kind for one in reading.deviations] == [DeviationKind.BAD_TEXT]


def test_a_byte_order_mark_is_passed_over() -> None:
    reading = read_request(ACTIONS["Heartbeat"], b"\xef\xbb\xbf{}")
    assert reading.message is not None
    assert [one.kind for one in reading.deviations] == [DeviationKind.BAD_TEXT]


def test_an_escaped_key_cannot_hide_that_it_came_twice() -> None:
    reading = read_request(ACTIONS["Authorize"], b'{"idTag":"A","\\u0069dTag":"B"}')
    assert reading.message is None
    assert reading.deviations[0].kind is DeviationKind.DUPLICATE_KEY


def test_a_long_list_of_deviations_is_cut_but_the_refusal_is_in_it() -> None:
    many = ",".join(f'"x{n}":0' for n in range(500))
    samples = ",".join('{"timestamp":"x","sampledValue":[]}' for _ in range(200))
    reading = read_request(ACTIONS["MeterValues"], f'{{"meterValue":[{samples}],{many},"connectorId":"?"}}')
    assert reading.message is None
    assert reading.refusal is not None
    assert reading.refusal.path == "$.connectorId"
    assert MAX_LISTED <= len(reading.deviations) <= MAX_LISTED + 2
    assert "more deviations are not listed" in reading.deviations[-1].text


def test_the_refusal_is_listed_even_when_it_comes_after_the_limit() -> None:
    entries = ",".join('{"idTag":1}' for _ in range(200))
    refusal = read_request(
        ACTIONS["SendLocalList"],
        f'{{"listVersion":1,"updateType":"Nope","localAuthorizationList":[{entries}]}}',
    ).refusal
    assert refusal is not None
    assert refusal.path == "$.updateType"


def test_a_long_stop_with_a_deviation_in_every_sample_is_kept_whole() -> None:
    sample = '{"timestamp":"2024-01-11T08:00:00","sampledValue":[{"value":"1"}]}'
    samples = ",".join([sample] * 2000)
    stop = '"timestamp":"2024-01-11T08:00:00Z","transactionId":1,"meterStop":1'
    reading = read_request(ACTIONS["StopTransaction"], f'{{{stop},"transactionData":[{samples}]}}')
    assert reading.message is not None
    assert len(reading.message.transaction_data) == 2000
    assert len(reading.deviations) == MAX_LISTED + 1


@pytest.mark.parametrize(
    ("action", "raw"),
    [
        ("Heartbeat", b"{" + b",".join(b'"a%d":1' % n for n in range(80_000)) + b"}"),
        ("MeterValues", b'{"connectorId":1,"meterValue":[' + b",".join([b"1"] * 500_000) + b"]}"),
        ("Heartbeat", b'{"' + b'\\"' * (MEBIBYTE // 2 - 10)),
        ("Heartbeat", b"[{" * (MEBIBYTE // 2 - 10)),
        ("Authorize", b'{"idTag":' + b"9" * (MEBIBYTE - 20) + b"}"),
        ("StartTransaction", b'{"connectorId":"' + b"9" * (MEBIBYTE - 20) + b'"}'),
        ("StartTransaction", b'{"timestamp":"2024-01-01T00:00:00.' + b"9" * (MEBIBYTE - 50) + b'x"}'),
        ("StartTransaction", b'{"timestamp":"2024-01-01' + b" " * (MEBIBYTE - 50) + b'"}'),
        (
            "MeterValues",
            b'{"connectorId":1,"meterValue":[{"timestamp":"2024-01-01T00:00:00Z","sampledValue":[{"value":"'
            + b"1" * (MEBIBYTE - 200)
            + b'x"}]}]}',
        ),
        ("Authorize", b'{"idTag":"a"' + b',"idTag":"a"' * (MEBIBYTE // 13) + b"}"),
        ("Authorize", b"\xff" * MEBIBYTE),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_mebibyte_of_spite_is_read_in_bounded_time(action: str, raw: bytes) -> None:
    before = time.process_time()
    read_request(ACTIONS[action], raw)
    # Measured 1 to 200 ms; anything quadratic takes minutes.
    assert time.process_time() - before < 5


# The parser itself --------------------------------------------------------------------------------


def test_numbers_keep_the_text_they_were_written_with() -> None:
    value = parse(b"[1.10, 1e3, -0, 12345678901234567890123, NaN]").value
    assert value == [Number(text) for text in ("1.10", "1e3", "-0", "12345678901234567890123", "NaN")]
    assert [Number(text).whole() for text in ("-0", "1.0", "9223372036854775807", "9223372036854775808")] == [
        0,
        None,
        2**63 - 1,
        None,
    ]


def test_every_value_of_a_repeated_key_is_kept() -> None:
    value = parse(b'{"a":1,"b":2,"a":3,"a":1}').value
    assert isinstance(value, Members)
    assert value == {"a": Number("1"), "b": Number("2")}
    assert value.repeated == {"a": [Number("1"), Number("3"), Number("1")]}


def test_brackets_inside_texts_do_not_count_as_depth() -> None:
    assert parse(b'["' + b'[{\\"' * 1000 + b'"]').value == ['[{"' * 1000]


def test_depth_is_allowed_up_to_the_limit_and_not_beyond() -> None:
    parse(b"[" * MAX_DEPTH + b"]" * MAX_DEPTH)
    with pytest.raises(JsonError) as caught:
        parse(b"[" * (MAX_DEPTH + 1) + b"]" * (MAX_DEPTH + 1))
    assert caught.value.kind is DeviationKind.TOO_DEEP


def test_an_error_names_the_place() -> None:
    with pytest.raises(JsonError, match="at character 10, near"):
        parse(b'{"a":1,"b"2}')
