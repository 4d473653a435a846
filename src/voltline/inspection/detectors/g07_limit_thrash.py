"""G07: limits that are set faster than a vehicle can follow."""

from collections import deque
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Annotated

from voltline.inspection.detector import Detector, DetectorSettings
from voltline.inspection.events import Call, Event
from voltline.inspection.exchanges import connector_of
from voltline.inspection.facts import Facts
from voltline.inspection.findings import Finding, Severity, Who
from voltline.messages.types import doc


class Settings(DetectorSettings, frozen=True):
    """How often is too often."""

    in_a_minute: Annotated[int, doc("So many within a minute.")] = 6
    steady_in_five: Annotated[int, doc("More than so many within five minutes.")] = 10


class LimitThrash(Detector):
    """SetChargingProfile again and again."""

    id = "G07"
    title = "Limit set very often"
    severity = Severity.INFO
    basis = ("OCPP 1.6, 5.16",)
    who = Who.BACK_END
    next_step = "Set a limit only when it changes by an ampere or more, and not more often than every 30 s."
    explanation = (
        "A vehicle needs seconds to follow a limit, and many charge points write each profile to flash "
        "memory. Control by solar power does it on purpose. Each message is one that others wait for."
    )
    events = (Call,)
    actions = frozenset({"SetChargingProfile"})
    settings: Settings = Settings()

    def __init__(self, settings: Settings | None = None) -> None:
        super().__init__(settings)
        self._times: dict[int | None, deque[datetime]] = {}

    def see(self, event: Event, facts: Facts) -> Iterator[Finding]:
        """Count those of a minute, and of five."""
        assert isinstance(event, Call)
        if event.at is None:
            return
        connector = connector_of(event.exchange)
        longest = max(self.settings.in_a_minute, self.settings.steady_in_five + 1)
        times = self._times.setdefault(connector, deque(maxlen=longest))
        times.append(event.at)
        minute = sum(1 for one in times if event.at - one < timedelta(minutes=1))
        five = sum(1 for one in times if event.at - one < timedelta(minutes=5))
        if minute >= self.settings.in_a_minute or five > self.settings.steady_in_five:
            first = times[0]
            count = len(times)
            times.clear()
            yield self.finding(
                facts,
                f"{count} profiles were set within {(event.at - first).total_seconds():.0f} s.",
                (event.record,),
                connector=connector,
                count=count,
                first_at=first,
            )
