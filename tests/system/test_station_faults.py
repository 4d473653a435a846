"""Faults on demand: what the other side sees of them, over a real connection."""

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from tests.system.small_central import IDENTITY, SmallCentral

from voltline.messages import (
    AvailabilityType,
    BootNotification,
    ChangeAvailability,
    ChangeConfiguration,
    ChargePointErrorCode,
    ChargingProfile,
    ChargingProfileKind,
    ChargingProfilePurpose,
    ChargingRateUnit,
    ChargingSchedule,
    ChargingSchedulePeriod,
    GetConfiguration,
    Heartbeat,
    MessageTrigger,
    Reason,
    RemoteStartTransaction,
    Reset,
    ResetType,
    SetChargingProfile,
    StartTransaction,
    StatusNotification,
    StopTransaction,
    TriggerMessage,
    UnlockConnector,
)
from voltline.quirks import Registry
from voltline.quirks.loading import built_in, read
from voltline.station.core.happenings import ImpossibleHappening
from voltline.station.core.intents import Notice
from voltline.station.device.listener import Listener
from voltline.station.device.storage import MemoryStorage
from voltline.station.simulator import faults
from voltline.station.simulator.actions import VERBS, ClearFault, RaiseFault
from voltline.station.simulator.options import StationOptions
from voltline.station.simulator.spoiling import MALFORMED, Harm, Which
from voltline.station.simulator.station import SimulatedStation
from voltline.station.simulator.vehicle import CARS, Vehicle
from voltline.transport.client import ClientOptions
from voltline.wire.errors import CallError, CallTimeout, NotConnected, RemoteProtocolError

HASTE = ClientOptions(first_wait_s=0.02, longest_wait_s=0.1)
MINE = {"vendor": "Acme", "model": "Mk 1", "firmware_version": "1.0"}


@pytest.fixture
async def central() -> AsyncIterator[SmallCentral]:
    async with SmallCentral() as central:
        yield central


def station(
    central: SmallCentral, quirk: str = "", listener: Listener | None = None, **options: Any
) -> SimulatedStation:
    """With `quirk`, a station that has these facts."""
    made = {"reboot_s": 0.02, "seed": 7} | options
    known = None
    if quirk:
        made |= MINE | {"quirky": True}
        head = '[[quirk]]\nid = "mine"\ntitle = "Mine"\nwrong = "It is."\nmatch = [{ vendor = "Acme" }]\n'
        known = Registry(read(f"{head}[quirk.facts]\n{quirk}", "mine.toml", {}))
    return SimulatedStation(
        central.url,
        IDENTITY,
        StationOptions(**made),
        client=HASTE,
        listener=listener,
        storage=MemoryStorage(),
        quirks=known,
    )


async def online(cp: SimulatedStation) -> None:
    await cp.until(lambda view: view.online)


def frames_in(central: SmallCentral) -> list[str]:
    return [text for direction, text in central.frames if direction == "in"]


async def until(condition: Any) -> None:
    async with asyncio.timeout(10):
        while not condition():
            await asyncio.sleep(0.005)


def heartbeat() -> TriggerMessage:
    return TriggerMessage(requested_message=MessageTrigger.HEARTBEAT)


# ---- frames


async def test_frame_of_every_malformed_kind_arrives_and_the_connection_outlives_it(central: SmallCentral):
    async with station(central) as cp:
        await online(cp)
        for kind, (_, text) in MALFORMED.items():
            before = len(central.frames)
            cp.perform(VERBS["garble"].read({"kind": kind}))
            start, _, end = text.partition('"ID"')
            await until(
                lambda before=before, start=start, end=end: any(
                    one.startswith(start) and one.endswith(end)
                    for direction, one in central.frames[before:]
                    if direction == "in"
                )
            )
        assert str((await central.ask(heartbeat())).status) == "Accepted"
        await central.heard(Heartbeat)
    assert central.connections == 1


async def test_any_text_is_sent_as_it_stands(central: SmallCentral):
    async with station(central) as cp:
        await online(cp)
        cp.perform(VERBS["send"].read({"text": '[2,"mine","Heartbeat",{}]'}))
        await central.heard(Heartbeat)
    assert '[2,"mine","Heartbeat",{}]' in frames_in(central)


