"""The configuration keys of this station and their values (OCPP 1.6, 5.3, 5.8 and 9).

What a standard key is, who may write it and what it may hold is data of `voltline.messages`; here stands what
the keys of a make are set to, where it is narrower than the specification, and what changes survive.
"""

from collections.abc import Callable, Iterable, Mapping
from difflib import get_close_matches
from functools import lru_cache

import msgspec

from voltline.messages import (
    CONFIGURATION_KEYS,
    UNSET,
    ConfigurationStatus,
    FeatureProfile,
    KeyValue,
    UnitOfMeasure,
)
from voltline.messages.configuration_keys import Access, ConfigurationKey, ValueType
from voltline.station.core.hardware import Hardware, Outlet
from voltline.station.core.measurands import selection_of
from voltline.station.core.memory import Memory
from voltline.station.core.vendor_keys import VENDOR_KEYS

MOST_MEASURANDS = 22
MEASURAND_LISTS = (
    "MeterValuesSampledData",
    "MeterValuesAlignedData",
    "StopTxnSampledData",
    "StopTxnAlignedData",
)
LONGEST_VALUE = 500
"""Characters (OCPP 1.6, 6.9)."""

DAY_S = 24 * 3600

RECORD = "configuration"

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
    """The keys that a make of this kind sets; the others begin with what their declaration proposes."""
    connectors = range(1, hardware.connectors + 1)
    rotation = "NotApplicable" if hardware.phases != 3 else "Unknown"
    return {
        "ChargeProfileMaxStackLevel": "8",
        "ChargingScheduleMaxPeriods": "24",
        "ConnectorPhaseRotation": ",".join(f"{number}.{rotation}" for number in connectors),
        "ConnectorPhaseRotationMaxLength": str(hardware.connectors + 1),
        "LocalAuthListMaxLength": str(hardware.listed_tags),
        "MaxChargingProfilesInstalled": "20",
        "NumberOfConnectors": str(hardware.connectors),
        "ReserveConnectorZeroSupported": "true" if hardware.reserves_any else "false",
        "SendLocalListMaxLength": "100",
        "StopTransactionMaxMeterValues": "100",
        "SupportedFeatureProfiles": ",".join(hardware.profiles),
        "SupportedFeatureProfilesMaxLength": str(len(FeatureProfile) - 1),
        "SupportedFileTransferProtocols": "FTP,FTPS,HTTP,HTTPS",
        "UnlockConnectorOnEVSideDisconnect": "true" if hardware.outlet is Outlet.SOCKET else "false",
        **{f"{name}MaxLength": str(MOST_MEASURANDS) for name in MEASURAND_LISTS},
    }


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
        "ClockAlignedDataInterval": lambda value: int(value) <= DAY_S,
        "ConnectorPhaseRotation": wired,
        # Without a pause between heartbeats nothing else would get through.
        "HeartbeatInterval": lambda value: int(value) > 0,
        "MessageTimeout": lambda value: int(value) > 0,
        **dict.fromkeys(MEASURAND_LISTS, measurable),
    }


def settings_of(hardware: Hardware) -> Mapping[str, Setting]:
    """The keys of stations of this make, by name in lower case. A fleet of one make shares them.

    Raises:
        ValueError: a default of the make is for no key of it, or no value of its key; or a vendor key has
            the name of another key.
    """
    # What a station calls itself has no bearing on its keys, and differs from one to the next.
    return _settings_of(msgspec.structs.replace(hardware, boot=_ANY_BOOT))


_ANY_BOOT = msgspec.defstruct("AnyBoot", [], frozen=True)()


