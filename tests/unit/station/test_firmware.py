"""A firmware update, from the order to the new version in BootNotification (OCPP 1.6, 4.5 and 5.19)."""

from datetime import timedelta
from typing import Any

import pytest
from tests.unit.station.station_lab import START, TAG, Lab

from voltline.messages import (
    AvailabilityType,
    BootNotification,
    ChangeAvailability,
    ExtendedMessageTrigger,
    ExtendedTriggerMessage,
    FirmwareStatusNotification,
    MessageTrigger,
    RegistrationStatus,
    RemoteStartTransaction,
    Reset,
    ResetType,
    SignedFirmwareStatusNotification,
    StatusNotification,
    StopTransaction,
    TriggerMessage,
    UpdateFirmware,
    UpdateFirmwareResponse,
)
from voltline.station.core.happenings import (
    InstallationEnded,
    PoweredUp,
    TransferEnded,
    TransferProgressed,
    TransferResult,
)
from voltline.station.core.intents import CancelTransfer, Download, Install, Notice

WHERE = "ftp://cp:secret@files.example:2121/fw-2.0.bin"


def order(lab: Lab, in_s: float = 0, **more: Any) -> Any:
    at = lab.moment.utc + timedelta(seconds=in_s)
    return lab.ask(UpdateFirmware(location=WHERE, retrieve_date=at, **more))


def downloads(lab: Lab) -> list[Download]:
    return [one for one in lab.intents if isinstance(one, Download)]


def installs(lab: Lab) -> int:
    return sum(isinstance(one, Install) for one in lab.intents)


def told(lab: Lab) -> list[str]:
    return [str(one.status) for one in lab.requests(FirmwareStatusNotification)]


def fetched(lab: Lab) -> None:
    """The newest download comes to a good end."""
    lab.do(TransferEnded(downloads(lab)[-1].number, TransferResult.DONE))


def not_fetched(lab: Lab, result: TransferResult = TransferResult.FAILED) -> None:
    lab.do(TransferEnded(downloads(lab)[-1].number, result, "connection refused"))


def trigger(lab: Lab) -> str:
    wanted = MessageTrigger.FIRMWARE_STATUS_NOTIFICATION
    return str(lab.ask(TriggerMessage(requested_message=wanted)).status)


@pytest.mark.requirement("FWU-02", "FWU-04", "FWU-05", "FWU-06", "FWU-08")
def test_update_is_told_from_download_to_the_boot_of_the_new_version(lab: Lab):
    assert order(lab, in_s=-60) == UpdateFirmwareResponse()
    assert [one.location for one in downloads(lab)] == [WHERE]
    assert told(lab) == ["Downloading"]
    fetched(lab)
    assert told(lab) == ["Downloading", "Downloaded", "Installing"]
    assert installs(lab) == 1
    lab.do(InstallationEnded("2.0"))
    assert lab.rebooted is not None
    assert told(lab)[-1] == "Installing", "Installed is told by the new firmware"
    lab.forget()
    lab.disconnect()
    lab.do(PoweredUp())
    lab.connect()
    assert lab.names()[0] == "BootNotification"
    assert lab.last(BootNotification).firmware_version == "2.0"
    assert told(lab) == ["Installed"]
    assert {lab.status(number) for number in (0, 1, 2)} == {"Available"}


@pytest.mark.requirement("FWU-03", "FWU-04")
def test_nothing_is_fetched_before_the_time_given(lab: Lab):
    order(lab, in_s=3600)
    lab.run(3599)
    assert not downloads(lab)
    assert told(lab) == []
    lab.run(1)
    assert len(downloads(lab)) == 1
    assert told(lab) == ["Downloading"]


@pytest.mark.requirement("FWU-03")
def test_the_time_given_is_looked_up_on_the_clock_of_the_central_system(lab: Lab):
    # The station's clock runs an hour behind; the heartbeat's answer puts it right.
    order(lab, in_s=3600)
    lab.utc_shift = timedelta(hours=1)
    lab.ask(TriggerMessage(requested_message=MessageTrigger.HEARTBEAT))
    lab.run(1)
    assert len(downloads(lab)) == 1


