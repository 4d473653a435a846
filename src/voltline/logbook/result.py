"""What came of reading and inspecting some files."""

import msgspec

from voltline.inspection.chronicle import StationSummary
from voltline.inspection.inspector import Inspected
from voltline.logbook.baseline import Against
from voltline.logbook.coverage import Coverage

__all__ = ["Result"]


class Result(msgspec.Struct):
    """Everything that the reports are made of."""

    coverages: list[Coverage]
    """One a file, in the order of reading."""
    inspected: Inspected
    seconds: float = 0.0
    """How long it took."""
    against: Against | None = None
    """What became of known findings, where it was compared with a former report."""

    @property
    def lines(self) -> int:
        """Lines read."""
        return sum(one.lines for one in self.coverages)

    @property
    def frames(self) -> int:
        """Frames read, those that two loggers told included."""
        return sum(one.frames for one in self.coverages)

    @property
    def repeated(self) -> int:
        """Frames that another logger told again."""
        return self.inspected.repeated

    @property
    def skipped(self) -> int:
        """Lines that said nothing that could be used, blank ones not counted."""
        return sum(one.skipped for one in self.coverages)

    @property
    def stations(self) -> dict[str, list[StationSummary]]:
        """What is known of each charge point by its identity: one part a log that tells of it."""
        found: dict[str, list[StationSummary]] = {}
        for station in self.inspected.stations:
            found.setdefault(station.station, []).append(station)
        return found

    @property
    def problems(self) -> list[str]:
        """Files that could not be read, or not to their end, each with its reason."""
        return [one.problem for one in self.coverages if one.problem is not None]
