"""For an aiohttp application of one's own."""

from __future__ import annotations

from aiohttp import WSMessage, WSMsgType, web

from voltline.transport import adapters
from voltline.transport.admission import Handshake, Refused, chosen_subprotocol
from voltline.transport.server import CentralSystem


async def serve(central: CentralSystem, request: web.Request, identity: str) -> web.StreamResponse:
    """Upgrade an aiohttp request and serve the charge point on it until it is gone.

    Before the upgrade the central system's ``admit`` is asked; a refusal is returned as the response. A
    station that offers subprotocols without ``ocpp1.6`` is closed with 1002 after it (OCPP-J 1.6, 3.2).
    Silent stations are pinged as the central system's ``ping_interval_s`` says. On shutdown, close the
    stations yourself (``on_shutdown``), or aiohttp waits for them.
    """
    offered = tuple(
        one.strip()
        for one in ",".join(request.headers.getall("Sec-WebSocket-Protocol", ())).split(",")
        if one.strip()
    )
    handshake = Handshake(identity, request.raw_path, request.remote or "", offered, request.headers)
    decision = await adapters.decision(central, handshake)
    if isinstance(decision, Refused):
        return web.Response(status=decision.status, text=decision.reason + "\n", headers=decision.headers)
    subprotocol = chosen_subprotocol(offered)
    websocket = web.WebSocketResponse(
        protocols=(subprotocol,) if subprotocol else (),
        compress=False,
        heartbeat=central.options.ping_interval_s or None,
        max_msg_size=central.options.max_message_bytes,
    )
    await websocket.prepare(request)
    if subprotocol is None and adapters.wants_subprotocol(central, offered):
        await websocket.close(code=1002, message=adapters.NOT_OURS.encode())
        return websocket
    last: WSMessage | None = None

    async def receive() -> str | bytes | None:
        nonlocal last
        last = await websocket.receive()
        if last.type in (WSMsgType.TEXT, WSMsgType.BINARY):
            data: str | bytes = last.data
            return data
        return None

    def end_reason() -> str:
        if last is not None and last.type is WSMsgType.ERROR:
            return f"the connection broke: {last.data}"
        words = last.extra if last is not None and last.type is WSMsgType.CLOSE else None
        return adapters.closed_by_station(websocket.close_code, words or "")

    async def close(code: int, reason: str) -> None:
        await websocket.close(code=code, message=reason.encode()[:123])

    await adapters.serve(
        central,
        identity,
        receive=receive,
        send=websocket.send_str,
        close=close,
        end_reason=end_reason,
        remote=handshake.remote,
        subprotocol=subprotocol,
        context=decision.context,
    )
    return websocket
