"""The OpenAPI description says what the API does."""

from collections.abc import Iterator
from typing import Any

import jsonschema
import msgspec
import pytest
from litestar import Litestar
from litestar.testing import TestClient
from tests.unit.central_api.fakes import FakeLines, FakeQueries, FakeWriter, a_station

from voltline.central.api.application import application
from voltline.central.api.needs import Site
from voltline.central.api.openapi_examples import _BODIES
from voltline.messages import ACTIONS, Side

COMMANDS = sorted(name for name, action in ACTIONS.items() if Side.CENTRAL_SYSTEM in action.sent_by)


@pytest.fixture(scope="module")
def app() -> Litestar:
    return application(Site(FakeQueries(a_station()), FakeWriter(), FakeLines()))


@pytest.fixture(scope="module")
def document(app: Litestar) -> dict[str, Any]:
    with TestClient(app) as client:
        response = client.get("/api/v1/openapi.json")
        assert response.headers["content-type"] == "application/json"
        return dict(response.json())


def operations(document: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for path, item in document["paths"].items():
        for method, operation in item.items():
            yield f"{method.upper()} {path}", operation


def everything(node: Any) -> Iterator[dict[str, Any]]:
    if isinstance(node, dict):
        yield node
        for child in node.values():
            yield from everything(child)
    elif isinstance(node, list):
        for child in node:
            yield from everything(child)


def test_every_route_is_described(app: Litestar, document: dict[str, Any]) -> None:
    served = {route.path_format for route in app.routes} - {
        "/api/v1/openapi.json",
        "/api/v1/charge-points/{identity}/commands/{action}",
    }
    described = {path for path in document["paths"] if "/commands/" not in path}
    assert described == served


def test_every_command_has_an_operation_of_its_own(document: dict[str, Any]) -> None:
    prefix = "/api/v1/charge-points/{identity}/commands/"
    found = sorted(path.removeprefix(prefix) for path in document["paths"] if path.startswith(prefix))
    assert found == COMMANDS
    assert len(found) == 26


def test_operation_ids_are_unique(document: dict[str, Any]) -> None:
    ids = [operation["operationId"] for _, operation in operations(document)]
    assert len(ids) == len(set(ids))


def test_every_reference_leads_somewhere_and_no_schema_is_idle(document: dict[str, Any]) -> None:
    prefix = "#/components/schemas/"
    used = {node["$ref"].removeprefix(prefix) for node in everything(document) if "$ref" in node}
    assert used == set(document["components"]["schemas"])


def test_every_error_is_described_as_a_problem(document: dict[str, Any]) -> None:
    for name, operation in operations(document):
        for status, response in operation["responses"].items():
            if not status.startswith("2"):
                assert list(response["content"]) == ["application/problem+json"], (name, status)
                schema = response["content"]["application/problem+json"]["schema"]
                assert schema == {"$ref": "#/components/schemas/Problem"}


def test_every_operation_and_parameter_is_explained(document: dict[str, Any]) -> None:
    for name, operation in operations(document):
        assert operation["summary"], name
        assert operation["description"], name
        for parameter in operation.get("parameters", ()):
            assert parameter["description"], (name, parameter["name"])


@pytest.mark.parametrize("action", COMMANDS)
def test_examples_of_commands_fit_their_schemas(document: dict[str, Any], action: str) -> None:
    operation = document["paths"][f"/api/v1/charge-points/{{identity}}/commands/{action}"]["post"]
    assert {"200", "404", "409", "422", "502", "504"} <= set(operation["responses"])
    contents = (
        operation["requestBody"]["content"]["application/json"],
        operation["responses"]["200"]["content"]["application/json"],
    )
    for content in contents:
        jsonschema.Draft202012Validator(content["schema"] | {"components": document["components"]}).validate(
            msgspec.json.decode(msgspec.json.encode(content["example"]))
        )


def test_every_body_and_every_answer_has_an_example_that_fits(document: dict[str, Any]) -> None:
    components = {"components": document["components"]}
    checked = 0
    for name, operation in operations(document):
        bodies = [operation.get("requestBody", {})]
        bodies += [answer for status, answer in operation["responses"].items() if status.startswith("2")]
        for body in bodies:
            for media_type, content in body.get("content", {}).items():
                if media_type == "application/json":
                    assert "example" in content, name
                    jsonschema.Draft202012Validator(content["schema"] | components).validate(
                        content["example"]
                    )
                    checked += 1
    assert checked > 150


def test_bodies_that_are_written_by_hand_are_of_operations_that_there_are(document: dict[str, Any]) -> None:
    known = {operation["operationId"] for _, operation in operations(document)}
    assert set(_BODIES) <= known


def test_every_path_parameter_has_an_example(document: dict[str, Any]) -> None:
    for name, operation in operations(document):
        for parameter in operation.get("parameters", ()):
            if parameter["in"] == "path":
                jsonschema.Draft202012Validator(parameter["schema"]).validate(parameter["example"])
                assert parameter["example"], name


def test_lists_answer_in_the_described_shape(app: Litestar, document: dict[str, Any]) -> None:
    with TestClient(app) as client:
        for path in ("/healthz", "/api/v1/charge-points", "/api/v1/transactions", "/api/v1/quarantine"):
            operation = document["paths"][path]["get"]
            schema = operation["responses"]["200"]["content"]["application/json"]["schema"]
            jsonschema.Draft202012Validator(schema | {"components": document["components"]}).validate(
                client.get(path).json()
            )
