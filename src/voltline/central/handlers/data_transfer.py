"""Messages of a vendor's own (S 4.3)."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable
from datetime import datetime

from voltline.central.domain.data_transfer import TransferRule
from voltline.central.handlers.desk import Desk, Visit
from voltline.central.services import data_transfer as data_transfers
from voltline.central.services.ports.data_transfer import NoAnswer, TransferHandler
from voltline.messages import DataTransfer, DataTransferResponse, DataTransferStatus

log = logging.getLogger(__name__)

_HANDLER_PATIENCE_S = 20.0
"""Below the time after which charge points give an answer up."""


def data_transfer(
    desk: Desk, visit: Visit, request: DataTransfer, at: datetime
) -> Awaitable[DataTransferResponse]:
    """Have it answered by whoever is registered for it: a handler, a URL, or a stored answer; keep both."""
    handler = desk.transfers.find(request)
    if handler is not None:
        return _handled(desk, visit, request, handler, at)
    return _routed(desk, visit, request, at)


async def _handled(
    desk: Desk, visit: Visit, request: DataTransfer, handler: TransferHandler, at: datetime
) -> DataTransferResponse:
    problem = None
    try:
        async with asyncio.timeout(_HANDLER_PATIENCE_S):
            answer = await handler(visit.identity, request)
        if not isinstance(answer, DataTransferResponse):
            raise TypeError(f"it returned {type(answer).__name__} instead of DataTransferResponse")
    except Exception as error:
        log.exception("%s: the handler of DataTransfer of %s failed", visit.identity, request.vendor_id)
        problem = f"{type(error).__name__}: {error}"
        answer = DataTransferResponse(status=DataTransferStatus.REJECTED)
    await desk.writer.submit(data_transfers.keep, visit.key, request, answer, "handler", problem, at)
    return answer


async def _routed(desk: Desk, visit: Visit, request: DataTransfer, at: datetime) -> DataTransferResponse:
    vendor_known = desk.transfers.knows(request.vendor_id)
    routed = await desk.writer.submit(data_transfers.route, visit.key, request, vendor_known, at)
    if routed.answer is not None:
        return routed.answer
    assert routed.rule is not None
    return await _asked(desk, visit, request, routed.rule, at)


async def _asked(
    desk: Desk, visit: Visit, request: DataTransfer, rule: TransferRule, at: datetime
) -> DataTransferResponse:
    assert rule.url is not None
    problem = None
    try:
        question = data_transfers.question(visit.identity, request)
        answer = data_transfers.read_answer(await desk.poster.post(rule.url, question, rule.timeout_s))
    except NoAnswer as error:
        log.warning("%s: the URL of rule %d could not be asked: %s", visit.identity, rule.id, error)
        problem = str(error)
        answer = data_transfers.response(rule.answer)
    route = f"url of rule {rule.id}"
    await desk.writer.submit(data_transfers.keep, visit.key, request, answer, route, problem, at)
    return answer
