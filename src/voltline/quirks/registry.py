"""All quirks that are known, and which of them a charge point has."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple, TypeVar

from voltline.quirks.profile import Facts, QuirkProfile

T = TypeVar("T")

_MOST_REMEMBERED = 10_000


class Found(NamedTuple):
    """A fact, and the quirk that it is of."""

    quirk: QuirkProfile
    facts: Facts


class Quirks:
    """The quirks of one charge point, an operator's own before those that come with Voltline."""

    __slots__ = ("profiles",)

    def __init__(self, profiles: Iterable[QuirkProfile] = ()) -> None:
        self.profiles = tuple(profiles)

    def __bool__(self) -> bool:
        return bool(self.profiles)

    def __iter__(self) -> Iterator[QuirkProfile]:
        return iter(self.profiles)

    def having(self, fact: Callable[[Facts], object]) -> Found | None:
        """The first quirk of which this is known; None: the charge point has no such one."""
        for profile in self.profiles:
            if fact(profile.facts):
                return Found(profile, profile.facts)
        return None


NO_QUIRKS = Quirks()


class Registry:
    """Quirks by id; of two with one id the later takes the place of the earlier."""

    def __init__(self, profiles: Iterable[QuirkProfile] = ()) -> None:
        known: dict[str, QuirkProfile] = {}
        for profile in profiles:
            known.pop(profile.id, None)
            known[profile.id] = profile
        self._newest_first = tuple(reversed(known.values()))
        self._by_id = known
        self._remembered: dict[tuple[str | None, ...], Quirks] = {}

    def __iter__(self) -> Iterator[QuirkProfile]:
        return iter(self._by_id.values())

    def __len__(self) -> int:
        return len(self._by_id)

    def get(self, id: str) -> QuirkProfile | None:
        return self._by_id.get(id)

    def of(self, identity: str, vendor: str | None, model: str | None, firmware: str | None) -> Quirks:
        """The quirks of a charge point that says this of itself."""
        told = (identity, vendor, model, firmware)
        found = self._remembered.get(told)
        if found is None:
            matching = [profile for profile in self._newest_first if profile.met_by(*told)]
            found = Quirks(matching) if matching else NO_QUIRKS
            if len(self._remembered) >= _MOST_REMEMBERED:
                self._remembered.clear()
            self._remembered[told] = found
        return found
