"""Pairs calls with answers, for one station, one record after the other.

Message ids are the sender's own: the same id from both sides is two calls. Memory is bounded: so many open
calls, so many remembered ones.
"""

import re
from collections import deque
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import msgspec
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
from voltline.messages import ACTIONS, Action, Mode, Payload, Reading, request_reader, response_reader
from voltline.messages.deviation import Deviation
from voltline.wire.frame_types import CallErrorFrame, CallFrame, CallResultFrame, Frame
from voltline.wire.frame_types import Malformed as MalformedFrame
from voltline.wire.frames import decode

__all__ = ["ANSWER_WITHIN", "Timeline", "frame_of"]

ANSWER_WITHIN: Final = timedelta(seconds=30)
"""How long an answer may take before the CALL is held to be unanswered, unless it does come after all."""
REMEMBERED: Final = 1000
"""Closed exchanges of a side that are remembered, and at least half as many: to know a late answer and
a message id that is used again."""
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
_TOLERANT: Final = Mode.TOLERANT
# Looking a member up in its class takes longer than the tests that need it.
_FRAME: Final = RecordKind.FRAME
_FROM_STATION: Final = Direction.FROM_STATION
_OPPOSITE: Final = {side: side.opposite for side in Direction}
_EVER: Final = datetime(1, 1, 1, tzinfo=UTC)

_Read = Callable[[bytes, Mode], Reading[Any]]

_asked: dict[str, tuple[Action[Any, Any], _Read]] = {}
"""By its name: an action, and what reads its requests."""
_answered: dict[str, _Read] = {}
"""What reads the responses to an action of that name."""
_requests: dict[tuple[str, bytes], Reading[Any]] = {}
_responses: dict[tuple[str, bytes], Reading[Any]] = {}
"""What short payloads of an action say. Messages cannot be changed, so one serves for all."""


def _reads_requests(name: str) -> tuple[Action[Any, Any], _Read] | None:
    """The action of that name, and what reads its requests; None if there is none."""
    action = ACTIONS.get(name)
    if action is None:
        return None
    found = _asked[name] = action, request_reader(action)
    _answered[name] = response_reader(action)
    return found


def _short(
    known: dict[tuple[str, bytes], Reading[Any]], name: str, payload: bytes, read: _Read
) -> Reading[Any]:
    """Read a short payload that is not known yet."""
    if len(known) >= MOST_SHORT:
        known.clear()
    reading = known[name, payload] = read(payload, Mode.TOLERANT)
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


class _Side(msgspec.Struct):
    """The calls of one sender, by message id."""

    open: dict[str, Exchange] = {}
    """Those that wait for their answer, oldest first."""
    past: dict[str, Exchange] = {}
    """Closed ones."""
    older: dict[str, Exchange] = {}
    """Those that were closed before."""

    def remembered(self, message_id: str) -> Exchange | None:
        """A closed one."""
        return self.past.get(message_id) or self.older.get(message_id)


