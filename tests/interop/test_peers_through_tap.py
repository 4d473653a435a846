"""Charge points and central systems that we did not write, with a tap between them: they notice nothing."""

import asyncio
import json
import re
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
import websockets
from tests.interop.test_peer_stations import TAG, PeerStation, charge_as_peer, now
from tests.serving import Serving, serving

VOLTLINE = Path(sys.executable).with_name("voltline")
NODE_PEERS = Path(__file__).parent / "node"


@contextmanager
def tap(to: str, record: Path) -> Iterator[str]:
    """Where charge points connect."""
    with subprocess.Popen(
        [VOLTLINE, "tap", "--listen", "0", "--to", to, "--record", str(record)],
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        ready = re.search(r"ws=(\S+)", process.stdout.readline())
        assert ready is not None
        try:
            yield ready[1]
        finally:
            process.send_signal(signal.SIGTERM)
            process.communicate(timeout=30)


@pytest.fixture
def central(tmp_path: Path) -> Iterator[Serving]:
    with serving(tmp_path / "data") as server:
        yield server


def recorded(record: Path) -> Counter[str]:
    """How often each action was called."""
    frames = [json.loads(json.loads(line).get("text", "[]")) for line in record.read_text().splitlines()]
    return Counter(frame[2] for frame in frames if frame and frame[0] == 2)


async def test_mobilityhouse_charge_point_charges_through_a_tap(central: Serving, tmp_path: Path) -> None:
    record = tmp_path / "tap.jsonl"
    with tap(central.ocpp, record) as url:
        async with (
            websockets.connect(f"{url}/TMH-1", subprotocols=["ocpp1.6"]) as websocket,
            httpx.AsyncClient(base_url=central.http) as http,
        ):
            assert websocket.subprotocol == "ocpp1.6"
            station = PeerStation("TMH-1", websocket)
            listening = asyncio.create_task(station.start())
            transaction_id = await charge_as_peer(station)
            answer = await http.post(
                "/api/v1/charge-points/TMH-1/commands/RemoteStopTransaction",
                json={"transactionId": transaction_id},
            )
            assert answer.json() == {"status": "Accepted"}
            assert await station.told_to_stop == transaction_id
            listening.cancel()
    calls = recorded(record)
    assert (calls["StartTransaction"], calls["MeterValues"], calls["RemoteStopTransaction"]) == (1, 2, 1)


async def test_ocpp_rpc_charge_point_in_strict_mode_charges_through_a_tap(
    central: Serving, tmp_path: Path, node: Path
) -> None:
    record = tmp_path / "tap.jsonl"
    with tap(central.ocpp, record) as url:
        process = await asyncio.create_subprocess_exec(
            *(str(node), "charge_point.js", url, "NODE-1", TAG),
            cwd=NODE_PEERS,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        assert process.stdout is not None
        line = await process.stdout.readline()
        assert line, (await process.communicate())[1].decode()
        async with httpx.AsyncClient(base_url=central.http) as http:
            commands = f"{central.http}/api/v1/charge-points/NODE-1/commands"
            for action, body in (
                ("ChangeConfiguration", {"key": "HeartbeatInterval", "value": "60"}),
                ("RemoteStopTransaction", {"transactionId": json.loads(line)["charging"]}),
            ):
                assert (await http.post(f"{commands}/{action}", json=body)).status_code == 200
        seen = json.loads(await process.stdout.readline())
        assert await process.wait() == 0
    assert (seen["problems"], seen["protocol"]) == ([], "ocpp1.6")
    assert recorded(record)["RemoteStopTransaction"] == 1
    assert now()[:10] in record.read_text()
