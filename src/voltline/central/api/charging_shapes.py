"""Charging profiles, composite schedules and limits in the API."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Annotated, Any

import msgspec
from msgspec import Meta, Struct, field

from voltline.central.api.adjustments import Adjustments, adjustment_views
from voltline.central.api.shapes import NextCursor
from voltline.central.domain.charging_profiles import ChargingLimit, InstalledProfile
from voltline.central.procedures.charging_profiles import Attempt
from voltline.central.services.charging_profiles import Comparison
from voltline.central.services.optional import present
from voltline.messages import ChargingRateUnit, encode
from voltline.smart_charging.composite import Segment

LARGEST_CONNECTOR = 2**31 - 1
_MAX_DURATION_S = 10 * 366 * 86_400

Warnings = Annotated[list[str], Meta(description="What speaks against it; it was sent all the same.")]
ConnectorNumber = Annotated[
    int,
    Meta(
        ge=0,
        le=LARGEST_CONNECTOR,
        description="The connector, from 1; 0: the charge point as a whole.",
        examples=[1],
    ),
]

_EXAMPLE_PROFILE = {
    "stackLevel": 0,
    "chargingProfilePurpose": "TxDefaultProfile",
    "chargingProfileKind": "Absolute",
    "chargingSchedule": {
        "startSchedule": "2026-01-01T00:00:00Z",
        "chargingRateUnit": "A",
        "chargingSchedulePeriod": [{"startPeriod": 0, "limit": 16.0}],
    },
}


class NewProfile(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A charging profile to be sent to a charge point."""

    connector: ConnectorNumber
    profile: Annotated[
        dict[str, Any],
        Meta(
            description="ChargingProfile as in OCPP 1.6, 7.8; chargingProfileId may be left out: an unused "
            "one is taken.",
            examples=[_EXAMPLE_PROFILE],
        ),
    ]


class ProfileSet(Struct, frozen=True, kw_only=True):
    """What became of a charging profile."""

    status: Annotated[str, Meta(description="ChargingProfileStatus, as the charge point answered.")]
    charging_profile_id: Annotated[int, Meta(description="By which the charge point knows the profile.")]
    warnings: Warnings
    adjustments: Adjustments = field(default_factory=adjustment_views)


class ProfilesCleared(Struct, frozen=True, kw_only=True):
    """What became of a ClearChargingProfile."""

    status: Annotated[
        str, Meta(description="Accepted, or Unknown where the charge point had no such profile.")
    ]


class ProfileView(Struct, frozen=True, kw_only=True):
    """A charging profile that a charge point accepted."""

    id: int
    connector: Annotated[
        int, Meta(description="From 1; 0: the charge point, or a default of all connectors.")
    ]
    charging_profile_id: Annotated[int, Meta(description="By which the charge point knows it.")]
    purpose: Annotated[str, Meta(description="ChargingProfilePurpose.")]
    stack_level: int
    transaction_id: Annotated[int | None, Meta(description="The transaction that a TxProfile is for.")]
    valid_from: datetime | None
    valid_to: datetime | None
    profile: Annotated[dict[str, Any], Meta(description="The whole profile as it was sent, as in OCPP.")]
    source: Annotated[str, Meta(description="set: by SetChargingProfile. remote-start: with the start.")]
    installed_at: datetime
    verdict: Annotated[
        str | None,
        Meta(
            description="What the charge point's own composite schedule said of the profiles of the "
            "connector: same; lower: it allows less, local limits may be in it; higher: it allows more than "
            "they do; unknown: it did not tell. null: it was not asked."
        ),
    ]
    verified_at: Annotated[datetime | None, Meta(description="When it was asked last.")]
    ended_at: Annotated[datetime | None, Meta(description="null: the charge point has it.")]
    ended_by: Annotated[
        str | None, Meta(description="replaced, cleared, transaction-ended, expired; null: it has not ended.")
    ]


class ProfilePage(Struct, frozen=True, kw_only=True):
    """A part of the list of charging profiles."""

    items: list[ProfileView]
    next_cursor: NextCursor


class PeriodView(Struct, frozen=True, kw_only=True):
    """A limit for a time."""

    start_s: Annotated[float, Meta(description="Seconds from the start of the schedule.")]
    end_s: float
    limit: Annotated[float | None, Meta(description="In the unit of the schedule; null: no limit.")]
    phases: int | None


class DifferenceView(Struct, frozen=True, kw_only=True):
    """Where the charge point's schedule is not what its profiles come to."""

    start_s: float
    end_s: float
    expected: float | None
    told: float | None


