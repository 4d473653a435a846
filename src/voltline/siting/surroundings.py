"""What else there is: a house that draws, a roof that gives."""

from __future__ import annotations

from math import cos, pi, sin
from random import Random

from voltline.siting.files import Others

_SUNRISE_S, _SUNSET_S = 7 * 3600.0, 19 * 3600.0


class House:
    """What others draw behind a fuse, changing every few seconds."""

    def __init__(self, others: Others, fuse: int, chance: Random) -> None:
        self.others = others
        self.fuse = fuse
        self.last: tuple[float, float, float] = (0.0, 0.0, 0.0)
        self._chance = chance
        self._bursts: list[tuple[float, int, float]] = []

    def currents(self, second_of_day: float, now: float) -> tuple[float, float, float]:
        """On L1, L2 and L3."""
        hour, part = divmod(second_of_day / 3600, 1)
        table = self.others.hours_a
        base = table[int(hour) % 24] * (1 - part) + table[(int(hour) + 1) % 24] * part
        if self._chance.random() < self.others.bursts_an_hour * self.others.sample_s / 3600:
            until = now + self._chance.expovariate(1 / self.others.burst_s)
            self._bursts.append(
                (until, self._chance.randrange(3), self._chance.uniform(0.3, 1) * self.others.bursts_a)
            )
        self._bursts = [one for one in self._bursts if one[0] > now][:1]
        found = [base, base, base]
        for _, phase, more in self._bursts:
            found[phase] += more
        return (found[0], found[1], found[2])


def sun_w(peak_w: float, second_of_day: float, now: float) -> float:
    """What a roof gives: half a sine by day, with clouds that come and go."""
    if peak_w <= 0 or not _SUNRISE_S < second_of_day < _SUNSET_S:
        return 0.0
    height = sin(pi * (second_of_day - _SUNRISE_S) / (_SUNSET_S - _SUNRISE_S))
    clouds = 0.75 + 0.25 * cos(now / 937) * sin(now / 2711)
    return peak_w * height * clouds
