"""The hardware of a simulated station: its outlets, seen as a meter and as a device."""

from collections.abc import Iterable, Sequence
from collections.abc import Set as AbstractSet
from random import Random

from voltline.messages import ChargePointErrorCode
from voltline.quirks import ReadingFault
from voltline.station.core.happenings import CablePlugged, FaultRaised, Happening, VehicleReady
from voltline.station.core.hardware import Measured
from voltline.station.core.intents import Energize, Lock, Offer
from voltline.station.core.moment import Moment
from voltline.station.simulator.meter import MEASURANDS, misread, readings, readings_together
from voltline.station.simulator.outlet import Outlet, whole_wh


class SimulatedDevice:
    """All connectors of one station. The same seed gives the same meters and the same grid."""

    def __init__(
        self,
        *,
        connectors: int,
        phases: int,
        power_w: float,
        chance: Random,
        reading_faults: tuple[ReadingFault, ...] = (),
    ) -> None:
        """`phases` 0 is direct current; `reading_faults` is what its meters tell wrongly."""
        self._outlets = tuple(
            Outlet(
                phases=phases,
                power_w=power_w,
                register_wh=float(chance.randrange(0, 2_000_000)),
                chance=chance,
            )
            for _ in range(connectors)
        )
        self._natural_faults = self._reading_faults = reading_faults
        self._jammed: set[int] = set()
        self._unsaid: list[Happening] = []

    def outlet(self, connector_id: int) -> Outlet:
        """The physics of a connector, which must exist."""
        return self._outlets[connector_id - 1]

    def misread(self, faults: Iterable[ReadingFault]) -> None:
        """Let the meters tell this wrongly too from now on."""
        self._reading_faults = (*faults, *self._reading_faults)

    def read_right(self) -> None:
        """Let the meters tell wrongly only what they do by nature."""
        self._reading_faults = self._natural_faults

    def jam_lock(self, connector_id: int) -> None:
        """Let the lock of a connector not obey from now on."""
        self._jammed.add(connector_id)

    def repair(self, connector_id: int, energized: bool, now: Moment) -> None:
        """Let lock and contactor obey again; the contactor goes where it should be."""
        self._jammed.discard(connector_id)
        outlet = self.outlet(connector_id)
        outlet.weld(False)
        outlet.energize(energized, now.monotonic)

    def lose_power(self, now: Moment) -> None:
        """Every contactor opens and every offer is forgotten; the cars are still there when power returns."""
        self._unsaid = []
        for connector_id, outlet in enumerate(self._outlets, start=1):
            outlet.energize(False, now.monotonic)
            outlet.offer(None, now.monotonic)
            if outlet.vehicle is not None:
                outlet.attach(outlet.vehicle, now.monotonic)
                self._unsaid.append(CablePlugged(connector_id))

    # ---- as a meter

    def energy_wh(self, connector_id: int, now: Moment) -> int:
        """The register in whole watt hours; connector 0 is the main meter."""
        if connector_id == 0:
            return sum(self.energy_wh(one, now) for one in range(1, len(self._outlets) + 1))
        outlet = self.outlet(connector_id)
        outlet.advance(now.monotonic)
        return whole_wh(outlet)

    def measured(
        self, connector_id: int, now: Moment, wanted: AbstractSet[str] = MEASURANDS
    ) -> Sequence[Measured]:
        """What the meter of the connector tells now; connector 0 is the main meter."""
        chosen = (self.outlet(connector_id),) if connector_id else self._outlets
        for outlet in chosen:
            outlet.advance(now.monotonic)
        values = readings(chosen[0], wanted) if connector_id else readings_together(chosen, wanted)
        return misread(values, self._reading_faults) if self._reading_faults else values

    # ---- as a device

    def perform(self, intent: Energize | Lock | Offer, now: Moment) -> None:
        """Move contactor or lock, or change the offer. What does not obey is told as a fault."""
        connector_id = intent.connector_id
        match intent:
            case Energize():
                if not self.outlet(connector_id).energize(intent.on, now.monotonic):
                    self._break(connector_id, ChargePointErrorCode.POWER_SWITCH_FAILURE, "contactor welded")
            case Offer():
                self.outlet(connector_id).offer(intent.current_a, now.monotonic, intent.phases)
            case Lock() if connector_id in self._jammed:
                text = f"lock did not {'close' if intent.on else 'open'}"
                self._break(connector_id, ChargePointErrorCode.CONNECTOR_LOCK_FAILURE, text)

    def next_event(self) -> float | None:
        """When a car may next have had enough, or something that broke is to be told."""
        if self._unsaid:
            return 0.0
        return min((at for outlet in self._outlets if (at := outlet.next_event()) is not None), default=None)

    def events(self, now: Moment) -> Sequence[Happening]:
        """The cars that have had enough or want more, and what broke, since this was last asked."""
        happenings, self._unsaid = self._unsaid, []
        for connector_id, outlet in enumerate(self._outlets, start=1):
            outlet.advance(now.monotonic)
            ready = outlet.readiness_change()
            if ready is not None:
                happenings.append(VehicleReady(connector_id, ready))
        return happenings

    def _break(self, connector_id: int, code: ChargePointErrorCode, info: str) -> None:
        self._unsaid.append(FaultRaised(connector_id=connector_id, error_code=code, info=info))
