"""Traffic in which all works as it should, of a hundred seeds: nobody is alarmed."""

from functools import cache
from pathlib import Path

import pytest
from tests.planting.charging_day import MAKES
from tests.planting.days import traffic
from tests.planting.lines import Line, written
from tests.planting.planted import found_in

from voltline.inspection.findings import Severity

SEEDS = 100
IN_ONE_TEST = 10


@cache
def clean(seed: int) -> list[Line]:
    """Two charge points and their visitors. To make it takes as long as to inspect it."""
    return traffic(seed, stations=2, visits=8)


@pytest.mark.parametrize("first", range(0, SEEDS, IN_ONE_TEST))
def test_clean_traffic_has_no_finding_above_info(first: int, tmp_path: Path) -> None:
    for seed in range(first, first + IN_ONE_TEST):
        found = found_in(clean(seed), tmp_path / "clean.log")
        alarms = [one for one in found.values() if one.severity is not Severity.INFO]
        assert not alarms, f"seed {seed}: {alarms}"


def test_the_same_seed_makes_the_same_log_and_another_another() -> None:
    first = written(traffic(1, stations=1, visits=3))
    assert first == written(traffic(1, stations=1, visits=3))
    assert first != written(traffic(2, stations=1, visits=3))


def test_every_make_and_every_kind_of_visit_and_work_occurs() -> None:
    lines = [line for seed in range(20) for line in clean(seed)]
    said = {line.action for line in lines}
    assert said >= {
        "ReserveNow",
        "RemoteStartTransaction",
        "SetChargingProfile",
        "ClearChargingProfile",
        "UpdateFirmware",
        "FirmwareStatusNotification",
        "GetDiagnostics",
        "SendLocalList",
        "Reset",
        "TriggerMessage",
    }
    models = {line.payload["chargePointModel"] for line in lines if line.action == "BootNotification"}
    assert len(models) == len(MAKES)
