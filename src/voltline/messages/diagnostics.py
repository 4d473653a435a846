"""Having the charge point upload its diagnostics or its logs."""

from typing import Annotated

from msgspec import UNSET, UnsetType

from voltline.messages.action import Payload, Request, Response
from voltline.messages.types import CiString255, Enumeration, String255, String512, Timestamp, Uri, doc


class GetDiagnosticsResponse(Response):
    """The name of the file to come. OCPP 1.6, 6.26."""

    file_name: (
        Annotated[CiString255, doc("Name of the file that will be uploaded; absent if there is none.")]
        | UnsetType
    ) = UNSET


class GetDiagnostics(Request[GetDiagnosticsResponse]):
    """Upload your diagnostics, as one file. OCPP 1.6, 5.9 and 6.25."""

    location: Annotated[Uri, doc("The folder to upload to.")]
    retries: (
        Annotated[int, doc("How often to try the upload; the charge point decides if absent.")] | UnsetType
    ) = UNSET
    retry_interval: (
        Annotated[int, doc("Time between two tries; the charge point decides if absent.", unit="s")]
        | UnsetType
    ) = UNSET
    start_time: Annotated[Timestamp, doc("The oldest entry wanted.")] | UnsetType = UNSET
    stop_time: Annotated[Timestamp, doc("The newest entry wanted.")] | UnsetType = UNSET


class DiagnosticsStatus(Enumeration):
    """How far an upload of diagnostics is. OCPP 1.6, 7.24."""

    IDLE = "Idle", "No upload is going on. Only in answer to a trigger."
    UPLOADED = "Uploaded", "The file has been uploaded."
    UPLOAD_FAILED = "UploadFailed", "The file could not be uploaded."
    UPLOADING = "Uploading", "The file is being uploaded."


class DiagnosticsStatusNotificationResponse(Response):
    """The central system has it. OCPP 1.6, 6.18."""


class DiagnosticsStatusNotification(Request[DiagnosticsStatusNotificationResponse]):
    """How far an upload of diagnostics is. OCPP 1.6, 4.4 and 6.17."""

    status: Annotated[DiagnosticsStatus, doc("How far the upload is.")]


class LogType(Enumeration):
    """Which log; LogEnumType of the security whitepaper, 6.11."""

    DIAGNOSTICS_LOG = "DiagnosticsLog", "What GetDiagnostics would upload."
    SECURITY_LOG = "SecurityLog", "The log of security events."


class LogParameters(Payload):
    """Which part of a log, and where to; LogParametersType of the security whitepaper, 6.12."""

    remote_location: Annotated[String512, doc("URL of the folder to upload to.")]
    oldest_timestamp: Annotated[Timestamp, doc("The oldest entry wanted.")] | UnsetType = UNSET
    latest_timestamp: Annotated[Timestamp, doc("The newest entry wanted.")] | UnsetType = UNSET


class LogStatus(Enumeration):
    """Whether a log will be uploaded; LogStatusEnumType of the security whitepaper, 6.13."""

    ACCEPTED = "Accepted", "The log will be uploaded."
    REJECTED = "Rejected", "The log will not be uploaded."
    ACCEPTED_CANCELED = (
        "AcceptedCanceled",
        "The log will be uploaded, and another upload was cancelled for it.",
    )


class GetLogResponse(Response):
    """Whether the log will be uploaded. Security whitepaper, 5.10."""

    status: Annotated[LogStatus, doc("Whether the log will be uploaded.")]
    filename: (
        Annotated[String255, doc("Name of the file that will be uploaded; absent if there is none.")]
        | UnsetType
    ) = UNSET


class GetLog(Request[GetLogResponse]):
    """Upload a log. Security whitepaper, 5.9."""

    log: Annotated[LogParameters, doc("Which part, and where to.")]
    log_type: Annotated[LogType, doc("Which log.")]
    request_id: Annotated[int, doc("Identifies this request; comes back in the status notifications.")]
    retries: (
        Annotated[int, doc("How often to try the upload; the charge point decides if absent.")] | UnsetType
    ) = UNSET
    retry_interval: (
        Annotated[int, doc("Time between two tries; the charge point decides if absent.", unit="s")]
        | UnsetType
    ) = UNSET


class UploadLogStatus(Enumeration):
    """How far the upload of a log is; UploadLogStatusEnumType of the security whitepaper, 6.17."""

    BAD_MESSAGE = "BadMessage", "A badly formed packet, or another breach of the protocol."
    IDLE = "Idle", "No upload is going on. Only in answer to a trigger."
    NOT_SUPPORTED_OPERATION = "NotSupportedOperation", "The server does not support the operation."
    PERMISSION_DENIED = "PermissionDenied", "The server did not allow it."
    UPLOADED = "Uploaded", "The file has been uploaded."
    UPLOAD_FAILURE = "UploadFailure", "The file could not be uploaded."
    UPLOADING = "Uploading", "The file is being uploaded."


class LogStatusNotificationResponse(Response):
    """The central system has it. Security whitepaper, 5.14."""


class LogStatusNotification(Request[LogStatusNotificationResponse]):
    """How far the upload of a log is. Security whitepaper, 5.13."""

    status: Annotated[UploadLogStatus, doc("How far the upload is.")]
    request_id: Annotated[int, doc("The requestId of the GetLog; absent only when Idle.")] | UnsetType = UNSET
