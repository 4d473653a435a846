"""Who may use the REST API, as its users meet it."""

import asyncio
import json
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.serving import Serving, serving, start_serving
from tests.system.raw_station import station

from voltline.messages import ACTIONS, Side

PROBLEM = "application/problem+json"


def voltline(*arguments: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "voltline.cli.main", *arguments],
        cwd=cwd,
        capture_output=True,
        text=True,
        timeout=60,
    )


def make_token(data: Path, name: str, role: str, *more: str) -> str:
    run = voltline("token", "add", name, "--role", role, "--data", str(data), *more)
    assert run.returncode == 0, run.stderr
    return run.stdout.strip()


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Serving, dict[str, str]]]:
    """A central system with a token of each role."""
    data = tmp_path_factory.mktemp("serve") / "data"
    tokens = {role: make_token(data, f"the {role}", role) for role in ("viewer", "operator", "admin")}
    with serving(data, "--set", "log.level=debug", "--set", "procedures.after_boot=false") as server:
        yield server, tokens


def client(server: Serving, token: str | None) -> httpx.Client:
    headers = {} if token is None else {"Authorization": f"Bearer {token}"}
    return httpx.Client(base_url=server.http, headers=headers, timeout=30)


def problem(response: httpx.Response) -> tuple[int, str]:
    assert response.headers["content-type"] == PROBLEM
    return response.status_code, response.json()["type"].removeprefix("urn:voltline:problem:")


