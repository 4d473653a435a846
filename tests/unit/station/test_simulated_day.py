"""A simulated day on a clock that the test turns: the same seed tells the same story to the last digit."""

from datetime import timedelta
from random import Random
from typing import Any

from tests.unit.station.station_lab import START, Lab

from voltline.messages import MeterValues, StartTransaction, StopTransaction, encode
from voltline.station.core.happenings import (
    CablePlugged,
    CableRemoved,
    TagPresented,
    Tick,
    VehicleUnplugged,
)
from voltline.station.core.intents import Energize, Lock, Offer
from voltline.station.simulator.device import SimulatedDevice
from voltline.station.simulator.meter import MEASURANDS
from voltline.station.simulator.vehicle import some_car

EVERYTHING = ",".join(sorted(MEASURANDS))


class Day(Lab):
    """A lab with simulated outlets, and drivers who come every two hours and stay for one."""

    def __init__(self, seed: int) -> None:
        super().__init__(measurands=MEASURANDS)
        self.device = SimulatedDevice(connectors=2, phases=3, power_w=11_040, chance=Random(seed))
        self.cars = Random(seed)
        self.core.bench.meter = self.device
        self.boot()
        self.set("MeterValuesSampledData", EVERYTHING)
        self.set("MeterValueSampleInterval", "300")

    def _take(self, intents: list[Any]) -> None:
        for intent in intents:
            if isinstance(intent, Energize | Lock | Offer):
                self.device.perform(intent, self.moment)
        super()._take(intents)

    def pass_time(self, seconds: float) -> None:
        until = self.now + seconds
        while self.now < until:
            deadlines = (self.core.next_deadline(), self.device.next_event(), until)
            self.now = max(self.now, min(at for at in deadlines if at is not None))
            for happening in self.device.events(self.moment):
                self.do(happening)
            self.do(Tick())

    def visit(self, connector_id: int) -> None:
        self.device.outlet(connector_id).attach(some_car(self.cars), self.now)
        self.do(CablePlugged(connector_id))
        self.do(TagPresented("04A1B2C3D4", connector_id))
        self.pass_time(3600)
        self.do(TagPresented("04A1B2C3D4", connector_id))
        self.device.outlet(connector_id).attach(None, self.now)
        self.do(VehicleUnplugged(connector_id))
        self.do(CableRemoved(connector_id))
        self.pass_time(3600)


def story(seed: int) -> list[bytes]:
    day = Day(seed)
    for number in range(12):
        day.visit(1 + number % 2)
    return [encode(one) for one in day.sent]


def test_same_seed_tells_the_same_day_and_another_another():
    first = story(7)
    assert len(first) > 200
    assert first == story(7)
    assert first != story(8)


def test_energy_of_a_day_is_that_of_its_transactions_and_readings_rise():
    day = Day(3)
    for _ in range(4):
        day.visit(1)
    starts, stops = day.requests(StartTransaction), day.requests(StopTransaction)
    assert len(starts) == len(stops) == 4
    registers = [
        int(value.value)
        for one in day.requests(MeterValues)
        for value in one.meter_value[0].sampled_value
        if value.measurand == "Energy.Active.Import.Register"
    ]
    assert registers == sorted(registers)
    total = sum(stop.meter_stop - start.meter_start for start, stop in zip(starts, stops, strict=True))
    assert total == stops[-1].meter_stop - starts[0].meter_start > 5_000
    assert starts[-1].timestamp - starts[0].timestamp == timedelta(hours=6)
    assert starts[0].timestamp == START
