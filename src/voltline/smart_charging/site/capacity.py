"""What each line has to give to the connectors: rating, schedule, less what others draw behind it."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import msgspec

from voltline.smart_charging.site.tree import GRID_PHASES, Fuse, Wiring

_DAY_S = 86_400


class _Reading(msgspec.Struct):
    currents_a: tuple[float, ...]
    at: float
    ends: float
    """Until then it counts."""


class Capacity:
    """The capacities of a site over time, in ampere for each line."""

    def __init__(self, wiring: Wiring, fresh_s: float) -> None:
        """A meter's reading counts for `fresh_s` seconds, unless it says otherwise."""
        self._wiring = wiring
        self._fresh_s = fresh_s
        self._readings: dict[int, _Reading] = {}

    def read(self, fuse: str, currents_a: tuple[float, ...], at: float, fresh_s: float | None = None) -> bool:
        """What others draw behind a fuse on L1, L2 and L3, and when; whether it is much more than before.

        A reading that is older than the last one is dropped. Raises KeyError for a fuse that is not there.
        """
        number = self._wiring.fuses[fuse]
        last = self._readings.get(number)
        if last is not None and at < last.at:
            return False
        self._readings[number] = _Reading(
            currents_a, at, at + (self._fresh_s if fresh_s is None else fresh_s)
        )
        return last is None or any(
            now - was > 0.5 for was, now in zip(last.currents_a, currents_a, strict=True)
        )

    def certain(self) -> list[float]:
        """What is there at any time of the day, though no meter tells anything."""
        return [
            max(0.0, min([fuse.rating_a, *(one.current_a for one in fuse.windows)]) - fuse.others_a)
            for fuse in self._wiring.site.fuses
            for _ in range(GRID_PHASES)
        ]

    def least(self, now: float, until: float) -> list[float]:
        """The least that each line has from `now` to `until`, seconds since 1970."""
        found: list[float] = []
        zone = self._wiring.zone
        for number, fuse in enumerate(self._wiring.site.fuses):
            # Looked at from both ends: clocks may be put forward or back in between.
            limit_a = min(_limit_a(fuse, zone, now, until), _limit_a(fuse, zone, until, until))
            for phase in range(GRID_PHASES):
                found.append(max(0.0, limit_a - self._others_a(number, phase, now)))
        return found

    def others(self, now: float) -> list[float]:
        """What others draw on each line, by a fresh reading or at the most; with the margin."""
        return [
            self._others_a(number, phase, now)
            for number in range(len(self._wiring.site.fuses))
            for phase in range(GRID_PHASES)
        ]

    def slack(self, noise_a: float, now: float) -> list[float]:
        """How much of the margin on each line is there for a meter that wavers."""
        return [
            min(noise_a, fuse.margin_a) if self._fresh(number, now) is not None else 0.0
            for number, fuse in enumerate(self._wiring.site.fuses)
            for _ in range(GRID_PHASES)
        ]

    def _fresh(self, number: int, now: float) -> _Reading | None:
        reading = self._readings.get(number)
        return None if reading is None or now > reading.ends else reading

    def _others_a(self, number: int, phase: int, now: float) -> float:
        fuse, reading = self._wiring.site.fuses[number], self._fresh(number, now)
        if reading is None:
            return fuse.others_a
        # Feeding in makes no room: a cloud takes it away faster than anybody can be told.
        return max(0.0, reading.currents_a[phase]) + fuse.margin_a

    def stale(self, now: float) -> list[str]:
        """The fuses whose meter has told nothing for too long."""
        return [
            self._wiring.site.fuses[number].name
            for number, reading in self._readings.items()
            if now > reading.ends
        ]

    def next_change(self, now: float) -> float:
        """When a reading becomes too old, if any is fresh; else infinity."""
        ends = [reading.ends for reading in self._readings.values()]
        return min((end + 0.001 for end in ends if end >= now), default=float("inf"))


def limits_at(wiring: Wiring, now: float) -> list[float]:
    """What each line has by its rating and its schedule alone."""
    return [_limit_a(fuse, wiring.zone, now, now) for fuse in wiring.site.fuses for _ in range(GRID_PHASES)]


def _limit_a(fuse: Fuse, zone: ZoneInfo, now: float, until: float) -> float:
    if not fuse.windows:
        return fuse.rating_a
    local = datetime.fromtimestamp(now, UTC).astimezone(zone)
    begin = local.hour * 3600 + local.minute * 60 + local.second
    # One second more at either end: parts of a second are not in a window's bounds.
    end = begin + (min(until - now, _DAY_S) + 1 if until > now else 0)
    limits = [fuse.windows[-1].current_a]
    for day in (0, _DAY_S):
        for window in fuse.windows:
            start = window.from_s + day
            if start <= begin:
                limits = [window.current_a]
            elif start <= end:
                limits.append(window.current_a)
    return min(fuse.rating_a, *limits)
