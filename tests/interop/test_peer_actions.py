"""Charge points that we did not write send and answer every action of OCPP 1.6; each side checks the other.

mobilityhouse/ocpp validates what it sends and receives by its JSON schemas, as ocpp-rpc does in strict mode.
"""

import asyncio
import json
import logging
import subprocess
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import httpx
import pytest
import websockets
from ocpp.charge_point import camel_to_snake_case, remove_nones, snake_to_camel_case
from ocpp.routing import on
from ocpp.v16 import ChargePoint, call, call_result
from tests.serving import Serving, serving

from voltline.messages import ACTIONS, Payload, Side, encode, read_response
from voltline.messages.examples import EXAMPLES

NODE_PEERS = Path(__file__).parent / "node"
FROM_STATIONS = sorted(name for name, action in ACTIONS.items() if Side.CHARGE_POINT in action.sent_by)
TO_STATIONS = sorted(name for name, action in ACTIONS.items() if Side.CENTRAL_SYSTEM in action.sent_by)
OF_TRANSACTIONS = ("StartTransaction", "MeterValues", "StopTransaction")
TRANSACTION_IN_EXAMPLES = 4711

Send = Callable[[str, dict[str, Any]], Awaitable[dict[str, Any]]]
"""Sends an action as a charge point; its answer."""


@pytest.fixture
def central(tmp_path: Path) -> Iterator[Serving]:
    with serving(tmp_path / "data") as server:
        yield server


def on_the_wire(message: Payload) -> dict[str, Any]:
    payload: dict[str, Any] = json.loads(encode(message))
    return payload


REQUESTS = {name: on_the_wire(request) for name, (request, _) in EXAMPLES.items()}
RESPONSES = {name: on_the_wire(response) for name, (_, response) in EXAMPLES.items()}


async def send_every_action(send: Send) -> dict[str, dict[str, Any]]:
    """Every action of charge points with its example: boot first, a transaction in order. The answers."""
    first = ("BootNotification", *OF_TRANSACTIONS)
    answers: dict[str, dict[str, Any]] = {}
    transaction_id = TRANSACTION_IN_EXAMPLES
    for name in (*first, *(one for one in FROM_STATIONS if one not in first)):
        payload = dict(REQUESTS[name])
        if payload.get("transactionId") == TRANSACTION_IN_EXAMPLES:
            payload["transactionId"] = transaction_id
        answers[name] = await send(name, payload)
        if name == "StartTransaction":
            transaction_id = answers[name]["transactionId"]
    return answers


def require_good_answers(answers: dict[str, dict[str, Any]]) -> None:
    """What no charge point has to look up in a log: every answer is the action's, and says what it should."""
    assert sorted(answers) == FROM_STATIONS
    for name, answer in answers.items():
        reading = read_response(ACTIONS[name], json.dumps(answer))
        assert reading.message is not None, (name, answer)
        assert reading.deviations == (), (name, answer)
    assert answers["BootNotification"]["status"] == "Accepted"
    assert answers["Authorize"]["idTagInfo"]["status"] == "Accepted"
    assert answers["StopTransaction"]["idTagInfo"]["status"] == "Accepted"
    assert answers["DataTransfer"]["status"] == "UnknownVendorId"


async def require_stored(http: httpx.AsyncClient, identity: str, answers: dict[str, dict[str, Any]]) -> None:
    transaction_id = answers["StartTransaction"]["transactionId"]
    transaction = (await http.get(f"/api/v1/transactions/{transaction_id}")).json()
    assert transaction["charge_point"] == identity
    assert (transaction["meter_start_wh"], transaction["meter_stop_wh"]) == (1284500, 1301740)
    quarantine = (await http.get("/api/v1/quarantine")).json()
    assert quarantine["items"] == []


