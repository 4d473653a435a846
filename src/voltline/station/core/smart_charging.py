"""Charging profiles of this station, and the current that each vehicle may draw by them (OCPP 1.6, 3.13).

What a profile must be, and which one holds when, are rules of `voltline.smart_charging`; here stands what the
station makes of them. Currents are amperes on each phase of the grid; a charger for direct current takes them
as power.
"""

from collections.abc import Callable, Iterator
from typing import Any

import msgspec

from voltline.messages import (
    UNSET,
    ChargingProfile,
    ChargingProfilePurpose,
    ChargingProfileStatus,
    ChargingRateUnit,
    ClearChargingProfile,
    ClearChargingProfileResponse,
    ClearChargingProfileStatus,
    GetCompositeSchedule,
    GetCompositeScheduleResponse,
    GetCompositeScheduleStatus,
    SetChargingProfile,
    SetChargingProfileResponse,
)
from voltline.smart_charging.limits import PHASES, Supply
from voltline.smart_charging.plan import SECOND_US, Installed, microseconds
from voltline.smart_charging.schedule import Feed, connector_schedule, station_schedule
from voltline.smart_charging.shares import Demand, shares
from voltline.smart_charging.stack import Session
from voltline.smart_charging.store import Capabilities, Held, ProfileStore, Running, problem_of, units_of
from voltline.station.core.bench import Bench
from voltline.station.core.connectors import Connector, Connectors
from voltline.station.core.intents import Matter, Offer
from voltline.station.core.outbox import Outbox
from voltline.station.core.timers import Timer

LEAST_CURRENT_A = 6.0
"""No vehicle on alternating current can be told to draw less; the station pauses (IEC 61851-1)."""

