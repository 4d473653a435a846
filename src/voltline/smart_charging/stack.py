"""Which of several charging profiles holds at a moment, and what it allows (S 3.13).

Times are aware datetimes, limits are in the unit of their schedule: ampere a phase, or watt in all.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from msgspec import UNSET

from voltline.messages import (
    ChargingProfile,
    ChargingProfileKind,
    ChargingProfilePurpose,
    ChargingRateUnit,
    ChargingSchedule,
    RecurrencyKind,
)

LINE_VOLTAGE_V = 230.0
"""Nominal, between a phase and neutral; not what is measured (S 7.12)."""
PHASES = 3
"""Where a period does not say how many (S 7.14)."""

_RECURRENCES = {RecurrencyKind.DAILY: timedelta(days=1), RecurrencyKind.WEEKLY: timedelta(days=7)}
_MOST_RECURRENCES = 2_000
"""How many repetitions of a schedule are looked ahead: five years of days."""


class Installed(NamedTuple):
    """A profile as a charge point has it."""

    connector_id: int
    profile: ChargingProfile
    since: datetime
    """When it was installed; a relative schedule without a transaction counts from here."""


class Session(NamedTuple):
    """A transaction that runs, or is thought to."""

    transaction_id: int | None
    connector_id: int
    started_at: datetime


class Limit(NamedTuple):
    """What may be drawn."""

    value: float
    unit: ChargingRateUnit
    phases: int

    def in_unit(self, unit: ChargingRateUnit, voltage_v: float = LINE_VOLTAGE_V) -> float:
        """The same in another unit (S 7.12)."""
        if unit == self.unit:
            return self.value
        volts = voltage_v * max(self.phases, 1)
        return self.value * volts if self.unit == ChargingRateUnit.A else self.value / volts


def limit_at(
    installed: Sequence[Installed], connector_id: int, at: datetime, session: Session | None
) -> Limit | None:
    """The lowest of ChargePointMaxProfile and TxProfile, else TxDefaultProfile (S 3.13.3); None: no limit.

    Connector 0 is the charge point as a whole: only its ChargePointMaxProfile is known to limit that.
    """
    most = _highest(installed, ChargingProfilePurpose.CHARGE_POINT_MAX_PROFILE, (0,), at, session)
    if connector_id == 0:
        return most
    of_session = None
    if session is not None:
        of_session = _highest(
            installed, ChargingProfilePurpose.TX_PROFILE, (connector_id,), at, session
        ) or _default(installed, connector_id, at, session)
    if most is None or of_session is None:
        return most or of_session
    return min(most, of_session, key=lambda limit: limit.in_unit(ChargingRateUnit.W))


def changes(
    installed: Iterable[Installed], start: datetime, end: datetime, session: Session | None
) -> list[datetime]:
    """Every instant after `start` and before `end` at which any limit may become another, in order."""
    found: set[datetime] = set()
    for one in installed:
        profile = one.profile
        for bound in (profile.valid_from, profile.valid_to):
            if bound is not UNSET:
                found.add(bound)
        for begin in _beginnings(one, start, end, session):
            schedule = profile.charging_schedule
            seconds = [period.start_period for period in schedule.charging_schedule_period]
            if schedule.duration is not UNSET:
                seconds.append(schedule.duration)
            found.update(at for second in seconds if (at := _later(begin, second)) is not None)
    return sorted(at for at in found if start < at < end)


def _default(
    installed: Sequence[Installed], connector_id: int, at: datetime, session: Session
) -> Limit | None:
    """A default of the connector itself is in the place of the one of all connectors (S 3.13.1)."""
    purpose = ChargingProfilePurpose.TX_DEFAULT_PROFILE
    own = [one for one in installed if _holds(one, purpose, (connector_id,), at, session)]
    return _highest(installed, purpose, (connector_id,) if own else (0,), at, session)


def _highest(
    installed: Sequence[Installed],
    purpose: ChargingProfilePurpose,
    connectors: tuple[int, ...],
    at: datetime,
    session: Session | None,
) -> Limit | None:
    """Of the highest stack level that says anything at the moment (S 3.13.2, 5.16.4)."""
    candidates = [one for one in installed if _holds(one, purpose, connectors, at, session)]
    for one in sorted(candidates, key=lambda one: (one.profile.stack_level, one.since), reverse=True):
        limit = _limit_of(one, at, session)
        if limit is not None:
            return limit
    return None


def _holds(
    one: Installed,
    purpose: ChargingProfilePurpose,
    connectors: tuple[int, ...],
    at: datetime,
    session: Session | None,
) -> bool:
    profile = one.profile
    if profile.charging_profile_purpose != purpose or one.connector_id not in connectors:
        return False
    if profile.valid_from is not UNSET and at < profile.valid_from:
        return False
    if profile.valid_to is not UNSET and at >= profile.valid_to:
        return False
    sent = profile.transaction_id
    return (
        sent is UNSET or session is None or session.transaction_id is None or sent == session.transaction_id
    )


def _limit_of(one: Installed, at: datetime, session: Session | None) -> Limit | None:
    schedule = one.profile.charging_schedule
    begin = _begin(one, session)
    if begin is None or at < begin:
        return None
    elapsed = at - begin
    recurrence = _recurrence(one.profile)
    if recurrence is not None:
        elapsed %= recurrence
    seconds = elapsed.total_seconds()
    if schedule.duration is not UNSET and seconds >= schedule.duration:
        return None
    return _period_at(schedule, seconds)


def _period_at(schedule: ChargingSchedule, seconds: float) -> Limit | None:
    periods = schedule.charging_schedule_period
    position = bisect_right(periods, seconds, key=lambda period: period.start_period)
    if position == 0:
        return None
    holding = periods[position - 1]
    phases = PHASES if holding.number_phases is UNSET else holding.number_phases
    return Limit(holding.limit, schedule.charging_rate_unit, phases)


def _begin(one: Installed, session: Session | None) -> datetime | None:
    """What the schedule's time counts from (S 7.9, 7.13)."""
    start = one.profile.charging_schedule.start_schedule
    relative = one.profile.charging_profile_kind == ChargingProfileKind.RELATIVE
    if start is not UNSET and not relative:
        return start
    return one.since if session is None else session.started_at


def _recurrence(profile: ChargingProfile) -> timedelta | None:
    if profile.charging_profile_kind != ChargingProfileKind.RECURRING or profile.recurrency_kind is UNSET:
        return None
    return _RECURRENCES.get(profile.recurrency_kind)


def _beginnings(
    one: Installed, start: datetime, end: datetime, session: Session | None
) -> Iterator[datetime]:
    """When the schedule begins: once, or every time that touches the time from `start` to `end`."""
    begin = _begin(one, session)
    recurrence = _recurrence(one.profile)
    if begin is None or recurrence is None or begin >= end:
        if begin is not None:
            yield begin
        return
    if begin < start:
        begin = start - (start - begin) % recurrence
    for _ in range(_MOST_RECURRENCES):
        if begin >= end:
            return
        yield begin
        begin += recurrence


def _later(at: datetime, seconds: int) -> datetime | None:
    """None: beyond the calendar."""
    try:
        return at + timedelta(seconds=seconds)
    except OverflowError:
        return None
