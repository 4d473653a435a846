"""Which status goes out when (OCPP 1.6, 4.9)."""

from voltline.messages import UNSET, ChargePointErrorCode, ChargePointStatus, StatusNotification
from voltline.station.core.bench import Bench
from voltline.station.core.connectors import Connector, Connectors, Fault
from voltline.station.core.happenings import Failed, Failure
from voltline.station.core.outbox import Leave, Outbox
from voltline.station.core.registration import Registration

Shown = tuple[ChargePointStatus, Fault | None]


class StatusReports:
    """Reports every change while online, and after an absence only what differs from the last report."""

    def __init__(self, bench: Bench, outbox: Outbox, registration: Registration) -> None:
        self._bench = bench
        self._outbox = outbox
        self._registration = registration
        self._reported: dict[int, Shown] = {}

    def changed(self, connector: Connector, info: str = "") -> None:
        """Report a change; while offline only the state itself is kept (OCPP 1.6, 4.9, rule 3)."""
        if self._registration.online:
            self.report(connector, Leave.ANYTHING, info)

    def report_all(self, connectors: Connectors) -> None:
        """Report connector 0 and every other one, as acceptance demands (errata 3.22)."""
        for connector in connectors:
            self.report(connector, Leave.ANYTHING)

    def report_differences(self, connectors: Connectors) -> None:
        """Report what has another state than was last reported (OCPP 1.6, 4.9, rule 1)."""
        for connector in connectors:
            if self._reported.get(connector.id) != (connector.shown, connector.shown_fault):
                self.report(connector, Leave.ANYTHING)

    def report(self, connector: Connector, leave: Leave, info: str = "") -> None:
        """Report the state as it is now."""
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

        self._outbox.post(self._notification(connector, fault, info), failed=failed, leave=leave)

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

    def _notification(self, connector: Connector, fault: Fault | None, info: str) -> StatusNotification:
        text = info or (fault.info if fault else "")
        return StatusNotification(
            connector_id=connector.id,
            error_code=fault.error_code if fault else ChargePointErrorCode.NO_ERROR,
            status=connector.shown,
            timestamp=self._bench.timestamp,
            info=text[:50] or UNSET,
            vendor_error_code=fault.vendor_error_code[:50] or UNSET if fault else UNSET,
        )
