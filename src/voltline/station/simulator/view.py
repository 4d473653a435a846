"""What a station shows to whoever looks at it: a copy, safe to keep."""

from typing import Self

import msgspec

from voltline.messages import ChargePointErrorCode, ChargePointStatus
from voltline.station.core.registration import Standing


class ConnectorView(msgspec.Struct, frozen=True):
    """One connector at one moment. Energy in Wh, power in W, state of charge in per cent."""

    connector_id: int
    status: ChargePointStatus
    error_code: ChargePointErrorCode = ChargePointErrorCode.NO_ERROR
    plugged: bool = False
    wants_energy: bool = False
    locked: bool = False
    """The cable is held."""
    id_tag: str | None = None
    """Of the running transaction."""
    transaction_id: int | None = None
    """By the central system; None before it has answered."""
    energy_wh: int = 0
    """Of the running transaction, or of the last one."""
    register_wh: int = 0
    power_w: float = 0.0
    soc_percent: float | None = None
    limit_a: float = 0.0
    """The most that the car may draw on each phase, by its make and by charging profiles."""
    reserved_for: str | None = None
    """The tag that the connector is kept for."""


class TransferView(msgspec.Struct, frozen=True):
    """A file on its way to or from the station."""

    subject: str
    """`firmware`, `diagnostics` or `log`."""
    done_bytes: int
    total_bytes: int | None
    """None where the server does not say."""


class StationView(msgspec.Struct, frozen=True):
    """A station at one moment."""

    identity: str
    linked: bool
    standing: Standing
    queued: int
    """Transaction messages not yet delivered."""
    connectors: tuple[ConnectorView, ...]
    """From connector 1 up."""
    status: ChargePointStatus = ChargePointStatus.AVAILABLE
    """Of the station itself, connector 0."""
    error_code: ChargePointErrorCode = ChargePointErrorCode.NO_ERROR
    """Of connector 0."""
    firmware_version: str = ""
    local_list_version: int = 0
    """0 while the list is empty, -1 where there is none."""
    reservations: int = 0
    """How many hold, those of connector 0 included."""
    transfers: tuple[TransferView, ...] = ()
    """Under way."""

    @property
    def power_w(self) -> float:
        """Of all connectors."""
        return sum(connector.power_w for connector in self.connectors)

    @property
    def online(self) -> bool:
        """Connected and accepted."""
        return self.linked and self.standing is Standing.ACCEPTED

    def without_measures(self) -> Self:
        """The same with nothing in it that changes by itself while a car charges."""
        still = tuple(
            msgspec.structs.replace(one, energy_wh=0, register_wh=0, power_w=0.0, soc_percent=None)
            for one in self.connectors
        )
        return msgspec.structs.replace(self, connectors=still)
