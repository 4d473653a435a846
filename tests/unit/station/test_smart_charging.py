"""Charging profiles at the charge point: accepted by the rules, kept, told as one schedule, and obeyed."""

from datetime import timedelta
from typing import Any

import pytest
from tests.unit.station.station_lab import START, TAG, Lab

from voltline.messages import (
    UNSET,
    ChargingProfile,
    ChargingProfileKind,
    ChargingProfilePurpose,
    ChargingRateUnit,
    ChargingSchedule,
    ChargingSchedulePeriod,
    ClearChargingProfile,
    FeatureProfile,
    GetCompositeSchedule,
    RecurrencyKind,
    RemoteStartTransaction,
    SetChargingProfile,
)
from voltline.station.core.happenings import LimitChanged, WatchdogFired
from voltline.station.core.intents import Offer, Reboot, Refuse
from voltline.station.core.timers import Timer

MAX = ChargingProfilePurpose.CHARGE_POINT_MAX_PROFILE
DEFAULT = ChargingProfilePurpose.TX_DEFAULT_PROFILE
TX = ChargingProfilePurpose.TX_PROFILE
A, W = ChargingRateUnit.A, ChargingRateUnit.W


def schedule(*limits: tuple[int, float], unit: ChargingRateUnit = A, **other: Any) -> ChargingSchedule:
    periods = [ChargingSchedulePeriod(start_period=start, limit=limit) for start, limit in limits]
    return ChargingSchedule(charging_rate_unit=unit, charging_schedule_period=periods, **other)


def profile(
    *limits: tuple[int, float],
    purpose: ChargingProfilePurpose = DEFAULT,
    number: int = 1,
    level: int = 0,
    unit: ChargingRateUnit = A,
    kind: ChargingProfileKind = ChargingProfileKind.RELATIVE,
    duration: int | None = None,
    start: Any = UNSET,
    **other: Any,
) -> ChargingProfile:
    length = {} if duration is None else {"duration": duration}
    return ChargingProfile(
        charging_profile_id=number,
        stack_level=level,
        charging_profile_purpose=purpose,
        charging_profile_kind=kind,
        charging_schedule=schedule(*limits, unit=unit, start_schedule=start, **length),
        **other,
    )


def install(lab: Lab, connector_id: int, wanted: ChargingProfile) -> Any:
    answer = lab.ask(SetChargingProfile(connector_id=connector_id, cs_charging_profiles=wanted))
    return answer if isinstance(answer, Refuse) else str(answer.status)


def offered(lab: Lab, connector_id: int = 1) -> float | None:
    found = [one for one in lab.intents if isinstance(one, Offer) and one.connector_id == connector_id]
    return found[-1].current_a if found else None


def told(lab: Lab, connector_id: int, duration: int, unit: Any = UNSET) -> list[tuple[int, float]]:
    request = GetCompositeSchedule(connector_id=connector_id, duration=duration, charging_rate_unit=unit)
    periods = lab.ask(request).charging_schedule.charging_schedule_period
    return [(one.start_period, one.limit) for one in periods]


# ---- obeying


def test_transaction_is_offered_what_its_default_profile_allows(lab: Lab):
    assert install(lab, 0, profile((0, 10.0))) == "Accepted"
    lab.charge()
    assert offered(lab) == 10.0
    assert lab.energized()
    assert lab.statuses() == ["Preparing", "Charging"]


@pytest.mark.parametrize("limit", [0.1, 5.9])
def test_below_six_amperes_the_station_pauses_and_goes_on_when_the_schedule_allows(lab: Lab, limit: float):
    install(lab, 0, profile((0, limit), (600, 6.0)))
    lab.charge()
    assert not lab.energized()
    assert lab.statuses() == ["Preparing", "SuspendedEVSE"]
    lab.run(599)
    assert not lab.energized()
    lab.run(2)
    assert lab.energized()
    assert offered(lab) == 6.0
    assert lab.statuses() == ["Preparing", "SuspendedEVSE", "Charging"]


