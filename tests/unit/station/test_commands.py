"""What the central system asks, one test a promise (OCPP 1.6, 5)."""

import pytest
from tests.unit.station.station_lab import TAG, Lab, tag_info

from voltline.messages import (
    ACTIONS,
    AuthorizationStatus,
    Authorize,
    AvailabilityType,
    BootNotification,
    CertificateSigned,
    ChangeAvailability,
    ChargePointErrorCode,
    ChargingProfile,
    ChargingProfileKind,
    ChargingProfilePurpose,
    ChargingRateUnit,
    ChargingSchedule,
    ChargingSchedulePeriod,
    DataTransfer,
    ErrorCode,
    FeatureProfile,
    Heartbeat,
    MessageTrigger,
    MeterValues,
    Reason,
    RemoteStartTransaction,
    RemoteStopTransaction,
    Reset,
    ResetType,
    Side,
    StartTransaction,
    StatusNotification,
    StopTransaction,
    TriggerMessage,
    UnlockConnector,
)
from voltline.messages.examples import EXAMPLES
from voltline.station.core.commands import SERVED
from voltline.station.core.happenings import (
    CablePlugged,
    FaultCleared,
    FaultRaised,
    ImpossibleHappening,
    PoweredUp,
    TagPresented,
    VehicleUnplugged,
)
from voltline.station.core.hardware import ALL_PROFILES, Outlet
from voltline.station.core.intents import Answer, Reboot, Refuse, Send


def profile(purpose: str = "TxProfile", **more: object) -> ChargingProfile:
    schedule = ChargingSchedule(
        charging_rate_unit=ChargingRateUnit.A,
        charging_schedule_period=[ChargingSchedulePeriod(start_period=0, limit=10.0)],
    )
    return ChargingProfile(
        charging_profile_id=1,
        stack_level=0,
        charging_profile_purpose=ChargingProfilePurpose(purpose),
        charging_profile_kind=ChargingProfileKind.RELATIVE,
        charging_schedule=schedule,
        **more,
    )


# ---- which requests are served


@pytest.mark.requirement("PRF-01")
def test_every_core_request_is_served():
    core = {
        action.request
        for action in ACTIONS.values()
        if action.profile == "Core" and Side.CENTRAL_SYSTEM in action.sent_by
    }
    assert core <= SERVED


@pytest.mark.requirement("FRM-25", "PRF-02")
def test_known_request_that_is_not_supported_is_refused_as_such(lab: Lab):
    refusal = lab.ask(CertificateSigned(certificate_chain="none"))
    assert isinstance(refusal, Refuse)
    assert refusal.code is ErrorCode.NOT_SUPPORTED


@pytest.mark.requirement("DTR-04")
def test_data_of_an_unknown_vendor_is_told_so(lab: Lab):
    response = lab.ask(DataTransfer(vendor_id="com.example", data="x" * 10_000))
    assert response.status == "UnknownVendorId"


# ---- remote start and stop


@pytest.mark.requirement("RTX-01", "RTX-03", "RTX-05")
def test_remote_start_is_answered_first_and_starts_without_asking(lab: Lab):
    lab.plug()
    lab.forget()
    assert lab.ask(RemoteStartTransaction(id_tag="APP-user@1", connector_id=1)).status == "Accepted"
    assert lab.last(StartTransaction).id_tag == "APP-user@1"
    assert not lab.requests(Authorize)
    kinds = [type(one) for one in lab.intents if isinstance(one, Answer | Send)]
    assert kinds[:2] == [Answer, Send]


@pytest.mark.requirement("RTX-02")
def test_remote_start_asks_first_when_so_configured(lab: Lab):
    lab.set("AuthorizeRemoteTxRequests", "true")
    lab.tags = {"APP-2": tag_info(AuthorizationStatus.BLOCKED)}
    lab.plug()
    assert lab.ask(RemoteStartTransaction(id_tag="APP-2", connector_id=1)).status == "Accepted"
    assert lab.last(Authorize).id_tag == "APP-2"
    assert not lab.requests(StartTransaction)
    lab.ask(RemoteStartTransaction(id_tag="APP-3", connector_id=1))
    assert lab.last(StartTransaction).id_tag == "APP-3"


