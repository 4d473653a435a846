"""For the ``websockets`` library."""

from __future__ import annotations

from websockets.asyncio.server import ServerConnection
from websockets.exceptions import ConnectionClosed

from voltline.base.ids import InvalidIdentity, identity_from_path
from voltline.transport import adapters
from voltline.transport.server import CentralSystem


async def serve(central: CentralSystem, websocket: ServerConnection) -> None:
    """Serve the charge point on an accepted connection until it is gone; its identity is the path's last
    segment.

    Start the server with ``subprotocols=["ocpp1.6"]`` and ``compression=None``. A path without an identity is
    closed with 1008, a station that offers only other subprotocols with 1002 (OCPP-J 1.6, 3.2).
    """
    request = websocket.request
    assert request is not None  # there is one once the handshake is done
    try:
        identity = identity_from_path(request.path)
    except InvalidIdentity as error:
        await websocket.close(1008, str(error)[:120])
        return
    offers = "Sec-WebSocket-Protocol" in request.headers
    if websocket.subprotocol is None and (offers or not central.options.accept_missing_subprotocol):
        await websocket.close(1002, "this endpoint speaks ocpp1.6")
        return

    async def receive() -> str | bytes | None:
        try:
            return await websocket.recv()
        except ConnectionClosed:
            return None

    await adapters.serve(
        central,
        identity,
        receive=receive,
        send=websocket.send,
        close=websocket.close,
        remote=str((websocket.remote_address or ("",))[0]),
        subprotocol=websocket.subprotocol,
    )
