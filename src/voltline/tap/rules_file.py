"""A file of rules, in YAML: read whole, and every complaint has its line."""

from __future__ import annotations

import random
from typing import Any, Final

from voltline.inspection.records import Direction
from voltline.messages import ACTIONS
from voltline.messages.error_codes import ErrorCode
from voltline.station.simulator.yaml_text import (
    Entry,
    Findings,
    Mapping,
    Node,
    Scalar,
    Sequence,
    read_yaml,
    shown,
    unknown,
)
from voltline.tap.paths import InvalidPath, Path, read_path
from voltline.tap.rules import KINDS, Answer, Change, Deed, Delay, Drop, Duplicate, Rule, Rules

__all__ = ["read_rules"]

_KEYS: Final = (
    *("name", "station", "direction", "type", "action"),
    *("skip", "every", "first", "probability", "do"),
)
_DEEDS: Final = ("drop", "delay", "duplicate", "change", "answer", "error")
_DIRECTIONS: Final = {one.value: one for one in (Direction.FROM_STATION, Direction.FROM_CENTRAL)}
_LONGEST_S: Final = 86_400.0
_MOST_TIMES: Final = 100


def read_rules(source: str, text: str) -> Rules:
    """The rules of a file called `source`.

    Raises:
        Unreadable: it cannot be used; the text has a line `file:line:column: what` for each problem.
    """
    findings = Findings(source)
    rules = _Reader(findings).rules(read_yaml(source, text))
    findings.settle()
    return rules


