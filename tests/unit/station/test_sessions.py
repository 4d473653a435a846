"""From the plug to the last reading: cables, tags, transactions and the statuses they lead to."""

import pytest
from tests.unit.station.station_lab import OTHER_TAG, TAG, Lab, tag_info

from voltline.messages import (
    UNSET,
    AuthorizationStatus,
    Authorize,
    ChargePointErrorCode,
    Reason,
    StartTransaction,
    StatusNotification,
    StopTransaction,
)
from voltline.station.core.happenings import (
    CableRemoved,
    FaultRaised,
    ImpossibleHappening,
    StopPressed,
    VehicleReady,
    VehicleUnplugged,
)
from voltline.station.core.hardware import Outlet


@pytest.mark.requirement("STN-17", "TXS-01", "TXS-13", "AUT-01", "AUT-02", "TXE-01", "STN-20")
def test_a_whole_session_with_a_tag(lab: Lab):
    lab.plug()
    assert not lab.energized()
    lab.tag()
    assert lab.names() == [
        "StatusNotification",
        "Authorize",
        "StartTransaction",
        "StatusNotification",
    ]
    assert lab.energized()
    assert lab.locked()
    lab.tag()
    lab.unplug()
    assert lab.statuses() == ["Preparing", "Charging", "Finishing", "Available"]
    assert lab.names()[4:] == ["StopTransaction", "StatusNotification", "StatusNotification"]
    assert not lab.energized()
    assert not lab.locked()


@pytest.mark.requirement("TXS-02", "TXE-02", "TXE-04", "MTV-27")
def test_start_and_stop_carry_register_and_time_of_the_moment(lab: Lab):
    lab.meter.wh[1] = 5000
    lab.charge()
    started = lab.moment.utc
    lab.run(30)
    lab.meter.wh[1] = 7345
    lab.tag()
    start, stop = lab.last(StartTransaction), lab.last(StopTransaction)
    assert (start.connector_id, start.id_tag, start.meter_start, start.timestamp) == (1, TAG, 5000, started)
    assert (stop.transaction_id, stop.meter_stop, stop.timestamp) == (1, 7345, lab.moment.utc)
    assert stop.id_tag == TAG
    assert stop.reason == Reason.LOCAL
    assert stop.transaction_data is UNSET


@pytest.mark.requirement("AUT-04", "AUT-05")
def test_stopping_with_the_starting_tag_asks_nobody(lab: Lab):
    lab.charge()
    lab.forget()
    lab.tag(TAG.lower())
    assert lab.names() == ["StopTransaction", "StatusNotification"]


@pytest.mark.requirement("AUT-04", "AUT-06", "GEN-13")
def test_another_tag_of_the_group_stops(lab: Lab):
    lab.tags = {TAG: tag_info(parent="FLEET"), OTHER_TAG: tag_info(parent="fleet")}
    lab.start_tags = {TAG: tag_info(parent="FLEET")}
    lab.charge()
    lab.forget()
    lab.tag(OTHER_TAG, 1)
    assert lab.names() == ["Authorize", "StopTransaction", "StatusNotification"]
    assert lab.last(StopTransaction).id_tag == OTHER_TAG


@pytest.mark.requirement("AUT-06", "GEN-14")
@pytest.mark.parametrize("foreign", [OTHER_TAG, "FLEET"])
def test_a_tag_of_no_group_stops_nothing(lab: Lab, foreign: str):
    lab.start_tags = {TAG: tag_info(parent="FLEET")}
    lab.charge()
    lab.tag(foreign, 1)
    assert not lab.requests(StopTransaction)


@pytest.mark.requirement("AUT-01")
@pytest.mark.parametrize("status", ["Blocked", "Expired", "Invalid"])
def test_refused_tag_starts_nothing(lab: Lab, status: str):
    lab.tags = {TAG: tag_info(AuthorizationStatus(status))}
    lab.charge()
    assert not lab.requests(StartTransaction)
    assert not lab.energized()
    assert lab.status() == "Preparing"


