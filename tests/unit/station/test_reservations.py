"""Connectors kept for somebody (OCPP 1.6, 5.1 and 5.13)."""

from contextlib import suppress
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.station.station_lab import OTHER_TAG, TAG, Lab, tag_info

from voltline.messages import (
    UNSET,
    AuthorizationData,
    Authorize,
    AvailabilityType,
    CancelReservation,
    ChangeAvailability,
    ChargePointErrorCode,
    GetConfiguration,
    RemoteStartTransaction,
    ReserveNow,
    Reset,
    ResetType,
    SendLocalList,
    StartTransaction,
    StatusNotification,
    UpdateType,
)
from voltline.station.core.happenings import FaultCleared, FaultRaised, ImpossibleHappening, PoweredUp
from voltline.station.core.intents import Notice
from voltline.station.core.timers import Timer

GROUP_TAG = "55667788"


def reserve(
    lab: Lab,
    number: int = 1,
    connector_id: int = 1,
    tag: str = TAG,
    *,
    parent: str | None = None,
    minutes: float = 10,
) -> str:
    request = ReserveNow(
        connector_id=connector_id,
        expiry_date=lab.moment.utc + timedelta(minutes=minutes),
        id_tag=tag,
        parent_id_tag=UNSET if parent is None else parent,
        reservation_id=number,
    )
    return str(lab.ask(request).status)


def cancel(lab: Lab, number: int = 1) -> str:
    return str(lab.ask(CancelReservation(reservation_id=number)).status)


def fault(lab: Lab, connector_id: int) -> None:
    lab.do(FaultRaised(connector_id=connector_id, error_code=ChargePointErrorCode.GROUND_FAILURE))


def withdraw(lab: Lab, connector_id: int) -> None:
    lab.ask(ChangeAvailability(connector_id=connector_id, type=AvailabilityType.INOPERATIVE))


def started(lab: Lab, connector_id: int) -> bool:
    return any(one.connector_id == connector_id for one in lab.requests(StartTransaction))


@pytest.fixture
def single() -> Lab:
    """A station with one connector."""
    lab = Lab(connectors=1).boot()
    lab.forget()
    return lab


# ---- the answer


@pytest.mark.requirement("RSV-02", "RSV-04")
def test_reserved_connector_shows_it(lab: Lab):
    assert reserve(lab) == "Accepted"
    assert lab.statuses(1) == ["Reserved"]
    assert lab.statuses(2) == []


@pytest.mark.requirement("RSV-05")
@pytest.mark.parametrize("tag", [TAG, OTHER_TAG])
def test_reserved_connector_is_occupied_for_another_reservation(lab: Lab, tag: str):
    reserve(lab, 1)
    assert reserve(lab, 2, tag=tag) == "Occupied"
    assert cancel(lab, 2) == "Rejected"


@pytest.mark.requirement("RSV-05")
@pytest.mark.parametrize("use", [Lab.plug, Lab.charge])
def test_connector_in_use_is_occupied(lab: Lab, use: Any):
    use(lab, 1)
    assert reserve(lab) == "Occupied"


@pytest.mark.requirement("RSV-06")
@pytest.mark.parametrize("connector_id", [0, 1])
def test_faulted_connector_or_station_is_faulted(lab: Lab, connector_id: int):
    fault(lab, connector_id)
    assert reserve(lab) == "Faulted"


@pytest.mark.requirement("RSV-06")
@pytest.mark.parametrize("connector_id", [0, 1])
def test_connector_or_station_out_of_service_is_unavailable(lab: Lab, connector_id: int):
    withdraw(lab, connector_id)
    assert reserve(lab) == "Unavailable"


@pytest.mark.requirement("RSV-07")
def test_station_that_takes_no_reservations_rejects_them(lab: Lab):
    lab.set("ReservationEnabled", "false")
    assert reserve(lab) == "Rejected"
    assert reserve(lab, connector_id=0) == "Rejected"


@pytest.mark.requirement("RSV-08")
def test_connector_0_is_rejected_where_it_is_not_supported():
    lab = Lab(reserves_any=False).boot()
    keys = lab.ask(GetConfiguration(key=["ReserveConnectorZeroSupported"])).configuration_key
    assert [(one.value, one.readonly) for one in keys] == [("false", True)]
    assert reserve(lab, connector_id=0) == "Rejected"


