"""P03: traffic of another version of OCPP."""

from collections.abc import Iterable

from voltline.inspection.detector import ODD_ONLY, Detector
from voltline.inspection.events import Call, Event
from voltline.inspection.facts import Facts
from voltline.inspection.findings import Finding, Severity, Who
from voltline.inspection.other_versions import version_of
from voltline.inspection.sides import name_of


class WrongProtocol(Detector):
    """Actions or fields that only another version of OCPP has."""

    id = "P03"
    title = "Another version of OCPP"
    severity = Severity.ERROR
    basis = ("OCPP-J 1.6, 3.1.2",)
    who = Who.SITE
    next_step = (
        "Set the charge point and the central system to one version; the subprotocol of the handshake must "
        "be ocpp1.6. What else is said of this station's frames does not count until then."
    )
    explanation = (
        "The handshake agrees on one version by the subprotocol: ocpp1.6, ocpp2.0.1, ocpp2.1. A side that "
        "was configured for another one sends actions that OCPP 1.6 does not have, such as "
        "TransactionEvent, or known ones with other fields. BootNotification and Heartbeat exist in all "
        "versions and alone prove nothing. Nothing but the version can be judged in such traffic."
    )
    events = (Call,)
    actions = ODD_ONLY
    odd = True

    def see(self, event: Event, facts: Facts) -> Iterable[Finding]:
        """Look only at what OCPP 1.6 cannot read cleanly."""
        assert isinstance(event, Call)
        exchange = event.exchange
        if exchange.action is not None and not exchange.request_deviations:
            return ()
        version = version_of(exchange)
        if version is None:
            return ()
        text = f"{name_of(exchange.sender).capitalize()} sent {exchange.name} as OCPP {version} has it."
        return (self.finding(facts, text, (event.record,), title=f"Traffic of OCPP {version}"),)
