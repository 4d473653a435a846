"""The configuration keys of this station and their values (OCPP 1.6, 5.3, 5.8 and 9).

What a key is, who may write it and what it may hold is data of `voltline.messages`; here stands which keys
this station has, where it is narrower than the specification, and what they are set to.
"""

from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache

import msgspec

from voltline.messages import (
    CONFIGURATION_KEYS,
    ConfigurationStatus,
    FeatureProfile,
    KeyValue,
)
from voltline.messages.configuration_keys import Access, ConfigurationKey, ValueType
from voltline.station.core.hardware import Hardware, Outlet
from voltline.station.core.measurands import selection_of

PROFILES = (FeatureProfile.CORE, FeatureProfile.REMOTE_TRIGGER)

MOST_MEASURANDS = 22
MEASURAND_LISTS = (
    "MeterValuesSampledData",
    "MeterValuesAlignedData",
    "StopTxnSampledData",
    "StopTxnAlignedData",
)

Check = Callable[[str], bool]


class Setting(msgspec.Struct, frozen=True):
    """One key as this station has it. `accepts` is what holds beyond the key's own rules."""

    key: ConfigurationKey
    initial: str
    readonly: bool
    after_reboot: bool
    accepts: Check


def _anything(_: str) -> bool:
    return True


def _initial_values(hardware: Hardware) -> dict[str, str]:
    """The keys of this station, and what they hold when nobody has changed them."""
    connectors = range(1, hardware.connectors + 1)
    rotation = "NotApplicable" if hardware.phases != 3 else "Unknown"
    values = {
        "ConnectorPhaseRotation": ",".join(f"{number}.{rotation}" for number in connectors),
        "ConnectorPhaseRotationMaxLength": str(hardware.connectors + 1),
        "GetConfigurationMaxKeys": "50",
        "HeartbeatInterval": "300",
        "NumberOfConnectors": str(hardware.connectors),
        "StopTransactionMaxMeterValues": "100",
        "SupportedFeatureProfiles": ",".join(PROFILES),
        "UnlockConnectorOnEVSideDisconnect": "true" if hardware.outlet is Outlet.SOCKET else "false",
    }
    defaults = (
        "AllowOfflineTxForUnknownId",
        "AuthorizationCacheEnabled",
        "AuthorizeRemoteTxRequests",
        "ClockAlignedDataInterval",
        "ConnectionTimeOut",
        "LocalAuthorizeOffline",
        "LocalPreAuthorize",
        "MessageTimeout",
        "MeterValueSampleInterval",
        "ResetRetries",
        "StopTransactionOnEVSideDisconnect",
        "StopTransactionOnInvalidId",
        "TransactionMessageAttempts",
        "TransactionMessageRetryInterval",
        "WebSocketPingInterval",
        *MEASURAND_LISTS,
    )
    for name in defaults:
        values[name] = CONFIGURATION_KEYS[name].default or ""
    for name in MEASURAND_LISTS:
        values[f"{name}MaxLength"] = str(MOST_MEASURANDS)
    return values


def _checks(hardware: Hardware) -> dict[str, Check]:
    """Where this station takes less than the specification allows."""

    def measurable(value: str) -> bool:
        chosen = selection_of(value)
        return len(chosen) <= MOST_MEASURANDS and all(one in hardware.measurands for one, _ in chosen)

    def wired(value: str) -> bool:
        items = [item.strip() for item in value.split(",") if item.strip()]
        return len(items) <= hardware.connectors + 1 and all(
            int(item.split(".")[0]) <= hardware.connectors for item in items
        )

    return {
        # Its meters keep no averages over a span of the clock.
        "ClockAlignedDataInterval": lambda value: int(value) == 0,
        "ConnectorPhaseRotation": wired,
        # Without a pause between heartbeats nothing else would get through.
        "HeartbeatInterval": lambda value: int(value) > 0,
        "MessageTimeout": lambda value: int(value) > 0,
        **dict.fromkeys(MEASURAND_LISTS, measurable),
    }


@lru_cache(maxsize=64)
def settings_of(hardware: Hardware) -> Mapping[str, Setting]:
    """The keys of stations of this make, by name in lower case. A fleet of one make shares them."""
    read_only = {"UnlockConnectorOnEVSideDisconnect"} if hardware.outlet is Outlet.TETHERED else set()
    after_reboot = {"WebSocketPingInterval"}
    checks = _checks(hardware)
    settings = {}
    for name, initial in _initial_values(hardware).items():
        key = CONFIGURATION_KEYS[name]
        settings[name.lower()] = Setting(
            key,
            initial,
            readonly=key.access is Access.READ or name in read_only,
            after_reboot=name in after_reboot,
            accepts=checks.get(name, _anything),
        )
    return dict(sorted(settings.items()))


class Configuration:
    """The values of one station. Only what was changed is kept; it survives a reboot."""

    __slots__ = ("_changed", "_settings")

    def __init__(self, hardware: Hardware) -> None:
        self._settings = settings_of(hardware)
        self._changed: dict[str, str] = {}

    def text(self, name: str) -> str:
        """The value of a key of this station, as text."""
        folded = name.lower()
        changed = self._changed.get(folded)
        return self._settings[folded].initial if changed is None else changed

    def number(self, name: str) -> int:
        """The value of an integer key; its unit is the key's."""
        return int(self.text(name))

    def flag(self, name: str) -> bool:
        """The value of a boolean key."""
        return self.text(name) == "true"

    def set_heartbeat_interval(self, interval_s: int) -> None:
        """BootNotification.conf sets this key, whatever it was (OCPP 1.6, 4.2)."""
        self._changed["heartbeatinterval"] = str(interval_s)

    def change(self, name: str, value: str) -> ConfigurationStatus:
        """Set a key by the rules of ChangeConfiguration (OCPP 1.6, 5.3)."""
        folded = name.lower()
        setting = self._settings.get(folded)
        if setting is None:
            return ConfigurationStatus.NOT_SUPPORTED
        if setting.readonly or setting.key.problem(value) is not None or not setting.accepts(value):
            return ConfigurationStatus.REJECTED
        if setting.key.type in (ValueType.BOOLEAN, ValueType.INTEGER):
            value = value.strip().lower()
        self._changed[folded] = value
        return ConfigurationStatus.REBOOT_REQUIRED if setting.after_reboot else ConfigurationStatus.ACCEPTED

    def read(self, names: Iterable[str]) -> tuple[list[KeyValue], list[str]]:
        """The keys of these names, and the names that are none; all keys for no name (OCPP 1.6, 5.8)."""
        known: list[KeyValue] = []
        unknown: list[str] = []
        for name in names or self._settings:
            setting = self._settings.get(name.lower())
            if setting is None:
                unknown.append(name)
            else:
                known.append(KeyValue(key=setting.key.name, readonly=setting.readonly, value=self.text(name)))
        return known, unknown
