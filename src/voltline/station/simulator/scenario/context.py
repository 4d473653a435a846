"""What the branches of one run share: the stations, what was seen of them, the variables, who looks on."""

from __future__ import annotations

import asyncio
from random import Random

import msgspec

from voltline.station.device.listener import Listener
from voltline.station.device.storage import MemoryStorage
from voltline.station.simulator.clock import SimulatedClock
from voltline.station.simulator.scenario.central import Api
from voltline.station.simulator.scenario.reading import Scenario
from voltline.station.simulator.scenario.steps import Step
from voltline.station.simulator.scenario.values import Scope
from voltline.station.simulator.scenario.witness import Seen, Witness
from voltline.station.simulator.station import SimulatedStation
from voltline.transport.client import ClientOptions


class Failed(Exception):
    """A step failed. `expected` and `instead` are for people; `instead` may have several lines."""

    def __init__(self, expected: str, instead: str) -> None:
        super().__init__(f"expected {expected}; {instead}")
        self.expected = expected
        self.instead = instead


class Watcher:
    """Is told how the run goes on; override what you want to know."""

    def began(self, step: Step, text: str) -> None:
        """A step begins."""

    def said(self, text: str) -> None:
        """The scenario has something to tell whoever looks on, or wants something done by hand."""

    def listener(self, identity: str) -> Listener:
        """Who else listens to a station."""
        return Listener()


class Surroundings(msgspec.Struct, frozen=True, kw_only=True):
    """Where and how a scenario runs."""

    endpoint: str
    identity: str
    """Of the station; of several stations with their names behind a hyphen."""
    api: Api | None = None
    """Without one, people act (`--by-hand`)."""
    password: str | None = None
    seed: int = 0
    client: ClientOptions | None = None
    speed: float = 1.0
    """How much faster the stations' clocks run than that of the machine; durations of steps are theirs."""


class StepReport(msgspec.Struct, frozen=True, kw_only=True):
    """A step that was taken. Times in seconds since the start."""

    number: int
    line: int
    what: str
    began_s: float
    took_s: float


class Context:
    """One run as its branches see it."""

    def __init__(self, scenario: Scenario, where: Surroundings, watcher: Watcher) -> None:
        """Makes the stations, which are off.

        Raises:
            ValueError: the endpoint is no WebSocket URL, or the identity cannot be one.
        """
        self.scenario = scenario
        self.where = where
        self.watcher = watcher
        self.stations: dict[str, SimulatedStation] = {}
        self.witnesses: dict[str, Witness] = {}
        self.reports: list[StepReport] = []
        self.failing: Step | None = None
        clock = SimulatedClock(where.speed)
        identities = {}
        for name, options in scenario.stations.items():
            identity = f"{where.identity}-{name}" if name else where.identity
            identities[f"{name}.id" if name else "id"] = identity
            witness = Witness(clock.now, watcher.listener(identity))
            station = SimulatedStation(
                where.endpoint,
                identity,
                msgspec.structs.replace(options, seed=where.seed, speed=where.speed),
                password=where.password,
                client=where.client,
                listener=witness,
                storage=MemoryStorage(),
            )
            station.on_change(witness.look)
            self.stations[name], self.witnesses[name] = station, witness
        file = scenario.source.rpartition("/")[2]
        self.scope = Scope(identities, clock.now, Random(f"{where.seed}/{where.identity}/{file}"))
        self._began = asyncio.get_running_loop().time()

    def passed_s(self) -> float:
        """Since the run began, in seconds of the machine."""
        return asyncio.get_running_loop().time() - self._began

    def exchanges(self) -> list[tuple[str, Seen]]:
        """All of all stations, with their identities, in order of time."""
        every = [
            (self.stations[name].identity, one)
            for name, witness in self.witnesses.items()
            for one in witness.seen
        ]
        return sorted(every, key=lambda one: one[1].at)
