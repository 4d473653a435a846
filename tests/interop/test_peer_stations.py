"""Charge points that we did not write, at our central system: boot to stop, and all is in the database."""

import asyncio
import json
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
import websockets
from ocpp.routing import on
from ocpp.v16 import ChargePoint, call, call_result
from ocpp.v16.enums import Action
from tests.serving import Serving, serving

TAG = "04E3F89A2C3C80"
NODE_PEERS = Path(__file__).parent / "node"


@pytest.fixture
def central(tmp_path: Path) -> Iterator[Serving]:
    with serving(tmp_path / "data") as server:
        yield server


class PeerStation(ChargePoint):  # type: ignore[misc]
    """mobilityhouse/ocpp as a charge point."""

    def __init__(self, identity: str, connection: Any) -> None:
        super().__init__(identity, connection)
        self.asked: list[str] = []
        self.told_to_stop: asyncio.Future[int] = asyncio.get_running_loop().create_future()

    @on(Action.remote_stop_transaction)
    def on_remote_stop(self, transaction_id: int) -> call_result.RemoteStopTransaction:
        self.asked.append("RemoteStopTransaction")
        self.told_to_stop.set_result(transaction_id)
        return call_result.RemoteStopTransaction(status="Accepted")

    @on(Action.get_configuration)
    def on_get_configuration(self, key: list[str] | None = None) -> call_result.GetConfiguration:
        self.asked.append("GetConfiguration")
        return call_result.GetConfiguration(
            configuration_key=[{"key": "HeartbeatInterval", "readonly": False, "value": "300"}]
        )


async def charge_as_peer(station: PeerStation) -> int:
    boot = await station.call(call.BootNotification(charge_point_vendor="tmh", charge_point_model="ocpp"))
    assert boot.status == "Accepted"
    await station.call(call.StatusNotification(connector_id=1, error_code="NoError", status="Preparing"))
    assert (await station.call(call.Heartbeat())).current_time.endswith("Z")
    assert (await station.call(call.Authorize(id_tag=TAG))).id_tag_info["status"] == "Accepted"
    started = await station.call(
        call.StartTransaction(connector_id=1, id_tag=TAG, meter_start=1000, timestamp=now())
    )
    assert started.id_tag_info["status"] == "Accepted"
    await station.call(call.StatusNotification(connector_id=1, error_code="NoError", status="Charging"))
    for value in ("1100", "1200.5"):
        sampled = [
            {"value": value, "context": "Sample.Periodic", "unit": "Wh"},
            {"value": "16.0", "measurand": "Current.Import", "phase": "L1", "unit": "A"},
        ]
        await station.call(
            call.MeterValues(
                connector_id=1,
                transaction_id=started.transaction_id,
                meter_value=[{"timestamp": now(), "sampled_value": sampled}],
            )
        )
    return int(started.transaction_id)


def now() -> str:
    return datetime.now(UTC).isoformat()


async def command(
    http: httpx.AsyncClient, identity: str, action: str, body: dict[str, Any]
) -> dict[str, Any]:
    response = await http.post(f"/api/v1/charge-points/{identity}/commands/{action}", json=body)
    assert response.status_code == 200, response.text
    answer: dict[str, Any] = response.json()
    return answer


async def require_stored(http: httpx.AsyncClient, identity: str, transaction_id: int) -> None:
    """The session that both peers run is in the database, whole."""
    station = (await http.get(f"/api/v1/charge-points/{identity}")).json()
    assert station["online"] is False or station["identity"] == identity
    assert [one["status"] for one in station["connectors"] if one["connector_id"] == 1] == ["Charging"]
    transaction = (await http.get(f"/api/v1/transactions/{transaction_id}")).json()
    assert transaction["charge_point"] == identity
    assert (transaction["meter_start_wh"], transaction["meter_stop_wh"]) == (1000, 2000)
    assert (transaction["id_tag"], transaction["stop_reason"]) == (TAG, "Remote")
    values = (await http.get(f"/api/v1/transactions/{transaction_id}/meter-values")).json()["items"]
    energy = [one for one in values if one["measurand"] == "Energy.Active.Import.Register"]
    assert [one["value"] for one in energy] == ["1100", "1200.5"]
    current = [one for one in values if one["measurand"] == "Current.Import"]
    assert [(one["value"], one["phase"], one["unit"]) for one in current] == [("16.0", "L1", "A")] * 2


async def test_mobilityhouse_charge_point_runs_boot_to_stop(central: Serving) -> None:
    async with (
        websockets.connect(f"{central.ocpp}/TMH-1", subprotocols=["ocpp1.6"]) as websocket,
        httpx.AsyncClient(base_url=central.http) as http,
    ):
        station = PeerStation("TMH-1", websocket)
        listening = asyncio.create_task(station.start())
        transaction_id = await charge_as_peer(station)
        configuration = await command(http, "TMH-1", "GetConfiguration", {})
        assert configuration["configurationKey"][0]["key"] == "HeartbeatInterval"
        answer = await command(http, "TMH-1", "RemoteStopTransaction", {"transactionId": transaction_id})
        assert answer == {"status": "Accepted"}
        assert await station.told_to_stop == transaction_id
        stopped = await station.call(
            call.StopTransaction(
                transaction_id=transaction_id, id_tag=TAG, meter_stop=2000, timestamp=now(), reason="Remote"
            )
        )
        assert stopped.id_tag_info["status"] == "Accepted"
        assert station.asked == ["GetConfiguration", "RemoteStopTransaction"]
        await require_stored(http, "TMH-1", transaction_id)
        listening.cancel()


async def test_ocpp_rpc_charge_point_in_strict_mode_runs_boot_to_stop(central: Serving, node: Path) -> None:
    process = await asyncio.create_subprocess_exec(
        str(node),
        "charge_point.js",
        central.ocpp,
        "NODE-1",
        TAG,
        cwd=NODE_PEERS,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert process.stdout is not None
    line = await process.stdout.readline()
    assert line, (await process.communicate())[1].decode()
    transaction_id = json.loads(line)["charging"]
    async with httpx.AsyncClient(base_url=central.http) as http:
        await command(http, "NODE-1", "GetConfiguration", {"key": ["HeartbeatInterval"]})
        await command(http, "NODE-1", "ChangeConfiguration", {"key": "HeartbeatInterval", "value": "60"})
        await command(http, "NODE-1", "ClearCache", {})
        await command(http, "NODE-1", "RemoteStopTransaction", {"transactionId": transaction_id})
        seen = json.loads(await process.stdout.readline())
        assert await process.wait() == 0
        assert seen["problems"] == []
        assert seen["protocol"] == "ocpp1.6"
        assert seen["asked"] == [
            "GetConfiguration",
            "ChangeConfiguration",
            "ClearCache",
            "RemoteStopTransaction",
        ]
        assert seen["boot"]["status"] == seen["authorize"]["idTagInfo"]["status"] == "Accepted"
        assert seen["meterValues"] == {}
        assert seen["data"]["status"] == "UnknownVendorId"
        await require_stored(http, "NODE-1", transaction_id)
