"""Charging profiles: those that a charge point has as far as is known, and what it can take (S 3.13)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from enum import StrEnum

from msgspec import Struct

from voltline.base.ids import folded
from voltline.central.domain.configuration import count_of
from voltline.central.domain.stations import StationKey
from voltline.messages import (
    UNSET,
    ChargingProfile,
    ChargingProfilePurpose,
    ChargingRateUnit,
    ClearChargingProfile,
)
from voltline.smart_charging.store import is_meant, is_replaced

MAX_STACK_LEVEL = "ChargeProfileMaxStackLevel"
MAX_INSTALLED = "MaxChargingProfilesInstalled"
MAX_PERIODS = "ChargingScheduleMaxPeriods"
ALLOWED_UNITS = "ChargingScheduleAllowedChargingRateUnit"
SMALLEST_CHARGE_A = 6.0
"""Below it an AC charger has to pause (IEC 61851-1)."""
_UNIT_WORDS = {
    "current": ChargingRateUnit.A,
    "a": ChargingRateUnit.A,
    "power": ChargingRateUnit.W,
    "w": ChargingRateUnit.W,
}
"""SCT-17; some charge points list the units instead of the words for them."""


class ProfileSource(StrEnum):
    """How a charge point came by a profile."""

    SET = "set"
    """By SetChargingProfile."""
    REMOTE_START = "remote-start"
    """With RemoteStartTransaction, for the transaction that it starts (S 5.16.2)."""


class ProfileEnd(StrEnum):
    """Why a charge point has a profile no more."""

    REPLACED = "replaced"
    CLEARED = "cleared"
    TRANSACTION_ENDED = "transaction-ended"
    EXPIRED = "expired"


class Verdict(StrEnum):
    """What the charge point's own composite schedule said of its profiles when it was asked last."""

    SAME = "same"
    LOWER = "lower"
    HIGHER = "higher"
    UNKNOWN = "unknown"
    """It did not tell."""


class InstalledProfile(Struct, frozen=True, kw_only=True):
    """A profile that a charge point accepted."""

    id: int
    """Ours. The charge point knows it by `profile.charging_profile_id`."""
    station: StationKey
    identity: str
    connector_id: int
    profile: ChargingProfile
    source: ProfileSource
    installed_at: datetime
    verdict: Verdict | None = None
    """None: never asked."""
    verified_at: datetime | None = None
    ended_at: datetime | None = None
    ended_by: ProfileEnd | None = None

    @property
    def installed(self) -> bool:
        return self.ended_at is None


class Way(Struct, frozen=True, kw_only=True):
    """What a charge point accepts as a limit."""

    purpose: ChargingProfilePurpose
    unit: ChargingRateUnit
    stack_level: int


class ChargingLimit(Struct, frozen=True, kw_only=True):
    """A limit that an operator set in plain words, and how the charge point took it."""

    station: StationKey
    connector_id: int
    """0: the charge point as a whole."""
    value: float
    unit: ChargingRateUnit
    way: Way
    """The way that worked; the unit in it may be another than that of the limit."""
    profile_ids: tuple[int, ...]
    """The chargingProfileIds that hold the limit."""
    set_at: datetime
    until: datetime | None
    lifted_at: datetime | None = None

    def holds(self, at: datetime) -> bool:
        return self.lifted_at is None and (self.until is None or at < self.until)


class ProfileFilter(Struct, frozen=True, kw_only=True):
    """Which profiles; None: whichever."""

    connector_id: int | None = None
    purpose: str | None = None
    installed: bool | None = True


class ProfileChanged(Struct, frozen=True, kw_only=True):
    """profile.changed: a charge point has a profile from now on, or no more."""

    id: int
    change: str
    """installed, or a `ProfileEnd`."""
    connector_id: int
    charging_profile_id: int
    purpose: str
    stack_level: int
    transaction_id: int | None


class ProfilesVerified(Struct, frozen=True, kw_only=True):
    """profile.changed: a charge point told a schedule that is not what its profiles come to."""

    change: str
    """`differs`."""
    connector_id: int
    verdict: str


def replaced_by(
    installed: Iterable[InstalledProfile], connector_id: int, profile: ChargingProfile
) -> list[InstalledProfile]:
    """Those whose place a new profile takes (SCS-03, SCS-04)."""
    return [one for one in installed if is_replaced(one, connector_id, profile)]


def renews(before: InstalledProfile, connector_id: int, profile: ChargingProfile) -> bool:
    """Whether it is the same limit again, for longer: the renewal of a lease, of which there are many."""
    old, new = before.profile, profile
    if UNSET in (old.valid_to, new.valid_to) or before.connector_id != connector_id:
        return False
    return _limits(old) == _limits(new)


