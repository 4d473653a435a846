"""R04: one message id for two different CALLs."""

from collections.abc import Iterable

from voltline.inspection.detector import ODD_ONLY, Detector
from voltline.inspection.events import Call, Event
from voltline.inspection.facts import Facts
from voltline.inspection.findings import Finding, Severity, Who
from voltline.inspection.sides import name_of, who_is
from voltline.messages.deviation import shown


class MessageIdReused(Detector):
    """A sender's ids must differ, also from those before a reconnection."""

    id = "R04"
    title = "Message id used again"
    severity = Severity.WARNING
    basis = ("OCPP-J 1.6, 4.1.4", "OCPP-J errata 3.1", "OCPP-J errata 3.7")
    who = Who.CHARGER_MAKER
    next_step = "Make message ids unique for the whole life of the charge point's identity: UUIDs are."
    explanation = (
        "An answer is matched to its CALL by the message id alone. A sender that starts its counter again "
        "after a reconnection, or uses one id throughout, may take a late answer for the answer to "
        "something else: a wrong transaction id, a wrong verdict on a tag. The very same CALL sent again "
        "under its id is a retry, which is allowed."
    )
    events = (Call,)
    actions = ODD_ONLY
    odd = True

    def see(self, event: Event, facts: Facts) -> Iterable[Finding]:
        """Compare with the earlier CALL of the same id, if one is remembered."""
        assert isinstance(event, Call)
        exchange = event.exchange
        earlier = exchange.earlier
        if earlier is None or event.record.truncated or earlier.call.truncated:
            return ()
        same = earlier.name == exchange.name and earlier.frame.payload == exchange.frame.payload
        records = (earlier.call, event.record)
        message_id = shown(exchange.message_id)
        if same:
            return (
                self.finding(
                    facts,
                    f"{exchange.name} with id {message_id} was sent again unchanged.",
                    records,
                    title="CALL sent again",
                    severity=Severity.INFO,
                    who=Who.NOBODY,
                    next_step="None if it was answered at last; else see unanswered calls.",
                ),
            )
        over = earlier.connection != exchange.connection
        return (
            self.finding(
                facts,
                f"Id {message_id} of {name_of(exchange.sender)} stood for {shown(earlier.name)}, now for "
                f"another {shown(exchange.name)}{', on a later connection' if over else ''}.",
                records,
                title="Message ids start again after a reconnection" if over else None,
                who=who_is(exchange.sender),
            ),
        )
