"""Repairs by hand: what could not be placed is attached or discarded, what never ended is closed.

Each is written down with who, when, before and after. What does not fit is refused with a word, and
changes nothing.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from msgspec import Struct
from msgspec.structs import replace

from voltline.central.domain.quarantine import Quarantined, QuarantineState
from voltline.central.domain.repairs import Change, RepairKind
from voltline.central.domain.stations import StationKey
from voltline.central.domain.transactions import Stop, StopSource, Transaction
from voltline.central.services.endings import (
    inferred_stop,
    keep_data,
    read_stop,
    repaired,
    stop_of,
    tell_stopped,
    write_stop,
)
from voltline.central.services.optional import present
from voltline.central.services.ports import UnitOfWork
from voltline.messages import ACTIONS, read_request


class Refusal(StrEnum):
    """Why a repair was not made."""

    NO_SUCH_MESSAGE = "no-such-message"
    NO_SUCH_TRANSACTION = "no-such-transaction"
    NOT_OPEN = "not-open"
    """The message was repaired before."""
    OTHER_CHARGE_POINT = "other-charge-point"
    """Message and transaction are of different charge points."""
    ALREADY_STOPPED = "already-stopped"
    """The charge point's own stop is known; another one can only be attached from the quarantine."""
    UNREADABLE = "unreadable"
    """The message says nothing that could be attached."""


class Closing(Struct, frozen=True, kw_only=True):
    """How a transaction is to be ended; what is None is concluded from its readings."""

    stopped_at: datetime | None = None
    meter_stop_wh: int | None = None
    reason: str | None = None
    quarantine_id: int | None = None
    """The message in whose place it is ended."""


def attach(
    unit: UnitOfWork, quarantine_id: int, transaction_id: int, who: str, note: str | None, at: datetime
) -> int | Refusal:
    """Make a message in quarantine part of a transaction of the same charge point; the repair's id.

    A stop becomes the transaction's stop, whatever stopped it before; its readings, and those of
    MeterValues, become the transaction's readings.
    """
    found = _open(unit, quarantine_id)
    if isinstance(found, Refusal):
        return found
    station, message = found
    transaction = unit.transactions.get(transaction_id)
    if transaction is None:
        return Refusal.NO_SUCH_TRANSACTION
    if transaction.station != station:
        return Refusal.OTHER_CHARGE_POINT
    changed = _attached(unit, message, transaction)
    if changed is None:
        return Refusal.UNREADABLE
    settled = _settled(unit, message, QuarantineState.ATTACHED, transaction_id, at)
    change = Change(
        kind=RepairKind.ATTACH,
        station=station,
        who=who,
        note=note,
        before=(transaction, message),
        after=(changed, settled),
    )
    return repaired(unit, change, at)


def close(
    unit: UnitOfWork, transaction_id: int, closing: Closing, who: str, note: str | None, at: datetime
) -> int | Refusal:
    """End a transaction whose stop never came; the repair's id. Should the stop come yet, it holds."""
    transaction = unit.transactions.get(transaction_id)
    if transaction is None:
        return Refusal.NO_SUCH_TRANSACTION
    if transaction.settled:
        return Refusal.ALREADY_STOPPED
    message = None
    if closing.quarantine_id is not None:
        found = _open(unit, closing.quarantine_id)
        if isinstance(found, Refusal):
            return found
        if found[0] != transaction.station:
            return Refusal.OTHER_CHARGE_POINT
        message = found[1]
    inferred = inferred_stop(unit, transaction, closing.stopped_at)
    stop = Stop(
        stopped_at=inferred.stopped_at,
        meter_stop_wh=inferred.meter_stop_wh if closing.meter_stop_wh is None else closing.meter_stop_wh,
        reason=closing.reason or inferred.reason,
    )
    ended = write_stop(unit, transaction, stop, at, StopSource.OPERATOR)
    settled = None
    if message is not None:
        settled = _settled(unit, message, QuarantineState.CLOSED, transaction_id, at)
    change = Change(
        kind=RepairKind.CLOSE,
        station=transaction.station,
        who=who,
        note=note,
        before=(transaction, message),
        after=(ended, settled),
    )
    tell_stopped(unit, ended, at)
    return repaired(unit, change, at)


def discard(unit: UnitOfWork, quarantine_id: int, who: str, note: str | None, at: datetime) -> int | Refusal:
    """Take a message in quarantine for one that says nothing; it is kept all the same. The repair's id."""
    found = _open(unit, quarantine_id)
    if isinstance(found, Refusal):
        return found
    station, message = found
    settled = _settled(unit, message, QuarantineState.DISCARDED, None, at)
    change = Change(
        kind=RepairKind.DISCARD,
        station=station,
        who=who,
        note=note,
        before=(None, message),
        after=(None, settled),
    )
    return repaired(unit, change, at)


def _open(unit: UnitOfWork, quarantine_id: int) -> tuple[StationKey, Quarantined] | Refusal:
    found = unit.quarantine.get(quarantine_id)
    if found is None:
        return Refusal.NO_SUCH_MESSAGE
    return found if found[1].state is QuarantineState.OPEN else Refusal.NOT_OPEN


def _settled(
    unit: UnitOfWork, message: Quarantined, state: QuarantineState, transaction_id: int | None, at: datetime
) -> Quarantined:
    unit.quarantine.settle(message.id, state, transaction_id, at)
    return replace(message, state=state, transaction_id=transaction_id, settled_at=at)


def _attached(unit: UnitOfWork, message: Quarantined, transaction: Transaction) -> Transaction | None:
    """The transaction with this message in it; None: the message cannot be read."""
    if message.action == "MeterValues":
        values = read_request(ACTIONS["MeterValues"], message.payload).message
        if values is None:
            return None
        unit.meter_values.add(
            transaction.station,
            values.connector_id,
            present(values.transaction_id),
            transaction.id,
            values.meter_value,
            message.received_at,
        )
        return transaction
    stop = read_stop(message)
    if stop is None:
        return None
    if stop.transaction_data:
        keep_data(unit, transaction, stop.transaction_id, stop.transaction_data, message.received_at)
    ended = write_stop(unit, transaction, stop_of(stop), message.received_at, StopSource.CHARGE_POINT)
    tell_stopped(unit, ended, message.received_at)
    return ended