def test_direct_current_may_be_little_but_not_nothing():
    lab = Lab(phases=0).boot()
    install(lab, 0, profile((0, 1000.0), (60, 0.0), unit=W))
    lab.charge()
    assert lab.energized()
    assert offered(lab) == pytest.approx(1000 / 690)
    lab.run(61)
    assert not lab.energized()
    assert lab.status() == "SuspendedEVSE"


@pytest.mark.requirement("SCT-14", "SCT-15")
def test_watts_are_shared_by_three_phases_at_nominal_voltage(lab: Lab):
    install(lab, 0, profile((0, 11000.0), unit=W))
    lab.charge()
    assert offered(lab) == pytest.approx(15.94, abs=0.01)


@pytest.mark.requirement("SCP-06", "SCP-07", "SCS-05")
def test_running_transaction_follows_a_new_default_and_its_removal(lab: Lab):
    lab.charge()
    assert offered(lab) is None
    install(lab, 0, profile((0, 8.0)))
    assert offered(lab) == 8.0
    lab.ask(ClearChargingProfile())
    assert offered(lab) is None
    assert lab.energized()


@pytest.mark.requirement("SCP-09", "SCP-10")
def test_profile_of_a_transaction_overrules_the_default_and_is_gone_with_it(lab: Lab):
    install(lab, 0, profile((0, 10.0)))
    lab.charge()
    assert install(lab, 1, profile((0, 16.0), purpose=TX, number=2, transaction_id=1)) == "Accepted"
    assert offered(lab) == 16.0
    lab.tag()
    assert str(lab.ask(ClearChargingProfile(id=2)).status) == "Unknown"
    lab.unplug()
    lab.charge()
    assert offered(lab) == 10.0


@pytest.mark.requirement("RTX-11", "SCP-08", "SCS-13")
@pytest.mark.parametrize("plugged_first", [True, False])
def test_profile_of_a_remote_start_holds_for_the_transaction_that_follows(lab: Lab, plugged_first: bool):
    install(lab, 0, profile((0, 10.0)))
    if plugged_first:
        lab.plug()
    remote = profile((0, 7.0), purpose=TX, number=5)
    request = RemoteStartTransaction(id_tag=TAG, connector_id=1, charging_profile=remote)
    assert str(lab.ask(request).status) == "Accepted"
    if not plugged_first:
        lab.plug()
    assert offered(lab) == 7.0
    asked = GetCompositeSchedule(connector_id=1, duration=60, charging_rate_unit=ChargingRateUnit.A)
    assert lab.ask(asked).charging_schedule.charging_schedule_period[0].limit == 7.0
    assert install(lab, 1, profile((0, 9.0), purpose=TX, number=6, transaction_id=1)) == "Accepted"
    assert offered(lab) == 9.0
    assert str(lab.ask(ClearChargingProfile(id=5)).status) == "Unknown"


def test_profile_of_a_remote_start_that_was_refused_is_forgotten(lab: Lab):
    lab.charge()
    remote = profile((0, 7.0), purpose=TX)
    request = RemoteStartTransaction(id_tag=TAG, connector_id=1, charging_profile=remote)
    assert str(lab.ask(request).status) == "Rejected"
    lab.tag()
    lab.unplug()
    lab.charge()
    assert offered(lab) is None


def test_remote_start_with_a_profile_that_is_for_no_transaction_is_rejected(lab: Lab):
    request = RemoteStartTransaction(id_tag=TAG, connector_id=1, charging_profile=profile((0, 7.0)))
    assert str(lab.ask(request).status) == "Rejected"


@pytest.mark.requirement("SCC-01", "SCC-02")
def test_all_connectors_together_keep_to_the_maximum_of_the_charge_point(lab: Lab):
    install(lab, 0, profile((0, 20.0), purpose=MAX))
    install(lab, 0, profile((0, 16.0), number=2))
    lab.charge(1)
    assert offered(lab, 1) == 16.0
    lab.charge(2, "OTHER")
    assert (offered(lab, 1), offered(lab, 2)) == (10.0, 10.0)
    lab.tag(connector_id=1)
    assert offered(lab, 2) == 16.0


