"""Jobs about files follow what charge points say of them, in whatever order they say it."""

from typing import Any

import pytest

from voltline.central.domain.file_jobs import Access, FileJob, FileJobKind, FileJobState, JobOrder
from voltline.central.domain.files import Content, FilePurpose
from voltline.central.domain.stations import RegistrationRules, StationKey
from voltline.central.services import file_jobs, files, stations
from voltline.messages import (
    UNSET,
    Firmware,
    GetDiagnostics,
    GetDiagnosticsResponse,
    GetLog,
    GetLogResponse,
    LogParameters,
    LogStatus,
    LogType,
    SignedUpdateFirmware,
    SignedUpdateFirmwareResponse,
    UpdateFirmware,
    UpdateFirmwareResponse,
    UpdateFirmwareStatus,
)

from .conftest import Storage
from .saying import NOON, at, boot

FW, SIGNED = FileJobKind.FIRMWARE_UPDATE, FileJobKind.SIGNED_FIRMWARE_UPDATE
DIAGNOSTICS, LOG = FileJobKind.DIAGNOSTICS, FileJobKind.LOG
OURS = Access(user="user", password="password")


class Depot:
    """One charge point, and its jobs."""

    def __init__(self, storage: Storage) -> None:
        self.storage = storage
        self.key: StationKey = storage.station("CP1")

    def ordered(self, kind: FileJobKind, **order: Any) -> FileJob:
        job = self.storage.do(file_jobs.create, "CP1", kind, JobOrder(**order), None, NOON)
        assert isinstance(job, FileJob)
        return job

    def begun(self, kind: FileJobKind, *, ours: bool = False, second: float = 1, **order: Any) -> FileJob:
        """A job whose command the charge point has."""
        job = self.ordered(kind, **order)
        self.send(job, ours=ours, second=second)
        return self.accept(job, second + 1)

    def send(self, job: FileJob, *, ours: bool = False, second: float = 1) -> None:
        location, access = f"ftp://host/{job.id}/{job.attempt}", OURS if ours else None
        sent = self.storage.do(file_jobs.begin, job.id, location, location, access, at(second))
        assert sent is not None

    def accept(self, job: FileJob, second: float = 2, **answer: Any) -> FileJob:
        now = self.job(job)
        location = str(now.location)
        request: Any
        match job.kind:
            case FileJobKind.FIRMWARE_UPDATE:
                request = UpdateFirmware(location=location, retrieve_date=NOON)
                told = file_jobs.update_answered, request, UpdateFirmwareResponse()
            case FileJobKind.SIGNED_FIRMWARE_UPDATE:
                firmware = Firmware(
                    location=location, retrieve_date_time=NOON, signing_certificate="c", signature="s"
                )
                request = SignedUpdateFirmware(request_id=now.request_id or 0, firmware=firmware)
                status = answer.get("status", UpdateFirmwareStatus.ACCEPTED)
                told = (
                    file_jobs.signed_update_answered,
                    request,
                    SignedUpdateFirmwareResponse(status=status),
                )
            case FileJobKind.DIAGNOSTICS:
                request = GetDiagnostics(location=location)
                name = answer.get("file_name", "d.zip")
                told = file_jobs.diagnostics_answered, request, GetDiagnosticsResponse(file_name=name)
            case FileJobKind.LOG:
                request = GetLog(
                    log_type=LogType.SECURITY_LOG,
                    request_id=now.request_id or 0,
                    log=LogParameters(remote_location=location),
                )
                status = answer.get("status", LogStatus.ACCEPTED)
                told = file_jobs.log_answered, request, GetLogResponse(status=status)
        work, request, response = told
        self.storage.do(work, self.key, request, response, at(second))
        return self.job(job)

    def says(self, kind: FileJobKind, *statuses: str, request: int | None = None, second: float = 10) -> None:
        kinds = {
            FW: file_jobs.PLAIN_FIRMWARE,
            SIGNED: file_jobs.SIGNED_FIRMWARE,
            DIAGNOSTICS: file_jobs.DIAGNOSTICS,
            LOG: file_jobs.LOGS,
        }[kind]
        for number, status in enumerate(statuses):
            self.storage.do(file_jobs.report, self.key, kinds, status, request, at(second + number))

    def brings(self, name: str = "d.zip", second: float = 20) -> None:
        content = Content(name=name, path=f"uploads/user/{name}", size_bytes=3, sha256="ab")
        assert self.storage.do(file_jobs.file_arrived, OURS.user, content, at(second)) is not None

    def boots(self, firmware: str, second: float = 30) -> None:
        self.storage.do(stations.boot, self.key, boot(firmware=firmware), at(second), RegistrationRules())

    def job(self, job: FileJob) -> FileJob:
        found = self.storage.queries.file_job(job.id)
        assert found is not None
        return found

    def state(self, job: FileJob) -> tuple[FileJobState, str | None]:
        found = self.job(job)
        return found.state, found.status

    def steps(self, job: FileJob) -> list[tuple[str | None, int]]:
        """What the charge point said, and how often in a row."""
        history = self.storage.queries.file_job_history(job.id)
        return [(step.status, step.times) for step in history if step.status is not None]


