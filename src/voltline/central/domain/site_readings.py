"""What flows, by what a meter says in MeterValues (S 4.7, 7.31): ampere on each phase."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from enum import StrEnum

from msgspec import Struct

from voltline.messages import UNSET, MeterValue
from voltline.smart_charging.site.tree import LINE_VOLTAGE_V

_PHASES = {"L1": 0, "L2": 1, "L3": 2, "L1-N": 0, "L2-N": 1, "L3-N": 2}
_FACTORS = {"A": 1.0, "mA": 0.001, "W": 1.0, "kW": 1000.0}
_CURRENTS = {"Current.Import": 1.0, "Current.Export": -1.0}
_POWERS = {"Power.Active.Import": 1.0, "Power.Active.Export": -1.0}
_TOLERANCE_A = 1.0
_SETTLED_S = 60.0
OUTLET = frozenset({"Outlet"})
ANYWHERE = frozenset({"Outlet", "Inlet", "Body"})


class Measures(StrEnum):
    """What a meter sees."""

    TOTAL = "total"
    """All that flows through the fuse, the connectors of the site too."""
    OTHERS = "others"
    """All but the connectors of the site."""


class Flow(Struct, frozen=True):
    """What was measured at a time. Export is below 0."""

    at: datetime
    phases_a: tuple[float, ...] | None
    """On L1, L2 and L3; None: the phases were not told apart."""
    power_w: float | None = None
    """Of all phases together."""


def flow_of(values: Sequence[MeterValue], places: frozenset[str] = OUTLET) -> Flow | None:
    """The newest of these values that tell currents or power at these places; None: none does."""
    for value in sorted(values, key=lambda one: one.timestamp, reverse=True):
        currents, current, powers, power = _sums(value, places)
        if currents:
            return Flow(value.timestamp, _each(currents))
        if powers:
            each = _each({phase: watts / LINE_VOLTAGE_V for phase, watts in powers.items()})
            return Flow(value.timestamp, each)
        if power is not None:
            return Flow(value.timestamp, None, power)
        if current is not None:
            # Of which phase is unsaid (S 7.31): whichever it is, that is the most that it can have.
            return Flow(value.timestamp, (current,) * 3)
    return None


def currents_of(flow: Flow, phases: int, limit_a: float) -> tuple[float, ...]:
    """What a connector of so many phases draws on each.

    Power that is told for all phases together is taken for the fewest phases on which it is no more than
    `limit_a`: that is the most that one phase may have.
    """
    if flow.phases_a is not None:
        return flow.phases_a[:phases]
    current = max(0.0, flow.power_w or 0.0) / LINE_VOLTAGE_V
    for used in range(1, phases + 1):
        if used == phases or current / used <= limit_a + _TOLERANCE_A:
            return (current / used,) * used + (0.0,) * (phases - used)
    return (current,)


def _sums(
    value: MeterValue, places: frozenset[str]
) -> tuple[dict[int, float], float | None, dict[int, float], float | None]:
    currents: dict[int, float] = {}
    powers: dict[int, float] = {}
    current: float | None = None
    power: float | None = None
    for sampled in value.sampled_value:
        place = "Outlet" if sampled.location is UNSET else str(sampled.location)
        measurand = "" if sampled.measurand is UNSET else str(sampled.measurand)
        if place not in places or (sampled.format is not UNSET and str(sampled.format) != "Raw"):
            continue
        sign = _CURRENTS.get(measurand) or _POWERS.get(measurand)
        number = None if sign is None else _number(sampled.value)
        if sign is None or number is None:
            continue
        unit = "" if sampled.unit is UNSET else str(sampled.unit)
        amount = sign * number * _FACTORS.get(unit, 1.0)
        phase = None if sampled.phase is UNSET else _PHASES.get(str(sampled.phase))
        if phase is None and sampled.phase is not UNSET:
            continue  # between phases, or of the neutral
        if measurand in _CURRENTS:
            if phase is None:
                current = amount + (current or 0.0)
            else:
                currents[phase] = currents.get(phase, 0.0) + amount
        elif phase is None:
            power = amount + (power or 0.0)
        else:
            powers[phase] = powers.get(phase, 0.0) + amount
    return currents, current, powers, power


def _each(found: Mapping[int, float]) -> tuple[float, ...]:
    return tuple(found.get(phase, 0.0) for phase in range(3))


def _number(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return number if abs(number) < 1e7 else None  # nor is NaN


class Lows:
    """The least of what was measured lately, for who must not count more than surely flowed."""

    __slots__ = ("_keep_s", "_seen")

    def __init__(self, keep_s: float) -> None:
        self._keep_s = keep_s
        self._seen: list[tuple[float, tuple[float, ...]]] = []

    def add(self, at: float, currents_a: Iterable[float]) -> None:
        """`at` in seconds, rising."""
        self._seen.append((at, tuple(currents_a)))
        # One that is older stays: until the next came, it was what was known.
        while len(self._seen) > 1 and self._seen[1][0] < at - self._keep_s:
            del self._seen[0]

    def least(self, phase: int, at: float) -> float:
        """On this phase in the time before `at`; 0 where nothing was measured lately."""
        known = [currents[phase] for _, currents in self._seen if phase < len(currents)]
        if not known or at - self._seen[-1][0] > self._keep_s:
            return 0.0
        return max(0.0, min(known))


class ClockCheck:
    """Whether a charge point's clock is late, by the times of what it sends.

    Values that come late one after the other are those of an outage; a minute of them is a clock.
    """

    __slots__ = ("_late_s", "_since", "is_off")

    def __init__(self, late_s: float) -> None:
        self._late_s = late_s
        self._since: datetime | None = None
        self.is_off = False

    def see(self, at: datetime, received_at: datetime) -> bool:
        """Take in a message; whether the clock was known to be late before."""
        before = self.is_off
        if (received_at - at).total_seconds() < self._late_s:
            self._since, self.is_off = None, False
            return before
        if self._since is None:
            self._since = received_at
        self.is_off = self.is_off or (received_at - self._since).total_seconds() >= _SETTLED_S
        return before
