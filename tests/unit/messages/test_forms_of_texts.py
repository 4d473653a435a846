"""A text of a form that was read before is read with less work, and judged as strictly."""

import pytest

from voltline.messages import ACTIONS, DeviationKind, read_request

METER_VALUES = (
    '{"connectorId":%s,"meterValue":[{"timestamp":"%s-03-01T08:00:00Z","sampledValue":[{"value":"%s"}]}]}'
)


def kinds(*values: str) -> list[DeviationKind]:
    reading = read_request(ACTIONS["MeterValues"], (METER_VALUES % values).encode())
    return [one.kind for one in reading.deviations]


@pytest.fixture(autouse=True)
def _seen_before() -> None:
    assert kinds("1", "2026", "1234") == []
    assert kinds("-0", "2026", "1234") == []


def test_other_digits_are_as_right_as_those_before() -> None:
    assert kinds("7", "2031", "9876") == []


def test_a_month_that_does_not_exist_is_found() -> None:
    text = METER_VALUES % ("1", "2026", "1234")
    reading = read_request(ACTIONS["MeterValues"], text.replace("-03-", "-13-").encode())
    assert [one.kind for one in reading.deviations] == [DeviationKind.BAD_TIMESTAMP]


def test_a_negative_connector_is_found_behind_a_negative_zero() -> None:
    assert kinds("-5", "2026", "1234") != []


def test_a_value_that_is_no_number_is_found() -> None:
    assert kinds("1", "2026", "12x4") == [DeviationKind.BAD_NUMBER]
