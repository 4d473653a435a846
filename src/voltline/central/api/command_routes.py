"""Commands to charge points: every action that a central system may send, its body as in OCPP."""

from __future__ import annotations

import asyncio
import difflib
import json
from collections.abc import Sequence
from http import HTTPStatus
from typing import Annotated, Any

from litestar import Request, Response, post
from litestar.di import NamedDependency
from litestar.params import PathParameter, QueryParameter

from voltline.central.api.needs import Line, Site
from voltline.central.api.problems import ApiError, Fault, PeerError
from voltline.central.api.reading_routes import Identity, no_such_charge_point
from voltline.central.domain.stations import Registration
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
from voltline.wire.errors import CallError, CallTimeout, NotConnected, QueueFull, RemoteProtocolError

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
) -> Response[bytes]:
    """Send a command and wait for the charge point's answer."""
    declared = _declared(action)
    command, warnings = _read(declared, await request.body())
    line = site.lines.line(identity)
    if line is None:
        if await asyncio.to_thread(site.queries.station, identity) is None:
            raise no_such_charge_point(identity)
        raise ApiError(
            HTTPStatus.CONFLICT,
            "not-connected",
            "Not connected",
            f"Charge point {identity!r} is not connected; nothing was sent.",
        )
    _require_welcome(line, identity, action)
    answer = await _send(line, identity, action, command, timeout_s)
    return Response(encode(answer), media_type="application/json", headers=_warnings_header(warnings))


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
    raw = body.strip() or b"{}"
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


def _require_welcome(line: Line, identity: str, action: str) -> None:
    """Raise ApiError (409) for what must not be sent to a charge point that is not accepted."""
    waiting = line.registration is Registration.PENDING
    if line.registration is Registration.REJECTED or (
        waiting and action in ("RemoteStartTransaction", "RemoteStopTransaction")
    ):
        raise ApiError(
            HTTPStatus.CONFLICT,
            "not-accepted",
            "Charge point not accepted",
            f"Charge point {identity!r} is {line.registration}: it is not sent {action} (OCPP 1.6, 4.2).",
        )


async def _send(
    line: Line, identity: str, action: str, command: OcppRequest[OcppResponse], timeout_s: float | None
) -> OcppResponse:
    try:
        return await line.call(command, timeout_s=timeout_s)
    except CallError as error:
        raise ApiError(
            HTTPStatus.BAD_GATEWAY,
            "call-error",
            "The charge point answered with an error",
            f"Charge point {identity!r} answered {action} with {error.code}"
            + (f": {error.description}" if error.description else "."),
            call_error=PeerError(code=error.code, description=error.description, details=dict(error.details)),
        ) from error
    except RemoteProtocolError as error:
        raise ApiError(
            HTTPStatus.BAD_GATEWAY,
            "unusable-answer",
            "The charge point's answer cannot be used",
            f"Charge point {identity!r} acted on {action}, perhaps: {error.text}",
            errors=(Fault(path=error.path or "$", kind=error.code, text=error.text),),
        ) from error
    except CallTimeout as error:
        raise ApiError(
            HTTPStatus.GATEWAY_TIMEOUT,
            "no-answer",
            "No answer in time",
            f"Charge point {identity!r} did not answer {action} in time. Whether it acted is not known.",
        ) from error
    except NotConnected as error:
        raise ApiError(
            HTTPStatus.GATEWAY_TIMEOUT,
            "connection-lost",
            "Connection lost",
            f"Charge point {identity!r} was disconnected before it answered {action}; "
            "whether it acted on it is not known.",
        ) from error
    except QueueFull as error:
        raise ApiError(
            HTTPStatus.SERVICE_UNAVAILABLE,
            "queue-full",
            "Too many commands wait",
            f"As many commands as possible wait for charge point {identity!r}; {action} was not sent.",
        ) from error


def _warnings_header(warnings: Sequence[Deviation]) -> dict[str, str]:
    if not warnings:
        return {}
    faults = [{"path": warning.path, "kind": str(warning.kind), "text": warning.text} for warning in warnings]
    return {WARNINGS_HEADER: json.dumps(faults)}
