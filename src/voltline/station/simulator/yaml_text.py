"""YAML as it stands in a file: every value with its line and column, so that every complaint has a place.

Taken are mappings, sequences and scalars. A plain scalar is null, true, false, a decimal number or text, as
the core schema of YAML 1.2 has it: `on` and `0492` are texts, and so is a date. Anchors, tags and merge
keys are refused: files for people are read from top to bottom.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from difflib import get_close_matches

import msgspec
import yaml

LARGEST = 1_000_000
"""Characters of a file."""
DEEPEST = 40
"""Levels of nesting."""

_INTEGER = re.compile(r"[-+]?(0|[1-9][0-9]*)")
_DECIMAL = re.compile(r"[-+]?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?")
_WORDS: dict[str, bool | None] = {"": None, "~": None, "null": None, "true": True, "false": False}


class Place(msgspec.Struct, frozen=True, order=True):
    """Where in a file something begins; both count from 1."""

    line: int
    column: int


class Scalar(msgspec.Struct, frozen=True):
    """One value. `text` is what was written, without its quotes."""

    place: Place
    text: str
    quoted: bool = False

    @property
    def value(self) -> str | int | float | bool | None:
        """What it stands for."""
        if self.quoted:
            return self.text
        if self.text.lower() in _WORDS:
            return _WORDS[self.text.lower()]
        if _INTEGER.fullmatch(self.text):
            return int(self.text)
        return float(self.text) if _DECIMAL.fullmatch(self.text) else self.text


class Sequence(msgspec.Struct, frozen=True):
    """Values in their order."""

    place: Place
    items: tuple[Node, ...]


class Entry(msgspec.Struct, frozen=True):
    """A value of a mapping, and where its key stands."""

    key_place: Place
    node: Node


class Mapping(msgspec.Struct, frozen=True):
    """Values by name, in the order of the file."""

    place: Place
    entries: dict[str, Entry]


Node = Scalar | Sequence | Mapping


class Problem(msgspec.Struct, frozen=True):
    """What is wrong at a place."""

    place: Place
    text: str


class Unreadable(ValueError):  # its text is shown as it stands
    """A file that cannot be used: one line `file:line:column: what` for each problem, in order of place."""

    def __init__(self, source: str, problems: Iterable[Problem]) -> None:
        self.source = source
        self.problems = tuple(sorted(problems, key=lambda one: one.place))
        super().__init__(
            "\n".join(f"{source}:{one.place.line}:{one.place.column}: {one.text}" for one in self.problems)
        )


class Findings:
    """Collects what is wrong with a file, so that all of it is told at once."""

    def __init__(self, source: str) -> None:
        self.source = source
        self.problems: list[Problem] = []

    def add(self, place: Place, text: str) -> None:
        """Something is wrong here."""
        self.problems.append(Problem(place, text))

    def settle(self) -> None:
        """Raise Unreadable if anything was wrong."""
        if self.problems:
            raise Unreadable(self.source, self.problems)


def shown(node: Node) -> str:
    """What a node is, in the words of a complaint."""
    if isinstance(node, Scalar):
        value = node.value
        return "nothing" if value is None else repr(node.text)
    return "a mapping" if isinstance(node, Mapping) else "a list"


def unknown(what: str, name: str, names: Iterable[str]) -> str:
    """That `name` is no `what`, the nearest one, and all there are."""
    known = sorted(map(str, names))
    folded = {one.casefold(): one for one in reversed(known)}
    near = get_close_matches(name.casefold(), folded, 1, 0.6)
    hint = f"; did you mean {folded[near[0]]!r}?" if near else ";"
    return f"no {what} is called {name!r}{hint} there are {', '.join(known)}"


def read_yaml(source: str, text: str) -> Node:
    """The one document of a file called `source`.

    Raises:
        Unreadable: no YAML, none of this kind of YAML, empty, or too large.
    """
    if len(text) > LARGEST:
        raise _unreadable(source, Place(1, 1), f"longer than {LARGEST} characters")
    try:
        return _Reader(source, text).document()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = Place(1, 1) if mark is None else _place(mark)
        raise _unreadable(source, place, f"no YAML: {error.problem or error.context}") from None
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        raise _unreadable(source, Place(line, 1), "no YAML: a character that no text may have") from None


class _Reader:
    def __init__(self, source: str, text: str) -> None:
        self._source = source
        self._events = yaml.parse(text, Loader=yaml.SafeLoader)

    def document(self) -> Node:
        for event in self._events:
            if isinstance(event, yaml.DocumentStartEvent):
                node = self._node(next(self._events), 0)
                next(self._events)  # its end
                following = next(self._events)
                if isinstance(following, yaml.DocumentStartEvent):
                    raise self._refused(following, "a second document; one file holds one")
                return node
        raise _unreadable(self._source, Place(1, 1), "the file is empty")

    def _node(self, event: yaml.Event, depth: int) -> Node:
        if isinstance(event, yaml.AliasEvent):
            raise self._refused(event, "aliases are not taken here")
        if event.anchor is not None:
            raise self._refused(event, "anchors are not taken here")
        if event.tag not in (None, "!"):
            raise self._refused(event, f"tags such as {event.tag!r} are not taken here")
        if depth > DEEPEST:
            raise self._refused(event, f"nested more than {DEEPEST} deep")
        place = _place(event.start_mark)
        if isinstance(event, yaml.ScalarEvent):
            return Scalar(place, self._text(event), event.style is not None)
        if isinstance(event, yaml.SequenceStartEvent):
            return Sequence(place, tuple(self._items(depth)))
        return Mapping(place, self._entries(depth))

    def _text(self, event: yaml.ScalarEvent) -> str:
        """The value, with `"\\ud83d\\ude00"` as the one character that JSON means by it."""
        text: str = event.value
        if text.isascii():
            return text
        try:
            return text.encode("utf-16", "surrogatepass").decode("utf-16")
        except UnicodeDecodeError:
            raise self._refused(event, "half a character, as no text may have it") from None

    def _items(self, depth: int) -> Iterable[Node]:
        while not isinstance(event := next(self._events), yaml.SequenceEndEvent):
            yield self._node(event, depth + 1)

    def _entries(self, depth: int) -> dict[str, Entry]:
        entries: dict[str, Entry] = {}
        while not isinstance(event := next(self._events), yaml.MappingEndEvent):
            key = self._node(event, depth + 1)
            if not isinstance(key, Scalar) or (key.text == "<<" and not key.quoted):
                raise self._refused(event, "a key is one word or text")
            if key.text in entries:
                first = entries[key.text].key_place.line
                raise self._refused(event, f"{key.text!r} stands here twice, first in line {first}")
            entries[key.text] = Entry(key.place, self._node(next(self._events), depth + 1))
        return entries

    def _refused(self, event: yaml.Event, text: str) -> Unreadable:
        return _unreadable(self._source, _place(event.start_mark), text)


def _place(mark: yaml.Mark) -> Place:
    return Place(mark.line + 1, mark.column + 1)


def _unreadable(source: str, place: Place, text: str) -> Unreadable:
    return Unreadable(source, [Problem(place, text)])
