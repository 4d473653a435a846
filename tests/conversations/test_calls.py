"""Calls both ways between our two ends, over a real socket."""

import asyncio
import logging

import aiohttp
import pytest
from tests.conversing import BOOT, NOW, running, until, with_boot_and_heartbeat

from voltline import (
    BootNotification,
    BootNotificationResponse,
    CallError,
    CallTimeout,
    CentralSystem,
    ChangeConfiguration,
    ChargePoint,
    ClearCache,
    ClearCacheResponse,
    ClearCacheStatus,
    ClientOptions,
    Connection,
    DataTransfer,
    DataTransferResponse,
    DataTransferStatus,
    Deviation,
    ErrorCode,
    GetConfiguration,
    GetConfigurationResponse,
    Heartbeat,
    HeartbeatResponse,
    KeyValue,
    LocalProtocolError,
    NotConnected,
    Refusal,
    RegistrationStatus,
    RemoteProtocolError,
    Reset,
    ResetType,
    ServerOptions,
    Watch,
)
from voltline.messages import Mode


async def test_boot_and_a_call_back_are_typed_on_both_sides() -> None:
    central = with_boot_and_heartbeat(CentralSystem())
    async with running(central) as url:
        charge_point = ChargePoint(url, "CP1")

        @charge_point.on(GetConfiguration)
        async def configuration(_: Connection, request: GetConfiguration) -> GetConfigurationResponse:
            return GetConfigurationResponse(
                configuration_key=[KeyValue(key=key, readonly=False, value="1") for key in request.key or ()]
            )

        async with charge_point:
            answer = await charge_point.call(BOOT)
            assert (answer.status, answer.interval, answer.current_time) == (
                RegistrationStatus.ACCEPTED,
                300,
                NOW,
            )
            read = await central.call("CP1", GetConfiguration(key=["HeartbeatInterval"]))
            assert read.configuration_key and read.configuration_key[0].key == "HeartbeatInterval"


async def test_a_handler_may_call_its_peer_before_it_answers() -> None:
    central = CentralSystem()
    asked: list[str] = []

    @central.on(BootNotification)
    async def boot(station: Connection, request: BootNotification) -> BootNotificationResponse:
        asked.append((await station.call(ClearCache())).status)
        return BootNotificationResponse(status=RegistrationStatus.ACCEPTED, current_time=NOW, interval=1)

    async with running(central) as url:
        charge_point = ChargePoint(url, "CP1")

        @charge_point.on(ClearCache)
        def clear(_: Connection, request: ClearCache) -> ClearCacheResponse:
            return ClearCacheResponse(status=ClearCacheStatus.ACCEPTED)

        async with charge_point:
            assert (await charge_point.call(BOOT, timeout_s=5)).status == RegistrationStatus.ACCEPTED
            assert asked == [ClearCacheStatus.ACCEPTED]


@pytest.mark.requirement("FRM-15", "FRM-16")
async def test_many_stations_call_and_are_called_at_the_same_time() -> None:
    central = with_boot_and_heartbeat(CentralSystem())
    async with running(central) as url:
        fleet = [ChargePoint(url, f"CP{number}") for number in range(20)]
        for one in fleet:

            @one.on(DataTransfer)
            async def echo(peer: Connection, request: DataTransfer) -> DataTransferResponse:
                await peer.call(Heartbeat())
                return DataTransferResponse(status=DataTransferStatus.ACCEPTED, data=peer.identity)

        await asyncio.gather(*(one.__aenter__() for one in fleet))
        calls = [central.call(one.identity, DataTransfer(vendor_id="v")) for one in fleet for _ in range(10)]
        answers = await asyncio.gather(*calls, *(one.call(Heartbeat()) for one in fleet for _ in range(10)))
        assert [one.data for one in answers[:200] if isinstance(one, DataTransferResponse)] == [
            one.identity for one in fleet for _ in range(10)
        ]
        await asyncio.gather(*(one.close() for one in fleet))


@pytest.mark.requirement("FRM-31", "FRM-33")
async def test_what_a_handler_raises_becomes_the_right_callerror(caplog: pytest.LogCaptureFixture) -> None:
    central = CentralSystem()

    @central.on(BootNotification)
    async def broken(station: Connection, request: BootNotification) -> BootNotificationResponse:
        raise KeyError("a bug with a secret inside")

    @central.on(Heartbeat)
    def refused(station: Connection, request: Heartbeat) -> HeartbeatResponse:
        raise RemoteProtocolError(ErrorCode.SECURITY_ERROR, "not before you are accepted")

    async with running(central) as url, ChargePoint(url, "CP1") as station:
        with pytest.raises(CallError) as failed, caplog.at_level(logging.CRITICAL, "voltline.transport"):
            await station.call(BOOT)
        assert failed.value.code == "InternalError"
        assert "secret" not in failed.value.description
        with pytest.raises(CallError, match="not before you are accepted") as error:
            await station.call(Heartbeat())
        assert (error.value.code, error.value.action) == ("SecurityError", "Heartbeat")


