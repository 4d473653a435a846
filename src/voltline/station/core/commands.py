"""What the central system asks of the station, and the answers to it.

Every handler gives the response; what follows from it leaves after the answer, because the outbox is emptied
only when the whole happening is dealt with. A refusal for which OCPP has no word is a `Refusal`.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from voltline.messages import (
    UNSET,
    AvailabilityType,
    CancelReservation,
    CancelReservationResponse,
    CancelReservationStatus,
    ChangeAvailability,
    ChangeAvailabilityResponse,
    ChangeConfiguration,
    ChangeConfigurationResponse,
    ClearCache,
    ClearCacheResponse,
    ClearCacheStatus,
    ClearChargingProfile,
    ClearChargingProfileResponse,
    DataTransfer,
    DataTransferResponse,
    ErrorCode,
    ExtendedMessageTrigger,
    ExtendedTriggerMessage,
    ExtendedTriggerMessageResponse,
    FeatureProfile,
    GetCompositeSchedule,
    GetCompositeScheduleResponse,
    GetConfiguration,
    GetConfigurationResponse,
    GetDiagnostics,
    GetDiagnosticsResponse,
    GetLocalListVersion,
    GetLocalListVersionResponse,
    GetLog,
    GetLogResponse,
    MessageTrigger,
    Reason,
    RemoteStartStopStatus,
    RemoteStartTransaction,
    RemoteStartTransactionResponse,
    RemoteStopTransaction,
    RemoteStopTransactionResponse,
    Request,
    ReservationStatus,
    ReserveNow,
    ReserveNowResponse,
    Reset,
    ResetResponse,
    ResetStatus,
    ResetType,
    Response,
    SendLocalList,
    SendLocalListResponse,
    SetChargingProfile,
    SetChargingProfileResponse,
    TriggerMessage,
    TriggerMessageResponse,
    TriggerMessageStatus,
    UnlockConnector,
    UnlockConnectorResponse,
    UnlockStatus,
    UpdateFirmware,
    UpdateFirmwareResponse,
    action_of,
)
from voltline.station.core.hardware import Outlet
from voltline.station.core.outbox import Leave

if TYPE_CHECKING:
    from voltline.station.core.charge_point import ChargePoint


class Refusal(Exception):  # it is an answer, not an error
    """The request gets this CALLERROR."""

    def __init__(self, code: ErrorCode, text: str) -> None:
        super().__init__(text)
        self.code = code
        self.text = text


class Commands:
    """One method a request that this station serves; it serves no other."""

    def __init__(self, station: "ChargePoint") -> None:
        self._station = station

    def response_to(self, request: Request[Any]) -> Response:
        """Do what is asked, as far as it is possible.

        Raises:
            Refusal: the station has no such function, or the request breaks a rule.
        """
        handler = _HANDLERS.get(type(request))
        action = action_of(request)
        supported = (*self._station.bench.hardware.profiles, FeatureProfile.SECURITY)
        if handler is None or action.profile not in supported:
            raise Refusal(ErrorCode.NOT_SUPPORTED, f"{action.name} is not a function of this station")
        return handler(self, request)

    # ---- transactions

    def remote_start(self, request: RemoteStartTransaction) -> RemoteStartTransactionResponse:
        """Take the request if there is a connector for it; the rest comes after the answer (errata 3.32)."""
        charging = self._station.smart_charging
        # Where there is no smart charging the profile is ignored (OCPP 1.6, 5.11).
        profile = request.charging_profile if self._charges_smartly else UNSET
        if profile is not UNSET and not charging.fits_remote_start(profile):
            return RemoteStartTransactionResponse(status=RemoteStartStopStatus.REJECTED)
        connector_id = None if request.connector_id is UNSET else request.connector_id
        # Before the start, which may begin a transaction at once.
        withdraw = None if profile is UNSET else charging.announce(request.id_tag, connector_id, profile)
        accepted = self._station.takes_remote_orders and self._station.driver.remote_start(
            connector_id,
            request.id_tag,
            self._station.bench.configuration.flag("AuthorizeRemoteTxRequests"),
        )
        if withdraw is not None and not accepted:
            withdraw()
        return RemoteStartTransactionResponse(status=_start_stop(accepted))

    def remote_stop(self, request: RemoteStopTransaction) -> RemoteStopTransactionResponse:
        """Stop the transaction if it runs here (errata 3.33)."""
        connector = self._station.transactions.find(request.transaction_id)
        if connector is None or not self._station.takes_remote_orders:
            return RemoteStopTransactionResponse(status=RemoteStartStopStatus.REJECTED)
        self._station.transactions.end(connector, Reason.REMOTE)
        return RemoteStopTransactionResponse(status=RemoteStartStopStatus.ACCEPTED)

    def unlock(self, request: UnlockConnector) -> UnlockConnectorResponse:
        """Release the cable, after ending the transaction on it (OCPP 1.6, 5.18).

        Unlocked is what is answered if the lock obeys, which shows when it is tried.
        """
        station = self._station
        lockable = station.bench.hardware.outlet is Outlet.SOCKET
        connector = next((one for one in station.connectors.outlets if one.id == request.connector_id), None)
        if connector is None or not lockable:
            return UnlockConnectorResponse(status=UnlockStatus.NOT_SUPPORTED)
        station.transactions.end(connector, Reason.UNLOCK_COMMAND)
        connector.locked_for = None
        station.transactions.try_unlock(connector)
        return UnlockConnectorResponse(status=UnlockStatus.UNLOCKED)

    # ---- smart charging

    @property
    def _charges_smartly(self) -> bool:
        return FeatureProfile.SMART_CHARGING in self._station.bench.hardware.profiles

    def set_charging_profile(self, request: SetChargingProfile) -> SetChargingProfileResponse:
        """Install a charging profile (OCPP 1.6, 5.16; errata 3.39)."""
        self._require_smart_charging("SetChargingProfile")
        if request.connector_id not in self._station.connectors:
            text = f"connectorId {request.connector_id} is none of this station"
            raise Refusal(ErrorCode.PROPERTY_CONSTRAINT_VIOLATION, text)
        return self._station.smart_charging.set_profile(request)

    def clear_charging_profile(self, request: ClearChargingProfile) -> ClearChargingProfileResponse:
        """Remove charging profiles (OCPP 1.6, 5.5)."""
        self._require_smart_charging("ClearChargingProfile")
        return self._station.smart_charging.clear(request)

    def composite_schedule(self, request: GetCompositeSchedule) -> GetCompositeScheduleResponse:
        """Tell which limits hold from now on (OCPP 1.6, 5.7)."""
        self._require_smart_charging("GetCompositeSchedule")
        return self._station.smart_charging.composite_schedule(request)

    def _require_smart_charging(self, action: str) -> None:
        if not self._charges_smartly:
            raise Refusal(ErrorCode.NOT_SUPPORTED, f"{action} is not a function of this station")

    # ---- the station

    def reset(self, request: Reset) -> ResetResponse:
        """Agree to a reset, which follows when its StopTransactions are delivered (OCPP 1.6, 5.14)."""
        # Power is not taken from a station that writes its own firmware.
        hard = request.type == ResetType.HARD
        accepted = not self._station.firmware.installing and self._station.restart.reset(hard=hard)
        return ResetResponse(status=ResetStatus.ACCEPTED if accepted else ResetStatus.REJECTED)

    def change_availability(self, request: ChangeAvailability) -> ChangeAvailabilityResponse:
        """Take into or out of service, now or when the transaction is over (OCPP 1.6, 5.2)."""
        operative = request.type == AvailabilityType.OPERATIVE
        status = self._station.availability.change(request.connector_id, operative)
        return ChangeAvailabilityResponse(status=status)

    def clear_cache(self, _: ClearCache) -> ClearCacheResponse:
        """Forget every cached tag (OCPP 1.6, 5.4; errata 3.23)."""
        cleared = self._station.authorizer.clear_cache()
        return ClearCacheResponse(status=ClearCacheStatus.ACCEPTED if cleared else ClearCacheStatus.REJECTED)

    # ---- who may charge

    def local_list_version(self, _: GetLocalListVersion) -> GetLocalListVersionResponse:
        """0 for an empty list, -1 where there is none (OCPP 1.6, 5.10)."""
        return GetLocalListVersionResponse(list_version=self._station.authorizer.list_version)

    def send_local_list(self, request: SendLocalList) -> SendLocalListResponse:
        """Replace or change the local list (OCPP 1.6, 5.15)."""
        return SendLocalListResponse(status=self._station.authorizer.update_list(request))

    def reserve_now(self, request: ReserveNow) -> ReserveNowResponse:
        """Keep a connector for somebody (OCPP 1.6, 5.13)."""
        station = self._station
        closed = station.driver.closed
        status = ReservationStatus.REJECTED if closed else station.reservations.reserve(request)
        return ReserveNowResponse(status=status)

    def cancel_reservation(self, request: CancelReservation) -> CancelReservationResponse:
        """Give a reservation up (OCPP 1.6, 5.1)."""
        cancelled = self._station.reservations.cancel(request.reservation_id)
        status = CancelReservationStatus.ACCEPTED if cancelled else CancelReservationStatus.REJECTED
        return CancelReservationResponse(status=status)

    def data_transfer(self, request: DataTransfer) -> DataTransferResponse:
        """What the vendor's handler says, if the station knows the vendor (OCPP 1.6, 4.3)."""
        return self._station.data_transfers.answer(request)

    # ---- files

    def update_firmware(self, request: UpdateFirmware) -> UpdateFirmwareResponse:
        """Take the order; everything else is told by FirmwareStatusNotification (OCPP 1.6, 5.19)."""
        self._station.firmware.order(request)
        return UpdateFirmwareResponse()

    def get_diagnostics(self, request: GetDiagnostics) -> GetDiagnosticsResponse:
        """Name the file, which follows (OCPP 1.6, 5.9)."""
        return self._station.uploads.get_diagnostics(request)

    def get_log(self, request: GetLog) -> GetLogResponse:
        """Name the file, which follows (security whitepaper, N01)."""
        return self._station.uploads.get_log(request)

    # ---- configuration

    def get_configuration(self, request: GetConfiguration) -> GetConfigurationResponse:
        """The keys asked for, or all of them (OCPP 1.6, 5.8)."""
        configuration = self._station.bench.configuration
        names = [] if request.key is UNSET else request.key
        most = configuration.number("GetConfigurationMaxKeys")
        if len(names) > most:
            text = f"{len(names)} keys asked for; GetConfigurationMaxKeys is {most}"
            raise Refusal(ErrorCode.OCCURENCE_CONSTRAINT_VIOLATION, text)
        known, unknown = configuration.read(names)
        return GetConfigurationResponse(configuration_key=known or UNSET, unknown_key=unknown or UNSET)

    def change_configuration(self, request: ChangeConfiguration) -> ChangeConfigurationResponse:
        """Set a key, and act by it at once (OCPP 1.6, 5.3)."""
        return ChangeConfigurationResponse(status=self._station.change_setting(request.key, request.value))

    # ---- triggers

    def trigger(self, request: TriggerMessage) -> TriggerMessageResponse:
        """Send a message out of its turn, after the answer (OCPP 1.6, 5.17)."""
        connector_id = None if request.connector_id is UNSET else request.connector_id
        status = self._trigger(request.requested_message, connector_id)
        return TriggerMessageResponse(status=status)

    def extended_trigger(self, request: ExtendedTriggerMessage) -> ExtendedTriggerMessageResponse:
        """Likewise, and messages of the security whitepaper (5.5 and 6.14)."""
        connector_id = None if request.connector_id is UNSET else request.connector_id
        match request.requested_message:
            case ExtendedMessageTrigger.LOG_STATUS_NOTIFICATION:
                self._station.uploads.log.trigger()
                status = TriggerMessageStatus.ACCEPTED
            case ExtendedMessageTrigger.FIRMWARE_STATUS_NOTIFICATION:
                told = self._station.firmware.trigger_signed()
                status = TriggerMessageStatus.ACCEPTED if told else TriggerMessageStatus.REJECTED
            case shared if shared in _SHARED_TRIGGERS:
                status = self._trigger(_SHARED_TRIGGERS[shared], connector_id)
            case _:
                status = TriggerMessageStatus.NOT_IMPLEMENTED
        return ExtendedTriggerMessageResponse(status=status)

    def _trigger(self, wanted: MessageTrigger, connector_id: int | None) -> TriggerMessageStatus:
        station = self._station
        if wanted == MessageTrigger.BOOT_NOTIFICATION:
            if not station.registration.boot_may_be_triggered:
                return TriggerMessageStatus.REJECTED
            station.registration.boot()
            return TriggerMessageStatus.ACCEPTED
        if wanted == MessageTrigger.HEARTBEAT:
            station.registration.heartbeat(Leave.TRIGGERED)
            return TriggerMessageStatus.ACCEPTED
        if (
            wanted in _OF_FIRMWARE_MANAGEMENT
            and FeatureProfile.FIRMWARE_MANAGEMENT not in station.bench.hardware.profiles
        ):
            return TriggerMessageStatus.NOT_IMPLEMENTED
        if wanted == MessageTrigger.FIRMWARE_STATUS_NOTIFICATION:
            station.firmware.trigger()
            return TriggerMessageStatus.ACCEPTED
        if wanted == MessageTrigger.DIAGNOSTICS_STATUS_NOTIFICATION:
            station.uploads.diagnostics.trigger()
            return TriggerMessageStatus.ACCEPTED
        if wanted not in (MessageTrigger.STATUS_NOTIFICATION, MessageTrigger.METER_VALUES):
            return TriggerMessageStatus.NOT_IMPLEMENTED
        if connector_id is not None and connector_id not in station.connectors:
            return TriggerMessageStatus.REJECTED
        if wanted == MessageTrigger.STATUS_NOTIFICATION:
            chosen = (
                tuple(station.connectors) if connector_id is None else (station.connectors.any(connector_id),)
            )
            for connector in chosen:
                station.reports.report(connector, Leave.TRIGGERED)
            return TriggerMessageStatus.ACCEPTED
        metered = [one for one in station.connectors if one.id or station.bench.hardware.main_meter]
        asked_for = [one for one in metered if connector_id in (None, one.id)]
        for connector in asked_for:
            station.transactions.metering.send_newest(connector, Leave.TRIGGERED)
        return TriggerMessageStatus.ACCEPTED if asked_for else TriggerMessageStatus.REJECTED


