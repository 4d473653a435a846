"""What was found in messages is counted, and told of once a day."""

from __future__ import annotations

from collections.abc import Sequence

from voltline.central.domain.deviations import Deviating
from voltline.central.domain.events import Deviated, EventKind
from voltline.central.domain.stations import StationKey
from voltline.central.services.ports import UnitOfWork


def note(unit: UnitOfWork, counted: Sequence[tuple[StationKey, Deviating]]) -> None:
    """Add what was counted in memory; the first of a kind from a charge point in a day is an event."""
    for station, deviating in counted:
        unit.deviations.count(station, deviating)
        sort, at = deviating.sort, deviating.first_at
        if unit.deviations.first_of_day(station, sort.kind, at.date()):
            told = Deviated(action=sort.action, kind=sort.kind, path=sort.path, text=deviating.example)
            unit.events.add(EventKind.DEVIATION, station, told, at)