@pytest.mark.parametrize(("connector_id", "minutes"), [(3, 10), (-1, 10), (1, 0), (1, -5)])
def test_connector_that_is_not_there_or_time_that_is_over_is_rejected(
    lab: Lab, connector_id: int, minutes: float
):
    assert reserve(lab, connector_id=connector_id, minutes=minutes) == "Rejected"
    assert lab.names() == []


def test_station_on_its_way_down_takes_no_reservation(lab: Lab):
    lab.charge(2)
    with lab.held():
        lab.ask(Reset(type=ResetType.SOFT))
        assert reserve(lab) == "Rejected"


# ---- replacing and cancelling


@pytest.mark.requirement("RSV-03")
def test_same_number_replaces_the_reservation(lab: Lab):
    reserve(lab, 1, tag=TAG)
    assert reserve(lab, 1, tag=OTHER_TAG) == "Accepted"
    assert lab.statuses(1) == ["Reserved"]
    lab.charge(1, TAG)
    assert not started(lab, 1)
    lab.tag(OTHER_TAG, 1)
    assert started(lab, 1)


@pytest.mark.requirement("RSV-03")
def test_same_number_moves_the_reservation_to_another_connector(lab: Lab):
    reserve(lab, 1, connector_id=1)
    assert reserve(lab, 1, connector_id=2) == "Accepted"
    assert lab.statuses(1) == ["Reserved", "Available"]
    assert lab.statuses(2) == ["Reserved"]


def test_reservation_that_cannot_be_moved_stays_where_it_is(lab: Lab):
    reserve(lab, 1, connector_id=1)
    lab.plug(2)
    assert reserve(lab, 1, connector_id=2) == "Occupied"
    assert lab.status(1) == "Reserved"


@pytest.mark.requirement("RSV-19")
def test_cancelled_reservation_frees_the_connector(lab: Lab):
    reserve(lab, 7)
    assert cancel(lab, 8) == "Rejected"
    assert cancel(lab, 7) == "Accepted"
    assert lab.statuses(1) == ["Reserved", "Available"]
    assert cancel(lab, 7) == "Rejected"


# ---- who is let in


@pytest.mark.requirement("RSV-11", "AUT-07")
def test_other_tags_are_refused_without_asking_anybody(lab: Lab):
    reserve(lab)
    lab.charge(1, OTHER_TAG)
    assert not started(lab, 1)
    assert not lab.requests(Authorize)
    assert lab.statuses(1) == ["Reserved"]
    notices = [one.text for one in lab.intents if isinstance(one, Notice)]
    assert f"tag {OTHER_TAG} starts nothing: what is free is reserved for others" in notices


@pytest.mark.requirement("RSV-15", "RSV-17", "TXS-03", "TXS-13")
def test_reserved_tag_starts_with_the_number_of_the_reservation(lab: Lab):
    reserve(lab, 42)
    lab.tag(TAG.lower(), 1)
    assert lab.requests(Authorize)
    lab.plug(1)
    assert lab.last(StartTransaction).reservation_id == 42
    assert lab.statuses(1) == ["Reserved", "Preparing", "Charging"]


@pytest.mark.requirement("RSV-14")
def test_reservation_ends_with_the_start_of_the_transaction(lab: Lab):
    reserve(lab, 42)
    lab.tag(TAG, 1)
    lab.plug(1)
    assert cancel(lab, 42) == "Rejected"
    lab.tag(TAG, 1)
    lab.unplug(1)
    assert lab.statuses(1)[-1] == "Available"
    lab.charge(1, OTHER_TAG)
    assert lab.last(StartTransaction).reservation_id is UNSET


def test_plug_before_the_tag_does_not_lift_the_reservation(lab: Lab):
    reserve(lab, 42)
    lab.plug(1)
    assert lab.statuses(1) == ["Reserved"]
    lab.unplug(1)
    assert lab.statuses(1) == ["Reserved"]
    lab.charge(1)
    assert lab.statuses(1) == ["Reserved", "Preparing", "Charging"]
    assert lab.last(StartTransaction).reservation_id == 42


def test_one_reader_serves_the_holder_at_the_reserved_connector_and_others_at_the_free_one(lab: Lab):
    reserve(lab, 42, connector_id=2)
    lab.tag(OTHER_TAG)
    assert (lab.status(1), lab.status(2)) == ("Preparing", "Reserved")
    lab.tag(TAG)
    assert (lab.status(1), lab.status(2)) == ("Preparing", "Preparing")


