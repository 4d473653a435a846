"""How frames of other versions of OCPP are recognized among those of 1.6."""

from typing import Final

from voltline.inspection.events import Exchange

__all__ = ["version_of"]

_ONLY_LATER: Final = frozenset(
    [
        "AFRRSignal",
        "AdjustPeriodicEventStream",
        "BatterySwap",
        "ChangeTransactionTariff",
        "ClearDERControl",
        "ClearDisplayMessage",
        "ClearTariffs",
        "ClearVariableMonitoring",
        "ClearedChargingLimit",
        "ClosePeriodicEventStream",
        "CostUpdated",
        "CustomerInformation",
        "Get15118EVCertificate",
        "GetBaseReport",
        "GetCertificateChainStatus",
        "GetCertificateStatus",
        "GetChargingProfiles",
        "GetCRL",
        "GetDERControl",
        "GetDisplayMessages",
        "GetMonitoringReport",
        "GetPeriodicEventStream",
        "GetReport",
        "GetTariffs",
        "GetTransactionStatus",
        "GetVariables",
        "NotifyAllowedEnergyTransfer",
        "NotifyChargingLimit",
        "NotifyCRL",
        "NotifyCustomerInformation",
        "NotifyDERAlarm",
        "NotifyDERStartStop",
        "NotifyDisplayMessages",
        "NotifyEVChargingNeeds",
        "NotifyEVChargingSchedule",
        "NotifyEvent",
        "NotifyMonitoringReport",
        "NotifyPeriodicEventStream",
        "NotifyPriorityCharging",
        "NotifyQRCodeScanned",
        "NotifyReport",
        "NotifySettlement",
        "NotifyWebPaymentStarted",
        "OpenPeriodicEventStream",
        "PublishFirmware",
        "PublishFirmwareStatusNotification",
        "PullDynamicScheduleUpdate",
        "ReportChargingProfiles",
        "ReportDERControl",
        "RequestBatterySwap",
        "RequestStartTransaction",
        "RequestStopTransaction",
        "ReservationStatusUpdate",
        "SetDefaultTariff",
        "SetDERControl",
        "SetDisplayMessage",
        "SetMonitoringBase",
        "SetMonitoringLevel",
        "SetNetworkProfile",
        "SetVariableMonitoring",
        "SetVariables",
        "TransactionEvent",
        "UnpublishFirmware",
        "UpdateDynamicSchedule",
        "UsePriorityCharging",
        "VatNumberValidation",
    ]
)
"""Actions that OCPP 2.0.1 and 2.1 have and 1.6 with its security extension has not."""

# Names of the later versions in requests whose action both have. Quoted, so that no text value matches.
_LATER_FIELDS: Final = (b'"chargingStation"', b'"evseId"', b'"evse"', b'"idToken"', b'"connectorStatus"')
_OLDER_FIELDS: Final = (b'"status":"Occupied"', b'"Mode3Error"')


def version_of(exchange: Exchange) -> str | None:
    """The other version that a CALL is certainly of: `"2.0.1 or 2.1"` or `"1.5"`; None if it is none.

    Only looked for in requests that 1.6 does not know or that deviate from it: all versions share names
    such as BootNotification and Heartbeat, and a Heartbeat tells nothing.
    """
    if exchange.action is None:
        return "2.0.1 or 2.1" if exchange.name in _ONLY_LATER else None
    if not exchange.request_deviations:
        return None
    payload = bytes(exchange.frame.payload)
    if exchange.name != "DataTransfer" and any(field in payload for field in _LATER_FIELDS):
        return "2.0.1 or 2.1"
    if exchange.name == "StatusNotification":
        spaceless = payload.replace(b" ", b"")
        return "1.5" if any(field in spaceless for field in _OLDER_FIELDS) else None
    return None
