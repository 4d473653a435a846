"""Settles what a log does not say: who sent a frame, whose side logged it, the zone and year of its times.

By votes over the first frames, then record by record; each thing inferred is told with its confidence. A log
is one file, or a row of rotated ones in their order.
"""

import re
from collections import Counter, deque
from collections.abc import Iterable, Iterator
from datetime import UTC
from enum import StrEnum
from typing import Final

import msgspec

from voltline.inspection.dating import LogClock
from voltline.inspection.naming import place_of_names
from voltline.inspection.records import Direction, Record, RecordKind
from voltline.inspection.timeline import TWICE_WITHIN, frame_of
from voltline.messages import ACTIONS, Side
from voltline.wire.frame_types import CallErrorFrame, CallFrame, CallResultFrame

__all__ = ["Inference", "Settler", "Subject"]

LOOK_AHEAD: Final = 400
"""Frames that are looked at before the first one is given out."""
MOST_BUFFERED: Final = 4000
"""Records of any kind that are buffered for it."""
CALLERS: Final = 1000
HELD: Final = 8
"""Records that a truncated frame waits for its whole twin of another logger."""


class Subject(StrEnum):
    """What was inferred."""

    DIRECTION = "direction"
    SIDE = "side"
    ZONE = "zone"
    YEAR = "year"
    DATE = "date"
    STATION = "station"


class Inference(msgspec.Struct, frozen=True, gc=False):
    """One thing that the log does not say, and was concluded."""

    source: str
    line: int
    """Where it begins to hold."""
    subject: Subject
    text: str
    """What was concluded and from what, in a sentence."""
    confidence: float
    """0 to 1: the share of the votes that say so; lower where there were few."""


def sender_of(action_name: str) -> Direction:
    """Who sends CALLs of this action; UNKNOWN if both may, or nobody."""
    return _SENDERS.get(action_name, Direction.UNKNOWN)


_SENDERS: Final = {
    action.name: (Direction.FROM_STATION if action.sent_by == {Side.CHARGE_POINT} else Direction.FROM_CENTRAL)
    for action in ACTIONS.values()
    if len(action.sent_by) == 1
}
# Looking a member up in its class takes longer than all else that settling a usual record does.
_FRAME: Final = RecordKind.FRAME
_UNKNOWN: Final = Direction.UNKNOWN
_OPPOSITE: Final = {side: side.opposite for side in Direction}
_BROKEN_CALL: Final = re.compile(r'\[\s*2\s*,\s*"(?P<id>[^"\\]+)"\s*,\s*"(?P<action>\w+)"')
"""As much of a CALL that is cut off or no JSON as tells who sent it."""
_SAID_BY_CENTRAL: Final = (b'"currentTime"', b'"idTagInfo"')
_SAID_BY_STATION: Final = (b'"configurationKey"', b'"unknownKey"', b'"listVersion"', b'"chargingSchedule"')


