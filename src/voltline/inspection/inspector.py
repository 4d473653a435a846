"""A whole log in, everything known of it out: inference, one inspection a station, findings merged."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

import msgspec

from voltline.inspection.chronicle import Room, SessionSummary, StationSummary
from voltline.inspection.detector import Detector, DetectorSettings
from voltline.inspection.engine import StationInspection
from voltline.inspection.findings import Finding, Findings
from voltline.inspection.footage import Footage, FootageTaker, FootageTakerOfMany
from voltline.inspection.inference import Inference, Settler
from voltline.inspection.records import Record
from voltline.inspection.timeline import REMEMBERED

__all__ = ["Inspected", "Inspector", "merged"]

FEW_STATIONS: Final = 16
"""Stations that remember many of their exchanges; in a log of more, the others remember fewer."""
REMEMBERED_OF_MANY: Final = 64
STATIONS_IN_FOOTAGE: Final = 400
"""Of more stations nothing is kept for a page."""


class Inspected(msgspec.Struct):
    """What came of one log, or of several merged."""

    inferences: list[Inference]
    stations: list[StationSummary]
    sessions: list[SessionSummary]
    findings: list[Finding]
    """Worst first."""
    repeated: int = 0
    """Frames left out because another logger told them too."""
    footage: list[Footage] = []
    """One for each of `stations`, in the same order, where it was asked for."""


class Inspector:
    """Feed it the records of one log in order, as readers yield them, then take `end`.

    `detectors` are classes, as `registry.all_detectors` gives them; `settings` are by a detector's id.
    With `footage`, what a page draws is kept too.
    """

    def __init__(
        self,
        detectors: Sequence[type[Detector]],
        settings: Mapping[str, DetectorSettings] | None = None,
        *,
        footage: bool = False,
    ) -> None:
        self._detectors = detectors
        self._takes_footage = footage
        self._takers: dict[str, FootageTaker] = {}
        self._settings = settings or {}
        self._settler = Settler()
        self._stations: dict[str | None, StationInspection] = {}
        self._findings = Findings()
        self._room = Room()

    def feed(self, record: Record) -> None:
        """Take one record. What it shows may only be known some hundred records later."""
        self.feed_all((record,))

    def feed_all(self, records: Iterable[Record]) -> None:
        """The same for many, which is quicker."""
        settler, stations = self._settler, self._stations
        settle = settler.settle
        for record in records:
            if settler.waits or record.damage:
                for settled in settler.feed(record):
                    self._inspect(settled)
                continue
            settle(record)
            inspection = stations.get(record.station) or self._begin(record.station)
            findings = inspection.feed(record)
            if findings:
                self._found(inspection, findings)

    def _inspect(self, record: Record) -> None:
        inspection = self._stations.get(record.station) or self._begin(record.station)
        self._found(inspection, inspection.feed(record))

    def end(self) -> Inspected:
        """The log is at its end: everything that is known of it."""
        for record in self._settler.end():
            self._inspect(record)
        sessions: list[SessionSummary] = []
        stations: list[StationSummary] = []
        footage: list[Footage] = []
        for inspection in self._stations.values():
            self._found(inspection, inspection.end())
            stations.append(inspection.summary())
            sessions += inspection.chronicle.sessions
            if self._takes_footage:
                taker = self._takers.get(inspection.facts.station)
                facts = inspection.facts
                footage.append(Footage(facts.station) if taker is None else taker.take(facts))
        repeated = self._settler.repeated + sum(one.repeated for one in stations)
        return Inspected(
            self._settler.inferences, stations, sessions, list(self._findings), repeated, footage
        )

    def _begin(self, station: str | None) -> StationInspection:
        few = len(self._stations) < FEW_STATIONS
        detectors = list(self._detectors)
        footage = self._takes_footage and len(self._takers) < STATIONS_IN_FOOTAGE
        if footage:
            detectors.append(FootageTaker if few else FootageTakerOfMany)
        name = station or ""
        inspection = self._stations[station] = StationInspection(
            name,
            detectors,
            self._settings,
            remembered=REMEMBERED if few else REMEMBERED_OF_MANY,
            room=self._room,
        )
        if footage:
            (taker,) = (one for one in inspection.detectors if isinstance(one, FootageTaker))
            self._takers[name] = taker
        return inspection

    def _found(self, inspection: StationInspection, findings: Sequence[Finding]) -> None:
        taker = self._takers.get(inspection.facts.station)
        for finding in findings:
            if taker is not None:
                taker.found(finding, inspection.facts)
            self._findings.add(finding)


def merged(several: Sequence[Inspected]) -> Inspected:
    """Several logs as one result. A station that is in more than one of them is summed up in each."""
    findings = Findings()
    for one in several:
        for finding in one.findings:
            findings.add(finding)
    return Inspected(
        [inference for one in several for inference in one.inferences],
        [station for one in several for station in one.stations],
        [session for one in several for session in one.sessions],
        list(findings),
        sum(one.repeated for one in several),
        [footage for one in several for footage in one.footage],
    )
