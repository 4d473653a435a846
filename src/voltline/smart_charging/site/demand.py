"""What the car of a running transaction wants, as far as its draw and its driver tell."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from voltline.smart_charging.site.facts import Need
from voltline.smart_charging.site.tree import LINE_VOLTAGE_V, Connector

DRAWS_A = 0.5
"""Less is what the electronics of a car take, no charging."""
BELOW_A = 1.5
"""A car that stays so far below its limit does not want all of it."""
ABOVE_A = 1.0
"""So much more than it draws such a car is left, to see whether it wants more again."""
AT_LIMIT_A = 0.7
"""A car that is so near to its limit may want more."""
FOLLOWS_S = 15.0
"""After a new limit a car is given this time before its draw says anything (IEC 61851-1 asks for 5 s)."""
SEEN = 3
"""Samples that have to agree before phases count as unused."""
CHOOSY_A = 10.0
"""Some cars do not begin with less, though the standard wants them to."""
MINUTE_S = 60.0


class Patience(NamedTuple):
    """How long is waited before a car is thought to want nothing, and before it is asked again; seconds."""

    idle_s: float
    probe_s: float


class Car:
    """A car during one transaction. Times are seconds since 1970, currents ampere per phase."""

    def __init__(self, connector: Connector, transaction: int, need: Need | None, now: float) -> None:
        self._connector = connector
        self.transaction = transaction
        self.need = need or Need()
        self.want_a = connector.hardware_a
        self.phases = connector.phases
        """On how many of the connector's first phases it charges."""
        self.idle = False
        """It does not take what it could have."""
        self.turn_since = now
        """Since when it charges, or waits."""
        self.waits = True
        self._missing_wh = self.need.energy_wh
        self._drew = False
        self._draws: tuple[float, ...] = ()
        self._drew_at = now
        self._quiet_since: float | None = None
        self._idle_since = now
        self._limit_a = 0.0
        self._limited_at = now
        self._below = 0
        self._seen_phases = 0
        self._seen = 0

    @property
    def least_a(self) -> float:
        """With less it does not charge."""
        least_a = self._connector.least_a
        if self.idle and not self._drew and 0 < least_a < CHOOSY_A <= self._connector.hardware_a:
            return CHOOSY_A
        return least_a

    @property
    def missing_wh(self) -> float | None:
        """What it still needs, by what its driver said and it has drawn since; None: nobody said."""
        return self._missing_wh

    def told(self, need: Need) -> None:
        """What the driver says now."""
        self.need = need
        self._missing_wh = need.energy_wh

    def limited(self, current_a: float, now: float) -> None:
        """A limit was accepted for it."""
        if current_a != self._limit_a:
            self._limit_a = current_a
            self._limited_at = now
            self._below = 0
            self._quiet_since = None

    def measured(self, currents_a: Sequence[float], at: float, patience: Patience) -> bool:
        """What it draws; whether its wish is another one now."""
        if at <= self._drew_at:
            return False
        before = self.want_a, self.phases, self.idle
        if self._missing_wh is not None:
            wh = sum(self._draws) * LINE_VOLTAGE_V * (at - self._drew_at) / 3600
            self._missing_wh = max(0.0, self._missing_wh - wh)
        self._draws, self._drew_at = tuple(currents_a[: self._connector.phases]), at
        if self._limit_a >= self._connector.least_a and at - self._limited_at >= FOLLOWS_S:
            self._learn(max(self._draws, default=0.0), at, patience)
        return before != (self.want_a, self.phases, self.idle)

    def probe(self, now: float, patience: Patience) -> bool:
        """Whether it has been idle so long that it is asked again."""
        if not self.idle or now - self._idle_since < patience.probe_s:
            return False
        self.idle = False
        self._quiet_since = None
        self._limited_at = max(self._limited_at, now)
        return True

    def next_probe(self, patience: Patience) -> float:
        """When that is."""
        return self._idle_since + patience.probe_s if self.idle else float("inf")

    def needed_a(self, now: float) -> float:
        """What it needs from now on to be ready in time; 0 where nobody said."""
        if self._missing_wh is None or self.need.departure is None or self.need.departure <= now:
            return 0.0
        hours = (self.need.departure - now) / 3600
        return self._missing_wh / hours / (LINE_VOLTAGE_V * self.used_phases())

    def laxity_s(self, now: float) -> float:
        """How long it could wait and be ready in time with all its connector has; infinity: for ever."""
        if self._missing_wh is None or self.need.departure is None or self._missing_wh <= 0:
            return float("inf")
        power_w = self.want_a * LINE_VOLTAGE_V * self.used_phases()
        return self.need.departure - now - self._missing_wh / max(power_w, 1.0) * 3600

    def is_behind(self, plan: Sequence[tuple[float, float]], now: float) -> bool:
        """Whether what is left of a plan would not give it what it lacks."""
        if self._missing_wh is None:
            return False
        ends = [at for at, _ in plan[1:]] + [plan[-1][0]]
        left_as = sum(max(0.0, end - max(at, now)) * most for (at, most), end in zip(plan, ends, strict=True))
        return left_as / 3600 * LINE_VOLTAGE_V * self.used_phases() < self._missing_wh * 0.97

    def used_phases(self) -> int:
        """On how many phases it charges, as far as that was seen."""
        return sum(current > 1.0 for current in self._draws) or self.phases

    def _learn(self, draws_a: float, at: float, patience: Patience) -> None:
        if draws_a < DRAWS_A:
            self._quiet_since = at if self._quiet_since is None else self._quiet_since
            if at - self._quiet_since >= patience.idle_s and not self.idle:
                self.idle, self._idle_since = True, at
            return
        self._drew, self.idle, self._quiet_since = True, False, None
        self._learn_phases()
        if draws_a >= self._limit_a - AT_LIMIT_A:
            self.want_a, self._below = self._connector.hardware_a, 0
        elif draws_a < self._limit_a - BELOW_A:
            self._below += 1
            if self._below >= 2:
                self.want_a = min(self._connector.hardware_a, max(self._connector.least_a, draws_a + ABOVE_A))

    def _learn_phases(self) -> None:
        if not self._connector.limits_phases or max(self._draws) < 4.0:
            return
        used = max(phase + 1 for phase, current in enumerate(self._draws) if current > 1.0)
        self._seen = self._seen + 1 if used == self._seen_phases else 1
        self._seen_phases = used
        if self._seen >= SEEN and used < self.phases:
            self.phases = used