def test_limit_of_the_site_is_obeyed_like_one_of_the_central_system(lab: Lab):
    lab.charge(1)
    lab.do(LimitChanged(1, 9.0))
    assert offered(lab) == 9.0
    lab.do(LimitChanged(0, 5.0))
    assert lab.status() == "SuspendedEVSE"
    lab.do(LimitChanged(0, None))
    assert (lab.status(), offered(lab)) == ("Charging", 9.0)
    lab.do(LimitChanged(1, None))
    assert offered(lab) is None


@pytest.mark.requirement("SCT-08", "SCT-09", "SCT-10")
def test_daily_schedule_is_obeyed_day_after_day(lab: Lab):
    daily = profile(
        (0, 8.0),
        kind=ChargingProfileKind.RECURRING,
        recurrency_kind=RecurrencyKind.DAILY,
        start=START - timedelta(hours=1),
        duration=7200,
    )
    install(lab, 0, daily)
    lab.charge()
    seen = []
    for _ in range(3):
        seen.append(offered(lab))
        lab.run(12 * 3600)
        seen.append(offered(lab))
        lab.run(12 * 3600)
    assert seen == [8.0, None] * 3


@pytest.mark.requirement("SCC-17", "SCC-18")
def test_profiles_are_obeyed_while_the_station_is_offline(lab: Lab):
    install(lab, 0, profile((0, 12.0), (300, 7.0)))
    lab.charge()
    lab.disconnect()
    lab.run(301)
    assert offered(lab) == 7.0


# ---- accepting


@pytest.mark.requirement("SCP-02", "SCP-11", "SCP-12", "SCP-15", "SCS-02", "SCS-12")
@pytest.mark.parametrize(
    ("connector_id", "wanted"),
    [
        (1, profile((0, 10.0), purpose=MAX)),
        (0, profile((0, 10.0), purpose=TX)),
        (2, profile((0, 10.0), purpose=TX)),
        (1, profile((0, 10.0), purpose=TX, transaction_id=99)),
        (0, profile((0, 10.0), level=9)),
        (0, profile((0, 10.0), level=-1)),
        (0, profile(*((60 * n, 10.0) for n in range(25)))),
        (0, profile((1, 10.0))),
        (0, profile((0, 10.0), (60, 9.0), (60, 8.0))),
        (0, profile((0, -1.0))),
        (0, profile((0, 10.0), kind=ChargingProfileKind.RECURRING)),
        (0, profile((0, 10.0), recurrency_kind=RecurrencyKind.DAILY)),
    ],
)
def test_profile_that_cannot_be_executed_is_rejected(lab: Lab, connector_id: int, wanted: ChargingProfile):
    lab.charge(1)
    assert install(lab, connector_id, wanted) == "Rejected"
    assert str(lab.ask(ClearChargingProfile()).status) == "Unknown"


@pytest.mark.requirement("SCT-17")
def test_unit_that_the_station_does_not_allow_is_rejected():
    lab = Lab(defaults=(("ChargingScheduleAllowedChargingRateUnit", "Current"),)).boot()
    assert install(lab, 0, profile((0, 4000.0), unit=W)) == "Rejected"
    assert install(lab, 0, profile((0, 8.0))) == "Accepted"


@pytest.mark.requirement("SCS-12")
def test_no_more_profiles_than_there_is_room_for():
    lab = Lab(defaults=(("MaxChargingProfilesInstalled", "2"),)).boot()
    for number in (1, 2):
        assert install(lab, 0, profile((0, 8.0), number=number, level=number)) == "Accepted"
    assert install(lab, 0, profile((0, 8.0), number=3, level=3)) == "Rejected"
    assert install(lab, 0, profile((0, 9.0), number=3, level=2)) == "Accepted"


@pytest.mark.requirement("SCS-16")
def test_connector_that_does_not_exist_is_a_call_error(lab: Lab):
    refusal = install(lab, 99, profile((0, 10.0)))
    assert refusal.code == "PropertyConstraintViolation"
    assert "connectorId 99" in refusal.text


