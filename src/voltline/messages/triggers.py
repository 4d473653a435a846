"""Asking the charge point to send a message now."""

from typing import Annotated

from msgspec import UNSET, UnsetType

from voltline.messages.action import Request, Response
from voltline.messages.types import Enumeration, doc


class MessageTrigger(Enumeration):
    """What TriggerMessage can ask for. OCPP 1.6, 7.32."""

    BOOT_NOTIFICATION = "BootNotification"
    DIAGNOSTICS_STATUS_NOTIFICATION = "DiagnosticsStatusNotification"
    FIRMWARE_STATUS_NOTIFICATION = "FirmwareStatusNotification"
    HEARTBEAT = "Heartbeat"
    METER_VALUES = "MeterValues"
    STATUS_NOTIFICATION = "StatusNotification"


class ExtendedMessageTrigger(Enumeration):
    """What ExtendedTriggerMessage can ask for; MessageTriggerEnumType of the security whitepaper, 6.14."""

    BOOT_NOTIFICATION = "BootNotification"
    LOG_STATUS_NOTIFICATION = "LogStatusNotification"
    FIRMWARE_STATUS_NOTIFICATION = (
        "FirmwareStatusNotification",
        "Asks for a SignedFirmwareStatusNotification.",
    )
    HEARTBEAT = "Heartbeat"
    METER_VALUES = "MeterValues"
    SIGN_CHARGE_POINT_CERTIFICATE = "SignChargePointCertificate", "Asks for a SignCertificate."
    STATUS_NOTIFICATION = "StatusNotification"


class TriggerMessageStatus(Enumeration):
    """Whether the message will be sent. OCPP 1.6, 7.44; security whitepaper, 6.15."""

    ACCEPTED = "Accepted", "The message will be sent."
    REJECTED = "Rejected", "The message will not be sent."
    NOT_IMPLEMENTED = "NotImplemented", "The charge point does not know or implement the message."


class TriggerMessageResponse(Response):
    """Whether the message will be sent. OCPP 1.6, 6.52."""

    status: Annotated[TriggerMessageStatus, doc("Whether the message will be sent.")]


class TriggerMessage(Request[TriggerMessageResponse]):
    """Send a message now, after the answer to this. OCPP 1.6, 5.17 and 6.51."""

    requested_message: Annotated[MessageTrigger, doc("The message to send.")]
    connector_id: (
        Annotated[int, doc("The connector, from 1, that it is to be about; all if absent.")] | UnsetType
    ) = UNSET


class ExtendedTriggerMessageResponse(Response):
    """Whether the message will be sent. Security whitepaper, 5.6."""

    status: Annotated[TriggerMessageStatus, doc("Whether the message will be sent.")]


class ExtendedTriggerMessage(Request[ExtendedTriggerMessageResponse]):
    """Send a message now, one of the security whitepaper's too. Security whitepaper, 5.5."""

    requested_message: Annotated[ExtendedMessageTrigger, doc("The message to send.")]
    connector_id: (
        Annotated[int, doc("The connector, from 1, that it is to be about; all if absent.")] | UnsetType
    ) = UNSET
