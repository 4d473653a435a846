"""Commands as they are kept: by whom, when, what came of them; and those that nobody waits for."""

from __future__ import annotations

import asyncio
import contextlib
import re
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Annotated, Any

import msgspec
from litestar import get
from litestar.di import NamedDependency
from litestar.params import PathParameter, QueryParameter
from msgspec import Meta, Raw, Struct

from voltline.central.api.cursors import cursor as _cursor
from voltline.central.api.cursors import hex_position
from voltline.central.api.needs import Line, Site
from voltline.central.api.problems import ApiError
from voltline.central.api.reading_routes import ChargePointFilter, Cursor, Limit
from voltline.central.api.shapes import NextCursor
from voltline.central.domain.commands import Command, CommandFilter, CommandState
from voltline.messages import Request
from voltline.wire.errors import OcppError


class JobView(Struct, frozen=True, kw_only=True):
    """A command to a charge point."""

    id: str
    charge_point: Annotated[str, Meta(description="The charge point's identity.")]
    action: Annotated[str, Meta(description="The action's name, as in OCPP.")]
    payload: Annotated[dict[str, Any], Meta(description="The request, as in OCPP; secrets are masked.")]
    asked_by: Annotated[
        str,
        Meta(
            description="The name of the token that asked for it; local: the API asked nobody who he is; "
            "voltline: it was sent for a purpose of its own, which a colon and its name may follow."
        ),
    ]
    asked_at: datetime
    state: Annotated[
        CommandState,
        Meta(
            description="open: it waits to be sent, or for its answer. answered: the charge point answered, "
            "also where it said no. refused: it answered with a CALLERROR. unusable-answer: it answered "
            "something that cannot be understood. no-answer, connection-lost, interrupted: there is no "
            "answer, and whether it acted is not known. not-sent: it was not sent."
        ),
    ]
    ended_at: datetime | None
    duration_ms: Annotated[
        float | None, Meta(description="From asking to the end, in milliseconds; with the wait for its turn.")
    ]
    answer: Annotated[
        dict[str, Any] | None, Meta(description="The response, as in OCPP; secrets are masked.")
    ]
    error_code: Annotated[str | None, Meta(description="The code of the CALLERROR, or of what is wrong.")]
    error_text: str | None


class JobPage(Struct, frozen=True, kw_only=True):
    """A part of the list of commands."""

    items: list[JobView]
    next_cursor: NextCursor


JobId = Annotated[str, PathParameter(description="The job's id.")]
ActionFilter = Annotated[str | None, QueryParameter(description="Only those of this action.")]
StateFilter = Annotated[
    CommandState | None, QueryParameter(name="state", description="Only those in this state.")
]
AskerFilter = Annotated[str | None, QueryParameter(description="Only those asked for by this name.")]
Since = Annotated[
    datetime | None,
    QueryParameter(description="Only those of this time (RFC 3339) or later; UTC if it has no zone."),
]
Until = Annotated[
    datetime | None,
    QueryParameter(description="Only those before this time (RFC 3339); UTC if it has no zone."),
]


@get("/jobs", sync_to_thread=True, operation_id="listJobs", summary="List commands", tags=["Commands"])
def jobs(
    site: NamedDependency[Site],
    limit: Limit = 100,
    cursor: Cursor = None,
    charge_point: ChargePointFilter = None,
    action: ActionFilter = None,
    in_state: StateFilter = None,
    asked_by: AskerFilter = None,
    since: Since = None,
    until: Until = None,
) -> JobPage:
    """Every command that was sent, or waits to be, newest first; whoever asked for it."""
    only = CommandFilter(
        charge_point=charge_point,
        action=action,
        state=in_state,
        asked_by=asked_by,
        since=in_zone(since),
        until=in_zone(until),
    )
    found = site.queries.commands(before=hex_position(cursor), limit=limit + 1, only=only)
    return JobPage(
        items=[job_view(one) for one in found[:limit]],
        next_cursor=_cursor(found[limit - 1].id) if len(found) > limit else None,
    )


@get(
    "/jobs/{job_id:str}",
    sync_to_thread=True,
    operation_id="getJob",
    summary="Show a command",
    tags=["Commands"],
)
def job(site: NamedDependency[Site], job_id: JobId) -> JobView:
    """One command; its answer, once there is one."""
    found = site.queries.command(job_id) if re.fullmatch("[0-9a-f]{32}", job_id) else None
    if found is None:
        raise ApiError(
            HTTPStatus.NOT_FOUND,
            "unknown-job",
            "Unknown job",
            f"There is no job {job_id!r}; GET /api/v1/jobs lists them.",
        )
    return job_view(found)


ROUTES = [jobs, job]


def job_view(command: Command) -> JobView:
    return JobView(
        id=command.id,
        charge_point=command.charge_point,
        action=command.action,
        payload=_object(command.payload),
        asked_by=command.asked_by,
        asked_at=command.asked_at,
        state=command.state,
        ended_at=command.ended_at,
        duration_ms=command.duration_ms,
        answer=None if command.answer is None else _object(command.answer),
        error_code=command.error_code,
        error_text=command.error_text,
    )


def in_zone(at: datetime | None) -> datetime | None:
    """A point in time that a client named: UTC where it named no zone."""
    return at.replace(tzinfo=UTC) if at is not None and at.tzinfo is None else at


async def begin_job(line: Line, command: Request[Any], timeout_s: float | None) -> str:
    """Have a command sent that nobody waits for; the id under which its end will be found.

    That it was asked for is durable when this returns.
    """
    command_id = await line.record(command)
    task = asyncio.create_task(_send(line, command, timeout_s, command_id), name=f"job {command_id}")
    _running.add(task)
    task.add_done_callback(_running.discard)
    return command_id


_running: set[asyncio.Task[None]] = set()  # the loop itself holds tasks weakly


async def _send(line: Line, command: Request[Any], timeout_s: float | None, command_id: str) -> None:
    with contextlib.suppress(OcppError):  # it is in the record, where the asker looks
        await line.call(command, timeout_s=timeout_s, command_id=command_id)


def _object(raw: Raw) -> dict[str, Any]:
    decoded: dict[str, Any] = msgspec.json.decode(raw)
    return decoded
