"""The physics of the simulation: plausible, monotone, and the same for the same seed."""

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.station.station_lab import START

from voltline.messages import ChargePointErrorCode, Measurand, Phase
from voltline.station.core.happenings import CablePlugged, VehicleReady
from voltline.station.core.intents import Energize, Lock, Offer
from voltline.station.core.moment import Moment
from voltline.station.simulator.device import SimulatedDevice
from voltline.station.simulator.meter import MEASURANDS, readings
from voltline.station.simulator.outlet import Outlet
from voltline.station.simulator.vehicle import (
    AC_CURVE,
    CARS,
    CarModel,
    Vehicle,
    model_named,
    share_at,
    some_car,
)

SALOON = CARS[2]
CITY = CARS[0]


def outlet(phases: int = 3, power_w: float = 11_040) -> Outlet:
    return Outlet(phases=phases, power_w=power_w, register_wh=100.0, chance=Random(1))


def charging(vehicle: Vehicle, **station: float) -> Outlet:
    made = outlet(**station)
    made.attach(vehicle, 0.0)
    made.energize(True, 0.0)
    return made


def test_three_phase_car_takes_eleven_kilowatts():
    made = charging(Vehicle(SALOON, 0.3))
    made.advance(60.0)
    assert made.power_w() == pytest.approx(11_000, rel=0.03)
    assert made.currents_a() == pytest.approx([16.0, 16.0, 16.0], rel=0.01)
    assert all(222 < voltage < 236 for voltage in made.voltages_v())


def test_one_phase_car_uses_one_phase_and_the_stations_limit():
    made = charging(Vehicle(CITY, 0.3))
    made.advance(60.0)
    assert made.currents_a() == pytest.approx([16.0, 0.0, 0.0], rel=0.01)
    assert made.power_w() == pytest.approx(3_650, rel=0.03)


def test_hour_of_charging_raises_register_and_battery_alike():
    car = Vehicle(SALOON, 0.3)
    made = charging(car)
    made.advance(3600.0)
    energy_wh = made.register_wh - 100.0
    assert energy_wh == pytest.approx(11_000, rel=0.03)
    assert car.energy_wh - 0.3 * SALOON.battery_wh == pytest.approx(energy_wh)


def test_power_rises_within_seconds_and_falls_when_the_battery_fills():
    made = charging(Vehicle(SALOON, 0.97))
    made.advance(2.0)
    early = made.power_w()
    made.advance(20.0)
    assert 0 < early < made.power_w() < 0.8 * 11_000


def test_car_stops_at_its_target():
    car = Vehicle(SALOON, 0.79, target_soc=0.8)
    made = charging(car)
    made.advance(7200.0)
    assert car.soc == 0.8
    assert made.power_w() == 0.0
    assert made.readiness_change() is False
    assert made.readiness_change() is None


def test_offer_below_six_amperes_pauses_the_car():
    made = charging(Vehicle(SALOON, 0.3), power_w=5.9 * 3 * 230)
    made.advance(600.0)
    assert made.register_wh == 100.0
    assert made.next_event() is None


def test_nothing_flows_through_an_open_contactor():
    made = outlet()
    made.attach(Vehicle(SALOON, 0.3), 0.0)
    made.advance(3600.0)
    assert made.register_wh == 100.0


@pytest.mark.requirement("MTV-26")
@given(st.lists(st.tuples(st.sampled_from(["on", "off", "plug", "unplug", "wait"]), st.floats(0, 4000))))
def test_register_never_falls(steps: list[tuple[str, float]]):
    made, now, last = outlet(), 0.0, 100.0
    for what, wait_s in steps:
        now += wait_s
        if what in ("on", "off"):
            made.energize(what == "on", now)
        elif what == "plug":
            made.attach(Vehicle(SALOON, 0.5), now)
        elif what == "unplug":
            made.attach(None, now)
        else:
            made.advance(now)
        assert made.register_wh >= last
        last = made.register_wh


def test_device_wakes_for_the_moment_a_car_is_full():
    device = SimulatedDevice(connectors=2, phases=3, power_w=11_040, chance=Random(3))
    car = Vehicle(SALOON, 0.78, target_soc=0.8)
    device.outlet(2).attach(car, 0.0)
    device.perform(Energize(2, True), Moment(0.0, START))
    wakes = 0
    happenings: list[object] = []
    while not happenings:
        at = device.next_event()
        assert at is not None
        happenings = list(device.events(Moment(at, START)))
        wakes += 1
    assert happenings == [VehicleReady(2, False)]
    assert 300 < at < 600
    assert wakes < 12
    assert device.next_event() is None


