"""Transactions: started and stopped, at the charge point or from afar."""

from typing import Annotated

from msgspec import UNSET, UnsetType

from voltline.messages.action import Request, Response
from voltline.messages.authorization import IdTagInfo
from voltline.messages.metering import MeterValue
from voltline.messages.smart_charging import ChargingProfile
from voltline.messages.types import Enumeration, IdToken, Timestamp, doc


class StartTransactionResponse(Response):
    """The id of the transaction, and the verdict on its id tag. OCPP 1.6, 6.46."""

    id_tag_info: Annotated[
        IdTagInfo, doc("The verdict on the id tag; the transaction exists whatever it is.")
    ]
    transaction_id: Annotated[int, doc("The transaction's id, given by the central system.")]


class StartTransaction(Request[StartTransactionResponse]):
    """A transaction has begun. OCPP 1.6, 4.8 and 6.45."""

    connector_id: Annotated[int, doc("The connector, from 1.")]
    id_tag: Annotated[IdToken, doc("The id tag for which it was started.")]
    meter_start: Annotated[int, doc("The connector's meter at the start.", unit="Wh")]
    reservation_id: Annotated[int, doc("The reservation that ends with this start.")] | UnsetType = UNSET
    timestamp: Annotated[Timestamp, doc("When the transaction started.")]


class Reason(Enumeration):
    """Why a transaction stopped. OCPP 1.6, 7.36."""

    EMERGENCY_STOP = "EmergencyStop", "The emergency stop button was used."
    EV_DISCONNECTED = "EVDisconnected", "The cable was unplugged, or the vehicle left an inductive unit."
    HARD_RESET = "HardReset", "A hard reset was commanded."
    LOCAL = "Local", "Stopped at the charge point by the user, for example with the id tag. If absent, this."
    OTHER = "Other", "Any other reason."
    POWER_LOSS = "PowerLoss", "All power was lost."
    REBOOT = "Reboot", "A reset of the charge point's own accord, for example by its watchdog."
    REMOTE = "Remote", "Stopped from afar by the user, for example with an app."
    SOFT_RESET = "SoftReset", "A soft reset was commanded."
    UNLOCK_COMMAND = "UnlockCommand", "The central system commanded to unlock the connector."
    DEAUTHORIZED = "DeAuthorized", "The id tag was refused in the answer to StartTransaction."


class StopTransactionResponse(Response):
    """The verdict on the id tag that stopped the transaction. OCPP 1.6, 6.50."""

    id_tag_info: (
        Annotated[IdTagInfo, doc("The verdict on the id tag; it does not undo the stop.")] | UnsetType
    ) = UNSET


class StopTransaction(Request[StopTransactionResponse]):
    """A transaction has ended. OCPP 1.6, 4.10 and 6.49."""

    id_tag: (
        Annotated[IdToken, doc("The id tag that stopped it; absent if the charge point itself did.")]
        | UnsetType
    ) = UNSET
    meter_stop: Annotated[int, doc("The connector's meter at the end.", unit="Wh")]
    timestamp: Annotated[Timestamp, doc("When the transaction stopped.")]
    transaction_id: Annotated[int, doc("The id that StartTransaction was answered with.")]
    reason: Annotated[Reason, doc("Why it stopped; Local if absent.")] | UnsetType = UNSET
    transaction_data: (
        Annotated[list[MeterValue], doc("Samples of the transaction that matter for billing.")] | UnsetType
    ) = UNSET


class RemoteStartStopStatus(Enumeration):
    """Whether the charge point will try. OCPP 1.6, 7.39."""

    ACCEPTED = "Accepted", "The charge point will try to do as told."
    REJECTED = "Rejected", "The charge point will not do it."


class RemoteStartTransactionResponse(Response):
    """Whether the charge point will try to start. OCPP 1.6, 6.34."""

    status: Annotated[RemoteStartStopStatus, doc("Whether the charge point will try.")]


class RemoteStartTransaction(Request[RemoteStartTransactionResponse]):
    """Start a transaction. OCPP 1.6, 5.11 and 6.33."""

    connector_id: (
        Annotated[int, doc("The connector, from 1; the charge point chooses if absent.")] | UnsetType
    ) = UNSET
    id_tag: Annotated[IdToken, doc("The id tag to start for.")]
    charging_profile: (
        Annotated[ChargingProfile, doc("Limits for the transaction: a TxProfile without transactionId.")]
        | UnsetType
    ) = UNSET


class RemoteStopTransactionResponse(Response):
    """Whether the charge point will try to stop. OCPP 1.6, 6.36."""

    status: Annotated[RemoteStartStopStatus, doc("Whether the charge point will try.")]


class RemoteStopTransaction(Request[RemoteStopTransactionResponse]):
    """Stop a transaction. OCPP 1.6, 5.12 and 6.35."""

    transaction_id: Annotated[int, doc("The transaction to stop.")]
