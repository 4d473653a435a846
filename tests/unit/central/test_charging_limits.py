"""As which profiles a limit is tried, and what is in them."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voltline.central.domain.charging_limits import Running, Wanted, limit_in, limit_profile, ways
from voltline.central.domain.charging_profiles import Way, allowed_units
from voltline.messages import UNSET, ChargingProfilePurpose, ChargingRateUnit

NOW = datetime(2024, 5, 1, 12, 0, 0, 250_000, tzinfo=UTC)
A, W = ChargingRateUnit.A, ChargingRateUnit.W
MAX = ChargingProfilePurpose.CHARGE_POINT_MAX_PROFILE
DEFAULT = ChargingProfilePurpose.TX_DEFAULT_PROFILE


def wanted(value: float = 10, unit: ChargingRateUnit = A, connector: int = 0, **more: Any) -> Wanted:
    return Wanted(connector_id=connector, value=value, unit=unit, **more)


def in_short(found: list[Way]) -> list[tuple[str, str, int]]:
    return [(one.purpose, one.unit, one.stack_level) for one in found]


def test_where_nothing_is_known_both_units_are_tried_at_the_lowest_level() -> None:
    assert in_short(ways(wanted(), {}, None, None)) == [
        (MAX, A, 0),
        (MAX, W, 0),
        (DEFAULT, A, 0),
        (DEFAULT, W, 0),
    ]


def test_what_the_charge_point_says_comes_first() -> None:
    values = {"chargeprofilemaxstacklevel": "9", "chargingscheduleallowedchargingrateunit": "Power"}
    found = in_short(ways(wanted(connector=2), values, 3, None))
    assert found == [
        (DEFAULT, W, 9),
        (DEFAULT, A, 9),
        (DEFAULT, W, 8),
        (DEFAULT, A, 8),
        (DEFAULT, W, 0),
        (DEFAULT, A, 0),
    ]


def test_the_only_connector_is_limited_as_the_whole_charge_point() -> None:
    assert ways(wanted(connector=1), {}, 1, None)[0].purpose == MAX


def test_what_worked_before_is_tried_first_if_it_fits() -> None:
    before = Way(purpose=DEFAULT, unit=W, stack_level=0)
    found = ways(wanted(), {}, None, before)
    assert found[0] == before
    assert len(found) == 4
    odd = Way(purpose=DEFAULT, unit=W, stack_level=7)
    assert odd not in ways(wanted(), {}, None, odd)


@pytest.mark.parametrize("value", ["", "abc", "-1", "99999999999999999999", None])
def test_a_stack_level_that_cannot_be_is_no_obstacle(value: str | None) -> None:
    levels = {one.stack_level for one in ways(wanted(), {"chargeprofilemaxstacklevel": value}, None, None)}
    assert levels == {0}


@pytest.mark.parametrize(
    ("told", "units"),
    [("Current,Power", (A, W)), (" power ", (W,)), ("A", (A,)), ("W,A", (W, A)), ("Watts", ()), (None, ())],
)
def test_units_are_understood_as_charge_points_write_them(
    told: str | None, units: tuple[ChargingRateUnit, ...]
) -> None:
    assert allowed_units({"chargingscheduleallowedchargingrateunit": told}) == units


@pytest.mark.requirement("SCS-07", "SCT-01")
def test_the_profile_of_a_limit_leaves_no_gap_and_ends_in_time() -> None:
    way = Way(purpose=DEFAULT, unit=A, stack_level=2)
    lasting = limit_profile(way, wanted(duration_s=600), 5, NOW)
    schedule = lasting.charging_schedule
    assert schedule.charging_schedule_period[0].start_period == 0
    assert schedule.start_schedule is not UNSET
    assert schedule.start_schedule < NOW
    assert lasting.valid_from == schedule.start_schedule
    assert lasting.valid_to == NOW.replace(microsecond=0) + timedelta(seconds=600)
    assert lasting.valid_to == schedule.start_schedule + timedelta(seconds=schedule.duration or 0)
    ever = limit_profile(way, wanted(), 5, NOW)
    assert (ever.valid_to, ever.charging_schedule.duration) == (UNSET, UNSET)


@pytest.mark.requirement("SCP-13", "SCP-14")
def test_the_profile_for_a_running_transaction_names_it() -> None:
    way = Way(purpose=DEFAULT, unit=A, stack_level=2)
    own = limit_profile(way, wanted(phases=1), 5, NOW, 77)
    assert (own.charging_profile_purpose, own.transaction_id) == (ChargingProfilePurpose.TX_PROFILE, 77)
    assert own.charging_schedule.charging_schedule_period[0].number_phases == 1


@pytest.mark.requirement("SCT-12")
@given(st.integers(0, 10_000), st.sampled_from([None, 1, 2, 3]), st.sampled_from([A, W]))
def test_a_converted_limit_has_one_decimal_and_never_allows_more(
    tenths: int, phases: int | None, unit: ChargingRateUnit
) -> None:
    asked = wanted(tenths / 10, unit, phases=phases)
    other = W if unit is A else A
    limit = limit_in(other, asked)
    assert abs(limit * 10 - round(limit * 10)) < 1e-6
    volts = 230 * (phases or 3)
    exact = asked.value * volts if unit is A else asked.value / volts
    assert exact - 0.1001 <= limit <= exact + 1e-6


@pytest.mark.requirement("SCS-18")
@pytest.mark.parametrize(
    ("late_s", "status", "over"),
    [
        (3600, "Available", True),
        (3600, "Charging", False),
        (3600, None, False),
        (10, "Available", False),
    ],
)
def test_a_start_that_came_late_from_a_connector_at_rest_is_probably_over(
    late_s: int, status: str | None, over: bool
) -> None:
    began = NOW - timedelta(seconds=late_s)
    running = Running(transaction_id=1, connector_id=1, started_at=began, received_at=NOW, status=status)
    assert running.may_be_over is over
