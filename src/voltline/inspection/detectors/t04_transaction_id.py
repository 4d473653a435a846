"""T04: transaction ids that change, are given twice, or do not fit 32 bits."""

from collections.abc import Iterable, Iterator
from typing import Annotated, NamedTuple

from voltline.inspection.detector import Detector, DetectorSettings, chosen
from voltline.inspection.events import Answered, Call, Event, Exchange
from voltline.inspection.exchanges import connector_of, station_time, text_of, transaction_of
from voltline.inspection.facts import Facts
from voltline.inspection.findings import Finding, Severity, Who
from voltline.inspection.records import Record
from voltline.messages import StartTransactionResponse
from voltline.messages.types import doc

_MOST_KNOWN = 2_000


class Settings(DetectorSettings, frozen=True):
    """Which ids are suspicious by their size."""

    largest_id: Annotated[int, doc("Ids above this are told: many charge points keep 32 bits.")] = 2**31 - 1


class _Given(NamedTuple):
    key: tuple[object, ...]
    answer: Record | None


class TransactionIdTrouble(Detector):
    """An id is given by the central system, once, and stays with its transaction."""

    id = "T04"
    title = "Transaction id changes"
    severity = Severity.WARNING
    basis = ("errata 3.54", "OCPP 1.6, 6.46")
    who = Who.CHARGER_MAKER
    next_step = "Compare the ids of this session's messages with the answer to its StartTransaction."
    explanation = (
        "The id of a transaction comes with the answer to StartTransaction, and every message of the "
        "transaction carries it unchanged. An id that changes, or was given to another transaction before, "
        "mixes up the readings of two bills. Ids beyond 32 bits are legal, yet many charge points cut them "
        "off. The answer to a repeated StartTransaction rightly has the same id; values of an earlier "
        "transaction that come late rightly have the earlier one's."
    )
    events = (Call, Answered)
    actions = chosen(call={"StopTransaction", "MeterValues"}, answered={"StartTransaction"})
    settings: Settings = Settings()

    def __init__(self, settings: Settings | None = None) -> None:
        super().__init__(settings)
        self._given: dict[int, _Given] = {}
        self._running: dict[int, int] = {}

    def rests(self, facts: Facts) -> bool:
        """An id that goes on has been judged."""
        return True

    def see(self, event: Event, facts: Facts) -> Iterable[Finding]:
        """Remember which start each id was given to, and compare."""
        if type(event) is Call and event.exchange.name == "MeterValues":
            transaction = transaction_of(event.exchange)
            if transaction is None:
                return ()
            given = self._given.pop(transaction, None)
            if given is not None:
                self._given[transaction] = given  # last again: one that goes on outlasts any number of others
                return ()
        return self._look(event, facts)

    def gap(self, facts: Facts) -> None:
        """Another transaction may have begun there."""
        self._running.clear()

    def _look(self, event: Event, facts: Facts) -> Iterator[Finding]:
        assert isinstance(event, Call | Answered)
        exchange = event.exchange
        if not exchange.from_station:
            return
        if exchange.name == "StartTransaction":
            if isinstance(event, Answered) and isinstance(exchange.response, StartTransactionResponse):
                yield from self._answered(exchange, exchange.response.transaction_id, facts)
        elif isinstance(event, Call):
            transaction = transaction_of(exchange)
            if exchange.name == "StopTransaction":
                for connector, running in list(self._running.items()):
                    if running == transaction or transaction is None:
                        del self._running[connector]
            elif transaction is not None and transaction > 0:
                yield from self._metered(exchange, transaction, facts)

    def _answered(self, exchange: Exchange, transaction: int, facts: Facts) -> Iterator[Finding]:
        connector = connector_of(exchange)
        key = (connector, station_time(exchange), (text_of(exchange, "id_tag") or "").casefold())
        before = self._given.pop(transaction, None)
        self._given[transaction] = _Given(key, exchange.answer)
        if len(self._given) > _MOST_KNOWN:
            del self._given[next(iter(self._given))]
        if connector is not None:
            self._running[connector] = transaction
        if before is not None and before.key != key:
            records = (*(() if before.answer is None else (before.answer,)), *exchange.records)
            yield self.finding(
                facts,
                f"Transaction id {transaction} was given to another StartTransaction before.",
                records,
                connector=connector,
                title="Transaction id given twice",
                who=Who.BACK_END,
                next_step="Make transaction ids unique, at least for each charge point.",
            )
        if transaction > self.settings.largest_id:
            yield self.finding(
                facts,
                f"Transaction id {transaction} is above {self.settings.largest_id}.",
                exchange.records,
                connector=connector,
                title="Transaction id is very large",
                who=Who.BACK_END,
                next_step="Give smaller ids, or make sure that this charge point returns them unchanged.",
            )

    def _metered(self, exchange: Exchange, transaction: int, facts: Facts) -> Iterator[Finding]:
        connector = connector_of(exchange)
        running = None if connector is None else self._running.get(connector)
        if connector is None or running is None or running == transaction or transaction in self._given:
            return
        self._running[connector] = transaction
        given = self._given.get(running)
        records = (*(() if given is None or given.answer is None else (given.answer,)), exchange.call)
        yield self.finding(
            facts,
            f"MeterValues came with transaction id {transaction} while transaction {running} runs.",
            records,
            connector=connector,
        )
