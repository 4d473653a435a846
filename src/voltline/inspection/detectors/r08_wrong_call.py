"""R08: message ids, actions and directions that OCPP-J does not have."""

from collections.abc import Iterable, Iterator
from typing import Final

from voltline.inspection.detector import Detector, chosen
from voltline.inspection.events import Answered, Call, Event, Exchange, Malformed, Orphan
from voltline.inspection.facts import Facts
from voltline.inspection.findings import Finding, Severity, Who
from voltline.inspection.other_versions import version_of
from voltline.inspection.records import Direction, Record
from voltline.inspection.sides import name_of, who_is
from voltline.messages import ACTIONS, Side
from voltline.messages.deviation import shown
from voltline.wire.frame_types import Ignored

_NOT_FROM: Final = {
    Direction.FROM_STATION: frozenset(
        name for name, action in ACTIONS.items() if Side.CHARGE_POINT not in action.sent_by
    ),
    Direction.FROM_CENTRAL: frozenset(
        name for name, action in ACTIONS.items() if Side.CENTRAL_SYSTEM not in action.sent_by
    ),
    Direction.UNKNOWN: frozenset[str](),
}
_BY_FOLDED: Final = {name.casefold(): name for name in ACTIONS}
_MOST_HELD: Final = 50


class WrongCall(Detector):
    """A CALL that a strict peer would refuse before it looks at the payload."""

    id = "R08"
    title = "Call not as OCPP-J has it"
    severity = Severity.WARNING
    basis = ("OCPP-J 1.6, 4.1.3", "OCPP-J 1.6, 4.1.4", "OCPP-J 1.6, 4.2.1")
    who = Who.CHARGER_MAKER
    next_step = "Correct the sender; a strict peer answers such a CALL with an error, or not at all."
    explanation = (
        "A message id is a string of 1 to 36 characters, an action one of the 39 of OCPP 1.6 and its "
        "security extension, in exactly their spelling, and each action goes one way, DataTransfer both. A "
        "log whose direction marks are the wrong way round shows all actions on the wrong side: that is "
        "told once, as the log's fault."
    )
    events = (Call, Answered, Orphan, Malformed)
    actions = chosen(answered=())
    odd = True

    def __init__(self, settings: None = None) -> None:
        super().__init__(settings)
        self._unknown = 0
        """CALLs of actions that OCPP does not have."""
        self._wrong: list[Exchange] = []
        self._wrong_count = 0

    def rests(self, facts: Facts) -> bool:
        """While no CALL waits to be judged."""
        return not self._wrong

    def see(self, event: Event, facts: Facts) -> Iterable[Finding]:
        """Most frames pass with three looks."""
        if type(event) is Call:
            exchange = event.exchange
            right = exchange.action is not None and exchange.name not in _NOT_FROM[exchange.sender]
            if right and not exchange.frame.deviations and not self._wrong:
                return ()
            return self._call(exchange, facts)
        if isinstance(event, Malformed):
            return self._malformed(event, facts)
        return self._answer_id(event, facts)

    def _call(self, exchange: Exchange, facts: Facts) -> Iterator[Finding]:
        record = exchange.call
        for one in exchange.frame.deviations:
            if one.path == "$[1]":
                yield self._told(record, one.text, "Message id not as OCPP-J has it", facts)
            elif not record.truncated and (one.path != "$" or "elements" in one.text):
                yield self._told(record, f"{exchange.name}: {one.text}", "Malformed CALL", facts)
        if exchange.action is None:
            self._unknown += 1
            if not record.truncated and version_of(exchange) is None:
                yield self._unknown_action(exchange, facts)
        elif exchange.name in _NOT_FROM[exchange.sender]:
            self._wrong_count += 1
            self._wrong.append(exchange)
            del self._wrong[:-_MOST_HELD]
        if self._wrong and (facts.live or self._right(facts) > self._wrong_count):
            for one_wrong in self._wrong:
                yield self._wrong_way(one_wrong, facts)
            self._wrong = []

    def _right(self, facts: Facts) -> int:
        """How many CALLs came from the side that may make them."""
        return facts.calls_from_station + facts.calls_from_central - self._unknown - self._wrong_count

    def _unknown_action(self, exchange: Exchange, facts: Facts) -> Finding:
        meant = _BY_FOLDED.get(exchange.name.strip().casefold())
        text = f"{shown(exchange.name)} is no action of OCPP 1.6"
        if meant is not None:
            text += f"; it is written {meant}, and case counts (J 4.2.1)"
        return self._told(exchange.call, text, "Unknown action", facts)

    def _wrong_way(self, exchange: Exchange, facts: Facts) -> Finding:
        text = f"{exchange.name} is not for {name_of(exchange.sender)} to send"
        return self._told(exchange.call, text, "Action sent by the wrong side", facts)

    def _malformed(self, event: Malformed, facts: Facts) -> Iterator[Finding]:
        frame, record = event.frame, event.record
        if record.truncated:
            return
        if isinstance(frame, Ignored):
            if "message type" in frame.reason:
                yield self._told(record, frame.reason, "Unknown message type", facts, Severity.INFO)
        elif not frame.text.startswith(("not valid JSON", "objects and lists")):
            title = "Message id not as OCPP-J has it" if "message id" in frame.text else "Malformed CALL"
            yield self._told(record, frame.text, title, facts)

    def _answer_id(self, event: Event, facts: Facts) -> Iterable[Finding]:
        if isinstance(event, Answered):
            frame, asked = event.exchange.result, event.exchange.frame
            if frame is None or not frame.deviations or type(asked.message_id) is type(frame.message_id):
                return ()
        elif isinstance(event, Orphan):
            frame = event.frame
        else:
            return ()
        return [
            self._told(event.record, one.text, "Message id not as OCPP-J has it", facts)
            for one in frame.deviations
            if one.path == "$[1]"
        ]

    def _told(
        self, record: Record, text: str, title: str, facts: Facts, severity: Severity | None = None
    ) -> Finding:
        sender = record.direction
        text = f"Sent by {name_of(sender)}: {text}."
        return self.finding(facts, text, (record,), title=title, who=who_is(sender), severity=severity)

    def end(self, facts: Facts) -> Iterator[Finding]:
        """With more actions on the wrong side than on the right one, it is the log's marks that are wrong."""
        right = self._right(facts)
        if self._wrong_count > right and self._wrong_count > 1:
            yield self.finding(
                facts,
                f"{self._wrong_count} of {self._wrong_count + right} CALLs stand on the wrong side: "
                "the log's direction marks are the wrong way round, or it is from the other side's point "
                "of view.",
                (one.call for one in self._wrong),
                title="Directions of the log are reversed",
                severity=Severity.INFO,
                who=Who.LOG_KEEPER,
                next_step="Tell the inspector from which side the log is.",
            )
        elif self._wrong:
            for one in self._wrong:
                yield self._wrong_way(one, facts)
