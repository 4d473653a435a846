"""T03: a StopTransaction or MeterValues of a transaction that never started."""

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Annotated, NamedTuple

from msgspec import UNSET

from voltline.inspection.detector import Detector, DetectorSettings, chosen
from voltline.inspection.events import Answered, Call, Event, Exchange
from voltline.inspection.exchanges import connector_of, seconds_between, transaction_of
from voltline.inspection.facts import Facts
from voltline.inspection.findings import Finding, Severity, Who
from voltline.inspection.payload_times import told_time
from voltline.messages import (
    ChargePointStatus,
    MeterValues,
    StartTransactionResponse,
    StatusNotification,
    StopTransaction,
)
from voltline.messages.types import doc

_MOST_KNOWN = 2_000


class Settings(DetectorSettings, frozen=True):
    """How sure it has to be that the transaction did not begin before the log."""

    idle_for_s: Annotated[
        float, doc("A stop so soon after the connector was first seen free may be a queued one.", unit="s")
    ] = 60.0


class _Idle(NamedTuple):
    logged_at: datetime | None
    station_at: datetime | None


class UnknownTransaction(Detector):
    """Messages of a transaction whose StartTransaction was never sent."""

    id = "T03"
    title = "Transaction without a start"
    severity = Severity.WARNING
    basis = ("OCPP 1.6, 4.8", "OCPP 1.6, 4.10")
    who = Who.CHARGER_MAKER
    next_step = (
        "Look in the charge point's own log for the start of this transaction and why it was not sent."
    )
    explanation = (
        "A StopTransaction or MeterValues carries a transaction id that no StartTransaction in the log was "
        "given, though the connector had been seen free since the log began. Not told where the transaction "
        "may have begun before the log, where the log lost the start or its answer, and for idle values that "
        "carry transactionId 0."
    )
    events = (Call, Answered)
    actions = chosen(
        call={"StartTransaction", "StopTransaction", "MeterValues", "StatusNotification"},
        answered={"StartTransaction"},
    )
    settings: Settings = Settings()

    def __init__(self, settings: Settings | None = None) -> None:
        super().__init__(settings)
        self._known: dict[int, None] = {}
        self._idle: dict[int, _Idle] = {}
        self._unconfirmed: set[int | None] = set()

    def rests(self, facts: Facts) -> bool:
        """An id that goes on has been judged."""
        return True

    def see(self, event: Event, facts: Facts) -> Iterable[Finding]:
        """Know every id that was given; judge the others where the connector was free before."""
        exchange: Exchange = event.exchange  # type: ignore[attr-defined]  # all of `events` have one
        request = exchange.request
        if type(request) is MeterValues:
            transaction = request.transaction_id
            if transaction is UNSET:
                return ()
            if transaction in self._known:
                self._know(transaction)  # anew: one that goes on outlasts any number of others
                return ()
        elif type(request) is StatusNotification:
            if exchange.from_station:
                self._reported(exchange, request)
            return ()
        return self._look(event, facts)

    def gap(self, facts: Facts) -> None:
        """A transaction may have begun there."""
        self._idle.clear()

    def _look(self, event: Event, facts: Facts) -> Iterator[Finding]:
        assert isinstance(event, Call | Answered)
        exchange = event.exchange
        if not exchange.from_station:
            return
        if isinstance(event, Answered):
            if exchange.name == "StartTransaction" and isinstance(
                exchange.response, StartTransactionResponse
            ):
                self._unconfirmed.discard(connector_of(exchange))
                self._know(exchange.response.transaction_id)
            return
        if exchange.name == "MeterValues":
            transaction = transaction_of(exchange)
            if transaction is not None and transaction > 0 and transaction not in self._known:
                yield from self._metered(exchange, transaction, facts)
        elif exchange.name == "StartTransaction":
            connector = connector_of(exchange)
            self._unconfirmed.add(connector)
            if connector is None:
                self._idle.clear()  # unreadable: it may be any of them
            else:
                self._idle.pop(connector, None)
        elif isinstance(exchange.request, StopTransaction):
            yield from self._stopped(exchange, exchange.request, facts)

    def _know(self, transaction: int) -> None:
        self._known.pop(transaction, None)
        self._known[transaction] = None  # the one heard of last is the last
        if len(self._known) > _MOST_KNOWN:
            del self._known[next(iter(self._known))]

    def _reported(self, exchange: Exchange, report: StatusNotification) -> None:
        if report.status is ChargePointStatus.AVAILABLE and report.connector_id > 0:
            at = report.timestamp if isinstance(report.timestamp, datetime) else None
            self._idle.setdefault(report.connector_id, _Idle(exchange.call.at, at))

    def _metered(self, exchange: Exchange, transaction: int, facts: Facts) -> Iterator[Finding]:
        connector = connector_of(exchange)
        unconfirmed = connector in self._unconfirmed or None in self._unconfirmed
        idle = None if connector is None else self._idle.get(connector)
        adopted = unconfirmed or idle is None or facts.replaying or _is_older(exchange, idle)
        self._unconfirmed.discard(connector)
        self._know(transaction)  # told once, or it is from before the log
        if not adopted:
            yield self.finding(
                facts,
                f"MeterValues of transaction {transaction}, though no transaction began on the connector "
                "since it was seen Available.",
                (exchange.call,),
                connector=connector,
            )

    def _stopped(self, exchange: Exchange, stop: StopTransaction, facts: Facts) -> Iterator[Finding]:
        transaction = stop.transaction_id
        if transaction in self._known or transaction == -1:
            return
        self._know(transaction)
        if self._unconfirmed:
            if len(self._unconfirmed) == 1:
                self._unconfirmed.clear()
            return
        connectors = [number for number in facts.connectors if number > 0]
        if not connectors or any(number not in self._idle for number in connectors):
            return
        for idle in (self._idle[number] for number in connectors):
            since = (
                seconds_between(idle.logged_at, exchange.call.at)
                if idle.station_at is None
                else seconds_between(idle.station_at, stop.timestamp)
            )
            if since is None or since < self.settings.idle_for_s:
                return
        yield self.finding(
            facts,
            f"StopTransaction of transaction {transaction}, though no transaction of that id began since "
            "every connector was seen Available.",
            (exchange.call,),
        )


def _is_older(exchange: Exchange, idle: _Idle) -> bool:
    """Whether the values were taken before the connector was seen free: a queue delivered them."""
    taken_at = told_time(exchange.request)
    return taken_at is not None and idle.station_at is not None and taken_at < idle.station_at
