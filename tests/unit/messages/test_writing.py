"""How messages are written."""

from datetime import UTC, datetime, timedelta, timezone

import msgspec
import pytest

from voltline.messages import (
    UNSET,
    ChargingRateUnit,
    ChargingSchedule,
    ChargingSchedulePeriod,
    ClearChargingProfile,
    DataTransfer,
    GetCompositeScheduleResponse,
    GetCompositeScheduleStatus,
    HeartbeatResponse,
    MeterValue,
    MeterValues,
    SampledValue,
    encode,
)

NOON = datetime(2024, 1, 11, 12, tzinfo=UTC)


@pytest.mark.requirement("GEN-06", "GEN-07")
@pytest.mark.parametrize(
    ("time", "written"),
    [
        (NOON, "2024-01-11T12:00:00Z"),
        (NOON.replace(microsecond=120_000), "2024-01-11T12:00:00.120Z"),
        (NOON.replace(microsecond=123_999), "2024-01-11T12:00:00.123Z"),
        (NOON.replace(microsecond=999), "2024-01-11T12:00:00Z"),
        (NOON.astimezone(timezone(timedelta(hours=2))), "2024-01-11T12:00:00Z"),
        (datetime(1, 1, 1, tzinfo=UTC), "0001-01-01T00:00:00Z"),
    ],
)
def test_times_are_written_in_utc_with_milliseconds_at_most(time: datetime, written: str) -> None:
    assert encode(HeartbeatResponse(current_time=time)) == f'{{"currentTime":"{written}"}}'.encode()


def test_times_deep_inside_are_written_the_same_and_texts_that_look_like_one_are_left_alone() -> None:
    looks_like_one = "2024-01-11T12:00:00.123456+02:00"
    value = SampledValue(value=looks_like_one)
    message = MeterValues(
        connector_id=1,
        meter_value=[MeterValue(timestamp=NOON.replace(microsecond=5000), sampled_value=[value])],
    )
    assert encode(message) == (
        b'{"connectorId":1,"meterValue":[{"timestamp":"2024-01-11T12:00:00.005Z",'
        b'"sampledValue":[{"value":"2024-01-11T12:00:00.123456+02:00"}]}]}'
    )
    data = DataTransfer(vendor_id="v", data=looks_like_one)
    assert msgspec.json.decode(encode(data))["data"] == looks_like_one


def test_an_absent_field_is_not_written_at_all() -> None:
    assert encode(ClearChargingProfile(id=UNSET)) == b"{}"


def composite(limit: float) -> GetCompositeScheduleResponse:
    return GetCompositeScheduleResponse(
        status=GetCompositeScheduleStatus.ACCEPTED,
        charging_schedule=ChargingSchedule(
            charging_rate_unit=ChargingRateUnit.W,
            charging_schedule_period=[ChargingSchedulePeriod(start_period=0, limit=limit)],
        ),
    )


@pytest.mark.parametrize(
    ("limit", "written"),
    [
        (0.1 + 0.2, b'"limit":0.3}'),
        (16.0, b'"limit":16.0}'),
        (16, b'"limit":16}'),
        (8.15, b'"limit":8.2}'),
        (1e-7, b'"limit":0.0}'),
        (1e16, b'"limit":10000000000000000}'),
        (123456789012.3, b'"limit":123456789012.3}'),
    ],
)
def test_limits_are_written_with_one_decimal_and_without_exponent(limit: float, written: bytes) -> None:
    assert written in encode(composite(limit))


@pytest.mark.parametrize(
    "message",
    [
        HeartbeatResponse(current_time=NOON.replace(tzinfo=None)),
        HeartbeatResponse(current_time=datetime.max.replace(tzinfo=timezone(timedelta(hours=-5)))),
        composite(float("nan")),
        composite(float("inf")),
        DataTransfer(vendor_id="v", data="\ud800"),
    ],
    ids=["naive time", "out of range", "NaN", "Infinity", "half a surrogate pair"],
)
def test_what_json_cannot_say_is_refused_with_a_value_error(message: DataTransfer) -> None:
    with pytest.raises(ValueError, match=r"time|number|surrogates"):
        encode(message)
