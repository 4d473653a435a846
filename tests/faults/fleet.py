"""Charge points of raw frames that never forget: what was not answered is sent again, first of all.

They share no code with what they talk to.
"""

from __future__ import annotations

import asyncio
import json
from collections import deque
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import count
from random import Random
from typing import Any

import websockets
from tests.faults.ledger import Ledger, Message, Start
from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed, InvalidHandshake

ANSWER_WITHIN_S = 30.0
BEGINNING = datetime(2026, 1, 1, tzinfo=UTC)
FORGETFUL = 0.3
"""Share of reconnections after which messages that were acknowledged are sent once more."""
LATE = 0.02
"""Share of messages that are sent once more at once, as if their answer had come too late."""
BREAKING = 0.005
"""Share of messages after which the connection is dropped without waiting for the answer."""


class Fleet:
    """Charge points under one endpoint. `hold` keeps them from connecting, `release` lets them."""

    def __init__(self, size: int, random: Random, ledger: Ledger) -> None:
        self.ledger = ledger
        self.endpoint = ""
        self.stopping = False
        self.gate = asyncio.Event()
        self.stations = [Station(self, f"KILL-{number}", Random(random.random())) for number in range(size)]
        self.tasks: list[asyncio.Task[None]] = []

    def start(self, endpoint: str) -> None:
        self.endpoint = endpoint
        self.gate.set()
        self.tasks = [asyncio.create_task(station.run()) for station in self.stations]

    def hold(self) -> None:
        self.gate.clear()

    def release(self) -> None:
        self.gate.set()

    async def gone(self) -> None:
        """Wait until every charge point has noticed that its connection is lost: the ledger stands still."""
        await self.until(lambda: all(one.waits or one.done for one in self.stations))

    async def until(self, condition: Callable[[], object], within_s: float = ANSWER_WITHIN_S) -> None:
        """Wait until this holds. Raises what a charge point raised meanwhile."""
        async with asyncio.timeout(within_s):
            while not condition():
                for task in self.tasks:
                    if task.done():
                        task.result()
                await asyncio.sleep(0.002)

    async def finish(self) -> None:
        """Let every charge point end its transaction and deliver what it has. Raises what one raised."""
        self.stopping = True
        async with asyncio.timeout(120):
            await asyncio.gather(*self.tasks)


