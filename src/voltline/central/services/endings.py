"""How transactions end: by their stop, by what can be concluded, and what is odd about it (S 4.10)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from msgspec.structs import replace

from voltline.central.domain.energy import energy_by_readings, last_plausible_wh, register_samples
from voltline.central.domain.events import (
    EventKind,
    QuarantineAdded,
    QuarantineRepaired,
    TransactionRepaired,
    TransactionStopped,
)
from voltline.central.domain.metering import Reading
from voltline.central.domain.quarantine import Quarantined, QuarantineReason, QuarantineState
from voltline.central.domain.repairs import Change, RepairKind
from voltline.central.domain.stations import StationKey
from voltline.central.domain.transactions import (
    NEAR_FUTURE,
    Oddity,
    Stop,
    StopSource,
    Transaction,
    believable,
    fits,
)
from voltline.central.services import charging_profiles
from voltline.central.services.optional import present
from voltline.central.services.ports import UnitOfWork
from voltline.messages import (
    ACTIONS,
    UNSET,
    MeterValue,
    Reason,
    Request,
    StopTransaction,
    read_request,
)

_MAY_BE_EXPLAINED = frozenset(
    {
        QuarantineReason.NO_TRANSACTION_ID,
        QuarantineReason.UNKNOWN_TRANSACTION,
        QuarantineReason.AMBIGUOUS,
    }
)


def stop_of(request: StopTransaction) -> Stop:
    """The stop in a StopTransaction.req."""
    return Stop(
        stopped_at=request.timestamp,
        meter_stop_wh=request.meter_stop,
        reason=present(request.reason) or "Local",
        id_tag=present(request.id_tag),
    )


def settle(
    unit: UnitOfWork,
    transaction: Transaction,
    request: StopTransaction,
    received_at: datetime,
    *,
    matched: bool = False,
) -> Transaction:
    """End a transaction with its own stop, whatever ended it before; the transaction as it is then.

    `matched`: the stop named no transaction, and was found to be that of this one.
    """
    if request.transaction_data:
        keep_data(unit, transaction, request.transaction_id, request.transaction_data, received_at)
    ended = write_stop(
        unit,
        transaction,
        stop_of(request),
        received_at,
        StopSource.CHARGE_POINT,
        (Oddity.STOP_MATCHED,) if matched else (),
    )
    if transaction.stop is not None:
        change = Change(
            kind=RepairKind.REPLACE_STOP,
            station=transaction.station,
            before=(transaction, None),
            after=(ended, None),
        )
        repaired(unit, change, received_at)
        if Oddity.STOP_MATCHED in transaction.noted:
            _give_up(unit, transaction, transaction.stop, received_at)
    tell_stopped(unit, ended, received_at)
    return ended


def _give_up(unit: UnitOfWork, transaction: Transaction, stop: Stop, received_at: datetime) -> None:
    """Put a stop into quarantine that was taken for that of another transaction than it is."""
    request = StopTransaction(
        transaction_id=-1,
        meter_stop=stop.meter_stop_wh,
        timestamp=stop.stopped_at,
        reason=Reason.unknown(stop.reason),
        id_tag=UNSET if stop.id_tag is None else stop.id_tag,
    )
    put_into_quarantine(
        unit,
        transaction.station,
        request,
        "StopTransaction",
        QuarantineReason.AMBIGUOUS,
        transaction.stop_received_at or received_at,
    )


def put_into_quarantine(
    unit: UnitOfWork,
    station: StationKey,
    request: Request[Any],
    action: str,
    reason: QuarantineReason,
    received_at: datetime,
) -> None:
    """Keep a message that cannot be placed, and tell of it, unless it was kept before."""
    if unit.quarantine.put(station, request, reason, received_at):
        added = QuarantineAdded(action=action, reason=reason)
        unit.events.add(EventKind.QUARANTINE_ADDED, station, added, received_at)


def keep_data(
    unit: UnitOfWork,
    transaction: Transaction,
    sent_id: int,
    values: Sequence[MeterValue],
    received_at: datetime,
) -> None:
    """Keep the transactionData of a stop as readings of the transaction."""
    unit.meter_values.add(
        transaction.station,
        transaction.start.connector_id,
        sent_id,
        transaction.id,
        values,
        received_at,
        True,
    )


def write_stop(
    unit: UnitOfWork,
    transaction: Transaction,
    stop: Stop,
    received_at: datetime,
    source: StopSource,
    noted: tuple[Oddity, ...] = (),
) -> Transaction:
    """Write down how it ended, with all that is odd about it; the transaction as it is then.

    One that is known only by its readings has begun at the first of these.
    """
    readings = unit.meter_values.readings(transaction.id)
    start = transaction.start
    if not transaction.started and (registers := register_samples(readings)):
        start = replace(start, meter_start_wh=int(registers[0].value))
    ended = replace(
        transaction, start=start, stop=stop, stop_received_at=received_at, stop_source=source, noted=noted
    )
    ended = replace(ended, noted=(*noted, *_oddities_of_readings(ended, readings)))
    ended = replace(ended, noted=ended.oddities)
    unit.transactions.stop(
        transaction.id,
        stop,
        received_at,
        source,
        ended.noted,
        None if start is transaction.start else start.meter_start_wh,
    )
    return ended


def end_forgotten(
    unit: UnitOfWork, station: StationKey, connector_id: int, began_at: datetime, received_at: datetime
) -> None:
    """End what still runs on a connector where a new transaction begins.

    A connector has one transaction at a time: the stop of the one before was lost, or will come.
    """
    for transaction in unit.transactions.running(station, connector_id):
        if transaction.beginning <= began_at:
            infer_stop(unit, transaction, began_at, received_at)


def infer_stop(unit: UnitOfWork, transaction: Transaction, until: datetime, received_at: datetime) -> None:
    """End a transaction that was never stopped, at this time and with its last plausible reading."""
    stop = inferred_stop(unit, transaction, until)
    ended = write_stop(unit, transaction, stop, received_at, StopSource.INFERRED)
    change = Change(
        kind=RepairKind.INFER_STOP,
        station=transaction.station,
        before=(transaction, None),
        after=(ended, None),
    )
    repaired(unit, change, received_at)
    tell_stopped(unit, ended, received_at)


def inferred_stop(unit: UnitOfWork, transaction: Transaction, until: datetime | None) -> Stop:
    """The stop that a transaction would have had by its readings; by default at the last of these."""
    readings = unit.meter_values.readings(transaction.id)
    start = transaction.start
    meter_start_wh = start.meter_start_wh
    registers = register_samples(readings)
    if not transaction.started and registers:
        meter_start_wh = int(registers[0].value)
    if until is None:
        times = (believable(reading.measured_at, reading.received_at) for reading in readings)
        until = max([transaction.beginning, *times])
    last = last_plausible_wh(meter_start_wh, transaction.beginning, readings, until)
    return Stop(
        stopped_at=until, meter_stop_wh=meter_start_wh if last is None else last, reason="Other", id_tag=None
    )


def match(
    unit: UnitOfWork, station: StationKey, stop: Stop, received_at: datetime
) -> tuple[Transaction | None, bool]:
    """The one transaction that a stop without a usable id can be meant for; whether there are several.

    A charge point that was never told the id of a transaction sends -1 (errata 3.18). One under whose
    id it sent readings is none of these: it knows that id.
    """
    found = [
        one
        for one in unit.transactions.unsettled(station)
        if (one.sent_id is None or one.sent_id < 1)
        and (one.stop is None or one.stop.stopped_at >= stop.stopped_at)
        and fits(one, stop, beside=received_at)
        and not (one.sent_id is None and unit.meter_values.names_transaction(one.id))
    ]
    return (found[0] if len(found) == 1 else None), len(found) > 1


def place_waiting_stop(unit: UnitOfWork, transaction: Transaction, received_at: datetime) -> None:
    """Stop a transaction whose stop came before its start, and waits in quarantine."""
    station, connector_id = transaction.station, transaction.start.connector_id
    waiting = unit.quarantine.open(station, "StopTransaction")
    if not waiting:
        return
    following = unit.transactions.next_beginning(station, connector_id, transaction.beginning)
    found: list[tuple[Quarantined, StopTransaction]] = []
    for message in waiting:
        request = read_stop(message)
        if request is not None and _explains(transaction, request, message, following):
            found.append((message, request))
    if len(found) != 1:
        return
    message, request = found[0]
    ended = settle(unit, transaction, request, message.received_at, matched=True)
    unit.quarantine.settle(message.id, QuarantineState.ATTACHED, transaction.id, received_at)
    settled = replace(
        message, state=QuarantineState.ATTACHED, transaction_id=transaction.id, settled_at=received_at
    )
    change = Change(
        kind=RepairKind.ATTACH,
        station=station,
        before=(transaction, message),
        after=(ended, settled),
    )
    repaired(unit, change, received_at)


def read_stop(message: Quarantined) -> StopTransaction | None:
    """The StopTransaction in quarantine; None: it cannot be read (by this version)."""
    return read_request(ACTIONS["StopTransaction"], message.payload).message


def repaired(unit: UnitOfWork, change: Change, at: datetime) -> int:
    """Write down a repair and tell of it; its id."""
    repair_id = unit.repairs.add(change, at)
    transaction, quarantined = change.after
    if transaction is not None:
        told = TransactionRepaired(
            transaction_id=transaction.id,
            repair_id=repair_id,
            kind=change.kind,
            who=change.who,
            active=transaction.stop is None,
            energy_wh=transaction.energy_wh,
        )
        unit.events.add(EventKind.TRANSACTION_REPAIRED, change.station, told, at)
    if quarantined is not None:
        placed = QuarantineRepaired(
            quarantine_id=quarantined.id,
            repair_id=repair_id,
            state=quarantined.state,
            who=change.who,
            transaction_id=quarantined.transaction_id,
        )
        unit.events.add(EventKind.QUARANTINE_REPAIRED, change.station, placed, at)
    return repair_id


def _explains(
    transaction: Transaction, request: StopTransaction, message: Quarantined, following: datetime | None
) -> bool:
    """Whether this start explains that stop. An id that is not ours asks for the tag as well."""
    stop = stop_of(request)
    return (
        message.reason in _MAY_BE_EXPLAINED
        and (request.transaction_id < 1 or stop.id_tag is not None)
        and stop.stopped_at <= message.received_at + NEAR_FUTURE
        and (following is None or stop.stopped_at <= following)
        and fits(transaction, stop, beside=message.received_at)
    )


def _oddities_of_readings(transaction: Transaction, readings: Sequence[Reading]) -> tuple[Oddity, ...]:
    found = energy_by_readings(transaction.start.meter_start_wh, transaction.beginning, readings)
    odd: list[Oddity] = []
    if found.fell:
        odd.append(Oddity.READINGS_FELL)
    if transaction.energy_wh is not None and found.disagrees_with(transaction.energy_wh):
        odd.append(Oddity.READINGS_DISAGREE)
    if found.of_session:
        odd.append(Oddity.READINGS_OF_SESSION)
    return tuple(odd)


def tell_stopped(unit: UnitOfWork, ended: Transaction, at: datetime) -> None:
    """Tell that it ended, or that it ended otherwise than told before."""
    stop = ended.stop
    assert stop is not None
    stopped = TransactionStopped(
        transaction_id=ended.id,
        connector_id=ended.start.connector_id,
        id_tag=ended.start.id_tag,
        stopped_at=stop.stopped_at,
        meter_stop_wh=stop.meter_stop_wh,
        energy_wh=stop.meter_stop_wh - ended.start.meter_start_wh,
        reason=stop.reason,
    )
    unit.events.add(EventKind.TRANSACTION_STOPPED, ended.station, stopped, at)
    known_as = ended.sent_id or ended.id
    charging_profiles.transaction_ended(unit, ended.station, ended.start.connector_id, known_as, at)
