"""One connector as physics: grid, contactor, cable, car, and the registers of the meter between them.

Energy is integrated when somebody looks; what is seen depends on the moment and the seed, not on how often
somebody looked. Times in seconds, monotonic.
"""

from math import acos, exp, floor, sin, sqrt, tan, tau
from random import Random
from typing import NamedTuple

from voltline.station.simulator.vehicle import LEAST_CURRENT_A, Vehicle

NOMINAL_V = 230.0
GRID_PHASES = 3
"""Of the supply of a charger for direct current."""
CABLE_OHM = 0.12
"""Of the feed to the station, which makes the voltage sink under load."""
RAMP_S = 6.0
"""How long a car takes from nothing to its full current. A lower offer it obeys at once."""
STEP_S = 5.0
"""The grain of the energy integral while the current changes, ..."""
STEADY_STEP_S = 60.0
"""... and while only the grid's voltage does."""
STEADY_SOC = 0.9
"""Below it no curve of an on-board charger takes current away."""
SOON_S = 2.0
"""A car that is almost full is looked at again so much later."""
GRID_HZ = 50.0
AMBIENT_C = 21.0
WARMING_C = 27.0
"""Under full load the inside of the station ends so much above the air around it, ..."""
WARMING_S = 900.0
"""... most of it within this time."""
FAN_FROM_C = 35.0
FAN_RPM_PER_C = 180.0


class Registers:
    """What the meter has counted since it was made. Wh and varh; each only rises."""

    __slots__ = ("export_varh", "export_wh", "import_varh", "import_wh")

    def __init__(self, import_wh: float) -> None:
        self.import_wh = import_wh
        self.export_wh = 0.0
        self.import_varh = import_wh * 0.1
        self.export_varh = 0.0

    def values(self) -> tuple[float, float, float, float]:
        """Active import, active export, reactive import, reactive export."""
        return (self.import_wh, self.export_wh, self.import_varh, self.export_varh)


class _Flow(NamedTuple):
    """Currents, voltages and active power as they follow from a state of the outlet."""

    state: tuple[object, ...]
    currents_a: list[float]
    voltages_v: list[float]
    power_w: float


