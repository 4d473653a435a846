"""Central systems that we did not write, for our station to connect to. Both validate by their own schemas.

mobilityhouse/ocpp validates what it sends and receives, as ocpp-rpc does in strict mode. Whatever they object
to is in `Log.problems`.
"""

import asyncio
import json
import subprocess
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import websockets
from ocpp.charge_point import camel_to_snake_case, remove_nones, snake_to_camel_case
from ocpp.exceptions import OCPPError
from ocpp.routing import on
from ocpp.v16 import ChargePoint, call, call_result

from voltline.messages import ACTIONS, Side

NODE_PEERS = Path(__file__).parent / "node"
FROM_STATIONS = sorted(name for name, action in ACTIONS.items() if Side.CHARGE_POINT in action.sent_by)
TRANSACTION = 4711


@dataclass
class Log:
    """What a peer served, in order, with the payloads as the peer saw them."""

    served: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    problems: list[Any] = field(default_factory=list)
    """What the peer found wrong with what it received or sent."""
    changed: asyncio.Event = field(default_factory=asyncio.Event)

    def add(self, action: str, payload: dict[str, Any]) -> None:
        self.served.append((action, payload))
        self.changed.set()

    def of(self, action: str) -> list[dict[str, Any]]:
        return [payload for served, payload in self.served if served == action]

    async def until(self, condition: Callable[[], bool]) -> None:
        try:
            async with asyncio.timeout(20):
                while not condition():
                    self.changed.clear()
                    await self.changed.wait()
        except TimeoutError:
            raise AssertionError(f"not seen in 20 s; served was {self.served}") from None


@dataclass
class Peer:
    """A central system at work."""

    endpoint: str
    log: Log
    ask: Callable[[str, dict[str, Any]], Awaitable[dict[str, Any]]]
    """Sends the station a request; its answer, or for a CALLERROR `{"error": code}`."""


def answer_to(action: str) -> dict[str, Any]:
    """What a peer answers to an action of the station, as on the wire."""
    now = datetime.now(UTC).isoformat()
    accepted = {"idTagInfo": {"status": "Accepted"}}
    answers: dict[str, dict[str, Any]] = {
        "BootNotification": {"status": "Accepted", "interval": 300, "currentTime": now},
        "Heartbeat": {"currentTime": now},
        "Authorize": accepted,
        "StartTransaction": accepted | {"transactionId": TRANSACTION},
        "StopTransaction": accepted,
        "DataTransfer": {"status": "Accepted", "data": "thanks"},
        "SignCertificate": {"status": "Accepted"},
    }
    return answers.get(action, {})


class _Listening:
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
            self._log.problems.append(json.loads(text))
        await self._websocket.send(text)


def _answering_all() -> type[ChargePoint]:
    """A central system's view of one station that answers every action."""

    def answering(name: str) -> Any:
        def answer(self: ChargePoint, **_: Any) -> Any:
            return getattr(call_result, name)(**camel_to_snake_case(answer_to(name)))

        answer.__name__ = f"on_{name}"  # by which the peer finds it
        return on(name)(answer)

    return type("PeerCentral", (ChargePoint,), {f"on_{name}": answering(name) for name in FROM_STATIONS})


@asynccontextmanager
async def mobilityhouse_central() -> AsyncIterator[Peer]:
    """A central system on mobilityhouse/ocpp, its validation on."""
    log, stations, kind = Log(), [], _answering_all()

    async def connected(websocket: Any) -> None:
        stations.append(kind("VOLT-1", _Listening(websocket, log)))
        try:
            await stations[-1].start()
        except websockets.ConnectionClosed:
            return

    async def ask(action: str, payload: dict[str, Any]) -> dict[str, Any]:
        request = getattr(call, action)(**camel_to_snake_case(payload))
        try:
            answer = await stations[-1].call(request, suppress=False)
        except OCPPError as error:
            return {"error": error.code}
        as_received: dict[str, Any] = snake_to_camel_case(remove_nones(asdict(answer)))
        return as_received

    async with websockets.serve(connected, "127.0.0.1", 0, subprotocols=["ocpp1.6"]) as server:  # type: ignore[list-item]
        yield Peer(f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}/ocpp", log, ask)


@asynccontextmanager
async def ocpp_rpc_central(node: Path) -> AsyncIterator[Peer]:
    """A central system on ocpp-rpc in strict mode, in a Node.js process."""
    process = await asyncio.create_subprocess_exec(
        str(node), "central_system.js", cwd=NODE_PEERS, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    stdin, stdout = process.stdin, process.stdout
    assert stdin is not None
    assert stdout is not None
    try:
        port = json.loads(await stdout.readline())["port"]
        log = Log()
        answers: asyncio.Queue[dict[str, Any]] = asyncio.Queue()

        async def listen() -> None:
            async for line in stdout:
                said = json.loads(line)
                if "action" in said:
                    log.add(said["action"], said["params"])
                elif "asked" in said:
                    answers.put_nowait(said)
                else:
                    log.problems.append(said)

        async def ask(action: str, payload: dict[str, Any]) -> dict[str, Any]:
            stdin.write(json.dumps({"action": action, "params": payload}).encode() + b"\n")
            said = await asyncio.wait_for(answers.get(), 20)
            assert said["asked"] == action
            answer: dict[str, Any] = said["answer"] if "answer" in said else {"error": said["error"]}
            return answer

        listening = asyncio.create_task(listen())
        yield Peer(f"ws://127.0.0.1:{port}", log, ask)
        stdin.close()
        assert await process.wait() == 0
        await listening
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