@pytest.mark.requirement("RTX-07")
def test_remote_start_without_connector_takes_the_plugged_one(lab: Lab):
    lab.plug(2)
    lab.ask(RemoteStartTransaction(id_tag=TAG))
    assert lab.last(StartTransaction).connector_id == 2


@pytest.mark.requirement("RTX-15")
def test_remote_start_without_cable_waits_for_it_and_gives_up(lab: Lab):
    assert lab.ask(RemoteStartTransaction(id_tag=TAG, connector_id=1)).status == "Accepted"
    lab.run(60)
    assert lab.statuses() == ["Preparing", "Available"]
    assert not lab.requests(StartTransaction)


@pytest.mark.requirement("RTX-06")
@pytest.mark.parametrize("connector_id", [-1, 0, 3])
def test_remote_start_on_no_connector_is_rejected(lab: Lab, connector_id: int):
    request = RemoteStartTransaction(id_tag=TAG, connector_id=connector_id)
    assert lab.ask(request).status == "Rejected"


def test_remote_start_is_rejected_where_nothing_can_start(lab: Lab):
    lab.charge(1)
    assert lab.ask(RemoteStartTransaction(id_tag="B", connector_id=1)).status == "Rejected"
    lab.do(FaultRaised(connector_id=2, error_code=ChargePointErrorCode.GROUND_FAILURE))
    assert lab.ask(RemoteStartTransaction(id_tag="B", connector_id=2)).status == "Rejected"
    assert lab.ask(RemoteStartTransaction(id_tag="B")).status == "Rejected"
    lab.do(FaultCleared(2))
    assert lab.ask(RemoteStartTransaction(id_tag="B")).status == "Accepted"


@pytest.mark.requirement("RTX-08", "RTX-12")
def test_profile_of_a_remote_start_is_ignored_without_smart_charging(lab: Lab):
    lab.plug()
    request = RemoteStartTransaction(id_tag=TAG, connector_id=1, charging_profile=profile())
    assert lab.ask(request).status == "Accepted"
    assert lab.requests(StartTransaction)


@pytest.mark.requirement("RTX-09", "RTX-10")
def test_profile_that_does_not_fit_a_remote_start_rejects_it(lab: Lab):
    for wrong in (profile("TxDefaultProfile"), profile(transaction_id=4)):
        request = RemoteStartTransaction(id_tag=TAG, connector_id=1, charging_profile=wrong)
        assert lab.ask(request).status == "Rejected"


@pytest.mark.requirement("RTX-13", "RTX-14", "TXE-26", "TXE-11")
def test_remote_stop_ends_the_transaction_and_frees_the_cable(lab: Lab):
    lab.charge()
    assert lab.ask(RemoteStopTransaction(transaction_id=99)).status == "Rejected"
    assert not lab.requests(StopTransaction)
    assert lab.ask(RemoteStopTransaction(transaction_id=1)).status == "Accepted"
    assert lab.last(StopTransaction).reason == Reason.REMOTE
    assert not lab.locked()
    assert lab.ask(RemoteStopTransaction(transaction_id=1)).status == "Rejected"


# ---- unlock


@pytest.mark.requirement("ULK-03", "ULK-04", "TXE-28")
def test_unlocking_ends_the_transaction_first(lab: Lab):
    lab.charge()
    assert lab.ask(UnlockConnector(connector_id=1)).status == "Unlocked"
    assert lab.last(StopTransaction).reason == Reason.UNLOCK_COMMAND
    assert not lab.locked()
    lab.unplug()


