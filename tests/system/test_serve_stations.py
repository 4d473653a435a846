"""Charge points are registered, approved, edited and removed by REST, and their histories can be read."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import aiohttp
import httpx
import pytest
from tests.serving import Serving, serving
from tests.system.raw_station import RawStation, station

POINTS = "/api/v1/charge-points"
QUICK = ("--set", "procedures.settle_s=0.05", "--set", "procedures.boot_patience_s=0.2")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    with serving(tmp_path_factory.mktemp("serve") / "data", *QUICK) as running:
        yield running


@pytest.fixture(scope="module")
def pending(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    flags = ("--set", "registration.policy=pending", *QUICK)
    with serving(tmp_path_factory.mktemp("serve") / "data", *flags) as running:
        yield running


@pytest.fixture
async def api(server: Serving) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=server.http, timeout=30) as client:
        yield client


def kind(response: httpx.Response) -> tuple[int, str]:
    return response.status_code, response.json()["type"].removeprefix("urn:voltline:problem:")


async def until_received(cp: RawStation, action: str, count: int = 1) -> None:
    async with asyncio.timeout(10):
        while sum(one == action for one, _ in cp.received) < count:
            await asyncio.sleep(0.005)


async def until_offline(api: httpx.AsyncClient, identity: str) -> dict[str, Any]:
    async with asyncio.timeout(10):
        while True:
            shown: dict[str, Any] = (await api.get(f"{POINTS}/{identity}")).json()
            if not shown["online"]:
                return shown
            await asyncio.sleep(0.01)


async def test_a_charge_point_is_registered_edited_removed_and_registered_again(
    api: httpx.AsyncClient,
) -> None:
    made = await api.post(POINTS, json={"identity": "Made-1", "name": "Yard", "notes": "by the gate"})
    assert made.status_code == 201
    assert (made.json()["identity"], made.json()["registration"]) == ("Made-1", "Accepted")
    assert kind(await api.post(POINTS, json={"identity": "MADE-1"})) == (409, "already-registered")
    edited = await api.patch(f"{POINTS}/made-1", json={"name": None, "strict": True})
    shown = edited.json()
    assert (shown["name"], shown["notes"], shown["strict"]) == (None, "by the gate", True)
    assert (await api.delete(f"{POINTS}/made-1")).status_code == 204
    assert kind(await api.delete(f"{POINTS}/made-1")) == (404, "unknown-charge-point")
    assert (await api.get(f"{POINTS}/made-1")).json()["removed_at"] is not None
    listed = (await api.get(POINTS, params={"search": "made-1"})).json()["items"]
    assert listed == []
    listed = (await api.get(POINTS, params={"search": "made-1", "removed": True})).json()["items"]
    assert [one["identity"] for one in listed] == ["Made-1"]
    again = await api.post(POINTS, json={"identity": "made-1"})
    assert again.status_code == 201
    assert (again.json()["identity"], again.json()["removed_at"]) == ("made-1", None)


async def test_every_fault_of_a_body_is_named(api: httpx.AsyncClient) -> None:
    body = {"identity": "a/b", "registration": "Perhaps", "name": "", "strict": 1, "colour": "red"}
    response = await api.post(POINTS, json=body)
    assert kind(response) == (422, "invalid-body")
    assert {error["path"] for error in response.json()["errors"]} == {f"$.{name}" for name in body}
    response = await api.post(POINTS, content=b"[")
    assert kind(response) == (422, "invalid-body")
    response = await api.post(POINTS, json={})
    assert [error["kind"] for error in response.json()["errors"]] == ["missing"]


async def test_charge_points_are_found_by_how_they_stand(server: Serving, api: httpx.AsyncClient) -> None:
    await api.post(POINTS, json={"identity": "F-1", "registration": "Rejected", "name": "100%_sure"})
    async with station(server.ocpp, "F-2") as cp:
        await cp.boot()

        async def found(**query: Any) -> list[str]:
            items = (await api.get(POINTS, params={"search": "F-", **query})).json()["items"]
            return [one["identity"] for one in items]

        assert await found(online=True) == ["F-2"]
        assert await found(online=False) == ["F-1"]
        assert await found(registration="Rejected") == ["F-1"]
        assert await found(vendor="acme") == ["F-2"]
        assert await found(limit=1, online=False) == ["F-1"]
        sure = (await api.get(POINTS, params={"search": "100%_"})).json()["items"]
        assert [one["identity"] for one in sure] == ["F-1"]
        assert (await api.get(POINTS, params={"search": "100_%"})).json()["items"] == []


async def test_a_list_of_charge_points_can_be_had_as_csv(api: httpx.AsyncClient) -> None:
    await api.post(POINTS, json={"identity": "CSV-1"})
    response = await api.get(POINTS, params={"search": "CSV-1", "format": "csv"})
    assert response.headers["content-type"].startswith("text/csv")
    header, line = response.text.splitlines()
    assert header.startswith("identity,")
    assert line.startswith("CSV-1,")


async def test_removal_disconnects_and_keeps_the_history(server: Serving, api: httpx.AsyncClient) -> None:
    async with station(server.ocpp, "Leaver") as cp:
        await cp.boot()
        begun = await cp.call(
            "StartTransaction",
            {"connectorId": 1, "idTag": "T", "meterStart": 5, "timestamp": "2024-05-01T12:00:00Z"},
        )
        assert (await api.delete(f"{POINTS}/LEAVER")).status_code == 204
        assert await cp.closed() == 1008
    items = (await api.get("/api/v1/transactions", params={"charge_point": "leaver"})).json()["items"]
    assert [one["id"] for one in items] == [begun["transactionId"]]
    async with station(server.ocpp, "leaver") as cp:  # all are accepted here, so it may come back
        assert (await cp.boot())["status"] == "Accepted"
    assert len((await api.get(f"{POINTS}/Leaver/boots")).json()["items"]) == 2


@pytest.mark.requirement("BOO-15", "BOO-21")
async def test_approval_asks_a_waiting_charge_point_to_boot_again_and_once_only(pending: Serving) -> None:
    async with httpx.AsyncClient(base_url=pending.http, timeout=30) as api:
        async with station(pending.ocpp, "WAITS") as cp:
            cp.answers["TriggerMessage"] = {"status": "Accepted"}
            assert (await cp.boot())["status"] == "Pending"
            approved = await api.post(f"{POINTS}/waits/approve")
            assert approved.json()["registration"] == "Accepted"
            await until_received(cp, "TriggerMessage")
            assert cp.received == [("TriggerMessage", {"requestedMessage": "BootNotification"})]
            assert (await cp.boot())["status"] == "Accepted"
            for command, body in (
                ("TriggerMessage", {"requestedMessage": "BootNotification"}),
                ("ExtendedTriggerMessage", {"requestedMessage": "BootNotification"}),
            ):
                response = await api.post(f"{POINTS}/WAITS/commands/{command}", json=body)
                assert kind(response) == (409, "boot-accepted")
            assert [action for action, _ in cp.received] == ["TriggerMessage"]


@pytest.mark.requirement("BOO-12", "BOO-13", "BOO-22")
async def test_a_rejected_charge_point_is_sent_nothing_and_may_try_again(
    server: Serving, api: httpx.AsyncClient
) -> None:
    async with station(server.ocpp, "BAD") as cp:
        assert (await cp.boot())["status"] == "Accepted"
        assert (await api.post(f"{POINTS}/bad/reject")).json()["registration"] == "Rejected"
        frame = await cp.exchange("Heartbeat", {})
        assert (frame[0], frame[2]) == (4, "SecurityError")
        for action in ("GetConfiguration", "Reset", "TriggerMessage"):
            body = {"type": "Soft"} if action == "Reset" else {}
            body = {"requestedMessage": "BootNotification"} if action == "TriggerMessage" else body
            response = await api.post(f"{POINTS}/BAD/commands/{action}", json=body)
            assert kind(response) == (409, "not-accepted")
        assert kind(await api.post(f"{POINTS}/BAD/configuration/refresh")) == (409, "not-accepted")
        assert (await cp.boot())["status"] == "Rejected"
        await api.put(f"{POINTS}/BAD/configuration/desired", json={"values": {"BlinkRepeat": "2"}})
        await api.post(f"{POINTS}/bad/approve")
        await asyncio.sleep(0.3)  # longer than it takes to be asked anything
        assert cp.received == []
        assert (await cp.boot())["status"] == "Accepted"


@pytest.mark.requirement("BAS-06")
async def test_an_accepted_charge_point_can_be_held_back_at_its_next_boot(
    server: Serving, api: httpx.AsyncClient
) -> None:
    async with station(server.ocpp, "HELD") as cp:
        assert (await cp.boot())["status"] == "Accepted"
        await api.patch(f"{POINTS}/HELD", json={"registration": "Pending"})
        assert "currentTime" in await cp.call("Heartbeat")
        assert (await cp.boot())["status"] == "Pending"


async def test_strictness_of_one_charge_point_takes_force_at_once_and_lasts(
    server: Serving, api: httpx.AsyncClient
) -> None:
    odd = {"connectorId": 1, "errorCode": "NoError", "status": "Available", "colour": "red"}
    async with station(server.ocpp, "Picky") as cp, station(server.ocpp, "Lax") as lax:
        await cp.boot()
        await lax.boot()
        assert (await cp.exchange("StatusNotification", odd))[0] == 3
        await api.patch(f"{POINTS}/picky", json={"strict": True})
        frame = await cp.exchange("StatusNotification", odd)
        assert (frame[0], frame[2]) == (4, "FormationViolation")
        assert (await lax.exchange("StatusNotification", odd))[0] == 3
    async with station(server.ocpp, "Picky") as cp:
        assert (await cp.exchange("StatusNotification", odd))[0] == 4
        await api.patch(f"{POINTS}/picky", json={"strict": None})
        assert (await cp.exchange("StatusNotification", odd))[0] == 3


async def test_histories_tell_boots_connections_and_connector_states(
    server: Serving, api: httpx.AsyncClient
) -> None:
    for firmware in ("1.0", "1.1"):
        async with station(server.ocpp, "Told") as cp:
            vendor = {"chargePointVendor": "Acme", "chargePointModel": "M", "firmwareVersion": firmware}
            await cp.call("BootNotification", vendor)
            for number, status in ((0, "Available"), (1, "Preparing"), (1, "Charging")):
                report = {"connectorId": number, "errorCode": "NoError", "status": status}
                await cp.call("StatusNotification", report)
        await until_offline(api, "Told")
    boots = (await api.get(f"{POINTS}/told/boots", params={"limit": 1})).json()
    assert [one["firmware_version"] for one in boots["items"]] == ["1.1"]
    rest = (await api.get(f"{POINTS}/told/boots", params={"cursor": boots["next_cursor"]})).json()
    assert [(one["firmware_version"], one["answered"]) for one in rest["items"]] == [("1.0", "Accepted")]
    assert rest["next_cursor"] is None
    async with asyncio.timeout(10):  # the end of a connection is stored soon after it is seen
        while True:
            connections = (await api.get(f"{POINTS}/told/connectivity")).json()["items"]
            if all(one["reason"] for one in connections):
                break
            await asyncio.sleep(0.01)
    assert [one["remote"] for one in connections] == ["127.0.0.1"] * 2
    assert all(one["duration_s"] >= 0 for one in connections)
    states = (await api.get(f"{POINTS}/told/connectors/1/history")).json()["items"]
    assert [one["status"] for one in states] == ["Charging", "Preparing"] * 2
    assert (await api.get(f"{POINTS}/told/connectors/99/history")).json()["items"] == []
    for list_ in ("boots", "connectivity", "connectors/1/history", "configuration/history"):
        assert (await api.get(f"{POINTS}/nobody/{list_}")).status_code == 404


async def test_a_connection_that_a_crash_cut_off_is_not_open_for_ever(tmp_path: Path) -> None:
    data = tmp_path / "data"
    with serving(data, *QUICK) as server:
        async with station(server.ocpp, "CUT") as cp:
            await cp.boot()
            server.kill()
    with serving(data, *QUICK) as server:
        async with httpx.AsyncClient(base_url=server.http) as api:
            (one,) = (await api.get(f"{POINTS}/CUT/connectivity")).json()["items"]
    assert one["disconnected_at"] is not None
    assert "central system ended" in one["reason"]


async def test_a_charge_point_that_does_not_boot_is_gone_on_with(
    server: Serving, api: httpx.AsyncClient
) -> None:
    await api.post(POINTS, json={"identity": "SILENT"})
    async with station(server.ocpp, "SILENT") as cp:
        cp.answers["GetConfiguration"] = {"configurationKey": [{"key": "A", "readonly": False, "value": "1"}]}
        await until_received(cp, "GetConfiguration")
        assert "currentTime" in await cp.call("Heartbeat")


async def test_an_identity_with_odd_characters_is_found_again(
    server: Serving, api: httpx.AsyncClient
) -> None:
    async with station(server.ocpp, "RDAM 123%") as cp:
        await cp.boot()
        shown = await api.get(f"{POINTS}/rdam%20123%25")
        assert shown.json()["identity"] == "RDAM 123%"


async def test_known_only_admits_what_is_registered_until_it_is_removed(tmp_path: Path) -> None:
    flags = ("--set", "registration.policy=known-only", *QUICK)
    with serving(tmp_path / "data", *flags) as server:
        async with httpx.AsyncClient(base_url=server.http) as api:
            await api.post(POINTS, json={"identity": "MINE"})
            async with station(server.ocpp, "mine") as cp:
                assert (await cp.boot())["status"] == "Accepted"
            await api.delete(f"{POINTS}/MINE")
            with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
                async with station(server.ocpp, "mine"):
                    pass
            assert refused.value.status == 404