async def spoiled(central: SmallCentral, cp: SimulatedStation, harm: Harm, seconds: float = 0.2) -> list[str]:
    """What arrives for a GetConfiguration whose answer comes to harm, and for one after it."""
    await online(cp)
    await until(lambda: len(central.statuses()) > 0)
    before = len(central.frames)
    cp.perform(faults.SpoilFrames(Which.ANSWERS, harm, 1, seconds))
    ask = GetConfiguration(key=["HeartbeatInterval"])
    first = asyncio.ensure_future(central._system.call(IDENTITY, ask, timeout_s=0.5))
    try:
        await first
    except (CallTimeout, CallError, RemoteProtocolError) as failure:
        result = type(failure).__name__
    else:
        result = "answered"
    assert (await central.ask(ask)).configuration_key[0].key == "HeartbeatInterval"
    return [result, *(text for direction, text in central.frames[before:] if direction == "in")]


@pytest.mark.parametrize(
    ("harm", "result", "count"),
    [
        (Harm.LATE, "answered", 2),
        (Harm.TWICE, "answered", 3),
        (Harm.NEVER, "CallTimeout", 1),
        (Harm.WRONG_ID, "CallTimeout", 2),
        (Harm.GARBLED, "RemoteProtocolError", 2),
        (Harm.REFUSED, "CallError", 2),
        (Harm.EMPTY, "answered", 2),
    ],
)
async def test_answer_comes_to_harm_once(central: SmallCentral, harm: Harm, result: str, count: int):
    async with station(central) as cp:
        became, *frames = await spoiled(central, cp, harm)
    assert became == result
    assert len(frames) == count
    if harm is Harm.TWICE:
        assert frames[0] == frames[1]
    if harm is Harm.EMPTY:
        assert frames[0].endswith(",{}]")


async def test_answer_that_is_too_late_is_late(central: SmallCentral):
    async with station(central) as cp:
        became, *frames = await spoiled(central, cp, Harm.LATE, 0.7)
        # The second call went out when the first was given up, and was answered at once.
        assert became == "CallTimeout"
        await until(lambda: len(frames_in(central)) >= len(frames) + 1)


async def test_requests_come_to_harm_until_told_to_behave(central: SmallCentral):
    async with station(central) as cp:
        await online(cp)
        await until(lambda: len(central.statuses()) > 0)
        cp.perform(faults.SpoilFrames(Which.REQUESTS, Harm.TWICE, 0))
        await cp.plug_in(1)
        await until(lambda: frames_in(central)[-2] == frames_in(central)[-1])
        cp.perform(faults.Behave())
        await cp.unplug(1)
        await central.until(lambda: central.statuses()[-1] == "Available")
        assert frames_in(central)[-2] != frames_in(central)[-1]


async def test_reply_that_never_comes_lets_the_station_try_again(central: SmallCentral):
    keys = (
        ("AuthorizeRemoteTxRequests", "false"),
        ("MessageTimeout", "1"),
        ("TransactionMessageRetryInterval", "0"),
    )
    async with station(central, configuration=keys) as cp:
        await online(cp)
        await until(lambda: len(central.statuses()) > 0)
        await cp.plug_in(1)
        await central.until(lambda: central.statuses()[-1] == "Preparing")
        cp.perform(faults.SpoilFrames(Which.REPLIES, Harm.NEVER, 1))
        await central.ask(RemoteStartTransaction(id_tag="APP", connector_id=1))
        await central.heard(StartTransaction, 2)
        await cp.until(lambda view: view.connectors[0].transaction_id is not None)


# ---- the line and the power


async def test_line_that_is_cut_is_silent_and_stands_until_it_is_mended(central: SmallCentral):
    async with station(central) as cp:
        await online(cp)
        cp.perform(faults.CutLine())
        with pytest.raises(CallTimeout):
            await central._system.call(IDENTITY, heartbeat(), timeout_s=0.2)
        assert cp.view().linked
        before = len(central.of(Heartbeat))
        cp.perform(faults.MendLine())
        await central.heard(Heartbeat, before + 1)
    assert central.connections == 1


async def test_dropped_line_is_made_again_without_a_boot(central: SmallCentral):
    async with station(central) as cp:
        await online(cp)
        cp.perform(faults.DropLine())
        await central.until(lambda: central.connections == 2)
        await cp.until(lambda view: view.online)
    assert len(central.of(BootNotification)) == 1


