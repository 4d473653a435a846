"""C10: bursts of ChangeConfiguration, again and again."""

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Annotated

from voltline.inspection.detector import Detector, DetectorSettings
from voltline.inspection.events import Call, Connected, Event, Exchange
from voltline.inspection.exchanges import seconds_between
from voltline.inspection.facts import Facts
from voltline.inspection.findings import Finding, Severity, Who
from voltline.inspection.records import Record
from voltline.messages import ChargePointErrorCode, ChargePointStatus, StatusNotification
from voltline.messages.types import doc


class Settings(DetectorSettings, frozen=True):
    """What is a storm, and what makes it worse."""

    changes: Annotated[int, doc("So many changes in a row are a storm.")] = 8
    gap_s: Annotated[float, doc("At most so far apart.", unit="s")] = 3.0
    bad: Annotated[int, doc("So many changes in one storm are an error.")] = 20
    after_connection_s: Annotated[
        float, doc("A storm so soon after a connection or boot belongs to it.", unit="s")
    ] = 30.0
    around_fault_s: Annotated[
        float, doc("A fault so near to a storm is told with it, as an error.", unit="s")
    ] = 45.0


class ConfigurationStorm(Detector):
    """The same configuration, written anew after every connection."""

    id = "C10"
    title = "Configuration written again and again"
    severity = Severity.WARNING
    basis = ("OCPP 1.6, 5.3",)
    who = Who.BACK_END
    next_step = "Let the back-end compare the configuration with what it wants, and write only what differs."
    explanation = (
        "A back-end that writes many keys at every reconnection keeps the charge point busy, wears its "
        "memory, and may trigger a restart or a fault in the middle of a session. The first such burst in "
        "a log is the commissioning and no fault: only repeats are told, those with a fault close by as an "
        "error."
    )
    events = (Call, Connected)
    actions = frozenset({"ChangeConfiguration", "BootNotification", "StatusNotification"})
    settings: Settings = Settings()

    def __init__(self, settings: Settings | None = None) -> None:
        super().__init__(settings)
        self._last_at: datetime | None = None
        self._first: Record | None = None
        self._length = 0
        self._storms = 0
        self._began_at: datetime | None = None
        self._fault: tuple[datetime, Record] | None = None
        self._storm_at: datetime | None = None

    def see(self, event: Event, facts: Facts) -> Iterable[Finding]:
        """Count changes in a row."""
        if type(event) is not Call:
            self._began_at = event.at
            return ()
        exchange = event.exchange
        if exchange.name == "StatusNotification":
            report = exchange.request
            if type(report) is not StatusNotification or (
                report.error_code is ChargePointErrorCode.NO_ERROR
                and report.status is not ChargePointStatus.FAULTED
            ):
                return ()
            return tuple(self._fault_near(exchange, report, facts))
        if exchange.name == "BootNotification":
            self._began_at = event.at
            return ()
        return tuple(self._changed(exchange, facts)) if not exchange.from_station else ()

    def _changed(self, exchange: Exchange, facts: Facts) -> Iterator[Finding]:
        apart_s = seconds_between(self._last_at, exchange.asked_at)
        self._last_at = exchange.asked_at
        if apart_s is None or apart_s > self.settings.gap_s:
            self._length, self._first = 0, exchange.call
        self._length += 1
        if self._length == self.settings.changes:
            self._storms += 1
        if self._storms < 2 or self._length not in (self.settings.changes, self.settings.bad):
            return
        self._storm_at = exchange.asked_at
        begins_s = seconds_between(self._began_at, None if self._first is None else self._first.at)
        after = begins_s is not None and 0 <= begins_s <= self.settings.after_connection_s
        fault = self._fault
        near = fault is not None and self._is_near(fault[0], exchange.asked_at)
        records = [self._first or exchange.call, exchange.call, *([fault[1]] if fault and near else [])]
        yield self.finding(
            facts,
            f"{self._length} changes of the configuration in a "
            f"row{', right after a connection' if after else ''}{', close to a fault' if near else ''}; it "
            f"is burst {self._storms} of this log.",
            records,
            severity=Severity.ERROR if near or self._length >= self.settings.bad else None,
            count=1 if self._length == self.settings.changes else 0,
        )

    def _fault_near(self, exchange: Exchange, report: StatusNotification, facts: Facts) -> Iterator[Finding]:
        if exchange.asked_at is None:
            return
        self._fault = (exchange.asked_at, exchange.call)
        if self._storm_at is not None and self._is_near(self._storm_at, exchange.asked_at):
            self._storm_at = None
            yield self.finding(
                facts,
                f"Connector {report.connector_id} reported {report.status}, {report.error_code}, right "
                f"after a burst of {self._length} changes of the configuration.",
                (exchange.call,),
                severity=Severity.ERROR,
                count=0,
            )

    def _is_near(self, one: datetime, other: datetime | None) -> bool:
        apart_s = seconds_between(one, other)
        return apart_s is not None and abs(apart_s) <= self.settings.around_fault_s
