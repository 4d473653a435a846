"""What an answer to a command means for what is known of the charge point: one row a command.

Asked for every answer, whoever sent the command: a person by the API, or a procedure.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from voltline.central.domain.stations import StationKey
from voltline.central.services import (
    certificates,
    charging_profiles,
    configuration,
    data_transfer,
    file_jobs,
    local_lists,
    reservations,
)
from voltline.central.services.ports import UnitOfWork
from voltline.messages import (
    CancelReservation,
    CertificateSigned,
    ChangeConfiguration,
    ClearCache,
    ClearChargingProfile,
    DataTransfer,
    DeleteCertificate,
    GetCompositeSchedule,
    GetConfiguration,
    GetDiagnostics,
    GetInstalledCertificateIds,
    GetLocalListVersion,
    GetLog,
    InstallCertificate,
    RemoteStartTransaction,
    Request,
    ReserveNow,
    SendLocalList,
    SetChargingProfile,
    SignedUpdateFirmware,
    UpdateFirmware,
)

Outcome = Callable[[UnitOfWork, StationKey, Any, Any, datetime], object]
"""A use case: unit, charge point, the request, its answer, and when that came."""

OUTCOMES: Mapping[type[Request[Any]], Outcome] = {
    GetConfiguration: configuration.read,
    ChangeConfiguration: configuration.change_answered,
    GetLocalListVersion: local_lists.version_told,
    SendLocalList: local_lists.update_answered,
    ClearCache: local_lists.cache_answered,
    ReserveNow: reservations.answered,
    CancelReservation: reservations.cancel_answered,
    UpdateFirmware: file_jobs.update_answered,
    SignedUpdateFirmware: file_jobs.signed_update_answered,
    GetDiagnostics: file_jobs.diagnostics_answered,
    GetLog: file_jobs.log_answered,
    CertificateSigned: certificates.signed_answered,
    InstallCertificate: certificates.install_answered,
    DeleteCertificate: certificates.delete_answered,
    GetInstalledCertificateIds: certificates.listed,
    DataTransfer: data_transfer.sent,
    SetChargingProfile: charging_profiles.set_answered,
    ClearChargingProfile: charging_profiles.clear_answered,
    GetCompositeSchedule: charging_profiles.schedule_answered,
    RemoteStartTransaction: charging_profiles.remote_start_answered,
}
