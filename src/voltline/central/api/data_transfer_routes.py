"""Messages of a vendor's own: sending them, what was exchanged, how those of charge points are answered."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from http import HTTPStatus
from typing import Annotated, Any, Literal

from litestar import Request, Response, delete, get, post, put
from litestar.di import NamedDependency
from litestar.params import PathParameter, QueryParameter
from msgspec import UNSET, Meta, Struct

from voltline.base.clock import SystemClock
from voltline.central.api.bodies import BODY, read_body
from voltline.central.api.command_routes import Timeout
from voltline.central.api.cursors import number_position
from voltline.central.api.message_routes import Since, Until, in_utc
from voltline.central.api.needs import Site
from voltline.central.api.problems import ApiError
from voltline.central.api.reading_routes import ChargePointFilter, Cursor, Identity, Limit
from voltline.central.api.sending import send
from voltline.central.api.shapes import NextCursor
from voltline.central.api.station_routes import next_cursor, views
from voltline.central.api.writing import write
from voltline.central.domain.data_transfer import Direction, NewRule, RuleAnswer, Transfer, TransferRule
from voltline.central.services import data_transfer
from voltline.messages import DataTransfer

PROBLEMS: Mapping[str, Mapping[int, str]] = {
    "/api/v1/charge-points/{identity}/data-transfer": {
        HTTPStatus.CONFLICT: "The charge point is not connected, or not accepted; nothing was sent.",
        HTTPStatus.BAD_GATEWAY: "The charge point answered with a CALLERROR, which `call_error` holds.",
        HTTPStatus.GATEWAY_TIMEOUT: "The charge point did not answer in time.",
    },
    "/api/v1/data-transfer-rules": {HTTPStatus.CONFLICT: "There is a rule for the same messages."},
    "/api/v1/data-transfer-rules/{rule_id}": {
        HTTPStatus.NOT_FOUND: "There is no such rule.",
        HTTPStatus.CONFLICT: "There is another rule for the same messages.",
    },
}

_now = SystemClock().now

RuleId = Annotated[int, PathParameter(description="The rule's id.")]
VendorFilter = Annotated[
    str | None, QueryParameter(description="Only those with this vendor id, in any case.")
]
MessageFilter = Annotated[
    str | None, QueryParameter(description="Only those with this message id, in any case.")
]
DirectionFilter = Annotated[
    Direction | None, QueryParameter(description="received: from charge points; sent: to them.")
]
AnswerStatus = Literal["Accepted", "Rejected", "UnknownMessageId", "UnknownVendorId"]
VendorId = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=255,
        description="Who defines the message; best a DNS name turned around.",
        examples=["com.example"],
    ),
]
MessageId = (
    Annotated[str, Meta(min_length=1, max_length=50, description="Which of the vendor's messages it is.")]
    | None
)


class NewDataTransfer(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A message of a vendor's own, to a charge point."""

    vendor_id: VendorId
    message_id: MessageId = None
    data: Annotated[str | None, Meta(description="Of any length; JSON only as text.")] = None


class DataTransferAnswer(Struct, frozen=True, kw_only=True):
    """What the charge point answered."""

    status: Annotated[str, Meta(description="DataTransferStatus as sent.")]
    data: str | None


