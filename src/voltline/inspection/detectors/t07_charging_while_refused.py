"""T07: energy flows in a transaction whose id tag was refused."""

from collections.abc import Iterable, Iterator
from typing import Annotated

import msgspec

from voltline.inspection.detector import Detector, DetectorSettings, chosen
from voltline.inspection.events import Answered, Call, Event, Exchange
from voltline.inspection.exchanges import connector_of, seconds_between
from voltline.inspection.facts import Facts
from voltline.inspection.findings import Finding, Severity, Who
from voltline.inspection.meters import register_wh
from voltline.messages import (
    AuthorizationStatus,
    ChargePointStatus,
    MeterValues,
    StartTransactionResponse,
    StatusNotification,
    StopTransaction,
)
from voltline.messages.types import doc


class Settings(DetectorSettings, frozen=True):
    """How quick a charge point has to be."""

    grace_s: Annotated[float, doc("Charging may go on so long after the refusal.", unit="s")] = 15.0
    energy_wh: Annotated[float, doc("So much may flow after the grace time.", unit="Wh")] = 50.0


class _Refused(msgspec.Struct, gc=False):
    start: Exchange
    transaction: int
    status: AuthorizationStatus
    register_wh: float | None = None
    told: bool = False


class ChargingWhileRefused(Detector):
    """The answer to StartTransaction was not Accepted, and the vehicle charges all the same."""

    id = "T07"
    title = "Charging though the id tag was refused"
    severity = Severity.ERROR
    basis = ("errata 3.17", "OCPP 1.6, 3.5.4")
    who = Who.CHARGER_MAKER
    next_step = (
        "Check StopTransactionOnInvalidId and MaxEnergyOnInvalidId on the charge point; if they do not "
        "explain it, its firmware ignores the verdict."
    )
    explanation = (
        "When StartTransaction is answered with anything but Accepted the charge point stops it, "
        "or with StopTransactionOnInvalidId=false only suspends the energy. MaxEnergyOnInvalidId allows a "
        "fixed amount of energy first. Anything beyond will be paid for by nobody. A transaction that "
        "took place offline, and was told of afterwards, is no fault."
    )
    events = (Call, Answered)
    actions = chosen(
        call={"StopTransaction", "MeterValues", "StatusNotification"}, answered={"StartTransaction"}
    )
    waits_with = "_refused"
    settings: Settings = Settings()

    def __init__(self, settings: Settings | None = None) -> None:
        super().__init__(settings)
        self._refused: dict[int, _Refused] = {}

    def see(self, event: Event, facts: Facts) -> Iterable[Finding]:
        """Watch the connector from the refusal to the stop."""
        if not self._refused and type(event) is not Answered:
            return ()
        return self._look(event, facts)

    def _look(self, event: Event, facts: Facts) -> Iterator[Finding]:
        assert isinstance(event, Call | Answered)
        exchange = event.exchange
        if isinstance(event, Answered):
            if exchange.name == "StartTransaction":
                self._answered(exchange, facts)
            return
        if not self._refused:
            return
        request = exchange.request
        if isinstance(request, StopTransaction):
            for number, one in list(self._refused.items()):
                if one.transaction == request.transaction_id:
                    del self._refused[number]
            return
        connector = connector_of(exchange)
        one_refused = None if connector is None else self._refused.get(connector)
        if one_refused is None or one_refused.told:
            return
        since = seconds_between(one_refused.start.answered_at, exchange.call.at)
        if since is not None and since <= self.settings.grace_s:
            return
        if isinstance(request, MeterValues):
            yield from self._metered(exchange, request, one_refused, facts)
        elif isinstance(request, StatusNotification) and connector is not None:
            if request.status is ChargePointStatus.CHARGING and not facts.number("MaxEnergyOnInvalidId"):
                yield self._told(facts, one_refused, exchange, "the connector reports Charging")
            elif request.status is ChargePointStatus.AVAILABLE:
                del self._refused[connector]

    def _answered(self, exchange: Exchange, facts: Facts) -> None:
        response, connector = exchange.response, connector_of(exchange)
        if connector is None or not isinstance(response, StartTransactionResponse):
            return
        self._refused.pop(connector, None)
        status = response.id_tag_info.status
        if status is not AuthorizationStatus.ACCEPTED and not facts.replaying:
            self._refused[connector] = _Refused(exchange, response.transaction_id, status)

    def _metered(
        self, exchange: Exchange, values: MeterValues, one: _Refused, facts: Facts
    ) -> Iterator[Finding]:
        for value in values.meter_value:
            register = register_wh(value)
            if register is None:
                continue
            if one.register_wh is None:
                one.register_wh = register
            flown = register - one.register_wh
            allowed = self.settings.energy_wh + (facts.number("MaxEnergyOnInvalidId") or 0)
            if flown > allowed:
                yield self._told(facts, one, exchange, f"{flown:.0f} Wh have flown since")
                return

    def _told(self, facts: Facts, one: _Refused, exchange: Exchange, what: str) -> Finding:
        one.told = True
        return self.finding(
            facts,
            f"StartTransaction {one.transaction} was answered {one.status}, and {what}.",
            (*one.start.records, exchange.call),
            connector=connector_of(exchange),
        )
