"""C02: boots in quick succession."""

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Annotated

from voltline.inspection.detector import Detector, DetectorSettings
from voltline.inspection.events import Answered, Call, Event, Exchange
from voltline.inspection.exchanges import seconds_between, status_of
from voltline.inspection.facts import Facts
from voltline.inspection.findings import Finding, Severity, Who
from voltline.inspection.spans import span
from voltline.inspection.triggers import TRIGGERS, asks_for_boot
from voltline.messages import RegistrationStatus
from voltline.messages.types import doc


class Settings(DetectorSettings, frozen=True):
    """What is quick, and what a cause is given."""

    within_s: Annotated[float, doc("Two boots within this time are told.", unit="s")] = 300.0
    trigger_s: Annotated[float, doc("A boot so soon after a trigger was asked for.", unit="s")] = 60.0


class RepeatedBoot(Detector):
    """BootNotification again, without need."""

    id = "C02"
    title = "Repeated BootNotification"
    severity = Severity.WARNING
    basis = ("OCPP 1.6, 4.2", "OCPP-J 1.6, 5.4")
    who = Who.CHARGER_MAKER
    next_step = (
        "Look in the charge point's own log for the cause of the restarts: watchdog, power supply, crash."
    )
    explanation = (
        "A charge point says BootNotification once, when it has started. Two within minutes on one "
        "connection show a restart loop, or a charge point that did not take the answer. Rightly repeated "
        "is one that was not answered, or not by Accepted; one that a TriggerMessage asked for; and one "
        "after a Reset or a firmware update. After a mere reconnection no boot should be sent, but many "
        "do: it does not show a restart, and is told as information."
    )
    events = (Call, Answered)
    actions = frozenset(
        {
            "BootNotification",
            "TriggerMessage",
            "ExtendedTriggerMessage",
            "Reset",
            "UpdateFirmware",
            "SignedUpdateFirmware",
            "FirmwareStatusNotification",
            "SignedFirmwareStatusNotification",
        }
    )
    settings: Settings = Settings()

    def __init__(self, settings: Settings | None = None) -> None:
        super().__init__(settings)
        self._last: Exchange | None = None
        self._accepted = False
        self._excused = False
        self._triggered_at: datetime | None = None

    def see(self, event: Event, facts: Facts) -> Iterable[Finding]:
        """Remember what would explain a boot, and judge each one."""
        assert isinstance(event, Call | Answered)
        exchange = event.exchange
        if exchange.name != "BootNotification":
            if isinstance(event, Call):
                if exchange.name in TRIGGERS:
                    if asks_for_boot(exchange):
                        self._triggered_at = event.at
                else:
                    self._excused = True
            return ()
        if isinstance(event, Answered):
            if exchange is self._last:
                self._accepted = status_of(exchange) == RegistrationStatus.ACCEPTED
            return ()
        return tuple(self._boot(exchange, facts))

    def _boot(self, exchange: Exchange, facts: Facts) -> Iterator[Finding]:
        last, accepted, excused = self._last, self._accepted, self._excused
        self._last, self._accepted, self._excused = exchange, False, False
        since_trigger_s = seconds_between(self._triggered_at, exchange.asked_at)
        self._triggered_at = None
        if since_trigger_s is not None and since_trigger_s <= self.settings.trigger_s:
            self._last, self._accepted = last or exchange, accepted
            return
        passed_s = None if last is None else seconds_between(last.asked_at, exchange.asked_at)
        if last is None or not accepted or excused or passed_s is None:
            return
        if passed_s > self.settings.within_s:
            return
        over = last.connection != exchange.connection
        where = ", on a new connection" if over else ", on the same connection"
        if facts.connected is None:
            where = ""  # the log does not mark connections
        yield self.finding(
            facts,
            f"BootNotification again after {span(passed_s)}{where}; the one before was accepted.",
            (last.call, exchange.call),
            title="BootNotification after a reconnection" if over else None,
            severity=Severity.INFO if over else None,
        )
