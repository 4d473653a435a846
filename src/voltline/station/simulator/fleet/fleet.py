"""The stations of one process and those who use them."""

from __future__ import annotations

import asyncio
import os
import resource
import time
from contextlib import suppress
from pathlib import Path
from random import Random

import msgspec

from voltline.base.clock import Clock, SystemClock
from voltline.base.ids import valid_identity
from voltline.messages import Reason
from voltline.station.core.happenings import ImpossibleHappening
from voltline.station.simulator.actions import GoOnline, PressStop
from voltline.station.simulator.clock import SimulatedClock
from voltline.station.simulator.fleet.counting import Counting
from voltline.station.simulator.fleet.drivers import Drivers
from voltline.station.simulator.fleet.profile import Profile
from voltline.station.simulator.fleet.tally import Tally
from voltline.station.simulator.station import SimulatedStation

RAMP_TICK_S = 0.05
LOOK_S = 0.1
GRACE_S = 30.0
"""How long the delivery of what is queued may take when a fleet ends."""


class FleetOptions(msgspec.Struct, frozen=True, kw_only=True):
    """How a fleet runs. All processes of a fleet are given the same, and each takes its part."""

    endpoint: str
    count: int
    profile: Profile
    prefix: str = "FLEET"
    """Of the identities; a number follows, from 1."""
    ramp: float = 100.0
    """Stations that are switched on in a second, by all processes together."""
    speed: float = 1.0
    """How many seconds of the stations' time go by in one."""
    hour: float = 8.0
    """The time of day at the stations when it begins, 0 to 24."""
    seed: int = 0
    password: str | None = None
    processes: int = 1

    def identity(self, number: int) -> str:
        """Of station `number`, from 0."""
        return f"{self.prefix}{number + 1:0{max(5, len(str(self.count)))}d}"

    def numbers(self, process: int) -> range:
        """The stations of a process, from 0. Neighbours are in different ones."""
        return range(process, self.count, self.processes)


class Fleet:
    """The part of a fleet that lives in this process and its running event loop."""

    def __init__(
        self,
        options: FleetOptions,
        process: int = 0,
        *,
        clock: Clock | None = None,
        counting: Counting | None = None,
    ) -> None:
        """Raises ValueError: no WebSocket URL, no identity, or configuration that a station refuses."""
        self.options = options
        valid_identity(options.identity(0))
        self._numbers = iter(options.numbers(process))
        self._source = clock or SystemClock()
        self._clock = SimulatedClock(options.speed, self._source)
        self.counting = counting or Counting()
        self.stations: list[SimulatedStation] = []
        self._chance = Random(f"{options.seed}/{options.prefix}/{process}")
        self._drivers = Drivers(
            options.profile,
            self._chance,
            self.counting.tally,
            hour=options.hour,
            now=self._clock.monotonic(),
        )
        self._per_tick = options.ramp * RAMP_TICK_S / options.processes
        self._ramped = 0.0
        self._ramp: asyncio.TimerHandle | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._timer_at = 0.0
        # A wrong URL, make or configuration key is told before the first one is switched on.
        for number in range(8):
            self._station(number)

    def _station(self, number: int) -> SimulatedStation:
        options = self.options
        return SimulatedStation(
            options.endpoint,
            options.identity(number),
            options.profile.options_of(number, speed=options.speed, seed=options.seed),
            password=options.password,
            clock=self._source,
            listener=self.counting,
            cars=self._chance,
        )

    def start(self) -> None:
        """Begin to switch stations on."""
        self._switch_on()

    async def stop(self, grace_s: float = GRACE_S) -> None:
        """End all transactions, deliver what can be delivered within `grace_s`, and switch everything off."""
        for timer in (self._ramp, self._timer):
            if timer is not None:
                timer.cancel()
        self._ramp = self._timer = None
        for station in self.stations:
            if station.charging or station.queued:
                station.perform(GoOnline())
            for connector_id in range(1, station.options.connectors + 1):
                with suppress(ImpossibleHappening):  # no transaction is running there
                    station.perform(PressStop(connector_id, Reason.REBOOT))
        # By the clock of the network: how fast the stations' own time goes by helps nobody here.
        loop = asyncio.get_running_loop()
        until = loop.time() + grace_s
        while loop.time() < until and any(station.queued for station in self.stations):  # noqa: ASYNC110
            await asyncio.sleep(LOOK_S)
        await asyncio.gather(*(station.stop() for station in self.stations))

    def tally(self) -> Tally:
        """All counts as they stand now."""
        tally = self.counting.tally
        tally.stations = len(self.stations)
        tally.charging = sum(station.charging for station in self.stations)
        tally.queued = sum(station.queued for station in self.stations)
        tally.cpu_s = time.process_time()
        tally.rss_bytes = resident_bytes()
        return msgspec.msgpack.decode(msgspec.msgpack.encode(tally), type=Tally)

    def _switch_on(self) -> None:
        self._ramp = None
        self._ramped += self._per_tick
        while self._ramped >= 1.0:
            self._ramped -= 1.0
            number = next(self._numbers, None)
            if number is None:
                self._arm()
                return
            station = self._station(number)
            self.stations.append(station)
            station.switch_on()
            self._drivers.move_in(station, self._clock.monotonic())
        self._arm()
        self._ramp = asyncio.get_running_loop().call_later(RAMP_TICK_S, self._switch_on)

    def _arm(self) -> None:
        at = self._drivers.next_deadline()
        if at is None or (self._timer is not None and self._timer_at <= at):
            return
        if self._timer is not None:
            self._timer.cancel()
        self._timer_at = at
        in_s = max(0.0, at - self._clock.monotonic()) / self.options.speed
        self._timer = asyncio.get_running_loop().call_later(in_s, self._wake)

    def _wake(self) -> None:
        self._timer = None
        self._drivers.wake(self._clock.monotonic())
        self._arm()


def resident_bytes() -> int:
    """The memory that this process has in RAM; where the system does not say, the most it ever had."""
    try:
        pages = int(Path("/proc/self/statm").read_text().split()[1])
    except (OSError, IndexError, ValueError):
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    return pages * os.sysconf("SC_PAGE_SIZE")
