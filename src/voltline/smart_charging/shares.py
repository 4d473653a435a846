"""How connectors share what is allowed to all of them together (S 3.13.3)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple


class Demand(NamedTuple):
    """What a connector can make use of, in the unit of what is shared."""

    least: float
    """With less it has to pause."""
    most: float


def shares(whole: float, demands: Sequence[Demand]) -> list[float]:
    """As equal as the demands let it be, and never more than `whole` together.

    Where it is too little for all, those that come first in the list get what they need at least, and the
    others nothing: a share that is too small to charge with would be lost.
    """
    left = whole
    served: list[Demand] = []
    found: list[Demand | None] = []
    for one in demands:
        fits = one.least <= min(one.most, left)
        found.append(one if fits else None)
        if fits:
            left -= one.least
            served.append(one)
    level = _level(whole, served)
    return [0.0 if one is None else _share(one, level) for one in found]


def _share(one: Demand, level: float) -> float:
    return min(max(level, one.least), one.most)


def _level(whole: float, demands: Sequence[Demand]) -> float:
    """The share at which the whole is used up, for those who can use no less and no more than that."""
    level = 0.0
    for bound in sorted({bound for one in demands for bound in one}):
        if sum(_share(one, bound) for one in demands) > whole:
            growing = sum(one.least <= level < one.most for one in demands)
            left = whole - sum(_share(one, level) for one in demands)
            return level + max(left, 0.0) / max(growing, 1)
        level = bound
    return level