@pytest.mark.requirement("ULK-05")
def test_what_has_no_lock_cannot_be_unlocked(lab: Lab):
    for connector_id in (0, 99):
        assert lab.ask(UnlockConnector(connector_id=connector_id)).status == "NotSupported"
    tethered = Lab(outlet=Outlet.TETHERED).boot()
    assert tethered.ask(UnlockConnector(connector_id=1)).status == "NotSupported"


# ---- reset


@pytest.mark.requirement("RST-02", "RST-03", "RST-04", "TXE-03", "TXE-25")
def test_soft_reset_stops_transactions_then_reboots(lab: Lab):
    lab.charge(1)
    lab.charge(2, "OTHER")
    lab.forget()
    with lab.held():
        assert lab.ask(Reset(type=ResetType.SOFT)).status == "Accepted"
        assert lab.rebooted is None
    stops = lab.requests(StopTransaction)
    assert [one.reason for one in stops] == [Reason.SOFT_RESET] * 2
    assert isinstance(lab.intents[0], Answer) or Answer in map(type, lab.intents)
    assert lab.rebooted == Reboot(hard=False)
    order = [type(one) for one in lab.intents if isinstance(one, Answer | Send | Reboot)]
    assert order[0] is Answer
    assert order[-1] is Reboot


@pytest.mark.requirement("RST-05", "BOO-01", "TXE-25")
def test_hard_reset_does_not_wait_long_and_delivers_after_acceptance(lab: Lab):
    lab.charge()
    lab.holding = True
    lab.ask(Reset(type=ResetType.HARD))
    lab.run(5)
    assert lab.rebooted == Reboot(hard=True)
    lab.holding = False
    lab.disconnect()
    lab.forget()
    lab.boot()
    assert lab.names()[0] == "BootNotification"
    assert lab.last(StopTransaction).reason == Reason.HARD_RESET


@pytest.mark.requirement("RST-02")
def test_idle_station_reboots_at_once(lab: Lab):
    lab.ask(Reset(type=ResetType.SOFT))
    assert lab.rebooted == Reboot(hard=False)


def test_second_reset_while_one_is_on_its_way_is_rejected(lab: Lab):
    lab.charge()
    with lab.held():
        lab.ask(Reset(type=ResetType.SOFT))
        assert lab.ask(Reset(type=ResetType.HARD)).status == "Rejected"
        assert lab.ask(RemoteStartTransaction(id_tag=TAG, connector_id=2)).status == "Rejected"
        with pytest.raises(ImpossibleHappening, match="restarting"):
            lab.do(TagPresented(TAG, 2))


def test_vehicle_that_stays_begins_its_use_anew_after_the_reboot(lab: Lab):
    lab.charge()
    lab.ask(Reset(type=ResetType.SOFT))
    lab.disconnect()
    lab.forget()
    lab.boot()
    assert lab.statuses(1) == ["Preparing"]
    lab.tag()
    assert lab.requests(StartTransaction)


# ---- triggers


@pytest.mark.requirement("TRG-01", "TRG-05", "TRG-06", "TRG-07")
def test_triggered_status_comes_after_the_answer_for_all_or_the_one_asked(lab: Lab):
    lab.ask(TriggerMessage(requested_message=MessageTrigger.STATUS_NOTIFICATION))
    assert [one.connector_id for one in lab.requests(StatusNotification)] == [0, 1, 2]
    assert [type(one) for one in lab.intents][:2] == [Answer, Send]
    lab.forget()
    lab.ask(TriggerMessage(requested_message=MessageTrigger.STATUS_NOTIFICATION, connector_id=0))
    assert [one.connector_id for one in lab.requests(StatusNotification)] == [0]
    lab.ask(TriggerMessage(requested_message=MessageTrigger.HEARTBEAT, connector_id=1))
    assert lab.requests(Heartbeat)


