"""Jobs about files: firmware that charge points fetch, diagnostics and logs that they bring.

A job lives longer than the command that begins it: the charge point tells by notifications how far it is.
These come late, twice, in another order, or not at all, and the end may show in another way: by the file
that arrived, or by the firmware version of a boot.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from msgspec import Struct

from voltline.central.domain.stations import StationKey


class FileJobKind(StrEnum):
    """What a job is about, each with a command of its own."""

    FIRMWARE_UPDATE = "firmware-update"
    """UpdateFirmware (S 5.19)."""
    SIGNED_FIRMWARE_UPDATE = "signed-firmware-update"
    """SignedUpdateFirmware (security whitepaper, L01)."""
    DIAGNOSTICS = "diagnostics"
    """GetDiagnostics (S 5.9)."""
    LOG = "log"
    """GetLog (security whitepaper, N01)."""

    @property
    def is_firmware(self) -> bool:
        """Whether the charge point fetches a file; otherwise it brings one."""
        return self in (FileJobKind.FIRMWARE_UPDATE, FileJobKind.SIGNED_FIRMWARE_UPDATE)


class FileJobState(StrEnum):
    """How far a job is."""

    WAITING = "waiting"
    """The command is still to be sent: the charge point is away, or it is tried again later."""
    SENT = "sent"
    """The command was sent, and not answered yet."""
    ACCEPTED = "accepted"
    """The charge point has the command."""
    UNDER_WAY = "under-way"
    """The charge point has begun."""
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"
    TIMED_OUT = "timed-out"
    """Nothing new was heard for too long."""

    @property
    def open(self) -> bool:
        return self in OPEN_STATES


OPEN_STATES = frozenset(
    {FileJobState.WAITING, FileJobState.SENT, FileJobState.ACCEPTED, FileJobState.UNDER_WAY}
)


class Source(StrEnum):
    """Who moved a job."""

    OPERATOR = "operator"
    CENTRAL_SYSTEM = "central-system"
    CHARGE_POINT = "charge-point"
    FILE_SERVER = "file-server"


class Protocol(StrEnum):
    """How a charge point reaches our file server."""

    HTTP = "http"
    FTP = "ftp"


class JobOrder(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What was asked for; what does not belong to the kind is None."""

    location: str | None = None
    """A server of somebody else's; None: ours."""
    protocol: Protocol | None = None
    """None: whatever suits the charge point."""
    retries: int | None = None
    """Told to the charge point: how often it tries again by itself (DGN-07, FWU-10)."""
    retry_interval_s: int | None = None
    attempts: int = 1
    """How often the command is sent, in all, while the charge point reports failures."""
    attempt_interval_s: int = 300
    timeout_s: int = 86_400
    """How long without anything new until the job is given up."""
    retrieve_at: datetime | None = None
    install_at: datetime | None = None
    firmware_version: str | None = None
    """What the charge point will say at its boot once the firmware runs."""
    signing_certificate: str | None = None
    signature: str | None = None
    log_type: str | None = None
    since: datetime | None = None
    until: datetime | None = None


class Access(Struct, frozen=True, kw_only=True):
    """What a charge point shows to the file server: good for one attempt of one job."""

    user: str
    password: str

    @property
    def digest(self) -> str:
        return access_digest(self.user, self.password)


class FileJob(Struct, frozen=True, kw_only=True):
    """One job."""

    id: int
    station: StationKey
    identity: str
    """The charge point's."""
    kind: FileJobKind
    state: FileJobState
    status: str | None
    """What the charge point said last of how far it is."""
    reason: str | None
    """Why it is in this state, where the state does not say it all."""
    order: JobOrder
    request_id: int | None
    attempt: int
    """From 1."""
    file_id: int | None
    """The firmware that is fetched."""
    file_name: str | None
    """What the charge point calls the file that it brings."""
    location: str | None
    """What it was told, without password."""
    location_digest: str | None
    access_user: str | None
    """None: the file is on somebody else's server."""
    access_digest: str | None
    firmware_before: str | None
    sent_at: datetime | None
    not_before: datetime
    deadline: datetime
    created_at: datetime
    changed_at: datetime
    ended_at: datetime | None


class PastJobState(Struct, frozen=True, kw_only=True):
    """A step of a job as the history has it."""

    id: int
    at: datetime
    last_at: datetime
    """When it was said last, where it was said several times."""
    times: int
    attempt: int
    source: Source
    state: FileJobState
    """Of the job, after this."""
    status: str | None
    """What the charge point said."""
    detail: str | None


class FileJobChanged(Struct, frozen=True, kw_only=True):
    """job.changed: how far a job about a file is; `job_id` null: nobody knows of such a job."""

    job_id: int | None
    kind: str
    state: str | None
    status: str | None
    reason: str | None
    attempt: int | None


class News(StrEnum):
    """What a status of a charge point means for its job."""

    PROGRESS = "progress"
    SUCCESS = "success"
    FAILURE = "failure"
    REPEATED = "repeated"
    LATE = "late"
    """It belongs before what was said already."""
    IDLE = "idle"
    """It does nothing now; said only if asked (FWU-11, DGN-05)."""
    UNKNOWN = "unknown"
    """Not a word of the specification."""


