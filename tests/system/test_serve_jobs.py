"""Every command is kept, and need not be waited for."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from typing import Any

import httpx
import pytest
from tests.serving import Serving, serving, start_serving
from tests.system.raw_station import RawStation, station

NO_PROCEDURES = ("--set", "procedures.after_boot=false")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    with serving(tmp_path_factory.mktemp("serve") / "data", *NO_PROCEDURES) as running:
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


async def ended(api: httpx.AsyncClient, location: str) -> dict[str, Any]:
    """The job, once it is not open any more."""
    async with asyncio.timeout(10):
        while (job := (await api.get(location)).json())["state"] == "open":
            await asyncio.sleep(0.01)
    return dict(job)


async def newest(api: httpx.AsyncClient, **filters: str) -> dict[str, Any]:
    """The newest job of these, once it is stored and has ended."""
    async with asyncio.timeout(10):
        while not (
            found := (await api.get("/api/v1/jobs", params={"limit": "1", **filters})).json()["items"]
        ):
            await asyncio.sleep(0.01)
    return await ended(api, f"/api/v1/jobs/{found[0]['id']}")


async def newest_id(api: httpx.AsyncClient) -> str | None:
    items = (await api.get("/api/v1/jobs?limit=1&action=Reset")).json()["items"]
    return str(items[0]["id"]) if items else None


async def test_a_command_that_is_not_waited_for_becomes_a_job_that_has_its_answer(
    api: httpx.AsyncClient, cp: RawStation
) -> None:
    response = await api.post(command("Reset"), json={"type": "Soft"}, params={"wait": "false"})
    assert response.status_code == 202
    location = response.headers["location"]
    assert location == f"/api/v1/jobs/{response.json()['id']}"
    job = (await api.get(location)).json()
    assert (job["state"], job["answer"], job["ended_at"]) == ("open", None, None)
    async with asyncio.timeout(10):
        while not cp.received:
            await asyncio.sleep(0.001)
    (message_id,) = cp.unanswered
    await cp.socket.send_str(json.dumps([3, message_id, {"status": "Accepted"}]))
    job = await ended(api, location)
    assert (job["state"], job["answer"]) == ("answered", {"status": "Accepted"})
    assert (job["charge_point"], job["action"], job["payload"]) == ("CP1", "Reset", {"type": "Soft"})
    assert job["asked_by"] == "local"
    assert 0 < job["duration_ms"] < 10_000
    assert job["asked_at"] <= job["ended_at"]


async def test_a_command_that_is_waited_for_is_kept_as_well(api: httpx.AsyncClient, cp: RawStation) -> None:
    cp.answers["ClearCache"] = {"status": "Rejected"}
    await api.post(command("ClearCache"))
    job = await newest(api, action="ClearCache")
    assert (job["state"], job["payload"], job["answer"]) == ("answered", {}, {"status": "Rejected"})


@pytest.mark.parametrize(
    ("answer", "state", "code", "text"),
    [
        (["GenericError", "no", {}], "refused", "GenericError", "no"),
        ({"state": "Accepted"}, "unusable-answer", "ProtocolError", "cannot be used"),
    ],
)
async def test_what_came_of_a_command_is_kept_whatever_it_was(
    api: httpx.AsyncClient, cp: RawStation, answer: Any, state: str, code: str, text: str
) -> None:
    cp.answers["Reset"] = answer
    before = await newest_id(api)
    assert (await api.post(command("Reset"), json={"type": "Hard"})).status_code == 502
    async with asyncio.timeout(10):  # it is stored soon, not at once
        while await newest_id(api) == before:
            await asyncio.sleep(0.01)
    job = await newest(api)
    assert (job["state"], job["answer"], job["error_code"]) == (state, None, code)
    assert text in job["error_text"]


async def test_a_command_without_answer_is_kept_as_that(api: httpx.AsyncClient, cp: RawStation) -> None:
    asked = await api.post(command("Reset"), json={"type": "Hard"}, params={"timeout_s": 0.1, "wait": False})
    assert (await ended(api, asked.headers["location"]))["state"] == "no-answer"
    asked = await api.post(command("Reset"), json={"type": "Hard"}, params={"wait": False})
    async with asyncio.timeout(10):
        while len(cp.received) < 2:
            await asyncio.sleep(0.001)
    await cp.leave()
    assert (await ended(api, asked.headers["location"]))["state"] == "connection-lost"


async def test_a_job_for_a_charge_point_that_is_not_connected_is_refused_at_once(
    api: httpx.AsyncClient,
) -> None:
    response = await api.post(command("ClearCache", "NOBODY"), params={"wait": "false"})
    assert response.status_code == 404


async def test_jobs_are_listed_newest_first_by_parts_and_filters(
    api: httpx.AsyncClient, cp: RawStation
) -> None:
    cp.answers["GetLocalListVersion"] = {"listVersion": 1}
    for _ in range(3):
        await api.post(command("GetLocalListVersion"))
    answered = {"action": "GetLocalListVersion", "state": "answered"}
    async with asyncio.timeout(10):
        while len((await api.get("/api/v1/jobs", params=answered)).json()["items"]) < 3:
            await asyncio.sleep(0.01)
    found: list[str] = []
    cursor: dict[str, str] = {}
    while True:
        page = (await api.get("/api/v1/jobs", params={"limit": "2", **cursor})).json()
        found += [item["id"] for item in page["items"]]
        if page["next_cursor"] is None:
            break
        cursor = {"cursor": page["next_cursor"]}
    assert found == sorted(found, reverse=True)
    assert len(set(found)) == len(found) > 3
    only = {"charge_point": "cp1", "action": "GetLocalListVersion", "state": "answered", "asked_by": "local"}
    assert len((await api.get("/api/v1/jobs", params=only)).json()["items"]) >= 3
    nothing = ({"charge_point": "X"}, {"state": "open"}, {"asked_by": "x"}, {"until": "2020-01-01T00:00:00"})
    for empty in nothing:
        assert (await api.get("/api/v1/jobs", params=empty)).json()["items"] == []
    later = {"since": "2020-01-01T00:00:00", "limit": "1"}
    assert len((await api.get("/api/v1/jobs", params=later)).json()["items"]) == 1


async def test_a_list_of_jobs_is_csv_too(api: httpx.AsyncClient, cp: RawStation) -> None:
    cp.answers["ClearCache"] = {"status": "Accepted"}
    await api.post(command("ClearCache"))
    await newest(api, action="ClearCache")
    lines = (
        await api.get("/api/v1/jobs?limit=1&action=ClearCache", headers={"Accept": "text/csv"})
    ).text.splitlines()
    assert lines[0].startswith("id,charge_point,action,payload,asked_by,")
    assert ",CP1,ClearCache,{},local," in lines[1]


async def test_unknown_jobs_are_404(api: httpx.AsyncClient) -> None:
    for job_id in ("x", "0" * 32, "%00", "é"):
        assert (await api.get(f"/api/v1/jobs/{job_id}")).status_code == 404
    assert (await api.get("/api/v1/jobs", params={"cursor": "YWJj"})).status_code == 400


async def test_secrets_are_masked_in_what_is_kept(
    server: Serving, api: httpx.AsyncClient, cp: RawStation
) -> None:
    cp.answers["ChangeConfiguration"] = {"status": "Accepted"}
    cp.answers["GetDiagnostics"] = {}
    secret = "0123456789abcdef0123456789abcdef01234567"
    await api.post(command("ChangeConfiguration"), json={"key": "authorizationkey", "value": secret})
    assert cp.received == [("ChangeConfiguration", {"key": "authorizationkey", "value": secret})]
    job = await newest(api, action="ChangeConfiguration")
    assert job["payload"] == {"key": "authorizationkey", "value": "***"}
    await api.post(command("GetDiagnostics"), json={"location": "ftp://me:hunter2@files.example/x"})
    job = await newest(api, action="GetDiagnostics")
    assert job["payload"] == {"location": "ftp://me:***@files.example/x"}


async def test_a_command_that_was_open_when_voltline_was_killed_is_interrupted(tmp_path: Any) -> None:
    server = start_serving(tmp_path / "data", *NO_PROCEDURES)
    async with station(server.ocpp) as cp, httpx.AsyncClient(base_url=server.http) as api:
        await cp.boot()
        response = await api.post(command("Reset"), json={"type": "Soft"}, params={"wait": "false"})
        server.kill()
    with serving(tmp_path / "data", *NO_PROCEDURES) as again:
        async with httpx.AsyncClient(base_url=again.http) as api:
            assert (await ended(api, response.headers["location"]))["state"] == "interrupted"
