"""The client's half of a WebSocket (RFC 6455), straight on an asyncio transport.

A simulated fleet holds thousands of these, so a socket is one small object without a task, and a frame goes
from the transport to the connection in one call.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import os
import ssl
from collections.abc import Callable, Mapping, Sequence
from typing import cast
from urllib.parse import SplitResult, urlsplit

from voltline.wire.errors import NotConnected

_GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
_CONTINUATION, _TEXT, _BINARY, _CLOSE, _PING, _PONG = 0x0, 0x1, 0x2, 0x8, 0x9, 0xA
_LAST = 0x80
_MASKED = 0x80
_MAX_HEAD = 16 * 1024
_MAX_UNSENT = 4 * 1024 * 1024
_NOBODY_LISTENS = "the charge point closed the connection"


class Refusal(NotConnected):
    """The central system refused the upgrade; ``status`` is its HTTP status (401, 404, 503...)."""

    def __init__(self, text: str, status: int) -> None:
        super().__init__(text)
        self.status = status


class ClientSocket(asyncio.Protocol):
    """A WebSocket that was opened by ``open_socket``. Nothing is read until ``listen``."""

    __slots__ = (
        "_accepted",
        "_buffer",
        "_closing",
        "_ended",
        "_heard_at",
        "_held",
        "_loop",
        "_max_message",
        "_parts",
        "_ping_every_s",
        "_ping_timer",
        "_pinged",
        "_reason",
        "_text",
        "_transport",
        "subprotocol",
    )

    def __init__(self, max_message_bytes: int) -> None:
        self.subprotocol: str | None = None
        """What the server chose of the subprotocols offered."""
        self._loop = asyncio.get_running_loop()
        self._max_message = max_message_bytes
        self._transport: asyncio.Transport | None = None
        self._accepted: asyncio.Future[bytes] | None = None
        self._buffer: bytes = b""
        self._parts: tuple[int, list[bytes]] | None = None
        self._text: Callable[[str], None] | None = None
        self._ended: asyncio.Future[None] | None = None
        self._reason: str | None = None
        self._closing = False
        self._held = False
        self._ping_every_s = 0.0
        self._ping_timer: asyncio.TimerHandle | None = None
        self._pinged = False
        self._heard_at = 0.0

    # ---- what its owner does

    async def upgrade(
        self, url: SplitResult, subprotocols: Sequence[str], headers: Mapping[str, str]
    ) -> None:
        """The opening handshake (RFC 6455, 4). Raises Refusal, NotConnected."""
        key = base64.b64encode(os.urandom(16))
        self._accepted = self._loop.create_future()
        self._write(_request(url, key, subprotocols, headers))
        head = await self._accepted
        self._accepted = None
        status, fields = _head(head)
        if status != 101:
            raise Refusal(f"{url.geturl()} refused the connection with HTTP {status}", status)
        expected = base64.b64encode(hashlib.sha1(key + _GUID).digest()).decode()  # noqa: S324, by RFC 6455
        if fields.get("sec-websocket-accept") != expected:
            raise NotConnected(f"{url.geturl()} answered 101, but not as a WebSocket does (RFC 6455, 4.1)")
        self.subprotocol = fields.get("sec-websocket-protocol")
        if self.subprotocol is not None and self.subprotocol not in subprotocols:
            raise NotConnected(f"{url.geturl()} chose {self.subprotocol!r}, which was not offered")

    def listen(self, text: Callable[[str], None], ping_interval_s: float = 0.0) -> None:
        """Give each message to ``text`` from now on, as soon as it is whole.

        Ping after ``ping_interval_s`` seconds of silence, and give the connection up after half as much more;
        0 never pings.
        """
        self._text = text
        self._heard_at = self._loop.time()
        self._ping_every_s = ping_interval_s
        if ping_interval_s > 0:
            self._ping_timer = self._loop.call_later(ping_interval_s, self._look_for_life)
        if not self._held:
            self.resume_reading()

    async def ended(self) -> str:
        """Wait until the connection is gone; why, in words."""
        if self._transport is not None:
            if self._ended is None:
                self._ended = self._loop.create_future()
            await asyncio.shield(self._ended)
        return self._reason or "the connection was lost"

    def pause_reading(self) -> None:
        """Read nothing more, not even a ping, and leave to TCP what comes."""
        self._held = True
        if self._transport is not None:
            self._transport.pause_reading()

    def resume_reading(self) -> None:
        """Read on."""
        self._held = False
        if self._transport is None or self._text is None:
            return
        self._transport.resume_reading()
        if self._buffer:
            early, self._buffer = self._buffer, b""
            self.data_received(early)

    def send_text(self, text: str) -> None:
        if not self._closing:
            self._write(_frame(_LAST | _TEXT, text.encode("utf-8", "replace")))

    def close(self, code: int, reason: str) -> None:
        if not self._closing:
            self._closing = True
            self._write(_frame(_LAST | _CLOSE, code.to_bytes(2, "big") + reason.encode()[:123]))

    async def gone(self, within_s: float) -> None:
        """Close with 1000 and wait for the other side to agree; then, or at last, drop the socket."""
        self.close(1000, "")
        try:
            async with asyncio.timeout(within_s):
                await self.ended()
        except TimeoutError:
            pass
        finally:
            self.abort()

    def abort(self) -> None:
        """Drop the socket without a word."""
        self._closing = True
        if self._transport is not None:
            self._transport.abort()

    # ---- what its transport tells

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's own class is no subclass of it

    def connection_lost(self, failure: Exception | None) -> None:
        self._transport = None
        self._closing = True
        self._buffer, self._parts, self._text = b"", None, None
        if self._ping_timer is not None:
            self._ping_timer.cancel()
            self._ping_timer = None
        if self._reason is None and failure is not None:
            self._reason = f"the connection broke: {failure}"
        if self._accepted is not None and not self._accepted.done():
            text = self._reason or "the server closed the connection instead of answering"
            self._accepted.set_exception(NotConnected(text))
        if self._ended is not None and not self._ended.done():
            self._ended.set_result(None)

    def data_received(self, data: bytes) -> None:
        self._heard_at = self._loop.time()
        self._pinged = False
        if self._text is None:
            self._read_head(data)
            return
        buffer = self._buffer + data if self._buffer else data
        start = 0
        while (frame := self._next_frame(buffer, start)) is not None:
            first, payload, start = frame
            self._take(first, payload)
            if self._text is None:  # it ended
                return
        self._buffer = buffer[start:] if start else buffer

    # ---- inside

    def _read_head(self, data: bytes) -> None:
        self._buffer += data
        if self._accepted is None or self._accepted.done():
            return
        head, found, rest = self._buffer.partition(b"\r\n\r\n")
        if found:
            self._buffer = rest
            if self._transport is not None:
                self._transport.pause_reading()  # until somebody listens
            self._accepted.set_result(head)
        elif len(self._buffer) > _MAX_HEAD:
            self._accepted.set_exception(NotConnected("the answer to the upgrade has no end"))

    def _next_frame(self, buffer: bytes, start: int) -> tuple[int, bytes, int] | None:
        """The first byte and payload of the frame at ``start``, and where the next one begins; None: not
        whole."""
        have = len(buffer) - start
        if have < 2:
            return None
        first, length = buffer[start], buffer[start + 1]
        head = 2
        if length & _MASKED or first & 0x70:
            self._fail(1002, "a frame of the server is masked or has reserved bits set")
            return None
        if length >= 126:
            head = 4 if length == 126 else 10
            if have < head:
                return None
            length = int.from_bytes(buffer[start + 2 : start + head], "big")
        kept = 0 if self._parts is None else sum(map(len, self._parts[1]))
        if length + kept > self._max_message:
            self._fail(1009, f"a message is longer than {self._max_message} bytes")
            return None
        if have < head + length:
            return None
        end = start + head + length
        return first, buffer[start + head : end], end

    def _take(self, first: int, payload: bytes) -> None:
        if first == (_LAST | _TEXT) and self._parts is None:
            self._deliver(_TEXT, payload)
            return
        opcode, last = first & 0x0F, bool(first & _LAST)
        if opcode >= _CLOSE:
            if not last or len(payload) > 125 or opcode > _PONG:
                self._fail(1002, f"a control frame is no control frame (opcode {opcode})")
            elif opcode == _PING:
                self._write(_frame(_LAST | _PONG, payload))
            elif opcode == _CLOSE:
                self._closed_by_peer(payload)
            return
        if opcode in (_TEXT, _BINARY) and self._parts is None:
            self._parts = (opcode, [payload])
        elif opcode == _CONTINUATION and self._parts is not None:
            self._parts[1].append(payload)
        else:
            self._fail(1002, f"a frame with opcode {opcode} has no place here")
            return
        if last:
            (opcode, parts), self._parts = self._parts, None
            self._deliver(opcode, b"".join(parts))

    def _deliver(self, opcode: int, payload: bytes) -> None:
        # What is no UTF-8 is told to the peer by the connection; a binary message is read as a text.
        try:
            text = payload.decode()
        except UnicodeDecodeError:
            if opcode == _TEXT:
                self._fail(1007, "a text frame is not UTF-8")
                return
            text = payload.decode("utf-8", "replace")
        if self._text is not None and not self._closing:
            self._text(text)

    def _closed_by_peer(self, payload: bytes) -> None:
        code = int.from_bytes(payload[:2], "big") if len(payload) >= 2 else 1005
        reason = payload[2:].decode("utf-8", "replace")
        if self._closing:
            self._reason = self._reason or _NOBODY_LISTENS
        else:
            self._reason = f"closed by the central system with {code} {reason}".rstrip()
            self._closing = True
            self._write(_frame(_LAST | _CLOSE, payload[:2]))
        if self._transport is not None:
            self._transport.close()

    def _fail(self, code: int, text: str) -> None:
        """The other side broke RFC 6455: say so and leave (7.1.7)."""
        self._reason = text
        self.close(code, text)
        self._text = None
        self._buffer = b""
        if self._transport is not None:
            self._transport.close()

    def _look_for_life(self) -> None:
        now = self._loop.time()
        silent_s = now - self._heard_at
        if self._pinged:
            self._reason = f"the central system answered no ping within {self._ping_every_s / 2:g} s"
            self.abort()
            return
        if silent_s >= self._ping_every_s:
            self._pinged = True
            self._write(_frame(_LAST | _PING, b""))
            wait_s = self._ping_every_s / 2
        else:
            wait_s = self._ping_every_s - silent_s
        self._ping_timer = self._loop.call_later(wait_s, self._look_for_life)

    def _write(self, data: bytes) -> None:
        transport = self._transport
        if transport is None or transport.is_closing():
            return
        transport.write(data)
        if transport.get_write_buffer_size() > _MAX_UNSENT:
            self._reason = "the central system does not read what is sent to it"
            self.abort()


async def open_socket(
    url: str,
    *,
    subprotocols: Sequence[str],
    headers: Mapping[str, str],
    max_message_bytes: int,
    tls: ssl.SSLContext | None = None,
) -> ClientSocket:
    """Connect and upgrade. ``url`` is ws:// or wss://; ``tls`` is the default context unless given.

    Raises Refusal (the server answered with another status), NotConnected, OSError.
    """
    parts = urlsplit(url)
    secure = parts.scheme == "wss"
    _, socket = await asyncio.get_running_loop().create_connection(
        lambda: ClientSocket(max_message_bytes),
        parts.hostname or "",
        parts.port or (443 if secure else 80),
        ssl=(tls or ssl.create_default_context()) if secure else None,
    )
    try:
        await socket.upgrade(parts, subprotocols, headers)
    except BaseException:
        socket.abort()
        raise
    return socket


def _request(url: SplitResult, key: bytes, subprotocols: Sequence[str], headers: Mapping[str, str]) -> bytes:
    path = url.path or "/"
    if url.query:
        path += f"?{url.query}"
    host = url.netloc.rpartition("@")[2]
    fields = {
        "Host": host,
        "Upgrade": "websocket",
        "Connection": "Upgrade",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": key.decode(),
        **({"Sec-WebSocket-Protocol": ", ".join(subprotocols)} if subprotocols else {}),
        **headers,
    }
    lines = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
    return f"GET {path} HTTP/1.1\r\n{lines}\r\n".encode("latin-1")


def _head(head: bytes) -> tuple[int, dict[str, str]]:
    """Status and header fields, names in lower case, of an answer. Raises NotConnected."""
    first, *lines = head.decode("latin-1").split("\r\n")
    version, _, rest = first.partition(" ")
    if not version.startswith("HTTP/1.") or not rest[:3].isdigit():
        raise NotConnected(f"the answer to the upgrade is no HTTP: {first[:80]!r}")
    fields = (line.partition(":") for line in lines)
    return int(rest[:3]), {name.strip().lower(): value.strip() for name, _, value in fields}


def _frame(first: int, payload: bytes) -> bytes:
    """A frame as a client sends it: masked by a new key (RFC 6455, 5.3)."""
    length = len(payload)
    if length < 126:
        head = bytes((first, _MASKED | length))
    elif length < 65536:
        head = bytes((first, _MASKED | 126)) + length.to_bytes(2, "big")
    else:
        head = bytes((first, _MASKED | 127)) + length.to_bytes(8, "big")
    mask = os.urandom(4)
    # One wide number is masked far quicker than many bytes.
    pad = int.from_bytes(mask * (length // 4) + mask[: length % 4], "big")
    return head + mask + (int.from_bytes(payload, "big") ^ pad).to_bytes(length, "big")
