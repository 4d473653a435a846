"""Places in a payload: `$.chargingProfile.stackLevel`, `$.meterValue[0].timestamp`, `$.meterValue[*]`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final

__all__ = ["InvalidPath", "Path", "read_path", "remove_at", "set_at"]

Step = str | int | None
"""A field, an element from 0, or each element."""
Path = tuple[Step, ...]

_STEP: Final = re.compile(r"\.([A-Za-z_][A-Za-z0-9_]*)|\[(\d{1,6}|\*)\]")


class InvalidPath(ValueError):
    """No path; the text says what one looks like."""


def read_path(text: str) -> Path:
    """The steps of a path. Raises InvalidPath."""
    at, steps = 1, []
    while match := _STEP.match(text, at):
        name, index = match.groups()
        steps.append(name or (None if index == "*" else int(index)))
        at = match.end()
    if not text.startswith("$") or not steps or at != len(text):
        raise InvalidPath(f"{text!r} is no path in a payload, such as $.idTag or $.meterValue[0].timestamp")
    return tuple(steps)


def set_at(payload: Any, path: Path, value: Any) -> bool:
    """Put a value there; missing objects on the way are made, list elements are not. Whether anything
    changed."""
    changed = False
    for place, last in _places(payload, path, make=True):
        if isinstance(last, str):
            if last not in place or place[last] != value:
                place[last] = value
                changed = True
        elif place[last] != value:
            place[last] = value
            changed = True
    return changed


def remove_at(payload: Any, path: Path) -> bool:
    """Take away what stands there. Whether there was anything."""
    # From the end, or the places of later elements would move.
    found = [(place, last) for place, last in _places(payload, path, make=False) if _has(place, last)]
    for place, last in reversed(found):
        del place[last]
    return bool(found)


def _places(value: Any, path: Path, *, make: bool) -> Iterator[tuple[Any, Any]]:
    """The objects and lists that hold what the path means, each with its key."""
    step, *rest = path
    if isinstance(step, str):
        if not isinstance(value, dict):
            return
        keys: list[Any] = [step]
        if rest and make and isinstance(rest[0], str):
            value.setdefault(step, {})
    elif not isinstance(value, list):
        return
    else:
        keys = list(range(len(value))) if step is None else [step] if step < len(value) else []
    for key in keys:
        if not rest:
            yield value, key
        elif _has(value, key):
            yield from _places(value[key], tuple(rest), make=make)


def _has(place: Any, key: Any) -> bool:
    return key in place if isinstance(place, dict) else key < len(place)
