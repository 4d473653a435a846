"""What quirks of a charge point changed of the commands of the moment, for whoever asked for these.

The API begins a list for each request; the lines to charge points write into it. Where nobody has begun one,
as in procedures, it is in the log only.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from contextvars import ContextVar

from voltline.quirks import Note

log = logging.getLogger(__name__)

_NOTED: ContextVar[list[Note] | None] = ContextVar("noted", default=None)


def begin_notes() -> list[Note]:
    """From here on in this task, what is noted goes into this list."""
    notes: list[Note] = []
    _NOTED.set(notes)
    return notes


def notes_so_far() -> list[Note]:
    """What was noted since the list was begun."""
    return list(_NOTED.get() or ())


def note(identity: str, notes: Iterable[Note]) -> None:
    """Something is done otherwise for the sake of these quirks of a charge point."""
    kept = _NOTED.get()
    for one in notes:
        log.info("%s: %s (quirk %s)", identity, one.text, one.quirk)
        if kept is not None and one not in kept:
            kept.append(one)
