"""Our simulated station against central systems that we did not write: one session, from boot to unplug."""

import asyncio
import json
import subprocess
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import websockets
from ocpp.routing import on
from ocpp.v16 import ChargePoint, call, call_result
from ocpp.v16.enums import Action

from voltline.messages import ChargePointStatus
from voltline.station.simulator.station import SimulatedStation, StationOptions

NODE_PEERS = Path(__file__).parent / "node"
TAG = "04E3F89A2C3C80"
QUICK = StationOptions(configuration=(("MeterValueSampleInterval", "1"),), seed=1)


@dataclass
class Log:
    """What a peer served, in order, with the payloads as the peer saw them."""

    served: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    changed: asyncio.Event = field(default_factory=asyncio.Event)

    def add(self, action: str, payload: dict[str, Any]) -> None:
        self.served.append((action, payload))
        self.changed.set()

    def of(self, action: str) -> list[dict[str, Any]]:
        return [payload for served, payload in self.served if served == action]

    async def until(self, condition: Callable[[], bool]) -> None:
        async with asyncio.timeout(20):
            while not condition():
                self.changed.clear()
                await self.changed.wait()


async def run_a_session(
    endpoint: str, log: Log, ask: Callable[[str, dict[str, Any]], Awaitable[dict[str, Any]]]
) -> None:
    """Boot, plug in, present a tag, charge, be stopped from afar, unplug; and what the peer saw of it."""
    async with SimulatedStation(endpoint, "VOLT-1", QUICK) as station:
        await station.until(lambda view: view.online)
        await station.plug_in(1)
        await station.present_tag(TAG)
        await station.until(lambda view: view.connectors[0].status == ChargePointStatus.CHARGING)
        await log.until(lambda: len(log.of("MeterValues")) >= 2)
        keys = await ask("GetConfiguration", {"key": ["HeartbeatInterval", "NoSuchKey"]})
        assert keys["configurationKey"][0]["key"] == "HeartbeatInterval"
        assert keys["unknownKey"] == ["NoSuchKey"]
        changed = await ask("ChangeConfiguration", {"key": "MeterValueSampleInterval", "value": "5"})
        assert changed == {"status": "Accepted"}
        assert await ask("TriggerMessage", {"requestedMessage": "Heartbeat"}) == {"status": "Accepted"}
        await log.until(lambda: bool(log.of("Heartbeat")))
        assert await ask("RemoteStopTransaction", {"transactionId": 4711}) == {"status": "Accepted"}
        await log.until(lambda: bool(log.of("StopTransaction")))
        await station.unplug(1)
        await station.until(lambda view: view.connectors[0].status == ChargePointStatus.AVAILABLE)
        await log.until(lambda: log.of("StatusNotification")[-1]["status"] == "Available")
    require_a_whole_session(log)


def require_a_whole_session(log: Log) -> None:
    actions = [action for action, _ in log.served]
    assert actions[0] == "BootNotification"
    first = {action: actions.index(action) for action in set(actions)}
    order = ["BootNotification", "Authorize", "StartTransaction", "MeterValues", "StopTransaction"]
    assert sorted(order, key=first.__getitem__) == order
    booted = log.of("StatusNotification")[:2]
    assert sorted(one["connectorId"] for one in booted) == [0, 1]
    statuses = [one["status"] for one in log.of("StatusNotification") if one["connectorId"] == 1]
    assert statuses[:3] == ["Available", "Preparing", "Charging"]
    assert statuses[-2:] == ["Finishing", "Available"]
    start, stop = log.of("StartTransaction")[0], log.of("StopTransaction")[0]
    assert (start["idTag"], start["connectorId"]) == (TAG, 1)
    assert (stop["transactionId"], stop["reason"]) == (4711, "Remote")
    assert stop["meterStop"] >= start["meterStart"]
    assert {one["transactionId"] for one in log.of("MeterValues")} == {4711}


def now() -> str:
    return datetime.now(UTC).isoformat()


