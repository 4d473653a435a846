"""Query parameters that a route cannot take are refused, each with what is wrong with it."""

from collections.abc import Iterator

import httpx
import pytest
from litestar.testing import TestClient
from tests.unit.central_api.fakes import FakeLines, FakeQueries, FakeWriter, a_station

from voltline.central.api.application import application
from voltline.central.api.needs import Site


@pytest.fixture(scope="module")
def api() -> Iterator[httpx.Client]:
    with TestClient(application(Site(FakeQueries(a_station()), FakeWriter(), FakeLines()))) as client:
        yield client


@pytest.mark.parametrize(
    ("query", "path", "said"),
    [
        ("chargepoint=CP1", "chargepoint", "did you mean charge_point?"),
        ("xyz=1", "xyz", "there are: action, asked_by, charge_point, cursor, format, limit, since"),
        ("limit=1&limit=2", "limit", "given 2 times"),
        ("since=null", "since", "null is no value"),
        ("since=0.5", "since", "no point in time"),
        ("since=1700000000", "since", "no point in time"),
        ("limit=null", "limit", "null is no value"),
        ("format=xml", "format", "give json or csv"),
        ("%00=1", "\x00", "no such parameter"),
    ],
)
def test_a_parameter_that_cannot_be_taken_is_named(
    api: httpx.Client, query: str, path: str, said: str
) -> None:
    response = api.get(f"/api/v1/jobs?{query}")
    assert response.status_code == 400
    (error,) = response.json()["errors"]
    assert error["path"] == path
    assert said in error["text"]


def test_every_parameter_at_fault_is_named(api: httpx.Client) -> None:
    response = api.get("/api/v1/jobs?a=1&b=2&limit=1&limit=1")
    assert [error["path"] for error in response.json()["errors"]] == ["a", "b", "limit"]


def test_a_route_without_parameters_says_so(api: httpx.Client) -> None:
    response = api.get("/api/v1/me?a=1")
    assert response.json()["errors"][0]["text"] == "This route takes no parameters."


def test_the_word_null_is_a_text_like_any_other(api: httpx.Client) -> None:
    assert api.get("/api/v1/jobs?charge_point=null").status_code == 200


@pytest.mark.parametrize("path", ["/api/v1/tokens", "/api/v1/jobs", "/api/v1/tokens/x", "/healthz"])
def test_options_and_refusals_name_the_same_methods(api: httpx.Client, path: str) -> None:
    options = api.options(path)
    assert (options.status_code, options.content) == (204, b"")
    assert options.headers["allow"] == api.request("TRACE", path).headers["allow"]
    assert "OPTIONS" in options.headers["allow"].split(", ")


@pytest.mark.parametrize("number", ["%C2%851", "%201", "1_0", "01", "+1", "%D9%A1", "x"])
def test_a_number_in_the_path_is_written_in_one_way_only(api: httpx.Client, number: str) -> None:
    response = api.get(f"/api/v1/transactions/{number}")
    assert response.status_code == 404
    assert response.json()["type"] == api.get("/api/v1/nothing").json()["type"]
