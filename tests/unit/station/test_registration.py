"""Boot and heartbeat (OCPP 1.6, 4.2 and 4.6; OCPP-J 1.6, 5.4)."""

from datetime import timedelta

import pytest
from tests.unit.station.station_lab import Lab

from voltline.messages import (
    BootNotification,
    ChangeConfiguration,
    GetConfiguration,
    Heartbeat,
    MessageTrigger,
    RegistrationStatus,
    RemoteStartTransaction,
    StartTransaction,
    StatusNotification,
    TriggerMessage,
    TriggerMessageStatus,
)
from voltline.station.core.happenings import Answered, LinkUp, PoweredUp, SettingChanged, TagPresented
from voltline.station.core.intents import StaySilent
from voltline.station.core.registration import DAY_S, OWN_WAIT_S, Standing


def fresh(status: RegistrationStatus, interval_s: int = 60) -> Lab:
    lab = Lab()
    lab.boot_status = status
    lab.interval_s = interval_s
    return lab.boot()


@pytest.mark.requirement("BOO-01", "BOO-02")
def test_boot_is_announced_first_and_nothing_else_leaves_before_its_answer():
    lab = Lab()
    with lab.held():
        lab.boot()
        lab.run(20)
        assert lab.names() == ["BootNotification"]
    assert lab.names() == ["BootNotification", *["StatusNotification"] * 3]


@pytest.mark.requirement("BOO-06")
def test_acceptance_is_followed_by_the_status_of_every_connector():
    lab = fresh(RegistrationStatus.ACCEPTED)
    reported = [(one.connector_id, str(one.status)) for one in lab.requests(StatusNotification)]
    assert reported == [(0, "Available"), (1, "Available"), (2, "Available")]


@pytest.mark.requirement("BOO-04", "HBT-01")
def test_accepted_interval_is_the_heartbeat_interval():
    lab = fresh(RegistrationStatus.ACCEPTED, interval_s=40)
    (key,) = lab.ask(GetConfiguration(key=["HeartbeatInterval"])).configuration_key
    assert key.value == "40"
    lab.run(39)
    assert not lab.requests(Heartbeat)
    lab.run(82)
    assert len(lab.requests(Heartbeat)) == 3


@pytest.mark.requirement("BOO-04")
def test_an_interval_of_zero_leaves_the_heartbeat_interval_as_it_was():
    lab = fresh(RegistrationStatus.ACCEPTED, interval_s=0)
    lab.run(299)
    assert not lab.requests(Heartbeat)
    lab.run(1)
    assert len(lab.requests(Heartbeat)) == 1


@pytest.mark.requirement("BOO-07", "BOO-09")
@pytest.mark.parametrize("status", [RegistrationStatus.PENDING, RegistrationStatus.REJECTED])
def test_boot_is_not_repeated_before_the_interval_is_over(status: RegistrationStatus):
    lab = fresh(status, interval_s=60)
    lab.run(59)
    assert len(lab.requests(BootNotification)) == 1
    lab.boot_status = RegistrationStatus.ACCEPTED
    lab.run(1)
    assert len(lab.requests(BootNotification)) == 2
    assert lab.core.registration.online


@pytest.mark.requirement("BOO-07")
def test_the_wait_outlives_the_connection():
    lab = fresh(RegistrationStatus.REJECTED, interval_s=60)
    lab.disconnect()
    lab.run(10)
    lab.connect()
    assert len(lab.requests(BootNotification)) == 1
    lab.run(50)
    assert len(lab.requests(BootNotification)) == 2


@pytest.mark.requirement("BOO-08")
def test_without_an_interval_the_station_waits_for_a_while_of_its_own():
    lab = fresh(RegistrationStatus.PENDING, interval_s=0)
    lab.run(OWN_WAIT_S - 1)
    assert len(lab.requests(BootNotification)) == 1
    lab.run(1)
    assert len(lab.requests(BootNotification)) == 2


