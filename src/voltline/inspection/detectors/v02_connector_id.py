"""V02: connectors that the charge point does not have."""

from collections.abc import Iterable, Iterator

from voltline.inspection.detector import Detector, chosen
from voltline.inspection.events import Answered, Call, Event
from voltline.inspection.exchanges import connector_of
from voltline.inspection.facts import Facts
from voltline.inspection.findings import Finding, Severity, Who
from voltline.inspection.schema_faults import Kind, Payload, deviating_payload, general_path, kind_of
from voltline.inspection.sides import name_of, who_is


class ConnectorId(Detector):
    """0 is the charge point, 1 to NumberOfConnectors are its connectors."""

    id = "V02"
    title = "No such connector"
    severity = Severity.WARNING
    basis = ("OCPP 1.6, 3.8", "OCPP 1.6, 9.1.21")
    who = Who.CHARGER_MAKER
    next_step = "Compare the connector's number with NumberOfConnectors in the charge point's configuration."
    explanation = (
        "Connectors are numbered from 1 without gaps, up to the configuration key NumberOfConnectors; 0 is "
        "the charge point as a whole, and is not allowed where something is started or unlocked. Where the "
        "key is not in the log, numbers above 0 are not judged. A back-end that asks about the next higher "
        "number to find out how many there are is told too: the charge point has to refuse it."
    )
    events = (Call, Answered)
    actions = chosen(answered=())
    odd = True

    def __init__(self, settings: None = None) -> None:
        super().__init__(settings)
        self._found = False
        """A connector that cannot be was seen."""

    def rests(self, facts: Facts) -> bool:
        """A connector that goes on has been judged."""
        return not self._found

    def see(self, event: Event, facts: Facts) -> Iterable[Finding]:
        """Look at every request's connector, and at what reading found about one."""
        if type(event) is not Call or event.exchange.request_deviations:
            payload = deviating_payload(event)
            if payload is not None:
                return self._deviating(payload, facts)
            if type(event) is not Call:
                return ()
        connectors = facts.configuration.get("numberofconnectors")
        if connectors is None:
            return ()
        connector = connector_of(event.exchange)
        last = facts.number("NumberOfConnectors")
        if connector is None or last is None or not connector > last > 0:
            return ()
        self._found = True
        sender = event.exchange.sender
        text = f"{event.exchange.name} is about connector {connector}; NumberOfConnectors is {last}."
        return (self.finding(facts, text, (event.record,), connector=connector, who=who_is(sender)),)

    def _deviating(self, payload: Payload, facts: Facts) -> Iterator[Finding]:
        for one in payload.deviations:
            if kind_of(payload, one) == Kind.CONNECTOR:
                yield self.finding(
                    facts,
                    f"{payload.message} of {name_of(payload.sender)}, {one.path}: {one.text}.",
                    (payload.record,),
                    title=f"{payload.message}: {general_path(one.path)} {one.kind.replace('_', ' ')}",
                    severity=None if one.usable else Severity.ERROR,
                    who=who_is(payload.sender),
                )
                return
