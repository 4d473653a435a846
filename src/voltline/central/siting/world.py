"""What a site is steered with, and its time."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from msgspec import Struct

from voltline.central.services.ports import Queries, Writer
from voltline.central.services.ports.lines import Lines
from voltline.smart_charging.site.settings import Settings


class World(Struct, frozen=True, kw_only=True):
    """What a site is steered with."""

    lines: Lines
    writer: Writer
    queries: Queries
    now: Callable[[], datetime]
    clock: Callable[[], float]
    settings: Settings
    verify: bool
    sample_s: float
    call_timeout_s: float


class SiteTime:
    """Seconds since 1970 as a controller wants them: they do not go back, though the wall's clock may."""

    def __init__(self, world: World) -> None:
        self._now, self._clock = world.now, world.clock
        self._began, self._began_at = world.now().timestamp(), world.clock()

    def __call__(self) -> float:
        """Now."""
        return self._began + (self._clock() - self._began_at)

    def wall(self, at: float) -> datetime:
        """The same instant by the wall's clock."""
        return self._now() + timedelta(seconds=at - self())

    def since(self, at: datetime, received_at: datetime) -> float:
        """An instant told by a charge point or meter; never later than now."""
        return self() - max(0.0, (received_at - at).total_seconds())
