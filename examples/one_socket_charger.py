"""A whole charge point for one socket on Voltline's core, with its hardware behind four small ports.

The core does everything that OCPP 1.6 asks of a charge point: offline queue, local list, reservations, smart
charging, firmware, diagnostics. What is left to write is the hardware. Here it is a table of pins; put your
GPIO, Modbus or CAN where it reads and writes `self.pins`.

    python examples/one_socket_charger.py ws://127.0.0.1:9000/ocpp

Then type: plug, tag 04E3F89A2C3C80, unplug, stop
"""

import asyncio
import sys
from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from pathlib import Path

from voltline import BootNotification
from voltline.messages import Measurand, UnitOfMeasure
from voltline.station.charger import (
    Charger,
    FolderStorage,
    Hardware,
    ImpossibleHappening,
    Listener,
    Measured,
    Moment,
    Notice,
    PartFailure,
    Socket,
)

VOLTAGE_V = 230.0
PHASES = 3
MOST_A = 16.0


class Pins:
    """What the wires carry. `welded` and the like stand for what can go wrong."""

    def __init__(self) -> None:
        self.contactor = False
        self.lock = False
        self.pilot_a = MOST_A
        self.welded = False


class Relay:
    """The contactor, with its auxiliary contact read back."""

    def __init__(self, pins: Pins) -> None:
        self.pins = pins

    def switch(self, on: bool) -> None:
        if self.pins.welded and not on:
            raise PartFailure("the contactor does not open")
        self.pins.contactor = on


class LockMotor:
    """The motor that holds the cable."""

    def __init__(self, pins: Pins) -> None:
        self.pins = pins

    def hold(self, on: bool) -> None:
        self.pins.lock = on


class ControlPilot:
    """The PWM signal of IEC 61851-1."""

    def __init__(self, pins: Pins) -> None:
        self.pins = pins

    def offer(self, current_a: float | None) -> None:
        self.pins.pilot_a = MOST_A if current_a is None else min(current_a, MOST_A)


class PulseMeter:
    """A meter: here it counts what the pilot allows while the contactor is closed."""

    def __init__(self, pins: Pins, register_wh: float = 0.0) -> None:
        self.pins = pins
        self.register_wh = register_wh
        self._read_at: float | None = None

    def energy_wh(self, connector_id: int, now: Moment) -> int:
        if self._read_at is not None:
            self.register_wh += self._power_w() * (now.monotonic - self._read_at) / 3600
        self._read_at = now.monotonic
        return int(self.register_wh)

    def measured(
        self, connector_id: int, now: Moment, wanted: AbstractSet[str] = frozenset()
    ) -> Sequence[Measured]:
        energy_wh = self.energy_wh(connector_id, now)
        return [
            Measured(Measurand.ENERGY_ACTIVE_IMPORT_REGISTER, energy_wh, UnitOfMeasure.WH, decimals=0),
            Measured(Measurand.POWER_ACTIVE_IMPORT, self._power_w(), UnitOfMeasure.W),
        ]

    def _power_w(self) -> float:
        return self.pins.pilot_a * VOLTAGE_V * PHASES if self.pins.contactor else 0.0


class Display(Listener):
    """What the people before the charger may read."""

    def noticed(self, notice: Notice) -> None:
        print(notice.text)


def build(endpoint: str, identity: str, folder: Path, pins: Pins) -> Charger:
    """The charger on these pins; what it must not forget is kept in the folder."""
    hardware = Hardware(
        boot=BootNotification(charge_point_vendor="Example", charge_point_model="One Socket"),
        phases=PHASES,
        current_a=MOST_A,
        measurands=frozenset({Measurand.ENERGY_ACTIVE_IMPORT_REGISTER, Measurand.POWER_ACTIVE_IMPORT}),
    )
    socket = Socket(contactor=Relay(pins), lock=LockMotor(pins), pilot=ControlPilot(pins))
    return Charger(
        endpoint,
        identity,
        hardware,
        PulseMeter(pins),
        [socket],
        storage=FolderStorage(folder),
        listener=Display(),
    )


def act(charger: Charger, line: str) -> None:
    """Do what was typed, in place of a cable and a card."""
    match line.split():
        case ["plug"]:
            charger.plugged(1)
            charger.vehicle_ready(1, True)
        case ["tag", id_tag]:
            charger.tag(id_tag)
        case ["unplug"]:
            charger.vehicle_unplugged(1)
            charger.cable_removed(1)
        case _:
            print("type: plug, tag TAG, unplug or stop")


async def main(endpoint: str) -> None:
    charger = build(endpoint, "ONE-SOCKET", Path("one-socket-data"), Pins())
    charger.start()
    loop = asyncio.get_running_loop()
    while (line := await loop.run_in_executor(None, sys.stdin.readline)) and line.strip() != "stop":
        try:
            act(charger, line)
        except ImpossibleHappening as error:
            print(error)
    await charger.stop()


if __name__ == "__main__":
    arguments = sys.argv[1:] or ["ws://127.0.0.1:9000/ocpp"]
    asyncio.run(main(arguments[0]))
