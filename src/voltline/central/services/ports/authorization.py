"""Id tags: what use cases need from storage, and what may be asked of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Protocol

from voltline.central.domain.authorization import (
    Authorization,
    IdTag,
    Revocation,
    TagFilter,
    TagOrder,
    UnknownTag,
)
from voltline.central.domain.local_lists import ListEntry
from voltline.central.domain.stations import StationKey

EVERY_TAG = TagFilter()


class IdTags(Protocol):
    """Registered id tags, in any case, and what is known of others."""

    def find(self, id_tag: str) -> IdTag | None: ...

    def with_parent(self, id_tag: str) -> tuple[IdTag, IdTag | None] | None:
        """A tag, and the record of its parent where that is registered as well."""
        ...

    def all(self) -> Iterator[IdTag]: ...

    def put(self, tag: IdTag, at: datetime) -> None:
        """Register a tag, or replace what is known of it. When it was added and used stays."""
        ...

    def put_all(self, tags: Sequence[IdTag], at: datetime) -> None:
        """The same for many; no two of them are the same tag."""
        ...

    def remove(self, id_tag: str) -> bool:
        """False: there was none."""
        ...

    def used(self, id_tag: str, at: datetime) -> None:
        """It was accepted."""
        ...

    def running(self, id_tag: str) -> int:
        """How many transactions run that this tag was let start, on any charge point."""
        ...

    def running_in_group(self, parent_id_tag: str) -> int:
        """The same for all registered tags with this parent."""
        ...

    def unknown_seen(
        self,
        id_tag: str,
        station: StationKey,
        connector_id: int | None,
        told: Authorization,
        at: datetime,
    ) -> None:
        """A tag that nobody registered was presented, and told this. Only the newest few are kept."""
        ...

    def forget_unknown(self, id_tag: str) -> bool:
        """False: it was never seen."""
        ...

    def unknown(self, id_tag: str) -> str | None:
        """The tag as it was presented; None: it was not, or is registered by now."""
        ...


class Revocations(Protocol):
    """What charge points have to forget."""

    def add(self, revoked: Iterable[tuple[str, Revocation]], at: datetime) -> None: ...

    def due(self, station: StationKey) -> int | None:
        """The newest revocation, if the charge point may remember something from before it."""
        ...

    def answered(self, station: StationKey, answer: str, at: datetime) -> None:
        """What it answered to ClearCache, whoever asked for it; what is due stays due."""
        ...

    def cleared(self, station: StationKey, up_to: int, answer: str, at: datetime) -> None:
        """Its cache holds nothing from before this revocation, or it has said that it will not clear it."""
        ...


class IdTagQueries(Protocol):
    """The reading side; see `Queries`."""

    def id_tags(
        self,
        *,
        only: TagFilter = EVERY_TAG,
        order: TagOrder = TagOrder.ID_TAG,
        after: str | None = None,
        offset: int = 0,
        limit: int | None = 100,
    ) -> tuple[IdTag, ...]:
        """`after` is the tag at which the last page ended, where they are sorted by tag; else `offset`."""
        ...

    def id_tag(self, id_tag: str) -> IdTag | None: ...

    def unknown_id_tags(
        self, *, identity: str | None = None, offset: int = 0, limit: int = 100
    ) -> tuple[UnknownTag, ...]:
        """The last seen first."""
        ...

    def usable_tags(self, at: datetime, groups: Sequence[str] | None = None) -> tuple[ListEntry, ...]:
        """What a local list should hold, the last used first: neither blocked nor expired, by itself or by
        its parent. `groups`: only these parents and their tags."""
        ...

    def cache_answer(self, station: StationKey) -> tuple[str, datetime] | None:
        """What the charge point answered to the last ClearCache, and when."""
        ...

    def running_by_tag(self, id_tags: Sequence[str]) -> Mapping[str, int]:
        """How many transactions of each of these run, by the form in which tags are compared."""
        ...
