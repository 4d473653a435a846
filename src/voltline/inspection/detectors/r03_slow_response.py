"""R03: an answer that took long."""

from collections.abc import Iterable
from datetime import datetime
from typing import Annotated

from voltline.inspection.detector import PROMPT, Detector, DetectorSettings
from voltline.inspection.events import Answered, Event, Exchange
from voltline.inspection.facts import Facts
from voltline.inspection.findings import Finding, Severity, Who
from voltline.inspection.sides import name_of, who_is
from voltline.messages.types import doc

_PROMPT_S = PROMPT.total_seconds()


class Settings(DetectorSettings, frozen=True):
    """What is slow."""

    after_s: Annotated[float, doc("An answer is slow from here.", unit="s")] = 10.0
    at_most_s: Annotated[
        float, doc("Beyond this the log's clock was set in between; no side waits so long.", unit="s")
    ] = 3600.0
    batch_s: Annotated[
        float, doc("Answers logged within this time of each other were written in one go.", unit="s")
    ] = 0.05


class SlowResponse(Detector):
    """The time from a CALL to its answer."""

    id = "R03"
    title = "Slow response"
    severity = Severity.WARNING
    basis = ("OCPP-J 1.6, 4.1.1",)
    who = Who.BACK_END
    next_step = "Look for what the answering side did in that time, and compare with the network's own delay."
    explanation = (
        "While an answer is awaited the asking side may send nothing else, so one slow answer delays all "
        "that follows. A charge point takes 2 to 5 s for a remote start, others far less; mobile networks "
        "add seconds. Some charge points stall 30 s over a charging profile that they cannot handle. A log "
        "that writes in batches, or whose clock is set meanwhile, shows delays that were none."
    )
    events = (Answered,)
    settings: Settings = Settings()

    def __init__(self, settings: Settings | None = None) -> None:
        super().__init__(settings)
        self._slow_at: datetime | None = None

    def rests(self, facts: Facts) -> bool:
        """What is prompt is not slow."""
        return self.settings.after_s >= _PROMPT_S

    def see(self, event: Event, facts: Facts) -> Iterable[Finding]:
        """Measure by the log's times."""
        exchange: Exchange = event.exchange  # type: ignore[attr-defined]  # all of `events` have one
        asked_at, at = exchange.call.at, event.at
        if asked_at is None or at is None:
            return ()
        took_s = (at - asked_at).total_seconds()
        if not self.settings.after_s < took_s <= self.settings.at_most_s:
            return ()
        before, self._slow_at = self._slow_at, event.at
        if before is not None and event.at is not None:
            apart_s = (event.at - before).total_seconds()
            if 0 <= apart_s <= self.settings.batch_s:
                return ()
        answering = exchange.sender.opposite
        return (
            self.finding(
                facts,
                f"{name_of(answering).capitalize()} took {took_s:.1f} s to answer {exchange.name}.",
                exchange.records,
                title=f"Slow response to {exchange.name}" if exchange.action else None,
                who=who_is(answering),
            ),
        )
