"""Charge points and their histories in the API."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from msgspec import UNSET, Meta, Struct, UnsetType

from voltline.central.api.shapes import ConnectorView, NextCursor
from voltline.central.domain.stations import Boot, Connectivity, Registration, StationEdit
from voltline.central.domain.status import PastConnectorState

Name = Annotated[str, Meta(min_length=1, max_length=200, description="What its operator calls it.")]
Notes = Annotated[str, Meta(max_length=10_000, description="Whatever its operator wants to remember.")]
Strict = Annotated[
    bool | None,
    Meta(
        description="true: messages that deviate from OCPP 1.6 are refused; false: what can be used of them "
        "is; null: as set for all charge points."
    ),
]


class NewChargePoint(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A charge point to be registered before it comes."""

    identity: Annotated[
        str,
        Meta(
            min_length=1,
            max_length=255,
            pattern=r"^[ -.0-~]+$",
            description="The last segment of the URL that it connects to; printable ASCII, no slash. "
            "Spelled like this from now on, and compared without regard to case.",
            examples=["DEPOT-7"],
        ),
    ]
    registration: Annotated[Registration, Meta(description="What its boot will be answered with.")] = (
        Registration.ACCEPTED
    )
    name: Name | None = None
    notes: Notes | None = None
    strict: Strict = None

    @property
    def edit(self) -> StationEdit:
        return StationEdit(
            registration=self.registration, name=self.name, notes=self.notes, strict=self.strict
        )


class ChargePointEdit(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is to be changed; what is left out stays as it is."""

    registration: (
        Annotated[
            Registration,
            Meta(
                description="Rejected takes force at once, Pending at the next boot. A charge point that is "
                "Pending and connected is asked to boot again when it becomes Accepted."
            ),
        ]
        | UnsetType
    ) = UNSET
    name: Name | UnsetType | None = UNSET
    notes: Notes | UnsetType | None = UNSET
    strict: Strict | UnsetType = UNSET

    @property
    def edit(self) -> StationEdit:
        return StationEdit(
            registration=self.registration, name=self.name, notes=self.notes, strict=self.strict
        )


class BootView(Struct, frozen=True, kw_only=True):
    """A BootNotification, and how it was answered."""

    id: int
    received_at: datetime
    answered: Annotated[str, Meta(description="RegistrationStatus.")]
    vendor: str | None
    model: str | None
    firmware_version: str | None
    charge_point_serial_number: str | None
    charge_box_serial_number: str | None
    iccid: str | None
    imsi: str | None
    meter_type: str | None
    meter_serial_number: str | None


class ConnectionView(Struct, frozen=True, kw_only=True):
    """A connection of a charge point."""

    id: int
    remote: Annotated[str, Meta(description="The address that it came from.")]
    connected_at: datetime
    disconnected_at: Annotated[datetime | None, Meta(description="null: it is connected.")]
    duration_s: Annotated[float | None, Meta(description="How long it lasted, in seconds.")]
    reason: Annotated[str | None, Meta(description="Why it ended.")]


class StatusView(ConnectorView, frozen=True, kw_only=True):
    """What a connector said of itself at some time."""

    id: int


class BootPage(Struct, frozen=True, kw_only=True):
    """A part of the list of boots."""

    items: list[BootView]
    next_cursor: NextCursor


class ConnectionPage(Struct, frozen=True, kw_only=True):
    """A part of the list of connections."""

    items: list[ConnectionView]
    next_cursor: NextCursor


class StatusPage(Struct, frozen=True, kw_only=True):
    """A part of the list of states."""

    items: list[StatusView]
    next_cursor: NextCursor


def boot_view(boot: Boot) -> BootView:
    return BootView(
        id=boot.id,
        received_at=boot.received_at,
        answered=boot.answered,
        vendor=boot.vendor,
        model=boot.model,
        firmware_version=boot.firmware_version,
        charge_point_serial_number=boot.charge_point_serial_number,
        charge_box_serial_number=boot.charge_box_serial_number,
        iccid=boot.iccid,
        imsi=boot.imsi,
        meter_type=boot.meter_type,
        meter_serial_number=boot.meter_serial_number,
    )


def connection_view(one: Connectivity) -> ConnectionView:
    ended = one.disconnected_at
    return ConnectionView(
        id=one.id,
        remote=one.remote,
        connected_at=one.connected_at,
        disconnected_at=ended,
        duration_s=None if ended is None else (ended - one.connected_at).total_seconds(),
        reason=one.reason,
    )


def status_view(state: PastConnectorState) -> StatusView:
    return StatusView(
        id=state.id,
        connector_id=state.connector_id,
        status=state.status,
        error_code=state.error_code,
        info=state.info,
        vendor_id=state.vendor_id,
        vendor_error_code=state.vendor_error_code,
        since=state.since,
        received_at=state.received_at,
    )
