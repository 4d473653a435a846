"""The simulated station against a strict central system, over a real connection."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import pytest
from tests.system.small_central import IDENTITY, SmallCentral

from voltline.messages import (
    BootNotification,
    CertificateSigned,
    ChangeConfiguration,
    GetConfiguration,
    Heartbeat,
    MessageTrigger,
    MeterValues,
    Reason,
    RegistrationStatus,
    RemoteStartTransaction,
    RemoteStopTransaction,
    Reset,
    ResetType,
    StartTransaction,
    StatusNotification,
    StopTransaction,
    TriggerMessage,
)
from voltline.station.core.happenings import ImpossibleHappening
from voltline.station.simulator.options import DEFAULT_TAG, StationOptions
from voltline.station.simulator.station import SimulatedStation
from voltline.station.simulator.vehicle import CARS, Vehicle
from voltline.station.simulator.visits import Rhythm
from voltline.transport.client import ClientOptions
from voltline.wire.errors import CallError, CallTimeout

HASTE = ClientOptions(first_wait_s=0.05, longest_wait_s=0.2)


@pytest.fixture
async def central() -> AsyncIterator[SmallCentral]:
    async with SmallCentral() as central:
        yield central


def station(central: SmallCentral, **options: object) -> SimulatedStation:
    made = StationOptions(**({"connectors": 2, "reboot_s": 0.05, "seed": 7} | options))
    return SimulatedStation(central.url, IDENTITY, made, client=HASTE)


def status(connector_id: int, wanted: str):
    return lambda view: view.connectors[connector_id - 1].status == wanted


@pytest.mark.requirement(
    "BOO-01", "BOO-06", "TXS-01", "TXE-01", "MTV-01", "MTV-26", "AUT-02", "WSC-04", "WSC-06"
)
async def test_whole_session_from_boot_to_unplug(central: SmallCentral):
    async with station(central, configuration=(("MeterValueSampleInterval", "1"),)) as cp:
        await cp.until(lambda view: view.online)
        car = Vehicle(CARS[2], 0.4)
        await cp.plug_in(1, car)
        await cp.present_tag()
        await central.heard(MeterValues, 2)
        await cp.present_tag()
        await cp.unplug(1)
        await central.until(lambda: central.statuses()[-1] == "Available" and len(central.statuses()) > 4)
    names = [type(one).__name__ for _, one in central.requests]
    assert names[0] == "BootNotification"
    assert central.statuses() == ["Available", "Preparing", "Charging", "Finishing", "Available"]
    start, stop = central.of(StartTransaction)[0], central.of(StopTransaction)[0]
    readings = [start.meter_start]
    for values in central.of(MeterValues):
        assert values.transaction_id == stop.transaction_id == 101
        register = values.meter_value[0].sampled_value[0]
        readings.append(int(register.value))
    readings.append(stop.meter_stop)
    assert readings == sorted(readings)
    assert readings[-1] > readings[0]
    measured = {one.measurand for one in central.of(MeterValues)[0].meter_value[0].sampled_value}
    assert measured == {
        "Energy.Active.Import.Register",
        "Power.Active.Import",
        "Current.Import",
        "Voltage",
        "SoC",
    }


@pytest.mark.requirement("RTX-01", "RTX-13", "RTX-14", "TRG-01")
async def test_central_system_starts_triggers_and_stops(central: SmallCentral):
    async with station(central) as cp:
        await cp.until(lambda view: view.online)
        await cp.plug_in(2)
        assert (
            await central.ask(RemoteStartTransaction(id_tag="APP-1", connector_id=2))
        ).status == "Accepted"
        await cp.until(status(2, "Charging"))
        await cp.until(lambda view: view.connectors[1].transaction_id == 101)
        trigger = TriggerMessage(requested_message=MessageTrigger.METER_VALUES, connector_id=2)
        assert (await central.ask(trigger)).status == "Accepted"
        assert (await central.heard(MeterValues)).connector_id == 2
        assert (await central.ask(RemoteStopTransaction(transaction_id=1))).status == "Rejected"
        assert (await central.ask(RemoteStopTransaction(transaction_id=101))).status == "Accepted"
        assert (await central.heard(StopTransaction)).reason == Reason.REMOTE
    # On the wire the answer to the trigger comes before what it triggers.
    received = [json.loads(text) for direction, text in central.frames if direction == "in"]
    answers = [index for index, frame in enumerate(received) if frame[0] == 3]
    values = next(index for index, frame in enumerate(received) if frame[2] == "MeterValues")
    assert answers[1] == values - 1


@pytest.mark.requirement("CFG-02", "HBT-01")
async def test_heartbeat_interval_is_obeyed_at_once(central: SmallCentral):
    async with station(central) as cp:
        await cp.until(lambda view: view.online)
        change = ChangeConfiguration(key="HeartbeatInterval", value="1")
        assert (await central.ask(change)).status == "Accepted"
        await central.heard(Heartbeat, 2)


@pytest.mark.requirement("FRM-25")
async def test_what_the_station_cannot_do_is_refused_with_the_right_code(central: SmallCentral):
    async with station(central) as cp:
        await cp.until(lambda view: view.online)
        with pytest.raises(CallError) as refusal:
            await central.ask(CertificateSigned(certificate_chain="none"))
        assert refusal.value.code == "NotSupported"


@pytest.mark.requirement("RST-02", "RST-03", "RST-04", "BOO-01")
async def test_reset_answers_stops_reconnects_and_boots(central: SmallCentral):
    async with station(central) as cp:
        await cp.until(lambda view: view.online)
        await cp.plug_in(1)
        await cp.present_tag()
        await cp.until(lambda view: view.connectors[0].transaction_id is not None)
        assert (await central.ask(Reset(type=ResetType.SOFT))).status == "Accepted"
        await central.heard(BootNotification, 2)
        assert central.connections == 2
        names = [type(one).__name__ for _, one in central.requests]
        assert names.index("StopTransaction") < len(names) - 1 - names[::-1].index("BootNotification")
        assert central.of(StopTransaction)[0].reason == Reason.SOFT_RESET
        await cp.until(lambda view: view.online)


@pytest.mark.requirement("RST-05", "QUE-13")
async def test_hard_reset_delivers_the_stop(central: SmallCentral):
    async with station(central) as cp:
        await cp.until(lambda view: view.online)
        await cp.plug_in(1)
        await cp.present_tag()
        await cp.until(status(1, "Charging"))
        await central.ask(Reset(type=ResetType.HARD))
        await central.heard(BootNotification, 2)
        assert (await central.heard(StopTransaction)).reason == Reason.HARD_RESET


@pytest.mark.requirement("QUE-01", "QUE-02", "WSC-11", "STN-11")
async def test_lost_central_system_gets_everything_in_order_when_it_is_back(central: SmallCentral):
    async with station(central, configuration=(("MeterValueSampleInterval", "1"),)) as cp:
        await cp.until(lambda view: view.online)
        await cp.plug_in(1)
        await cp.present_tag()
        await central.heard(MeterValues)
        await central.vanish()
        await cp.until(lambda view: not view.linked)
        await cp.present_tag()
        await cp.unplug(1)
        await cp.plug_in(2)
        await cp.present_tag()
        await cp.until(lambda view: view.queued >= 3)
        await central.come_back()
        await central.heard(StartTransaction, 2)
        await cp.until(lambda view: view.queued == 0 and view.connectors[1].transaction_id == 102)
        assert central.statuses(1)[-1] == "Available"
        assert central.statuses(2)[-1] == "Charging"
    assert len(central.of(BootNotification)) == 1
    messages = [one for _, one in central.requests if isinstance(one, StartTransaction | StopTransaction)]
    assert [type(one).__name__ for one in messages] == ["StartTransaction", "StopTransaction"] * 2
    times = [one.timestamp for one in messages]
    assert times == sorted(times)


@pytest.mark.requirement("BOO-10", "BOO-11")
async def test_rejected_station_is_silent_until_its_time(central: SmallCentral):
    central.registration = RegistrationStatus.REJECTED
    central.interval_s = 1
    async with station(central) as cp:
        await cp.until(lambda view: view.standing.value == "rejected")
        with pytest.raises(CallTimeout):
            await central._system.call(IDENTITY, GetConfiguration(), timeout_s=0.3)
        central.registration = RegistrationStatus.ACCEPTED
        await cp.until(lambda view: view.online)
        assert not [one for one in central.requests[:2] if not isinstance(one[1], BootNotification)]
        assert (await central.ask(GetConfiguration())).configuration_key


@pytest.mark.requirement("BOO-16", "BOO-17")
async def test_pending_station_answers(central: SmallCentral):
    central.registration = RegistrationStatus.PENDING
    async with station(central) as cp:
        await cp.until(lambda view: view.standing.value == "pending")
        assert (await central.ask(GetConfiguration(key=["NumberOfConnectors"]))).configuration_key[
            0
        ].value == "2"
        trigger = TriggerMessage(requested_message=MessageTrigger.STATUS_NOTIFICATION, connector_id=0)
        assert (await central.ask(trigger)).status == "Accepted"
        await central.heard(StatusNotification)
        assert len(central.of(StatusNotification)) == 1


async def test_network_can_be_taken_away_and_given_back(central: SmallCentral):
    async with station(central) as cp:
        await central.heard(StatusNotification, 3)
        await cp.until(lambda view: view.online)
        await central.ask(GetConfiguration(key=["NumberOfConnectors"]))  # after the answers to what was sent
        await cp.go_offline()
        await cp.until(lambda view: not view.linked)
        await cp.plug_in(1)
        await cp.go_online()
        await central.until(lambda: central.statuses() == ["Available", "Preparing"])


async def test_stopping_ends_transactions_first(central: SmallCentral):
    async with station(central) as cp:
        await cp.until(lambda view: view.online)
        await cp.plug_in(1)
        await cp.present_tag()
        await cp.until(status(1, "Charging"))
    assert central.of(StopTransaction)[0].reason == Reason.REBOOT
    assert cp.view().linked is False


async def test_stopping_without_central_system_is_quick():
    cp = SimulatedStation("ws://127.0.0.1:9/ocpp", IDENTITY, client=HASTE)
    await cp.start()
    await cp.plug_in(1)
    async with asyncio.timeout(2.0):
        await cp.stop()


async def test_refused_tag_does_not_charge(central: SmallCentral):
    central.blocked.add("BLOCKED")
    async with station(central) as cp:
        await cp.until(lambda view: view.online)
        await cp.plug_in(1)
        await cp.present_tag("BLOCKED")
        await cp.present_tag("GOOD")
        await cp.until(status(1, "Charging"))
    assert [one.id_tag for one in central.of(StartTransaction)] == ["GOOD"]


async def test_full_car_suspends_and_tells_the_energy(central: SmallCentral):
    car = Vehicle(CARS[2], 0.7999, target_soc=0.8)
    async with station(central) as cp:
        await cp.until(lambda view: view.online)
        await cp.plug_in(1, car)
        await cp.present_tag()
        await cp.until(status(1, "SuspendedEV"), timeout_s=20.0)
        view = cp.view().connectors[0]
        assert view.power_w == 0.0
        assert view.energy_wh == pytest.approx(0.0001 * 77_000, abs=2)
        assert view.soc_percent == pytest.approx(80.0)


async def test_cars_come_and_go_by_themselves(central: SmallCentral):
    rhythm = Rhythm(first_pause_s=0.02, pause_s=0.05, stay_s=0.3, fumble_s=0.05, patience_s=0.2)
    async with station(central, connectors=1, auto=rhythm, id_tags=("A", "B")) as cp:
        await cp.until(lambda view: view.online)
        await central.heard(StopTransaction, 3)
        await central.until(lambda: central.statuses()[-1] == "Available")
    stops = central.of(StopTransaction)
    assert {one.reason for one in stops[:3]} == {Reason.LOCAL}
    assert {one.id_tag for one in central.of(StartTransaction)} <= {"A", "B"}


async def test_many_stations_share_a_process(central: SmallCentral):
    async with AsyncExitStack() as stack:
        stations = [
            await stack.enter_async_context(SimulatedStation(central.url, f"CP-{number}", client=HASTE))
            for number in range(50)
        ]
        for cp in stations:
            await cp.until(lambda view: view.online)
            await cp.plug_in(1)
            await cp.present_tag()
        for cp in stations:
            await cp.until(lambda view: view.connectors[0].transaction_id is not None)
    assert len({one.transaction_id for _, one in central.requests if isinstance(one, StopTransaction)}) == 50


async def test_impossible_action_says_why(central: SmallCentral):
    async with station(central) as cp:
        await cp.plug_in(1)
        with pytest.raises(ImpossibleHappening, match="plugged into connector 1 already"):
            await cp.plug_in(1)
        with pytest.raises(ImpossibleHappening, match="this station has connectors 1 to 2"):
            await cp.unplug(3)
        await cp.unplug(1)


async def test_condition_that_never_comes_true_says_what_there_is_instead(central: SmallCentral):
    async with station(central) as cp:
        with pytest.raises(TimeoutError, match=r"CP1: charging did not come true in 0\.05 s; StationView"):
            await cp.until(status(1, "Charging"), timeout_s=0.05, what="charging")
        with pytest.raises(ZeroDivisionError):
            await cp.until(lambda view: 1 / 0)


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"phases": 2}, "1 or 3 phases, not 2"),
        ({"connectors": 0}, "at least one connector, not 0"),
        ({"power_w": 0.0}, "above 0 W, not 0"),
        ({"configuration": (("NoSuchKey", "1"),)}, "'1': this station has no such key"),
    ],
)
def test_station_that_cannot_be_built_says_why(options: dict[str, object], text: str):
    with pytest.raises(ValueError, match=text):
        SimulatedStation("ws://127.0.0.1:9/ocpp", "CP1", StationOptions(**options))


def test_default_tag_looks_like_a_card():
    assert len(DEFAULT_TAG) == 14
    int(DEFAULT_TAG, 16)
