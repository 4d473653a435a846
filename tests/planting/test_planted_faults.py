"""One fault at a time in clean traffic of 200 sessions: found on its line, and one thing beside it at most.

`python -m tests.planting` prints what is found, as a table.
"""

from pathlib import Path

import pytest
from tests.planting.bed import Bed
from tests.planting.days import planting_ground
from tests.planting.faults import FAULTS
from tests.planting.lines import Line
from tests.planting.planted import Fault, Key, found_in, outcome

from voltline.inspection.findings import Finding, Severity
from voltline.inspection.registry import all_detectors

FIGURES = {"T15"}
"""They tell a figure of any log, and no fault."""


@pytest.fixture(scope="module")
def clean() -> list[Line]:
    return planting_ground()


@pytest.fixture(scope="module")
def usual(clean: list[Line], tmp_path_factory: pytest.TempPathFactory) -> dict[Key, Finding]:
    return found_in(clean, tmp_path_factory.mktemp("clean") / "planted.log")


def test_the_ground_has_200_sessions_and_no_fault(clean: list[Line], usual: dict[Key, Finding]) -> None:
    assert len(list(Bed(clean).calls("StartTransaction"))) >= 200
    assert [one for one in usual.values() if one.severity is not Severity.INFO] == []


def test_every_detector_has_a_planted_fault() -> None:
    ours = {one.id for one in all_detectors() if one.__module__.startswith("voltline.")}
    assert {fault.detector for fault in FAULTS} == ours - FIGURES


@pytest.mark.parametrize("fault", [pytest.param(one, id=f"{one.detector}-{one.name}") for one in FAULTS])
def test_a_planted_fault_is_found_on_its_line_and_at_most_one_thing_beside_it(
    fault: Fault, clean: list[Line], usual: dict[Key, Finding], tmp_path: Path
) -> None:
    line, hits, others = outcome(fault, clean, usual, tmp_path / "planted.log")
    assert hits, f"not found in line {line}"
    assert len(others) <= 1, [f"{one.detector} {one.title}" for one in others]
