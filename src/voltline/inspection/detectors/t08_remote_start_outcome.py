"""T08: remote starts that were refused, or accepted and never became a transaction."""

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from typing import Annotated, NamedTuple

from voltline.inspection.detector import Detector, DetectorSettings, chosen
from voltline.inspection.events import Answered, Call, Disconnected, Event, Exchange
from voltline.inspection.exchanges import connector_of, status_of, text_of
from voltline.inspection.facts import Facts
from voltline.inspection.findings import Finding, Severity, Who
from voltline.messages import AuthorizationStatus, IdTagInfo
from voltline.messages.types import doc

_MOST_PENDING = 50


class Settings(DetectorSettings, frozen=True):
    """How many failures are normal, and how long a driver has for plugging in."""

    warning_above: Annotated[int, doc("More failures than this are a warning: users need telling how.")] = 5
    error_above: Annotated[int, doc("More than this are an error: the firmware is at fault.")] = 50
    connection_timeout_s: Annotated[
        int, doc("ConnectionTimeOut, where the charge point has not told its own.", unit="s")
    ] = 120
    slack_s: Annotated[float, doc("Added to ConnectionTimeOut.", unit="s")] = 60.0


class _Pending(NamedTuple):
    asked: Exchange
    tag: str
    connector: int | None
    until: datetime


class RemoteStartOutcome(Detector):
    """RemoteStartTransaction that led to no transaction."""

    id = "T08"
    title = "Remote start without effect"
    severity = Severity.INFO
    basis = ("OCPP 1.6, 5.11", "errata 3.32", "OCPP 1.6, 9.1.6")
    who = Who.DRIVER
    next_step = "Show the driver in the app to plug in first, and what the charge point waits for."
    explanation = (
        "The answer to RemoteStartTransaction says only whether the charge point will try. Rejected usually "
        "means that the connector was not ready: no cable, occupied, out of service. Accepted without "
        "a transaction means that the cable was not plugged within ConnectionTimeOut, or that the tag was "
        "refused afterwards. A few are user mistakes; many are a fault of the firmware or the app."
    )
    events = (Call, Answered, Disconnected)
    actions = chosen(
        call={"StartTransaction", "Authorize", "Heartbeat", "StatusNotification"},
        answered={"RemoteStartTransaction", "Authorize"},
    )
    waits_with = "_pending"
    settings: Settings = Settings()

    def __init__(self, settings: Settings | None = None) -> None:
        super().__init__(settings)
        self._pending: list[_Pending] = []
        self._rejected = 0
        self._failed = 0

    def see(self, event: Event, facts: Facts) -> Iterable[Finding]:
        """Wait for the StartTransaction of each accepted one."""
        return () if not self._pending and type(event) is Call else self._look(event, facts)

    def _look(self, event: Event, facts: Facts) -> Iterator[Finding]:
        if isinstance(event, Disconnected):
            self._pending.clear()  # the StartTransaction may be queued for long
            return
        assert isinstance(event, Call | Answered)
        exchange = event.exchange
        if isinstance(event, Answered):
            if exchange.name == "RemoteStartTransaction" and not exchange.from_station:
                yield from self._answered(exchange, event.at, facts)
            elif exchange.name == "Authorize":
                self._authorized(exchange)
        elif exchange.name == "StartTransaction":
            self._settle(text_of(exchange, "id_tag"), connector_of(exchange))
        if self._pending:
            yield from self._over(facts)

    def gap(self, facts: Facts) -> None:
        """The transactions may have begun there."""
        self._pending.clear()

    def lapsed(self, facts: Facts) -> Iterator[Finding]:
        """Those whose time is over by now."""
        yield from self._over(facts)

    def _answered(self, exchange: Exchange, at: datetime | None, facts: Facts) -> Iterator[Finding]:
        status, connector = status_of(exchange), connector_of(exchange)
        if status == "Rejected":
            self._rejected += 1
            yield self.finding(
                facts,
                f"RemoteStartTransaction was rejected; {_state(facts, connector)}.",
                exchange.records,
                connector=connector,
                title="Remote start rejected",
                severity=self._severity(self._rejected),
                who=Who.CHARGER_MAKER if self._rejected > self.settings.error_above else None,
            )
        elif status == "Accepted" and at is not None:
            timeout = facts.number("ConnectionTimeOut") or self.settings.connection_timeout_s
            until = at + timedelta(seconds=timeout + self.settings.slack_s)
            tag = (text_of(exchange, "id_tag") or "").casefold()
            self._pending.append(_Pending(exchange, tag, connector, until))
            del self._pending[:-_MOST_PENDING]

    def _authorized(self, exchange: Exchange) -> None:
        """Refused after all: that is T06's matter."""
        info = getattr(exchange.response, "id_tag_info", None)
        if isinstance(info, IdTagInfo) and info.status is not AuthorizationStatus.ACCEPTED:
            self._settle(text_of(exchange, "id_tag"), None)

    def _settle(self, tag: str | None, connector: int | None) -> None:
        folded = None if tag is None else tag.casefold()
        self._pending = [
            one
            for one in self._pending
            if not (
                folded in (None, one.tag)
                and (connector is None or one.connector is None or connector == one.connector)
            )
        ]

    def _over(self, facts: Facts) -> Iterator[Finding]:
        if facts.now is None:
            return
        late = [one for one in self._pending if facts.now > one.until]
        if not late:
            return
        self._pending = [one for one in self._pending if facts.now <= one.until]
        for one in late:
            self._failed += 1
            yield self.finding(
                facts,
                "RemoteStartTransaction was accepted, and no transaction began within ConnectionTimeOut.",
                one.asked.records,
                connector=one.connector,
                title="Remote start accepted, nothing began",
                severity=self._severity(self._failed),
                who=Who.CHARGER_MAKER if self._failed > self.settings.error_above else None,
            )

    def _severity(self, count: int) -> Severity:
        if count > self.settings.error_above:
            return Severity.ERROR
        return Severity.WARNING if count > self.settings.warning_above else Severity.INFO


def _state(facts: Facts, connector: int | None) -> str:
    known = [
        f"connector {number} was {one.status}"
        for number, one in sorted(facts.connectors.items())
        if number > 0 and one.status is not None and connector in (None, number)
    ]
    return ", ".join(known) or "the state of the connector is not known"
