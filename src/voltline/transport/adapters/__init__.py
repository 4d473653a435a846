"""Serve a charge point on a WebSocket that the user's own web framework has already accepted.

One module a framework; each imports only the framework it is for. What they share is here.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from voltline.transport.connection import Connection
from voltline.transport.server import CentralSystem
from voltline.transport.sockets import OutboxSocket


async def serve(
    central: CentralSystem,
    identity: str,
    *,
    receive: Callable[[], Awaitable[str | bytes | None]],
    send: Callable[[str], Awaitable[object]],
    close: Callable[[int, str], Awaitable[object]],
    remote: str = "",
    subprotocol: str | None = None,
) -> Connection:
    """Serve one charge point until its socket ends; the ended connection is returned.

    ``receive`` gives the next frame, or None when the socket is gone; it must not raise for that.
    """
    socket = OutboxSocket(send, close)
    connection = central.connection(socket, identity, remote, subprotocol)
    reason = "the connection ended"
    try:
        central.enter(connection)
        while True:
            text = await receive()
            if text is None:
                break
            connection.text_received(text if isinstance(text, str) else text.decode("utf-8", "replace"))
    finally:
        central.leave(connection, reason)
        await socket.drained()
    return connection


__all__ = ["serve"]
