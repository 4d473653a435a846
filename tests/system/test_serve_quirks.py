"""What charge points get wrong is worked around, and what was done about it is told."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import aiohttp
import httpx
import pytest
from tests.serving import Serving, serving, start_serving
from tests.system.raw_station import RawStation, station

POINTS = "/api/v1/charge-points"
QUICK = ("--set", "procedures.settle_s=0.05", "--set", "procedures.boot_patience_s=0.2")
OWN = """
[[quirk]]
id = "acme-availability"
like = "availability-per-connector"
match = [{ vendor = "Acme", model = "Mk 1" }]

[[quirk]]
id = "acme-tags"
like = "remote-tag-length"
match = [{ vendor = "Acme", model = "Mk 1" }]

[[quirk]]
id = "acme-status"
like = "status-of-connector-0-only"
match = [{ identity = "MUTE-*" }]

[[quirk]]
id = "acme-hasty"
title = "Drops idle connections at once"
wrong = "It does."
match = [{ identity = "HASTY-*" }]
facts = { drops_idle_socket_after_s = 0.1 }
"""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    data = tmp_path_factory.mktemp("serve") / "data"
    (data / "quirks").mkdir(parents=True)
    (data / "quirks" / "own.toml").write_text(OWN)
    with serving(data, *QUICK, "--set", "ocpp.ping_timeout_s=1") as running:
        yield running


@pytest.fixture
async def api(server: Serving) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=server.http, timeout=30) as client:
        yield client


async def boot(cp: RawStation, vendor: str, model: str, firmware: str = "1.0") -> None:
    told = {"chargePointVendor": vendor, "chargePointModel": model, "firmwareVersion": firmware}
    assert (await cp.call("BootNotification", told))["status"] == "Accepted"


def sent(cp: RawStation, action: str) -> list[Any]:
    return [payload for one, payload in cp.received if one == action]


def schedule(count: int) -> dict[str, Any]:
    periods = [{"startPeriod": 600 * i, "limit": float(6 + i % 5)} for i in range(count)]
    return {
        "startSchedule": "2024-05-01T12:00:00Z",
        "chargingRateUnit": "A",
        "chargingSchedulePeriod": periods,
    }


def profile(count: int) -> dict[str, Any]:
    return {
        "chargingProfileId": 1,
        "stackLevel": 0,
        "chargingProfilePurpose": "TxDefaultProfile",
        "chargingProfileKind": "Absolute",
        "chargingSchedule": schedule(count),
    }


def quirks_told(response: httpx.Response) -> list[str]:
    return [one["quirk"] for one in json.loads(response.headers.get("voltline-adjustments", "[]"))]


async def test_delta_ac_max_is_sent_ten_periods_at_most_and_the_answer_says_so(
    server: Serving, api: httpx.AsyncClient
) -> None:
    path = f"{POINTS}/DELTA-1"
    body = {"connectorId": 1, "csChargingProfiles": profile(24)}
    async with station(server.ocpp, "DELTA-1") as cp:
        cp.answers["SetChargingProfile"] = {"status": "Accepted"}
        cp.unasked["GetCompositeSchedule"] = {"status": "Rejected"}
        await boot(cp, "Delta Electronics", "AC MAX", "01.26.39")
        shown = (await api.get(path)).json()["quirks"]
        assert [one["id"] for one in shown] == ["delta-ac-max-ten-periods"]
        plain = await api.post(f"{path}/commands/SetChargingProfile", json=body)
        assert plain.json() == {"status": "Accepted"}
        assert quirks_told(plain) == ["delta-ac-max-ten-periods"]
        friendly = await api.post(f"{path}/charging-profiles", json={"connector": 1, "profile": profile(24)})
        (adjustment,) = friendly.json()["adjustments"]
        assert adjustment["quirk"] == "delta-ac-max-ten-periods"
        assert "24 periods were merged to 10" in adjustment["text"]
        for one in sent(cp, "SetChargingProfile"):
            assert len(one["csChargingProfiles"]["chargingSchedule"]["chargingSchedulePeriod"]) == 10
        (kept,) = (await api.get(f"{path}/charging-profiles")).json()["items"]
        assert len(kept["profile"]["chargingSchedule"]["chargingSchedulePeriod"]) == 10
        await boot(cp, "Delta Electronics", "AC MAX", "01.26.40")
        assert (await api.get(path)).json()["quirks"] == []
        cured = await api.post(f"{path}/commands/SetChargingProfile", json=body)
        assert quirks_told(cured) == []
        assert sent(cp, "SetChargingProfile")[-1] == body


async def test_connector_0_in_change_availability_is_asked_for_connector_by_connector(
    server: Serving, api: httpx.AsyncClient
) -> None:
    async with station(server.ocpp, "AVA-1") as cp:
        cp.answering["ChangeAvailability"] = lambda payload: (
            cp.received.append(("ChangeAvailability", payload))
            or {"status": ("Rejected", "Accepted", "Scheduled")[payload["connectorId"]]}
        )
        keys = [{"key": "NumberOfConnectors", "readonly": True, "value": "2"}]
        cp.unasked["GetConfiguration"] = {"configurationKey": keys}
        await boot(cp, "Acme", "Mk 1")
        async with asyncio.timeout(10):
            while not (await api.get(f"{POINTS}/AVA-1/configuration")).json()["items"]:
                await asyncio.sleep(0.02)
        answer = await api.post(f"{POINTS}/AVA-1/availability", json={"operative": False})
        assert answer.json()["status"] == "Scheduled"
        (adjustment,) = answer.json()["adjustments"]
        assert "1: Accepted, 2: Scheduled" in adjustment["text"]
        assert quirks_told(answer) == ["acme-availability"]
        assert [one["connectorId"] for one in sent(cp, "ChangeAvailability")] == [0, 1, 2]
        await boot(cp, "Acme", "Mk 2")
        answer = await api.post(f"{POINTS}/AVA-1/availability", json={"operative": False})
        assert (answer.json()["status"], answer.json()["adjustments"]) == ("Rejected", [])


async def test_remote_tags_that_break_the_firmware_are_sent_with_a_warning(
    server: Serving, api: httpx.AsyncClient
) -> None:
    async with station(server.ocpp, "TAG-1") as cp:
        cp.answers["RemoteStartTransaction"] = {"status": "Accepted"}
        await boot(cp, "Acme", "Mk 1")
        for length, told in ((16, []), (17, ["acme-tags"])):
            body = {"idTag": "A" * length, "connectorId": 1}
            answer = await api.post(f"{POINTS}/TAG-1/commands/RemoteStartTransaction", json=body)
            assert quirks_told(answer) == told
        assert [len(one["idTag"]) for one in sent(cp, "RemoteStartTransaction")] == [16, 17]


async def test_setting_measurands_of_an_abb_is_warned_of(server: Serving, api: httpx.AsyncClient) -> None:
    async with station(server.ocpp, "ABB-1") as cp:
        cp.answers["ChangeConfiguration"] = {"status": "Accepted"}
        await boot(cp, "ABB", "Terra AC")
        for key, told in (
            ("MeterValuesSampledData", ["abb-reboots-after-measurands"]),
            ("HeartbeatInterval", []),
        ):
            body = {"key": key, "value": "60"}
            answer = await api.post(f"{POINTS}/ABB-1/commands/ChangeConfiguration", json=body)
            assert quirks_told(answer) == told


async def test_a_charge_point_that_reports_connector_0_only_means_its_connectors(
    server: Serving, api: httpx.AsyncClient
) -> None:
    async with station(server.ocpp, "MUTE-1") as cp, station(server.ocpp, "LOUD-1") as other:
        report = {"connectorId": 0, "errorCode": "NoError", "status": "Charging"}
        for one in (cp, other):
            await boot(one, "Acme", "Mk 3")
            await one.call("StatusNotification", report)
    mute = (await api.get(f"{POINTS}/MUTE-1")).json()["connectors"]
    assert [(one["connector_id"], one["status"]) for one in mute] == [(0, "Charging"), (1, "Charging")]
    loud = (await api.get(f"{POINTS}/LOUD-1")).json()["connectors"]
    assert [one["connector_id"] for one in loud] == [0]


async def test_a_charge_point_that_drops_idle_sockets_is_pinged_in_time(server: Serving) -> None:
    async with aiohttp.ClientSession() as session:
        url = f"{server.ocpp}/HASTY-1"
        async with session.ws_connect(url, protocols=("ocpp1.6",), autoping=False) as socket:
            pings = 0
            while pings < 2:
                message = await socket.receive(timeout=5)
                assert message.type in (aiohttp.WSMsgType.PING, aiohttp.WSMsgType.TEXT)
                if message.type is aiohttp.WSMsgType.PING:
                    pings += 1
                    await socket.pong(message.data)


@pytest.mark.parametrize(
    ("vendor", "sampled", "meant"),
    [
        (
            "go-e",
            {"measurand": "Temperature", "unit": "Celsius", "value": "25300"},
            {"value": "25.3", "unit": "Celsius", "quirk": "go-e-milli-degrees"},
        ),
        ("OpenEVSE", {"value": "4.25"}, {"value": "4250", "unit": "Wh", "quirk": "openevse-kwh-as-wh"}),
        ("Acme", {"value": "4.25"}, None),
    ],
)
async def test_readings_in_the_wrong_unit_are_shown_as_sent_and_as_meant(
    server: Serving,
    api: httpx.AsyncClient,
    vendor: str,
    sampled: dict[str, str],
    meant: dict[str, str] | None,
) -> None:
    now = datetime.now(UTC).isoformat()
    async with station(server.ocpp, f"READ-{vendor}") as cp:
        await boot(cp, vendor, "X")
        start = {"connectorId": 1, "idTag": f"T-{vendor}", "meterStart": 0, "timestamp": now}
        transaction = (await cp.call("StartTransaction", start))["transactionId"]
        value = {"timestamp": now, "sampledValue": [sampled]}
        request = {"connectorId": 1, "transactionId": transaction, "meterValue": [value]}
        await cp.call("MeterValues", request)
    (shown,) = (await api.get(f"/api/v1/transactions/{transaction}/meter-values")).json()["items"]
    assert shown["value"] == sampled["value"]
    assert shown["corrected"] == meant


async def test_all_quirks_are_listed_an_operators_own_among_them(api: httpx.AsyncClient) -> None:
    items = (await api.get("/api/v1/quirks")).json()["items"]
    known = {one["id"]: one for one in items}
    assert known["delta-ac-max-ten-periods"]["matches"] == [
        {"vendor": "Delta*", "model": "*AC MAX*", "firmware": "<01.26.40"}
    ]
    assert known["acme-hasty"]["file"].endswith("own.toml")


def test_serving_does_not_start_with_a_file_of_quirks_that_cannot_be_used(tmp_path: Path) -> None:
    folder = tmp_path / "data" / "quirks"
    folder.mkdir(parents=True)
    (folder / "bad.toml").write_text('[[quirk]]\nid = "x"\nlike = "nothing"')
    with pytest.raises(AssertionError, match=r"bad\.toml: x is like 'nothing', which is not there"):
        start_serving(tmp_path / "data", *QUICK)
