"""X03: faults that a connector reports."""

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Annotated, Final

import msgspec

from voltline.inspection.detector import Detector, DetectorSettings
from voltline.inspection.events import Call, Event
from voltline.inspection.exchanges import seconds_between
from voltline.inspection.facts import Facts
from voltline.inspection.findings import Finding, Severity, Who
from voltline.inspection.records import Record
from voltline.messages import ChargePointErrorCode, ChargePointStatus, StatusNotification
from voltline.messages.types import doc

_NO_ERROR = ChargePointErrorCode.NO_ERROR
_FAULTED = ChargePointStatus.FAULTED
_MILD: Final = frozenset(
    {
        ChargePointErrorCode.EV_COMMUNICATION_ERROR,
        ChargePointErrorCode.WEAK_SIGNAL,
        ChargePointErrorCode.LOCAL_LIST_CONFLICT,
    }
)
"""Codes that need no Faulted."""
_WHO: Final = {
    ChargePointErrorCode.LOCAL_LIST_CONFLICT: Who.BACK_END,
    ChargePointErrorCode.GROUND_FAILURE: Who.SITE,
    ChargePointErrorCode.WEAK_SIGNAL: Who.SITE,
    ChargePointErrorCode.OVER_VOLTAGE: Who.SITE,
    ChargePointErrorCode.UNDER_VOLTAGE: Who.SITE,
}


class Settings(DetectorSettings, frozen=True):
    """How long a transaction may stay open on a faulted connector."""

    stop_within_s: Annotated[
        float, doc("A transaction on a Faulted connector ought to be stopped by then.", unit="s")
    ] = 900.0


class _Fault(msgspec.Struct, gc=False):
    code: ChargePointErrorCode
    status: ChargePointStatus
    since: datetime | None
    record: Record
    open_told: bool = False


class Fault(Detector):
    """Faulted, or an error code other than NoError."""

    id = "X03"
    title = "Fault"
    severity = Severity.ERROR
    basis = ("OCPP 1.6, 7.6", "OCPP 1.6, 7.7")
    who = Who.CHARGER_MAKER
    next_step = "Look up the vendor's own error code, and whether the fault comes back at the same load."
    explanation = (
        "The charge point reports an error by its code, and Faulted if it cannot charge because of it. "
        "EVCommunicationError, WeakSignal and LocalListConflict come without Faulted. Faulted with NoError "
        "tells that something is wrong and hides what. A transaction that stays open on a faulted connector "
        "will have a wrong end. The same fault told again is counted once."
    )
    events = (Call,)
    actions = frozenset({"StatusNotification", "Heartbeat"})
    waits_with = "_faults"
    settings: Settings = Settings()

    def __init__(self, settings: Settings | None = None) -> None:
        super().__init__(settings)
        self._faults: dict[int, _Fault] = {}
        self._seen: dict[tuple[int, str], int] = {}

    def see(self, event: Event, facts: Facts) -> Iterable[Finding]:
        """A fault when it begins; its length when it ends is in the next one's text."""
        report = event.exchange.request  # type: ignore[attr-defined]  # all of `events` have one
        if (
            not self._faults
            and type(report) is StatusNotification
            and report.error_code is _NO_ERROR
            and report.status is not _FAULTED
        ):
            return ()
        return self._look(report, event, facts)

    def _look(self, report: object, event: Event, facts: Facts) -> Iterator[Finding]:
        if isinstance(report, StatusNotification):
            yield from self._reported(report, event, facts)
        for number, fault in self._faults.items():
            yield from self._left_open(number, fault, event.at, facts)

    def lapsed(self, facts: Facts) -> Iterator[Finding]:
        """A transaction may be open for too long by now."""
        for number, fault in self._faults.items():
            yield from self._left_open(number, fault, facts.now, facts)

    def _reported(self, report: StatusNotification, event: Event, facts: Facts) -> Iterator[Finding]:
        number, code, status = report.connector_id, report.error_code, report.status
        faulted = status is ChargePointStatus.FAULTED
        before = self._faults.get(number)
        if not faulted and (code is _NO_ERROR or code == ""):
            self._faults.pop(number, None)
            return
        if before is not None and before.code == code and (before.status is status or code is not _NO_ERROR):
            before.status = status
            return
        self._faults[number] = _Fault(code, status, event.at, event.record)
        if faulted and (code is _NO_ERROR or code == ""):
            title, severity = "Faulted without an error code", Severity.WARNING
        else:
            title, severity = f"{self.title}: {code}", None
            if not faulted or code in _MILD:
                severity = Severity.WARNING
        # Bounded: a connector that reports codes without end is no longer counted by code.
        key = (number, str(code)) if len(self._seen) < 1000 else (number, "")
        times = self._seen[key] = self._seen.get(key, 0) + 1
        vendor = report.vendor_error_code if isinstance(report.vendor_error_code, str) else ""
        info = report.info if isinstance(report.info, str) else ""
        more = ", ".join(one for one in (vendor and f"vendor code {vendor}", info) if one)
        yield self.finding(
            facts,
            f"{status} with {code or 'no error code'}"
            + (f" ({more})" if more else "")
            + f", {times} times so far.",
            (event.record,),
            connector=number,
            title=title,
            severity=severity,
            who=_WHO.get(code),
        )

    def _left_open(self, number: int, fault: _Fault, now: datetime | None, facts: Facts) -> Iterator[Finding]:
        if fault.open_told or fault.status is not ChargePointStatus.FAULTED:
            return
        connector = facts.connectors.get(number)
        lasted = seconds_between(fault.since, now)
        if connector is None or connector.session is None or lasted is None:
            return
        if lasted > self.settings.stop_within_s:
            fault.open_told = True
            yield self.finding(
                facts,
                f"Transaction {connector.session.transaction_id} was still open {lasted / 60:.0f} min after "
                f"the connector became Faulted.",
                (fault.record,),
                connector=number,
                title="Transaction left open on a faulted connector",
                severity=Severity.WARNING,
            )