@pytest.mark.requirement("BOO-10", "BOO-11")
def test_rejected_station_neither_sends_nor_answers():
    lab = fresh(RegistrationStatus.REJECTED, interval_s=60)
    lab.plug()
    assert isinstance(lab.ask(GetConfiguration()), StaySilent)
    assert lab.names() == ["BootNotification"]


@pytest.mark.requirement("BOO-16", "BOO-17")
def test_pending_station_answers_but_sends_only_what_is_triggered():
    lab = fresh(RegistrationStatus.PENDING, interval_s=600)
    lab.plug()
    assert lab.ask(GetConfiguration()).configuration_key
    assert lab.ask(ChangeConfiguration(key="ConnectionTimeOut", value="90")).status == "Accepted"
    lab.run(100)
    assert lab.names() == ["BootNotification"]
    trigger = TriggerMessage(requested_message=MessageTrigger.STATUS_NOTIFICATION, connector_id=1)
    assert lab.ask(trigger).status == TriggerMessageStatus.ACCEPTED
    assert lab.names() == ["BootNotification", "StatusNotification"]


@pytest.mark.requirement("BOO-09", "TRG-02")
def test_pending_station_boots_earlier_when_it_is_triggered():
    lab = fresh(RegistrationStatus.PENDING, interval_s=600)
    lab.boot_status = RegistrationStatus.ACCEPTED
    trigger = TriggerMessage(requested_message=MessageTrigger.BOOT_NOTIFICATION)
    assert lab.ask(trigger).status == TriggerMessageStatus.ACCEPTED
    assert lab.core.registration.online


@pytest.mark.requirement("BOO-18")
def test_pending_station_takes_no_remote_start():
    lab = fresh(RegistrationStatus.PENDING)
    assert lab.ask(RemoteStartTransaction(id_tag="APP-1", connector_id=1)).status == "Rejected"


@pytest.mark.requirement("BOO-20")
def test_accepted_station_refuses_to_boot_on_demand_until_it_reconnects(lab: Lab):
    trigger = TriggerMessage(requested_message=MessageTrigger.BOOT_NOTIFICATION)
    assert lab.ask(trigger).status == TriggerMessageStatus.REJECTED
    lab.disconnect()
    lab.connect()
    assert lab.ask(trigger).status == TriggerMessageStatus.ACCEPTED
    assert len(lab.requests(BootNotification)) == 1


@pytest.mark.requirement("BOO-24", "AUT-01")
def test_station_that_was_never_accepted_starts_nothing():
    lab = fresh(RegistrationStatus.PENDING)
    lab.set("AllowOfflineTxForUnknownId", "true")
    lab.plug()
    lab.do(TagPresented("04A1"))
    assert lab.core.connectors.outlet(1).transaction is None
    assert not lab.energized()


@pytest.mark.requirement("WSC-11")
def test_reconnecting_is_not_booting(lab: Lab):
    lab.disconnect()
    lab.run(100)
    lab.connect()
    assert lab.names() == []


@pytest.mark.requirement("BOO-02")
def test_unanswered_boot_is_repeated_on_the_next_connection():
    lab = Lab()
    lab.holding = True
    lab.boot()
    lab.disconnect()
    lab.holding = False
    lab.connect()
    assert lab.names()[:2] == ["BootNotification"] * 2
    assert lab.core.registration.standing is Standing.ACCEPTED


def test_boot_that_is_refused_with_an_error_is_tried_again_after_a_while():
    lab = Lab()
    lab.failures = [BootNotification]
    lab.boot()
    lab.failures = []
    lab.run(OWN_WAIT_S)
    assert lab.core.registration.online


def test_answer_of_an_earlier_connection_is_ignored():
    lab = Lab()
    lab.holding = True
    lab.boot()
    late = lab.waiting[0]
    lab.disconnect()
    lab.connect()
    lab.do(Answered(late.number, lab.response_to(late.request)))
    assert not lab.core.registration.online
    lab.holding = False
    lab.answer(lab.waiting[-1])
    assert lab.core.registration.online


