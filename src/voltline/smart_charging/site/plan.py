"""The day ahead: who charges when, so that all are ready in time and it costs least, in money or in CO2.

A mixed-integer program for HiGHS: in each slot of time a car has nothing, or from the least current that
charges to the most that it can use; no line carries more than it has; what a car is short of is dearer than
any price. The plan is advice: the controller keeps every promise without it, and lets no car be late for it.

Needs scipy: `pip install 'voltline[plan]'`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import coo_matrix

from voltline.smart_charging.site.tree import LINE_VOLTAGE_V

SHORT = 20.0
"""What a missing kilowatt-hour costs, as a multiple of the highest price."""
PATIENCE_S = 20.0
"""How long a better plan is looked for."""
GOOD_ENOUGH = 0.01
"""A plan that may be so much dearer than the best one is taken."""
EARLIER = 1e-4
"""Of the highest price, for each slot: of slots that cost the same the earlier is taken."""


class Stay(NamedTuple):
    """A car that is expected. Times in seconds from the beginning of the plan, currents per phase."""

    arrives_s: float
    leaves_s: float
    energy_wh: float
    least_a: float
    most_a: float
    phases: int
    lines: tuple[int, ...]


class DayPlan(NamedTuple):
    """What came of it."""

    currents_a: tuple[tuple[float, ...], ...]
    """For each stay, in each slot."""
    short_wh: tuple[float, ...]
    """What each will lack."""
    cost: float
    """In the unit of the prices."""


def day_plan(
    stays: Sequence[Stay],
    capacities_a: Sequence[Sequence[float]],
    prices: Sequence[float],
    slot_s: float,
    good_enough: float = GOOD_ENOUGH,
) -> DayPlan:
    """The cheapest plan. `capacities_a` has a row of lines for each slot; `prices` are those of a kWh.

    Raises:
        ValueError: there is no slot, or capacities and prices are not of one length.
    """
    slots = len(prices)
    if not slots or len(capacities_a) != slots:
        raise ValueError(
            f"{len(capacities_a)} slots have capacities and {slots} have prices; give both to all"
        )
    if not stays:
        return DayPlan((), (), 0.0)
    pairs = [
        (number, slot)
        for number, stay in enumerate(stays)
        for slot in range(slots)
        if stay.arrives_s <= slot * slot_s and (slot + 1) * slot_s <= stay.leaves_s
    ]
    count, cars = len(pairs), len(stays)
    # What is looked for: currents, whether there is one, and what each car is short of (kWh).
    kwh = np.array([LINE_VOLTAGE_V * stays[number].phases * slot_s / 3.6e6 for number, _ in pairs])
    spent = kwh * np.array([prices[slot] for _, slot in pairs])
    highest = max(0.01, *map(abs, prices))
    costs = np.concatenate(
        [
            spent + kwh * np.array([slot * EARLIER * highest for _, slot in pairs]),
            np.zeros(count),
            np.full(cars, SHORT * highest),
        ]
    )
    width = 2 * count + cars
    constraints = [
        _energy(stays, pairs, kwh, width),
        *_between(stays, pairs, width),
        _lines(stays, pairs, capacities_a, width),
    ]
    most = np.concatenate(
        [[stays[number].most_a for number, _ in pairs], np.ones(count), np.full(cars, np.inf)]
    )
    whole = np.concatenate([np.zeros(count), np.ones(count), np.zeros(cars)])
    options = {"time_limit": PATIENCE_S, "mip_rel_gap": good_enough}
    found = milp(costs, integrality=whole, bounds=Bounds(0, most), constraints=constraints, options=options)
    if found.x is None:  # nothing in time: without whole choices there always is something
        found = milp(costs, bounds=Bounds(0, most), constraints=constraints)
    currents = [[0.0] * slots for _ in stays]
    for (number, slot), current in zip(pairs, found.x[:count], strict=True):
        currents[number][slot] = round(float(current), 1) if current >= stays[number].least_a - 0.05 else 0.0
    return DayPlan(
        tuple(map(tuple, currents)),
        tuple(float(short) * 1000 for short in found.x[2 * count :]),
        float(spent @ found.x[:count]),
    )


def _energy(
    stays: Sequence[Stay], pairs: Sequence[tuple[int, int]], kwh: np.ndarray, width: int
) -> LinearConstraint:
    """What a car is given and what it is short of are what it needs."""
    rows = [number for number, _ in pairs] + list(range(len(stays)))
    columns = [*range(len(pairs)), *range(2 * len(pairs), width)]
    matrix = coo_matrix((np.concatenate([kwh, np.ones(len(stays))]), (rows, columns)), (len(stays), width))
    needed = np.array([stay.energy_wh / 1000 for stay in stays])
    return LinearConstraint(matrix.tocsr(), needed, needed)


def _between(
    stays: Sequence[Stay], pairs: Sequence[tuple[int, int]], width: int
) -> tuple[LinearConstraint, LinearConstraint]:
    """Nothing, or from the least to the most."""
    count = len(pairs)
    rows = [*range(count), *range(count)]
    columns = [*range(count), *range(count, 2 * count)]
    least = np.concatenate([np.ones(count), [-stays[number].least_a for number, _ in pairs]])
    most = np.concatenate([np.ones(count), [-stays[number].most_a for number, _ in pairs]])
    return (
        LinearConstraint(coo_matrix((least, (rows, columns)), (count, width)).tocsr(), 0, np.inf),
        LinearConstraint(coo_matrix((most, (rows, columns)), (count, width)).tocsr(), -np.inf, 0),
    )


def _lines(
    stays: Sequence[Stay],
    pairs: Sequence[tuple[int, int]],
    capacities_a: Sequence[Sequence[float]],
    width: int,
) -> LinearConstraint:
    """No line carries more than it has."""
    lines = len(capacities_a[0])
    entries = [
        (slot * lines + line, column)
        for column, (number, slot) in enumerate(pairs)
        for line in stays[number].lines
    ]
    rows, columns = [row for row, _ in entries], [column for _, column in entries]
    matrix = coo_matrix((np.ones(len(entries)), (rows, columns)), (lines * len(capacities_a), width))
    return LinearConstraint(matrix.tocsr(), -np.inf, np.concatenate([np.array(row) for row in capacities_a]))
