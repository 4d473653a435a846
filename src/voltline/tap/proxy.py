"""The proxy: listens, and joins every connection to one of its own to the central system."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable
from types import TracebackType
from typing import Final, Self
from urllib.parse import SplitResult, urlsplit

from voltline.tap.live import TIME_PERIOD_S
from voltline.tap.relay import FarSide, Relay
from voltline.tap.rules import Rules
from voltline.tap.watch import Watch

__all__ = ["InvalidAddress", "Tap", "central_url"]

FLUSH_EVERY_S: Final = 0.5
STOP_WITHIN_S: Final = 3.0


class InvalidAddress(ValueError):
    """No address to connect to; the text says what one looks like."""


def central_url(text: str) -> SplitResult:
    """The URL of a central system. Raises InvalidAddress."""
    wanted = "expected ws://host:port/path or wss://host:port/path"
    try:
        url = urlsplit(text)
        _ = url.port
    except ValueError as fault:
        raise InvalidAddress(f"{text!r} is not a WebSocket URL: {fault}") from None
    if url.scheme not in ("ws", "wss") or not url.hostname:
        raise InvalidAddress(f"{text!r} is not a WebSocket URL; {wanted}")
    if "@" in url.netloc or url.query or url.fragment:
        raise InvalidAddress(
            f"a user, query or fragment in the URL of the central system has no effect; {wanted}. What a"
            " charge point shows of these is passed on"
        )
    return url


class Tap:
    """Listens within its context; when that is left, every connection is closed with 1001."""

    def __init__(
        self,
        to: SplitResult,
        watch: Watch,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        tls: ssl.SSLContext | None = None,
        far_tls: ssl.SSLContext | None = None,
        rules: Rules | None = None,
        time_period_s: float = TIME_PERIOD_S,
    ) -> None:
        """`tls` is for the side that listens, `far_tls` for a central system at wss://. Port 0: any free.

        Every `time_period_s` it is looked for what a charge point owes that says nothing.
        """
        if to.scheme == "wss" and far_tls is None:
            far_tls = ssl.create_default_context()
        self.watch = watch
        self._far = FarSide(to, far_tls, rules)
        self._host, self._port, self._tls = host, port, tls
        self._relays: set[Relay] = set()
        self._server: asyncio.Server | None = None
        self._time_period_s = time_period_s
        self._regular: tuple[asyncio.Task[None], ...] = ()
        self._empty: asyncio.Event = asyncio.Event()

    @property
    def url(self) -> str:
        """Where charge points connect, without the identity."""
        host = f"[{self._host}]" if ":" in self._host else self._host
        return f"{'wss' if self._tls else 'ws'}://{host}:{self._port}"

    async def __aenter__(self) -> Self:
        """Raises OSError where nobody can listen."""
        self._server = await asyncio.get_running_loop().create_server(
            self._connected, self._host, self._port, ssl=self._tls, backlog=1024
        )
        self._port = self._server.sockets[0].getsockname()[1]
        self._regular = (
            asyncio.create_task(_every(FLUSH_EVERY_S, self.watch.flush)),
            asyncio.create_task(_every(self._time_period_s, self.watch.let_time_judge)),
        )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._server is not None
        self._server.close()
        for one in self._regular:
            one.cancel()
        self.watch.catch_up()
        for relay in tuple(self._relays):
            relay.stop()
        if self._relays:
            self._empty.clear()
            try:
                await asyncio.wait_for(self._empty.wait(), STOP_WITHIN_S)
            except TimeoutError:
                for relay in tuple(self._relays):
                    relay.station.abort()
        self.watch.end()

    def _connected(self) -> asyncio.Protocol:
        relay = Relay(self._far, self.watch, self._gone)
        self._relays.add(relay)
        return relay.station

    def _gone(self, relay: Relay) -> None:
        self._relays.discard(relay)
        if not self._relays:
            self._empty.set()


async def _every(period_s: float, do: Callable[[], None]) -> None:
    while True:
        await asyncio.sleep(period_s)
        do()
