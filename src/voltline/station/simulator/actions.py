"""What a driver, an installer or a test can do to a simulated station, as data."""

import msgspec

from voltline.messages import ChargePointErrorCode, Reason
from voltline.station.simulator.vehicle import Vehicle

WARNINGS = frozenset(
    {
        ChargePointErrorCode.EV_COMMUNICATION_ERROR,
        ChargePointErrorCode.LOCAL_LIST_CONFLICT,
        ChargePointErrorCode.WEAK_SIGNAL,
    }
)
"""Errors that do not keep a connector from charging."""


class PlugIn(msgspec.Struct, frozen=True):
    """A car comes and its cable goes in; without `vehicle` some car comes along."""

    connector_id: int = 1
    vehicle: Vehicle | None = None


class Unplug(msgspec.Struct, frozen=True):
    """The cable is pulled at the car, then at the station, and the car leaves."""

    connector_id: int = 1


class Present(msgspec.Struct, frozen=True):
    """A tag is held to the reader: to that of a connector, or to the station's one reader."""

    id_tag: str
    connector_id: int | None = None


class StartCharging(msgspec.Struct, frozen=True):
    """A car plugs in unless one hangs there already, and the tag is presented."""

    id_tag: str
    connector_id: int = 1


class PressStop(msgspec.Struct, frozen=True):
    """The transaction is ended at the station."""

    connector_id: int = 1
    reason: Reason = Reason.LOCAL


class RaiseFault(msgspec.Struct, frozen=True):
    """Something breaks at a connector, or with 0 at the station."""

    error_code: ChargePointErrorCode
    connector_id: int = 1
    info: str = ""


class ClearFault(msgspec.Struct, frozen=True):
    """It is repaired."""

    connector_id: int = 1


class Configure(msgspec.Struct, frozen=True):
    """A configuration key is set at the station itself."""

    key: str
    value: str


class GoOffline(msgspec.Struct, frozen=True):
    """The network goes away until `GoOnline`."""


class GoOnline(msgspec.Struct, frozen=True):
    """The network comes back."""


Action = (
    PlugIn
    | Unplug
    | Present
    | StartCharging
    | PressStop
    | RaiseFault
    | ClearFault
    | Configure
    | GoOffline
    | GoOnline
)
