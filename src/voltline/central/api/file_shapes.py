"""Files and jobs about them in the API."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from msgspec import Meta, Struct
from msgspec.structs import replace

from voltline.central.api.problems import Fault
from voltline.central.api.shapes import NextCursor
from voltline.central.domain.file_jobs import (
    REQUESTS_A_JOB,
    FileJob,
    FileJobKind,
    FileJobState,
    JobOrder,
    PastJobState,
    Protocol,
)
from voltline.central.domain.files import FilePurpose, StoredFile
from voltline.central.services.file_jobs import shown

_INT32 = 2**31 - 1

LogName = Literal["DiagnosticsLog", "SecurityLog"]
Moment = Annotated[datetime, Meta(tz=True)]
Location = Annotated[
    str,
    Meta(
        max_length=512,
        pattern=r"^[A-Za-z][A-Za-z0-9+.-]*://[!-~]+$",
        description="A server of yours: the file itself for firmware, a folder for uploads. "
        "The protocol is that of the address.",
        examples=["ftp://user:password@files.example.com/firmware/fw-2.1.bin"],
    ),
]
ProtocolChoice = Annotated[
    Protocol | None,
    Meta(
        description="Which protocol of Voltline's own file server to use; null: one that the charge point "
        "says it knows (SupportedFileTransferProtocols), else the preferred one of the settings."
    ),
]
Retries = (
    Annotated[
        int,
        Meta(
            ge=0,
            le=_INT32,
            description="Told to the charge point: how often it tries again by itself; null: it decides.",
        ),
    ]
    | None
)
RetryInterval = (
    Annotated[
        int,
        Meta(
            ge=0, le=_INT32, description="Told to the charge point: seconds between tries; null: it decides."
        ),
    ]
    | None
)
Attempts = Annotated[
    int,
    Meta(
        ge=1,
        le=REQUESTS_A_JOB,
        description="How often Voltline sends the command, in all, while the charge point reports failures.",
    ),
]
AttemptInterval = Annotated[
    int, Meta(ge=1, le=86_400, description="Seconds until the command is sent again after a failure.")
]
Timeout = Annotated[
    int,
    Meta(
        ge=10,
        le=30 * 86_400,
        description="The job is given up when nothing new was heard of it for so many seconds; also when the "
        "charge point did not come for so long. Counts from the time at which it may begin.",
    ),
]
Since = Annotated[Moment | None, Meta(description="The oldest entry that is wanted; null: all.")]
Until = Annotated[Moment | None, Meta(description="The newest entry that is wanted; null: all.")]


class NewFirmwareUpdate(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A firmware update: of a file that was uploaded here, or of one on another server.

    With signing_certificate and signature it is sent as SignedUpdateFirmware.
    """

    file_id: (
        Annotated[int, Meta(ge=1, le=2**63 - 1, description="The firmware, as POST /files answered.")] | None
    ) = None
    location: Location | None = None
    protocol: ProtocolChoice = None
    retrieve_at: Annotated[Moment | None, Meta(description="The earliest time to fetch it; null: now.")] = (
        None
    )
    install_at: Annotated[
        Moment | None,
        Meta(description="The earliest time to install it; only for signed firmware. null: at once."),
    ] = None
    firmware_version: (
        Annotated[
            str,
            Meta(
                min_length=1,
                max_length=50,
                description="What BootNotification will say once the firmware runs: the update is done then, "
                "with or without Installed. null: any other version than before.",
            ),
        ]
        | None
    ) = None
    signing_certificate: (
        Annotated[
            str,
            Meta(min_length=1, max_length=5500, description="Its PEM."),
        ]
        | None
    ) = None
    signature: (
        Annotated[str, Meta(min_length=1, max_length=800, description="The signature, in Base64.")] | None
    ) = None
    retries: Retries = None
    retry_interval_s: RetryInterval = None
    attempts: Attempts = 1
    attempt_interval_s: AttemptInterval = 300
    timeout_s: Timeout = 86_400

    @property
    def kind(self) -> FileJobKind:
        signed = self.signature is not None
        return FileJobKind.SIGNED_FIRMWARE_UPDATE if signed else FileJobKind.FIRMWARE_UPDATE

    @property
    def faults(self) -> list[Fault]:
        """What does not go together."""
        found = []
        if (self.file_id is None) == (self.location is None):
            found.append(_fault("file_id", "Give file_id or location, and not both."))
        if self.protocol is not None and self.location is not None:
            found.append(_fault("protocol", "The protocol is that of location."))
        if (self.signature is None) != (self.signing_certificate is None):
            missing = "signature" if self.signature is None else "signing_certificate"
            found.append(_fault(missing, "signature and signing_certificate go together."))
        if self.install_at is not None and self.signature is None:
            found.append(_fault("install_at", "Only signed firmware has a time to be installed at."))
        return found

    @property
    def order(self) -> JobOrder:
        return JobOrder(
            location=self.location,
            protocol=self.protocol,
            retries=self.retries,
            retry_interval_s=self.retry_interval_s,
            attempts=self.attempts,
            attempt_interval_s=self.attempt_interval_s,
            timeout_s=self.timeout_s,
            retrieve_at=self.retrieve_at,
            install_at=self.install_at,
            firmware_version=self.firmware_version,
            signing_certificate=self.signing_certificate,
            signature=self.signature,
        )


