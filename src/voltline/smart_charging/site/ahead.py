"""What a plan of the hours ahead is made of: slots of time, and the room in them."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from voltline.smart_charging.site.capacity import limits_at
from voltline.smart_charging.site.member import Member
from voltline.smart_charging.site.tree import Wiring

SLOT_S = 900.0
"""A quarter of an hour, as energy is sold by."""
SPARE = 0.95
"""So much of a line is planned with, and a car is planned to be ready a slot early."""
EXTRA = 1.05
"""So much more energy is planned than a car needs."""


class Parked(msgspec.Struct, frozen=True, kw_only=True):
    """A car that charges, of which it is known what it needs until when. Currents per phase."""

    connector: str
    transaction: int
    missing_wh: float
    departure: float
    """Seconds since 1970."""
    least_a: float
    most_a: float
    phases: int
    lines: tuple[int, ...]


def parked(members: Sequence[Member], wiring: Wiring, now: float) -> list[Parked]:
    """The cars that a plan can be made for: what they need until when is known."""
    found: list[Parked] = []
    for member in members:
        car = member.car
        if car is None or car.need.solar_only or not car.missing_wh:
            continue
        if car.need.departure is None or car.need.departure <= now:
            continue
        found.append(
            Parked(
                connector=member.id,
                transaction=car.transaction,
                missing_wh=car.missing_wh,
                departure=car.need.departure,
                least_a=car.least_a,
                most_a=max(car.want_a, car.least_a),
                phases=car.used_phases(),
                lines=wiring.lines_used(member.number, car.phases),
            )
        )
    return found


def rooms(
    wiring: Wiring, starts: Sequence[float], others_a: Sequence[float] | None = None
) -> list[list[float]]:
    """What is planned with on each line, in slots that begin then (seconds since 1970).

    `others_a` is what others are thought to draw on each line; None: nothing.
    """
    others_a = others_a or [0.0] * wiring.lines
    # A window may begin within a slot.
    return [
        [
            max(0.0, SPARE * min(pair) - other)
            for *pair, other in zip(
                limits_at(wiring, at), limits_at(wiring, at + SLOT_S - 1), others_a, strict=True
            )
        ]
        for at in starts
    ]
