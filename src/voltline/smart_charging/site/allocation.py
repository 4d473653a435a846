"""Who gets how much: max-min fair by filling a tree of three-phase lines like communicating vessels.

The order of the asks is the order of turns. First everybody who fits is given the least current that charges
at all; then those in a hurry what they need to be ready in time; then all who want more rise together, the
higher priorities before the others, until their own wish or a full line stops them; at last, from what is
left, those who seem to want nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from heapq import heapify, heappop, heappush
from itertools import groupby
from math import floor
from typing import NamedTuple

STEP_A = 0.1
"""Limits are told with one decimal (OCPP 1.6, 7.14)."""
_NOTHING_A = 1e-7


class Ask(NamedTuple):
    """What one connector asks for. Currents are per phase."""

    lines: tuple[int, ...]
    """The lines that its current flows through; a line that stands n times is charged n times."""
    floor_a: float
    """Counts whatever is decided."""
    least_a: float
    """Less is of no use, and becomes `floor_a`."""
    want_a: float
    needed_a: float = 0.0
    """What it needs to be ready in time."""
    priority: int = 0
    idle: bool = False
    """It did not take what it had: it comes after all others, and gets the least current only."""


def allocate(asks: Sequence[Ask], capacities_a: Sequence[float]) -> list[float]:
    """The current of each ask, rounded down to a tenth: its floor, or from its least to its wish.

    No line carries more than its capacity, unless the floors alone do.
    """
    room = list(capacities_a)
    given = [ask.floor_a for ask in asks]
    for ask in asks:
        for line in ask.lines:
            room[line] -= ask.floor_a
    charging = [
        number for number, ask in enumerate(asks) if not ask.idle and _admit(number, ask, given, room)
    ]
    for number in charging:
        ask = asks[number]
        more = min(ask.needed_a, ask.want_a) - given[number]
        if more > 0:
            _give(number, ask, min(more, _room(ask, room)), given, room)
    by_priority = sorted(charging, key=lambda number: -asks[number].priority)
    for _, same in groupby(by_priority, key=lambda number: asks[number].priority):
        _fill([number for number in same if asks[number].want_a > given[number]], asks, given, room)
    for number, ask in enumerate(asks):
        if ask.idle:
            _admit(number, ask, given, room)
    return [max(ask.floor_a, rounded_down(amount)) for ask, amount in zip(asks, given, strict=True)]


def rounded_down(current_a: float) -> float:
    """To whole steps."""
    return round(floor(current_a / STEP_A + 1e-6) * STEP_A, 1)


def _room(ask: Ask, room: list[float]) -> float:
    most = min(room[line] / ask.lines.count(line) for line in ask.lines)
    return max(0.0, most)


def _give(number: int, ask: Ask, amount: float, given: list[float], room: list[float]) -> None:
    given[number] += amount
    for line in ask.lines:
        room[line] -= amount


def _admit(number: int, ask: Ask, given: list[float], room: list[float]) -> bool:
    """Give it its least current, if that fits."""
    if ask.want_a < ask.least_a - _NOTHING_A or ask.want_a <= 0:
        return False
    more = ask.least_a - given[number]
    if more > _room(ask, room) + _NOTHING_A:
        return False
    if more > 0:
        _give(number, ask, more, given, room)
    return True


def _fill(numbers: list[int], asks: Sequence[Ask], given: list[float], room: list[float]) -> None:
    """Raise the level under all of them: each has what it had, or the level, or its wish."""
    level = 0.0
    slope = [0] * len(room)
    since = [0.0] * len(room)
    members: dict[int, list[int]] = {}
    for number in numbers:
        for line in set(asks[number].lines):
            members.setdefault(line, []).append(number)
    rising: set[int] = set()
    full: set[int] = set()
    steeper: set[int] = set()
    """Lines that fill faster than before; where they fill slower, the entry they have comes too early, and is
    corrected when it comes."""
    # What happens next, by the level at which it happens: a start, an end, or a line that may be full.
    events = [(given[number], 0, number) for number in numbers]
    events += [(asks[number].want_a, 1, number) for number in numbers]
    heapify(events)

    def change(number: int, by: int) -> None:
        for line in asks[number].lines:
            room[line] -= slope[line] * (level - since[line])
            since[line] = level
            slope[line] += by

    def stop(number: int, at: float) -> None:
        rising.discard(number)
        given[number] = at
        change(number, -1)

    while events or steeper:
        if steeper and (not events or events[0][0] > level):
            for line in steeper - full:
                if slope[line] > 0:
                    heappush(events, (level + max(0.0, room[line]) / slope[line], 2, line))
            steeper.clear()
            continue
        at, kind, subject = heappop(events)
        level = max(level, at)
        if kind == 0:
            lines = asks[subject].lines
            if full.isdisjoint(lines):
                rising.add(subject)
                change(subject, +1)
                steeper.update(lines)
        elif kind == 1:
            if subject in rising:
                stop(subject, asks[subject].want_a)
        elif subject not in full and slope[subject] > 0:
            left = room[subject] - slope[subject] * (level - since[subject])
            if left > 1e-6:
                heappush(events, (level + left / slope[subject], 2, subject))
                continue
            full.add(subject)
            for number in members[subject]:
                if number in rising:
                    stop(number, level)
