"""Resets that do not work (OCPP 1.6, 9.1.22)."""

import pytest
from tests.unit.station.station_lab import Lab

from voltline.messages import (
    BootNotification,
    ChargePointErrorCode,
    MeterValues,
    Reset,
    ResetType,
    StatusNotification,
    StopTransaction,
)
from voltline.station.core.happenings import RebootFailed
from voltline.station.core.intents import Reboot


def reboots(lab: Lab) -> int:
    return sum(isinstance(one, Reboot) for one in lab.intents)


@pytest.mark.requirement("RST-07")
@pytest.mark.parametrize("retries", [0, 1, 3])
def test_failed_reset_is_tried_again_and_then_told(lab: Lab, retries: int):
    lab.set("ResetRetries", str(retries))
    assert lab.ask(Reset(type=ResetType.HARD)).status == "Accepted"
    for tried in range(1, retries + 2):
        assert reboots(lab) == tried
        lab.do(RebootFailed())
    assert reboots(lab) == retries + 1
    told = lab.last(StatusNotification)
    assert (told.connector_id, told.error_code) == (0, ChargePointErrorCode.RESET_FAILURE)


@pytest.mark.requirement("RST-07")
def test_station_goes_on_after_a_reset_that_failed(lab: Lab):
    lab.set("ResetRetries", "0")
    lab.charge(1)
    lab.ask(Reset(type=ResetType.SOFT))
    assert lab.last(StopTransaction).reason == "SoftReset"
    lab.do(RebootFailed())
    lab.charge(2, "other")
    assert lab.energized(2)
    lab.run(301)
    assert len(lab.requests(MeterValues)) == 5
    assert not lab.requests(BootNotification)
    assert lab.ask(Reset(type=ResetType.SOFT)).status == "Accepted"


def test_reset_that_worked_has_all_its_retries_again(lab: Lab):
    lab.set("ResetRetries", "1")
    for _ in range(3):
        lab.forget()
        lab.ask(Reset(type=ResetType.HARD))
        lab.do(RebootFailed())
        assert reboots(lab) == 2
        lab.disconnect()
        lab.boot()
    assert lab.last(BootNotification)
    assert ChargePointErrorCode.RESET_FAILURE not in {
        one.error_code for one in lab.requests(StatusNotification)
    }
