"""The opening handshake: who gets in, as whom, speaking what."""

import asyncio
import base64

import aiohttp
import pytest
from tests.conversing import NOW, running, until, with_boot_and_heartbeat

from voltline import Admitted, CentralSystem, Handshake, Refused, ServerOptions, Watch
from voltline.transport.admission import Decision
from voltline.transport.connection import Connection

HEARTBEAT = '[2,"1","Heartbeat",{}]'


async def answer(websocket: aiohttp.ClientWebSocketResponse, text: str = HEARTBEAT) -> str:
    await websocket.send_str(text)
    return str((await websocket.receive(timeout=5)).data)


@pytest.mark.requirement("WSC-01", "WSC-02", "WSC-07")
async def test_the_agreed_subprotocol_is_returned(http: aiohttp.ClientSession) -> None:
    async with running(with_boot_and_heartbeat(CentralSystem())) as url:
        async with http.ws_connect(f"{url}/CP1", protocols=("ocpp2.0.1", "ocpp1.6", "ocpp1.5")) as websocket:
            assert websocket.protocol == "ocpp1.6"
            assert await answer(websocket) == '[3,"1",{"currentTime":"2026-01-01T12:00:00Z"}]'


async def test_a_station_that_offers_no_subprotocol_is_taken_for_1_6_and_that_is_recorded(
    http: aiohttp.ClientSession,
) -> None:
    recorded: list[str] = []
    watch = Watch(deviations=lambda _, action, message_id, found: recorded.extend(one.path for one in found))
    central = with_boot_and_heartbeat(CentralSystem(watch=watch))
    async with running(central) as url, http.ws_connect(f"{url}/CP1") as websocket:
        assert websocket.protocol is None
        assert (await answer(websocket)).startswith('[3,"1"')
        assert central.station("CP1").subprotocol is None
        assert recorded == ["Sec-WebSocket-Protocol"]


async def test_a_binary_frame_is_read_as_text_and_recorded(http: aiohttp.ClientSession) -> None:
    recorded: list[str] = []
    watch = Watch(deviations=lambda _, action, message_id, found: recorded.extend(one.text for one in found))
    central = with_boot_and_heartbeat(CentralSystem(watch=watch))
    async with running(central) as url, http.ws_connect(f"{url}/CP1", protocols=("ocpp1.6",)) as websocket:
        await websocket.send_bytes(HEARTBEAT.encode())
        assert (await websocket.receive(timeout=5)).data.startswith('[3,"1"')
        assert [text for text in recorded if "binary" in text]


@pytest.mark.requirement("WSC-08")
@pytest.mark.parametrize(
    ("offered", "options"),
    [(("ocpp2.0.1",), ServerOptions()), ((), ServerOptions(accept_missing_subprotocol=False))],
)
async def test_without_a_common_subprotocol_the_101_has_no_header_and_a_close_follows(
    http: aiohttp.ClientSession, offered: tuple[str, ...], options: ServerOptions
) -> None:
    central = with_boot_and_heartbeat(CentralSystem(options=options))
    async with running(central) as url, http.ws_connect(f"{url}/CP1", protocols=offered) as websocket:
        assert websocket.protocol is None
        message = await websocket.receive(timeout=5)
        assert message.type is aiohttp.WSMsgType.CLOSE
        assert websocket.close_code == 1002
        assert not central.stations


@pytest.mark.requirement("WSC-03", "WSC-05", "WSC-18")
@pytest.mark.parametrize("prefix", ["", "/ocpp1.6", "/any/prefix/at/all"])
async def test_identity_is_decoded_from_any_prefix(http: aiohttp.ClientSession, prefix: str) -> None:
    central = with_boot_and_heartbeat(CentralSystem())
    async with running(central) as url:
        root = url.removesuffix("/ocpp")
        async with http.ws_connect(f"{root}{prefix}/RDAM%20123", protocols=("ocpp1.6",)) as websocket:
            assert (await answer(websocket)).startswith("[3")
            assert central.station("rdam 123").identity == "RDAM 123"


async def status_of(http: aiohttp.ClientSession, url: str, **headers: str) -> aiohttp.WSServerHandshakeError:
    with pytest.raises(aiohttp.WSServerHandshakeError) as refusal:
        await http.ws_connect(url, protocols=("ocpp1.6",), headers=headers)
    return refusal.value


