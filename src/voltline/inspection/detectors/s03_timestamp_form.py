"""S03: times that are not written as they have to be."""

from collections.abc import Iterable, Iterator

from voltline.inspection.detector import ODD_ONLY, Detector
from voltline.inspection.events import Answered, Call, Event
from voltline.inspection.facts import Facts
from voltline.inspection.findings import Finding, Severity, Who
from voltline.inspection.schema_faults import Kind, Payload, deviating_payload, field_of, kind_of
from voltline.inspection.sides import name_of, who_is
from voltline.messages.deviation import DeviationKind


class TimestampForm(Detector):
    """The form of a time, not whether it is right."""

    id = "S03"
    title = "Time not written as ISO 8601"
    severity = Severity.WARNING
    basis = ("OCPP 1.6, 3.15", "OCPP 1.6, 3.14", "RFC 3339, 5.6")
    who = Who.CHARGER_MAKER
    next_step = "Write times in UTC as 2026-03-01T08:00:00Z; then no reader has to guess."
    explanation = (
        "Times must be written as ISO 8601, in UTC by preference; receivers must take fractions and "
        "offsets. A space for the T, slashes, or a day that no calendar has are read by some systems and "
        "refused by others. A time without a zone is legal ISO 8601, though the schema's date-time wants "
        "one: it is taken for UTC, and told as information."
    )
    events = (Call, Answered)
    actions = ODD_ONLY
    odd = True

    def see(self, event: Event, facts: Facts) -> Iterable[Finding]:
        """One finding a message and field."""
        payload = deviating_payload(event)
        return () if payload is None else self._times(payload, facts)

    def _times(self, payload: Payload, facts: Facts) -> Iterator[Finding]:
        told: set[str] = set()
        for one in payload.deviations:
            if kind_of(payload, one) != Kind.TIME:
                continue
            zone_less = one.kind is DeviationKind.NO_TIME_ZONE
            form = "without time zone" if zone_less else "not ISO 8601"
            title = f"{payload.message}: {field_of(one.path)} {form}"
            if title in told:
                continue
            told.add(title)
            yield self.finding(
                facts,
                f"{payload.message} of {name_of(payload.sender)}, {one.path}: {one.text}.",
                (payload.record,),
                title=title,
                severity=Severity.INFO if zone_less else None,
                who=who_is(payload.sender),
            )
