"""What is told of the faults that were seen: a new one at once, repeats now and then."""

from __future__ import annotations

from typing import Final

from msgspec import Struct

from voltline.central.domain.findings import Seen, together
from voltline.central.domain.stations import StationKey

REPEAT_AFTER_S: Final = 10.0
"""Repeats of a fault are told together, so often at most."""
MOST_NEW: Final = 200
MOST_REPEATS: Final = 40
"""So many are told at once; the database has other things to do."""
REMEMBERED: Final = 50_000
MOST_WAITING: Final = 5_000

_Key = tuple[StationKey, str, int | None, str]


class _Told(Struct):
    at: float
    rank: int
    """Of the severity that it was told with."""


class Reporter:
    """Collects faults. Memory is bounded. Times are seconds on any clock that does not jump."""

    def __init__(self) -> None:
        self.dropped = 0
        """Sights that were too many to be told."""
        self._told: dict[_Key, _Told] = {}
        self._new: dict[_Key, Seen] = {}
        self._repeats: dict[_Key, Seen] = {}

    @property
    def waiting(self) -> bool:
        """Whether something is left to tell."""
        return bool(self._new or self._repeats)

    def add(self, seen: Seen) -> None:
        """A fault was seen."""
        finding = seen.finding
        key = (seen.station, finding.detector, finding.connector, finding.title)
        earlier = self._new.pop(key, None) or self._repeats.pop(key, None)
        if earlier is not None:
            seen = together(earlier, seen)
        told = self._told.get(key)
        waits = self._new if told is None or seen.finding.severity.rank > told.rank else self._repeats
        if len(waits) >= MOST_WAITING:
            self.dropped += seen.finding.count
        else:
            waits[key] = seen

    def due(self, now: float) -> list[Seen]:
        """What is to be told now."""
        new = list(self._new)[:MOST_NEW]
        repeats = [key for key in self._repeats if self._is_due(key, now)][:MOST_REPEATS]
        found = [self._new.pop(key) for key in new] + [self._repeats.pop(key) for key in repeats]
        for key, seen in zip(new + repeats, found, strict=True):
            self._told.pop(key, None)
            self._told[key] = _Told(now, seen.finding.severity.rank)
        while len(self._told) > REMEMBERED:
            del self._told[next(iter(self._told))]
        return found

    def _is_due(self, key: _Key, now: float) -> bool:
        told = self._told.get(key)
        return told is None or now - told.at >= REPEAT_AFTER_S
