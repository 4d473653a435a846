"""Diagnostics and logs brought out, and vendors' data (OCPP 1.6, 4.3, 4.4, 5.9; security whitepaper, N01)."""

from datetime import timedelta
from typing import Any

import pytest
from tests.unit.station.station_lab import START, Lab

from voltline.messages import (
    ACTIONS,
    UNSET,
    DataTransfer,
    DataTransferResponse,
    DataTransferStatus,
    DiagnosticsStatusNotification,
    ExtendedMessageTrigger,
    ExtendedTriggerMessage,
    GetDiagnostics,
    GetLog,
    Heartbeat,
    LogParameters,
    LogStatusNotification,
    LogType,
    MessageTrigger,
    Mode,
    Reset,
    ResetType,
    TriggerMessage,
    read_request,
)
from voltline.station.core.happenings import (
    DataSent,
    ImpossibleHappening,
    PoweredUp,
    TransferEnded,
    TransferProgressed,
    TransferResult,
)
from voltline.station.core.intents import CancelTransfer, Notice, Upload

FOLDER = "ftp://cp:secret@files.example/up/"


def diagnostics(lab: Lab, **more: Any) -> Any:
    return lab.ask(GetDiagnostics(location=FOLDER, **more))


def log(lab: Lab, request_id: int = 7, kind: LogType = LogType.SECURITY_LOG, **more: Any) -> Any:
    where = LogParameters(remote_location=FOLDER)
    return lab.ask(GetLog(log=where, log_type=kind, request_id=request_id, **more))


def uploads(lab: Lab) -> list[Upload]:
    return [one for one in lab.intents if isinstance(one, Upload)]


def ends(lab: Lab, result: TransferResult = TransferResult.DONE) -> None:
    lab.do(TransferEnded(uploads(lab)[-1].number, result, "so it is"))


def told(lab: Lab) -> list[str]:
    return [str(one.status) for one in lab.requests(DiagnosticsStatusNotification)]


def log_told(lab: Lab) -> list[tuple[str, object]]:
    return [(str(one.status), one.request_id) for one in lab.requests(LogStatusNotification)]


@pytest.mark.requirement("DGN-02", "DGN-04")
def test_diagnostics_are_named_and_their_upload_is_told(lab: Lab):
    answer = diagnostics(lab)
    assert answer.file_name == "diagnostics-20260301T080000Z.zip"
    (upload,) = uploads(lab)
    assert (upload.location, upload.file_name, upload.log) == (FOLDER, answer.file_name, "DiagnosticsLog")
    assert told(lab) == ["Uploading"]
    ends(lab)
    assert told(lab) == ["Uploading", "Uploaded"]


@pytest.mark.requirement("DGN-02")
def test_without_entries_of_that_time_no_file_is_named_and_none_comes(lab: Lab):
    later = START + timedelta(hours=1)
    assert diagnostics(lab, start_time=later).file_name is UNSET
    assert diagnostics(lab, stop_time=START - timedelta(hours=1)).file_name is UNSET
    assert uploads(lab) == []
    assert told(lab) == []
    diagnostics(lab, start_time=START - timedelta(hours=1), stop_time=later)
    assert (uploads(lab)[0].since, uploads(lab)[0].until) == (START - timedelta(hours=1), later)


@pytest.mark.requirement("DGN-07", "DGN-04")
def test_failed_upload_is_tried_again_as_often_and_as_slowly_as_asked(lab: Lab):
    name = diagnostics(lab, retries=2, retry_interval=20).file_name
    for attempt in (2, 3):
        ends(lab, TransferResult.FAILED)
        lab.run(19)
        assert len(uploads(lab)) == attempt - 1
        lab.run(1)
        assert len(uploads(lab)) == attempt
        assert uploads(lab)[-1].resume
    assert {one.file_name for one in uploads(lab)} == {name}
    assert told(lab) == ["Uploading"]
    ends(lab, TransferResult.FAILED)
    lab.run(100)
    assert len(uploads(lab)) == 3
    assert told(lab) == ["Uploading", "UploadFailed"]


@pytest.mark.requirement("DGN-05", "TRG-10")
def test_idle_is_told_only_if_triggered_and_while_nothing_is_brought(lab: Lab):
    wanted = TriggerMessage(requested_message=MessageTrigger.DIAGNOSTICS_STATUS_NOTIFICATION)
    assert lab.ask(wanted).status == "Accepted"
    diagnostics(lab, retries=1, retry_interval=10)
    lab.ask(wanted)
    ends(lab, TransferResult.FAILED)
    lab.ask(wanted)
    lab.run(10)
    ends(lab)
    lab.ask(wanted)
    assert told(lab) == ["Idle", "Uploading", "Uploading", "Uploading", "Uploaded", "Idle"]


def test_new_diagnostics_take_the_place_of_those_under_way(lab: Lab):
    diagnostics(lab)
    first = uploads(lab)[-1].number
    lab.run(5)
    diagnostics(lab)
    assert CancelTransfer(first) in lab.intents
    lab.do(TransferEnded(first, TransferResult.DONE))
    assert told(lab) == ["Uploading", "Uploading"]
    ends(lab)
    assert told(lab)[-1] == "Uploaded"


