"""Charge points on the reading side."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from voltline.central.domain.stations import Boot, Connectivity, Station, StationFilter, StationKey
from voltline.central.domain.status import PastConnectorState

EVERY_STATION = StationFilter()


class StationQueries(Protocol):
    """See `Queries`. Histories are newest first; `before` is the id at which the last page ended."""

    def stations(
        self, *, after: str | None = None, limit: int = 100, only: StationFilter = EVERY_STATION
    ) -> tuple[Station, ...]:
        """Charge points by identity; `after` is the identity at which the last page ended."""
        ...

    def station(self, identity: str) -> Station | None:
        """In any case; also one that was removed."""
        ...

    def boots(
        self, station: StationKey, *, before: int | None = None, limit: int = 100
    ) -> tuple[Boot, ...]: ...

    def connectivity(
        self, station: StationKey, *, before: int | None = None, limit: int = 100
    ) -> tuple[Connectivity, ...]: ...

    def connector_history(
        self,
        station: StationKey,
        connectors: Sequence[int],
        *,
        before: int | None = None,
        limit: int = 100,
    ) -> tuple[PastConnectorState, ...]:
        """What these connectors reported; no connectors: all."""
        ...
