"""How real charge points behave, shown over the wire: nothing of it may cost a message, or energy."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.serving import Serving, serving
from tests.system.raw_station import VENDOR, RawStation, station

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    flags = ("authorization.one_transaction_per_tag=true", "authorization.unknown_tags=accept")
    options = [word for flag in flags for word in ("--set", flag)]
    with serving(tmp_path_factory.mktemp("real") / "data", *options) as running:
        yield running


@pytest.fixture
async def api(server: Serving) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=f"{server.http}/api/v1") as client:
        yield client


async def got(api: httpx.AsyncClient, path: str, **query: Any) -> Any:
    response = await api.get(path, params=query)
    assert response.status_code == 200, response.text
    return response.json()


async def items(api: httpx.AsyncClient, path: str, **query: Any) -> list[Any]:
    return list((await got(api, path, **query))["items"])


def at(second: float) -> str:
    return (NOON + timedelta(seconds=second)).isoformat().replace("+00:00", "Z")


def start(tag: str, second: float = 0, meter: int = 1000, connector: int = 1, **more: Any) -> dict[str, Any]:
    return {"connectorId": connector, "idTag": tag, "meterStart": meter, "timestamp": at(second)} | more


def stop(transaction_id: Any, second: float = 3600, meter: int = 4000, **more: Any) -> dict[str, Any]:
    return {"transactionId": transaction_id, "meterStop": meter, "timestamp": at(second)} | more


def values(second: float, energy: str, connector: int = 1, **more: Any) -> dict[str, Any]:
    sampled = [{"value": energy}]
    return {
        "connectorId": connector,
        "meterValue": [{"timestamp": at(second), "sampledValue": sampled}],
    } | more


async def begun(cp: RawStation, payload: dict[str, Any]) -> int:
    return int((await cp.call("StartTransaction", payload))["transactionId"])


async def until(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(10):
        while not condition():
            await asyncio.sleep(0.005)


# ---- frames


async def test_empty_text_frames_are_ignored(server: Serving) -> None:
    async with station(server.ocpp, "EMPTY") as cp:
        await cp.socket.send_str("")
        await cp.boot()
        await cp.socket.send_str("  \r\n")
        assert "currentTime" in await cp.call("Heartbeat")


async def test_null_payload_is_an_empty_one(server: Serving) -> None:
    async with station(server.ocpp, "NULL") as cp:
        await cp.boot()
        frame = await cp.exchange("Heartbeat", None)
        assert frame[0] == 3
        assert "currentTime" in frame[2]


@pytest.mark.parametrize(
    "answer",
    [
        '[3,"{id}",{"status":"Accepted"},null,{}]',
        '[3,"{id}",{"status":"Accepted"}]',
        ' [3 , "{id}" , {"status":"Accepted","extra":1}, {}] ',
    ],
)
async def test_results_with_too_many_elements_are_understood(
    server: Serving, api: httpx.AsyncClient, answer: str
) -> None:
    async with station(server.ocpp, "FIVE") as cp:
        await cp.boot()
        asked = asyncio.create_task(api.post("/charge-points/FIVE/commands/Reset", json={"type": "Soft"}))
        await until(lambda: cp.unanswered)
        await cp.socket.send_str(answer.replace("{id}", cp.unanswered.pop()))
        response = await asked
        assert (response.status_code, response.json()["status"]) == (200, "Accepted")


async def test_errors_with_too_few_elements_are_understood(server: Serving, api: httpx.AsyncClient) -> None:
    async with station(server.ocpp, "FOUR") as cp:
        await cp.boot()
        asked = asyncio.create_task(api.post("/charge-points/FOUR/commands/Reset", json={"type": "Soft"}))
        await until(lambda: cp.unanswered)
        await cp.socket.send_str(f'[4,"{cp.unanswered.pop()}","NotSupported",""]')
        response = await asked
        assert (response.status_code, response.json()["call_error"]["code"]) == (502, "NotSupported")


async def test_message_ids_mean_nothing_across_connections(server: Serving, api: httpx.AsyncClient) -> None:
    for number, tag in enumerate(("FIRST", "SECOND")):
        async with station(server.ocpp, "REUSE") as cp:
            await cp.exchange_as("1", "BootNotification", VENDOR)
            frame = await cp.exchange_as("2", "StartTransaction", start(tag, number, connector=number + 1))
            assert frame[:2] == [3, "2"]
    assert {one["id_tag"] for one in await items(api, "/transactions", charge_point="REUSE")} == {
        "FIRST",
        "SECOND",
    }


async def test_message_id_used_again_for_another_message_is_another_message(
    server: Serving, api: httpx.AsyncClient
) -> None:
    async with station(server.ocpp, "SAMEID") as cp:
        await cp.boot()
        ids = set()
        for connector in (1, 2):
            payload = start(f"SAMEID{connector}", connector=connector)
            frame = await cp.exchange_as("always", "StartTransaction", payload)
            ids.add(frame[2]["transactionId"])
        assert len(ids) == 2


# ---- who it is


async def test_identity_in_another_case_is_the_registered_one(
    server: Serving, api: httpx.AsyncClient
) -> None:
    async with station(server.ocpp, "Garage-7b") as cp:
        await cp.boot()
    async with station(server.ocpp, "GARAGE-7B") as cp:
        transaction_id = await begun(cp, start("CASE"))
    assert (await got(api, f"/transactions/{transaction_id}"))["charge_point"] == "Garage-7b"


async def test_no_boot_notification_after_a_reconnect_is_fine(server: Serving) -> None:
    async with station(server.ocpp, "NOBOOT") as cp:
        await cp.boot()
    async with station(server.ocpp, "NOBOOT") as cp:
        assert "currentTime" in await cp.call("Heartbeat")
        assert await begun(cp, start("NOBOOT")) > 0


async def test_station_that_never_boots_is_served_and_commanded(
    server: Serving, api: httpx.AsyncClient
) -> None:
    async with station(server.ocpp, "NEVER") as cp:
        cp.answers["ClearCache"] = {"status": "Accepted"}
        assert "currentTime" in await cp.call("Heartbeat")
        assert (await api.post("/charge-points/NEVER/commands/ClearCache")).status_code == 200


async def test_status_of_connector_0_does_not_overwrite_connectors(
    server: Serving, api: httpx.AsyncClient
) -> None:
    async with station(server.ocpp, "ZERO") as cp:
        await cp.boot()
        for connector, status in ((1, "Charging"), (2, "Preparing"), (0, "Available")):
            report = {"connectorId": connector, "errorCode": "NoError", "status": status}
            assert await cp.call("StatusNotification", report) == {}
    shown = (await got(api, "/charge-points/ZERO"))["connectors"]
    assert [(one["connector_id"], one["status"]) for one in shown] == [
        (0, "Available"),
        (1, "Charging"),
        (2, "Preparing"),
    ]


# ---- transactions


@pytest.mark.requirement("TXS-04", "TXS-05")
async def test_retried_start_is_not_refused_as_concurrent(server: Serving, api: httpx.AsyncClient) -> None:
    async with station(server.ocpp, "RETRIES") as cp:
        await cp.boot()
        payload = start("RETRYTAG")
        first = await cp.call("StartTransaction", payload)
    async with station(server.ocpp, "RETRIES") as cp:
        assert await cp.call("StartTransaction", payload) == first
        assert first["idTagInfo"]["status"] == "Accepted"
        other = await cp.call("StartTransaction", start("RETRYTAG", 5, connector=2))
        assert other["idTagInfo"]["status"] == "ConcurrentTx"


@pytest.mark.requirement("QUE-11", "TXE-08")
@pytest.mark.parametrize("transaction_id", [0, -1, 999_999_999, 2**31, 2**63 - 1])
async def test_stop_of_an_unknown_transaction_is_answered_every_time_and_kept_once(
    server: Serving, api: httpx.AsyncClient, transaction_id: int
) -> None:
    identity = f"GHOST{transaction_id}"
    async with station(server.ocpp, identity) as cp:
        await cp.boot()
        for _ in range(3):
            assert "idTagInfo" in await cp.call("StopTransaction", stop(transaction_id, idTag="GHOST"))
    (kept,) = await items(api, "/quarantine", charge_point=identity, state="open")
    assert (kept["times"], kept["action"]) == (3, "StopTransaction")
    assert f'"transactionId":{transaction_id}' in kept["payload"]


async def test_stop_with_transaction_id_null_is_refused_as_unreadable_and_harms_nobody(
    server: Serving, api: httpx.AsyncClient
) -> None:
    async with station(server.ocpp, "NULLID") as cp:
        await cp.boot()
        running = await begun(cp, start("NULLID"))
        frame = await cp.exchange("StopTransaction", stop(None, idTag="NULLID"))
        assert frame[0] == 4
        assert await cp.call("MeterValues", values(60, "1500", transactionId=None)) == {}
        assert (await got(api, f"/transactions/{running}"))["active"]


async def test_transaction_ids_of_64_bits_lose_no_digit(server: Serving, api: httpx.AsyncClient) -> None:
    sent = 9_007_199_254_740_993  # not a double
    async with station(server.ocpp, "WIDE") as cp:
        await cp.boot()
        assert await cp.call("MeterValues", values(60, "1500", transactionId=sent)) == {}
        assert await cp.call("StopTransaction", stop(sent)) == {}
    (shell,) = await items(api, "/transactions", charge_point="WIDE")
    assert shell["charge_point_transaction_id"] == str(sent)
    assert (shell["meter_start_wh"], shell["meter_stop_wh"], shell["energy_wh"]) == (1500, 4000, 2500)
    assert (shell["id_tag"], shell["oddities"]) == (None, ["known-only-by-its-meter-values"])


@pytest.mark.requirement("QUE-11")
async def test_start_that_was_never_answered_and_messages_with_minus_1(
    server: Serving, api: httpx.AsyncClient
) -> None:
    async with station(server.ocpp, "MINUS") as cp:
        await cp.boot()
        started = await begun(cp, start("MINUS"))  # the station never gets to see this answer
        assert await cp.call("MeterValues", values(60, "1500", transactionId=-1)) == {}
        assert "idTagInfo" in await cp.call("StopTransaction", stop(-1, idTag="MINUS"))
    shown = await got(api, f"/transactions/{started}")
    assert (shown["energy_wh"], shown["readings"], shown["oddities"]) == (3000, 1, ["stop-matched"])
    assert await items(api, "/quarantine", charge_point="MINUS") == []


async def test_stop_before_start_of_an_offline_session_is_placed_when_the_start_comes(
    server: Serving, api: httpx.AsyncClient
) -> None:
    async with station(server.ocpp, "ORDER") as cp:
        await cp.boot()
        await cp.call("StopTransaction", stop(-1, idTag="ORDER"))
        started = await begun(cp, start("ORDER"))
    shown = await got(api, f"/transactions/{started}")
    assert (shown["active"], shown["energy_wh"]) == (False, 3000)
    (kept,) = await items(api, "/quarantine", charge_point="ORDER")
    assert (kept["state"], kept["transaction_id"]) == ("attached", started)
    (repair,) = await items(api, "/repairs", transaction_id=started)
    assert (repair["kind"], repair["who"]) == ("attach", "voltline")
    assert repair["before"]["transaction"]["stop"] is None
    assert repair["after"]["transaction"]["stop"]["meter_stop_wh"] == 4000


async def test_zombie_transaction_ends_where_the_next_one_starts(
    server: Serving, api: httpx.AsyncClient
) -> None:
    async with station(server.ocpp, "ZOMBIE") as cp:
        await cp.boot()
        zombie = await begun(cp, start("Z1"))
        for second, energy in ((60, "1200"), (120, "1900"), (180, "0"), (240, "0")):
            await cp.call("MeterValues", values(second, energy, transactionId=zombie))
        await begun(cp, start("Z2", 600, 2500))
        shown = await got(api, f"/transactions/{zombie}")
        assert (shown["stopped_at"], shown["meter_stop_wh"]) == (at(600), 1900)
        assert (shown["stop_source"], "stop-inferred" in shown["oddities"]) == ("inferred", True)
        # The true stop comes after all.
        assert await cp.call("StopTransaction", stop(zombie, 590, 2400)) == {}
        shown = await got(api, f"/transactions/{zombie}")
        assert (shown["stop_source"], shown["meter_stop_wh"]) == ("charge-point", 2400)
        kinds = [one["kind"] for one in await items(api, "/repairs", transaction_id=zombie, sort="id")]
        assert kinds == ["infer-stop", "replace-stop"]


async def test_stop_in_the_future_is_kept_and_flagged(server: Serving, api: httpx.AsyncClient) -> None:
    async with station(server.ocpp, "FUTURE") as cp:
        await cp.boot()
        started = await begun(cp, start("FUTURE"))
        await cp.call("StopTransaction", stop(started) | {"timestamp": "2099-01-01T00:00:00Z"})
    (flagged,) = await items(api, "/transactions", charge_point="FUTURE", flagged="true")
    assert (flagged["id"], flagged["oddities"]) == (started, ["stopped-in-future"])
    assert flagged["stopped_at"] == "2099-01-01T00:00:00Z"


async def test_clock_of_1970_after_a_boot_is_tolerated(server: Serving, api: httpx.AsyncClient) -> None:
    async with station(server.ocpp, "EPOCH") as cp:
        await cp.boot()
        started = await begun(cp, start("EPOCH") | {"timestamp": "1970-01-01T00:00:09Z"})
        now = datetime.now(UTC) + timedelta(seconds=1)
        end = stop(started) | {"timestamp": now.isoformat(timespec="seconds").replace("+00:00", "Z")}
        await cp.call("StopTransaction", end)
    shown = await got(api, f"/transactions/{started}")
    assert shown["oddities"] == ["clock-not-set"]
    assert shown["energy_wh"] == 3000
    assert shown["duration_s"] < 60


async def test_huawei_stops_one_watt_hour_below_its_start(server: Serving, api: httpx.AsyncClient) -> None:
    async with station(server.ocpp, "HUAWEI") as cp:
        await cp.boot()
        started = await begun(cp, start("HUAWEI"))
        assert await cp.call("StopTransaction", stop(started, meter=999)) == {}
    shown = await got(api, f"/transactions/{started}")
    assert (shown["meter_stop_wh"], shown["energy_wh"], shown["oddities"]) == (999, -1, ["meter-fell"])


async def test_reservation_id_0_means_none(server: Serving, api: httpx.AsyncClient) -> None:
    async with station(server.ocpp, "RESERVED") as cp:
        await cp.boot()
        none = await begun(cp, start("R1", reservationId=0))
        some = await begun(cp, start("R2", connector=2, reservationId=17))
    assert (await got(api, f"/transactions/{none}"))["reservation_id"] is None
    assert (await got(api, f"/transactions/{some}"))["reservation_id"] == 17


async def test_unknown_tag_of_an_offline_session_is_told_and_its_transaction_kept(tmp_path: Path) -> None:
    with serving(tmp_path / "data", "--set", "authorization.unknown_tags=reject") as strict:
        async with station(strict.ocpp) as cp:
            await cp.boot()
            told = await cp.call("StartTransaction", start("STRANGER"))
            assert told["idTagInfo"]["status"] == "Invalid"
            await cp.call("StopTransaction", stop(told["transactionId"], reason="DeAuthorized"))
        async with httpx.AsyncClient(base_url=f"{strict.http}/api/v1") as api:
            shown = await got(api, f"/transactions/{told['transactionId']}")
    assert (shown["authorization_status"], shown["energy_wh"]) == ("Invalid", 3000)


# ---- meter values


@pytest.mark.parametrize("sent", [{}, {"transactionId": 0}, {"transactionId": -1}, {"transactionId": None}])
async def test_meter_values_without_a_usable_id_belong_to_what_runs_on_the_connector(
    server: Serving, api: httpx.AsyncClient, sent: dict[str, Any]
) -> None:
    identity = f"NOID{sent}".replace('"', "")
    async with station(server.ocpp, identity) as cp:
        await cp.boot()
        started = await begun(cp, start(identity[:20]))
        assert await cp.call("MeterValues", values(60, "1500") | sent) == {}
    assert (await got(api, f"/transactions/{started}"))["readings"] == 1


async def test_meter_values_after_the_stop_belong_to_the_transaction(
    server: Serving, api: httpx.AsyncClient
) -> None:
    async with station(server.ocpp, "LATE") as cp:
        await cp.boot()
        started = await begun(cp, start("LATE"))
        await cp.call("StopTransaction", stop(started))
        assert await cp.call("MeterValues", values(3600, "4000", transactionId=started)) == {}
        assert await cp.call("MeterValues", values(1800, "2500")) == {}
    readings = await items(api, f"/transactions/{started}/meter-values")
    assert [one["value"] for one in readings] == ["2500", "4000"]


@pytest.mark.requirement("MTV-31", "MTV-32")
async def test_odd_meter_values_are_kept_as_sent_and_counted_where_they_are_numbers(
    server: Serving, api: httpx.AsyncClient
) -> None:
    sampled: list[Any] = [
        {"value": "1,5", "unit": "kWh"},
        {"value": "21", "measurand": "Temperature", "unit": "Celcius"},
        {"value": "22", "measurand": "Temperature", "unit": "Celsius", "location": "Body"},
        {"value": "49.98", "measurand": "Frequency", "unit": "Hz"},
        {"value": "230", "measurand": "Voltage", "phase": "L1-N", "unit": "V"},
        {"value": "7", "measurand": "Warp.Factor", "context": "Sample.Whatever", "unit": "parsec"},
        {"value": "", "measurand": "SoC"},
        {"value": "DEADBEEF", "format": "SignedData"},
        {"value": "-3.2", "measurand": "Power.Active.Export", "unit": "kW"},
        {"value": "16", "measurand": "Current.Offered", "unit": "A"},
        {"value": "11,0", "measurand": "Power.Active.Import", "unit": "kW"},
        {"value": "25", "measurand": "Energy.Active.Import.Interval", "context": "Sample.Clock"},
    ]
    async with station(server.ocpp, "ODDLY") as cp:
        await cp.boot()
        started = await begun(cp, start("ODDLY"))
        report = values(900, "0", transactionId=started)
        report["meterValue"][0]["sampledValue"] = sampled
        assert await cp.call("MeterValues", report) == {}
    readings = await items(api, f"/transactions/{started}/meter-values")
    assert [one["value"] for one in readings] == [one["value"] for one in sampled]
    assert [one["unit"] for one in readings][1:4] == ["Celcius", "Celsius", "Hz"]
    assert readings[0]["measured_at"] == at(900)
    shown = await got(api, f"/transactions/{started}")
    assert shown["energy"]["readings_last_wh"] == 1500
    assert shown["energy"]["intervals_wh"] == 25
    assert shown["maximum_power_w"] == 11000


async def test_values_in_the_style_of_ocpp_1_5_are_understood(
    server: Serving, api: httpx.AsyncClient
) -> None:
    async with station(server.ocpp, "OLDSTYLE") as cp:
        await cp.boot()
        started = await begun(cp, start("OLDSTYLE"))
        report = {
            "connectorId": 1,
            "transactionId": started,
            "values": [{"timestamp": at(60), "value": [{"value": 1500, "unit": "Wh"}]}],
        }
        assert await cp.call("MeterValues", report) == {}
    readings = await items(api, f"/transactions/{started}/meter-values")
    assert [(one["value"], one["unit"]) for one in readings] == [("1500", "Wh")]


async def test_impossible_and_zoneless_times_cost_no_reading(server: Serving, api: httpx.AsyncClient) -> None:
    async with station(server.ocpp, "DATES") as cp:
        await cp.boot()
        started = await begun(cp, start("DATES") | {"timestamp": "2026-03-01T12:00:00"})
        for time in ("2022-02-29T10:00:00Z", "", "2026-03-01T12:05:00", "2026-03-01T14:06:00+02:00"):
            report = values(0, "1500", transactionId=started)
            report["meterValue"][0]["timestamp"] = time
            assert await cp.call("MeterValues", report) == {}
    shown = await got(api, f"/transactions/{started}")
    assert (shown["readings"], shown["started_at"]) == (4, at(0))
    times = [one["measured_at"] for one in await items(api, f"/transactions/{started}/meter-values")]
    # 29 February 2022 is the day before 2 March; a time that says nothing is that of receipt.
    assert times[:3] == ["2022-03-01T10:00:00Z", at(300), at(360)]


async def test_configuration_values_may_be_blank_long_or_absent(
    server: Serving, api: httpx.AsyncClient
) -> None:
    async with station(server.ocpp, "BLANKS") as cp:
        await cp.boot()
        keys = [
            {"key": "Blank", "readonly": False, "value": ""},
            {"key": "Spaces", "readonly": False, "value": "  two words  "},
            {"key": "Long", "readonly": True, "value": "x" * 600},
            {"key": "NoValue", "readonly": True},
        ]
        cp.answers["GetConfiguration"] = {"configurationKey": keys}
        response = await api.post("/charge-points/BLANKS/commands/GetConfiguration", json={})
        assert (response.status_code, response.json()["configurationKey"]) == (200, keys)


@pytest.mark.requirement("MTV-35")
async def test_session_energy_is_not_confused_with_the_energy_of_the_meters_life(
    server: Serving, api: httpx.AsyncClient
) -> None:
    async with station(server.ocpp, "SESSION") as cp:
        await cp.boot()
        started = await begun(cp, start("SESSION", meter=5_000_000))
        for second, energy in ((0, "0"), (600, "1200"), (1200, "2400")):
            await cp.call("MeterValues", values(second, energy, transactionId=started))
        await cp.call("StopTransaction", stop(started, 1200, 5_002_400))
    shown = await got(api, f"/transactions/{started}")
    assert shown["oddities"] == ["readings-of-session"]
    assert (shown["energy"]["register_wh"], shown["energy"]["readings_wh"]) == (2400, 2400)
    curve = await items(api, f"/transactions/{started}/power-curve")
    assert [(one["at"], one["power_w"]) for one in curve] == [(at(600), 7200), (at(1200), 7200)]


async def test_raw_frames_in_a_row_are_all_answered_in_order(server: Serving) -> None:
    """Some send the next message before the answer to the last."""
    async with station(server.ocpp, "HASTY") as cp:
        await cp.boot()
        waiting = [
            asyncio.create_task(cp.exchange_as(f"h{number}", "MeterValues", values(number, str(number))))
            for number in range(50)
        ]
        for answer in await asyncio.gather(*waiting):
            assert json.dumps(answer[2]) == "{}"
