"""The main meter of a simulated station: connector 0 (OCPP 1.6, 4.7)."""

from datetime import UTC, datetime
from random import Random

import pytest

from voltline.messages import Measurand, Phase
from voltline.station.core.intents import Energize
from voltline.station.core.moment import Moment
from voltline.station.simulator.device import SimulatedDevice
from voltline.station.simulator.vehicle import CARS, Vehicle


def moment(seconds: float) -> Moment:
    return Moment(seconds, datetime(2026, 3, 1, tzinfo=UTC))


def charging(phases: int) -> SimulatedDevice:
    """Two connectors, a car of 11 kW on each."""
    device = SimulatedDevice(connectors=2, phases=phases, power_w=11_000.0, chance=Random(7))
    for connector_id in (1, 2):
        device.outlet(connector_id).attach(Vehicle(CARS[2], 0.3), 0.0)
        device.perform(Energize(connector_id, True), moment(0.0))
    return device


@pytest.mark.parametrize("phases", [0, 1, 3])
def test_register_of_the_main_meter_is_the_sum_of_all(phases: int):
    device = charging(phases)
    before_wh = device.energy_wh(0, moment(0.0))
    came_wh = device.energy_wh(0, moment(3600.0)) - before_wh
    assert came_wh > 5_000
    assert device.energy_wh(0, moment(3600.0)) == sum(device.energy_wh(one, moment(3600.0)) for one in (1, 2))


def test_main_meter_tells_power_and_current_of_all_and_the_voltage_of_the_grid():
    device = charging(3)
    now = moment(60.0)
    own = [{(one.measurand, one.phase): one.value for one in device.measured(n, now)} for n in (1, 2)]
    told = {(one.measurand, one.phase): one.value for one in device.measured(0, now)}
    for place in ((Measurand.POWER_ACTIVE_IMPORT, None), (Measurand.CURRENT_IMPORT, Phase.L2)):
        assert told[place] == pytest.approx(own[0][place] + own[1][place])
        assert told[place] > own[0][place] > 0
    voltage = (Measurand.VOLTAGE, Phase.L1_N)
    assert told[voltage] == pytest.approx((own[0][voltage] + own[1][voltage]) / 2)
    assert not {Measurand.SOC, Measurand.CURRENT_OFFERED} & {measurand for measurand, _ in told}


def test_direct_current_does_not_show_at_the_main_meter():
    told = {one.measurand for one in charging(0).measured(0, moment(60.0))}
    assert Measurand.POWER_ACTIVE_IMPORT in told
    assert Measurand.CURRENT_IMPORT not in told
    assert Measurand.VOLTAGE not in told


@pytest.mark.parametrize("connector_id", [0, 1])
@pytest.mark.parametrize("measurand", Measurand)
@pytest.mark.parametrize("phases", [0, 1, 3])
def test_meter_that_is_asked_for_one_measurand_tells_the_same_of_it(
    phases: int, measurand: Measurand, connector_id: int
):
    now = moment(60.0)
    everything = charging(phases).measured(connector_id, now)
    asked = charging(phases).measured(connector_id, now, {measurand})
    assert [one for one in asked if one.measurand == measurand] == [
        one for one in everything if one.measurand == measurand
    ]
    assert len(asked) < len(everything)