async def test_an_identity_that_is_none_gets_404(http: aiohttp.ClientSession) -> None:
    async with running(with_boot_and_heartbeat(CentralSystem())) as url:
        assert (await status_of(http, f"{url}/a%00b")).status == 404
        assert (await status_of(http, f"{url}/{'x' * 300}")).status == 404


@pytest.mark.requirement("WSC-09", "BAS-01")
async def test_admission_is_awaited_before_the_101(http: aiohttp.ClientSession) -> None:
    asked = asyncio.Event()
    decide = asyncio.Event()

    async def admit(handshake: Handshake) -> Decision:
        asked.set()
        await decide.wait()
        if handshake.identity == "UNKNOWN":
            return Refused(404, "no such charge point")
        if handshake.identity == "BUSY":
            return Refused(503, "the database is away", retry_after_s=30)
        if handshake.basic_credentials() != ("CP1", b"secret"):
            return Refused(401, "wrong credentials")
        return Admitted(context="known")

    central = with_boot_and_heartbeat(CentralSystem(admit=admit))
    async with running(central) as url:
        right = "Basic " + base64.b64encode(b"CP1:secret").decode()
        connecting = asyncio.create_task(
            http.ws_connect(f"{url}/CP1", protocols=("ocpp1.6",), headers={"Authorization": right})
        )
        await asked.wait()
        assert not connecting.done()
        decide.set()
        websocket = await connecting
        assert central.station("CP1").context == "known"
        refused = await status_of(
            http, f"{url}/CP1", Authorization="Basic " + base64.b64encode(b"CP1:x").decode()
        )
        assert refused.status == 401
        assert refused.headers is not None and refused.headers["WWW-Authenticate"].startswith("Basic")
        assert (await status_of(http, f"{url}/UNKNOWN")).status == 404
        busy = await status_of(http, f"{url}/BUSY")
        assert busy.status == 503
        assert busy.headers is not None and busy.headers["Retry-After"] == "30"
        assert list(central.stations) == ["cp1"]
        await websocket.close()


async def test_a_browser_on_the_ocpp_port_is_told_what_this_is(http: aiohttp.ClientSession) -> None:
    async with running(CentralSystem()) as url:
        async with http.get(url.replace("ws://", "http://") + "/CP1") as response:
            assert response.status == 426
            assert "WebSocket" in await response.text()


@pytest.mark.requirement("FRM-36")
async def test_compression_is_never_negotiated(http: aiohttp.ClientSession) -> None:
    async with running(with_boot_and_heartbeat(CentralSystem())) as url:
        async with http.ws_connect(f"{url}/CP1", protocols=("ocpp1.6",), compress=15) as websocket:
            assert websocket.compress == 0
            assert (await answer(websocket)).startswith("[3")


async def test_a_frame_over_the_limit_closes_with_1009(http: aiohttp.ClientSession) -> None:
    central = with_boot_and_heartbeat(CentralSystem(options=ServerOptions(max_message_bytes=4096)))
    async with running(central) as url, http.ws_connect(f"{url}/CP1", protocols=("ocpp1.6",)) as websocket:
        await websocket.send_str("x" * 5000)
        message = await websocket.receive(timeout=5)
        assert message.type is aiohttp.WSMsgType.CLOSE
        assert message.data == 1009
        await until(lambda: not central.stations)


async def test_the_new_socket_of_an_identity_replaces_the_old_one(http: aiohttp.ClientSession) -> None:
    told: list[tuple[str, str]] = []
    central = with_boot_and_heartbeat(
        CentralSystem(
            on_connected=lambda one: told.append(("connected", one.identity)),
            on_disconnected=lambda one: told.append(("disconnected", one.identity)),
        )
    )
    async with running(central) as url:
        old = await http.ws_connect(f"{url}/CP1", protocols=("ocpp1.6",))
        new = await http.ws_connect(f"{url}/cp1", protocols=("ocpp1.6",))
        assert (await old.receive(timeout=5)).type is aiohttp.WSMsgType.CLOSE
        await old.close()
        assert (await answer(new)).startswith("[3")
        assert central.station("CP1").identity == "cp1"
        assert told == [("connected", "CP1"), ("disconnected", "CP1"), ("connected", "cp1")]
        await new.close()
        await until(lambda: not central.stations)
        assert told[-1] == ("disconnected", "cp1")


