"""Transactions and their readings."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from enum import StrEnum
from http import HTTPStatus
from typing import Annotated, Any

from litestar import Request, get, post
from litestar.di import NamedDependency
from litestar.params import PathParameter, QueryParameter

from voltline.base.clock import SystemClock
from voltline.central.api.adjustments import corrected_readings, quirks_of
from voltline.central.api.asking import asked_by
from voltline.central.api.bodies import BODY, read_body
from voltline.central.api.cursors import cursor as _cursor
from voltline.central.api.cursors import number_position
from voltline.central.api.needs import Site
from voltline.central.api.power_plot import power_plot
from voltline.central.api.problems import ApiError
from voltline.central.api.reading_routes import ChargePointFilter, Cursor, Limit
from voltline.central.api.repairing import repair_made
from voltline.central.api.transaction_shapes import (
    Closure,
    PowerCurve,
    ReadingList,
    RepairView,
    TransactionDetail,
    TransactionPage,
    power_point_view,
    reading_view,
    transaction_detail,
    transaction_view,
)
from voltline.central.api.writing import write
from voltline.central.domain.energy import PowerPoint, power_curve
from voltline.central.domain.metering import Reading
from voltline.central.domain.transactions import Oddity, Transaction
from voltline.central.services import repairs

_now = SystemClock().now


class TransactionSort(StrEnum):
    """Orders of the list; a minus means descending."""

    NEWEST = "-id"
    OLDEST = "id"
    LATEST_START = "-started_at"
    EARLIEST_START = "started_at"


TransactionId = Annotated[int, PathParameter(description="The transaction's id.")]
IdTagFilter = Annotated[str | None, QueryParameter(description="Only those started with this id tag.")]
ActiveFilter = Annotated[
    bool | None, QueryParameter(description="true: only those that run; false: only those that have ended.")
]
ConnectorFilter = Annotated[
    int | None, QueryParameter(ge=0, le=2**53, description="Only those of connectors with this number.")
]
StartedFrom = Annotated[
    datetime | None,
    QueryParameter(name="from", description="Only those that started at this time or later."),
]
StartedTo = Annotated[
    datetime | None, QueryParameter(name="to", description="Only those that started before this time.")
]
FlaggedFilter = Annotated[
    bool | None,
    QueryParameter(description="true: only those with any oddity; false: only those with none."),
]
OddityFilter = Annotated[Oddity | None, QueryParameter(description="Only those with this oddity.")]
Sort = Annotated[TransactionSort, QueryParameter(description="The order; a minus means descending.")]

# What reads the database blocks; Litestar runs it on worker threads.


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
    connector_id: ConnectorFilter = None,
    id_tag: IdTagFilter = None,
    active: ActiveFilter = None,
    started_from: StartedFrom = None,
    started_to: StartedTo = None,
    flagged: FlaggedFilter = None,
    oddity: OddityFilter = None,
    sort: Sort = TransactionSort.NEWEST,
) -> TransactionPage:
    """Transactions, newest first."""
    page = site.queries.transactions(
        identity=charge_point,
        id_tag=id_tag,
        active=active,
        before=number_position(cursor),
        limit=limit,
        connector_id=connector_id,
        since=aware(started_from),
        until=aware(started_to),
        flagged=flagged,
        oddity=oddity,
        by_start=sort in (TransactionSort.LATEST_START, TransactionSort.EARLIEST_START),
        oldest_first=not sort.startswith("-"),
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
def transaction(site: NamedDependency[Site], transaction_id: TransactionId) -> TransactionDetail:
    """One transaction with its energy by every source, its power, and all that is odd about it."""
    found = _transaction(site, transaction_id)
    return transaction_detail(found, _meant(site, found))


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
    quirks = quirks_of(site, site.queries.station(found.identity))
    readings = site.queries.readings(found.id)
    return ReadingList(items=[reading_view(reading, quirks) for reading in readings])


@get(
    "/transactions/{transaction_id:int}/power-curve",
    sync_to_thread=True,
    operation_id="getPowerCurve",
    summary="Show the power of a transaction over time",
    tags=["Transactions"],
)
def get_power_curve(site: NamedDependency[Site], transaction_id: TransactionId) -> PowerCurve:
    """The active power as measured, else as it follows from the energy between two readings."""
    found = _transaction(site, transaction_id)
    return PowerCurve(items=[power_point_view(point) for point in _curve(site, found)])


@get(
    "/transactions/{transaction_id:int}/power-curve.svg",
    sync_to_thread=True,
    media_type="image/svg+xml",
    operation_id="plotPowerCurve",
    summary="Plot the power of a transaction over time",
    tags=["Transactions"],
)
def plot_power_curve(site: NamedDependency[Site], transaction_id: TransactionId) -> str:
    """The same as a small picture, in SVG."""
    return power_plot(_curve(site, _transaction(site, transaction_id)))


@post(
    "/transactions/{transaction_id:int}/close",
    status_code=HTTPStatus.OK,
    operation_id="closeTransaction",
    summary="End a transaction that was never stopped",
    tags=["Transactions"],
    opt={BODY: Closure},
)
async def close_transaction(
    site: NamedDependency[Site], request: Request[Any, Any, Any], transaction_id: TransactionId
) -> RepairView:
    """End it with what is given, else with what its readings say. Should its own stop come, that holds."""
    closure = await read_body(request, Closure)
    closing = repairs.Closing(
        stopped_at=closure.stopped_at,
        meter_stop_wh=closure.meter_stop_wh,
        reason=closure.reason,
        quarantine_id=closure.quarantine_id,
    )
    made = await write(site, repairs.close, transaction_id, closing, asked_by(request), closure.note, _now())
    return await repair_made(site, made)


ROUTES = [transactions, transaction, meter_values, get_power_curve, plot_power_curve, close_transaction]


def aware(at: datetime | None) -> datetime | None:
    """A time that names no zone is in UTC."""
    return at.replace(tzinfo=UTC) if at is not None and at.tzinfo is None else at


def _curve(site: Site, found: Transaction) -> tuple[PowerPoint, ...]:
    return power_curve(found.start.meter_start_wh, found.beginning, _meant(site, found))


def _transaction(site: Site, transaction_id: int) -> Transaction:
    found = site.queries.transaction(transaction_id)
    if found is None:
        raise ApiError(
            HTTPStatus.NOT_FOUND,
            "unknown-transaction",
            "Unknown transaction",
            f"There is no transaction {transaction_id}; GET /api/v1/transactions lists them.",
        )
    return found


def _meant(site: Site, found: Transaction) -> Sequence[Reading]:
    """Its readings as they are meant, whatever the charge point gets wrong. Blocks."""
    readings = site.queries.readings(found.id)
    quirks = quirks_of(site, site.queries.station(found.identity))
    return corrected_readings(quirks, readings) if quirks else readings
