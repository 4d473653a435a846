"""Transactions start and stop (S 4.8, 4.10)."""

from __future__ import annotations

from datetime import datetime

from voltline.central.domain.authorization import Authorization, AuthorizationRules, Verdict
from voltline.central.domain.events import EventKind, TransactionStarted
from voltline.central.domain.quarantine import QuarantineReason
from voltline.central.domain.repairs import Change, RepairKind
from voltline.central.domain.stations import StationKey
from voltline.central.domain.transactions import (
    Begun,
    Ended,
    Oddity,
    Start,
    Stop,
    StopOutcome,
    Transaction,
    believable,
    oddities,
    same_stop,
)
from voltline.central.services import charging_profiles, reservations
from voltline.central.services.authorization import authorize, authorize_start
from voltline.central.services.endings import (
    end_forgotten,
    infer_stop,
    match,
    place_waiting_stop,
    put_into_quarantine,
    repaired,
    settle,
    stop_of,
)
from voltline.central.services.optional import present
from voltline.central.services.ports import UnitOfWork
from voltline.messages import StartTransaction, StopTransaction


def begin(
    unit: UnitOfWork,
    station: StationKey,
    request: StartTransaction,
    received_at: datetime,
    rules: AuthorizationRules,
) -> Begun:
    """Open a transaction, or find the one that this very start opened before.

    A station that lost our answer sends the request again. It must be given the same id, or its meter
    readings would belong to no transaction. The transaction is kept whatever its tag is told: energy
    may have flowed before we were asked.

    Messages of an outage come in any order. What still runs on the connector and began before ends
    here; if a later transaction began there already, this one ends where that one began; and its own
    stop may be waiting in quarantine.
    """
    start = Start(
        connector_id=request.connector_id,
        id_tag=request.id_tag,
        started_at=request.timestamp,
        meter_start_wh=request.meter_start,
        reservation_id=present(request.reservation_id) or None,  # 0 is how chargers say "none"
    )
    earlier = unit.transactions.begun_by(station, start)
    if earlier is not None:
        return Begun(
            earlier.id,
            _authorization_again(unit, earlier.authorization_status, start, received_at, rules),
            True,
        )
    began_at = believable(start.started_at, received_at)
    shell = _shell_of(unit, station, start, began_at)
    if shell is None:
        end_forgotten(unit, station, start.connector_id, began_at, received_at)
    authorization = authorize_start(unit, station, start.connector_id, start.id_tag, received_at, rules)
    noted = oddities(start, None, start_received_at=received_at)
    if shell is None:
        transaction_id = unit.transactions.begin(
            station, start, authorization.status, received_at, began_at, noted
        )
    else:
        transaction_id = shell.id
        unit.transactions.adopt(shell.id, start, authorization.status, received_at, began_at, noted)
    started = TransactionStarted(
        transaction_id=transaction_id,
        connector_id=start.connector_id,
        id_tag=start.id_tag,
        authorization_status=authorization.status,
        started_at=start.started_at,
        meter_start_wh=start.meter_start_wh,
    )
    unit.events.add(EventKind.TRANSACTION_STARTED, station, started, received_at)
    charging_profiles.transaction_began(unit, station, start.connector_id, transaction_id, received_at)
    reservations.used(unit, station, start, transaction_id, authorization.parent_id_tag, received_at)
    _complete(unit, transaction_id, shell, received_at)
    return Begun(transaction_id, authorization, False)


def _shell_of(unit: UnitOfWork, station: StationKey, start: Start, began_at: datetime) -> Transaction | None:
    """What was known only by its meter values until this start came (QUE-10)."""
    for one in unit.transactions.running(station, start.connector_id):
        nameless = not one.started and one.sent_id is not None and one.sent_id < 1
        if (
            nameless
            and began_at <= one.beginning
            and start.meter_start_wh <= max(one.start.meter_start_wh, 0)
        ):
            return one
    return None