class Station:
    """Charges, again and again. One CALL at a time, in order (S 3.7)."""

    def __init__(self, fleet: Fleet, identity: str, random: Random) -> None:
        self.identity = identity
        self.waits = False
        """At the gate."""
        self.done = False
        self._fleet = fleet
        self._ledger = fleet.ledger
        self._random = random
        self._socket: ClientConnection | None = None
        self._ids = count(1)
        self._moments = count(1)
        self._register_wh = random.randrange(10_000)
        self._recent: deque[Message] = deque(maxlen=3)

    async def run(self) -> None:
        await self._deliver(
            Message(self.identity, "BootNotification", {"chargePointVendor": "K", "chargePointModel": "9"}),
            False,
        )
        while not self._fleet.stopping:
            await self._charge()
        if self._socket is not None:
            await self._socket.close()
        self.done = True

    async def _charge(self) -> None:
        connector, tag = self._random.choice((1, 2)), f"TAG{self._random.randrange(200)}"
        await self._deliver(self._reading(connector, None))
        begin = {
            "connectorId": connector,
            "idTag": tag,
            "meterStart": self._meter(),
            "timestamp": self._moment(),
        }
        start = Start(self.identity, "StartTransaction", begin)
        await self._deliver(start)
        for _ in range(self._random.randrange(1, 6)):
            await self._deliver(self._reading(connector, start.transaction_id))
        end: dict[str, Any] = {"transactionId": start.transaction_id, "meterStop": self._meter()}
        end |= {
            "timestamp": self._moment(),
            "reason": self._random.choice(("Local", "Remote", "EVDisconnected")),
        }
        if self._random.random() < 0.5:
            end["idTag"] = tag
        if self._random.random() < 0.2:
            end["transactionData"] = [self._meter_value("Transaction.End")]
        await self._deliver(Message(self.identity, "StopTransaction", end))

    def _reading(self, connector: int, transaction_id: int | None) -> Message:
        values = [self._meter_value("Sample.Periodic") for _ in range(self._random.choice((1, 1, 1, 2)))]
        payload: dict[str, Any] = {"connectorId": connector, "meterValue": values}
        if transaction_id is not None:
            payload["transactionId"] = transaction_id
        return Message(self.identity, "MeterValues", payload)

    def _meter_value(self, context: str) -> dict[str, Any]:
        sampled = [
            {"value": str(self._meter()), "context": context, "unit": "Wh"},
            {"value": f"{self._random.uniform(6, 32):.1f}", "measurand": "Current.Import", "unit": "A"},
        ]
        return {"timestamp": self._moment(), "sampledValue": sampled}

    def _meter(self) -> int:
        self._register_wh += self._random.randrange(1, 500)
        return self._register_wh

    def _moment(self) -> str:
        """A time of its own for everything that is reported."""
        at = BEGINNING + timedelta(milliseconds=1250 * next(self._moments))
        return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")

    # ---- delivery

    async def _deliver(self, message: Message, counts: bool = True) -> None:
        """Send it until it is acknowledged; a lost connection is made again."""
        while not message.acknowledged:
            try:
                socket = self._socket or await self._connect()
                await self._exchange(socket, message, counts)
                if counts:
                    self._recent.append(message)
                    if self._random.random() < LATE:
                        await self._exchange(socket, message, counts)
            except (OSError, ConnectionClosed):
                self._socket = None

    async def _connect(self) -> ClientConnection:
        while True:
            self.waits = True
            await self._fleet.gate.wait()
            self.waits = False
            try:
                socket = await websockets.connect(
                    f"{self._fleet.endpoint}/{self.identity}",
                    subprotocols=["ocpp1.6"],  # type: ignore[list-item]
                    compression=None,
                    ping_interval=None,
                    proxy=None,
                    open_timeout=ANSWER_WITHIN_S,
                )
            except (OSError, EOFError, InvalidHandshake):
                await asyncio.sleep(self._random.uniform(0.01, 0.1))  # a back-off: it is not there (yet)
                continue
            self._socket = socket
            if self._random.random() < FORGETFUL:
                for message in list(self._recent)[-self._random.randrange(1, 4) :]:
                    await self._exchange(socket, message, True)
            return socket

    async def _exchange(self, socket: ClientConnection, message: Message, counts: bool) -> None:
        """Send it under a new id and wait for the answer. Raises ConnectionClosed."""
        message_id = f"{self.identity}.{next(self._ids)}"
        if counts:
            self._ledger.sending(message)
        await socket.send(json.dumps([2, message_id, message.action, message.payload]))
        if counts and self._random.random() < BREAKING:
            self._ledger.broken_off += 1
            socket.transport.abort()
        try:
            frame = await asyncio.wait_for(self._answer(socket), ANSWER_WITHIN_S)
        except TimeoutError:
            problem = f"{self.identity}: {message.action} was not answered within {ANSWER_WITHIN_S:g} s"
            raise AssertionError(problem) from None
        if frame[:2] != [3, message_id]:
            self._ledger.refused(message, frame)
            raise AssertionError(f"{self.identity}: {message.action} was answered {frame}")
        if counts:
            self._ledger.answered(message, frame[2])
        else:
            message.answered += 1

    async def _answer(self, socket: ClientConnection) -> list[Any]:
        """The next answer. What the central system asks meanwhile is none of our business."""
        while True:
            frame: list[Any] = json.loads(await socket.recv())
            if frame[0] != 2:
                return frame
            await socket.send(json.dumps([4, frame[1], "NotSupported", "", {}]))
