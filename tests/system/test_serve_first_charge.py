"""The main job: a charge point charges, and what it reported is stored and shown."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.serving import Serving, serving, start_serving
from tests.system.raw_station import RawStation, station

START = {"connectorId": 1, "idTag": "TAG1", "meterStart": 1000, "timestamp": "2026-03-01T10:00:00Z"}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    with serving(tmp_path_factory.mktemp("serve") / "data") as running:
        yield running


@pytest.fixture
async def api(server: Serving) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=server.http) as client:
        yield client


async def got(api: httpx.AsyncClient, path: str, **query: Any) -> Any:
    response = await api.get(path, params=query)
    assert response.status_code == 200, response.text
    return response.json()


def sampled(value: str, **more: str) -> dict[str, str]:
    return {"value": value, **more}


async def charge(visitor: RawStation, **changes: Any) -> int:
    """Start a transaction; its id."""
    begun = await visitor.call("StartTransaction", START | changes)
    assert begun["idTagInfo"]["status"] == "Accepted"
    return int(begun["transactionId"])


@pytest.mark.requirement("BOO-03", "HBT-03", "AUT-08", "STN-15", "TXS-05", "MTV-31", "TXE-08")
async def test_first_charge_is_stored_and_shown(server: Serving, api: httpx.AsyncClient) -> None:
    async with station(server.ocpp, "FIRST") as cp:
        boot = await cp.boot()
        assert (boot["status"], boot["interval"]) == ("Accepted", 300)
        assert boot["currentTime"].endswith("Z")
        assert (await cp.call("Heartbeat"))["currentTime"].endswith("Z")
        for connector, status in ((0, "Available"), (1, "Preparing")):
            report = {"connectorId": connector, "errorCode": "NoError", "status": status}
            assert await cp.call("StatusNotification", report) == {}
        told = await cp.call("Authorize", {"idTag": "TAG1"})
        assert told == {"idTagInfo": {"status": "Accepted"}}
        transaction_id = await charge(cp)
        assert transaction_id > 0
        values = {
            "connectorId": 1,
            "transactionId": transaction_id,
            "meterValue": [
                {
                    "timestamp": "2026-03-01T10:05:00Z",
                    "sampledValue": [
                        sampled("1500"),
                        sampled("7.36", measurand="Power.Active.Import", unit="kW"),
                        sampled("32.0", measurand="Current.Import", unit="A", phase="L1"),
                    ],
                }
            ],
        }
        assert await cp.call("MeterValues", values) == {}
        running = await got(api, f"/api/v1/transactions/{transaction_id}")
        assert (running["active"], running["stopped_at"], running["energy_wh"]) == (True, None, None)

        end = {
            "transactionId": transaction_id,
            "idTag": "TAG1",
            "meterStop": 4200,
            "timestamp": "2026-03-01T11:00:00Z",
            "reason": "EVDisconnected",
            "transactionData": [
                {
                    "timestamp": "2026-03-01T11:00:00Z",
                    "sampledValue": [sampled("4200", context="Transaction.End")],
                }
            ],
        }
        assert await cp.call("StopTransaction", end) == {"idTagInfo": {"status": "Accepted"}}
        assert (await cp.call("DataTransfer", {"vendorId": "com.acme"})) == {"status": "UnknownVendorId"}

        shown = await got(api, "/api/v1/charge-points/FIRST")
        assert (shown["identity"], shown["online"], shown["registration"]) == ("FIRST", True, "Accepted")
        assert (shown["vendor"], shown["model"], shown["firmware_version"]) == ("Acme", "Mark 1", "1.2.3")
        assert shown["last_heard_at"] >= shown["last_boot_at"]
        assert [(one["connector_id"], one["status"], one["error_code"]) for one in shown["connectors"]] == [
            (0, "Available", "NoError"),
            (1, "Preparing", "NoError"),
        ]

    ended = await got(api, f"/api/v1/transactions/{transaction_id}")
    assert ended["charge_point"] == "FIRST"
    assert (ended["meter_start_wh"], ended["meter_stop_wh"], ended["energy_wh"]) == (1000, 4200, 3200)
    assert (ended["active"], ended["stop_reason"], ended["oddities"]) == (False, "EVDisconnected", [])
    assert ended["started_at"] == "2026-03-01T10:00:00Z"
    readings = (await got(api, f"/api/v1/transactions/{transaction_id}/meter-values"))["items"]
    assert [(one["measurand"], one["value"], one["unit"], one["phase"]) for one in readings] == [
        ("Energy.Active.Import.Register", "1500", "Wh", None),
        ("Power.Active.Import", "7.36", "kW", None),
        ("Current.Import", "32.0", "A", "L1"),
        ("Energy.Active.Import.Register", "4200", "Wh", None),
    ]
    assert [one["from_stop"] for one in readings] == [False, False, False, True]


async def test_a_charge_point_that_has_left_is_shown_offline(server: Serving, api: httpx.AsyncClient) -> None:
    async with station(server.ocpp, "LEAVER") as cp:
        await cp.boot()
        assert (await got(api, "/api/v1/charge-points/LEAVER"))["online"]
    async with asyncio.timeout(10):
        while (shown := await got(api, "/api/v1/charge-points/LEAVER"))["online"] or not shown[
            "last_disconnected_at"
        ]:
            await asyncio.sleep(0.01)
    assert shown["last_heard_at"] <= shown["last_disconnected_at"]


async def test_retried_start_is_given_the_same_transaction_id(
    server: Serving, api: httpx.AsyncClient
) -> None:
    async with station(server.ocpp, "RETRY") as cp:
        await cp.boot()
        first = await charge(cp, idTag="RETRYTAG")
    async with station(server.ocpp, "RETRY") as cp:
        assert await charge(cp, idTag="RETRYTAG") == first
        assert await charge(cp, idTag="RETRYTAG", meterStart=1001) != first
    assert len((await got(api, "/api/v1/transactions", charge_point="retry"))["items"]) == 2


@pytest.mark.requirement("QUE-11")
async def test_stop_of_a_foreign_or_unknown_transaction_is_answered_and_harms_nobody(
    server: Serving, api: httpx.AsyncClient
) -> None:
    async with station(server.ocpp, "OWNER") as owner, station(server.ocpp, "THIEF") as thief:
        await owner.boot()
        await thief.boot()
        owned = await charge(owner)
        for transaction_id in (owned, 0, -1, 123_456_789):
            stop = {"transactionId": transaction_id, "meterStop": 1, "timestamp": "2026-03-01T11:00:00Z"}
            assert await thief.call("StopTransaction", stop) == {}
        assert (await got(api, f"/api/v1/transactions/{owned}"))["active"]
    kept = (await got(api, "/api/v1/quarantine"))["items"]
    thieves = [(one["action"], one["reason"]) for one in kept if one["charge_point"] == "THIEF"]
    assert thieves == [
        ("StopTransaction", "unknown-transaction"),
        ("StopTransaction", "no-transaction-id"),
        ("StopTransaction", "no-transaction-id"),
        ("StopTransaction", "foreign-transaction"),
    ]


@pytest.mark.requirement("WSC-05")
async def test_identity_may_contain_blanks_and_is_found_in_any_case(
    server: Serving, api: httpx.AsyncClient
) -> None:
    async with station(server.ocpp, "RDAM 123|a") as cp:
        await cp.boot()
    async with station(server.ocpp, "rdam 123|A") as cp:
        await cp.boot()
        transaction_id = await charge(cp)
        shown = await got(api, "/api/v1/charge-points/Rdam%20123%7CA")
        assert (shown["identity"], shown["online"]) == ("RDAM 123|a", True)
        assert (await got(api, f"/api/v1/transactions/{transaction_id}"))["charge_point"] == "RDAM 123|a"
        cp.answers["ClearCache"] = {"status": "Accepted"}
        answer = await api.post("/api/v1/charge-points/RDAM%20123%7ca/commands/ClearCache")
        assert (answer.status_code, answer.json()) == (200, {"status": "Accepted"})
    identities = [one["identity"] for one in (await got(api, "/api/v1/charge-points"))["items"]]
    assert [one for one in identities if one.lower() == "rdam 123|a"] == ["RDAM 123|a"]


async def test_any_path_leads_to_the_central_system(server: Serving, api: httpx.AsyncClient) -> None:
    root = server.ocpp.removesuffix("/ocpp")
    for number, prefix in enumerate(("", "/ocpp", "/some/where/else")):
        async with station(root + prefix, f"PATH{number}") as cp:
            assert (await cp.boot())["status"] == "Accepted"


async def test_an_action_that_charge_points_do_not_send_is_not_supported(server: Serving) -> None:
    async with station(server.ocpp, "EAGER") as cp:
        await cp.boot()
        frame = await cp.exchange("ClearCache", {})
        assert frame[0] == 4
        assert frame[2] == "NotSupported"
        assert (await cp.exchange("FlyToTheMoon", {}))[2] == "NotImplemented"


async def test_a_deviating_message_is_kept_by_default(server: Serving, api: httpx.AsyncClient) -> None:
    async with station(server.ocpp, "ODD") as cp:
        await cp.boot()
        values = [sampled("49.98", measurand="Frequency", unit="Hz"), sampled("21", unit="Celcius")]
        report = {"connectorId": "1", "transactionId": await charge(cp)} | {
            "meterValue": [{"timestamp": "2026-03-01T10:01:00", "sampledValue": values}]
        }
        assert await cp.call("MeterValues", report) == {}
        readings = await got(api, f"/api/v1/transactions/{report['transactionId']}/meter-values")
        assert [(one["value"], one["unit"]) for one in readings["items"]] == [
            ("49.98", "Hz"),
            ("21", "Celcius"),
        ]


async def test_strict_refuses_a_deviating_message(tmp_path: Path) -> None:
    with serving(tmp_path / "data", "--set", "ocpp.strict=true") as strict:
        async with station(strict.ocpp) as cp:
            await cp.boot()
            report = {"connectorId": "1", "errorCode": "NoError", "status": "Available"}
            frame = await cp.exchange("StatusNotification", report)
            assert (frame[0], frame[2]) == (4, "TypeConstraintViolation")


async def test_transactions_are_paged_newest_first_and_filtered(
    server: Serving, api: httpx.AsyncClient
) -> None:
    async with station(server.ocpp, "PAGES") as cp:
        await cp.boot()
        ids = [
            await charge(cp, connectorId=number + 1, idTag=f"P{number}", meterStart=number)
            for number in range(5)
        ]
        stop = {"transactionId": ids[0], "meterStop": 9, "timestamp": "2026-03-01T11:00:00Z"}
        await cp.call("StopTransaction", stop)
    found: list[int] = []
    cursor: dict[str, str] = {}
    while True:
        page = await got(api, "/api/v1/transactions", charge_point="PAGES", limit=2, **cursor)
        found += [one["id"] for one in page["items"]]
        if page["next_cursor"] is None:
            break
        cursor = {"cursor": page["next_cursor"]}
    assert found == ids[::-1]
    active = await got(api, "/api/v1/transactions", charge_point="PAGES", active="true")
    assert [one["id"] for one in active["items"]] == ids[:0:-1]
    tagged = await got(api, "/api/v1/transactions", charge_point="pages", id_tag="p3")
    assert [one["id"] for one in tagged["items"]] == [ids[3]]


async def test_charge_points_are_paged(server: Serving, api: httpx.AsyncClient) -> None:
    for name in ("A", "B", "C"):
        async with station(server.ocpp, f"LIST-{name}") as cp:
            await cp.boot()
    found: list[str] = []
    cursor: dict[str, str] = {}
    while True:
        page = await got(api, "/api/v1/charge-points", limit=1, **cursor)
        found += [one["identity"] for one in page["items"]]
        if page["next_cursor"] is None:
            break
        cursor = {"cursor": page["next_cursor"]}
    assert [name for name in found if name.startswith("LIST-")] == ["LIST-A", "LIST-B", "LIST-C"]
    assert len(found) == len(set(found))


@pytest.mark.requirement("BOO-19")
async def test_registration_lasts_beyond_a_restart_and_needs_no_new_boot(tmp_path: Path) -> None:
    first = start_serving(tmp_path / "data")
    async with station(first.ocpp) as cp:
        await cp.boot()
        transaction_id = await charge(cp)
    first.kill()
    with serving(tmp_path / "data", "--set", "registration.policy=known-only") as second:
        async with station(second.ocpp, "cp1") as cp:
            stop = {"transactionId": transaction_id, "meterStop": 2000, "timestamp": "2026-03-01T11:00:00Z"}
            assert await cp.call("StopTransaction", stop) == {}
        async with httpx.AsyncClient(base_url=second.http) as api:
            assert (await got(api, f"/api/v1/transactions/{transaction_id}"))["energy_wh"] == 1000
