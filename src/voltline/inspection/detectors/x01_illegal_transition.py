"""X01: a connector goes from one state to another as the table of OCPP 1.6 does not have it."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Annotated, Final

import msgspec

from voltline.inspection.detector import Detector, DetectorSettings
from voltline.inspection.events import Call, Connected, Disconnected, Event, Exchange
from voltline.inspection.facts import Facts
from voltline.inspection.findings import Finding, Severity, Who
from voltline.messages import ChargePointStatus, StatusNotification
from voltline.messages.types import doc

_A, _P, _C = ChargePointStatus.AVAILABLE, ChargePointStatus.PREPARING, ChargePointStatus.CHARGING
_V, _E = ChargePointStatus.SUSPENDED_EV, ChargePointStatus.SUSPENDED_EVSE
_F, _R = ChargePointStatus.FINISHING, ChargePointStatus.RESERVED
_U, _X = ChargePointStatus.UNAVAILABLE, ChargePointStatus.FAULTED

TRANSITIONS: Final[Mapping[ChargePointStatus, frozenset[ChargePointStatus]]] = {
    _A: frozenset({_P, _C, _V, _E, _R, _U, _X}),
    _P: frozenset({_A, _C, _V, _E, _F, _X}),
    _C: frozenset({_A, _V, _E, _F, _U, _X}),
    _V: frozenset({_A, _C, _E, _F, _U, _X}),
    _E: frozenset({_A, _C, _V, _F, _U, _X}),
    _F: frozenset({_A, _P, _U, _X}),
    _R: frozenset({_A, _P, _U, _X}),
    _U: frozenset({_A, _P, _C, _V, _E, _X}),
    _X: frozenset({_A, _P, _C, _V, _E, _F, _R, _U}),
}
"""OCPP 1.6, 4.9, with B6 of errata 3.20."""
_OF_CONNECTOR_0: Final = frozenset({_A, _U, _X})


class Settings(DetectorSettings, frozen=True):
    """When it is more than a curiosity."""

    warning_above: Annotated[int, doc("More than so many on one connector are a warning.")] = 5


class _Seen(msgspec.Struct, frozen=True, gc=False):
    status: ChargePointStatus
    at: datetime | None
    report: Exchange


class IllegalTransition(Detector):
    """A status that cannot follow the one before, or that connector 0 cannot have."""

    id = "X01"
    title = "Illegal change of state"
    severity = Severity.INFO
    basis = ("OCPP 1.6, 4.9", "errata 3.19", "errata 3.20")
    who = Who.CHARGER_MAKER
    next_step = "Ask the maker which event the charge point takes for which change of state."
    explanation = (
        "OCPP 1.6 lists 53 changes of a connector's state; every other one is a report that got lost or a "
        "mistake of the firmware, such as Charging to Preparing, SuspendedEVSE to Preparing, Finishing to "
        "Charging. Available to Charging and Charging to Available are legal. Not judged: the first report "
        "after a boot or a reconnect, states told again, and charge points that leave out short states "
        "(MinimumStatusDuration)."
    )
    events = (Call, Connected, Disconnected)
    actions = frozenset({"StatusNotification", "BootNotification"})
    settings: Settings = Settings()

    def __init__(self, settings: Settings | None = None) -> None:
        super().__init__(settings)
        self._seen: dict[int, _Seen] = {}
        self._count: dict[int, int] = {}

    def gap(self, facts: Facts) -> None:
        """States in between are not in the log."""
        self._seen.clear()

    def see(self, event: Event, facts: Facts) -> Iterable[Finding]:
        """Compare each state with the one before it."""
        if type(event) is not Call:
            self._seen.clear()  # what happened meanwhile was not told
            return ()
        exchange = event.exchange
        report = exchange.request
        if type(report) is not StatusNotification:  # a boot, or a state that cannot be read
            self._seen.clear()
            return ()
        number, status, at = report.connector_id, report.status, exchange.told_at or exchange.call.at
        before = self._seen.get(number)
        if before is not None and before.at is not None and at is not None and at < before.at:
            return ()  # an older one, delivered late
        self._seen[number] = _Seen(status, at, exchange)
        if number == 0:
            return () if status in _OF_CONNECTOR_0 else self._of_connector_0(exchange, status, facts)
        if before is None or before.status is status:
            return ()
        allowed = TRANSITIONS.get(before.status)
        if allowed is None or status in allowed:
            return ()
        return self._judged(before, exchange, number, status, facts)

    def _of_connector_0(
        self, exchange: Exchange, status: ChargePointStatus, facts: Facts
    ) -> Iterator[Finding]:
        if status.is_known:
            yield self.finding(
                facts,
                f"Connector 0 reported {status}; it can be Available, Unavailable or Faulted only.",
                (exchange.call,),
                connector=0,
                title="State that connector 0 cannot have",
            )

    def _judged(
        self, before: _Seen, exchange: Exchange, number: int, status: ChargePointStatus, facts: Facts
    ) -> Iterator[Finding]:
        if not status.is_known or facts.number("MinimumStatusDuration"):
            return
        count = self._count[number] = self._count.get(number, 0) + 1
        yield self.finding(
            facts,
            f"The connector went from {before.status} to {status}.",
            (before.report.call, exchange.call),
            connector=number,
            severity=Severity.WARNING if count > self.settings.warning_above else None,
        )
