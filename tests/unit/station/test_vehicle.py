"""The physics of the simulation: plausible, monotone, and the same for the same seed."""

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.station.station_lab import START

from voltline.messages import Measurand, Phase
from voltline.station.core.happenings import VehicleReady
from voltline.station.core.intents import Energize
from voltline.station.core.moment import Moment
from voltline.station.simulator.device import SimulatedDevice
from voltline.station.simulator.meter import MEASURANDS, readings
from voltline.station.simulator.outlet import Outlet
from voltline.station.simulator.vehicle import AC_CURVE, CARS, CarModel, Vehicle, share_at, some_car

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
