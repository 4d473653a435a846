"""The limit of the moment: shared by connectors, on the phases in use, and as the station tells it."""

from collections.abc import Callable
from datetime import UTC, datetime
from random import Random

import pytest
from msgspec.structs import replace
from tests.unit.station.station_lab import START, Lab
from tests.unit.station.test_smart_charging import DEFAULT, MAX, TX, W, install, offered, profile, told

from voltline.messages import (
    UNSET,
    ChargingProfileKind,
    ChargingSchedulePeriod,
    ClearChargingProfile,
    FeatureProfile,
    GetCompositeSchedule,
    RecurrencyKind,
    RemoteStartTransaction,
    Reset,
    ResetType,
    StartTransaction,
    StopTransaction,
)
from voltline.station.core.happenings import FaultCleared, FaultRaised, LimitChanged
from voltline.station.core.intents import Energize, Matter, Notice, Offer
from voltline.station.simulator.outlet import Outlet
from voltline.station.simulator.vehicle import Vehicle, model_named

SWITCHES = (("ConnectorSwitch3to1PhaseSupported", "true"),)


def offers(lab: Lab) -> list[tuple[int, float | None]]:
    return [(one.connector_id, one.current_a) for one in lab.intents if isinstance(one, Offer)]


# ---- sharing


@pytest.mark.requirement("SCC-02")
def test_others_are_lowered_before_one_is_raised(lab: Lab):
    install(lab, 0, profile((0, 20.0), purpose=MAX))
    lab.charge(1)
    lab.forget()
    lab.charge(2, "OTHER")
    assert offers(lab) == [(1, 10.0), (2, 10.0)]
    lab.forget()
    install(lab, 1, profile((0, 6.0), number=2))
    assert offers(lab) == [(1, 6.0), (2, 14.0)]
    lab.forget()
    lab.ask(ClearChargingProfile(id=2))
    assert offers(lab) == [(2, 10.0), (1, 10.0)]


@pytest.mark.requirement("SCC-02")
def test_too_little_for_two_goes_to_the_one_who_came_first(lab: Lab):
    install(lab, 0, profile((0, 10.0), purpose=MAX))
    lab.charge(2)
    lab.charge(1, "OTHER")
    assert (offered(lab, 2), offered(lab, 1)) == (10.0, 0.0)
    assert (lab.status(2), lab.status(1)) == ("Charging", "SuspendedEVSE")
    lab.tag(connector_id=2)
    assert offered(lab, 1) == 10.0
    assert lab.status(1) == "Charging"


@pytest.mark.requirement("SCC-02")
def test_a_connector_that_is_faulted_leaves_its_share_to_the_others(lab: Lab):
    install(lab, 0, profile((0, 20.0), purpose=MAX))
    lab.charge(1)
    lab.charge(2, "OTHER")
    lab.do(FaultRaised(connector_id=1, error_code="GroundFailure"))
    assert offered(lab, 2) == 20.0
    lab.forget()
    lab.do(FaultCleared(1))
    assert offers(lab)[0] == (2, 10.0)
    assert (lab.core.connectors.outlet(1).offer.current_a, lab.energized(1)) == (10.0, True)


@pytest.mark.requirement("SCC-02", "SCT-13")
def test_watts_of_the_whole_charge_point_are_shared(lab: Lab):
    install(lab, 0, profile((0, 13_800.0), purpose=MAX, unit=W))
    lab.charge(1)
    assert offered(lab, 1) == pytest.approx(20.0)
    lab.charge(2, "OTHER")
    assert (offered(lab, 1), offered(lab, 2)) == (pytest.approx(10.0), pytest.approx(10.0))


@pytest.mark.requirement("SCT-18")
def test_a_connector_that_would_charge_inefficiently_waits(lab: Lab):
    install(lab, 0, profile((0, 20.0), purpose=MAX))
    for number in (1, 2):
        wanted = profile((0, 32.0), number=number + 1)
        thrifty = replace(wanted.charging_schedule, min_charging_rate=11.0)
        wanted = replace(wanted, charging_schedule=thrifty)
        install(lab, number, wanted)
        lab.charge(number, f"TAG{number}")
    assert (offered(lab, 1), offered(lab, 2)) == (20.0, 0.0)


# ---- phases


