"""What a site is, what a meter says, and as what profile a lease is sent."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voltline.central.domain.site_profiles import (
    lease_ways,
    limit_in,
    limit_profile,
    safe_ways,
    takes_all_on_one,
)
from voltline.central.domain.site_readings import ANYWHERE, ClockCheck, Flow, Lows, currents_of, flow_of
from voltline.central.domain.sites import (
    Learned,
    LeaseWay,
    Member,
    SiteDefinition,
    SiteMemory,
    controller_of,
    definition_problems,
    rotations_of,
    tree_of,
)
from voltline.messages import (
    UNSET,
    ChargingProfilePurpose,
    ChargingRateUnit,
    MeterValue,
    SampledValue,
)
from voltline.smart_charging.site.claims import Remembered, Said
from voltline.smart_charging.site.settings import Settings
from voltline.smart_charging.site.tree import Fuse, Rotation

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
A, W = ChargingRateUnit.A, ChargingRateUnit.W
TX, DEFAULT = ChargingProfilePurpose.TX_PROFILE, ChargingProfilePurpose.TX_DEFAULT_PROFILE


def member(connector: int = 1, **fields: Any) -> Member:
    return Member(charge_point="CP1", connector=connector, fuse="grid", **fields)


def site(*members: Member, rating_a: float = 40.0) -> SiteDefinition:
    return SiteDefinition(name="S", fuses=(Fuse(name="grid", rating_a=rating_a),), connectors=members)


def value(*sampled: SampledValue, seconds: int = 0) -> MeterValue:
    return MeterValue(timestamp=NOON + timedelta(seconds=seconds), sampled_value=list(sampled))


def sampled(text: str, measurand: str, **fields: Any) -> SampledValue:
    return SampledValue(value=text, measurand=measurand, **fields)


def phases(*currents: float, measurand: str = "Current.Import", unit: str = "A") -> list[SampledValue]:
    return [sampled(str(one), measurand, phase=f"L{n}", unit=unit) for n, one in enumerate(currents, 1)]


def test_watts_of_three_phases_drawn_on_one_are_told_from_other_draws() -> None:
    assert takes_all_on_one((28.0, 0.0, 0.0), 10.0)
    assert not takes_all_on_one((10.5, 0.0, 0.0), 10.0), "it keeps to what it was lent"
    assert not takes_all_on_one((32.0, 0.0, 0.0), 10.0), "it keeps to nothing"
    assert not takes_all_on_one((28.0, 27.0, 27.0), 10.0)
    assert not takes_all_on_one((28.0,), 10.0), "of one phase there is nothing to mistake"


def test_where_one_phase_takes_all_the_least_current_is_enough_for_three() -> None:
    learned = {"cp1/1": Learned(in_watts=True, one_takes_all=True)}
    (wired,) = tree_of(site(member(), rating_a=63), learned).connectors
    assert wired.least_a == 20.0
    (small,) = tree_of(site(member(hardware_a=16.0), rating_a=63), learned).connectors
    assert small.least_a == 16.0


# ---- readings


def test_currents_of_phases_are_taken_as_they_are() -> None:
    assert flow_of([value(*phases(16, 15.5, 0))]) == Flow(NOON, (16.0, 15.5, 0.0))


def test_the_newest_value_that_tells_a_current_counts() -> None:
    values = [value(*phases(1)), value(*phases(2), seconds=10), value(sampled("5", "SoC"), seconds=20)]
    assert flow_of(values) == Flow(NOON + timedelta(seconds=10), (2.0, 0.0, 0.0))


def test_what_is_fed_in_is_below_zero() -> None:
    export = phases(4, 0, 0, measurand="Current.Export")
    assert flow_of([value(*phases(0, 3, 3), *export)]) == Flow(NOON, (-4.0, 3.0, 3.0))


def test_power_of_phases_is_told_in_amperes() -> None:
    flow = flow_of([value(*phases(2.3, 0.23, 0, measurand="Power.Active.Import", unit="kW"))])
    assert flow is not None and flow.phases_a == pytest.approx((10.0, 1.0, 0.0))


def test_a_current_of_no_phase_may_be_that_of_any() -> None:
    assert flow_of([value(sampled("9", "Current.Import"))]) == Flow(NOON, (9.0, 9.0, 9.0))


@pytest.mark.parametrize("text", ["", "x", "1e999", "nan", "1,5"])
def test_what_is_no_number_says_nothing(text: str) -> None:
    assert flow_of([value(sampled(text, "Current.Import", phase="L1"))]) is None


def test_a_main_meter_sits_at_the_inlet_and_a_connector_does_not() -> None:
    values = [value(sampled("7", "Current.Import", phase="L1", location="Inlet"))]
    assert flow_of(values) is None
    assert flow_of(values, ANYWHERE) == Flow(NOON, (7.0, 0.0, 0.0))


@pytest.mark.parametrize(
    ("power_w", "limit_a", "currents"),
    [
        (230 * 16, 16, (16.0, 0.0, 0.0)),
        (230 * 32, 16, (16.0, 16.0, 0.0)),
        (230 * 48, 16, (16.0, 16.0, 16.0)),
        (230 * 96, 16, (32.0, 32.0, 32.0)),
        (-500, 16, (0.0, 0.0, 0.0)),
    ],
)
def test_power_of_all_phases_is_taken_for_the_fewest_that_the_limit_allows(
    power_w: float, limit_a: float, currents: tuple[float, ...]
) -> None:
    assert currents_of(Flow(NOON, None, power_w), 3, limit_a) == pytest.approx(currents)


@given(st.lists(st.tuples(st.floats(0, 500), st.floats(0, 63)), min_size=1), st.floats(0, 30))
def test_no_more_counts_as_surely_drawn_than_the_least_of_late(
    readings: list[tuple[float, float]], later: float
) -> None:
    lows = Lows(30)
    readings.sort()
    for at, current in readings:
        lows.add(at, (current,))
    last = readings[-1][0]
    late = [current for at, current in readings if at >= last - 30]
    assert lows.least(0, last + later) <= min(late)
    assert lows.least(0, last + 31) == 0.0
    assert lows.least(1, last) == 0.0


def test_values_of_an_outage_are_no_wrong_clock_but_a_minute_of_late_ones_are() -> None:
    check = ClockCheck(15)
    for seconds in range(5):
        check.see(NOON - timedelta(hours=1), NOON + timedelta(seconds=seconds))
    assert not check.is_off
    check.see(NOON + timedelta(seconds=4), NOON + timedelta(seconds=5))
    for seconds in range(10, 80, 10):
        check.see(NOON + timedelta(seconds=seconds - 20), NOON + timedelta(seconds=seconds))
    assert check.is_off
    check.see(NOON + timedelta(seconds=90), NOON + timedelta(seconds=91))
    assert not check.is_off


# ---- profiles


def test_the_units_and_levels_that_it_names_come_first() -> None:
    values = {"chargeprofilemaxstacklevel": "2", "chargingscheduleallowedchargingrateunit": "Power"}
    ways = lease_ways(values, None)
    assert [(way.unit, way.stack_level) for way in ways if way.purpose == TX] == [
        (W, 2),
        (A, 2),
        (W, 1),
        (A, 1),
        (W, 0),
        (A, 0),
    ]
    assert ways[-1].purpose == DEFAULT
    worked = LeaseWay(purpose=TX, unit=A, stack_level=0)
    assert lease_ways(values, worked)[0] == worked
    assert len(lease_ways(values, worked)) == len(ways)
    assert [way.unit for way in safe_ways(values, A)] == [A, W, A, W]


def test_without_levels_nothing_can_be_lent_above_a_default() -> None:
    assert {way.purpose for way in lease_ways({}, None)} == {TX}
    assert {way.stack_level for way in safe_ways({}, None)} == {0}


@given(st.floats(0, 500), st.sampled_from([A, W]), st.integers(1, 3), st.floats(207, 253))
def test_what_is_told_is_never_more_than_what_was_lent(
    current_a: float, unit: ChargingRateUnit, count: int, voltage_v: float
) -> None:
    told = limit_in(unit, current_a, count)
    assert round(told * 10, 6) == round(told * 10)
    most_a = told if unit == A else told / voltage_v / count
    assert most_a <= current_a + 1e-6


@given(st.timedeltas(timedelta(0), timedelta(days=5000)), st.floats(5, 90_000))
def test_a_lease_lapses_no_later_than_it_should(after: timedelta, lasts_s: float) -> None:
    now = NOON + after
    until = now + timedelta(seconds=lasts_s)
    way = LeaseWay(purpose=TX, unit=A, stack_level=1)
    profile = limit_profile(way, 7, 16.0, 3, now, until=until, transaction_id=-1)
    schedule = profile.charging_schedule
    assert profile.valid_to is not UNSET and profile.valid_to <= until
    assert schedule.start_schedule is not UNSET and schedule.duration is not UNSET
    assert schedule.start_schedule < now
    assert schedule.start_schedule + timedelta(seconds=schedule.duration) <= until
    assert profile.transaction_id == -1


def test_a_default_has_no_end_and_no_transaction() -> None:
    way = LeaseWay(purpose=DEFAULT, unit=W, stack_level=0)
    profile = limit_profile(way, 7, 6.7, 1, NOON, transaction_id=3)
    assert (profile.valid_to, profile.transaction_id) == (UNSET, UNSET)
    assert profile.charging_schedule.duration is UNSET
    period = profile.charging_schedule.charging_schedule_period[0]
    assert (period.limit, period.number_phases) == (1386.0, 1)


# ---- sites


def test_all_that_is_wrong_with_a_site_is_told_with_its_place() -> None:
    wrong = SiteDefinition(
        name="S",
        fuses=(Fuse(name="grid", rating_a=63.0), Fuse(name="hall", rating_a=32.0, above="attic")),
        connectors=(
            Member(charge_point="CP1", connector=1, fuse="cellar"),
            Member(charge_point="a/b", connector=1, fuse="grid"),
            Member(charge_point="cp1", connector=1, fuse="grid"),
        ),
        zone="Mars/North",
    )
    problems = dict(definition_problems(wrong))
    assert "no fuse is called 'attic'" in problems["fuses[1].above"]
    assert "no fuse is called 'cellar'" in problems["connectors[0].fuse"]
    assert "without a slash" in problems["connectors[1].charge_point"]
    assert "stands here twice" in problems["connectors[2]"]
    assert "Mars/North" in problems["zone"]


def test_fail_safe_shares_that_are_too_much_are_refused() -> None:
    problems = definition_problems(site(member(1, safe_a=32), member(2, safe_a=32)))
    assert [path for path, _ in problems] == ["connectors"] * 3


def test_phases_are_as_the_operator_says_else_as_the_charge_point_does_else_unknown() -> None:
    learned = {"cp1/1": Learned(rotation=Rotation.STR), "cp1/2": Learned(rotation=Rotation.STR)}
    tree = tree_of(site(member(1, rotation=Rotation.RTS), member(2), member(3)), learned)
    assert [one.rotation for one in tree.connectors] == [Rotation.RTS, Rotation.STR, Rotation.UNKNOWN]


@pytest.mark.parametrize(
    ("said", "found"),
    [
        ("0.RST,1.RST, 2.rts", {0: Rotation.RST, 1: Rotation.RST, 2: Rotation.RTS}),
        ("1.Unknown,2.NotApplicable,,x.RST,RST", {1: Rotation.UNKNOWN}),
        (None, {}),
    ],
)
def test_phase_rotation_is_read_as_it_comes(said: str | None, found: dict[int, Rotation]) -> None:
    assert rotations_of(said) == found


def test_with_watts_alone_the_least_current_is_one_that_charges_at_any_voltage() -> None:
    learned = {"cp1/1": Learned(in_watts=True)}
    tree = tree_of(site(member(safe_a=6.0, limits_phases=True)), learned)
    (one,) = tree.connectors
    told_w = limit_in(W, one.least_a, 3)
    assert told_w / 3 / 230 >= 6.0
    assert one.safe_a == one.least_a
    assert not one.limits_phases


def test_shares_that_fit_in_amperes_alone_do_not_stop_a_site() -> None:
    definition = site(member(1, safe_a=6.0), member(2, safe_a=6.0), rating_a=12.0)
    learned = {f"cp1/{number}": Learned(in_watts=True) for number in (1, 2)}
    controller = controller_of(definition, learned, SiteMemory(), Settings(), 0.0)
    assert [view.safe_a for view in controller.view(0.0)] == [6.0, 6.0]


def test_a_lease_of_more_phases_than_the_connector_now_has_still_counts() -> None:
    lease = Said(1, 1, 16.0, 3, 100.0, 0.0)
    memory = SiteMemory(connectors={"cp1/1": Remembered(leases=[lease])}, next_number=2)
    one_phase = site(member(phases=1, rotation=Rotation.RST))
    controller = controller_of(one_phase, {}, memory, Settings(), 10.0)
    assert controller.possible(10.0)[0] >= 16.0
