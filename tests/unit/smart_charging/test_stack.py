"""Which limit holds when, by the rules of S 3.13; and how a charge point's own schedule compares."""

from datetime import UTC, datetime, timedelta

import pytest

from voltline.messages import (
    UNSET,
    ChargingProfile,
    ChargingProfileKind,
    ChargingProfilePurpose,
    ChargingRateUnit,
    ChargingSchedule,
    ChargingSchedulePeriod,
    RecurrencyKind,
)
from voltline.smart_charging.composite import Agreement, compared, composite, told_segments
from voltline.smart_charging.stack import Installed, Limit, Session, limit_at

NOON = datetime(2024, 5, 1, 12, tzinfo=UTC)
MAX = ChargingProfilePurpose.CHARGE_POINT_MAX_PROFILE
DEFAULT = ChargingProfilePurpose.TX_DEFAULT_PROFILE
TX = ChargingProfilePurpose.TX_PROFILE
SESSION = Session(7, 1, NOON - timedelta(minutes=10))
A, W = ChargingRateUnit.A, ChargingRateUnit.W


def after(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


def installed(
    purpose: ChargingProfilePurpose,
    *limits: tuple[int, float],
    connector: int = 1,
    level: int = 0,
    kind: ChargingProfileKind = ChargingProfileKind.ABSOLUTE,
    unit: ChargingRateUnit = A,
    start: float | None = 0,
    duration: int | None = None,
    valid: tuple[float | None, float | None] = (None, None),
    recurrency: RecurrencyKind | None = None,
    transaction: int | None = None,
) -> Installed:
    schedule = ChargingSchedule(
        charging_rate_unit=unit,
        start_schedule=UNSET if start is None else after(start),
        duration=UNSET if duration is None else duration,
        charging_schedule_period=[
            ChargingSchedulePeriod(start_period=second, limit=limit) for second, limit in limits
        ],
    )
    profile = ChargingProfile(
        charging_profile_id=1,
        stack_level=level,
        transaction_id=UNSET if transaction is None else transaction,
        charging_profile_purpose=purpose,
        charging_profile_kind=kind,
        recurrency_kind=UNSET if recurrency is None else recurrency,
        valid_from=UNSET if valid[0] is None else after(valid[0]),
        valid_to=UNSET if valid[1] is None else after(valid[1]),
        charging_schedule=schedule,
    )
    return Installed(connector, profile, NOON - timedelta(hours=1))


def amps(
    *profiles: Installed, at: float = 0, connector: int = 1, session: Session | None = SESSION
) -> float | None:
    limit = limit_at(profiles, connector, after(at), session)
    return None if limit is None else limit.in_unit(A)


def test_the_highest_stack_level_that_says_anything_holds() -> None:
    low, high = installed(DEFAULT, (0, 10)), installed(DEFAULT, (0, 20), level=3, duration=60)
    assert amps(low, high) == 20
    assert amps(low, high, at=60) == 10
    assert amps(high, at=60) is None


def test_a_profile_of_the_transaction_takes_the_place_of_the_default() -> None:
    default, own = installed(DEFAULT, (0, 10), level=9), installed(TX, (0, 25), transaction=7)
    assert amps(default, own) == 25
    assert amps(default, installed(TX, (0, 25), transaction=8)) == 10
    assert amps(default, own, session=None) is None


def test_the_default_of_a_connector_takes_the_place_of_the_one_of_all() -> None:
    everyone, own = installed(DEFAULT, (0, 10), connector=0, level=5), installed(DEFAULT, (0, 25))
    assert amps(everyone, own) == 25
    other = Session(8, 2, NOON)
    assert amps(everyone, own, connector=2, session=other) == 10


def test_the_charge_points_maximum_is_never_exceeded() -> None:
    most, own = installed(MAX, (0, 16), connector=0), installed(TX, (0, 25))
    assert amps(most, own) == 16
    assert amps(most, installed(TX, (0, 5520), unit=W)) == pytest.approx(8)
    assert amps(most, connector=0, session=None) == 16


def test_relative_schedules_count_from_the_start_of_the_transaction() -> None:
    relative = installed(TX, (0, 10), (900, 20), kind=ChargingProfileKind.RELATIVE, start=None)
    assert amps(relative) == 10  # ten minutes in
    assert amps(relative, at=300) == 20


def test_days_are_counted_from_the_start_of_the_schedule_and_cut_off_after_one() -> None:
    daily = installed(
        DEFAULT,
        (0, 10),
        (3600, 20),
        (100_000, 30),
        kind=ChargingProfileKind.RECURRING,
        recurrency=RecurrencyKind.DAILY,
    )
    day = 86_400
    assert [amps(daily, at=at) for at in (0, 3600, day - 1, day, day + 3600)] == [10, 20, 20, 10, 20]
    assert amps(daily, at=-1) is None


def test_profiles_hold_while_they_are_valid() -> None:
    soon = installed(DEFAULT, (0, 10), valid=(60, 120))
    assert [amps(soon, at=at) for at in (59, 60, 119, 120)] == [None, 10, 10, None]


def test_a_composite_has_every_change_and_no_other() -> None:
    most = installed(MAX, (0, 16), connector=0, valid=(None, 150))
    own = installed(TX, (0, 32), (700, 10), (800, 10), start=-600)
    found = composite((most, own), 1, NOON, 300, SESSION)
    assert [(one.start_s, one.end_s, one.limit and one.limit.value) for one in found] == [
        (0, 100, 16),
        (100, 300, 10),
    ]


@pytest.mark.requirement("SCT-20")
def test_a_profile_for_the_day_on_which_clocks_change_takes_the_place_of_the_daily_one() -> None:
    # Europe, 31 March 2024: 22:00 local time is 21:00 UTC the day before and 20:00 UTC from then on.
    daily = ChargingProfile(
        charging_profile_id=1,
        stack_level=0,
        charging_profile_purpose=DEFAULT,
        charging_profile_kind=ChargingProfileKind.RECURRING,
        recurrency_kind=RecurrencyKind.DAILY,
        charging_schedule=ChargingSchedule(
            charging_rate_unit=A,
            start_schedule=datetime(2024, 1, 1, 21, tzinfo=UTC),
            charging_schedule_period=[
                ChargingSchedulePeriod(start_period=0, limit=32),
                ChargingSchedulePeriod(start_period=8 * 3600, limit=10),
            ],
        ),
    )
    special = ChargingProfile(
        charging_profile_id=2,
        stack_level=1,
        charging_profile_purpose=DEFAULT,
        charging_profile_kind=ChargingProfileKind.ABSOLUTE,
        valid_from=datetime(2024, 3, 31, 20, tzinfo=UTC),
        valid_to=datetime(2024, 4, 1, 21, tzinfo=UTC),
        charging_schedule=ChargingSchedule(
            charging_rate_unit=A,
            start_schedule=datetime(2024, 3, 31, 20, tzinfo=UTC),
            charging_schedule_period=[
                ChargingSchedulePeriod(start_period=0, limit=32),
                ChargingSchedulePeriod(start_period=8 * 3600, limit=10),
            ],
        ),
    )
    both = [Installed(0, profile, datetime(2024, 1, 1, tzinfo=UTC)) for profile in (daily, special)]

    def limit(day: int, hour: int, month: int = 3) -> float | None:
        at = datetime(2024, month, day, hour, tzinfo=UTC)
        found = limit_at(both, 1, at, Session(1, 1, at))
        return found and found.value

    assert [limit(30, hour) for hour in (20, 21)] == [10, 32]
    assert [limit(31, hour) for hour in (5, 20, 21)] == [10, 32, 32]
    assert [limit(1, hour, 4) for hour in (3, 4)] == [32, 10]


def test_an_answer_is_compared_second_by_second() -> None:
    expected = composite((installed(MAX, (0, 16), (60, 10), connector=0),), 0, NOON, 120, None)

    def told(*limits: tuple[int, float], unit: ChargingRateUnit = A) -> tuple[Agreement, int]:
        schedule = ChargingSchedule(
            charging_rate_unit=unit,
            charging_schedule_period=[
                ChargingSchedulePeriod(start_period=second, limit=limit) for second, limit in limits
            ],
        )
        agreement, differences = compared(expected, told_segments(schedule, 120), unit)
        return agreement, len(differences)

    assert told((0, 16), (60, 10)) == (Agreement.SAME, 0)
    assert told((0, 11040), (60, 6900), unit=W) == (Agreement.SAME, 0)
    assert told((0, 6)) == (Agreement.LOWER, 2)
    assert told((0, 16)) == (Agreement.HIGHER, 1)
    assert told((60, 10)) == (Agreement.HIGHER, 1)


def test_nothing_is_expected_where_no_profile_is() -> None:
    expected = composite((), 1, NOON, 60, None)
    assert [one.limit for one in expected] == [None]
    told = told_segments(
        ChargingSchedule(
            charging_rate_unit=A, charging_schedule_period=[ChargingSchedulePeriod(start_period=0, limit=32)]
        ),
        60,
    )
    assert told[0].limit == Limit(32, A, 3)
    assert compared(expected, told, A) == (Agreement.SAME, ())


def test_the_ends_of_the_calendar_are_no_obstacle() -> None:
    first, last = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)
    odd = installed(
        DEFAULT,
        (0, 10),
        (2**62, 20),
        kind=ChargingProfileKind.RECURRING,
        recurrency=RecurrencyKind.WEEKLY,
    )
    schedule = odd.profile.charging_schedule
    for start in (first, last):
        moved = ChargingSchedule(
            charging_rate_unit=A,
            start_schedule=start,
            duration=2**62,
            charging_schedule_period=schedule.charging_schedule_period,
        )
        profile = ChargingProfile(
            charging_profile_id=1,
            stack_level=0,
            charging_profile_purpose=DEFAULT,
            charging_profile_kind=odd.profile.charging_profile_kind,
            recurrency_kind=RecurrencyKind.WEEKLY,
            valid_from=first,
            valid_to=last,
            charging_schedule=moved,
        )
        assert composite((Installed(1, profile, NOON),), 1, NOON, 604_800, SESSION)
