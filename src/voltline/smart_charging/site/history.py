"""What the lines of a site had, promised and carried over time; to be kept as JSON, and drawn."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import msgspec

from voltline.smart_charging.site.capacity import limits_at
from voltline.smart_charging.site.tree import Wiring


class Moment(msgspec.Struct, frozen=True, array_like=True):
    """An interval: what each line had at its end, and the most promised and carried in it; ampere."""

    at: float
    """Its end, seconds since 1970."""
    capacity_a: tuple[float, ...]
    promised_a: tuple[float, ...]
    measured_a: tuple[float, ...]


class History(msgspec.Struct, frozen=True, kw_only=True):
    """A site over time. `lines` are labels such as `hall B, L2`, in the order of the currents."""

    site: str
    zone: str
    lines: tuple[str, ...]
    moments: tuple[Moment, ...]


def local_time(zone: ZoneInfo, at: float) -> datetime:
    """The time of day at the site; `at` in seconds since 1970."""
    return datetime.fromtimestamp(at, UTC).astimezone(zone)


class Recorder:
    """Makes a history: one moment for every interval."""

    def __init__(self, name: str, wiring: Wiring, since: float, interval_s: float = 300.0) -> None:
        self._name = name
        self._wiring = wiring
        self._interval_s = interval_s
        self._ends = since + interval_s
        self._moments: list[Moment] = []
        self._promised = [0.0] * wiring.lines
        self._most_promised = [0.0] * wiring.lines
        self._measured = [0.0] * wiring.lines
        self._most_measured = [0.0] * wiring.lines

    def promised(self, at: float, currents_a: Sequence[float]) -> None:
        """The most that may be drawn through each line from now on."""
        self._to(at)
        self._promised = list(currents_a)
        self._most_promised = [max(pair) for pair in zip(self._most_promised, currents_a, strict=True)]

    def measured(self, at: float, currents_a: Sequence[float]) -> None:
        """What each line carries from now on."""
        self._to(at)
        self._measured = list(currents_a)
        self._most_measured = [max(pair) for pair in zip(self._most_measured, currents_a, strict=True)]

    def limits(self, at: float) -> list[float]:
        """What each line has by its rating and its schedule."""
        return limits_at(self._wiring, at)

    def local_second(self, at: float) -> float:
        """Second of the day at the site."""
        local = local_time(self._wiring.zone, at)
        return local.hour * 3600 + local.minute * 60 + local.second

    def local_hour(self, at: float) -> int:
        """Hour of the day at the site."""
        return local_time(self._wiring.zone, at).hour

    def history(self) -> History:
        """What was recorded so far."""
        wiring = self._wiring
        labels = tuple(wiring.label(line) for line in range(wiring.lines))
        return History(site=self._name, zone=wiring.site.zone, lines=labels, moments=tuple(self._moments))

    def _to(self, at: float) -> None:
        while at >= self._ends:
            limits = tuple(self.limits(self._ends - 1))
            promised = tuple(round(current, 1) for current in self._most_promised)
            measured = tuple(round(current, 1) for current in self._most_measured)
            self._moments.append(Moment(self._ends, limits, promised, measured))
            self._most_promised, self._most_measured = self._promised, self._measured
            self._ends += self._interval_s
