"""What charge points are set to, what they should be set to, and how that went."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any

from litestar import Request, get, post, put
from litestar.di import NamedDependency
from msgspec import Meta, Struct

from voltline.base.clock import SystemClock
from voltline.base.ids import folded
from voltline.central.api.bodies import BODY, invalid_body, read_body
from voltline.central.api.cursors import number_position
from voltline.central.api.needs import Site
from voltline.central.api.problems import Fault
from voltline.central.api.reading_routes import Cursor, Identity, Limit
from voltline.central.api.sending import failures_told, live_line, require_welcome
from voltline.central.api.shapes import NextCursor
from voltline.central.api.station_routes import next_cursor, station_of, views
from voltline.central.api.writing import write
from voltline.central.domain.configuration import (
    DesiredKey,
    DesiredState,
    KnownKey,
    PastChange,
    is_secret,
    list_warning,
    warnings,
)
from voltline.central.domain.stations import Station
from voltline.central.procedures.configuration import NAME, ConfigurationKeeper
from voltline.central.services import configuration
from voltline.messages import (
    ACTIONS,
    CONFIGURATION_KEYS,
    ChangeConfiguration,
    DeviationKind,
    GetConfiguration,
    Mode,
    encode,
    read_request,
)

_now = SystemClock().now
_CHANGE = ACTIONS["ChangeConfiguration"]


class DesiredKeyView(Struct, frozen=True, kw_only=True):
    """A value that the charge point should have, and how far that is."""

    key: str
    value: str
    state: Annotated[
        DesiredState,
        Meta(
            description="pending: to be sent. set: the charge point has it. reboot-required: in force after "
            "a reboot. rejected, not-supported: refused, tried again after its next boot. failed: answered "
            "with an error, tried again on its next connection."
        ),
    ]
    reason: Annotated[str | None, Meta(description="Why, where the state does not say it all.")]
    attempts: Annotated[int, Meta(description="How often it was sent.")]
    asked_at: Annotated[datetime, Meta(description="When it was asked for.")]
    tried_at: Annotated[datetime | None, Meta(description="When it was sent last.")]
    rebooted_at: Annotated[
        datetime | None, Meta(description="When the charge point was rebooted for its sake.")
    ]


class KeyView(Struct, frozen=True, kw_only=True):
    """A configuration key as the charge point last told it."""

    key: Annotated[str, Meta(description="As the charge point spells it; compared in any case.")]
    value: Annotated[str | None, Meta(description="null: not set, or a secret.")]
    readonly: bool
    secret: Annotated[bool, Meta(description="Whether its value is never stored nor shown.")]
    seen_at: datetime
    changed_at: Annotated[datetime, Meta(description="Since when it is known to be so.")]
    meaning: Annotated[str | None, Meta(description="What a standard key is for.")]
    desired: Annotated[str | None, Meta(description="What it should be, where that was said.")]


class ConfigurationView(Struct, frozen=True, kw_only=True):
    """All that is known of what a charge point is set to."""

    items: list[KeyView]
    read_at: Annotated[datetime | None, Meta(description="When all of it was read last; null: never yet.")]
    problem: Annotated[str | None, Meta(description="Why it could not be read the last time.")]
    warnings: Annotated[list[str], Meta(description="What does not go well together.")]


class DesiredView(Struct, frozen=True, kw_only=True):
    """What a charge point should be set to."""

    items: list[DesiredKeyView]
    reboot_when_idle: bool
    warnings: Annotated[
        list[str], Meta(description="What the charge point will probably refuse; it is sent all the same.")
    ]


class PastChangeView(Struct, frozen=True, kw_only=True):
    """A configuration key that was found, changed or went."""

    id: int
    at: datetime
    key: str
    before: str | None
    after: str | None
    known: Annotated[bool, Meta(description="false: the charge point does not have the key any more.")]


class PastChangePage(Struct, frozen=True, kw_only=True):
    """A part of the list of changes."""

    items: list[PastChangeView]
    next_cursor: NextCursor


class Desired(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a charge point should be set to from now on; what is not named is left as it is."""

    values: Annotated[
        dict[str, Any],
        Meta(
            max_length=500,
            description="Values by key, as texts; numbers and booleans are taken for theirs. Secrets "
            "(AuthorizationKey) cannot be among them, for they are never stored.",
            examples=[{"HeartbeatInterval": "300", "MeterValueSampleInterval": "60"}],
            extra_json_schema={"additionalProperties": {"type": ["string", "integer", "boolean"]}},
        ),
    ]
    reboot_when_idle: Annotated[
        bool,
        Meta(
            description="Reboot the charge point for values that need that, once no transaction runs, and "
            "once for each value only."
        ),
    ] = False