@pytest.mark.requirement("FWU-10", "FWU-09")
def test_failed_download_is_tried_again_as_often_and_as_slowly_as_asked(lab: Lab):
    order(lab, retries=2, retry_interval=60)
    for _ in range(2):
        before = len(downloads(lab))
        not_fetched(lab)
        lab.run(59)
        assert len(downloads(lab)) == before
        lab.run(1)
        assert len(downloads(lab)) == before + 1
        assert downloads(lab)[-1].resume, "what was fetched need not be fetched again"
    assert told(lab) == ["Downloading"]
    not_fetched(lab)
    assert told(lab) == ["Downloading", "DownloadFailed"]
    lab.run(600)
    assert len(downloads(lab)) == 3


def test_a_protocol_that_the_station_lacks_is_not_tried_again(lab: Lab):
    order(lab, retries=5, retry_interval=1)
    not_fetched(lab, TransferResult.NOT_SUPPORTED)
    assert told(lab) == ["Downloading", "DownloadFailed"]
    lab.run(60)
    assert len(downloads(lab)) == 1


def test_without_retries_in_the_order_the_station_tries_four_times(lab: Lab):
    order(lab)
    for _ in range(3):
        not_fetched(lab)
        lab.run(30)
    not_fetched(lab)
    assert len(downloads(lab)) == 4
    assert told(lab)[-1] == "DownloadFailed"


@pytest.mark.requirement("FWU-07", "STN-07")
def test_installation_waits_for_the_session_and_free_connectors_are_closed_meanwhile(lab: Lab):
    lab.charge(1)
    lab.forget()
    order(lab)
    fetched(lab)
    assert told(lab) == ["Downloading", "Downloaded"]
    assert (lab.status(1), lab.status(2)) == ("Charging", "Unavailable")
    assert lab.statuses(2) == ["Unavailable"]
    lab.plug(2)
    assert lab.status(2) == "Unavailable"
    refused = lab.ask(RemoteStartTransaction(id_tag=TAG, connector_id=2))
    assert refused.status == "Rejected"
    assert installs(lab) == 0
    lab.tag(TAG, 1)
    assert lab.requests(StopTransaction)
    assert told(lab)[-1] == "Installing"
    assert installs(lab) == 1
    lab.unplug(1)
    assert lab.status(1) == "Unavailable"


@pytest.mark.requirement("FWU-07")
def test_connector_that_was_about_to_be_used_is_closed_by_the_table(lab: Lab):
    lab.plug(1)
    order(lab)
    fetched(lab)
    assert lab.statuses(1) == ["Preparing", "Available", "Unavailable"]


@pytest.mark.requirement("FWU-09")
def test_broken_image_is_told_and_drivers_are_served_again(lab: Lab):
    lab.plug(1)
    order(lab)
    fetched(lab)
    lab.do(InstallationEnded(problem="the file is empty"))
    assert told(lab)[-1] == "InstallationFailed"
    assert lab.rebooted is None
    assert (lab.status(1), lab.status(2)) == ("Preparing", "Available")


def test_what_was_taken_out_of_service_stays_so_after_a_failed_installation(lab: Lab):
    lab.ask(ChangeAvailability(connector_id=2, type=AvailabilityType.INOPERATIVE))
    order(lab)
    fetched(lab)
    lab.do(InstallationEnded(problem="broken"))
    assert (lab.status(1), lab.status(2)) == ("Available", "Unavailable")


def test_operative_while_the_firmware_waits_does_not_open_the_connector_before_it_is_over(lab: Lab):
    lab.charge(1)
    lab.ask(ChangeAvailability(connector_id=2, type=AvailabilityType.INOPERATIVE))
    order(lab)
    fetched(lab)
    lab.ask(ChangeAvailability(connector_id=2, type=AvailabilityType.OPERATIVE))
    assert lab.status(2) == "Unavailable"
    lab.tag(TAG, 1)
    lab.do(InstallationEnded(problem="broken"))
    assert lab.status(2) == "Available"


@pytest.mark.requirement("FWU-11", "TRG-10")
def test_idle_is_told_only_if_triggered_and_while_nothing_runs(lab: Lab):
    assert trigger(lab) == "Accepted"
    assert told(lab) == ["Idle"]
    order(lab)
    trigger(lab)
    assert told(lab) == ["Idle", "Downloading", "Downloading"]
    fetched(lab)
    trigger(lab)
    assert told(lab)[-1] == "Installing"
    lab.do(InstallationEnded(problem="broken"))
    trigger(lab)
    assert told(lab)[-2:] == ["InstallationFailed", "Idle"]


def test_scheduled_update_is_idle_for_a_trigger(lab: Lab):
    order(lab, in_s=100)
    trigger(lab)
    assert told(lab) == ["Idle"]


