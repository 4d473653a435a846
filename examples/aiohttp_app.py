"""Stations on a WebSocket route of an aiohttp application of one's own."""

import sys
from datetime import UTC, datetime

from aiohttp import web

from voltline import (
    BootNotification,
    BootNotificationResponse,
    CentralSystem,
    Connection,
    NotConnected,
    RegistrationStatus,
    Reset,
    ResetType,
)
from voltline.transport.adapters import aiohttp_websocket

central = CentralSystem()


@central.on(BootNotification)
async def boot(station: Connection, request: BootNotification) -> BootNotificationResponse:
    return BootNotificationResponse(
        status=RegistrationStatus.ACCEPTED, current_time=datetime.now(UTC), interval=300
    )


async def ocpp(request: web.Request) -> web.StreamResponse:
    return await aiohttp_websocket.serve(central, request, request.match_info["identity"])


async def reset(request: web.Request) -> web.Response:
    try:
        answer = await central.call(request.match_info["identity"], Reset(type=ResetType.SOFT))
    except NotConnected as error:
        raise web.HTTPConflict(text=str(error)) from error
    return web.json_response({"status": answer.status})


async def close_stations(_: web.Application) -> None:
    for station in list(central.stations.values()):
        station.close(1001, "the central system stops")


def application() -> web.Application:
    app = web.Application()
    app.on_shutdown.append(close_stations)
    app.router.add_get("/ocpp/{identity}", ocpp)
    app.router.add_post("/stations/{identity}/reset", reset)
    return app


if __name__ == "__main__":
    web.run_app(application(), host="127.0.0.1", port=int(sys.argv[1]) if sys.argv[1:] else 9000)
