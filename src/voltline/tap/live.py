"""Detectors at work while frames pass: a finding is told when it is made for the first time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

from voltline.inspection.chronicle import Chronicle
from voltline.inspection.detector import Detector, DetectorSettings
from voltline.inspection.engine import StationInspection
from voltline.inspection.findings import Finding, Findings, Severity
from voltline.inspection.records import Record

__all__ = ["TIME_PERIOD_S", "LiveInspection"]

REMEMBERED: Final = 64
"""Closed exchanges that are remembered of a charge point."""
TRIM_AFTER: Final = 5000
"""Records of a charge point after which what only a report would show is forgotten."""
TIME_PERIOD_S: Final = 20.0
"""So often time itself is let judge, as the central system does: who says nothing has faults too."""
NOT_LIVE: Final = frozenset({"P05"})
"""Of gaps in a file. Here nothing is missing that is not known to be."""


class LiveInspection:
    """Feed it records of any charge points, in the order in which they passed."""

    def __init__(
        self,
        detectors: Sequence[type[Detector]],
        settings: Mapping[str, DetectorSettings],
        least: Severity = Severity.INFO,
    ) -> None:
        self.findings = Findings()
        self.failure: str | None = None
        """Why a charge point is inspected no more; whoever tells it takes it away."""
        self._detectors = [one for one in detectors if one.id not in NOT_LIVE]
        self._settings = settings
        self._least = least
        self._stations: dict[str, StationInspection | None] = {}
        self._seen: Counter[str] = Counter()

    def feed(self, record: Record) -> list[Finding]:
        """The findings that this record opens."""
        name = record.station or ""
        if name not in self._stations:
            begun = StationInspection(name, self._detectors, self._settings, remembered=REMEMBERED)
            begun.facts.live = True
            self._stations[name] = begun
        inspection = self._stations[name]
        if inspection is None:
            return []
        self._seen[name] += 1
        if self._seen[name] % TRIM_AFTER == 0:
            _trim(inspection.chronicle)
        try:
            return self._opened(inspection.feed(record))
        except Exception as fault:
            return self._give_up(name, fault)

    @property
    def stations(self) -> list[str]:
        """The charge points that are inspected."""
        return [name for name, inspection in self._stations.items() if inspection is not None]

    def pass_time(self, station: str, now: datetime) -> list[Finding]:
        """The findings that open because this charge point said nothing more until `now`.

        Whatever is fed afterwards must not be older than that.
        """
        inspection = self._stations[station]
        if inspection is None:
            return []
        try:
            return self._opened(inspection.pass_time(now))
        except Exception as fault:
            return self._give_up(station, fault)

    @property
    def told(self) -> list[Finding]:
        """All findings from the least severity on, worst first."""
        return [one for one in self.findings if one.severity.rank >= self._least.rank]

    def end(self) -> list[Finding]:
        """The findings that the end opens."""
        ended = [one for one in self._stations.values() if one is not None]
        self._stations = dict.fromkeys(self._stations)
        return [opened for inspection in ended for opened in self._opened(inspection.end())]

    def _give_up(self, station: str, fault: Exception) -> list[Finding]:
        """A detector of the user's own must not end the proxy."""
        self._stations[station] = None
        self.failure = f"{station} is inspected no more: {type(fault).__name__}: {fault}; frames still pass"
        return []

    def _opened(self, found: list[Finding]) -> list[Finding]:
        return [
            one for one in found if self.findings.add(one) is one and one.severity.rank >= self._least.rank
        ]


def _trim(chronicle: Chronicle) -> None:
    chronicle.sessions.clear()
    chronicle.summary.states.clear()
    chronicle.summary.gaps.clear()
