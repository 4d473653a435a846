"""The same traffic logged in other ways: understood the same, and what a log leaves out alarms nobody."""

import gzip
from collections.abc import Callable
from functools import cache
from pathlib import Path
from random import Random

import pytest
from tests.planting.days import traffic
from tests.planting.lines import Line
from tests.planting.tellings import IN_PART, WHOLE

from voltline.inspection.findings import Severity
from voltline.logbook.inspecting import inspect
from voltline.logbook.result import Result

SEEDS = range(4)
AS_IT_IS = "as it is"


Told = Callable[[str, int], Result]


@cache
def clean(seed: int) -> list[Line]:
    """The traffic of a seed. Tellings read it only."""
    return traffic(f"told {seed}", stations=2, visits=8)


def write_told(telling: str, seed: int, file: Path) -> None:
    chance = Random(f"{seed} {telling}")
    file.write_bytes((WHOLE | IN_PART)[telling](clean(seed), chance).encode())


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Told:
    """What the inspector makes of a telling. It is asked once for each: several tests look at the same."""
    folder = tmp_path_factory.mktemp("told")

    @cache
    def inspected(telling: str, seed: int) -> Result:
        file = folder / "told.log"
        write_told(telling, seed, file)
        return inspect([file])

    return inspected


def sessions_of(result: Result) -> set[tuple[object, ...]]:
    return {
        (one.station, one.connector, one.transaction_id, one.energy_wh, one.started_at, str(one.ending))
        for one in result.inspected.sessions
    }


@pytest.mark.parametrize("telling", [*WHOLE, *IN_PART])
def test_however_clean_traffic_is_logged_there_is_no_finding_above_info(telling: str, told: Told) -> None:
    for seed in SEEDS:
        found = told(telling, seed).inspected.findings
        assert [one for one in found if one.severity is not Severity.INFO] == [], f"seed {seed}"


@pytest.mark.parametrize("telling", [one for one in WHOLE if one != AS_IT_IS])
def test_sessions_do_not_depend_on_how_they_were_logged(telling: str, told: Told) -> None:
    for seed in SEEDS:
        assert sessions_of(told(telling, seed)) == sessions_of(told(AS_IT_IS, seed))


def test_a_compressed_log_is_the_same_log(told: Told, tmp_path: Path) -> None:
    plain = told(AS_IT_IS, 1)
    write_told(AS_IT_IS, 1, tmp_path / "told.log")
    (tmp_path / "told.log.gz").write_bytes(gzip.compress((tmp_path / "told.log").read_bytes()))
    packed = inspect([tmp_path / "told.log.gz"])
    assert sessions_of(packed) == sessions_of(plain)
    keys = [one.key for one in plain.inspected.findings]
    assert [one.key for one in packed.inspected.findings] == keys


def test_sessions_are_known_from_one_direction_alone(told: Told) -> None:
    for seed in SEEDS:
        whole = sessions_of(told(AS_IT_IS, seed))
        alone = sessions_of(told("only what the charge points sent", seed))
        assert {one for one in whole if one[-1] == "stopped"} <= alone
