"""What is known of the charging profiles of charge points follows the answers to commands (S 5.16)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from msgspec.structs import replace

from voltline.central.domain.charging_profiles import (
    InstalledProfile,
    ProfileChanged,
    ProfileEnd,
    ProfileSource,
    ProfilesVerified,
    Verdict,
    cleared_by,
    renews,
    replaced_by,
)
from voltline.central.domain.events import EventKind
from voltline.central.domain.stations import StationKey
from voltline.central.services.optional import present
from voltline.central.services.ports import UnitOfWork
from voltline.messages import (
    UNSET,
    ChargingProfile,
    ChargingProfilePurpose,
    ChargingProfileStatus,
    ChargingRateUnit,
    ClearChargingProfile,
    ClearChargingProfileResponse,
    ClearChargingProfileStatus,
    GetCompositeSchedule,
    GetCompositeScheduleResponse,
    GetCompositeScheduleStatus,
    RemoteStartStopStatus,
    RemoteStartTransaction,
    RemoteStartTransactionResponse,
    SetChargingProfile,
    SetChargingProfileResponse,
)
from voltline.smart_charging.composite import Difference, Segment, compared, composite, told_segments
from voltline.smart_charging.stack import Installed, Session

_REMOTE_START_PATIENCE = timedelta(minutes=10)
"""How long a profile of a remote start waits for its transaction."""


def set_answered(
    unit: UnitOfWork,
    station: StationKey,
    request: SetChargingProfile,
    answer: SetChargingProfileResponse,
    at: datetime,
) -> None:
    """A profile that is accepted is installed, and takes the place of others (SCS-03 to SCS-05)."""
    if answer.status == ChargingProfileStatus.ACCEPTED:
        _install(unit, station, request.connector_id, request.cs_charging_profiles, ProfileSource.SET, at)


def remote_start_answered(
    unit: UnitOfWork,
    station: StationKey,
    request: RemoteStartTransaction,
    answer: RemoteStartTransactionResponse,
    at: datetime,
) -> None:
    """The profile of an accepted remote start is for the transaction that follows (SCS-13)."""
    if request.charging_profile is not UNSET and answer.status == RemoteStartStopStatus.ACCEPTED:
        connector_id = present(request.connector_id) or 0
        _install(unit, station, connector_id, request.charging_profile, ProfileSource.REMOTE_START, at)


def clear_answered(
    unit: UnitOfWork,
    station: StationKey,
    request: ClearChargingProfile,
    answer: ClearChargingProfileResponse,
    at: datetime,
) -> None:
    """What it means is gone: it was removed, or it is Unknown to the charge point (SCC-13)."""
    if answer.status in (ClearChargingProfileStatus.ACCEPTED, ClearChargingProfileStatus.UNKNOWN):
        installed = unit.charging_profiles.installed(station)
        _end(unit, cleared_by(installed, request), ProfileEnd.CLEARED, at)


def transaction_began(
    unit: UnitOfWork, station: StationKey, connector_id: int, transaction_id: int, at: datetime
) -> None:
    """The profile that came with its remote start is for this transaction from now on."""
    for one in unit.charging_profiles.of_transactions(station):
        if one.source is not ProfileSource.REMOTE_START or one.profile.transaction_id is not UNSET:
            continue
        if at - one.installed_at > _REMOTE_START_PATIENCE:
            _end(unit, [one], ProfileEnd.EXPIRED, at)
        elif one.connector_id in (0, connector_id):
            profile = replace(one.profile, transaction_id=transaction_id)
            unit.charging_profiles.change(one.id, connector_id, profile)
            return


def transaction_ended(
    unit: UnitOfWork, station: StationKey, connector_id: int, transaction_id: int, at: datetime
) -> None:
    """Its TxProfiles are invalid from then on (SCP-10): forgotten without a command."""
    over = [
        one
        for one in unit.charging_profiles.of_transactions(station)
        if one.profile.transaction_id == transaction_id
        or (
            one.profile.transaction_id is UNSET
            and one.source is ProfileSource.SET
            and one.connector_id == connector_id
        )
    ]
    _end(unit, over, ProfileEnd.TRANSACTION_ENDED, at)


class ToVerify(NamedTuple):
    """A connector whose profiles are to be found in the charge point's own schedule."""

    connector_id: int
    profiles: tuple[InstalledProfile, ...]


def to_verify(unit: UnitOfWork, station: StationKey, at: datetime) -> tuple[ToVerify, ...]:
    """The connectors that have profiles, by number; those whose time is over are forgotten."""
    installed = unit.charging_profiles.installed(station)
    over = [one for one in installed if (end := present(one.profile.valid_to)) is not None and end <= at]
    _end(unit, over, ProfileEnd.EXPIRED, at)
    left = [one for one in installed if one not in over]
    numbers = sorted({one.connector_id for one in left})
    return tuple(
        ToVerify(number, tuple(one for one in left if one.connector_id == number)) for number in numbers
    )


