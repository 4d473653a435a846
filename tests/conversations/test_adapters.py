"""What adapters promise beyond what the examples show: who may connect, and what is told about it."""

import base64
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
import starlette.applications
import starlette.routing
import websockets
from aiohttp import web
from tests.asgi import serving_app
from tests.conversing import until, with_boot_and_heartbeat
from websockets.asyncio.server import ServerConnection

from voltline import Admitted, CentralSystem, Deviation, Handshake, Refused, ServerOptions, Watch
from voltline.transport.adapters import aiohttp_websocket, websockets_connection
from voltline.transport.adapters import starlette as starlette_adapter

HEARTBEAT = '[2,"1","Heartbeat",{}]'


@asynccontextmanager
async def under_aiohttp(central: CentralSystem) -> AsyncIterator[str]:
    async def ocpp(request: web.Request) -> web.StreamResponse:
        return await aiohttp_websocket.serve(central, request, request.match_info["identity"])

    app = web.Application()
    app.router.add_get("/ocpp/{identity}", ocpp)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield f"ws://127.0.0.1:{runner.addresses[0][1]}/ocpp"
    finally:
        await runner.cleanup()


@asynccontextmanager
async def under_starlette(central: CentralSystem) -> AsyncIterator[str]:
    async def ocpp(websocket: Any) -> None:
        await starlette_adapter.serve(central, websocket, websocket.path_params["identity"])

    app = starlette.applications.Starlette(
        routes=[starlette.routing.WebSocketRoute("/ocpp/{identity}", ocpp)]
    )
    async with serving_app(app) as host:
        yield f"ws://{host}/ocpp"


@asynccontextmanager
async def under_websockets(central: CentralSystem) -> AsyncIterator[str]:
    async def ocpp(websocket: ServerConnection) -> None:
        await websockets_connection.serve(central, websocket)

    options = websockets_connection.server_options(central)
    async with websockets.serve(ocpp, "127.0.0.1", 0, **options) as server:
        yield f"ws://127.0.0.1:{next(iter(server.sockets)).getsockname()[1]}/ocpp"


adapted = pytest.mark.parametrize("host", [under_aiohttp, under_starlette, under_websockets])
Host = Callable[[CentralSystem], Any]


@adapted
@pytest.mark.parametrize("status", [401, 404, 503])
async def test_admit_refuses_before_the_upgrade(host: Host, status: int) -> None:
    async def admit(handshake: Handshake) -> Refused:
        return Refused(status, "not you", retry_after_s=7)

    async with host(CentralSystem(admit=admit)) as url:
        with pytest.raises(websockets.InvalidStatus) as refused:
            await websockets.connect(f"{url}/CP1", subprotocols=["ocpp1.6"])
    response = refused.value.response
    assert (response.status_code, response.body) == (status, b"not you\n")
    assert response.headers["Retry-After"] == "7"
    assert ("WWW-Authenticate" in response.headers) == (status == 401)


@adapted
async def test_admit_sees_the_handshake_and_its_context_reaches_the_connection(host: Host) -> None:
    seen: list[Handshake] = []

    async def admit(handshake: Handshake) -> Admitted:
        seen.append(handshake)
        return Admitted(context="the context")

    central = CentralSystem(admit=admit)
    credentials = "Basic " + base64.b64encode(b"CP 1:secret").decode()
    async with host(central) as url:
        async with websockets.connect(
            f"{url}/CP%201",
            subprotocols=["ocpp2.0.1", "ocpp1.6"],
            additional_headers={"authorization": credentials},
        ):
            await until(lambda: central.stations)
            assert central.station("CP 1").context == "the context"
            assert central.station("CP 1").remote == "127.0.0.1"
    (handshake,) = seen
    assert (handshake.identity, handshake.remote) == ("CP 1", "127.0.0.1")
    assert handshake.subprotocols == ("ocpp2.0.1", "ocpp1.6")
    assert handshake.basic_credentials() == ("CP 1", b"secret")


@adapted
@pytest.mark.requirement("WSC-09")
async def test_an_identity_that_is_none_is_refused_with_404(host: Host) -> None:
    async with host(CentralSystem()) as url:
        with pytest.raises(websockets.InvalidStatus) as refused:
            await websockets.connect(f"{url}/C%00P", subprotocols=["ocpp1.6"])
    assert refused.value.response.status_code == 404
    assert b"printable ASCII" in (refused.value.response.body or b"")


@adapted
async def test_a_station_without_subprotocol_is_accepted_and_noted_or_closed_as_the_option_says(
    host: Host,
) -> None:
    noted: list[tuple[str, ...]] = []

    def deviated(_: object, action: str, message_id: str, deviations: tuple[Deviation, ...]) -> None:
        noted.extend((action, message_id, one.path) for one in deviations)

    central = with_boot_and_heartbeat(CentralSystem(watch=Watch(deviations=deviated)))
    async with host(central) as url, websockets.connect(f"{url}/CP1") as websocket:
        await websocket.send(HEARTBEAT.encode())
        assert str(await websocket.recv()).startswith('[3,"1",')
    assert noted == [("", "", "Sec-WebSocket-Protocol"), ("", "", "$")]

    strict = CentralSystem(options=ServerOptions(accept_missing_subprotocol=False))
    async with host(strict) as url, websockets.connect(f"{url}/CP1") as websocket:
        with pytest.raises(websockets.ConnectionClosed):
            await websocket.recv()
        assert websocket.close_code == 1002


@adapted
async def test_the_reason_of_an_end_is_told(host: Host) -> None:
    central = CentralSystem()
    async with host(central) as url:
        async with websockets.connect(f"{url}/CP1", subprotocols=["ocpp1.6"]) as websocket:
            await until(lambda: central.stations)
            polite = central.station("CP1")
            await websocket.close(4001, "gone fishing")
        await until(lambda: not central.stations)
        assert polite.closed_reason == "closed with 4001 gone fishing"
        async with websockets.connect(f"{url}/CP1", subprotocols=["ocpp1.6"]) as websocket:
            await until(lambda: central.stations)
            rude = central.station("CP1")
            websocket.transport.abort()
            await until(lambda: not central.stations)
        # uvicorn says of both that there was no code.
        assert rude.closed_reason in ("the connection was lost", "closed without a code")
