"""C01: a connection that does not last."""

from collections import deque
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Annotated

from voltline.inspection.detector import Detector, DetectorSettings
from voltline.inspection.events import Call, Connected, Event
from voltline.inspection.facts import Facts
from voltline.inspection.findings import Finding, Severity, Who
from voltline.messages.types import doc

_DAY = timedelta(days=1)


class Settings(DetectorSettings, frozen=True):
    """Connections in 24 hours."""

    told: Annotated[int, doc("So many connections within 24 h are told.")] = 5
    concern: Annotated[int, doc("So many within 24 h are a warning.")] = 10
    bad: Annotated[int, doc("More within 24 h are an error.")] = 50
    critical: Annotated[int, doc("More within 24 h are critical.")] = 100
    critical_in_all: Annotated[int, doc("More in the whole log are critical.")] = 1000


class Flapping(Detector):
    """Connections, or boots where the log has no connections, per day."""

    id = "C01"
    title = "Connection keeps breaking"
    severity = Severity.INFO
    basis = ("OCPP-J 1.6, 5.3", "OCPP-J errata 3.11")
    who = Who.SITE
    next_step = (
        "Try another way to the internet (cable for radio, another SIM card) for a day: if that lasts, it "
        "is the site's network, else the charge point or an idle timeout on the way (see C07)."
    )
    explanation = (
        "Fewer than five new connections a day are ordinary. From ten on commands get lost and transaction "
        "messages come late; beyond a hundred the charge point is hardly reachable. Causes are a weak radio "
        "signal, an idle timeout of a router or proxy, or a reboot loop. A site that is known to be offline "
        "makes thousands of attempts: it is one finding all the same. Where a log has no connection marks, "
        "BootNotifications are counted instead."
    )
    events = (Connected, Call)
    actions = frozenset({"BootNotification"})
    settings: Settings = Settings()

    def __init__(self, settings: Settings | None = None) -> None:
        super().__init__(settings)
        self._times: deque[datetime] = deque(maxlen=self.settings.critical + 1)
        self._count = 0
        self._told = 0

    def see(self, event: Event, facts: Facts) -> Iterable[Finding]:
        """Count within the last 24 h."""
        if isinstance(event, Call) and (facts.connected is not None or not event.exchange.from_station):
            return ()
        self._count += 1
        times = self._times
        if event.at is not None:
            times.append(event.at)
            while times and event.at - times[0] > _DAY:
                times.popleft()
        of_a_day = len(times)
        limits = self.settings
        if of_a_day < limits.told and self._count <= limits.critical_in_all:
            return ()
        if of_a_day > limits.critical or self._count > limits.critical_in_all:
            severity = Severity.CRITICAL
        elif of_a_day > limits.bad:
            severity = Severity.ERROR
        else:
            severity = Severity.WARNING if of_a_day >= limits.concern else Severity.INFO
        new = self._count - self._told if self._told else of_a_day
        self._told = self._count
        often = f"More than {limits.critical}" if of_a_day > limits.critical else str(of_a_day)
        return (
            self.finding(
                facts,
                f"{often} connections within 24 h, {self._count} in all.",
                (event.record,),
                severity=severity,
                count=new,
            ),
        )