class Outlet:
    """A connector for alternating current on `phases` phases, or with 0 for direct current."""

    __slots__ = (
        "_at",
        "_drifts",
        "_flow",
        "_from_a",
        "_from_at",
        "_offered_a",
        "_offered_phases",
        "_rated_a",
        "_read_at",
        "_read_before",
        "_read_last",
        "_told_ready",
        "_welded",
        "energized",
        "phases",
        "rated_w",
        "registers",
        "temperature_c",
        "vehicle",
    )

    def __init__(self, *, phases: int, power_w: float, register_wh: float, chance: Random) -> None:
        self.phases = phases
        self.rated_w = power_w
        self._rated_a = power_w / ((phases or GRID_PHASES) * NOMINAL_V)
        lines = phases or GRID_PHASES
        self._drifts = [(chance.uniform(-2.0, 2.0), chance.uniform(0.0, tau)) for _ in range(lines)]
        self._at = 0.0
        self._from_at = 0.0
        self._from_a = 0.0
        self._offered_a: float | None = None
        self._offered_phases: int | None = None
        self._told_ready = True
        self._welded = False
        self.registers = Registers(register_wh)
        self._flow: _Flow | None = None
        self._read_at = -1.0
        self._read_last = self._read_before = self.registers.values()
        self.temperature_c = AMBIENT_C
        self.vehicle: Vehicle | None = None
        self.energized = False

    @property
    def register_wh(self) -> float:
        """The meter's register of imported energy; it only rises, unless it is rolled back."""
        return self.registers.import_wh

    @property
    def at(self) -> float:
        """The moment up to which energy has flowed."""
        return self._at

    @property
    def offered_a(self) -> float:
        """What a vehicle may draw on each phase of the grid; 0 while the contactor is open."""
        return self.granted_a if self.energized else 0.0

    @property
    def granted_a(self) -> float:
        """The same, as it would be with the contactor closed."""
        return self._rated_a if self._offered_a is None else min(self._rated_a, max(0.0, self._offered_a))

    @property
    def is_welded(self) -> bool:
        """Whether the contactor does not open any more."""
        return self._welded

    # ---- what is done to it

    def attach(self, vehicle: Vehicle | None, now: float) -> None:
        """Plug a car in, or with None take it away."""
        self.advance(now)
        self.vehicle = vehicle
        self._begin_from(0.0)
        self._told_ready = True

    def energize(self, on: bool, now: float) -> bool:
        """Close or open the contactor; False if it did not obey."""
        self.advance(now)
        if self._welded and not on:
            return False
        if self.energized is not on:
            self._begin_from(0.0)
        self.energized = on
        return True

    def offer(self, current_a: float | None, now: float, phases: int | None = None) -> None:
        """Let the car draw at most so many amperes on each phase of the grid; None: all that there is.

        `phases`: on so many only; a change of them interrupts it. Below 6 A a car on alternating current
        draws nothing (IEC 61851-1); a charger for direct current takes the amperes as power.
        """
        self.advance(now)
        flowing_a = self.flow_a() if phases == self._offered_phases else 0.0
        self._offered_a = current_a
        self._offered_phases = phases
        self._begin_from(min(flowing_a, self._target_a()), delay=flowing_a == 0.0)

    def weld(self, on: bool) -> None:
        """Weld the contactor shut where it stands, or repair it."""
        self._welded = on

    def roll_back(self, energy_wh: float) -> None:
        """Turn the register of imported energy back, as no meter should."""
        self.registers.import_wh = max(0.0, self.registers.import_wh - energy_wh)

    def _begin_from(self, current_a: float, *, delay: bool = True) -> None:
        """From now on the current rises from here, after the car's latency where it begins anew."""
        self._from_a = current_a
        self._from_at = self._at
        if delay and current_a == 0.0 and self.vehicle is not None:
            self._from_at += self.vehicle.model.latency_s

    # ---- the passing of time

    def advance(self, now: float) -> None:
        """Let the energy flow up to this moment."""
        while self._at < now:
            vehicle = self.vehicle
            if vehicle is None or not self.energized or not vehicle.asks_for_energy:
                self._warm(now - self._at, 0.0)
                self._at = now
                return
            began_w = self.power_w()
            step_s = min(STEADY_STEP_S if self._is_steady(vehicle) else STEP_S, now - self._at)
            self._at += step_s
            power_w = (began_w + self.power_w()) / 2.0
            self._count(vehicle, power_w * step_s / 3600.0)
            self._warm(step_s, power_w / self.rated_w)

    def _is_steady(self, vehicle: Vehicle) -> bool:
        risen = self._at >= self._from_at + RAMP_S
        return bool(self.phases) and risen and vehicle.soc < STEADY_SOC and not vehicle.feeds_back

    def _count(self, vehicle: Vehicle, energy_wh: float) -> None:
        energy_wh = min(energy_wh, vehicle.missing_wh)
        reactive_varh = energy_wh * self.reactive_share()
        if vehicle.feeds_back:
            self.registers.export_wh += energy_wh
            self.registers.export_varh += reactive_varh
            vehicle.take(-energy_wh)
        else:
            self.registers.import_wh += energy_wh
            self.registers.import_varh += reactive_varh
            vehicle.take(energy_wh)

    def _warm(self, seconds: float, load: float) -> None:
        aim_c = AMBIENT_C + WARMING_C * min(1.0, load)
        self.temperature_c = aim_c + (self.temperature_c - aim_c) * exp(-seconds / WARMING_S)

    # ---- what flows

    def _target_a(self) -> float:
        """What the car would draw in the end: on each phase it uses, or of direct current."""
        vehicle = self.vehicle
        if vehicle is None or not self.energized:
            return 0.0
        if self.phases:
            return vehicle.current_a(self.granted_a)
        return vehicle.dc_power_w(self.granted_a * GRID_PHASES * NOMINAL_V) / vehicle.battery_v

    def flow_a(self) -> float:
        """What flows now: on each phase in use, or of direct current. It rises slowly and falls at once."""
        target_a = self._target_a()
        if target_a <= self._from_a:
            return target_a
        full_a = self._rated_a if self.phases else self.rated_w / NOMINAL_V
        risen_a = self._from_a + full_a * max(0.0, self._at - self._from_at) / RAMP_S
        return min(target_a, risen_a)

    def currents_a(self) -> list[float]:
        """What flows on each phase now; of direct current there is one."""
        return self._flow_now().currents_a

    def voltages_v(self) -> list[float]:
        """What lies on each phase now: it drifts, and sinks under load. Of direct current, the car's."""
        return self._flow_now().voltages_v

    def _flow_now(self) -> _Flow:
        """What flows now, worked out once for all who ask: a reading asks a dozen times."""
        vehicle = self.vehicle
        car = () if vehicle is None else (vehicle, vehicle.energy_wh, vehicle.target_soc, vehicle.feeds_back)
        offered = (self._offered_a, self._offered_phases)
        state = (self._at, self._from_at, self._from_a, *offered, self.energized, *car)
        if self._flow is None or self._flow.state != state:
            currents = self._currents()
            voltages = self._voltages(currents)
            products = zip(voltages, currents, strict=True)
            power_w = self.power_factor() * sum(voltage * current for voltage, current in products)
            self._flow = _Flow(state, currents, voltages, power_w)
        return self._flow

    def _currents(self) -> list[float]:
        flow_a = self.flow_a()
        if not self.phases:
            return [flow_a]
        in_use = self.lines_in_use()
        return [flow_a if line < in_use else 0.0 for line in range(self.phases)]

    def _voltages(self, currents: list[float]) -> list[float]:
        if not self.phases:
            return [self.vehicle.battery_v if self.vehicle is not None and self.energized else 0.0]
        return [
            voltage - CABLE_OHM * current for voltage, current in zip(self._grid_v(), currents, strict=True)
        ]

    def voltages_between_v(self) -> list[float]:
        """L1-L2, L2-L3 and L3-L1, where there are three phases."""
        if self.phases != GRID_PHASES:
            return []
        one, two, three = self.voltages_v()
        return [sqrt(a * a + b * b + a * b) for a, b in ((one, two), (two, three), (three, one))]

    def frequency_hz(self) -> float:
        """Of the grid."""
        return GRID_HZ + 0.02 * sin(self._at / 41.0 + self._drifts[0][1])

    def fan_rpm(self) -> float:
        """How fast the fan turns."""
        return FAN_RPM_PER_C * max(0.0, self.temperature_c - FAN_FROM_C)

    def power_w(self) -> float:
        """Active power between station and car now, whichever its direction."""
        return self._flow_now().power_w

    def power_factor(self) -> float:
        """Of what flows; 1 where nothing does, and of direct current."""
        if self.vehicle is None or not self.phases:
            return 1.0
        return self.vehicle.model.power_factor

    def reactive_share(self) -> float:
        """Reactive power as a share of the active."""
        factor = self.power_factor()
        return tan(acos(factor)) if factor < 1.0 else 0.0

    def lines_in_use(self) -> int:
        """On how many phases the car draws."""
        offered = self.phases if self._offered_phases is None else min(self.phases, self._offered_phases)
        return 0 if self.vehicle is None else self.vehicle.phases_used(offered)

    def noise(self, share: float, salt: float) -> float:
        """A factor near 1 that belongs to this moment and this meter: the last digits of a reading."""
        phase = self._drifts[0][1]
        return 1.0 + share * (sin(self._at * 12.9 + salt + phase) + sin(self._at * 7.3 + 2.0 * salt)) / 2.0

    def _grid_v(self) -> list[float]:
        return [NOMINAL_V + offset + 1.5 * sin(self._at / 97.0 + phase) for offset, phase in self._drifts]

    # ---- intervals

    def interval(self) -> tuple[float, float, float, float]:
        """What each register has risen by since the reading before this moment's."""
        if self._at > self._read_at:
            self._read_at = self._at
            self._read_before, self._read_last = self._read_last, self.registers.values()
        return tuple(
            max(0.0, last - before) for last, before in zip(self._read_last, self._read_before, strict=True)
        )  # type: ignore[return-value]

    # ---- what the car wants

    @property
    def vehicle_is_ready(self) -> bool:
        """Whether the car asks for energy, or would take what it is offered."""
        vehicle = self.vehicle
        if vehicle is None or not vehicle.asks_for_energy:
            return False
        if not self.energized or (self.phases and self.granted_a < LEAST_CURRENT_A):
            return True  # the station does not offer; that is not the car's doing
        return self._target_a() > 0.0 or self.granted_a == 0.0

    def next_event(self) -> float | None:
        """The earliest moment at which the car may have had enough, None if it takes nothing."""
        vehicle = self.vehicle
        if vehicle is None:
            return None
        if self.vehicle_is_ready is not self._told_ready:
            return self._at
        if not self.energized:
            return None
        # With its full current from now on it would be done soonest.
        if self.phases:
            greatest_w = self.lines_in_use() * vehicle.current_a(self.granted_a) * (NOMINAL_V + 4.0)
        else:
            greatest_w = vehicle.dc_power_w(self.granted_a * GRID_PHASES * NOMINAL_V)
        if greatest_w <= 0.0:
            return None
        return self._at + max(SOON_S, vehicle.missing_wh / greatest_w * 3600.0)

    def readiness_change(self) -> bool | None:
        """Whether the car now asks for energy, if that was not so before; None if nothing has changed."""
        if self.vehicle is None or self.vehicle_is_ready is self._told_ready:
            return None
        self._told_ready = not self._told_ready
        return self._told_ready


def whole_wh(outlet: Outlet) -> int:
    """The register of imported energy, in whole watt hours."""
    return floor(outlet.register_wh)
