"""C01: a connection that does not last."""

from collections import deque
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from typing import Annotated, ClassVar, Final

from voltline.inspection.detector import Actions, Detector, DetectorSettings
from voltline.inspection.events import Call, Connected, Event, Unanswered
from voltline.inspection.exchanges import Content, content_of
from voltline.inspection.facts import Facts
from voltline.inspection.findings import Finding, Severity, Who
from voltline.messages.types import doc

_DAY = timedelta(days=1)
_LOOP: Final = 3
"""One message left unanswered by so many connections in a row is a loop, which C09 tells."""
_MOST_HUNG: Final = 8


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
        "BootNotifications are counted instead. Connections that a charge point gives up because one and the "
        "same message is not answered on any of them are not counted: see C09."
    )
    events = (Connected, Call, Unanswered)
    actions: ClassVar[Actions] = {
        Call: frozenset({"BootNotification"}),
        Unanswered: frozenset({"MeterValues", "StartTransaction", "StopTransaction"}),
    }
    settings: Settings = Settings()

    def __init__(self, settings: Settings | None = None) -> None:
        super().__init__(settings)
        self._times: deque[datetime] = deque(maxlen=self.settings.critical + 1)
        self._count = 0
        self._told = 0
        self._hung: dict[Content, int] = {}
        """What this connection left unanswered, and how many in a row by now did."""
        self._hung_before: dict[Content, int] = {}
        """The same of the connection before."""
        self._doubtful: list[Event] = []
        """Connections that follow such ones: part of a loop, if it becomes one."""

    def see(self, event: Event, facts: Facts) -> Iterable[Finding]:
        """Count within the last 24 h."""
        if isinstance(event, Unanswered):
            if event.exchange.from_station and len(self._hung) < _MOST_HUNG:
                content = content_of(event.exchange)
                self._hung[content] = self._hung_before.get(content, 0) + 1
            return ()
        if isinstance(event, Connected):
            return tuple(self._connected(event, facts))
        assert isinstance(event, Call)
        if facts.connected is not None or not event.exchange.from_station:
            return ()
        return self._counted(event, facts)

    def end(self, facts: Facts) -> Iterator[Finding]:
        """What has become no loop."""
        for one in self._doubtful:
            yield from self._counted(one, facts)

    def _connected(self, event: Event, facts: Facts) -> Iterator[Finding]:
        in_a_row = max(self._hung.values(), default=0)
        self._hung_before, self._hung = self._hung, {}
        if in_a_row >= _LOOP:
            self._doubtful.clear()
            return
        if in_a_row <= 1:  # another message, or none
            for one in self._doubtful:
                yield from self._counted(one, facts)
            self._doubtful.clear()
        if in_a_row:
            self._doubtful.append(event)
        else:
            yield from self._counted(event, facts)

    def _counted(self, event: Event, facts: Facts) -> Iterable[Finding]:
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