class Timeline:
    """The exchanges of one station. `feed` gives the events of a record, `end` those of the log's end."""

    def __init__(
        self, station: str, *, answer_within: timedelta = ANSWER_WITHIN, remembered: int = REMEMBERED
    ) -> None:
        self.station = station
        self.connection = 0
        """The current connection, from 1; 0 is one that was open when the log began."""
        self._answer_within = answer_within
        self._generation = remembered // 2
        self._sides: dict[Direction, _Side] = {side: _Side() for side in Direction}
        self._open = tuple(side.open for side in self._sides.values())
        self._malformed: deque[str] = deque(maxlen=32)
        self._recent: deque[Record] = deque(maxlen=12)
        self._several_loggers = False
        self._source: str | None = None
        self._log_name: str | None = None
        """Who logged the frames so far, and in which file; no source once there are several."""
        self._names: dict[str, int] = {}
        """Connections by the log's name for them."""
        self.frames = 0
        """Frames so far, those that another logger repeats not counted."""
        self._began_at: datetime | None = None
        self._began_frame = 0
        self._last_at: datetime | None = None
        self._look_at = _EVER
        """Until then no CALL can be overdue."""

    # ---- in

    def exchanged(self, record: Record) -> Call | Answered | None:
        """What most records tell, and nothing else: a call, or the answer to an open one.

        None where it is anything more: ask `found` then.
        """
        at, last, frame = record.at, self._last_at, record.frame
        if (
            at is None
            or last is None
            or at < last
            or record.source is not self._source
            or record.log_name is not self._log_name
            or (record.connection is not None and record.connection not in self._names)
        ):
            return None
        if at > self._look_at:
            if at - last > WINDOW or any(self._open):
                return None
            self._look_at = at + self._answer_within
        if frame is None:
            if record.kind is not _FRAME:
                return None
            frame = frame_of(record)
        event: Call | Answered
        if type(frame) is CallFrame:
            side = self._sides[record.direction]
            if len(side.open) >= MOST_OPEN or frame.message_id in side.open:
                return None
            self.frames += 1
            event = self._call(record, frame, side)
        elif type(frame) is CallResultFrame:
            exchange = self._sides[_OPPOSITE[record.direction]].open.pop(frame.message_id, None)
            if exchange is None:
                return None
            self.frames += 1
            event = self._answer(record, frame, exchange)
        else:
            return None
        self._last_at = at
        self._recent.append(record)
        return event

    def feed(self, record: Record) -> list[Event]:
        """What this record tells, in order."""
        usual = self.exchanged(record)
        return self.found(record) if usual is None else [usual]

    def found(self, record: Record) -> list[Event]:
        """What a record tells that is not simply an exchange's: see `exchanged`."""
        events: list[Event] = []
        at = record.at
        look = False
        if at is not None:
            last = self._last_at
            look = last is None or at > self._look_at or at < last
            if last is None or at - last > WINDOW:
                self._began_at, self._began_frame = at, self.frames
            self._last_at = at
        kind = record.kind
        if kind is _FRAME:
            self._frame(record, events)
        elif kind is RecordKind.NOTE:
            events.append(Note(self.station, at, record))
        elif kind is RecordKind.CONNECTED:
            self._connected(record, events)
        else:
            self._disconnected(record, events)
        if look and at is not None:
            self._look(at, record, events)
        return events

    def pass_time(self, now: datetime) -> list[Event]:
        """Nothing more was said until `now`: CALLs whose answer is long overdue are given up.

        Not before twice the time that an answer may take: one that is slow is to be told as that.
        """
        events: list[Event] = []
        for side in self._sides.values():
            calls = side.open
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
        for side in self._sides.values():
            for exchange in side.open.values():
                late = self._last_at is None and self.frames - exchange.number > FRAMES_FOR_AN_ANSWER
                cause = UnansweredCause.TIMEOUT if late else UnansweredCause.LOG_ENDED
                events.append(Unanswered(self.station, self._last_at, exchange.call, exchange, cause))
            side.open.clear()
        return events

    # ---- frames

    def _frame(self, record: Record, events: list[Event]) -> None:
        if record.connection is not None:
            self._on_connection(record, events)
        if self._is_told_again(record):
            events.append(Repeated(self.station, record.at, record))
            return
        self._recent.append(record)
        self.frames += 1
        frame = frame_of(record)
        if isinstance(frame, CallFrame):
            side = self._sides[record.direction]
            before = side.open.pop(frame.message_id, None)
            if before is not None:
                events.append(Unanswered(self.station, record.at, record, before, UnansweredCause.REUSED))
            call = self._call(record, frame, side)
            if before is not None:
                before.earlier = None  # see `_call`
                call.exchange.earlier, call.exchange.odd_call = before, True
            events.append(call)
            if len(side.open) > MOST_OPEN:
                self._give_up(side.open, next(iter(side.open)), record, UnansweredCause.TIMEOUT, events)
        elif isinstance(frame, CallResultFrame | CallErrorFrame):
            asked_by = _OPPOSITE[record.direction]
            exchange = self._sides[asked_by].open.pop(frame.message_id, None)
            if exchange is None:
                exchange = self._by_the_other_side(record, frame.message_id)
            if exchange is None:
                events.append(self._orphan(record, frame, asked_by))
            else:
                events.append(self._answer(record, frame, exchange))
        else:
            if isinstance(frame, MalformedFrame) and frame.message_id is not None:
                self._malformed.append(frame.message_id)
            events.append(Malformed(self.station, record.at, record, frame))

    def _call(self, record: Record, frame: CallFrame, side: _Side) -> Call:
        """The call that this frame makes; none of its message id is open."""
        calls = side.open
        sender = record.direction
        message_id, name = frame.message_id, frame.action
        known = _asked.get(name) or _reads_requests(name)
        action: Action[Any, Any] | None = None
        request: Payload | None = None
        deviations: tuple[Deviation, ...] = ()
        damage = record.damage
        if known is not None:
            action, read = known
            if not damage or not record.truncated:
                payload = bytes(frame.payload)
                if len(payload) <= SHORT:
                    reading = _requests.get((name, payload)) or _short(_requests, name, payload, read)
                else:
                    reading = read(payload, _TOLERANT)
                request, deviations = reading.message, reading.deviations
        earlier = side.remembered(message_id)
        plain = request is not None and earlier is None and not (deviations or frame.deviations or damage)
        exchange = calls[message_id] = Exchange(
            self.station,
            self.connection,
            self.frames,
            sender,
            record,
            frame,
            name,
            sender is _FROM_STATION,
            action,
            request,
            deviations,
            told_time(request),
            len(calls),
            earlier,
            not plain,
        )
        if earlier is not None:
            earlier.earlier = None  # or a sender that never changes its id would keep its whole life here
        return Call(self.station, record.at, record, exchange)

    def _answer(
        self, record: Record, frame: CallResultFrame | CallErrorFrame, exchange: Exchange
    ) -> Answered:
        """The answer to a call that was open."""
        exchange.answer, exchange.result = record, frame
        damage = record.damage
        plain = False
        if (
            exchange.action is not None
            and type(frame) is CallResultFrame
            and (not damage or not record.truncated)
        ):
            if frame.deviations and any(not one.usable for one in frame.deviations):
                exchange.response_deviations = frame.deviations
            else:
                name = exchange.name
                payload = bytes(frame.payload)
                if len(payload) <= SHORT:
                    known = _responses.get((name, payload))
                    reading = known or _short(_responses, name, payload, _answered[name])
                else:
                    reading = _answered[name](payload, _TOLERANT)
                response = exchange.response = reading.message
                if reading.deviations:
                    exchange.response_deviations = reading.deviations
                else:
                    plain = response is not None and not (frame.deviations or damage)
        if not plain:
            exchange.odd_answer = True
        self._remember(exchange)
        return Answered(self.station, record.at, record, exchange)

    def _by_the_other_side(self, record: Record, message_id: str) -> Exchange | None:
        """The open call, where the direction of either the call or the answer is not known."""
        if record.direction is Direction.UNKNOWN:
            sides = [Direction.FROM_STATION, Direction.FROM_CENTRAL]
        else:
            sides = [Direction.UNKNOWN]
        for side in sides:
            exchange = self._sides[side].open.pop(message_id, None)
            if exchange is not None:
                return exchange
        return None

    def _orphan(self, record: Record, frame: CallResultFrame | CallErrorFrame, asked_by: Direction) -> Orphan:
        exchange = self._sides[asked_by].remembered(frame.message_id)
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

    def _is_told_again(self, record: Record) -> bool:
        """Whether another logger, or another file, has just told the same frame."""
        if not self._several_loggers:
            if not self._recent:
                self._source, self._log_name = record.source, record.log_name
            if record.source == self._source and record.log_name == self._log_name:
                return False
            self._several_loggers = True
            self._source = None
        return self._is_repeated(record)

    def _is_repeated(self, record: Record) -> bool:
        return any(
            other.text == record.text
            and (other.log_name != record.log_name or other.source != record.source)
            and other.direction is record.direction
            and _near(other.at, record.at)
            for other in self._recent
        )

    # ---- time

    def _look(self, at: datetime, record: Record, events: list[Event]) -> None:
        """Give up what is overdue, and find out until when nothing else can be."""
        soonest = at
        for side in self._sides.values():
            calls = side.open
            while calls:
                message_id, exchange = next(iter(calls.items()))
                asked_at = exchange.call.at
                if asked_at is at or asked_at is None or at - asked_at <= self._answer_within:
                    break
                self._give_up(calls, message_id, record, UnansweredCause.TIMEOUT, events)
            for exchange in calls.values():
                asked_at = exchange.call.at
                if asked_at is not None and asked_at < soonest:
                    soonest = asked_at
        self._look_at = soonest + self._answer_within

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
        side = self._sides[exchange.sender]
        side.past[exchange.frame.message_id] = exchange
        if len(side.past) > self._generation:
            side.past, side.older = {}, side.past

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
        for side in self._sides.values():
            calls = side.open
            for message_id in [key for key, one in calls.items() if one.connection <= connection]:
                self._give_up(calls, message_id, record, UnansweredCause.DISCONNECTED, events)


def _near(one: datetime | None, other: datetime | None) -> bool:
    return one is None or other is None or abs(one - other) <= TWICE_WITHIN