async def test_power_that_is_lost_ends_the_transaction_and_the_car_is_still_there(central: SmallCentral):
    async with station(central) as cp:
        await online(cp)
        await cp.plug_in(1, Vehicle(CARS[2], 0.3))
        await cp.present_tag()
        await cp.until(lambda view: view.connectors[0].transaction_id == 101)
        cp.perform(faults.LosePower(0.05))
        assert cp.view().power_w == 0
        await central.until(lambda: bool(central.closings))
        assert central.closings == ["the connection was lost"]  # without a close frame
        stop = await central.heard(StopTransaction)
        assert (stop.transaction_id, stop.reason) == (101, Reason.POWER_LOSS)
        await central.until(lambda: central.statuses()[-1] == "Preparing")
        assert len(central.of(BootNotification)) == 2


async def test_reboot_loop_boots_as_often_as_told(central: SmallCentral):
    async with station(central) as cp:
        await online(cp)
        cp.perform(faults.Reboot(3))
        await central.heard(BootNotification, 4)
        await online(cp)
        assert str((await central.ask(heartbeat())).status) == "Accepted"
    assert len(central.of(BootNotification)) == 4


async def test_restart_that_is_stuck_is_told_and_the_station_goes_on(central: SmallCentral):
    async with station(central, configuration=(("ResetRetries", "2"),)) as cp:
        await online(cp)
        await central.until(lambda: central.statuses(0) == ["Available"])
        cp.perform(faults.FailReboots(3))
        assert str((await central.ask(Reset(type=ResetType.HARD))).status) == "Accepted"
        await central.until(lambda: central.of(StatusNotification)[-1].error_code == "ResetFailure")
        assert len(central.of(BootNotification)) == 1
        assert str((await central.ask(Reset(type=ResetType.HARD))).status) == "Accepted"
        await central.heard(BootNotification, 2)


async def test_clock_that_is_put_off_stamps_wrongly_until_the_next_heartbeat(central: SmallCentral):
    async with station(central) as cp:
        await online(cp)
        await until(lambda: len(central.statuses()) > 0)
        cp.perform(faults.PutClockOff(-86_400.0))
        await cp.plug_in(1)
        await central.until(lambda: central.statuses()[-1] == "Preparing")
        wrong = central.of(StatusNotification)[-1].timestamp
        assert timedelta(hours=23) < datetime.now(UTC) - wrong < timedelta(hours=25)
        await central.ask(heartbeat())
        await central.heard(Heartbeat)
        # What is answered after it comes after its answer.
        await central.ask(GetConfiguration(key=["HeartbeatInterval"]))
        await cp.unplug(1)
        await central.until(lambda: central.statuses()[-1] == "Available")
        assert abs(datetime.now(UTC) - central.of(StatusNotification)[-1].timestamp) < timedelta(seconds=10)


async def test_meter_that_is_rolled_back_shows_it(central: SmallCentral):
    async with station(central) as cp:
        await online(cp)
        before = cp.view().connectors[0].register_wh
        cp.perform(faults.RollMeterBack(500.0))
        await cp.plug_in(1)
        await cp.present_tag()
        assert (await central.heard(StartTransaction)).meter_start == pytest.approx(before - 500, abs=1)


# ---- at the connector


@pytest.mark.parametrize("code", [one for one in ChargePointErrorCode if one != "NoError"])
async def test_every_error_code_can_be_shown_and_cleared(central: SmallCentral, code: ChargePointErrorCode):
    async with station(central) as cp:
        await online(cp)
        await cp.plug_in(1)
        await central.until(lambda: central.statuses()[-1:] == ["Preparing"])
        cp.perform(RaiseFault(code, 1, "on demand"))
        await central.until(lambda: central.of(StatusNotification)[-1].error_code == code)
        assert central.of(StatusNotification)[-1].info == "on demand"
        cp.perform(ClearFault(1))
        await central.until(lambda: central.of(StatusNotification)[-1].error_code == "NoError")


@pytest.mark.requirement("ULK-06")
async def test_lock_that_turns_out_to_be_jammed_when_it_shall_unlock_has_failed(central: SmallCentral):
    async with station(central) as cp:
        await online(cp)
        await cp.plug_in(1)
        await cp.present_tag()
        await cp.until(lambda view: view.connectors[0].locked)
        cp.perform(faults.JamLock(1))
        unlock = UnlockConnector(connector_id=1)
        assert str((await central.ask(unlock)).status) == "UnlockFailed"
        await central.until(lambda: central.of(StatusNotification)[-1].error_code == "ConnectorLockFailure")
        cp.perform(faults.Repair(1))
        assert str((await central.ask(unlock)).status) == "Unlocked"


