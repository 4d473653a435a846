"""Who is let in, who is told to wait, and what they may send meanwhile."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import aiohttp
import httpx
import pytest
from tests.serving import Serving, serving
from tests.system.raw_station import station

REPORT = {"connectorId": 1, "errorCode": "NoError", "status": "Available"}


@pytest.fixture(scope="module")
def pending(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    flags = ("--set", "registration.policy=pending", "--set", "registration.retry_interval_s=17")
    with serving(tmp_path_factory.mktemp("serve") / "data", *flags) as running:
        yield running


@pytest.mark.requirement("BOO-14", "BOO-19")
async def test_before_acceptance_everything_but_boot_is_a_security_error(pending: Serving) -> None:
    async with station(pending.ocpp, "NEW") as cp:
        calls: list[tuple[str, Any]] = [
            ("Heartbeat", {}),
            ("StatusNotification", REPORT),
            ("Authorize", {"idTag": "T"}),
        ]
        for action, payload in calls:
            frame = await cp.exchange(action, payload)
            assert (frame[0], frame[2]) == (4, "SecurityError")
            assert "BootNotification" in frame[3]
        boot = await cp.boot()
        assert (boot["status"], boot["interval"]) == ("Pending", 17)
        frame = await cp.exchange("Heartbeat", {})
        assert (frame[0], frame[2]) == (4, "SecurityError")
        assert (await cp.boot())["status"] == "Pending"


@pytest.mark.requirement("BOO-15", "BOO-18")
async def test_pending_charge_point_can_be_configured_but_not_started(pending: Serving) -> None:
    async with station(pending.ocpp, "WAITS") as cp, httpx.AsyncClient(base_url=pending.http) as api:
        await cp.boot()
        cp.answers["ChangeConfiguration"] = {"status": "Accepted"}
        commands = "/api/v1/charge-points/WAITS/commands"
        response = await api.post(
            f"{commands}/ChangeConfiguration", json={"key": "HeartbeatInterval", "value": "60"}
        )
        assert response.status_code == 200
        response = await api.post(f"{commands}/RemoteStartTransaction", json={"idTag": "T"})
        assert (response.status_code, response.json()["type"]) == (409, "urn:voltline:problem:not-accepted")
        assert [action for action, _ in cp.received] == ["ChangeConfiguration"]


@pytest.mark.requirement("WSC-09")
async def test_known_only_refuses_strangers_with_404(tmp_path: Path) -> None:
    with serving(tmp_path / "data") as everybody:
        async with station(everybody.ocpp, "KNOWN") as cp:
            await cp.boot()
    with serving(tmp_path / "data", "--set", "registration.policy=known-only") as known_only:
        async with station(known_only.ocpp, "known") as cp:
            assert "currentTime" in await cp.call("Heartbeat")
            assert (await cp.boot())["status"] == "Accepted"
        with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
            async with station(known_only.ocpp, "STRANGER"):
                pass
        assert refused.value.status == 404


async def test_a_path_that_is_set_is_the_only_one(tmp_path: Path) -> None:
    with serving(tmp_path / "data", "--set", "ocpp.path=/chargers/v16") as server:
        assert server.ocpp.endswith("/chargers/v16")
        async with station(server.ocpp) as cp:
            assert (await cp.boot())["status"] == "Accepted"
        with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
            async with station(server.ocpp.replace("/v16", "/v201")):
                pass
        assert refused.value.status == 404


async def test_unknown_tags_can_be_rejected_and_their_transactions_are_kept(tmp_path: Path) -> None:
    with serving(tmp_path / "data", "--set", "authorization.unknown_tags=reject") as server:
        async with station(server.ocpp) as cp, httpx.AsyncClient(base_url=server.http) as api:
            await cp.boot()
            assert await cp.call("Authorize", {"idTag": "T"}) == {"idTagInfo": {"status": "Invalid"}}
            start = {"connectorId": 1, "idTag": "T", "meterStart": 0, "timestamp": "2026-03-01T10:00:00Z"}
            begun = await cp.call("StartTransaction", start)
            assert begun["idTagInfo"] == {"status": "Invalid"}
            kept = (await api.get(f"/api/v1/transactions/{begun['transactionId']}")).json()
            assert (kept["active"], kept["authorization_status"]) == (True, "Invalid")