@pytest.fixture
def depot(storage: Storage) -> Depot:
    return Depot(storage)


def test_update_goes_through_its_states_and_the_history_has_each(depot: Depot) -> None:
    job = depot.begun(FW)
    assert depot.state(job) == (FileJobState.ACCEPTED, None)
    depot.says(FW, "Downloading")
    assert depot.state(job) == (FileJobState.UNDER_WAY, "Downloading")
    depot.says(FW, "Downloaded", "Installing", "Installed")
    assert depot.state(job) == (FileJobState.DONE, "Installed")
    assert depot.job(job).ended_at == at(12)
    assert depot.steps(job) == [
        ("Downloading", 1),
        ("Downloaded", 1),
        ("Installing", 1),
        ("Installed", 1),
    ]


def test_repeated_states_are_counted_and_move_nothing(depot: Depot) -> None:
    job = depot.begun(FW)
    depot.says(FW, "Downloading", "Downloading", "Downloading")
    before = depot.job(job)
    depot.says(FW, "Downloading", second=500)
    assert depot.job(job).deadline == before.deadline
    assert [times for _, times in depot.steps(job)] == [4]


def test_state_that_comes_late_is_kept_and_takes_nothing_back(depot: Depot) -> None:
    job = depot.begun(FW)
    depot.says(FW, "Installing", "Downloading", "Downloaded")
    assert depot.state(job) == (FileJobState.UNDER_WAY, "Installing")
    depot.says(FW, "Installed", "Installing", "DownloadFailed")
    assert depot.state(job) == (FileJobState.DONE, "Installed")
    assert [status for status, _ in depot.steps(job)] == [
        "Installing",
        "Downloading",
        "Downloaded",
        "Installed",
        "Installing",
        "DownloadFailed",
    ]


def test_news_may_come_before_the_answer_to_the_command(depot: Depot) -> None:
    job = depot.ordered(FW)
    depot.send(job)
    depot.says(FW, "Downloading", second=2)
    depot.accept(job, 3)
    assert depot.state(job) == (FileJobState.UNDER_WAY, "Downloading")


def test_idle_moves_no_job(depot: Depot) -> None:
    update, upload = depot.begun(FW), depot.begun(DIAGNOSTICS)
    depot.says(FW, "Idle", "Downloading", "Idle")
    depot.says(DIAGNOSTICS, "Idle")
    assert depot.state(update) == (FileJobState.UNDER_WAY, "Downloading")
    assert depot.state(upload) == (FileJobState.ACCEPTED, None)


def test_idle_ends_an_upload_whose_file_is_here(depot: Depot) -> None:
    job = depot.begun(DIAGNOSTICS, ours=True)
    depot.brings()
    assert depot.state(job) == (FileJobState.UNDER_WAY, None)
    depot.says(DIAGNOSTICS, "Idle", second=40)
    assert depot.job(job).state is FileJobState.DONE


