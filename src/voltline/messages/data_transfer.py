"""What the specification has no message for. Goes both ways."""

from typing import Annotated

from msgspec import UNSET, UnsetType

from voltline.messages.action import Request, Response
from voltline.messages.types import CiString50, CiString255, Enumeration, doc


class DataTransferStatus(Enumeration):
    """What became of the data. OCPP 1.6, 7.23."""

    ACCEPTED = "Accepted", "Understood and accepted."
    REJECTED = "Rejected", "Understood, not accepted."
    UNKNOWN_MESSAGE_ID = "UnknownMessageId", "The vendor is known, the messageId is not."
    UNKNOWN_VENDOR_ID = "UnknownVendorId", "The vendor is not known."


class DataTransferResponse(Response):
    """What became of the data, and perhaps data in return. OCPP 1.6, 6.16."""

    status: Annotated[DataTransferStatus, doc("What became of the data.")]
    data: Annotated[str, doc("Data in return, of any length.")] | UnsetType = UNSET


class DataTransfer(Request[DataTransferResponse]):
    """Data that only its vendor defines. OCPP 1.6, 4.3, 5.6 and 6.15."""

    vendor_id: Annotated[
        CiString255, doc("Who defines it; best a DNS name turned around, such as com.example.")
    ]
    message_id: Annotated[CiString50, doc("Which of the vendor's messages it is.")] | UnsetType = UNSET
    data: Annotated[str, doc("The data, of any length; JSON only as text.")] | UnsetType = UNSET