def test_trigger_is_answered_before_its_message(lab: Lab):
    with lab.held():
        trigger(lab)
        assert told(lab) == ["Idle"]


@pytest.mark.requirement("EXT-02")
def test_extended_trigger_asks_for_the_status_of_signed_updates(lab: Lab):
    wanted = ExtendedTriggerMessage(requested_message=ExtendedMessageTrigger.FIRMWARE_STATUS_NOTIFICATION)
    assert lab.ask(wanted).status == "Accepted"
    assert str(lab.last(SignedFirmwareStatusNotification).status) == "Idle"
    assert told(lab) == []
    order(lab)
    assert lab.ask(wanted).status == "Rejected", "there is no requestId to tell of a plain update"


def test_new_order_takes_the_place_of_one_that_is_being_fetched(lab: Lab):
    order(lab)
    first = downloads(lab)[-1].number
    lab.ask(UpdateFirmware(location="http://files.example/fw-3.0.bin", retrieve_date=START))
    assert CancelTransfer(first) in lab.intents
    assert downloads(lab)[-1].location == "http://files.example/fw-3.0.bin"
    assert not downloads(lab)[-1].resume
    lab.do(TransferEnded(first, TransferResult.DONE))
    assert told(lab) == ["Downloading", "Downloading"], "the end of the old one is nobody's"


def test_new_order_takes_the_place_of_one_that_waits_for_its_time_or_its_next_attempt(lab: Lab):
    order(lab, in_s=500)
    order(lab, retries=3, retry_interval=100)
    not_fetched(lab)
    order(lab, in_s=1000)
    lab.run(999)
    assert len(downloads(lab)) == 1
    lab.run(1)
    assert len(downloads(lab)) == 2


def test_new_order_reopens_what_waited_for_the_installation(lab: Lab):
    lab.charge(1)
    order(lab)
    fetched(lab)
    assert lab.status(2) == "Unavailable"
    order(lab, in_s=100)
    assert lab.status(2) == "Available"
    lab.tag(TAG, 1)
    assert installs(lab) == 0


def test_new_order_during_installation_follows_after_it(lab: Lab):
    order(lab)
    fetched(lab)
    lab.ask(UpdateFirmware(location="ftp://files.example/fw-3.0.bin", retrieve_date=START))
    assert len(downloads(lab)) == 1
    lab.do(InstallationEnded(problem="broken"))
    assert downloads(lab)[-1].location == "ftp://files.example/fw-3.0.bin"
    assert told(lab) == ["Downloading", "Downloaded", "Installing", "InstallationFailed", "Downloading"]


def test_reset_is_rejected_while_firmware_is_being_written(lab: Lab):
    order(lab)
    assert lab.core.firmware.installing is False
    fetched(lab)
    assert lab.ask(Reset(type=ResetType.HARD)).status == "Rejected"
    lab.do(InstallationEnded(problem="broken"))
    assert lab.ask(Reset(type=ResetType.HARD)).status == "Accepted"


@pytest.mark.requirement("FWU-05")
def test_what_happens_while_the_link_is_down_is_told_in_order_afterwards(lab: Lab):
    lab.charge(1)
    order(lab)
    lab.disconnect()
    lab.forget()
    fetched_number = lab.core.transfers.under_way[0].number
    lab.do(TransferEnded(fetched_number, TransferResult.DONE))
    lab.tag(TAG, 1)
    lab.do(InstallationEnded(problem="broken"))
    assert told(lab) == []
    lab.connect()
    assert told(lab) == ["Downloaded", "Installing", "InstallationFailed"]


def test_status_that_was_under_way_when_the_link_went_is_told_again(lab: Lab):
    lab.holding = True
    order(lab)
    assert told(lab) == ["Downloading"]
    lab.disconnect()
    lab.holding = False
    lab.connect()
    assert told(lab) == ["Downloading", "Downloading"]


def test_status_that_the_central_system_refuses_does_not_bar_the_next_one(lab: Lab):
    lab.failures.append(FirmwareStatusNotification)
    order(lab)
    fetched(lab)
    assert told(lab) == ["Downloading", "Downloaded", "Installing"]


def test_nothing_is_told_before_acceptance():
    lab = Lab()
    lab.boot()
    order(lab, in_s=60)
    lab.disconnect()
    lab.boot_status = RegistrationStatus.PENDING
    lab.lose_power()
    lab.connect()
    lab.forget()
    lab.run(60)
    assert len(downloads(lab)) == 1
    assert told(lab) == []


