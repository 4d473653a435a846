"""One charging profile made ready for questions: when it says something, and what (S 7.8, 7.9, 7.13).

Moments are whole microseconds since 1970 by UTC: what recurs every 24 hours or 7 days does so whatever the
clocks on the wall do on the days on which they are changed (errata 3.78).
"""

from __future__ import annotations

from bisect import bisect_right
from datetime import UTC, datetime
from itertools import pairwise
from typing import NamedTuple

from msgspec import UNSET

from voltline.messages import (
    ChargingProfile,
    ChargingProfileKind,
    ChargingProfilePurpose,
    RecurrencyKind,
)
from voltline.smart_charging.limits import PHASES, Limit

SECOND_US = 1_000_000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_DAY_S = 86_400
_NEVER_US = 10**30
"""Beyond any calendar, and any duration that fits into a message."""
_CYCLES = {RecurrencyKind.DAILY: _DAY_S * SECOND_US, RecurrencyKind.WEEKLY: 7 * _DAY_S * SECOND_US}

Span = tuple[int, int, Limit]
"""From, until, and what holds in between."""


def microseconds(at: datetime) -> int:
    """Since 1970 by UTC."""
    passed = at - _EPOCH
    return (passed.days * _DAY_S + passed.seconds) * SECOND_US + passed.microseconds


class Installed(NamedTuple):
    """A profile as a charge point has it."""

    connector_id: int
    profile: ChargingProfile
    since: datetime
    """When it was installed; a relative schedule without a transaction counts from here."""


class Plan:
    """What a profile says at any moment. The start of a transaction is an argument where it counts from that.

    It says nothing before its schedule begins, after the schedule's duration or its recurrence is over, and
    while it is not valid: that is where a lower stack level shows through.
    """

    __slots__ = (
        "_begin",
        "_cycle",
        "_length",
        "_limits",
        "_starts",
        "connector_id",
        "least",
        "level",
        "since",
        "transaction_id",
        "valid_from",
        "valid_to",
    )

    def __init__(self, installed: Installed) -> None:
        profile = installed.profile
        schedule = profile.charging_schedule
        purpose = profile.charging_profile_purpose
        self.connector_id = installed.connector_id
        self.level = profile.stack_level
        self.since = microseconds(installed.since)
        self.transaction_id = (
            profile.transaction_id
            if purpose == ChargingProfilePurpose.TX_PROFILE and profile.transaction_id is not UNSET
            else None
        )
        self.valid_from = -_NEVER_US if profile.valid_from is UNSET else microseconds(profile.valid_from)
        self.valid_to = _NEVER_US if profile.valid_to is UNSET else microseconds(profile.valid_to)
        kind, start = profile.charging_profile_kind, schedule.start_schedule
        self._begin: int | None = None
        if start is not UNSET and kind != ChargingProfileKind.RELATIVE:
            self._begin = microseconds(start)
        elif purpose == ChargingProfilePurpose.CHARGE_POINT_MAX_PROFILE:
            self._begin = self.since  # it is for no transaction in particular
        self._cycle = 0
        if kind == ChargingProfileKind.RECURRING and profile.recurrency_kind is not UNSET:
            self._cycle = _CYCLES.get(profile.recurrency_kind, 0)
        length = _NEVER_US if schedule.duration is UNSET else schedule.duration * SECOND_US
        self._length = min(length, self._cycle or _NEVER_US)
        unit = schedule.charging_rate_unit
        periods = schedule.charging_schedule_period
        starts = [one.start_period * SECOND_US for one in periods]
        if any(later < earlier for earlier, later in pairwise(starts)):
            periods = sorted(periods, key=lambda one: one.start_period)
            starts.sort()
        self._starts = starts
        self._limits = [
            Limit(one.limit, unit, PHASES if one.number_phases is UNSET else one.number_phases)
            for one in periods
        ]
        least = schedule.min_charging_rate
        self.least = None if least is UNSET else Limit(least, unit, PHASES)
        """minChargingRate: with less, charging is not efficient (S 7.13)."""

    def limit_at(self, at: int, began: int) -> Limit | None:
        """What it says at the moment, of a transaction that began at `began`; None: nothing."""
        if at < self.valid_from or at >= self.valid_to:
            return None
        passed = at - (began if self._begin is None else self._begin)
        if passed < 0:
            return None
        if self._cycle:
            passed %= self._cycle
        if passed >= self._length:
            return None
        position = bisect_right(self._starts, passed)
        return self._limits[position - 1] if position else None

    def spans(self, start: int, end: int, began: int) -> list[Span]:
        """All that it says from `start` to before `end`, in order."""
        start, end = max(start, self.valid_from), min(end, self.valid_to)
        origin = began if self._begin is None else self._begin
        if self._cycle and origin < start:
            origin = start - (start - origin) % self._cycle
        found: list[Span] = []
        while origin < end:
            self._cycle_spans(origin, max(start, origin), min(end, origin + self._length), found)
            if not self._cycle:
                break
            origin += self._cycle
        return found

    def _cycle_spans(self, origin: int, start: int, end: int, found: list[Span]) -> None:
        starts, limits = self._starts, self._limits
        position = bisect_right(starts, start - origin)
        if not position:
            start, position = origin + starts[0], bisect_right(starts, starts[0])
        count = len(starts)
        while start < end:
            until = origin + starts[position] if position < count else end
            if until > end:
                until = end
            if until > start:
                found.append((start, until, limits[position - 1]))
                start = until
            position += 1

    def next_change(self, at: int, began: int) -> int | None:
        """The first moment after `at` at which it may say something else; None: it says the same for ever."""
        origin = began if self._begin is None else self._begin
        if self._cycle and origin <= at:
            origin = at - (at - origin) % self._cycle
        coming = [self.valid_from, self.valid_to, origin, origin + self._length]
        if self._cycle:
            coming.append(origin + self._cycle)
        if origin <= at:
            position = bisect_right(self._starts, at - origin)
            if position < len(self._starts):
                coming.append(origin + self._starts[position])
        elif self._starts:
            coming.append(origin + self._starts[0])
        least = min((one for one in coming if one > at), default=_NEVER_US)
        return least if least < _NEVER_US // 2 else None
