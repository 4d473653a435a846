"""S01: payloads that break the schema or a rule of the text."""

from collections.abc import Iterable, Iterator
from typing import Final

from voltline.inspection.detector import ODD_ONLY, Detector
from voltline.inspection.events import Answered, Call, Event
from voltline.inspection.facts import Facts
from voltline.inspection.findings import Finding, Severity, Who
from voltline.inspection.schema_faults import Kind, Payload, deviating_payload, general_path, kind_of
from voltline.inspection.sides import name_of, who_is
from voltline.messages.deviation import DeviationKind

_HARMLESS: Final = frozenset(
    {
        DeviationKind.TOO_LONG,
        DeviationKind.NOT_ONE_DECIMAL,
        DeviationKind.EXPLICIT_NULL,
        DeviationKind.BAD_TEXT,
    }
)
_MOST_PLACES: Final = 200


class SchemaViolation(Detector):
    """Missing fields, wrong types, values out of their lists or ranges."""

    id = "S01"
    title = "Payload breaks the schema"
    severity = Severity.WARNING
    basis = ("OCPP 1.6, 6", "OCPP 1.6, 7", "OCPP-J errata 3.8")
    who = Who.CHARGER_MAKER
    next_step = "Correct the field; a strict peer answers such a message with an error and drops its content."
    explanation = (
        "Payloads are compared with the schemas as the errata have corrected them, and with the rules that "
        "only the text has. An error is what makes a message unusable; a warning is read all the same, but "
        "not by every system; too long texts, null for an absent field and the like are told as "
        "information. No faults are: a StopTransaction without reason, Celsius as well as Celcius. Times, "
        "id tags, connectors, transaction ids, vendor's words, profiles and samples have detectors of "
        "their own."
    )
    events = (Call, Answered)
    actions = ODD_ONLY
    odd = True

    def __init__(self, settings: None = None) -> None:
        super().__init__(settings)
        self._places: set[str] = set()

    def see(self, event: Event, facts: Facts) -> Iterable[Finding]:
        """One finding a field and kind of fault."""
        payload = deviating_payload(event)
        return () if payload is None else self._faults(payload, facts)

    def _faults(self, payload: Payload, facts: Facts) -> Iterator[Finding]:
        told: set[str] = set()
        for one in payload.deviations:
            if kind_of(payload, one) != Kind.OTHER:
                continue
            title = f"{payload.message}: {general_path(one.path)} {one.kind.replace('_', ' ')}"
            if title not in self._places:
                if len(self._places) >= _MOST_PLACES:
                    title = f"{payload.message}: other fields"
                self._places.add(title)
            if title in told:
                continue
            told.add(title)
            if not one.usable:
                severity = Severity.ERROR
            else:
                severity = Severity.INFO if one.kind in _HARMLESS else Severity.WARNING
            yield self.finding(
                facts,
                f"{payload.message} of {name_of(payload.sender)}, {one.path}: {one.text}.",
                (payload.record,),
                title=title,
                severity=severity,
                who=who_is(payload.sender),
            )