class PeerCentral(ChargePoint):  # type: ignore[misc]
    """A central system's view of one station, on mobilityhouse/ocpp with its validation on."""

    @on(Action.boot_notification)
    def on_boot(self, **_: Any) -> call_result.BootNotification:
        return call_result.BootNotification(current_time=now(), interval=300, status="Accepted")

    @on(Action.heartbeat)
    def on_heartbeat(self) -> call_result.Heartbeat:
        return call_result.Heartbeat(current_time=now())

    @on(Action.authorize)
    def on_authorize(self, **_: Any) -> call_result.Authorize:
        return call_result.Authorize(id_tag_info={"status": "Accepted"})

    @on(Action.start_transaction)
    def on_start(self, **_: Any) -> call_result.StartTransaction:
        return call_result.StartTransaction(transaction_id=4711, id_tag_info={"status": "Accepted"})

    @on(Action.stop_transaction)
    def on_stop(self, **_: Any) -> call_result.StopTransaction:
        return call_result.StopTransaction(id_tag_info={"status": "Accepted"})

    @on(Action.status_notification)
    def on_status(self, **_: Any) -> call_result.StatusNotification:
        return call_result.StatusNotification()

    @on(Action.meter_values)
    def on_meter_values(self, **_: Any) -> call_result.MeterValues:
        return call_result.MeterValues()


class Listening:
    """The peer's socket, with what comes in over it logged."""

    def __init__(self, websocket: Any, log: Log) -> None:
        self._websocket = websocket
        self._log = log

    async def recv(self) -> str:
        text: str = await self._websocket.recv()
        frame = json.loads(text)
        if frame[0] == 2:
            self._log.add(frame[2], frame[3])
        return text

    async def send(self, text: str) -> None:
        if json.loads(text)[0] == 4:
            self._log.add("CALLERROR sent", json.loads(text)[4])
        await self._websocket.send(text)


@asynccontextmanager
async def mobilityhouse_central(log: Log) -> AsyncIterator[tuple[str, list[PeerCentral]]]:
    stations: list[PeerCentral] = []

    async def connected(websocket: Any) -> None:
        stations.append(PeerCentral("VOLT-1", Listening(websocket, log)))
        try:
            await stations[-1].start()
        except websockets.ConnectionClosed:
            return

    async with websockets.serve(connected, "127.0.0.1", 0, subprotocols=["ocpp1.6"]) as server:  # type: ignore[list-item]
        yield f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}/ocpp", stations


async def test_our_station_charges_at_a_mobilityhouse_central_system() -> None:
    log = Log()
    async with mobilityhouse_central(log) as (endpoint, stations):

        async def ask(action: str, payload: dict[str, Any]) -> dict[str, Any]:
            snake = {"transactionId": "transaction_id", "requestedMessage": "requested_message"}
            request = getattr(call, action)(**{snake.get(key, key): value for key, value in payload.items()})
            answer = await stations[0].call(request)
            camel = {"configuration_key": "configurationKey", "unknown_key": "unknownKey"}
            return {camel.get(key, key): value for key, value in vars(answer).items()}

        await run_a_session(endpoint, log, ask)
    assert log.of("CALLERROR sent") == []


async def test_our_station_charges_at_an_ocpp_rpc_central_system_in_strict_mode(node: Path) -> None:
    process = await asyncio.create_subprocess_exec(
        str(node),
        "central_system.js",
        cwd=NODE_PEERS,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    port = json.loads(await process.stdout.readline())["port"]
    log, problems = Log(), []
    answers: asyncio.Queue[dict[str, Any]] = asyncio.Queue()

    async def listen(lines: asyncio.StreamReader) -> None:
        async for line in lines:
            said = json.loads(line)
            if "action" in said:
                log.add(said["action"], said["params"])
            elif "asked" in said:
                answers.put_nowait(said)
            else:
                problems.append(said)

    listening = asyncio.create_task(listen(process.stdout))

    async def ask(action: str, payload: dict[str, Any]) -> dict[str, Any]:
        assert process.stdin is not None
        process.stdin.write(json.dumps({"action": action, "params": payload}).encode() + b"\n")
        said = await asyncio.wait_for(answers.get(), 10)
        answer: dict[str, Any] = said["answer"]
        return answer

    await run_a_session(f"ws://127.0.0.1:{port}", log, ask)
    process.stdin.close()
    assert await process.wait() == 0
    await listening
    assert problems == []