@pytest.mark.requirement("FRM-24", "FRM-25")
async def test_unserved_actions_are_refused_by_the_right_name(http: aiohttp.ClientSession) -> None:
    async with running(with_boot_and_heartbeat(CentralSystem())) as url:
        async with http.ws_connect(f"{url}/CP1", protocols=("ocpp1.6",)) as websocket:
            await websocket.send_str('[2,"1","Authorize",{"idTag":"X"}]')
            assert '"NotSupported"' in (await websocket.receive(timeout=5)).data
            await websocket.send_str('[2,"2","Fly",{}]')
            assert '"NotImplemented"' in (await websocket.receive(timeout=5)).data
            await websocket.send_str('[2,"3","Reset",{"type":"Soft"}]')
            assert '"NotSupported"' in (await websocket.receive(timeout=5)).data


async def test_a_call_nobody_answers_times_out_and_the_next_one_goes_through() -> None:
    central = with_boot_and_heartbeat(CentralSystem())
    async with running(central) as url:
        charge_point = ChargePoint(url, "CP1")
        forever = asyncio.Event()

        @charge_point.on(Reset)
        async def never(_: Connection, request: Reset) -> None:
            await forever.wait()

        @charge_point.on(ClearCache)
        def clear(_: Connection, request: ClearCache) -> ClearCacheResponse:
            return ClearCacheResponse(status=ClearCacheStatus.ACCEPTED)

        async with charge_point:
            with pytest.raises(CallTimeout, match="CP1 did not answer Reset"):
                await central.call("CP1", Reset(type=ResetType.SOFT), timeout_s=0.05)
            assert (await central.call("CP1", ClearCache())).status == ClearCacheStatus.ACCEPTED


async def test_calling_who_is_not_there_says_so() -> None:
    central = CentralSystem()
    async with running(central) as url:
        with pytest.raises(NotConnected, match="'CP1' is not connected"):
            await central.call("CP1", ClearCache())
        station = ChargePoint(url, "CP1")
        with pytest.raises(NotConnected, match="CP1 is not connected to"):
            await station.call(Heartbeat())


async def test_a_connection_that_ends_fails_the_open_call() -> None:
    central = CentralSystem()
    async with running(central) as url:
        charge_point = ChargePoint(url, "CP1")

        @charge_point.on(Reset)
        async def leave(peer: Connection, request: Reset) -> None:
            peer.close(1000, "bye")
            await asyncio.Event().wait()

        async with charge_point:
            with pytest.raises(
                NotConnected, match="Reset was sent but not answered: closed by the station with 1000 bye"
            ):
                await central.call("CP1", Reset(type=ResetType.HARD))


async def test_an_invalid_request_is_not_sent_and_every_problem_named() -> None:
    central = CentralSystem()
    async with running(central) as url, ChargePoint(url, "CP1") as station:
        await until(lambda: central.stations)
        with pytest.raises(LocalProtocolError, match=r"\$\.key.*\$\.value"):
            await central.call("CP1", ChangeConfiguration(key="k" * 51, value="v" * 501))
        assert station.connected


async def test_an_unusable_answer_is_the_peer_s_fault(http: aiohttp.ClientSession) -> None:
    central = CentralSystem()
    async with running(central) as url, http.ws_connect(f"{url}/CP1", protocols=("ocpp1.6",)) as websocket:
        await until(lambda: central.stations)
        call = asyncio.create_task(central.call("CP1", ClearCache()))
        message_id = (await websocket.receive_json(timeout=5))[1]
        await websocket.send_json([3, message_id, {}])
        with pytest.raises(RemoteProtocolError, match="the answer to ClearCache cannot be used") as error:
            await call
        assert error.value.path == "$.status"


async def test_deviations_of_requests_are_told_with_action_and_id(http: aiohttp.ClientSession) -> None:
    told: list[tuple[str, str, str]] = []

    def deviated(_: Connection, action: str, message_id: str, deviations: tuple[Deviation, ...]) -> None:
        told.extend((action, message_id, one.path) for one in deviations)

    central = with_boot_and_heartbeat(CentralSystem(watch=Watch(deviations=deviated)))
    async with running(central) as url, http.ws_connect(f"{url}/CP1", protocols=("ocpp1.6",)) as websocket:
        await websocket.send_str(
            '[2,"7","BootNotification",{"chargePointVendor":"V","chargePointModel":"M","extra":1,"iccid":null}]'
        )
        assert (await websocket.receive(timeout=5)).data.startswith('[3,"7"')
        assert sorted(told) == [("BootNotification", "7", "$.extra"), ("BootNotification", "7", "$.iccid")]


