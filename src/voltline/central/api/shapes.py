"""What the REST API answers with. Field names here are the names in the JSON."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from msgspec import Meta, Struct

from voltline.central.api.adjustments import QuirkView
from voltline.central.domain.stations import Registration, Station
from voltline.central.domain.status import ConnectorState

NextCursor = Annotated[
    str | None, Meta(description="Give this as cursor to get the next part of the list; null: there is none.")
]


class Health(Struct, frozen=True, kw_only=True):
    """The central system works."""

    status: Annotated[str, Meta(description="ok.")]
    waiting: Annotated[int, Meta(description="Messages that are received and not yet stored.")]
    connected: Annotated[int, Meta(description="Charge points that are connected.")]


class ConnectorView(Struct, frozen=True, kw_only=True):
    """What a connector said of itself last."""

    connector_id: Annotated[int, Meta(description="From 1; 0 is the charge point as a whole.")]
    status: Annotated[str, Meta(description="ChargePointStatus as sent.")]
    error_code: Annotated[str, Meta(description="ChargePointErrorCode as sent.")]
    info: str | None
    vendor_id: str | None
    vendor_error_code: str | None
    since: Annotated[
        datetime,
        Meta(description="When it became so by the charge point's clock, else when that was received."),
    ]
    received_at: datetime


class ChargePointView(Struct, frozen=True, kw_only=True):
    """A charge point as it last described itself."""

    identity: Annotated[
        str, Meta(description="As registered. Identities are compared without regard to case.")
    ]
    online: Annotated[bool, Meta(description="Whether it is connected now.")]
    registration: Annotated[Registration, Meta(description="Whether it may charge.")]
    name: Annotated[str | None, Meta(description="What its operator calls it.")]
    notes: Annotated[str | None, Meta(description="Its operator's notes.")]
    strict: Annotated[
        bool | None,
        Meta(description="Whether its messages are read strictly; null: as set for all."),
    ]
    vendor: str | None
    model: str | None
    charge_point_serial_number: str | None
    charge_box_serial_number: str | None
    firmware_version: str | None
    iccid: str | None
    imsi: str | None
    meter_type: str | None
    meter_serial_number: str | None
    registered_at: Annotated[datetime, Meta(description="When it was first seen or registered.")]
    last_boot_at: datetime | None
    last_heard_at: Annotated[datetime | None, Meta(description="When anything was last received from it.")]
    last_connected_at: datetime | None
    last_disconnected_at: datetime | None
    removed_at: Annotated[datetime | None, Meta(description="When it was removed; null: it was not.")]
    connectors: list[ConnectorView]
    quirks: Annotated[
        list[QuirkView], Meta(description="What charge points of its kind get wrong, and is allowed for.")
    ] = []


class ChargePointPage(Struct, frozen=True, kw_only=True):
    """A part of the list of charge points."""

    items: list[ChargePointView]
    next_cursor: NextCursor


def charge_point_view(
    station: Station,
    connectors: tuple[ConnectorState, ...],
    *,
    online: bool,
    last_heard_at: datetime | None,
) -> ChargePointView:
    """`last_heard_at` is what the live connection knows; None where there is none."""
    return ChargePointView(
        identity=station.identity,
        online=online,
        registration=station.registration,
        name=station.name,
        notes=station.notes,
        strict=station.strict,
        vendor=station.vendor,
        model=station.model,
        charge_point_serial_number=station.charge_point_serial_number,
        charge_box_serial_number=station.charge_box_serial_number,
        firmware_version=station.firmware_version,
        iccid=station.iccid,
        imsi=station.imsi,
        meter_type=station.meter_type,
        meter_serial_number=station.meter_serial_number,
        registered_at=station.registered_at,
        last_boot_at=station.last_boot_at,
        last_heard_at=last_heard_at or station.last_heard_at,
        last_connected_at=station.last_connected_at,
        last_disconnected_at=station.last_disconnected_at,
        removed_at=station.removed_at,
        connectors=[
            ConnectorView(
                connector_id=state.connector_id,
                status=state.status,
                error_code=state.error_code,
                info=state.info,
                vendor_id=state.vendor_id,
                vendor_error_code=state.vendor_error_code,
                since=state.since,
                received_at=state.received_at,
            )
            for state in connectors
        ],
    )
