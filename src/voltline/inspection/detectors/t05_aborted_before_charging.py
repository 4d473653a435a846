"""T05: a driver was let in, and the charge point gave up before the transaction began."""

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from typing import Annotated

import msgspec

from voltline.inspection.detector import Detector, DetectorSettings, chosen
from voltline.inspection.events import Answered, Call, Event, Exchange
from voltline.inspection.exchanges import connector_of, seconds_between, status_of, text_of
from voltline.inspection.facts import Facts
from voltline.inspection.findings import Finding, Severity, Who
from voltline.messages import AuthorizationStatus, AuthorizeResponse, ChargePointStatus, StatusNotification
from voltline.messages.types import doc

_REMOTE_START_LASTS = timedelta(minutes=2)


class Settings(DetectorSettings, frozen=True):
    """How quick and how frequent."""

    within_s: Annotated[float, doc("From Authorize to Finishing, at most.", unit="s")] = 30.0
    warning_from: Annotated[int, doc("So many aborts on one connector are a warning.")] = 3
    error_from: Annotated[int, doc("So many are an error.")] = 10
    error_share: Annotated[float, doc("So large a share of the attempts is an error.")] = 0.10
    fewest_attempts: Annotated[int, doc("The share counts from so many attempts on.")] = 20


class _Attempts(msgspec.Struct, gc=False):
    preparing: Exchange | None = None
    let_in: Exchange | None = None
    started: int = 0
    aborted: int = 0


class AbortedBeforeCharging(Detector):
    """Preparing, the tag accepted, Finishing; and no StartTransaction."""

    id = "T05"
    title = "Aborted before charging"
    severity = Severity.INFO
    basis = ("errata 3.20 (B6)", "OCPP 1.6, 4.9")
    who = Who.CHARGER_MAKER
    next_step = (
        "Ask what the vehicle and the charge point said to each other: look at the vehicle side (pilot "
        "signal, lock, temperature) in the charge point's own log at these times."
    )
    explanation = (
        "The connector was Preparing, the id tag was accepted, and instead of beginning a transaction the "
        "charge point went to Finishing within seconds. Once, that is a driver who changed his mind; often, "
        "it is a fault between charge point and vehicle that no error code tells. Not counted: Preparing to "
        "Finishing without a tag (legal time-out), a tag that stops a session, another connector's Finishing."
    )
    events = (Call, Answered)
    actions = chosen(
        call={"StartTransaction", "StatusNotification"}, answered={"Authorize", "RemoteStartTransaction"}
    )
    settings: Settings = Settings()

    def __init__(self, settings: Settings | None = None) -> None:
        super().__init__(settings)
        self._connectors: dict[int, _Attempts] = {}
        self._remote_at: datetime | None = None

    def see(self, event: Event, facts: Facts) -> Iterable[Finding]:
        """Follow each connector from Preparing on."""
        exchange: Exchange = event.exchange  # type: ignore[attr-defined]  # all of `events` have one
        request = exchange.request
        if type(request) is StatusNotification:
            return self._reported(exchange, request, facts) if request.connector_id > 0 else ()
        if type(event) is Answered:
            if exchange.name == "Authorize":
                self._answered(exchange, event.at, facts)
            elif exchange.name == "RemoteStartTransaction" and status_of(exchange) == "Accepted":
                self._remote_at = event.at
        elif exchange.name == "StartTransaction":
            connector = connector_of(exchange)
            for number, attempts in self._connectors.items():
                if connector in (None, number):
                    attempts.let_in = None
                    attempts.started += 1
        return ()

    def _answered(self, exchange: Exchange, at: datetime | None, facts: Facts) -> None:
        response = exchange.response
        if not isinstance(response, AuthorizeResponse):
            return
        if response.id_tag_info.status is not AuthorizationStatus.ACCEPTED:
            return
        remote = self._remote_at
        if remote is not None and at is not None and at - remote < _REMOTE_START_LASTS:
            return  # the charge point asks about the tag of the remote start
        tag = (text_of(exchange, "id_tag") or "").casefold()
        running = (one.session for one in facts.connectors.values() if one.session is not None)
        if any((one.id_tag or "").casefold() == tag for one in running):
            return  # it stops its own session
        waiting = [one for one in self._connectors.values() if one.preparing is not None]
        if len(waiting) == 1:  # with two it cannot be told whose driver it is
            waiting[0].let_in = exchange

    def _reported(self, exchange: Exchange, report: StatusNotification, facts: Facts) -> Iterable[Finding]:
        attempts = self._connectors.get(report.connector_id)
        if attempts is None:
            attempts = self._connectors[report.connector_id] = _Attempts()
        if report.status is ChargePointStatus.PREPARING:
            attempts.preparing = attempts.preparing or exchange
            return ()
        preparing, let_in = attempts.preparing, attempts.let_in
        attempts.preparing = attempts.let_in = None
        if preparing is None or let_in is None or report.status is not ChargePointStatus.FINISHING:
            return ()
        return self._judged(exchange, attempts, preparing, let_in, report.connector_id, facts)

    def _judged(
        self,
        exchange: Exchange,
        attempts: _Attempts,
        preparing: Exchange,
        let_in: Exchange,
        connector: int,
        facts: Facts,
    ) -> Iterator[Finding]:
        took = seconds_between(let_in.answered_at, exchange.call.at)
        if took is not None and took > self.settings.within_s:
            return
        attempts.aborted += 1
        after = "" if took is None else f" {took:.0f} s after it"
        yield self.finding(
            facts,
            f"The id tag was accepted, no transaction began, and the connector was Finishing{after}: "
            f"{attempts.aborted} of {attempts.aborted + attempts.started} attempts.",
            (preparing.call, *let_in.records, exchange.call),
            connector=connector,
            severity=self._severity(attempts),
        )

    def _severity(self, attempts: _Attempts) -> Severity:
        count, most = attempts.aborted, attempts.aborted + attempts.started
        often = most >= self.settings.fewest_attempts and count / most > self.settings.error_share
        if count >= self.settings.error_from or often:
            return Severity.ERROR
        return Severity.WARNING if count >= self.settings.warning_from else Severity.INFO
