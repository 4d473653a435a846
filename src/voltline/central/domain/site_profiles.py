"""Leases and fail-safe shares as the charging profiles that a charge point takes (S 3.13)."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from voltline.base.ids import folded
from voltline.central.domain.charging_profiles import MAX_STACK_LEVEL, allowed_units
from voltline.central.domain.configuration import count_of
from voltline.central.domain.sites import LEAST_VOLTAGE_V, LeaseWay
from voltline.messages import (
    UNSET,
    ChargingProfile,
    ChargingProfileKind,
    ChargingProfilePurpose,
    ChargingRateUnit,
    ChargingSchedule,
    ChargingSchedulePeriod,
)
from voltline.smart_charging.stack import PHASES

_LEAD = timedelta(minutes=1)
"""Schedules begin in the past, so that no clock leaves a gap before them (SCS-07)."""
_HIGHEST_LEVEL = 2**31 - 1
_TX, _DEFAULT = ChargingProfilePurpose.TX_PROFILE, ChargingProfilePurpose.TX_DEFAULT_PROFILE


def lease_ways(values: Mapping[str, str | None], worked: LeaseWay | None) -> list[LeaseWay]:
    """What to try for a lease, one after the other. `values` by folded key; `worked`: what did last."""
    highest = _highest(values)
    levels = list(dict.fromkeys((highest, max(highest - 1, 0), 0)))  # some count levels from 1
    units = _units(values)
    found = [LeaseWay(purpose=_TX, unit=unit, stack_level=level) for level in levels for unit in units]
    if highest > 0:  # above the fail-safe share, which shows through when the lease is over
        found += [LeaseWay(purpose=_DEFAULT, unit=unit, stack_level=highest) for unit in units]
    if worked is not None:
        found = [worked, *(one for one in found if one != worked)]
    return found


def safe_ways(values: Mapping[str, str | None], unit: ChargingRateUnit | None) -> list[LeaseWay]:
    """What to try for a fail-safe share; `unit`: which worked before."""
    level = max(_highest(values) - 1, 0)
    units = _units(values)
    if unit is not None:
        units = [unit, *(one for one in units if one != unit)]
    levels = list(dict.fromkeys((level, 0)))
    return [LeaseWay(purpose=_DEFAULT, unit=one, stack_level=level) for level in levels for one in units]


def limit_profile(
    way: LeaseWay,
    profile_id: int,
    current_a: float,
    phases: int,
    now: datetime,
    *,
    until: datetime | None = None,
    transaction_id: int | None = None,
    say_phases: bool = False,
    watts_of: int | None = None,
) -> ChargingProfile:
    """One period, ampere per phase. With `until` it lapses by itself, by validTo and by duration.

    `say_phases`: whether numberPhases is said where it is not needed. `watts_of`: of how many phases watts
    are told; None: of all.
    """
    start = (now - _LEAD).replace(microsecond=0)
    watts = way.unit == ChargingRateUnit.W
    # Parts of a second are cut off: earlier is safe.
    seconds = UNSET if until is None else max(0, int((until - start).total_seconds()))
    return ChargingProfile(
        charging_profile_id=profile_id,
        transaction_id=transaction_id if way.purpose == _TX and transaction_id is not None else UNSET,
        stack_level=way.stack_level,
        charging_profile_purpose=ChargingProfilePurpose(way.purpose),
        charging_profile_kind=ChargingProfileKind.ABSOLUTE,
        valid_from=start,
        valid_to=UNSET if until is None else until.replace(microsecond=0),
        charging_schedule=ChargingSchedule(
            duration=seconds,
            start_schedule=start,
            charging_rate_unit=way.unit,
            charging_schedule_period=[
                ChargingSchedulePeriod(
                    start_period=0,
                    limit=limit_in(way.unit, current_a, watts_of or phases),
                    number_phases=phases if say_phases or (watts and phases != PHASES) else UNSET,
                )
            ],
        ),
    )


def takes_all_on_one(currents_a: Sequence[float], lent_a: float) -> bool:
    """Whether a car draws on one phase more than `lent_a`, and no more than that on three amounts to.

    `lent_a` has to hold for long enough that the car would have followed.
    """
    most, *others = sorted(currents_a, reverse=True)
    return bool(others) and others[0] < 1.0 and lent_a + 1.0 < most <= lent_a * len(currents_a) + 1.0


def limit_in(unit: ChargingRateUnit, current_a: float, phases: int) -> float:
    """In this unit, rounded down to the one decimal that OCPP has (SCT-12).

    Watts are counted with the least voltage that a phase may have: at any other they are fewer amperes.
    """
    if unit == ChargingRateUnit.A:
        return math.floor(round(current_a * 10, 6)) / 10
    return float(math.floor(round(current_a * LEAST_VOLTAGE_V * phases, 6)))


def _highest(values: Mapping[str, str | None]) -> int:
    return max(0, min(count_of(values.get(folded(MAX_STACK_LEVEL))) or 0, _HIGHEST_LEVEL))


def _units(values: Mapping[str, str | None]) -> list[ChargingRateUnit]:
    listed = allowed_units(values)
    both = (ChargingRateUnit.A, ChargingRateUnit.W)
    return [*(one for one in both if one in listed), *(one for one in both if one not in listed)]
