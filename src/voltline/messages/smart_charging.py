"""Limits to charging: profiles, the schedules in them, and the schedule that results."""

from typing import Annotated

from msgspec import UNSET, Meta, UnsetType

from voltline.messages.action import Payload, Request, Response
from voltline.messages.types import Enumeration, OneDecimal, Timestamp, doc


class ChargingRateUnit(Enumeration):
    """The unit of a limit; ChargingRateUnitType of OCPP 1.6, 7.12."""

    A = "A", "Ampere per phase."
    W = "W", "Watt, all phases together."


class ChargingProfilePurpose(Enumeration):
    """What a profile is for; ChargingProfilePurposeType of OCPP 1.6, 7.10."""

    CHARGE_POINT_MAX_PROFILE = (
        "ChargePointMaxProfile",
        "The most that the whole charge point may draw. Only on connector 0.",
    )
    TX_DEFAULT_PROFILE = "TxDefaultProfile", "For every transaction that has no profile of its own."
    TX_PROFILE = "TxProfile", "For one transaction, and gone with it."


class ChargingProfileKind(Enumeration):
    """What a schedule's time counts from; ChargingProfileKindType of OCPP 1.6, 7.9."""

    ABSOLUTE = "Absolute", "From startSchedule."
    RECURRING = "Recurring", "From startSchedule, again every day or week (see recurrencyKind)."
    RELATIVE = "Relative", "From a point that the situation sets, such as the start of the transaction."


class RecurrencyKind(Enumeration):
    """How often a recurring schedule starts over; RecurrencyKindType of OCPP 1.6, 7.37 (errata 3.78)."""

    DAILY = "Daily", "Every 24 hours, counted from startSchedule."
    WEEKLY = "Weekly", "Every 7 days, counted from startSchedule."


class ChargingSchedulePeriod(Payload):
    """A limit that holds until the next period starts. OCPP 1.6, 7.14."""

    start_period: Annotated[
        int, doc("Start, counted from the start of the schedule; 0 in the first.", unit="s")
    ]
    limit: Annotated[
        OneDecimal,
        doc("The limit, in the schedule's chargingRateUnit, with at most one decimal.", unit="A or W"),
    ]
    number_phases: Annotated[int, doc("Phases that may be used; 3 if absent.")] | UnsetType = UNSET


class ChargingSchedule(Payload):
    """Limits one after the other. OCPP 1.6, 7.13."""

    duration: (
        Annotated[
            int, doc("How long it lasts; without end, or until the transaction's, if absent.", unit="s")
        ]
        | UnsetType
    ) = UNSET
    start_schedule: (
        Annotated[Timestamp, doc("Where an absolute or recurring schedule starts.")] | UnsetType
    ) = UNSET
    charging_rate_unit: Annotated[ChargingRateUnit, doc("The unit of the limits.")]
    charging_schedule_period: Annotated[
        list[ChargingSchedulePeriod], Meta(min_length=1), doc("The limits, in the order of their starts.")
    ]
    min_charging_rate: (
        Annotated[
            OneDecimal,
            doc(
                "Below this rate charging is not efficient; in chargingRateUnit, one decimal.", unit="A or W"
            ),
        ]
        | UnsetType
    ) = UNSET


class ChargingProfile(Payload):
    """A schedule with its purpose, rank and time of validity. OCPP 1.6, 7.8."""

    charging_profile_id: Annotated[int, doc("Identifies the profile; a new one of the same id replaces it.")]
    transaction_id: Annotated[int, doc("The transaction that a TxProfile is for.")] | UnsetType = UNSET
    stack_level: Annotated[int, doc("Rank among profiles of one purpose, from 0; the higher one wins.")]
    charging_profile_purpose: Annotated[ChargingProfilePurpose, doc("What the profile is for.")]
    charging_profile_kind: Annotated[ChargingProfileKind, doc("What the schedule's time counts from.")]
    recurrency_kind: Annotated[RecurrencyKind, doc("How often a Recurring one starts over.")] | UnsetType = (
        UNSET
    )
    valid_from: Annotated[Timestamp, doc("Valid from here; at once if absent.")] | UnsetType = UNSET
    valid_to: Annotated[Timestamp, doc("Valid to here; until replaced if absent.")] | UnsetType = UNSET
    charging_schedule: Annotated[ChargingSchedule, doc("The limits.")]