@pytest.mark.requirement("SCT-19")
def test_phases_are_switched_during_a_transaction_only_where_the_make_can():
    for defaults, phases, current_a in ((SWITCHES, 1, 16.0), ((), None, pytest.approx(3680 / 690))):
        lab = Lab(defaults=defaults).boot()
        lab.charge()
        limit = profile((0, 3680.0), unit=W)
        periods = [
            ChargingSchedulePeriod(start_period=0, limit=3680.0, number_phases=1),
            ChargingSchedulePeriod(start_period=600, limit=11040.0, number_phases=3),
        ]
        schedule = replace(limit.charging_schedule, charging_schedule_period=periods)
        install(lab, 1, replace(limit, charging_schedule=schedule))
        assert [(one.current_a, one.phases) for one in lab.intents if isinstance(one, Offer)] == [
            (current_a, phases)
        ]
        told_w = lab.ask(GetCompositeSchedule(connector_id=1, duration=900, charging_rate_unit=W))
        periods = told_w.charging_schedule.charging_schedule_period
        assert [(one.limit, one.number_phases) for one in periods] == [(3680.0, phases or 3), (11040.0, 3)]
        lab.run(601)
        last = [one for one in lab.intents if isinstance(one, Offer)][-1]
        assert (last.current_a, last.phases) == (pytest.approx(16.0), None)


@pytest.mark.requirement("SCT-19")
def test_what_flows_changes_from_three_phases_to_one_and_back():
    outlet = Outlet(phases=3, power_w=11_040, register_wh=0.0, chance=Random(1))
    outlet.attach(Vehicle(model_named("saloon, 11 kW"), 0.3), 0.0)
    outlet.energize(True, 0.0)
    seen = []
    for at, phases in ((60.0, 1), (120.0, None), (180.0, None)):
        outlet.advance(at)
        seen.append([round(current_a) for current_a in outlet.currents_a()])
        outlet.offer(16.0, at, phases)
    assert seen == [[16, 16, 16], [16, 0, 0], [16, 16, 16]]


@pytest.mark.requirement("SCT-13", "SCT-16")
def test_watts_for_more_phases_than_there_are_stay_watts():
    lab = Lab(phases=1).boot()
    install(lab, 0, profile((0, 3680.0), unit=W))
    lab.charge()
    assert offered(lab) == 16.0
    assert told(lab, 1, 60) == [(0, 16.0)]
    assert told(lab, 1, 60, W) == [(0, 3680.0)]


@pytest.mark.requirement("SCT-14")
def test_watts_are_turned_into_amperes_by_the_nominal_voltage_of_the_make():
    lab = Lab(phases=1, voltage_v=120.0).boot()
    install(lab, 0, profile((0, 1920.0), unit=W))
    lab.charge()
    assert offered(lab) == 16.0


# ---- telling


@pytest.mark.requirement("SCC-06")
def test_whole_charge_point_is_told_as_the_sum_of_its_connectors(lab: Lab):
    install(lab, 1, profile((0, 10.0), (600, 20.0), number=1))
    install(lab, 2, profile((0, 7.0), number=2, kind=ChargingProfileKind.ABSOLUTE, start=START, duration=300))
    lab.charge(1)
    assert told(lab, 0, 900) == [(0, 17.0), (300, 42.0), (600, 52.0)]
    install(lab, 0, profile((0, 45.0), number=3, purpose=MAX))
    assert told(lab, 0, 900) == [(0, 17.0), (300, 42.0), (600, 45.0)]
    assert told(lab, 0, 60, W) == [(0, 11_730.0)]


@pytest.mark.requirement("SCC-03")
def test_intervals_of_a_composite_schedule_are_as_long_as_the_limits_hold(lab: Lab):
    install(lab, 0, profile((0, 20.0), (70, 8.0), (71, 20.0), number=1, purpose=MAX))
    install(lab, 0, profile((0, 16.0), (500, 16.0), (1000, 12.0), number=2))
    assert told(lab, 1, 3600) == [(0, 16.0), (70, 8.0), (71, 16.0), (1000, 12.0)]


@pytest.mark.requirement("SCC-07")
def test_composite_schedule_holds_local_limits_and_changes_with_them(lab: Lab):
    install(lab, 0, profile((0, 16.0)))
    assert told(lab, 1, 60) == [(0, 16.0)]
    lab.do(LimitChanged(1, 9.5))
    assert (told(lab, 1, 60), told(lab, 2, 60), told(lab, 0, 60)) == ([(0, 9.5)], [(0, 16.0)], [(0, 25.5)])
    lab.do(LimitChanged(0, 12.0))
    assert (told(lab, 1, 60), told(lab, 2, 60), told(lab, 0, 60)) == ([(0, 9.5)], [(0, 12.0)], [(0, 12.0)])


