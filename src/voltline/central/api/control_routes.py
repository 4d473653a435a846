"""Plain commands in plain words: reboot, unlock, in and out of service, trigger, clear the cache."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from enum import StrEnum
from http import HTTPStatus
from typing import Annotated, Any

from litestar import Request, post
from litestar.di import NamedDependency
from msgspec import Meta, Struct, field

from voltline.central.api.adjustments import Adjustments, adjustment_views
from voltline.central.api.bodies import BODY, invalid_body, read_body
from voltline.central.api.foresight import (
    configured,
    connector_warnings,
    profile_warnings,
    running_warnings,
)
from voltline.central.api.needs import Site
from voltline.central.api.problems import Fault
from voltline.central.api.reading_routes import Identity
from voltline.central.api.sending import send
from voltline.central.domain.stations import Station
from voltline.messages import (
    UNSET,
    AvailabilityType,
    ChangeAvailability,
    ClearCache,
    ExtendedMessageTrigger,
    ExtendedTriggerMessage,
    MessageTrigger,
    Reset,
    ResetType,
    TriggerMessage,
    UnlockConnector,
)

_LARGEST_CONNECTOR = 2**31 - 1

Connector = Annotated[
    int, Meta(ge=1, le=_LARGEST_CONNECTOR, description="The connector, from 1.", examples=[1])
]


class RebootType(StrEnum):
    SOFT = "soft"
    HARD = "hard"


class Reboot(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How to reboot."""

    type: Annotated[
        RebootType,
        Meta(description="soft: transactions are stopped gracefully first. hard: at once, all hardware."),
    ] = RebootType.SOFT


