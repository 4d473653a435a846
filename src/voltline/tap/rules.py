"""Rules that change what passes: drop, delay, change, duplicate, answer instead. Pure; chance is seeded."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Any, Final

import msgspec

from voltline.inspection.records import Direction
from voltline.tap.paths import Path, remove_at, set_at
from voltline.wire.frames import (
    CallErrorFrame,
    CallFrame,
    CallResultFrame,
    Frame,
    decode,
    encode_call,
    encode_error,
    encode_result,
)

__all__ = ["Answer", "Change", "Delay", "Drop", "Duplicate", "Judge", "Rule", "Rules", "Verdict"]

KINDS: Final[Mapping[str, type[Frame]]] = {
    "call": CallFrame,
    "result": CallResultFrame,
    "error": CallErrorFrame,
}
MOST_OPEN: Final = 1000
"""CALLs whose action is remembered until they are answered."""


class Drop(msgspec.Struct, frozen=True):
    """The frame does not arrive."""


class Delay(msgspec.Struct, frozen=True):
    """It goes on later; what comes after it may overtake it."""

    least_s: float
    most_s: float


class Duplicate(msgspec.Struct, frozen=True):
    """It arrives so many times more."""

    times: int


class Change(msgspec.Struct, frozen=True):
    """Its payload is changed: values put in, values taken away."""

    set: tuple[tuple[Path, Any], ...] = ()
    remove: tuple[Path, ...] = ()


class Answer(msgspec.Struct, frozen=True):
    """A CALL does not arrive, and is answered in the other side's place: by a payload or an error."""

    payload: Mapping[str, Any] | None = None
    code: str = ""
    description: str = ""
    details: Mapping[str, Any] = {}


Deed = Drop | Delay | Duplicate | Change | Answer


class Rule(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be done, and to which frames. Frames are counted for each charge point."""

    name: str
    deed: Deed
    station: str = "*"
    """A pattern of identities."""
    direction: Direction = Direction.UNKNOWN
    """UNKNOWN: both."""
    kind: str | None = None
    """`call`, `result` or `error`; None: whatever it is."""
    actions: tuple[str, ...] = ()
    """An answer has the action of its CALL. Empty: any, and also what is no frame of OCPP."""
    skip: int = 0
    """So many are let pass first."""
    every: int = 1
    """Of those after them, each so-manieth."""
    first: int | None = None
    """At most so often."""
    probability: float = 1.0


class Rules(msgspec.Struct):
    """All rules, in order: the first that takes a frame has it."""

    rules: Sequence[Rule]
    chance: random.Random
    seen: Counter[tuple[int, str]] = msgspec.field(default_factory=Counter)
    applied: Counter[tuple[int, str]] = msgspec.field(default_factory=Counter)

    def due(self, number: int, station: str) -> bool:
        """Count a frame that a rule is about; whether it is this one's turn."""
        rule, key = self.rules[number], (number, station)
        self.seen[key] += 1
        place = self.seen[key] - rule.skip
        return (
            place > 0
            and place % rule.every == 0
            and (rule.first is None or self.applied[key] < rule.first)
            and (rule.probability >= 1 or self.chance.random() < rule.probability)
        )


class Verdict(msgspec.Struct, frozen=True):
    """What becomes of a frame."""

    rule: str
    did: str
    """What was done, in words."""
    onward: tuple[str | None, ...] = (None,)
    """What goes on in its place, in order; None is the frame as it came."""
    after_s: float = 0.0
    """How long that waits."""
    back: str | None = None
    """What its sender gets for an answer."""


class Judge:
    """Applies the rules to one connection."""

    def __init__(self, rules: Rules, station: str) -> None:
        self._rules = rules
        self._station = station
        self._own = [n for n, one in enumerate(rules.rules) if fnmatchcase(station, one.station)]
        self._open: dict[tuple[Direction, str], str] = {}

    @property
    def concerned(self) -> bool:
        """Whether any rule is about this charge point."""
        return bool(self._own)

    def judge(self, direction: Direction, text: str) -> Verdict | None:
        """What becomes of this frame; None: it goes on as it is."""
        frame = decode(text)
        action = self._action(direction, frame)
        for number in self._own:
            rule = self._rules.rules[number]
            if _meant(rule, direction, frame, action) and self._rules.due(number, self._station):
                verdict = self._done(rule, frame, text)
                if verdict is not None:
                    self._rules.applied[number, self._station] += 1
                    return verdict
        return None

    def _action(self, direction: Direction, frame: Frame) -> str:
        """The action that a frame is about; empty where that is not known."""
        if isinstance(frame, CallFrame):
            if len(self._open) >= MOST_OPEN:
                del self._open[next(iter(self._open))]
            self._open[direction, frame.message_id] = frame.action
            return frame.action
        if isinstance(frame, CallResultFrame | CallErrorFrame):
            return self._open.pop((direction.opposite, frame.message_id), "")
        return ""

    def _done(self, rule: Rule, frame: Frame, text: str) -> Verdict | None:
        match rule.deed:
            case Drop():
                return Verdict(rule.name, "dropped", ())
            case Delay(least, most):
                wait = least if least == most else self._rules.chance.uniform(least, most)
                return Verdict(rule.name, f"delayed by {wait:.3g} s", after_s=wait)
            case Duplicate(times):
                return Verdict(rule.name, f"sent {times + 1} times", (None,) * (times + 1))
            case Change() as change:
                changed = _changed(change, frame)
                return None if changed is None else Verdict(rule.name, "changed", (changed,))
            case Answer() as answer:
                if not isinstance(frame, CallFrame):
                    return None
                return Verdict(rule.name, "answered instead", (), back=_answered(answer, frame.message_id))


def _meant(rule: Rule, direction: Direction, frame: Frame, action: str) -> bool:
    return (
        rule.direction in (Direction.UNKNOWN, direction)
        and (rule.kind is None or isinstance(frame, KINDS[rule.kind]))
        and (not rule.actions or action in rule.actions)
    )


def _changed(change: Change, frame: Frame) -> str | None:
    """The frame with its payload changed; None where nothing changed. Of an error the details change."""
    if not isinstance(frame, CallFrame | CallResultFrame | CallErrorFrame):
        return None
    held = frame.details if isinstance(frame, CallErrorFrame) else frame.payload
    payload = msgspec.json.decode(held)
    done = [set_at(payload, path, value) for path, value in change.set]
    done += [remove_at(payload, path) for path in change.remove]
    if not any(done):
        return None
    written = msgspec.json.encode(payload)
    match frame:
        case CallFrame():
            return encode_call(frame.message_id, frame.action, written)
        case CallResultFrame():
            return encode_result(frame.message_id, written)
        case CallErrorFrame():
            return encode_error(frame.message_id, frame.code, frame.description, written)


def _answered(answer: Answer, message_id: str) -> str:
    if answer.payload is not None:
        return encode_result(message_id, msgspec.json.encode(answer.payload))
    return encode_error(message_id, answer.code, answer.description, msgspec.json.encode(answer.details))
