"""Commands are written down when they are asked for, and again when they have ended."""

from __future__ import annotations

from datetime import datetime

from voltline.central.domain.commands import Asked, Ended
from voltline.central.domain.stations import StationKey
from voltline.central.services.ports import UnitOfWork


def ask(unit: UnitOfWork, station: StationKey, asked: Asked) -> None:
    unit.commands.add(station, asked)


def end(unit: UnitOfWork, ended: Ended) -> None:
    unit.commands.end(ended)


def interrupt_open(unit: UnitOfWork, at: datetime) -> int:
    """For a process that begins: what an earlier one left open will not be answered any more."""
    return unit.commands.interrupt_open(at)


def discard(unit: UnitOfWork, before: datetime, at_most: int) -> int:
    """Forget old ones, some at a time; how many."""
    return unit.commands.discard(before=before, at_most=at_most)