def test_diagnostics_and_a_log_are_brought_side_by_side(lab: Lab):
    diagnostics(lab)
    log(lab)
    one, two = uploads(lab)
    lab.do(TransferEnded(two.number, TransferResult.DONE))
    lab.do(TransferEnded(one.number, TransferResult.FAILED))
    assert log_told(lab) == [("Uploading", 7), ("Uploaded", 7)]
    assert told(lab) == ["Uploading"]


@pytest.mark.requirement("LOG-01", "LOG-02", "LOG-03", "LOG-04")
@pytest.mark.parametrize("kind", list(LogType))
def test_log_is_named_and_its_upload_is_told_with_its_request_id(lab: Lab, kind: LogType):
    answer = log(lab, 31, kind)
    assert answer.status == "Accepted"
    (upload,) = uploads(lab)
    assert upload.log == kind
    assert upload.file_name == answer.filename
    assert answer.filename.startswith("security" if kind == LogType.SECURITY_LOG else "diagnostics")
    ends(lab)
    assert log_told(lab) == [("Uploading", 31), ("Uploaded", 31)]


def test_log_that_has_no_entries_is_rejected(lab: Lab):
    lab.logbook.written[LogType.SECURITY_LOG].clear()
    answer = log(lab)
    assert (answer.status, answer.filename) == ("Rejected", UNSET)
    assert uploads(lab) == []
    assert log_told(lab) == []


@pytest.mark.requirement("LOG-05")
@pytest.mark.parametrize(
    ("result", "status"),
    [
        (TransferResult.FAILED, "UploadFailure"),
        (TransferResult.DENIED, "PermissionDenied"),
        (TransferResult.BAD_MESSAGE, "BadMessage"),
        (TransferResult.NOT_SUPPORTED, "NotSupportedOperation"),
    ],
)
def test_failure_of_a_log_is_told_precisely(lab: Lab, result: TransferResult, status: str):
    log(lab, retries=0)
    ends(lab, result)
    assert log_told(lab) == [("Uploading", 7), (status, 7)]


@pytest.mark.requirement("LOG-06", "LOG-03")
def test_new_log_takes_the_place_of_the_one_under_way(lab: Lab):
    log(lab, 1)
    first = uploads(lab)[-1].number
    answer = log(lab, 2)
    assert answer.status == "AcceptedCanceled"
    assert CancelTransfer(first) in lab.intents
    lab.do(TransferEnded(first, TransferResult.DONE))
    ends(lab)
    assert log_told(lab) == [("Uploading", 1), ("Uploading", 2), ("Uploaded", 2)]
    assert log(lab, 3).status == "Accepted", "the second one is over"


@pytest.mark.requirement("LOG-07", "LOG-09", "EXT-01")
def test_status_of_a_log_can_be_triggered_and_is_idle_without_request_id(lab: Lab):
    wanted = ExtendedTriggerMessage(requested_message=ExtendedMessageTrigger.LOG_STATUS_NOTIFICATION)
    assert lab.ask(wanted).status == "Accepted"
    log(lab, 5)
    lab.ask(wanted)
    ends(lab)
    lab.ask(wanted)
    assert log_told(lab) == [
        ("Idle", UNSET),
        ("Uploading", 5),
        ("Uploading", 5),
        ("Uploaded", 5),
        ("Idle", UNSET),
    ]


@pytest.mark.requirement("EXT-01")
@pytest.mark.parametrize(
    ("wanted", "status", "sent"),
    [
        ("Heartbeat", "Accepted", ["Heartbeat"]),
        ("StatusNotification", "Accepted", ["StatusNotification"] * 3),
        ("MeterValues", "Accepted", ["MeterValues"] * 2),
        ("BootNotification", "Rejected", []),
        pytest.param(
            *("SignChargePointCertificate", "NotImplemented", []), marks=pytest.mark.requirement("TRG-03")
        ),
    ],
)
def test_extended_trigger_knows_the_other_messages_too(lab: Lab, wanted: str, status: str, sent: list[str]):
    answer = lab.ask(ExtendedTriggerMessage(requested_message=ExtendedMessageTrigger(wanted)))
    assert answer.status == status
    assert lab.names() == sent


@pytest.mark.requirement("EXT-03", "TRG-03", "TRG-09")
@pytest.mark.parametrize(
    ("action", "wanted"),
    [
        ("ExtendedTriggerMessage", "DiagnosticsStatusNotification"),
        ("ExtendedTriggerMessage", "StartTransaction"),
        ("TriggerMessage", "StartTransaction"),
        ("TriggerMessage", "LogStatusNotification"),
    ],
)
def test_message_that_this_trigger_cannot_ask_for_is_not_sent(lab: Lab, action: str, wanted: str):
    text = f'{{"requestedMessage":"{wanted}"}}'
    reading = read_request(ACTIONS[action], text, Mode.TOLERANT)
    assert isinstance(reading.message, TriggerMessage | ExtendedTriggerMessage)
    assert lab.ask(reading.message).status == "NotImplemented"
    assert lab.names() == []


