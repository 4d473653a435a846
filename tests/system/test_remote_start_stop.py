"""Transactions are started and stopped from afar, and waited for."""

import asyncio
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from tests.conversing import until
from tests.system.central_here import central_here
from tests.system.raw_station import RawStation, station

START, STOP = "/charge-points/CP1/start", "/charge-points/CP1/stop"


async def begin(cp: RawStation, connector: int = 1, tag: str = "TAG") -> int:
    at = datetime.now(UTC).isoformat()
    body = {"connectorId": connector, "idTag": tag, "meterStart": 5, "timestamp": at}
    return int((await cp.call("StartTransaction", body))["transactionId"])


@pytest.mark.requirement("RTX-04", "RTX-08")
async def test_remote_start_says_what_the_charge_point_said(tmp_path: Path) -> None:
    async with central_here(tmp_path) as (url, api), station(url) as cp:
        cp.unasked["GetCompositeSchedule"] = {"status": "Rejected"}
        await cp.boot()
        cp.answers["RemoteStartTransaction"] = {"status": "Rejected"}
        answer = await api.post(START, json={"id_tag": "TAG", "connector": 2})
        assert answer.json() == {"status": "Rejected", "transaction": None, "warnings": []}
        assert cp.received == [("RemoteStartTransaction", {"idTag": "TAG", "connectorId": 2})]
        refused = await api.post(START, json={"connector": 1})
        assert (refused.status_code, refused.json()["errors"][0]["path"]) == (422, "$.id_tag")
        assert len(cp.received) == 1


@pytest.mark.requirement("RTX-06")
@pytest.mark.parametrize("connector", [0, -1])
async def test_remote_start_is_not_sent_for_connector_0(tmp_path: Path, connector: int) -> None:
    async with central_here(tmp_path) as (url, api), station(url) as cp:
        cp.unasked["GetCompositeSchedule"] = {"status": "Rejected"}
        await cp.boot()
        answer = await api.post(START, json={"id_tag": "TAG", "connector": connector})
        assert answer.status_code == 422
        assert cp.received == []


@pytest.mark.requirement("RTX-09", "RTX-10")
async def test_limit_is_sent_as_a_profile_for_the_transaction_to_come(tmp_path: Path) -> None:
    async with central_here(tmp_path) as (url, api), station(url) as cp:
        cp.unasked["GetCompositeSchedule"] = {"status": "Rejected"}
        await cp.boot()
        cp.answers["RemoteStartTransaction"] = {"status": "Accepted"}
        assert (await api.post(START, json={"id_tag": "TAG", "limit_a": 10.5})).status_code == 200
        profile = cp.received[0][1]["chargingProfile"]
        assert profile["chargingProfilePurpose"] == "TxProfile"
        assert "transactionId" not in profile
        assert profile["chargingSchedule"] == {
            "chargingRateUnit": "A",
            "chargingSchedulePeriod": [{"startPeriod": 0, "limit": 10.5}],
        }


async def test_limit_replaces_no_profile_that_the_charge_point_has(tmp_path: Path) -> None:
    async with central_here(tmp_path) as (url, api), station(url) as cp:
        cp.unasked["GetCompositeSchedule"] = {"status": "Rejected"}
        await cp.boot()
        cp.answers["RemoteStartTransaction"] = {"status": "Accepted"}
        for connector in (1, 2, 1):
            body = {"id_tag": "TAG", "connector": connector, "limit_w": 3000}
            assert (await api.post(START, json=body)).status_code == 200
        ids = [sent["chargingProfile"]["chargingProfileId"] for _, sent in cp.received]
        assert len(set(ids)) == 3


