"""The clock of a simulated station: it can run faster than the real one, and be set wrong."""

from __future__ import annotations

from datetime import datetime, timedelta

from voltline.base.clock import Clock, SystemClock


class SimulatedClock:
    """Goes `speed` times as fast as `source`, from the moment at which it is made."""

    __slots__ = ("_began", "_began_at", "_skew", "_source", "speed")

    def __init__(self, speed: float = 1.0, source: Clock | None = None) -> None:
        """Raises ValueError for a speed that is not above 0."""
        if not speed > 0.0:
            raise ValueError(f"the speed is above 0, not {speed:g}")
        self.speed = speed
        self._source = source or SystemClock()
        self._began = self._source.monotonic()
        self._began_at = self._source.now()
        self._skew = timedelta()

    def now(self) -> datetime:
        """The time of day by this clock, in UTC and whole milliseconds."""
        if self.speed == 1.0:
            return self._source.now() + self._skew
        passed_ms = int((self.monotonic() - self._began) * 1000)
        return self._began_at + timedelta(milliseconds=passed_ms) + self._skew

    def monotonic(self) -> float:
        """Seconds that never jump; setting the clock does not change them."""
        if self.speed == 1.0:
            return self._source.monotonic()
        return self._began + (self._source.monotonic() - self._began) * self.speed

    def put_off(self, seconds: float) -> None:
        """Set the time of day wrong by so many seconds, ahead or with less than 0 behind."""
        self._skew = timedelta(seconds=seconds)
