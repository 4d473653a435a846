"""T01: a transaction whose id the charge point never learned."""

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from typing import Annotated, NamedTuple

import msgspec
from msgspec import UNSET

from voltline.inspection.detector import Detector, DetectorSettings, chosen
from voltline.inspection.events import Answered, Call, Event, Exchange, Unanswered, UnansweredCause
from voltline.inspection.exchanges import connector_of, station_time, text_of, transaction_of
from voltline.inspection.facts import Facts
from voltline.inspection.findings import Finding, Severity, Who
from voltline.messages import ChargePointStatus, MeterValues, StartTransactionResponse
from voltline.messages.types import doc
from voltline.wire.frame_types import CallResultFrame

NO_ID = -1
"""What a charge point sends for an id that it was never given. Errata 3.18."""
_IN_USE = frozenset(
    {ChargePointStatus.CHARGING, ChargePointStatus.SUSPENDED_EV, ChargePointStatus.SUSPENDED_EVSE}
)


class Settings(DetectorSettings, frozen=True):
    """How long a StartTransaction may be tried again before its id counts as lost."""

    retried_for_s: Annotated[
        float, doc("After this a StartTransaction without a usable answer counts as lost.", unit="s")
    ] = 300.0


class _Unconfirmed(NamedTuple):
    start: Exchange
    why: str
    told: bool = False


