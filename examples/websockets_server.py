"""Stations on a server of the `websockets` library."""

import asyncio
import sys
from datetime import UTC, datetime

from websockets.asyncio.server import Server, ServerConnection, serve

from voltline import (
    BootNotification,
    BootNotificationResponse,
    CentralSystem,
    Connection,
    RegistrationStatus,
)
from voltline.transport.adapters import websockets_connection

central = CentralSystem()


@central.on(BootNotification)
async def boot(station: Connection, request: BootNotification) -> BootNotificationResponse:
    return BootNotificationResponse(
        status=RegistrationStatus.ACCEPTED, current_time=datetime.now(UTC), interval=300
    )


async def ocpp(websocket: ServerConnection) -> None:
    await websockets_connection.serve(central, websocket)


def listen(port: int) -> Server:
    return serve(ocpp, "127.0.0.1", port, **websockets_connection.server_options(central))


async def main(port: int) -> None:
    async with listen(port) as server:
        await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]) if sys.argv[1:] else 9000))
