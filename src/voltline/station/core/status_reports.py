"""Which status goes out when (OCPP 1.6, 4.9 and 9.1.20)."""

from datetime import datetime

from voltline.messages import UNSET, ChargePointErrorCode, ChargePointStatus, StatusNotification
from voltline.station.core.bench import Bench
from voltline.station.core.connectors import Connector, Connectors, Fault
from voltline.station.core.happenings import Failed, Failure
from voltline.station.core.outbox import Leave, Outbox
from voltline.station.core.registration import Registration
from voltline.station.core.timers import Timer

Shown = tuple[ChargePointStatus, Fault | None]


class StatusReports:
    """Reports every change while online, and after an absence only what differs from the last report."""

    def __init__(self, bench: Bench, outbox: Outbox, registration: Registration) -> None:
        self._bench = bench
        self._outbox = outbox
        self._registration = registration
        self._reported: dict[int, Shown] = {}
        self._lasting: dict[int, tuple[str, datetime]] = {}
        """Changes that have not lasted long enough: what is to be said of them, and when they came."""

    def changed(self, connector: Connector, info: str = "") -> None:
        """Report a change if it lasts; offline only the state itself is kept (OCPP 1.6, 4.9, rule 3)."""
        if not self._registration.online:
            return
        bench = self._bench
        duration_s = bench.hardware.status_delay_s + bench.configuration.number("MinimumStatusDuration")
        if duration_s > 0:
            self._lasting[connector.id] = (info, bench.timestamp)
            bench.wait(Timer.STATUS, duration_s, connector.id)
        else:
            self.report(connector, Leave.ANYTHING, info)

    def lasted(self, connector: Connector) -> None:
        """The status of the connector has held long enough to be told, unless it is what was told before."""
        info, since = self._lasting.pop(connector.id)
        if self._registration.online and self._is_news(connector):
            self.report(connector, Leave.ANYTHING, info, since)

    def report_all(self, connectors: Connectors) -> None:
        """Report connector 0 and every other one, as acceptance demands (errata 3.22)."""
        for connector in connectors:
            self.report(connector, Leave.ANYTHING)

    def _is_news(self, connector: Connector) -> bool:
        return self._reported.get(connector.id) != (connector.shown, connector.shown_fault)

    def report_differences(self, connectors: Connectors) -> None:
        """Report what has another state than was last reported (OCPP 1.6, 4.9, rule 1)."""
        for connector in connectors:
            if self._is_news(connector):
                self.report(connector, Leave.ANYTHING)

    def report(
        self, connector: Connector, leave: Leave, info: str = "", since: datetime | None = None
    ) -> None:
        """Report the state as it is now, and has been `since`."""
        fault = connector.shown_fault
        shown: Shown = (connector.shown, fault)
        before = self._reported.get(connector.id)
        self._reported[connector.id] = shown

        def failed(failure: Failed) -> None:
            # Lost with the connection: the difference is to be seen at the next one.
            if failure.failure is Failure.LOST and self._reported.get(connector.id) is shown:
                if before is None:
                    del self._reported[connector.id]
                else:
                    self._reported[connector.id] = before

        notification = self._notification(connector, fault, info, since)
        self._outbox.post(notification, failed=failed, leave=leave)

    def mention(self, connector: Connector, error_code: ChargePointErrorCode, info: str) -> None:
        """Report an error that is over as soon as it is told; a lasting one is told again after it."""
        if not self._registration.online:
            return
        fault = Fault(error_code=error_code, blocking=False, info=info)
        self._outbox.post(self._notification(connector, fault, ""))
        if connector.shown_fault is not None:
            self.report(connector, Leave.ANYTHING)

    def forget(self) -> None:
        """After a reboot the central system has been told nothing."""
        self._reported.clear()
        self._lasting.clear()

    def _notification(
        self, connector: Connector, fault: Fault | None, info: str, since: datetime | None = None
    ) -> StatusNotification:
        text = info or (fault.info if fault else "")
        return StatusNotification(
            connector_id=connector.id,
            error_code=fault.error_code if fault else ChargePointErrorCode.NO_ERROR,
            status=connector.shown,
            timestamp=since or self._bench.timestamp,
            info=text[:50] or UNSET,
            vendor_error_code=fault.vendor_error_code[:50] or UNSET if fault else UNSET,
        )