@pytest.mark.requirement("TRG-08", "MTV-25", "MTV-08")
def test_triggered_meter_values_are_the_newest_of_the_configured_measurands(lab: Lab):
    lab.set("MeterValuesSampledData", "Current.Import,Energy.Active.Import.Register")
    lab.charge(1)
    lab.meter.wh[1] = 4321
    lab.forget()
    lab.ask(TriggerMessage(requested_message=MessageTrigger.METER_VALUES))
    first, second = lab.requests(MeterValues)
    assert (first.connector_id, first.transaction_id, second.connector_id) == (1, 1, 2)
    values = first.meter_value[0].sampled_value
    assert [one.value for one in values] == ["4321", "16.0", "16.0", "16.0"]
    assert {one.context for one in values} == {"Trigger"}


def test_reading_triggered_before_the_start_is_answered_waits_for_its_number(lab: Lab):
    lab.plug()
    lab.holding = True
    lab.ask(RemoteStartTransaction(id_tag=TAG, connector_id=1))
    lab.ask(TriggerMessage(requested_message=MessageTrigger.METER_VALUES, connector_id=1))
    lab.holding = False
    while lab.waiting:
        lab.answer(lab.waiting.pop(0))
    assert lab.last(MeterValues).transaction_id == 1


@pytest.mark.requirement("TRG-03")
@pytest.mark.parametrize("wanted", ["FirmwareStatusNotification", "DiagnosticsStatusNotification"])
def test_message_of_a_profile_that_is_missing_is_not_implemented(wanted: str):
    lab = Lab(profiles=(FeatureProfile.CORE, FeatureProfile.REMOTE_TRIGGER)).boot()
    assert lab.ask(TriggerMessage(requested_message=MessageTrigger(wanted))).status == "NotImplemented"


@pytest.mark.requirement("TRG-02")
def test_trigger_for_a_connector_that_is_none_is_rejected(lab: Lab):
    for wanted in (MessageTrigger.STATUS_NOTIFICATION, MessageTrigger.METER_VALUES):
        assert lab.ask(TriggerMessage(requested_message=wanted, connector_id=3)).status == "Rejected"


# ---- availability


@pytest.mark.requirement("AVL-02", "AVL-04", "AVL-05")
def test_free_connector_goes_out_of_service_at_once_and_back(lab: Lab):
    for _ in range(2):
        request = ChangeAvailability(connector_id=1, type=AvailabilityType.INOPERATIVE)
        assert lab.ask(request).status == "Accepted"
    lab.tag(TAG, 1)
    assert not lab.requests(Authorize)
    request = ChangeAvailability(connector_id=1, type=AvailabilityType.OPERATIVE)
    assert lab.ask(request).status == "Accepted"
    assert lab.statuses() == ["Unavailable", "Available"]


@pytest.mark.requirement("AVL-03", "STN-22")
def test_running_transaction_is_waited_for(lab: Lab):
    lab.charge()
    request = ChangeAvailability(connector_id=1, type=AvailabilityType.INOPERATIVE)
    assert lab.ask(request).status == "Scheduled"
    assert lab.status() == "Charging"
    lab.tag()
    lab.unplug()
    assert lab.statuses() == ["Preparing", "Charging", "Finishing", "Unavailable"]


@pytest.mark.requirement("AVL-06", "STN-02")
def test_connector_zero_means_all(lab: Lab):
    lab.charge(2)
    lab.forget()
    request = ChangeAvailability(connector_id=0, type=AvailabilityType.INOPERATIVE)
    assert lab.ask(request).status == "Scheduled"
    assert (lab.status(0), lab.status(1), lab.status(2)) == ("Available", "Unavailable", "Charging")
    lab.tag()
    lab.unplug(2)
    assert (lab.status(0), lab.status(1), lab.status(2)) == ("Unavailable",) * 3
    request = ChangeAvailability(connector_id=0, type=AvailabilityType.OPERATIVE)
    assert lab.ask(request).status == "Accepted"
    assert (lab.status(0), lab.status(1), lab.status(2)) == ("Available",) * 3


