"""The answer to GetCompositeSchedule: what a connector or the whole charge point may draw (S 5.7).

Exact to the second: a period holds what is allowed at the beginning of each of its seconds, and none of them
could be left out. Limits are rounded down to the one decimal that OCPP has, so that none promises too much.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from math import floor
from typing import NamedTuple

from voltline.messages import ChargingRateUnit, ChargingSchedule, ChargingSchedulePeriod
from voltline.smart_charging.composite import FURTHEST_S, steps
from voltline.smart_charging.limits import Supply
from voltline.smart_charging.plan import SECOND_US, microseconds
from voltline.smart_charging.stack import Session, Stack

MOST_PERIODS = 1_000
"""As many as are told. What comes after them is not, which `duration` of the answer says."""


class Feed(NamedTuple):
    """How a charge point feeds a connector."""

    supply: Supply
    most_a: float
    """The least of what its parts can bear and what is set at the charge point itself, on each phase."""
    session: Session
    """The transaction that runs, or the one that might begin now."""


def connector_schedule(
    stack: Stack, start: datetime, duration_s: int, unit: ChargingRateUnit, feed: Feed
) -> ChargingSchedule:
    """The least of all limits of one connector.

    How connectors share a ChargePointMaxProfile depends on who comes and goes, so it is told whole to each.
    """
    begin, end = _times(start, duration_s)
    tracks = [stack.most_spans(begin, end), stack.transaction_spans(begin, end, feed.session)]
    supply, most_a = feed.supply, feed.most_a
    in_watts = unit is not ChargingRateUnit.A

    def told() -> Iterable[_Period]:
        phases = supply.phases
        for at, (most, own) in steps(tracks, begin, end, SECOND_US):
            if supply.switches:
                phases = supply.phases_under(own)
            current_a = supply.current_a(phases, most, own)
            if current_a is None or current_a > most_a:
                current_a = most_a
            yield at, current_a * supply.voltage_v * phases if in_watts else current_a, phases

    return _schedule(told(), end - begin, unit)


def station_schedule(
    stack: Stack,
    start: datetime,
    duration_s: int,
    unit: ChargingRateUnit,
    supply: Supply,
    most_a: float | None,
    feeds: Sequence[Feed],
) -> ChargingSchedule:
    """What all connectors together can come to draw from the grid, and no more than is allowed to all.

    `supply` and `most_a` are the charge point's own; None: nothing is set for it as a whole. Amperes are
    added up as if all connectors drew from the same phase first.
    """
    begin, end = _times(start, duration_s)
    tracks = [stack.most_spans(begin, end)]
    tracks += [stack.transaction_spans(begin, end, feed.session) for feed in feeds]
    volts = supply.voltage_v * supply.phases

    def told() -> Iterable[_Period]:
        for at, (most, *limits) in steps(tracks, begin, end, SECOND_US):
            together = 0.0
            for feed, own in zip(feeds, limits, strict=True):
                phases = feed.supply.phases_under(own)
                current_a = feed.supply.current_a(phases, own)
                least_a = feed.most_a if current_a is None else min(current_a, feed.most_a)
                watts = least_a * feed.supply.voltage_v * phases
                together += least_a if unit is ChargingRateUnit.A else watts
            for one in (supply.current_a(supply.phases, most), most_a):
                if one is not None:
                    together = min(together, one if unit is ChargingRateUnit.A else one * volts)
            yield at, together, supply.phases

    return _schedule(told(), end - begin, unit)


_Period = tuple[int, float, int]
"""Second, limit, phases."""


def _times(start: datetime, duration_s: int) -> tuple[int, int]:
    begin = microseconds(start)
    return begin, begin + min(duration_s, FURTHEST_S) * SECOND_US


def _schedule(told: Iterable[_Period], length: int, unit: ChargingRateUnit) -> ChargingSchedule:
    periods: list[ChargingSchedulePeriod] = []
    before, before_phases = -1, 0
    duration_s = length // SECOND_US
    for at, value, phases in told:
        # The little that is added is far less than any limit can differ by, and more than floats lose.
        tenths = floor(value * 10 + 1e-6)
        if tenths == before and phases == before_phases:
            continue
        if len(periods) == MOST_PERIODS:
            duration_s = at
            break
        before, before_phases = tenths, phases
        periods.append(ChargingSchedulePeriod(start_period=at, limit=tenths / 10, number_phases=phases))
    return ChargingSchedule(duration=duration_s, charging_rate_unit=unit, charging_schedule_period=periods)