@pytest.mark.parametrize("failure", ["DownloadFailed", "InstallationFailed"])
def test_failure_ends_the_update_and_a_retry_of_the_charge_point_opens_it_again(
    depot: Depot, failure: str
) -> None:
    job = depot.begun(FW)
    depot.says(FW, "Downloading", failure)
    assert depot.state(job) == (FileJobState.FAILED, failure)
    assert depot.job(job).reason == f"the charge point says {failure}"
    depot.says(FW, "Downloading", second=20)
    assert depot.state(job) == (FileJobState.UNDER_WAY, "Downloading")
    assert depot.job(job).ended_at is None


@pytest.mark.parametrize("installed_first", [True, False])
def test_installed_before_or_after_the_reboot(depot: Depot, installed_first: bool) -> None:
    depot.boots("1.0", second=0)
    job = depot.begun(FW)
    depot.says(FW, "Downloading", "Downloaded", "Installing")
    if installed_first:
        depot.says(FW, "Installed", second=20)
    depot.boots("2.0")
    assert depot.job(job).state is FileJobState.DONE
    if not installed_first:
        depot.says(FW, "Installed", second=40)
    assert depot.job(job).state is FileJobState.DONE


def test_reboot_with_the_old_firmware_says_nothing(depot: Depot) -> None:
    depot.boots("1.0", second=0)
    job = depot.begun(FW)
    depot.says(FW, "Downloaded", "Installing")
    depot.boots("1.0")
    assert depot.state(job) == (FileJobState.UNDER_WAY, "Installing")


def test_other_firmware_than_expected_does_not_end_the_update(depot: Depot) -> None:
    depot.boots("1.0", second=0)
    job = depot.begun(FW, firmware_version="3.0")
    depot.says(FW, "Downloaded", "Installing")
    depot.boots("2.0")
    assert depot.job(job).state is FileJobState.UNDER_WAY
    depot.boots("3.0", second=50)
    assert depot.job(job).state is FileJobState.DONE


def test_signed_update_is_found_by_its_request(depot: Depot) -> None:
    first = depot.begun(SIGNED)
    second = depot.begun(SIGNED, second=5)
    assert first.request_id != second.request_id
    depot.says(SIGNED, "Downloading", request=second.request_id)
    assert depot.state(first) == (FileJobState.ACCEPTED, None)
    assert depot.state(second) == (FileJobState.UNDER_WAY, "Downloading")
    depot.says(SIGNED, "InvalidSignature", request=first.request_id)
    assert depot.state(first) == (FileJobState.FAILED, "InvalidSignature")
    depot.says(SIGNED, "Installed", request=999_999)
    assert depot.job(second).state is FileJobState.UNDER_WAY


@pytest.mark.parametrize(
    ("status", "state"),
    [
        (UpdateFirmwareStatus.REJECTED, FileJobState.WAITING),
        (UpdateFirmwareStatus.INVALID_CERTIFICATE, FileJobState.FAILED),
        (UpdateFirmwareStatus.REVOKED_CERTIFICATE, FileJobState.FAILED),
    ],
)
def test_signed_update_that_is_refused(
    depot: Depot, status: UpdateFirmwareStatus, state: FileJobState
) -> None:
    job = depot.ordered(SIGNED, attempts=2)
    depot.send(job)
    now = depot.accept(job, status=status)
    assert (now.state, now.reason) == (state, f"the charge point answered {status}")


def test_newer_update_takes_the_place_of_the_older(depot: Depot) -> None:
    older, newer = depot.begun(FW), depot.begun(FW, second=5)
    assert depot.job(older).state is FileJobState.CANCELLED
    assert depot.job(older).reason == f"job {newer.id} has taken its place"
    depot.says(FW, "Downloading")
    assert depot.job(newer).state is FileJobState.UNDER_WAY


def test_log_that_cancelled_another_upload(depot: Depot) -> None:
    older = depot.begun(LOG)
    newer = depot.ordered(LOG)
    depot.send(newer, second=5)
    depot.accept(newer, 6, status=LogStatus.ACCEPTED_CANCELED)
    assert depot.job(older).state is FileJobState.CANCELLED
    assert depot.job(newer).state is FileJobState.ACCEPTED


