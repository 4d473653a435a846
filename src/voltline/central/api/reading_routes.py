"""What is known: charge points, transactions, quarantine."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated

from litestar import get
from litestar.di import NamedDependency
from litestar.params import PathParameter, QueryParameter

from voltline.central.api.cursors import cursor, number_position
from voltline.central.api.needs import Site
from voltline.central.api.problems import ApiError
from voltline.central.api.shapes import (
    QuarantinePage,
    ReadingList,
    TransactionPage,
    TransactionView,
    quarantined_view,
    reading_view,
    transaction_view,
)
from voltline.central.domain.transactions import Transaction

Identity = Annotated[
    str, PathParameter(description="The charge point's identity, percent-encoded where needed; in any case.")
]
TransactionId = Annotated[
    int, PathParameter(description="The transactionId that the charge point was given.")
]
Limit = Annotated[int, QueryParameter(ge=1, le=1000, description="Most items in the answer.")]
Cursor = Annotated[str | None, QueryParameter(description="The next_cursor of the part before.")]
ChargePointFilter = Annotated[
    str | None, QueryParameter(description="Only those of the charge point with this identity.")
]
IdTagFilter = Annotated[str | None, QueryParameter(description="Only those started with this id tag.")]
ActiveFilter = Annotated[
    bool | None, QueryParameter(description="true: only those that run; false: only those that have ended.")
]

_LARGEST_ID = 2**63 - 1  # that a database could be asked for

# These read the database, which blocks; Litestar runs them on worker threads.


@get(
    "/transactions",
    sync_to_thread=True,
    operation_id="listTransactions",
    summary="List transactions",
    tags=["Transactions"],
)
def transactions(
    site: NamedDependency[Site],
    limit: Limit = 100,
    cursor: Cursor = None,
    charge_point: ChargePointFilter = None,
    id_tag: IdTagFilter = None,
    active: ActiveFilter = None,
) -> TransactionPage:
    """Transactions, newest first."""
    page = site.queries.transactions(
        identity=charge_point,
        id_tag=id_tag,
        active=active,
        before=number_position(cursor),
        limit=limit,
    )
    return TransactionPage(
        items=[transaction_view(transaction) for transaction in page.items],
        next_cursor=None if page.next_before is None else _cursor(page.next_before),
    )


@get(
    "/transactions/{transaction_id:int}",
    sync_to_thread=True,
    operation_id="getTransaction",
    summary="Show a transaction",
    tags=["Transactions"],
)
def transaction(site: NamedDependency[Site], transaction_id: TransactionId) -> TransactionView:
    """One transaction."""
    return transaction_view(_transaction(site, transaction_id))


@get(
    "/transactions/{transaction_id:int}/meter-values",
    sync_to_thread=True,
    operation_id="getMeterValuesOfTransaction",
    summary="List the readings of a transaction",
    tags=["Transactions"],
)
def meter_values(site: NamedDependency[Site], transaction_id: TransactionId) -> ReadingList:
    """Every sampled value of a transaction in order of time, also those that came with its end."""
    found = _transaction(site, transaction_id)
    return ReadingList(items=[reading_view(reading) for reading in site.queries.readings(found.id)])


@get(
    "/quarantine",
    sync_to_thread=True,
    operation_id="listQuarantine",
    summary="List the quarantine",
    tags=["Quarantine"],
)
def quarantine(site: NamedDependency[Site], limit: Limit = 100, cursor: Cursor = None) -> QuarantinePage:
    """Messages that were answered and kept, but could not be placed; newest first."""
    found = site.queries.quarantine(before=number_position(cursor), limit=limit + 1)
    return QuarantinePage(
        items=[quarantined_view(message) for message in found[:limit]],
        next_cursor=_cursor(found[limit - 1].id) if len(found) > limit else None,
    )


ROUTES = [transactions, transaction, meter_values, quarantine]

_cursor = cursor  # the routes have a parameter of that name


def no_such_charge_point(identity: Identity) -> ApiError:
    return ApiError(
        HTTPStatus.NOT_FOUND,
        "unknown-charge-point",
        "Unknown charge point",
        f"No charge point {identity!r} was ever seen or registered; GET /api/v1/charge-points lists them.",
    )


def _transaction(site: Site, transaction_id: int) -> Transaction:
    found = site.queries.transaction(transaction_id) if 0 < transaction_id <= _LARGEST_ID else None
    if found is None:
        raise ApiError(
            HTTPStatus.NOT_FOUND,
            "unknown-transaction",
            "Unknown transaction",
            f"There is no transaction {transaction_id}; GET /api/v1/transactions lists them.",
        )
    return found
