"""WebSocketPingInterval: a station pings its central system as often as that says (OCPP-J 1.6, 5.3)."""

import asyncio

import pytest
from aiohttp import WSMsgType, web

from voltline.station.simulator.options import StationOptions
from voltline.station.simulator.station import SimulatedStation


@pytest.mark.requirement("WSC-12")
async def test_station_pings_at_the_interval_that_is_configured():
    loop = asyncio.get_running_loop()
    pinged: list[float] = []
    twice = asyncio.Event()

    async def listen(request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse(protocols=("ocpp1.6",), autoping=False)
        await socket.prepare(request)
        async for message in socket:
            if message.type is WSMsgType.PING:
                pinged.append(loop.time())
                await socket.pong(message.data)
                if len(pinged) == 2:
                    twice.set()
        return socket

    application = web.Application()
    application.router.add_get("/ocpp/CP1", listen)
    runner = web.AppRunner(application)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    port = runner.addresses[0][1]
    options = StationOptions(configuration=(("WebSocketPingInterval", "1"),))
    station = SimulatedStation(f"ws://127.0.0.1:{port}/ocpp", "CP1", options)
    try:
        await station.start()
        await asyncio.wait_for(twice.wait(), 10)
    finally:
        await station.stop(graceful=False)
        await runner.cleanup()
    assert 0.9 < pinged[1] - pinged[0] < 3.0
