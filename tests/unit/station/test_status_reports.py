"""Which statuses are told, when, and of when (OCPP 1.6, 4.9 and 9.1.20)."""

from datetime import timedelta

import pytest
from tests.unit.station.station_lab import Lab

from voltline.messages import ChargePointErrorCode, MessageTrigger, StatusNotification, TriggerMessage
from voltline.station.core.happenings import FaultCleared, FaultRaised


@pytest.fixture
def patient(lab: Lab) -> Lab:
    """A station whose statuses must last for 10 s."""
    lab.set("MinimumStatusDuration", "10")
    return lab


@pytest.mark.requirement("STN-01", "STN-04")
def test_status_that_lasts_is_told_when_it_has_lasted_with_the_time_it_came(patient: Lab):
    patient.plug()
    came = patient.moment.utc
    patient.run(9)
    assert patient.statuses() == []
    patient.run(1)
    assert patient.statuses() == ["Preparing"]
    assert patient.last(StatusNotification).timestamp == came


@pytest.mark.requirement("STN-04")
def test_status_that_does_not_last_is_left_out(patient: Lab):
    patient.plug()
    patient.run(5)
    patient.tag()
    patient.run(20)
    assert patient.statuses() == ["Charging"]
    patient.do(FaultRaised(connector_id=1, error_code=ChargePointErrorCode.HIGH_TEMPERATURE))
    patient.run(5)
    patient.do(FaultCleared(1))
    patient.run(60)
    assert patient.statuses() == ["Charging"]


@pytest.mark.requirement("STN-05")
def test_the_makers_own_delay_is_added():
    lab = Lab(status_delay_s=5.0).boot()
    lab.forget()
    lab.plug()
    lab.run(4)
    assert lab.statuses() == []
    lab.run(1)
    assert lab.statuses() == ["Preparing"]
    lab.set("MinimumStatusDuration", "10")
    lab.unplug()
    lab.run(14)
    assert lab.statuses() == ["Preparing"]
    lab.run(1)
    assert lab.statuses() == ["Preparing", "Available"]


@pytest.mark.requirement("STN-14")
def test_statuses_of_several_connectors_keep_the_order_in_which_they_came(patient: Lab):
    patient.plug(2)
    patient.run(3)
    patient.plug(1)
    patient.run(30)
    told = patient.requests(StatusNotification)
    assert [one.connector_id for one in told] == [2, 1]
    assert told[1].timestamp - told[0].timestamp == timedelta(seconds=3)


@pytest.mark.requirement("TRG-04", "TRG-08")
def test_triggered_status_is_the_present_one_and_is_not_told_twice(patient: Lab):
    patient.plug()
    patient.ask(TriggerMessage(requested_message=MessageTrigger.STATUS_NOTIFICATION, connector_id=1))
    assert patient.statuses() == ["Preparing"]
    patient.run(30)
    assert patient.statuses() == ["Preparing"]


@pytest.mark.requirement("STN-11", "STN-13")
def test_status_that_came_while_waiting_is_told_after_an_absence(patient: Lab):
    patient.plug()
    patient.run(5)
    patient.disconnect()
    patient.run(20)
    patient.connect()
    assert patient.statuses() == ["Preparing"]
