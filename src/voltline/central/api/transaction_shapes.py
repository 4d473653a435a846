"""Transactions, quarantine and repairs in the API."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any

import msgspec
from msgspec import Meta, Struct

from voltline.central.api.adjustments import correction
from voltline.central.api.shapes import NextCursor
from voltline.central.domain.energy import EnergyByReadings, PowerPoint, energy_by_readings, power_curve
from voltline.central.domain.metering import Reading
from voltline.central.domain.quarantine import Quarantined, QuarantineReason, QuarantineState
from voltline.central.domain.repairs import Repair, RepairKind
from voltline.central.domain.transactions import Oddity, StopSource, Transaction
from voltline.quirks import NO_QUIRKS, Quirks

_LARGEST_WH = 2**53

Note = Annotated[str, Meta(max_length=10_000, description="Why; kept with the repair.")]


class TransactionView(Struct, frozen=True, kw_only=True):
    """A transaction; what belongs to its end is null while it runs."""

    id: Annotated[int, Meta(description="Its transactionId: what the charge point was given.")]
    charge_point: Annotated[str, Meta(description="The charge point's identity.")]
    connector_id: int
    id_tag: Annotated[str | None, Meta(description="null: its start was never received.")]
    authorization_status: Annotated[
        str,
        Meta(
            description="What the id tag was told at the start; the transaction is kept whatever it was. "
            "NotAsked: its start was never received."
        ),
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
    duration_s: Annotated[
        float | None,
        Meta(description="From start to end in seconds; where a clock cannot be right, by the receipts."),
    ]
    average_power_w: Annotated[float | None, Meta(description="Energy by duration, in W.")]
    stop_reason: Annotated[str | None, Meta(description="Reason as sent; Local where none was.")]
    stop_id_tag: Annotated[str | None, Meta(description="The tag that stopped it.")]
    stop_source: Annotated[
        StopSource | None,
        Meta(
            description="Who said how it ended. inferred: it was never stopped, and ends where the next "
            "transaction on its connector begins, at its last plausible reading. operator: it was closed. "
            "Should its own stop come, that holds."
        ),
    ]
    charge_point_transaction_id: Annotated[
        str | None,
        Meta(description="The id that the charge point uses for it, where that is not `id`. Up to 64 bits."),
    ]
    oddities: Annotated[list[Oddity], Meta(description="What is odd about it; empty as a rule.")]


class EnergyView(Struct, frozen=True, kw_only=True):
    """What is known of a transaction's energy, and from where; null: that source says nothing."""

    register_wh: Annotated[int | None, Meta(description="meterStop less meterStart.")]
    readings_first_wh: Annotated[float | None, Meta(description="The first reading of the register.")]
    readings_last_wh: Annotated[float | None, Meta(description="The last reading of the register.")]
    readings_wh: Annotated[
        float | None,
        Meta(description="How much the readings of the register rose; where they fell, nothing is lost."),
    ]
    intervals_wh: Annotated[
        float | None, Meta(description="The sum of the readings of Energy.Active.Import.Interval.")
    ]
    readings_of_session: Annotated[
        bool, Meta(description="The readings count from the start of the transaction, unlike meterStart.")
    ]


class TransactionDetail(TransactionView, frozen=True, kw_only=True):
    """A transaction with what its readings say."""

    energy: EnergyView
    maximum_power_w: Annotated[float | None, Meta(description="The highest point of the power curve, in W.")]
    power_measured: Annotated[
        bool | None,
        Meta(description="Whether power was measured; false: it is computed from energy; null: unknown."),
    ]
    readings: Annotated[int, Meta(description="How many sampled values there are.")]
    last_reading_at: datetime | None


class TransactionPage(Struct, frozen=True, kw_only=True):
    """A part of the list of transactions."""

    items: list[TransactionView]
    next_cursor: NextCursor


class PowerPointView(Struct, frozen=True, kw_only=True):
    """The active power to the vehicle at one time."""

    at: datetime
    power_w: float
    measured: Annotated[
        bool,
        Meta(description="false: computed from the energy since the point before, and the average since."),
    ]


class PowerCurve(Struct, frozen=True, kw_only=True):
    """The active power of a transaction over time."""

    items: list[PowerPointView]


class CorrectedView(Struct, frozen=True, kw_only=True):
    """What a value means that a charge point sends wrongly."""

    value: str
    unit: str
    quirk: Annotated[str, Meta(description="The id of the quirk that says so.")]


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
    corrected: Annotated[
        CorrectedView | None, Meta(description="What it means, where a quirk says so; null: what it says.")
    ] = None


class ReadingList(Struct, frozen=True, kw_only=True):
    """All readings of a transaction."""

    items: list[ReadingView]


class QuarantinedView(Struct, frozen=True, kw_only=True):
    """A message that was answered and kept, but could not be placed."""

    id: int
    charge_point: str
    action: str
    payload: Annotated[str, Meta(description="The request as JSON text.")]
    reason: Annotated[QuarantineReason, Meta(description="Why it could not be placed.")]
    state: Annotated[
        QuarantineState,
        Meta(description="open: somebody should look at it; else what was made of it, see /repairs."),
    ]
    transaction_id: Annotated[int | None, Meta(description="The transaction that it was attached to.")]
    received_at: datetime
    last_received_at: datetime
    times: Annotated[int, Meta(description="How often the charge point sent it.")]
    settled_at: Annotated[datetime | None, Meta(description="When it was repaired.")]


