"""The hardware of a simulated station: its outlets, seen as a meter and as a device."""

from collections.abc import Sequence
from math import floor
from random import Random

from voltline.station.core.happenings import Happening, VehicleReady
from voltline.station.core.hardware import Measured
from voltline.station.core.intents import Energize, Lock
from voltline.station.core.moment import Moment
from voltline.station.simulator.outlet import Outlet


class SimulatedDevice:
    """All connectors of one station. The same seed gives the same meters and the same grid."""

    def __init__(self, *, connectors: int, phases: int, power_w: float, chance: Random) -> None:
        self._outlets = tuple(
            Outlet(
                phases=phases,
                power_w=power_w,
                register_wh=float(chance.randrange(0, 2_000_000)),
                chance=chance,
            )
            for _ in range(connectors)
        )

    def outlet(self, connector_id: int) -> Outlet:
        """The physics of a connector, which must exist."""
        return self._outlets[connector_id - 1]

    # ---- as a meter

    def energy_wh(self, connector_id: int, now: Moment) -> int:
        """The register in whole watt hours."""
        outlet = self.outlet(connector_id)
        outlet.advance(now.monotonic)
        return floor(outlet.register_wh)

    def measured(self, connector_id: int, now: Moment) -> Sequence[Measured]:
        """Everything the meter of the connector tells now."""
        outlet = self.outlet(connector_id)
        outlet.advance(now.monotonic)
        return outlet.measured()

    # ---- as a device

    def perform(self, intent: Energize | Lock, now: Moment) -> None:
        """Move the contactor. The lock always obeys; the core knows its state."""
        if isinstance(intent, Energize):
            self.outlet(intent.connector_id).energize(intent.on, now.monotonic)

    def next_event(self) -> float | None:
        """When a car may next have had enough."""
        return min((at for outlet in self._outlets if (at := outlet.next_event()) is not None), default=None)

    def events(self, now: Moment) -> Sequence[Happening]:
        """The cars that have had enough, or want more, since this was last asked."""
        happenings: list[Happening] = []
        for connector_id, outlet in enumerate(self._outlets, start=1):
            outlet.advance(now.monotonic)
            ready = outlet.readiness_change()
            if ready is not None:
                happenings.append(VehicleReady(connector_id, ready))
        return happenings
