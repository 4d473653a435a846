"""For the ``websockets`` library.

async def ocpp(websocket: ServerConnection) -> None:
    await websockets_connection.serve(central, websocket)

websockets.serve(ocpp, host, port, **websockets_connection.server_options(central))
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from websockets.asyncio.server import ServerConnection
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response
from websockets.typing import Subprotocol

from voltline.base.ids import InvalidIdentity, identity_from_path
from voltline.transport import adapters
from voltline.transport.admission import Admitted, Decision, Handshake, Refused, chosen_subprotocol
from voltline.transport.server import CentralSystem


def server_options(central: CentralSystem) -> dict[str, Any]:
    """What ``websockets.serve`` is to be given for charge points; add to it or replace parts of it.

    The central system's ``admit`` is asked before the 101; the subprotocol is chosen as OCPP-J 1.6, 3.1.2 and
    3.2 want it (``subprotocols=["ocpp1.6"]`` would refuse stations that offer none with 400); compression is
    off; pings and the largest message are as the central system's options say.
    """

    async def process_request(websocket: ServerConnection, request: Request) -> Response | None:
        decision = await _decision(central, websocket, request)
        if isinstance(decision, Admitted):
            setattr(websocket, _ADMITTED, decision)
            return None
        response = websocket.respond(decision.status, decision.reason + "\n")
        for name, value in decision.headers.items():
            response.headers[name] = value
        return response

    options = central.options
    return {
        "process_request": process_request,
        "select_subprotocol": _selected,
        "compression": None,
        "ping_interval": options.ping_interval_s or None,
        "ping_timeout": options.ping_timeout_s,
        "max_size": options.max_message_bytes,
    }


def _selected(_: ServerConnection, offered: Sequence[Subprotocol]) -> Subprotocol | None:
    chosen = chosen_subprotocol(tuple(offered))
    return None if chosen is None else Subprotocol(chosen)


async def serve(central: CentralSystem, websocket: ServerConnection) -> None:
    """Serve the charge point on an accepted connection until it is gone; its identity is the path's last
    segment.

    Start the server with ``server_options``; without them a station that ``admit`` refuses is closed with
    1008 after the 101. A station that offers only other subprotocols is closed with 1002 (OCPP-J 1.6, 3.2).
    """
    request = websocket.request
    assert request is not None  # there is one once the handshake is done
    decision: Decision | None = getattr(websocket, _ADMITTED, None)
    if decision is None:
        decision = await _decision(central, websocket, request)
    if isinstance(decision, Refused):
        await websocket.close(1008, decision.reason.encode()[:123].decode("utf-8", "ignore"))
        return
    if websocket.subprotocol is None and adapters.wants_subprotocol(central, _offered(request)):
        await websocket.close(1002, adapters.NOT_OURS)
        return

    async def receive() -> str | bytes | None:
        try:
            return await websocket.recv()
        except ConnectionClosed:
            return None

    async def close(code: int, reason: str) -> None:
        await websocket.close(code, reason.encode()[:123].decode("utf-8", "ignore"))

    await adapters.serve(
        central,
        identity_from_path(request.path),
        receive=receive,
        send=websocket.send,
        close=close,
        end_reason=lambda: adapters.closed_by_station(websocket.close_code, websocket.close_reason or ""),
        remote=_remote(websocket),
        subprotocol=websocket.subprotocol,
        context=decision.context,
    )


_ADMITTED = "voltline_admitted"


async def _decision(central: CentralSystem, websocket: ServerConnection, request: Request) -> Decision:
    try:
        identity = identity_from_path(request.path)
    except InvalidIdentity as error:
        return Refused(404, str(error))
    return await adapters.decision(
        central,
        Handshake(identity, request.path, _remote(websocket), _offered(request), request.headers),
    )


def _offered(request: Request) -> tuple[str, ...]:
    offers = ",".join(request.headers.get_all("Sec-WebSocket-Protocol"))
    return tuple(one.strip() for one in offers.split(",") if one.strip())


def _remote(websocket: ServerConnection) -> str:
    return str((websocket.remote_address or ("",))[0])
