"""What is answered to a repair that was asked for."""

from __future__ import annotations

import asyncio
from http import HTTPStatus

from voltline.central.api.needs import Site
from voltline.central.api.problems import ApiError
from voltline.central.api.transaction_shapes import RepairView, repair_view
from voltline.central.services.repairs import Refusal

_REFUSALS = {
    Refusal.NO_SUCH_MESSAGE: (
        HTTPStatus.NOT_FOUND,
        "unknown-message",
        "There is no such message in quarantine; GET /api/v1/quarantine lists them.",
    ),
    Refusal.NO_SUCH_TRANSACTION: (
        HTTPStatus.NOT_FOUND,
        "unknown-transaction",
        "There is no such transaction; GET /api/v1/transactions lists them.",
    ),
    Refusal.NOT_OPEN: (
        HTTPStatus.CONFLICT,
        "already-repaired",
        "This message was repaired before; GET /api/v1/repairs?quarantine_id= shows how.",
    ),
    Refusal.OTHER_CHARGE_POINT: (
        HTTPStatus.CONFLICT,
        "other-charge-point",
        "The message and the transaction are of different charge points.",
    ),
    Refusal.ALREADY_STOPPED: (
        HTTPStatus.CONFLICT,
        "already-stopped",
        "The charge point stopped this transaction itself. Another stop of it can be attached from the "
        "quarantine.",
    ),
    Refusal.UNREADABLE: (
        HTTPStatus.CONFLICT,
        "unreadable-message",
        "This message says nothing that could be attached to a transaction.",
    ),
}


async def repair_made(site: Site, made: int | Refusal) -> RepairView:
    """The repair that was made. Raises ApiError (404, 409) for one that was refused."""
    if isinstance(made, Refusal):
        status, kind, detail = _REFUSALS[made]
        title = kind.replace("-", " ").capitalize()
        raise ApiError(status, kind, title, f"{detail} Nothing was changed.")
    repair = await asyncio.to_thread(site.queries.repair, made)
    assert repair is not None
    return repair_view(repair)
