"""Local lists: what use cases need from storage, and what may be asked of it."""

from __future__ import annotations

from typing import Protocol

from voltline.central.domain.local_lists import ListEntry, LocalList
from voltline.central.domain.stations import StationKey


class LocalLists(Protocol):
    """By charge point."""

    def get(self, station: StationKey) -> LocalList: ...

    def put(self, station: StationKey, known: LocalList) -> None:
        """All of it but the content."""
        ...

    def put_content(self, station: StationKey, content: bytes | None) -> None:
        """The list's content, packed by `LocalListQueries.packed`; None: it is not known any more."""
        ...


class LocalListQueries(Protocol):
    """The reading side; see `Queries`."""

    def local_list(self, station: StationKey) -> LocalList: ...

    def local_list_content(self, station: StationKey) -> tuple[ListEntry, ...] | None:
        """None: not known."""
        ...

    def packed(self, entries: tuple[ListEntry, ...]) -> bytes:
        """A list's content as it is stored. Takes a while for a long one."""
        ...
