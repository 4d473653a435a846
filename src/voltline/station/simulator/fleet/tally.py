"""What a fleet has done since it began, in numbers that can be added up and compared over time."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable
from typing import Self

import msgspec

_GROWTH = 1.1
_BOUNDS_S = tuple(1e-4 * _GROWTH**step for step in range(160))
"""Upper ends of the histogram's classes: from 0.1 ms to 6 minutes, each a tenth wider than the one before."""


class Histogram(msgspec.Struct, gc=False):
    """Durations by class; a percentile of it is right within a tenth."""

    classes: list[int] = msgspec.field(default_factory=lambda: [0] * (len(_BOUNDS_S) + 1))
    longest_s: float = 0.0

    def add(self, seconds: float) -> None:
        self.classes[bisect_left(_BOUNDS_S, seconds)] += 1
        if seconds > self.longest_s:
            self.longest_s = seconds

    @property
    def count(self) -> int:
        return sum(self.classes)

    def percentile_s(self, percent: float) -> float | None:
        """The duration that so many per cent do not exceed; None where there are none at all."""
        count = self.count
        if not count:
            return None
        rank, passed = percent / 100 * count, 0
        for number, held in enumerate(self.classes):
            passed += held
            if held and passed >= rank:
                return min(_BOUNDS_S[number], self.longest_s) if number < len(_BOUNDS_S) else self.longest_s
        return self.longest_s

    def plus(self, other: Self) -> Self:
        classes = [one + two for one, two in zip(self.classes, other.classes, strict=True)]
        return type(self)(classes, max(self.longest_s, other.longest_s))

    def since(self, before: Self) -> Self:
        """What was added after `before`. How long the longest took since then is not known."""
        classes = [one - two for one, two in zip(self.classes, before.classes, strict=True)]
        return type(self)(classes, self.longest_s)


class ActionTally(msgspec.Struct):
    """The requests of one action: how many were answered, how many came to nothing, and how long it took."""

    answered: int = 0
    failed: int = 0
    latency: Histogram = msgspec.field(default_factory=Histogram)


class Tally(msgspec.Struct):
    """All counts of one process, or of all of them. Energy in Wh, times in seconds."""

    stations: int = 0
    """Switched on."""
    connected: int = 0
    charging: int = 0
    """Connectors with a transaction."""
    queued: int = 0
    """Transaction messages that wait for their delivery."""
    connections: int = 0
    """Made since the beginning."""
    lost_connections: int = 0
    asked: int = 0
    """Requests of the central system."""
    actions: dict[str, ActionTally] = {}
    """The stations' own requests."""
    errors: dict[str, int] = {}
    """What came to nothing, by kind."""
    visits: int = 0
    turned_away: int = 0
    """Cars that found the connector taken or out of order."""
    gave_up: int = 0
    """Drivers whose charge did not begin."""
    given_up_messages: int = 0
    """Transaction messages that no station tries to deliver any more."""
    started: int = 0
    """Transactions whose start was answered."""
    stopped: int = 0
    """Transactions whose stop was answered."""
    energy_wh: int = 0
    """Of transactions whose stop was answered."""
    cpu_s: float = 0.0
    rss_bytes: int = 0

    @property
    def answered(self) -> int:
        return sum(one.answered for one in self.actions.values())

    @property
    def failed(self) -> int:
        return sum(self.errors.values())

    def latency(self) -> Histogram:
        """Of all actions together."""
        whole = Histogram()
        for one in self.actions.values():
            whole = whole.plus(one.latency)
        return whole


_PLAIN = tuple(name for name in Tally.__struct_fields__ if name not in ("actions", "errors"))


def total(tallies: Iterable[Tally]) -> Tally:
    """The sum of several processes."""
    whole = Tally()
    for one in tallies:
        for name in _PLAIN:
            setattr(whole, name, getattr(whole, name) + getattr(one, name))
        for kind, count in one.errors.items():
            whole.errors[kind] = whole.errors.get(kind, 0) + count
        for action, counted in one.actions.items():
            held = whole.actions.get(action, ActionTally())
            whole.actions[action] = ActionTally(
                held.answered + counted.answered,
                held.failed + counted.failed,
                held.latency.plus(counted.latency),
            )
    return whole


class Sample(msgspec.Struct, frozen=True):
    """One interval of a run, as progress and report show it. `at_s` is its end, from the beginning."""

    at_s: float
    connected: int
    charging: int
    queued: int
    rate: float
    """Requests answered a second."""
    errors: int
    """In the interval."""
    p50_ms: float | None
    p95_ms: float | None
    p99_ms: float | None
    cpu: float
    """Processors kept busy, of all processes together."""


def sample(at_s: float, seconds: float, before: Tally, now: Tally) -> Sample:
    """What happened in `seconds` up to `at_s`."""
    latency = now.latency().since(before.latency())

    def percentile_ms(percent: float) -> float | None:
        found = latency.percentile_s(percent)
        return None if found is None else found * 1000

    return Sample(
        at_s=at_s,
        connected=now.connected,
        charging=now.charging,
        queued=now.queued,
        rate=(now.answered - before.answered) / seconds,
        errors=now.failed - before.failed,
        p50_ms=percentile_ms(50),
        p95_ms=percentile_ms(95),
        p99_ms=percentile_ms(99),
        cpu=(now.cpu_s - before.cpu_s) / seconds,
    )