class Unlock(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which cable to let go."""

    connector: Connector


class Availability(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What to take in or out of service."""

    operative: Annotated[bool, Meta(description="true: in service; false: out of it.")]
    connector: Annotated[
        int,
        Meta(
            ge=0,
            le=_LARGEST_CONNECTOR,
            description="The connector, from 1; 0: the charge point with all its connectors.",
        ),
    ] = 0


class TriggeredMessage(StrEnum):
    """What can be triggered: MessageTrigger, and what ExtendedTriggerMessage has beyond it."""

    BOOT_NOTIFICATION = "BootNotification"
    DIAGNOSTICS_STATUS_NOTIFICATION = "DiagnosticsStatusNotification"
    FIRMWARE_STATUS_NOTIFICATION = "FirmwareStatusNotification"
    HEARTBEAT = "Heartbeat"
    LOG_STATUS_NOTIFICATION = "LogStatusNotification"
    METER_VALUES = "MeterValues"
    SIGN_CHARGE_POINT_CERTIFICATE = "SignChargePointCertificate"
    STATUS_NOTIFICATION = "StatusNotification"


class Trigger(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which message the charge point is to send now."""

    message: Annotated[TriggeredMessage, Meta(description="The message.", examples=["StatusNotification"])]
    connector: Annotated[
        int | None,
        Meta(description="The connector that it is to be about; null: all. 0: the charge point itself."),
    ] = None
    extended: Annotated[
        bool | None,
        Meta(
            description="true: by ExtendedTriggerMessage of the security whitepaper, which means "
            "SignedFirmwareStatusNotification by FirmwareStatusNotification. false: by TriggerMessage. "
            "null: by whichever has the message, TriggerMessage first."
        ),
    ] = None


class Told(Struct, frozen=True, kw_only=True):
    """What the charge point answered."""

    status: Annotated[str, Meta(description="The status of its answer, as in OCPP.")]
    warnings: Annotated[
        list[str], Meta(description="What spoke against the command; it was sent all the same.")
    ]
    adjustments: Adjustments = field(default_factory=adjustment_views)


@post(
    "/charge-points/{identity:str}/reboot",
    status_code=HTTPStatus.OK,
    operation_id="reboot",
    summary="Reboot a charge point",
    tags=["Control"],
    opt={BODY: Reboot},
)
async def reboot(site: NamedDependency[Site], request: Request[Any, Any, Any], identity: Identity) -> Told:
    """Send Reset; the charge point answers before it reboots."""
    body = await read_body(request, Reboot)
    effect = "the reboot ends it"
    warnings = await _foreseen(site, identity, lambda station: running_warnings(site, station, 0, effect))
    kind = ResetType.HARD if body.type is RebootType.HARD else ResetType.SOFT
    answer = await send(site, identity, Reset(type=kind))
    return Told(status=answer.status, warnings=warnings)


@post(
    "/charge-points/{identity:str}/unlock",
    status_code=HTTPStatus.OK,
    operation_id="unlock",
    summary="Unlock a connector",
    tags=["Control"],
    opt={BODY: Unlock},
)
async def unlock(site: NamedDependency[Site], request: Request[Any, Any, Any], identity: Identity) -> Told:
    """Send UnlockConnector, for a cable that is stuck. To end a transaction, stop it instead."""
    body = await read_body(request, Unlock)

    def foreseen(station: Station) -> list[str]:
        effect = "unlocking ends it; stopping it is the proper way"
        return [
            *connector_warnings(site, station, body.connector),
            *running_warnings(site, station, body.connector, effect),
        ]

    warnings = await _foreseen(site, identity, foreseen)
    answer = await send(site, identity, UnlockConnector(connector_id=body.connector))
    return Told(status=answer.status, warnings=warnings)


@post(
    "/charge-points/{identity:str}/availability",
    status_code=HTTPStatus.OK,
    operation_id="changeAvailability",
    summary="Take in or out of service",
    tags=["Control"],
    opt={BODY: Availability},
)
async def availability(
    site: NamedDependency[Site], request: Request[Any, Any, Any], identity: Identity
) -> Told:
    """Send ChangeAvailability. Scheduled: it will be done when the transaction has ended."""
    body = await read_body(request, Availability)
    warnings = await _foreseen(
        site, identity, lambda station: connector_warnings(site, station, body.connector)
    )
    kind = AvailabilityType.OPERATIVE if body.operative else AvailabilityType.INOPERATIVE
    answer = await send(site, identity, ChangeAvailability(connector_id=body.connector, type=kind))
    return Told(status=answer.status, warnings=warnings)


@post(
    "/charge-points/{identity:str}/trigger",
    status_code=HTTPStatus.OK,
    operation_id="trigger",
    summary="Have a message sent",
    tags=["Control"],
    opt={BODY: Trigger},
)
async def trigger(site: NamedDependency[Site], request: Request[Any, Any, Any], identity: Identity) -> Told:
    """Have the charge point send a message now; it is stored when it comes, as always."""
    body = await read_body(request, Trigger)
    command = _trigger_of(body)
    warnings = await _foreseen(
        site, identity, lambda station: profile_warnings(configured(site, station), type(command))
    )
    if isinstance(command, ExtendedTriggerMessage):
        status = (await send(site, identity, command)).status
    else:
        status = (await send(site, identity, command)).status
    return Told(status=status, warnings=warnings)


@post(
    "/charge-points/{identity:str}/clear-cache",
    status_code=HTTPStatus.OK,
    operation_id="clearCache",
    summary="Clear the authorization cache",
    tags=["Control"],
)
async def clear_cache(site: NamedDependency[Site], identity: Identity) -> Told:
    """Send ClearCache: the charge point forgets which id tags it was told about, but for its local list."""

    def foreseen(station: Station) -> list[str]:
        values = configured(site, station)
        if values and (values.get("authorizationcacheenabled") or "").strip().lower() != "true":
            return ["AuthorizationCacheEnabled is not true: the charge point has no cache, or it is off"]
        return []

    warnings = await _foreseen(site, identity, foreseen)
    answer = await send(site, identity, ClearCache())
    return Told(status=answer.status, warnings=warnings)


ROUTES = [reboot, unlock, availability, trigger, clear_cache]


async def _foreseen(site: Site, identity: str, warnings: Callable[[Station], list[str]]) -> list[str]:
    def ask() -> list[str]:
        station = site.queries.station(identity)
        return [] if station is None else warnings(station)

    return await asyncio.to_thread(ask)


def _trigger_of(body: Trigger) -> TriggerMessage | ExtendedTriggerMessage:
    """Raises ApiError (422) for what neither command can ask for."""
    plain = {word.value for word in MessageTrigger}
    by_extended = body.message.value not in plain if body.extended is None else body.extended
    faults = []
    known = {word.value for word in ExtendedMessageTrigger} if by_extended else plain
    if body.message.value not in known:
        command = "ExtendedTriggerMessage" if by_extended else "TriggerMessage"
        text = f"{command} cannot ask for {body.message}; leave extended out."
        faults.append(Fault(path="$.message", kind="invalid_value", text=text))
    least = 1 if by_extended else 0  # TRG-07 knows 0 too, EXT-04 does not
    if body.connector is not None and not least <= body.connector <= _LARGEST_CONNECTOR:
        text = f"Expected a connector from {least} on, or nothing."
        faults.append(Fault(path="$.connector", kind="invalid_value", text=text))
    if faults:
        raise invalid_body(*faults)
    connector = UNSET if body.connector is None else body.connector
    if by_extended:
        return ExtendedTriggerMessage(
            requested_message=ExtendedMessageTrigger(body.message), connector_id=connector
        )
    return TriggerMessage(requested_message=MessageTrigger(body.message), connector_id=connector)
