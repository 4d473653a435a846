"""Starting and stopping transactions from afar, in plain words."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from enum import StrEnum
from http import HTTPStatus
from typing import Annotated, Any

import msgspec
from litestar import Request, post
from litestar.di import NamedDependency
from litestar.params import QueryParameter
from msgspec import Meta, Raw, Struct

from voltline.central.api.bodies import BODY, invalid_body, read_body
from voltline.central.api.foresight import connector_warnings
from voltline.central.api.id_tag_shapes import TagText
from voltline.central.api.needs import Site
from voltline.central.api.problems import ApiError, Fault
from voltline.central.api.reading_routes import Identity
from voltline.central.api.sending import answer_of, live_line, require_welcome
from voltline.central.api.station_routes import station_of
from voltline.central.api.transaction_shapes import TransactionView, transaction_view
from voltline.central.api.writing import write
from voltline.central.domain.stations import Station, StationKey
from voltline.central.domain.transactions import Transaction
from voltline.central.services.ports import UnitOfWork
from voltline.messages import (
    UNSET,
    ChargingProfile,
    ChargingProfileKind,
    ChargingProfilePurpose,
    ChargingRateUnit,
    ChargingSchedule,
    ChargingSchedulePeriod,
    Mode,
    RemoteStartStopStatus,
    RemoteStartTransaction,
    RemoteStopTransaction,
    action_of,
    encode,
    read_request,
)

_LARGEST = 2**31 - 1
_LOOK_EVERY_S = 0.1
_ACCEPTED = RemoteStartStopStatus.ACCEPTED

Limit = Annotated[float, Meta(ge=0, le=1e9)]


class RemoteStart(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What to start. At most one of `limit_a`, `limit_w` and `charging_profile` may be there."""

    id_tag: TagText
    connector: Annotated[
        Annotated[int, Meta(ge=1, le=_LARGEST)] | None,
        Meta(description="The connector, from 1; null: the charge point chooses, or rejects."),
    ] = None
    limit_a: Annotated[
        Limit | None, Meta(description="Most that the transaction may draw, in A a phase; one decimal.")
    ] = None
    limit_w: Annotated[
        Limit | None, Meta(description="Most that the transaction may draw, in W; one decimal.")
    ] = None
    charging_profile: Annotated[
        dict[str, Any] | None,
        Meta(description="A ChargingProfile as in OCPP: a TxProfile without transactionId."),
    ] = None


