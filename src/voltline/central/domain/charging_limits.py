"""A limit in plain words: as which charging profile a charge point may accept it (S 3.13).

Charge points differ in the unit, purpose and stack level that they take, and what they say about it is not
always so. What can be tried is in the order of what is most probable; what worked before is first.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import datetime, timedelta

from msgspec import Struct

from voltline.base.ids import folded
from voltline.central.domain.charging_profiles import MAX_STACK_LEVEL, Way, allowed_units
from voltline.central.domain.configuration import count_of
from voltline.messages import (
    UNSET,
    ChargingProfile,
    ChargingProfileKind,
    ChargingProfilePurpose,
    ChargingRateUnit,
    ChargingSchedule,
    ChargingSchedulePeriod,
)
from voltline.smart_charging.stack import PHASES, Limit

LEAD = timedelta(minutes=1)
"""Schedules begin in the past, so that no clock leaves a gap before them (SCS-07)."""
OLD_START = timedelta(minutes=5)
"""A start that was received so long after it happened may be one of an outage (SCS-18)."""
_NOT_CHARGING = frozenset({"Available", "Reserved", "Unavailable", "Faulted"})
_HIGHEST_LEVEL = 2**31 - 1


class Wanted(Struct, frozen=True, kw_only=True):
    """What an operator asks for."""

    connector_id: int
    """0: the charge point as a whole."""
    value: float
    unit: ChargingRateUnit
    """Ampere a phase, or watt in all."""
    duration_s: int | None = None
    """None: until it is lifted."""
    phases: int | None = None
    """None: 3, as OCPP has it."""


class Running(Struct, frozen=True, kw_only=True):
    """A transaction that has not ended so far as is known."""

    transaction_id: int
    """As the charge point knows it."""
    connector_id: int
    started_at: datetime
    received_at: datetime
    status: str | None
    """Of its connector."""

    @property
    def may_be_over(self) -> bool:
        """Whether its start came late and its stop is probably still to come (S 5.16.1)."""
        return self.received_at - self.started_at > OLD_START and self.status in _NOT_CHARGING


def ways(
    wanted: Wanted, values: Mapping[str, str | None], connectors: int | None, remembered: Way | None
) -> list[Way]:
    """What to try, one after the other. `values` by folded key; `connectors`: how many it has."""
    whole = wanted.connector_id == 0 or connectors == 1
    purposes = [ChargingProfilePurpose.CHARGE_POINT_MAX_PROFILE] if whole else []
    purposes.append(ChargingProfilePurpose.TX_DEFAULT_PROFILE)
    listed = allowed_units(values)
    other = ChargingRateUnit.W if wanted.unit == ChargingRateUnit.A else ChargingRateUnit.A
    units = [unit for unit in (wanted.unit, other) if unit in listed]
    units += [unit for unit in (wanted.unit, other) if unit not in listed]
    highest = min(count_of(values.get(folded(MAX_STACK_LEVEL))) or 0, _HIGHEST_LEVEL)
    levels = list(dict.fromkeys((highest, max(highest - 1, 0), 0)))  # some count levels from 1
    found = [
        Way(purpose=purpose, unit=unit, stack_level=level)
        for purpose in purposes
        for level in levels
        for unit in units
    ]
    if remembered in found:
        found.remove(remembered)
        found.insert(0, remembered)
    return found


def limit_profile(
    way: Way, wanted: Wanted, profile_id: int, now: datetime, transaction_id: int | None = None
) -> ChargingProfile:
    """The profile of a limit; with a transaction it is a TxProfile (SCP-13, SCP-14)."""
    purpose = way.purpose if transaction_id is None else ChargingProfilePurpose.TX_PROFILE
    start = (now - LEAD).replace(microsecond=0)
    lasting = wanted.duration_s is not None
    end = now.replace(microsecond=0) + timedelta(seconds=wanted.duration_s or 0)
    return ChargingProfile(
        charging_profile_id=profile_id,
        transaction_id=UNSET if transaction_id is None else transaction_id,
        stack_level=way.stack_level,
        charging_profile_purpose=purpose,
        charging_profile_kind=ChargingProfileKind.ABSOLUTE,
        valid_from=start,
        valid_to=end if lasting else UNSET,
        charging_schedule=ChargingSchedule(
            duration=int((end - start).total_seconds()) if lasting else UNSET,
            start_schedule=start,
            charging_rate_unit=way.unit,
            charging_schedule_period=[
                ChargingSchedulePeriod(
                    start_period=0,
                    limit=limit_in(way.unit, wanted),
                    number_phases=UNSET if wanted.phases is None else wanted.phases,
                )
            ],
        ),
    )


def limit_in(unit: ChargingRateUnit, wanted: Wanted) -> float:
    """The limit in this unit, rounded down to the one decimal that OCPP has (SCT-12)."""
    if unit == wanted.unit:
        return wanted.value
    exact = Limit(wanted.value, wanted.unit, wanted.phases or PHASES).in_unit(unit)
    return math.floor(round(exact * 10, 6)) / 10
