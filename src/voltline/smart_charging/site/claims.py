"""What a connector may draw at most, by all that was ever said to it: the greatest of what may still hold.

A message that was sent may have been lost, may be on its way, may be done twice. So a lease counts in full
from the moment it is sent until it has lapsed by the slowest clock, unless

* it was refused, or its transaction has ended;
* or a later one, *sent after this one was answered*, is seen to be kept. What was answered was done,
  and is not done again: the order of a connection, and unique message ids, see to that (OCPP-J 1.6, 4.1.1).
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import zip_longest

import msgspec

from voltline.smart_charging.site.tree import Connector


class Said(msgspec.Struct):
    """A lease, and what became of it."""

    number: int
    transaction: int
    current_a: float
    phases: int
    until: float
    sent_at: float
    answered_at: float | None = None
    kept: bool = False
    """Accepted, and nothing measured since then was above it."""


class Default(msgspec.Struct):
    """A fail-safe default, and what became of it."""

    number: int
    current_a: float
    sent_at: float
    answered_at: float | None = None


class Remembered(msgspec.Struct):
    """What has to outlive a restart of whoever steers, for one connector."""

    leases: list[Said] = []
    defaults: list[Default] = []
    distrusted_since: float | None = None


class Claims:
    """The claims of one connector. Times in seconds since 1970, currents in ampere on its own phases."""

    def __init__(self, connector: Connector, margin_s: float, fresh_s: float, known: Remembered) -> None:
        """`margin_s`: how far a clock may be off, and how long a current takes to follow.

        `fresh_s`: how long a measured value counts.
        """
        self._connector = connector
        self._margin_s = margin_s
        self._fresh_s = fresh_s
        self._known = known
        self._measured: tuple[float, ...] = ()
        self._measured_at = float("-inf")
        self._away = False
        self._safe_a: float | None = None
        self._level: list[float] = []
        self._level_until = float("-inf")
        self._look_at_defaults()

    @property
    def remembered(self) -> Remembered:
        """What has to outlive a restart."""
        return self._known

    @property
    def distrusted(self) -> bool:
        """Whether it counts with all its hardware can give."""
        return not self._connector.trusted or self._known.distrusted_since is not None

    @property
    def safe_a(self) -> float | None:
        """What its fail-safe default allows at most; None: it is not known to have one."""
        return self._safe_a

    def _look_at_defaults(self) -> None:
        defaults = self._known.defaults
        known = any(one.answered_at is not None for one in defaults)
        self._safe_a = max(one.current_a for one in defaults) if known else None
        self._level_until = float("-inf")

    @property
    def last(self) -> Said | None:
        """The lease that was sent last, if it may still hold."""
        return self._known.leases[-1] if self._known.leases else None

    def possible(self, now: float) -> list[float]:
        """The most it may draw now on each of its phases. With time alone it never becomes more."""
        if now >= self._level_until:  # else nothing has happened since it was worked out
            level = self._counted(now, self._known.leases)
            self._level_until = self.next_change(now)
            if now - self._measured_at <= self._fresh_s or self.distrusted:
                level = [max(pair) for pair in zip_longest(level, self._measured, fillvalue=0.0)]
                self._level_until = min(self._level_until, max(now, self._measured_at + self._fresh_s))
            self._level = level
        return self._level

    def stuck(self, now: float, answer_s: float) -> list[float]:
        """The part of it that a new lease does not take away: old leases that nobody answered in time."""
        lost = [one for one in self._known.leases if one.answered_at is None and now - one.sent_at > answer_s]
        return self._counted(now, lost)

    def _counted(self, now: float, leases: Sequence[Said], *, obedient: bool = False) -> list[float]:
        hardware = self._connector.hardware_a
        safe = self.safe_a
        all_of_it = safe is None or (self.distrusted and not obedient)
        level = [hardware if all_of_it or safe is None else safe] * self._connector.phases
        for one in leases:
            if self._may_hold(one, now):
                for phase in range(one.phases):
                    level[phase] = max(level[phase], one.current_a)
        return level

    def _may_hold(self, one: Said, now: float) -> bool:
        return now < one.until + self._margin_s or (self._away and not self._connector.keeps_clock)

    def next_change(self, now: float) -> float:
        """When it next becomes less with time alone; infinity: never."""
        ends = [one.until + self._margin_s for one in self._known.leases]
        return min((end for end in ends if end > now), default=float("inf"))

    # ---- what happens

    def went(self, away: bool) -> None:
        """It was lost, or is back."""
        self._away = away
        self._level_until = float("-inf")

    def sent(self, lease: Said) -> None:
        """A lease is being sent."""
        self._known.leases.append(lease)
        self._level_until = float("-inf")

    def answered(self, number: int, accepted: bool, now: float) -> None:
        """A lease was answered. An answer that comes twice, or too late to matter, changes nothing."""
        for one in self._known.leases:
            if one.number == number and one.answered_at is None:
                if accepted:
                    one.answered_at = now
                else:
                    self._known.leases.remove(one)
                    self._level_until = float("-inf")
                return

    def default_sent(self, default: Default) -> None:
        """A fail-safe default is being sent; the same one, unanswered before, need not be counted twice."""
        again = [
            one
            for one in self._known.defaults
            if one.answered_at is not None or one.current_a != default.current_a
        ]
        self._known.defaults = [*again, default]
        self._look_at_defaults()

    def has_default(self, current_a: float) -> bool:
        """Whether it has accepted this fail-safe default last."""
        last = self._known.defaults[-1] if self._known.defaults else None
        return last is not None and last.current_a == current_a and last.answered_at is not None

    def default_answered(self, number: int, accepted: bool, now: float) -> bool:
        """A fail-safe default was answered; whether it was one of this connector."""
        defaults = self._known.defaults
        for one in defaults:
            if one.number == number and one.answered_at is None:
                if not accepted:
                    defaults.remove(one)
                    self._look_at_defaults()
                    return True
                one.answered_at = now
                self._known.defaults = [
                    other
                    for other in defaults
                    if other is one or other.answered_at is None or other.answered_at > one.sent_at
                ]
                self._look_at_defaults()
                return True
        return False

    def ended(self, transaction: int, now: float) -> None:
        """A transaction is over: profiles of a transaction are gone with it (OCPP 1.6, 3.13.1)."""
        self._known.leases = [one for one in self._known.leases if one.transaction != transaction]
        self._measured = ()
        self._measured_at = max(self._measured_at, now)
        self._level_until = float("-inf")

    def measured(self, currents_a: Sequence[float], at: float) -> bool:
        """What it draws; False: it is older than what is known."""
        if at < self._measured_at:
            return False
        self._measured = tuple(max(0.0, current) for current in currents_a[: self._connector.phases])
        self._measured_at = at
        self._level_until = float("-inf")
        return True

    def disobeys(self, now: float, grace_s: float, tolerance_a: float) -> bool:
        """Whether what was measured last is more than it was allowed, or was told a while ago."""
        over = _above(self._measured, self._counted(now, self._known.leases, obedient=True), tolerance_a)
        last = next((one for one in reversed(self._known.leases) if one.answered_at is not None), None)
        if over or last is None or last.kept or now - (last.answered_at or now) < grace_s:
            return over
        # Or a later one holds, and its answer was lost.
        later = [last, *(one for one in self._known.leases if one.number > last.number)]
        return not any(self._within(one, max(tolerance_a, 0.05 * one.current_a)) for one in later)

    def distrust(self, since: float | None) -> None:
        """It has drawn more than it was allowed to; None: it has long obeyed again."""
        self._known.distrusted_since = since
        self._level_until = float("-inf")

    def settle(self, now: float, grace_s: float, tolerance_a: float) -> bool:
        """Drop what a later lease has taken the place of, and what has lapsed; whether anything changed."""
        leases = self._known.leases
        if not leases:
            return False
        for one in reversed(leases):
            if one.kept or one.answered_at is None:
                continue
            if self._connector.metered:
                # A whole second more: charge points tell the time without parts of it.
                one.kept = self._measured_at >= one.answered_at + 1 and self._within(one, tolerance_a)
            else:
                one.kept = now - one.answered_at >= grace_s
            if one.kept:
                break
        left = [one for one in leases if self._may_hold(one, now) and not self._replaced(one)]
        if len(left) == len(leases):
            return False
        self._known.leases = left
        self._level_until = float("-inf")
        return True

    def _within(self, lease: Said, tolerance_a: float) -> bool:
        limits = [lease.current_a] * lease.phases + [0.0] * (len(self._measured) - lease.phases)
        safe = self.safe_a or 0.0
        return all(
            current <= max(limit, safe) + tolerance_a
            for current, limit in zip(self._measured, limits, strict=False)
        )

    def _replaced(self, one: Said) -> bool:
        return one.answered_at is not None and any(
            later.kept and later.sent_at >= one.answered_at and later.number > one.number
            for later in self._known.leases
        )


def _above(currents_a: Sequence[float], limits_a: Sequence[float], tolerance_a: float) -> bool:
    return any(
        current > limit + max(tolerance_a, 0.05 * limit)
        for current, limit in zip(currents_a, limits_a, strict=False)
    )
