"""Charging profiles of charge points, their composite schedules, and limits in plain words."""

from __future__ import annotations

import asyncio
import json
from enum import StrEnum
from http import HTTPStatus
from typing import Annotated, Any

from litestar import Request, delete, get, post
from litestar.di import NamedDependency
from litestar.params import QueryParameter

from voltline.base.clock import SystemClock
from voltline.central.api.bodies import BODY, invalid_body, read_body
from voltline.central.api.charging_shapes import (
    LARGEST_CONNECTOR,
    CompositeView,
    NewProfile,
    ProfilePage,
    ProfilesCleared,
    ProfileSet,
    difference_views,
    period_views,
    profile_view,
)
from voltline.central.api.cursors import number_position
from voltline.central.api.foresight import configured, connector_warnings, profile_warnings
from voltline.central.api.needs import Site
from voltline.central.api.problems import Fault
from voltline.central.api.reading_routes import Cursor, Identity, Limit
from voltline.central.api.sending import send
from voltline.central.api.station_routes import next_cursor, station_of, views
from voltline.central.api.writing import write
from voltline.central.domain import charging_profiles
from voltline.central.domain.charging_profiles import (
    ProfileFilter,
)
from voltline.central.domain.stations import Station, StationKey
from voltline.central.services.charging_profiles import comparison
from voltline.central.services.optional import present
from voltline.central.services.ports import UnitOfWork
from voltline.messages import (
    ACTIONS,
    UNSET,
    ChargingProfilePurpose,
    ChargingRateUnit,
    ClearChargingProfile,
    DeviationKind,
    GetCompositeSchedule,
    Mode,
    SetChargingProfile,
    read_request,
)
from voltline.smart_charging.composite import told_segments
from voltline.smart_charging.stack import Session

_now = SystemClock().now
_SET = ACTIONS["SetChargingProfile"]
_MOST_PROFILES = 1000


class Purpose(StrEnum):
    """ChargingProfilePurposeType of OCPP 1.6, 7.10."""

    CHARGE_POINT_MAX_PROFILE = "ChargePointMaxProfile"
    TX_DEFAULT_PROFILE = "TxDefaultProfile"
    TX_PROFILE = "TxProfile"


class RateUnit(StrEnum):
    """ChargingRateUnitType of OCPP 1.6, 7.12."""

    A = "A"
    W = "W"


ConnectorFilter = Annotated[
    int | None,
    QueryParameter(
        ge=0,
        le=LARGEST_CONNECTOR,
        description="Only those of this connector; 0: of the charge point as a whole.",
    ),
]
PurposeFilter = Annotated[Purpose | None, QueryParameter(description="Only those of this purpose.")]
InstalledFilter = Annotated[
    bool, QueryParameter(description="true: that the charge point has; false: that it has no more.")
]
ProfileIdFilter = Annotated[
    int | None,
    QueryParameter(
        ge=-(2**31), le=2**31 - 1, description="The one of this chargingProfileId; all else is ignored then."
    ),
]
LevelFilter = Annotated[
    int | None, QueryParameter(ge=0, le=2**31 - 1, description="Only those of this stack level.")
]
Connector = Annotated[
    int,
    QueryParameter(
        ge=0, le=LARGEST_CONNECTOR, description="The connector, from 1; 0: the charge point as a whole."
    ),
]
Duration = Annotated[
    int, QueryParameter(ge=1, le=7 * 86_400, description="How far to look ahead, in seconds.")
]
Unit = Annotated[
    RateUnit | None,
    QueryParameter(description="In which unit; if absent, the charge point's choice."),
]


@get(
    "/charge-points/{identity:str}/charging-profiles",
    sync_to_thread=True,
    operation_id="listChargingProfiles",
    summary="List the charging profiles",
    tags=["Smart charging"],
)
def listed(
    site: NamedDependency[Site],
    identity: Identity,
    limit: Limit = 100,
    cursor: Cursor = None,
    connector: ConnectorFilter = None,
    purpose: PurposeFilter = None,
    installed: InstalledFilter = True,
) -> ProfilePage:
    """The profiles that the charge point accepted, whoever sent them; newest first."""
    station = station_of(site, identity)
    only = ProfileFilter(connector_id=connector, purpose=purpose, installed=installed)
    before = number_position(cursor)
    found = site.queries.charging_profiles(station.key, only=only, before=before, limit=limit + 1)
    return ProfilePage(items=views(found, profile_view, limit), next_cursor=next_cursor(found, limit))


@post(
    "/charge-points/{identity:str}/charging-profiles",
    status_code=HTTPStatus.OK,
    operation_id="setChargingProfile",
    summary="Set a charging profile",
    tags=["Smart charging"],
    opt={BODY: NewProfile},
)
async def install(
    site: NamedDependency[Site], request: Request[Any, Any, Any], identity: Identity
) -> ProfileSet:
    """Send SetChargingProfile. An accepted profile replaces that of its id, and that of its purpose and
    stack level on the connector."""
    body = await read_body(request, NewProfile)
    station = await asyncio.to_thread(station_of, site, identity)
    profile = dict(body.profile)
    if "chargingProfileId" not in profile:
        profile["chargingProfileId"] = await write(site, _next_profile_id, station.key)
    command, broken = _command(body.connector, profile)
    warnings = await asyncio.to_thread(_warnings, site, station, command)
    answer = await send(site, identity, command)
    return ProfileSet(
        status=answer.status,
        charging_profile_id=command.cs_charging_profiles.charging_profile_id,
        warnings=[*broken, *warnings],
    )


