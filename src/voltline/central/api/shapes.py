"""What the REST API answers with. Field names here are the names in the JSON."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from msgspec import Meta, Struct

from voltline.central.domain.metering import Reading
from voltline.central.domain.quarantine import Quarantined
from voltline.central.domain.stations import Registration, Station
from voltline.central.domain.status import ConnectorState
from voltline.central.domain.transactions import Transaction

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


class TransactionView(Struct, frozen=True, kw_only=True):
    """A transaction; what belongs to its end is null while it runs."""

    id: Annotated[int, Meta(description="The transactionId that the charge point was given.")]
    charge_point: Annotated[str, Meta(description="The charge point's identity.")]
    connector_id: int
    id_tag: str
    authorization_status: Annotated[
        str,
        Meta(description="What the id tag was told at the start; the transaction is kept whatever it was."),
    ]
    reservation_id: int | None
    active: Annotated[bool, Meta(description="Whether it runs.")]
    started_at: Annotated[datetime, Meta(description="By the charge point's clock.")]
    start_received_at: datetime
    meter_start_wh: Annotated[int, Meta(description="The meter's register at the start, in Wh.")]
    stopped_at: Annotated[datetime | None, Meta(description="By the charge point's clock.")]
    stop_received_at: datetime | None
    meter_stop_wh: Annotated[int | None, Meta(description="The meter's register at the end, in Wh.")]
    energy_wh: Annotated[int | None, Meta(description="The difference of both, in Wh.")]
    stop_reason: Annotated[str | None, Meta(description="Reason as sent; Local where none was.")]
    stop_id_tag: Annotated[str | None, Meta(description="The tag that stopped it.")]
    oddities: Annotated[list[str], Meta(description="What does not fit between start and stop.")]


class ReadingView(Struct, frozen=True, kw_only=True):
    """One sampled value; what the charge point left out has its default (OCPP 1.6, 7.43)."""

    measured_at: Annotated[datetime, Meta(description="By the charge point's clock.")]
    received_at: datetime
    connector_id: int
    measurand: str
    value: Annotated[str, Meta(description="Exactly as sent; a decimal number where format is Raw.")]
    unit: str | None
    phase: Annotated[str | None, Meta(description="null: the value of all phases.")]
    context: str
    location: str
    format: str
    from_stop: Annotated[bool, Meta(description="Whether it came with StopTransaction.")]


class QuarantinedView(Struct, frozen=True, kw_only=True):
    """A message that was answered and kept, but could not be placed."""

    id: int
    charge_point: str
    action: str
    payload: Annotated[str, Meta(description="The request as JSON text.")]
    reason: Annotated[str, Meta(description="Why it could not be placed.")]
    received_at: datetime
    last_received_at: datetime
    times: Annotated[int, Meta(description="How often the charge point sent it.")]


class ChargePointPage(Struct, frozen=True, kw_only=True):
    """A part of the list of charge points."""

    items: list[ChargePointView]
    next_cursor: NextCursor


class TransactionPage(Struct, frozen=True, kw_only=True):
    """A part of the list of transactions."""

    items: list[TransactionView]
    next_cursor: NextCursor


class ReadingList(Struct, frozen=True, kw_only=True):
    """All readings of a transaction."""

    items: list[ReadingView]


class QuarantinePage(Struct, frozen=True, kw_only=True):
    """A part of the list of messages in quarantine."""

    items: list[QuarantinedView]
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


def transaction_view(transaction: Transaction) -> TransactionView:
    start, stop = transaction.start, transaction.stop
    return TransactionView(
        id=transaction.id,
        charge_point=transaction.identity,
        connector_id=start.connector_id,
        id_tag=start.id_tag,
        authorization_status=transaction.authorization_status,
        reservation_id=start.reservation_id,
        active=stop is None,
        started_at=start.started_at,
        start_received_at=transaction.start_received_at,
        meter_start_wh=start.meter_start_wh,
        stopped_at=None if stop is None else stop.stopped_at,
        stop_received_at=transaction.stop_received_at,
        meter_stop_wh=None if stop is None else stop.meter_stop_wh,
        energy_wh=transaction.energy_wh,
        stop_reason=None if stop is None else stop.reason,
        stop_id_tag=None if stop is None else stop.id_tag,
        oddities=list(transaction.oddities),
    )


def reading_view(reading: Reading) -> ReadingView:
    return ReadingView(
        measured_at=reading.measured_at,
        received_at=reading.received_at,
        connector_id=reading.connector_id,
        measurand=reading.measurand,
        value=reading.value,
        unit=reading.unit,
        phase=reading.phase,
        context=reading.context,
        location=reading.location,
        format=reading.format,
        from_stop=reading.from_stop,
    )


def quarantined_view(message: Quarantined) -> QuarantinedView:
    return QuarantinedView(
        id=message.id,
        charge_point=message.identity,
        action=message.action,
        payload=message.payload,
        reason=message.reason,
        received_at=message.received_at,
        last_received_at=message.last_received_at,
        times=message.times,
    )