@get(
    "/charge-points/{identity:str}/configuration",
    sync_to_thread=True,
    operation_id="getConfiguration",
    summary="Show the configuration",
    tags=["Configuration"],
)
def shown(site: NamedDependency[Site], identity: Identity) -> ConfigurationView:
    """What the charge point is set to, as it was last told; read after each of its boots."""
    return _configuration(site, station_of(site, identity))


@post(
    "/charge-points/{identity:str}/configuration/refresh",
    status_code=200,
    operation_id="refreshConfiguration",
    summary="Read the configuration now",
    tags=["Configuration"],
)
async def refresh(site: NamedDependency[Site], identity: Identity) -> ConfigurationView:
    """Ask the charge point for all its keys, and show what it says."""
    line = await live_line(site, identity)
    require_welcome(line, identity, GetConfiguration())
    with failures_told(identity, "GetConfiguration"):
        await ConfigurationKeeper(site.writer, _now).read(line)
    return await asyncio.to_thread(lambda: _configuration(site, station_of(site, identity)))


@get(
    "/charge-points/{identity:str}/configuration/history",
    sync_to_thread=True,
    operation_id="listConfigurationChanges",
    summary="List the changes of the configuration",
    tags=["Configuration"],
)
def history(
    site: NamedDependency[Site], identity: Identity, limit: Limit = 100, cursor: Cursor = None
) -> PastChangePage:
    """What was found, changed and went, newest first."""
    station = station_of(site, identity)
    before = number_position(cursor)
    found = site.queries.configuration_history(station.key, before=before, limit=limit + 1)
    return PastChangePage(items=views(found, _past_change, limit), next_cursor=next_cursor(found, limit))


@get(
    "/charge-points/{identity:str}/configuration/desired",
    sync_to_thread=True,
    operation_id="getDesiredConfiguration",
    summary="Show the desired configuration",
    tags=["Configuration"],
)
def desired(site: NamedDependency[Site], identity: Identity) -> DesiredView:
    """What the charge point should be set to, and how far each value is."""
    return _desired(site, station_of(site, identity))


@put(
    "/charge-points/{identity:str}/configuration/desired",
    operation_id="setDesiredConfiguration",
    summary="Set the desired configuration",
    tags=["Configuration"],
    opt={BODY: Desired},
)
async def desire(
    site: NamedDependency[Site], request: Request[Any, Any, Any], identity: Identity
) -> DesiredView:
    """From now on the charge point should be set like this.

    What it does not have is sent now if it is connected, else when it comes, and again after its boots
    until it has it. This takes the place of what was desired before.
    """
    body = await read_body(request, Desired)
    values = _valid(body.values)
    station = await asyncio.to_thread(station_of, site, identity)
    await write(site, configuration.desire, station.key, values, body.reboot_when_idle, _now())
    keeper = ConfigurationKeeper(site.writer, _now)
    site.procedures.start(station.identity, NAME, keeper.bring_up_to_date)
    return await asyncio.to_thread(_desired, site, station)


ROUTES = [shown, refresh, history, desired, desire]