class RemoteStop(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What to stop; nothing: the one transaction that runs on the charge point."""

    transaction_id: Annotated[
        Annotated[int, Meta(ge=-(2**63), le=2**63 - 1)] | None, Meta(description="Its id.")
    ] = None
    connector: Annotated[
        Annotated[int, Meta(ge=0, le=_LARGEST)] | None, Meta(description="The connector on which it runs.")
    ] = None


class RemoteAnswer(Struct, frozen=True, kw_only=True):
    """What the charge point answered, and what came of it as far as that was waited for."""

    status: Annotated[
        str, Meta(description="Accepted: it will try. Whether it succeeds only the transaction shows.")
    ]
    transaction: Annotated[
        TransactionView | None,
        Meta(
            description="With wait=transaction: the one that was started or stopped; null: that did not "
            "happen in time. Otherwise what was to be stopped, as far as it is known."
        ),
    ]
    warnings: Annotated[
        list[str], Meta(description="What spoke against the command; it was sent all the same.")
    ]


class Waiting(StrEnum):
    ANSWER = "answer"
    TRANSACTION = "transaction"


Wait = Annotated[
    Waiting,
    QueryParameter(description="answer: for the charge point's answer. transaction: also for what follows."),
]
Timeout = Annotated[
    float,
    QueryParameter(ge=0.1, le=600, description="How long to wait for the transaction, in seconds."),
]


@post(
    "/charge-points/{identity:str}/start",
    status_code=HTTPStatus.OK,
    operation_id="startCharging",
    summary="Start a transaction",
    tags=["Control"],
    opt={BODY: RemoteStart},
)
async def start(
    site: NamedDependency[Site],
    request: Request[Any, Any, Any],
    identity: Identity,
    wait: Wait = Waiting.ANSWER,
    timeout_s: Timeout = 60.0,
) -> RemoteAnswer:
    """Send RemoteStartTransaction; with wait=transaction wait until the transaction has started as well."""
    body = await read_body(request, RemoteStart)
    command = _start_command(body)
    line = await live_line(site, identity)
    require_welcome(line, identity, command)

    def look() -> tuple[int, list[str]]:
        station = station_of(site, identity)
        page = site.queries.transactions(identity=identity, limit=1)
        return page.items[0].id if page.items else 0, _foreseen(site, station, body)

    newest, warnings = await asyncio.to_thread(look)
    if body.limit_a is not None or body.limit_w is not None:
        # One of its own: a profile replaces the one with the same id.
        command = _start_command(body, await write(site, _free_profile_id, line.key))
    answer = await answer_of(line, identity, command)
    begun = None
    if wait is Waiting.TRANSACTION and answer.status == _ACCEPTED:
        begun = await _awaited(lambda: _begun(site, identity, body, newest), timeout_s)
    return RemoteAnswer(
        status=answer.status,
        transaction=None if begun is None else transaction_view(begun),
        warnings=warnings,
    )


@post(
    "/charge-points/{identity:str}/stop",
    status_code=HTTPStatus.OK,
    operation_id="stopCharging",
    summary="Stop a transaction",
    tags=["Control"],
    opt={BODY: RemoteStop},
)
async def stop(
    site: NamedDependency[Site],
    request: Request[Any, Any, Any],
    identity: Identity,
    wait: Wait = Waiting.ANSWER,
    timeout_s: Timeout = 60.0,
) -> RemoteAnswer:
    """Send RemoteStopTransaction; with wait=transaction wait until the transaction has stopped as well."""
    body = await read_body(request, RemoteStop)
    line = await live_line(site, identity)
    sent, known, warnings = await asyncio.to_thread(_to_be_stopped, site, identity, body)
    command = RemoteStopTransaction(transaction_id=sent)
    require_welcome(line, identity, command)
    answer = await answer_of(line, identity, command)
    if wait is Waiting.TRANSACTION and answer.status == _ACCEPTED and known is not None:
        running = known.id
        known = await _awaited(lambda: _ended(site, running), timeout_s)
    return RemoteAnswer(
        status=answer.status,
        transaction=None if known is None else transaction_view(known),
        warnings=warnings,
    )


ROUTES = [start, stop]


def _start_command(body: RemoteStart, profile_id: int = 1) -> RemoteStartTransaction:
    """`profile_id` is for a profile that is made of a plain limit.

    Raises ApiError (422) for a profile that must not be sent with it (RTX-09, RTX-10)."""
    given = [one for one in (body.limit_a, body.limit_w, body.charging_profile) if one is not None]
    if len(given) > 1:
        text = "Give at most one of limit_a, limit_w and charging_profile."
        raise invalid_body(Fault(path="$.charging_profile", kind="invalid_value", text=text))
    plain = RemoteStartTransaction(
        id_tag=body.id_tag,
        connector_id=UNSET if body.connector is None else body.connector,
        charging_profile=_limit_profile(body, profile_id),
    )
    raw = encode(plain)
    if body.charging_profile is not None:
        fields = msgspec.json.decode(raw, type=dict[str, Raw])
        raw = msgspec.json.encode(fields | {"chargingProfile": body.charging_profile})
    reading = read_request(action_of(plain), raw, Mode.STRICT)
    faults = [
        Fault(path=one.path.replace("$.chargingProfile", "$.charging_profile"), kind=one.kind, text=one.text)
        for one in reading.deviations
    ]
    command = reading.message
    if isinstance(command, RemoteStartTransaction) and command.charging_profile is not UNSET:
        faults += _profile_faults(command.charging_profile)
    if faults or not isinstance(command, RemoteStartTransaction):
        raise invalid_body(*faults)
    return command


def _profile_faults(profile: ChargingProfile) -> list[Fault]:
    faults = []
    if profile.charging_profile_purpose != ChargingProfilePurpose.TX_PROFILE:
        text = "With a remote start the purpose is TxProfile (OCPP 1.6, 5.11)."
        path = "$.charging_profile.chargingProfilePurpose"
        faults.append(Fault(path=path, kind="rule", text=text))
    if profile.transaction_id is not UNSET:
        text = "With a remote start there is no transactionId yet (OCPP 1.6, 5.16.2)."
        faults.append(Fault(path="$.charging_profile.transactionId", kind="rule", text=text))
    return faults


def _free_profile_id(unit: UnitOfWork, station: StationKey) -> int:
    return unit.charging_profiles.next_profile_id(station)


def _limit_profile(body: RemoteStart, profile_id: int) -> Any:
    if body.limit_a is not None:
        limit, unit = body.limit_a, ChargingRateUnit.A
    elif body.limit_w is not None:
        limit, unit = body.limit_w, ChargingRateUnit.W
    else:
        return UNSET
    return ChargingProfile(
        charging_profile_id=profile_id,
        stack_level=0,
        charging_profile_purpose=ChargingProfilePurpose.TX_PROFILE,
        charging_profile_kind=ChargingProfileKind.RELATIVE,
        charging_schedule=ChargingSchedule(
            charging_rate_unit=unit,
            charging_schedule_period=[ChargingSchedulePeriod(start_period=0, limit=limit)],
        ),
    )


def _foreseen(site: Site, station: Station, body: RemoteStart) -> list[str]:
    warnings = [] if body.connector is None else connector_warnings(site, station, body.connector)
    for state in site.queries.connectors([station.key]).get(station.key, ()):
        if state.connector_id == body.connector and state.status in ("Charging", "Faulted", "Unavailable"):
            warnings.append(f"connector {body.connector} is {state.status}")
    return warnings


def _begun(site: Site, identity: str, body: RemoteStart, newest: int) -> Transaction | None:
    page = site.queries.transactions(
        identity=identity, id_tag=body.id_tag, connector_id=body.connector, limit=20
    )
    return next((one for one in reversed(page.items) if one.id > newest), None)


def _ended(site: Site, transaction_id: int) -> Transaction | None:
    found = site.queries.transaction(transaction_id)
    return found if found is not None and found.stop is not None else None


def _to_be_stopped(site: Site, identity: str, body: RemoteStop) -> tuple[int, Transaction | None, list[str]]:
    """The id to be sent, the transaction where it is known, and warnings. Raises ApiError (409, 422)."""
    if body.transaction_id is not None:
        found = site.queries.transaction(body.transaction_id)
        mine = found is not None and found.identity.casefold() == identity.casefold()
        if found is None or not mine:
            return body.transaction_id, None, [f"it has no transaction {body.transaction_id} here"]
        over = [] if found.stop is None else [f"transaction {found.id} has ended already"]
        return _id_at_station(found), found, over
    page = site.queries.transactions(identity=identity, active=True, connector_id=body.connector, limit=20)
    if len(page.items) == 1:
        return _id_at_station(page.items[0]), page.items[0], []
    where = "" if body.connector is None else f" on connector {body.connector}"
    if not page.items:
        detail = f"No transaction runs on charge point {identity!r}{where}; nothing was sent."
    else:
        running = ", ".join(f"{one.id} on connector {one.start.connector_id}" for one in page.items)
        detail = f"More than one transaction runs on charge point {identity!r}: say which of {running}."
    raise ApiError(HTTPStatus.CONFLICT, "no-such-transaction", "No such transaction", detail)


def _id_at_station(transaction: Transaction) -> int:
    """A charge point that did not get our id uses one of its own."""
    sent = transaction.sent_id
    return transaction.id if sent is None or sent <= 0 else sent


async def _awaited(look: Callable[[], Transaction | None], timeout_s: float) -> Transaction | None:
    """What this finds, as soon as it finds it; None: not within this time. It blocks, on a worker thread."""
    try:
        async with asyncio.timeout(timeout_s):
            while True:
                if (found := await asyncio.to_thread(look)) is not None:
                    return found
                await asyncio.sleep(_LOOK_EVERY_S)
    except TimeoutError:
        return None
