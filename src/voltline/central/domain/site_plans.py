"""What energy costs at a site over the hours ahead, and the plan that is made by it."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from datetime import datetime

from msgspec import Struct

MOST_PRICE = 1e6


class PriceStep(Struct, frozen=True):
    """From this instant on, a kilowatt-hour costs so much, until the next step."""

    at: datetime
    price: float


class PriceCurve(Struct, frozen=True, kw_only=True):
    """What a kilowatt-hour costs, in money or in CO2: whatever there should be little of."""

    unit: str
    """Such as `EUR/kWh` or `gCO2/kWh`."""
    steps: tuple[PriceStep, ...]
    """In order."""
    until: datetime
    """Where the last step ends."""

    def over(self, starts: Sequence[float], slot_s: float) -> list[float]:
        """The mean price in slots that begin then, seconds since 1970; beyond the curve, its own mean."""
        begins = [step.at.timestamp() for step in self.steps]
        ends = [*begins[1:], self.until.timestamp()]
        prices = [step.price for step in self.steps]
        weights = [end - begin for begin, end in zip(begins, ends, strict=True)]
        mean = math.fsum(w * price for w, price in zip(weights, prices, strict=True)) / math.fsum(weights)
        found: list[float] = []
        for start in starts:
            end, known, cost = start + slot_s, 0.0, 0.0
            number = max(0, bisect_right(begins, start) - 1)
            while number < len(begins) and begins[number] < end:
                share = max(0.0, min(end, ends[number]) - max(start, begins[number]))
                known, cost = known + share, cost + share * prices[number]
                number += 1
            found.append((cost + (slot_s - known) * mean) / slot_s)
        return found


def curve_problems(curve: PriceCurve) -> Iterator[tuple[str, str]]:
    """All that is wrong with it, as pairs of a path such as `steps[2].at` and a sentence."""
    last: datetime | None = None
    for number, step in enumerate(curve.steps):
        if step.at.tzinfo is None:
            yield f"steps[{number}].at", "a time needs its zone, such as 2026-03-01T12:00:00Z"
            return
        if last is not None and step.at <= last:
            yield f"steps[{number}].at", "each step begins after the one before"
        last = step.at
        if not math.isfinite(step.price) or abs(step.price) > MOST_PRICE:
            yield f"steps[{number}].price", f"a price lies between {-MOST_PRICE:g} and {MOST_PRICE:g}"
    if curve.until.tzinfo is None:
        yield "until", "a time needs its zone, such as 2026-03-01T12:00:00Z"
    elif last is not None and curve.until <= last:
        yield "until", "the last step ends after it begins"


class PlannedCar(Struct, frozen=True, kw_only=True):
    """What a car may have by the plan, in each slot of it."""

    connector: str
    transaction: int
    departure: float
    """Seconds since 1970."""
    energy_wh: float
    """What it needed when the plan was made."""
    short_wh: float
    """What it will lack."""
    currents_a: tuple[float, ...]


class SitePlan(Struct, frozen=True, kw_only=True):
    """A plan of the hours ahead. Currents are per phase."""

    made_at: datetime
    begins: float
    """Where the first slot begins, seconds since 1970."""
    slot_s: float
    prices: tuple[float, ...]
    """Of a kilowatt-hour, in each slot."""
    cost: float
    """Of all that is planned."""
    cars: tuple[PlannedCar, ...]