@lru_cache(maxsize=64)
def _settings_of(hardware: Hardware) -> Mapping[str, Setting]:
    read_only = {"UnlockConnectorOnEVSideDisconnect"} if hardware.outlet is Outlet.TETHERED else set()
    # An optional switch that is there says that there is something to switch (OCPP 1.6, 9).
    missing = set() if hardware.cached_tags else {"AuthorizationCacheEnabled"}
    checks = _checks(hardware)
    initial = _initial_values(hardware)
    settings: dict[str, Setting] = {}
    for key in (*CONFIGURATION_KEYS.values(), *VENDOR_KEYS.values(), *hardware.vendor_keys):
        if key.profile not in hardware.profiles or key.name in missing:
            continue
        if key.name.lower() in settings:
            raise ValueError(f"there is a configuration key {key.name} already")
        settings[key.name.lower()] = Setting(
            key,
            initial.get(key.name, key.default or ""),
            readonly=key.access is Access.READ or key.name in read_only,
            after_reboot=key.name in hardware.keys_after_reboot,
            accepts=checks.get(key.name, _anything),
        )
    for name, value in hardware.defaults:
        setting = settings.get(name.lower())
        if setting is None:
            raise ValueError(f"{name} is no configuration key of this make")
        problem = setting.key.problem(value)
        if problem is not None or not setting.accepts(value):
            raise ValueError(f"{name} cannot be {value!r}: {problem or 'this make cannot do that'}")
        settings[name.lower()] = msgspec.structs.replace(setting, initial=value)
    return dict(sorted(settings.items()))


class Configuration:
    """The values of one station. Only what was changed is kept; it survives reboots and losses of power."""

    __slots__ = ("_changed", "_memory", "_settings")

    def __init__(self, hardware: Hardware, memory: Memory) -> None:
        """Raises ValueError where the make contradicts itself, see `settings_of`."""
        self._settings = settings_of(hardware)
        self._memory = memory
        kept = memory.recall(RECORD, dict[str, str]) or {}
        # Another version of the firmware may have other keys, and other limits.
        self._changed = {
            name: value
            for name, value in kept.items()
            if (setting := self._settings.get(name)) is not None and _fits(setting, value)
        }

    def __contains__(self, name: str) -> bool:
        return name.lower() in self._settings

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

    @property
    def celsius(self) -> UnitOfMeasure:
        """How degrees Celsius are spelt (OCPP-J errata 2.1)."""
        return UnitOfMeasure(self.text("CelsiusSpelling"))

    def set_heartbeat_interval(self, interval_s: int) -> None:
        """BootNotification.conf sets this key, whatever it was (OCPP 1.6, 4.2)."""
        self._set("heartbeatinterval", str(interval_s))

    def change(self, name: str, value: str) -> ConfigurationStatus:
        """Set a key by the rules of ChangeConfiguration (OCPP 1.6, 5.3)."""
        folded = name.lower()
        setting = self._settings.get(folded)
        if setting is None:
            return ConfigurationStatus.NOT_SUPPORTED
        if setting.readonly or not _fits(setting, value):
            return ConfigurationStatus.REJECTED
        if setting.key.type in (ValueType.BOOLEAN, ValueType.INTEGER):
            value = value.strip().lower()
        self._set(folded, value)
        return ConfigurationStatus.REBOOT_REQUIRED if setting.after_reboot else ConfigurationStatus.ACCEPTED

    def objection(self, name: str, value: str) -> str | None:
        """Why the key cannot have the value, in words for people; None if it can."""
        setting = self._settings.get(name.lower())
        if setting is None:
            near = get_close_matches(name.lower(), self._settings, 1)
            hint = f"; did you mean {self._settings[near[0]].key.name}?" if near else ""
            return f"this station has no such key{hint}"
        if setting.readonly:
            return "it is read-only"
        if len(value) > LONGEST_VALUE:
            return f"a value has at most {LONGEST_VALUE} characters"
        problem = setting.key.problem(value)
        return problem or (None if setting.accepts(value) else "this station cannot do that")

    def read(self, names: Iterable[str]) -> tuple[list[KeyValue], list[str]]:
        """The keys of these names, and the names that are none; all keys for no name (OCPP 1.6, 5.8)."""
        known: list[KeyValue] = []
        unknown: list[str] = []
        for name in names or self._settings:
            setting = self._settings.get(name.lower())
            if setting is None:
                unknown.append(name)
                continue
            # A secret can be written, and is known to be there, but does not leave the station.
            value = UNSET if setting.key.access is Access.WRITE else self.text(name)
            known.append(KeyValue(key=setting.key.name, readonly=setting.readonly, value=value))
        return known, unknown

    def _set(self, folded: str, value: str) -> None:
        if self._changed.get(folded) != value:
            self._changed[folded] = value
            self._memory.keep(RECORD, self._changed)


def _fits(setting: Setting, value: str) -> bool:
    return len(value) <= LONGEST_VALUE and setting.key.problem(value) is None and setting.accepts(value)
