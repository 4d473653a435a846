"""F02: what the charge point was told to do and did not: uploads, unlocking, settings, lists."""

from collections.abc import Iterator
from typing import Final

from voltline.inspection.detector import Detector, chosen
from voltline.inspection.events import Answered, Call, Event, Exchange
from voltline.inspection.exchanges import connector_of, status_of
from voltline.inspection.facts import Facts
from voltline.inspection.findings import Finding, Severity, Who
from voltline.messages import CONFIGURATION_KEYS, ChangeConfiguration

_UPLOAD_FAILED: Final = frozenset(
    {"UploadFailed", "UploadFailure", "PermissionDenied", "BadMessage", "NotSupportedOperation"}
)
_UPLOADS: Final = frozenset({"DiagnosticsStatusNotification", "LogStatusNotification"})


class RefusedCommand(Detector):
    """A failed upload, UnlockFailed, a setting that was not taken, a list of the wrong version."""

    id = "F02"
    title = "Command not done"
    severity = Severity.WARNING
    basis = ("OCPP 1.6, 5.3", "OCPP 1.6, 5.9", "OCPP 1.6, 5.15", "OCPP 1.6, 5.18")
    who = Who.BACK_END
    next_step = "Compare the command with what this model supports."
    explanation = (
        "The charge point says that it did not do what it was told. A failed upload is mostly the address or "
        "its credentials. UnlockFailed needs somebody on site. A setting that is NotSupported is a fault "
        "only if the specification makes the key obligatory; optional ones are told for information. "
        "RebootRequired means that the value counts after the next reboot only. VersionMismatch means that "
        "the central system lost track of the local list and has to send it in full."
    )
    events = (Call, Answered)
    actions = chosen(call=_UPLOADS, answered={"UnlockConnector", "ChangeConfiguration", "SendLocalList"})

    def see(self, event: Event, facts: Facts) -> Iterator[Finding]:
        """Uploads by their notification, everything else by its answer."""
        assert isinstance(event, Call | Answered)
        exchange = event.exchange
        if exchange.name in _UPLOADS:
            status = getattr(exchange.request, "status", None)
            if isinstance(event, Call) and status in _UPLOAD_FAILED:
                yield self.finding(
                    facts,
                    f"The upload ended with {status}.",
                    exchange.records,
                    title="Upload failed",
                    next_step="Check address, user, password and room of the server that it was sent to.",
                )
            return
        if not isinstance(event, Answered):
            return
        status = status_of(exchange)
        if exchange.name == "UnlockConnector" and status == "UnlockFailed":
            yield self.finding(
                facts,
                "The lock of the connector did not open.",
                exchange.records,
                connector=connector_of(exchange),
                title="Unlock failed",
                who=Who.SITE,
                next_step="Have the lock and the plug looked at on site.",
            )
        elif exchange.name == "SendLocalList" and status in ("VersionMismatch", "Failed"):
            yield self.finding(
                facts,
                f"SendLocalList was answered {status}.",
                exchange.records,
                title=f"Local list not taken: {status}",
                next_step="Ask for the version with GetLocalListVersion and send the list in full.",
            )
        elif isinstance(exchange.request, ChangeConfiguration) and status is not None:
            yield from self._configured(exchange, exchange.request, status, facts)

    def _configured(
        self, exchange: Exchange, change: ChangeConfiguration, status: str, facts: Facts
    ) -> Iterator[Finding]:
        if status not in ("Rejected", "NotSupported", "RebootRequired"):
            return
        key = CONFIGURATION_KEYS.get(change.key)
        severity = Severity.INFO
        if status == "Rejected" or (status == "NotSupported" and key is not None and key.required):
            severity = Severity.WARNING
        yield self.finding(
            facts,
            f"ChangeConfiguration of {change.key} was answered {status}.",
            exchange.records,
            title=f"Setting {status}: {change.key}",
            severity=severity,
            next_step=(
                "Reset the charge point when it is free: only then does the value count."
                if status == "RebootRequired"
                else None
            ),
        )