class CompositeView(Struct, frozen=True, kw_only=True):
    """A charge point's own schedule, beside what its profiles come to."""

    status: Annotated[str, Meta(description="Accepted, or Rejected where it cannot report one.")]
    connector: int
    schedule_start: datetime | None
    duration_s: Annotated[int | None, Meta(description="How far it looks ahead; null: it does not say.")]
    unit: Annotated[str, Meta(description="A: ampere a phase. W: watt in all.")]
    periods: Annotated[list[PeriodView], Meta(description="What it told.")]
    expected: Annotated[
        list[PeriodView], Meta(description="What the profiles come to that it should have, as far as known.")
    ]
    verdict: Annotated[str, Meta(description="same, lower, higher, unknown; see the charging profiles.")]
    differences: list[DifferenceView]


_Amperes = Annotated[
    float,
    Meta(ge=0, le=10_000, description="Ampere a phase, with one decimal at most.", examples=[16.0]),
]
_Watts = Annotated[
    float,
    Meta(
        ge=0,
        le=10_000_000,
        description="Watt of all phases together, with one decimal at most.",
        examples=[11_000.0],
    ),
]
_LimitDuration = Annotated[
    int,
    Meta(ge=1, le=_MAX_DURATION_S, description="For how long, in seconds; null: until it is lifted."),
]
_Phases = Annotated[int, Meta(ge=1, le=3, description="Phases that are used; null: 3, as OCPP has it.")]


class NewLimit(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A limit in plain words: either amperes or watts."""

    amperes: _Amperes | None = None
    watts: _Watts | None = None
    connector: ConnectorNumber = 0
    duration_s: _LimitDuration | None = None
    phases: _Phases | None = None


class AttemptView(Struct, frozen=True, kw_only=True):
    """A profile that was tried."""

    purpose: str
    connector: int
    unit: str
    stack_level: int
    limit: Annotated[float, Meta(description="In this unit.")]
    status: Annotated[str, Meta(description="As the charge point answered, or the code of its error.")]


class LimitView(Struct, frozen=True, kw_only=True):
    """A limit, and as what the charge point accepted it."""

    connector: int
    value: float
    unit: Annotated[str, Meta(description="A: ampere a phase. W: watt in all.")]
    set_at: datetime
    until: Annotated[datetime | None, Meta(description="null: until it is lifted.")]
    lifted_at: datetime | None
    holds: Annotated[bool, Meta(description="Whether it holds now, as far as known.")]
    purpose: Annotated[str, Meta(description="Of the profile that was accepted; remembered.")]
    sent_unit: str
    stack_level: int
    charging_profile_ids: Annotated[list[int], Meta(description="The profiles that hold it.")]


class LimitList(Struct, frozen=True, kw_only=True):
    """The limits of a charge point."""

    items: list[LimitView]


class LimitAnswer(Struct, frozen=True, kw_only=True):
    """What was done for a limit."""

    limit: LimitView
    tried: Annotated[list[AttemptView], Meta(description="All that was sent, in order.")]
    warnings: Warnings
    adjustments: Adjustments = field(default_factory=adjustment_views)


class LimitLifted(Struct, frozen=True, kw_only=True):
    """What was done to lift a limit."""

    cleared: Annotated[
        list[str], Meta(description="What the charge point answered to each ClearChargingProfile.")
    ]


def profile_view(one: InstalledProfile) -> ProfileView:
    profile = one.profile
    return ProfileView(
        id=one.id,
        connector=one.connector_id,
        charging_profile_id=profile.charging_profile_id,
        purpose=profile.charging_profile_purpose,
        stack_level=profile.stack_level,
        transaction_id=present(profile.transaction_id),
        valid_from=present(profile.valid_from),
        valid_to=present(profile.valid_to),
        profile=msgspec.json.decode(encode(profile)),
        source=one.source,
        installed_at=one.installed_at,
        verdict=one.verdict,
        verified_at=one.verified_at,
        ended_at=one.ended_at,
        ended_by=one.ended_by,
    )


def limit_view(limit: ChargingLimit, now: datetime) -> LimitView:
    return LimitView(
        connector=limit.connector_id,
        value=limit.value,
        unit=limit.unit,
        set_at=limit.set_at,
        until=limit.until,
        lifted_at=limit.lifted_at,
        holds=limit.holds(now),
        purpose=limit.way.purpose,
        sent_unit=limit.way.unit,
        stack_level=limit.way.stack_level,
        charging_profile_ids=list(limit.profile_ids),
    )


def attempt_view(one: Attempt) -> AttemptView:
    return AttemptView(
        purpose=one.purpose,
        connector=one.connector_id,
        unit=one.unit,
        stack_level=one.stack_level,
        limit=one.limit,
        status=one.status,
    )


def period_views(segments: Iterable[Segment], unit: ChargingRateUnit) -> list[PeriodView]:
    return [
        PeriodView(
            start_s=one.start_s,
            end_s=one.end_s,
            limit=None if one.limit is None else round(one.limit.in_unit(unit), 3),
            phases=None if one.limit is None else one.limit.phases,
        )
        for one in segments
    ]


def difference_views(found: Comparison) -> list[DifferenceView]:
    return [
        DifferenceView(start_s=one.start_s, end_s=one.end_s, expected=one.expected, told=one.told)
        for one in found.differences
    ]
