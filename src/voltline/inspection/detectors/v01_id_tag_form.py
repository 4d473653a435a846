"""V01: id tags as the specification has them."""

from collections.abc import Iterable, Iterator

from voltline.inspection.detector import ODD_ONLY, Detector
from voltline.inspection.events import Answered, Call, Event
from voltline.inspection.facts import Facts
from voltline.inspection.findings import Finding, Severity, Who
from voltline.inspection.schema_faults import Kind, Payload, deviating_payload, general_path, kind_of
from voltline.inspection.sides import name_of, who_is


class IdTagForm(Detector):
    """A text of 1 to 20 printable characters, in which case does not count."""

    id = "V01"
    title = "Id tag not as OCPP 1.6 has it"
    severity = Severity.WARNING
    basis = ("OCPP 1.6, 7.28", "OCPP 1.6, 7.2")
    who = Who.CHARGER_MAKER
    next_step = "Send the id tag as a text of at most 20 characters, the same each time."
    explanation = (
        "An id tag is a text of at most 20 characters that is compared without regard to case, such as "
        "04E3F89A2C3C80. A longer one is cut off by some systems and refused by others, and a number loses "
        "its leading zeros: either way it is no longer the tag that is registered. A blank one names "
        "nobody."
    )
    events = (Call, Answered)
    actions = ODD_ONLY
    odd = True

    def see(self, event: Event, facts: Facts) -> Iterable[Finding]:
        """Whatever reading found about an id tag."""
        payload = deviating_payload(event)
        return () if payload is None else self._tags(payload, facts)

    def _tags(self, payload: Payload, facts: Facts) -> Iterator[Finding]:
        for one in payload.deviations:
            if kind_of(payload, one) == Kind.ID_TAG:
                yield self.finding(
                    facts,
                    f"{payload.message} of {name_of(payload.sender)}, {one.path}: {one.text}.",
                    (payload.record,),
                    title=f"{payload.message}: {general_path(one.path)} {one.kind.replace('_', ' ')}",
                    severity=None if one.usable else Severity.ERROR,
                    who=who_is(payload.sender),
                )
                return
