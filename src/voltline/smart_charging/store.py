"""The charging profiles that a charge point has: what it takes, what a new one replaces, what is cleared.

Every refusal is told with its reason. The answer to the central system has no room for one (S 6.44), so it is
for whoever reads what the charge point notes, and for whoever is about to send a profile.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime
from itertools import pairwise
from typing import NamedTuple, Protocol

import msgspec
from msgspec import UNSET

from voltline.messages import (
    ChargingProfile,
    ChargingProfileKind,
    ChargingProfilePurpose,
    ChargingRateUnit,
    ChargingSchedule,
    ClearChargingProfile,
)
from voltline.smart_charging.limits import PHASES
from voltline.smart_charging.plan import Installed
from voltline.smart_charging.stack import Stack

_UNIT_WORDS = {"current": ChargingRateUnit.A, "power": ChargingRateUnit.W}


class Capabilities(NamedTuple):
    """What a charge point says of itself in its configuration (S 3.13.5, 9.4)."""

    highest_level: int
    """ChargeProfileMaxStackLevel."""
    most_profiles: int
    """MaxChargingProfilesInstalled."""
    most_periods: int
    """ChargingScheduleMaxPeriods."""
    units: frozenset[ChargingRateUnit]
    """ChargingScheduleAllowedChargingRateUnit."""


def units_of(words: str) -> frozenset[ChargingRateUnit]:
    """The units that ChargingScheduleAllowedChargingRateUnit lists, as `Current,Power` (errata 3.86)."""
    found = (_UNIT_WORDS.get(word.strip().casefold()) for word in words.split(","))
    return frozenset(unit for unit in found if unit is not None)


class Running(NamedTuple):
    """The transaction of a connector."""

    number: int
    """The charge point's own count."""
    transaction_id: int | None
    """The central system's; -1 where it never answered the start (errata 3.18), None while it may still."""


class Held(msgspec.Struct, frozen=True):
    """A profile in force."""

    installed: Installed
    transaction: int = 0
    """The charge point's own number of the one that a TxProfile is for."""


class ProfileStore:
    """The profiles of one charge point, by the rules of S 3.13 and 5.16. It changes only as a whole."""

    __slots__ = ("held", "stack")

    def __init__(self, held: Iterable[Held] = ()) -> None:
        self.held: tuple[Held, ...] = ()
        self.stack = Stack(())
        """The same, ready for questions."""
        self._keep(held)

    def install(
        self,
        connector_id: int,
        profile: ChargingProfile,
        at: datetime,
        running: Running | None,
        capabilities: Capabilities,
    ) -> str | None:
        """Take a profile in the place of those that it replaces; or say why not, and leave all as it was.

        `running` is the transaction of the connector, which must exist.
        """
        problem = problem_of(profile, capabilities) or misplaced(connector_id, profile, running)
        if problem is not None:
            return problem
        if not self.has_room(connector_id, profile, capabilities):
            return f"{len(self.held)} profiles are installed, and there is room for no more"
        self.adopt(connector_id, profile, at, running)
        return None

    def adopt(
        self, connector_id: int, profile: ChargingProfile, at: datetime, running: Running | None
    ) -> None:
        """Take a profile that is known to fit."""
        of_transaction = profile.charging_profile_purpose == ChargingProfilePurpose.TX_PROFILE
        number = running.number if of_transaction and running is not None else 0
        kept = self._beside(connector_id, profile)
        self._keep([*kept, Held(Installed(connector_id, profile, at), number)])

    def has_room(self, connector_id: int, profile: ChargingProfile, capabilities: Capabilities) -> bool:
        """Whether there is a place for it, that of those that it replaces included."""
        return len(self._beside(connector_id, profile)) < capabilities.most_profiles

    def clear(self, request: ClearChargingProfile) -> bool:
        """Remove what is meant (S 5.5); whether that was anything."""
        return self._keep_if(held for held in self.held if not is_meant(held.installed, request))

    def keep_transactions(self, numbers: Collection[int]) -> bool:
        """A TxProfile is gone with its transaction (S 3.13.1); whether any was."""
        return self._keep_if(
            held for held in self.held if not held.transaction or held.transaction in numbers
        )

    def _beside(self, connector_id: int, profile: ChargingProfile) -> list[Held]:
        return [held for held in self.held if not is_replaced(held.installed, connector_id, profile)]

    def _keep_if(self, held: Iterable[Held]) -> bool:
        left = list(held)
        if len(left) == len(self.held):
            return False
        self._keep(left)
        return True

    def _keep(self, held: Iterable[Held]) -> None:
        self.held = tuple(held)
        self.stack = Stack(one.installed for one in self.held)


