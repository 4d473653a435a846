"""Charging profiles of this station, and the current that each vehicle may draw by them (OCPP 1.6, 3.13).

Which profile holds when is computed by `voltline.smart_charging`; here stands what is accepted, kept and
obeyed. Currents are amperes on each phase of the grid; a charger for direct current takes them as power.
"""

from collections.abc import Callable, Iterable, Iterator
from datetime import timedelta
from math import floor
from typing import Any

import msgspec

from voltline.messages import (
    UNSET,
    ChargingProfile,
    ChargingProfileKind,
    ChargingProfilePurpose,
    ChargingProfileStatus,
    ChargingRateUnit,
    ChargingSchedule,
    ChargingSchedulePeriod,
    ClearChargingProfile,
    ClearChargingProfileResponse,
    ClearChargingProfileStatus,
    GetCompositeSchedule,
    GetCompositeScheduleResponse,
    GetCompositeScheduleStatus,
    SetChargingProfile,
    SetChargingProfileResponse,
)
from voltline.smart_charging.composite import Segment, composite
from voltline.smart_charging.stack import LINE_VOLTAGE_V, PHASES, Installed, Limit, Session, changes, limit_at
from voltline.station.core.bench import Bench
from voltline.station.core.connectors import Connector, Connectors
from voltline.station.core.outbox import Outbox
from voltline.station.core.timers import Timer

LEAST_CURRENT_A = 6.0
"""No vehicle on alternating current can be told to draw less; the station pauses (IEC 61851-1)."""

LOOK_AHEAD = timedelta(days=1)
"""When nothing changes within this time the profiles are looked at again after it."""

RECORD = "charging-profiles"

_UNIT_NAMES = {ChargingRateUnit.A: "current", ChargingRateUnit.W: "power"}


class Held(msgspec.Struct, frozen=True):
    """A profile in force. `transaction` is the station's own number of the one that a TxProfile is for."""

    installed: Installed
    transaction: int = 0


class _Announced(msgspec.Struct, frozen=True):
    """A profile that came with a remote start, for the transaction that is to follow."""

    id_tag: str
    connector_id: int | None
    profile: ChargingProfile
    until: float


