"""The same traffic logged in other ways: understood the same, and what a log leaves out alarms nobody."""

import gzip
from pathlib import Path
from random import Random

import pytest
from tests.planting.days import traffic
from tests.planting.tellings import IN_PART, WHOLE

from voltline.inspection.findings import Severity
from voltline.logbook.inspecting import inspect
from voltline.logbook.result import Result

SEEDS = range(4)


def told(telling: str, seed: int, folder: Path) -> Result:
    lines = traffic(f"told {seed}", stations=2, visits=8)
    chance = Random(f"{seed} {telling}")
    file = folder / "told.log"
    file.write_bytes((WHOLE | IN_PART)[telling](lines, chance).encode())
    return inspect([file])


def sessions_of(result: Result) -> set[tuple[object, ...]]:
    return {
        (one.station, one.connector, one.transaction_id, one.energy_wh, one.started_at, str(one.ending))
        for one in result.inspected.sessions
    }


@pytest.mark.parametrize("telling", [*WHOLE, *IN_PART])
def test_however_clean_traffic_is_logged_there_is_no_finding_above_info(telling: str, tmp_path: Path) -> None:
    for seed in SEEDS:
        found = told(telling, seed, tmp_path).inspected.findings
        assert [one for one in found if one.severity is not Severity.INFO] == [], f"seed {seed}"


@pytest.mark.parametrize("telling", WHOLE)
def test_sessions_do_not_depend_on_how_they_were_logged(telling: str, tmp_path: Path) -> None:
    for seed in SEEDS:
        assert sessions_of(told(telling, seed, tmp_path)) == sessions_of(told("as it is", seed, tmp_path))


def test_a_compressed_log_is_the_same_log(tmp_path: Path) -> None:
    plain = told("as it is", 1, tmp_path)
    (tmp_path / "told.log.gz").write_bytes(gzip.compress((tmp_path / "told.log").read_bytes()))
    packed = inspect([tmp_path / "told.log.gz"])
    assert sessions_of(packed) == sessions_of(plain)
    keys = [one.key for one in plain.inspected.findings]
    assert [one.key for one in packed.inspected.findings] == keys


def test_sessions_are_known_from_one_direction_alone(tmp_path: Path) -> None:
    for seed in SEEDS:
        whole = sessions_of(told("as it is", seed, tmp_path))
        alone = sessions_of(told("only what the charge points sent", seed, tmp_path))
        assert {one for one in whole if one[-1] == "stopped"} <= alone
