"""A simulated connector with a car: what it may draw by the profiles it has, and what it does draw.

Currents change at instants only and are constant in between, so that what is seen at the instants was true in
every second.
"""

from __future__ import annotations

from voltline.siting.drivers import Visit
from voltline.smart_charging.site.facts import Lease
from voltline.smart_charging.site.tree import LINE_VOLTAGE_V, Connector
from voltline.station.simulator.vehicle import Vehicle


class Point:
    """One connector. Times in seconds of the simulation, currents in ampere per phase."""

    def __init__(self, number: int, connector: Connector, clock_s: float, stubborn: bool) -> None:
        self.number = number
        self.connector = connector
        self.clock_s = clock_s
        """By which its clock is ahead."""
        self.stubborn = stubborn
        self.online = False
        self.running = True
        self.default_a = connector.hardware_a
        self.leases: list[Lease] = []
        self.visit: Visit | None = None
        self.vehicle: Vehicle | None = None
        self.transaction = 0
        self.delivered_wh = 0.0
        self.cost = 0.0
        self.offered_a = 0.0
        """What it offers the car just now: a limit becomes that after a while."""
        self.drawn_a = 0.0
        """On each of the phases that the car uses."""
        self.phases = 0
        self.awaits = float("inf")
        """When it is looked at next because a lease lapses."""
        self._since = 0.0

    def plug(self, visit: Visit, transaction: int, now: float) -> None:
        """A car comes."""
        self.visit, self.transaction = visit, transaction
        self.vehicle = Vehicle(visit.model, visit.soc, visit.target_soc)
        self.leases, self.delivered_wh, self.cost, self._since = [], 0.0, 0.0, now
        self.phases = self.vehicle.phases_used(self.connector.phases)

    def unplug(self, now: float) -> None:
        """It leaves."""
        self.advance(now)
        self.visit = self.vehicle = None
        self.leases, self.drawn_a, self.offered_a = [], 0.0, 0.0

    def take(self, lease: Lease) -> bool:
        """A lease arrives; whether it is accepted."""
        if self.visit is None or lease.transaction != self.transaction:
            return False
        self.leases = [*self.leases, lease] if self.stubborn else [lease]
        return True

    def limit(self, now: float) -> tuple[float, int]:
        """What the profiles that it has allow now, by its own clock, and on how many phases."""
        self.leases = [one for one in self.leases if now + self.clock_s < one.until]
        if not self.leases:
            return self.default_a, self.connector.phases
        most = max(self.leases, key=lambda one: one.current_a)
        return most.current_a, most.phases

    def lapses_at(self) -> float:
        """When the next of its leases lapses; infinity: none."""
        return min((one.until - self.clock_s for one in self.leases), default=float("inf"))

    def advance(self, now: float) -> None:
        """What was drawn since the last time goes into the battery."""
        if self.vehicle is not None and self.drawn_a > 0:
            power_w = self.drawn_a * self.phases * LINE_VOLTAGE_V * self.vehicle.model.power_factor
            energy_wh = min(power_w * (now - self._since) / 3600, self.vehicle.missing_wh)
            self.vehicle.take(energy_wh)
            self.delivered_wh += energy_wh
        self._since = now

    def draw(self, now: float) -> None:
        """Look what the car takes of what is offered from now on."""
        self.advance(now)
        self.drawn_a = 0.0
        if self.vehicle is not None and self.running:
            self.drawn_a = self.vehicle.current_a(min(self.offered_a, self.connector.hardware_a))

    def currents(self) -> tuple[float, ...]:
        """On each phase of the connector."""
        used = self.phases if self.drawn_a > 0 else 0
        return (self.drawn_a,) * used + (0.0,) * (self.connector.phases - used)