@pytest.mark.requirement("SCS-15")
def test_station_without_smart_charging_says_so():
    lab = Lab(profiles=(FeatureProfile.CORE,)).boot()
    assert install(lab, 0, profile((0, 10.0))).code == "NotSupported"
    lab.plug()
    remote = profile((0, 7.0), purpose=TX)
    request = RemoteStartTransaction(id_tag=TAG, connector_id=1, charging_profile=remote)
    assert str(lab.ask(request).status) == "Accepted"
    assert offered(lab) is None


# ---- replacing and clearing


@pytest.mark.requirement("SCS-01", "SCS-03", "SCS-04", "SCP-04", "SCP-05")
def test_profiles_stack_and_replace_each_other(lab: Lab):
    install(lab, 0, profile((0, 10.0), number=1, level=0))
    install(lab, 0, profile((0, 12.0), number=2, level=1))
    assert told(lab, 1, 60) == [(0, 12.0)]
    install(lab, 0, profile((0, 13.0), number=3, level=1))
    assert told(lab, 2, 60) == [(0, 13.0)]
    assert str(lab.ask(ClearChargingProfile(id=2)).status) == "Unknown"
    install(lab, 0, profile((0, 9.0), number=3, level=2))
    lab.ask(ClearChargingProfile(id=3))
    assert told(lab, 1, 60) == [(0, 10.0)]
    install(lab, 2, profile((0, 7.0), number=4, level=0))
    assert (told(lab, 1, 60), told(lab, 2, 60)) == ([(0, 10.0)], [(0, 7.0)])


@pytest.mark.requirement("SCC-13", "SCC-14", "SCC-15", "SCC-16")
def test_clearing_takes_what_matches_every_field(lab: Lab):
    def clear(**fields: Any) -> str:
        return str(lab.ask(ClearChargingProfile(**fields)).status)

    install(lab, 0, profile((0, 20.0), purpose=MAX, number=1, level=0))
    install(lab, 0, profile((0, 10.0), number=2, level=1))
    install(lab, 1, profile((0, 11.0), number=3, level=1))
    assert clear(charging_profile_purpose=DEFAULT, stack_level=0) == "Unknown"
    assert clear(connector_id=1, stack_level=1) == "Accepted"
    assert clear(connector_id=1) == "Unknown"
    assert clear(id=2, charging_profile_purpose=MAX, connector_id=7) == "Accepted"
    assert clear() == "Accepted"
    assert clear() == "Unknown"


# ---- telling


@pytest.mark.requirement("SCC-05", "SCC-09", "SCC-11", "SCT-02", "SCT-03")
def test_composite_schedule_tells_the_limits_from_now_on(lab: Lab):
    install(lab, 0, profile((0, 16.0), (600, 8.0), (1200, 6.0), number=2, duration=1500))
    lab.charge()
    lab.run(300)
    answer = lab.ask(GetCompositeSchedule(connector_id=1, duration=1500))
    assert (answer.status, answer.connector_id) == ("Accepted", 1)
    assert answer.schedule_start == START + timedelta(seconds=300)
    plan = answer.charging_schedule
    assert (plan.start_schedule, plan.duration, plan.charging_rate_unit) == (UNSET, 1500, A)
    periods = [(one.start_period, one.limit) for one in plan.charging_schedule_period]
    # After the profile's end the station's own rating is what is left.
    assert periods == [(0, 16.0), (300, 8.0), (900, 6.0), (1200, 32.0)]
    assert told(lab, 1, 300, W) == [(0, 11040.0)]


@pytest.mark.requirement("SCC-06")
def test_composite_schedule_of_connector_0_is_that_of_the_station(lab: Lab):
    assert told(lab, 0, 60) == [(0, 64.0)]
    install(lab, 0, profile((0, 25.0), purpose=MAX))
    assert told(lab, 0, 60) == [(0, 25.0)]


@pytest.mark.requirement("SCC-08")
@pytest.mark.parametrize(("connector_id", "duration"), [(3, 60), (-1, 60), (1, 0)])
def test_composite_schedule_that_cannot_be_told_is_rejected(lab: Lab, connector_id: int, duration: int):
    answer = lab.ask(GetCompositeSchedule(connector_id=connector_id, duration=duration))
    assert (str(answer.status), answer.charging_schedule) == ("Rejected", UNSET)