class Placed(Protocol):
    """A profile that is somewhere, whoever keeps it."""

    @property
    def connector_id(self) -> int: ...

    @property
    def profile(self) -> ChargingProfile: ...


def is_replaced(old: Placed, connector_id: int, new: ChargingProfile) -> bool:
    """Whether a new profile takes the place of this one (S 3.13.2, 5.16.3).

    It does with the same chargingProfileId, wherever; and with the same purpose and stackLevel on the same
    connector, for a TxDefaultProfile of connector 1 leaves the one of all connectors to the others (3.13.1).
    """
    profile = old.profile
    return profile.charging_profile_id == new.charging_profile_id or (
        old.connector_id == connector_id
        and profile.stack_level == new.stack_level
        and profile.charging_profile_purpose == new.charging_profile_purpose
    )


def is_meant(one: Placed, request: ClearChargingProfile) -> bool:
    """Whether this is to be cleared: it has the id, or else every field given (errata 3.25, 3.26)."""
    profile = one.profile
    if request.id is not UNSET:
        return profile.charging_profile_id == request.id
    return (
        request.connector_id in (UNSET, one.connector_id)
        and request.charging_profile_purpose in (UNSET, profile.charging_profile_purpose)
        and request.stack_level in (UNSET, profile.stack_level)
    )


def misplaced(connector_id: int, profile: ChargingProfile, running: Running | None) -> str | None:
    """Why a profile of this purpose has no place on the connector; None: it has (S 3.13.1)."""
    purpose, sent = profile.charging_profile_purpose, profile.transaction_id
    if purpose == ChargingProfilePurpose.CHARGE_POINT_MAX_PROFILE and connector_id:
        return f"a ChargePointMaxProfile is for connector 0, not {connector_id}"
    if purpose != ChargingProfilePurpose.TX_PROFILE:
        return None if sent is UNSET else f"transactionId is for a TxProfile, not for a {purpose}"
    if not connector_id:
        return "a TxProfile is for a connector from 1 on"
    if running is None:
        return f"no transaction runs on connector {connector_id}, so a TxProfile has none to be for"
    if sent is not UNSET and sent != running.transaction_id:
        known = "not yet known" if running.transaction_id is None else running.transaction_id
        return f"transactionId is {sent}, and that of the transaction on connector {connector_id} is {known}"
    return None


def problem_of(profile: ChargingProfile, capabilities: Capabilities) -> str | None:
    """Why a profile cannot be executed, on whatever connector; None: it can."""
    schedule, level = profile.charging_schedule, profile.stack_level
    recurring = profile.charging_profile_kind == ChargingProfileKind.RECURRING
    if not 0 <= level <= capabilities.highest_level:
        return f"stackLevel is {level}, and must be 0 to {capabilities.highest_level}"
    if recurring and profile.recurrency_kind is UNSET:
        return "a Recurring profile needs a recurrencyKind"
    if recurring and schedule.start_schedule is UNSET:
        return "a Recurring profile needs a startSchedule to count from"
    if not recurring and profile.recurrency_kind is not UNSET:
        return (
            f"recurrencyKind is for a Recurring profile, not for one that is {profile.charging_profile_kind}"
        )
    valid_from, valid_to = profile.valid_from, profile.valid_to
    if valid_from is not UNSET and valid_to is not UNSET and valid_to <= valid_from:
        return "validTo is not after validFrom"
    return _schedule_problem(schedule, capabilities)


def _schedule_problem(schedule: ChargingSchedule, capabilities: Capabilities) -> str | None:
    periods, unit = schedule.charging_schedule_period, schedule.charging_rate_unit
    starts = [period.start_period for period in periods]
    if len(periods) > capabilities.most_periods:
        return f"the schedule has {len(periods)} periods, and may have {capabilities.most_periods}"
    if unit not in capabilities.units:
        return f"chargingRateUnit is {unit}, and may be {' or '.join(sorted(capabilities.units)) or 'none'}"
    if schedule.duration is not UNSET and schedule.duration <= 0:
        return f"duration is {schedule.duration}, and must be at least 1 s"
    if starts[0] != 0:
        return f"the first startPeriod is {starts[0]}, and must be 0"
    if any(later <= earlier for earlier, later in pairwise(starts)):
        return "each startPeriod must be greater than the one before it"
    least = schedule.min_charging_rate
    if any(period.limit < 0 for period in periods) or (least is not UNSET and least < 0):
        return "limit and minChargingRate must not be negative"
    for period in periods:
        if period.number_phases is not UNSET and not 1 <= period.number_phases <= PHASES:
            return f"numberPhases is {period.number_phases}, and must be 1 to {PHASES}"
    return None
