"""For Starlette and FastAPI."""

from __future__ import annotations

from starlette.responses import PlainTextResponse
from starlette.websockets import WebSocket, WebSocketState

from voltline.transport import adapters
from voltline.transport.admission import Handshake, Refused, chosen_subprotocol
from voltline.transport.server import CentralSystem


async def serve(central: CentralSystem, websocket: WebSocket, identity: str) -> None:
    """Accept a Starlette WebSocket and serve the charge point on it until it is gone.

    Before the upgrade the central system's ``admit`` is asked; a refusal is answered with its HTTP status
    (403 by ASGI servers without the denial extension). A station that offers subprotocols without
    ``ocpp1.6`` is closed with 1002 after the upgrade (OCPP-J 1.6, 3.2). Pings are the ASGI server's:
    uvicorn's ``--ws-ping-interval``.
    """
    offered = tuple(websocket.scope.get("subprotocols") or ())
    remote = websocket.client.host if websocket.client else ""
    decision = await adapters.decision(
        central, Handshake(identity, websocket.url.path, remote, offered, websocket.headers)
    )
    if isinstance(decision, Refused):
        await _refuse(websocket, decision)
        return
    subprotocol = chosen_subprotocol(offered)
    await websocket.accept(subprotocol=subprotocol)
    if subprotocol is None and adapters.wants_subprotocol(central, offered):
        await websocket.close(1002, adapters.NOT_OURS)
        return
    ended = "the connection was lost"

    async def receive() -> str | bytes | None:
        nonlocal ended
        message = await websocket.receive()
        if message["type"] == "websocket.disconnect":
            ended = adapters.closed_by_station(message.get("code"), message.get("reason") or "")
            return None
        return message.get("text") or message.get("bytes") or ""

    async def close(code: int, reason: str) -> None:
        if websocket.application_state is WebSocketState.CONNECTED:
            await websocket.close(code, reason)

    await adapters.serve(
        central,
        identity,
        receive=receive,
        send=websocket.send_text,
        close=close,
        end_reason=lambda: ended,
        remote=remote,
        subprotocol=subprotocol,
        context=decision.context,
    )


async def _refuse(websocket: WebSocket, refused: Refused) -> None:
    if "websocket.http.response" in websocket.scope.get("extensions", {}):
        response = PlainTextResponse(refused.reason + "\n", refused.status, refused.headers)
        await websocket.send_denial_response(response)
    else:
        await websocket.close(1008)