async def test_lock_contactor_and_pilot_fail_and_are_repaired(central: SmallCentral):
    async with station(central) as cp:
        await online(cp)
        cp.perform(faults.JamLock(1))
        await cp.plug_in(1, Vehicle(CARS[2], 0.3))
        await cp.present_tag()
        await cp.until(lambda view: view.connectors[0].error_code == "ConnectorLockFailure")
        cp.perform(faults.Repair(1))
        await cp.until(lambda view: view.connectors[0].status == "Charging")
        cp.perform(faults.LoseVehicle(1))
        await cp.until(lambda view: view.connectors[0].error_code == "EVCommunicationError")
        assert cp.view().connectors[0].status == "SuspendedEV"
        cp.perform(faults.Repair(1))
        await cp.until(lambda view: view.connectors[0].status == "Charging")
        cp.perform(faults.WeldContactor(1))
        await cp.present_tag()
        await cp.until(lambda view: view.connectors[0].error_code == "PowerSwitchFailure")
        cp.perform(faults.Repair(1))
        await cp.until(lambda view: view.connectors[0].status == "Finishing")
        assert cp.view().power_w == 0


async def test_limit_of_the_site_below_six_amperes_pauses(central: SmallCentral):
    async with station(central) as cp:
        await online(cp)
        await cp.plug_in(1, Vehicle(CARS[2], 0.3))
        await cp.present_tag()
        cp.perform(VERBS["limit"].read({"connector_id": "1", "current_a": "0.1"}, strict=False))
        await central.until(lambda: central.statuses()[-1:] == ["SuspendedEVSE"])
        cp.perform(faults.LimitSite(1))
        await central.until(lambda: central.statuses()[-1] == "Charging")


# ---- quirks


async def test_station_that_drops_idle_lines_drops_them(central: SmallCentral):
    async with station(central, "drops_idle_socket_after_s = 0.2") as cp:
        await central.until(lambda: central.connections >= 3)
        assert len(central.of(BootNotification)) == 1
        await cp.until(lambda view: view.online)


class Hears(Listener):
    """Keeps what the people at the station are told."""

    def __init__(self) -> None:
        self.told: list[str] = []

    def noticed(self, notice: Notice) -> None:
        self.told.append(notice.text)


async def test_station_that_stalls_over_a_long_schedule_says_so_to_the_people_there(central: SmallCentral):
    hears = Hears()
    facts = (
        "max_schedule_periods = 2\nstalls_above_max_periods_s = 0.05\ndisconnects_above_max_periods = true"
    )
    async with station(central, facts, hears) as cp:
        await online(cp)
        periods = [ChargingSchedulePeriod(start_period=60 * one, limit=10.0) for one in range(3)]
        schedule = ChargingSchedule(charging_rate_unit=ChargingRateUnit.A, charging_schedule_period=periods)
        plan = ChargingProfile(
            charging_profile_id=1,
            stack_level=0,
            charging_profile_purpose=ChargingProfilePurpose.TX_DEFAULT_PROFILE,
            charging_profile_kind=ChargingProfileKind.RELATIVE,
            charging_schedule=schedule,
        )
        with pytest.raises(NotConnected):
            await central.ask(SetChargingProfile(connector_id=1, cs_charging_profiles=plan))
        assert "stalls for 0.05 s: a schedule of 3 periods is too much for it" in hears.told


async def test_station_that_reboots_after_a_setting_accepts_it_and_reboots(central: SmallCentral):
    async with station(central, 'reboots_after_setting = ["StopTxnSampledData"]') as cp:
        await online(cp)
        for key, boots in (("MeterValuesAlignedData", 1), ("StopTxnSampledData", 2)):
            change = ChangeConfiguration(key=key, value="Voltage")
            assert str((await central.ask(change)).status) == "Accepted"
            await central.heard(BootNotification, boots)
            await online(cp)


async def test_station_that_stops_below_its_start_does_so_where_nothing_flowed(central: SmallCentral):
    async with station(central, "meter_stop_below_start_wh = 1") as cp:
        await online(cp)
        await cp.plug_in(1, Vehicle(CARS[2], 1.0))
        await cp.present_tag()
        await cp.until(lambda view: view.connectors[0].transaction_id == 101)
        await cp.present_tag()
        stop = await central.heard(StopTransaction)
        assert stop.meter_stop == central.of(StartTransaction)[0].meter_start - 1


