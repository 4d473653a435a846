"""Limits are sent in whichever way a charge point takes them, and looked at once they are taken."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from enum import Enum, auto

from msgspec import UNSET

from voltline.central.domain.sites import LeaseWay
from voltline.central.services.ports.lines import Line
from voltline.messages import (
    ChargingProfile,
    ChargingProfileStatus,
    ClearChargingProfile,
    GetCompositeSchedule,
    GetConfiguration,
    SetChargingProfile,
)
from voltline.smart_charging.composite import told_segments
from voltline.wire.errors import CallError, OcppError, RemoteProtocolError

log = logging.getLogger(__name__)

_LOOK_AHEAD_S = 30
_TOLERANCE = 0.05
_NOT_DONE = frozenset(
    {
        "NotImplemented",
        "NotSupported",
        "FormationViolation",
        "FormatViolation",
        "PropertyConstraintViolation",
        "OccurenceConstraintViolation",
        "OccurrenceConstraintViolation",
        "TypeConstraintViolation",
        "SecurityError",
    }
)
"""After these codes of a CALLERROR nothing was done. After others, something may have been."""
KEYS = (
    "ChargeProfileMaxStackLevel",
    "ChargingScheduleAllowedChargingRateUnit",
    "ChargingScheduleMaxPeriods",
    "MaxChargingProfilesInstalled",
    "ConnectorPhaseRotation",
)
"""What is asked of a charge point whose configuration is not known."""


class Outcome(Enum):
    """What became of a limit."""

    ACCEPTED = auto()
    REFUSED = auto()
    UNKNOWN = auto()
    """No answer says whether it holds."""


class Seen(Enum):
    """What a charge point's own schedule says of a limit."""

    KEPT = auto()
    HIGHER = auto()
    UNTOLD = auto()
    """It does not tell such schedules."""


async def install(
    line: Line, connector: int, profiles: Iterable[tuple[LeaseWay, ChargingProfile]], timeout_s: float
) -> tuple[Outcome, LeaseWay | None]:
    """Send one after the other until one is accepted; which one it was."""
    certain = True
    for way, profile in profiles:
        request = SetChargingProfile(connector_id=connector, cs_charging_profiles=profile)
        try:
            answer = await line.call(request, timeout_s=timeout_s)
        except CallError as error:
            certain = certain and error.code in _NOT_DONE
        except RemoteProtocolError:
            certain = False
        except OcppError as error:
            log.info("%s: no answer to a limit of connector %d: %s", line.identity, connector, error)
            return Outcome.UNKNOWN, None
        else:
            if answer.status == ChargingProfileStatus.ACCEPTED:
                return Outcome.ACCEPTED, way
    return (Outcome.REFUSED if certain else Outcome.UNKNOWN), None


async def look(line: Line, connector: int, profile: ChargingProfile, timeout_s: float) -> Seen:
    """Whether the charge point's composite schedule begins with no more than this profile allows."""
    schedule = profile.charging_schedule
    limit = schedule.charging_schedule_period[0].limit
    request = GetCompositeSchedule(
        connector_id=connector, duration=_LOOK_AHEAD_S, charging_rate_unit=schedule.charging_rate_unit
    )
    try:
        answer = await line.call(request, timeout_s=timeout_s)
    except OcppError:
        return Seen.UNTOLD
    told = answer.charging_schedule
    if told is UNSET or told.charging_rate_unit != schedule.charging_rate_unit:
        return Seen.UNTOLD
    segments = told_segments(told, _LOOK_AHEAD_S)
    if not segments or segments[0].limit is None:
        return Seen.UNTOLD
    # The last of them: the first seconds may still be those of the limit before.
    most = segments[-1].limit.value if segments[-1].limit is not None else segments[0].limit.value
    return Seen.HIGHER if most > limit * (1 + _TOLERANCE) + 0.1 else Seen.KEPT


async def ask_configuration(line: Line, timeout_s: float) -> None:
    """Have a charge point tell what limits it takes; it is kept with all else that it told."""
    try:
        await line.call(GetConfiguration(key=list(KEYS)), timeout_s=timeout_s)
    except OcppError as error:
        log.info("%s does not tell its configuration: %s", line.identity, error)


async def clear(line: Line, profile_id: int, timeout_s: float) -> bool:
    """Whether the profile is surely not there any more."""
    try:
        await line.call(ClearChargingProfile(id=profile_id), timeout_s=timeout_s)
    except OcppError:
        return False
    return True  # Accepted, or Unknown: there was none