def test_what_ends_while_the_link_is_down_is_told_afterwards(lab: Lab):
    diagnostics(lab)
    log(lab, 9)
    one, two = uploads(lab)
    lab.disconnect()
    lab.forget()
    lab.do(TransferEnded(one.number, TransferResult.DONE))
    lab.do(TransferEnded(two.number, TransferResult.DONE))
    assert lab.names() == []
    lab.connect()
    assert told(lab) == ["Uploaded"]
    assert log_told(lab) == [("Uploaded", 9)]


def test_upload_begins_again_after_a_loss_of_power(lab: Lab):
    name = log(lab, 4, retries=0).filename
    lab.lose_power(outage_s=100)
    lab.connect()
    assert [one.file_name for one in uploads(lab)] == [name, name]
    ends(lab)
    assert log_told(lab) == [("Uploading", 4), ("Uploaded", 4)]
    assert "log" not in lab.storage.load()


def test_upload_begins_again_after_a_reset(lab: Lab):
    diagnostics(lab)
    lab.ask(Reset(type=ResetType.HARD))
    lab.disconnect()
    lab.do(PoweredUp())
    lab.connect()
    assert len(uploads(lab)) == 2
    ends(lab)
    assert told(lab) == ["Uploading", "Uploaded"]


def test_amount_is_known_while_the_upload_runs(lab: Lab):
    diagnostics(lab)
    lab.do(TransferProgressed(uploads(lab)[0].number, 500, 2000))
    (transfer,) = lab.core.transfers.under_way
    assert (transfer.subject, transfer.done_bytes, transfer.total_bytes) == ("diagnostics", 500, 2000)
    assert any("diagnostics: [#####" in one.text for one in lab.intents if isinstance(one, Notice))


# ---- vendors' data


def accepting(data: str | None) -> DataTransferResponse:
    return DataTransferResponse(status=DataTransferStatus.ACCEPTED, data=f"got {data}")


@pytest.mark.requirement("DTR-04")
def test_unknown_vendor_is_answered_without_data(lab: Lab):
    answer = lab.ask(DataTransfer(vendor_id="x.y", data="1"))
    assert answer == DataTransferResponse(status=DataTransferStatus.UNKNOWN_VENDOR_ID)


@pytest.mark.requirement("DTR-05")
def test_known_vendor_with_an_unknown_message(lab: Lab):
    lab.core.data_transfers.register("com.example", "hello", accepting)
    for message_id in ("zzz", UNSET):
        answer = lab.ask(DataTransfer(vendor_id="com.example", message_id=message_id))
        assert answer == DataTransferResponse(status=DataTransferStatus.UNKNOWN_MESSAGE_ID)


@pytest.mark.requirement("DTR-06")
def test_registered_message_is_answered_by_its_handler_with_data_of_any_length(lab: Lab):
    lab.core.data_transfers.register("com.example", "hello", accepting)
    data = "ü" * 20_000
    answer = lab.ask(DataTransfer(vendor_id="Com.Example", message_id="HELLO", data=data))
    assert answer == DataTransferResponse(status=DataTransferStatus.ACCEPTED, data=f"got {data}")
    assert lab.ask(DataTransfer(vendor_id="com.example", message_id="hello")).data == "got None"


def test_vendor_may_take_every_message(lab: Lab):
    lab.core.data_transfers.register("com.example", None, accepting)
    for message_id in ("anything", UNSET):
        assert lab.ask(DataTransfer(vendor_id="com.example", message_id=message_id)).status == "Accepted"


@pytest.mark.requirement("DTR-03", "DTR-07")
def test_station_sends_vendors_data_and_tells_the_answer(lab: Lab):
    lab.data_transfer_response = DataTransferResponse(status=DataTransferStatus.REJECTED, data="not now")
    lab.do(DataSent("com.example", "hello", "42"))
    assert lab.last(DataTransfer) == DataTransfer(vendor_id="com.example", message_id="hello", data="42")
    assert any("Rejected, not now" in one.text for one in lab.intents if isinstance(one, Notice))
    lab.do(DataSent("com.example"))
    assert lab.last(DataTransfer) == DataTransfer(vendor_id="com.example")


def test_vendors_data_that_fails_is_told(lab: Lab):
    lab.failures.append(DataTransfer)
    lab.do(DataSent("com.example"))
    assert any("not delivered" in one.text for one in lab.intents if isinstance(one, Notice))


@pytest.mark.parametrize("wrong", [DataSent(""), DataSent("v" * 256), DataSent("v", "m" * 51)])
def test_ids_that_do_not_fit_are_refused_in_words(lab: Lab, wrong: DataSent):
    with pytest.raises(ImpossibleHappening, match="characters"):
        lab.do(wrong)
    assert not lab.requests(DataTransfer)


def test_offline_nothing_is_queued_for_vendors(lab: Lab):
    lab.disconnect()
    with pytest.raises(ImpossibleHappening, match="not online"):
        lab.do(DataSent("com.example"))
    lab.connect()
    assert not lab.requests(DataTransfer)
    assert not lab.requests(Heartbeat)