async def test_station_that_long_tags_break_does_not_answer_them(central: SmallCentral):
    async with station(central, "max_remote_id_tag_length = 16") as cp:
        await online(cp)
        with pytest.raises(CallTimeout):
            await central._system.call(IDENTITY, RemoteStartTransaction(id_tag="A" * 17), timeout_s=0.2)
        answer = await central.ask(RemoteStartTransaction(id_tag="A" * 16))
        assert str(answer.status) == "Accepted"


async def test_station_that_rejects_availability_of_connector_0(central: SmallCentral):
    async with station(central, "rejects_availability_of_connector_0 = true") as cp:
        await online(cp)
        for connector_id, status in ((0, "Rejected"), (1, "Accepted")):
            request = ChangeAvailability(connector_id=connector_id, type=AvailabilityType.INOPERATIVE)
            assert str((await central.ask(request)).status) == status


async def test_station_that_reports_connector_0_only(central: SmallCentral):
    def reports() -> list[tuple[int, str]]:
        frames = [json.loads(text) for text in frames_in(central) if '"StatusNotification"' in text]
        return [(frame[3]["connectorId"], frame[3]["status"]) for frame in frames]

    async with station(central, "reports_only_connector_0 = true") as cp:
        await until(lambda: reports() == [(0, "Available")])
        await cp.plug_in(1)
        # A strict central system refuses the second: connector 0 cannot be Preparing.
        await until(lambda: reports() == [(0, "Available"), (0, "Preparing")])


async def test_station_whose_meter_calls_kwh_wh(central: SmallCentral):
    fault = """
reading_faults = [
  { measurand = "Energy.Active.Import.Register", unit = "Wh", factor = "1000", means = "Wh" },
  { measurand = "Temperature", unit = "Celsius", factor = "0.001", means = "Celsius" },
]
"""
    sampled = ("MeterValuesSampledData", "Energy.Active.Import.Register,Temperature")
    async with station(central, fault, configuration=(sampled,)) as cp:
        await online(cp)
        await central.ask(TriggerMessage(requested_message=MessageTrigger.METER_VALUES, connector_id=1))
        await until(lambda: any('"MeterValues"' in text for text in frames_in(central)))
        frame = json.loads(next(text for text in frames_in(central) if '"MeterValues"' in text))
        energy, temperature = frame[3]["meterValue"][0]["sampledValue"]
        register_wh = cp.view().connectors[0].register_wh
        assert (energy["value"], energy["unit"]) == (f"{register_wh / 1000:.3f}", "Wh")
        assert (temperature["value"], temperature["unit"]) == ("21000", "Celsius")


async def test_car_of_a_make_is_named(central: SmallCentral):
    async with station(central) as cp:
        await online(cp)
        cp.perform(VERBS["car"].read({"make": "Tourer", "soc_percent": "25"}, strict=False))
        assert cp.view().connectors[0].soc_percent == 25.0
        with pytest.raises(ImpossibleHappening, match="'boat' is the name of no cars; there are: city car"):
            cp.perform(VERBS["car"].read({"make": "boat"}))


async def test_any_known_quirk_can_be_had_on_demand_and_given_up(central: SmallCentral):
    zero, one = (
        ChangeAvailability(connector_id=number, type=AvailabilityType.INOPERATIVE) for number in (0, 1)
    )
    async with station(central) as cp:
        await online(cp)
        for quirk in built_in():
            cp.perform(faults.HaveQuirk(quirk.id))
        assert str((await central.ask(zero)).status) == "Rejected"
        await central.ask(TriggerMessage(requested_message=MessageTrigger.METER_VALUES, connector_id=1))
        await until(lambda: any('"MeterValues"' in text for text in frames_in(central)))
        register_wh = cp.view().connectors[0].register_wh
        assert f'"value":"{register_wh / 1000:.3f}"' in next(
            text for text in frames_in(central) if '"MeterValues"' in text
        )
        cp.perform(faults.Behave())
        assert str((await central.ask(one)).status) == "Accepted"
        assert str((await central.ask(zero)).status) == "Accepted"
        with pytest.raises(ImpossibleHappening, match="there is no quirk 'acme'; there are abb-reboots"):
            cp.perform(faults.HaveQuirk("acme"))
