"""Registering with the central system, staying in touch, starting anew."""

from typing import Annotated

from msgspec import UNSET, UnsetType

from voltline.messages.action import Request, Response
from voltline.messages.types import CiString20, CiString25, CiString50, Enumeration, Timestamp, doc


class RegistrationStatus(Enumeration):
    """Whether the central system takes the charge point. OCPP 1.6, 7.38."""

    ACCEPTED = "Accepted", "The charge point is accepted by the central system."
    PENDING = (
        "Pending",
        "The central system is not ready for the charge point yet, and may ask or set things first.",
    )
    REJECTED = "Rejected", "The charge point is not accepted; the central system may not know it."


class BootNotificationResponse(Response):
    """Whether the charge point may work, and what time it is. OCPP 1.6, 6.4."""

    status: Annotated[RegistrationStatus, doc("Whether the charge point is registered.")]
    current_time: Annotated[
        Timestamp, doc("The central system's time, to which the charge point sets its own.")
    ]
    interval: Annotated[
        int,
        doc(
            "When accepted, the heartbeat interval. Otherwise the least time to wait before the next "
            "BootNotification; 0 leaves the wait to the charge point.",
            unit="s",
        ),
    ]


class BootNotification(Request[BootNotificationResponse]):
    """The charge point has started and says what it is. OCPP 1.6, 4.2 and 6.3."""

    charge_point_vendor: Annotated[CiString20, doc("Who made the charge point.")]
    charge_point_model: Annotated[CiString20, doc("Its model.")]
    charge_point_serial_number: Annotated[CiString25, doc("Its serial number.")] | UnsetType = UNSET
    charge_box_serial_number: (
        Annotated[CiString25, doc("Serial number of the box inside it. Deprecated.")] | UnsetType
    ) = UNSET
    firmware_version: Annotated[CiString50, doc("Version of its firmware.")] | UnsetType = UNSET
    iccid: Annotated[CiString20, doc("ICCID of the modem's SIM card.")] | UnsetType = UNSET
    imsi: Annotated[CiString20, doc("IMSI of the modem's SIM card.")] | UnsetType = UNSET
    meter_type: Annotated[CiString25, doc("Type of the main electrical meter.")] | UnsetType = UNSET
    meter_serial_number: (
        Annotated[CiString25, doc("Serial number of the main electrical meter.")] | UnsetType
    ) = UNSET


class HeartbeatResponse(Response):
    """What time it is. OCPP 1.6, 6.30."""

    current_time: Annotated[
        Timestamp, doc("The central system's time, to which the charge point sets its own.")
    ]


class Heartbeat(Request[HeartbeatResponse]):
    """The charge point is still there. OCPP 1.6, 4.6 and 6.29."""


class ResetType(Enumeration):
    """How to start anew. OCPP 1.6, 7.42."""

    HARD = "Hard", "Restart the hardware; nothing needs to be brought to an end first."
    SOFT = "Soft", "Stop the transactions properly, then restart the software."


class ResetStatus(Enumeration):
    """Whether the reset will be done. OCPP 1.6, 7.41."""

    ACCEPTED = "Accepted", "The charge point will reset."
    REJECTED = "Rejected", "The charge point will not reset."


class ResetResponse(Response):
    """Whether the charge point will reset. OCPP 1.6, 6.40."""

    status: Annotated[ResetStatus, doc("Whether the charge point will reset.")]


class Reset(Request[ResetResponse]):
    """Start the charge point anew. OCPP 1.6, 5.14 and 6.39."""

    type: Annotated[ResetType, doc("How thoroughly.")]
