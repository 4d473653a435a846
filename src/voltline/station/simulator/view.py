"""What a station shows to whoever looks at it: a copy, safe to keep."""

import msgspec

from voltline.messages import ChargePointErrorCode, ChargePointStatus
from voltline.station.core.registration import Standing


class ConnectorView(msgspec.Struct, frozen=True):
    """One connector at one moment. Energy in Wh, power in W, state of charge in per cent."""

    connector_id: int
    status: ChargePointStatus
    error_code: ChargePointErrorCode
    plugged: bool
    wants_energy: bool
    locked: bool
    """The cable is held."""
    id_tag: str | None
    """Of the running transaction."""
    transaction_id: int | None
    """By the central system; None before it has answered."""
    energy_wh: int
    """Of the running transaction, or of the last one."""
    register_wh: int
    power_w: float
    soc_percent: float | None


class StationView(msgspec.Struct, frozen=True):
    """A station at one moment."""

    identity: str
    linked: bool
    standing: Standing
    queued: int
    """Transaction messages not yet delivered."""
    connectors: tuple[ConnectorView, ...]
    """From connector 1 up."""

    @property
    def power_w(self) -> float:
        """Of all connectors."""
        return sum(connector.power_w for connector in self.connectors)

    @property
    def online(self) -> bool:
        """Connected and accepted."""
        return self.linked and self.standing is Standing.ACCEPTED