def test_meter_tells_what_it_claims_to_measure():
    made = charging(Vehicle(SALOON, 0.3))
    made.advance(30.0)
    values = readings(made)
    assert {one.measurand for one in values} == MEASURANDS == set(Measurand)
    voltages = {one.phase: one.value for one in values if one.measurand == Measurand.VOLTAGE}
    assert list(voltages) == ["L1-N", "L2-N", "L3-N", "L1-L2", "L2-L3", "L3-L1"]
    assert all(385 < voltages[phase] < 410 for phase in (Phase.L1_L2, Phase.L2_L3, Phase.L3_L1))


def test_same_seed_gives_the_same_meters():
    def readings(seed: int) -> list[float]:
        device = SimulatedDevice(connectors=1, phases=3, power_w=11_040, chance=Random(seed))
        return [one.value for one in device.measured(1, Moment(50.0, START))]

    assert readings(7) == readings(7)
    assert readings(7) != readings(8)


def test_curve_is_a_chain_of_straight_lines():
    assert share_at(AC_CURVE, 0.5) == 1.0
    assert share_at(AC_CURVE, 0.96) == pytest.approx(0.56)
    assert share_at(AC_CURVE, 1.0) == pytest.approx(0.12)
    assert share_at(((0.2, 0.5), (1.0, 1.0)), 0.1) == 0.5


def test_cars_come_along_partly_empty():
    cars = [some_car(Random(seed)) for seed in range(200)]
    assert all(0.05 <= car.soc <= 0.75 < car.target_soc for car in cars)
    assert {car.model for car in cars} == set(CARS)


def test_impossible_battery_is_refused():
    model = CarModel(name="x", battery_wh=1000, phases=1, current_a=16)
    with pytest.raises(ValueError, match=r"between 0 and 1, not 1\.2"):
        Vehicle(model, 1.2)


# ---- what the station offers


@pytest.mark.requirement("SCT-13")
def test_car_obeys_a_lower_offer_at_once_and_a_higher_one_slowly():
    made = charging(Vehicle(SALOON, 0.3))
    made.advance(60.0)
    made.offer(8.0, 60.0)
    assert made.currents_a() == [8.0, 8.0, 8.0]
    made.offer(None, 60.0)
    made.advance(61.0)
    assert 8.0 < made.currents_a()[0] < 16.0
    made.advance(70.0)
    assert made.currents_a()[0] == pytest.approx(16.0)


@pytest.mark.parametrize(("offer_a", "flows_a"), [(6.0, 6.0), (5.9, 0.0), (0.1, 0.0), (0.0, 0.0)])
def test_below_six_amperes_no_car_draws_anything_and_none_is_to_blame(offer_a: float, flows_a: float):
    made = charging(Vehicle(SALOON, 0.3))
    made.advance(60.0)
    made.offer(offer_a, 60.0)
    made.advance(120.0)
    assert made.currents_a()[0] == flows_a
    assert made.readiness_change() is None


def test_car_that_wants_more_than_is_offered_pauses_by_itself():
    choosy = model_named("choosy")
    made = charging(Vehicle(choosy, 0.3))
    made.offer(7.0, 0.0)
    assert made.readiness_change() is False
    made.offer(8.0, 1.0)
    assert made.readiness_change() is True


def test_car_takes_its_time_before_the_first_current():
    choosy = model_named("choosy")
    made = charging(Vehicle(choosy, 0.3))
    made.advance(choosy.latency_s)
    assert made.power_w() == 0.0
    made.advance(choosy.latency_s + 1.0)
    assert made.power_w() > 0.0


def test_car_whose_name_is_not_clear_is_asked_back_for():
    with pytest.raises(ValueError, match=r"'saloon' is the name of 2 cars; there are: city car"):
        model_named("saloon")
    with pytest.raises(ValueError, match="'boat' is the name of no cars"):
        model_named("boat")


# ---- direct current


def test_direct_current_follows_the_curve_of_the_battery():
    tourer = model_named("tourer")
    powers = []
    for soc in (0.2, 0.5, 0.7, 0.9):
        made = charging(Vehicle(tourer, soc), phases=0, power_w=150_000)
        made.advance(30.0)
        powers.append(made.power_w())
    assert powers[0] == pytest.approx(150_000, rel=0.01)
    assert powers == sorted(powers, reverse=True)
    assert powers[3] < 60_000


def test_direct_current_is_measured_at_the_battery():
    made = charging(Vehicle(SALOON, 0.5), phases=0, power_w=50_000)
    made.advance(30.0)
    values = {one.measurand: one for one in readings(made)}
    assert set(values) == MEASURANDS
    assert values[Measurand.VOLTAGE].value == pytest.approx(384, rel=0.01)
    assert (values[Measurand.VOLTAGE].phase, values[Measurand.CURRENT_IMPORT].phase) == (None, None)
    assert values[Measurand.CURRENT_IMPORT].value == pytest.approx(50_000 / 384, rel=0.02)
    assert values[Measurand.POWER_FACTOR].value == 1.0


