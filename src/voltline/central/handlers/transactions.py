"""Transactions start and stop (S 4.8, 4.10)."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable
from datetime import datetime

from voltline.central.domain.transactions import Begun, Ended, StopOutcome
from voltline.central.handlers.authorization import id_tag_info, rules_for
from voltline.central.handlers.desk import Desk, Visit
from voltline.central.services import transactions
from voltline.central.services.ports.asking import Asking
from voltline.messages import (
    UNSET,
    StartTransaction,
    StartTransactionResponse,
    StopTransaction,
    StopTransactionResponse,
)

log = logging.getLogger(__name__)


def start_transaction(
    desk: Desk, visit: Visit, request: StartTransaction, at: datetime
) -> Awaitable[StartTransactionResponse]:
    """Give it an id, and its tag a status; a repeated start is given the id of the first (TXS-05)."""
    if desk.asking is not None:
        return _begun_asking(desk, desk.asking, visit, request, at)
    kept = desk.writer.submit(transactions.begin, visit.key, request, at, desk.authorization)
    return _begun(visit, request, kept)


async def _begun_asking(
    desk: Desk, asking: Asking, visit: Visit, request: StartTransaction, at: datetime
) -> StartTransactionResponse:
    rules = await rules_for(desk, asking, visit, request.id_tag, request.connector_id)
    return await _begun(visit, request, desk.writer.submit(transactions.begin, visit.key, request, at, rules))


async def _begun(
    visit: Visit, request: StartTransaction, kept: asyncio.Future[Begun]
) -> StartTransactionResponse:
    begun = await kept
    log.info(
        "%s connector %d: transaction %d %s by %s: %s",
        visit.identity,
        request.connector_id,
        begun.transaction_id,
        "start repeated" if begun.repeated else "started",
        request.id_tag,
        begun.authorization.status,
    )
    return StartTransactionResponse(
        transaction_id=begun.transaction_id, id_tag_info=id_tag_info(begun.authorization)
    )


def stop_transaction(
    desk: Desk, visit: Visit, request: StopTransaction, at: datetime
) -> Awaitable[StopTransactionResponse]:
    """Always answered: nothing can prevent a stop (TXE-08)."""
    kept = desk.writer.submit(transactions.end, visit.key, request, at, desk.authorization)
    return _ended(visit, request, kept, desk.asking)


async def _ended(
    visit: Visit, request: StopTransaction, kept: asyncio.Future[Ended], asking: Asking | None
) -> StopTransactionResponse:
    ended = await kept
    if ended.outcome is StopOutcome.QUARANTINED:
        log.warning(
            "%s: stop of transaction %s put into quarantine: %s",
            visit.identity,
            request.transaction_id,
            ended.reason,
        )
    else:
        log.info(
            "%s: transaction %d %s at %d Wh",
            visit.identity,
            ended.transaction_id or request.transaction_id,
            "stop repeated" if ended.outcome is StopOutcome.REPEATED else "stopped",
            request.meter_stop,
        )
    told = ended.authorization
    if asking is not None and told is not None and not told.known and request.id_tag is not UNSET:
        # It is stored by now: asking does not hold it up. Charge points remember what they are told here.
        told = await asking.told(request.id_tag, visit.identity, None)
    return StopTransactionResponse(id_tag_info=UNSET if told is None else id_tag_info(told))
