"""The control API of a simulated station as an OpenAPI 3.1 description, made from the table of verbs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

import voltline
from voltline.station.simulator.verbs import Verb
from voltline.station.simulator.view import StationView
from voltline.transport.json_server import Problem

_SCHEMAS = "#/components/schemas/{name}"
_REFUSALS = {
    "409": "It cannot be done as things stand.",
    "422": "An argument is missing, unknown or of the wrong kind.",
}


def openapi(verbs: Mapping[str, Verb]) -> dict[str, Any]:
    """The whole description."""
    actions = [verb.action for verb in verbs.values()]
    _, schemas = msgspec.json.schema_components([StationView, Problem, *actions], ref_template=_SCHEMAS)
    for verb in verbs.values():
        # The verb stands in the address.
        _without_tag(schemas[verb.action.__name__])
    frame = {
        "type": "object",
        "properties": {
            "at": {"type": "string", "format": "date-time"},
            "sent": {"type": "boolean", "description": "By the station."},
            "text": {"type": "string", "description": "As it is on the wire."},
        },
        "required": ["at", "sent", "text"],
    }
    any_object = {"type": "object"}
    paths: dict[str, Any] = {
        "/state": {"get": _operation("getState", "The station as it is now", _reference(StationView))},
        "/frames": {"get": _operation("listFrames", "The last frames, oldest first", _list_of(frame))},
        "/verbs": {"get": _operation("listVerbs", "What can be done to the station", _list_of(any_object))},
        "/quit": {"post": _operation("quit", "End transactions and leave", any_object, "202")},
    }
    for verb in verbs.values():
        paths[f"/verbs/{verb.name}"] = {"post": _verb(verb)}
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Voltline station control",
            "version": voltline.__version__,
            "description": "Drives one simulated charge point. All that happens to it is streamed by "
            "WebSocket at /events.",
        },
        "paths": paths,
        "components": {"schemas": schemas},
    }


def _without_tag(schema: dict[str, Any]) -> None:
    del schema["properties"]["verb"]
    schema["required"] = [name for name in schema["required"] if name != "verb"]
    schema["additionalProperties"] = False


def _verb(verb: Verb) -> dict[str, Any]:
    done = {
        "type": "object",
        "properties": {"done": {"const": verb.name}, "state": _reference(StationView)},
        "required": ["done", "state"],
    }
    operation = _operation(
        f"do_{verb.name.replace('-', '_')}", verb.help.rstrip("."), done, refusals=_REFUSALS
    )
    needed = any(argument.required for argument in verb.arguments)
    operation["requestBody"] = {"required": needed, "content": _content(_reference(verb.action))}
    return operation


def _operation(
    name: str,
    summary: str,
    answer: dict[str, Any],
    status: str = "200",
    refusals: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    responses: dict[str, Any] = {status: {"description": summary, "content": _content(answer)}}
    for code, text in (refusals or {}).items():
        content = {"application/problem+json": {"schema": _reference(Problem)}}
        responses[code] = {"description": text, "content": content}
    return {"operationId": name, "summary": summary, "responses": responses}


def _content(schema: dict[str, Any]) -> dict[str, Any]:
    return {"application/json": {"schema": schema}}


def _list_of(item: dict[str, Any]) -> dict[str, Any]:
    return {"type": "array", "items": item}


def _reference(struct: type[Any]) -> dict[str, Any]:
    return {"$ref": _SCHEMAS.format(name=struct.__name__)}
