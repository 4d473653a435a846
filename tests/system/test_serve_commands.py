"""Commands by REST reach the charge point, and each way they can fail has its own answer."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator

import httpx
import pytest
from tests.serving import Serving, serving
from tests.system.raw_station import RawStation, station

PROBLEM = "application/problem+json"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    flags = ("--set", "procedures.after_boot=false")  # nothing is sent but what a test asks for
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


def command(action: str, identity: str = "CP1") -> str:
    return f"/api/v1/charge-points/{identity}/commands/{action}"


def problem(response: httpx.Response) -> tuple[int, str]:
    """Status and kind of a problem; checks that it is one."""
    body = response.json()
    assert response.headers["content-type"] == PROBLEM
    assert body["status"] == response.status_code
    assert body["title"]
    assert body["detail"]
    return response.status_code, body["type"].removeprefix("urn:voltline:problem:")


async def test_a_command_is_sent_as_asked_and_its_answer_comes_back(
    api: httpx.AsyncClient, cp: RawStation
) -> None:
    answer = {
        "configurationKey": [{"key": "HeartbeatInterval", "readonly": False, "value": "300"}],
        "unknownKey": ["Nope"],
    }
    cp.answers["GetConfiguration"] = answer
    asked = {"key": ["HeartbeatInterval", "Nope"]}
    response = await api.post(command("GetConfiguration"), json=asked)
    assert (response.status_code, response.json()) == (200, answer)
    assert response.headers["content-type"] == "application/json"
    assert "voltline-warnings" not in response.headers
    assert cp.received == [("GetConfiguration", asked)]


async def test_a_command_without_fields_needs_no_body(api: httpx.AsyncClient, cp: RawStation) -> None:
    cp.answers["ClearCache"] = {"status": "Rejected"}
    response = await api.post(command("ClearCache"))
    assert (response.status_code, response.json()) == (200, {"status": "Rejected"})
    assert cp.received == [("ClearCache", {})]


async def test_unknown_charge_point_is_404(api: httpx.AsyncClient) -> None:
    response = await api.post(command("ClearCache", "NOBODY"))
    assert problem(response) == (404, "unknown-charge-point")


async def test_unknown_action_is_404_and_suggests_what_was_meant(api: httpx.AsyncClient) -> None:
    response = await api.post(command("UnlockConector"), json={"connectorId": 1})
    assert problem(response) == (404, "unknown-action")
    assert "did you mean UnlockConnector?" in response.json()["detail"]


async def test_an_action_that_only_charge_points_send_is_404(api: httpx.AsyncClient, cp: RawStation) -> None:
    response = await api.post(command("BootNotification"), json={})
    assert problem(response) == (404, "unknown-action")
    assert cp.received == []


async def test_charge_point_that_is_not_connected_is_409(server: Serving, api: httpx.AsyncClient) -> None:
    async with station(server.ocpp, "GONE") as visitor:
        await visitor.boot()
    async with asyncio.timeout(10):
        while (await api.get("/api/v1/charge-points/GONE")).json()["online"]:
            await asyncio.sleep(0.01)
    response = await api.post(command("ClearCache", "gone"))
    assert problem(response) == (409, "not-connected")


async def test_invalid_body_is_422_with_everything_that_is_wrong(
    api: httpx.AsyncClient, cp: RawStation
) -> None:
    body = {"connectorId": "one", "expiryDate": "tomorrow", "idTag": "X" * 21, "colour": 1}
    response = await api.post(command("ReserveNow"), json=body)
    assert problem(response) == (422, "invalid-command")
    errors = response.json()["errors"]
    assert {(error["path"], error["kind"]) for error in errors} == {
        ("$.connectorId", "wrong_type"),
        ("$.expiryDate", "bad_timestamp"),
        ("$.idTag", "too_long"),
        ("$.colour", "unknown_field"),
        ("$.reservationId", "missing"),
    }
    assert all(error["text"] for error in errors)
    assert cp.received == []


@pytest.mark.parametrize(
    "body",
    [b"{", b"[]", b" ", b"\n", b"\x0b", b"\x0c{}", b'{"type": "Soft", "type": "Hard"}', b"\xff", b"null"],
)
async def test_body_that_is_no_proper_json_object_is_422(
    api: httpx.AsyncClient, cp: RawStation, body: bytes
) -> None:
    response = await api.post(command("Reset"), content=body)
    assert problem(response) == (422, "invalid-command")
    assert response.json()["errors"]
    assert cp.received == []


async def test_a_rule_that_no_schema_has_is_left_to_the_charge_point(
    api: httpx.AsyncClient, cp: RawStation
) -> None:
    cp.answers["UnlockConnector"] = {"status": "NotSupported"}
    response = await api.post(command("UnlockConnector"), json={"connectorId": 0})
    assert (response.status_code, response.json()) == (200, {"status": "NotSupported"})
    assert cp.received == [("UnlockConnector", {"connectorId": 0})]
    (warning,) = json.loads(response.headers["voltline-warnings"])
    assert (warning["path"], warning["kind"]) == ("$.connectorId", "rule")


async def test_call_error_is_502_with_its_fields(api: httpx.AsyncClient, cp: RawStation) -> None:
    cp.answers["Reset"] = ["InternalError", "no memory", {"free": 0}]
    response = await api.post(command("Reset"), json={"type": "Soft"})
    assert problem(response) == (502, "call-error")
    assert response.json()["call_error"] == {
        "code": "InternalError",
        "description": "no memory",
        "details": {"free": 0},
    }


async def test_answer_that_cannot_be_used_is_502(api: httpx.AsyncClient, cp: RawStation) -> None:
    cp.answers["Reset"] = {"state": "Accepted"}
    response = await api.post(command("Reset"), json={"type": "Soft"})
    assert problem(response) == (502, "unusable-answer")


async def test_no_answer_in_time_is_504(api: httpx.AsyncClient, cp: RawStation) -> None:
    response = await api.post(command("Reset"), json={"type": "Soft"}, params={"timeout_s": 0.2})
    assert problem(response) == (504, "no-answer")
    assert cp.received == [("Reset", {"type": "Soft"})]


async def test_connection_that_ends_before_the_answer_is_504(api: httpx.AsyncClient, cp: RawStation) -> None:
    asked = asyncio.create_task(api.post(command("Reset"), json={"type": "Hard"}))
    async with asyncio.timeout(10):
        while not cp.received:
            await asyncio.sleep(0.001)
    await cp.leave()
    assert problem(await asked) == (504, "connection-lost")


async def test_commands_to_one_charge_point_are_sent_one_after_the_other(
    api: httpx.AsyncClient, cp: RawStation
) -> None:
    cp.answers["ClearCache"] = {"status": "Accepted"}
    cp.answers["GetLocalListVersion"] = {"listVersion": 3}
    answers = await asyncio.gather(
        *(api.post(command(action)) for action in ("ClearCache", "GetLocalListVersion") * 5)
    )
    assert [answer.json() for answer in answers] == [{"status": "Accepted"}, {"listVersion": 3}] * 5


@pytest.mark.requirement("FRM-16")
async def test_a_charge_point_is_answered_while_it_owes_an_answer(
    api: httpx.AsyncClient, cp: RawStation
) -> None:
    asked = asyncio.create_task(api.post(command("Reset"), json={"type": "Soft"}, params={"timeout_s": 0.5}))
    async with asyncio.timeout(10):
        while not cp.received:
            await asyncio.sleep(0.001)
    assert "currentTime" in await cp.call("Heartbeat")
    assert (await asked).status_code == 504


@pytest.mark.parametrize(
    ("method", "path", "expected"),
    [
        ("GET", "/nowhere", (404, "not-found")),
        ("GET", "/api/v1/nowhere", (404, "not-found")),
        ("GET", "/api/v1/charge-points/NOBODY", (404, "unknown-charge-point")),
        ("GET", "/api/v1/transactions/999999", (404, "unknown-transaction")),
        ("GET", "/api/v1/transactions/99999999999999999999999", (404, "unknown-transaction")),
        ("GET", "/api/v1/transactions/one", (404, "not-found")),
        ("GET", "/api/v1/transactions/999999/meter-values", (404, "unknown-transaction")),
        ("GET", "/api/v1/transactions?limit=0", (400, "invalid-parameters")),
        ("GET", "/api/v1/transactions?active=perhaps&limit=many", (400, "invalid-parameters")),
        ("GET", "/api/v1/charge-points?cursor=%21", (400, "invalid-parameters")),
        ("DELETE", "/api/v1/transactions", (405, "method-not-allowed")),
        ("GET", "/api/v1/charge-points/CP1/commands/Reset", (405, "method-not-allowed")),
    ],
)
async def test_every_error_is_a_problem(
    api: httpx.AsyncClient, method: str, path: str, expected: tuple[int, str]
) -> None:
    response = await api.request(method, path)
    assert problem(response) == expected
    if expected[0] == 405:
        assert response.headers["allow"]


async def test_health_and_description_are_there(api: httpx.AsyncClient, cp: RawStation) -> None:
    health = (await api.get("/healthz")).json()
    assert (health["status"], health["connected"]) == ("ok", 1)
    description = (await api.get("/api/v1/openapi.json")).json()
    assert description["openapi"].startswith("3.1")
