"""P02: frames of which the log has only a part."""

from collections import Counter
from collections.abc import Iterable

from voltline.inspection.detector import ODD_ONLY, Detector
from voltline.inspection.events import Answered, Call, Event, Malformed, Orphan
from voltline.inspection.facts import Facts
from voltline.inspection.findings import Finding, Severity, Who

_SAME_LENGTH = 3
_MOST_LENGTHS = 100


class TruncatedFrame(Detector):
    """A frame that was cut at its end or in its middle when it was logged."""

    id = "P02"
    title = "Frame cut by the log"
    severity = Severity.INFO
    basis = ()
    who = Who.LOG_KEEPER
    next_step = (
        "Raise the logger's maximal length of a line; until then some faults cannot be seen in this log."
    )
    explanation = (
        "Many loggers keep only the first or the outer characters of a long frame. What is left tells its "
        "type, id and action, so requests and answers are still paired; its payload is not judged, and "
        "nothing is concluded from what is missing in it."
    )
    events = (Call, Answered, Orphan, Malformed)
    actions = ODD_ONLY
    odd = True

    def __init__(self, settings: None = None) -> None:
        super().__init__(settings)
        self._lengths: Counter[int] = Counter()

    def see(self, event: Event, facts: Facts) -> Iterable[Finding]:
        """Count them, and see whether all were cut at one length."""
        record = event.record
        if not record.damage or not record.truncated:
            return ()
        length = len(record.text)
        if len(self._lengths) < _MOST_LENGTHS or length in self._lengths:
            self._lengths[length] += 1
        cut_at = f", as others at {length} characters" if self._lengths[length] >= _SAME_LENGTH else ""
        return (self.finding(facts, f"Part of the frame is missing{cut_at}.", (record,)),)
