"""For Starlette and FastAPI."""

from __future__ import annotations

from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketState

from voltline.base.ids import valid_identity
from voltline.transport import adapters
from voltline.transport.admission import chosen_subprotocol
from voltline.transport.server import CentralSystem


async def serve(central: CentralSystem, websocket: WebSocket, identity: str) -> None:
    """Accept a Starlette WebSocket and serve the charge point on it until it is gone.

    Closes it at once with 1002 where it offers subprotocols without ``ocpp1.6`` (OCPP-J 1.6, 3.2). Raises
    InvalidIdentity before accepting.
    """
    valid_identity(identity)
    offered = tuple(websocket.scope.get("subprotocols") or ())
    subprotocol = chosen_subprotocol(offered)
    await websocket.accept(subprotocol=subprotocol)
    if subprotocol is None and (offered or not central.options.accept_missing_subprotocol):
        await websocket.close(1002, "this endpoint speaks ocpp1.6")
        return

    async def receive() -> str | bytes | None:
        try:
            message = await websocket.receive()
        except (WebSocketDisconnect, RuntimeError):
            return None
        if message["type"] == "websocket.disconnect":
            return None
        return message.get("text") or message.get("bytes") or ""

    async def close(code: int, reason: str) -> None:
        if websocket.application_state is WebSocketState.CONNECTED:
            await websocket.close(code, reason)

    remote = websocket.client.host if websocket.client else ""
    await adapters.serve(
        central,
        identity,
        receive=receive,
        send=websocket.send_text,
        close=close,
        remote=remote,
        subprotocol=subprotocol,
    )
