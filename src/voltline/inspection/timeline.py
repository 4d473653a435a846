"""Pairs calls with answers, for one station, one record after the other.

Message ids are the sender's own: the same id from both sides is two calls. Memory is bounded: so many open
calls, so many remembered ones.
"""

import re
from collections import OrderedDict, deque
from datetime import datetime, timedelta
from typing import Any, Final

from msgspec import Raw

from voltline.inspection.events import (
    Answered,
    Call,
    Connected,
    Disconnected,
    Event,
    Exchange,
    Malformed,
    Note,
    Orphan,
    OrphanCause,
    Repeated,
    Unanswered,
    UnansweredCause,
)
from voltline.inspection.payload_times import told_time
from voltline.inspection.records import Direction, Record, RecordKind
from voltline.messages import ACTIONS, Action, Payload, Reading, read_request, read_response
from voltline.messages.deviation import Deviation
from voltline.wire.frame_types import CallErrorFrame, CallFrame, CallResultFrame, Frame
from voltline.wire.frame_types import Malformed as MalformedFrame
from voltline.wire.frames import decode

__all__ = ["ANSWER_WITHIN", "Timeline", "frame_of"]

ANSWER_WITHIN: Final = timedelta(seconds=30)
"""How long an answer may take before the CALL is held to be unanswered, unless it does come after all."""
REMEMBERED: Final = 1000
"""Closed exchanges that are remembered, to know a late answer and a message id that is used again."""
MOST_OPEN: Final = 200
"""Open calls of one side. More are given up, the oldest first."""
WINDOW: Final = timedelta(minutes=10)
"""After a silence of this length the log begins anew: what was asked in between is unknown."""
TWICE_WITHIN: Final = timedelta(seconds=2)
"""The same frame from another logger within this time is the same frame."""
FRAMES_FOR_AN_ANSWER: Final = 20
"""In a log without times: so many frames later an answer is overdue."""
SHORT: Final = 36
"""Bytes of a payload that is read once and then known: `{}`, a bare status. With a time it is longer."""
MOST_SHORT: Final = 1000

# The head of a frame that was cut: its type, its id, and the action if it is still there.
_HEAD = re.compile(r'\s*\[\s*([234])\s*,\s*"([^"\\]{1,255})"\s*(?:,\s*"([A-Za-z0-9]{1,60})("?))?')
_NOTHING: Final = Raw(b"{}")
# Looking a member up in its class takes longer than the tests that need it.
_FRAME: Final = RecordKind.FRAME
_NOTE: Final = RecordKind.NOTE
_FROM_STATION: Final = Direction.FROM_STATION
_OPPOSITE: Final = {side: side.opposite for side in Direction}

_requests: dict[tuple[str, bytes], Reading[Any]] = {}
_responses: dict[tuple[str, bytes], Reading[Any]] = {}
"""What short payloads say. Messages cannot be changed, so one serves for all."""


def _read_short(
    known: dict[tuple[str, bytes], Reading[Any]], action: Action[Any, Any], payload: bytes
) -> Reading[Any]:
    """What the payload of a request or response says, read anew where it was not read before."""
    key = action.name, payload
    reading = known.get(key)
    if reading is None:
        read = read_request if known is _requests else read_response
        if len(known) >= MOST_SHORT:
            known.clear()
        reading = known[key] = read(action, payload)
    return reading


def frame_of(record: Record) -> Frame:
    """The frame of a record, decoded once. Of a truncated one, whatever its head still says."""
    frame = record.frame
    if frame is None:
        frame = _cut_frame(record.text) if record.damage and record.truncated else decode(record.text)
        record.frame = frame
    return frame


def _cut_frame(text: str) -> Frame:
    head = _HEAD.match(text)
    if head is None:
        return decode(text)
    kind, message_id, word, closed = head.groups()
    if kind == "2":
        return CallFrame(message_id, (word if closed else _action_of(word)) or "", _NOTHING)
    if kind == "3":
        return CallResultFrame(message_id, _NOTHING)
    return CallErrorFrame(message_id, word if word and closed else "", "", _NOTHING)


def _action_of(beginning: str | None) -> str | None:
    """The one action whose name begins so; None if there are several."""
    found = [name for name in ACTIONS if beginning and name.startswith(beginning)]
    return found[0] if len(found) == 1 else None


