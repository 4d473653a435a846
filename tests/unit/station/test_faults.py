"""Faults lie over a status and give it back (OCPP 1.6, 4.9 and 7.6)."""

import pytest
from tests.unit.station.station_lab import Lab

from voltline.messages import UNSET, ChargePointErrorCode, StatusNotification, StopTransaction
from voltline.station.core.happenings import FaultCleared, FaultRaised, ImpossibleHappening

GROUND = ChargePointErrorCode.GROUND_FAILURE


def fault(connector_id: int = 1, code: ChargePointErrorCode = GROUND, **more: object) -> FaultRaised:
    return FaultRaised(connector_id=connector_id, error_code=code, **more)


def test_fault_shows_and_gives_the_status_back(lab: Lab):
    lab.charge()
    lab.do(fault(info="residual current 31 mA"))
    report = lab.last(StatusNotification)
    assert (report.status, report.error_code, report.info) == (
        "Faulted",
        "GroundFailure",
        "residual current 31 mA",
    )
    assert not lab.energized()
    lab.do(FaultCleared(1))
    assert lab.statuses() == ["Preparing", "Charging", "Faulted", "Charging"]
    assert lab.last(StatusNotification).error_code == "NoError"
    assert lab.energized()
    assert not lab.requests(StopTransaction)


def test_what_happens_under_a_fault_counts_when_it_is_over(lab: Lab):
    lab.charge()
    lab.do(fault())
    lab.tag()
    lab.unplug()
    assert lab.statuses()[-1] == "Faulted"
    assert lab.requests(StopTransaction)
    lab.do(FaultCleared(1))
    assert lab.statuses() == ["Preparing", "Charging", "Faulted", "Available"]


@pytest.mark.requirement("STN-02")
def test_connector_zero_keeps_out_of_the_faults_of_others(lab: Lab):
    lab.do(fault(1))
    assert lab.status(0) == "Available"
    lab.do(fault(0))
    assert (lab.status(0), lab.status(2)) == ("Faulted", "Available")


@pytest.mark.requirement("STN-08")
def test_warning_leaves_the_status_as_it_is(lab: Lab):
    lab.charge()
    lab.do(fault(code=ChargePointErrorCode.HIGH_TEMPERATURE, blocking=False))
    report = lab.last(StatusNotification)
    assert (report.status, report.error_code) == ("Charging", "HighTemperature")
    assert lab.energized()


@pytest.mark.requirement("STN-09")
def test_communication_error_is_a_warning_and_only_where_a_vehicle_is_waited_for(lab: Lab):
    code = ChargePointErrorCode.EV_COMMUNICATION_ERROR
    with pytest.raises(ImpossibleHappening, match="cannot come with status Available"):
        lab.do(fault(code=code))
    lab.plug()
    lab.do(fault(code=code))
    assert lab.last(StatusNotification).status == "Preparing"
    lab.tag()
    report = lab.last(StatusNotification)
    assert (report.status, report.error_code) == ("Charging", "NoError")


@pytest.mark.requirement("STN-10")
def test_other_error_has_a_code_of_the_maker(lab: Lab):
    lab.do(fault(code=ChargePointErrorCode.OTHER_ERROR, vendor_error_code="E17"))
    assert lab.last(StatusNotification).vendor_error_code == "E17"
    lab.do(fault(2, code=ChargePointErrorCode.OTHER_ERROR))
    assert lab.last(StatusNotification).vendor_error_code is not UNSET


@pytest.mark.requirement("STN-12")
def test_fault_of_an_absence_is_told_if_it_lasts(lab: Lab):
    lab.disconnect()
    lab.do(fault(2))
    lab.connect()
    assert lab.statuses(2) == ["Faulted"]


def test_clearing_what_is_not_there_and_raising_no_error_are_impossible(lab: Lab):
    with pytest.raises(ImpossibleHappening, match="connector 2 has no fault"):
        lab.do(FaultCleared(2))
    with pytest.raises(ImpossibleHappening, match="NoError is not a fault"):
        lab.do(fault(code=ChargePointErrorCode.NO_ERROR))


@pytest.mark.requirement("STN-23")
def test_nothing_starts_on_a_faulted_connector(lab: Lab):
    lab.do(fault(1))
    lab.plug(1)
    lab.tag()
    assert lab.core.connectors.outlet(1).transaction is None
    lab.do(FaultCleared(1))
    assert lab.statuses(1) == ["Faulted", "Preparing"]
