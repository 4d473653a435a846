"""V03: transaction ids that are none, or that some systems do not take for one."""

from collections.abc import Iterable, Iterator

from voltline.inspection.detector import Detector, chosen
from voltline.inspection.events import Answered, Call, Event
from voltline.inspection.facts import Facts
from voltline.inspection.findings import Finding, Severity, Who
from voltline.inspection.schema_faults import Kind, Payload, deviating_payload, general_path, kind_of
from voltline.inspection.sides import name_of, who_is
from voltline.messages import StartTransactionResponse


class TransactionIdForm(Detector):
    """A whole number that the central system gives; positive by recommendation."""

    id = "V03"
    title = "Transaction id is not positive"
    severity = Severity.INFO
    basis = ("errata 3.54", "errata 3.18", "OCPP 1.6, 6.46")
    who = Who.BACK_END
    next_step = "Give positive transaction ids; the charge point has to return them unchanged."
    explanation = (
        "The answer to StartTransaction brings the transaction's id, a whole number. Positive numbers are "
        "recommended: 0 and negative ones are legal, but many charge points take 0 for none, and -1 is "
        "what a charge point sends for a transaction whose id it never got. A text, null or a missing id "
        "is a fault: the transaction's readings belong to nothing. Values of an idle connector with id 0 "
        "are a habit."
    )
    events = (Call, Answered)
    actions = chosen(call=(), answered={"StartTransaction"})
    odd = True

    def see(self, event: Event, facts: Facts) -> Iterable[Finding]:
        """What reading found about an id, and ids that the central system gives."""
        payload = deviating_payload(event)
        if payload is not None:
            return self._deviating(payload, facts)
        if type(event) is not Answered:
            return ()
        response = event.exchange.response
        if type(response) is not StartTransactionResponse or response.transaction_id > 0:
            return ()
        text = f"The central system gave the transaction id {response.transaction_id}."
        return (self.finding(facts, text, event.exchange.records),)

    def _deviating(self, payload: Payload, facts: Facts) -> Iterator[Finding]:
        for one in payload.deviations:
            # StartTransaction.conf without an id is a lost transaction: T01.
            if kind_of(payload, one) == Kind.TRANSACTION and (
                one.usable or payload.message != "StartTransaction.conf"
            ):
                yield self.finding(
                    facts,
                    f"{payload.message} of {name_of(payload.sender)}, {one.path}: {one.text}.",
                    (payload.record,),
                    title=f"{payload.message}: {general_path(one.path)} {one.kind.replace('_', ' ')}",
                    severity=Severity.WARNING if one.usable else Severity.ERROR,
                    who=who_is(payload.sender),
                )
                return