@pytest.mark.requirement("AUT-07")
def test_nobody_is_asked_about_a_tag_that_no_connector_is_free_for(lab: Lab):
    for connector_id in (1, 2):
        fault = ChargePointErrorCode.GROUND_FAILURE
        lab.do(FaultRaised(connector_id=connector_id, error_code=fault))
    lab.tag()
    assert not lab.requests(Authorize)


def test_tag_first_then_cable(lab: Lab):
    lab.tag()
    assert lab.statuses() == ["Preparing"]
    assert not lab.requests(StartTransaction)
    lab.plug()
    assert lab.last(StartTransaction).connector_id == 1
    assert lab.statuses() == ["Preparing", "Charging"]


@pytest.mark.requirement("STN-21", "RTX-15")
def test_tag_without_cable_expires_to_available(lab: Lab):
    lab.tag()
    lab.run(59)
    assert lab.statuses() == ["Preparing"]
    lab.run(1)
    assert lab.statuses() == ["Preparing", "Available"]
    lab.plug()
    assert not lab.requests(StartTransaction)


@pytest.mark.requirement("STN-21")
def test_cable_without_tag_expires_to_finishing(lab: Lab):
    lab.plug()
    lab.run(60)
    assert lab.statuses() == ["Preparing", "Finishing"]
    lab.unplug()
    assert lab.statuses() == ["Preparing", "Finishing", "Available"]


@pytest.mark.requirement("STN-21")
def test_the_next_drivers_tag_does_not_start_on_a_plug_that_expired(lab: Lab):
    lab.plug(1)
    lab.run(60)
    lab.tag()
    assert lab.status(1) == "Finishing"
    assert lab.status(2) == "Preparing"


def test_presenting_the_tag_again_takes_it_back(lab: Lab):
    lab.tag()
    lab.tag()
    assert lab.statuses() == ["Preparing", "Available"]


def test_finishing_begins_anew_with_a_tag_of_its_own_reader(lab: Lab):
    lab.charge()
    lab.tag()
    lab.forget()
    lab.tag(OTHER_TAG, 1)
    assert lab.statuses() == ["Preparing", "Charging"]
    assert lab.last(StartTransaction).id_tag == OTHER_TAG


def test_one_reader_serves_the_connector_that_is_plugged(lab: Lab):
    lab.plug(2)
    lab.tag()
    assert lab.last(StartTransaction).connector_id == 2


@pytest.mark.requirement("TXS-08", "TXE-22")
def test_refusal_in_the_answer_to_the_start_ends_the_transaction(lab: Lab):
    lab.start_tags = {TAG: tag_info(AuthorizationStatus.BLOCKED)}
    lab.charge()
    assert lab.last(StopTransaction).reason == Reason.DEAUTHORIZED
    assert lab.last(StopTransaction).transaction_id == 1
    assert lab.statuses() == ["Preparing", "Charging", "Finishing"]
    assert not lab.energized()


@pytest.mark.requirement("TXS-09")
def test_cable_of_a_refused_tag_is_kept_until_the_tag_is_presented(lab: Lab):
    lab.start_tags = {TAG: tag_info(AuthorizationStatus.BLOCKED)}
    lab.charge()
    lab.do(VehicleUnplugged(1))
    with pytest.raises(ImpossibleHappening, match=f"locked until tag {TAG}"):
        lab.do(CableRemoved(1))
    lab.tag()
    lab.do(CableRemoved(1))
    assert lab.status() == "Available"
    assert len(lab.requests(StartTransaction)) == 1


@pytest.mark.requirement("TXS-10", "STN-19", "AUT-13")
def test_refusal_only_suspends_energy_when_so_configured(lab: Lab):
    lab.set("StopTransactionOnInvalidId", "false")
    lab.start_tags = {TAG: tag_info(AuthorizationStatus.CONCURRENT_TX)}
    lab.charge()
    assert not lab.requests(StopTransaction)
    assert lab.statuses()[-1] == "SuspendedEVSE"
    assert not lab.energized()
    lab.tag()
    assert lab.last(StopTransaction).transaction_id == 1


@pytest.mark.requirement("STN-18")
def test_vehicle_that_asks_for_nothing_suspends_and_resumes(lab: Lab):
    lab.charge()
    lab.do(VehicleReady(1, False))
    lab.do(VehicleReady(1, True))
    assert lab.statuses() == ["Preparing", "Charging", "SuspendedEV", "Charging"]


