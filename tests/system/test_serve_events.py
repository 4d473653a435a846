"""Events are followed, missed ones are made up for, and what went over the wire is found again."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from tests.serving import Serving, serving
from tests.system.raw_station import station

START = {"connectorId": 1, "idTag": "TAG1", "meterStart": 1000, "timestamp": "2026-03-01T10:00:00Z"}
STATUS = {"connectorId": 1, "errorCode": "NoError", "status": "Available"}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    data = tmp_path_factory.mktemp("serve") / "data"
    with serving(data, "--set", "events.transaction_update_s=1") as running:
        yield running


@pytest.fixture
async def api(server: Serving) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=f"{server.http}/api/v1") as client:
        yield client


class Follower:
    """Reads server-sent events as a browser does."""

    def __init__(self, lines: AsyncIterator[str]) -> None:
        self._lines = lines

    async def next(self) -> dict[str, Any]:
        """The next event: its data, with what the stream calls it."""
        event: dict[str, Any] = {}
        async with asyncio.timeout(20):
            async for line in self._lines:
                if line == "" and "data" in event:
                    return json.loads(event.pop("data")) | {
                        f"_{name}": value for name, value in event.items()
                    }
                name, found, value = line.partition(": ")
                if found and name:
                    event[name] = value
        raise AssertionError("the stream has ended")

    async def until(self, kind: str, charge_point: str | None = None) -> dict[str, Any]:
        while True:
            event = await self.next()
            if event["kind"] == kind and charge_point in (None, event["charge_point"]):
                return event


@asynccontextmanager
async def following(
    api: httpx.AsyncClient, headers: dict[str, str] | None = None, **query: Any
) -> AsyncIterator[Follower]:
    async with api.stream("GET", "/events", params=query, headers=headers, timeout=30) as response:
        assert response.status_code == 200
        assert response.headers["content-type"].startswith("text/event-stream")
        yield Follower(response.aiter_lines())


async def got(api: httpx.AsyncClient, path: str, **query: Any) -> Any:
    response = await api.get(path, params=query)
    assert response.status_code == 200, response.text
    return response.json()


async def test_a_charge_is_followed_as_it_happens(server: Serving, api: httpx.AsyncClient) -> None:
    async with following(api, charge_point="follow") as events:
        async with station(server.ocpp, "FOLLOW") as cp:
            await cp.boot()
            await cp.call("StatusNotification", STATUS)
            transaction_id = (await cp.call("StartTransaction", START))["transactionId"]
            reading = {"timestamp": "2026-03-01T10:01:00Z", "sampledValue": [{"value": "1500"}]}
            values = {"connectorId": 1, "transactionId": transaction_id, "meterValue": [reading]}
            await cp.call("MeterValues", values)
            updated = await events.until("transaction.updated")
            stop = {"transactionId": transaction_id, "meterStop": 2000, "timestamp": "2026-03-01T11:00:00Z"}
            await cp.call("StopTransaction", stop)
        stopped = await events.until("transaction.stopped")
        gone = await events.until("charge-point.disconnected")
    assert (updated["subject"]["energy_wh"], stopped["subject"]["energy_wh"]) == (500.0, 1000)
    assert gone["_id"] == str(gone["id"])
    assert gone["_event"] == gone["kind"]

    history = (await got(api, "/events/history", charge_point="FOLLOW", order="oldest-first"))["items"]
    kinds = [event["kind"] for event in history]
    assert [kind for kind in kinds if kind.startswith(("charge-point", "connector", "transaction"))] == [
        "charge-point.registered",
        "charge-point.connected",
        "charge-point.booted",
        "connector.status",
        "transaction.started",
        "transaction.updated",
        "transaction.stopped",
        "charge-point.disconnected",
    ]


async def test_who_comes_back_is_told_what_was_missed_and_then_goes_on(
    server: Serving, api: httpx.AsyncClient
) -> None:
    async with station(server.ocpp, "RESUME") as cp:
        async with following(api, kinds="connector.*", charge_point="RESUME") as events:
            await cp.boot()
            await cp.call("StatusNotification", STATUS | {"info": "0"})
            last = await events.next()
        for number in range(1, 30):
            await cp.call("StatusNotification", STATUS | {"info": f"{number}"})
        seen = []
        headers = {"Last-Event-ID": last["_id"]}
        async with following(api, headers, since=0, kinds="connector.*", charge_point="RESUME") as events:
            for number in range(30, 40):
                await cp.call("StatusNotification", STATUS | {"info": f"{number}"})
            while len(seen) < 39:
                seen.append((await events.next())["subject"]["info"])
        assert seen == [f"{number}" for number in range(1, 40)]


async def test_many_follow_and_each_gets_what_it_asked_for(server: Serving, api: httpx.AsyncClient) -> None:
    async def ids(charge_point: str | None, kinds: str, ready: asyncio.Event, until: str) -> list[int]:
        query = {"kinds": kinds} | ({} if charge_point is None else {"charge_point": charge_point})
        async with following(api, **query) as events:
            ready.set()
            found = []
            while True:
                event = await events.next()
                found.append(event["id"])
                if event["subject"].get("info") == until:
                    return found

    readies = [asyncio.Event() for _ in range(6)]
    asked = [(None, "connector.status"), ("MANY1", "connector.status"), ("many2", "connector.*")] * 2
    tasks = [
        asyncio.create_task(ids(who, kinds, ready, "2 end" if who == "many2" else "1 end"))
        for (who, kinds), ready in zip(asked, readies, strict=True)
    ]
    for ready in readies:
        await asyncio.wait_for(ready.wait(), 20)
    async with station(server.ocpp, "MANY1") as one, station(server.ocpp, "MANY2") as two:
        await one.boot()
        await two.boot()
        for number in range(10):
            await one.call("StatusNotification", STATUS | {"info": f"1 {number}"})
            await two.call("StatusNotification", STATUS | {"info": f"2 {number}"})
        await two.call("StatusNotification", STATUS | {"info": "2 end"})
        await one.call("StatusNotification", STATUS | {"info": "1 end"})
    everybody, first, second, *again = await asyncio.gather(*tasks)
    assert again == [everybody, first, second]
    assert (len(everybody), len(first), len(second)) == (22, 11, 11)
    assert sorted(first + second) == everybody


async def test_a_stream_ends_when_asked_to_and_when_the_central_system_stops(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    with serving(tmp_path_factory.mktemp("stop") / "data") as server:
        async with httpx.AsyncClient(base_url=f"{server.http}/api/v1", timeout=30) as api:
            short = await api.get("/events", params={"for_s": 0.2})
            assert short.text.startswith("retry:")
            async with following(api) as events:
                stopped = asyncio.create_task(asyncio.to_thread(server.stop))
                with pytest.raises(AssertionError, match="has ended"):
                    await events.next()
            assert await stopped == 0


@pytest.mark.parametrize(
    "query",
    [{"kinds": "nonsense"}, {"kinds": ""}, {"since": "-1"}, {"since": "x"}, {"for_s": "0"}, {"sinc": 1}],
)
async def test_a_stream_that_cannot_be_is_refused(api: httpx.AsyncClient, query: dict[str, Any]) -> None:
    response = await api.get("/events", params=query)
    assert response.status_code == 400
    assert response.json()["errors"]


async def test_the_history_is_paged_from_either_end(server: Serving, api: httpx.AsyncClient) -> None:
    async with station(server.ocpp, "PAGED") as cp:
        await cp.boot()
        for number in range(7):
            await cp.call("StatusNotification", STATUS | {"info": f"{number}"})
    for order in ("newest-first", "oldest-first"):
        seen: list[str] = []
        query: dict[str, Any] = {
            "charge_point": "PAGED",
            "kinds": "connector.status",
            "order": order,
            "limit": 3,
        }
        while True:
            page = await got(api, "/events/history", **query)
            seen += [event["subject"]["info"] for event in page["items"]]
            if page["next_cursor"] is None:
                break
            query["cursor"] = page["next_cursor"]
        assert sorted(seen) == [f"{number}" for number in range(7)]
        assert seen == sorted(seen, reverse=order == "newest-first")


async def test_messages_are_found_with_their_answers_and_what_was_wrong_with_them(
    server: Serving, api: httpx.AsyncClient
) -> None:
    async with station(server.ocpp, "TALK") as cp:
        await cp.boot()
        odd = {"timestamp": "2026-03-01T10:01:00Z", "sampledValue": [{"value": "1", "unit": "Hz"}]}
        await cp.call("MeterValues", {"connectorId": 1, "meterValue": [odd]})
        await cp.exchange("Frobnicate", {})
        cp.answers["Reset"] = {"status": "Rejected"}
        sent = await api.post("/charge-points/TALK/commands/Reset", json={"type": "Soft"})
        assert sent.status_code == 200, sent.text
        found = (await got(api, "/charge-points/talk/messages"))["items"]

    actions = [message["action"] for message in found]
    assert {"Reset", "Frobnicate", "MeterValues", "BootNotification"} <= set(actions)
    reset = found[actions.index("Reset")]
    assert (reset["direction"], reset["type"]) == ("out", "CALL")
    assert json.loads(reset["answer"]["text"])[2] == {"status": "Rejected"}
    assert reset["latency_ms"] >= 0
    assert found[actions.index("Frobnicate")]["answer"]["type"] == "CALLERROR"
    (deviation,) = found[actions.index("MeterValues")]["deviations"]
    assert deviation["path"] == "$.meterValue[0].sampledValue[0].unit"

    for query in (
        {"action": "Reset"},
        {"text": "rejected"},
        {"message_id": reset["message_id"]},
        {"direction": "out", "action": "Reset"},
    ):
        page = await got(api, "/messages", charge_point="TALK", **query)
        assert reset["id"] in [message["id"] for message in page["items"]], query
    deviating = (await got(api, "/messages", charge_point="TALK", deviating="true"))["items"]
    assert [message["action"] for message in deviating] == ["MeterValues"]
    assert (await got(api, "/messages/log"))["frames"] >= 8

    async with asyncio.timeout(20):
        while not (kinds := (await got(api, "/charge-points/TALK/deviations"))["items"]):
            await asyncio.sleep(0.2)
    assert (kinds[0]["action"], kinds[0]["times"]) == ("MeterValues", 1)
    events = await got(api, "/events/history", charge_point="TALK", kinds="deviation")
    assert [event["subject"]["path"] for event in events["items"]] == ["$.meterValue[].sampledValue[].unit"]


async def test_the_log_is_exported_as_recorded_and_as_an_open_trace(
    server: Serving, api: httpx.AsyncClient
) -> None:
    async with station(server.ocpp, "EXPORT") as cp:
        await cp.boot()
        await cp.exchange("Frobnicate", {"odd": [1, 2]})
        await cp.socket.send_str("")
        await cp.call("Heartbeat")
    exported = await api.get("/charge-points/EXPORT/messages/export")
    lines = [json.loads(line) for line in exported.text.splitlines()]
    assert exported.headers["content-type"].startswith("application/x-ndjson")
    assert {line["station"] for line in lines} == {"EXPORT"}
    assert [line["time"] for line in lines] == sorted(line["time"] for line in lines)
    assert [line["direction"] for line in lines if line["text"] == ""] == ["in"]

    traced = await api.get("/messages/export", params={"format": "open-trace", "charge_point": "export"})
    records = [json.loads(line) for line in traced.text.splitlines()]
    assert len(records) == len(lines) - 1  # the empty frame is no message
    boot, answer = records[0], records[1]
    assert boot == {
        "schemaVersion": "1.1",
        "timestamp": boot["timestamp"],
        "transport": "json",
        "direction": "cp-to-csms",
        "messageType": "CALL",
        "ocppVersion": "1.6",
        "chargePointId": "EXPORT",
        "messageId": boot["messageId"],
        "action": "BootNotification",
        "payload": json.loads(boot["raw"])[3],
        "raw": boot["raw"],
    }
    assert (answer["direction"], answer["messageType"], answer["action"]) == (
        "csms-to-cp",
        "CALLRESULT",
        "BootNotification",
    )
    (refused,) = (record for record in records if record["messageType"] == "CALLERROR")
    assert refused["action"] == "Frobnicate"
    assert (refused["error"]["code"], refused["error"]["details"]) == ("NotImplemented", {})


async def test_no_message_is_missing_after_a_stop(tmp_path_factory: pytest.TempPathFactory) -> None:
    data = tmp_path_factory.mktemp("kept") / "data"
    with serving(data) as server:
        async with station(server.ocpp, "KEPT") as cp:
            await cp.boot()
            for _ in range(20):
                await cp.call("Heartbeat")
    with serving(data) as server:
        async with httpx.AsyncClient(base_url=f"{server.http}/api/v1") as api:
            found = await got(api, "/messages", action="Heartbeat")
    assert len(found["items"]) == 20
    assert all(message["answer"] is not None for message in found["items"])


async def test_a_log_that_is_switched_off_says_so(tmp_path_factory: pytest.TempPathFactory) -> None:
    with serving(tmp_path_factory.mktemp("off") / "data", "--set", "messages.enabled=false") as server:
        async with httpx.AsyncClient(base_url=f"{server.http}/api/v1") as api:
            answer = await api.get("/messages")
    assert answer.status_code == 404
    assert answer.json()["type"] == "urn:voltline:problem:message-log-off"


async def test_a_consumer_that_takes_nothing_is_disconnected_and_the_others_go_on(
    server: Serving, api: httpx.AsyncClient, request: pytest.FixtureRequest
) -> None:
    address = urlsplit(server.http)
    slow = socket.socket()
    request.addfinalizer(slow.close)
    slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    slow.setblocking(False)
    loop = asyncio.get_running_loop()
    await loop.sock_connect(slow, (address.hostname, address.port))
    await loop.sock_sendall(slow, b"GET /api/v1/events HTTP/1.1\r\nHost: localhost\r\n\r\n")
    assert (await loop.sock_recv(slow, 15)).startswith(b"HTTP/1.1 200")
    async with station(server.ocpp, "LOUD") as cp, following(api, charge_point="LOUD") as events:

        async def follow() -> None:
            last = ""
            while not last.startswith("999 "):
                last = (await events.until("connector.status"))["subject"]["info"]

        quick = asyncio.create_task(follow())
        await cp.boot()
        for number in range(1000):
            await cp.call("StatusNotification", STATUS | {"info": f"{number} " + "x" * 10_000})
        async with asyncio.timeout(15):
            await quick
            received = 0
            try:
                while part := await loop.sock_recv(slow, 1 << 20):
                    received += len(part)
            except ConnectionError:
                pass
    assert received < 1000 * 10_000