@delete(
    "/charge-points/{identity:str}/charging-profiles",
    status_code=HTTPStatus.OK,
    operation_id="clearChargingProfiles",
    summary="Clear charging profiles",
    tags=["Smart charging"],
)
async def clear(
    site: NamedDependency[Site],
    identity: Identity,
    charging_profile_id: ProfileIdFilter = None,
    connector: ConnectorFilter = None,
    purpose: PurposeFilter = None,
    stack_level: LevelFilter = None,
) -> ProfilesCleared:
    """Send ClearChargingProfile for the profiles that meet every parameter; without any, for all."""
    command = ClearChargingProfile(
        id=UNSET if charging_profile_id is None else charging_profile_id,
        connector_id=UNSET if connector is None else connector,
        charging_profile_purpose=UNSET if purpose is None else ChargingProfilePurpose(purpose),
        stack_level=UNSET if stack_level is None else stack_level,
    )
    return ProfilesCleared(status=(await send(site, identity, command)).status)


@get(
    "/charge-points/{identity:str}/composite-schedule",
    operation_id="getCompositeSchedule",
    summary="Ask for the composite schedule",
    tags=["Smart charging"],
)
async def composite_schedule(
    site: NamedDependency[Site],
    identity: Identity,
    connector: Connector = 0,
    duration_s: Duration = 86_400,
    unit: Unit = None,
) -> CompositeView:
    """Ask the charge point which limits hold from now on, and compare that with the profiles that it has."""
    command = GetCompositeSchedule(
        connector_id=connector,
        duration=duration_s,
        charging_rate_unit=UNSET if unit is None else ChargingRateUnit(unit),
    )
    answer = await send(site, identity, command)
    schedule = present(answer.charging_schedule)

    def compared() -> CompositeView:
        station = station_of(site, identity)
        installed = site.queries.charging_profiles(station.key, limit=_MOST_PROFILES)
        session = _session(site, station, connector)
        found = comparison(installed, session, command, answer, _now())
        told = () if schedule is None else told_segments(schedule, duration_s)
        return CompositeView(
            status=answer.status,
            connector=connector,
            schedule_start=present(answer.schedule_start),
            duration_s=None if schedule is None else present(schedule.duration),
            unit=found.unit,
            periods=period_views(told, found.unit),
            expected=period_views(found.expected, found.unit),
            verdict=found.verdict,
            differences=difference_views(found),
        )

    return await asyncio.to_thread(compared)


ROUTES = [listed, install, clear, composite_schedule]


def _next_profile_id(unit: UnitOfWork, station: StationKey) -> int:
    return unit.charging_profiles.next_profile_id(station)


def _command(connector: int, profile: dict[str, Any]) -> tuple[SetChargingProfile, list[str]]:
    """The command, and the rules that it breaks without being invalid. Raises ApiError (422)."""
    payload = json.dumps({"connectorId": connector, "csChargingProfiles": profile}).encode()
    reading = read_request(_SET, payload, Mode.STRICT)
    faults = [one for one in reading.deviations if one.kind is not DeviationKind.RULE]
    if reading.message is not None:
        return reading.message, []
    if not faults:
        tolerant = read_request(_SET, payload, Mode.TOLERANT).message
        if tolerant is not None:
            return tolerant, [one.text for one in reading.deviations]
    raise invalid_body(
        *(
            Fault(path=one.path.replace("$.csChargingProfiles", "$.profile"), kind=one.kind, text=one.text)
            for one in faults or reading.deviations
        )
    )


def _warnings(site: Site, station: Station, command: SetChargingProfile) -> list[str]:
    values = configured(site, station)
    installed = site.queries.charging_profiles(station.key, limit=_MOST_PROFILES)
    profile = command.cs_charging_profiles
    return [
        *profile_warnings(values, SetChargingProfile),
        *connector_warnings(site, station, command.connector_id),
        *charging_profiles.profile_warnings(values, installed, command.connector_id, profile, _now()),
        *_transaction_warnings(site, station, command),
    ]


def _transaction_warnings(site: Site, station: Station, command: SetChargingProfile) -> list[str]:
    sent = command.cs_charging_profiles.transaction_id
    if sent is UNSET or command.connector_id == 0:
        return []
    session = _session(site, station, command.connector_id)
    if session is not None and session.transaction_id == sent:
        return []
    return [f"transaction {sent} does not run on connector {command.connector_id}, as far as known"]


def _session(site: Site, station: Station, connector: int) -> Session | None:
    if connector < 1:
        return None
    running = site.queries.transactions(identity=station.identity, active=True, limit=100)
    for one in running.items:
        if one.start.connector_id == connector:
            return Session(one.sent_id or one.id, connector, one.beginning)
    return None