def _configuration(site: Site, station: Station) -> ConfigurationView:
    known = site.queries.configuration(station.key)
    facts = site.queries.configuration_facts(station.key)
    wanted = {folded(item.key): item.value for item in site.queries.desired_configuration(station.key)}
    return ConfigurationView(
        items=[_key(item, wanted) for item in known],
        read_at=facts.read_at,
        problem=facts.problem,
        warnings=list(warnings({folded(item.key): item.value for item in known})),
    )


def _key(item: KnownKey, wanted: Mapping[str, str]) -> KeyView:
    standard = CONFIGURATION_KEYS.get(item.key)
    return KeyView(
        key=item.key,
        value=item.value,
        readonly=item.readonly,
        secret=is_secret(item.key),
        seen_at=item.seen_at,
        changed_at=item.changed_at,
        meaning=None if standard is None else standard.meaning,
        desired=wanted.get(folded(item.key)),
    )


def _desired(site: Site, station: Station) -> DesiredView:
    wanted = site.queries.desired_configuration(station.key)
    known = {folded(item.key): item for item in site.queries.configuration(station.key)}
    together: dict[str, str | None] = {name: item.value for name, item in known.items()}
    together |= {folded(item.key): item.value for item in wanted}
    said = list(warnings(together))
    for item in wanted:
        has = known.get(folded(item.key))
        standard = CONFIGURATION_KEYS.get(item.key)
        if has is not None and has.readonly:
            said.append(f"{item.key} can only be read, says the charge point")
        elif standard is not None and (problem := standard.problem(item.value)) is not None:
            said.append(f"{item.key}: {problem}")
        if (too_long := list_warning(together, item.key, item.value)) is not None:
            said.append(too_long)
    return DesiredView(
        items=[_desired_key(item) for item in wanted],
        reboot_when_idle=site.queries.configuration_facts(station.key).reboot_when_idle,
        warnings=said,
    )


def _desired_key(item: DesiredKey) -> DesiredKeyView:
    return DesiredKeyView(
        key=item.key,
        value=item.value,
        state=item.state,
        reason=item.reason,
        attempts=item.attempts,
        asked_at=item.asked_at,
        tried_at=item.tried_at,
        rebooted_at=item.rebooted_at,
    )


def _past_change(change: PastChange) -> PastChangeView:
    return PastChangeView(
        id=change.id,
        at=change.at,
        key=change.key,
        before=change.before,
        after=change.after,
        known=change.known,
    )


def _valid(given: Mapping[str, Any]) -> dict[str, str]:
    """Raises ApiError (422) with all that no ChangeConfiguration can say, or that must not be stored."""
    faults: list[Fault] = []
    values: dict[str, str] = {}
    seen: set[str] = set()
    for key, value in given.items():
        path = f"$.values.{key}"
        text = _text(value)
        if text is None:
            faults.append(Fault(path=path, kind="wrong_type", text="Expected a text, a number or a boolean."))
        elif is_secret(key):
            faults.append(Fault(path=path, kind="secret", text="A secret is never stored; send it instead."))
        elif folded(key) in seen:
            faults.append(Fault(path=path, kind="repeated", text="The key is given twice, in two spellings."))
        else:
            faults += _faults(path, key, text)
        seen.add(folded(key))
        values[key] = text or ""
    if faults:
        raise invalid_body(*faults)
    return values


def _text(value: Any) -> str | None:
    match value:
        case str():
            return value
        case bool():
            return "true" if value else "false"
        case int():
            return str(value)
    return None


def _faults(path: str, key: str, value: str) -> list[Fault]:
    reading = read_request(_CHANGE, encode(ChangeConfiguration(key=key, value=value)), Mode.STRICT)
    wrong = [one for one in reading.deviations if one.kind is not DeviationKind.RULE]
    faults = [Fault(path=path, kind=str(one.kind), text=f"{one.path}: {one.text}") for one in wrong]
    if not key.strip():
        faults.append(Fault(path=path, kind="invalid_value", text="A key has a name."))
    return faults
