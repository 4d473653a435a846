"""The server's half of a WebSocket: aiohttp's parser takes frames apart, everything else is done here.

aiohttp's own WebSocketResponse puts every message into a queue and wakes a task for it. Here a message is
handled in the call in which its bytes arrive, and an answer is written to the transport from wherever it is
ready, such as the callback of a database commit. Figures: docs/decisions/0001-websocket-library.md.
"""

from __future__ import annotations

import asyncio
import logging
from typing import Any, Final

from aiohttp import WebSocketError, WSCloseCode, WSMsgType, web
from aiohttp._websocket.reader import WebSocketDataQueue  # where aiohttp's parser puts what it has read
from aiohttp.http import WebSocketReader

from voltline.messages import Deviation, DeviationKind, ErrorCode
from voltline.transport.connection import Connection

log = logging.getLogger("voltline.transport")

TEXT, CLOSE, PING, PONG = 0x81, 0x88, 0x89, 0x8A
PING_FRAME = bytes((PING, 0))
CLOSE_WAIT_S = 10.0
"""How long the other side may take to answer a close frame."""
LARGEST_CONTROL: Final = 125
"""Bytes in a control frame (RFC 6455, 5.5)."""

BINARY_FRAME = Deviation(
    path="$",
    kind=DeviationKind.WRONG_TYPE,
    text="the message came as a binary frame; OCPP-J sends text frames (OCPP-J 1.6, 4.1.2)",
    code=ErrorCode.FORMATION_VIOLATION,
    usable=True,
)


def frame(first: int, payload: bytes) -> bytes:
    """An unmasked, unfragmented WebSocket frame whose first byte is ``first`` (RFC 6455, 5.2)."""
    length = len(payload)
    if length < 126:
        return bytes((first, length)) + payload
    if length < 65536:
        return bytes((first, 126)) + length.to_bytes(2, "big") + payload
    return bytes((first, 127)) + length.to_bytes(8, "big") + payload


class ServerSocket:
    """A station's socket as the server holds it, from the 101 to its end."""

    __slots__ = (
        "_connection",
        "_ended",
        "_max_unsent",
        "_reason",
        "_timer",
        "_transport",
        "closing",
        "pinged_at",
    )

    def __init__(self, transport: asyncio.Transport, max_unsent: int) -> None:
        self.pinged_at: float | None = None
        """When the ping was sent that nothing has answered yet, on the event loop's clock."""
        self._transport = transport
        self._max_unsent = max_unsent
        self.closing = False
        """Whether the closing handshake has begun: nothing more is read or sent."""
        self._reason: str | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._connection: Connection

    # ---- what arrives

    def serve(self, request: web.BaseRequest, connection: Connection, max_message_bytes: int) -> None:
        """Hand what arrives from now on to the connection."""
        self._connection = connection
        inbox = _Inbox(self, connection, request)
        reader = WebSocketReader(inbox, max_message_bytes, compress=False, decode_text=True)
        request.protocol.set_parser(reader)
        request.protocol.keep_alive(False)

    def other_received(self, kind: WSMsgType, data: Any, extra: str | None) -> None:
        """Take a message that is not a text."""
        connection = self._connection
        connection.last_heard = asyncio.get_running_loop().time()
        if kind is WSMsgType.PING:
            self._write(frame(PONG, bytes(data)))
        elif kind is WSMsgType.PONG:
            self.pinged_at = None
        elif kind is WSMsgType.BINARY and not self.closing:
            connection.deviated("", "", (BINARY_FRAME,))
            connection.text_received(bytes(data).decode("utf-8", "replace"))
        elif kind is WSMsgType.CLOSE:
            self._close_received(data, extra)

    def _close_received(self, code: int, text: str | None) -> None:
        if not self.closing:
            self.closing = True
            # RFC 6455, 5.5.1: the answer to a close frame repeats its code.
            self._transport.write(frame(CLOSE, code.to_bytes(2, "big") if code else b""))
            told = f" {text}" if text else ""
            self._end(f"closed by the station with {code}{told}" if text else f"closed with {code}")
        self._transport.close()

    def broken(self, error: BaseException) -> None:
        """What arrived is no WebSocket frame, or too large a one."""
        self._end(f"the connection broke: {error}")
        code = error.code if isinstance(error, WebSocketError) else WSCloseCode.INTERNAL_ERROR
        self.close(int(code), str(error))
        self._transport.close()

    # ---- what is sent

    def send_text(self, text: str) -> None:
        transport = self._transport
        if self.closing or transport.is_closing():
            return
        payload = text.encode()
        length = len(payload)
        if length < 126:
            transport.write(bytes((TEXT, length)) + payload)
        else:
            transport.write(frame(TEXT, payload))
        if transport.get_write_buffer_size() > self._max_unsent:
            self.abort("it does not read what is sent to it")

    def ping(self, now: float) -> None:
        if self._write(PING_FRAME):
            self.pinged_at = now

    def _write(self, data: bytes) -> bool:
        if self.closing or self._transport.is_closing():
            return False
        self._transport.write(data)
        return True

    def close(self, code: int, reason: str) -> None:
        if self.closing or self._transport.is_closing():
            return
        self.closing = True
        text = reason.encode()[: LARGEST_CONTROL - 2].decode("utf-8", "ignore").encode()
        self._transport.write(frame(CLOSE, code.to_bytes(2, "big") + text))
        self._transport.resume_reading()  # the other side's close frame is still to be read
        self._end(f"closed with {code}")
        loop = asyncio.get_running_loop()
        self._timer = loop.call_later(CLOSE_WAIT_S, self._transport.abort)

    def abort(self, reason: str = "dropped") -> None:
        """Drop the socket without a closing handshake: the other side is not there to take part."""
        self._end(reason)
        self._transport.abort()

    # ---- reading and the end

    def pause_reading(self) -> None:
        """Leave what comes to TCP. What has been read already is handled."""
        if not self.closing and not self._transport.is_closing():
            self._transport.pause_reading()

    def resume_reading(self) -> None:
        if not self._transport.is_closing():
            self._transport.resume_reading()

    def _end(self, reason: str) -> None:
        self._reason = self._reason or reason

    @property
    def end_reason(self) -> str:
        """Why it ended, or will."""
        return self._reason or "the connection was lost"

    @property
    def ended(self) -> asyncio.Future[None]:
        """Done when the socket is gone."""
        return self._ended

    def lost(self) -> None:
        """The transport is gone."""
        self.closing = True
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if not self._ended.done():
            self._ended.set_result(None)


class _Inbox(WebSocketDataQueue):
    """Stands where aiohttp's parser expects a queue, and queues nothing."""

    def __init__(self, socket: ServerSocket, connection: Connection, request: web.BaseRequest) -> None:
        super().__init__(request.protocol, 2**16, loop=asyncio.get_running_loop())
        self._text_received = connection.text_received
        self._socket = socket

    def feed_data(self, message: Any, size: int) -> None:
        # The parser cannot pass an exception on: it would be lost.
        try:
            kind, data, extra = message
            socket = self._socket
            if kind is not WSMsgType.TEXT:
                socket.other_received(kind, data, extra)
            elif not socket.closing:
                socket.pinged_at = None
                self._text_received(data)
        except Exception as failure:
            log.exception("a frame could not be handled")
            self._socket.broken(failure)

    def set_exception(self, exc: BaseException, exc_cause: BaseException | None = None) -> None:
        self._socket.broken(exc)

    def feed_eof(self) -> None:
        self._socket.lost()
