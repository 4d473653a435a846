"""What a detector is: one file, one class, one subject.

A detector file in `inspection/detectors/` (or in a user's folder, or named by an entry point in the group
`voltline.detectors`) holds a subclass of `Detector`; the registry finds it by itself.

    class Settings(DetectorSettings, frozen=True):
        after_s: Annotated[float, doc("An answer is slow from here.", unit="s")] = 10.0

    class SlowResponse(Detector):
        id = "R03"
        title = "Slow response"
        severity = Severity.WARNING
        basis = ("OCPP-J 1.6, 4.1.1",)
        who = Who.BACK_END
        next_step = "Look for what the answering side did in that time."
        explanation = "..."
        events = (Answered,)
        settings: Settings = Settings()

        def see(self, event: Event, facts: Facts) -> Iterator[Finding]:
            assert isinstance(event, Answered)
            if (event.exchange.took_s or 0) > self.settings.after_s:
                yield self.finding(facts, f"{event.exchange.name} took ...", event.exchange.records)
"""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import ClassVar, Final

import msgspec

from voltline.inspection.events import Answered, Call, Event
from voltline.inspection.facts import Facts
from voltline.inspection.findings import Evidence, Finding, Severity, Who
from voltline.inspection.records import Record

__all__ = ["EVERYDAY", "ODD_ONLY", "PROMPT", "QUIET", "Actions", "Detector", "DetectorSettings", "chosen"]


EVERYDAY: Final = frozenset({"MeterValues", "Heartbeat"})
"""Most of any log."""
QUIET: Final = timedelta(seconds=60)
"""What comes after a longer silence is not routine, see `Detector.rests`."""
PROMPT: Final = timedelta(seconds=5)
"""Nor is an answer that took longer."""

Actions = Mapping[type[Event], frozenset[str]]


def chosen(*, call: Iterable[str] | None = None, answered: Iterable[str] | None = None) -> Actions:
    """For `actions`: the calls, and the answers to calls, of these actions; None: of all."""
    given: dict[type[Event], Iterable[str] | None] = {Call: call, Answered: answered}
    return {kind: frozenset(actions) for kind, actions in given.items() if actions is not None}


ODD_ONLY: Final = chosen(call=(), answered=())
"""For `actions`, with `odd = True`: of calls and answers only what is out of the ordinary."""


class DetectorSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Thresholds of a detector. Each field is `Annotated[..., doc("meaning", unit="s")]` with a default."""


class Detector:
    """Looks at the events of one station, in order, and tells what is wrong. One object a station.

    It keeps what it needs between events in itself, bounded: a station may run for years.
    """

    id: ClassVar[str]
    """Stable: `R01`, or a prefix of the user's own. Used in JSON, baselines and documentation."""
    title: ClassVar[str]
    """What it finds, in a few words. The title of its findings unless they give another."""
    severity: ClassVar[Severity]
    """Of its findings, unless they give another."""
    basis: ClassVar[tuple[str, ...]]
    """Sections: `"OCPP 1.6, 5.16"`, `"OCPP-J 1.6, 4.1.1"`, `"errata 3.18"`, `"IEC 61851-1"`; may be empty."""
    who: ClassVar[Who]
    """Who should act, unless a finding says another."""
    next_step: ClassVar[str]
    """What that one should do, one or two sentences, unless a finding says another."""
    explanation: ClassVar[str]
    """A paragraph for a person who has never met it: what it means, what causes it, when it is harmless."""
    events: ClassVar[tuple[type[Event], ...]]
    """The classes of event that `see` is called with."""
    actions: ClassVar[frozenset[str] | Actions | None] = None
    """Where given, of the events with an exchange only those of these actions are shown; as a mapping, for
    each class of event its own (`chosen(call={"MeterValues"}, answered={"Reset"})` makes one), and of
    a class that it does not name, all. Most of a log is MeterValues and their empty answers: a detector that
    does not ask for these costs next to nothing."""
    odd: ClassVar[bool] = False
    """Show every Call and Answered event that is out of the ordinary (`Exchange.odd_call`, `odd_answer`),
    whatever `actions` says: a detector of malformed frames sets this and `actions = ODD_ONLY`."""
    waits_with: ClassVar[str | None] = None
    """Name of an attribute of the object. While it is empty, the everyday calls and answers, those of
    MeterValues and Heartbeat, are not shown: a detector that waits for nothing need not look at the time."""
    rests_at: ClassVar[frozenset[str]] = EVERYDAY
    """The everyday actions whose routine messages pass it by while it `rests`."""
    settings: DetectorSettings = DetectorSettings()
    """The thresholds; declare it with the detector's own settings class and its defaults."""

    def __init__(self, settings: DetectorSettings | None = None) -> None:
        if settings is not None:
            self.settings = settings

    def see(self, event: Event, facts: Facts) -> Iterable[Finding]:
        """Look at one event. `facts` know it already."""
        raise NotImplementedError

    def rests(self, facts: Facts) -> bool:
        """Whether routine messages may pass it by: asked again when anything else has happened.

        Routine is a call of an everyday action by the charge point, or the answer to one, with nothing odd
        about it, at most `QUIET` after the event before it: a Heartbeat; MeterValues of the
        transaction that the connector's latest were of, with everyday messages only in between; an answer
        within `PROMPT`. What passed last is in `facts.passed` and those below it.
        """
        return False

    def gap(self, facts: Facts) -> None:
        """The log has a hole before the next event (`facts.gaps`): forget what may have changed."""

    def lapsed(self, facts: Facts) -> Iterable[Finding]:
        """Time has passed, up to `facts.now`, and nothing else happened: tell what that alone decides, once.

        Called now and then while live, as long as the charge point is connected and what `waits_with` names
        is not empty; and when the log ends.
        """
        return ()

    def end(self, facts: Facts) -> Iterable[Finding]:
        """The log ends here; whatever is not decided is unknown, not wrong. Not called while live."""
        return self.lapsed(facts)

    def finding(
        self,
        facts: Facts,
        text: str,
        records: Iterable[Record] = (),
        *,
        connector: int | None = None,
        title: str | None = None,
        severity: Severity | None = None,
        who: Who | None = None,
        next_step: str | None = None,
        count: int = 1,
        first_at: datetime | None = None,
        last_at: datetime | None = None,
    ) -> Finding:
        """A finding of this detector, with the class's own words where none are given.

        `records` are the lines that show it. Without `first_at` and `last_at` the times are those of the
        first and the last of them, or else the time it is now in the log.
        """
        shown = tuple(records)
        times = [record.at for record in shown if record.at is not None]
        return Finding(
            detector=self.id,
            severity=severity or self.severity,
            station=facts.station,
            connector=connector,
            first_at=first_at or min(times, default=facts.now),
            last_at=last_at or max(times, default=facts.now),
            title=title or self.title,
            text=text,
            evidence=tuple(Evidence.of(record) for record in shown),
            who=who or self.who,
            next_step=next_step or self.next_step,
            count=count,
            basis=self.basis,
        )