class LostTransactionId(Detector):
    """A StartTransaction without an id in return, and what is sent under -1 after that."""

    id = "T01"
    title = "Lost transaction id"
    severity = Severity.CRITICAL
    basis = ("errata 3.18", "OCPP 1.6, 6.46")
    who = Who.BACK_END
    next_step = (
        "Find out why StartTransaction was not answered with a transaction id, and bill this session by hand "
        "from the charge point, start and stop time and the meter readings."
    )
    explanation = (
        "The central system gives each transaction its id in the answer to StartTransaction. If that answer "
        "is lost, is an error or has no id, the charge point has to go on with transactionId -1, and the "
        "central system has to accept that. So -1 is right behaviour and a symptom: the energy belongs to no "
        "known transaction. An id of 0 is a legal id. Harmless if a repeated StartTransaction got its id."
    )
    events = (Call, Answered, Unanswered)
    actions = chosen(call={"StopTransaction", "MeterValues"}, answered={"StartTransaction"})
    settings: Settings = Settings()

    def __init__(self, settings: Settings | None = None) -> None:
        super().__init__(settings)
        self._unconfirmed: dict[int | None, _Unconfirmed] = {}
        self._hole_at: datetime | None = None
        self._used_id: Exchange | None = None
        """The latest start whose answer the log lacks, while the charge point shows that it has its id."""

    def rests(self, facts: Facts) -> bool:
        """While every start has its answer: an id that goes on is as right as it was."""
        return not self._unconfirmed

    def see(self, event: Event, facts: Facts) -> Iterable[Finding]:
        """Hold unconfirmed starts until a retry succeeds, -1 comes, or time is over."""
        if not self._unconfirmed and type(event) is Call:
            request = event.exchange.request
            if isinstance(request, MeterValues):
                transaction = request.transaction_id
                if transaction is UNSET:
                    return ()
                known = facts.connectors.get(request.connector_id)
                session = None if known is None else known.session
                start = None if session is None else session.start
                if transaction > 0 and (start is None or start.answer is not None):
                    return ()
        return self._look(event, facts)

    def _look(self, event: Event, facts: Facts) -> Iterator[Finding]:
        assert isinstance(event, Call | Answered | Unanswered)
        exchange = event.exchange
        if exchange.name == "StartTransaction":
            if isinstance(event, Answered):
                yield from self._answered(exchange, facts)
            elif isinstance(event, Unanswered) and self._is_lost(event, facts):
                self._unconfirmed[connector_of(exchange)] = _Unconfirmed(exchange, "was never answered")
            return
        if isinstance(event, Call) and exchange.from_station:
            yield from self._used(exchange, facts)

    def gap(self, facts: Facts) -> None:
        """Answers may stand there."""
        self._hole_at = facts.now

    def lapsed(self, facts: Facts) -> Iterator[Finding]:
        """A start that had time enough for its retries and got no id."""
        for connector, one in self._unconfirmed.items():
            begun = one.start.call.at
            if one.told or begun is None or facts.now is None:
                continue
            if facts.now - begun > timedelta(seconds=self.settings.retried_for_s):
                self._unconfirmed[connector] = one._replace(told=True)
                yield self._lost(facts, connector, one)

    def _answered(self, exchange: Exchange, facts: Facts) -> Iterator[Finding]:
        connector = connector_of(exchange)
        before = self._unconfirmed.get(connector)
        if exchange.answer is not None and exchange.answer.truncated:
            self._unconfirmed.pop(connector, None)
        elif exchange.error is not None:
            why = f"was answered with the error {exchange.error.code}"
            self._unconfirmed[connector] = _Unconfirmed(exchange, why)
        elif not _has_id(exchange):
            lost = _Unconfirmed(exchange, "was answered without a transactionId", told=True)
            self._unconfirmed[connector] = lost
            yield self._lost(facts, connector, lost)
        elif before is not None:
            del self._unconfirmed[connector]
            if not before.told and not _same_start(before.start, exchange):
                yield self._lost(facts, connector, before)

    def _used(self, exchange: Exchange, facts: Facts) -> Iterator[Finding]:
        """A StopTransaction or MeterValues: under which id?"""
        transaction = transaction_of(exchange)
        if transaction is None:
            return
        stop = exchange.name == "StopTransaction"
        connector = connector_of(exchange)
        if transaction != NO_ID and not self._unconfirmed:
            known = None if connector is None else facts.connectors.get(connector)
            session = None if known is None else known.session
            start = None if session is None else session.start
            if start is not None and start.answer is None and transaction > 0:
                self._used_id = start
            return
        if stop and connector is None and len(self._unconfirmed) == 1:
            connector = next(iter(self._unconfirmed))
        one = self._unconfirmed.get(connector)
        if transaction != NO_ID:
            # It has an id after all: the answer came, and only the log lacks it.
            session = facts.sessions.get(transaction)
            others = session is not None and session.start not in (None, None if one is None else one.start)
            if one is not None and transaction > 0 and not others:
                del self._unconfirmed[connector]
            return
        if stop:
            self._unconfirmed.pop(connector, None)
        elif one is None:
            status = facts.connectors[connector].status if connector in facts.connectors else None
            if status not in _IN_USE:
                return  # -1 in the values of an idle connector means no transaction
        why = (
            f"its StartTransaction {one.why}" if one is not None else "its StartTransaction is not in the log"
        )
        yield self.finding(
            facts,
            f"{exchange.name} came with transactionId -1: the charge point has no id for it; {why}.",
            (*(() if one is None else one.start.records), exchange.call),
            connector=connector,
        )

    def _is_lost(self, event: Unanswered, facts: Facts) -> bool:
        if event.cause is UnansweredCause.LOG_ENDED or event.exchange is self._used_id:
            return False
        begun = event.exchange.call.at
        if self._hole_at is not None and begun is not None and begun < self._hole_at:
            return False
        return facts.listens_to(station=False) and not event.exchange.call.truncated

    def _lost(self, facts: Facts, connector: int | None, one: _Unconfirmed) -> Finding:
        tag = text_of(one.start, "id_tag") or "?"
        return self.finding(
            facts,
            f"The StartTransaction of id tag {tag} at {station_time(one.start)} {one.why}.",
            one.start.records,
            connector=connector,
        )


def _same_start(one: Exchange, other: Exchange) -> bool:
    return (station_time(one), text_of(one, "id_tag")) == (station_time(other), text_of(other, "id_tag"))


def _has_id(exchange: Exchange) -> bool:
    if isinstance(exchange.response, StartTransactionResponse):
        return True
    result = exchange.result
    if not isinstance(result, CallResultFrame):
        return False
    try:
        payload = msgspec.json.decode(result.payload)
    except msgspec.DecodeError:
        return False
    # The answer may be unusable for another reason; an id in it is one that the charge point has.
    return isinstance(payload, dict) and isinstance(payload.get("transactionId"), int)
