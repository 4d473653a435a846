"""Free vend: plugging in starts a transaction under one tag for all."""

import pytest
from tests.unit.station.station_lab import OTHER_TAG, TAG, Lab, tag_info

from voltline.messages import (
    AuthorizationStatus,
    Authorize,
    AvailabilityType,
    ChangeAvailability,
    Reason,
    RegistrationStatus,
    RemoteStopTransaction,
    StartTransaction,
    StopTransaction,
)
from voltline.station.core.happenings import CableRemoved, LinkUp, PoweredUp, VehicleUnplugged

EVERYBODY = "00000000"
REFUSED = {EVERYBODY: tag_info(AuthorizationStatus.INVALID)}


@pytest.fixture
def free(lab: Lab) -> Lab:
    assert lab.set("FreeVendEnabled", "true") == "Accepted"
    return lab


def test_plug_alone_starts_nothing_unless_charging_is_free(lab: Lab):
    lab.plug()
    assert not lab.requests(StartTransaction)
    assert lab.status() == "Preparing"


def test_plug_starts_with_the_tag_for_all_and_without_a_question(free: Lab):
    free.plug()
    assert free.last(StartTransaction).id_tag == EVERYBODY
    assert not free.requests(Authorize)
    assert free.energized()
    assert free.statuses() == ["Preparing", "SuspendedEVSE", "Charging"]


def test_no_energy_flows_before_the_central_system_agrees(free: Lab):
    with free.held():
        free.plug()
        while free.waiting and not isinstance(free.waiting[0].request, StartTransaction):
            free.answer(free.waiting.pop(0))
        assert free.requests(StartTransaction)
        assert not free.energized()
        assert free.status() == "SuspendedEVSE"
    assert free.energized()


def test_another_tag_for_all_can_be_chosen(free: Lab):
    assert free.set("FreeVendIdTag", "COURTYARD") == "Accepted"
    free.plug()
    assert free.last(StartTransaction).id_tag == "COURTYARD"
    for wrong in ("", "X" * 21, " X", "Ä"):
        assert free.set("FreeVendIdTag", wrong) == "Rejected"


@pytest.mark.requirement("TXS-08")
def test_refusal_ends_the_transaction_and_a_presented_tag_begins_another(free: Lab):
    free.start_tags = REFUSED
    free.plug()
    assert free.last(StopTransaction).reason == Reason.DEAUTHORIZED
    assert free.statuses() == ["Preparing", "SuspendedEVSE", "Finishing", "Preparing"]
    assert not free.energized()
    free.tag(TAG)
    assert free.last(StartTransaction).id_tag == TAG
    assert free.energized()


@pytest.mark.requirement("TXS-10")
def test_refused_transaction_that_goes_on_makes_way_for_a_presented_tag(free: Lab):
    free.set("StopTransactionOnInvalidId", "false")
    free.start_tags = REFUSED
    free.plug()
    assert not free.requests(StopTransaction)
    assert free.status() == "SuspendedEVSE"
    free.tag(TAG)
    assert free.last(StopTransaction).transaction_id == 1
    assert free.last(StopTransaction).reason == Reason.DEAUTHORIZED
    assert free.last(StartTransaction).id_tag == TAG
    assert free.energized()


def test_presented_tag_does_not_end_what_others_charge_for_free(free: Lab):
    free.plug(1)
    free.plug(2)
    free.tag(TAG)
    assert not free.requests(StopTransaction)


def test_cable_is_not_kept_for_a_tag_that_nobody_has(free: Lab):
    free.set("UnlockConnectorOnEVSideDisconnect", "false")
    free.plug()
    free.do(VehicleUnplugged(1))
    free.do(CableRemoved(1))
    assert free.status() == "Available"


def test_it_does_not_begin_anew_until_somebody_plugs_in_anew(free: Lab):
    free.plug()
    free.ask(RemoteStopTransaction(transaction_id=1))
    free.run(600)
    assert len(free.requests(StartTransaction)) == 1
    free.unplug()
    free.plug()
    assert len(free.requests(StartTransaction)) == 2


def test_without_the_central_system_the_tag_for_all_is_judged_like_any_other(free: Lab):
    free.disconnect()
    free.plug(1)
    assert not free.energized(1)
    free.set("AllowOfflineTxForUnknownId", "true")
    free.plug(2)
    assert free.energized(2)
    free.connect()
    assert [one.connector_id for one in free.requests(StartTransaction)] == [2]


def test_answer_that_is_lost_with_the_link_is_waited_for_unless_a_tag_comes(free: Lab):
    free.charge(2, TAG)
    free.tag(TAG, 2)
    with free.held():
        free.plug(1)
        free.disconnect()
    assert free.status(1) == "SuspendedEVSE"
    free.tag(TAG, 1)
    assert free.energized(1)
    free.forget()
    free.connect()
    starts = [one.id_tag for one in free.requests(StartTransaction)]
    assert starts == [EVERYBODY, TAG]
    assert free.last(StopTransaction).reason == Reason.LOCAL


def test_vehicle_that_waited_for_the_station_to_boot_is_served_when_it_is_accepted():
    lab = Lab()
    assert lab.core.change_setting("FreeVendEnabled", "true") == "Accepted"
    lab.boot_status = RegistrationStatus.PENDING
    lab.interval_s = 30
    lab.do(PoweredUp())
    lab.do(LinkUp())
    lab.plug()
    assert not lab.requests(StartTransaction)
    lab.boot_status = RegistrationStatus.ACCEPTED
    lab.run(30)
    assert lab.last(StartTransaction).id_tag == EVERYBODY
    assert lab.energized()


def test_vehicle_that_waited_out_of_service_is_served_afterwards(free: Lab):
    free.ask(ChangeAvailability(connector_id=1, type=AvailabilityType.INOPERATIVE))
    free.plug()
    assert not free.requests(StartTransaction)
    free.ask(ChangeAvailability(connector_id=1, type=AvailabilityType.OPERATIVE))
    assert free.energized()


def test_presented_tag_still_charges_under_its_own_name(free: Lab):
    free.tag(OTHER_TAG, 1)
    free.plug(1)
    assert free.last(StartTransaction).id_tag == OTHER_TAG