@pytest.mark.requirement("AVL-07", "STN-06", "RST-06")
def test_unavailable_survives_a_reset(lab: Lab):
    lab.ask(ChangeAvailability(connector_id=1, type=AvailabilityType.INOPERATIVE))
    lab.ask(Reset(type=ResetType.HARD))
    lab.disconnect()
    lab.forget()
    lab.boot()
    assert lab.statuses(1) == ["Unavailable"]
    assert lab.statuses(2) == ["Available"]


def test_preparing_leaves_by_way_of_available(lab: Lab):
    lab.plug()
    lab.ask(ChangeAvailability(connector_id=1, type=AvailabilityType.INOPERATIVE))
    assert lab.statuses() == ["Preparing", "Available", "Unavailable"]
    lab.ask(ChangeAvailability(connector_id=1, type=AvailabilityType.OPERATIVE))
    assert lab.statuses()[-1] == "Preparing"


def test_scheduled_withdrawal_outlasts_a_car_that_comes_before_the_cable_is_out(lab: Lab):
    lab.charge()
    lab.ask(ChangeAvailability(connector_id=1, type=AvailabilityType.INOPERATIVE))
    lab.tag()
    lab.do(VehicleUnplugged(1))
    lab.do(CablePlugged(1))
    assert lab.status() == "Preparing"
    lab.unplug()
    assert lab.statuses()[-3:] == ["Preparing", "Available", "Unavailable"]


def test_change_back_takes_the_schedule_away(lab: Lab):
    lab.charge()
    lab.ask(ChangeAvailability(connector_id=1, type=AvailabilityType.INOPERATIVE))
    lab.ask(ChangeAvailability(connector_id=1, type=AvailabilityType.OPERATIVE))
    lab.tag()
    lab.unplug()
    assert lab.statuses()[-1] == "Available"


def test_availability_of_an_unknown_connector_is_rejected(lab: Lab):
    request = ChangeAvailability(connector_id=3, type=AvailabilityType.OPERATIVE)
    assert lab.ask(request).status == "Rejected"


def test_boot_is_announced_after_every_power_up(lab: Lab):
    lab.do(PoweredUp())
    assert len(lab.requests(BootNotification)) == 1


# ---- profiles


@pytest.mark.requirement("PRF-02", "PRF-04", "PRF-05")
@pytest.mark.parametrize("missing", [one for one in ALL_PROFILES if one is not FeatureProfile.CORE])
def test_without_a_profile_only_its_actions_are_refused(missing: FeatureProfile):
    left = tuple(one for one in ALL_PROFILES if one is not missing)
    for action in ACTIONS.values():
        if Side.CENTRAL_SYSTEM not in action.sent_by or action.profile is FeatureProfile.SECURITY:
            continue
        answer = Lab(profiles=left).boot().ask(EXAMPLES[action.name][0])
        refused = isinstance(answer, Refuse) and answer.code is ErrorCode.NOT_SUPPORTED
        assert refused is (action.profile is missing), action.name


@pytest.mark.requirement("PRF-01")
def test_every_core_action_has_an_answer():
    for action in ACTIONS.values():
        if Side.CENTRAL_SYSTEM in action.sent_by and action.profile is FeatureProfile.CORE:
            answer = Lab().boot().ask(EXAMPLES[action.name][0])
            assert not isinstance(answer, Refuse), action.name


@pytest.mark.requirement("GEN-11", "AUT-02")
@pytest.mark.parametrize("id_tag", ["APP-user@1", "f", "#$%&'()*+,-./:;<=>?", "0x123 odd"])
def test_tag_may_be_any_text(lab: Lab, id_tag: str):
    lab.set("AuthorizeRemoteTxRequests", "true")
    lab.plug()
    assert lab.ask(RemoteStartTransaction(id_tag=id_tag, connector_id=1)).status == "Accepted"
    assert lab.last(Authorize).id_tag == id_tag
    assert lab.last(StartTransaction).id_tag == id_tag
    assert lab.energized()