class Timeline:
    """The exchanges of one station. `feed` gives the events of a record, `end` those of the log's end."""

    def __init__(
        self, station: str, *, answer_within: timedelta = ANSWER_WITHIN, remembered: int = REMEMBERED
    ) -> None:
        self.station = station
        self.connection = 0
        """The current connection, from 1; 0 is one that was open when the log began."""
        self._answer_within = answer_within
        self._remembered = remembered
        self._open: dict[Direction, dict[str, Exchange]] = {side: {} for side in Direction}
        self._sides = tuple(self._open.values())
        self._past: OrderedDict[tuple[Direction, str], Exchange] = OrderedDict()
        """Closed ones, oldest first."""
        self._malformed: deque[str] = deque(maxlen=32)
        self._recent: deque[Record] = deque(maxlen=12)
        self._several_loggers = False
        self._names: dict[str, int] = {}
        """Connections by the log's name for them."""
        self.frames = 0
        """Frames so far, those that another logger repeats not counted."""
        self._began_at: datetime | None = None
        self._began_frame = 0
        self._last_at: datetime | None = None

    # ---- in

    def feed(self, record: Record) -> list[Event]:
        """What this record tells, in order."""
        events: list[Event] = []
        at = record.at
        if at is not None:
            last = self._last_at
            if last is None or at - last > WINDOW:
                self._began_at, self._began_frame = at, self.frames
            self._last_at = at
        kind = record.kind
        if kind is _FRAME:
            self._frame(record, events)
        elif kind is _NOTE:
            events.append(Note(self.station, at, record))
        elif kind is RecordKind.CONNECTED:
            self._connected(record, events)
        else:
            self._disconnected(record, events)
        if at is not None:
            for calls in self._sides:
                if calls:
                    oldest = next(iter(calls.values())).call.at
                    if oldest is not at and oldest is not None and at - oldest > self._answer_within:
                        self._overdue(calls, at, record, events)
        return events

    def pass_time(self, now: datetime) -> list[Event]:
        """Nothing more was said until `now`: CALLs whose answer is long overdue are given up.

        Not before twice the time that an answer may take: one that is slow is to be told as that.
        """
        events: list[Event] = []
        for calls in self._sides:
            while calls:
                message_id, exchange = next(iter(calls.items()))
                asked_at = exchange.call.at
                if asked_at is None or now - asked_at <= 2 * self._answer_within:
                    break
                del calls[message_id]
                self._remember(exchange)
                cause = UnansweredCause.TIMEOUT
                events.append(Unanswered(self.station, now, exchange.call, exchange, cause))
        return events

    def end(self) -> list[Event]:
        """The log is at its end: what is still open is unknown, unless the log went on for long enough."""
        events: list[Event] = []
        for calls in self._open.values():
            for exchange in calls.values():
                late = self._last_at is None and self.frames - exchange.number > FRAMES_FOR_AN_ANSWER
                cause = UnansweredCause.TIMEOUT if late else UnansweredCause.LOG_ENDED
                events.append(Unanswered(self.station, self._last_at, exchange.call, exchange, cause))
            calls.clear()
        return events

    # ---- frames

    def _frame(self, record: Record, events: list[Event]) -> None:
        if record.connection is not None:
            self._on_connection(record, events)
        recent = self._recent
        if recent and not self._several_loggers:
            last = recent[-1]
            self._several_loggers = last.log_name != record.log_name or last.source != record.source
        if self._several_loggers and self._is_repeated(record):
            events.append(Repeated(self.station, record.at, record))
            return
        recent.append(record)
        self.frames += 1
        frame = record.frame or frame_of(record)
        kind = type(frame)
        if kind is CallFrame:
            self._call(record, frame, events)  # type: ignore[arg-type]  # told by its type
        elif kind is CallResultFrame or kind is CallErrorFrame:
            self._answer(record, frame, events)  # type: ignore[arg-type]
        else:
            if isinstance(frame, MalformedFrame) and frame.message_id is not None:
                self._malformed.append(frame.message_id)
            events.append(Malformed(self.station, record.at, record, frame))  # type: ignore[arg-type]

    def _call(self, record: Record, frame: CallFrame, events: list[Event]) -> None:
        sender = record.direction
        calls = self._open[sender]
        message_id = frame.message_id
        action = ACTIONS.get(frame.action)
        request: Payload | None = None
        deviations: tuple[Deviation, ...] = ()
        if action is not None and not (record.damage and record.truncated):
            payload = bytes(frame.payload)
            if len(payload) <= SHORT:
                reading = _read_short(_requests, action, payload)
            else:
                reading = read_request(action, payload)
            request, deviations = reading.message, reading.deviations
        earlier = calls.pop(message_id, None)
        if earlier is not None:
            events.append(Unanswered(self.station, record.at, record, earlier, UnansweredCause.REUSED))
        else:
            earlier = self._past.pop((sender, message_id), None)
        if earlier is not None:
            earlier.earlier = None  # or a sender that never changes its id would keep its whole life here
        exchange = Exchange(
            self.station,
            self.connection,
            self.frames,
            sender,
            record,
            frame,
            frame.action,
            sender is _FROM_STATION,
            action,
            request,
            deviations,
            told_time(request),
            len(calls),
            earlier,
            request is None
            or earlier is not None
            or deviations != ()
            or frame.deviations != ()
            or record.damage != (),
        )
        calls[message_id] = exchange
        events.append(Call(self.station, record.at, record, exchange))
        if len(calls) > MOST_OPEN:
            self._give_up(calls, next(iter(calls)), record, UnansweredCause.TIMEOUT, events)

    def _answer(self, record: Record, frame: CallResultFrame | CallErrorFrame, events: list[Event]) -> None:
        asked_by = _OPPOSITE[record.direction]
        message_id = frame.message_id
        exchange = self._open[asked_by].pop(message_id, None)
        if exchange is None:
            exchange = self._by_the_other_side(record, message_id)
        if exchange is None:
            events.append(self._orphan(record, frame, asked_by))
            return
        exchange.answer, exchange.result = record, frame
        action = exchange.action
        if action is not None and type(frame) is CallResultFrame and not (record.damage and record.truncated):
            if frame.deviations and any(not one.usable for one in frame.deviations):
                exchange.response_deviations = frame.deviations
            else:
                payload = bytes(frame.payload)
                if len(payload) <= SHORT:
                    reading = _read_short(_responses, action, payload)
                else:
                    reading = read_response(action, payload)
                exchange.response, exchange.response_deviations = reading.message, reading.deviations
        exchange.odd_answer = (
            exchange.response is None
            or exchange.response_deviations != ()
            or frame.deviations != ()
            or record.damage != ()
        )
        self._remember(exchange)
        events.append(Answered(self.station, record.at, record, exchange))

    def _by_the_other_side(self, record: Record, message_id: str) -> Exchange | None:
        """The open call, where the direction of either the call or the answer is not known."""
        if record.direction is Direction.UNKNOWN:
            sides = [Direction.FROM_STATION, Direction.FROM_CENTRAL]
        else:
            sides = [Direction.UNKNOWN]
        for side in sides:
            exchange = self._open[side].pop(message_id, None)
            if exchange is not None:
                return exchange
        return None

    def _orphan(self, record: Record, frame: CallResultFrame | CallErrorFrame, asked_by: Direction) -> Orphan:
        exchange = self._past.get((asked_by, frame.message_id))
        if exchange is not None:
            if exchange.result is not None:
                cause = OrphanCause.ANSWERED_BEFORE
            elif exchange.connection != self.connection:
                cause = OrphanCause.AFTER_RECONNECT
            else:
                cause = OrphanCause.LATE
            return Orphan(self.station, record.at, record, frame, cause, exchange)
        if frame.message_id in self._malformed:
            cause = OrphanCause.MALFORMED
        elif self._has_just_begun(record):
            cause = OrphanCause.LOG_BEGAN
        else:
            cause = OrphanCause.UNKNOWN
        return Orphan(self.station, record.at, record, frame, cause)

    def _has_just_begun(self, record: Record) -> bool:
        if record.at is None or self._began_at is None:
            return self.frames - self._began_frame <= FRAMES_FOR_AN_ANSWER
        return record.at - self._began_at <= self._answer_within

    def _is_repeated(self, record: Record) -> bool:
        """Whether another logger, or another file, has just told the same frame."""
        return any(
            other.text == record.text
            and (other.log_name != record.log_name or other.source != record.source)
            and other.direction is record.direction
            and _near(other.at, record.at)
            for other in self._recent
        )

    # ---- time

    def _overdue(self, calls: dict[str, Exchange], at: datetime, record: Record, events: list[Event]) -> None:
        while calls:
            message_id, exchange = next(iter(calls.items()))
            if exchange.call.at is None or at - exchange.call.at <= self._answer_within:
                break
            self._give_up(calls, message_id, record, UnansweredCause.TIMEOUT, events)

    def _give_up(
        self,
        calls: dict[str, Exchange],
        message_id: str,
        record: Record,
        cause: UnansweredCause,
        events: list[Event],
    ) -> None:
        exchange = calls.pop(message_id)
        self._remember(exchange)
        events.append(Unanswered(self.station, record.at, record, exchange, cause))

    def _remember(self, exchange: Exchange) -> None:
        past = self._past
        past[exchange.sender, exchange.frame.message_id] = exchange
        if len(past) > self._remembered:
            past.popitem(last=False)

    # ---- connections

    def _connected(self, record: Record, events: list[Event]) -> None:
        if record.connection is not None and self._names.get(record.connection) == self.connection > 0:
            return  # told already, by a frame that came first or by a second line about it
        self._hang_up(self.connection, record, events)
        self.connection += 1
        if record.connection is not None:
            self._name(record.connection)
        events.append(Connected(self.station, record.at, record, self.connection))

    def _disconnected(self, record: Record, events: list[Event]) -> None:
        number = self.connection
        if record.connection is not None:
            number = self._names.get(record.connection, number)
        self._hang_up(number, record, events)
        events.append(Disconnected(self.station, record.at, record, number))

    def _on_connection(self, record: Record, events: list[Event]) -> None:
        name = record.connection
        assert name is not None
        if name not in self._names:
            if self._names:  # another than before, of which no line told
                self._connected(record, events)
            else:
                self._name(name)

    def _name(self, name: str) -> None:
        self._names[name] = self.connection
        if len(self._names) > 8:
            del self._names[next(iter(self._names))]

    def _hang_up(self, connection: int, record: Record, events: list[Event]) -> None:
        for calls in self._open.values():
            for message_id in [key for key, one in calls.items() if one.connection <= connection]:
                self._give_up(calls, message_id, record, UnansweredCause.DISCONNECTED, events)


def _near(one: datetime | None, other: datetime | None) -> bool:
    return one is None or other is None or abs(one - other) <= TWICE_WITHIN