def _limits(profile: ChargingProfile) -> tuple[object, ...]:
    schedule = profile.charging_schedule
    return (
        profile.charging_profile_id,
        profile.transaction_id,
        profile.stack_level,
        profile.charging_profile_purpose,
        profile.charging_profile_kind,
        profile.recurrency_kind,
        schedule.charging_rate_unit,
        schedule.charging_schedule_period,
        schedule.min_charging_rate,
    )


def cleared_by(
    installed: Iterable[InstalledProfile], request: ClearChargingProfile
) -> list[InstalledProfile]:
    """Those that a ClearChargingProfile means (SCC-14 to SCC-16)."""
    return [one for one in installed if is_meant(one, request)]


def allowed_units(values: Mapping[str, str | None]) -> tuple[ChargingRateUnit, ...]:
    """The units that the charge point says it takes; none: it does not say. `values` by folded key."""
    told = (values.get(folded(ALLOWED_UNITS)) or "").split(",")
    found = (_UNIT_WORDS.get(folded(word.strip())) for word in told)
    return tuple(dict.fromkeys(unit for unit in found if unit is not None))


def profile_warnings(
    values: Mapping[str, str | None],
    installed: Sequence[InstalledProfile],
    connector_id: int,
    profile: ChargingProfile,
    now: datetime,
) -> list[str]:
    """What speaks against a profile by what the charge point says of itself, and by OCPP."""
    return [
        *_station_warnings(values, installed, connector_id, profile),
        *_rule_warnings(connector_id, profile, now),
    ]


def _station_warnings(
    values: Mapping[str, str | None],
    installed: Sequence[InstalledProfile],
    connector_id: int,
    profile: ChargingProfile,
) -> list[str]:
    schedule = profile.charging_schedule
    said = []
    highest = count_of(values.get(folded(MAX_STACK_LEVEL)))
    if highest is not None and profile.stack_level > highest:
        said.append(f"the stack level is {profile.stack_level}, and {MAX_STACK_LEVEL} is {highest}")
    most = count_of(values.get(folded(MAX_PERIODS)))
    periods = len(schedule.charging_schedule_period)
    if most is not None and periods > most:
        said.append(f"the schedule has {periods} periods, and {MAX_PERIODS} is {most}")
    units = allowed_units(values)
    if units and schedule.charging_rate_unit not in units:
        told = values.get(folded(ALLOWED_UNITS))
        said.append(f"the unit is {schedule.charging_rate_unit}, and {ALLOWED_UNITS} is {told}")
    room = count_of(values.get(folded(MAX_INSTALLED)))
    after = len(installed) - len(replaced_by(installed, connector_id, profile)) + 1
    if room is not None and after > room:
        said.append(f"it would be profile number {after}, and {MAX_INSTALLED} is {room}")
    return said


def _rule_warnings(connector_id: int, profile: ChargingProfile, now: datetime) -> list[str]:
    purpose, schedule = profile.charging_profile_purpose, profile.charging_schedule
    said = []
    if purpose == ChargingProfilePurpose.CHARGE_POINT_MAX_PROFILE and connector_id != 0:
        said.append("a ChargePointMaxProfile is for connector 0 only (OCPP 1.6, 3.13.1)")
    if purpose == ChargingProfilePurpose.TX_PROFILE:
        if connector_id == 0:
            said.append("a TxProfile is for a connector from 1 on (OCPP 1.6, 3.13.1)")
        if profile.transaction_id is UNSET:
            said.append("a TxProfile should carry the transactionId that it is for (OCPP 1.6, 5.16)")
    begins = schedule.start_schedule if profile.valid_from is UNSET else profile.valid_from
    if begins is not UNSET and begins > now + timedelta(seconds=1):
        # SCS-06, SCS-07
        said.append(
            "it begins in the future; what it replaces ends at once, so until then nothing may limit the "
            "charge point"
        )
    if profile.valid_to is not UNSET and profile.valid_to <= now:
        said.append("it is not valid any more")
    return [*said, *limit_warnings(profile)]


def limit_warnings(profile: ChargingProfile) -> list[str]:
    """A warning for limits that make an AC charger pause."""
    schedule = profile.charging_schedule
    if schedule.charging_rate_unit != ChargingRateUnit.A:
        return []
    low = [one.limit for one in schedule.charging_schedule_period if 0 < one.limit < SMALLEST_CHARGE_A]
    if not low:
        return []
    return [f"below {SMALLEST_CHARGE_A:g} A ({min(low):g} A) an AC charger has to pause (IEC 61851-1)"]