async def test_strict_mode_refuses_what_tolerant_mode_keeps(http: aiohttp.ClientSession) -> None:
    central = with_boot_and_heartbeat(CentralSystem(options=ServerOptions(mode=Mode.STRICT)))
    async with running(central) as url, http.ws_connect(f"{url}/CP1", protocols=("ocpp1.6",)) as websocket:
        await websocket.send_str(
            '[2,"7","BootNotification",{"chargePointVendor":"V","chargePointModel":"M","extra":1}]'
        )
        assert (await websocket.receive(timeout=5)).data.startswith('[4,"7","FormationViolation"')


async def test_every_frame_can_be_watched_both_ways() -> None:
    frames: list[tuple[str, str, str]] = []
    central = with_boot_and_heartbeat(
        CentralSystem(watch=Watch(frame=lambda one, way, text: frames.append((one.identity, way, text[:3]))))
    )
    async with running(central) as url, ChargePoint(url, "CP1") as station:
        await station.call(Heartbeat())
    assert frames == [("CP1", "in", "[2,"), ("CP1", "out", "[3,")]


async def test_stopping_answers_what_is_in_flight_and_closes_with_1001(http: aiohttp.ClientSession) -> None:
    central = CentralSystem()
    release = asyncio.Event()

    @central.on(Heartbeat)
    async def slow(station: Connection, request: Heartbeat) -> HeartbeatResponse:
        await release.wait()
        return HeartbeatResponse(current_time=NOW)

    async with running(central) as url, http.ws_connect(f"{url}/CP1", protocols=("ocpp1.6",)) as websocket:
        await websocket.send_str('[2,"1","Heartbeat",{}]')
        await until(lambda: central.stations and central.station("CP1").serving)
        stopping = asyncio.create_task(central.stop())
        await asyncio.sleep(0)
        release.set()
        assert (await websocket.receive(timeout=5)).data.startswith('[3,"1"')
        assert (await websocket.receive(timeout=5)).data == 1001
        await stopping
        with pytest.raises(aiohttp.ClientError):
            await http.ws_connect(f"{url}/CP2")


async def test_paused_reading_holds_frames_back_and_loses_none(http: aiohttp.ClientSession) -> None:
    seen: list[str] = []
    central = with_boot_and_heartbeat(CentralSystem(watch=Watch(frame=lambda *frame: seen.append(frame[1]))))
    async with running(central) as url, http.ws_connect(f"{url}/CP1", protocols=("ocpp1.6",)) as websocket:
        await until(lambda: central.stations)
        central.pause_reading()
        await websocket.send_str('[2,"1","Heartbeat",{}]')
        async with http.ws_connect(f"{url}/CP2", protocols=("ocpp1.6",)):
            await until(lambda: len(central.stations) == 2)
            assert seen == []
            central.resume_reading()  # before CP2 leaves: its close frame would not be read either
            assert (await websocket.receive(timeout=5)).data.startswith('[3,"1"')


async def test_a_charge_point_comes_back_by_itself() -> None:
    central = with_boot_and_heartbeat(CentralSystem())
    connections = 0

    def count(_: Connection) -> None:
        nonlocal connections
        connections += 1

    async with running(central) as url:
        options = ClientOptions(first_wait_s=0.01, longest_wait_s=0.02)
        async with ChargePoint(url, "CP1", options=options, on_connected=count) as station:
            await until(lambda: central.stations)
            central.station("CP1").close(1001, "try again")
            await until(lambda: connections == 2)
            await station.until_connected()
            assert (await station.call(Heartbeat())).current_time == NOW


async def test_entering_a_charge_point_that_is_refused_tells_the_status() -> None:
    async with running(CentralSystem()) as url:
        port_of_nobody = url
    with pytest.raises(NotConnected, match="cannot connect to"):
        async with ChargePoint(port_of_nobody, "CP1"):
            pass
    async with running(CentralSystem(admit=_refuse)) as url:
        with pytest.raises(Refusal, match="HTTP 404") as refusal:
            async with ChargePoint(url, "CP1"):
                pass
        assert refusal.value.status == 404


async def _refuse(_: object) -> object:
    from voltline import Refused

    return Refused(404, "no such charge point")


async def test_registering_one_s_own_action_is_an_error_that_says_why() -> None:
    with pytest.raises(LocalProtocolError, match="Reset is sent by the CentralSystem itself"):
        CentralSystem().on(Reset)