def test_one_reader_sends_the_holder_to_the_reserved_connector_even_if_another_is_free(lab: Lab):
    reserve(lab, 42, connector_id=2)
    lab.tag(TAG)
    assert (lab.status(1), lab.status(2)) == ("Available", "Preparing")


def test_holder_who_does_not_plug_in_keeps_the_reservation(lab: Lab):
    reserve(lab, 42)
    lab.tag(TAG, 1)
    lab.run(60)
    assert lab.statuses(1) == ["Reserved", "Preparing", "Available", "Reserved"]
    lab.tag(TAG, 1)
    lab.tag(TAG, 1)
    assert lab.status(1) == "Reserved"
    assert cancel(lab, 42) == "Accepted"
    assert lab.status(1) == "Available"


@pytest.mark.requirement("RSV-11", "RSV-13", "GEN-14")
def test_group_is_let_in_as_the_central_system_knows_it(lab: Lab):
    reserve(lab, 42, parent="FLEET")
    lab.tags = {GROUP_TAG: tag_info(parent="fleet"), "FLEET": tag_info()}
    for foreign in (OTHER_TAG, "FLEET"):
        lab.charge(1, foreign)
        lab.unplug(1)
    assert len(lab.requests(Authorize)) == 2
    assert not started(lab, 1)
    lab.charge(1, GROUP_TAG)
    assert lab.last(Authorize).id_tag == GROUP_TAG
    assert lab.last(StartTransaction).reservation_id == 42


@pytest.mark.requirement("RSV-12", "RSV-13")
@pytest.mark.parametrize(("listed_parent", "asked"), [("FLEET", False), (None, True)])
def test_group_known_from_the_list_needs_no_question(lab: Lab, listed_parent: str | None, asked: bool):
    entry = AuthorizationData(id_tag=GROUP_TAG, id_tag_info=tag_info(parent=listed_parent))
    lab.ask(SendLocalList(list_version=1, update_type=UpdateType.FULL, local_authorization_list=[entry]))
    lab.set("LocalPreAuthorize", "true")
    lab.tags = {GROUP_TAG: tag_info(parent="FLEET")}
    reserve(lab, 42, parent="FLEET")
    lab.charge(1, GROUP_TAG)
    assert bool(lab.requests(Authorize)) is asked
    assert lab.last(StartTransaction).reservation_id == 42


@pytest.mark.requirement("RSV-11")
@pytest.mark.parametrize("authorize", ["true", "false"])
def test_remote_start_goes_by_the_reservation_too(lab: Lab, authorize: str):
    lab.set("AuthorizeRemoteTxRequests", authorize)
    reserve(lab, 42)
    refused = lab.ask(RemoteStartTransaction(connector_id=1, id_tag=OTHER_TAG))
    assert refused.status == "Rejected"
    accepted = lab.ask(RemoteStartTransaction(connector_id=1, id_tag=TAG))
    assert accepted.status == "Accepted"
    lab.plug(1)
    assert lab.last(StartTransaction).reservation_id == 42


def test_reservation_holds_without_the_central_system(lab: Lab):
    lab.set("AllowOfflineTxForUnknownId", "true")
    reserve(lab, 42)
    lab.disconnect()
    lab.charge(1, OTHER_TAG)
    assert not lab.energized(1)
    lab.tag(TAG, 1)
    assert lab.energized(1)
    lab.connect()
    assert lab.last(StartTransaction).reservation_id == 42


# ---- connector 0


@pytest.mark.requirement("RSV-09", "RSV-10")
def test_any_connector_reserved_keeps_the_last_free_one_from_others(lab: Lab):
    assert reserve(lab, 42, connector_id=0) == "Accepted"
    assert lab.names() == []
    lab.charge(1, OTHER_TAG)
    assert started(lab, 1)
    lab.charge(2, GROUP_TAG)
    assert not started(lab, 2)
    lab.tag(TAG, 2)
    assert lab.last(StartTransaction).reservation_id == 42


