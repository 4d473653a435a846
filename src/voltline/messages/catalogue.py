"""All 39 actions: 28 of OCPP 1.6 and 11 of the security whitepaper."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, get_args

from voltline.messages.action import Action, Conf, FeatureProfile, Request, Side
from voltline.messages.authorization import (
    Authorize,
    ClearCache,
)
from voltline.messages.availability import (
    ChangeAvailability,
    UnlockConnector,
)
from voltline.messages.boot import (
    BootNotification,
    Heartbeat,
    Reset,
)
from voltline.messages.certificates import (
    CertificateSigned,
    DeleteCertificate,
    GetInstalledCertificateIds,
    InstallCertificate,
    SignCertificate,
)
from voltline.messages.configuration import (
    ChangeConfiguration,
    GetConfiguration,
)
from voltline.messages.data_transfer import (
    DataTransfer,
)
from voltline.messages.diagnostics import (
    DiagnosticsStatusNotification,
    GetDiagnostics,
    GetLog,
    LogStatusNotification,
)
from voltline.messages.firmware import (
    FirmwareStatusNotification,
    SignedFirmwareStatusNotification,
    SignedUpdateFirmware,
    UpdateFirmware,
)
from voltline.messages.local_list import (
    GetLocalListVersion,
    SendLocalList,
)
from voltline.messages.metering import (
    MeterValues,
)
from voltline.messages.reservations import (
    CancelReservation,
    ReserveNow,
)
from voltline.messages.security_events import (
    SecurityEventNotification,
)
from voltline.messages.smart_charging import (
    ClearChargingProfile,
    GetCompositeSchedule,
    SetChargingProfile,
)
from voltline.messages.status import (
    StatusNotification,
)
from voltline.messages.transactions import (
    RemoteStartTransaction,
    RemoteStopTransaction,
    StartTransaction,
    StopTransaction,
)
from voltline.messages.triggers import (
    ExtendedTriggerMessage,
    TriggerMessage,
)

__all__ = ["ACTIONS", "action_of"]

_FROM_CHARGE_POINT = frozenset({Side.CHARGE_POINT})
_FROM_CENTRAL_SYSTEM = frozenset({Side.CENTRAL_SYSTEM})
_BOTH_WAYS = frozenset(Side)

_CORE = FeatureProfile.CORE
_FIRMWARE = FeatureProfile.FIRMWARE_MANAGEMENT
_LOCAL_LIST = FeatureProfile.LOCAL_AUTH_LIST_MANAGEMENT
_RESERVATION = FeatureProfile.RESERVATION
_SMART_CHARGING = FeatureProfile.SMART_CHARGING
_TRIGGER = FeatureProfile.REMOTE_TRIGGER
_SECURITY = FeatureProfile.SECURITY


def _action(
    request: type[Request[Conf]], sent_by: frozenset[Side], profile: FeatureProfile
) -> Action[Request[Conf], Conf]:
    # class Heartbeat(Request[HeartbeatResponse]) names its response once; it is read from there.
    (base,) = request.__orig_bases__  # type: ignore[attr-defined]
    (response,) = get_args(base)
    return Action(request.__name__, request, response, sent_by, profile)


_ALL: tuple[Action[Any, Any], ...] = (
    _action(Authorize, _FROM_CHARGE_POINT, _CORE),
    _action(BootNotification, _FROM_CHARGE_POINT, _CORE),
    _action(CancelReservation, _FROM_CENTRAL_SYSTEM, _RESERVATION),
    _action(CertificateSigned, _FROM_CENTRAL_SYSTEM, _SECURITY),
    _action(ChangeAvailability, _FROM_CENTRAL_SYSTEM, _CORE),
    _action(ChangeConfiguration, _FROM_CENTRAL_SYSTEM, _CORE),
    _action(ClearCache, _FROM_CENTRAL_SYSTEM, _CORE),
    _action(ClearChargingProfile, _FROM_CENTRAL_SYSTEM, _SMART_CHARGING),
    _action(DataTransfer, _BOTH_WAYS, _CORE),
    _action(DeleteCertificate, _FROM_CENTRAL_SYSTEM, _SECURITY),
    _action(DiagnosticsStatusNotification, _FROM_CHARGE_POINT, _FIRMWARE),
    _action(ExtendedTriggerMessage, _FROM_CENTRAL_SYSTEM, _SECURITY),
    _action(FirmwareStatusNotification, _FROM_CHARGE_POINT, _FIRMWARE),
    _action(GetCompositeSchedule, _FROM_CENTRAL_SYSTEM, _SMART_CHARGING),
    _action(GetConfiguration, _FROM_CENTRAL_SYSTEM, _CORE),
    _action(GetDiagnostics, _FROM_CENTRAL_SYSTEM, _FIRMWARE),
    _action(GetInstalledCertificateIds, _FROM_CENTRAL_SYSTEM, _SECURITY),
    _action(GetLocalListVersion, _FROM_CENTRAL_SYSTEM, _LOCAL_LIST),
    _action(GetLog, _FROM_CENTRAL_SYSTEM, _SECURITY),
    _action(Heartbeat, _FROM_CHARGE_POINT, _CORE),
    _action(InstallCertificate, _FROM_CENTRAL_SYSTEM, _SECURITY),
    _action(LogStatusNotification, _FROM_CHARGE_POINT, _SECURITY),
    _action(MeterValues, _FROM_CHARGE_POINT, _CORE),
    _action(RemoteStartTransaction, _FROM_CENTRAL_SYSTEM, _CORE),
    _action(RemoteStopTransaction, _FROM_CENTRAL_SYSTEM, _CORE),
    _action(ReserveNow, _FROM_CENTRAL_SYSTEM, _RESERVATION),
    _action(Reset, _FROM_CENTRAL_SYSTEM, _CORE),
    _action(SecurityEventNotification, _FROM_CHARGE_POINT, _SECURITY),
    _action(SendLocalList, _FROM_CENTRAL_SYSTEM, _LOCAL_LIST),
    _action(SetChargingProfile, _FROM_CENTRAL_SYSTEM, _SMART_CHARGING),
    _action(SignCertificate, _FROM_CHARGE_POINT, _SECURITY),
    _action(SignedFirmwareStatusNotification, _FROM_CHARGE_POINT, _SECURITY),
    _action(SignedUpdateFirmware, _FROM_CENTRAL_SYSTEM, _SECURITY),
    _action(StartTransaction, _FROM_CHARGE_POINT, _CORE),
    _action(StatusNotification, _FROM_CHARGE_POINT, _CORE),
    _action(StopTransaction, _FROM_CHARGE_POINT, _CORE),
    _action(TriggerMessage, _FROM_CENTRAL_SYSTEM, _TRIGGER),
    _action(UnlockConnector, _FROM_CENTRAL_SYSTEM, _CORE),
    _action(UpdateFirmware, _FROM_CENTRAL_SYSTEM, _FIRMWARE),
)

ACTIONS: Mapping[str, Action[Any, Any]] = MappingProxyType({action.name: action for action in _ALL})
"""Every action by its name on the wire, in alphabetical order."""

_BY_REQUEST: dict[type, Action[Any, Any]] = {action.request: action for action in _ALL}


def action_of(request: Request[Any] | type[Request[Any]]) -> Action[Any, Any]:
    """The action that a request, or the class of one, belongs to.

    Raises KeyError for a class that is not in the catalogue.
    """
    return _BY_REQUEST[request if isinstance(request, type) else type(request)]
