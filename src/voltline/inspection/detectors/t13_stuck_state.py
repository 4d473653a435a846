"""T13: a connector that stays in a state which should pass."""

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Annotated

import msgspec

from voltline.inspection.detector import Detector, DetectorSettings
from voltline.inspection.events import Call, Event, Exchange
from voltline.inspection.exchanges import seconds_between
from voltline.inspection.facts import Connector, Facts
from voltline.inspection.findings import Finding, Severity, Who
from voltline.messages import ChargePointStatus, ChargingRateUnit, StartTransaction, StatusNotification
from voltline.messages.types import doc
from voltline.smart_charging.stack import Session as LimitedSession
from voltline.smart_charging.stack import limit_at

_PASSING = frozenset(
    {ChargePointStatus.PREPARING, ChargePointStatus.FINISHING, ChargePointStatus.SUSPENDED_EVSE}
)
_IN_SESSION = frozenset(
    {ChargePointStatus.CHARGING, ChargePointStatus.SUSPENDED_EV, ChargePointStatus.SUSPENDED_EVSE}
)
_LEAST_CURRENT_A = 6.0


class Settings(DetectorSettings, frozen=True):
    """How long a state may last."""

    longest_s: Annotated[float, doc("A passing state that lasts longer is stuck.", unit="s")] = 1800.0
    slack_s: Annotated[float, doc("Added to ConnectionTimeOut.", unit="s")] = 60.0


class _State(msgspec.Struct, gc=False):
    status: ChargePointStatus
    since: datetime | None
    report: Exchange
    before: ChargePointStatus | None
    told: bool = False
    over: bool = False
    """Another state has just followed."""


class StuckState(Detector):
    """Preparing, Finishing or SuspendedEVSE for more than half an hour."""

    id = "T13"
    title = "Connector stuck"
    severity = Severity.WARNING
    basis = ("OCPP 1.6, 4.9", "errata 3.89", "OCPP 1.6, 9.1.6")
    who = Who.SITE
    next_step = "See whether a vehicle is parked there; if not, restart the charge point and tell the maker."
    explanation = (
        "Preparing passes when the session begins or ConnectionTimeOut is over; SuspendedEVSE when the limit "
        "is lifted; Finishing when the cable is unplugged. A connector that stays in one of them is blocked "
        "for the next driver. A car that stays parked after its charge keeps the connector Finishing, one "
        "that waits for its hour keeps it Preparing until it is charged, and a limit under 6 A, or the "
        "site's own control, keeps it SuspendedEVSE: all are as they should be and not told."
    )
    events = (Call,)
    actions = frozenset(
        {
            "StatusNotification",
            "Heartbeat",
            "StartTransaction",
            "BootNotification",
            "SetChargingProfile",
            "ClearChargingProfile",
        }
    )
    waits_with = "_states"
    settings: Settings = Settings()

    def __init__(self, settings: Settings | None = None) -> None:
        super().__init__(settings)
        self._states: dict[int, _State] = {}
        self._limits_unknown = False

    def see(self, event: Event, facts: Facts) -> Iterable[Finding]:
        """Measure how long each state has lasted by now."""
        exchange: Exchange = event.exchange  # type: ignore[attr-defined]  # all of `events` have one
        states = self._states
        found: list[Finding] = []
        if states:
            self._begin_charging(exchange, facts)
            found += self._judge(event.at, facts)
        report = exchange.request
        if type(report) is StatusNotification and report.connector_id > 0:
            before = states.get(report.connector_id)
            if before is not None and before.status is not report.status:
                before.over = True
                found += self._judge(event.at, facts)
                del states[report.connector_id]
            if report.status in _PASSING and report.connector_id not in states:
                known = facts.connectors.get(report.connector_id)
                previous = None if known is None else known.previous_status
                states[report.connector_id] = _State(report.status, event.at, exchange, previous)
        elif report is None and exchange.name == "SetChargingProfile":
            self._limits_unknown = True  # the log cut it off
        return found

    def _begin_charging(self, exchange: Exchange, facts: Facts) -> None:
        """A vehicle that is charged at last waited for its hour, or for the sun: it blocked nobody."""
        request = exchange.request
        if isinstance(request, StartTransaction) or (
            isinstance(request, StatusNotification) and request.status in _IN_SESSION
        ):
            state = self._states.get(request.connector_id)
            goes_on = isinstance(request, StartTransaction) or request.status is not (state and state.status)
            if state is not None and goes_on and _may_wait(state, facts):
                del self._states[request.connector_id]

    def gap(self, facts: Facts) -> None:
        """States may have changed there, and come back."""
        self._states.clear()
        self._limits_unknown = True

    def lapsed(self, facts: Facts) -> Iterator[Finding]:
        """Each state has lasted longer by now."""
        yield from self._judge(facts.now, facts)

    def _judge(self, now: datetime | None, facts: Facts) -> Iterator[Finding]:
        for number, state in self._states.items():
            if state.told:
                continue
            if not (state.over or facts.live or facts.ended) and _may_wait(state, facts):
                continue  # told when it is not charged after all
            if state.status is ChargePointStatus.SUSPENDED_EVSE and (
                self._limits_unknown or _held_back(number, facts)
            ):
                state.since = now  # what is held back is not stuck: its time counts from the limit's end
                continue
            lasted = seconds_between(state.since, now)
            if lasted is None or not self._is_stuck(number, state, lasted, facts):
                continue
            state.told = True
            yield self.finding(
                facts,
                f"The connector was {state.status} for {_span(lasted)}.",
                (state.report.call,),
                connector=number,
                title=f"{self.title} in {state.status}",
                last_at=now,
            )

    def _is_stuck(self, number: int, state: _State, lasted: float, facts: Facts) -> bool:
        if _is_parked(state, facts.connectors.get(number)):
            return False
        longest_s = self.settings.longest_s
        if state.status is ChargePointStatus.PREPARING:
            timeout = facts.number("ConnectionTimeOut") or 0
            longest_s = max(longest_s, timeout + self.settings.slack_s)
        return lasted > longest_s


def _is_parked(state: _State, connector: Connector | None) -> bool:
    """Whether a car stands there after its charge: Finishing, or what some charge points say instead."""
    if connector is None:
        return False
    if state.status is ChargePointStatus.FINISHING:
        charged = connector.last_session is not None or connector.session is not None
        return charged or state.before in _IN_SESSION
    ended = connector.session is None and connector.last_session is not None
    return ended and (state.before in _IN_SESSION or state.before is ChargePointStatus.FINISHING)


def _may_wait(state: _State, facts: Facts) -> bool:
    """Whether a state may be one of waiting for an hour or for power, as a site's own control has it."""
    if state.status is ChargePointStatus.SUSPENDED_EVSE:
        return not facts.profiles  # what a profile allows it should take
    return state.status is ChargePointStatus.PREPARING


def _held_back(number: int, facts: Facts) -> bool:
    """Whether a known profile allows less than a vehicle can charge with, or one that the log lacks may."""
    if not facts.hears_central or (facts.calls_from_central and not facts.listens_to(station=True)):
        return True
    if facts.now is None or not facts.profiles:
        return False
    connector = facts.connectors.get(number)
    session = None if connector is None else connector.session
    begun = None if session is None else session.started_at
    limited = LimitedSession(
        None if session is None else session.transaction_id, number, begun or facts.first_at or facts.now
    )
    limit = limit_at(facts.profiles, number, facts.now, limited)
    return limit is not None and limit.in_unit(ChargingRateUnit.A) < _LEAST_CURRENT_A


def _span(seconds: float) -> str:
    return f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:.1f} h"
