"""The schedule that several profiles come to, and how a charge point's own answer differs from it (S 5.7)."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import pairwise
from typing import NamedTuple

from msgspec import UNSET

from voltline.messages import ChargingRateUnit, ChargingSchedule
from voltline.smart_charging.stack import PHASES, Installed, Limit, Session, changes, limit_at

TOLERANCE = 0.01
"""Shares of a limit by which conversion and rounding may differ."""


class Segment(NamedTuple):
    """A limit that holds for a while; seconds from the start of the schedule."""

    start_s: float
    end_s: float
    limit: Limit | None
    """None: no profile limits it."""


class Agreement(StrEnum):
    """How the charge point's own schedule compares with what is expected of the profiles that it has."""

    SAME = "same"
    LOWER = "lower"
    """Somewhere it allows less, and nowhere more: local limits may be in it (S 5.7)."""
    HIGHER = "higher"
    """Somewhere it allows more than a profile does that it should have."""


class Difference(NamedTuple):
    """Where both differ. Limits in the unit of the charge point's answer."""

    start_s: float
    end_s: float
    expected: float | None
    told: float | None


def composite(
    installed: Sequence[Installed],
    connector_id: int,
    start: datetime,
    duration_s: int,
    session: Session | None,
) -> tuple[Segment, ...]:
    """The limits from `start` on for `duration_s`; neighbours with one limit are one segment.

    Without a session, what a transaction that began at `start` would have to keep to.
    """
    expected = session
    if session is None and connector_id > 0:
        expected = Session(None, connector_id, start)
    end = start + timedelta(seconds=duration_s)
    bounds = [start, *changes(installed, start, end, expected), end]
    segments: list[Segment] = []
    for begin, until in pairwise(bounds):
        limit = limit_at(installed, connector_id, begin, expected)
        if segments and segments[-1].limit == limit:
            segments[-1] = segments[-1]._replace(end_s=(until - start).total_seconds())
        else:
            segments.append(Segment((begin - start).total_seconds(), (until - start).total_seconds(), limit))
    return tuple(segments)


def told_segments(schedule: ChargingSchedule, duration_s: int) -> tuple[Segment, ...]:
    """The segments of a charge point's answer, up to the end of what was asked for."""
    end_s = float(duration_s if schedule.duration is UNSET else min(schedule.duration, duration_s))
    periods = [one for one in schedule.charging_schedule_period if 0 <= one.start_period < end_s]
    ends = [*(float(one.start_period) for one in periods[1:]), end_s]
    return tuple(
        Segment(
            float(one.start_period),
            end,
            Limit(
                one.limit,
                schedule.charging_rate_unit,
                PHASES if one.number_phases is UNSET else one.number_phases,
            ),
        )
        for one, end in zip(periods, ends, strict=True)
        if one.start_period < end
    )


def compared(
    expected: Sequence[Segment], told: Sequence[Segment], unit: ChargingRateUnit
) -> tuple[Agreement, tuple[Difference, ...]]:
    """How what a charge point told compares with what is expected. Where it told nothing it has no limit."""
    bounds = sorted({bound for one in (*expected, *told) for bound in (one.start_s, one.end_s)})
    differences: list[Difference] = []
    expected, told = sorted(expected, key=_start), sorted(told, key=_start)
    higher = lower = False
    for begin, end in pairwise(bounds):
        wanted, has = _at(expected, begin, unit), _at(told, begin, unit)
        if wanted is None or (has is not None and abs(has - wanted) <= max(wanted * TOLERANCE, 0.1)):
            continue
        more = has is None or has > wanted
        higher, lower = higher or more, lower or not more
        differences.append(Difference(begin, end, round(wanted, 1), has))
    agreement = Agreement.HIGHER if higher else Agreement.LOWER if lower else Agreement.SAME
    return agreement, tuple(differences)


def _start(segment: Segment) -> float:
    return segment.start_s


def _at(segments: Sequence[Segment], second: float, unit: ChargingRateUnit) -> float | None:
    """`segments` are in order."""
    position = bisect_right(segments, second, key=_start)
    if position == 0 or second >= segments[position - 1].end_s:
        return None
    limit = segments[position - 1].limit
    return None if limit is None else limit.in_unit(unit)
