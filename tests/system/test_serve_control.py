"""Plain commands in plain words reach the charge point as the commands that OCPP has for them."""

from collections.abc import AsyncIterator, Iterator
from typing import Any

import httpx
import pytest
from tests.serving import Serving, serving
from tests.system.raw_station import RawStation, station

POINT = "/api/v1/charge-points/CP1"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    flags = ("--set", "procedures.after_boot=false")
    with serving(tmp_path_factory.mktemp("serve") / "data", *flags) as running:
        yield running


@pytest.fixture
async def api(server: Serving) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=server.http, timeout=30) as client:
        yield client


@pytest.fixture
async def cp(server: Serving) -> AsyncIterator[RawStation]:
    async with station(server.ocpp) as visitor:
        await visitor.boot()
        yield visitor


@pytest.mark.parametrize(
    ("path", "body", "action", "sent", "status"),
    [
        pytest.param(
            "reboot", {}, "Reset", {"type": "Soft"}, "Accepted", marks=pytest.mark.requirement("RST-01")
        ),
        pytest.param(
            "reboot",
            {"type": "hard"},
            "Reset",
            {"type": "Hard"},
            "Rejected",
            marks=pytest.mark.requirement("RST-01"),
        ),
        pytest.param(
            "unlock",
            {"connector": 2},
            "UnlockConnector",
            {"connectorId": 2},
            "UnlockFailed",
            marks=pytest.mark.requirement("ULK-01"),
        ),
        pytest.param(
            "availability",
            {"operative": False},
            "ChangeAvailability",
            {"connectorId": 0, "type": "Inoperative"},
            "Scheduled",
            marks=pytest.mark.requirement("AVL-01", "GEN-10"),
        ),
        pytest.param(
            "availability",
            {"operative": True, "connector": 1},
            "ChangeAvailability",
            {"connectorId": 1, "type": "Operative"},
            "Accepted",
            marks=pytest.mark.requirement("AVL-01"),
        ),
        pytest.param(
            "trigger",
            {"message": "StatusNotification", "connector": 0},
            "TriggerMessage",
            {"requestedMessage": "StatusNotification", "connectorId": 0},
            "Accepted",
            marks=pytest.mark.requirement("TRG-07"),
        ),
        (
            "trigger",
            {"message": "Heartbeat"},
            "TriggerMessage",
            {"requestedMessage": "Heartbeat"},
            "Rejected",
        ),
        (
            "trigger",
            {"message": "LogStatusNotification"},
            "ExtendedTriggerMessage",
            {"requestedMessage": "LogStatusNotification"},
            "NotImplemented",
        ),
        (
            "trigger",
            {"message": "FirmwareStatusNotification", "extended": True, "connector": 1},
            "ExtendedTriggerMessage",
            {"requestedMessage": "FirmwareStatusNotification", "connectorId": 1},
            "Accepted",
        ),
        ("clear-cache", None, "ClearCache", {}, "Accepted"),
    ],
)
async def test_plain_words_become_the_command(
    api: httpx.AsyncClient, cp: RawStation, path: str, body: Any, action: str, sent: Any, status: str
) -> None:
    cp.answers[action] = {"status": status}
    response = await api.post(f"{POINT}/{path}", json=body)
    assert (response.status_code, response.json()["status"]) == (200, status)
    assert cp.received == [(action, sent)]


@pytest.mark.parametrize(
    ("path", "body", "faults"),
    [
        ("reboot", {"type": "warm"}, {"$.type"}),
        pytest.param("unlock", {"connector": 0}, {"$.connector"}, marks=pytest.mark.requirement("ULK-01")),
        ("unlock", {}, {"$.connector"}),
        ("unlock", {"connector": 2**63}, {"$.connector"}),
        ("availability", {"operative": "no", "connector": -1}, {"$.operative", "$.connector"}),
        pytest.param(
            "trigger",
            {"message": "StartTransaction"},
            {"$.message"},
            marks=pytest.mark.requirement("TRG-09"),
        ),
        pytest.param(
            "trigger",
            {"message": "DiagnosticsStatusNotification", "extended": True, "connector": 0},
            {"$.message", "$.connector"},
            marks=pytest.mark.requirement("EXT-04"),
        ),
        ("trigger", {"message": "LogStatusNotification", "extended": False}, {"$.message"}),
    ],
)
async def test_what_no_command_can_say_is_refused_and_not_sent(
    api: httpx.AsyncClient, cp: RawStation, path: str, body: Any, faults: set[str]
) -> None:
    response = await api.post(f"{POINT}/{path}", json=body)
    assert response.status_code == 422
    assert {error["path"] for error in response.json()["errors"]} == faults
    assert cp.received == []