class Settler:
    """Settles the records of one log, in its order. Memory is bounded by the look-ahead."""

    def __init__(self) -> None:
        self.inferences: list[Inference] = []
        self.repeated = 0
        """Truncated frames left out because another logger had the whole."""
        self._ahead: list[Record] | None = []
        self._frames_ahead = 0
        self._inverted: set[str | None] = set()
        """Loggers whose direction marks are the wrong way round."""
        self._sides: dict[str | None, Direction] = {}
        """By logger: what `sent` means in it."""
        self._of_both_sides: set[str | None] = set()
        """Loggers in which each side tells what it sent and what it received."""
        self._any_side = Direction.UNKNOWN
        self._by_sent: dict[bool | None, Direction] = {}
        """Who sends what is marked as sent and as received, where all loggers agree."""
        self._callers: dict[str, Direction] = {}
        self._asking: dict[str, tuple[Direction, ...]] = {}
        """By message id: the sides whose CALL has no answer yet, the later last."""
        self._station = ""
        self._place: int | None = None
        """Which of the words beside a frame is the charge point's identity; None: none is."""
        self._clock = LogClock()
        self._held: deque[Record] = deque()
        self.waits = True
        """Whether records wait for others: what comes has to be fed."""

    def feed(self, record: Record) -> Iterable[Record]:
        """The records that are settled now: none while looking ahead, else usually this one."""
        if self._ahead is None:
            self.settle(record)
            return self._hold(record) if self._held or record.damage else (record,)
        self._ahead.append(record)
        if record.kind is RecordKind.FRAME:
            self._frames_ahead += 1
        if self._frames_ahead >= LOOK_AHEAD or len(self._ahead) >= MOST_BUFFERED:
            return self._decide()
        return ()

    def end(self) -> Iterator[Record]:
        """Whatever still waits: the log is at its end."""
        if self._ahead is not None:
            yield from self._decide()
        yield from self._held
        self._held.clear()

    # ---- votes

    def _decide(self) -> Iterator[Record]:
        ahead = self._ahead or []
        self._ahead = None
        if not ahead:
            return
        self._vote_on_direction(ahead)
        self._vote_on_names(ahead)
        self._vote_on_station(ahead)
        for text, confidence, subject in self._clock.decide(ahead):
            self._tell(ahead[0], Subject(subject), text, confidence)
        for record in ahead:
            self.settle(record)
            if self._held or record.damage:
                yield from self._hold(record)
            else:
                yield record
        self.waits = bool(self._held)

    def _vote_on_direction(self, ahead: list[Record]) -> None:
        marks: dict[str | None, Counter[bool]] = {}
        sides: dict[str | None, Counter[Direction]] = {}
        bare = 0
        for record in ahead:
            if record.kind is not RecordKind.FRAME:
                continue
            frame = frame_of(record)
            if record.direction is Direction.UNKNOWN and record.sent is None:
                bare += 1
            if type(frame) is not CallFrame:
                continue
            expected = sender_of(frame.action)
            if expected is Direction.UNKNOWN:
                continue
            if record.direction is not Direction.UNKNOWN:
                marks.setdefault(record.log_name, Counter())[record.direction is expected] += 1
            elif record.sent is not None:
                side = expected if record.sent else expected.opposite
                sides.setdefault(record.log_name, Counter())[side] += 1
        for log_name, votes in marks.items():
            if votes[False] >= 2 and votes[False] >= 3 * votes[True]:
                self._inverted.add(log_name)
                text = (
                    f"The directions{_of(log_name)} are the wrong way round: {votes[False]} of "
                    f"{votes.total()} calls are of the other side's actions. They are read turned round."
                )
                self._tell(ahead[0], Subject.DIRECTION, text, _confidence(votes[False], votes.total()))
        together: Counter[Direction] = Counter()
        for log_name, ballots in sides.items():
            together.update(ballots)
            side, count = ballots.most_common(1)[0]
            others = ballots.total() - count
            if others >= 2 and others * 4 >= count:
                self._sides[log_name] = _UNKNOWN
                self._of_both_sides.add(log_name)
                text = f"The log{_of(log_name)} was written by both sides: what both tell counts once."
                self._tell(ahead[0], Subject.SIDE, text, _confidence(ballots.total(), ballots.total()))
                continue
            if count == others:
                continue
            self._sides[log_name] = side
            where = "charge point" if side is Direction.FROM_STATION else "central system"
            votes_text = f"{count} of {ballots.total()} calls say so"
            text = f"The log{_of(log_name)} was written by the {where}: {votes_text}."
            self._tell(ahead[0], Subject.SIDE, text, _confidence(count, ballots.total()))
        if together and together[Direction.FROM_STATION] != together[Direction.FROM_CENTRAL]:
            side = self._any_side = together.most_common(1)[0][0]
            if all(one is side for one in self._sides.values()):
                self._by_sent = {True: side, False: side.opposite}
        if bare:
            text = (
                f"{bare} of the first {self._frames_ahead} frames have no direction: their actions give it."
            )
            self._tell(ahead[0], Subject.DIRECTION, text, 0.5)

    def _vote_on_names(self, ahead: list[Record]) -> None:
        unnamed = [one for one in ahead if one.beside and not one.station and one.kind is RecordKind.FRAME]
        self._place = place_of_names(unnamed)
        if self._place is None:
            return
        names = set()
        for record in unnamed:
            if name := self._name_beside(record):
                record.station = name
                names.add(name)
        text = (
            f"The log's form is not known. {len(names)} charge points are told apart by a word beside the "
            "frames, which is the same for a call and its answer."
            if len(names) > 1
            else f"The log's form is not known. The word beside all its frames, {names.pop()}, is taken "
            "for the charge point's identity."
        )
        self._tell(unnamed[0], Subject.STATION, text, 0.7)

    def _name_beside(self, record: Record) -> str:
        place = self._place
        return "" if place is None or len(record.beside) <= place else record.beside[place]

    def _vote_on_station(self, ahead: list[Record]) -> None:
        named = Counter(record.station for record in ahead if record.station)
        unnamed = sum(1 for record in ahead if not record.station)
        if not unnamed:
            self._station = _file_name(ahead[0])
            return
        if len(named) == 1:
            self._station = next(iter(named)) or ""
            if any(not record.station and record.kind is RecordKind.FRAME for record in ahead):
                text = (
                    f"Lines that name no charge point are taken to be of {self._station}, the only one named."
                )
                self._tell(ahead[0], Subject.STATION, text, 0.9)
            return
        serial = "" if named else _serial(ahead)
        self._station = serial or _file_name(ahead[0])
        text = (
            f"The log names no charge point: it is called {self._station}, the serial number it boots with."
            if serial
            else f"{unnamed} records name no charge point: it is called {self._station}, as the file."
        )
        self._tell(ahead[0], Subject.STATION, text, 0.8 if serial else 0.3)

    def _tell(self, record: Record, subject: Subject, text: str, confidence: float) -> None:
        if len(self.inferences) < 100:
            self.inferences.append(Inference(record.source, record.line, subject, text, confidence))

    # ---- one record

    def settle(self, record: Record) -> None:
        """Settle this one. Only where none `waits`, and it is not damaged: that one may have to."""
        if not record.station:
            record.station = self._name_beside(record) or self._station
        direction = record.direction
        if direction is _UNKNOWN:
            if record.kind is _FRAME:
                record.direction = self._by_sent.get(record.sent) or self._direction_of(record)
        elif self._inverted and record.log_name in self._inverted and record.kind is _FRAME:
            record.direction = direction.opposite
        at = record.at
        if at is not None and at.tzinfo is not UTC:
            told = self._clock.settle(record, at)
            if told is not None:
                self._tell(record, Subject(told[2]), told[0], told[1])

    def _direction_of(self, record: Record) -> Direction:
        sent = record.sent
        side = _UNKNOWN if sent is None else self._sides.get(record.log_name, self._any_side)
        if side is _UNKNOWN:
            self._find_direction(record)
            return record.direction
        return side if sent else _OPPOSITE[side]

    def _find_direction(self, record: Record) -> None:
        frame = frame_of(record)
        if type(frame) is CallFrame:
            record.direction = sender_of(frame.action)
            self._remember_caller(frame.message_id, record.direction)
        elif isinstance(frame, CallResultFrame | CallErrorFrame):
            caller = self._caller_of(frame)
            record.direction = caller.opposite
            if caller is Direction.UNKNOWN and isinstance(frame, CallResultFrame):
                record.direction = _sender_of_result(bytes(frame.payload))
        else:
            call = _BROKEN_CALL.match(record.text)
            if call is not None:
                record.direction = sender_of(call["action"])
                self._remember_caller(call["id"], record.direction)
        if record.log_name in self._of_both_sides:
            # As two loggers, or what the one sent would not be known as what the other received.
            writer: str = record.direction if record.sent else record.direction.opposite
            if record.direction is _UNKNOWN:
                writer = "sender" if record.sent else "receiver"
            record.log_name = f"{record.log_name or ''} {writer}".lstrip()

    def _caller_of(self, answer: CallResultFrame | CallErrorFrame) -> Direction:
        """Who asked: where both sides have a CALL of this id open, as the answer tells, or else the later."""
        message_id = answer.message_id
        asking = self._asking.pop(message_id, ())
        caller = asking[-1] if asking else self._callers.get(message_id, Direction.UNKNOWN)
        if len(asking) > 1:
            if isinstance(answer, CallResultFrame):
                told = _sender_of_result(bytes(answer.payload)).opposite
                caller = told if told in asking else caller
            self._asking[message_id] = tuple(one for one in asking if one is not caller)
        return caller

    def _remember_caller(self, message_id: str, caller: Direction) -> None:
        asking = self._asking.pop(message_id, ())
        self._asking[message_id] = (*(one for one in asking if one is not caller), caller)
        if len(self._asking) > CALLERS:
            del self._asking[next(iter(self._asking))]
        self._callers[message_id] = caller
        if len(self._callers) > CALLERS:
            del self._callers[next(iter(self._callers))]

    # ---- the same frame, truncated and whole

    def _hold(self, record: Record) -> Iterator[Record]:
        """Hold a truncated frame back until its whole twin has come, or enough else. Order is kept."""
        held = self._held
        if held and not record.truncated and record.kind is RecordKind.FRAME:
            for one in held:
                if one.truncated and _are_twins(one, record):
                    held.remove(one)
                    self.repeated += 1
                    break
        held.append(record)
        while held and (len(held) > HELD or not held[0].truncated or _is_far(held[0], record)):
            yield held.popleft()
        self.waits = bool(held)