class SmartCharging:
    """Profiles of the central system and limits of the site; a vehicle is offered the least of them."""

    def __init__(self, bench: Bench, connectors: Connectors, outbox: Outbox) -> None:
        self._bench = bench
        self._outbox = outbox
        self._connectors = connectors
        self._held: tuple[Held, ...] = tuple(bench.memory.recall(RECORD, list[Held]) or ())
        self._announced: list[_Announced] = []
        self._site_a: dict[int, float] = {}
        self._basis: Any = None
        self._looks_at = 0.0

    @property
    def profiles(self) -> tuple[Installed, ...]:
        """What is installed."""
        return tuple(held.installed for held in self._held)

    # ---- what the central system asks

    def set_profile(self, request: SetChargingProfile) -> SetChargingProfileResponse:
        """Install a profile in the place of those that it replaces (OCPP 1.6, 5.16).

        The connector must exist.
        """
        profile = request.cs_charging_profiles
        connector = self._connectors.any(request.connector_id)
        if self._problem(profile) or not self._belongs(profile, connector):
            return SetChargingProfileResponse(status=ChargingProfileStatus.REJECTED)
        kept = [held for held in self._held if not _replaced(held.installed, profile, connector.id)]
        if len(kept) >= self._bench.configuration.number("MaxChargingProfilesInstalled"):
            return SetChargingProfileResponse(status=ChargingProfileStatus.REJECTED)
        number = 0
        if profile.charging_profile_purpose == ChargingProfilePurpose.TX_PROFILE and connector.transaction:
            number = connector.transaction.number
        installed = Installed(connector.id, profile, self._bench.timestamp)
        self._keep([*kept, Held(installed, number)])
        return SetChargingProfileResponse(status=ChargingProfileStatus.ACCEPTED)

    def clear(self, request: ClearChargingProfile) -> ClearChargingProfileResponse:
        """Remove what matches every field given, or has the id (OCPP 1.6, 5.5; errata 3.25, 3.26)."""
        left = [held for held in self._held if not _matches(held.installed, request)]
        if len(left) == len(self._held):
            return ClearChargingProfileResponse(status=ClearChargingProfileStatus.UNKNOWN)
        self._keep(left)
        return ClearChargingProfileResponse(status=ClearChargingProfileStatus.ACCEPTED)

    def composite_schedule(self, request: GetCompositeSchedule) -> GetCompositeScheduleResponse:
        """The limits from now on, as far as they are known now (OCPP 1.6, 5.7)."""
        if request.connector_id not in self._connectors or request.duration <= 0:
            return GetCompositeScheduleResponse(status=GetCompositeScheduleStatus.REJECTED)
        connector = self._connectors.any(request.connector_id)
        # Whole seconds, so that the starts of the periods can be told as they are.
        start = self._bench.timestamp.replace(microsecond=0)
        unit = request.charging_rate_unit
        if unit is UNSET:
            unit = ChargingRateUnit.A if self._bench.hardware.phases else ChargingRateUnit.W
        segments = composite(
            self._for(connector), connector.id, start, request.duration, self._session(connector)
        )
        return GetCompositeScheduleResponse(
            status=GetCompositeScheduleStatus.ACCEPTED,
            connector_id=connector.id,
            schedule_start=start,
            charging_schedule=ChargingSchedule(
                duration=request.duration,
                charging_rate_unit=unit,
                charging_schedule_period=list(self._periods(segments, connector, unit)),
            ),
        )

    def fits_remote_start(self, profile: ChargingProfile) -> bool:
        """Whether this can come with a RemoteStartTransaction (OCPP 1.6, 5.11; errata 3.41)."""
        return (
            profile.charging_profile_purpose == ChargingProfilePurpose.TX_PROFILE
            and profile.transaction_id is UNSET
            and not self._problem(profile)
        )

    def announce(self, id_tag: str, connector_id: int | None, profile: ChargingProfile) -> Callable[[], None]:
        """Keep the profile of a remote start for the transaction that follows (OCPP 1.6, 5.16.2).

        Gives the function that takes it back.
        """
        configuration = self._bench.configuration
        wait_s = configuration.number("ConnectionTimeOut") + configuration.number("MessageTimeout")
        until = self._bench.now.monotonic + wait_s
        announced = _Announced(id_tag.casefold(), connector_id, profile, until)
        self._announced.append(announced)

        def withdraw() -> None:
            self._announced = [one for one in self._announced if one is not announced]

        return withdraw

    # ---- what the site allows

    def limit_site(self, connector_id: int, current_a: float | None) -> None:
        """A limit set at the station itself; on connector 0 for all connectors together; None lifts it."""
        self._site_a.pop(connector_id, None)
        if current_a is not None:
            self._site_a[connector_id] = max(0.0, current_a)

    # ---- what follows

    def offered_a(self, connector: Connector) -> float | None:
        """What the vehicle of a running transaction may draw now; None: no limit is known."""
        if not (self._held or self._site_a or self._announced):
            return None
        self._adopt(connector)
        shares = max(1, sum(one.transaction is not None for one in self._connectors.outlets))
        at = self._bench.clock
        purpose = ChargingProfilePurpose.CHARGE_POINT_MAX_PROFILE
        own = [one for one in self._for(connector) if one.profile.charging_profile_purpose != purpose]
        limits = (
            self._current_a(limit_at(own, connector.id, at, self._session(connector))),
            _shared(self._current_a(limit_at(self.profiles, 0, at, None)), shares),
            _shared(self._site_a.get(0), shares),
            self._site_a.get(connector.id),
        )
        return min((one for one in limits if one is not None), default=None)

    def pauses(self, current_a: float | None) -> bool:
        """Whether so little on offer means nothing at all."""
        if current_a is None:
            return False
        return current_a < LEAST_CURRENT_A if self._bench.hardware.phases else current_a <= 0.0

    def changed(self) -> Iterator[Connector]:
        """The connectors whose vehicles may draw more or less than they were told; sets the next look."""
        if not (self._held or self._site_a or self._announced) and self._basis is None:
            return
        self._forget_ended()
        running = [one for one in self._connectors.outlets if one.transaction is not None]
        basis = (
            self._held,
            dict(self._site_a),
            [one.transaction and one.transaction.number for one in self._connectors.outlets],
            self._bench.clock - self._bench.now.utc,
        )
        if basis == self._basis and self._bench.now.monotonic < self._looks_at:
            return
        self._basis = basis if self._held or self._site_a or self._announced else None
        for connector in running:
            if self.offered_a(connector) != connector.offered_a:
                yield connector
        self._look_again(running)

    def _look_again(self, running: list[Connector]) -> None:
        self._looks_at = float("inf")
        if not self._held:
            self._bench.timers.cancel(Timer.LIMIT)
            return
        now = self._bench.clock
        sessions = [None, *(self._session(one) for one in running)]
        nexts = [at for one in sessions for at in changes(self.profiles, now, now + LOOK_AHEAD, one)[:1]]
        wait = min(nexts, default=now + LOOK_AHEAD) - now
        self._looks_at = self._bench.now.monotonic + wait.total_seconds()
        self._bench.timers.start(Timer.LIMIT, self._looks_at)

    def _adopt(self, connector: Connector) -> None:
        """A profile that came with the remote start belongs to the transaction now (errata 3.42)."""
        running = connector.transaction
        if running is None or not self._announced:
            return
        now = self._bench.now.monotonic
        for one in self._announced:
            mine = one.id_tag == running.id_tag.casefold() and one.connector_id in (None, connector.id)
            if mine and now <= one.until:
                self._announced.remove(one)
                kept = [
                    held for held in self._held if not _replaced(held.installed, one.profile, connector.id)
                ]
                installed = Installed(connector.id, one.profile, self._bench.timestamp)
                self._keep([*kept, Held(installed, running.number)])
                return

    def _forget_ended(self) -> None:
        """A TxProfile is gone with its transaction (OCPP 1.6, 3.13.1)."""
        now = self._bench.now.monotonic
        self._announced = [one for one in self._announced if now <= one.until]
        numbers = {one.transaction.number for one in self._connectors.outlets if one.transaction is not None}
        left = [held for held in self._held if not held.transaction or held.transaction in numbers]
        if len(left) != len(self._held):
            self._keep(left)

    def _keep(self, held: Iterable[Held]) -> None:
        self._held = tuple(held)
        self._bench.memory.keep(RECORD, self._held)

    # ---- what a profile must be

    def _problem(self, profile: ChargingProfile) -> bool:
        """Whether it cannot be executed here, on whatever connector."""
        configuration, schedule = self._bench.configuration, profile.charging_schedule
        units = configuration.text("ChargingScheduleAllowedChargingRateUnit").casefold()
        starts = [period.start_period for period in schedule.charging_schedule_period]
        recurring = profile.charging_profile_kind == ChargingProfileKind.RECURRING
        return (
            not 0 <= profile.stack_level <= configuration.number("ChargeProfileMaxStackLevel")
            or len(starts) > configuration.number("ChargingScheduleMaxPeriods")
            or _UNIT_NAMES[schedule.charging_rate_unit] not in units
            or starts[0] != 0
            or starts != sorted(set(starts))
            or any(period.limit < 0 for period in schedule.charging_schedule_period)
            or recurring is (profile.recurrency_kind is UNSET)
            or (recurring and schedule.start_schedule is UNSET)
        )

    def _belongs(self, profile: ChargingProfile, connector: Connector) -> bool:
        """Whether its purpose has a place on this connector (OCPP 1.6, 3.13.1)."""
        purpose, running = profile.charging_profile_purpose, connector.transaction
        if purpose == ChargingProfilePurpose.CHARGE_POINT_MAX_PROFILE:
            return connector.id == 0
        if purpose == ChargingProfilePurpose.TX_DEFAULT_PROFILE:
            return True
        if connector.id == 0 or running is None:
            return False
        known = self._outbox.transaction_id(running.number)
        return profile.transaction_id is UNSET or profile.transaction_id == known

    # ---- numbers

    def _for(self, connector: Connector) -> list[Installed]:
        """The profiles without those of other transactions."""
        number = connector.transaction.number if connector.transaction is not None else 0
        return [held.installed for held in self._held if held.transaction in (0, number)]

    def _session(self, connector: Connector) -> Session | None:
        running = connector.transaction
        return None if running is None else Session(None, connector.id, running.started_at)

    def _current_a(self, limit: Limit | None) -> float | None:
        """Amperes on each phase; watts are shared by all phases that can be in use (OCPP 1.6, 7.12)."""
        if limit is None or limit.unit == ChargingRateUnit.A:
            return None if limit is None else limit.value
        phases = max(limit.phases, self._bench.hardware.phases or PHASES)
        return limit.value / (LINE_VOLTAGE_V * phases)

    def _periods(
        self, segments: Iterable[Segment], connector: Connector, unit: ChargingRateUnit
    ) -> Iterator[ChargingSchedulePeriod]:
        hardware = self._bench.hardware
        phases = hardware.phases or PHASES
        sharing = hardware.connectors if connector.id == 0 else 1
        rated = Limit(hardware.current_a * sharing, ChargingRateUnit.A, phases)
        site_a = self._site_a.get(connector.id)
        for segment in segments:
            limits = [rated, *([segment.limit] if segment.limit is not None else [])]
            if site_a is not None:
                limits.append(Limit(site_a, ChargingRateUnit.A, phases))
            least = min(limits, key=lambda limit: limit.in_unit(unit))
            yield ChargingSchedulePeriod(
                start_period=int(segment.start_s),
                # Rounded down, for it must not promise more than is allowed.
                limit=floor(least.in_unit(unit) * 10 + 1e-6) / 10,
                number_phases=min(least.phases, phases),
            )


def _replaced(old: Installed, new: ChargingProfile, connector_id: int) -> bool:
    """Whether the new profile takes the place of this one (OCPP 1.6, 3.13.2 and 5.16.3)."""
    if old.profile.charging_profile_id == new.charging_profile_id:
        return True
    return (
        old.connector_id == connector_id
        and old.profile.stack_level == new.stack_level
        and old.profile.charging_profile_purpose == new.charging_profile_purpose
    )


def _matches(one: Installed, request: ClearChargingProfile) -> bool:
    profile = one.profile
    if request.id is not UNSET:
        return profile.charging_profile_id == request.id
    return (
        request.connector_id in (UNSET, one.connector_id)
        and request.charging_profile_purpose in (UNSET, profile.charging_profile_purpose)
        and request.stack_level in (UNSET, profile.stack_level)
    )


def _shared(current_a: float | None, shares: int) -> float | None:
    return None if current_a is None else current_a / shares