class RuleBody(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How messages of a vendor are answered."""

    vendor_id: VendorId
    message_id: (
        Annotated[
            str,
            Meta(
                min_length=1,
                max_length=50,
                description="Which of the vendor's messages; null: all that no other rule names.",
            ),
        ]
        | None
    ) = None
    url: (
        Annotated[
            str,
            Meta(
                max_length=2000,
                pattern=r"^https?://[!-~]+$",
                description='Asked by POST of {"charge_point", "vendor_id", "message_id", "data"}; answers '
                '{"status", "data"}. null: the answer is the one below.',
                examples=["http://127.0.0.1:7000/ocpp"],
            ),
        ]
        | None
    ) = None
    timeout_s: Annotated[float, Meta(ge=0.1, le=25, description="How long the URL may take, in seconds.")] = (
        5.0
    )
    status: Annotated[
        AnswerStatus,
        Meta(description="What is answered; with a URL, what is answered when that gives no usable answer."),
    ] = "Rejected"
    data: Annotated[str, Meta(max_length=1_000_000, description="Answered with it.")] | None = None
    note: Annotated[str, Meta(max_length=1000, description="For whoever reads the list.")] | None = None

    @property
    def rule(self) -> NewRule:
        return NewRule(
            vendor_id=self.vendor_id,
            message_id=self.message_id,
            url=self.url,
            timeout_s=self.timeout_s,
            answer=RuleAnswer(status=self.status, data=self.data),
            note=self.note,
        )


class RuleView(Struct, frozen=True, kw_only=True):
    """How messages of a vendor are answered."""

    id: int
    vendor_id: str
    message_id: str | None
    url: str | None
    timeout_s: float
    status: str
    data: str | None
    note: str | None
    created_at: datetime
    changed_at: datetime


class TransferView(Struct, frozen=True, kw_only=True):
    """A message of a vendor's own, and how it was answered."""

    id: int
    charge_point: str
    direction: Direction
    vendor_id: str
    message_id: str | None
    data: str | None
    status: Annotated[str, Meta(description="What was answered.")]
    answer_data: str | None
    route: Annotated[
        str | None,
        Meta(description="What answered: handler, rule 7, url of rule 7; null: nothing knew the message."),
    ]
    problem: Annotated[str | None, Meta(description="Why handler or URL gave no usable answer.")]
    at: datetime


class TransferPage(Struct, frozen=True, kw_only=True):
    """A part of the list of messages."""

    items: list[TransferView]
    next_cursor: NextCursor


class RulePage(Struct, frozen=True, kw_only=True):
    """A part of the list of rules."""

    items: list[RuleView]
    next_cursor: NextCursor


@post(
    "/charge-points/{identity:str}/data-transfer",
    status_code=HTTPStatus.OK,
    operation_id="transferData",
    summary="Send a message of a vendor's own",
    tags=["Data transfer"],
    opt={BODY: NewDataTransfer},
)
async def transfer_data(
    site: NamedDependency[Site],
    request: Request[Any, Any, Any],
    identity: Identity,
    timeout_s: Timeout = None,
) -> DataTransferAnswer:
    """Send DataTransfer and wait for the answer."""
    body = await read_body(request, NewDataTransfer)
    command = DataTransfer(
        vendor_id=body.vendor_id,
        message_id=UNSET if body.message_id is None else body.message_id,
        data=UNSET if body.data is None else body.data,
    )
    answer = await send(site, identity, command, timeout_s=timeout_s)
    return DataTransferAnswer(status=str(answer.status), data=None if answer.data is UNSET else answer.data)


@get(
    "/data-transfers",
    sync_to_thread=True,
    operation_id="listDataTransfers",
    summary="List messages of vendors' own",
    tags=["Data transfer"],
)
def list_transfers(
    site: NamedDependency[Site],
    limit: Limit = 100,
    cursor: Cursor = None,
    charge_point: ChargePointFilter = None,
    vendor_id: VendorFilter = None,
    message_id: MessageFilter = None,
    direction: DirectionFilter = None,
    since: Since = None,
    until: Until = None,
) -> TransferPage:
    """DataTransfer messages both ways with their answers, newest first."""
    found = site.queries.data_transfers(
        before=number_position(cursor),
        limit=limit + 1,
        identity=charge_point,
        vendor_id=vendor_id,
        message_id=message_id,
        direction=direction,
        since=in_utc(since),
        until=in_utc(until),
    )
    return TransferPage(items=views(found, _transfer_view, limit), next_cursor=next_cursor(found, limit))


@get(
    "/data-transfer-rules",
    sync_to_thread=True,
    operation_id="listDataTransferRules",
    summary="List rules for messages of vendors' own",
    tags=["Data transfer"],
)
def list_rules(
    site: NamedDependency[Site], limit: Limit = 100, cursor: Cursor = None, vendor_id: VendorFilter = None
) -> RulePage:
    """How DataTransfer of charge points is answered, where no program is registered for it."""
    found = site.queries.data_transfer_rules(
        after=number_position(cursor), limit=limit + 1, vendor_id=vendor_id
    )
    return RulePage(items=views(found, _rule_view, limit), next_cursor=next_cursor(found, limit))


@get(
    "/data-transfer-rules/{rule_id:int}",
    sync_to_thread=True,
    operation_id="getDataTransferRule",
    summary="Show a rule",
    tags=["Data transfer"],
)
def get_rule(site: NamedDependency[Site], rule_id: RuleId) -> RuleView:
    """One rule."""
    found = site.queries.data_transfer_rule(rule_id)
    if found is None:
        raise _no_such_rule(rule_id)
    return _rule_view(found)


@post(
    "/data-transfer-rules",
    status_code=HTTPStatus.CREATED,
    operation_id="addDataTransferRule",
    summary="Add a rule",
    tags=["Data transfer"],
    opt={BODY: RuleBody},
)
async def add_rule(site: NamedDependency[Site], request: Request[Any, Any, Any]) -> Response[RuleView]:
    """Have messages of a vendor answered like this, from the next one on."""
    body = await read_body(request, RuleBody)
    made = await write(site, data_transfer.add_rule, body.rule, _now())
    if made is None:
        raise _taken(body)
    return Response(_rule_view(made), status_code=HTTPStatus.CREATED)


@put(
    "/data-transfer-rules/{rule_id:int}",
    operation_id="replaceDataTransferRule",
    summary="Replace a rule",
    tags=["Data transfer"],
    opt={BODY: RuleBody},
)
async def replace_rule(
    site: NamedDependency[Site], request: Request[Any, Any, Any], rule_id: RuleId
) -> RuleView:
    """Put another rule in the place of this one."""
    body = await read_body(request, RuleBody)
    try:
        made = await write(site, data_transfer.change_rule, rule_id, body.rule, _now())
    except LookupError:
        raise _no_such_rule(rule_id) from None
    if made is None:
        raise _taken(body)
    return _rule_view(made)


@delete(
    "/data-transfer-rules/{rule_id:int}",
    status_code=HTTPStatus.NO_CONTENT,
    operation_id="removeDataTransferRule",
    summary="Remove a rule",
    tags=["Data transfer"],
)
async def remove_rule(site: NamedDependency[Site], rule_id: RuleId) -> None:
    """Messages that it was for are answered by another rule, or as unknown, from the next one on."""
    if not await write(site, data_transfer.remove_rule, rule_id):
        raise _no_such_rule(rule_id)


ROUTES = [transfer_data, list_transfers, list_rules, get_rule, add_rule, replace_rule, remove_rule]


def _no_such_rule(rule_id: int) -> ApiError:
    return ApiError(
        HTTPStatus.NOT_FOUND,
        "unknown-rule",
        "Unknown rule",
        f"There is no rule {rule_id}; GET /api/v1/data-transfer-rules lists them.",
    )


def _taken(body: RuleBody) -> ApiError:
    what = "all other messages" if body.message_id is None else f"message {body.message_id!r}"
    return ApiError(
        HTTPStatus.CONFLICT,
        "rule-exists",
        "Rule exists",
        f"There is a rule for {what} of vendor {body.vendor_id!r} already.",
    )


def _transfer_view(one: Transfer) -> TransferView:
    return TransferView(
        id=one.id,
        charge_point=one.charge_point,
        direction=one.direction,
        vendor_id=one.vendor_id,
        message_id=one.message_id,
        data=one.data,
        status=one.status,
        answer_data=one.answer_data,
        route=one.route,
        problem=one.problem,
        at=one.at,
    )


def _rule_view(rule: TransferRule) -> RuleView:
    return RuleView(
        id=rule.id,
        vendor_id=rule.vendor_id,
        message_id=rule.message_id,
        url=rule.url,
        timeout_s=rule.timeout_s,
        status=rule.answer.status,
        data=rule.answer.data,
        note=rule.note,
        created_at=rule.created_at,
        changed_at=rule.changed_at,
    )