@pytest.mark.parametrize(
    "status", ["UploadFailure", "BadMessage", "PermissionDenied", "NotSupportedOperation"]
)
def test_each_way_in_which_a_log_fails(depot: Depot, status: str) -> None:
    job = depot.begun(LOG)
    depot.says(LOG, "Uploading", status, request=job.request_id)
    assert depot.state(job) == (FileJobState.FAILED, status)


def test_uploaded_and_its_file_in_either_order(depot: Depot) -> None:
    job = depot.begun(DIAGNOSTICS, ours=True)
    depot.says(DIAGNOSTICS, "Uploading", "Uploaded")
    assert depot.state(job) == (FileJobState.UNDER_WAY, "Uploaded")
    depot.brings(second=15)
    assert depot.job(job).state is FileJobState.DONE


def test_uploaded_without_a_file_fails(depot: Depot) -> None:
    job = depot.begun(DIAGNOSTICS, ours=True)
    depot.says(DIAGNOSTICS, "Uploaded")
    depot.storage.do(file_jobs.expire, at(100))
    assert depot.job(job).state is FileJobState.FAILED
    assert depot.job(job).reason == "the charge point says Uploaded, but no file arrived"


def test_uploaded_to_another_server_is_believed(depot: Depot) -> None:
    job = depot.begun(DIAGNOSTICS)
    depot.says(DIAGNOSTICS, "Uploaded")
    assert depot.job(job).state is FileJobState.DONE


def test_charge_point_without_diagnostics_ends_the_job_unless_it_uploads_all_the_same(
    depot: Depot,
) -> None:
    job = depot.ordered(DIAGNOSTICS)
    depot.send(job)
    accepted = depot.accept(job, file_name=UNSET)
    assert accepted.reason == "the charge point has nothing to upload"
    depot.says(DIAGNOSTICS, "Uploading")
    depot.storage.do(file_jobs.expire, at(300))
    assert depot.job(job).state is FileJobState.UNDER_WAY
    other = depot.ordered(DIAGNOSTICS)
    depot.send(other, second=400)
    depot.accept(other, 401, file_name=UNSET)
    depot.storage.do(file_jobs.expire, at(1000))
    assert depot.job(other).state is FileJobState.FAILED


def test_nothing_is_pending_for_ever(depot: Depot) -> None:
    waiting = depot.ordered(FW, timeout_s=100)
    sent = depot.ordered(FW, timeout_s=100)
    depot.send(sent)
    going_on = depot.begun(FW, timeout_s=100)
    depot.says(FW, "Downloading")
    depot.storage.do(file_jobs.expire, at(99))
    assert depot.job(waiting).state is FileJobState.WAITING
    depot.storage.do(file_jobs.expire, at(111))
    assert depot.job(waiting).state is FileJobState.TIMED_OUT
    assert depot.job(sent).ended_at is not None
    assert depot.job(going_on).state is FileJobState.TIMED_OUT
    assert depot.job(going_on).reason == "nothing was heard of it for 100 s"
    depot.says(FW, "Installed", second=200)
    assert depot.job(going_on).state is FileJobState.DONE


def test_time_counts_from_when_the_charge_point_may_begin(depot: Depot) -> None:
    job = depot.begun(FW, retrieve_at=at(1000), timeout_s=100)
    depot.storage.do(file_jobs.expire, at(1050))
    assert depot.job(job).state is FileJobState.ACCEPTED
    depot.storage.do(file_jobs.expire, at(1101))
    assert depot.job(job).state is FileJobState.TIMED_OUT


