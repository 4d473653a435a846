"""S02: fields and words that a vendor added."""

from collections.abc import Iterable, Iterator
from typing import Final

from voltline.inspection.detector import ODD_ONLY, Detector
from voltline.inspection.events import Answered, Call, Event
from voltline.inspection.facts import Facts
from voltline.inspection.findings import Finding, Severity, Who
from voltline.inspection.schema_faults import Kind, Payload, deviating_payload, general_path, kind_of
from voltline.inspection.sides import name_of, who_is

_MOST_PLACES: Final = 100


class VendorExtension(Detector):
    """Extra fields, and values beyond the enumerations of meter values."""

    id = "S02"
    title = "Vendor's own field or word"
    severity = Severity.INFO
    basis = ("OCPP-J errata 3.2",)
    who = Who.CHARGER_MAKER
    next_step = "None while both sides understand it; a peer that validates strictly has to allow it."
    explanation = (
        "The schemas allow no extra fields and no other words, yet many charge points send some: unit Hz, "
        "phase L1-N, a measurand of their own, a field for a serial number. A tolerant reader passes them "
        "over or keeps them. One finding stands for each field, however often it comes."
    )
    events = (Call, Answered)
    actions = ODD_ONLY
    odd = True

    def __init__(self, settings: None = None) -> None:
        super().__init__(settings)
        self._places: set[str] = set()

    def see(self, event: Event, facts: Facts) -> Iterable[Finding]:
        """Group by field."""
        payload = deviating_payload(event)
        return () if payload is None else self._extensions(payload, facts)

    def _extensions(self, payload: Payload, facts: Facts) -> Iterator[Finding]:
        told: set[str] = set()
        for one in payload.deviations:
            if kind_of(payload, one) != Kind.VENDOR:
                continue
            title = f"{payload.message}: {general_path(one.path)} {one.kind.replace('_', ' ')}"
            if title not in self._places:
                if len(self._places) >= _MOST_PLACES:
                    title = f"{payload.message}: other fields and words"
                self._places.add(title)
            if title in told:
                continue
            told.add(title)
            yield self.finding(
                facts,
                f"{payload.message} of {name_of(payload.sender)}, {one.path}: {one.text}.",
                (payload.record,),
                title=title,
                severity=None if one.usable else Severity.ERROR,
                who=who_is(payload.sender),
            )
