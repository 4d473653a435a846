"""Milliseconds from a POST to the REST API to its answer, which a charge point gave in between.

`voltline serve` has one core; its charge points and the client of its API share another. 1,000 charge points
are connected and send 500 messages a second in all (4 MeterValues to 1 Heartbeat, each stored durably before
its answer). 50 times a second, whatever has become of the commands before, one of the charge points is sent a
command and answers at once. A round trip counts from the moment when it was due.

    .venv/bin/python benchmarks/command_round_trip.py --rounds 3

A request for nothing (GET /healthz) is timed beside them: what HTTP takes alone.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import re
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections import defaultdict, deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple, cast

import uvloop
from load import Figures, LoadStation

GOAL_P99_MS = 10.0
SETTLED_AFTER_S = 3.0
"""What charge points are asked when they have just come, such as their configuration, is over after that."""
COMMANDS: dict[str, tuple[bytes, bytes]] = {
    "TriggerMessage": (b'{"requestedMessage":"Heartbeat"}', b'{"status":"Accepted"}'),
    "UnlockConnector": (b'{"connectorId":1}', b'{"status":"Unlocked"}'),
    "ChangeConfiguration": (b'{"key":"HeartbeatInterval","value":"300"}', b'{"status":"Accepted"}'),
    "GetConfiguration": (
        b'{"key":["HeartbeatInterval"]}',
        b'{"configurationKey":[{"key":"HeartbeatInterval","readonly":false,"value":"300"}]}',
    ),
}
"""What is sent and what is answered. What the last two mean is stored before the API answers."""
EMPTY = "GET /healthz"


@dataclass
class Asking(Figures):
    """What a run measured."""

    last_asked: float = 0.0
    """When a charge point was last asked something."""


class Paced(LoadStation):
    """A charge point that sends when it is told to, and answers what it is asked."""

    figures: Asking

    def text_received(self, payload: bytes) -> None:
        if not payload.startswith(b"[2,"):
            super().text_received(payload)
            return
        self.figures.last_asked = time.perf_counter()
        _, message_id, action, _ = json.loads(payload)
        answer = COMMANDS[action][1] if action in COMMANDS else None
        text = (
            b'[3,"%s",%s]' % (message_id.encode(), answer)
            if answer is not None
            else b'[4,"%s","NotSupported","",{}]' % message_id.encode()
        )
        length = len(text)
        head = bytes([0x81, 0x80 | length]) if length < 126 else b"\x81\xfe" + length.to_bytes(2, "big")
        self.transport.write(head + b"\0\0\0\0" + text)

    @property
    def free(self) -> bool:
        """Whether its last CALL was answered."""
        return not self.running

    def next(self) -> None:
        """Called when an answer came: nothing until the next beat."""
        self.running = False

    def beat(self) -> None:
        super().next()


class Client(asyncio.Protocol):
    """One connection to the REST API; one request at a time."""

    def __init__(self) -> None:
        self.buffer = b""
        self.answered: asyncio.Future[None] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)

    async def request(self, method: str, path: str, body: bytes = b"") -> None:
        self.answered = asyncio.get_running_loop().create_future()
        self.transport.write(
            f"{method} {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
            f"Content-Length: {len(body)}\r\n\r\n".encode()
            + body
        )
        await self.answered

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        head, found, body = self.buffer.partition(b"\r\n\r\n")
        length = re.search(rb"content-length: (\d+)", head, re.IGNORECASE)
        if not found or length is None or len(body) < int(length[1]):
            return
        self.buffer = b""
        assert self.answered is not None
        if head.startswith(b"HTTP/1.1 200 "):
            self.answered.set_result(None)
        else:
            self.answered.set_exception(RuntimeError(f"the API answered {head!r} {body!r}"))

    def connection_lost(self, exc: Exception | None) -> None:
        if self.answered is not None and not self.answered.done():
            self.answered.set_exception(RuntimeError(f"the API closed the connection: {exc}"))


class Plan(NamedTuple):
    ocpp_port: int
    http_port: int
    stations: int
    rate: float
    """Messages a second, of all charge points together."""
    commands: float
    """Commands a second."""
    seconds: float
    warm_up_s: float


async def connected(plan: Plan, figures: Asking) -> list[Paced]:
    """All charge points, each with a transaction running."""
    loop = asyncio.get_running_loop()
    fleet: list[Paced] = []
    for first in range(0, plan.stations, 100):
        waiting = []
        for number in range(first, min(first + 100, plan.stations)):
            ready = loop.create_future()
            _, station = await loop.create_connection(
                lambda n=number, f=ready: Paced(
                    f"BENCH{n:05d}", figures, lambda: f.done() or f.set_result(None)
                ),
                "127.0.0.1",
                plan.ocpp_port,
            )
            fleet.append(station)
            waiting.append(ready)
        await asyncio.wait_for(asyncio.gather(*waiting), 60)
        if figures.failure:
            raise SystemExit(figures.failure)
    return fleet


async def flow(fleet: list[Paced], rate: float) -> None:
    """Messages at an even rate, each from the next charge point; one that still waits is passed over."""
    began, sent, number = time.perf_counter(), 0, 0
    while True:
        due = int((time.perf_counter() - began) * rate)
        while sent < due:
            sent += 1
            station = fleet[number % len(fleet)]
            number += 1
            if station.free:
                station.beat()
        await asyncio.sleep(max(0.0, began + (sent + 1) / rate - time.perf_counter()))


class Commanding:
    """Sends commands when they are due, on as many connections as that needs."""

    def __init__(self, plan: Plan, fleet: list[Paced]) -> None:
        self._plan = plan
        self._fleet = fleet
        self._clients: deque[Client] = deque()
        self.latencies: dict[str, list[float]] = defaultdict(list)

    async def run(self, seconds: float) -> None:
        began, tasks = time.perf_counter(), []
        kinds = [*COMMANDS, EMPTY]
        for number in range(int(seconds * self._plan.commands)):
            due = began + number / self._plan.commands
            await asyncio.sleep(max(0.0, due - time.perf_counter()))
            tasks.append(asyncio.create_task(self._one(kinds[number % len(kinds)], number, due)))
        await asyncio.wait_for(asyncio.gather(*tasks), 60)

    async def _one(self, kind: str, number: int, due: float) -> None:
        client = self._clients.popleft() if self._clients else None
        if client is None or client.transport.is_closing():
            loop = asyncio.get_running_loop()
            _, client = await loop.create_connection(Client, "127.0.0.1", self._plan.http_port)
        if kind == EMPTY:
            await client.request("GET", "/healthz")
        else:
            identity = self._fleet[number * 7919 % len(self._fleet)].identity
            await client.request(
                "POST", f"/api/v1/charge-points/{identity}/commands/{kind}", COMMANDS[kind][0]
            )
        self.latencies[kind].append(time.perf_counter() - due)
        self._clients.append(client)


async def measured(plan: Plan) -> dict[str, list[float]]:
    """Latencies by kind, in seconds, and those of the messages that flow meanwhile."""
    figures = Asking()
    fleet = await connected(plan, figures)
    flowing = asyncio.create_task(flow(fleet, plan.rate))
    while True:
        rest = figures.last_asked + SETTLED_AFTER_S - time.perf_counter()
        if rest <= 0:
            break
        await asyncio.sleep(rest)
    await Commanding(plan, fleet).run(plan.warm_up_s)
    commanding = Commanding(plan, fleet)
    figures.counting = True
    await commanding.run(plan.seconds)
    figures.counting = False
    flowing.cancel()
    if figures.failure:
        raise SystemExit(figures.failure)
    if len(figures.latencies) < 0.95 * plan.rate * plan.seconds:
        raise SystemExit(f"only {len(figures.latencies) / plan.seconds:.0f} messages/s flowed")
    return {**commanding.latencies, "message": figures.latencies}


@contextmanager
def serving(data: Path, core: int) -> Iterator[tuple[int, int]]:
    """`voltline serve` on one core; its OCPP port and its HTTP port."""
    process = subprocess.Popen(
        [
            *(sys.executable, "-m", "voltline.cli.main", "serve", "--host", "127.0.0.1"),
            *("--ocpp-port=0", "--http-port=0", f"--data={data}"),
        ],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        preexec_fn=lambda: os.sched_setaffinity(0, {core}),
        env={**os.environ, "VOLTLINE_LOG_LEVEL": "warning"},
    )
    try:
        assert process.stdout is not None
        for line in process.stdout:
            if ready := re.search(r"ocpp=\S+:(\d+)\S* http=\S+:(\d+)", line):
                yield int(ready[1]), int(ready[2])
                break
        else:
            raise SystemExit("voltline serve did not start")
    finally:
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=30)


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--stations", type=int, default=1000)
    parser.add_argument("--rate", type=float, default=500.0, help="messages a second (500)")
    parser.add_argument("--commands", type=float, default=50.0, help="requests to the API a second (50)")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--warm-up", type=float, default=2.0)
    options = parser.parse_args()
    cores = sorted(os.sched_getaffinity(0))
    if len(cores) < 2:
        raise SystemExit("this needs two cores: one for the server, one for the charge points")
    rounds: dict[str, list[list[float]]] = defaultdict(list)
    for _ in range(options.rounds):
        with (
            tempfile.TemporaryDirectory(prefix="voltline-bench-") as folder,
            serving(Path(folder), cores[0]) as (ocpp_port, http_port),
        ):
            os.sched_setaffinity(0, {cores[1]})
            plan = Plan(
                *(ocpp_port, http_port, options.stations, options.rate),
                *(options.commands, options.seconds, options.warm_up),
            )
            for kind, latencies in uvloop.run(measured(plan)).items():
                rounds[kind].append(latencies)
    return report(options, rounds)


def report(options: argparse.Namespace, rounds: dict[str, list[list[float]]]) -> int:
    everything = [
        [one for kind in COMMANDS for one in rounds[kind][number]] for number in range(options.rounds)
    ]
    print(
        f"{options.stations} charge points, {options.rate:g} messages/s, {options.commands:g} requests/s, "
        f"median of {options.rounds} rounds of {options.seconds:g} s (least..most)"
    )
    print(f"{'':28} {'p50 ms':>22} {'p99 ms':>24}")
    for name, found in {**rounds, "all commands": everything}.items():
        p50, p99 = ([quantile(one, share) for one in found] for share in (0.5, 0.99))
        print(f"{name:28} {spread(p50):>22} {spread(p99):>24}")
    reached = statistics.median(quantile(one, 0.99) for one in everything)
    met = reached <= GOAL_P99_MS
    verdict = "met" if met else "MISSED"
    print(f"goal: p99 of all commands at most {GOAL_P99_MS:g} ms: {reached:.1f} ms, {verdict}")
    return 0 if met else 1


def quantile(latencies: list[float], share: float) -> float:
    return sorted(latencies)[int(len(latencies) * share)] * 1000


def spread(figures: list[float]) -> str:
    return f"{statistics.median(figures):.2f} ({min(figures):.2f}..{max(figures):.2f})"


if __name__ == "__main__":
    sys.exit(main())
