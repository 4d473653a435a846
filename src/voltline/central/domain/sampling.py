"""Which charge points are looked at while there is not the time to look at all of them."""

from __future__ import annotations

from typing import Final

from voltline.central.domain.stations import StationKey

SLOTS: Final = 1024
"""Charge points are spread over so many slots; whole slots are left out."""
_LOWER_AFTER_S: Final = 5.0
_RAISE_AFTER_S: Final = 30.0
_SPREAD: Final = 40503


def slot_of(station: StationKey) -> int:
    """Which slot a charge point is in, for good."""
    return station * _SPREAD % SLOTS


class Sampling:
    """A charge point is looked at wholly or not at all: half of its messages would show faults it has not.

    All are looked at until `behind` is called; then fewer and fewer, and again more once `caught_up` is.
    Times are seconds on any clock that does not jump.
    """

    def __init__(self) -> None:
        self.kept = SLOTS
        """Slots below this number are looked at."""
        self._most = SLOTS
        self._changed_at = float("-inf")

    @property
    def share(self) -> float:
        """Of all charge points, 0 to 1."""
        return self.kept / SLOTS

    def takes(self, station: StationKey) -> bool:
        """Whether this charge point is looked at now."""
        return self.kept >= SLOTS or slot_of(station) < self.kept

    def behind(self, now: float) -> bool:
        """More comes than can be looked at; whether fewer are looked at from now on."""
        if now - self._changed_at < _LOWER_AFTER_S or self.kept == 1:
            return False  # what waits already takes its time
        self._set(max(1, self.kept * 3 // 4), now)
        return True

    def caught_up(self, now: float) -> bool:
        """Hardly anything waits; whether more are looked at from now on."""
        if now - self._changed_at < _RAISE_AFTER_S or self.kept >= self._most:
            return False
        self._set(min(self._most, self.kept + max(8, self.kept // 4)), now)
        return True

    def too_many(self, now: float) -> None:
        """So many as now do not fit into memory; it will not be tried again."""
        self._most = max(1, self.kept * 3 // 4)
        self._set(self._most, now)

    def _set(self, kept: int, now: float) -> None:
        self.kept = kept
        self._changed_at = now
