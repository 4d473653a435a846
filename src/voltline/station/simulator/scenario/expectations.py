"""Reading what a scenario expects or sends: every name is checked against what OCPP and the station have."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from enum import Enum
from functools import cache
from types import NoneType, UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

import msgspec

from voltline.messages import Mode, Payload, Request, Side, read_request
from voltline.messages.catalogue import ACTIONS
from voltline.messages.shapes import (
    DecimalNumber,
    Instant,
    Items,
    Object,
    Shape,
    Text,
    TrueOrFalse,
    WholeNumber,
    Word,
    shape_of,
)
from voltline.station.simulator.scenario.matching import OPERATORS, Compared, Equals, Every, Fields, Pattern
from voltline.station.simulator.scenario.values import Misread, Template, template
from voltline.station.simulator.view import ConnectorView, StationView
from voltline.station.simulator.yaml_text import Findings, Node, Scalar, Sequence, shown, unknown
from voltline.station.simulator.yaml_text import Mapping as Tree

Anything = None
"""In the place of a shape: any fields may stand here."""


class Reading:
    """What reading needs everywhere: where to complain, and the variables known so far."""

    def __init__(self, findings: Findings) -> None:
        self.findings = findings
        self.variables: set[str] = set()

    def tree(self, node: Node) -> Any:
        """Any value, with templates in the place of texts that have them."""
        if isinstance(node, Sequence):
            return [self.tree(item) for item in node.items]
        if isinstance(node, Tree):
            return {name: self.tree(entry.node) for name, entry in node.entries.items()}
        value = node.value
        return self._text(node, value) if isinstance(value, str) else value

    def text(self, node: Scalar) -> str | Template:
        """A scalar as it is written, whatever else it could stand for."""
        return self._text(node, node.text)

    def _text(self, node: Scalar, text: str) -> str | Template:
        try:
            found = template(text)
        except Misread as error:
            self.findings.add(node.place, str(error))
            return text
        if isinstance(found, Template):
            for name in found.names:
                if name not in self.variables:
                    self.findings.add(node.place, unknown("variable", name, self.variables))
        return found

    # ---- what is expected

    def fields(self, node: Node, shape: Object | None, what: str) -> Pattern:
        """Expected fields of a message, or with no shape of any JSON object."""
        if not isinstance(node, Tree):
            self.findings.add(
                node.place, f"{shown(node)} stands where {what} are expected, such as {{status: Accepted}}"
            )
            return Fields(())
        return self._fields(node, shape)

    def _fields(self, tree: Tree, shape: Object | None) -> Pattern:
        fields = []
        for name, entry in tree.entries.items():
            inner: Shape | None = shape
            if shape is not None:
                try:
                    inner = _at(shape, name)
                except Misread as error:
                    self.findings.add(entry.key_place, str(error))
                    continue
            fields.append((name, self.pattern(entry.node, inner)))
        return Fields(tuple(fields))

    def pattern(
        self, node: Node, shape: Shape | None = Anything, words: tuple[str, ...] = (), *, flat: bool = False
    ) -> Pattern:
        """What is expected of a value. `words`: all that it can be, if known; `flat`: it has no fields."""
        while isinstance(shape, Items):
            shape = shape.item
        if isinstance(shape, Word):
            words = tuple(str(member.value) for member in shape.enumeration)
        if isinstance(node, Tree) and any(name in OPERATORS for name in node.entries):
            return self._operators(node, words)
        if isinstance(node, Tree):
            if shape is Anything and not flat:
                return self._fields(node, None)
            if isinstance(shape, Object):
                return self._fields(node, shape)
            for name, entry in node.entries.items():
                self.findings.add(entry.key_place, unknown("comparison", name, OPERATORS))
        value = self.tree(node)
        self._check_word(node, value, words)
        return Equals(value)

    def _operators(self, tree: Tree, words: tuple[str, ...]) -> Pattern:
        tests = []
        for name, entry in tree.entries.items():
            operator = OPERATORS.get(name)
            if operator is None:
                self.findings.add(entry.key_place, unknown("comparison", name, OPERATORS))
                continue
            value = self.tree(entry.node)
            if not _has_template(value) and operator.problem(value):
                self.findings.add(entry.node.place, f"{name} takes {operator.takes}, not {shown(entry.node)}")
            if name in ("one_of", "not", "includes"):
                nodes = entry.node.items if isinstance(entry.node, Sequence) else (entry.node,)
                for one in nodes:
                    self._check_word(one, self.tree(one), words)
            tests.append(Compared(name, value))
        return tests[0] if len(tests) == 1 else Every(tuple(tests))

    def _check_word(self, node: Node, value: Any, words: tuple[str, ...]) -> None:
        if words and not isinstance(value, Template) and value not in words:
            self.findings.add(node.place, unknown("word here", str(value), words))

    def state(self, name: str, node: Node) -> Pattern | None:
        """What is expected of a part of the state, None if there is no such part."""
        fields = state_fields()
        if name not in fields:
            return None
        if name == "configuration":
            return self.fields(node, Anything, "configuration keys")
        return self.pattern(node, Anything, fields[name], flat=True)

    # ---- what is sent

    def payload(self, node: Node, request: type[Request[Any]]) -> dict[str, Any]:
        """The fields of a request, which must be one that OCPP allows."""
        if not isinstance(node, Tree):
            self.findings.add(
                node.place, f"{shown(node)} stands where the fields of the request are expected"
            )
            return {}
        before = len(self.findings.problems)
        shape = shape_of(request)
        tree: dict[str, Any] = self._sent(node, shape)
        if len(self.findings.problems) == before:
            sample = msgspec.json.encode(_without_templates(tree, shape))
            for deviation in read_request(ACTIONS[request.__name__], sample, Mode.STRICT).deviations:
                path = deviation.path.removeprefix("$").lstrip(".")
                told = f"{path}: {deviation.text}" if path else deviation.text
                self.findings.add(_place_of(node, deviation.path).place, told)
        return tree

    def _sent(self, node: Node, shape: Shape) -> Any:
        if isinstance(node, Tree) and isinstance(shape, Object):
            tree = {}
            for name, entry in node.entries.items():
                field = next((one for one in shape.fields if one.wire == name), None)
                if field is not None:
                    tree[name] = self._sent(entry.node, field.shape)
                    continue
                names = [one.wire for one in shape.fields]
                self.findings.add(entry.key_place, unknown(f"field of {shape.type.__name__}", name, names))
            return tree
        if isinstance(node, Sequence) and isinstance(shape, Items):
            return [self._sent(item, shape.item) for item in node.items]
        if isinstance(shape, Text | Instant) and isinstance(node, Scalar) and node.value is not None:
            return self.text(node)
        return self.tree(node)


def messages_of(side: Side) -> Mapping[str, type[Request[Any]]]:
    """What a side sends, by name."""
    return {action.name: action.request for action in ACTIONS.values() if side in action.sent_by}


@cache
def state_fields() -> Mapping[str, tuple[str, ...]]:
    """The parts of a station's state that can be expected, with the words each can be, if they are fixed."""
    fields: dict[str, tuple[str, ...]] = {"configuration": (), "online": ()}
    for view in (StationView, ConnectorView):
        hints = get_type_hints(view)
        for field in msgspec.structs.fields(view):
            if field.name not in ("identity", "connectors", "connector_id"):
                fields[field.name] = _words(hints[field.name])
    return fields


