"""What the frames of the central system look like, whatever is sent to it."""

import asyncio
import json
from collections.abc import Iterator
from typing import Any

import aiohttp
import httpx
import pytest
from tests.serving import Serving, serving
from tests.system.raw_station import station

from voltline.central.addresses import is_public
from voltline.central.settings import Settings

BOOT = {"chargePointVendor": "Acmé", "chargePointModel": "M"}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    flags = ("--set", "authorization.unknown_tags=reject", "--set", "procedures.after_boot=false")
    with serving(tmp_path_factory.mktemp("serve") / "data", *flags) as running:
        yield running


@pytest.mark.requirement("FRM-12")
@pytest.mark.parametrize("action", ["heartbeat", "HEARTBEAT", "Heartbeat.req", "/Heartbeat", "Heartbeat "])
async def test_an_action_is_one_spelling_only(server: Serving, action: str) -> None:
    async with station(server.ocpp) as cp:
        await cp.boot()
        frame = await cp.exchange(action, {})
        assert (frame[0], frame[2]) == (4, "NotImplemented")


@pytest.mark.requirement("FRM-19", "FRM-20")
async def test_what_an_answer_can_express_is_no_call_error(server: Serving) -> None:
    async with station(server.ocpp, "NO") as cp, httpx.AsyncClient(base_url=server.http) as api:
        await cp.boot()
        assert (await cp.call("Authorize", {"idTag": "NOBODY"}))["idTagInfo"]["status"] == "Invalid"
        start = {"connectorId": 1, "idTag": "NOBODY", "meterStart": 0, "timestamp": "2024-05-01T12:00:00Z"}
        assert (await cp.call("StartTransaction", start))["idTagInfo"]["status"] == "Invalid"
        transfer = await cp.call("DataTransfer", {"vendorId": "nobody.knows"})
        assert transfer["status"] == "UnknownVendorId"
        stop = {"transactionId": 999_999, "meterStop": 1, "timestamp": "2024-05-01T12:00:00Z"}
        await cp.call("StopTransaction", stop)
        await api.post("/api/v1/charge-points/NO/reject")
        assert (await cp.boot())["status"] == "Rejected"


@pytest.mark.requirement("FRM-02", "GEN-07")
async def test_frames_are_ascii_but_for_texts_and_times_are_utc(server: Serving) -> None:
    async with station(server.ocpp, "ASCII") as cp, httpx.AsyncClient(base_url=server.http) as api:
        frame = await cp.exchange("BootNotification", BOOT)
        assert frame[2]["currentTime"].endswith("Z")
        texts = [json.dumps(frame, ensure_ascii=False)]
        for action, payload in (("Heartbeat", {}), ("Fly", {}), ("Authorize", {"idTag": "é" * 21})):
            texts.append(json.dumps(await cp.exchange(action, payload), ensure_ascii=False))
        cp.answers["Reset"] = {"status": "Accepted"}
        await api.post("/api/v1/charge-points/ASCII/reboot")
        texts += [json.dumps(command, ensure_ascii=False) for command in cp.received]
        assert len(texts) == 5
        assert [text for text in texts if not text.isascii()] == []


@pytest.mark.requirement("GEN-05")
@pytest.mark.parametrize(
    ("sent", "meant"),
    [
        ("2024-05-01T14:00:07.123+02:00", "2024-05-01T12:00:07.123000Z"),
        ("2024-05-01T12:00:07Z", "2024-05-01T12:00:07Z"),
        ("2024-04-30T23:30:07-12:30", "2024-05-01T12:00:07Z"),
    ],
)
async def test_times_mean_the_instant_that_they_say(server: Serving, sent: str, meant: str) -> None:
    async with station(server.ocpp, "TIMES") as cp, httpx.AsyncClient(base_url=server.http) as api:
        await cp.boot()
        report = {"connectorId": 1, "errorCode": "NoError", "status": "Available", "timestamp": sent}
        await cp.call("StatusNotification", report)
        shown = (await api.get("/api/v1/charge-points/TIMES")).json()
        assert shown["connectors"][0]["since"] == meant


