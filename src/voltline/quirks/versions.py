"""Firmware versions compared, as charge points really write them.

`01.26.40`, `V1.26.40-rc2`, `DC10_v1.26`, `1.26.40 (2023-05-04)`: the first dotted number in the text counts,
else the first number; what follows it counts only where it marks a version before the release. Zeroes at the
end and at the beginning of a part mean nothing: 1.26, 01.26 and 1.26.0 are the same.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from operator import eq, ge, gt, le, lt, ne
from typing import Any

_DOTTED = re.compile(r"[0-9]+(?:\.[0-9]+)+")
_NUMBER = re.compile(r"[0-9]+")
_EARLY = re.compile(r"[-_. ~]?(dev|alpha|beta|preview|pre|rc)[-_. ]?([0-9]*)(?![a-z])")
_RANKS = {"dev": 0, "alpha": 1, "beta": 2, "preview": 3, "pre": 3, "rc": 3}
_RELEASE = (9, 0)
_LONGEST = 200

_SIGNS: dict[str, Callable[[Any, Any], bool]] = {
    "<=": le,
    ">=": ge,
    "==": eq,
    "!=": ne,
    "<": lt,
    ">": gt,
}
_CONDITION = re.compile(r"(<=|>=|==|!=|<|>)\s*(\S.*)")

Version = tuple[tuple[int, ...], tuple[int, int]]


class InvalidRange(ValueError):
    """A range of versions that cannot be understood; the text says why."""


def version_of(text: str) -> Version | None:
    """What to compare a version by; None: there is no number in it."""
    text = text.strip().lower()[:_LONGEST]
    found = _DOTTED.search(text) or _NUMBER.search(text)
    if found is None:
        return None
    numbers = [int(part) for part in found[0].split(".")]
    while len(numbers) > 1 and numbers[-1] == 0:
        numbers.pop()
    early = _EARLY.match(text, found.end())
    stage = _RELEASE if early is None else (_RANKS[early[1]], int(early[2] or 0))
    return tuple(numbers), stage


class VersionRange:
    """Conditions that a version has to meet, all of them: `>=1.20, <1.26.40`."""

    __slots__ = ("_conditions", "text")

    def __init__(self, text: str) -> None:
        """Raises InvalidRange."""
        self.text = text
        self._conditions: list[tuple[Callable[[Any, Any], bool], Version]] = []
        for part in text.split(","):
            found = _CONDITION.fullmatch(part.strip())
            version = version_of(found[2]) if found else None
            if found is None or version is None:
                raise InvalidRange(
                    f"{part.strip()!r} is not a condition on a version; write for example '<01.26.40' or "
                    "'>=1.2, <2'"
                )
            self._conditions.append((_SIGNS[found[1]], version))

    def holds(self, version: str | None) -> bool:
        """Whether this version is in the range. One that is not told, or has no number, is taken to be."""
        known = version_of(version) if version else None
        return known is None or all(sign(known, bound) for sign, bound in self._conditions)
