"""Curves over time in bounded memory: of many points the lowest and the highest stay."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final, Generic, TypeVar

import msgspec

__all__ = ["MOST_POINTS", "Curve", "Load", "Step", "thinned"]

MOST_POINTS: Final = 4_000
GROUP: Final = 8
"""Where a curve is full, of so many points in a row those two stay that lie lowest and highest."""


class Load(msgspec.Struct, frozen=True, gc=False):
    """What a connector gave at one moment. All but `at` None: from here on nothing is known."""

    at: datetime
    power_w: float | None
    current_a: float | None
    """The largest of the phases."""
    derived: bool = False
    """The power was not sent; it is the mean since the reading before, by the energy register."""

    @property
    def height(self) -> float | None:
        """What says which points stay."""
        return self.current_a if self.power_w is None else self.power_w


class Step(msgspec.Struct, frozen=True, gc=False):
    """The limit that holds from here on, in A a phase; None: none that is known."""

    at: datetime
    limit_a: float | None

    @property
    def height(self) -> float | None:
        """What says which steps stay."""
        return self.limit_a


P = TypeVar("P", Load, Step)


class Curve(Generic[P]):
    """Points in the order in which they come."""

    def __init__(self, most: int = MOST_POINTS) -> None:
        self.points: list[P] = []
        self.thinned = False
        """Whether points were left out."""
        self._most = max(most, GROUP)

    def add(self, point: P) -> None:
        """Keep it; a full curve is thinned first."""
        if len(self.points) >= self._most:
            self.points = _fewer(self.points)
            self.thinned = True
        self.points.append(point)


def thinned(points: Sequence[P], most: int) -> Sequence[P]:
    """At most so many of them, or a group of them where that is more."""
    if len(points) <= most:
        return points
    curve: Curve[P] = Curve(most)
    for point in points:
        curve.add(point)
    return curve.points


def _fewer(points: Sequence[P]) -> list[P]:
    kept: list[P] = []
    for begin in range(0, len(points), GROUP):
        group = points[begin : begin + GROUP]
        known = [i for i, one in enumerate(group) if one.height is not None]
        if not known:
            kept.append(group[0])
            continue
        lowest = min(known, key=lambda i: group[i].height or 0.0)
        highest = max(known, key=lambda i: group[i].height or 0.0)
        broken = next((i for i, one in enumerate(group) if one.height is None), lowest)
        kept += [group[i] for i in sorted({lowest, highest, broken})]
    return kept