IDLE = "Idle"
INSTALLED = "Installed"
UPLOADED = "Uploaded"

# Statuses in their order, those of one rank in any order (S 7.24, 7.25; security whitepaper 6.6, 6.17).
_UPLOAD = {"Uploading": 1, UPLOADED: 2}
_RANKS: Mapping[FileJobKind, Mapping[str, int]] = {
    FileJobKind.FIRMWARE_UPDATE: {"Downloading": 1, "Downloaded": 2, "Installing": 3, INSTALLED: 4},
    FileJobKind.SIGNED_FIRMWARE_UPDATE: {
        "DownloadScheduled": 1,
        "Downloading": 2,
        "DownloadPaused": 2,
        "Downloaded": 3,
        "SignatureVerified": 4,
        "InstallScheduled": 5,
        "Installing": 6,
        "InstallRebooting": 6,
        INSTALLED: 7,
    },
    FileJobKind.DIAGNOSTICS: _UPLOAD,
    FileJobKind.LOG: _UPLOAD,
}
_FAILURES = frozenset(
    {
        "DownloadFailed",
        "InstallationFailed",
        "InstallVerificationFailed",
        "InvalidSignature",
        "UploadFailed",
        "UploadFailure",
        "BadMessage",
        "PermissionDenied",
        "NotSupportedOperation",
    }
)
_SUCCESSES = frozenset({INSTALLED, UPLOADED})
_LAST = datetime.max.replace(tzinfo=UTC)
REQUESTS_A_JOB = 10
"""Most attempts of a job; each has a requestId of its own."""


def news(kind: FileJobKind, before: str | None, status: str) -> News:
    """What this status means after that one. After a failure everything may begin again."""
    if status == IDLE:
        return News.IDLE
    if status == before:
        return News.REPEATED
    if before in _SUCCESSES:
        return News.LATE
    if status in _SUCCESSES:
        return News.SUCCESS
    if status in _FAILURES:
        return News.FAILURE
    rank = _RANKS[kind].get(status)
    if rank is None:
        return News.UNKNOWN
    reached = _RANKS[kind].get(before or "", 0)
    return News.LATE if rank < reached else News.PROGRESS


def request_id(job_id: int, attempt: int) -> int:
    """The requestId of an attempt, so that what is said of an earlier one is told from it."""
    return job_id * REQUESTS_A_JOB + attempt - 1


def deadline_of(order: JobOrder, state: FileJobState, at: datetime) -> datetime:
    """Until when something new has to be heard of a job that came into this state at `at`."""
    moments = [at]
    if state is not FileJobState.WAITING:
        moments += [moment for moment in (order.retrieve_at, order.install_at) if moment is not None]
    return later(max(moments), order.timeout_s)


def later(at: datetime, seconds: float) -> datetime:
    """So much later, or the end of the calendar."""
    try:
        return at + timedelta(seconds=seconds)
    except OverflowError:
        return _LAST


def shows_new_firmware(job: FileJob, before: str | None, now: str | None) -> bool:
    """Whether a boot with this version says that the job is done (correction of many stations: no Installed).

    Where nobody said which version to expect, any other than before counts, once the charge point had the
    file.
    """
    if now is None or job.state in (FileJobState.WAITING, FileJobState.CANCELLED):
        return False
    if job.order.firmware_version is not None:
        return now == job.order.firmware_version
    known = job.firmware_before if job.firmware_before is not None else before
    return known is not None and now != known and _RANKS[job.kind].get(job.status or "", 0) >= 2


def access_digest(user: str, password: str) -> str:
    """What is stored of a user's name and password."""
    return hashlib.sha256(f"{user}:{password}".encode("utf-8", "replace")).hexdigest()


def location_digest(location: str) -> str:
    """What is stored of an address that has a password in it."""
    return hashlib.sha256(location.encode("utf-8", "replace")).hexdigest()


def admits(job: FileJob, user: str, password: str, at: datetime) -> bool:
    """Whether the file server lets in who shows this."""
    if job.access_digest is None or not job.state.open or at >= job.deadline:
        return False
    return hmac.compare_digest(job.access_digest, access_digest(user, password))


def protocols_of(value: str | None) -> frozenset[str]:
    """The schemes in a value of SupportedFileTransferProtocols, in lower case; empty: nothing is known."""
    return frozenset(item.strip().lower() for item in (value or "").split(",") if item.strip())


def chosen_protocol(
    asked: Protocol | None, supported: frozenset[str], offered: Sequence[Protocol]
) -> Protocol | None:
    """The protocol of our file server for a charge point; `offered` in the order of preference (S 8.1, 8.2).

    None: it offers none.
    """
    if asked is not None:
        return asked if asked in offered else None
    for protocol in offered:
        if protocol in supported:
            return protocol
    return offered[0] if offered else None