def _are_twins(cut: Record, whole: Record) -> bool:
    if cut.log_name == whole.log_name and cut.source == whole.source:
        return False
    one, other = frame_of(cut), frame_of(whole)
    return (
        type(one) is type(other)
        and cut.direction in (whole.direction, Direction.UNKNOWN)
        and getattr(one, "message_id", None) == getattr(other, "message_id", "")
    )


def _is_far(earlier: Record, later: Record) -> bool:
    return earlier.at is not None and later.at is not None and later.at - earlier.at > TWICE_WITHIN


def _sender_of_result(payload: bytes) -> Direction:
    if any(word in payload for word in _SAID_BY_CENTRAL):
        return Direction.FROM_CENTRAL
    if any(word in payload for word in _SAID_BY_STATION):
        return Direction.FROM_STATION
    return Direction.UNKNOWN


class _Serials(msgspec.Struct, rename="camel"):
    charge_box_serial_number: str = ""
    charge_point_serial_number: str = ""


def _serial(ahead: list[Record]) -> str:
    """The serial number of the first BootNotification that has one; empty if none, or if they differ."""
    found: set[str] = set()
    for record in ahead:
        if record.kind is RecordKind.FRAME and '"BootNotification"' in record.text:
            frame = frame_of(record)
            if isinstance(frame, CallFrame) and frame.action == "BootNotification":
                try:
                    told = msgspec.json.decode(frame.payload, type=_Serials)
                except (msgspec.MsgspecError, ValueError):
                    continue
                found.add(told.charge_box_serial_number or told.charge_point_serial_number)
    found.discard("")
    return found.pop() if len(found) == 1 else ""


def _file_name(record: Record) -> str:
    return record.source.replace("\\", "/").rpartition("/")[2]


def _of(log_name: str | None) -> str:
    return "" if log_name is None else f" of {log_name}"


def _confidence(agreeing: int, votes: int) -> float:
    """The share of the votes, held down where there were few of them."""
    return round(agreeing / (votes + 1), 2)
