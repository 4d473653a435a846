"""K02: a clock that is off."""

from collections import deque
from collections.abc import Iterable
from statistics import median
from typing import Annotated, Final

from voltline.inspection.detector import Detector, DetectorSettings, chosen
from voltline.inspection.events import Answered, Call, Event, Exchange
from voltline.inspection.facts import Facts
from voltline.inspection.findings import Finding, Severity, Who
from voltline.inspection.records import NO_YEAR
from voltline.inspection.spans import span
from voltline.messages import BootNotificationResponse, HeartbeatResponse
from voltline.messages.deviation import DeviationKind
from voltline.messages.types import doc

_QUARTER_S: Final = 900.0
_SAMPLES: Final = 15
_UNSET_YEAR: Final = 2015
_WITH_TIME: Final = (HeartbeatResponse, BootNotificationResponse)


class Settings(DetectorSettings, frozen=True):
    """How far off it may be."""

    warning_s: Annotated[float, doc("Further off than this is a warning.", unit="s")] = 60.0
    error_s: Annotated[float, doc("Further off than this is an error.", unit="s")] = 300.0
    fewest: Annotated[int, doc("So many fresh times have to agree.")] = 4
    changed_s: Annotated[float, doc("It is told again when it has moved by this.", unit="s")] = 60.0


class ClockSkew(Detector):
    """The charge point's times against the central system's, or else against the log's."""

    id = "K02"
    title = "Clock is off"
    severity = Severity.WARNING
    basis = ("OCPP 1.6, 4.6", "OCPP 1.6, 3.14")
    who = Who.CHARGER_MAKER
    next_step = "Let the charge point set its clock by each answer to BootNotification and Heartbeat."
    explanation = (
        "The median of what lies between the charge point's times and the clock that they are compared with. "
        "That is the central system's own, from its answers to BootNotification and Heartbeat; where the log "
        "has none it is the log's, and then whole quarters of an hour are the zone of the log and no fault. "
        "Against the central system's clock whole hours are local time sent as UTC, or without any zone "
        "(S03), which a reader has to take for UTC. Messages from an offline queue are older by nature and "
        "do not count, and meter values are left to the meter's own clock."
    )
    events = (Call, Answered)
    actions = chosen(
        call={"StatusNotification", "StartTransaction", "StopTransaction"},
        answered={"BootNotification", "Heartbeat"},
    )
    settings: Settings = Settings()

    def __init__(self, settings: Settings | None = None) -> None:
        super().__init__(settings)
        self._station: deque[float] = deque(maxlen=_SAMPLES)
        """The charge point's time minus the log's."""
        self._central: deque[float] = deque(maxlen=_SAMPLES)
        self._told_s: float | None = None
        self._near_s = self.settings.warning_s / 2
        """Two that are so near the log's time are no warning apart."""
        self._near = self._near_of_central = 0
        """How many in a row were."""

    def see(self, event: Event, facts: Facts) -> Iterable[Finding]:
        """Collect both offsets, judge the difference."""
        at = event.at
        if at is None or at.year == NO_YEAR:
            return ()
        exchange: Exchange = event.exchange  # type: ignore[attr-defined]  # all of `events` have one
        if type(event) is Answered:
            response = exchange.response
            if isinstance(response, _WITH_TIME):
                ahead_s = (response.current_time - at).total_seconds()
                self._central.append(ahead_s)
                self._near_of_central = self._near_of_central + 1 if abs(ahead_s) <= self._near_s else 0
            return ()
        told = exchange.told_at
        if told is None or told.year < _UNSET_YEAR or facts.replaying:
            return ()
        offset_s = (told - at).total_seconds()
        began_at = facts.connected_at or facts.booted_at
        if began_at is not None and offset_s < 0 and told < began_at:
            return ()  # made before the connection: from a queue
        self._station.append(offset_s)
        self._near = self._near + 1 if abs(offset_s) <= self._near_s else 0
        if len(self._station) < self.settings.fewest:
            return ()
        if self._near >= _SAMPLES and self._near_of_central >= _SAMPLES:
            self._told_s = None  # all are near the log's time, and so are their medians
            return ()
        return self._judged(event, facts)

    def _judged(self, event: Event, facts: Facts) -> Iterable[Finding]:
        central_s = median(self._central) if self._central else None
        skew_s = median(self._station) - (central_s or 0.0)
        if central_s is None:
            skew_s -= round(skew_s / _QUARTER_S) * _QUARTER_S
        size_s = abs(skew_s)
        if size_s <= self.settings.warning_s:
            self._told_s = None
            return ()
        if self._told_s is not None and abs(skew_s - self._told_s) < self.settings.changed_s:
            return ()
        self._told_s = skew_s
        quarters = round(skew_s / _QUARTER_S)
        local = central_s is not None and quarters and abs(skew_s - quarters * _QUARTER_S) < 30
        against = "log's" if central_s is None else "central system's"
        off = f"{span(size_s)} {'ahead of' if skew_s > 0 else 'behind'} the {against}"
        severity = Severity.ERROR if size_s > self.settings.error_s else None
        if local and _lacks_zone(event.exchange):  # type: ignore[attr-defined]  # all of `events` have one
            return (
                self.finding(
                    facts,
                    "The charge point's times have no zone and seem to be local time: taken for UTC they are "
                    f"{off} clock.",
                    (event.record,),
                    title="Local time sent without a zone",
                    severity=severity,
                    next_step="Let the charge point write its times in UTC, ending in Z, or with an offset. "
                    "Until it does, take its times for local time.",
                ),
            )
        return (
            self.finding(
                facts,
                f"The charge point's clock is {off}"
                f"{': it seems to send local time as UTC' if local else ''}.",
                (event.record,),
                title="Local time sent as UTC" if local else None,
                severity=severity,
            ),
        )


def _lacks_zone(exchange: Exchange) -> bool:
    return any(one.kind is DeviationKind.NO_TIME_ZONE for one in exchange.request_deviations)