class _Reader:
    def __init__(self, findings: Findings) -> None:
        self._wrong = findings.add

    def rules(self, node: Node) -> Rules:
        entries = self._entries(node, ("seed", "rules"), "a mapping with rules:")
        seed = self._whole(entries.get("seed"), 0) if "seed" in entries else None
        rules: list[Rule] = []
        entry = entries.get("rules")
        if entry is None or not isinstance(entry.node, Sequence) or not entry.node.items:
            place = node.place if entry is None else entry.node.place
            self._wrong(place, "rules: has to be a list of rules, such as - {action: Heartbeat, do: drop}")
        else:
            read = (self._rule(item, number) for number, item in enumerate(entry.node.items, 1))
            rules = [one for one in read if one is not None]
        return Rules(rules, random.Random(seed))

    def _rule(self, node: Node, number: int) -> Rule | None:
        entries = self._entries(node, _KEYS, "a rule, such as {action: Heartbeat, do: drop}")
        if "do" not in entries:
            if isinstance(node, Mapping):
                self._wrong(node.place, f"the rule has no do:, one of {', '.join(_DEEDS)}")
            return None
        deed = self._deed(entries["do"].node)
        kind = self._word(entries.get("type"), "type of frame", tuple(KINDS))
        if isinstance(deed, Answer) and kind not in (None, "call"):
            self._wrong(entries["type"].node.place, "only a call can be answered instead")
        direction = self._word(entries.get("direction"), "direction", tuple(_DIRECTIONS))
        rule = Rule(
            name=self._text(entries.get("name"), f"rule {number}"),
            deed=deed or Drop(),
            station=self._text(entries.get("station"), "*"),
            direction=Direction.UNKNOWN if direction is None else _DIRECTIONS[direction],
            kind="call" if isinstance(deed, Answer) else kind,
            actions=self._actions(entries.get("action")),
            skip=self._whole(entries.get("skip"), 0),
            every=self._whole(entries.get("every"), 1),
            first=self._whole(entries.get("first"), 1) if "first" in entries else None,
            probability=self._number(entries.get("probability"), 1.0, 0.0, 1.0),
        )
        return rule if deed is not None else None

    # ---- what is done

    def _deed(self, node: Node) -> Deed | None:
        if isinstance(node, Scalar):
            match node.text:
                case "drop":
                    return Drop()
                case "duplicate":
                    return Duplicate(1)
        if not isinstance(node, Mapping) or len(node.entries) != 1:
            one = unknown("deed", node.text, _DEEDS) if isinstance(node, Scalar) else f"not {shown(node)}"
            self._wrong(node.place, f"do: is drop, or one such as {{delay: 5}}; {one}")
            return None
        [(name, entry)] = node.entries.items()
        match name:
            case "drop":
                return Drop()
            case "delay":
                return self._delay(entry.node)
            case "duplicate":
                return Duplicate(self._whole(entry, 1, _MOST_TIMES))
            case "change":
                return self._change(entry.node)
            case "answer":
                return Answer(payload=self._object(entry.node, "the payload of an answer"))
            case "error":
                return self._error(entry.node)
        self._wrong(entry.key_place, unknown("deed", name, _DEEDS))
        return None

    def _delay(self, node: Node) -> Delay | None:
        least, dash, most = node.text.partition("-") if isinstance(node, Scalar) else ("", "", "")
        try:
            first = float(least)
            last = float(most) if dash else first
        except ValueError:
            first = last = -1.0
        if not 0 <= first <= last <= _LONGEST_S:
            self._wrong(
                node.place, f"delay: is seconds up to {_LONGEST_S:g}, such as 5 or 0.5-2; not {shown(node)}"
            )
            return None
        return Delay(first, last)

    def _change(self, node: Node) -> Change | None:
        entries = self._entries(node, ("set", "remove"), "a change, such as {set: {$.idTag: OTHER}}")
        puts: list[tuple[Path, Any]] = []
        if "set" in entries:
            for path, entry in self._entries(entries["set"].node, None, "paths and values").items():
                puts.append((self._path(entry.key_place, path), _value(entry.node)))
        takes: list[Path] = []
        if "remove" in entries:
            held = entries["remove"].node
            for item in held.items if isinstance(held, Sequence) else (held,):
                takes.append(self._path(item.place, item.text if isinstance(item, Scalar) else ""))
        if isinstance(node, Mapping) and not puts and not takes:
            self._wrong(node.place, "the change changes nothing; it wants set: or remove:")
        return Change(tuple(puts), tuple(takes)) if puts or takes else None

    def _error(self, node: Node) -> Answer:
        if isinstance(node, Scalar):
            return Answer(code=self._code(node))
        entries = self._entries(
            node, ("code", "description", "details"), "an error, such as {code: GenericError}"
        )
        if "code" not in entries:
            self._wrong(node.place, "an error has a code:, such as GenericError")
            return Answer(code=ErrorCode.GENERIC_ERROR)
        details = entries.get("details")
        return Answer(
            code=self._code(entries["code"].node),
            description=self._text(entries.get("description"), ""),
            details={} if details is None else self._object(details.node, "the details of an error"),
        )

    def _code(self, node: Node) -> str:
        if isinstance(node, Scalar) and node.text:
            return node.text  # also one that there is not: this is for testing
        self._wrong(node.place, f"an error code is a word such as GenericError, not {shown(node)}")
        return ErrorCode.GENERIC_ERROR

    # ---- values

    def _entries(self, node: Node, known: tuple[str, ...] | None, what: str) -> dict[str, Entry]:
        if not isinstance(node, Mapping):
            self._wrong(node.place, f"{shown(node)} stands where {what} is expected")
            return {}
        for name, entry in node.entries.items():
            if known is not None and name not in known:
                self._wrong(entry.key_place, unknown("key", name, known))
        return node.entries

    def _text(self, entry: Entry | None, default: str) -> str:
        if entry is None:
            return default
        if isinstance(entry.node, Scalar) and entry.node.text:
            return entry.node.text
        self._wrong(entry.node.place, f"a text is expected, not {shown(entry.node)}")
        return default

    def _word(self, entry: Entry | None, what: str, words: tuple[str, ...]) -> str | None:
        if entry is None:
            return None
        if isinstance(entry.node, Scalar) and entry.node.text in words:
            return entry.node.text
        self._wrong(entry.node.place, unknown(what, getattr(entry.node, "text", shown(entry.node)), words))
        return None

    def _actions(self, entry: Entry | None) -> tuple[str, ...]:
        if entry is None:
            return ()
        items = entry.node.items if isinstance(entry.node, Sequence) else (entry.node,)
        for item in items:
            if not isinstance(item, Scalar) or item.text not in ACTIONS:
                self._wrong(item.place, unknown("action", getattr(item, "text", shown(item)), ACTIONS))
        return tuple(item.text for item in items if isinstance(item, Scalar))

    def _whole(self, entry: Entry | None, least: int, most: int = 1_000_000) -> int:
        if entry is None:
            return least
        value = entry.node.value if isinstance(entry.node, Scalar) else None
        if isinstance(value, int) and not isinstance(value, bool) and least <= value <= most:
            return value
        self._wrong(entry.node.place, f"a number from {least} to {most} is expected, not {shown(entry.node)}")
        return least

    def _number(self, entry: Entry | None, default: float, least: float, most: float) -> float:
        if entry is None:
            return default
        value = entry.node.value if isinstance(entry.node, Scalar) else None
        if isinstance(value, int | float) and not isinstance(value, bool) and least <= value <= most:
            return float(value)
        self._wrong(
            entry.node.place, f"a number from {least:g} to {most:g} is expected, not {shown(entry.node)}"
        )
        return default

    def _object(self, node: Node, what: str) -> dict[str, Any]:
        if isinstance(node, Mapping):
            return {name: _value(entry.node) for name, entry in node.entries.items()}
        self._wrong(node.place, f"{what} is a mapping, not {shown(node)}")
        return {}

    def _path(self, place: Any, text: str) -> Path:
        try:
            return read_path(text)
        except InvalidPath as error:
            self._wrong(place, str(error))
            return ("",)


def _value(node: Node) -> Any:
    if isinstance(node, Mapping):
        return {name: _value(entry.node) for name, entry in node.entries.items()}
    return [_value(item) for item in node.items] if isinstance(node, Sequence) else node.value
