"""Charging profiles and limits by REST: sent, cleared, compared, found again after a boot."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from tests.serving import Serving, serving
from tests.system.raw_station import RawStation, station

POINTS = "/api/v1/charge-points"
QUICK = ("--set", "procedures.settle_s=0.05", "--set", "procedures.boot_patience_s=0.2")
ACCEPTED = {"status": "Accepted"}
KEYS = {
    "NumberOfConnectors": "2",
    "SupportedFeatureProfiles": "Core,SmartCharging",
    "ChargeProfileMaxStackLevel": "3",
    "ChargingScheduleMaxPeriods": "5",
    "MaxChargingProfilesInstalled": "2",
    "ChargingScheduleAllowedChargingRateUnit": "Current",
}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    with serving(tmp_path_factory.mktemp("serve") / "data", *QUICK) as running:
        yield running


@pytest.fixture
async def api(server: Serving) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=server.http, timeout=30) as client:
        yield client


def configured(cp: RawStation, **keys: str) -> None:
    told = KEYS | keys
    cp.unasked["GetCompositeSchedule"] = {"status": "Rejected"}
    cp.unasked["GetConfiguration"] = {
        "configurationKey": [{"key": key, "readonly": True, "value": value} for key, value in told.items()]
    }


async def until_configured(api: httpx.AsyncClient, identity: str) -> None:
    async with asyncio.timeout(10):
        while not (await api.get(f"{POINTS}/{identity}/configuration")).json()["items"]:
            await asyncio.sleep(0.02)


async def until_received(cp: RawStation, action: str, count: int = 1) -> list[Any]:
    async with asyncio.timeout(10):
        while len(found := sent(cp, action)) < count:
            await asyncio.sleep(0.01)
    return found


def sent(cp: RawStation, action: str) -> list[Any]:
    return [payload for one, payload in cp.received if one == action]


def profile(purpose: str = "TxDefaultProfile", **fields: Any) -> dict[str, Any]:
    schedule = {
        "startSchedule": "2024-05-01T12:00:00Z",
        "chargingRateUnit": fields.pop("unit", "A"),
        "chargingSchedulePeriod": fields.pop("periods", [{"startPeriod": 0, "limit": 16.0}]),
    }
    return {
        "stackLevel": 0,
        "chargingProfilePurpose": purpose,
        "chargingProfileKind": "Absolute",
        "chargingSchedule": schedule,
    } | fields


def kind(response: httpx.Response) -> tuple[int, str]:
    return response.status_code, response.json()["type"].removeprefix("urn:voltline:problem:")


async def started(cp: RawStation, connector: int = 1, ago: timedelta = timedelta(0)) -> int:
    payload = {
        "connectorId": connector,
        "idTag": f"TAG{connector}",
        "meterStart": 0,
        "timestamp": (datetime.now(UTC) - ago).isoformat(),
    }
    return int((await cp.call("StartTransaction", payload))["transactionId"])


def choosing(cp: RawStation, accepted: Any) -> None:
    """Answer SetChargingProfile by what is in it."""
    cp.answering["SetChargingProfile"] = lambda payload: {
        "status": "Accepted" if accepted(payload, payload["csChargingProfiles"]) else "Rejected"
    }


@pytest.mark.requirement("SCP-13", "SCP-14", "SCS-19", "SCC-12")
async def test_profiles_are_sent_listed_and_cleared_at_any_time(
    server: Serving, api: httpx.AsyncClient
) -> None:
    path = f"{POINTS}/PROF-1/charging-profiles"
    async with station(server.ocpp, "PROF-1") as cp:
        cp.answers |= {
            "SetChargingProfile": {"status": "Accepted"},
            "ClearChargingProfile": {"status": "Accepted"},
        }
        cp.unasked["GetCompositeSchedule"] = {"status": "Rejected"}
        await cp.boot()
        outside = await api.post(path, json={"connector": 1, "profile": profile()})
        assert outside.json()["status"] == "Accepted"
        transaction = await started(cp)
        own = profile("TxProfile", transactionId=transaction, stackLevel=1)
        during = (await api.post(path, json={"connector": 1, "profile": own})).json()
        assert during["warnings"] == []
        first, second = sent(cp, "SetChargingProfile")
        assert second == {"connectorId": 1, "csChargingProfiles": own | {"chargingProfileId": 2}}
        assert first["csChargingProfiles"]["chargingProfileId"] == outside.json()["charging_profile_id"] == 1
        listed = (await api.get(path)).json()["items"]
        assert [one["purpose"] for one in listed] == ["TxProfile", "TxDefaultProfile"]
        assert listed[0]["profile"]["chargingSchedule"] == own["chargingSchedule"]
        page = (await api.get(path, params={"limit": 1})).json()
        rest = (await api.get(path, params={"cursor": page["next_cursor"]})).json()["items"]
        assert [one["id"] for one in rest] == [listed[1]["id"]]
        csv = await api.get(path, params={"format": "csv"})
        assert csv.text.splitlines()[0].startswith("id,connector,charging_profile_id")
        end = {"transactionId": transaction, "meterStop": 5, "timestamp": datetime.now(UTC).isoformat()}
        await cp.call("StopTransaction", end)
        assert [one["purpose"] for one in (await api.get(path)).json()["items"]] == ["TxDefaultProfile"]
        cleared = await api.delete(
            path, params={"connector": 1, "purpose": "TxDefaultProfile", "stack_level": 0}
        )
        assert cleared.json() == {"status": "Accepted"}
        assert sent(cp, "ClearChargingProfile") == [
            {"connectorId": 1, "chargingProfilePurpose": "TxDefaultProfile", "stackLevel": 0}
        ]
        assert (await api.get(path)).json()["items"] == []
        past = (await api.get(path, params={"installed": False})).json()["items"]
        assert [one["ended_by"] for one in past] == ["transaction-ended", "cleared"]


@pytest.mark.requirement("SCS-07", "SCT-01", "SCT-07")
async def test_what_the_charge_point_will_probably_refuse_is_sent_with_a_warning(
    server: Serving, api: httpx.AsyncClient
) -> None:
    path = f"{POINTS}/WARN-1/charging-profiles"
    async with station(server.ocpp, "WARN-1") as cp:
        configured(cp)
        cp.answers["SetChargingProfile"] = {"status": "Accepted"}
        await cp.boot()
        await until_configured(api, "WARN-1")

        async def warned(connector: int = 1, **fields: Any) -> str:
            purpose = fields.pop("purpose", "TxDefaultProfile")
            body = {"connector": connector, "profile": profile(purpose, **fields)}
            answer = (await api.post(path, json=body)).json()
            assert answer["status"] == "Accepted"
            return " | ".join(answer["warnings"])

        assert await warned(chargingProfileId=1) == ""
        assert "ChargeProfileMaxStackLevel is 3" in await warned(stackLevel=4, chargingProfileId=1)
        six = [{"startPeriod": 60 * i, "limit": 10.0} for i in range(6)]
        assert "ChargingScheduleMaxPeriods is 5" in await warned(periods=six, chargingProfileId=1)
        assert "ChargingScheduleAllowedChargingRateUnit is Current" in await warned(
            unit="W", chargingProfileId=1
        )
        assert "connector 0 only" in await warned(purpose="ChargePointMaxProfile", chargingProfileId=1)
        assert "should carry the transactionId" in await warned(purpose="TxProfile", chargingProfileId=1)
        lost = await warned(purpose="TxProfile", transactionId=4711, chargingProfileId=1)
        assert "transaction 4711 does not run" in lost
        late = [{"startPeriod": 5, "limit": 10.0}]
        assert "must start at 0" in await warned(periods=late, chargingProfileId=1)
        assert "Recurring profile only" in await warned(recurrencyKind="Daily", chargingProfileId=1)
        assert "begins in the future" in await warned(validFrom="2999-01-01T00:00:00Z", chargingProfileId=1)
        assert "has to pause" in await warned(periods=[{"startPeriod": 0, "limit": 0.1}], chargingProfileId=1)
        await warned(chargingProfileId=2, stackLevel=2)
        assert "MaxChargingProfilesInstalled is 2" in await warned(stackLevel=3, chargingProfileId=3)


@pytest.mark.requirement("SCT-12")
async def test_an_invalid_profile_is_not_sent_and_every_fault_is_named(
    server: Serving, api: httpx.AsyncClient
) -> None:
    path = f"{POINTS}/INV-1/charging-profiles"
    async with station(server.ocpp, "INV-1") as cp:
        await cp.boot()
        wrong = profile(unit="X", periods=[{"startPeriod": 0, "limit": 8.15}], stackLevel="high")
        response = await api.post(path, json={"connector": 1, "profile": wrong})
        assert kind(response) == (422, "invalid-body")
        assert {error["path"] for error in response.json()["errors"]} == {
            "$.profile.stackLevel",
            "$.profile.chargingSchedule.chargingRateUnit",
            "$.profile.chargingSchedule.chargingSchedulePeriod[0].limit",
        }
        for odd in ({}, {"chargingProfileId": 2**70}, {"chargingProfileId": 1e400}, {"\ud800": "\x00"}):
            response = await api.post(path, content=_json({"connector": 1, "profile": odd}))
            assert kind(response) == (422, "invalid-body"), odd
        assert kind(await api.post(path, json={"connector": -1, "profile": profile()})) == (
            422,
            "invalid-body",
        )
        assert sent(cp, "SetChargingProfile") == []
    assert (
        await api.post(f"{POINTS}/nobody/charging-profiles", json={"connector": 1, "profile": {}})
    ).status_code == 404
    assert kind(await api.post(path, json={"connector": 1, "profile": profile()})) == (409, "not-connected")


def _json(value: Any) -> bytes:
    return json.dumps(value).replace("Infinity", "1e400").encode()


@pytest.mark.requirement("SCC-04")
async def test_the_composite_schedule_is_asked_for_and_compared(
    server: Serving, api: httpx.AsyncClient
) -> None:
    path = f"{POINTS}/COMP-1"
    async with station(server.ocpp, "COMP-1") as cp:
        cp.answers["SetChargingProfile"] = {"status": "Accepted"}
        cp.unasked["GetCompositeSchedule"] = {"status": "Rejected"}
        await cp.boot()
        await api.post(f"{path}/charging-profiles", json={"connector": 1, "profile": profile()})

        async def told(limit: float) -> dict[str, Any]:
            cp.answers["GetCompositeSchedule"] = {
                "status": "Accepted",
                "connectorId": 1,
                "scheduleStart": datetime.now(UTC).isoformat(),
                "chargingSchedule": {
                    "duration": 600,
                    "chargingRateUnit": "A",
                    "chargingSchedulePeriod": [{"startPeriod": 0, "limit": limit}],
                },
            }
            query = {"connector": 1, "duration_s": 600, "unit": "A"}
            return dict((await api.get(f"{path}/composite-schedule", params=query)).json())

        same = await told(16.0)
        assert (same["verdict"], same["differences"]) == ("same", [])
        assert same["periods"] == same["expected"] == [{"start_s": 0, "end_s": 600, "limit": 16, "phases": 3}]
        asked = {"connectorId": 1, "duration": 600, "chargingRateUnit": "A"}
        assert asked in sent(cp, "GetCompositeSchedule")  # beside what is asked unasked after a profile
        assert (await told(6.0))["verdict"] == "lower"
        higher = await told(32.0)
        assert higher["verdict"] == "higher"
        assert higher["differences"] == [{"start_s": 0, "end_s": 600, "expected": 16, "told": 32}]
        (row,) = (await api.get(f"{path}/charging-profiles")).json()["items"]
        assert row["verdict"] == "higher"
        cp.answers["GetCompositeSchedule"] = {"status": "Rejected"}
        refused = (await api.get(f"{path}/composite-schedule")).json()
        assert (refused["status"], refused["verdict"], refused["periods"]) == ("Rejected", "unknown", [])
        for odd in ({"duration_s": 0}, {"connector": -1}, {"unit": "V"}, {"duration_s": 2**40}):
            assert kind(await api.get(f"{path}/composite-schedule", params=odd))[0] == 400


async def test_profiles_that_did_not_survive_a_boot_are_installed_again(
    server: Serving, api: httpx.AsyncClient
) -> None:
    path = f"{POINTS}/BOOT-1/charging-profiles"
    lost = {
        "status": "Accepted",
        "chargingSchedule": {
            "chargingRateUnit": "A",
            "chargingSchedulePeriod": [{"startPeriod": 0, "limit": 32.0}],
        },
    }
    async with station(server.ocpp, "BOOT-1") as cp:
        cp.answers |= {"SetChargingProfile": {"status": "Accepted"}, "GetCompositeSchedule": lost}
        await cp.boot()
        await api.post(path, json={"connector": 1, "profile": profile(chargingProfileId=5)})
        await cp.boot()
        again = await until_received(cp, "SetChargingProfile", 2)
        assert again[0] == again[1]
        await until_received(cp, "GetCompositeSchedule", 2)
        assert [one["charging_profile_id"] for one in (await api.get(path)).json()["items"]] == [5]


async def test_a_charge_point_without_profiles_is_not_asked_after_its_boots(server: Serving) -> None:
    async with station(server.ocpp, "PLAIN-1") as cp:
        await cp.boot()
        await asyncio.sleep(0.3)  # longer than it takes to be asked anything
        assert sent(cp, "GetCompositeSchedule") == []


@pytest.mark.requirement("SCP-01", "SCS-07")
async def test_a_limit_of_the_whole_charge_point_is_its_maximum_and_is_lifted(
    server: Serving, api: httpx.AsyncClient
) -> None:
    path = f"{POINTS}/LIM-1/limit"
    async with station(server.ocpp, "LIM-1") as cp:
        configured(cp)
        cp.answers |= {
            "SetChargingProfile": {"status": "Accepted"},
            "ClearChargingProfile": {"status": "Accepted"},
        }
        await cp.boot()
        await until_configured(api, "LIM-1")
        answer = (await api.post(path, json={"amperes": 13.5, "duration_s": 3600})).json()
        (request,) = sent(cp, "SetChargingProfile")
        given = request["csChargingProfiles"]
        assert request["connectorId"] == 0
        assert given["chargingProfilePurpose"] == "ChargePointMaxProfile"
        assert given["stackLevel"] == 3
        assert given["chargingSchedule"]["chargingSchedulePeriod"] == [{"startPeriod": 0, "limit": 13.5}]
        now = datetime.now(UTC)
        assert datetime.fromisoformat(given["chargingSchedule"]["startSchedule"]) < now
        assert datetime.fromisoformat(given["validFrom"]) < now
        ends = datetime.fromisoformat(given["validTo"])
        assert abs((ends - now).total_seconds() - 3600) < 30
        begins = datetime.fromisoformat(given["chargingSchedule"]["startSchedule"])
        assert given["chargingSchedule"]["duration"] == (ends - begins).total_seconds()
        assert [one["status"] for one in answer["tried"]] == ["Accepted"]
        (shown,) = (await api.get(path)).json()["items"]
        assert (shown["value"], shown["unit"], shown["holds"]) == (13.5, "A", True)
        lower = (await api.post(path, json={"amperes": 6})).json()
        assert lower["limit"]["charging_profile_ids"] == shown["charging_profile_ids"]
        assert (await api.delete(path)).json() == {"cleared": ["Accepted"]}
        assert sent(cp, "ClearChargingProfile") == [{"id": shown["charging_profile_ids"][0]}]
        assert kind(await api.delete(path)) == (404, "no-limit")
        (shown,) = (await api.get(path)).json()["items"]
        assert shown["holds"] is False


@pytest.mark.requirement("SCP-03", "SCP-13", "SCP-14", "SCS-19")
async def test_a_limit_of_a_connector_is_a_default_and_a_profile_of_what_runs(
    server: Serving, api: httpx.AsyncClient
) -> None:
    async with station(server.ocpp, "LIM-2") as cp:
        configured(cp)
        cp.answers["SetChargingProfile"] = {"status": "Accepted"}
        await cp.boot()
        await until_configured(api, "LIM-2")
        transaction = await started(cp, 2)
        await started(cp, 1)
        answer = (await api.post(f"{POINTS}/LIM-2/limit", json={"watts": 4140, "connector": 2})).json()
        running, default = sent(cp, "SetChargingProfile")
        assert (running["connectorId"], default["connectorId"]) == (2, 2)
        assert running["csChargingProfiles"]["chargingProfilePurpose"] == "TxProfile"
        assert running["csChargingProfiles"]["transactionId"] == transaction
        assert default["csChargingProfiles"]["chargingProfilePurpose"] == "TxDefaultProfile"
        assert "transactionId" not in default["csChargingProfiles"]
        for one in (running, default):  # 4140 W, and the charge point takes Current only
            schedule = one["csChargingProfiles"]["chargingSchedule"]
            assert schedule["chargingRateUnit"] == "A"
            assert schedule["chargingSchedulePeriod"] == [{"startPeriod": 0, "limit": 6.0}]
        assert any("230 V and 3 phases" in one for one in answer["warnings"])


@pytest.mark.requirement("SCS-18")
async def test_an_old_start_that_is_probably_over_is_sent_no_profile(
    server: Serving, api: httpx.AsyncClient
) -> None:
    async with station(server.ocpp, "LIM-3") as cp:
        configured(cp)
        cp.answers["SetChargingProfile"] = {"status": "Accepted"}
        await cp.boot()
        await until_configured(api, "LIM-3")
        status = {"connectorId": 1, "errorCode": "NoError", "status": "Available"}
        await cp.call("StatusNotification", status)
        over = await started(cp, 1, ago=timedelta(hours=3))
        answer = (await api.post(f"{POINTS}/LIM-3/limit", json={"amperes": 10, "connector": 1})).json()
        sent_purposes = [
            one["csChargingProfiles"]["chargingProfilePurpose"] for one in sent(cp, "SetChargingProfile")
        ]
        assert sent_purposes == ["TxDefaultProfile"]
        assert any(f"transaction {over} was sent no profile" in one for one in answer["warnings"])


async def test_a_limit_is_tried_until_something_is_accepted_and_that_is_remembered(
    server: Serving, api: httpx.AsyncClient
) -> None:
    path = f"{POINTS}/LIM-4/limit"
    async with station(server.ocpp, "LIM-4") as cp:
        configured(
            cp, ChargingScheduleAllowedChargingRateUnit="Current,Power", ChargeProfileMaxStackLevel="8"
        )
        await cp.boot()
        await until_configured(api, "LIM-4")
        choosing(
            cp,
            lambda request, one: (
                one["stackLevel"] == 7
                and one["chargingSchedule"]["chargingRateUnit"] == "W"
                and one["chargingProfilePurpose"] == "TxDefaultProfile"
            ),
        )
        answer = (await api.post(path, json={"amperes": 10})).json()
        assert [one["status"] for one in answer["tried"]] == ["Rejected"] * 9 + ["Accepted"]
        assert answer["tried"][-1] == {
            "purpose": "TxDefaultProfile",
            "connector": 0,
            "unit": "W",
            "stack_level": 7,
            "limit": 6900,
            "status": "Accepted",
        }
        again = (await api.post(path, json={"amperes": 12})).json()
        assert [one["limit"] for one in again["tried"]] == [8280]
        choosing(cp, lambda request, one: False)
        refused = await api.post(path, json={"amperes": 12})
        assert kind(refused) == (409, "limit-not-accepted")
        assert len(refused.json()["errors"]) == 12
        del cp.answering["SetChargingProfile"]
        cp.answers["SetChargingProfile"] = ["NotSupported", "no smart charging", {}]
        refused = await api.post(path, json={"amperes": 12})
        assert [error["kind"] for error in refused.json()["errors"]] == ["NotSupported"]


@pytest.mark.requirement("SCT-12")
async def test_a_limit_that_nobody_can_mean_is_refused(server: Serving, api: httpx.AsyncClient) -> None:
    path = f"{POINTS}/LIM-5/limit"
    async with station(server.ocpp, "LIM-5") as cp:
        configured(cp)
        await cp.boot()
        for body in (
            {},
            {"amperes": 6, "watts": 1380},
            {"amperes": 8.15},
            {"amperes": -1},
            {"amperes": 6, "connector": -1},
            {"amperes": 6, "duration_s": 0},
            {"watts": 1e300},
            {"amperes": 6, "phases": 4},
        ):
            assert kind(await api.post(path, json=body)) == (422, "invalid-body"), body
        assert sent(cp, "SetChargingProfile") == []
        cp.answers["SetChargingProfile"] = {"status": "Accepted"}
        low = (await api.post(path, json={"amperes": 0.1})).json()
        assert any("pauses" in one for one in low["warnings"])
        none = (await api.post(path, json={"amperes": 0})).json()
        assert not any("pauses" in one for one in none["warnings"])
