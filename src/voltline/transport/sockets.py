"""What a connection needs of a socket, and how to make one of a library's asynchronous sender."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Protocol


class Socket(Protocol):
    """The sending half of a WebSocket. Nothing here waits or raises; a socket that broke says so by its
    reader."""

    def send_text(self, text: str) -> None:
        """Send a text frame, after those sent before."""

    def close(self, code: int, reason: str) -> None:
        """Begin the closing handshake with this close code (RFC 6455, 7.4)."""


class ReadSocket(Socket, Protocol):
    """Both halves of a WebSocket."""

    def pause_reading(self) -> None:
        """Read nothing more, not even a ping, and leave to TCP what comes."""

    def resume_reading(self) -> None:
        """Read on."""


class Line(Socket, Protocol):
    """Stands between a connection and its socket, and may do with the frames what it likes.

    The client calls `opened`, `received` for every frame, and `closed`.
    """

    def opened(self, socket: ReadSocket, deliver: Callable[[str], None]) -> None:
        """A connection is made: what is sent goes to `socket`, what arrives to `deliver`. While nothing may
        be read, `socket` is paused."""

    def received(self, text: str) -> None:
        """A text frame came."""

    def closed(self) -> None:
        """The connection is gone."""


class OutboxSocket:
    """A Socket over a library whose ``send`` and ``close`` are coroutines.

    Texts wait in an outbox that a task empties while there are any, so an idle connection holds no task.
    """

    __slots__ = ("_close", "_closing", "_outbox", "_send", "_writer", "failure")

    def __init__(
        self, send: Callable[[str], Awaitable[object]], close: Callable[[int, str], Awaitable[object]]
    ) -> None:
        self._send = send
        self._close = close
        self._outbox: deque[str] = deque()
        self._writer: asyncio.Task[None] | None = None
        self._closing: tuple[int, str] | None = None
        self.failure: Exception | None = None

    def send_text(self, text: str) -> None:
        if self._closing is None and self.failure is None:
            self._outbox.append(text)
            self._wake()

    def close(self, code: int, reason: str) -> None:
        if self._closing is None:
            self._closing = (code, reason)
            self._wake()

    async def drained(self) -> None:
        """Wait until everything handed over was sent, or the socket broke."""
        while self._writer is not None:
            await asyncio.shield(self._writer)

    def _wake(self) -> None:
        if self._writer is None:
            self._writer = asyncio.get_running_loop().create_task(self._write())

    async def _write(self) -> None:
        try:
            while self._outbox:
                await self._send(self._outbox.popleft())
            if self._closing is not None:
                await self._close(*self._closing)
        except Exception as failure:  # each library has its own; the reading side reports the loss
            self.failure = failure
            self._outbox.clear()
        finally:
            self._writer = None