async def ask_every_action(http: httpx.AsyncClient, identity: str) -> None:
    """Every action of central systems by the REST API; the peer's answer comes back as it gave it."""
    for name in TO_STATIONS:
        answer = await http.post(f"/api/v1/charge-points/{identity}/commands/{name}", json=REQUESTS[name])
        assert answer.status_code == 200, (name, answer.text)
        assert answer.json() == RESPONSES[name], name
        assert "Voltline-Warnings" not in answer.headers, (name, answer.headers)


def answering_all(asked: list[tuple[str, dict[str, Any]]]) -> type[ChargePoint]:
    """A charge point on mobilityhouse/ocpp that answers every action with its example."""

    def answer_to(name: str) -> Any:
        def answer(self: ChargePoint, **payload: Any) -> Any:
            asked.append((name, payload))
            return getattr(call_result, name)(**camel_to_snake_case(RESPONSES[name]))

        answer.__name__ = f"on_{name}"  # by which the peer finds it
        return on(name)(answer)

    return type("AnsweringAll", (ChargePoint,), {f"on_{name}": answer_to(name) for name in TO_STATIONS})


async def test_mobilityhouse_charge_point_sends_and_answers_every_action(
    central: Serving, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING, "ocpp")
    asked: list[tuple[str, dict[str, Any]]] = []
    async with (
        websockets.connect(
            f"{central.ocpp}/TMH-ALL",
            subprotocols=["ocpp1.6"],  # type: ignore[list-item]
        ) as websocket,
        httpx.AsyncClient(base_url=central.http, timeout=30) as http,
    ):
        station = answering_all(asked)("TMH-ALL", websocket)
        listening = asyncio.create_task(station.start())

        async def send(name: str, payload: dict[str, Any]) -> dict[str, Any]:
            request = getattr(call, name)(**camel_to_snake_case(payload))
            answer = await station.call(request, suppress=False)  # raises on a CALLERROR or a bad answer
            as_sent: dict[str, Any] = snake_to_camel_case(remove_nones(asdict(answer)))
            return as_sent

        answers = await send_every_action(send)
        require_good_answers(answers)
        await ask_every_action(http, "TMH-ALL")
        for name in TO_STATIONS:
            assert (name, camel_to_snake_case(REQUESTS[name])) in asked, name
        await require_stored(http, "TMH-ALL", answers)
        assert not listening.done(), listening
        listening.cancel()
    assert caplog.messages == []


async def test_ocpp_rpc_charge_point_in_strict_mode_sends_and_answers_every_action(
    central: Serving, node: Path
) -> None:
    process = await asyncio.create_subprocess_exec(
        str(node),
        *("every_action.js", central.ocpp, "NODE-ALL"),
        cwd=NODE_PEERS,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        limit=1_000_000,
    )
    assert process.stdin is not None and process.stdout is not None

    async def tell(line: Any) -> dict[str, Any]:
        assert process.stdin is not None and process.stdout is not None
        process.stdin.write(json.dumps(line).encode() + b"\n")
        said = await process.stdout.readline()
        assert said, (await process.communicate())[1].decode()
        told: dict[str, Any] = json.loads(said)
        return told

    async def send(name: str, payload: dict[str, Any]) -> dict[str, Any]:
        told = await tell({"call": name, "payload": payload})
        assert "answer" in told, (name, told)
        answer: dict[str, Any] = told["answer"]
        return answer

    assert await tell({"answers": {name: RESPONSES[name] for name in TO_STATIONS}}) == {"protocol": "ocpp1.6"}
    answers = await send_every_action(send)
    require_good_answers(answers)
    async with httpx.AsyncClient(base_url=central.http, timeout=30) as http:
        await ask_every_action(http, "NODE-ALL")
        await require_stored(http, "NODE-ALL", answers)
    seen = await tell({"end": True})
    assert await process.wait() == 0
    assert seen["problems"] == []
    for name in TO_STATIONS:
        assert [name, REQUESTS[name]] in seen["asked"], name