class NewUpload(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Diagnostics that a charge point is to upload."""

    location: Location | None = None
    protocol: ProtocolChoice = None
    since: Since = None
    until: Until = None
    retries: Retries = None
    retry_interval_s: RetryInterval = None
    attempts: Attempts = 1
    attempt_interval_s: AttemptInterval = 300
    timeout_s: Timeout = 86_400

    @property
    def faults(self) -> list[Fault]:
        """What does not go together."""
        if self.protocol is not None and self.location is not None:
            return [_fault("protocol", "The protocol is that of location.")]
        return []

    @property
    def order(self) -> JobOrder:
        return JobOrder(
            location=self.location,
            protocol=self.protocol,
            retries=self.retries,
            retry_interval_s=self.retry_interval_s,
            attempts=self.attempts,
            attempt_interval_s=self.attempt_interval_s,
            timeout_s=self.timeout_s,
            since=self.since,
            until=self.until,
        )


class NewDiagnostics(NewUpload, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Diagnostics that a charge point is to upload (GetDiagnostics)."""


class NewLog(NewUpload, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A log that a charge point is to upload (GetLog)."""

    log_type: Annotated[LogName, Meta(description="Which log.")] = "DiagnosticsLog"

    @property
    def order(self) -> JobOrder:
        return replace(super().order, log_type=self.log_type)


class FileView(Struct, frozen=True, kw_only=True):
    """A file that is kept."""

    id: int
    purpose: Annotated[
        FilePurpose, Meta(description="firmware: an operator brought it. upload: a charge point did.")
    ]
    name: str
    size_bytes: int
    sha256: Annotated[str, Meta(description="Checksum, in hexadecimal.")]
    charge_point: Annotated[str | None, Meta(description="Who brought it; null: an operator.")]
    job_id: Annotated[int | None, Meta(description="The job for which it was brought.")]
    created_at: datetime
    changed_at: datetime


class FileJobView(Struct, frozen=True, kw_only=True):
    """A job about a file: a firmware update, or an upload of diagnostics or a log."""

    id: int
    charge_point: str
    kind: FileJobKind
    state: Annotated[
        FileJobState,
        Meta(
            description="waiting: the command is to be sent once the charge point is there, or its time has "
            "come. sent: it is not answered yet. under-way: the charge point has begun. done, failed, "
            "cancelled, timed-out: it is over; `reason` says why."
        ),
    ]
    status: Annotated[str | None, Meta(description="What the charge point said last, as in OCPP.")]
    reason: str | None
    attempt: Annotated[int, Meta(description="From 1: how often the command was sent, or will have been.")]
    request_id: Annotated[int | None, Meta(description="As the charge point was told, if at all.")]
    file_id: Annotated[int | None, Meta(description="The firmware.")]
    file_name: Annotated[str | None, Meta(description="What the charge point calls its upload.")]
    location: Annotated[str | None, Meta(description="As the charge point was told, without password.")]
    order: Annotated[JobOrder, Meta(description="What was asked for; fields that were left out are absent.")]
    created_at: datetime
    sent_at: datetime | None
    changed_at: datetime
    next_attempt_at: Annotated[datetime | None, Meta(description="Not before this is the command sent.")]
    gives_up_at: Annotated[datetime | None, Meta(description="When it is given up if nothing new is heard.")]
    ended_at: datetime | None


class PastJobStateView(Struct, frozen=True, kw_only=True):
    """A step of a job."""

    at: datetime
    last_at: Annotated[datetime, Meta(description="When it was said last, where it was several times.")]
    times: int
    attempt: int
    source: Annotated[str, Meta(description="operator, central-system, charge-point or file-server.")]
    state: FileJobState
    status: Annotated[str | None, Meta(description="What the charge point said, as in OCPP.")]
    detail: str | None


class FileJobDetail(FileJobView, frozen=True, kw_only=True):
    """A job with its history and the files that came of it."""

    history: list[PastJobStateView]
    files: list[FileView]
    warnings: Annotated[
        list[str], Meta(description="What speaks against it; the command is sent all the same.")
    ]


class FilePage(Struct, frozen=True, kw_only=True):
    """A part of the list of files."""

    items: list[FileView]
    next_cursor: NextCursor


class FileJobPage(Struct, frozen=True, kw_only=True):
    """A part of the list of jobs about files."""

    items: list[FileJobView]
    next_cursor: NextCursor


def file_view(file: StoredFile) -> FileView:
    return FileView(
        id=file.id,
        purpose=file.purpose,
        name=file.name,
        size_bytes=file.size_bytes,
        sha256=file.sha256,
        charge_point=file.charge_point,
        job_id=file.job_id,
        created_at=file.created_at,
        changed_at=file.changed_at,
    )


def job_view(job: FileJob) -> FileJobView:
    return FileJobView(**_job_fields(job))


def job_detail(
    job: FileJob, history: tuple[PastJobState, ...], files: tuple[StoredFile, ...], warnings: list[str]
) -> FileJobDetail:
    return FileJobDetail(
        **_job_fields(job),
        history=[
            PastJobStateView(
                at=step.at,
                last_at=step.last_at,
                times=step.times,
                attempt=step.attempt,
                source=step.source,
                state=step.state,
                status=step.status,
                detail=step.detail,
            )
            for step in history
        ],
        files=[file_view(file) for file in files],
        warnings=warnings,
    )


def _job_fields(job: FileJob) -> dict[str, Any]:
    order = job.order
    if order.location is not None:
        order = replace(order, location=shown(order.location))
    waits = job.state is FileJobState.WAITING
    return {
        "id": job.id,
        "charge_point": job.identity,
        "kind": job.kind,
        "state": job.state,
        "status": job.status,
        "reason": job.reason,
        "attempt": job.attempt,
        "request_id": job.request_id,
        "file_id": job.file_id,
        "file_name": job.file_name,
        "location": job.location,
        "order": order,
        "created_at": job.created_at,
        "sent_at": job.sent_at,
        "changed_at": job.changed_at,
        "next_attempt_at": job.not_before if waits else None,
        "gives_up_at": job.deadline if job.state.open else None,
        "ended_at": job.ended_at,
    }


def _fault(field: str, text: str) -> Fault:
    return Fault(path=f"$.{field}", kind="invalid_value", text=text)