class QuarantinePage(Struct, frozen=True, kw_only=True):
    """A part of the list of messages in quarantine."""

    items: list[QuarantinedView]
    next_cursor: NextCursor


class RepairView(Struct, frozen=True, kw_only=True):
    """What was changed after the fact."""

    id: int
    at: datetime
    who: Annotated[str, Meta(description="Who asked for it; voltline: it was done by itself.")]
    kind: Annotated[RepairKind, Meta(description="What was done.")]
    charge_point: str
    transaction_id: int | None
    quarantine_id: int | None
    note: str | None
    before: Annotated[
        dict[str, Any],
        Meta(description="What it changed as it was: `transaction`, `quarantined`, or both."),
    ]
    after: Annotated[dict[str, Any], Meta(description="The same as it is since.")]


class RepairPage(Struct, frozen=True, kw_only=True):
    """A part of the list of repairs."""

    items: list[RepairView]
    next_cursor: NextCursor


class Attachment(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where a message in quarantine belongs."""

    transaction_id: Annotated[
        int, Meta(ge=1, le=2**31 - 1, description="A transaction of the same charge point.")
    ]
    note: Note | None = None


class Discard(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """That a message in quarantine says nothing."""

    note: Note | None = None


class Closure(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How a transaction is ended that was never stopped; what is left out comes from its readings."""

    stopped_at: (
        Annotated[datetime, Meta(tz=True, description="Else the time of its last reading.")] | None
    ) = None
    meter_stop_wh: (
        Annotated[int, Meta(ge=0, le=_LARGEST_WH, description="Else its last plausible reading, in Wh.")]
        | None
    ) = None
    reason: Annotated[str, Meta(min_length=1, max_length=50, description="Else Other.")] | None = None
    quarantine_id: (
        Annotated[
            int,
            Meta(ge=1, le=_LARGEST_WH, description="A message in quarantine that is settled by this."),
        ]
        | None
    ) = None
    note: Note | None = None


def transaction_view(transaction: Transaction) -> TransactionView:
    return TransactionView(**_fields(transaction))


def transaction_detail(transaction: Transaction, readings: Sequence[Reading]) -> TransactionDetail:
    said = energy_by_readings(transaction.start.meter_start_wh, transaction.beginning, readings)
    curve = power_curve(transaction.start.meter_start_wh, transaction.beginning, readings)
    return TransactionDetail(
        **_fields(transaction),
        energy=_energy_view(transaction, said),
        maximum_power_w=max((point.power_w for point in curve), default=None),
        power_measured=curve[0].measured if curve else None,
        readings=len(readings),
        last_reading_at=max((reading.measured_at for reading in readings), default=None),
    )


def _fields(transaction: Transaction) -> dict[str, Any]:
    start, stop = transaction.start, transaction.stop
    energy_wh, duration_s = transaction.energy_wh, transaction.duration_s
    average = None
    if energy_wh is not None and duration_s:
        average = round(energy_wh * 3600 / duration_s, 3)
    return {
        "id": transaction.id,
        "charge_point": transaction.identity,
        "connector_id": start.connector_id,
        "id_tag": start.id_tag if transaction.started else None,
        "authorization_status": transaction.authorization_status,
        "reservation_id": start.reservation_id,
        "active": stop is None,
        "started_at": start.started_at,
        "start_received_at": transaction.start_received_at,
        "meter_start_wh": start.meter_start_wh,
        "stopped_at": None if stop is None else stop.stopped_at,
        "stop_received_at": transaction.stop_received_at,
        "meter_stop_wh": None if stop is None else stop.meter_stop_wh,
        "energy_wh": energy_wh,
        "duration_s": duration_s,
        "average_power_w": average,
        "stop_reason": None if stop is None else stop.reason,
        "stop_id_tag": None if stop is None else stop.id_tag,
        "stop_source": transaction.stop_source,
        "charge_point_transaction_id": None if transaction.sent_id is None else str(transaction.sent_id),
        "oddities": list(transaction.oddities),
    }


def _energy_view(transaction: Transaction, said: EnergyByReadings) -> EnergyView:
    return EnergyView(
        register_wh=transaction.energy_wh,
        readings_first_wh=said.register_first_wh,
        readings_last_wh=said.register_last_wh,
        readings_wh=said.risen_wh,
        intervals_wh=said.intervals_wh,
        readings_of_session=said.of_session,
    )


def power_point_view(point: PowerPoint) -> PowerPointView:
    return PowerPointView(at=point.at, power_w=point.power_w, measured=point.measured)


def reading_view(reading: Reading, quirks: Quirks = NO_QUIRKS) -> ReadingView:
    meant = correction(quirks, reading)
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
        corrected=None if meant is None else CorrectedView(**meant._asdict()),
    )


def quarantined_view(message: Quarantined) -> QuarantinedView:
    return QuarantinedView(
        id=message.id,
        charge_point=message.identity,
        action=message.action,
        payload=message.payload,
        reason=message.reason,
        state=message.state,
        transaction_id=message.transaction_id,
        received_at=message.received_at,
        last_received_at=message.last_received_at,
        times=message.times,
        settled_at=message.settled_at,
    )


def repair_view(repair: Repair) -> RepairView:
    return RepairView(
        id=repair.id,
        at=repair.at,
        who=repair.who,
        kind=repair.kind,
        charge_point=repair.identity,
        transaction_id=repair.transaction_id,
        quarantine_id=repair.quarantine_id,
        note=repair.note,
        before=msgspec.json.decode(repair.before),
        after=msgspec.json.decode(repair.after),
    )
