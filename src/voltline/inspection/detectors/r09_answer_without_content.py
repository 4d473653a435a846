"""R09: a result that lacks the one thing it is for."""

from collections.abc import Iterable

from voltline.inspection.detector import ODD_ONLY, Detector
from voltline.inspection.empty_answers import lacking_status
from voltline.inspection.events import Answered, Event
from voltline.inspection.exchanges import connector_of
from voltline.inspection.facts import Facts
from voltline.inspection.findings import Finding, Severity, Who
from voltline.inspection.sides import name_of, who_is


class AnswerWithoutContent(Detector):
    """A result whose status is missing or empty."""

    id = "R09"
    title = "Answer without status"
    severity = Severity.ERROR
    basis = ("OCPP 1.6, 6.44", "OCPP-J 1.6, 4.2.2")
    who = Who.CHARGER_MAKER
    next_step = (
        "Update the answering side; until then treat the request as not carried out, and ask again later."
    )
    explanation = (
        "The result of most requests is a status, and without it nobody knows whether the request was "
        "carried out. Seen of charge points whose task gave up: one that claims 20 periods of a schedule, "
        "handles 10, stalls for half a minute on more, and then answers SetChargingProfile with an empty "
        "status."
    )
    events = (Answered,)
    actions = ODD_ONLY
    odd = True

    def see(self, event: Event, facts: Facts) -> Iterable[Finding]:
        """Look at what reading the answer found."""
        assert isinstance(event, Answered)
        exchange = event.exchange
        if not exchange.response_deviations or event.record.truncated:
            return ()
        lacking = lacking_status(exchange.response_deviations)
        if lacking is None:
            return ()
        answering = exchange.sender.opposite
        how = "empty" if lacking.kind.value != "missing" else "missing"
        return (
            self.finding(
                facts,
                f"{name_of(answering).capitalize()} answered {exchange.name}; the status is {how}.",
                exchange.records,
                connector=connector_of(exchange),
                title=f"Answer to {exchange.name} without status",
                who=who_is(answering),
            ),
        )
