"""The list of planted faults, and what an inspector finds of each."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

from tests.planting.bed import Bed
from tests.planting.lines import Line, written

from voltline.inspection.findings import Finding
from voltline.logbook.inspecting import inspect

Plant = Callable[[Bed], Line]
Key = tuple[str, str, int | None, str]


class Fault(NamedTuple):
    """A fault and what has to come of it."""

    detector: str
    plant: Plant
    """Edits the log, and gives a line that the finding has to show."""

    @property
    def name(self) -> str:
        """What is wrong, in words."""
        return self.plant.__name__.replace("_", " ")


FAULTS: list[Fault] = []


def plants(detector: str) -> Callable[[Plant], Plant]:
    """Mark a function as the planter of what this detector finds."""

    def keep(plant: Plant) -> Plant:
        FAULTS.append(Fault(detector, plant))
        return plant

    return keep


class Outcome(NamedTuple):
    """What was found of a planted fault."""

    line: int
    """Where it is."""
    hits: list[Finding]
    """Of its detector, showing that line."""
    others: list[Finding]
    """Of other detectors, and not in the clean log."""


def found_in(lines: Sequence[Line], file: Path) -> dict[Key, Finding]:
    """Write the log, inspect it."""
    file.write_text(written(lines), "utf-8")
    return {one.key: one for one in inspect([file]).inspected.findings}


def outcome(fault: Fault, clean: Sequence[Line], usual: dict[Key, Finding], file: Path) -> Outcome:
    """Plant the fault in the clean log, of which the usual findings are known, and inspect that."""
    bed = Bed(clean)
    line = fault.plant(bed)
    number = bed.lines.index(line) + 1
    new = [one for key, one in found_in(bed.lines, file).items() if _is_new(one, usual.get(key))]
    hits = [
        one
        for one in new
        if one.detector == fault.detector and number in {shown.line for shown in one.evidence}
    ]
    return Outcome(number, hits, [one for one in new if one.detector != fault.detector])


def _is_new(one: Finding, usual: Finding | None) -> bool:
    return usual is None or one.severity.rank > usual.severity.rank or one.count > usual.count