def _complete(
    unit: UnitOfWork, transaction_id: int, shell: Transaction | None, received_at: datetime
) -> None:
    """Do for a transaction that just began what should have been done before it, had it come in time."""
    begun = unit.transactions.get(transaction_id)
    assert begun is not None
    if shell is not None:
        change = Change(
            kind=RepairKind.ADOPT_START, station=begun.station, before=(shell, None), after=(begun, None)
        )
        repaired(unit, change, received_at)
    place_waiting_stop(unit, begun, received_at)
    begun = unit.transactions.get(transaction_id)
    assert begun is not None
    if begun.stop is None:
        following = unit.transactions.next_beginning(begun.station, begun.start.connector_id, begun.beginning)
        if following is not None:
            infer_stop(unit, begun, following, received_at)


def end(
    unit: UnitOfWork,
    station: StationKey,
    request: StopTransaction,
    received_at: datetime,
    rules: AuthorizationRules,
) -> Ended:
    """Stop a transaction of this station; whatever is wrong with the request, it is kept and answered.

    Nothing can prevent a stop (TXE-08), and a station whose stop is not answered repeats it for ever.
    """
    tag = present(request.id_tag)
    authorization = None if tag is None else authorize(unit, tag, received_at, rules)
    stop = stop_of(request)
    transaction = _named(unit, station, request.transaction_id)
    reason = QuarantineReason.ALREADY_STOPPED
    if transaction is None:
        # The repetition of a stop that was matched: look before anything else is matched with it.
        if any(_is_end(one, stop) for one in unit.transactions.stopped_by(station, stop)):
            return Ended(StopOutcome.REPEATED, authorization)
        reason = _why_unknown(unit, request.transaction_id)
        if reason is QuarantineReason.NO_TRANSACTION_ID:
            found, several = match(unit, station, stop, received_at)
            if found is not None:
                settle(unit, found, request, received_at, matched=True)
                return Ended(StopOutcome.STOPPED, authorization, transaction_id=found.id)
            if several:
                reason = QuarantineReason.AMBIGUOUS
    elif _is_end(transaction, stop):
        return Ended(StopOutcome.REPEATED, authorization)
    elif not transaction.settled or Oddity.STOP_MATCHED in transaction.noted:
        settle(unit, transaction, request, received_at)
        return Ended(StopOutcome.STOPPED, authorization)
    put_into_quarantine(unit, station, request, "StopTransaction", reason, received_at)
    return Ended(StopOutcome.QUARANTINED, authorization, reason)


def _named(unit: UnitOfWork, station: StationKey, transaction_id: int) -> Transaction | None:
    """This charge point's transaction under an id: ours, or the one that it uses itself."""
    if transaction_id < 1:
        return None
    transaction = unit.transactions.get(transaction_id)
    if transaction is None or transaction.station != station:
        shell = unit.transactions.shell(station, transaction_id)
        transaction = None if shell is None else unit.transactions.get(shell)
    return transaction


def _is_end(transaction: Transaction, stop: Stop) -> bool:
    return transaction.settled and transaction.stop is not None and same_stop(transaction.stop, stop)


def _why_unknown(unit: UnitOfWork, transaction_id: int) -> QuarantineReason:
    if transaction_id < 1:
        return QuarantineReason.NO_TRANSACTION_ID
    if unit.transactions.get(transaction_id) is None:
        return QuarantineReason.UNKNOWN_TRANSACTION
    return QuarantineReason.FOREIGN_TRANSACTION


def _authorization_again(
    unit: UnitOfWork, told: str, start: Start, at: datetime, rules: AuthorizationRules
) -> Authorization:
    """What a repeated start is told: the tag as it is now, but ConcurrentTx only if it was told so before."""
    now = authorize(unit, start.id_tag, at, rules)
    if told == Verdict.CONCURRENT_TX and now.status is Verdict.ACCEPTED:
        return Authorization(
            status=Verdict.CONCURRENT_TX,
            parent_id_tag=now.parent_id_tag,
            expires_at=now.expires_at,
            known=now.known,
        )
    return now