@pytest.mark.requirement("SCS-14")
def test_accepted_does_not_promise_the_exact_schedule(lab: Lab):
    assert install(lab, 1, profile((0, 80.0))) == "Accepted"
    assert told(lab, 1, 60) == [(0, 32.0)]
    lab.charge()
    assert offered(lab) == 32.0  # as much as the hardware can
    assert install(lab, 1, profile((0, 80.0), level=99)) == "Rejected"


def test_endless_schedule_is_told_as_far_as_it_is_worked_out(lab: Lab):
    daily = profile(
        (0, 8.0),
        (3600, 9.0),
        kind=ChargingProfileKind.RECURRING,
        recurrency_kind=RecurrencyKind.DAILY,
        start=START,
    )
    install(lab, 0, daily)
    answer = lab.ask(GetCompositeSchedule(connector_id=1, duration=2**31 - 1)).charging_schedule
    assert answer.duration == 366 * 86_400
    assert len(answer.charging_schedule_period) == 2 * 366
    assert answer.start_schedule is UNSET


def test_station_that_takes_one_unit_only_tells_schedules_in_it():
    lab = Lab(defaults=(("ChargingScheduleAllowedChargingRateUnit", "Power"),)).boot()
    answer = lab.ask(GetCompositeSchedule(connector_id=1, duration=60)).charging_schedule
    assert (answer.charging_rate_unit, answer.charging_schedule_period[0].limit) == (W, 22_080.0)


def test_refusal_is_noted_with_its_reason(lab: Lab):
    install(lab, 1, profile((0, 10.0), purpose=MAX, number=9))
    remote = profile((0, 7.0), number=8)
    lab.ask(RemoteStartTransaction(id_tag="TAG", connector_id=1, charging_profile=remote))
    notes = [one.text for one in lab.intents if isinstance(one, Notice) and one.matter is Matter.CHARGING]
    rejected = [note.split(" is rejected: ") for note in notes]
    assert rejected == [
        ["charging profile 9", "a ChargePointMaxProfile is for connector 0, not 1"],
        ["charging profile 8", "what comes with a remote start is a TxProfile, not a TxDefaultProfile"],
    ]


# ---- time


@pytest.mark.requirement("SCT-08", "SCT-20")
def test_daily_schedule_keeps_its_hour_by_utc_when_clocks_are_changed():
    lab = Lab()
    # 28 March 2026, the day before Europe changes its clocks.
    lab.utc_shift = datetime(2026, 3, 28, 12, tzinfo=UTC) - START
    lab.boot()
    daily = profile(
        (0, 8.0),
        (6 * 3600, 16.0),
        kind=ChargingProfileKind.RECURRING,
        recurrency_kind=RecurrencyKind.DAILY,
        start=datetime(2026, 1, 1, 12, tzinfo=UTC),
    )
    install(lab, 0, daily)
    six, day = 6 * 3600, 86_400
    assert told(lab, 1, 3 * day) == [
        (at, limit) for n in range(3) for at, limit in ((n * day, 8.0), (n * day + six, 16.0))
    ]


def test_limit_changes_in_the_second_in_which_the_schedule_says_so(lab: Lab):
    install(lab, 0, profile((0, 8.0), (97, 9.0), (98, 10.0)))
    lab.charge()
    began, seen = lab.now, []
    while lab.now < began + 100:
        lab.run(0.5)
        seen.append((lab.now - began, offered(lab)))
    assert [at for at, current_a in seen if current_a == 9.0] == [97.0, 97.5]


# ---- transactions


@pytest.mark.requirement("SCP-15")
def test_profile_for_a_transaction_whose_start_was_never_answered_is_for_minus_one(lab: Lab):
    lab.set("TransactionMessageAttempts", "1")
    lab.failures.append(StartTransaction)
    lab.charge()
    lab.run(5)
    assert install(lab, 1, profile((0, 9.0), purpose=TX, transaction_id=1)) == "Rejected"
    assert install(lab, 1, profile((0, 9.0), purpose=TX, transaction_id=-1)) == "Accepted"
    assert offered(lab) == 9.0
    lab.tag()
    assert lab.last(StopTransaction).transaction_id == -1
    assert str(lab.ask(ClearChargingProfile(id=1)).status) == "Unknown"