@pytest.mark.requirement("HBT-02")
def test_heartbeat_waits_while_other_messages_go_out(lab: Lab):
    lab.set("MeterValueSampleInterval", "200")
    lab.charge()
    lab.run(1900)
    assert not lab.requests(Heartbeat)


@pytest.mark.requirement("HBT-06")
def test_one_heartbeat_a_day_goes_out_whatever_the_traffic(lab: Lab):
    lab.set("MeterValueSampleInterval", "200")
    lab.charge()
    lab.run(DAY_S)
    assert len(lab.requests(Heartbeat)) == 1


@pytest.mark.requirement("BOO-05", "HBT-04")
def test_clock_follows_the_central_system(lab: Lab):
    shift = timedelta(hours=3)
    real = lab.response_to

    def shifted(request):
        response = real(request)
        if isinstance(request, Heartbeat):
            return type(response)(current_time=response.current_time + shift)
        return response

    lab.response_to = shifted
    lab.run(300)
    lab.plug()
    assert lab.last(StatusNotification).timestamp == lab.moment.utc + shift


@pytest.mark.requirement("CFG-02")
def test_heartbeat_interval_takes_effect_at_once(lab: Lab):
    assert lab.set("HeartbeatInterval", "10") == "Accepted"
    lab.run(31)
    assert len(lab.requests(Heartbeat)) == 3


def test_no_heartbeat_is_sent_offline(lab: Lab):
    lab.disconnect()
    lab.run(3000)
    assert lab.names() == []
    lab.connect()
    lab.run(1)
    assert lab.names() == ["Heartbeat"]


def test_link_before_power_waits_for_power():
    lab = Lab()
    lab.do(LinkUp())
    assert lab.names() == []
    lab.do(PoweredUp())
    assert lab.names()[0] == "BootNotification"


@pytest.mark.requirement("GEN-08", "GEN-10", "BOO-06")
@pytest.mark.parametrize("connectors", [1, 2, 5])
def test_connectors_are_numbered_from_1_without_gaps_and_0_is_the_station(connectors: int):
    lab = Lab(connectors=connectors).boot()
    told = [one.connector_id for one in lab.requests(StatusNotification)]
    assert told == list(range(connectors + 1))
    (key,) = lab.ask(GetConfiguration(key=["NumberOfConnectors"])).configuration_key
    assert int(key.value) == connectors


@pytest.mark.requirement("BOO-23", "BOO-24")
@pytest.mark.parametrize("allowed", [True, False])
def test_operator_decides_whether_to_serve_before_the_first_acceptance(allowed: bool):
    lab = fresh(RegistrationStatus.REJECTED, interval_s=60)
    lab.do(SettingChanged("AllowOfflineTxForUnknownId", "true"))
    lab.do(SettingChanged("TxBeforeAcceptedEnabled", "true" if allowed else "false"))
    lab.charge()
    assert lab.energized() is allowed
    lab.boot_status = RegistrationStatus.ACCEPTED
    lab.run(60)
    assert bool(lab.requests(StartTransaction)) is allowed


@pytest.mark.requirement("BOO-25")
def test_station_may_be_unavailable_until_it_is_first_accepted():
    lab = Lab()
    lab.boot_status = RegistrationStatus.PENDING
    lab.do(SettingChanged("UnavailableBeforeAccepted", "true"))
    lab.boot()
    lab.plug(2)
    assert (lab.status(1), lab.status(2)) == ("Unavailable", "Unavailable")
    lab.boot_status = RegistrationStatus.ACCEPTED
    lab.run(300)
    assert lab.statuses(1) == ["Unavailable", "Available"]
    assert lab.statuses(2) == ["Unavailable", "Preparing"]
    lab.lose_power()
    assert lab.status(1) == "Available"
