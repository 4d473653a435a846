"""A charge point built on the core: the example of examples/one_socket_charger.py, over a real connection."""

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from tests.system.small_central import SmallCentral
from tests.system.test_examples import example

from voltline.messages import (
    BootNotification,
    ChangeConfiguration,
    ChargePointErrorCode,
    ChargingProfile,
    ChargingProfileKind,
    ChargingProfilePurpose,
    ChargingRateUnit,
    ChargingSchedule,
    ChargingSchedulePeriod,
    GetConfiguration,
    GetDiagnostics,
    Reason,
    SetChargingProfile,
    StartTransaction,
    StatusNotification,
    StopTransaction,
)
from voltline.station.charger import Charger, Hardware, ImpossibleHappening, MemoryStorage, Socket

PROJECT = Path(__file__).resolve().parents[3]
TAG = "04E3F89A2C3C80"


@pytest.fixture
async def central() -> AsyncIterator[SmallCentral]:
    async with SmallCentral() as central:
        yield central


@pytest.fixture(scope="module")
def made() -> ModuleType:
    return example("one_socket_charger")


class Wired:
    """The example's charger at a central system, with its pins in the hands of the test."""

    def __init__(self, central: SmallCentral, made: ModuleType, folder: Path) -> None:
        self.central = central
        self.pins: Any = made.Pins()
        self.charger: Charger = made.build(central.url, "CP1", folder, self.pins)
        self.charger.start()

    async def told(self, status: str) -> StatusNotification:
        """Wait until this is what the connector reported last."""
        await self.central.until(lambda: self.central.statuses()[-1:] == [status])
        return [one for one in self.central.of(StatusNotification) if one.connector_id == 1][-1]

    def charge(self) -> None:
        self.charger.plugged(1)
        self.charger.vehicle_ready(1, True)
        self.charger.tag(TAG)


@pytest.fixture
async def wired(central: SmallCentral, made: ModuleType, tmp_path: Path) -> AsyncIterator[Wired]:
    wired = Wired(central, made, tmp_path / "kept")
    await wired.told("Available")
    yield wired
    await wired.charger.stop()


async def test_built_charger_moves_its_parts_as_the_session_demands(wired: Wired):
    assert wired.charger.online
    wired.charge()
    await wired.told("Charging")
    assert (wired.pins.contactor, wired.pins.lock) == (True, True)
    wired.charger.tag(TAG)
    await wired.told("Finishing")
    assert (wired.pins.contactor, wired.pins.lock) == (False, False)
    wired.charger.vehicle_unplugged(1)
    wired.charger.cable_removed(1)
    await wired.told("Available")
    start, stop = wired.central.of(StartTransaction)[0], wired.central.of(StopTransaction)[0]
    assert (start.id_tag, stop.reason, stop.transaction_id) == (TAG, Reason.LOCAL, 101)


async def test_limit_of_the_site_reaches_the_pilot(wired: Wired):
    wired.charge()
    await wired.told("Charging")
    wired.charger.site_limit(10.0)
    assert wired.pins.pilot_a == 10.0
    wired.charger.site_limit(None)
    assert wired.pins.pilot_a == 16.0


class Wires:
    """What a pilot and a phase switch were told, in order."""

    def __init__(self) -> None:
        self.told: list[tuple[str, float | int | None]] = []

    def switch(self, on: bool) -> None:
        pass

    def offer(self, current_a: float | None) -> None:
        self.told.append(("offer", current_a))

    def feed(self, phases: int | None) -> None:
        self.told.append(("feed", phases))


def switching_charger(
    central: SmallCentral, made: ModuleType, wires: Wires, *, switch: bool = True
) -> Charger:
    hardware = Hardware(
        boot=BootNotification(charge_point_vendor="Example", charge_point_model="Switches"),
        defaults=(("ConnectorSwitch3to1PhaseSupported", "true"),),
    )
    socket = Socket(contactor=wires, pilot=wires, phases=wires if switch else None)
    return Charger(central.url, "CP1", hardware, made.PulseMeter(made.Pins()), [socket])


async def test_fewer_phases_come_before_more_current_and_less_current_before_more_phases(
    central: SmallCentral, made: ModuleType
):
    wires = Wires()
    charger = switching_charger(central, made, wires)
    charger.start()
    await central.until(lambda: central.statuses()[-1:] == ["Available"])
    charger.plugged(1)
    charger.vehicle_ready(1, True)
    charger.tag(TAG)
    await central.until(lambda: central.statuses()[-1:] == ["Charging"])
    wires.told.clear()
    for watts, phases in ((4140.0, 1), (6900.0, 3)):
        period = ChargingSchedulePeriod(start_period=0, limit=watts, number_phases=phases)
        schedule = ChargingSchedule(charging_rate_unit=ChargingRateUnit.W, charging_schedule_period=[period])
        profile = ChargingProfile(
            charging_profile_id=1,
            stack_level=0,
            charging_profile_purpose=ChargingProfilePurpose.TX_DEFAULT_PROFILE,
            charging_profile_kind=ChargingProfileKind.RELATIVE,
            charging_schedule=schedule,
        )
        answer = await central.ask(SetChargingProfile(connector_id=1, cs_charging_profiles=profile))
        assert answer.status == "Accepted"
    await charger.stop()
    assert wires.told[:4] == [("feed", 1), ("offer", 18.0), ("offer", 10.0), ("feed", None)]