@pytest.mark.requirement("GEN-10")
async def test_connector_0_is_the_charge_point_and_leaves_the_connectors_alone(server: Serving) -> None:
    async with station(server.ocpp, "ZERO") as cp, httpx.AsyncClient(base_url=server.http) as api:
        await cp.boot()
        for number, status in ((1, "Charging"), (2, "Available"), (0, "Unavailable")):
            report = {"connectorId": number, "errorCode": "NoError", "status": status}
            await cp.call("StatusNotification", report)
        shown = (await api.get("/api/v1/charge-points/ZERO")).json()["connectors"]
        assert [(one["connector_id"], one["status"]) for one in shown] == [
            (0, "Unavailable"),
            (1, "Charging"),
            (2, "Available"),
        ]


@pytest.mark.requirement("BAS-08", "BOO-15")
async def test_a_new_charge_point_can_be_given_its_key_before_it_is_accepted(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    data = tmp_path_factory.mktemp("serve") / "data"
    with serving(data, "--set", "registration.policy=pending") as server:
        async with station(server.ocpp, "FRESH") as cp, httpx.AsyncClient(base_url=server.http) as api:
            assert (await cp.boot())["status"] == "Pending"
            cp.answers["ChangeConfiguration"] = {"status": "Accepted"}
            cp.answers["TriggerMessage"] = {"status": "Accepted"}
            key = {"key": "AuthorizationKey", "value": "0001020304050607FFFFFFFFFFFFFFFFFFFFFFFF"}
            point = "/api/v1/charge-points/FRESH"
            answer = await api.post(f"{point}/commands/ChangeConfiguration", json=key)
            assert answer.json() == {"status": "Accepted"}
            await api.post(f"{point}/approve")
            async with asyncio.timeout(10):
                while len(cp.received) < 2:
                    await asyncio.sleep(0.01)
            assert cp.received == [
                ("ChangeConfiguration", key),
                ("TriggerMessage", {"requestedMessage": "BootNotification"}),
            ]
            assert (await cp.boot())["status"] == "Accepted"


@pytest.mark.requirement("WSC-16")
def test_charge_points_are_listened_for_on_this_machine_only_unless_told_otherwise() -> None:
    assert not is_public(Settings().ocpp.host)


@pytest.mark.requirement("WSC-16")
@pytest.mark.parametrize(
    ("host", "public"),
    [("0.0.0.0", True), ("::", True), ("8.8.8.8", True), ("192.168.1.2", False), ("127.0.0.1", False)],
)
def test_addresses_that_the_internet_may_reach_are_told_from_others(host: str, public: bool) -> None:
    assert is_public(host) is public


@pytest.mark.requirement("WSC-16")
def test_listening_where_the_internet_may_reach_is_warned_of(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    data = tmp_path_factory.mktemp("serve") / "data"
    with serving(data):
        pass
    log = data.with_name("data.log")
    assert "without encryption" not in log.read_text()
    with serving(data, "--set", "ocpp.host=0.0.0.0"):
        pass
    assert "without encryption" in log.read_text()


@pytest.mark.requirement("PRF-07")
async def test_the_flavour_is_named_where_it_is_chosen(server: Serving) -> None:
    async with aiohttp.ClientSession() as session:
        socket = await session.ws_connect(f"{server.ocpp}/FLAVOUR", protocols=("ocpp2.0.1", "ocpp1.6"))
        assert socket.protocol == "ocpp1.6"
        await socket.close()
    async with httpx.AsyncClient(base_url=server.http) as api:
        document: dict[str, Any] = (await api.get("/api/v1/openapi.json")).json()
    assert "OCPP 1.6J" in document["info"]["description"]
