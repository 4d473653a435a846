"""The opening handshake of a WebSocket, as its server answers it (RFC 6455, 4.2)."""

from __future__ import annotations

import base64
import binascii
import hashlib

from aiohttp import web

_KEY_SUFFIX = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
_VERSION = "13"


def refusal(request: web.BaseRequest) -> web.Response | None:
    """What to answer to a request that is no opening handshake; None where it is one."""
    headers = request.headers
    upgrades = [one.strip().lower() for one in headers.get("Connection", "").split(",")]
    if headers.get("Upgrade", "").strip().lower() != "websocket" or "upgrade" not in upgrades:
        return web.Response(
            status=426,
            text="this is an OCPP 1.6 endpoint: connect by WebSocket\n",
            headers={"Upgrade": "websocket"},
        )
    if request.method != "GET" or not _is_key(headers.get("Sec-WebSocket-Key", "")):
        return web.Response(
            status=400,
            text="a WebSocket handshake is a GET with a Sec-WebSocket-Key of 16 bytes in Base64\n",
        )
    if headers.get("Sec-WebSocket-Version", "").strip() != _VERSION:
        return web.Response(
            status=426,
            text=f"this endpoint speaks version {_VERSION} of the WebSocket protocol\n",
            headers={"Upgrade": "websocket", "Sec-WebSocket-Version": _VERSION},
        )
    return None


def switching(request: web.BaseRequest, subprotocol: str | None) -> web.StreamResponse:
    """The 101 to a request that `refusal` has nothing against; `prepare` sends it."""
    key = request.headers["Sec-WebSocket-Key"].strip().encode()
    accept = base64.b64encode(hashlib.sha1(key + _KEY_SUFFIX).digest()).decode()  # noqa: S324 - RFC 6455
    response = web.StreamResponse(
        status=101,
        headers={"Upgrade": "websocket", "Connection": "upgrade", "Sec-WebSocket-Accept": accept},
    )
    if subprotocol is not None:
        response.headers["Sec-WebSocket-Protocol"] = subprotocol
    response.force_close()  # no HTTP follows on this connection
    return response


def _is_key(key: str) -> bool:
    try:
        return len(base64.b64decode(key.strip(), validate=True)) == 16
    except (binascii.Error, ValueError):
        return False
