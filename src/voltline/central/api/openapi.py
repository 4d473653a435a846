"""The OpenAPI 3.1 description of the API.

The web framework describes what its routes take and give. Added here: one operation for each command,
with the schemas of the catalogue, and the one shape of all errors.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Mapping
from http import HTTPStatus
from importlib.metadata import version
from typing import Any

import msgspec
from litestar import Litestar
from litestar.di import Provide
from litestar.openapi.config import OpenAPIConfig
from litestar.routes import HTTPRoute

from voltline.central.api import (
    certificate_routes,
    data_transfer_routes,
    file_job_routes,
    file_routes,
    finding_routes,
    site_plan_routes,
    site_routes,
)
from voltline.central.api.adjustments import ADJUSTMENTS_HEADER
from voltline.central.api.bodies import BODY
from voltline.central.api.command_routes import COMMANDS, WARNINGS_HEADER, Begun
from voltline.central.api.csv import FORMAT_PARAMETER, FORMATS, is_list
from voltline.central.api.csv import MEDIA_TYPE as CSV
from voltline.central.api.file_routes import BINARY_BODY
from voltline.central.api.openapi_access import describe_access
from voltline.central.api.openapi_examples import describe_examples
from voltline.central.api.problems import MEDIA_TYPE, Problem
from voltline.messages import Action, Payload, encode
from voltline.messages.examples import EXAMPLES
from voltline.messages.json_schema import schema_components

_COMMAND_PATH = "/api/v1/charge-points/{identity}/commands/{action}"
_ABOUT = """\
What charge points of OCPP 1.6J reported, and commands to them.