def operations(api: httpx.Client) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Method, path with something in the place of parameters, and operation of all there is."""
    for path, item in api.get("/api/v1/openapi.json").json()["paths"].items():
        for method, operation in item.items():
            yield method.upper(), re.sub(r"\{[^}]+\}", "1", path), operation


def test_without_a_token_nothing_is_shown_and_nothing_done(
    guarded: tuple[Serving, dict[str, str]],
) -> None:
    server, _ = guarded
    asked = 0
    with client(server, None) as api:
        for method, path, operation in operations(api):
            if operation.get("security") == []:
                continue
            response = api.request(method, path)
            assert problem(response) == (401, "unauthorized"), (method, path)
            assert response.headers["www-authenticate"] == 'Bearer realm="voltline"'
            asked += 1
    assert asked > 60


@pytest.mark.parametrize(
    "header",
    [
        "Bearer x",
        "Bearer",
        "",
        "Basic YTpi",
        "Bearer vlt_000000000000_" + "A" * 43,
        "bearer \x7f",
        "Bearer é",
    ],
)
def test_what_is_no_token_opens_nothing(guarded: tuple[Serving, dict[str, str]], header: str) -> None:
    server, _ = guarded
    with client(server, None) as api:
        response = api.get("/api/v1/me", headers={"Authorization": header.encode("utf-8")})
    assert problem(response) == (401, "unauthorized")


def test_the_description_says_which_role_each_operation_needs_and_the_api_holds_to_it(
    guarded: tuple[Serving, dict[str, str]],
) -> None:
    server, tokens = guarded
    ranks = ["viewer", "operator", "admin"]
    with client(server, tokens["viewer"]) as viewer, client(server, tokens["operator"]) as operator:
        for method, path, operation in operations(viewer):
            if operation["security"] == []:
                continue
            (needed,) = operation["security"][0]["token"]
            for role, api in (("viewer", viewer), ("operator", operator)):
                if ranks.index(role) < ranks.index(needed):
                    assert problem(api.request(method, path)) == (403, "forbidden"), (role, method, path)
            if needed == "viewer" and "events" not in path:
                assert viewer.request(method, path).status_code not in (401, 403), (method, path)


def test_health_is_told_to_everybody(guarded: tuple[Serving, dict[str, str]]) -> None:
    server, _ = guarded
    with client(server, None) as api:
        assert api.get("/healthz").status_code == 200


def test_everybody_learns_who_he_is(guarded: tuple[Serving, dict[str, str]]) -> None:
    server, tokens = guarded
    for role, token in tokens.items():
        with client(server, token) as api:
            assert api.get("/api/v1/me").json() == {"name": f"the {role}", "role": role}


async def test_who_sent_a_command_is_kept(guarded: tuple[Serving, dict[str, str]]) -> None:
    server, tokens = guarded
    headers = {"Authorization": f"Bearer {tokens['operator']}"}
    async with (
        station(server.ocpp, "KEPT") as cp,
        httpx.AsyncClient(base_url=server.http, headers=headers) as api,
    ):
        await cp.boot()
        cp.answers["ClearCache"] = {"status": "Accepted"}
        assert (await api.post("/api/v1/charge-points/KEPT/commands/ClearCache")).status_code == 200
        async with asyncio.timeout(10):
            while not (jobs := (await api.get("/api/v1/jobs?charge_point=KEPT")).json()["items"]):
                await asyncio.sleep(0.01)
    assert [(job["action"], job["asked_by"]) for job in jobs] == [("ClearCache", "the operator")]


async def test_who_repaired_something_is_kept(guarded: tuple[Serving, dict[str, str]]) -> None:
    server, tokens = guarded
    headers = {"Authorization": f"Bearer {tokens['operator']}"}
    start = {"connectorId": 1, "idTag": "T", "meterStart": 0, "timestamp": "2026-03-01T10:00:00Z"}
    async with (
        station(server.ocpp, "LOST") as cp,
        httpx.AsyncClient(base_url=server.http, headers=headers) as api,
    ):
        await cp.boot()
        transaction_id = (await cp.call("StartTransaction", start))["transactionId"]
        closed = await api.post(f"/api/v1/transactions/{transaction_id}/close")
        assert closed.status_code == 200, closed.text
        (repair, *_) = (await api.get("/api/v1/repairs")).json()["items"]
    assert "the operator" in repair.values()


def test_viewers_send_no_commands(guarded: tuple[Serving, dict[str, str]]) -> None:
    server, tokens = guarded
    with client(server, tokens["viewer"]) as api:
        for name, action in ACTIONS.items():
            if Side.CENTRAL_SYSTEM in action.sent_by:
                response = api.post(f"/api/v1/charge-points/CP1/commands/{name}")
                assert problem(response) == (403, "forbidden")


def test_admins_make_and_revoke_tokens_by_the_api(guarded: tuple[Serving, dict[str, str]]) -> None:
    server, tokens = guarded
    with client(server, tokens["admin"]) as api:
        made = api.post("/api/v1/tokens", json={"name": "temp", "role": "viewer", "valid_days": 1})
        assert made.status_code == 201
        with client(server, made.json()["token"]) as temp:
            assert temp.get("/api/v1/me").json() == {"name": "temp", "role": "viewer"}
            assert problem(temp.get("/api/v1/tokens")) == (403, "forbidden")
            again = api.post("/api/v1/tokens", json={"name": "TEMP", "role": "admin"})
            assert problem(again) == (409, "name-taken")
            assert api.delete("/api/v1/tokens/temp").status_code == 204
            assert problem(temp.get("/api/v1/me")) == (401, "unauthorized")
        assert problem(api.delete("/api/v1/tokens/temp")) == (404, "unknown-token")
        listed = {one["name"]: one for one in api.get("/api/v1/tokens").json()["items"]}
        assert not listed["temp"]["usable"]
        assert listed["temp"]["created_by"] == "the admin"
        assert "token" not in listed["temp"]
        for bad in ({}, {"name": "a/b", "role": "viewer"}, {"name": "x", "role": "root"}, {"name": "x"}):
            assert problem(api.post("/api/v1/tokens", json=bad)) == (422, "invalid-body")


def test_a_token_that_the_command_line_revokes_opens_nothing_after_seconds(
    guarded: tuple[Serving, dict[str, str]],
) -> None:
    server, _ = guarded
    token = make_token(server.data, "short", "viewer")
    with client(server, token) as api:
        assert api.get("/api/v1/me").status_code == 200
        assert voltline("token", "revoke", "short", "--data", str(server.data)).returncode == 0
        for _ in range(200):
            if api.get("/api/v1/me").status_code == 401:
                break
            api.get("/healthz")
            time.sleep(0.05)
        else:
            raise AssertionError("it still opens")


def test_tokens_are_in_no_log_and_not_in_the_database(guarded: tuple[Serving, dict[str, str]]) -> None:
    server, tokens = guarded
    with client(server, tokens["admin"]) as api:
        api.get("/api/v1/charge-points")
        api.get("/api/v1/nowhere")
    kept = b"".join(file.read_bytes() for file in server.data.rglob("*") if file.is_file())
    kept += server.data.with_name(server.data.name + ".log").read_bytes()
    for token in tokens.values():
        assert token.encode() not in kept
        assert token[-43:].encode() not in kept


def test_without_tokens_only_this_machine_is_served(tmp_path: Path) -> None:
    run = voltline("serve", "--host=0.0.0.0", "--ocpp-port=0", "--http-port=0", "--data=d", cwd=tmp_path)
    assert (run.returncode, run.stdout) == (1, "")
    (line,) = run.stderr.splitlines()
    assert "cannot listen for the REST API on 0.0.0.0: there is no token yet" in line
    command = re.search(r"(voltline token add NAME --role admin --data d)\b", line)
    assert command is not None
    token = voltline(*command[1].replace("NAME", "me").split()[1:], cwd=tmp_path).stdout.strip()
    server = start_serving(tmp_path / "d", "--host=0.0.0.0")
    try:
        url = server.http.replace("0.0.0.0", "127.0.0.1")
        assert httpx.get(f"{url}/api/v1/me").status_code == 401
        headers = {"Authorization": f"Bearer {token}"}
        assert httpx.get(f"{url}/api/v1/me", headers=headers).json() == {"name": "me", "role": "admin"}
    finally:
        assert server.stop() == 0


def test_without_tokens_another_name_of_this_machine_is_not_served(tmp_path: Path) -> None:
    with serving(tmp_path / "data") as server, client(server, None) as api:
        assert api.get("/api/v1/me").json() == {"name": "local", "role": "admin"}
        for host in ("localhost", "LOCALHOST:80", "127.0.0.1", "[::1]:9", "127.0.0.9:8080"):
            assert api.get("/api/v1/me", headers={"Host": host}).status_code == 200, host
        for host in ("evil.example", "192.0.2.1:8080", "localhost.evil.example", "127.0.0.1.evil.example"):
            response = api.get("/api/v1/me", headers={"Host": host})
            assert problem(response) == (403, "foreign-host"), host
        first = api.post("/api/v1/tokens", json={"name": "first", "role": "admin"}).json()["token"]
        assert problem(api.get("/api/v1/me")) == (401, "unauthorized")
        headers = {"Authorization": f"Bearer {first}", "Host": "ocpp.example"}
        assert api.get("/api/v1/me", headers=headers).json() == {"name": "first", "role": "admin"}


def test_the_command_line_lists_tokens_without_their_secrets(tmp_path: Path) -> None:
    data = str(tmp_path / "data")
    token = make_token(tmp_path / "data", "ci", "operator", "--days", "3")
    again = voltline("token", "add", "CI", "--data", data)
    assert again.returncode == 1
    assert "there is a token 'ci' already" in again.stderr
    listed = voltline("token", "list", "--data", data)
    assert listed.returncode == 0
    assert "ci" in listed.stdout
    assert "until" in listed.stdout
    assert token not in listed.stdout
    assert voltline("token", "revoke", "ci", "--data", data).returncode == 0
    assert voltline("token", "revoke", "ci", "--data", data).returncode == 1
    assert "revoked" in voltline("token", "list", "--data", data).stdout
    assert voltline("token", "add", "a/b", "--data", data).returncode == 2


def test_the_description_is_printed_without_a_server(tmp_path: Path) -> None:
    run = voltline("openapi", cwd=tmp_path)
    assert run.returncode == 0
    assert json.loads(run.stdout)["openapi"].startswith("3.1")
    assert list(tmp_path.iterdir()) == []