@pytest.mark.requirement("SCS-06", "SCS-10")
def test_replacement_that_is_not_yet_valid_leaves_a_gap_and_one_that_ends_is_over(lab: Lab):
    install(lab, 0, profile((0, 10.0), number=1))
    lab.charge()
    begins, ends = START + timedelta(seconds=600), START + timedelta(seconds=1200)
    install(lab, 0, profile((0, 8.0), number=2, valid_from=begins, valid_to=ends))
    seen = [offered(lab)]
    for _ in range(2):
        lab.run(601)
        seen.append(offered(lab))
    assert seen == [None, 8.0, None]


@pytest.mark.requirement("SCS-08")
def test_limit_does_not_jump_up_while_a_profile_takes_the_place_of_another(lab: Lab):
    install(lab, 0, profile((0, 10.0), number=1))
    lab.charge()
    lab.forget()
    install(lab, 0, profile((0, 9.0), number=2))
    assert [one.current_a for one in lab.intents if isinstance(one, Offer)] == [9.0]


@pytest.mark.requirement("SCS-09", "SCT-05")
def test_highest_level_without_an_end_hides_the_others_for_ever(lab: Lab):
    install(lab, 0, profile((0, 6.0), number=1, level=0))
    install(lab, 0, profile((0, 16.0), (60, 12.0), number=2, level=1))
    assert told(lab, 1, 7 * 86_400) == [(0, 16.0), (60, 12.0)]


@pytest.mark.requirement("SCT-04")
def test_last_period_holds_until_the_duration_is_over_and_a_lower_level_follows(lab: Lab):
    install(lab, 0, profile((0, 6.0), number=1, level=0))
    install(lab, 0, profile((0, 16.0), (60, 12.0), number=2, level=1, duration=600))
    assert told(lab, 1, 900) == [(0, 16.0), (60, 12.0), (600, 6.0)]


@pytest.mark.requirement("SCT-06", "SCT-11")
def test_schedule_without_a_start_counts_from_the_transaction_and_an_absolute_one_from_its_own(lab: Lab):
    install(lab, 1, profile((0, 16.0), (600, 8.0), number=1))
    absolute = ChargingProfileKind.ABSOLUTE
    install(lab, 2, profile((0, 16.0), (600, 8.0), number=2, kind=absolute, start=START))
    lab.run(300)
    lab.charge(1)
    lab.charge(2, "OTHER")
    assert told(lab, 1, 900) == [(0, 16.0), (600, 8.0)]
    assert told(lab, 2, 900) == [(0, 16.0), (300, 8.0)]


@pytest.mark.requirement("SCT-16")
def test_amperes_for_more_phases_than_there_are_stay_amperes():
    lab = Lab(phases=1).boot()
    install(lab, 0, profile((0, 16.0)))
    lab.charge()
    assert offered(lab) == 16.0


# ---- lasting


@pytest.mark.requirement("SCS-11")
def test_profiles_outlive_a_reboot(lab: Lab):
    install(lab, 0, profile((0, 10.0)))
    lab.do(WatchdogFired())
    assert lab.rebooted == Reboot(hard=True)
    lab.disconnect()
    lab.boot()
    assert told(lab, 1, 60) == [(0, 10.0)]


@pytest.mark.requirement("SCS-11")
def test_profiles_outlive_a_loss_of_power(lab: Lab):
    install(lab, 0, profile((0, 10.0)))
    lab.charge()
    install(lab, 1, profile((0, 16.0), purpose=TX, number=2, transaction_id=1))
    lab.lose_power()
    lab.boot()
    assert told(lab, 2, 60) == [(0, 10.0)]


def test_station_without_profiles_is_not_woken_for_them(lab: Lab):
    lab.charge()
    install(lab, 0, profile((0, 10.0), (600, 9.0)))
    assert lab.core.bench.timers.is_running(Timer.LIMIT)
    lab.ask(ClearChargingProfile())
    assert not lab.core.bench.timers.is_running(Timer.LIMIT)