@cache
def station_fields() -> frozenset[str]:
    """Those that are of the station, not of a connector."""
    own = {field.name for field in msgspec.structs.fields(StationView)}
    of_connectors = {field.name for field in msgspec.structs.fields(ConnectorView)}
    return frozenset((own | {"configuration", "online"}) - of_connectors)


def _words(hint: Any) -> tuple[str, ...]:
    kinds = get_args(hint) if get_origin(hint) in (Union, UnionType) else (hint,)
    for kind in kinds:
        if kind is not NoneType and isinstance(kind, type) and issubclass(kind, Enum):
            return tuple(str(member.value) for member in kind)
    return ()


def _at(shape: Object, path: str) -> Shape:
    """The shape at the end of a dotted path of wire names. Raises Misread."""
    here: Shape = shape
    for name in path.split("."):
        while isinstance(here, Items):
            here = here.item
        if not isinstance(here, Object):
            raise Misread(f"{path!r} goes on behind a field that has none of its own")
        field = next((one for one in here.fields if one.wire == name), None)
        if field is None:
            names = [one.wire for one in here.fields]
            if not names:
                raise Misread(f"{here.type.__name__} has no fields")
            raise Misread(unknown(f"field of {here.type.__name__}", name, names))
        here = field.shape
    return here


def check_path(payload: type[Payload], path: str) -> None:
    """Raise Misread if a message has nothing at this dotted path."""
    _at(shape_of(payload), path)


def _without_templates(value: Any, shape: Shape) -> Any:
    """The value with something allowed in the place of what is not known yet."""
    if isinstance(value, dict) and isinstance(shape, Object):
        shapes = {field.wire: field.shape for field in shape.fields}
        return {name: _without_templates(item, shapes[name]) for name, item in value.items()}
    if isinstance(value, list) and isinstance(shape, Items):
        return [_without_templates(item, shape.item) for item in value]
    if not isinstance(value, Template):
        return value
    match shape:
        case WholeNumber():
            return 1
        case DecimalNumber():
            return 1.0
        case TrueOrFalse():
            return True
        case Instant():
            return "2030-01-01T00:00:00Z"
        case Word(enumeration=enumeration):
            return str(next(iter(enumeration)).value)
    return "x"


def _has_template(value: Any) -> bool:
    if isinstance(value, dict):
        return any(map(_has_template, value.values()))
    if isinstance(value, list):
        return any(map(_has_template, value))
    return isinstance(value, Template)


def _place_of(node: Node, path: str) -> Node:
    for step in _steps(path):
        if isinstance(node, Tree) and step in node.entries:
            node = node.entries[step].node
        elif isinstance(node, Sequence) and step.isdecimal() and int(step) < len(node.items):
            node = node.items[int(step)]
        else:
            break
    return node


def _steps(path: str) -> Iterator[str]:
    yield from path.removeprefix("$").replace("[", ".").replace("]", "").strip(".").split(".")
