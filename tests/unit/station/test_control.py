"""The control API of a station: over real sockets, with the verbs of the prompt."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import httpx
import jsonschema
import pytest
import websockets
from tests.system.small_central import IDENTITY, SmallCentral

from voltline.station.device.listener import Listeners
from voltline.station.simulator.actions import VERBS
from voltline.station.simulator.control import Control
from voltline.station.simulator.options import StationOptions
from voltline.station.simulator.station import SimulatedStation
from voltline.transport.json_server import WAITING_TEXTS, Member

MADE = StationOptions(connectors=2, seed=7, reboot_s=0.05, id_tags=("CARD",))


class Site:
    """A controlled station at a central system, and clients for its API."""

    def __init__(self, station: SimulatedStation, url: str, http: httpx.AsyncClient) -> None:
        self.station = station
        self.url = url
        self.http = http

    def events(self, query: str = "", **more: Any) -> Any:
        return websockets.connect(f"{self.url.replace('http', 'ws')}/events{query}", **more)

    async def do(self, verb: str, **arguments: Any) -> httpx.Response:
        return await self.http.post(f"/verbs/{verb}", json=arguments)


@pytest.fixture
async def site() -> AsyncIterator[Site]:
    listeners = Listeners()
    async with SmallCentral() as central:
        station = SimulatedStation(central.url, IDENTITY, MADE, listener=listeners)
        control = Control(station)
        listeners.add(control)
        async with station, control.server() as server, httpx.AsyncClient(base_url=server.url) as http:
            await station.until(lambda view: view.online)
            yield Site(station, server.url, http)


async def until(websocket: Any, condition: Any) -> list[dict[str, Any]]:
    """The events up to the first for which the condition holds, that one included."""
    seen: list[dict[str, Any]] = []
    async with asyncio.timeout(10):
        while not seen or not condition(seen[-1]):
            seen.append(json.loads(await websocket.recv()))
    return seen


def problem(response: httpx.Response, status: int, kind: str) -> str:
    assert response.headers["content-type"] == "application/problem+json"
    said = response.json()
    assert (response.status_code, said["status"]) == (status, status)
    assert said["type"] == f"urn:voltline:problem:{kind}"
    detail: str = said["detail"]
    return detail


async def test_session_is_driven_and_seen_over_http(site: Site):
    state = (await site.http.get("/state")).json()
    assert (state["identity"], state["linked"], state["standing"]) == (IDENTITY, True, "accepted")
    assert [one["status"] for one in state["connectors"]] == ["Available", "Available"]
    plugged = await site.do("plug", connector_id=2, soc_percent=40)
    assert plugged.status_code == 200
    assert plugged.json()["state"]["connectors"][1]["soc_percent"] == 40
    assert (await site.do("tag", connector_id=2)).json()["done"] == "tag"
    await site.station.until(lambda view: view.connectors[1].status == "Charging")
    assert (await site.http.get("/state")).json()["connectors"][1]["id_tag"] == "CARD"
    assert (await site.do("stop", connector_id=2, reason="EmergencyStop")).status_code == 200
    await site.station.until(lambda view: view.connectors[1].status == "Finishing")
    sent = [json.loads(one["text"]) for one in (await site.http.get("/frames")).json() if one["sent"]]
    stops = [frame[3] for frame in sent if frame[0] == 2 and frame[2] == "StopTransaction"]
    assert [stop["reason"] for stop in stops] == ["EmergencyStop"]


async def test_verb_without_a_body_has_its_defaults(site: Site):
    assert (await site.http.post("/verbs/plug")).status_code == 200
    assert site.station.view().connectors[0].plugged


async def test_every_verb_of_the_prompt_is_listed_with_its_arguments(site: Site):
    listed = {one["verb"]: one for one in (await site.http.get("/verbs")).json()}
    assert list(listed) == list(VERBS)
    schema = listed["plug"]["arguments"]
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.validate({"connector_id": 1, "soc_percent": 20.5}, schema)
    for wrong in ({"connector_id": 0}, {"soc_percent": 101}, {"plug": 1}):
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(wrong, schema)
    assert listed["fault"]["arguments"]["required"] == ["error_code"]


async def test_openapi_describes_every_address_and_refers_to_nothing_that_is_not_there(site: Site):
    description = (await site.http.get("/openapi.json")).json()
    assert {"/state", "/frames", "/verbs", "/quit", *(f"/verbs/{name}" for name in VERBS)} == set(
        description["paths"]
    )

    def references(node: Any) -> set[str]:
        if isinstance(node, dict):
            own = {node["$ref"]} if "$ref" in node else set()
            return own.union(*(references(one) for one in node.values()))
        return set().union(*(references(one) for one in node)) if isinstance(node, list) else set()

    named = {f"#/components/schemas/{name}" for name in description["components"]["schemas"]}
    assert references(description) <= named
    schemas = description["components"]["schemas"]
    jsonschema.validate(
        (await site.http.get("/state")).json(),
        {**schemas["StationView"], "components": {"schemas": schemas}},
    )


async def test_what_cannot_be_done_is_refused_in_words(site: Site):
    detail = problem(await site.do("plugg"), 404, "unknown-verb")
    assert detail.startswith("No verb is called 'plugg'; there are plug, unplug,")
    detail = problem(await site.do("plug", connector=1), 422, "invalid-arguments")
    assert detail.startswith("'plug' has no argument 'connector'; it takes connector_id, soc_percent")
    detail = problem(await site.do("plug", connector_id="1"), 422, "invalid-arguments")
    assert detail == "'plug': connector_id: expected `int`, got `str`"
    assert "needs its error code" in problem(await site.do("fault"), 422, "invalid-arguments")
    detail = problem(await site.do("fault", error_code="Broken"), 422, "invalid-arguments")
    assert detail.startswith("no error code is called 'Broken'; there are ConnectorLockFailure")
    detail = problem(await site.do("plug", connector_id=3), 409, "impossible-now")
    assert "connector 3" in detail
    detail = problem(await site.do("stop"), 409, "impossible-now")
    assert detail == "no transaction is running on connector 1"
    assert "no JSON" in problem(await site.http.post("/verbs/plug", content=b"{"), 400, "no-json")
    assert "no JSON object" in problem(await site.http.post("/verbs/plug", json=[1]), 400, "no-object")
    assert "use GET" in problem(await site.http.post("/state"), 405, "wrong-method")
    assert "use POST" in problem(await site.http.get("/verbs/plug"), 405, "wrong-method")
    assert "there are GET /state" in problem(await site.http.get("/stat"), 404, "not-found")
    assert "part of another program" in problem(await site.http.post("/quit"), 409, "not-ours")
    assert "1 MiB" in problem(await site.http.post("/verbs/plug", content=b" " * 1_100_000), 413, "too-large")


async def test_web_pages_of_other_sites_may_not_use_it(site: Site):
    foreign = {"origin": "https://evil.example"}
    detail = problem(await site.http.post("/verbs/plug", headers=foreign), 403, "foreign-origin")
    assert detail == "A web page of https://evil.example may not use this address."
    borrowed = {"host": "evil.example", "origin": "http://evil.example"}
    problem(await site.http.post("/verbs/plug", headers=borrowed), 421, "wrong-host")
    with pytest.raises(websockets.InvalidStatus) as caught:
        async with site.events(origin="https://evil.example"):
            pass
    assert caught.value.response.status_code == 403
    assert not site.station.view().connectors[0].plugged


async def test_all_that_happens_is_streamed_in_order(site: Site):
    async with site.events() as websocket:
        first = json.loads(await websocket.recv())
        assert (first["event"], first["state"]["identity"]) == ("state", IDENTITY)
        await site.do("start")
        seen = await until(
            websocket,
            lambda one: one["event"] == "state" and one["state"]["connectors"][0]["status"] == "Charging",
        )
    happenings = [one["happening"] for one in seen if one["event"] == "happening"]
    assert happenings[:2] == ["CablePlugged", "TagPresented"]
    assert "Answered" in happenings
    assert "Tick" not in happenings
    frames = [(one["sent"], json.loads(one["text"])) for one in seen if one["event"] == "frame"]
    calls = [frame[2] for sent, frame in frames if sent and frame[0] == 2]
    assert calls[:3] == ["StatusNotification", "Authorize", "StartTransaction"]
    answered = [frame[1] for sent, frame in frames if not sent and frame[0] == 3]
    assert answered == [frame[1] for sent, frame in frames if sent and frame[0] == 2][: len(answered)]
    statuses = [one["state"]["connectors"][0]["status"] for one in seen if one["event"] == "state"]
    assert statuses[0] == "Preparing"
    assert all("at" in one for one in seen)


async def test_only_what_is_asked_for_is_streamed(site: Site):
    async with site.events("?only=link,notice") as websocket:
        await site.do("offline")
        await site.do("online")
        seen = await until(websocket, lambda one: one["event"] == "link" and one["up"])
    assert {one["event"] for one in seen} <= {"link", "notice"}
    assert [one["up"] for one in seen if one["event"] == "link"] == [False, True]
    with pytest.raises(websockets.InvalidStatus) as caught:
        async with site.events("?only=frames"):
            pass
    body = json.loads(caught.value.response.body)
    assert body["detail"].startswith("There are no events 'frames'; 'only' takes state, frame,")


async def test_verbs_are_taken_over_the_web_socket_and_answered_by_their_id(site: Site):
    async with site.events("?only=notice") as websocket:

        async def order(text: str) -> dict[str, Any]:
            await websocket.send(text)
            return (await until(websocket, lambda one: one["event"] in ("done", "refused")))[-1]

        done = await order('{"id": 1, "verb": "plug", "arguments": {"connector_id": 2}}')
        assert (done["event"], done["id"]) == ("done", 1)
        assert site.station.view().connectors[1].plugged
        refused = await order('{"id": "a", "verb": "plug", "arguments": {"connector_id": 2}}')
        assert (refused["event"], refused["id"]) == ("refused", "a")
        assert refused["problem"]["detail"] == "a vehicle is plugged into connector 2 already"
        for wrong in ("{", '{"verb": 1}', '{"do": "plug"}', "[]"):
            refused = await order(wrong)
            assert refused["problem"]["type"] == "urn:voltline:problem:no-order"
            assert '"verb": "plug"' in refused["problem"]["detail"]


async def test_quit_ends_what_allows_it():
    asked = asyncio.Event()
    station = SimulatedStation("ws://127.0.0.1:9/ocpp", "ALONE", MADE)
    async with Control(station, asked.set).server() as server, httpx.AsyncClient(base_url=server.url) as http:
        assert (await http.post("/quit")).status_code == 202
    assert asked.is_set()


async def test_server_that_stops_says_so_to_those_who_listen():
    station = SimulatedStation("ws://127.0.0.1:9/ocpp", "ALONE", MADE)
    server = Control(station).server()
    await server.start()
    async with websockets.connect(f"{server.url.replace('http', 'ws')}/events") as websocket:
        await websocket.recv()
        await server.stop()
        with pytest.raises(websockets.ConnectionClosed) as caught:
            await websocket.recv()
    assert caught.value.rcvd is not None
    assert (caught.value.rcvd.code, caught.value.rcvd.reason) == (1001, "stopping")


async def test_one_who_takes_nothing_is_told_no_more_and_dismissed():
    member = Member()
    for number in range(WAITING_TEXTS + 1):
        member.tell(str(number))
    assert member.too_slow
    assert await member.next_text() is None
