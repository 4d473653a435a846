"""C03: traffic of a charge point that is not accepted."""

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Annotated

from voltline.inspection.detector import Detector, DetectorSettings, chosen
from voltline.inspection.events import Answered, Call, Connected, Event, Exchange
from voltline.inspection.exchanges import seconds_between, status_of
from voltline.inspection.facts import Facts
from voltline.inspection.findings import Finding, Severity, Who
from voltline.messages import ExtendedTriggerMessage, RegistrationStatus, TriggerMessage
from voltline.messages.types import doc

_BOOT = "BootNotification"
_FORBIDDEN_WHILE_PENDING = frozenset({"RemoteStartTransaction", "RemoteStopTransaction"})
_TRIGGERS = frozenset({"TriggerMessage", "ExtendedTriggerMessage"})
_UNSETTLING = _TRIGGERS | {_BOOT}
_MOST_HELD = 5
_UNANSWERED = "unanswered"
_SETTLED = frozenset({None, RegistrationStatus.ACCEPTED})


class Settings(DetectorSettings, frozen=True):
    """How exact the log's times are, and what a trigger is given."""

    trigger_s: Annotated[float, doc("A message so soon after a trigger was asked for.", unit="s")] = 60.0
    boot_s: Annotated[
        float,
        doc("A boot so soon after the connection belongs to it: messages before it are early.", unit="s"),
    ] = 60.0
    resolution_s: Annotated[
        float, doc("A CALL logged so shortly before the answer to the boot counts as after it.", unit="s")
    ] = 0.05


class BeforeAccepted(Detector):
    """Requests between a boot and its acceptance."""

    id = "C03"
    title = "Message before the boot was accepted"
    severity = Severity.WARNING
    basis = ("OCPP 1.6, 4.2", "OCPP 1.6, 4.2.1", "errata 3.11", "OCPP-J errata 3.10")
    who = Who.CHARGER_MAKER
    next_step = "Hold all other messages, queued ones too, until BootNotification is answered by Accepted."
    explanation = (
        "From its start until BootNotification is answered by Accepted a charge point sends no other "
        "request, not even queued ones; the central system may refuse them with SecurityError. While "
        "Pending it answers the central system's requests and sends what a TriggerMessage asks for; remote "
        "start and stop are not allowed. While Rejected neither side should send anything. A registration "
        "lasts over a mere reconnection, after which no boot is needed."
    )
    events = (Call, Answered, Connected)
    actions = chosen(answered={"BootNotification"})
    waits_with = "_unsettled"
    settings: Settings = Settings()

    def __init__(self, settings: Settings | None = None) -> None:
        super().__init__(settings)
        self._state: str | None = None
        """A RegistrationStatus, `unanswered` after a boot, None before the log shows one."""
        self._early: list[Exchange] = []
        """Since the boot was sent, or since the connection where that may still come."""
        self._connected_at: datetime | None = None
        self._booted_before = False
        self._triggered: dict[str, datetime | None] = {}
        self._unsettled = False
        """Whether a message of the charge point may come too early."""

    def see(self, event: Event, facts: Facts) -> Iterable[Finding]:
        """While it is accepted and has booted on this connection, nothing is looked at."""
        if not self._unsettled and type(event) is Call and event.exchange.name not in _UNSETTLING:
            return ()
        found = self._look(event, facts)
        self._unsettled = self._connected_at is not None or self._state not in _SETTLED
        return found

    def _look(self, event: Event, facts: Facts) -> Iterable[Finding]:
        kind = type(event)
        if kind is Connected:
            self._connected_at = event.at
            self._early = []
            return ()
        exchange: Exchange = event.exchange  # type: ignore[attr-defined]  # both others have one
        if exchange.name == _BOOT:
            return tuple(self._boot(event, exchange, facts))
        if kind is Answered:
            return ()
        if exchange.name in _TRIGGERS:
            self._trigger(exchange)
        if self._state == RegistrationStatus.ACCEPTED and self._connected_at is None:
            return ()
        return tuple(self._other(exchange, facts))

    def _boot(self, event: Event, exchange: Exchange, facts: Facts) -> Iterator[Finding]:
        if isinstance(event, Call):
            since_s = seconds_between(self._connected_at, event.at)
            asked_for = self._was_triggered(_BOOT, event.at)
            if since_s is not None and since_s <= self.settings.boot_s and not asked_for:
                reconnected = self._state == RegistrationStatus.ACCEPTED
                for one in self._early:
                    yield self._told(one, "before BootNotification", facts, info=reconnected)
            self._early, self._connected_at = [], None
            self._state = self._state if asked_for else _UNANSWERED
            return
        status = status_of(exchange)
        for one in self._early:
            ahead_s = seconds_between(one.asked_at, event.at)
            if ahead_s is None or ahead_s > self.settings.resolution_s:
                yield self._told(one, "before BootNotification was answered", facts)
        self._early = []
        if status is not None:
            self._state = status

    def _other(self, exchange: Exchange, facts: Facts) -> Iterator[Finding]:
        state = self._state
        if self._connected_at is not None:
            since_s = seconds_between(self._connected_at, exchange.asked_at)
            if since_s is None or since_s > self.settings.boot_s:
                self._connected_at = None
                self._early = []
            elif exchange.from_station and not self._was_triggered(exchange.name, exchange.asked_at):
                self._early = [*self._early[: _MOST_HELD - 1], exchange]
        if state is None or state == RegistrationStatus.ACCEPTED:
            return
        if not exchange.from_station:
            if (state == RegistrationStatus.PENDING and exchange.name in _FORBIDDEN_WHILE_PENDING) or (
                state == RegistrationStatus.REJECTED and exchange.name not in _TRIGGERS
            ):
                yield self._of_central(exchange, state, facts)
        elif self._was_triggered(exchange.name, exchange.asked_at):
            return
        elif state == _UNANSWERED:
            self._early = [*self._early[: _MOST_HELD - 1], exchange]
        else:
            yield self._told(exchange, f"while {state}", facts)

    def _trigger(self, exchange: Exchange) -> None:
        request = exchange.request
        if isinstance(request, TriggerMessage | ExtendedTriggerMessage) and len(self._triggered) < 50:
            asked = str(request.requested_message)
            self._triggered[asked] = exchange.asked_at

    def _was_triggered(self, action: str, at: datetime | None) -> bool:
        if action not in self._triggered:
            return False
        passed_s = seconds_between(self._triggered[action], at)
        return passed_s is None or passed_s <= self.settings.trigger_s

    def _told(self, exchange: Exchange, when: str, facts: Facts, *, info: bool = False) -> Finding:
        return self.finding(
            facts,
            f"The charge point sent {exchange.name} {when}.",
            (exchange.call,),
            title=f"Message {when}",
            severity=Severity.INFO if info else None,
        )

    def _of_central(self, exchange: Exchange, state: str, facts: Facts) -> Finding:
        return self.finding(
            facts,
            f"The central system sent {exchange.name} to a charge point that it holds {state}.",
            exchange.records,
            title=f"Request to a charge point that is {state}",
            who=Who.BACK_END,
            next_step="Accept the charge point first.",
        )