_SHARED_TRIGGERS = {
    ExtendedMessageTrigger.BOOT_NOTIFICATION: MessageTrigger.BOOT_NOTIFICATION,
    ExtendedMessageTrigger.HEARTBEAT: MessageTrigger.HEARTBEAT,
    ExtendedMessageTrigger.METER_VALUES: MessageTrigger.METER_VALUES,
    ExtendedMessageTrigger.STATUS_NOTIFICATION: MessageTrigger.STATUS_NOTIFICATION,
}

_OF_FIRMWARE_MANAGEMENT = (
    MessageTrigger.FIRMWARE_STATUS_NOTIFICATION,
    MessageTrigger.DIAGNOSTICS_STATUS_NOTIFICATION,
)


def _start_stop(accepted: bool) -> RemoteStartStopStatus:
    return RemoteStartStopStatus.ACCEPTED if accepted else RemoteStartStopStatus.REJECTED


_HANDLERS: dict[type[Request[Any]], Callable[[Commands, Any], Response]] = {
    CancelReservation: Commands.cancel_reservation,
    ChangeAvailability: Commands.change_availability,
    ChangeConfiguration: Commands.change_configuration,
    ClearCache: Commands.clear_cache,
    ClearChargingProfile: Commands.clear_charging_profile,
    DataTransfer: Commands.data_transfer,
    ExtendedTriggerMessage: Commands.extended_trigger,
    GetCompositeSchedule: Commands.composite_schedule,
    GetConfiguration: Commands.get_configuration,
    GetLocalListVersion: Commands.local_list_version,
    GetDiagnostics: Commands.get_diagnostics,
    GetLog: Commands.get_log,
    RemoteStartTransaction: Commands.remote_start,
    RemoteStopTransaction: Commands.remote_stop,
    ReserveNow: Commands.reserve_now,
    Reset: Commands.reset,
    SendLocalList: Commands.send_local_list,
    SetChargingProfile: Commands.set_charging_profile,
    TriggerMessage: Commands.trigger,
    UnlockConnector: Commands.unlock,
    UpdateFirmware: Commands.update_firmware,
}

SERVED: frozenset[type[Request[Any]]] = frozenset(_HANDLERS)
"""The requests of the central system that this station serves."""
