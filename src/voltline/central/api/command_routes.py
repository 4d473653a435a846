"""Commands to charge points: every action that a central system may send, its body as in OCPP."""

from __future__ import annotations

import difflib
import json
from collections.abc import Sequence
from http import HTTPStatus
from typing import Annotated, Any

import msgspec
from litestar import Request, Response, post
from litestar.di import NamedDependency
from litestar.params import PathParameter, QueryParameter

from voltline.central.api.job_routes import begin_job
from voltline.central.api.needs import Site
from voltline.central.api.problems import ApiError, Fault
from voltline.central.api.reading_routes import Identity
from voltline.central.api.sending import live_line, require_welcome, send
from voltline.messages import (
    ACTIONS,
    Action,
    Deviation,
    DeviationKind,
    Mode,
    Side,
    encode,
    read_request,
)
from voltline.messages import Request as OcppRequest
from voltline.messages import Response as OcppResponse

COMMANDS = {name: action for name, action in ACTIONS.items() if Side.CENTRAL_SYSTEM in action.sent_by}
"""The actions that may be sent to a charge point, by name."""

WARNINGS_HEADER = "Voltline-Warnings"
"""Names rules of OCPP that a command broke and was sent all the same, as a JSON list of faults in ASCII."""

ActionName = Annotated[str, PathParameter(description="The action's name, as in OCPP.")]
Timeout = Annotated[
    float | None,
    QueryParameter(
        ge=0.1,
        le=3600,
        description="How long the charge point may take to answer, in seconds. If absent, as set.",
    ),
]
Wait = Annotated[
    bool,
    QueryParameter(
        description="false: answer at once with 202 and the id of a job, which will have "
        "the charge point's answer."
    ),
]


class Begun(msgspec.Struct, frozen=True, kw_only=True):
    """A command that is on its way."""

    id: Annotated[str, msgspec.Meta(description="Of the job; GET /api/v1/jobs/{id} tells what came of it.")]


@post(
    "/charge-points/{identity:str}/commands/{action:str}",
    status_code=HTTPStatus.OK,
    operation_id="sendCommand",
    summary="Send a command",
    tags=["Commands"],
)
async def send_command(
    site: NamedDependency[Site],
    request: Request[Any, Any, Any],
    identity: Identity,
    action: ActionName,
    timeout_s: Timeout = None,
    wait: Wait = True,
) -> Response[bytes]:
    """Send a command and wait for the charge point's answer, or not."""
    declared = _declared(action)
    command, warnings = _read(declared, await request.body())
    headers = _warnings_header(warnings)
    if not wait:
        line = await live_line(site, identity)
        require_welcome(line, identity, command)
        job = Begun(id=await begin_job(line, command, timeout_s))
        headers["Location"] = f"/api/v1/jobs/{job.id}"
        return Response(
            msgspec.json.encode(job),
            status_code=HTTPStatus.ACCEPTED,
            media_type="application/json",
            headers=headers,
        )
    answer = await send(site, identity, command, timeout_s=timeout_s)
    return Response(encode(answer), media_type="application/json", headers=headers)


ROUTES = [send_command]


def _declared(name: str) -> Action[Any, Any]:
    declared = COMMANDS.get(name)
    if declared is not None:
        return declared
    if name in ACTIONS:
        detail = f"{name} is sent by charge points, not to them."
    else:
        lowered = {known.lower(): known for known in COMMANDS}
        near = difflib.get_close_matches(name.lower(), lowered, n=1)
        hint = f"; did you mean {lowered[near[0]]}?" if near else "; /api/v1/openapi.json lists all actions."
        detail = f"OCPP 1.6 has no action {name!r}{hint}"
    raise ApiError(HTTPStatus.NOT_FOUND, "unknown-action", "Unknown action", detail)


def _read(action: Action[Any, Any], body: bytes) -> tuple[OcppRequest[OcppResponse], Sequence[Deviation]]:
    """The request in a body, and the rules that it breaks without being invalid.

    Raises ApiError (422) with everything that is wrong. Rules that the JSON schemas do not have, such as
    connectors counting from 1, are for the charge point to judge: the request is sent as it was asked for.
    """
    raw = body or b"{}"
    strict = read_request(action, raw, Mode.STRICT)
    if strict.message is not None:
        return strict.message, ()
    if all(deviation.kind is DeviationKind.RULE for deviation in strict.deviations):
        tolerant = read_request(action, raw, Mode.TOLERANT)
        if tolerant.message is not None:
            return tolerant.message, strict.deviations
    faults = tuple(_fault(deviation) for deviation in strict.deviations)
    count = "one thing is" if len(faults) == 1 else f"{len(faults)} things are"
    raise ApiError(
        HTTPStatus.UNPROCESSABLE_ENTITY,
        "invalid-command",
        "Invalid command",
        f"This is not a valid {action.name} request, {count} wrong with it; nothing was sent.",
        errors=faults,
    )


def _fault(deviation: Deviation) -> Fault:
    return Fault(path=deviation.path, kind=deviation.kind, text=deviation.text)


def _warnings_header(warnings: Sequence[Deviation]) -> dict[str, str]:
    if not warnings:
        return {}
    faults = [{"path": warning.path, "kind": str(warning.kind), "text": warning.text} for warning in warnings]
    return {WARNINGS_HEADER: json.dumps(faults)}
