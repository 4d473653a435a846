"""R07: answers that are not built as an answer is."""

from collections.abc import Iterable, Iterator

from voltline.inspection.detector import ODD_ONLY, Detector
from voltline.inspection.events import Answered, Event, Orphan
from voltline.inspection.facts import Facts
from voltline.inspection.findings import Finding, Severity, Who
from voltline.inspection.sides import name_of, who_is
from voltline.messages import ErrorCode
from voltline.messages.deviation import DeviationKind, shown
from voltline.wire.frame_types import CallErrorFrame, CallResultFrame

_CODES = frozenset(code.value for code in ErrorCode)
_NULL = "null"


class MalformedAnswer(Detector):
    """CALLRESULT and CALLERROR frames that break their own form."""

    id = "R07"
    title = "Malformed answer"
    severity = Severity.WARNING
    basis = ("OCPP-J 1.6, 4.2.2", "OCPP-J 1.6, 4.2.3", "OCPP-J errata 5.1", "OCPP-J errata 5.2")
    who = Who.BACK_END
    next_step = "Correct the frame: [3, id, {payload}], or [4, id, code, description, {details}]."
    explanation = (
        "A CALLRESULT has three elements, a CALLERROR five, of which the last is an object. A peer that is "
        "strict does not recognize another form as an answer, waits for its timeout and sends the request "
        "again. So it is with error codes: FormationViolation and OccurenceConstraintViolation are "
        "misspelt in OCPP 1.6, and are right as they are; chargers are known that retry for ever on the "
        "corrected spelling. A result with null for its payload is legal."
    )
    events = (Answered, Orphan)
    actions = ODD_ONLY
    odd = True

    def see(self, event: Event, facts: Facts) -> Iterable[Finding]:
        """Only a frame that was not read at once, or an error, can be malformed."""
        frame = event.exchange.result if isinstance(event, Answered) else None
        if isinstance(event, Orphan):
            frame = event.frame
        if frame is None or (type(frame) is CallResultFrame and not frame.deviations):
            return ()
        return () if event.record.truncated else self._faults(event, frame, facts)

    def _faults(
        self, event: Event, frame: CallResultFrame | CallErrorFrame, facts: Facts
    ) -> Iterator[Finding]:
        kind = "CALLERROR" if isinstance(frame, CallErrorFrame) else "CALLRESULT"
        for one in frame.deviations:
            if one.kind not in (DeviationKind.NOT_JSON, DeviationKind.BAD_TEXT) and one.path != "$[1]":
                yield self._told(event, f"{kind}: {one.text}", f"Malformed {kind}", facts)
        if not isinstance(frame, CallErrorFrame) or any(
            one.kind is DeviationKind.NOT_JSON for one in frame.deviations
        ):
            return
        if event.record.text.rstrip().removesuffix("]").rstrip().endswith(_NULL):
            text = "CALLERROR: its details are null; they must be an object, {} if there are none (J 4.2.3)"
            yield self._told(event, text, "Malformed CALLERROR", facts)
        if frame.code in _CODES or any(one.path == "$[2]" for one in frame.deviations):
            return
        meant = ErrorCode.read(frame.code)
        if meant is None:
            yield self._told(event, f"{shown(frame.code)} is no error code", "Unknown error code", facts)
        else:
            text = f"the error code is written {shown(frame.code)}; OCPP 1.6 has it as {meant}"
            yield self._told(event, text, "Error code not spelt as OCPP 1.6 spells it", facts)

    def _told(self, event: Event, text: str, title: str, facts: Facts) -> Finding:
        sender = event.record.direction
        text = f"Sent by {name_of(sender)}: {text}."
        return self.finding(facts, text, (event.record,), title=title, who=who_is(sender))