async def test_charger_that_says_it_switches_phases_needs_the_switch(central: SmallCentral, made: ModuleType):
    with pytest.raises(ValueError, match=r"no phase switch; give it one in Socket\.phases"):
        switching_charger(central, made, Wires(), switch=False)


async def test_part_that_fails_is_reported_as_a_fault(wired: Wired):
    wired.charge()
    await wired.told("Charging")
    wired.pins.welded = True
    wired.charger.stop_pressed(1, Reason.EMERGENCY_STOP)
    told = await wired.told("Faulted")
    assert (told.error_code, told.info) == ("PowerSwitchFailure", "the contactor does not open")
    assert wired.central.of(StopTransaction)[0].reason == Reason.EMERGENCY_STOP
    wired.charger.repaired(1)
    await wired.told("Finishing")
    wired.charger.fault(ChargePointErrorCode.GROUND_FAILURE, 1)
    assert (await wired.told("Faulted")).error_code == "GroundFailure"


async def test_what_cannot_happen_is_said_in_words(wired: Wired):
    wired.charger.plugged(1)
    with pytest.raises(ImpossibleHappening, match="already"):
        wired.charger.plugged(1)
    with pytest.raises(ImpossibleHappening, match="connector 2"):
        wired.charger.plugged(2)


async def test_built_charger_has_the_functions_that_the_core_brings(wired: Wired):
    diagnostics = await wired.central.ask(GetDiagnostics(location="http://127.0.0.1:9/"))
    assert diagnostics.file_name
    answer = await wired.central.ask(GetConfiguration(key=["SupportedFeatureProfiles"]))
    assert "SmartCharging" in (answer.configuration_key[0].value or "")


async def test_what_was_configured_outlives_a_loss_of_power(central: SmallCentral, made: ModuleType):
    storage = MemoryStorage()
    for expected in ("0", "77"):
        pins = made.Pins()
        hardware = made.Hardware(
            boot=BootNotification(charge_point_vendor="Example", charge_point_model="Two Lives")
        )
        socket = Socket(contactor=made.Relay(pins))
        charger = Charger(central.url, "CP1", hardware, made.PulseMeter(pins), [socket], storage=storage)
        central.requests.clear()
        charger.start()
        await central.until(lambda: bool(central.of(StatusNotification)[1:]))
        answer = await central.ask(GetConfiguration(key=["ClockAlignedDataInterval"]))
        assert answer.configuration_key[0].value == expected
        await central.ask(ChangeConfiguration(key="ClockAlignedDataInterval", value="77"))
        await charger.stop(graceful=False)


def test_sockets_and_connectors_have_to_agree(made: ModuleType):
    pins = made.Pins()
    boot = BootNotification(charge_point_vendor="Example", charge_point_model="None")
    with pytest.raises(ValueError, match="1 connectors need as many sockets, not 0"):
        Charger("ws://127.0.0.1:9/", "CP1", made.Hardware(boot=boot), made.PulseMeter(pins), [])


async def test_the_example_runs_as_a_program(central: SmallCentral, tmp_path: Path):
    ran = await asyncio.create_subprocess_exec(
        sys.executable,
        str(PROJECT / "examples" / "one_socket_charger.py"),
        central.url,
        cwd=tmp_path,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert ran.stdin is not None

    def of(kind: Any) -> list[Any]:
        return central.of(kind, "ONE-SOCKET")

    async def typed(line: str, seen: Callable[[], bool]) -> None:
        assert ran.stdin is not None
        ran.stdin.write(f"{line}\n".encode())
        await central.until(seen)

    await central.until(lambda: len(of(StatusNotification)) >= 2)
    await typed("plug", lambda: of(StatusNotification)[-1].status == "Preparing")
    await typed(f"tag {TAG}", lambda: bool(of(StartTransaction)))
    await typed("unplug", lambda: bool(of(StopTransaction)))
    ran.stdin.write(b"plug\nplug\nstop\n")
    said, _ = await asyncio.wait_for(ran.communicate(), 20)
    assert ran.returncode == 0
    assert "already" in said.decode()


def test_examples_are_typed_strictly():
    # A separate process: mypy keeps much in memory.
    checked = subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", "examples/one_socket_charger.py"],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        timeout=110,
    )
    assert checked.returncode == 0, checked.stdout
