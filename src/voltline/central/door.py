"""Who is let in: asked before the connection of a charge point is accepted."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime

from structlog.contextvars import bind_contextvars

from voltline.central.domain.stations import RegistrationPolicy
from voltline.central.handlers.desk import Visit
from voltline.central.services import stations
from voltline.central.services.ports import Writer, WriterClosed
from voltline.quirks import Registry
from voltline.transport.admission import Admitted, Decision, Handshake, Refused

RETRY_AFTER_S = 30
"""Told to a charge point that cannot be let in just now."""


class Door:
    """Knows charge points by their registration. The database decides, and is never guessed for."""

    def __init__(
        self,
        writer: Writer,
        *,
        policy: RegistrationPolicy,
        path: str,
        now: Callable[[], datetime],
        patience_s: float = 10.0,
        quirks: Registry | None = None,
    ) -> None:
        """`path` is the only one under which charge points are let in, any if it is empty."""
        self._writer = writer
        self._policy = policy
        self._path = path.rstrip("/")
        self._now = now
        self._patience_s = patience_s
        self._quirks = quirks or Registry()

    async def admit(self, handshake: Handshake) -> Decision:
        """Let in, or refuse with 404 (not known here) or 503 (the database cannot be asked)."""
        if self._path and _parent(handshake.path) != self._path:
            return Refused(404, f"charge points connect to {self._path}/{{identity}}")
        if not self._writer.healthy:
            return _busy()
        try:
            asked = self._writer.submit(stations.connected, handshake.identity, self._policy, self._now())
            # Shielded: what is in the writer's line is done, whether somebody waits for it or not.
            station = await asyncio.wait_for(asyncio.shield(asked), self._patience_s)
        except (TimeoutError, WriterClosed):
            return _busy()
        if station is None:
            return Refused(404, f"charge point {handshake.identity!r} is not registered here")
        # The connection's task goes on from here: all that it logs is this charge point's.
        bind_contextvars(station=station.identity)
        told = station.identity, station.vendor, station.model, station.firmware_version
        return Admitted(Visit(station, self._quirks.of(*told)))


def _parent(path: str) -> str:
    return path.partition("?")[0].rstrip("/").rpartition("/")[0]


def _busy() -> Refused:
    return Refused(503, "the database is out of reach; try again later", retry_after_s=RETRY_AFTER_S)
