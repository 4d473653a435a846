"""T09: the same start sent twice though it was answered, or two transactions at once on a connector."""

from collections.abc import Iterable, Iterator
from datetime import datetime

import msgspec

from voltline.inspection.detector import Detector, DetectorSettings, chosen
from voltline.inspection.events import Answered, Call, Event, Exchange
from voltline.inspection.exchanges import connector_of, transaction_of
from voltline.inspection.facts import Facts
from voltline.inspection.findings import Finding, Severity, Who
from voltline.messages import (
    AuthorizationStatus,
    StartTransaction,
    StartTransactionResponse,
    StopTransaction,
)

_MOST_REMEMBERED = 500


class _Start(msgspec.Struct, gc=False):
    exchange: Exchange
    request: StartTransaction
    transaction: int | None = None
    """None while it has no usable answer."""


class DuplicateStart(Detector):
    """Two StartTransactions for one session, or a second session on a connector before the first ended."""

    id = "T09"
    title = "Start of a transaction sent twice"
    severity = Severity.ERROR
    basis = ("OCPP 1.6, 4.8", "OCPP 1.6, 3.7.1")
    who = Who.CHARGER_MAKER
    next_step = "Ask the maker why StartTransaction was repeated after it had been answered."
    explanation = (
        "A charge point repeats StartTransaction, with a new message id, only if it got no answer; the "
        "central system must then give the same transaction id again, and not refuse the tag as one that "
        "charges already. A repeat after an answer, or a repeat that is given another id, makes two bills of "
        "one session. A connector has one transaction at a time: a second one that begins while the first "
        "still sends values makes overlapping bills."
    )
    events = (Call, Answered)
    actions = chosen(
        call={"StartTransaction", "StopTransaction", "MeterValues"}, answered={"StartTransaction"}
    )
    waits_with = "_replaced"

    def __init__(self, settings: DetectorSettings | None = None) -> None:
        super().__init__(settings)
        self._starts: dict[tuple[object, ...], _Start] = {}
        self._running: dict[int, _Start] = {}
        self._replaced: dict[int, tuple[_Start, _Start]] = {}
        """By the older transaction's id: it, and the one that began before its end."""

    def see(self, event: Event, facts: Facts) -> Iterable[Finding]:
        """Compare each start with those before it."""
        exchange: Exchange = event.exchange  # type: ignore[attr-defined]  # all of `events` have one
        request = exchange.request
        if type(request) is StartTransaction:
            asked = type(event) is Call
            return (self._asked if asked else self._answered)(exchange, request, facts)
        found: Iterable[Finding] = ()
        if type(event) is Call and exchange.from_station:
            transaction = transaction_of(exchange)
            if self._replaced and transaction in self._replaced:
                found = tuple(self._overlapping(exchange, transaction, facts))
            if type(request) is StopTransaction:
                for connector, running in list(self._running.items()):
                    if running.transaction == transaction:
                        del self._running[connector]
        return found

    def _asked(self, exchange: Exchange, request: StartTransaction, facts: Facts) -> Iterator[Finding]:
        key = _key(request)
        before = self._starts.get(key)
        if before is None:
            self._starts[key] = _Start(exchange, request)
            if len(self._starts) > _MOST_REMEMBERED:
                del self._starts[next(iter(self._starts))]
        elif before.transaction is not None and before.exchange.connection == exchange.connection:
            # On another connection the answer may have been lost on its way: a rightful retry.
            yield self.finding(
                facts,
                f"StartTransaction came again after it had been answered with {before.transaction}.",
                (*before.exchange.records, exchange.call),
                connector=request.connector_id,
            )

    def _answered(self, exchange: Exchange, request: StartTransaction, facts: Facts) -> Iterator[Finding]:
        response = exchange.response
        if not isinstance(response, StartTransactionResponse):
            return
        start = self._starts.setdefault(_key(request), _Start(exchange, request))
        transaction, known = response.transaction_id, start.transaction
        repeated = exchange is not start.exchange
        if repeated and known is not None and known != transaction:
            yield self.finding(
                facts,
                f"A repeated StartTransaction was given id {transaction}; it had been given {known} before.",
                (*start.exchange.records, *exchange.records),
                connector=request.connector_id,
                title="Repeated start was given another id",
                who=Who.BACK_END,
                next_step="Find a start again by charge point, connector, id tag and timestamp, and answer "
                "with its id.",
            )
        elif repeated and response.id_tag_info.status is AuthorizationStatus.CONCURRENT_TX:
            yield self.finding(
                facts,
                "A repeated StartTransaction was answered ConcurrentTx: the session was held against itself.",
                (*start.exchange.records, *exchange.records),
                connector=request.connector_id,
                title="Repeated start was refused as concurrent",
                who=Who.BACK_END,
                next_step="Look for the earlier start before checking whether the tag is in another session.",
            )
        if not repeated or known is None:
            start.exchange, start.transaction = exchange, transaction
        running = self._running.get(request.connector_id)
        if running is not None and running is not start and running.transaction is not None:
            self._replaced[running.transaction] = (running, start)
            if len(self._replaced) > _MOST_REMEMBERED:
                del self._replaced[next(iter(self._replaced))]
        self._running[request.connector_id] = start

    def _overlapping(self, exchange: Exchange, transaction: int | None, facts: Facts) -> Iterator[Finding]:
        """The older transaction shows a sign of life: was that after the newer one began?"""
        assert transaction is not None
        older, newer = self._replaced[transaction]
        at = _latest_time(exchange)
        if isinstance(exchange.request, StopTransaction):
            del self._replaced[transaction]
        if at is None or at <= newer.request.timestamp:
            return  # it was only delivered late
        self._replaced.pop(transaction, None)
        yield self.finding(
            facts,
            f"Transaction {newer.transaction} began on its connector while {transaction} went on.",
            (older.exchange.call, newer.exchange.call, exchange.call),
            connector=connector_of(newer.exchange),
            title="Two transactions at once on a connector",
            next_step="Compare start and stop of both with the meter readings before billing either.",
        )


def _key(request: StartTransaction) -> tuple[object, ...]:
    return request.connector_id, request.timestamp, request.id_tag.casefold()


def _latest_time(exchange: Exchange) -> datetime | None:
    request = exchange.request
    if isinstance(request, StopTransaction):
        return request.timestamp
    values = getattr(request, "meter_value", None) or []
    return max((value.timestamp for value in values), default=None)