async def test_a_half_open_socket_is_pinged_and_evicted() -> None:
    reasons: list[str | None] = []
    central = CentralSystem(
        options=ServerOptions(ping_interval_s=0.05, ping_timeout_s=0.05),
        on_disconnected=lambda one: reasons.append(one.closed_reason),
    )
    async with running(central) as url:
        port = int(url.split(":")[2].split("/")[0])
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(
            b"GET /ocpp/CP1 HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"
            b"Sec-WebSocket-Protocol: ocpp1.6\r\n\r\n"
        )
        assert b" 101 " in await reader.readuntil(b"\r\n\r\n")
        assert await asyncio.wait_for(reader.readexactly(2), 5) == b"\x89\x00"
        await until(lambda: reasons)
        assert reasons == ["no answer to a ping within 0.05 s"]
        assert not central.stations
        writer.close()


async def test_a_silent_but_living_station_is_kept(http: aiohttp.ClientSession) -> None:
    central = with_boot_and_heartbeat(
        CentralSystem(options=ServerOptions(ping_interval_s=0.02, ping_timeout_s=0.5))
    )
    async with running(central) as url:
        async with http.ws_connect(f"{url}/CP1", protocols=("ocpp1.6",), autoping=False) as websocket:
            for _ in range(5):
                message = await websocket.receive(timeout=5)
                assert message.type is aiohttp.WSMsgType.PING
                await websocket.pong(message.data)
            assert (await answer(websocket)).endswith(f'"{NOW:%Y-%m-%dT%H:%M:%S}Z"}}]')


@pytest.mark.requirement("WSC-15")
async def test_a_ping_is_answered_with_its_data(http: aiohttp.ClientSession) -> None:
    async with running(with_boot_and_heartbeat(CentralSystem())) as url:
        async with http.ws_connect(f"{url}/CP1", protocols=("ocpp1.6",), autoping=False) as websocket:
            await websocket.ping(b"are you there")
            message = await websocket.receive(timeout=5)
            assert message.type is aiohttp.WSMsgType.PONG
            assert message.data == b"are you there"


async def test_a_station_that_leaves_during_the_handshake_is_no_error(
    caplog: pytest.LogCaptureFixture,
) -> None:
    decide = asyncio.Event()
    asked = asyncio.Event()

    async def admit(_: Handshake) -> Decision:
        asked.set()
        await decide.wait()
        return Admitted()

    central = with_boot_and_heartbeat(CentralSystem(admit=admit))
    async with running(central) as url, aiohttp.ClientSession() as http:
        port = int(url.split(":")[2].split("/")[0])
        _, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(
            b"GET /ocpp/CP1 HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
        )
        await asyncio.wait_for(asked.wait(), 5)
        writer.transport.abort()
        decide.set()
        async with http.ws_connect(f"{url}/CP2", protocols=("ocpp1.6",)) as websocket:
            assert (await answer(websocket)).startswith("[3")
        assert "CP1" not in str(central.stations)
    assert [record for record in caplog.records if record.levelname == "ERROR"] == []


async def test_a_station_with_a_ping_interval_of_its_own_is_pinged_by_that(
    http: aiohttp.ClientSession,
) -> None:
    def hurry(connection: Connection) -> None:
        if connection.identity == "HASTY":
            connection.ping_interval_s = 0.02

    central = CentralSystem(options=ServerOptions(ping_interval_s=0, ping_timeout_s=0.2), on_connected=hurry)
    async with running(central) as url:
        async with (
            http.ws_connect(f"{url}/HASTY", protocols=("ocpp1.6",), autoping=False) as hasty,
            http.ws_connect(f"{url}/CALM", protocols=("ocpp1.6",), autoping=False) as calm,
        ):
            for _ in range(3):
                message = await hasty.receive(timeout=5)
                assert message.type is aiohttp.WSMsgType.PING
                await hasty.pong(message.data)
            with pytest.raises(TimeoutError):
                await calm.receive(timeout=0.1)