Errors are `application/problem+json` (RFC 9457). `type` says what kind of problem it is, `errors` lists all
that is wrong with a request. The bodies of commands and of the answers to them are the payloads of OCPP 1.6.
Times are UTC; energy is in Wh; decimal numbers that a meter sent are texts, exactly as sent.
"""
_SENT: dict[int, str] = {
    HTTPStatus.CONFLICT: "The charge point is not connected, or not accepted; nothing was sent.",
    HTTPStatus.BAD_GATEWAY: "The charge point answered with a CALLERROR, which `call_error` holds.",
    HTTPStatus.GATEWAY_TIMEOUT: "The charge point did not answer in time.",
}
_PROBLEMS: Mapping[str, Mapping[int, str]] = {
    "*": {
        HTTPStatus.BAD_REQUEST: "A parameter is not as described.",
        HTTPStatus.SERVICE_UNAVAILABLE: "The database cannot be reached just now.",
    },
    "/readyz": {HTTPStatus.SERVICE_UNAVAILABLE: "What charge points report cannot be stored."},
    "/api/v1/charge-points": {
        HTTPStatus.CONFLICT: "There is such a charge point already, or it cannot be done just now."
    },
    "/api/v1/transactions/{transaction_id}": {HTTPStatus.NOT_FOUND: "There is no such transaction."},
    "/api/v1/transactions/{transaction_id}/meter-values": {
        HTTPStatus.NOT_FOUND: "There is no such transaction."
    },
    "/api/v1/transactions/{transaction_id}/power-curve": {
        HTTPStatus.NOT_FOUND: "There is no such transaction."
    },
    "/api/v1/transactions/{transaction_id}/power-curve.svg": {
        HTTPStatus.NOT_FOUND: "There is no such transaction."
    },
    "/api/v1/transactions/{transaction_id}/close": {
        HTTPStatus.NOT_FOUND: "There is no such transaction, or message in quarantine.",
        HTTPStatus.CONFLICT: "The charge point stopped it itself, or the message does not fit.",
    },
    "/api/v1/quarantine/{quarantine_id}": {HTTPStatus.NOT_FOUND: "There is no such message."},
    "/api/v1/quarantine/{quarantine_id}/attach": {
        HTTPStatus.NOT_FOUND: "There is no such message, or transaction.",
        HTTPStatus.CONFLICT: "The message was repaired before, or does not fit the transaction.",
    },
    "/api/v1/quarantine/{quarantine_id}/discard": {
        HTTPStatus.NOT_FOUND: "There is no such message.",
        HTTPStatus.CONFLICT: "The message was repaired before.",
    },
    "/api/v1/repairs/{repair_id}": {HTTPStatus.NOT_FOUND: "There is no such repair."},
    "/api/v1/id-tags": {HTTPStatus.CONFLICT: "The id tag is registered already."},
    "/api/v1/id-tags/{id_tag}": {HTTPStatus.NOT_FOUND: "The id tag is not registered."},
    "/api/v1/unknown-id-tags/{id_tag}": {HTTPStatus.NOT_FOUND: "The id tag was never seen."},
    "/api/v1/unknown-id-tags/{id_tag}/adopt": {
        HTTPStatus.NOT_FOUND: "The id tag was never seen.",
        HTTPStatus.CONFLICT: "The id tag is registered already.",
    },
    "/api/v1/reservations": _SENT | {HTTPStatus.NOT_FOUND: "There is no such charge point."},
    "/api/v1/reservations/{reservation_id}": _SENT | {HTTPStatus.NOT_FOUND: "There is no such reservation."},
    "/api/v1/charge-points/{identity}/start": _SENT,
    "/api/v1/charge-points/{identity}/charging-profiles": _SENT,
    "/api/v1/charge-points/{identity}/composite-schedule": _SENT,
    "/api/v1/charge-points/{identity}/limit": _SENT
    | {HTTPStatus.CONFLICT: "Not connected or accepted, or the charge point accepted no such profile."},
    "/api/v1/charge-points/{identity}/stop": _SENT
    | {HTTPStatus.CONFLICT: "Not connected or accepted, or there is none or more than one to be stopped."},
    **file_routes.PROBLEMS,
    **file_job_routes.PROBLEMS,
    **certificate_routes.PROBLEMS,
    **data_transfer_routes.PROBLEMS,
    **site_routes.PROBLEMS,
    **site_plan_routes.PROBLEMS,
    **finding_routes.PROBLEMS,
    _COMMAND_PATH: {
        HTTPStatus.NOT_FOUND: "There is no such charge point.",
        HTTPStatus.CONFLICT: "The charge point is not connected, or not accepted; nothing was sent.",
        HTTPStatus.REQUEST_ENTITY_TOO_LARGE: "The body is too large.",
        HTTPStatus.UNPROCESSABLE_ENTITY: "The body is not a valid request; `errors` says all that is wrong.",
        HTTPStatus.BAD_GATEWAY: "The charge point answered with a CALLERROR, which `call_error` holds.",
        HTTPStatus.GATEWAY_TIMEOUT: "The charge point did not answer in time.",
    },
}
_BODY_PROBLEMS: Mapping[int, str] = {
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: "The body is too large.",
    HTTPStatus.UNPROCESSABLE_ENTITY: "The body is not as described; `errors` says all that is wrong with it.",
}

_ADJUSTMENTS = {
    "description": "What was done otherwise than asked for, or has to be known, for the sake of the charge "
    "point's quirks, as a JSON list of objects with `quirk` and `text`.",
    "schema": {"type": "string"},
}
_WARNINGS = {
    "description": "Rules of OCPP that the request breaks, as a JSON list like `errors` of a problem. "
    "It was sent all the same: such rules are for the charge point to judge.",
    "schema": {"type": "string"},
}


_LOCATION = {"description": "Where the job is.", "schema": {"type": "string"}}
_FORMAT = {
    "name": FORMAT_PARAMETER,
    "in": "query",
    "description": "csv: the items as lines of CSV; likewise with `Accept: text/csv`.",
    "schema": {"type": "string", "enum": list(FORMATS), "default": "json"},
}
_LINK = {
    "description": "With CSV, where the list goes on: the address of the next part, with rel=next.",
    "schema": {"type": "string"},
}


def description(routes: list[Any]) -> bytes:
    """The document as JSON. Takes some tens of milliseconds."""
    config = OpenAPIConfig(
        title="Voltline",
        version=version("voltline"),
        description=_ABOUT,
        use_handler_docstrings=True,
    )
    # An application of its own, because one with a description would serve pages of its own under /api/v1.
    described = Litestar(
        routes,
        openapi_config=config,
        logging_config=None,
        dependencies={"site": Provide(_nothing, sync_to_thread=False)},
    )
    document: dict[str, Any] = described.openapi_schema.to_schema()
    schemas = document.setdefault("components", {}).setdefault("schemas", {})
    _tidy(document)
    _describe_bodies(document, schemas, described)
    _describe_files(document, described)
    _describe_lists(document, described)
    _describe_problems(document, schemas)
    describe_access(document, _handled(document, described))
    _describe_commands(document, schemas)
    describe_examples(document)
    return msgspec.json.encode(document)


def _nothing() -> None:
    return


def _tidy(document: dict[str, Any]) -> None:
    """Leave out what says nothing, and null where a parameter may only be absent."""
    for _, operation in _operations(document):
        operation.pop("deprecated", None)
        for response in operation["responses"].values():
            _tidy_file(response)
        for parameter in operation.get("parameters", ()):
            for idle in ("deprecated", "allowEmptyValue", "allowReserved"):
                parameter.pop(idle, None)
            schema = parameter["schema"]
            schema.pop("description", None)
            if "oneOf" in schema:
                (kind,) = (one for one in schema.pop("oneOf") if one != {"type": "null"})
                schema.update(kind)


def _tidy_file(response: dict[str, Any]) -> None:
    """What the framework says of a file has no media type, and a wrong format of its date (RFC 9110)."""
    for header in response.get("headers", {}).values():
        for idle in ("required", "deprecated"):
            header.pop(idle, None)
        header["schema"].pop("format", None)
    if "" in response.get("content", {}):
        response["content"] = {"application/octet-stream": response["content"][""]}


def _describe_bodies(document: dict[str, Any], schemas: dict[str, Any], described: Litestar) -> None:
    """Bodies of routes that say theirs in `opt` (see `bodies`)."""
    for route in described.routes:
        if not isinstance(route, HTTPRoute) or route.path_format not in document["paths"]:
            continue
        for handler in route.route_handlers:
            if (shape := handler.opt.get(BODY)) is None:
                continue
            if isinstance(shape, str):  # a media type: the body is a text of this kind
                for method in handler.http_methods:
                    document["paths"][route.path_format][method.lower()]["requestBody"] = {
                        "required": True,
                        "content": {shape: {"schema": {"type": "string"}}},
                    }
                continue
            (reference,), components = msgspec.json.schema_components(
                [shape], ref_template="#/components/schemas/{name}"
            )
            for name, component in components.items():
                schemas.setdefault(name, component)  # what answers have too is described already
            for method in handler.http_methods:
                if (operation := document["paths"][route.path_format].get(method.lower())) is not None:
                    operation["requestBody"] = {
                        "required": any(field.required for field in msgspec.structs.fields(shape)),
                        "content": {"application/json": {"schema": reference}},
                    }


def _describe_files(document: dict[str, Any], described: Litestar) -> None:
    """Bodies that are files."""
    for operation, handler in _handled(document, described):
        if (text := handler.opt.get(BINARY_BODY)) is not None:
            operation["requestBody"] = {
                "required": True,
                "description": text,
                "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
            }


def _describe_lists(document: dict[str, Any], described: Litestar) -> None:
    """Lists as CSV (see `csv`)."""
    for operation, handler in _handled(document, described):
        if is_list(handler.parsed_fn_signature.return_type.annotation):
            operation.setdefault("parameters", []).append(_FORMAT)
            answered = operation["responses"]["200"]
            answered["content"][CSV] = {"schema": {"type": "string"}}
            answered["headers"] = {"Link": _LINK}


def _handled(document: dict[str, Any], described: Litestar) -> Iterator[tuple[dict[str, Any], Any]]:
    """Operations, each with the route handler that it describes."""
    for route in described.routes:
        if isinstance(route, HTTPRoute) and (item := document["paths"].get(route.path_format)):
            for handler in route.route_handlers:
                for method in handler.http_methods:
                    if (operation := item.get(method.lower())) is not None:
                        yield operation, handler


def _describe_problems(document: dict[str, Any], schemas: dict[str, Any]) -> None:
    (reference,), components = msgspec.json.schema_components(
        [Problem], ref_template="#/components/schemas/{name}"
    )
    _add(schemas, components)
    for path, operation in _operations(document):
        responses = operation["responses"]
        for status in [status for status in responses if status.startswith("4")]:
            del responses[status]
        problems = dict(_PROBLEMS["*"]) | dict(_PROBLEMS.get(path, {}))
        if path.startswith("/api/v1/charge-points/{identity}"):
            problems.setdefault(HTTPStatus.NOT_FOUND, "There is no such charge point.")
        if "requestBody" in operation:
            problems |= _BODY_PROBLEMS
        told: list[tuple[str, str]] = [(str(int(status)), text) for status, text in sorted(problems.items())]
        for key, text in [*told, ("default", "Any other problem.")]:
            responses[key] = {"description": text, "content": {MEDIA_TYPE: {"schema": reference}}}


def _describe_commands(document: dict[str, Any], schemas: dict[str, Any]) -> None:
    """Put one path for each action in the place of the route that serves all of them."""
    template = document["paths"].pop(_COMMAND_PATH)["post"]
    payloads = [payload for action in COMMANDS.values() for payload in (action.request, action.response)]
    references, components = schema_components(payloads)
    _add(schemas, components)
    (begun,), components = msgspec.json.schema_components([Begun], ref_template="#/components/schemas/{name}")
    _add(schemas, components)
    template["responses"]["202"] = {
        "description": "With wait=false: it is on its way; `Location` tells what came of it.",
        "headers": {WARNINGS_HEADER: _WARNINGS, "Location": _LOCATION},
        "content": {"application/json": {"schema": begun}},
    }
    pairs = iter(references)
    for name, action in COMMANDS.items():
        path = _COMMAND_PATH.replace("{action}", name)
        document["paths"][path] = {"post": _command(template, action, next(pairs), next(pairs))}


def _command(
    template: dict[str, Any], action: Action[Any, Any], request: dict[str, Any], response: dict[str, Any]
) -> dict[str, Any]:
    text = inspect.getdoc(action.request) or ""
    asked, told = EXAMPLES[action.name]
    answered = template["responses"]["200"] | {
        "description": inspect.getdoc(action.response) or "The charge point's answer.",
        "headers": {WARNINGS_HEADER: _WARNINGS, ADJUSTMENTS_HEADER: _ADJUSTMENTS},
        "content": {"application/json": {"schema": response, "example": _example(told)}},
    }
    return template | {
        "operationId": f"send{action.name}",
        "summary": action.name,
        "description": f"{text}\n\nFeature profile {action.profile}. Waits for the charge point's answer.",
        "parameters": [one for one in template["parameters"] if one["name"] != "action"],
        "requestBody": {
            "required": bool(msgspec.structs.fields(action.request)),
            "content": {"application/json": {"schema": request, "example": _example(asked)}},
        },
        "responses": template["responses"] | {"200": answered},
    }


def _example(payload: Payload) -> Any:
    return msgspec.json.decode(encode(payload))


def _operations(document: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for path, item in document["paths"].items():
        for operation in item.values():
            if isinstance(operation, dict) and "responses" in operation:
                yield path, operation


def _add(schemas: dict[str, Any], components: Mapping[str, Any]) -> None:
    """Add components; two things must not have one name."""
    for name, component in components.items():
        if schemas.setdefault(name, component) != component:
            raise ValueError(f"two schemas are called {name}")