@pytest.mark.requirement("RSV-10")
def test_vehicle_without_a_tag_on_the_other_connector_does_not_count_as_free(lab: Lab):
    reserve(lab, 42, connector_id=0)
    lab.plug(2)
    lab.charge(1, OTHER_TAG)
    assert not started(lab, 1)
    lab.unplug(2)
    lab.tag(OTHER_TAG, 1)
    assert started(lab, 1)


@pytest.mark.requirement("RSV-14", "RSV-15")
def test_any_connector_ends_the_reservation_of_connector_0(lab: Lab):
    reserve(lab, 42, connector_id=0)
    lab.charge(2, TAG)
    assert lab.last(StartTransaction).reservation_id == 42
    assert cancel(lab, 42) == "Rejected"
    lab.charge(1, OTHER_TAG)
    assert started(lab, 1)


@pytest.mark.requirement("RSV-05", "RSV-10")
def test_no_more_is_promised_than_there_is(lab: Lab):
    assert reserve(lab, 1, connector_id=0) == "Accepted"
    assert reserve(lab, 2, connector_id=2) == "Accepted"
    assert reserve(lab, 3, connector_id=0) == "Occupied"
    assert reserve(lab, 4, connector_id=1) == "Occupied"
    assert reserve(lab, 1, connector_id=1) == "Accepted"


@pytest.mark.requirement("RSV-05", "RSV-06")
def test_connector_0_answers_for_all_connectors(lab: Lab):
    lab.plug(1)
    lab.plug(2)
    assert reserve(lab, connector_id=0) == "Occupied"
    lab.unplug(1)
    lab.unplug(2)
    fault(lab, 1)
    assert reserve(lab, connector_id=0) == "Accepted"
    fault(lab, 2)
    assert reserve(lab, 2, connector_id=0) == "Faulted"
    for connector_id in (1, 2):
        lab.do(FaultCleared(connector_id))
        withdraw(lab, connector_id)
    assert reserve(lab, 2, connector_id=0) == "Unavailable"


def test_one_connector_reserved_as_any_is_there_for_its_holder(single: Lab):
    reserve(single, 42, connector_id=0)
    single.charge(1, OTHER_TAG)
    assert not started(single, 1)
    single.tag(TAG)
    assert single.last(StartTransaction).reservation_id == 42


# ---- the end


@pytest.mark.requirement("RSV-14", "RSV-16")
def test_reservation_expires_to_the_second(lab: Lab):
    reserve(lab, 42, minutes=11)
    expires_at = lab.moment.utc + timedelta(minutes=11)
    lab.run(659)
    assert lab.statuses(1) == ["Reserved"]
    lab.run(60)
    assert lab.statuses(1) == ["Reserved", "Available"]
    assert lab.last(StatusNotification).timestamp == expires_at
    assert cancel(lab, 42) == "Rejected"
    lab.charge(1, OTHER_TAG)
    assert started(lab, 1)


@pytest.mark.requirement("RSV-16")
def test_vehicle_that_waits_at_an_expired_reservation_begins_its_use(lab: Lab):
    reserve(lab, 42, minutes=10)
    lab.plug(1)
    lab.run(600)
    assert lab.statuses(1) == ["Reserved", "Available", "Preparing"]
    lab.tag(OTHER_TAG, 1)
    assert started(lab, 1)


@pytest.mark.requirement("RSV-14")
@pytest.mark.parametrize("connector_id", [0, 1])
def test_fault_ends_the_reservation(lab: Lab, connector_id: int):
    reserve(lab, 42)
    fault(lab, connector_id)
    assert cancel(lab, 42) == "Rejected"
    lab.do(FaultCleared(connector_id))
    assert lab.status(1) == "Available"


@pytest.mark.requirement("RSV-14")
@pytest.mark.parametrize("connector_id", [0, 1])
def test_taking_out_of_service_ends_the_reservation(lab: Lab, connector_id: int):
    reserve(lab, 42)
    withdraw(lab, connector_id)
    assert lab.statuses(1) == ["Reserved", "Unavailable"]
    assert cancel(lab, 42) == "Rejected"
    lab.ask(ChangeAvailability(connector_id=connector_id, type=AvailabilityType.OPERATIVE))
    assert lab.status(1) == "Available"


def test_mere_warning_does_not_end_the_reservation(lab: Lab):
    reserve(lab, 42)
    lab.do(FaultRaised(connector_id=1, error_code=ChargePointErrorCode.WEAK_SIGNAL, blocking=False))
    assert cancel(lab, 42) == "Accepted"


