"""TCP segments to the WebSocket messages in them."""

import ipaddress
import re
import zlib
from collections.abc import Iterator
from datetime import datetime
from typing import Any
from urllib.parse import unquote

from voltline.inspection.records import Direction, Record, RecordKind

__all__ = ["Flows"]

Address = tuple[bytes, int, bytes, int]
"""Source address and port, destination address and port."""

MAX_WAITING = 256
"""Segments that wait for an earlier one; with more, the earlier one was not captured."""
MAX_HEAD = 64 * 1024
MAX_MESSAGE = 16 * 1024 * 1024
MAX_FLOWS = 20_000

_FIN, _SYN, _RST = 0x01, 0x02, 0x04
_REQUEST = re.compile(rb"GET (\S+) HTTP/1\.[01]\r\n")
_UPGRADE = re.compile(rb"\r\nUpgrade:[ \t]*websocket", re.IGNORECASE)
_DEFLATE = re.compile(rb"\r\nSec-WebSocket-Extensions:[^\r\n]*permessage-deflate([^\r\n]*)", re.IGNORECASE)


class Flows:
    """All connections of one capture."""

    def __init__(self, source: str) -> None:
        self.losses: dict[str, int] = {}
        """What was not captured, to how often."""
        self._source = source
        self._connections: dict[frozenset[tuple[bytes, int]], _Connection] = {}

    def segment(self, address: Address, tcp: Any, number: int, at: datetime) -> list[Record] | None:
        """The records that end with this segment; None where its connection is TLS."""
        ends = frozenset((address[:2], address[2:]))
        connection = self._connections.get(ends)
        if connection is None or (tcp.flags & _SYN and connection.over):
            if len(self._connections) >= MAX_FLOWS:
                self._connections.pop(next(iter(self._connections)))
            connection = self._connections[ends] = _Connection(self._source, address, self.losses)
        return connection.segment(address[:2], tcp, number, at)

    def speaks(self, address: Address) -> bool:
        """Whether a connection is known to carry WebSocket."""
        connection = self._connections.get(frozenset((address[:2], address[2:])))
        return connection is not None and connection.is_websocket


class _Half:
    """One direction of a connection: bytes in order, and messages from them."""

    def __init__(self) -> None:
        self.expected: int | None = None
        self.waiting: dict[int, bytes] = {}
        self.buffer = bytearray()
        self.upgraded = False
        self.masked: bool | None = None
        self.parts = bytearray()
        self.deflated = False
        self.inflate: Any = None
        self.keeps_context = True

    def take(self, sequence: int, data: bytes, losses: dict[str, int]) -> None:
        """Put a segment in its place; what follows it without a gap goes to the buffer."""
        if self.expected is None:
            self.expected = sequence
        self.waiting.setdefault(sequence, data)
        if len(self.waiting[sequence]) < len(data):
            self.waiting[sequence] = data
        while True:
            moved = False
            for begin in sorted(self.waiting, key=lambda at: (at - self.expected_or_0 + 2**31) % 2**32):
                ahead = (begin - self.expected_or_0 + 2**31) % 2**32 - 2**31
                if ahead > 0:
                    break
                piece = self.waiting.pop(begin)[-ahead:] if ahead else self.waiting.pop(begin)
                self.buffer += piece
                self.expected = (self.expected_or_0 + len(piece)) % 2**32
                moved = True
            if len(self.waiting) > MAX_WAITING:
                # What is missing was not captured: go on behind the gap, with whatever begins there.
                self.expected = min(self.waiting, key=lambda at: (at - self.expected_or_0) % 2**32)
                self.buffer.clear()
                self.parts.clear()
                losses["bytes that were not captured"] = losses.get("bytes that were not captured", 0) + 1
                continue
            if not moved:
                return

    @property
    def expected_or_0(self) -> int:
        return self.expected or 0