# ---- loss of power and resets


def test_scheduled_update_outlives_a_loss_of_power(lab: Lab):
    order(lab, in_s=100)
    lab.lose_power(outage_s=50)
    lab.connect()
    lab.run(49)
    assert not downloads(lab)
    lab.run(1)
    assert len(downloads(lab)) == 1


@pytest.mark.requirement("FWU-14")
def test_download_goes_on_after_a_loss_of_power_where_it_broke_off(lab: Lab):
    order(lab, retries=1, retry_interval=10)
    lab.lose_power()
    lab.connect()
    assert [one.resume for one in downloads(lab)] == [False, True]
    not_fetched(lab)
    lab.run(10)
    assert len(downloads(lab)) == 3, "the attempt that the power cut off does not count"
    not_fetched(lab)
    lab.run(10)
    assert len(downloads(lab)) == 3
    assert told(lab) == ["Downloading", "DownloadFailed"]


def test_reset_during_download_only_interrupts_it(lab: Lab):
    order(lab)
    old = downloads(lab)[-1].number
    lab.ask(Reset(type=ResetType.SOFT))
    lab.disconnect()
    lab.do(PoweredUp())
    lab.connect()
    assert downloads(lab)[-1].number != old
    fetched(lab)
    assert told(lab) == ["Downloading", "Downloaded", "Installing"]


def test_fetched_firmware_is_installed_after_a_loss_of_power(lab: Lab):
    lab.charge(1)
    order(lab)
    fetched(lab)
    lab.forget()
    lab.lose_power()
    lab.connect()
    assert installs(lab) == 1
    assert told(lab) == ["Installing"]
    assert lab.status(2) == "Unavailable"


def test_installation_that_the_power_cut_off_begins_again(lab: Lab):
    order(lab)
    fetched(lab)
    lab.lose_power()
    assert installs(lab) == 2
    lab.connect()
    lab.do(InstallationEnded("2.0"))
    lab.disconnect()
    lab.do(PoweredUp())
    lab.connect()
    assert lab.last(BootNotification).firmware_version == "2.0"
    assert told(lab)[-1] == "Installed"


def test_installed_version_and_what_is_untold_outlive_a_loss_of_power(lab: Lab):
    order(lab)
    fetched(lab)
    lab.do(InstallationEnded("2.0"))
    lab.disconnect()
    lab.do(PoweredUp())  # Installed is to be told, and power goes before it could be
    lab.lose_power()
    lab.connect()
    assert lab.last(BootNotification).firmware_version == "2.0"
    assert told(lab)[-1] == "Installed"
    lab.forget()
    lab.lose_power()
    lab.connect()
    assert lab.last(BootNotification).firmware_version == "2.0"
    assert told(lab) == [], "it was told"


def test_firmware_given_by_hand_overrules_what_an_update_installed(lab: Lab):
    order(lab)
    fetched(lab)
    lab.do(InstallationEnded("2.0"))
    lab.hardware = type(lab.hardware)(
        boot=BootNotification(
            charge_point_vendor="Voltline", charge_point_model="Lab", firmware_version="5.0"
        ),
        connectors=2,
    )
    lab.disconnect()
    lab.lose_power()
    lab.connect()
    assert lab.last(BootNotification).firmware_version == "5.0"


def test_nothing_is_left_in_memory_of_an_update_that_failed(lab: Lab):
    order(lab, retries=0)
    not_fetched(lab)
    assert "firmware" not in lab.storage.load()


# ---- what people see


def test_password_of_the_address_is_shown_to_nobody(lab: Lab):
    order(lab, in_s=10)
    order(lab)
    not_fetched(lab)
    texts = [one.text for one in lab.intents if isinstance(one, Notice)]
    assert any("ftp://cp:***@files.example:2121/fw-2.0.bin" in text for text in texts)
    assert not any("secret" in text for text in texts)


def test_progress_is_told_every_tenth_of_the_way(lab: Lab):
    order(lab)
    number = downloads(lab)[-1].number
    lab.forget()
    for done in range(0, 1001, 10):
        lab.do(TransferProgressed(number, done * 1000, 1_000_000))
    texts = [one.text for one in lab.intents if isinstance(one, Notice)]
    assert len(texts) == 10
    assert texts[2] == "firmware: [######..............] 30 %, 300 of 1000 kB"
    assert not lab.requests(StatusNotification)
    lab.do(TransferProgressed(number + 7, 1, None))  # of nobody
