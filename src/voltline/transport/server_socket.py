"""The server's half of a WebSocket: aiohttp reads it, we write it.

A frame of a server is a header of two to ten bytes and the text (RFC 6455, 5.2). Writing it to the transport
directly, rather than through aiohttp's coroutine, lets an answer be sent from the callback of a database
commit without a task.
"""

from __future__ import annotations

import asyncio

from aiohttp import WSMessage, WSMsgType, web

TEXT, PING, PONG = 0x81, 0x89, 0x8A
PING_FRAME = bytes((PING, 0))


def frame(first: int, payload: bytes) -> bytes:
    """An unmasked, unfragmented WebSocket frame whose first byte is ``first`` (RFC 6455, 5.2)."""
    length = len(payload)
    if length < 126:
        return bytes((first, length)) + payload
    if length < 65536:
        return bytes((first, 126)) + length.to_bytes(2, "big") + payload
    return bytes((first, 127)) + length.to_bytes(8, "big") + payload


class ServerSocket:
    """A station's socket as the server holds it."""

    __slots__ = ("_aborted", "_closing", "_ended", "_max_unsent", "_transport", "pinged_at", "websocket")

    def __init__(
        self, websocket: web.WebSocketResponse, transport: asyncio.Transport, max_unsent: int
    ) -> None:
        self.websocket = websocket
        self.pinged_at: float | None = None
        """When the ping was sent that nothing has answered yet, on the event loop's clock."""
        self._transport = transport
        self._max_unsent = max_unsent
        self._closing: asyncio.Task[bool] | None = None
        self._ended: asyncio.Future[None] | None = None
        self._aborted: str | None = None

    def send_text(self, text: str) -> None:
        if self._closing is not None or self.websocket.closed or self._transport.is_closing():
            return
        self._transport.write(frame(TEXT, text.encode()))
        if self._transport.get_write_buffer_size() > self._max_unsent:
            self.abort("it does not read what is sent to it")

    def ping(self, now: float) -> None:
        if self._closing is None and not self.websocket.closed and not self._transport.is_closing():
            self.pinged_at = now
            self._transport.write(PING_FRAME)

    def pong(self, data: bytes) -> None:
        if self._closing is None and not self.websocket.closed and not self._transport.is_closing():
            self._transport.write(frame(PONG, data))

    def close(self, code: int, reason: str) -> None:
        if self._closing is None and not self.websocket.closed:
            closing = self.websocket.close(code=code, message=reason.encode()[:123])
            self._closing = asyncio.get_running_loop().create_task(closing)

    def abort(self, reason: str = "dropped") -> None:
        """Drop the socket without a closing handshake: the other side is not there to take part."""
        self._aborted = self._aborted or reason
        self._transport.abort()

    def end_reason(self, last: WSMessage) -> str:
        """Why the socket ended, told by the last message that aiohttp gave."""
        if self._aborted is not None:
            return self._aborted
        code = self.websocket.close_code
        if last.type is WSMsgType.CLOSE and last.extra:
            return f"closed by the station with {last.data} {last.extra}"
        if last.type is WSMsgType.ERROR:
            return f"the connection broke: {last.data}"
        return f"closed with {code}" if code is not None else "the connection was lost"

    @property
    def ended(self) -> asyncio.Future[None]:
        """Done when the socket is gone."""
        if self._ended is None:
            self._ended = asyncio.get_running_loop().create_future()
        return self._ended

    def end(self) -> None:
        """The reader has left."""
        if self._ended is not None and not self._ended.done():
            self._ended.set_result(None)
