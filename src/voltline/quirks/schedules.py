"""Charging schedules for charge points that can only cope with few periods."""

from __future__ import annotations

import heapq
from itertools import pairwise
from typing import NamedTuple

from msgspec.structs import replace

from voltline.messages import UNSET, ChargingSchedule, ChargingSchedulePeriod

_DEFAULT_PHASES = 3
_OPEN_END_S = 86_400
"""How much of a last period without an end counts when losses are weighed."""


class _Segment(NamedTuple):
    start_s: int
    end_s: int
    limit: float
    phases: int
    period: ChargingSchedulePeriod


def with_fewer_periods(schedule: ChargingSchedule, at_most: int) -> ChargingSchedule:
    """The schedule in at most so many periods; the same object where it has no more.

    It never allows more than was asked for at any second: periods that follow each other become one with the
    lowest of their limits and phases, and of all ways to do so those that lose little energy are taken.
    Periods that the duration cuts off go first, at no loss (S 5.16.4). A schedule whose periods are not in
    order is left as it is: nobody can say what it allows.
    """
    periods = schedule.charging_schedule_period
    starts = [period.start_period for period in periods]
    in_order = starts[0] == 0 and all(a < b for a, b in pairwise(starts))
    if len(periods) <= at_most or at_most < 1 or not in_order:
        return schedule
    segments = _merged(_segments(schedule), at_most)
    return replace(schedule, charging_schedule_period=[segment.period for segment in segments])


def _segments(schedule: ChargingSchedule) -> list[_Segment]:
    periods = schedule.charging_schedule_period
    end_s = periods[-1].start_period + _OPEN_END_S
    if schedule.duration is not UNSET:
        # Something stays even of a schedule that lasts for no time.
        periods = [one for one in periods if one.start_period < schedule.duration] or periods[:1]
        end_s = max(schedule.duration, periods[-1].start_period + 1)
    ends = [*(period.start_period for period in periods[1:]), end_s]
    return [
        _Segment(period.start_period, end, period.limit, _phases(period), period)
        for period, end in zip(periods, ends, strict=True)
    ]


def _phases(period: ChargingSchedulePeriod) -> int:
    return _DEFAULT_PHASES if period.number_phases is UNSET else period.number_phases


def _merged(segments: list[_Segment], at_most: int) -> list[_Segment]:
    """Merge the pair of neighbours that loses least, until few enough are left."""
    left = len(segments)
    alive: list[_Segment | None] = list(segments)
    before = list(range(-1, left - 1))
    after = [*range(1, left), -1]
    heap = [(_loss(segments[i], segments[i + 1]), i, i + 1) for i in range(left - 1)]
    heapq.heapify(heap)
    while left > at_most:
        loss, i, j = heapq.heappop(heap)
        one, other = alive[i], alive[j]
        if one is None or other is None or after[i] != j or loss != _loss(one, other):
            continue  # one of them has changed since
        alive[i], alive[j] = _together(one, other), None
        after[i] = after[j]
        if after[j] != -1:
            before[after[j]] = i
        left -= 1
        for a, b in ((before[i], i), (i, after[i])):
            if a != -1 and b != -1:
                first, second = alive[a], alive[b]
                assert first is not None
                assert second is not None
                heapq.heappush(heap, (_loss(first, second), a, b))
    return [segment for segment in alive if segment is not None]


def _together(one: _Segment, other: _Segment) -> _Segment:
    lower = one if (one.limit, one.phases) <= (other.limit, other.phases) else other
    phases = min(one.phases, other.phases)
    number_phases = lower.period.number_phases if lower.phases == phases else phases
    period = ChargingSchedulePeriod(start_period=one.start_s, limit=lower.limit, number_phases=number_phases)
    return _Segment(one.start_s, other.end_s, lower.limit, phases, period)


def _loss(one: _Segment, other: _Segment) -> float:
    """What merging takes away, in the unit of the limits times seconds; phases count in full."""
    both = _together(one, other)
    return sum(
        (part.limit * part.phases - both.limit * both.phases) * (part.end_s - part.start_s)
        for part in (one, other)
    )
