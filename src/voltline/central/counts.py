"""Plain numbers that are counted where something happens; `metrics` adds them up when somebody asks."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable

from voltline.messages import ACTIONS
from voltline.rpc.session import Counters
from voltline.transport.connection import Connection

_OTHER_ACTION = "other"
"""Stands for every action that OCPP does not have: charge points choose those names."""


class MessageCounts:
    """CALLs of charge points. For the event loop's thread; may be read on any."""

    def __init__(self) -> None:
        self.handled: dict[str, int] = defaultdict(int)
        """By action: those that a handler was given."""
        self.failed: Counter[str] = Counter()
        """By action: those among them that were answered with a CALLERROR all the same."""
        self.refused: Counter[tuple[str, str]] = Counter()
        """By action and code: those that were answered with a CALLERROR."""

    def refuse(self, connection: Connection, action: str, code: str, handled: bool) -> None:
        name = action if action in ACTIONS else _OTHER_ACTION
        self.refused[name, str(code)] += 1
        if handled:
            self.failed[name] += 1


class SessionCounts:
    """What healthy charge points do not cause, over all connections; see `rpc.session.Counters`."""

    def __init__(self) -> None:
        self._ended: Counter[str] = Counter()

    def ended(self, connection: Connection) -> None:
        """A connection has ended: what it counted stays counted."""
        self._add(self._ended, connection.session.counters)

    def total(self, live: Iterable[Connection]) -> Counter[str]:
        total = self._ended.copy()
        for connection in live:
            self._add(total, connection.session.counters)
        return total

    @staticmethod
    def _add(total: Counter[str], counters: Counters) -> None:
        for name in Counters.__struct_fields__:
            total[name] += getattr(counters, name)
