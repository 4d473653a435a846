"""The schedule that several profiles come to, and how a charge point's own answer differs from it (S 5.7)."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from datetime import datetime
from enum import StrEnum
from itertools import pairwise
from operator import itemgetter
from typing import NamedTuple

from msgspec import UNSET

from voltline.messages import ChargingRateUnit, ChargingSchedule
from voltline.smart_charging.limits import PHASES, Limit
from voltline.smart_charging.plan import SECOND_US, Installed, Span, microseconds
from voltline.smart_charging.stack import Session, Stack, lowest

TOLERANCE = 0.01
"""Shares of a limit by which conversion and rounding may differ."""
FURTHEST_S = 366 * 86_400
"""As far as is looked ahead; what recurs recurs without end."""


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
    """The limits from `start` on for `duration_s`, a year at most; neighbours with one limit are one segment.

    Without a session, what a transaction that began at `start` would have to keep to. Connector 0 is the
    charge point as a whole, of which only the ChargePointMaxProfiles are known.
    """
    stack, begin = Stack(installed), microseconds(start)
    end = begin + min(duration_s, FURTHEST_S) * SECOND_US
    tracks = [stack.most_spans(begin, end)]
    if connector_id:
        tracks.append(stack.transaction_spans(begin, end, session or Session(None, connector_id, start)))
    found: list[tuple[int, Limit | None]] = []
    for at, limits in steps(tracks, begin, end):
        limit = lowest(limits[0], limits[1] if connector_id else None)
        if not found or found[-1][1] != limit:
            found.append((at, limit))
    bounds = [*(at for at, _ in found), end - begin]
    return tuple(
        Segment(at / SECOND_US, until / SECOND_US, holding)
        for (at, holding), until in zip(found, bounds[1:], strict=False)
    )


def steps(
    tracks: Sequence[Sequence[Span]], start: int, end: int, grain: int = 1
) -> Iterator[tuple[int, list[Limit | None]]]:
    """What holds on each track, from each moment on at which that may change. Times in microseconds.

    Moments are told in grains from `start`, and rounded up: what holds at the beginning of a grain is told
    of it. The list is the same one every time.
    """
    if start >= end:
        return
    events: list[tuple[int, int, Limit | None]] = [(0, 0, None)]
    for number, spans in enumerate(tracks):
        over = start
        for begin, until, limit in spans:
            if over < begin:
                events.append((-((start - over) // grain), number, None))
            events.append((-((start - begin) // grain), number, limit))
            over = until
        if over < end:
            events.append((-((start - over) // grain), number, None))
    events.sort(key=_moment)
    most = -((start - end) // grain)
    current: list[Limit | None] = [None] * len(tracks)
    before = 0
    for at, number, event in events:
        if at != before:
            yield before, current
            before = at
            if at >= most:
                return
        current[number] = event
    yield before, current


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


_moment = itemgetter(0)


def _start(segment: Segment) -> float:
    return segment.start_s


def _at(segments: Sequence[Segment], second: float, unit: ChargingRateUnit) -> float | None:
    """`segments` are in order."""
    position = bisect_right(segments, second, key=_start)
    if position == 0 or second >= segments[position - 1].end_s:
        return None
    limit = segments[position - 1].limit
    return None if limit is None else limit.in_unit(unit)
