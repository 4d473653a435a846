"""Taking connectors in and out of service, and unlocking a cable that is stuck."""

from typing import Annotated

from voltline.messages.action import Request, Response
from voltline.messages.types import Enumeration, doc


class AvailabilityType(Enumeration):
    """In service or not. OCPP 1.6, 7.4."""

    INOPERATIVE = "Inoperative", "Not available for charging."
    OPERATIVE = "Operative", "Available for charging."


class AvailabilityStatus(Enumeration):
    """What became of a change of availability. OCPP 1.6, 7.3."""

    ACCEPTED = "Accepted", "Done, or so already."
    REJECTED = "Rejected", "It will not be done."
    SCHEDULED = "Scheduled", "It will be done when the transaction has ended."


class ChangeAvailabilityResponse(Response):
    """What became of the change. OCPP 1.6, 6.8."""

    status: Annotated[AvailabilityStatus, doc("Whether the availability is changed, now or later.")]


class ChangeAvailability(Request[ChangeAvailabilityResponse]):
    """Take a connector, or the whole charge point, in or out of service. OCPP 1.6, 5.2 and 6.7."""

    connector_id: Annotated[int, doc("The connector, from 1; 0 is the charge point and all its connectors.")]
    type: Annotated[AvailabilityType, doc("In service or out of it.")]


class UnlockStatus(Enumeration):
    """Whether a connector is unlocked. OCPP 1.6, 7.46."""

    UNLOCKED = "Unlocked", "The connector is unlocked."
    UNLOCK_FAILED = "UnlockFailed", "The lock did not open."
    NOT_SUPPORTED = "NotSupported", "The charge point has no lock there, or does not know the connector."


class UnlockConnectorResponse(Response):
    """Whether the connector is unlocked. OCPP 1.6, 6.54."""

    status: Annotated[UnlockStatus, doc("Whether the connector is unlocked.")]


class UnlockConnector(Request[UnlockConnectorResponse]):
    """Unlock a cable that is stuck; a transaction on it is stopped first. OCPP 1.6, 5.18 and 6.53."""

    connector_id: Annotated[int, doc("The connector, from 1.")]
