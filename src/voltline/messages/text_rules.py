"""Rules that only the written specification has, checked on messages whose form is right.

The schemas allow a StartTransaction on connector 0; the text does not. Each message that has such rules
has a function here that gives its breaches. All are usable: which of them to act on is for the handler
to decide, who has a status for most. Strict reading refuses them.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final

from msgspec import UNSET, UnsetType

from voltline.messages.action import Payload
from voltline.messages.authorization import Authorize
from voltline.messages.availability import ChangeAvailability, UnlockConnector
from voltline.messages.deviation import CODES, Deviation, DeviationKind, shown
from voltline.messages.diagnostics import GetDiagnostics, LogStatusNotification, UploadLogStatus
from voltline.messages.error_codes import ErrorCode
from voltline.messages.firmware import SignedFirmwareStatus, SignedFirmwareStatusNotification, UpdateFirmware
from voltline.messages.local_list import SendLocalList, UpdateType
from voltline.messages.metering import MeterValue, MeterValues, SampledValue, ValueFormat
from voltline.messages.reservations import ReserveNow
from voltline.messages.smart_charging import (
    ChargingProfile,
    ChargingProfileKind,
    ChargingProfilePurpose,
    ChargingSchedule,
    ClearChargingProfile,
    GetCompositeSchedule,
    GetCompositeScheduleResponse,
    GetCompositeScheduleStatus,
    SetChargingProfile,
)
from voltline.messages.status import ChargePointErrorCode, ChargePointStatus, StatusNotification
from voltline.messages.transactions import RemoteStartTransaction, StartTransaction, StopTransaction
from voltline.messages.triggers import ExtendedTriggerMessage, TriggerMessage

Rule = Callable[[Any], Iterable[Deviation]]

_OCCURENCE = ErrorCode.OCCURENCE_CONSTRAINT_VIOLATION


def _breach(
    path: str, text: str, kind: DeviationKind = DeviationKind.RULE, code: ErrorCode | None = None
) -> Deviation:
    return Deviation(path, kind, text, code or CODES[kind], usable=True)


def _at_least(least: int, value: int | UnsetType, path: str, what: str, source: str) -> Iterator[Deviation]:
    if value is not UNSET and value < least:
        yield _breach(path, f"{what} is {value}; it must be {least} or more ({source})")


def _connector_from_1(
    message: StartTransaction
    | RemoteStartTransaction
    | UnlockConnector
    | TriggerMessage
    | ExtendedTriggerMessage,
) -> Iterator[Deviation]:
    source = "whitepaper 5.5" if isinstance(message, ExtendedTriggerMessage) else "OCPP 1.6, 6"
    yield from _at_least(1, message.connector_id, "$.connectorId", "the connector", source)


def _connector_from_0(
    message: ChangeAvailability | ReserveNow | GetCompositeSchedule | StatusNotification,
) -> Iterator[Deviation]:
    yield from _at_least(0, message.connector_id, "$.connectorId", "the connector", "OCPP 1.6, 6")


def _id_tag_told(message: Authorize | StartTransaction | RemoteStartTransaction) -> Iterator[Deviation]:
    if not message.id_tag.strip():
        yield _breach("$.idTag", "the id tag is blank; it names nobody", DeviationKind.BLANK)


def start_transaction(message: StartTransaction) -> Iterator[Deviation]:
    yield from _connector_from_1(message)
    yield from _id_tag_told(message)


# Metering -----------------------------------------------------------------------------------------

# Possessive, so that a value of a million digits is not tried in a million ways.
_DECIMAL = re.compile(r"[+-]?(?:\d++(?:\.\d*+)?|\.\d++)(?:[eE][+-]?\d++)?", re.ASCII)
_HEX = re.compile(r"(?:[0-9A-Fa-f]{2})++")


def meter_values(message: MeterValues) -> Iterable[Deviation]:
    """OCPP 1.6, 6.31, 7.43 and 7.49. The one rule on the hot path: a clean message costs no generator."""
    if message.connector_id >= 0 and _all_plain(message.meter_value):
        return ()
    return _meter_values(message)


def _meter_values(message: MeterValues) -> Iterator[Deviation]:
    yield from _at_least(0, message.connector_id, "$.connectorId", "the connector", "OCPP 1.6, 6.31")
    yield from _samples(message.meter_value, "$.meterValue")


def stop_transaction(message: StopTransaction) -> Iterable[Deviation]:
    samples = message.transaction_data
    if samples is UNSET or _all_plain(samples):
        return ()
    return _samples(samples, "$.transactionData")


_PLAIN = re.compile(r"\d+(?:\.\d+)?(?:;\d+(?:\.\d+)?)*", re.ASCII)


def _all_plain(samples: list[MeterValue]) -> bool:
    """Whether all values are decimal numbers and raw. May say no where a closer look finds nothing."""
    sampled_values = (
        samples[0].sampled_value
        if len(samples) == 1
        else [sampled for sample in samples for sampled in sample.sampled_value]
    )
    signed = ValueFormat.SIGNED_DATA
    texts = ["" if sampled.format is signed else sampled.value for sampled in sampled_values]
    together = ";".join(texts)  # one match is cheaper than one a value
    return _PLAIN.fullmatch(together) is not None and together.count(";") == len(texts) - 1


def _samples(samples: list[MeterValue], path: str) -> Iterator[Deviation]:
    for outer, sample in enumerate(samples):
        for inner, sampled in enumerate(sample.sampled_value):
            yield from _sampled_value(sampled, f"{path}[{outer}].sampledValue[{inner}].value")


def _sampled_value(sampled: SampledValue, path: str) -> Iterator[Deviation]:
    if not sampled.value.strip():
        yield _breach(path, "the value is blank", DeviationKind.BLANK)
    elif sampled.format is ValueFormat.SIGNED_DATA:
        if not _HEX.fullmatch(sampled.value):
            yield _breach(
                path, f"{shown(sampled.value)} is signed data, but not in hexadecimal (OCPP 1.6, 7.49)"
            )
    elif not _DECIMAL.fullmatch(sampled.value):
        text = f"{shown(sampled.value)} is not a decimal number (OCPP 1.6, 7.43 and 7.49)"
        yield _breach(path, text, DeviationKind.BAD_NUMBER)


# Status -------------------------------------------------------------------------------------------

_OF_CONNECTOR_0 = frozenset(
    {ChargePointStatus.AVAILABLE, ChargePointStatus.UNAVAILABLE, ChargePointStatus.FAULTED}
)
_WITH_EV_COMMUNICATION_ERROR = frozenset(
    {
        ChargePointStatus.PREPARING,
        ChargePointStatus.SUSPENDED_EV,
        ChargePointStatus.SUSPENDED_EVSE,
        ChargePointStatus.FINISHING,
    }
)


def status_notification(message: StatusNotification) -> Iterator[Deviation]:
    """OCPP 1.6, 4.9."""
    yield from _connector_from_0(message)
    status = message.status
    if not status.is_known:
        return
    if message.connector_id == 0 and status not in _OF_CONNECTOR_0:
        text = f"connector 0 cannot be {status}, only Available, Unavailable or Faulted (OCPP 1.6, 4.9)"
        yield _breach("$.status", text)
    if (
        message.error_code is ChargePointErrorCode.EV_COMMUNICATION_ERROR
        and status not in _WITH_EV_COMMUNICATION_ERROR
    ):
        text = (
            f"EVCommunicationError does not go with {status}, only with Preparing, SuspendedEV, "
            "SuspendedEVSE or Finishing (OCPP 1.6, 4.9)"
        )
        yield _breach("$.errorCode", text)


def _request_id_told(
    message: LogStatusNotification | SignedFirmwareStatusNotification,
) -> Iterator[Deviation]:
    """Whitepaper, N01.FR.12 and L01.FR.21."""
    idle = message.status in (UploadLogStatus.IDLE, SignedFirmwareStatus.IDLE)
    if message.request_id is UNSET and not idle and message.status.is_known:
        text = f"requestId is missing; only with Idle it may be, the status is {message.status} (whitepaper)"
        yield _breach("$.requestId", text, DeviationKind.MISSING, _OCCURENCE)


# Local list ---------------------------------------------------------------------------------------


def send_local_list(message: SendLocalList) -> Iterator[Deviation]:
    """OCPP 1.6, 6.41 and 7.1; errata 3.52."""
    if message.list_version in (0, -1):
        text = f"{message.list_version} is no version: 0 means an empty list, -1 none (errata 3.52)"
        yield _breach("$.listVersion", text)
    if message.local_authorization_list is UNSET:
        return
    first_seen: dict[str, int] = {}
    for position, entry in enumerate(message.local_authorization_list):
        path = f"$.localAuthorizationList[{position}]"
        first = first_seen.setdefault(entry.id_tag.casefold(), position)
        if first != position:
            text = f"{shown(entry.id_tag)} is in the list already, at {first} (OCPP 1.6, 6.41)"
            yield _breach(f"{path}.idTag", text)
        if entry.id_tag_info is UNSET and message.update_type is UpdateType.FULL:
            text = "idTagInfo is missing; in a full update every entry has one (OCPP 1.6, 7.1)"
            yield _breach(f"{path}.idTagInfo", text, DeviationKind.MISSING, _OCCURENCE)


# Smart charging -----------------------------------------------------------------------------------


def set_charging_profile(message: SetChargingProfile) -> Iterator[Deviation]:
    yield from _at_least(0, message.connector_id, "$.connectorId", "the connector", "OCPP 1.6, 6.43")
    yield from _profile(message.cs_charging_profiles, "$.csChargingProfiles")


def remote_start_transaction(message: RemoteStartTransaction) -> Iterator[Deviation]:
    """OCPP 1.6, 5.11, 5.16.2 and 6.33; errata 3.41."""
    yield from _connector_from_1(message)
    yield from _id_tag_told(message)
    profile = message.charging_profile
    if profile is UNSET:
        return
    path = "$.chargingProfile"
    yield from _profile(profile, path)
    purpose = profile.charging_profile_purpose
    if purpose is not ChargingProfilePurpose.TX_PROFILE:
        text = f"the purpose is {purpose}; a remote start takes a TxProfile only (OCPP 1.6, 5.16.2)"
        yield _breach(f"{path}.chargingProfilePurpose", text)
    elif profile.transaction_id is not UNSET:
        text = "a remote start's profile cannot name a transaction that has yet to start (errata 3.41)"
        yield _breach(f"{path}.transactionId", text, code=_OCCURENCE)


# RFC 3986: a scheme, then an authority or a path, all in ASCII.
_CHARACTER = r"(?:[A-Za-z0-9._~:/?@!$&'()*+,;=-]|%[0-9A-Fa-f]{2})"
_HOST = r"(?:\[[0-9A-Fa-f:.]+\]|(?:[A-Za-z0-9._~!$&'()*+,;=-]|%[0-9A-Fa-f]{2})*)"
_USER = r"(?:(?:[A-Za-z0-9._~!$&'()*+,;=:-]|%[0-9A-Fa-f]{2})*@)?"
_URI = re.compile(
    rf"[A-Za-z][A-Za-z0-9+.-]*:(?://{_USER}{_HOST}(?::\d*)?(?:[/?]{_CHARACTER}*)?|(?!//){_CHARACTER}+)"
    rf"(?:#{_CHARACTER}*)?"
)


def _location_is_uri(message: GetDiagnostics | UpdateFirmware) -> Iterator[Deviation]:
    """OCPP 1.6, 6.25 and 6.55: anyURI. Whether a scheme can be used is for the charge point to tell."""
    if not _URI.fullmatch(message.location):
        text = f"{message.location!r} is no URI; one begins with a scheme such as https:// and has no blanks"
        yield _breach("$.location", text, DeviationKind.BAD_TEXT)


def clear_charging_profile(message: ClearChargingProfile) -> Iterator[Deviation]:
    yield from _at_least(0, message.connector_id, "$.connectorId", "the connector", "OCPP 1.6, 6.13")
    yield from _at_least(0, message.stack_level, "$.stackLevel", "the stack level", "OCPP 1.6, 7.8")


def composite_schedule(message: GetCompositeScheduleResponse) -> Iterator[Deviation]:
    """Errata 3.51 and 3.57."""
    schedule = message.charging_schedule
    if message.status is GetCompositeScheduleStatus.ACCEPTED:
        for value, wire in ((message.schedule_start, "scheduleStart"), (schedule, "chargingSchedule")):
            if value is UNSET:
                text = f"{wire} is missing; with Accepted it must be there (errata 3.51)"
                yield _breach(f"$.{wire}", text, DeviationKind.MISSING, _OCCURENCE)
    if schedule is not UNSET:
        if schedule.start_schedule is not UNSET:
            text = "a composite schedule has no startSchedule, its start is scheduleStart (errata 3.57)"
            yield _breach("$.chargingSchedule.startSchedule", text, code=_OCCURENCE)
        yield from _schedule(schedule, "$.chargingSchedule")


def _profile(profile: ChargingProfile, path: str) -> Iterator[Deviation]:
    """OCPP 1.6, 7.8; errata 3.56."""
    yield from _at_least(0, profile.stack_level, f"{path}.stackLevel", "the stack level", "OCPP 1.6, 7.8")
    kind = profile.charging_profile_kind
    if profile.recurrency_kind is not UNSET and kind.is_known and kind is not ChargingProfileKind.RECURRING:
        text = f"recurrencyKind goes with a Recurring profile only, this one is {kind} (errata 3.56)"
        yield _breach(f"{path}.recurrencyKind", text, code=_OCCURENCE)
    purpose = profile.charging_profile_purpose
    if (
        profile.transaction_id is not UNSET
        and purpose.is_known
        and purpose is not ChargingProfilePurpose.TX_PROFILE
    ):
        text = f"transactionId goes with a TxProfile only, this one is a {purpose} (OCPP 1.6, 7.8)"
        yield _breach(f"{path}.transactionId", text, code=_OCCURENCE)
    yield from _schedule(profile.charging_schedule, f"{path}.chargingSchedule")


def _schedule(schedule: ChargingSchedule, path: str) -> Iterator[Deviation]:
    """OCPP 1.6, 7.13 and 7.14."""
    previous = None
    for position, period in enumerate(schedule.charging_schedule_period):
        start_path = f"{path}.chargingSchedulePeriod[{position}].startPeriod"
        start = period.start_period
        if previous is None and start != 0:
            text = f"the first period starts at {start} s; it must start at 0 (OCPP 1.6, 7.13)"
            yield _breach(start_path, text)
        elif previous is not None and start <= previous:
            text = f"the period starts at {start} s, not after the one before it ({previous} s)"
            yield _breach(start_path, text)
        previous = start


RULES_BY_FORM: Final[frozenset[type[Payload]]] = frozenset({MeterValues, StopTransaction})
"""Payloads whose rule finds the same in two texts that differ in their digits only and hold no sign."""

RULES: dict[type[Payload], Rule] = {
    Authorize: _id_tag_told,
    ChangeAvailability: _connector_from_0,
    ClearChargingProfile: clear_charging_profile,
    ExtendedTriggerMessage: _connector_from_1,
    GetCompositeSchedule: _connector_from_0,
    GetCompositeScheduleResponse: composite_schedule,
    GetDiagnostics: _location_is_uri,
    LogStatusNotification: _request_id_told,
    MeterValues: meter_values,
    RemoteStartTransaction: remote_start_transaction,
    ReserveNow: _connector_from_0,
    SendLocalList: send_local_list,
    SetChargingProfile: set_charging_profile,
    SignedFirmwareStatusNotification: _request_id_told,
    StartTransaction: start_transaction,
    StatusNotification: status_notification,
    StopTransaction: stop_transaction,
    TriggerMessage: _connector_from_1,
    UnlockConnector: _connector_from_1,
    UpdateFirmware: _location_is_uri,
}
"""What to check of which message."""
