"""P01: a frame that is not JSON."""

import re
from collections.abc import Iterable

from voltline.inspection.detector import ODD_ONLY, Detector
from voltline.inspection.events import Answered, Event, Malformed, Orphan
from voltline.inspection.facts import Facts
from voltline.inspection.findings import Finding, Severity, Who
from voltline.inspection.records import Record
from voltline.inspection.sides import name_of, who_is
from voltline.messages.deviation import Deviation, DeviationKind
from voltline.wire.frame_types import Malformed as MalformedFrame

# What loggers, spreadsheets and mail do to a line, and no charge point does.
_DAMAGE = (
    (re.compile(r"\.\.\.|…"), "part of it was left out"),
    (re.compile(r"[“”„‟‘’]"), "its quotes were turned into typographic ones"),  # noqa: RUF001
    (re.compile(r"\t"), "it has tabs, as from a table"),
    (re.compile(r"[\r\n]"), "it was wrapped over lines"),
    (re.compile(r"&(?:quot|lt|gt|amp|#\d+);"), "it is escaped as for HTML"),
    (re.compile(r'\[\s*[234]\s*,\s*(?:\\"|"")'), "its quotes are escaped or doubled"),
    (re.compile(r"[^\]]\s*$"), "its end is missing"),
)


class UnparseableFrame(Detector):
    """Text that begins like a frame, and cannot be read as JSON."""

    id = "P01"
    title = "Frame is not JSON"
    severity = Severity.WARNING
    basis = ("OCPP-J 1.6, 4.1.2",)
    who = Who.CHARGER_MAKER
    next_step = (
        "Record the traffic itself, with a proxy, and compare: if it has the fault too, tell its sender."
    )
    explanation = (
        "A frame must be valid JSON in UTF-8. Most frames that cannot be read were spoilt by the log: cut "
        "to a maximal length, wrapped, pasted through a table or a mail. Then only the log is at fault, "
        "and the finding says so. A fault on the wire makes the other side answer FormationViolation or "
        "close."
    )
    events = (Malformed, Answered, Orphan)
    actions = ODD_ONLY
    odd = True

    def see(self, event: Event, facts: Facts) -> Iterable[Finding]:
        """Tell damage of the log from a fault on the wire."""
        fault = _fault(event)
        if fault is None or event.record.truncated:
            return ()
        return (self._told(event.record, fault, facts),)

    def _told(self, record: Record, fault: str, facts: Facts) -> Finding:
        damage = "the log is damaged here" if record.damage else None if facts.live else _damage(record.text)
        if damage is not None:
            return self.finding(
                facts,
                f"{fault}; {damage}.",
                (record,),
                title="Frame damaged in the log",
                severity=Severity.INFO,
                who=Who.LOG_KEEPER,
                next_step="Ask for the log as the program wrote it, not cut and not pasted.",
            )
        return self.finding(
            facts, f"Sent by {name_of(record.direction)}: {fault}.", (record,), who=who_is(record.direction)
        )


def _damage(text: str) -> str | None:
    return next((said for pattern, said in _DAMAGE if pattern.search(text)), None)


def _fault(event: Event) -> str | None:
    """What keeps it from being JSON; None if it is JSON."""
    if isinstance(event, Malformed):
        frame = event.frame
        if isinstance(frame, MalformedFrame) and frame.text.startswith(
            ("not valid JSON", "objects and lists")
        ):
            return frame.text
        return None
    if isinstance(event, Answered):
        result = event.exchange.result
        return None if result is None else _first(result.deviations)
    return _first(event.frame.deviations) if isinstance(event, Orphan) else None


def _first(deviations: tuple[Deviation, ...]) -> str | None:
    for one in deviations:
        if one.kind is DeviationKind.NOT_JSON:
            return one.text
        if one.path == "$" and one.kind is DeviationKind.BAD_TEXT:
            return one.text
    return None
