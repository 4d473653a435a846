"""Firmware updates: plain, and with a signature that the charge point verifies."""

from typing import Annotated

from msgspec import UNSET, UnsetType

from voltline.messages.action import Payload, Request, Response
from voltline.messages.types import Enumeration, String512, String800, String5500, Timestamp, Uri, doc


class UpdateFirmwareResponse(Response):
    """The charge point has the request. OCPP 1.6, 6.56."""


class UpdateFirmware(Request[UpdateFirmwareResponse]):
    """Fetch this firmware and install it. OCPP 1.6, 5.19 and 6.55."""

    location: Annotated[Uri, doc("Where the firmware is.")]
    retries: (
        Annotated[int, doc("How often to try the download; the charge point decides if absent.")] | UnsetType
    ) = UNSET
    retrieve_date: Annotated[Timestamp, doc("The earliest time to fetch it.")]
    retry_interval: (
        Annotated[int, doc("Time between two tries; the charge point decides if absent.", unit="s")]
        | UnsetType
    ) = UNSET


class FirmwareStatus(Enumeration):
    """How far a plain update is. OCPP 1.6, 7.25."""

    DOWNLOADED = "Downloaded", "The firmware has been fetched."
    DOWNLOAD_FAILED = "DownloadFailed", "The firmware could not be fetched."
    DOWNLOADING = "Downloading", "The firmware is being fetched."
    IDLE = "Idle", "No update is going on. Only in answer to a trigger."
    INSTALLATION_FAILED = "InstallationFailed", "The firmware could not be installed."
    INSTALLING = "Installing", "The firmware is being installed."
    INSTALLED = "Installed", "The new firmware is installed."


class FirmwareStatusNotificationResponse(Response):
    """The central system has it. OCPP 1.6, 6.20."""


class FirmwareStatusNotification(Request[FirmwareStatusNotificationResponse]):
    """How far a firmware update is. OCPP 1.6, 4.5 and 6.19."""

    status: Annotated[FirmwareStatus, doc("How far the update is.")]


class Firmware(Payload):
    """A firmware with its signature; FirmwareType of the security whitepaper, 6.7."""

    location: Annotated[String512, doc("URI of the firmware.")]
    retrieve_date_time: Annotated[Timestamp, doc("The earliest time to fetch it.")]
    install_date_time: Annotated[Timestamp, doc("The earliest time to install it.")] | UnsetType = UNSET
    signing_certificate: Annotated[String5500, doc("The certificate that it was signed with, as PEM.")]
    signature: Annotated[String800, doc("The signature, in Base64.")]


class UpdateFirmwareStatus(Enumeration):
    """What became of a signed update; UpdateFirmwareStatusEnumType of the security whitepaper, 6.16."""

    ACCEPTED = "Accepted", "The update will be done."
    REJECTED = "Rejected", "The update will not be done."
    ACCEPTED_CANCELED = "AcceptedCanceled", "The update will be done, and another one was cancelled for it."
    INVALID_CERTIFICATE = "InvalidCertificate", "The signing certificate is not valid."
    REVOKED_CERTIFICATE = "RevokedCertificate", "The signing certificate has been revoked."


class SignedUpdateFirmwareResponse(Response):
    """What became of the update. Security whitepaper, 5.22."""

    status: Annotated[UpdateFirmwareStatus, doc("Whether the update will be done.")]


class SignedUpdateFirmware(Request[SignedUpdateFirmwareResponse]):
    """Fetch this firmware, verify its signature, install it. Security whitepaper, 5.21."""

    retries: (
        Annotated[int, doc("How often to try the download; the charge point decides if absent.")] | UnsetType
    ) = UNSET
    retry_interval: (
        Annotated[int, doc("Time between two tries; the charge point decides if absent.", unit="s")]
        | UnsetType
    ) = UNSET
    request_id: Annotated[int, doc("Identifies this request; comes back in the status notifications.")]
    firmware: Annotated[Firmware, doc("The firmware.")]


class SignedFirmwareStatus(Enumeration):
    """How far a signed update is; FirmwareStatusEnumType of the security whitepaper, 6.6."""

    DOWNLOADED = "Downloaded", "The firmware has been fetched."
    DOWNLOAD_FAILED = "DownloadFailed", "The firmware could not be fetched."
    DOWNLOADING = "Downloading", "The firmware is being fetched."
    DOWNLOAD_SCHEDULED = "DownloadScheduled", "The firmware will be fetched later."
    DOWNLOAD_PAUSED = "DownloadPaused", "Fetching the firmware is interrupted."
    IDLE = "Idle", "No update is going on. Only in answer to a trigger."
    INSTALLATION_FAILED = "InstallationFailed", "The firmware could not be installed."
    INSTALLING = "Installing", "The firmware is being installed."
    INSTALLED = "Installed", "The new firmware is installed."
    INSTALL_REBOOTING = "InstallRebooting", "The charge point reboots to run the new firmware."
    INSTALL_SCHEDULED = "InstallScheduled", "The firmware will be installed later."
    INSTALL_VERIFICATION_FAILED = "InstallVerificationFailed", "The new firmware failed its verification."
    INVALID_SIGNATURE = "InvalidSignature", "The signature does not match the firmware."
    SIGNATURE_VERIFIED = "SignatureVerified", "The signature matches the firmware."


class SignedFirmwareStatusNotificationResponse(Response):
    """The central system has it. Security whitepaper, 5.20."""


class SignedFirmwareStatusNotification(Request[SignedFirmwareStatusNotificationResponse]):
    """How far a signed firmware update is. Security whitepaper, 5.19."""

    status: Annotated[SignedFirmwareStatus, doc("How far the update is.")]
    request_id: (
        Annotated[int, doc("The requestId of the SignedUpdateFirmware; absent only when Idle.")] | UnsetType
    ) = UNSET
