"""M09: a charge point that is set to send no meter values."""

from collections.abc import Iterator

from voltline.inspection.detector import Detector, DetectorSettings
from voltline.inspection.events import Answered, Event
from voltline.inspection.facts import Facts
from voltline.inspection.findings import Finding, Severity, Who


class NoMetering(Detector):
    """MeterValueSampleInterval 0 or MeterValuesSampledData empty, and nothing clock-aligned either."""

    id = "M09"
    title = "No meter values configured"
    severity = Severity.INFO
    basis = ("errata 3.13", "OCPP 1.6, 9.1.15")
    who = Who.BACK_END
    next_step = "Set MeterValueSampleInterval and MeterValuesSampledData if sessions are to be watched."
    explanation = (
        "With an interval of 0, or no measurands, no values are sent during a session: only start and stop "
        "are known, no progress, no power, and little for a dispute. It may be meant so, to save data."
    )
    events = (Answered,)
    actions = frozenset({"GetConfiguration", "ChangeConfiguration"})

    def __init__(self, settings: DetectorSettings | None = None) -> None:
        super().__init__(settings)
        self._told = ""

    def see(self, event: Event, facts: Facts) -> Iterator[Finding]:
        """Whenever a setting becomes known."""
        assert isinstance(event, Answered)
        why = _why(facts)
        if why and why != self._told:
            yield self.finding(facts, f"{why}: no values are sent during sessions.", event.exchange.records)
        self._told = why


def _why(facts: Facts) -> str:
    aligned = facts.number("ClockAlignedDataInterval")
    if aligned and (facts.setting("MeterValuesAlignedData") or "").strip():
        return ""
    if facts.number("MeterValueSampleInterval") == 0:
        return "MeterValueSampleInterval is 0"
    key = "metervaluessampleddata"
    if key in facts.configuration and not (facts.configuration[key] or "").strip():
        return "MeterValuesSampledData is empty"
    return ""