def test_reservation_survives_a_reset(lab: Lab):
    reserve(lab, 42)
    lab.ask(Reset(type=ResetType.SOFT))
    lab.disconnect()
    lab.do(PoweredUp())
    lab.connect()
    assert lab.statuses(1)[-1] == "Reserved"
    lab.charge(1)
    assert lab.last(StartTransaction).reservation_id == 42


def test_reservation_outlives_a_loss_of_power(lab: Lab):
    reserve(lab, 41, connector_id=0, tag=OTHER_TAG)
    reserve(lab, 42, parent="FLEET")
    lab.disconnect()
    lab.lose_power(outage_s=60)
    lab.connect()
    assert (lab.statuses(1)[-1], lab.statuses(2)[-1]) == ("Reserved", "Available")
    lab.charge(1, TAG)
    assert lab.last(StartTransaction).reservation_id == 42
    assert cancel(lab, 41) == "Accepted"
    assert reserve(lab, 43, connector_id=2) == "Accepted"
    lab.disconnect()
    lab.lose_power()
    lab.connect()
    assert cancel(lab, 42) == "Rejected"
    assert cancel(lab, 43) == "Accepted"


def test_reservation_that_expires_while_the_power_is_out_is_gone(lab: Lab):
    reserve(lab, 42, minutes=10)
    lab.disconnect()
    lab.lose_power(outage_s=900)
    lab.connect()
    assert lab.status(1) == "Available"
    assert cancel(lab, 42) == "Rejected"


# ---- whatever happens

numbers = st.integers(1, 3)
tags = st.sampled_from([TAG, OTHER_TAG, GROUP_TAG])
spots = st.integers(1, 2)
steps = st.one_of(
    st.tuples(st.just("reserve"), numbers, st.integers(0, 2), tags, st.sampled_from([None, "FLEET"])),
    st.tuples(st.just("cancel"), numbers),
    st.tuples(st.just("plug"), spots),
    st.tuples(st.just("unplug"), spots),
    st.tuples(st.just("tag"), tags, st.none() | spots),
    st.tuples(st.just("fault"), st.integers(0, 2)),
    st.tuples(st.just("repair"), st.integers(0, 2)),
    st.tuples(st.just("available"), st.integers(0, 2), st.booleans()),
    st.tuples(st.just("time"), st.sampled_from([30, 90, 700])),
    st.tuples(
        st.just("power"),
    ),
)


def take(lab: Lab, step: Any) -> None:
    match step:
        case "reserve", number, connector_id, tag, parent:
            reserve(lab, number, connector_id, tag, parent=parent)
        case "cancel", number:
            cancel(lab, number)
        case "plug", connector_id:
            lab.plug(connector_id)
        case "unplug", connector_id:
            lab.unplug(connector_id)
        case "tag", tag, connector_id:
            lab.tag(tag, connector_id)
        case "fault", connector_id:
            fault(lab, connector_id)
        case "repair", connector_id:
            lab.do(FaultCleared(connector_id))
        case "available", connector_id, operative:
            kind = AvailabilityType.OPERATIVE if operative else AvailabilityType.INOPERATIVE
            lab.ask(ChangeAvailability(connector_id=connector_id, type=kind))
        case "time", seconds:
            lab.run(seconds)
        case ("power",):
            for connector in lab.core.connectors.outlets:
                with suppress(ImpossibleHappening):
                    lab.unplug(connector.id)
            lab.disconnect()
            lab.lose_power()
            lab.connect()


@given(st.lists(steps, max_size=25))
def test_whatever_happens_reserved_is_shown_where_a_reservation_waits(taken: list[Any]):
    lab = Lab().boot()
    lab.tags = {GROUP_TAG: tag_info(parent="FLEET")}
    for step in taken:
        with suppress(ImpossibleHappening):
            take(lab, step)
        for connector in lab.core.connectors.outlets:
            waiting = connector.reservation is not None and connector.permission is None
            assert (connector.status == "Reserved") is (waiting and connector.transaction is None)
            if connector.reservation is not None:
                assert connector.reservation.expires_at > lab.moment.utc
                assert not connector.is_blocked
                assert connector.transaction is None
        assert lab.core.bench.timers.is_running(Timer.RESERVATION) is (len(lab.core.reservations) > 0)
