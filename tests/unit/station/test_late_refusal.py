"""The central system refuses a tag that charges already (OCPP 1.6, 3.5.4 and 9.1.14; errata 3.17)."""

import pytest
from tests.unit.station.station_lab import TAG, Lab, tag_info

from voltline.messages import AuthorizationStatus, MeterValues, Reason, StartTransaction, StopTransaction

STEP_WH = 3
"""What flows in a second: 10.8 kW."""


@pytest.fixture
def generous(lab: Lab) -> Lab:
    """A station that gives a refused tag another 100 Wh."""
    lab.set("MaxEnergyOnInvalidId", "100")
    lab.start_tags = {TAG: tag_info(AuthorizationStatus.BLOCKED)}
    return lab


def flow(lab: Lab, seconds: int, step_wh: int = STEP_WH) -> None:
    """Let time pass, with energy in the meter as long as the contactor is closed."""
    for _ in range(seconds):
        if lab.energized():
            lab.meter.wh[1] = lab.meter.wh.get(1, 1000) + step_wh
        lab.run(1)


@pytest.mark.requirement("TXS-11", "TXS-10")
def test_refused_tag_is_given_what_is_allowed_and_no_more(generous: Lab):
    generous.set("StopTransactionOnInvalidId", "false")
    generous.set("MeterValueSampleInterval", "10")
    generous.charge()
    assert generous.energized()
    flow(generous, 90)
    assert not generous.energized()
    assert generous.status() == "SuspendedEVSE"
    assert 100 - STEP_WH <= generous.meter.wh[1] - 1000 <= 100
    told = [int(one.meter_value[0].sampled_value[0].value) for one in generous.requests(MeterValues)]
    assert told[-1] == told[-2] == generous.meter.wh[1]
    assert not generous.requests(StopTransaction)


@pytest.mark.requirement("TXS-11", "TXS-08")
def test_transaction_is_stopped_after_it_when_so_configured(generous: Lab):
    generous.charge()
    flow(generous, 20)
    assert not generous.requests(StopTransaction)
    flow(generous, 20)
    assert generous.last(StopTransaction).reason == Reason.DEAUTHORIZED
    assert generous.last(StopTransaction).meter_stop <= 1100


def test_what_is_allowed_counts_from_the_refusal(generous: Lab):
    generous.start_tags = {}
    generous.charge()
    generous.tag()
    generous.unplug()
    generous.disconnect()
    generous.start_tags = {TAG: tag_info(AuthorizationStatus.BLOCKED)}
    generous.charge()
    flow(generous, 1000)
    assert generous.energized()
    before_wh = generous.meter.wh[1]
    generous.connect()
    flow(generous, 60)
    assert not generous.energized()
    assert 100 - STEP_WH <= generous.meter.wh[1] - before_wh <= 100


def test_less_than_flows_in_a_second_is_not_exceeded_by_more_than_that(generous: Lab):
    generous.set("MaxEnergyOnInvalidId", "1")
    generous.charge()
    flow(generous, 3)
    assert not generous.energized()
    assert generous.meter.wh[1] - 1000 <= STEP_WH


def test_driver_can_end_it_before(generous: Lab):
    generous.charge()
    flow(generous, 5)
    generous.tag()
    assert generous.last(StopTransaction).reason == Reason.LOCAL
    generous.unplug()
    generous.start_tags = {}
    generous.charge()
    flow(generous, 60)
    assert generous.energized()


@pytest.mark.requirement("TXS-08", "OFF-04")
def test_tag_accepted_offline_and_refused_afterwards_is_stopped(lab: Lab):
    lab.charge()
    lab.tag()
    lab.unplug()
    lab.disconnect()
    lab.charge()
    assert lab.energized()
    lab.start_tags = {TAG: tag_info(AuthorizationStatus.INVALID)}
    lab.forget()
    lab.connect()
    assert lab.requests(StartTransaction)
    assert lab.last(StopTransaction).reason == Reason.DEAUTHORIZED
