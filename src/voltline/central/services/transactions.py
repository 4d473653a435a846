"""Transactions start and stop (S 4.8, 4.10)."""

from __future__ import annotations

from datetime import datetime

from voltline.central.domain.authorization import Authorization, AuthorizationRules, Verdict
from voltline.central.domain.events import EventKind, QuarantineAdded, TransactionStarted, TransactionStopped
from voltline.central.domain.quarantine import QuarantineReason
from voltline.central.domain.stations import StationKey
from voltline.central.domain.transactions import Begun, Ended, Start, Stop, StopOutcome, same_stop
from voltline.central.services.authorization import authorize, authorize_start
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
    authorization = authorize_start(unit, start.id_tag, received_at, rules)
    transaction_id = unit.transactions.begin(station, start, authorization.status, received_at)
    started = TransactionStarted(
        transaction_id=transaction_id,
        connector_id=start.connector_id,
        id_tag=start.id_tag,
        authorization_status=authorization.status,
        started_at=start.started_at,
        meter_start_wh=start.meter_start_wh,
    )
    unit.events.add(EventKind.TRANSACTION_STARTED, station, started, received_at)
    return Begun(transaction_id, authorization, False)


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
    stop = Stop(
        stopped_at=request.timestamp,
        meter_stop_wh=request.meter_stop,
        reason=present(request.reason) or "Local",
        id_tag=tag,
    )
    transaction_id = request.transaction_id
    transaction = unit.transactions.get(transaction_id) if transaction_id > 0 else None
    if transaction is None:
        none_given = transaction_id <= 0
        reason = QuarantineReason.NO_TRANSACTION_ID if none_given else QuarantineReason.UNKNOWN_TRANSACTION
    elif transaction.station != station:
        reason = QuarantineReason.FOREIGN_TRANSACTION
    elif transaction.stop is None:
        unit.transactions.stop(transaction_id, stop, received_at)
        if request.transaction_data:
            unit.meter_values.add(
                station,
                transaction.start.connector_id,
                transaction_id,
                transaction_id,
                request.transaction_data,
                received_at,
                True,
            )
        stopped = TransactionStopped(
            transaction_id=transaction_id,
            connector_id=transaction.start.connector_id,
            id_tag=transaction.start.id_tag,
            stopped_at=stop.stopped_at,
            meter_stop_wh=stop.meter_stop_wh,
            energy_wh=stop.meter_stop_wh - transaction.start.meter_start_wh,
            reason=stop.reason,
        )
        unit.events.add(EventKind.TRANSACTION_STOPPED, station, stopped, received_at)
        return Ended(StopOutcome.STOPPED, authorization)
    elif same_stop(transaction.stop, stop):
        return Ended(StopOutcome.REPEATED, authorization)
    else:
        reason = QuarantineReason.ALREADY_STOPPED
    unit.quarantine.put(station, request, reason, received_at)
    added = QuarantineAdded(action="StopTransaction", reason=reason)
    unit.events.add(EventKind.QUARANTINE_ADDED, station, added, received_at)
    return Ended(StopOutcome.QUARANTINED, authorization, reason)


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
