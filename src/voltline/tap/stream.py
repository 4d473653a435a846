"""WebSocket frames in a stream of bytes (RFC 6455, 5), read by somebody whom they are not meant for.

Nothing is judged here: reserved bits, wrong order and bad UTF-8 pass.
"""

from __future__ import annotations

import os
from typing import Final, NamedTuple

__all__ = [
    "BINARY",
    "CLOSE",
    "MOST_SEEN",
    "TEXT",
    "FrameReader",
    "Message",
    "MessageReader",
    "WireFrame",
    "closing",
    "encoded",
]

TEXT, BINARY, CLOSE = 0x1, 0x2, 0x8
_LAST: Final = 0x80
_MASKED: Final = 0x80
MOST_SEEN: Final = 4 * 1024 * 1024
"""Bytes of a message that is looked at. A larger one is passed on unseen."""


class WireFrame(NamedTuple):
    """A frame as it came."""

    raw: bytes
    """Its bytes, head and mask included."""
    first: int
    """Its first byte: FIN, reserved bits, opcode."""
    payload: bytes | None
    """Unmasked. None where the frame is too large: then `raw` is a part of it."""
    more: bool = False
    """Whether other parts of it follow."""


class FrameReader:
    """Takes a stream apart."""

    __slots__ = ("_buffer", "_first", "_left", "_need", "most_bytes")

    def __init__(self, most_bytes: int = MOST_SEEN) -> None:
        self.most_bytes = most_bytes
        self._buffer = bytearray()
        self._need = 2
        self._left = 0
        self._first = 0

    @property
    def within(self) -> bool:
        """Whether the stream stands inside a frame."""
        return bool(self._buffer) or self._left > 0

    def feed(self, data: bytes) -> list[WireFrame]:
        """The frames that are whole now, in order; of one that is too large, whatever there is of it."""
        if self._buffer:
            self._buffer += data
            if len(self._buffer) < self._need:
                return []
            data = bytes(self._buffer)
            self._buffer.clear()
        frames: list[WireFrame] = []
        start, have = 0, len(data)
        while start < have:
            if self._left:
                part = data[start : start + self._left]
                self._left -= len(part)
                frames.append(WireFrame(part, self._first, None, self._left > 0))
                start += len(part)
                continue
            need = self._next(data, start, frames)
            if need == 0:
                start += len(frames[-1].raw)
            elif need > 0:
                self._buffer += data[start:]
                self._need = need
                break
        return frames

    def _next(self, data: bytes, start: int, frames: list[WireFrame]) -> int:
        """Adds the frame at `start` and returns 0; or the bytes it needs; or -1: it is too large."""
        have = len(data) - start
        if have < 2:
            return 2
        length = data[start + 1] & 0x7F
        head = 2
        if length >= 126:
            head = 4 if length == 126 else 10
            if have < head:
                return head
            length = int.from_bytes(data[start + 2 : start + head], "big")
        masked = data[start + 1] & _MASKED
        if masked:
            head += 4
        if length > self.most_bytes:
            self._left, self._first = head + length, data[start]
            return -1
        if have < head + length:
            return head + length
        body = start + head
        payload = data[body : body + length]
        if masked:
            payload = _masked(payload, data[body - 4 : body])
        whole = start == 0 and have == head + length
        frames.append(WireFrame(data if whole else data[start : body + length], data[start], payload))
        return 0


class Message(NamedTuple):
    """A data message, a control frame, or a part of what is too large."""

    opcode: int
    data: bytes | None
    """None: it, or this part of it, is not looked at."""
    raw: tuple[bytes, ...]
    """The frames that it came in."""
    size: int = 0
    """Of the end of a message that is too large: its bytes. 0 where it has not ended, or was looked at."""


class MessageReader:
    """Puts the fragments of one direction together."""

    __slots__ = ("_opcode", "_parts", "_raw", "_size", "frames")

    def __init__(self, most_bytes: int = MOST_SEEN) -> None:
        self.frames = FrameReader(most_bytes)
        self._opcode = 0
        self._parts: list[bytes] | None = []
        self._raw: list[bytes] = []
        self._size = 0

    def feed(self, data: bytes) -> list[Message]:
        """What is whole now, in order; a control frame may come between the fragments of a message."""
        return [message for frame in self.frames.feed(data) for message in self._take(frame)]

    def _take(self, frame: WireFrame) -> list[Message]:
        raw, first, payload, more = frame
        opcode = first & 0x0F
        if opcode >= CLOSE:
            return [Message(opcode, payload, (raw,))]
        last = bool(first & _LAST) and not more
        if last and opcode and payload is not None and not self._size:
            return [Message(opcode, payload, (raw,))]
        if not self._size:
            self._opcode = opcode
        self._size += len(raw)
        if self._parts is not None and payload is not None and self._size <= self.frames.most_bytes:
            self._parts.append(payload)
            self._raw.append(raw)
            return [self._end()] if last else []
        # Too large to be looked at: what was kept of it goes on first.
        self._parts, held = None, (*self._raw, raw)
        self._raw = []
        size = self._size if last else 0
        if last:
            self._parts, self._size = [], 0
        return [Message(self._opcode, None, held, size)]

    def _end(self) -> Message:
        message = Message(self._opcode, b"".join(self._parts or ()), tuple(self._raw))
        self._parts, self._raw, self._size = [], [], 0
        return message


def encoded(opcode: int, payload: bytes, *, masked: bool) -> bytes:
    """A whole frame; `masked` as a client has to send it (RFC 6455, 5.3)."""
    length, mark = len(payload), _MASKED if masked else 0
    if length < 126:
        head = bytes((_LAST | opcode, mark | length))
    elif length < 65536:
        head = bytes((_LAST | opcode, mark | 126)) + length.to_bytes(2, "big")
    else:
        head = bytes((_LAST | opcode, mark | 127)) + length.to_bytes(8, "big")
    if not masked:
        return head + payload
    mask = os.urandom(4)
    return head + mask + _masked(payload, mask)


def closing(code: int, reason: str, *, masked: bool) -> bytes:
    """A close frame."""
    return encoded(CLOSE, code.to_bytes(2, "big") + reason.encode()[:123], masked=masked)


def _masked(payload: bytes, mask: bytes) -> bytes:
    # One wide number is masked far quicker than many bytes.
    length = len(payload)
    pad = int.from_bytes(mask * (length // 4) + mask[: length % 4], "big")
    return (int.from_bytes(payload, "big") ^ pad).to_bytes(length, "big")
