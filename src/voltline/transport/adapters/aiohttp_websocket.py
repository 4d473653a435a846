"""For an aiohttp application of one's own."""

from __future__ import annotations

from aiohttp import WSMsgType, web

from voltline.base.ids import valid_identity
from voltline.transport import adapters
from voltline.transport.admission import SUBPROTOCOL
from voltline.transport.server import CentralSystem


async def serve(central: CentralSystem, request: web.Request, identity: str) -> web.WebSocketResponse:
    """Upgrade an aiohttp request and serve the charge point on it until it is gone.

    Closes it at once with 1002 where it offers subprotocols without ``ocpp1.6`` (OCPP-J 1.6, 3.2). Raises
    InvalidIdentity before upgrading.
    """
    valid_identity(identity)
    websocket = web.WebSocketResponse(
        protocols=(SUBPROTOCOL,), compress=False, max_msg_size=central.options.max_message_bytes
    )
    await websocket.prepare(request)
    offers = "Sec-WebSocket-Protocol" in request.headers
    if websocket.ws_protocol is None and (offers or not central.options.accept_missing_subprotocol):
        await websocket.close(code=1002, message=b"this endpoint speaks ocpp1.6")
        return websocket

    async def receive() -> str | bytes | None:
        message = await websocket.receive()
        if message.type in (WSMsgType.TEXT, WSMsgType.BINARY):
            data: str | bytes = message.data
            return data
        return None

    async def close(code: int, reason: str) -> None:
        await websocket.close(code=code, message=reason.encode()[:123])

    await adapters.serve(
        central,
        identity,
        receive=receive,
        send=websocket.send_str,
        close=close,
        remote=request.remote or "",
        subprotocol=websocket.ws_protocol,
    )
    return websocket