class ChargingProfileStatus(Enumeration):
    """What became of a profile. OCPP 1.6, 7.11."""

    ACCEPTED = "Accepted", "The profile will be used."
    REJECTED = "Rejected", "The profile will not be used."
    NOT_SUPPORTED = "NotSupported", "The charge point does not do smart charging."


class SetChargingProfileResponse(Response):
    """What became of the profile. OCPP 1.6, 6.44."""

    status: Annotated[ChargingProfileStatus, doc("Whether the profile will be used.")]


class SetChargingProfile(Request[SetChargingProfileResponse]):
    """Install a profile. OCPP 1.6, 5.16 and 6.43."""

    connector_id: Annotated[
        int, doc("The connector; 0 for a ChargePointMaxProfile, or a TxDefaultProfile of every connector.")
    ]
    cs_charging_profiles: Annotated[ChargingProfile, doc("The profile; one, in spite of the name.")]


class ClearChargingProfileStatus(Enumeration):
    """Whether profiles were removed. OCPP 1.6, 7.21."""

    ACCEPTED = "Accepted", "At least one profile was removed."
    UNKNOWN = "Unknown", "No profile matches."


class ClearChargingProfileResponse(Response):
    """Whether profiles were removed. OCPP 1.6, 6.14."""

    status: Annotated[ClearChargingProfileStatus, doc("Whether any profile was removed.")]


class ClearChargingProfile(Request[ClearChargingProfileResponse]):
    """Remove the profiles that match every field given; all of them if none is. OCPP 1.6, 5.5 and 6.13."""

    id: Annotated[int, doc("The chargingProfileId of the one to remove.")] | UnsetType = UNSET
    connector_id: (
        Annotated[int, doc("The connector whose profiles to remove; 0 is the charge point.")] | UnsetType
    ) = UNSET
    charging_profile_purpose: (
        Annotated[ChargingProfilePurpose, doc("The purpose of those to remove.")] | UnsetType
    ) = UNSET
    stack_level: Annotated[int, doc("The stack level of those to remove.")] | UnsetType = UNSET


class GetCompositeScheduleStatus(Enumeration):
    """Whether there is a schedule to report. OCPP 1.6, 7.26."""

    ACCEPTED = "Accepted", "The schedule is in the response."
    REJECTED = "Rejected", "The charge point cannot report one."


class GetCompositeScheduleResponse(Response):
    """The limits that all profiles together come to. OCPP 1.6, 6.22."""

    status: Annotated[GetCompositeScheduleStatus, doc("Whether a schedule is reported.")]
    connector_id: Annotated[int, doc("The connector that it is for.")] | UnsetType = UNSET
    schedule_start: (
        Annotated[Timestamp, doc("Where the schedule's time starts; present when Accepted.")] | UnsetType
    ) = UNSET
    charging_schedule: (
        Annotated[ChargingSchedule, doc("The limits, without startSchedule; present when Accepted.")]
        | UnsetType
    ) = UNSET


class GetCompositeSchedule(Request[GetCompositeScheduleResponse]):
    """Which limits hold from now on? OCPP 1.6, 5.7 and 6.21."""

    connector_id: Annotated[int, doc("The connector; 0 for the whole charge point.")]
    duration: Annotated[int, doc("How far ahead to look.", unit="s")]
    charging_rate_unit: Annotated[ChargingRateUnit, doc("The unit to report in.")] | UnsetType = UNSET
