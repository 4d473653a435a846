"""The state that a connector, or the charge point as a whole, reports."""

from typing import Annotated

from msgspec import UNSET, UnsetType

from voltline.messages.action import Request, Response
from voltline.messages.types import CiString50, CiString255, Enumeration, Timestamp, doc


class ChargePointErrorCode(Enumeration):
    """What is wrong with a connector or the charge point. OCPP 1.6, 7.6."""

    CONNECTOR_LOCK_FAILURE = "ConnectorLockFailure", "The connector cannot be locked or unlocked."
    EV_COMMUNICATION_ERROR = (
        "EVCommunicationError",
        "The vehicle cannot be talked to. Not a fault: the status becomes SuspendedEVSE.",
    )
    GROUND_FAILURE = "GroundFailure", "The ground fault circuit interrupter has tripped."
    HIGH_TEMPERATURE = "HighTemperature", "It is too hot inside the charge point."
    INTERNAL_ERROR = "InternalError", "An error inside the hardware or software."
    LOCAL_LIST_CONFLICT = (
        "LocalListConflict",
        "What the central system says about an id tag contradicts the local list.",
    )
    NO_ERROR = "NoError", "Nothing is wrong."
    OTHER_ERROR = "OtherError", "Another error; see vendorErrorCode."
    OVER_CURRENT_FAILURE = "OverCurrentFailure", "The over-current protection has tripped."
    POWER_METER_FAILURE = "PowerMeterFailure", "The meter cannot be read."
    POWER_SWITCH_FAILURE = "PowerSwitchFailure", "The contactor does not obey."
    READER_FAILURE = "ReaderFailure", "The reader of id tags has failed."
    RESET_FAILURE = "ResetFailure", "A reset could not be done."
    UNDER_VOLTAGE = "UnderVoltage", "The voltage has fallen too low."
    OVER_VOLTAGE = "OverVoltage", "The voltage has risen too high."
    WEAK_SIGNAL = "WeakSignal", "The wireless link is weak."


class ChargePointStatus(Enumeration):
    """What a connector is doing; connector 0 is Available, Unavailable or Faulted. OCPP 1.6, 4.9 and 7.7."""

    AVAILABLE = "Available", "Free for a new user."
    PREPARING = (
        "Preparing",
        "A user has begun (id tag shown, cable plugged, bay occupied), no transaction yet.",
    )
    CHARGING = "Charging", "The contactor is closed; the vehicle can draw energy."
    SUSPENDED_EVSE = "SuspendedEVSE", "The charge point offers no energy, for example because of a limit."
    SUSPENDED_EV = "SuspendedEV", "Energy is offered, the vehicle takes none."
    FINISHING = "Finishing", "The transaction has ended, the connector is not free yet."
    RESERVED = "Reserved", "Kept for a reservation."
    UNAVAILABLE = "Unavailable", "Out of service, by ChangeAvailability or by its own decision."
    FAULTED = "Faulted", "An error keeps it from charging."


class StatusNotificationResponse(Response):
    """The central system has it. OCPP 1.6, 6.48."""


class StatusNotification(Request[StatusNotificationResponse]):
    """A connector, or the charge point, has another state or error. OCPP 1.6, 4.9 and 6.47."""

    connector_id: Annotated[int, doc("The connector, from 1; 0 is the charge point's main controller.")]
    error_code: Annotated[ChargePointErrorCode, doc("What is wrong.")]
    info: Annotated[CiString50, doc("More about the error, in free words.")] | UnsetType = UNSET
    status: Annotated[ChargePointStatus, doc("The state.")]
    timestamp: Annotated[Timestamp, doc("Since when; the time of receipt if absent.")] | UnsetType = UNSET
    vendor_id: Annotated[CiString255, doc("Who defines vendorErrorCode.")] | UnsetType = UNSET
    vendor_error_code: Annotated[CiString50, doc("The maker's own code of the error.")] | UnsetType = UNSET