SWITCHES_PHASES = "ConnectorSwitch3to1PhaseSupported"
RECORD = "charging-profiles"


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
        self._store = ProfileStore(bench.memory.recall(RECORD, list[Held]) or ())
        self._announced: list[_Announced] = []
        self._site_a: dict[int, float] = {}
        self._basis: Any = None
        self._looks_at = 0.0

    @property
    def profiles(self) -> tuple[Installed, ...]:
        """What is installed."""
        return tuple(held.installed for held in self._store.held)

    # ---- what the central system asks

    def set_profile(self, request: SetChargingProfile) -> SetChargingProfileResponse:
        """Install a profile in the place of those that it replaces (OCPP 1.6, 5.16).

        The connector must exist.
        """
        connector = self._connectors.any(request.connector_id)
        problem = self._store.install(
            connector.id,
            request.cs_charging_profiles,
            self._bench.timestamp,
            self._running(connector),
            self._capabilities,
        )
        if problem is not None:
            self._tell(request.cs_charging_profiles, problem, connector.id)
            return SetChargingProfileResponse(status=ChargingProfileStatus.REJECTED)
        self._remember()
        return SetChargingProfileResponse(status=ChargingProfileStatus.ACCEPTED)

    def clear(self, request: ClearChargingProfile) -> ClearChargingProfileResponse:
        """Remove what matches every field given, or has the id (OCPP 1.6, 5.5; errata 3.25, 3.26)."""
        if not self._store.clear(request):
            return ClearChargingProfileResponse(status=ClearChargingProfileStatus.UNKNOWN)
        self._remember()
        return ClearChargingProfileResponse(status=ClearChargingProfileStatus.ACCEPTED)

    def composite_schedule(self, request: GetCompositeSchedule) -> GetCompositeScheduleResponse:
        """The limits from now on, as far as they are known now (OCPP 1.6, 5.7)."""
        if request.connector_id not in self._connectors or request.duration <= 0:
            return GetCompositeScheduleResponse(status=GetCompositeScheduleStatus.REJECTED)
        self._forget_ended()
        connector = self._connectors.any(request.connector_id)
        stack, start, duration_s = self._store.stack, self._bench.timestamp, request.duration
        unit = request.charging_rate_unit
        if unit is UNSET:
            unit = self._usual_unit
        of_all_a = self._site_a.get(0)
        if connector.id:
            schedule = connector_schedule(stack, start, duration_s, unit, self._feed(connector, of_all_a))
        else:
            feeds = [self._feed(one, None) for one in self._connectors.outlets]
            supply = self._supply
            schedule = station_schedule(stack, start, duration_s, unit, supply, of_all_a, feeds)
        return GetCompositeScheduleResponse(
            status=GetCompositeScheduleStatus.ACCEPTED,
            connector_id=connector.id,
            schedule_start=start,
            charging_schedule=schedule,
        )

    def fits_remote_start(self, profile: ChargingProfile) -> bool:
        """Whether this can come with a RemoteStartTransaction (OCPP 1.6, 5.11; errata 3.41)."""
        capabilities = self._capabilities
        problem = problem_of(profile, capabilities)
        if profile.charging_profile_purpose != ChargingProfilePurpose.TX_PROFILE:
            problem = (
                f"what comes with a remote start is a TxProfile, not a {profile.charging_profile_purpose}"
            )
        elif profile.transaction_id is not UNSET:
            problem = "what comes with a remote start has no transactionId"
        elif problem is None and not self._store.has_room(-1, profile, capabilities):
            problem = "there is room for no more profiles"
        if problem is not None:
            self._tell(profile, problem, 0)
        return problem is None

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

    def offer(self, connector: Connector) -> Offer:
        """What the vehicle of a running transaction may draw now.

        Those who have to make room for it are told before.
        """
        if not self._has_limits:
            return Offer(connector.id, None)
        self._forget_ended()
        self._adopt(connector)
        if 0 not in self._site_a and not self._store.stack.has_most:
            return self._own_offer(connector)
        offers = self._offers()
        for other in self._connectors.outlets:
            to_be = offers.get(other.id)
            if other is not connector and to_be is not None and _amperes(to_be) < _amperes(other.offer):
                other.offer = to_be
                self._bench.intend(to_be)
        return offers.get(connector.id) or self._own_offer(connector)

    def pauses(self, offer: Offer) -> bool:
        """Whether so little on offer means nothing at all."""
        if offer.current_a is None:
            return False
        return offer.current_a < LEAST_CURRENT_A if self._bench.hardware.phases else offer.current_a <= 0.0

    def changed(self) -> Iterator[Connector]:
        """The connectors whose vehicles may be told something else now; sets the next look."""
        if not self._has_limits and self._basis is None:
            return
        self._forget_ended()
        running = self._in_use()
        basis = (
            self._store.held,
            dict(self._site_a),
            [(one.id, one.transaction and one.transaction.number) for one in running],
            self._bench.clock - self._bench.now.utc,
        )
        if basis == self._basis and self._bench.now.monotonic < self._looks_at:
            return
        self._basis = basis if self._has_limits else None
        yield from running
        self._look_again(running)

    @property
    def _has_limits(self) -> bool:
        return bool(self._store.held or self._site_a or self._announced)

    def _in_use(self) -> list[Connector]:
        """Those that energy flows through, or may: the oldest transaction first."""
        using = (
            (one.transaction.number, one)
            for one in self._connectors.outlets
            if one.transaction is not None and not one.transaction.refused and not one.is_blocked
        )
        return [one for _, one in sorted(using, key=lambda pair: pair[0])]

    def _look_again(self, running: list[Connector]) -> None:
        self._looks_at = float("inf")
        now = self._bench.clock
        sessions = [self._session(one) for one in running]
        change = self._store.stack.next_change(now, sessions) if running else None
        if change is None:
            self._bench.timers.cancel(Timer.LIMIT)
            return
        self._looks_at = self._bench.now.monotonic + (change - microseconds(now)) / SECOND_US
        self._bench.timers.start(Timer.LIMIT, self._looks_at)

    # ---- the limit of the moment

    def _offers(self) -> dict[int, Offer]:
        """What each connector in use may draw, so that together they keep to what is set for all."""
        running = self._in_use()
        own = [self._own_offer(one) for one in running]
        supply, hardware = self._supply, self._bench.hardware
        volts = [supply.voltage_v * (one.phases or supply.phases) for one in own]
        wanted = [min(_amperes(one), hardware.current_a) for one in own]
        least = [self._least_a(one, most, v) for one, most, v in zip(running, wanted, volts, strict=True)]
        told = [one.current_a for one in own]

        def keep_to(whole: float, factors: list[float]) -> None:
            """A factor turns the amperes of a connector into the unit of what they share."""
            each = zip(least, wanted, factors, strict=True)
            shared = shares(whole, [Demand(low * factor, high * factor) for low, high, factor in each])
            for number, (share, factor) in enumerate(zip(shared, factors, strict=True)):
                before = told[number]
                told[number] = share / factor if before is None else min(before, share / factor)

        most = self._store.stack.most(self._bench.clock)
        if most is not None:
            keep_to(most.value, volts if most.unit is ChargingRateUnit.W else [1.0] * len(own))
        if 0 in self._site_a:
            keep_to(self._site_a[0], [1.0] * len(own))
        return {
            one.connector_id: Offer(one.connector_id, current_a, one.phases)
            for one, current_a in zip(own, told, strict=True)
        }

    def _own_offer(self, connector: Connector) -> Offer:
        """What it may draw by limits that are for no other connector."""
        supply = self._supply
        limit = self._store.stack.of_transaction(self._bench.clock, self._session(connector))
        phases = supply.phases_under(limit)
        site_a = self._site_a.get(connector.id)
        currents = [one for one in (supply.current_a(phases, limit), site_a) if one is not None]
        current_a = min([*currents, self._bench.hardware.current_a]) if currents else None
        return Offer(connector.id, current_a, phases if phases < supply.phases else None)

    def _least_a(self, connector: Connector, wanted_a: float, volts: float) -> float:
        """What it makes sense to give it at least, where it has to share (minChargingRate; S 7.13)."""
        _, least = self._store.stack.prevailing(self._bench.clock, self._session(connector))
        current_a = 0.0
        if least is not None:
            current_a = least.value if least.unit is ChargingRateUnit.A else least.value / volts
        return max(LEAST_CURRENT_A if self._bench.hardware.phases else 0.0, min(current_a, wanted_a))

    # ---- beginnings and ends

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
                at = self._bench.timestamp
                self._store.adopt(connector.id, one.profile, at, self._running(connector))
                self._remember()
                return

    def _forget_ended(self) -> None:
        """A TxProfile is gone with its transaction (OCPP 1.6, 3.13.1)."""
        now = self._bench.now.monotonic
        self._announced = [one for one in self._announced if now <= one.until]
        numbers = {one.transaction.number for one in self._connectors.outlets if one.transaction is not None}
        if self._store.keep_transactions(numbers):
            self._remember()

    def _remember(self) -> None:
        self._bench.memory.keep(RECORD, self._store.held)

    def _tell(self, profile: ChargingProfile, problem: str, connector_id: int) -> None:
        text = f"charging profile {profile.charging_profile_id} is rejected: {problem}"
        self._bench.tell(Matter.CHARGING, text, connector_id)

    # ---- what this station is

    @property
    def _capabilities(self) -> Capabilities:
        configuration = self._bench.configuration
        return Capabilities(
            configuration.number("ChargeProfileMaxStackLevel"),
            configuration.number("MaxChargingProfilesInstalled"),
            configuration.number("ChargingScheduleMaxPeriods"),
            units_of(configuration.text("ChargingScheduleAllowedChargingRateUnit")),
        )

    @property
    def _usual_unit(self) -> ChargingRateUnit:
        usual = ChargingRateUnit.A if self._bench.hardware.phases else ChargingRateUnit.W
        allowed = self._capabilities.units
        return usual if usual in allowed or not allowed else next(iter(allowed))

    @property
    def _supply(self) -> Supply:
        hardware, configuration = self._bench.hardware, self._bench.configuration
        key = SWITCHES_PHASES
        switches = hardware.phases == PHASES and key in configuration and configuration.flag(key)
        return Supply(hardware.phases or PHASES, hardware.voltage_v, switches)

    def _feed(self, connector: Connector, of_all_a: float | None) -> Feed:
        limits = (self._bench.hardware.current_a, self._site_a.get(connector.id), of_all_a)
        most_a = min(one for one in limits if one is not None)
        return Feed(self._supply, most_a, self._session(connector))

    def _running(self, connector: Connector) -> Running | None:
        running = connector.transaction
        return (
            None if running is None else Running(running.number, self._outbox.transaction_id(running.number))
        )

    def _session(self, connector: Connector) -> Session:
        """Its transaction, or the one that might begin now."""
        running = connector.transaction
        # Only the TxProfiles of the running transaction are kept, so there is nothing left to match.
        return Session(None, connector.id, self._bench.timestamp if running is None else running.started_at)


def _amperes(offer: Offer) -> float:
    return float("inf") if offer.current_a is None else offer.current_a