@pytest.mark.requirement("RTX-08", "RTX-09", "RTX-10")
async def test_profile_is_sent_as_given_unless_it_is_for_something_else(tmp_path: Path) -> None:
    profile: dict[str, Any] = {
        "chargingProfileId": 7,
        "stackLevel": 1,
        "chargingProfilePurpose": "TxProfile",
        "chargingProfileKind": "Relative",
        "chargingSchedule": {
            "chargingRateUnit": "W",
            "chargingSchedulePeriod": [{"startPeriod": 0, "limit": 3000.0}],
        },
    }
    async with central_here(tmp_path) as (url, api), station(url) as cp:
        cp.unasked["GetCompositeSchedule"] = {"status": "Rejected"}
        await cp.boot()
        cp.answers["RemoteStartTransaction"] = {"status": "Accepted"}
        given = {"id_tag": "TAG", "charging_profile": profile}
        assert (await api.post(START, json=given)).status_code == 200
        assert cp.received[0][1]["chargingProfile"] == profile
        for wrong, path in (
            ({"chargingProfilePurpose": "TxDefaultProfile"}, "chargingProfilePurpose"),
            ({"transactionId": 3}, "transactionId"),
            ({"stackLevel": "high"}, "stackLevel"),
        ):
            answer = await api.post(START, json=given | {"charging_profile": profile | wrong})
            assert answer.status_code == 422
            assert f"$.charging_profile.{path}" in [one["path"] for one in answer.json()["errors"]]
        assert (await api.post(START, json=given | {"limit_w": 1})).status_code == 422
        assert len(cp.received) == 1


async def test_remote_start_can_wait_for_its_transaction(tmp_path: Path) -> None:
    async with central_here(tmp_path) as (url, api), station(url) as cp:
        cp.unasked["GetCompositeSchedule"] = {"status": "Rejected"}
        await cp.boot()
        earlier = await begin(cp, connector=1)
        cp.answers["RemoteStartTransaction"] = {"status": "Accepted"}
        wait = {"wait": "transaction", "timeout_s": 10}
        asked = asyncio.create_task(api.post(START, json={"id_tag": "tag", "connector": 2}, params=wait))
        await until(lambda: cp.received)
        other = await begin(cp, connector=3)
        expected = await begin(cp, connector=2)
        answer = (await asked).json()
        assert answer["status"] == "Accepted"
        assert answer["transaction"]["id"] == expected
        assert expected not in (earlier, other)
        never = await api.post(START, json={"id_tag": "X"}, params=wait | {"timeout_s": 0.2})
        assert (never.json()["status"], never.json()["transaction"]) == ("Accepted", None)


async def test_stop_finds_the_transaction_and_can_wait_for_its_end(tmp_path: Path) -> None:
    async with central_here(tmp_path) as (url, api), station(url) as cp:
        cp.unasked["GetCompositeSchedule"] = {"status": "Rejected"}
        await cp.boot()
        cp.answers["RemoteStopTransaction"] = {"status": "Accepted"}
        assert (await api.post(STOP)).status_code == 409
        one, two = await begin(cp, 1), await begin(cp, 2)
        ambiguous = await api.post(STOP, json={})
        assert ambiguous.status_code == 409
        assert str(one) in ambiguous.json()["detail"]
        assert str(two) in ambiguous.json()["detail"]
        assert cp.received == []
        stopped = (await api.post(STOP, json={"connector": 1})).json()
        assert (stopped["status"], stopped["transaction"]["id"]) == ("Accepted", one)
        assert cp.received == [("RemoteStopTransaction", {"transactionId": one})]
        wait = {"wait": "transaction", "timeout_s": 10}
        asked = asyncio.create_task(api.post(STOP, json={"transaction_id": two}, params=wait))
        await until(lambda: len(cp.received) == 2)
        at = datetime.now(UTC).isoformat()
        end = {"transactionId": two, "meterStop": 905, "timestamp": at, "reason": "Remote"}
        await cp.call("StopTransaction", end)
        ended = (await asked).json()["transaction"]
        assert (ended["id"], ended["active"], ended["energy_wh"]) == (two, False, 900)


async def test_stop_of_a_transaction_that_is_not_known_is_sent_as_asked(tmp_path: Path) -> None:
    async with central_here(tmp_path) as (url, api), station(url) as cp:
        cp.unasked["GetCompositeSchedule"] = {"status": "Rejected"}
        await cp.boot()
        cp.answers["RemoteStopTransaction"] = {"status": "Rejected"}
        answer = (await api.post(STOP, json={"transaction_id": 4_000_000_000})).json()
        assert (answer["status"], answer["transaction"]) == ("Rejected", None)
        assert answer["warnings"]
        assert cp.received == [("RemoteStopTransaction", {"transactionId": 4_000_000_000})]
        over = await api.post("/charge-points/NOBODY/stop", json={"transaction_id": 1})
        assert over.status_code == 404
