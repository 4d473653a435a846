"""Serve charge points on WebSockets of the user's own web framework.

One module a framework; each imports only the framework it is for. What they share is here: who may connect
(the central system's ``admit``, as on its own port), and the life of a connection.

Ping intervals and message sizes are the framework's business, for it reads the socket.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from voltline.base.ids import InvalidIdentity, valid_identity
from voltline.transport.admission import SUBPROTOCOL, Decision, Handshake, Refused
from voltline.transport.connection import Connection
from voltline.transport.server import NO_SUBPROTOCOL, CentralSystem
from voltline.transport.server_socket import BINARY_FRAME
from voltline.transport.sockets import OutboxSocket

NOT_OURS = f"this endpoint speaks {SUBPROTOCOL}"


async def decision(central: CentralSystem, handshake: Handshake) -> Decision:
    """Whether this station may connect: 404 for an identity that is none, else what ``admit`` says."""
    try:
        valid_identity(handshake.identity)
    except InvalidIdentity as error:
        return Refused(404, str(error))
    return await central.admit(handshake)


def wants_subprotocol(central: CentralSystem, offered: tuple[str, ...]) -> bool:
    """Whether a connection for which no subprotocol could be chosen is closed after the 101: the station
    offers others (OCPP-J 1.6, 3.2), or offers none where the options want one."""
    return bool(offered) or not central.options.accept_missing_subprotocol


async def serve(
    central: CentralSystem,
    identity: str,
    *,
    receive: Callable[[], Awaitable[str | bytes | None]],
    send: Callable[[str], Awaitable[object]],
    close: Callable[[int, str], Awaitable[object]],
    end_reason: Callable[[], str] = lambda: "the connection ended",
    remote: str = "",
    subprotocol: str | None = None,
    context: object = None,
) -> Connection:
    """Serve one charge point until its socket ends; the ended connection is returned.

    ``receive`` gives the next frame, or None when the socket is gone; it must not raise for that.
    ``end_reason`` is asked after that. ``close`` begins the closing handshake with a code and a reason.
    """
    socket = OutboxSocket(send, close)
    connection = central.connection(socket, identity, remote, subprotocol, context)
    reason = "the server ended the connection"
    try:
        central.enter(connection)
        if subprotocol is None:
            connection.deviated("", "", (NO_SUBPROTOCOL,))
        while (frame := await receive()) is not None:
            if isinstance(frame, str):
                connection.text_received(frame)
            else:
                connection.deviated("", "", (BINARY_FRAME,))
                connection.text_received(frame.decode("utf-8", "replace"))
        reason = end_reason()
    finally:
        central.leave(connection, reason)
        await socket.drained()
    return connection


def closed_by_station(code: int | None, reason: str) -> str:
    """The words for a socket that ended with this close code; None: without a closing handshake."""
    if code is None or code == 1006:
        return "the connection was lost"
    if code == 1005:
        return "closed without a code"
    return f"closed with {code} {reason}".rstrip()


__all__ = ["serve"]
