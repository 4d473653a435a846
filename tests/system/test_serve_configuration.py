"""The configuration of charge points is read after boots and brought to what it should be."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from typing import Any

import httpx
import pytest
from tests.serving import Serving, serving
from tests.system.raw_station import RawStation, station

POINTS = "/api/v1/charge-points"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    flags = ("--set", "procedures.settle_s=0.05", "--set", "procedures.boot_patience_s=0.1")
    with serving(tmp_path_factory.mktemp("serve") / "data", *flags) as running:
        yield running


@pytest.fixture
async def api(server: Serving) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=server.http, timeout=30) as client:
        yield client


class Configured:
    """A charge point with keys: answers GetConfiguration and ChangeConfiguration as one would."""

    def __init__(self, cp: RawStation, **keys: str | None) -> None:
        self.cp = cp
        self.keys: dict[str, str | None] = keys
        self.readonly: set[str] = set()
        self.verdicts: dict[str, str] = {}
        self.asked: list[list[str]] = []
        self.changes: list[tuple[str, str]] = []
        self.at_most = 1000
        """More keys than that are answered with an error."""
        self.tells_all = True
        self.hidden: set[str] = set()
        """Keys that are told only to who asks for them by name."""
        cp.answering["GetConfiguration"] = self._get
        cp.answering["ChangeConfiguration"] = self._change

    def _get(self, payload: dict[str, Any]) -> Any:
        names = payload.get("key") or []
        self.asked.append(names)
        if len(names) > self.at_most or (not names and not self.tells_all):
            return ["InternalError", "too much", {}]
        known = {key.lower(): key for key in self.keys}
        wanted = names or [key for key in self.keys if key not in self.hidden]
        return {
            "configurationKey": [self._item(known[name.lower()]) for name in wanted if name.lower() in known],
            "unknownKey": [name for name in wanted if name.lower() not in known],
        }

    def _item(self, key: str) -> dict[str, Any]:
        item: dict[str, Any] = {"key": key, "readonly": key in self.readonly}
        return item if self.keys[key] is None else {**item, "value": self.keys[key]}

    def _change(self, payload: dict[str, Any]) -> Any:
        key, value = payload["key"], payload["value"]
        self.changes.append((key, value))
        verdict = self.verdicts.get(key, "Accepted" if key in self.keys else "NotSupported")
        if verdict == "Accepted":
            self.keys[key] = value
        return {"status": verdict}


async def shown(api: httpx.AsyncClient, identity: str, part: str = "") -> dict[str, Any]:
    return dict((await api.get(f"{POINTS}/{identity}/configuration{part}")).json())


async def until_read(api: httpx.AsyncClient, identity: str, after: str | None = None) -> dict[str, Any]:
    """Wait until all was read; `after` is when it was read before."""
    async with asyncio.timeout(10):
        while (found := await shown(api, identity))["read_at"] in (None, after):
            await asyncio.sleep(0.02)
    return found


async def until_state(api: httpx.AsyncClient, identity: str, **states: str) -> list[dict[str, Any]]:
    async with asyncio.timeout(10):
        while True:
            items = (await shown(api, identity, "/desired"))["items"]
            if {one["key"]: one["state"] for one in items} == states:
                return list(items)
            await asyncio.sleep(0.02)


def values(found: dict[str, Any]) -> dict[str, str | None]:
    return {one["key"]: one["value"] for one in found["items"]}


async def test_configuration_is_read_after_each_boot(server: Serving, api: httpx.AsyncClient) -> None:
    async with station(server.ocpp, "READ") as cp:
        keys = Configured(cp, HeartbeatInterval="300", NumberOfConnectors="2", Blank="", Unset=None)
        keys.readonly.add("NumberOfConnectors")
        await cp.boot()
        found = await until_read(api, "read")
        assert values(found) == {
            "Blank": "",
            "HeartbeatInterval": "300",
            "NumberOfConnectors": "2",
            "Unset": None,
        }
        assert [one["readonly"] for one in found["items"]] == [False, False, True, False]
        assert keys.asked == [[]]
        keys.keys["HeartbeatInterval"] = "60"
        await cp.boot()
        again = await until_read(api, "READ", after=found["read_at"])
        assert values(again)["HeartbeatInterval"] == "60"
        (change, *_) = (await shown(api, "READ", "/history"))["items"]
        assert (change["key"], change["before"], change["after"]) == ("HeartbeatInterval", "300", "60")


async def test_configuration_is_read_when_asked_for(server: Serving, api: httpx.AsyncClient) -> None:
    async with station(server.ocpp, "REFRESH") as cp:
        keys = Configured(cp, A="1")
        await cp.boot()
        await until_read(api, "REFRESH")
        keys.keys["A"] = "2"
        response = await api.post(f"{POINTS}/REFRESH/configuration/refresh")
        assert (response.status_code, values(response.json())) == (200, {"A": "2"})
    response = await api.post(f"{POINTS}/NOBODY/configuration/refresh")
    assert response.status_code == 404


@pytest.mark.requirement("CFG-08")
async def test_a_charge_point_that_cannot_tell_all_at_once_is_asked_in_parts(
    server: Serving, api: httpx.AsyncClient
) -> None:
    async with station(server.ocpp, "PARTS") as cp:
        keys = Configured(cp, HeartbeatInterval="300", NumberOfConnectors="1", ConnectionTimeOut="60")
        keys.tells_all = False
        keys.at_most = 3
        await cp.boot()
        async with asyncio.timeout(10):
            while len((found := await shown(api, "PARTS"))["items"]) < 3:
                await asyncio.sleep(0.02)
        assert "too much" in found["problem"]
        assert values(found) == {
            "ConnectionTimeOut": "60",
            "HeartbeatInterval": "300",
            "NumberOfConnectors": "1",
        }
        assert keys.asked[0] == []
        assert not any("AuthorizationKey" in names for names in keys.asked)


@pytest.mark.requirement("CFG-01", "BAS-03")
async def test_values_are_sent_as_texts_and_what_was_accepted_is_known_at_once(
    server: Serving, api: httpx.AsyncClient
) -> None:
    async with station(server.ocpp, "TEXTS") as cp:
        keys = Configured(cp, HeartbeatInterval="300", AuthorizationKey=None)
        await cp.boot()
        await until_read(api, "TEXTS")
        command = f"{POINTS}/TEXTS/commands/ChangeConfiguration"
        response = await api.post(command, json={"key": "HeartbeatInterval", "value": 60})
        assert response.status_code == 422
        response = await api.post(command, json={"key": "HeartbeatInterval", "value": "60"})
        assert response.json() == {"status": "Accepted"}
        assert values(await shown(api, "TEXTS"))["HeartbeatInterval"] == "60"
        secret = "000102030405060708090a0b0c0d0e0f10111213"
        response = await api.post(command, json={"key": "AuthorizationKey", "value": secret})
        assert response.json() == {"status": "Accepted"}
        assert keys.changes == [("HeartbeatInterval", "60"), ("AuthorizationKey", secret)]
        for part in ("", "/history"):
            assert secret not in (await api.get(f"{POINTS}/TEXTS/configuration{part}")).text


async def test_what_is_desired_is_sent_when_the_charge_point_comes_and_again_until_it_has_it(
    server: Serving, api: httpx.AsyncClient
) -> None:
    await api.post(POINTS, json={"identity": "WISH"})
    wanted = {"values": {"HeartbeatInterval": 77, "BlinkRepeat": "3", "LocalPreAuthorize": True}}
    response = await api.put(f"{POINTS}/WISH/configuration/desired", json=wanted)
    assert response.status_code == 200
    assert {one["key"]: one["value"] for one in response.json()["items"]} == {
        "HeartbeatInterval": "77",
        "BlinkRepeat": "3",
        "LocalPreAuthorize": "true",
    }
    async with station(server.ocpp, "WISH") as cp:
        keys = Configured(cp, HeartbeatInterval="300", LocalPreAuthorize="TRUE")
        assert (await cp.boot())["interval"] == 77
        items = await until_state(
            api, "WISH", HeartbeatInterval="set", BlinkRepeat="not-supported", LocalPreAuthorize="set"
        )
        assert sorted(keys.changes) == [("BlinkRepeat", "3"), ("HeartbeatInterval", "77")]
        assert [one["attempts"] for one in items] == [1, 1, 0]
    async with station(server.ocpp, "WISH") as cp:
        keys = Configured(cp, HeartbeatInterval="300", LocalPreAuthorize="true", BlinkRepeat="1")
        await cp.boot()  # new firmware, which forgot one value and knows another key
        await until_state(api, "WISH", HeartbeatInterval="set", BlinkRepeat="set", LocalPreAuthorize="set")
        assert sorted(keys.changes) == [("BlinkRepeat", "3"), ("HeartbeatInterval", "77")]


async def test_what_is_desired_reaches_a_connected_charge_point_at_once(
    server: Serving, api: httpx.AsyncClient
) -> None:
    async with station(server.ocpp, "NOW") as cp:
        keys = Configured(cp, A="1", B="2")
        keys.verdicts["B"] = "Rejected"
        keys.readonly.add("B")
        await cp.boot()
        await until_read(api, "NOW")
        response = await api.put(f"{POINTS}/NOW/configuration/desired", json={"values": {"A": "5", "B": "6"}})
        assert any("B can only be read" in one for one in response.json()["warnings"])
        items = await until_state(api, "NOW", A="set", B="rejected")
        assert items[1]["reason"] == "the charge point says that the key can only be read"
        assert keys.keys["A"] == "5"


@pytest.mark.requirement("CFG-03", "RST-01")
async def test_a_value_that_needs_a_reboot_leads_to_one_when_no_transaction_runs(
    server: Serving, api: httpx.AsyncClient
) -> None:
    async with station(server.ocpp, "REBOOT") as cp:
        keys = Configured(cp, A="1")
        keys.verdicts["A"] = "RebootRequired"
        cp.answers["Reset"] = {"status": "Accepted"}
        await cp.boot()
        await until_read(api, "REBOOT")
        wish = {"values": {"A": "2"}}
        await api.put(f"{POINTS}/REBOOT/configuration/desired", json=wish)
        await until_state(api, "REBOOT", A="reboot-required")
        assert [action for action, _ in cp.received] == []
        await api.put(f"{POINTS}/REBOOT/configuration/desired", json={**wish, "reboot_when_idle": True})
        async with asyncio.timeout(10):
            while not cp.received:
                await asyncio.sleep(0.01)
        assert cp.received == [("Reset", {"type": "Soft"})]
        async with asyncio.timeout(10):
            while (await shown(api, "REBOOT", "/desired"))["items"][0]["rebooted_at"] is None:
                await asyncio.sleep(0.01)
        keys.keys["A"] = "2"
        await cp.boot()
        await until_state(api, "REBOOT", A="set")
        assert len(cp.received) == 1


@pytest.mark.requirement("WSC-14")
async def test_values_that_do_not_go_together_are_warned_of(server: Serving, api: httpx.AsyncClient) -> None:
    async with station(server.ocpp, "WARN") as cp:
        Configured(
            cp,
            TransactionMessageAttempts="3",
            TransactionMessageRetryInterval="60",
            WebSocketPingInterval="60",
        )
        await cp.boot()
        assert (await until_read(api, "WARN"))["warnings"] == []
        wish = {"values": {"WebSocketPingInterval": "180"}}
        response = await api.put(f"{POINTS}/WARN/configuration/desired", json=wish)
        assert any("WebSocketPingInterval (180 s)" in one for one in response.json()["warnings"])
        await until_state(api, "WARN", WebSocketPingInterval="set")
        assert len((await shown(api, "WARN"))["warnings"]) == 1


async def test_every_fault_of_what_is_desired_is_named_and_nothing_is_kept(api: httpx.AsyncClient) -> None:
    await api.post(POINTS, json={"identity": "FAULTS"})
    body = {
        "values": {
            "AuthorizationKey": "00",
            "A": ["1"],
            "B": "x" * 501,
            "c": "1",
            "C": "2",
            "": "1",
            "D" * 51: "1",
            "Good": "1",
        },
        "reboot_when_idle": "yes",
        "more": 1,
    }
    response = await api.put(f"{POINTS}/FAULTS/configuration/desired", json=body)
    assert response.status_code == 422
    assert {error["path"] for error in response.json()["errors"]} == {"$.reboot_when_idle", "$.more"}
    del body["more"], body["reboot_when_idle"]
    response = await api.put(f"{POINTS}/FAULTS/configuration/desired", json=body)
    assert response.status_code == 422
    assert {error["path"] for error in response.json()["errors"]} == {
        "$.values.AuthorizationKey",
        "$.values.A",
        "$.values.B",
        "$.values.C",
        "$.values.",
        f"$.values.{'D' * 51}",
    }
    assert (await shown(api, "FAULTS", "/desired"))["items"] == []


async def test_an_unreachable_answer_to_the_first_question_does_not_end_the_session(
    server: Serving, api: httpx.AsyncClient
) -> None:
    async with station(server.ocpp, "ERRS") as cp:
        cp.unasked["GetConfiguration"] = ["NotImplemented", "", {}]
        await cp.boot()
        async with asyncio.timeout(10):
            while (await shown(api, "ERRS"))["problem"] is None:
                await asyncio.sleep(0.01)
        assert (await shown(api, "ERRS"))["problem"] == "NotImplemented"
        assert "currentTime" in await cp.call("Heartbeat")