@pytest.mark.requirement("SCC-17")
def test_profile_of_a_transaction_holds_while_the_station_is_offline(lab: Lab):
    install(lab, 0, profile((0, 20.0)))
    lab.charge()
    install(lab, 1, profile((0, 16.0), (600, 9.0), purpose=TX, number=2, transaction_id=1))
    lab.disconnect()
    lab.run(601)
    assert offered(lab) == 9.0
    lab.run(1200)
    lab.connect()
    assert told(lab, 1, 60) == [(0, 9.0)]


@pytest.mark.requirement("SCC-18")
def test_station_that_went_offline_without_profiles_knows_no_limit(lab: Lab):
    lab.set("AllowOfflineTxForUnknownId", "true")
    lab.disconnect()
    lab.charge()
    assert lab.energized()
    assert offered(lab) is None


@pytest.mark.requirement("SCP-09")
def test_default_shows_through_where_the_profile_of_the_transaction_says_nothing(lab: Lab):
    install(lab, 0, profile((0, 10.0)))
    lab.charge()
    install(lab, 1, profile((0, 16.0), purpose=TX, number=2, duration=600))
    assert told(lab, 1, 900) == [(0, 16.0), (600, 10.0)]
    lab.run(601)
    assert offered(lab) == 10.0


@pytest.mark.requirement("SCS-11")
@pytest.mark.parametrize("kind", [ResetType.SOFT, ResetType.HARD])
def test_profiles_outlive_a_reset_but_for_those_of_transactions(lab: Lab, kind: ResetType):
    install(lab, 0, profile((0, 20.0), purpose=MAX, number=1))
    install(lab, 2, profile((0, 10.0), purpose=DEFAULT, number=2))
    lab.charge()
    install(lab, 1, profile((0, 6.0), purpose=TX, number=3))
    lab.ask(Reset(type=kind))
    lab.disconnect()
    lab.boot()
    assert (told(lab, 1, 60), told(lab, 2, 60)) == ([(0, 20.0)], [(0, 10.0)])
    statuses = [str(lab.ask(ClearChargingProfile(id=number)).status) for number in (1, 2, 3)]
    assert statuses == ["Accepted", "Accepted", "Unknown"]


def test_station_with_profiles_is_not_woken_while_nobody_charges(lab: Lab):
    install(lab, 0, profile((0, 8.0), (60, 9.0), kind=ChargingProfileKind.ABSOLUTE, start=START))
    lab.forget()
    lab.run(120)
    assert offers(lab) == []
    lab.charge()
    assert offered(lab) == 9.0


def test_limit_of_the_site_alone_is_shared_without_smart_charging():
    lab = Lab(profiles=(FeatureProfile.CORE,)).boot()
    lab.do(LimitChanged(0, 16.0))
    lab.charge(1)
    lab.charge(2, "OTHER")
    assert (offered(lab, 1), offered(lab, 2)) == (8.0, 8.0)


@pytest.mark.requirement("SCC-02")
def test_offers_never_add_up_to_more_than_is_allowed_at_any_moment(lab: Lab):
    limits = [20, 14, 32, 9, 25, 6, 40]
    periods = [(number * 600, float(limit)) for number, limit in enumerate(limits)]
    install(lab, 0, profile(*periods, purpose=MAX, kind=ChargingProfileKind.ABSOLUTE, start=START))
    steps: list[Callable[[], object]] = [
        lambda: lab.charge(1),
        lambda: lab.charge(2, "OTHER"),
        lambda: lab.do(LimitChanged(1, 9.0)),
        lambda: lab.unplug(1),
        lambda: lab.do(LimitChanged(1, None)),
        lambda: lab.charge(1),
    ]
    now = {1: 0.0, 2: 0.0}

    def follow(most: float) -> None:
        for intent in lab.intents:
            if isinstance(intent, Offer):
                assert intent.current_a is not None
                now[intent.connector_id] = intent.current_a
            elif isinstance(intent, Energize) and not intent.on:
                now[intent.connector_id] = 0.0
            assert now[1] + now[2] <= most + 1e-9, intent
        lab.forget()

    for number, step in enumerate(steps):
        step()
        follow(limits[number])
        lab.run(600)
        follow(max(limits[number : number + 2]))
        assert now[1] + now[2] <= limits[number + 1] + 1e-9
