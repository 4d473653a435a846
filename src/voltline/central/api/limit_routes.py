"""Limits to charging in plain words: amperes or watts."""

from __future__ import annotations

import asyncio
from http import HTTPStatus
from typing import Any

from litestar import Request, delete, get, post
from litestar.di import NamedDependency

from voltline.base.clock import SystemClock
from voltline.central.api.bodies import BODY, invalid_body, read_body
from voltline.central.api.charging_routes import Connector
from voltline.central.api.charging_shapes import (
    LimitAnswer,
    LimitLifted,
    LimitList,
    NewLimit,
    attempt_view,
    limit_view,
)
from voltline.central.api.foresight import configured, connector_warnings, profile_warnings
from voltline.central.api.needs import Site
from voltline.central.api.problems import ApiError, Fault
from voltline.central.api.reading_routes import Identity
from voltline.central.api.sending import failures_told, live_line, require_welcome
from voltline.central.api.site_warnings import site_of, site_warnings
from voltline.central.api.station_routes import station_of
from voltline.central.domain.charging_limits import Wanted
from voltline.central.domain.charging_profiles import SMALLEST_CHARGE_A
from voltline.central.domain.stations import Station
from voltline.central.procedures.charging_profiles import LimitSet, LimitSetter
from voltline.messages import ChargingRateUnit, ClearChargingProfile, SetChargingProfile
from voltline.smart_charging.stack import LINE_VOLTAGE_V, PHASES

_now = SystemClock().now


@get(
    "/charge-points/{identity:str}/limit",
    sync_to_thread=True,
    operation_id="listLimits",
    summary="Show the limits",
    tags=["Smart charging"],
)
def limits(site: NamedDependency[Site], identity: Identity) -> LimitList:
    """The limits that were set in plain words, by connector; also the last one that was lifted."""
    station = station_of(site, identity)
    now = _now()
    return LimitList(items=[limit_view(one, now) for one in site.queries.charging_limits(station.key)])


@post(
    "/charge-points/{identity:str}/limit",
    status_code=HTTPStatus.OK,
    operation_id="setLimit",
    summary="Limit the charging",
    tags=["Smart charging"],
    opt={BODY: NewLimit},
)
async def set_limit(
    site: NamedDependency[Site], request: Request[Any, Any, Any], identity: Identity
) -> LimitAnswer:
    """Have the charge point keep to so many amperes or watts, in whichever way it accepts.

    For connector 0 that is a ChargePointMaxProfile, else a TxDefaultProfile with a TxProfile for each
    transaction that runs. Stack levels and both units are tried; what worked is remembered and tried first
    the next time.
    """
    wanted = _wanted(await read_body(request, NewLimit))
    line = await live_line(site, identity)
    require_welcome(line, identity, ClearChargingProfile())
    station = await asyncio.to_thread(station_of, site, identity)
    warnings = await asyncio.to_thread(_limit_warnings, site, station, wanted)
    with failures_told(identity, "SetChargingProfile"):
        done = await LimitSetter(site.writer, _now).set(line, wanted)
    if done.limit is None:
        raise _not_accepted(identity, done)
    kept = await asyncio.to_thread(site_of, site, identity)
    if kept is not None:
        warnings += site_warnings(site, kept, identity, done.attempts)
    return LimitAnswer(
        limit=limit_view(done.limit, _now()),
        tried=[attempt_view(one) for one in done.attempts],
        warnings=[*warnings, *_afterthoughts(wanted, done)],
    )


@delete(
    "/charge-points/{identity:str}/limit",
    status_code=HTTPStatus.OK,
    operation_id="liftLimit",
    summary="Lift the limit",
    tags=["Smart charging"],
)
async def lift_limit(
    site: NamedDependency[Site], identity: Identity, connector: Connector = 0
) -> LimitLifted:
    """Clear the profiles that hold the limit of a connector; other profiles stay."""
    line = await live_line(site, identity)
    require_welcome(line, identity, ClearChargingProfile())
    station = await asyncio.to_thread(station_of, site, identity)
    known = await asyncio.to_thread(site.queries.charging_limits, station.key)
    if not any(one.connector_id == connector and one.lifted_at is None for one in known):
        raise ApiError(
            HTTPStatus.NOT_FOUND,
            "no-limit",
            "No limit",
            f"No limit was set on connector {connector} of charge point {identity!r}, or it is lifted; "
            "profiles that were set otherwise are cleared with DELETE .../charging-profiles.",
        )
    with failures_told(identity, "ClearChargingProfile"):
        return LimitLifted(cleared=await LimitSetter(site.writer, _now).lift(line, connector))


ROUTES = [limits, set_limit, lift_limit]


def _wanted(body: NewLimit) -> Wanted:
    """Raises ApiError (422) unless exactly one of amperes and watts is given, with one decimal at most."""
    given = [
        (name, value)
        for name, value in (("amperes", body.amperes), ("watts", body.watts))
        if value is not None
    ]
    if len(given) != 1:
        text = "Give the limit either in amperes or in watts."
        raise invalid_body(
            Fault(path="$.amperes", kind="missing" if not given else "invalid_value", text=text)
        )
    ((name, value),) = given
    if abs(value * 10 - round(value * 10)) > 1e-6:
        text = f"{value:g} has more than one decimal, which OCPP cannot say (OCPP 1.6, 7.14)."
        raise invalid_body(Fault(path=f"$.{name}", kind="invalid_value", text=text))
    return Wanted(
        connector_id=body.connector,
        value=value,
        unit=ChargingRateUnit.A if name == "amperes" else ChargingRateUnit.W,
        duration_s=body.duration_s,
        phases=body.phases,
    )


def _limit_warnings(site: Site, station: Station, wanted: Wanted) -> list[str]:
    said = [
        *profile_warnings(configured(site, station), SetChargingProfile),
        *connector_warnings(site, station, wanted.connector_id),
    ]
    amperes = wanted.value
    if wanted.unit == ChargingRateUnit.W:
        amperes /= LINE_VOLTAGE_V * (wanted.phases or PHASES)
    if 0 < amperes < SMALLEST_CHARGE_A:
        said.append(
            f"below {SMALLEST_CHARGE_A:g} A a phase ({amperes:.1f} A) an AC charger pauses (IEC 61851-1)"
        )
    return said


def _afterthoughts(wanted: Wanted, done: LimitSet) -> list[str]:
    said = [
        f"transaction {one} was sent no profile: its start came late, and its connector is not charging"
        for one in done.passed_over
    ]
    if done.limit is not None and done.limit.way.unit != wanted.unit:
        said.append(
            f"sent in {done.limit.way.unit}, which the charge point takes, counted with "
            f"{LINE_VOLTAGE_V:g} V and {wanted.phases or PHASES} phases"
        )
    refused = [one for one in done.attempts if not one.accepted]
    if refused and done.attempts[-1] in refused:
        said.append(
            "only what runs now is limited: the charge point refused a default for later transactions"
        )
    return said


def _not_accepted(identity: str, done: LimitSet) -> ApiError:
    return ApiError(
        HTTPStatus.CONFLICT,
        "limit-not-accepted",
        "Limit not accepted",
        f"Charge point {identity!r} accepted no profile for this limit; `errors` says what was tried.",
        errors=tuple(
            Fault(
                path=f"tried[{number}]",
                kind=one.status,
                text=f"{one.purpose} on connector {one.connector_id}, stack level {one.stack_level}, "
                f"{one.limit:g} {one.unit}: {one.status}",
            )
            for number, one in enumerate(done.attempts)
        ),
    )
