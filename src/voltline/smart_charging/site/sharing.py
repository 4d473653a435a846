"""Who should have what, whatever they have now."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from voltline.smart_charging.site.allocation import Ask, allocate
from voltline.smart_charging.site.demand import Car
from voltline.smart_charging.site.facts import Rotation
from voltline.smart_charging.site.member import Member
from voltline.smart_charging.site.settings import Settings
from voltline.smart_charging.site.tree import GRID_PHASES, Wiring

URGENT_S = 900.0
"""Who could wait no longer than this and be ready in time is not made to."""
_NOTHING_A = 1e-6


def share(
    members: Sequence[Member],
    wiring: Wiring,
    capacities_a: Sequence[float],
    surplus_a: float,
    settings: Settings,
    now: float,
) -> Iterator[Rotation]:
    """Give every member its target; tell whose turn begins or ends.

    `surplus_a` is what the sun gives, as the sum of the currents of all phases.
    """
    room = [*capacities_a, surplus_a]
    asking: list[tuple[Member, Car, Ask]] = []
    for member in members:
        if member.car is not None and member.steerable(now):
            asking.append((member, member.car, _ask(member, member.car, wiring, settings, now)))
            continue
        member.add(room, member.claims.possible(now), -1)
        if member.car is None:
            member.target_a = member.safe_a
    asking.sort(key=lambda one: _turn(one[0], one[1], settings, now))
    asks = [ask for _, _, ask in asking]
    short = _short(asks, room)
    amounts = allocate(asks, _balanced(asks, room, wiring))
    for (member, car, ask), amount in zip(asking, amounts, strict=True):
        # What counts anyway may as well be drawn, but not where that is too much, or more than is planned.
        member.target_a = member.safe_a if short.intersection(ask.lines) else amount
        if (planned_a := _planned_a(member, car, now)) is not None:
            member.target_a = min(member.target_a, planned_a)
        charges = member.target_a >= ask.least_a > 0
        if car.waits == charges:
            car.waits = not charges
            car.turn_since = now
            if not car.idle:
                yield Rotation(member.id, pauses=car.waits)


def _short(asks: Sequence[Ask], room: Sequence[float]) -> set[int]:
    """The lines that have less than what counts whatever is decided."""
    left = list(room)
    for ask in asks:
        for line in ask.lines:
            left[line] -= ask.floor_a
    return {line for line, current in enumerate(left[:-1]) if current < -_NOTHING_A}


def _ask(member: Member, car: Car, wiring: Wiring, settings: Settings, now: float) -> Ask:
    stuck = member.claims.stuck(now, settings.answer_s)
    phases = max([car.phases, *(phase + 1 for phase, current in enumerate(stuck) if current > 0)])
    want_a, needed_a = car.want_a, car.needed_a(now)
    lines = wiring.lines_used(member.number, phases)
    if car.need.solar_only:
        lines += (wiring.lines,) * phases
        needed_a = 0.0
    if (planned_a := _planned_a(member, car, now)) is not None:
        want_a, needed_a = min(want_a, planned_a), min(needed_a, planned_a)
    floor_a = max(stuck)
    return Ask(
        lines=lines,
        floor_a=floor_a,
        least_a=max(car.least_a, floor_a),
        want_a=max(want_a, car.least_a) if car.idle else want_a,
        needed_a=needed_a,
        priority=member.connector.priority,
        idle=car.idle,
    )


def _planned_a(member: Member, car: Car, now: float) -> float | None:
    """The most that the plan of the day lets it have; None: there is none, or it would be late by it."""
    if not member.plan or car.laxity_s(now) <= URGENT_S or car.is_behind(member.plan, now):
        return None
    return next((most for at, most in reversed(member.plan) if at <= now), 0.0)


def _turn(member: Member, car: Car, settings: Settings, now: float) -> tuple[float, ...]:
    """Whose turn it is: who cannot wait; who has just begun; who waits longest; who has had a turn."""
    priority = member.connector.priority
    laxity_s = car.laxity_s(now)
    if laxity_s <= URGENT_S:
        return (-priority, 0, laxity_s)
    if car.waits:
        return (-priority, 2, car.turn_since)
    if now - car.turn_since < settings.turn_s:
        return (-priority, 1, car.turn_since)
    return (-priority, 3, -car.turn_since)


def _balanced(asks: Sequence[Ask], room: list[float], wiring: Wiring) -> list[float]:
    """The room, less where one phase of the grid connection would be promised more than another."""
    most_a = wiring.site.imbalance_a
    if most_a is None:
        return room
    lines = [wiring.line(wiring.root, phase) for phase in range(GRID_PHASES)]
    lowest = 0.0
    for _ in range(8):
        loads = [0.0] * len(room)
        for ask, amount in zip(asks, allocate(asks, room), strict=True):
            for line in ask.lines:
                loads[line] += amount
        lowest = min(loads[line] for line in lines)
        if all(loads[line] <= lowest + most_a + _NOTHING_A for line in lines):
            return room
        room = [min(left, lowest + most_a) if line in lines else left for line, left in enumerate(room)]
    return [min(left, most_a) if line in lines else left for line, left in enumerate(room)]
