"""C04: commands to a charge point that has not got the answer to its boot."""

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Annotated

from voltline.inspection.detector import Detector, DetectorSettings, chosen
from voltline.inspection.events import Answered, Call, Connected, Event, Exchange, Unanswered
from voltline.inspection.exchanges import seconds_between
from voltline.inspection.facts import Facts
from voltline.inspection.findings import Finding, Severity, Who
from voltline.messages.types import doc

_BOOT = "BootNotification"
_MOST_HELD = 5


class Settings(DetectorSettings, frozen=True):
    """When a boot belongs to a connection."""

    boot_s: Annotated[
        float,
        doc("A boot so soon after the connection belongs to it: commands before it are early.", unit="s"),
    ] = 60.0


class CommandBeforeBoot(Detector):
    """The central system's CALLs before it has answered BootNotification."""

    id = "C04"
    title = "Command before the boot was answered"
    severity = Severity.INFO
    basis = ("OCPP 1.6, 4.2",)
    who = Who.BACK_END
    next_step = (
        "None if the charge point answers; else let the back-end answer the boot before it asks anything."
    )
    explanation = (
        "A back-end that asks for the configuration as soon as the connection is open reaches a charge point "
        "that has yet to be accepted. Some do not answer then, some mix the answers up. After a reconnection "
        "that needs no BootNotification, commands come first and rightly so: they are told only where a boot "
        "follows at once."
    )
    events = (Call, Answered, Unanswered, Connected)
    actions = chosen(answered={"BootNotification"})
    waits_with = "_waits"
    settings: Settings = Settings()

    def __init__(self, settings: Settings | None = None) -> None:
        super().__init__(settings)
        self._connected_at: datetime | None = None
        self._boot: Exchange | None = None
        self._early: list[Exchange] = []
        self._waits = False
        """For the boot, or for the answer to it."""

    def see(self, event: Event, facts: Facts) -> Iterable[Finding]:
        """Look between connection and boot, and between boot and answer."""
        if type(event) is Connected:
            self._connected_at, self._boot, self._early = event.at, None, []
            self._waits = event.at is not None
            return ()
        exchange: Exchange = event.exchange  # type: ignore[attr-defined]  # all others have one
        if exchange.name == _BOOT:
            return tuple(self._boots(event, exchange, facts))
        if not self._waits or type(event) is not Call:
            return ()
        if exchange.from_station:
            return ()
        if self._boot is not None:
            return (self._told(exchange, "before it answered BootNotification", facts),)
        self._early = [*self._early[: _MOST_HELD - 1], exchange]
        return ()

    def _boots(self, event: Event, exchange: Exchange, facts: Facts) -> Iterator[Finding]:
        if type(event) is not Call:
            self._boot = None
            self._waits = self._connected_at is not None
            return
        since_s = seconds_between(self._connected_at, event.at)
        if since_s is not None and since_s <= self.settings.boot_s:
            for one in self._early:
                yield self._told(one, "before BootNotification came", facts)
        self._boot, self._connected_at, self._early = exchange, None, []
        self._waits = True

    def _told(self, exchange: Exchange, when: str, facts: Facts) -> Finding:
        return self.finding(facts, f"The central system sent {exchange.name} {when}.", (exchange.call,))
