"""The REST API against fakes: what no running system gets to show."""

from collections.abc import Iterator

import httpx
import pytest
from litestar.testing import TestClient
from tests.unit.central_api.fakes import (
    UNAVAILABLE,
    FakeLine,
    FakeLines,
    FakeQueries,
    FakeWriter,
    a_station,
)

from voltline.central.api.application import application
from voltline.central.api.needs import Site
from voltline.central.domain.stations import Registration
from voltline.messages import ResetResponse, ResetStatus
from voltline.wire.errors import QueueFull

RESET = "/api/v1/charge-points/CP1/commands/Reset"


@pytest.fixture
def queries() -> FakeQueries:
    return FakeQueries(a_station())


@pytest.fixture
def writer() -> FakeWriter:
    return FakeWriter()


@pytest.fixture
def lines() -> FakeLines:
    return FakeLines()


@pytest.fixture
def api(queries: FakeQueries, writer: FakeWriter, lines: FakeLines) -> Iterator[httpx.Client]:
    app = application(Site(queries, writer, lines))
    with TestClient(app, raise_server_exceptions=False) as client:
        yield client


def problem(response: httpx.Response) -> tuple[int, str]:
    assert response.headers["content-type"] == "application/problem+json"
    return response.status_code, response.json()["type"].removeprefix("urn:voltline:problem:")


@pytest.mark.parametrize("path", ["charge-points", "charge-points/CP1", "transactions"])
def test_database_that_cannot_be_read_is_503(api: httpx.Client, queries: FakeQueries, path: str) -> None:
    queries.failure = UNAVAILABLE
    response = api.get(f"/api/v1/{path}")
    assert problem(response) == (503, "database-unavailable")
    assert "disk full" in response.json()["detail"]


def test_unexpected_failure_is_500_that_tells_no_secrets(
    api: httpx.Client, queries: FakeQueries, caplog: pytest.LogCaptureFixture
) -> None:
    queries.failure = RuntimeError("password is hunter2")
    response = api.get("/api/v1/charge-points")
    assert problem(response) == (500, "internal-server-error")
    assert "hunter2" not in response.text
    assert "GET /api/v1/charge-points failed" in caplog.text


def test_health_follows_the_writer(api: httpx.Client, writer: FakeWriter) -> None:
    assert api.get("/readyz").json() == {"status": "ok", "waiting": 0, "connected": 0}
    writer.last_error = "no space left on device"
    response = api.get("/readyz")
    assert problem(response) == (503, "database-unavailable")
    assert "no space left on device" in response.json()["detail"]


@pytest.mark.requirement("BOO-12")
def test_rejected_charge_point_is_sent_nothing(api: httpx.Client, lines: FakeLines) -> None:
    line = lines.lines["CP1"] = FakeLine(None, Registration.REJECTED)
    assert problem(api.post(RESET, json={"type": "Soft"})) == (409, "not-accepted")
    assert line.commands == []


def test_too_many_waiting_commands_are_503(api: httpx.Client, lines: FakeLines) -> None:
    lines.lines["CP1"] = FakeLine(QueueFull("100 wait"))
    assert problem(api.post(RESET, json={"type": "Soft"})) == (503, "queue-full")


def test_a_word_that_ocpp_does_not_know_comes_back_as_it_is(api: httpx.Client, lines: FakeLines) -> None:
    lines.lines["CP1"] = FakeLine(ResetResponse(status=ResetStatus.unknown("Later")))
    response = api.post(RESET, json={"type": "Soft"})
    assert (response.status_code, response.json()) == (200, {"status": "Later"})


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://testserver.local:81"])
def test_web_pages_of_other_sites_cannot_command(api: httpx.Client, lines: FakeLines, origin: str) -> None:
    line = lines.lines["CP1"] = FakeLine(ResetResponse(status=ResetStatus.ACCEPTED))
    response = api.post(RESET, content=b'{"type": "Hard"}', headers={"Origin": origin})
    assert problem(response) == (403, "foreign-origin")
    assert line.commands == []
    own = {"Origin": "http://testserver.local", "Host": "testserver.local"}
    assert api.post(RESET, content=b'{"type": "Hard"}', headers=own).status_code == 200


def test_body_beyond_the_limit_is_413(api: httpx.Client) -> None:
    response = api.post(RESET, content=b" " * 11_000_000)
    assert problem(response)[0] == 413


def test_a_list_ends_with_a_cursor_only_if_there_is_more(api: httpx.Client, queries: FakeQueries) -> None:
    queries.known = (a_station("A"), a_station("B"))
    assert api.get("/api/v1/charge-points?limit=2").json()["next_cursor"] is None
    assert api.get("/api/v1/charge-points?limit=1").json()["next_cursor"] is not None


@pytest.mark.parametrize("cursor", ["!", "=", "%00", "a", "é", "LTE", "MS41", "OTk5OTk5OTk5OTk5OTk5OTk5OTk"])
def test_cursor_that_was_not_given_out_is_400(api: httpx.Client, cursor: str) -> None:
    assert problem(api.get("/api/v1/transactions", params={"cursor": cursor})) == (400, "invalid-parameters")
