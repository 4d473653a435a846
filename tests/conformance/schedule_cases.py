"""Random charge points with random profiles, and the engine held against the plain reading of the rules.

Moments lie close together, around the minutes that are looked at: there a random one is likely to matter.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
from hypothesis import strategies as st
from tests.conformance.schedule_reading import Json, Station, Told, Transaction

from voltline.messages import ChargingProfile, ChargingRateUnit, ChargingSchedule, ClearChargingProfile
from voltline.smart_charging.composite import composite
from voltline.smart_charging.limits import Limit, Supply
from voltline.smart_charging.schedule import Feed, connector_schedule, station_schedule
from voltline.smart_charging.stack import Session
from voltline.smart_charging.store import Capabilities, ProfileStore, Running

NOON = datetime(2026, 3, 28, 12, tzinfo=UTC)  # the night after, the clocks of Europe are changed
CONNECTORS = 2
NEAR_S = 300
DAY_S = 86_400
UNITS = (ChargingRateUnit.A, ChargingRateUnit.W)


@dataclass
class Case:
    """What a charge point is, what is done to it in order, and what is asked of it then."""

    station: Station
    acts: list[tuple[str, int, Json]]
    duration: int


def text(seconds: float) -> str:
    return (NOON + timedelta(seconds=seconds)).isoformat(timespec="milliseconds").replace("+00:00", "Z")


near = st.integers(-NEAR_S, NEAR_S)
moments = near.map(text) | st.floats(-NEAR_S, NEAR_S, allow_nan=False).map(lambda one: text(round(one, 3)))
one_in_four = st.sampled_from([False, False, False, True])
rarely = st.sampled_from([False] * 25 + [True])
levels = st.integers(0, 4)
amperes = st.integers(0, 400).map(lambda tenths: tenths / 10)
watts = st.integers(0, 250_000).map(lambda tenths: tenths / 10) | st.sampled_from([4140.0, 11040.0, 3680.0])


@st.composite
def schedules(draw: st.DrawFn, kind: str, cycle: int) -> Json:
    unit = draw(st.sampled_from("AW"))
    starts = draw(st.lists(st.integers(1, 2 * NEAR_S), max_size=4, unique=True))
    if kind == "Recurring" and draw(st.booleans()):
        starts.append(draw(st.integers(cycle - NEAR_S, cycle + NEAR_S)))
    periods = []
    for start in [0, *sorted(starts)]:
        period: Json = {"startPeriod": start, "limit": draw(amperes if unit == "A" else watts)}
        phases = draw(st.sampled_from([None, None, 1, 2, 3]))
        periods.append(period if phases is None else period | {"numberPhases": phases})
    if draw(rarely):
        periods[0]["startPeriod"] = 1
    schedule: Json = {"chargingRateUnit": unit, "chargingSchedulePeriod": periods}
    long = st.integers(cycle - NEAR_S, cycle + NEAR_S)
    duration = draw(st.none() | st.integers(0, NEAR_S) | st.integers(1, 2 * NEAR_S) | long)
    if duration is not None:
        schedule["duration"] = duration
    if kind == "Recurring":
        before = draw(st.integers(-1, 3)) * cycle
        if not draw(rarely):
            schedule["startSchedule"] = text(draw(near) - before)
    elif draw(st.booleans()):
        schedule["startSchedule"] = draw(moments)
    return schedule


@st.composite
def profiles(draw: st.DrawFn) -> Json:
    kind = draw(st.sampled_from(["Absolute", "Absolute", "Relative", "Recurring", "Recurring"]))
    recurrency = draw(st.sampled_from(["Daily", "Weekly"]))
    profile: Json = {
        "chargingProfileId": draw(st.integers(1, 8)),
        "stackLevel": draw(levels),
        "chargingProfilePurpose": draw(
            st.sampled_from(["ChargePointMaxProfile", *["TxDefaultProfile"] * 3, "TxProfile", "TxProfile"])
        ),
        "chargingProfileKind": kind,
        "chargingSchedule": draw(schedules(kind, DAY_S if recurrency == "Daily" else 7 * DAY_S)),
    }
    if (kind == "Recurring") is not draw(rarely):
        profile["recurrencyKind"] = recurrency
    if draw(one_in_four):
        profile["validFrom"] = draw(moments)
    if draw(one_in_four):
        profile["validTo"] = draw(moments)
    of_transaction = profile["chargingProfilePurpose"] == "TxProfile"
    if draw(st.booleans() if of_transaction else rarely):
        profile["transactionId"] = draw(st.sampled_from([-1, 11, 11, 12]))
    return profile


@st.composite
def clearings(draw: st.DrawFn) -> Json:
    purposes = st.sampled_from(["ChargePointMaxProfile", "TxDefaultProfile", "TxProfile"])
    fields = {
        "id": st.integers(1, 8),
        "connectorId": st.integers(0, CONNECTORS),
        "stackLevel": levels,
        "chargingProfilePurpose": purposes,
    }
    chosen = draw(st.lists(st.sampled_from(sorted(fields)), min_size=1, max_size=2, unique=True))
    return {name: draw(fields[name]) for name in chosen}


@st.composite
def cases(draw: st.DrawFn) -> Case:
    phases = draw(st.sampled_from([1, 3, 3]))
    station = Station(
        phases=phases,
        voltage=draw(st.sampled_from([230, 230, 120])),
        switches=phases == 3 and draw(st.booleans()),
        rated=draw(st.sampled_from([16.0, 32.0])),
        max_level=2 if draw(rarely) else 4,
        max_profiles=2 if draw(rarely) else 8,
        max_periods=3 if draw(rarely) else 24,
        units=draw(st.sampled_from([{"A"}, {"W"}])) if draw(rarely) else {"A", "W"},
        site=draw(st.dictionaries(st.integers(0, CONNECTORS), amperes, max_size=1)),
    )
    for connector in range(1, CONNECTORS + 1):
        if not draw(one_in_four):
            transaction_id = draw(st.sampled_from([10 + connector, -1, None]))
            started = NOON - timedelta(seconds=draw(st.integers(0, NEAR_S)))
            station.transactions[connector] = Transaction(connector, transaction_id, started)
    acts: list[tuple[str, int, Json]] = []
    for _ in range(draw(st.sampled_from(range(2, 10)))):
        what = draw(st.integers(0, 12))
        connector = draw(st.sampled_from([0, 1, 1, 2]))
        if what == 12:
            acts.append(("clear", 0, draw(clearings())))
        elif what > 9:
            acts.append(("end", connector, {}))
        else:
            profile = draw(profiles())
            if profile["chargingProfilePurpose"] == "ChargePointMaxProfile" and not draw(rarely):
                connector = 0
            elif profile["chargingProfilePurpose"] == "TxProfile" and not draw(rarely):
                connector = connector or 1
            acts.append(("set", connector, profile))
    return Case(station, acts, draw(st.integers(1, NEAR_S)))


# ---- the engine, held against it


def check(case: Case) -> None:
    """Do what the case says to both, and compare every answer and every second. Raises AssertionError."""
    station, store = case.station, ProfileStore()
    capabilities = Capabilities(
        station.max_level,
        station.max_profiles,
        station.max_periods,
        frozenset(ChargingRateUnit(one) for one in station.units),
    )
    at = NOON - timedelta(seconds=len(case.acts))
    for what, connector, fields in case.acts:
        at += timedelta(seconds=1)
        if what == "set":
            known = station.transactions.get(connector)
            running = known and Running(known.number, known.transaction_id)
            profile = msgspec.convert(fields, ChargingProfile)
            problem = store.install(connector, profile, at, running, capabilities)
            assert ("Accepted" if problem is None else "Rejected") == station.set(connector, fields, at), (
                problem
            )
        elif what == "clear":
            cleared = store.clear(msgspec.convert(fields, ClearChargingProfile))
            assert ("Accepted" if cleared else "Unknown") == station.clear(fields)
        elif connector in station.transactions:
            station.end(connector)
            store.keep_transactions([one.number for one in station.transactions.values()])
    compare(station, store, case.duration)


def compare(station: Station, store: ProfileStore, duration: int) -> None:
    supply = Supply(station.phases, float(station.voltage), station.switches)
    feeds = [Feed(supply, rating(station, number), session(station, number)) for number in (1, 2)]
    for unit in UNITS:
        whole = station_schedule(store.stack, NOON, duration, unit, supply, station.site.get(0), feeds)
        assert told(whole) == station.schedule(0, NOON, duration, unit, CONNECTORS)
        for number, feed in enumerate(feeds, start=1):
            narrow = feed._replace(most_a=min(feed.most_a, station.site.get(0, feed.most_a)))
            schedule = connector_schedule(store.stack, NOON, duration, unit, narrow)
            assert told(schedule) == station.schedule(number, NOON, duration, unit, CONNECTORS)
    for number, feed in enumerate(feeds, start=1):
        compare_moments(station, store, duration, number, feed.session)


def compare_moments(station: Station, store: ProfileStore, duration: int, number: int, of: Session) -> None:
    """Limits as they are sent: at a moment, over a time, and when they are to be looked at again."""
    stack, installed = store.stack, [held.installed for held in store.held]
    segments = iter(composite(installed, number, NOON, duration, of))
    segment = next(segments)
    seen: Any = None
    change = stack.next_change(NOON, [of])
    for second in range(duration):
        now = NOON + timedelta(seconds=second)
        own, most = station.own(number, now, of.started_at), station.most(now)
        assert plain(stack.of_transaction(now, of)) == own
        assert plain(stack.most(now)) == most
        if (change is None or now.timestamp() * 1_000_000 < change) and second:
            assert (own, most) == seen, "it was to stay as it is"
        else:
            change = stack.next_change(now, [of])
        seen = own, most
        while segment.end_s <= second:
            segment = next(segments)
        lowest = min((power(one) for one in (own, most) if one is not None), default=None)
        limit = segment.limit
        assert (limit and limit.in_unit(ChargingRateUnit.W)) == lowest


def plain(limit: Limit | None) -> Json | None:
    return None if limit is None else {"limit": limit.value, "unit": str(limit.unit), "phases": limit.phases}


def power(said: Json) -> float:
    watts = said["limit"] if said["unit"] == "W" else said["limit"] * (230.0 * said["phases"])
    return float(watts)


def told(schedule: ChargingSchedule) -> Told:
    found = []
    for one in schedule.charging_schedule_period:
        assert isinstance(one.number_phases, int)
        found.append((one.start_period, one.limit, one.number_phases))
    return found


def rating(station: Station, number: int) -> float:
    return min(station.rated, station.site.get(number, station.rated))


def session(station: Station, number: int) -> Session:
    running = station.transactions.get(number)
    return Session(None, number, NOON if running is None else running.started)