@pytest.mark.requirement("STN-03")
def test_station_wins_when_both_suspend(lab: Lab):
    lab.set("StopTransactionOnInvalidId", "false")
    lab.start_tags = {TAG: tag_info(AuthorizationStatus.BLOCKED)}
    lab.charge()
    lab.do(VehicleReady(1, False))
    assert lab.statuses()[-1] == "SuspendedEVSE"


@pytest.mark.requirement("TXE-13", "TXE-17", "TXE-21", "TXE-24")
def test_unplugging_the_vehicle_ends_the_transaction(lab: Lab):
    lab.charge()
    lab.do(VehicleUnplugged(1))
    assert lab.last(StopTransaction).reason == Reason.EV_DISCONNECTED
    report = lab.last(StatusNotification)
    assert (report.status, report.info, report.error_code) == ("Finishing", "EV side disconnected", "NoError")
    assert not lab.locked()
    lab.do(CableRemoved(1))
    assert lab.statuses()[-1] == "Available"


@pytest.mark.requirement("TXE-16")
def test_cable_stays_locked_after_unplugging_when_so_configured(lab: Lab):
    lab.set("UnlockConnectorOnEVSideDisconnect", "false")
    lab.charge()
    lab.do(VehicleUnplugged(1))
    assert lab.requests(StopTransaction)
    with pytest.raises(ImpossibleHappening, match="locked"):
        lab.do(CableRemoved(1))
    lab.tag()
    lab.do(CableRemoved(1))
    assert lab.status() == "Available"


@pytest.mark.requirement("TXE-14", "TXE-15", "TXE-20")
def test_unplugging_the_vehicle_only_suspends_when_so_configured(lab: Lab):
    lab.set("StopTransactionOnEVSideDisconnect", "false")
    lab.charge()
    lab.do(VehicleUnplugged(1))
    report = lab.last(StatusNotification)
    assert (report.status, report.info) == ("SuspendedEV", "EV side disconnected")
    assert not lab.requests(StopTransaction)
    assert lab.locked()
    lab.plug()
    assert lab.statuses()[-1] == "Charging"


@pytest.mark.requirement("TXE-18")
def test_fixed_cable_frees_the_connector_at_the_vehicle():
    lab = Lab(outlet=Outlet.TETHERED).boot()
    lab.forget()
    lab.charge()
    lab.do(VehicleUnplugged(1))
    assert lab.statuses() == ["Preparing", "Charging", "Available"]
    assert lab.set("UnlockConnectorOnEVSideDisconnect", "true") == "Rejected"


@pytest.mark.requirement("TXE-23", "TXE-06")
def test_emergency_stop_says_so(lab: Lab):
    lab.charge()
    lab.do(StopPressed(1, Reason.EMERGENCY_STOP))
    assert lab.last(StopTransaction).reason == Reason.EMERGENCY_STOP
    assert lab.last(StopTransaction).id_tag is UNSET


@pytest.mark.requirement("TXS-12")
@pytest.mark.parametrize("transaction_id", [0, -7])
def test_any_number_the_central_system_gives_is_a_transaction_id(lab: Lab, transaction_id: int):
    lab.transaction_id = transaction_id - 1
    lab.charge()
    lab.tag()
    assert lab.last(StopTransaction).transaction_id == transaction_id


def test_impossible_things_are_refused_in_words(lab: Lab):
    lab.plug()
    with pytest.raises(ImpossibleHappening, match="plugged into connector 1 already"):
        lab.plug()
    with pytest.raises(ImpossibleHappening, match="no connector 3: this station has connectors 1 to 2"):
        lab.plug(3)
    with pytest.raises(ImpossibleHappening, match="no vehicle is plugged into connector 2"):
        lab.do(VehicleUnplugged(2))
    with pytest.raises(ImpossibleHappening, match="no transaction is running on connector 1"):
        lab.do(StopPressed(1))
    with pytest.raises(ImpossibleHappening, match="1 to 20 characters, this one has 21"):
        lab.tag("X" * 21)