def test_offer_to_a_charger_for_direct_current_is_power():
    made = charging(Vehicle(SALOON, 0.3), phases=0, power_w=50_000)
    made.offer(10.0, 0.0)
    made.advance(60.0)
    assert made.power_w() == pytest.approx(6_900)


# ---- the meter


@pytest.mark.requirement("MTV-30")
def test_energy_that_is_fed_back_is_exported():
    car = Vehicle(SALOON, 0.5)
    made = charging(car)
    car.feeds_back = True
    made.advance(3600.0)
    values = {one.measurand: one.value for one in readings(made)}
    assert made.register_wh == 100.0
    assert values[Measurand.ENERGY_ACTIVE_EXPORT_REGISTER] == pytest.approx(11_000, rel=0.03)
    assert values[Measurand.POWER_ACTIVE_EXPORT] > 10_000
    assert values[Measurand.POWER_ACTIVE_IMPORT] == values[Measurand.CURRENT_IMPORT] == 0.0
    assert car.soc < 0.4


def test_reactive_power_belongs_to_the_power_factor():
    choosy = model_named("choosy")
    made = charging(Vehicle(choosy, 0.3))
    made.advance(3600.0)
    values = {one.measurand: one.value for one in readings(made)}
    active_w, reactive_var = values[Measurand.POWER_ACTIVE_IMPORT], values[Measurand.POWER_REACTIVE_IMPORT]
    assert active_w / (active_w**2 + reactive_var**2) ** 0.5 == pytest.approx(0.96, abs=0.001)
    assert values[Measurand.ENERGY_REACTIVE_IMPORT_REGISTER] > 10


def test_station_warms_up_under_load_and_its_fan_turns():
    made = charging(Vehicle(SALOON, 0.05))
    made.advance(5.0)
    before = {one.measurand: one.value for one in readings(made)}
    made.advance(3600.0)
    after = {one.measurand: one.value for one in readings(made)}
    assert before[Measurand.RPM] == 0.0 < after[Measurand.RPM]
    assert before[Measurand.TEMPERATURE] < 25 < 40 < after[Measurand.TEMPERATURE] < 50
    assert all(49.9 < values[Measurand.FREQUENCY] < 50.1 for values in (before, after))


@given(st.lists(st.floats(1.0, 600.0), max_size=30))
def test_what_is_seen_does_not_depend_on_how_often_somebody_looks(looks: list[float]):
    def after_an_hour(moments: list[float]) -> Outlet:
        made = charging(Vehicle(SALOON, 0.6))
        now = 0.0
        for wait_s in moments:
            now = min(3600.0, now + wait_s)
            made.advance(now)
            readings(made)
        made.advance(3600.0)
        return made

    watched, left_alone = after_an_hour(looks), after_an_hour([])
    assert watched.register_wh == pytest.approx(left_alone.register_wh, abs=3.0)
    assert watched.power_w() == pytest.approx(left_alone.power_w(), rel=1e-3)


# ---- what breaks


def device() -> SimulatedDevice:
    made = SimulatedDevice(connectors=1, phases=3, power_w=11_040, chance=Random(3))
    made.outlet(1).attach(Vehicle(SALOON, 0.3), 0.0)
    return made


def test_welded_contactor_does_not_open_and_says_so():
    made = device()
    made.perform(Energize(1, True), Moment(0.0, START))
    made.outlet(1).weld(True)
    made.perform(Energize(1, False), Moment(60.0, START))
    (fault,) = made.events(Moment(60.0, START))
    assert (fault.error_code, fault.info) == (ChargePointErrorCode.POWER_SWITCH_FAILURE, "contactor welded")
    assert made.outlet(1).power_w() > 0
    made.repair(1, False, Moment(61.0, START))
    assert made.outlet(1).power_w() == 0


def test_jammed_lock_says_what_it_did_not_do():
    made = device()
    made.jam_lock(1)
    made.perform(Lock(1, True), Moment(0.0, START))
    assert made.next_event() == 0.0
    (fault,) = made.events(Moment(0.0, START))
    assert fault.error_code == ChargePointErrorCode.CONNECTOR_LOCK_FAILURE
    assert fault.info == "lock did not close"


def test_after_a_loss_of_power_the_car_is_still_there_and_nothing_flows():
    made = device()
    made.perform(Energize(1, True), Moment(0.0, START))
    made.perform(Offer(1, 8.0), Moment(30.0, START))
    made.lose_power(Moment(60.0, START))
    assert made.events(Moment(60.0, START)) == [CablePlugged(1)]
    assert made.outlet(1).power_w() == 0
    assert made.outlet(1).granted_a == pytest.approx(16.0)
