"""Schedules for charge points that cope with few periods only never allow more than was asked for."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voltline.messages import (
    UNSET,
    ChargingProfile,
    ChargingProfileKind,
    ChargingProfilePurpose,
    ChargingRateUnit,
    ChargingSchedule,
    ChargingSchedulePeriod,
    RemoteStartTransaction,
    SetChargingProfile,
)
from voltline.quirks import Quirks, adjusted, warnings, with_fewer_periods
from voltline.quirks.loading import built_in

DELTA = built_in().of("CP1", "Delta", "AC MAX", "01.26.39")


def schedule(*limits: float, step_s: int = 600, duration: int | None = None) -> ChargingSchedule:
    return ChargingSchedule(
        duration=UNSET if duration is None else duration,
        charging_rate_unit=ChargingRateUnit.A,
        charging_schedule_period=[
            ChargingSchedulePeriod(start_period=i * step_s, limit=limit) for i, limit in enumerate(limits)
        ],
    )


def profile(given: ChargingSchedule) -> ChargingProfile:
    return ChargingProfile(
        charging_profile_id=1,
        stack_level=0,
        charging_profile_purpose=ChargingProfilePurpose.TX_DEFAULT_PROFILE,
        charging_profile_kind=ChargingProfileKind.ABSOLUTE,
        charging_schedule=given,
    )


@st.composite
def schedules(draw: st.DrawFn) -> ChargingSchedule:
    starts = sorted(draw(st.sets(st.integers(1, 300), max_size=30)) | {0})
    return ChargingSchedule(
        duration=draw(st.one_of(st.just(UNSET), st.integers(1, 400))),
        charging_rate_unit=draw(st.sampled_from(list(ChargingRateUnit))),
        charging_schedule_period=[
            ChargingSchedulePeriod(
                start_period=start,
                limit=draw(st.integers(0, 640)) / 10,
                number_phases=draw(st.one_of(st.just(UNSET), st.integers(1, 3))),
            )
            for start in starts
        ],
    )


def allowed(given: ChargingSchedule, second: int) -> tuple[float, int]:
    """Limit and phases at a second, by the plain words of S 7.14."""
    holding = [period for period in given.charging_schedule_period if period.start_period <= second][-1]
    return holding.limit, 3 if holding.number_phases is UNSET else holding.number_phases


@given(schedules(), st.integers(1, 12))
def test_fewer_periods_never_allow_more_than_asked_at_any_second(
    asked: ChargingSchedule, at_most: int
) -> None:
    fewer = with_fewer_periods(asked, at_most)
    periods = fewer.charging_schedule_period
    assert len(periods) <= max(at_most, 1)
    assert [one.start_period for one in periods] == sorted({one.start_period for one in periods})
    assert periods[0].start_period == 0
    assert (fewer.duration, fewer.charging_rate_unit) == (asked.duration, asked.charging_rate_unit)
    for second in range(420 if asked.duration is UNSET else asked.duration):
        (limit, phases), (asked_limit, asked_phases) = allowed(fewer, second), allowed(asked, second)
        assert limit <= asked_limit
        assert phases <= asked_phases


@given(schedules())
def test_a_schedule_with_few_enough_periods_is_left_as_it_is(asked: ChargingSchedule) -> None:
    assert with_fewer_periods(asked, len(asked.charging_schedule_period)) is asked


def test_the_merging_that_loses_least_is_chosen() -> None:
    asked = schedule(16, 16, 6, 16, 15.9)
    fewer = with_fewer_periods(asked, 3)
    kept = [(one.start_period, one.limit) for one in fewer.charging_schedule_period]
    assert kept == [(0, 16), (1200, 6), (1800, 15.9)]


def test_what_the_duration_cuts_off_goes_first() -> None:
    fewer = with_fewer_periods(schedule(10, 20, 30, 40, duration=1200), 2)
    assert [one.limit for one in fewer.charging_schedule_period] == [10, 20]


def test_a_schedule_out_of_order_is_sent_as_it_is() -> None:
    odd = ChargingSchedule(
        charging_rate_unit=ChargingRateUnit.A,
        charging_schedule_period=[ChargingSchedulePeriod(start_period=start, limit=6) for start in (0, 5, 5)],
    )
    assert with_fewer_periods(odd, 1) is odd


def test_many_periods_are_merged_in_reasonable_time() -> None:
    long = schedule(*(i % 32 for i in range(20_000)), step_s=1)
    assert len(with_fewer_periods(long, 10).charging_schedule_period) == 10


@pytest.mark.parametrize("count", [10, 11, 24])
def test_delta_is_sent_ten_periods_at_most_and_it_is_said_so(count: int) -> None:
    asked = SetChargingProfile(
        connector_id=1, cs_charging_profiles=profile(schedule(*(6 + i % 7 for i in range(count))))
    )
    sent, notes = adjusted(asked, DELTA)
    assert isinstance(sent, SetChargingProfile)
    assert len(sent.cs_charging_profiles.charging_schedule.charging_schedule_period) == 10
    assert [note.quirk for note in notes] == (["delta-ac-max-ten-periods"] if count > 10 else [])
    assert (sent is asked) == (count == 10)
    assert adjusted(sent, DELTA) == (sent, ())


def test_the_profile_of_a_remote_start_is_adjusted_too() -> None:
    asked = RemoteStartTransaction(id_tag="TAG", charging_profile=profile(schedule(*range(6, 26))))
    sent, notes = adjusted(asked, DELTA)
    assert isinstance(sent, RemoteStartTransaction)
    assert sent.charging_profile is not UNSET
    assert len(sent.charging_profile.charging_schedule.charging_schedule_period) == 10
    assert notes


def test_long_remote_tags_are_warned_of_where_they_break_something() -> None:
    quirk = built_in().get("remote-tag-length")
    assert quirk is not None
    asked = RemoteStartTransaction(id_tag="A" * 17)
    assert [note.quirk for note in warnings(asked, Quirks([quirk]))] == ["remote-tag-length"]
    assert warnings(RemoteStartTransaction(id_tag="A" * 16), Quirks([quirk])) == ()
    assert warnings(asked, DELTA) == ()
