"""K03: times that run backwards."""

from collections.abc import Iterable
from datetime import datetime
from typing import Annotated, Final

from voltline.inspection.detector import Detector, DetectorSettings
from voltline.inspection.events import Call, Event, Exchange
from voltline.inspection.facts import Facts
from voltline.inspection.findings import Finding, Severity, Who
from voltline.inspection.records import Record
from voltline.inspection.spans import span
from voltline.messages.deviation import DeviationKind
from voltline.messages.types import doc

_UNSET_YEAR: Final = 2015
_DST_S: Final = 3_600.0
_MOST_SERIES: Final = 200


class Settings(DetectorSettings, frozen=True):
    """What is backwards."""

    tolerance_s: Annotated[float, doc("Smaller steps back are ordinary.", unit="s")] = 60.0


class TimeBackwards(Detector):
    """A message's time before that of the one before, of the same kind and connector."""

    id = "K03"
    title = "Time runs backwards"
    severity = Severity.INFO
    basis = ("OCPP 1.6, 4.6", "OCPP 1.6, 3.7")
    who = Who.CHARGER_MAKER
    next_step = "Look whether the clock was set in between, or whether messages were sent out of their order."
    explanation = (
        "Messages of one kind and connector come in the order of their times. A step back is a clock that "
        "was set, or a queue that is out of order; durations and energies over it are wrong. No such step "
        "is told where the log itself goes back (rotated files in the wrong order), where the file "
        "changes, when an offline queue is delivered, and for the hour of the end of summer time where "
        "times have no zone."
    )
    events = (Call,)
    actions = frozenset({"StatusNotification", "StartTransaction", "StopTransaction", "MeterValues"})
    settings: Settings = Settings()

    def __init__(self, settings: Settings | None = None) -> None:
        super().__init__(settings)
        self._series: dict[tuple[str, int | None], tuple[datetime, Record]] = {}

    def see(self, event: Event, facts: Facts) -> Iterable[Finding]:
        """Compare with the one before."""
        exchange: Exchange = event.exchange  # type: ignore[attr-defined]  # all of `events` have one
        told = exchange.told_at
        if told is None or told.year < _UNSET_YEAR:
            return ()
        record = event.record
        # Of StopTransaction it is None; the other requests that tell a time have one.
        key = (exchange.name, getattr(exchange.request, "connector_id", None))
        series = self._series
        before = series.get(key)
        if before is None:
            if len(series) < _MOST_SERIES:
                series[key] = (told, record)
            return ()
        series[key] = (told, record)
        if before[0] <= told:
            return ()
        back_s = (before[0] - told).total_seconds()
        if back_s <= self.settings.tolerance_s or before[1].source != record.source:
            return ()
        if facts.replaying and exchange.name != "StatusNotification":
            return ()  # a queue may be overtaken by what is new
        if before[1].at is not None and record.at is not None and record.at < before[1].at:
            return ()
        zone_less = any(one.kind is DeviationKind.NO_TIME_ZONE for one in exchange.request_deviations)
        if zone_less and abs(back_s - _DST_S) <= _DST_S / 2:
            return ()
        return (
            self.finding(
                facts,
                f"{exchange.name} is stamped {told.isoformat()}, {span(back_s)} before the one before it.",
                (before[1], record),
                connector=key[1],
            ),
        )