class _Connection:
    def __init__(self, source: str, address: Address, losses: dict[str, int]) -> None:
        self.over = False
        self.is_websocket = False
        self._tls = False
        self._source = source
        self._losses = losses
        self._halves = {address[:2]: _Half(), address[2:]: _Half()}
        self._client: tuple[bytes, int] | None = None
        self._station: str | None = None
        self._deflate: bytes | None = None
        self._name = f"{_spelled(address[:2])}-{_spelled(address[2:])}"

    def segment(self, end: tuple[bytes, int], tcp: Any, number: int, at: datetime) -> list[Record] | None:
        half = self._halves[end]
        sequence: int = tcp.seq
        if tcp.flags & _SYN:
            half.expected = (sequence + 1) % 2**32
            if not tcp.flags & 0x10:
                self._client = end
            sequence += 1
        records: list[Record] = []
        data = bytes(tcp.data)
        if data:
            if (
                not half.buffer
                and half.expected in (None, sequence)
                and _is_tls(data)
                and not self.is_websocket
            ):
                self._tls = True
            if self._tls:
                return None
            half.take(sequence, data, self._losses)
            for kind, text in self._messages(end, half):
                records.append(self._record(kind, text, end, number, at))
        if tcp.flags & (_FIN | _RST) and not self.over:
            self.over = True
            if self.is_websocket:
                how = "reset" if tcp.flags & _RST else "closed"
                by = "charge point" if end == self._client else "central system"
                records.append(
                    self._record(RecordKind.DISCONNECTED, f"TCP {how} by the {by}", end, number, at)
                )
        return records

    def _record(
        self, kind: RecordKind, text: str, end: tuple[bytes, int], number: int, at: datetime
    ) -> Record:
        direction = Direction.UNKNOWN
        if kind is RecordKind.FRAME and self._client is not None:
            direction = Direction.FROM_STATION if end == self._client else Direction.FROM_CENTRAL
        return Record(
            self._source, number, text, kind, at, direction, self._station, self._name, log_name="pcap"
        )

    def _messages(self, end: tuple[bytes, int], half: _Half) -> Iterator[tuple[RecordKind, str]]:
        if not half.upgraded:
            head = half.buffer.find(b"\r\n\r\n")
            request = _REQUEST.match(bytes(half.buffer[:MAX_HEAD]))
            if request is not None or half.buffer.startswith((b"GET ", b"HTTP/")):
                if head < 0:
                    if len(half.buffer) > MAX_HEAD:
                        half.buffer.clear()
                    return
                text = bytes(half.buffer[: head + 2])
                del half.buffer[: head + 4]
                half.upgraded = _UPGRADE.search(text) is not None
                if not half.upgraded:
                    half.buffer.clear()
                    return
                self.is_websocket = True
                if request is not None:
                    self._client = end
                    path = request[1].split(b"?")[0].decode("latin-1")
                    self._station = unquote(path.rstrip("/").rpartition("/")[2]) or None
                    yield RecordKind.CONNECTED, path
                else:
                    deflate = _DEFLATE.search(text)
                    self._deflate = deflate[1] if deflate is not None else None
            elif len(half.buffer) >= 2 and half.buffer[0] in (0x81, 0x89, 0x8A, 0xC1):
                # The capture began after the handshake. Masked frames are the client's.
                half.upgraded = self.is_websocket = True
            else:
                half.buffer.clear()
                return
        yield from self._websocket(end, half)

    def _websocket(self, end: tuple[bytes, int], half: _Half) -> Iterator[tuple[RecordKind, str]]:
        while (frame := _frame(half.buffer)) is not None:
            first, masked, payload, used = frame
            del half.buffer[:used]
            if masked and self._client is None:
                self._client = end
            elif not masked and self._client is None:
                self._client = next(other for other in self._halves if other != end)
            opcode = first & 0x0F
            if opcode == 8:
                code = int.from_bytes(payload[:2], "big") if len(payload) >= 2 else 1005
                yield (
                    RecordKind.DISCONNECTED,
                    f"close {code} {payload[2:].decode('utf-8', 'replace')}".strip(),
                )
                self.over = True
                continue
            if opcode > 2:
                continue
            if opcode:
                half.parts.clear()
                half.deflated = bool(first & 0x40)
            half.parts += payload
            if not first & 0x80:
                continue
            message = bytes(half.parts)
            half.parts.clear()
            if half.deflated:
                inflated = self._inflated(half, message, end)
                if inflated is None:
                    lost = "compressed messages that cannot be inflated"
                    self._losses[lost] = self._losses.get(lost, 0) + 1
                    continue
                message = inflated
            yield RecordKind.FRAME, message.decode("utf-8", "replace")

    def _inflated(self, half: _Half, message: bytes, end: tuple[bytes, int]) -> bytes | None:
        side = b"client_no_context_takeover" if end == self._client else b"server_no_context_takeover"
        if half.inflate is None or side in (self._deflate or b""):
            half.inflate = zlib.decompressobj(-15)
        try:
            return bytes(half.inflate.decompress(message + b"\x00\x00\xff\xff", MAX_MESSAGE))
        except zlib.error:
            return None


def _frame(buffer: bytearray) -> tuple[int, bool, bytes, int] | None:
    """First byte, whether masked, payload and length of the frame that the buffer begins with."""
    if len(buffer) < 2:
        return None
    masked = bool(buffer[1] & 0x80)
    length = buffer[1] & 0x7F
    at = 2
    if length >= 126:
        size = 2 if length == 126 else 8
        if len(buffer) < at + size:
            return None
        length = int.from_bytes(buffer[at : at + size], "big")
        at += size
    if length > MAX_MESSAGE:
        buffer.clear()
        return None
    if len(buffer) < at + 4 * masked + length:
        return None
    payload = bytes(buffer[at + 4 * masked : at + 4 * masked + length])
    if masked and length:
        mask = bytes(buffer[at : at + 4])
        repeated = int.from_bytes((mask * (length // 4 + 1))[:length], "big")
        payload = (int.from_bytes(payload, "big") ^ repeated).to_bytes(length, "big")
    return buffer[0], masked, payload, at + 4 * masked + length


def _is_tls(data: bytes) -> bool:
    return len(data) >= 3 and data[0] in (0x14, 0x15, 0x16, 0x17) and data[1] == 3 and data[2] <= 4


def _spelled(end: tuple[bytes, int]) -> str:
    return f"{ipaddress.ip_address(end[0])}:{end[1]}"
