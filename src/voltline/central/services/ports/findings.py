"""Findings: what use cases need from storage, and what may be asked of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol

from voltline.central.domain.findings import FindingFilter, KnownFinding, Seen
from voltline.central.domain.stations import StationKey

EVERY_FINDING = FindingFilter()


class Findings(Protocol):
    def find(self, station: StationKey, fingerprint: str) -> KnownFinding | None:
        """The one on record of this sort of fault."""
        ...

    def get(self, id: int) -> KnownFinding | None: ...

    def add(self, seen: Seen, fingerprint: str, at: datetime, closes_at: datetime) -> KnownFinding | None:
        """A new one, open; None: `MOST_FINDINGS` of this charge point are on record, and none is closed.

        Where there are so many, the one that was closed first makes room.
        """
        ...

    def put(self, finding: KnownFinding) -> None:
        """All that can change of it."""
        ...

    def quiet(self, at: datetime, limit: int) -> Sequence[KnownFinding]:
        """Open ones whose time is over, of charge points that were heard of since that time, or removed."""
        ...

    def discard(self, *, before: datetime, at_most: int) -> int:
        """Remove those that were closed before this time; how many were removed."""
        ...


class FindingQueries(Protocol):
    """The reading side; see `Queries`."""

    def findings(
        self, *, only: FindingFilter = EVERY_FINDING, before: int | None = None, limit: int = 100
    ) -> tuple[KnownFinding, ...]:
        """Newest first by id; `before`: only those with lower ids."""
        ...

    def finding(self, id: int, /) -> KnownFinding | None: ...

    def open_findings(self, at: datetime, /) -> Mapping[str, int]:
        """How many are open and not muted at this time, by severity."""
        ...
