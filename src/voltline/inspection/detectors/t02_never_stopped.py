"""T02: a transaction that began and, as far as the log shows, never stopped."""

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from typing import Annotated

import msgspec

from voltline.inspection.detector import Detector, DetectorSettings, chosen
from voltline.inspection.events import Answered, Call, Event, Exchange
from voltline.inspection.exchanges import connector_of, station_time, status_of, text_of, transaction_of
from voltline.inspection.facts import Facts
from voltline.inspection.findings import Finding, Severity, Who
from voltline.inspection.records import Record
from voltline.messages import ChargePointStatus, StartTransactionResponse, StatusNotification
from voltline.messages.types import doc

_IN_USE = frozenset(
    {ChargePointStatus.CHARGING, ChargePointStatus.SUSPENDED_EV, ChargePointStatus.SUSPENDED_EVSE}
)
_RESET_LASTS = timedelta(minutes=10)
_RESET = "a reset was commanded"
"""What that loses is T10's matter."""
_GAP = "the log has a hole"
"""Its StopTransaction may stand there."""
_MOST_OPEN = 500


class Settings(DetectorSettings, frozen=True):
    """How long to wait for a late StopTransaction."""

    waited_for_s: Annotated[
        float, doc("A StopTransaction may come so long after the transaction seems over.", unit="s")
    ] = 600.0


class _Open(msgspec.Struct, gc=False):
    start: Exchange
    connector: int | None
    doubted_since: datetime | None = None
    why: str = ""
    seen: Record | None = None
    replaced: bool = False


class NeverStopped(Detector):
    """StartTransaction without StopTransaction, though the connector went on to something else."""

    id = "T02"
    title = "Transaction never stopped"
    severity = Severity.ERROR
    basis = ("errata 3.36", "OCPP 1.6, 4.10")
    who = Who.CHARGER_MAKER
    next_step = (
        "Close the transaction by hand with the last meter reading seen, and ask the maker why "
        "StopTransaction was neither sent nor queued."
    )
    explanation = (
        "Every transaction ends with a StopTransaction, which the charge point keeps and repeats until it is "
        "answered, over a reboot too. One that never comes leaves a transaction open in the central system "
        "for ever and its energy unbilled. At the end of a log nothing is known; a transaction that goes on "
        "under its id after a reconnect or a reboot is alive."
    )
    events = (Call, Answered)
    actions = chosen(
        call={
            "StartTransaction",
            "StopTransaction",
            "MeterValues",
            "BootNotification",
            "StatusNotification",
            "Heartbeat",
        },
        answered={"StartTransaction", "Reset"},
    )
    waits_with = "_doubted"
    settings: Settings = Settings()

    def __init__(self, settings: Settings | None = None) -> None:
        super().__init__(settings)
        self._open: dict[int, _Open] = {}
        self._doubted = 0
        self._reset_at: datetime | None = None

    def see(self, event: Event, facts: Facts) -> Iterable[Finding]:
        """Doubt a transaction when its connector goes on without it; tell when no message of it follows."""
        exchange: Exchange = event.exchange  # type: ignore[attr-defined]  # all of `events` have one
        if type(event) is Call:
            if self._open and exchange.from_station:
                self._called(exchange, event)
        elif exchange.name == "StartTransaction":
            self._started(exchange, event)
        elif exchange.name == "Reset" and status_of(exchange) == "Accepted":
            self._reset_at = event.at
        return self._over(event.at, facts) if self._doubted and event.at is not None else ()

    def gap(self, facts: Facts) -> None:
        """Open transactions may have ended there."""
        self._set_aside(_GAP)

    def lapsed(self, facts: Facts) -> Iterator[Finding]:
        """A doubted one may have been waited for long enough."""
        if facts.now is not None:
            yield from self._over(facts.now, facts)

    def end(self, facts: Facts) -> Iterator[Finding]:
        """Where the next transaction has begun, no StopTransaction of the old one may follow any more."""
        for transaction, one in list(self._open.items()):
            if one.replaced:
                yield self._never(facts, transaction, one)
        yield from self.lapsed(facts)

    def _started(self, exchange: Exchange, event: Event) -> None:
        response = exchange.response
        if not isinstance(response, StartTransactionResponse):
            return
        connector = connector_of(exchange)
        for transaction, one in list(self._open.items()):
            if one.connector != connector or transaction == response.transaction_id:
                continue
            if _same_start(one.start, exchange):
                del self._open[transaction]  # a retry with another id: for T09
            elif one.why in (_RESET, _GAP):
                self._trust(transaction, gone=True)
            else:
                self._doubt(one, event, "the next transaction began on the connector")
                one.replaced = True
        self._open[response.transaction_id] = _Open(exchange, connector)
        if len(self._open) > _MOST_OPEN:
            self._trust(next(iter(self._open)), gone=True)

    def _called(self, exchange: Exchange, event: Event) -> None:
        name = exchange.name
        if name == "StopTransaction":
            if exchange.request is None:
                self._forget()  # which one it stops cannot be read
            else:
                self._trust(transaction_of(exchange), gone=True)
        elif name == "MeterValues":
            if self._doubted:
                self._trust(transaction_of(exchange))
        elif name == "BootNotification":
            reset = self._reset_at
            if reset is not None and event.at is not None and event.at - reset < _RESET_LASTS:
                self._set_aside(_RESET)
                return
            for one in self._open.values():
                self._doubt(one, event, "the charge point booted")
        elif name == "StatusNotification" and isinstance(exchange.request, StatusNotification):
            self._reported(exchange.request, event)

    def _reported(self, report: StatusNotification, event: Event) -> None:
        for transaction, one in self._open.items():
            if one.connector != report.connector_id or one.replaced:
                continue
            if report.status is ChargePointStatus.AVAILABLE:
                self._doubt(one, event, "the connector became Available")
            elif report.status in _IN_USE and one.why not in (_RESET, _GAP):
                self._trust(transaction)

    def _set_aside(self, why: str) -> None:
        """What becomes of the open ones is not judged here, unless they show that they go on."""
        for one in self._open.values():
            if not one.why:
                self._doubted += 1
            one.why, one.doubted_since, one.replaced = why, None, False

    def _doubt(self, one: _Open, event: Event, why: str) -> None:
        if one.doubted_since is None and not one.why:
            self._doubted += 1
            one.doubted_since, one.why, one.seen = event.at, why, event.record

    def _trust(self, transaction: int | None, *, gone: bool = False) -> None:
        one = None if transaction is None else self._open.get(transaction)
        if one is None or transaction is None:
            return
        if one.why:
            self._doubted -= 1
            one.doubted_since, one.why, one.seen, one.replaced = None, "", None, False
        if gone:
            del self._open[transaction]

    def _forget(self) -> None:
        self._open.clear()
        self._doubted = 0

    def _over(self, now: datetime, facts: Facts) -> Iterator[Finding]:
        wait = timedelta(seconds=self.settings.waited_for_s)
        for transaction, one in list(self._open.items()):
            if one.doubted_since is not None and now - one.doubted_since > wait:
                yield self._never(facts, transaction, one)

    def _never(self, facts: Facts, transaction: int, one: _Open) -> Finding:
        records = (*one.start.records, *(() if one.seen is None else (one.seen,)))
        why = one.why
        self._trust(transaction, gone=True)
        return self.finding(
            facts,
            f"Transaction {transaction} of {station_time(one.start)} has no StopTransaction, though {why}.",
            records,
            connector=one.connector,
        )


def _same_start(one: Exchange, other: Exchange) -> bool:
    return (station_time(one), text_of(one, "id_tag")) == (station_time(other), text_of(other, "id_tag"))
