"""Deviations, counted by charge point and sort."""

from __future__ import annotations

from datetime import date
from typing import Protocol

from voltline.central.domain.deviations import Deviating
from voltline.central.domain.stations import StationKey


class Deviations(Protocol):
    def count(self, station: StationKey, deviating: Deviating) -> None:
        """Add to what was counted before; the newer example is kept.

        Where a charge point has `MOST_SORTS` sorts already, a new one counts as its kind alone.
        """
        ...

    def first_of_day(self, station: StationKey, kind: str, day: date) -> bool:
        """True once for each charge point, kind and day."""
        ...


class DeviationQueries(Protocol):
    """The reading side; see `Queries`."""

    def deviations(self, station: StationKey, /) -> tuple[Deviating, ...]:
        """All sorts that this charge point was ever seen with, the last seen first."""
        ...
