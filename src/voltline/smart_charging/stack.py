"""Which of several charging profiles holds at a moment, and what it allows (S 3.13).

Times are aware datetimes, limits are in the unit of their schedule: ampere a phase, or watt in all.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import NamedTuple

from voltline.messages import ChargingProfilePurpose, ChargingRateUnit
from voltline.smart_charging.limits import LINE_VOLTAGE_V, PHASES, Limit
from voltline.smart_charging.plan import Installed, Plan, Span, microseconds

__all__ = ["LINE_VOLTAGE_V", "PHASES", "Installed", "Limit", "Session", "Stack", "limit_at"]


class Session(NamedTuple):
    """A transaction that runs, or is thought to."""

    transaction_id: int | None
    """None: whichever a TxProfile of the connector is for."""
    connector_id: int
    started_at: datetime


class Stack:
    """The profiles of one charge point, in the order in which they are asked.

    Of one purpose the highest stack level that says something at the moment holds (S 3.13.2, 5.16.4). A
    TxProfile goes before the defaults; where it says nothing they show through. The defaults of a connector
    take the place of those of connector 0 for as long as they are valid, also where they say nothing (S
    3.13.1).
    """

    __slots__ = ("_defaults", "_maxima", "_of_transactions", "plans")

    def __init__(self, installed: Iterable[Installed]) -> None:
        self._maxima: list[Plan] = []
        self._defaults: dict[int, list[Plan]] = {}
        self._of_transactions: dict[int, list[Plan]] = {}
        self.plans: list[Plan] = []
        for one in installed:
            plan = Plan(one)
            self.plans.append(plan)
            purpose = one.profile.charging_profile_purpose
            if purpose == ChargingProfilePurpose.CHARGE_POINT_MAX_PROFILE:
                if one.connector_id == 0:
                    self._maxima.append(plan)
            elif purpose == ChargingProfilePurpose.TX_DEFAULT_PROFILE:
                self._defaults.setdefault(one.connector_id, []).append(plan)
            else:
                self._of_transactions.setdefault(one.connector_id, []).append(plan)
        for plans in (self._maxima, *self._defaults.values(), *self._of_transactions.values()):
            plans.sort(key=lambda plan: (plan.level, plan.since), reverse=True)

    @property
    def has_most(self) -> bool:
        """Whether there is any ChargePointMaxProfile, valid now or not."""
        return bool(self._maxima)

    # ---- at a moment

    def most(self, at: datetime) -> Limit | None:
        """What the whole charge point may draw (ChargePointMaxProfile); None: no limit."""
        now = microseconds(at)
        for plan in self._maxima:
            limit = plan.limit_at(now, now)
            if limit is not None:
                return limit
        return None

    def of_transaction(self, at: datetime, session: Session) -> Limit | None:
        """What the transaction may draw by its TxProfile, else by TxDefaultProfile; None: no limit."""
        return self.prevailing(at, session)[0]

    def prevailing(self, at: datetime, session: Session) -> tuple[Limit | None, Limit | None]:
        """The same, and the minChargingRate of the schedule that it is from."""
        now, began = microseconds(at), microseconds(session.started_at)
        for plan in self._of_transactions.get(session.connector_id, ()):
            if _is_for(plan, session):
                limit = plan.limit_at(now, began)
                if limit is not None:
                    return limit, plan.least
        own = self._defaults.get(session.connector_id, ())
        for plan in own:
            limit = plan.limit_at(now, began)
            if limit is not None:
                return limit, plan.least
        if any(plan.valid_from <= now < plan.valid_to for plan in own):
            return None, None
        for plan in self._defaults.get(0, ()):
            limit = plan.limit_at(now, began)
            if limit is not None:
                return limit, plan.least
        return None, None

    def next_change(self, at: datetime, sessions: Iterable[Session]) -> int | None:
        """The first moment after `at` at which a limit may become another, in microseconds since 1970.

        None: all stays as it is, for these transactions.
        """
        now = microseconds(at)
        began = [microseconds(one.started_at) for one in sessions] or [now]
        coming = (plan.next_change(now, one) for plan in self.plans for one in began)
        return min((one for one in coming if one is not None), default=None)

    # ---- over a time

    def most_spans(self, start: int, end: int) -> list[Span]:
        """What the whole charge point may draw from `start` to before `end`, in order; gaps: no limit."""
        return _painted(self._maxima, (), (), start, end, start)

    def transaction_spans(self, start: int, end: int, session: Session) -> list[Span]:
        """The same of a transaction."""
        own = self._defaults.get(session.connector_id, [])
        mine = [one for one in self._of_transactions.get(session.connector_id, ()) if _is_for(one, session)]
        below = self._defaults.get(0, [])
        return _painted([*mine, *own], own, below, start, end, microseconds(session.started_at))


def limit_at(
    installed: Sequence[Installed], connector_id: int, at: datetime, session: Session | None
) -> Limit | None:
    """The lowest of ChargePointMaxProfile and TxProfile, else TxDefaultProfile (S 3.13.3); None: no limit.

    Connector 0 is the charge point as a whole: only its ChargePointMaxProfile is known to limit that.
    """
    stack = Stack(installed)
    own = None if session is None or not connector_id else stack.of_transaction(at, session)
    return lowest(stack.most(at), own)


def lowest(one: Limit | None, other: Limit | None) -> Limit | None:
    """Where it is not known how the connector is fed: the one of less power by the phases that each names."""
    if one is None or other is None:
        return one or other
    return min(one, other, key=lambda limit: limit.in_unit(ChargingRateUnit.W))


def _is_for(plan: Plan, session: Session) -> bool:
    return (
        plan.transaction_id is None
        or session.transaction_id is None
        or plan.transaction_id == session.transaction_id
    )


def _painted(
    plans: Iterable[Plan], veils: Iterable[Plan], below: Iterable[Plan], start: int, end: int, began: int
) -> list[Span]:
    """What shows of the plans, the first on top; those below show only where no veil is valid."""
    bare = [(start, end)]
    found: list[Span] = []
    for plan in plans:
        bare = _laid(plan, bare, began, found)
    for veil in veils:
        parts = (part for a, b in bare for part in ((a, min(b, veil.valid_from)), (max(a, veil.valid_to), b)))
        bare = [(a, b) for a, b in parts if a < b]
    for plan in below:
        bare = _laid(plan, bare, began, found)
    found.sort()
    return found


def _laid(plan: Plan, bare: list[tuple[int, int]], began: int, found: list[Span]) -> list[tuple[int, int]]:
    """Add to `found` what the plan says where nothing lies yet; give what is bare still."""
    left: list[tuple[int, int]] = []
    for at, end in bare:
        spans = plan.spans(at, end, began)
        found += spans
        for start, until, _ in spans:
            if at < start:
                left.append((at, start))
            at = until
        if at < end:
            left.append((at, end))
    return left
