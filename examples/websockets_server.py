"""Stations on a server of the `websockets` library."""

import asyncio
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


def listen(port: int = 9000) -> serve:
    return serve(ocpp, "127.0.0.1", port, subprotocols=["ocpp1.6"], compression=None)  # type: ignore[list-item]


async def main() -> None:
    server: Server
    async with listen() as server:
        await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main())
