"""The names that docker compose sets before every line, taken off where they would part a document."""

import re
from collections.abc import Sequence

__all__ = ["Wrapper", "without", "wrapper_of_all"]

LOOKED_AT = 50
"""Lines from which it is told that all are wrapped."""
MOST_NAMES = 8

Wrapper = frozenset[str]
"""The names with their bars, `evse-1  | `; empty where lines are not wrapped."""

_NAME = re.compile(r"[A-Za-z][\w.-]* +\|(?= |$)")


def wrapper_of_all(lines: Sequence[str]) -> Wrapper:
    """What stands before each of the first lines of a log: one of few names, and a bar in one column."""
    names = set()
    for line in lines[:LOOKED_AT]:
        if line and not line.isspace():
            found = _NAME.match(line)
            if found is None:
                return frozenset()
            names.add(found[0])
    return (
        frozenset(names)
        if len(names) <= MOST_NAMES and len({len(name) for name in names}) == 1
        else frozenset()
    )


def without(wrapper: Wrapper, line: str) -> str:
    """A line without its name."""
    found = _NAME.match(line)
    return line if found is None or found[0] not in wrapper else line[found.end() + 1 :]
