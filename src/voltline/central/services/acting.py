"""On whose behalf the code of the moment runs: kept with commands and repairs.

The API says so for each request, the runner for each procedure. A task or thread that is begun meanwhile
inherits it.
"""

from __future__ import annotations

from contextvars import ContextVar

VOLTLINE = "voltline"
"""Nobody asked for it."""

_ACTING: ContextVar[str] = ContextVar("acting", default=VOLTLINE)


def who() -> str:
    """The name to be recorded."""
    return _ACTING.get()


def act_as(name: str) -> None:
    """From here on in this task."""
    _ACTING.set(name)
