"""What the core has to know of the station it lives in, and the ports through which it asks the hardware."""

from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from enum import Enum
from typing import Protocol

import msgspec

from voltline.messages import BootNotification, FeatureProfile, Location, Measurand, Phase, UnitOfMeasure
from voltline.messages.configuration_keys import ConfigurationKey
from voltline.station.core.moment import Moment

ALL_PROFILES = tuple(one for one in FeatureProfile if one is not FeatureProfile.SECURITY)
"""Those that SupportedFeatureProfiles may list (OCPP 1.6, 9.1.29)."""

ALL_MEASURANDS = frozenset(Measurand)


class Outlet(Enum):
    """How the cable is fastened to the station."""

    SOCKET = "socket"
    """The driver brings the cable; a lock holds it in the socket while it is in use."""
    TETHERED = "tethered"
    """The cable is fixed to the station and has no lock there (errata 3.83)."""


class Hardware(msgspec.Struct, frozen=True, kw_only=True):
    """The make of one station: what it calls itself, its connectors, and what its meters measure."""

    boot: BootNotification
    """Sent as it stands at every boot."""
    connectors: int = 1
    outlet: Outlet = Outlet.SOCKET
    phases: int = 3
    """Phases of every connector: 1 or 3; 0 for direct current."""
    current_a: float = 32.0
    """The most that a connector gives on each phase of the grid."""
    voltage_v: float = 230.0
    """Between a phase and neutral, nominal: with it watts are turned into amperes (OCPP 1.6, 7.12)."""
    measurands: frozenset[Measurand] = frozenset({Measurand.ENERGY_ACTIVE_IMPORT_REGISTER})
    """What the meters can deliver; a configuration that asks for more is Rejected (errata, 3.14.4)."""
    cached_tags: int = 1000
    """The most id tags that the authorization cache holds; 0: the station has none."""
    listed_tags: int = 10_000
    """The most id tags that the local list holds."""
    follows_clock: bool = True
    """Whether its clock is set by the central system's (OCPP 1.6, 4.6); one in simulated time is not."""
    reserves_any: bool = True
    """Whether connector 0, which is any connector, can be reserved."""
    status_delay_s: float = 0.0
    """The maker's own time that a status must last before it is told; MinimumStatusDuration adds to it."""
    main_meter: bool = False
    """Whether the meters can be read for connector 0: what flows into the whole station."""
    profiles: tuple[FeatureProfile, ...] = ALL_PROFILES
    """What it supports; actions and keys of other profiles are unknown to it."""
    defaults: tuple[tuple[str, str], ...] = ()
    """Configuration keys that leave the factory with another value than usual, the read-only ones too."""
    vendor_keys: tuple[ConfigurationKey, ...] = ()
    """Configuration keys that no standard has. They can be read and set; what they do is the vendor's."""
    keys_after_reboot: frozenset[str] = frozenset({"WebSocketPingInterval"})
    """Keys whose new value takes effect with the next reboot."""

    def __post_init__(self) -> None:
        if FeatureProfile.CORE not in self.profiles:
            raise ValueError("every station has the Core profile (OCPP 1.6, 3.3)")
        if self.connectors < 1:
            raise ValueError(f"a station has at least one connector, not {self.connectors}")
        if not self.voltage_v > 0:
            raise ValueError(f"the voltage must be more than 0 V, not {self.voltage_v}")
        if self.phases not in (0, 1, 3):
            raise ValueError(f"a connector has 1 or 3 phases, or 0 for direct current, not {self.phases}")


class Measured(msgspec.Struct, frozen=True):
    """One quantity at one place, as the meter shows it. `value` is in `unit`."""

    measurand: Measurand
    value: float
    unit: UnitOfMeasure | None = None
    phase: Phase | None = None
    location: Location | None = None
    decimals: int = 1
    """Places after the point on the wire."""


class Meter(Protocol):
    """The meters of a station. Reading them costs no waiting: the device keeps the newest values at hand."""

    def energy_wh(self, connector_id: int, now: Moment) -> int:
        """The import register in whole watt hours. It never falls, not across transactions and reboots."""
        ...

    def measured(
        self, connector_id: int, now: Moment, wanted: AbstractSet[str] = ALL_MEASURANDS, /
    ) -> Sequence[Measured]:
        """What the meter of the connector can tell at this moment: at least of the measurands wanted. More is
        no harm, but thousands of stations save by it."""
        ...
