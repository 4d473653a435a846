"""Values of a scenario that are known only while it runs: `$name` and `${...}` within texts.

| written | is |
|---|---|
| `$name`, `${name}` | the variable; alone in a value it keeps its type |
| `${now + 90 s}`, `${now}`, `${now - 2 h}` | an instant in UTC, as OCPP writes it |
| `${between 1 6}` | a whole number from 1 to 6, drawn anew each time |
| `${pick red green}` | one of the words, drawn anew each time |
| `${hex 14}` | so many hexadecimal digits, drawn anew each time |
| `$$` | a dollar sign |

What is drawn depends on the seed and the identity only.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

import msgspec

_TEMPLATE = re.compile(r"\$(?:(?P<dollar>\$)|(?P<name>[A-Za-z_]\w*)|\{(?P<call>[^{}]*)\})")
_NAME = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)?")
_DURATION = re.compile(r"([0-9]+(?:\.[0-9]+)?) ?(ms|s|min|h|d)?")
_UNITS_S = {"ms": 0.001, "s": 1.0, "min": 60.0, "h": 3600.0, "d": 86400.0}


UNKNOWN = "..."
"""Shown in the place of what is not known yet."""


class Misread(ValueError):  # its text is shown as it stands
    """A text that stands for no value; says why."""


class Scope:
    """The variables of a run, the time, and chance."""

    def __init__(
        self,
        variables: Mapping[str, Any],
        now: Callable[[], datetime],
        chance: Random,
        *,
        for_show: bool = False,
    ) -> None:
        self._variables = dict(variables)
        self.now = now
        self.chance = chance
        self.for_show = for_show
        """Nothing is drawn, and what is not known yet is dots."""

    def __getitem__(self, name: str) -> Any:
        """Raises Misread for a variable that nothing was put into yet."""
        if self.for_show and name not in self._variables:
            return UNKNOWN
        if name not in self._variables:
            raise Misread(f"nothing was put into the variable {name!r} yet")
        return self._variables[name]

    def put(self, name: str, value: Any) -> None:
        """Give a variable its value."""
        self._variables[name] = value

    def shown(self) -> Scope:
        """The same for people to read."""
        return Scope(self._variables, self.now, self.chance, for_show=True)

    def within(self, **more: Any) -> Scope:
        """The same with a few more variables, which hold for one step."""
        return Scope({**self._variables, **more}, self.now, self.chance)


class Name(msgspec.Struct, frozen=True):
    """A variable."""

    name: str

    def of(self, scope: Scope) -> Any:
        """Its value."""
        return scope[self.name]


class Instant(msgspec.Struct, frozen=True):
    """So many seconds from now."""

    offset_s: float

    def of(self, scope: Scope) -> str:
        """As OCPP writes it."""
        at = scope.now() + timedelta(seconds=self.offset_s)
        return f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%S}Z"


class Between(msgspec.Struct, frozen=True):
    """A whole number, both ends included."""

    least: int
    most: int

    def of(self, scope: Scope) -> int:
        """One that is drawn now."""
        return scope.chance.randint(self.least, self.most)


class Pick(msgspec.Struct, frozen=True):
    """One of these words."""

    words: tuple[str, ...]

    def of(self, scope: Scope) -> str:
        """One that is drawn now."""
        return scope.chance.choice(self.words)


class Hex(msgspec.Struct, frozen=True):
    """Hexadecimal digits."""

    digits: int

    def of(self, scope: Scope) -> str:
        """Digits that are drawn now."""
        return f"{scope.chance.getrandbits(4 * self.digits):0{self.digits}X}"


Part = str | Name | Instant | Between | Pick | Hex


class Template(msgspec.Struct, frozen=True):
    """A text with parts that are known later."""

    parts: tuple[Part, ...]

    def of(self, scope: Scope) -> Any:
        """The text; or the value itself where there is but one part."""
        if scope.for_show and any(isinstance(part, Between | Pick | Hex) for part in self.parts):
            return UNKNOWN
        if len(self.parts) == 1 and not isinstance(self.parts[0], str):
            return self.parts[0].of(scope)
        return "".join(part if isinstance(part, str) else str(part.of(scope)) for part in self.parts)

    @property
    def names(self) -> list[str]:
        """The variables in it."""
        return [part.name for part in self.parts if isinstance(part, Name)]


def template(text: str) -> Template | str:
    """What a text stands for: itself, or a template.

    Raises:
        Misread: `${...}` with something in it that is neither a variable nor a function.
    """
    parts: list[Part] = []
    end = 0
    for found in _TEMPLATE.finditer(text):
        parts.append(text[end : found.start()])
        end = found.end()
        if found["dollar"]:
            parts.append("$")
        else:
            parts.append(Name(found["name"]) if found["name"] else _call(found["call"]))
    parts.append(text[end:])
    if all(isinstance(part, str) for part in parts):
        return "".join(str(part) for part in parts)
    return Template(tuple(part for part in parts if part != ""))


def resolved(value: Any, scope: Scope) -> Any:
    """The value with every template in it worked out."""
    if isinstance(value, Template):
        return value.of(scope)
    if isinstance(value, dict):
        return {key: resolved(item, scope) for key, item in value.items()}
    if isinstance(value, list):
        return [resolved(item, scope) for item in value]
    return value


def seconds(value: object) -> float:
    """A duration in seconds: `2`, `2 s`, `500 ms`, `1.5 min`, `1 h`, `1 d`.

    Raises:
        Misread: it is none.
    """
    found = None if isinstance(value, bool) else _DURATION.fullmatch(str(value))
    if found is None:
        raise Misread(f"{value!r} is no duration; write 2 s, 500 ms, 1.5 min, 1 h or 1 d")
    return float(found[1]) * _UNITS_S[found[2] or "s"]


def _call(text: str) -> Part:
    word, *rest = text.split() or [""]
    if _NAME.fullmatch(text.strip()) and word != "now":
        return Name(word)
    if word == "now" and (not rest or (rest[0] in "+-" and len(rest) > 1)):
        return Instant(seconds(" ".join(rest[1:])) * (-1 if rest[0] == "-" else 1) if rest else 0.0)
    if word == "between" and len(rest) == 2 and all(re.fullmatch(r"-?\d{1,15}", one) for one in rest):
        least, most = int(rest[0]), int(rest[1])
        if least <= most:
            return Between(least, most)
    if word == "pick" and rest:
        return Pick(tuple(rest))
    if word == "hex" and len(rest) == 1 and re.fullmatch(r"[1-9]\d?", rest[0]):
        return Hex(int(rest[0]))
    raise Misread(
        f"${{{text}}} stands for nothing; write ${{name}}, ${{now + 5 min}}, ${{between 1 6}}, "
        "${pick red green} or ${hex 14}"
    )
