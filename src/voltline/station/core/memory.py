"""What outlives a loss of power: small records by name, read once at the start and laid down at every change.

A part of the core recalls its records in its constructor and keeps them again whenever they change. A reset
leaves the core as it is; a loss of power is a new core over the records of the old one.
"""

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import msgspec

from voltline.station.core.intents import Intent, Keep, Matter, Notice

T = TypeVar("T")


class Memory:
    """Records as msgspec JSON. A name has small letters, digits, dots and hyphens: it may name a file."""

    __slots__ = ("_intend", "_survived")

    def __init__(self, intend: Callable[[Intent], None], survived: Mapping[str, bytes] | None) -> None:
        """`survived` is what storage holds; None where nothing lasts: then nothing is laid down either."""
        self._intend = intend
        self._survived = survived

    @property
    def lasts(self) -> bool:
        """Whether there is storage at all."""
        return self._survived is not None

    def recall(self, name: str, kind: type[T]) -> T | None:
        """The record as it was at the last power-up, None where there is none.

        A damaged one is told by a notice and counts as absent: a station must start whatever its disk says.
        """
        record = (self._survived or {}).get(name)
        if record is None:
            return None
        try:
            return msgspec.json.decode(record, type=kind)
        except (msgspec.DecodeError, UnicodeDecodeError) as problem:
            text = f"the record {name!r} is damaged and is taken as absent: {problem}"
            self._intend(Notice(Matter.MEMORY, text))
            return None

    def recall_each(self, prefix: str, kind: type[T]) -> list[tuple[str, T]]:
        """The records whose names begin so, with and in the order of their names; damaged ones left out."""
        names = sorted(name for name in self._survived or {} if name.startswith(prefix))
        found = ((name, self.recall(name, kind)) for name in names)
        return [(name, record) for name, record in found if record is not None]

    def keep(self, name: str, value: Any) -> None:
        """Lay the record down, replacing an earlier one; `None` removes it."""
        if self._survived is not None:
            self._intend(Keep(name, None if value is None else msgspec.json.encode(value)))