class Comparison(NamedTuple):
    """A charge point's own schedule beside what its profiles come to."""

    verdict: Verdict
    expected: tuple[Segment, ...]
    unit: ChargingRateUnit
    """Of what it told."""
    differences: tuple[Difference, ...]


def comparison(
    installed: Iterable[InstalledProfile],
    session: Session | None,
    request: GetCompositeSchedule,
    answer: GetCompositeScheduleResponse,
    at: datetime,
) -> Comparison:
    """How the answer to a GetCompositeSchedule fits to the profiles that the charge point should have."""
    profiles = [Installed(one.connector_id, one.profile, one.installed_at) for one in installed]
    start = present(answer.schedule_start) or at
    expected = composite(profiles, request.connector_id, start, max(request.duration, 0), session)
    schedule = present(answer.charging_schedule)
    if answer.status != GetCompositeScheduleStatus.ACCEPTED or schedule is None:
        unit = present(request.charging_rate_unit) or ChargingRateUnit.A
        return Comparison(Verdict.UNKNOWN, expected, unit, ())
    unit = schedule.charging_rate_unit
    told = told_segments(schedule, max(request.duration, 0))
    if schedule.duration is not UNSET and schedule.duration < request.duration:
        # It looks less far ahead than asked for: what it does not speak of is not compared.
        expected_so_far = composite(profiles, request.connector_id, start, max(schedule.duration, 0), session)
    else:
        expected_so_far = expected
    agreement, differences = compared(expected_so_far, told, unit)
    return Comparison(Verdict(agreement), expected, unit, differences)


def schedule_answered(
    unit: UnitOfWork,
    station: StationKey,
    request: GetCompositeSchedule,
    answer: GetCompositeScheduleResponse,
    at: datetime,
) -> Verdict:
    """Keep whether a charge point's own schedule is what its profiles come to; tell where it allows more."""
    installed = unit.charging_profiles.installed(station)
    found = comparison(installed, session_of(unit, station, request.connector_id), request, answer, at)
    unit.charging_profiles.verified(station, request.connector_id, found.verdict, at)
    if found.verdict is Verdict.HIGHER:
        differs = ProfilesVerified(change="differs", connector_id=request.connector_id, verdict=found.verdict)
        unit.events.add(EventKind.PROFILE_CHANGED, station, differs, at)
    return found.verdict


def schedule_refused(unit: UnitOfWork, station: StationKey, connector_id: int, at: datetime) -> None:
    """The charge point answered GetCompositeSchedule with an error."""
    unit.charging_profiles.verified(station, connector_id, Verdict.UNKNOWN, at)


def session_of(unit: UnitOfWork, station: StationKey, connector_id: int) -> Session | None:
    """The transaction that runs on a connector."""
    running = unit.transactions.running(station, connector_id) if connector_id > 0 else ()
    for one in running:
        return Session(one.sent_id or one.id, connector_id, one.beginning)
    return None


def _install(
    unit: UnitOfWork,
    station: StationKey,
    connector_id: int,
    profile: ChargingProfile,
    source: ProfileSource,
    at: datetime,
) -> None:
    installed = unit.charging_profiles.installed(station)
    replaced = replaced_by(installed, connector_id, profile)
    if len(replaced) == 1 and renews(replaced[0], connector_id, profile):
        unit.charging_profiles.change(replaced[0].id, connector_id, profile)
        return
    _end(unit, replaced, ProfileEnd.REPLACED, at)
    id = unit.charging_profiles.add(station, connector_id, profile, source, at)
    _tell(unit, station, id, "installed", connector_id, profile, at)


def _end(unit: UnitOfWork, ended: Sequence[InstalledProfile], by: ProfileEnd, at: datetime) -> None:
    unit.charging_profiles.end([one.id for one in ended], by, at)
    for one in ended:
        _tell(unit, one.station, one.id, by, one.connector_id, one.profile, at)


def _tell(
    unit: UnitOfWork,
    station: StationKey,
    id: int,
    change: str,
    connector_id: int,
    profile: ChargingProfile,
    at: datetime,
) -> None:
    subject = ProfileChanged(
        id=id,
        change=change,
        connector_id=connector_id,
        charging_profile_id=profile.charging_profile_id,
        purpose=profile.charging_profile_purpose,
        stack_level=profile.stack_level,
        transaction_id=present(profile.transaction_id),
    )
    unit.events.add(EventKind.PROFILE_CHANGED, station, subject, at)


def is_of_transaction(one: InstalledProfile) -> bool:
    """Whether it ends with a transaction, and is not to be sent again without one."""
    return one.profile.charging_profile_purpose == ChargingProfilePurpose.TX_PROFILE


def allows_more(
    unit: UnitOfWork,
    station: StationKey,
    request: GetCompositeSchedule,
    answer: GetCompositeScheduleResponse,
    at: datetime,
) -> bool:
    """Whether a charge point says that it allows more than its profiles do."""
    installed = unit.charging_profiles.installed(station)
    session = session_of(unit, station, request.connector_id)
    return comparison(installed, session, request, answer, at).verdict is Verdict.HIGHER