@pytest.mark.requirement("TRG-09")
async def test_only_six_messages_can_be_triggered_by_the_command_itself(
    api: httpx.AsyncClient, cp: RawStation
) -> None:
    cp.answers["TriggerMessage"] = {"status": "Accepted"}
    command = f"{POINT}/commands/TriggerMessage"
    for wrong in ("StartTransaction", "LogStatusNotification", "heartbeat"):
        response = await api.post(command, json={"requestedMessage": wrong})
        assert response.status_code == 422
    for message in (
        "DiagnosticsStatusNotification",
        "FirmwareStatusNotification",
        "Heartbeat",
        "MeterValues",
        "StatusNotification",
    ):
        assert (await api.post(command, json={"requestedMessage": message})).status_code == 200
    assert len(cp.received) == 5


@pytest.mark.requirement("ULK-02")
async def test_what_ends_a_transaction_by_the_way_is_warned_of_and_sent(
    api: httpx.AsyncClient, cp: RawStation
) -> None:
    cp.answers["UnlockConnector"] = {"status": "Unlocked"}
    cp.answers["Reset"] = {"status": "Accepted"}
    for number in (1, 2):
        report = {"connectorId": number, "errorCode": "NoError", "status": "Available"}
        await cp.call("StatusNotification", report)
    start = {"connectorId": 1, "idTag": "T", "meterStart": 5, "timestamp": "2024-05-01T12:00:00Z"}
    transaction = (await cp.call("StartTransaction", start))["transactionId"]
    try:
        told = (await api.post(f"{POINT}/unlock", json={"connector": 1})).json()
        assert told["status"] == "Unlocked"
        assert told["warnings"] == [
            f"transaction {transaction} runs on connector 1: unlocking ends it; stopping it is the proper way"
        ]
        assert (await api.post(f"{POINT}/unlock", json={"connector": 2})).json()["warnings"] == []
        (warning,) = (await api.post(f"{POINT}/unlock", json={"connector": 9})).json()["warnings"]
        assert "never reported a connector 9" in warning
        (warning,) = (await api.post(f"{POINT}/reboot")).json()["warnings"]
        assert "the reboot ends it" in warning
    finally:
        stop = {"transactionId": transaction, "meterStop": 6, "timestamp": "2024-05-01T13:00:00Z"}
        await cp.call("StopTransaction", stop)


@pytest.mark.requirement("PRF-04")
async def test_a_profile_that_the_charge_point_does_not_list_is_warned_of(
    api: httpx.AsyncClient, cp: RawStation
) -> None:
    cp.answers["TriggerMessage"] = {"status": "NotImplemented"}
    cp.answers["ClearCache"] = {"status": "Rejected"}
    cp.unasked["GetConfiguration"] = {
        "configurationKey": [
            {"key": "SupportedFeatureProfiles", "readonly": True, "value": "Core,Reservation"}
        ]
    }
    await api.post(f"{POINT}/configuration/refresh")
    (warning,) = (await api.post(f"{POINT}/trigger", json={"message": "Heartbeat"})).json()["warnings"]
    assert warning == "SupportedFeatureProfiles does not list RemoteTrigger, to which TriggerMessage belongs"
    (warning,) = (await api.post(f"{POINT}/clear-cache")).json()["warnings"]
    assert "AuthorizationCacheEnabled" in warning
    assert len(cp.received) == 2


async def test_a_charge_point_that_is_gone_or_unknown_is_said_so(api: httpx.AsyncClient) -> None:
    response = await api.post("/api/v1/charge-points/NOBODY/reboot")
    assert response.status_code == 404
    await api.post("/api/v1/charge-points", json={"identity": "ABSENT"})
    response = await api.post("/api/v1/charge-points/ABSENT/clear-cache")
    assert (response.status_code, response.json()["title"]) == (409, "Not connected")
