"""The outbox of events is kept in bounds."""

from __future__ import annotations

from datetime import datetime

from voltline.central.services.ports import UnitOfWork

STEP = 1000
"""So many events are removed in one work, so that no message waits for long."""


def discard(unit: UnitOfWork, before: datetime, keep: int) -> int:
    """Remove events that are too old or too many, a step of them; how many it were."""
    return unit.events.discard(before=before, keep=keep, at_most=STEP)
