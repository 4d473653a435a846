"""Charging profiles are found again after a boot, or installed again; limits are set by trying (S 3.13)."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta

from msgspec import Struct

from voltline.central.domain.charging_limits import Wanted, limit_profile, ways
from voltline.central.domain.charging_profiles import ChargingLimit, Way
from voltline.central.services import charging_limits, charging_profiles
from voltline.central.services.charging_limits import LimitFacts
from voltline.central.services.charging_profiles import ToVerify, is_of_transaction
from voltline.central.services.ports import Writer
from voltline.central.services.ports.lines import Line, Procedure
from voltline.messages import (
    ChargingProfile,
    ChargingProfilePurpose,
    ChargingProfileStatus,
    ClearChargingProfile,
    ClearChargingProfileStatus,
    ErrorCode,
    GetCompositeSchedule,
    SetChargingProfile,
)
from voltline.wire.errors import CallError, RemoteProtocolError

log = logging.getLogger(__name__)

NAME = "charging profiles"
_AHEAD_S = 3600
"""How far the schedule is looked at after a boot."""
_NO_SMART_CHARGING = frozenset({ErrorCode.NOT_SUPPORTED, ErrorCode.NOT_IMPLEMENTED})
UNUSABLE = "UnusableAnswer"
"""In the place of a status: the answer could not be understood."""


class ProfileKeeper:
    """Procedures of charging profiles. Answers are stored as they come (`services.outcomes`)."""

    def __init__(self, writer: Writer, now: Callable[[], datetime]) -> None:
        self._writer = writer
        self._now = now

    def after_boot(self, line: Line) -> Iterable[tuple[str, Procedure]]:
        """See `Runner.on_accepted`."""
        yield NAME, self.verify

    async def verify(self, line: Line) -> None:
        """Ask for the schedule of each connector with profiles; where it allows more, install them again.

        They should have survived the boot (SCS-11). What belongs to a transaction is left alone.
        """
        for part in await self._writer.submit(charging_profiles.to_verify, line.key, self._now()):
            lasting = [one for one in part.profiles if not is_of_transaction(one)]
            if await self._allows_more(line, part) and lasting:
                log.warning(
                    "%s connector %d: does not keep to its charging profiles; they are installed again",
                    line.identity,
                    part.connector_id,
                )
                for one in lasting:
                    await line.call(
                        SetChargingProfile(connector_id=one.connector_id, cs_charging_profiles=one.profile)
                    )
                await self._allows_more(line, part)

    async def _allows_more(self, line: Line, part: ToVerify) -> bool:
        request = GetCompositeSchedule(connector_id=part.connector_id, duration=_AHEAD_S)
        try:
            answer = await line.call(request)
        except (CallError, RemoteProtocolError) as error:
            log.info("%s does not tell its composite schedule: %s", line.identity, error)
            at = self._now()
            await self._writer.submit(charging_profiles.schedule_refused, line.key, part.connector_id, at)
            return False
        return await self._writer.submit(
            charging_profiles.allows_more, line.key, request, answer, self._now()
        )


class Attempt(Struct, frozen=True, kw_only=True):
    """A profile that was tried."""

    purpose: str
    connector_id: int
    unit: str
    stack_level: int
    limit: float
    status: str
    """ChargingProfileStatus; or the code of a CALLERROR; or UnusableAnswer."""

    @property
    def accepted(self) -> bool:
        return self.status == ChargingProfileStatus.ACCEPTED


class LimitSet(Struct, frozen=True, kw_only=True):
    """What came of a limit."""

    limit: ChargingLimit | None
    """None: the charge point accepted nothing."""
    attempts: tuple[Attempt, ...]
    passed_over: tuple[int, ...]
    """Transactions that were sent no profile, for they are probably over (SCS-18)."""


class LimitSetter:
    """Sets a limit as a charge point will have it, and lifts it."""

    def __init__(self, writer: Writer, now: Callable[[], datetime]) -> None:
        self._writer = writer
        self._now = now

    async def set(self, line: Line, wanted: Wanted) -> LimitSet:
        """Try one way after the other until one is accepted. Raises as `Line.call` does, but CallError."""
        facts = await self._writer.submit(charging_limits.facts, line.key, wanted.connector_id)
        remembered = None if facts.before is None else facts.before.way
        attempts: list[Attempt] = []
        passed_over = tuple(one.transaction_id for one in facts.running if one.may_be_over)
        for way in ways(wanted, facts.values, facts.connectors, remembered):
            ids, tried = await self._try(line, wanted, way, facts)
            attempts += tried
            if ids:
                limit = await self._keep(line, wanted, way, ids, facts)
                return LimitSet(limit=limit, attempts=tuple(attempts), passed_over=passed_over)
            if tried[-1].status in _NO_SMART_CHARGING:
                break  # of that nothing changes by asking otherwise
        return LimitSet(limit=None, attempts=tuple(attempts), passed_over=passed_over)

    async def lift(self, line: Line, connector_id: int) -> list[str]:
        """Clear the profiles of a limit; what the charge point said to each. Raises as `Line.call` does."""
        facts = await self._writer.submit(charging_limits.facts, line.key, connector_id)
        said: list[str] = []
        if facts.before is not None:
            for profile_id in facts.before.profile_ids:
                if profile_id in facts.installed_ids:
                    said.append(await self._clear(line, profile_id))
        await self._writer.submit(charging_limits.lifted, line.key, connector_id, self._now())
        return said

    async def _try(
        self, line: Line, wanted: Wanted, way: Way, facts: LimitFacts
    ) -> tuple[list[int], list[Attempt]]:
        """Ids of the profiles that were accepted, and all that was tried."""
        if way.purpose == ChargingProfilePurpose.CHARGE_POINT_MAX_PROFILE:
            profile = limit_profile(way, wanted, self._main_id(facts), self._now())
            attempt = await self._install(line, 0, profile)
            return ([profile.charging_profile_id] if attempt.accepted else []), [attempt]
        ids, attempts = [], []
        next_id = facts.next_profile_id + 1
        for running in facts.running:
            if running.may_be_over:
                continue
            own = limit_profile(way, wanted, next_id, self._now(), running.transaction_id)
            attempts.append(await self._install(line, running.connector_id, own))
            if attempts[-1].accepted:
                ids.append(next_id)
            next_id += 1
        profile = limit_profile(way, wanted, self._main_id(facts), self._now())
        attempts.append(await self._install(line, wanted.connector_id, profile))
        if attempts[-1].accepted:
            ids.append(profile.charging_profile_id)
        return ids, attempts

    @staticmethod
    def _main_id(facts: LimitFacts) -> int:
        """A limit takes the place of the one before by its id (SCS-04)."""
        before = facts.before
        return before.profile_ids[-1] if before and before.profile_ids else facts.next_profile_id

    async def _install(self, line: Line, connector_id: int, profile: ChargingProfile) -> Attempt:
        request = SetChargingProfile(connector_id=connector_id, cs_charging_profiles=profile)
        try:
            status = str((await line.call(request)).status)
        except CallError as error:
            status = error.code
        except RemoteProtocolError:
            status = UNUSABLE
        schedule = profile.charging_schedule
        return Attempt(
            purpose=profile.charging_profile_purpose,
            connector_id=connector_id,
            unit=schedule.charging_rate_unit,
            stack_level=profile.stack_level,
            limit=schedule.charging_schedule_period[0].limit,
            status=status,
        )

    async def _keep(
        self, line: Line, wanted: Wanted, way: Way, ids: list[int], facts: LimitFacts
    ) -> ChargingLimit:
        at = self._now()
        limit = ChargingLimit(
            station=line.key,
            connector_id=wanted.connector_id,
            value=wanted.value,
            unit=wanted.unit,
            way=way,
            profile_ids=tuple(ids),
            set_at=at,
            until=None if wanted.duration_s is None else at + timedelta(seconds=wanted.duration_s),
        )
        await self._writer.submit(charging_limits.keep, limit)
        before = facts.before.profile_ids if facts.before is not None else ()
        for old in before:
            if old in facts.installed_ids and old not in ids:
                await self._clear(line, old)
        return limit

    async def _clear(self, line: Line, profile_id: int) -> str:
        try:
            return str((await line.call(ClearChargingProfile(id=profile_id))).status)
        except CallError as error:
            return error.code
        except RemoteProtocolError:
            return UNUSABLE


CLEARED = frozenset({ClearChargingProfileStatus.ACCEPTED, ClearChargingProfileStatus.UNKNOWN})
"""After these the profile is not there."""
