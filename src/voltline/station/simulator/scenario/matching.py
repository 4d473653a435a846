"""What is expected of a value, a message or a state, and in words why it is not so."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import Any

import msgspec

from voltline.station.simulator.scenario.values import Misread, Scope, resolved


class Equals(msgspec.Struct, frozen=True):
    """The value is this one. Of a list: one of its items is."""

    value: Any


class Compared(msgspec.Struct, frozen=True):
    """The value stands in a relation, named in `OPERATORS`, to another one."""

    operator: str
    value: Any


class Fields(msgspec.Struct, frozen=True):
    """The fields of an object, by dotted path, are as expected. Of a list: those of one of its items."""

    fields: tuple[tuple[str, Pattern], ...]


class Every(msgspec.Struct, frozen=True):
    """All of these hold."""

    patterns: tuple[Pattern, ...]


Pattern = Equals | Compared | Fields | Every

ABSENT = object()
"""Stands for a field that is not there."""


def mismatch(pattern: Pattern, actual: Any, scope: Scope, path: str = "") -> str | None:
    """Why the value is not as expected, naming the field; None if it is.

    Raises:
        Misread: a variable of the pattern has no value that could be compared.
    """
    match pattern:
        case Every(patterns=patterns):
            return next((why for one in patterns if (why := mismatch(one, actual, scope, path))), None)
        case Equals(value=value):
            return _unequal(resolved(value, scope), actual, path)
        case Compared(operator=operator, value=value):
            return OPERATORS[operator].mismatch(resolved(value, scope), actual, path)
    if isinstance(actual, list):
        reasons = [mismatch(pattern, item, scope, path) for item in actual]
        if not reasons:
            return f"{path or 'it'} is empty"
        return None if None in reasons else reasons[-1]
    for name, expected in pattern.fields:
        whole = isinstance(expected, Compared) and OPERATORS[expected.operator].of_all
        values = list(_at(name.split("."), actual))
        below = f"{path}.{name}" if path else name
        # Each of several values may be the one that is meant; `includes` looks at all of them together.
        candidates = [values] if whole else values or [ABSENT]
        reasons = [mismatch(expected, one, scope, below) for one in candidates]
        if None not in reasons:
            nearest = max(range(len(candidates)), key=lambda n: _held(expected, candidates[n], scope))
            return reasons[nearest]
    return None


def _held(pattern: Pattern, actual: Any, scope: Scope) -> int:
    """How many of the first fields are as expected: the more, the likelier this one was meant."""
    if not isinstance(pattern, Fields):
        return 0
    for count, field in enumerate(pattern.fields):
        if mismatch(Fields((field,)), actual, scope) is not None:
            return count
    return len(pattern.fields)


def in_words(pattern: Pattern, scope: Scope) -> str:
    """What is expected, for people."""
    match pattern:
        case Every(patterns=patterns):
            return " and ".join(in_words(one, scope) for one in patterns)
        case Equals(value=value):
            return f"= {told(resolved(value, scope))}"
        case Compared(operator=operator, value=value):
            return f"{operator.replace('_', ' ')} {told(resolved(value, scope))}"
    return ", ".join(f"{name} {in_words(one, scope)}" for name, one in pattern.fields)


def told(value: Any) -> str:
    """A value for people."""
    if value is ABSENT:
        return "absent"
    if isinstance(value, list):
        return "[" + ", ".join(told(one) for one in value) + "]"
    return "nothing" if value is None else str(value).lower() if isinstance(value, bool) else str(value)


class Operator(msgspec.Struct, frozen=True):
    """One way of comparing. `takes` says what stands behind it; `problem` what is wrong with such a value."""

    help: str
    takes: str
    problem: Callable[[Any], bool]
    holds: Callable[[Any, Any], bool]
    """Expected, actual. Raises TypeError or ValueError where the two cannot be compared."""
    of_all: bool = False

    def mismatch(self, expected: Any, actual: Any, path: str) -> str | None:
        """Why it does not hold."""
        if self.problem(expected):
            raise Misread(f"{told(expected)} stands where {self.takes} is needed")
        try:
            held = self.holds(expected, actual)
        except (TypeError, ValueError):
            held = False
        return None if held else f"{path or 'it'} is {told(actual)}"


def _unequal(expected: Any, actual: Any, path: str) -> str | None:
    if isinstance(actual, list) and not isinstance(expected, list):
        held = any(_same(expected, one) for one in actual)
    else:
        held = _same(expected, actual)
    return None if held else f"{path or 'it'} is {told(actual)}, not {told(expected)}"


def _same(expected: Any, actual: Any) -> bool:
    if actual is ABSENT or (expected is None) is not (actual is None):
        return False
    if isinstance(expected, bool) or isinstance(actual, bool):
        return str(expected).lower() == str(actual).lower()
    if isinstance(expected, int | float):
        try:
            return float(expected) == float(actual)
        except (TypeError, ValueError):
            return False
    if isinstance(expected, list | dict) or isinstance(actual, list | dict):
        return bool(expected == actual)
    return str(expected) == str(actual)


def _at(path: list[str], value: Any) -> Iterator[Any]:
    """Every value at the end of the path; lists on the way are gone through."""
    if isinstance(value, list):
        for item in value:
            yield from _at(path, item)
    elif not path:
        yield value
    elif isinstance(value, Mapping) and path[0] in value:
        found = value[path[0]]
        if len(path) == 1:
            yield found
        else:
            yield from _at(path[1:], found)


def _measure(value: Any) -> float:
    if isinstance(value, bool):
        raise TypeError
    if isinstance(value, str) and "T" in value:
        return datetime.fromisoformat(value).timestamp()
    return float(value)


def _unmeasurable(value: Any) -> bool:
    try:
        _measure(value)
    except (TypeError, ValueError):
        return True
    return False


def _no_list(value: Any) -> bool:
    return not isinstance(value, list) or not value


def _no_span(value: Any) -> bool:
    return _no_list(value) or len(value) != 2 or any(map(_unmeasurable, value))


def _no_pattern(value: Any) -> bool:
    try:
        re.compile(value)
    except (TypeError, re.error):
        return True
    return False


def _never(_: Any) -> bool:
    return False


_NUMBER = "a number or an instant"

OPERATORS: Mapping[str, Operator] = {
    "at_least": Operator(
        "not less", _NUMBER, _unmeasurable, lambda wanted, is_: _measure(is_) >= _measure(wanted)
    ),
    "at_most": Operator(
        "not more", _NUMBER, _unmeasurable, lambda wanted, is_: _measure(is_) <= _measure(wanted)
    ),
    "above": Operator("more", _NUMBER, _unmeasurable, lambda wanted, is_: _measure(is_) > _measure(wanted)),
    "below": Operator("less", _NUMBER, _unmeasurable, lambda wanted, is_: _measure(is_) < _measure(wanted)),
    "between": Operator(
        "within these two, both included",
        "a list of two numbers or instants",
        _no_span,
        lambda span, is_: _measure(span[0]) <= _measure(is_) <= _measure(span[1]),
    ),
    "one_of": Operator(
        "one of these", "a list", _no_list, lambda some, is_: any(_same(one, is_) for one in some)
    ),
    "not": Operator("another one", "a value", _never, lambda wanted, is_: not _same(wanted, is_)),
    "matches": Operator(
        "has this regular expression in it",
        "a regular expression",
        _no_pattern,
        lambda pattern, is_: isinstance(is_, str) and re.search(pattern, is_) is not None,
    ),
    "includes": Operator(
        "all of these are among the values",
        "a list",
        _no_list,
        lambda all_, is_: all(any(_same(one, item) for item in is_) for one in all_),
        of_all=True,
    ),
    "present": Operator(
        "true: there is such a field; false: there is none",
        "true or false",
        lambda value: not isinstance(value, bool),
        lambda wanted, is_: wanted is (is_ is not ABSENT),
    ),
}
"""The words that may stand in the place of a value that is expected."""