def test_attempts_have_requests_and_addresses_of_their_own(depot: Depot) -> None:
    job = depot.begun(LOG, ours=True, attempts=2, attempt_interval_s=60)
    first = depot.job(job).request_id
    depot.says(LOG, "Uploading", "UploadFailure", request=first)
    assert depot.job(job).state is FileJobState.WAITING
    assert not depot.storage.do(file_jobs.waiting, depot.key, at(70))
    assert depot.storage.do(file_jobs.expire, at(72)) == ["CP1"]
    (due,) = depot.storage.do(file_jobs.waiting, depot.key, at(72))
    assert due.id == job.id
    location = "ftp://other/"
    access = Access(user="other", password="other")
    depot.storage.do(file_jobs.begin, job.id, location, location, access, at(73))
    second = depot.job(job).request_id
    assert second != first
    assert depot.storage.queries.file_job_of_access("user") is None
    depot.says(LOG, "Uploaded", request=first, second=80)
    assert depot.job(job).state is FileJobState.SENT
    depot.says(LOG, "UploadFailure", request=second, second=81)
    assert depot.job(job).state is FileJobState.FAILED


def test_cancelled_job_is_never_sent(depot: Depot) -> None:
    job = depot.ordered(FW)
    depot.storage.do(file_jobs.cancel, job.id, at(1))
    assert not depot.storage.do(file_jobs.waiting, depot.key, at(2))
    assert depot.storage.do(file_jobs.begin, job.id, "x://y", "x://y", None, at(2)) is None
    assert depot.job(job).state is FileJobState.CANCELLED


def test_cancelled_job_hears_on_but_stays_cancelled(depot: Depot) -> None:
    job = depot.begun(FW)
    depot.storage.do(file_jobs.cancel, job.id, at(5))
    depot.says(FW, "Downloading", "Installed")
    assert depot.job(job).state is FileJobState.CANCELLED
    assert [status for status, _ in depot.steps(job)] == ["Downloading", "Installed"]


def test_command_without_an_answer_is_sent_again_after_a_restart(depot: Depot) -> None:
    job = depot.ordered(FW)
    depot.send(job)
    depot.storage.restart()
    depot.storage.do(file_jobs.left_sent, at(10))
    assert depot.job(job).state is FileJobState.WAITING
    assert [one.id for one in depot.storage.do(file_jobs.waiting, depot.key, at(10))] == [job.id]


def test_status_that_belongs_to_no_job_is_told_as_an_event(depot: Depot) -> None:
    depot.says(FW, "Installing")
    (event,) = depot.storage.queries.events(kinds=("job.changed",))
    assert b'"job_id":null' in bytes(event.subject)
    assert b"Installing" in bytes(event.subject)


def test_every_change_of_a_job_is_told_as_an_event(depot: Depot) -> None:
    job = depot.begun(FW)
    depot.says(FW, "Downloading", "Downloading", "Installed")
    told = [bytes(event.subject) for event in depot.storage.queries.events(kinds=("job.changed",))]
    states = [text.split(b'"state":"')[1].split(b'"')[0].decode() for text in told]
    assert states == ["waiting", "sent", "accepted", "under-way", "done"]
    assert all(f'"job_id":{job.id},'.encode() in text for text in told)


def test_file_is_noted_once_a_path_and_not_removed_while_its_job_goes_on(depot: Depot) -> None:
    job = depot.begun(DIAGNOSTICS, ours=True)
    depot.brings()
    depot.brings(second=25)
    (file,) = depot.storage.queries.files(job_id=job.id)
    assert (file.purpose, file.charge_point) == (FilePurpose.UPLOAD, "CP1")
    assert depot.storage.do(files.remove, file.id) == (False, file)
    depot.says(DIAGNOSTICS, "Uploaded", second=30)
    assert depot.storage.do(files.remove, file.id) == (True, file)
    assert depot.storage.queries.file(file.id) is None


def test_lists_are_filtered_and_paged(depot: Depot) -> None:
    update, upload = depot.begun(FW), depot.begun(DIAGNOSTICS)
    depot.says(FW, "Installed")
    ask = depot.storage.queries.file_jobs
    assert [job.id for job in ask()] == [upload.id, update.id]
    assert [job.id for job in ask(oldest_first=True, limit=1)] == [update.id]
    assert [job.id for job in ask(before=upload.id)] == [update.id]
    assert [job.id for job in ask(active=True)] == [upload.id]
    assert [job.id for job in ask(state=FileJobState.DONE)] == [update.id]
    assert [job.id for job in ask(kind=DIAGNOSTICS, identity="cp1")] == [upload.id]
    assert ask(identity="CP2") == ()
