"""What tolerant reading does beyond the declarations, as data: one line a fact learned in the field.

The rule behind all of it: nothing that a charge point reports is thrown away for its form, and nothing
is guessed that decides about money or identity. So:

- A required field that is absent or unreadable costs the message, unless `STAND_INS` has a value for it
  that says no more than "not told".
- An optional field that is unreadable is left out of a report or an answer. Not so in a command (a
  request that only the central system sends): `ClearChargingProfile` with an unreadable id would clear
  every profile. A command is done as it was asked or refused.
- A key given twice with different values: the last one counts, as with most parsers, but for `PRECIOUS`
  fields, and for every field of a command, the value counts as unreadable.
"""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Final, NamedTuple

from voltline.messages.boot import BootNotificationResponse
from voltline.messages.configuration import KeyValue
from voltline.messages.data_transfer import DataTransfer, DataTransferResponse
from voltline.messages.local_list import SendLocalList
from voltline.messages.metering import MeterValue, MeterValues, SampledValue
from voltline.messages.security_events import SecurityEventNotification
from voltline.messages.smart_charging import (
    ChargingSchedule,
    ChargingSchedulePeriod,
    ClearChargingProfile,
    SetChargingProfile,
)
from voltline.messages.status import ChargePointErrorCode, StatusNotification
from voltline.messages.transactions import StartTransaction, StopTransaction
from voltline.messages.triggers import ExtendedTriggerMessage, TriggerMessage

UNKNOWN_TIME: Final = datetime(1970, 1, 1, tzinfo=UTC)
"""Stands for a time that a charge point reported so that nobody can read it, or not at all.

Only for when a sample was taken or a security event happened. Whoever has a clock puts the time of
receipt in its place.
"""

FieldName = tuple[type, str]


class StandIn(NamedTuple):
    """What takes the place of a required value that is absent or unreadable."""

    make: Callable[[], object]
    said: str
    """Ends the deviation's sentence."""


_NO_TIME = StandIn(lambda: UNKNOWN_TIME, "the time counts as unknown")
_NO_TEXT = StandIn(lambda: "", "read as an empty text")
_NO_ITEMS = StandIn(list, "read as an empty list")

STAND_INS: Mapping[FieldName, StandIn] = {
    # 0 leaves the interval to the charge point. OCPP 1.6, 6.4.
    (BootNotificationResponse, "interval"): StandIn(lambda: 0, "read as 0, which leaves it open"),
    (KeyValue, "readonly"): StandIn(lambda: False, "read as false"),
    (MeterValue, "sampled_value"): _NO_ITEMS,
    (MeterValue, "timestamp"): _NO_TIME,
    (SampledValue, "value"): _NO_TEXT,
    (SecurityEventNotification, "timestamp"): _NO_TIME,
    (StatusNotification, "error_code"): StandIn(
        lambda: ChargePointErrorCode.unknown(""), "read as an error code that is not told"
    ),
}

ALIASES: Mapping[FieldName, tuple[str, ...]] = {
    # OCPP 1.5 named these differently.
    (MeterValues, "meter_value"): ("values",),
    (MeterValue, "sampled_value"): ("values", "value"),
    # The specification's own figures and examples do.
    (BootNotificationResponse, "interval"): ("heartbeatInterval",),
    (ChargingSchedule, "charging_rate_unit"): ("schedulingUnit",),
    (SendLocalList, "local_authorization_list"): ("localAuthorisationList",),
    (SetChargingProfile, "cs_charging_profiles"): ("csChargingProfile", "chargingProfile"),
}
"""Other names that a field is known to come under. Names that differ in case only need no line."""

BARE: Mapping[type, str] = {SampledValue: "value"}
"""Objects that OCPP 1.5 wrote as nothing but the value of this field."""

WRAPPED: Mapping[type, str] = {MeterValue: "values"}
"""Objects that OCPP 1.5 wrapped into another one: `transactionData: [{"values": [...]}]`."""

WHOLE_LISTS: frozenset[type] = frozenset({ChargingSchedulePeriod})
"""Items whose list means something else without one of them."""

ABSENT_MEANS_ALL: frozenset[type] = frozenset({ClearChargingProfile, SendLocalList})
"""Commands that clear more, the less they say. An unknown field in one may be a known one misspelt."""

KEEPS_UNKNOWN_WORDS: frozenset[FieldName] = frozenset(
    {(TriggerMessage, "requested_message"), (ExtendedTriggerMessage, "requested_message")}
)
"""Enumerations of commands for whose unknown words the response has a status (NotImplemented).

Any other unknown word in a command is refused. OCPP 1.6 errata, 3.24 and 3.38.
"""

FLOORED: frozenset[FieldName] = frozenset(
    {(StartTransaction, "meter_start"), (StopTransaction, "meter_stop")}
)
"""Whole numbers of which a fraction is cut off: it is less than one watt-hour, and refusing the message
would lose the whole transaction. The deviation keeps the number as it came."""

IDENTITIES: frozenset[str] = frozenset({"id_tag", "parent_id_tag"})
"""Texts that say who it is. A number is taken for one only if it is whole: from `12E5` the tag is gone."""

PRECIOUS: frozenset[str] = IDENTITIES | {
    "connector_id",
    "expiry_date",
    "id_tag_info",
    "meter_start",
    "meter_stop",
    "reservation_id",
    "timestamp",
    "transaction_id",
    "value",
}
"""Fields about money or identity, for which two different values are none."""

JSON_AS_TEXT: frozenset[FieldName] = frozenset({(DataTransfer, "data"), (DataTransferResponse, "data")})
"""Texts that often come as the JSON which they should have been the text of. OCPP 1.6, 6.15."""

FREE_WORDS: frozenset[FieldName] = frozenset({(StatusNotification, "info")})
"""CiStrings for people to read, where characters beyond ASCII do no harm. OCPP-J 1.6, 4.1.2."""
