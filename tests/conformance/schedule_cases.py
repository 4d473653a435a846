"""Random charge points with random profiles, and the engine held against the plain reading of the rules.

Moments lie close together, around the minutes that are looked at: there a random one is likely to matter.
"""

from collections import Counter
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
NEAR_S = 60
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


# Made once: to make a strategy takes hypothesis longer than to draw from it.
near = st.integers(-NEAR_S, NEAR_S)
moments = near.map(text) | st.floats(-NEAR_S, NEAR_S, allow_nan=False).map(lambda one: text(round(one, 3)))
either = st.booleans()
one_in_four = st.sampled_from([False, False, False, True])
rarely = st.sampled_from([False] * 25 + [True])
levels = st.integers(0, 4)
ids = st.integers(1, 8)
amperes = st.integers(0, 400).map(lambda tenths: tenths / 10)
watts = st.integers(0, 250_000).map(lambda tenths: tenths / 10)
lengths = st.integers(0, 2 * NEAR_S)
counts = st.sampled_from([1, 2, 2, 3, 3, 4, 5])
phases_said = st.sampled_from([None, None, 1, 2, 3])
units = st.sampled_from("AW")
kinds = st.sampled_from(["Absolute", "Absolute", "Relative", "Recurring", "Recurring"])
recurrencies = st.sampled_from(["Daily", "Weekly"])
durations = st.sampled_from([None, "short", "short", "long"])
cycles_before = st.integers(-1, 3)
DEFAULT, TX, MAX = "TxDefaultProfile", "TxProfile", "ChargePointMaxProfile"
purposes = st.sampled_from([DEFAULT, DEFAULT, DEFAULT, TX, TX, MAX])
transaction_ids = st.sampled_from([11, 11, 12, -1])
own_ids = st.sampled_from([0, 0, -1, None])
connectors = st.sampled_from([0, 1, 1, 2])
acts_done = st.sampled_from(range(2, 10))
doings = st.sampled_from(["set"] * 10 + ["end", "end", "clear"])
grids = st.sampled_from([(3, 230), (3, 230), (3, 120), (1, 230)])


@st.composite
def schedules(draw: st.DrawFn, kind: str, cycle: int) -> Json:
    unit = draw(units)
    starts = {0} | {draw(lengths) for _ in range(draw(counts) - 1)}
    if kind == "Recurring" and draw(one_in_four):
        starts.add(cycle + draw(near))
    periods = []
    for start in sorted(starts):
        period: Json = {"startPeriod": start, "limit": draw(amperes if unit == "A" else watts)}
        phases = draw(phases_said)
        periods.append(period if phases is None else period | {"numberPhases": phases})
    if draw(rarely):
        periods[0]["startPeriod"] = 1
    schedule: Json = {"chargingRateUnit": unit, "chargingSchedulePeriod": periods}
    duration = draw(durations)
    if duration is not None:
        schedule["duration"] = draw(lengths) if duration == "short" else cycle + draw(near)
    if kind == "Recurring":
        if not draw(rarely):
            schedule["startSchedule"] = text(draw(near) - draw(cycles_before) * cycle)
    elif draw(either):
        schedule["startSchedule"] = draw(moments)
    return schedule


of_cycles = {
    (kind, recurrency): schedules(kind, DAY_S if recurrency == "Daily" else 7 * DAY_S)
    for kind in ("Absolute", "Relative", "Recurring")
    for recurrency in ("Daily", "Weekly")
}


@st.composite
def profiles(draw: st.DrawFn) -> Json:
    kind, recurrency, purpose = draw(kinds), draw(recurrencies), draw(purposes)
    profile: Json = {
        "chargingProfileId": draw(ids),
        "stackLevel": draw(levels),
        "chargingProfilePurpose": purpose,
        "chargingProfileKind": kind,
        "chargingSchedule": draw(of_cycles[kind, recurrency]),
    }
    if (kind == "Recurring") is not draw(rarely):
        profile["recurrencyKind"] = recurrency
    if draw(one_in_four):
        profile["validFrom"] = draw(moments)
    if draw(one_in_four):
        profile["validTo"] = draw(moments)
    if draw(either if purpose == TX else rarely):
        profile["transactionId"] = draw(transaction_ids)
    return profile


fields = {"id": ids, "connectorId": connectors, "stackLevel": levels, "chargingProfilePurpose": purposes}
fields_given = st.lists(st.sampled_from(sorted(fields)), min_size=1, max_size=2, unique=True)


@st.composite
def clearings(draw: st.DrawFn) -> Json:
    return {name: draw(fields[name]) for name in draw(fields_given)}


sent = profiles()
cleared = clearings()


@st.composite
def cases(draw: st.DrawFn) -> Case:
    phases, voltage = draw(grids)
    station = Station(
        phases=phases,
        voltage=voltage,
        switches=phases == 3 and draw(either),
        rated=16.0 if draw(either) else 32.0,
        max_level=2 if draw(rarely) else 4,
        max_profiles=2 if draw(rarely) else 8,
        max_periods=3 if draw(rarely) else 24,
        units={draw(units)} if draw(rarely) else {"A", "W"},
        site={draw(connectors): draw(amperes)} if draw(one_in_four) else {},
    )
    for connector in range(1, CONNECTORS + 1):
        if not draw(one_in_four):
            own = draw(own_ids)
            transaction_id = 10 + connector if own == 0 else own
            started = NOON - timedelta(seconds=draw(lengths))
            station.transactions[connector] = Transaction(connector, transaction_id, started)
    acts: list[tuple[str, int, Json]] = []
    for _ in range(draw(acts_done)):
        what, connector = draw(doings), draw(connectors)
        if what == "clear":
            acts.append(("clear", 0, draw(cleared)))
        elif what == "end":
            acts.append(("end", connector, {}))
        else:
            profile = draw(sent)
            purpose = profile["chargingProfilePurpose"]
            if purpose == MAX and not draw(rarely):
                connector = 0
            elif purpose == TX and not draw(rarely):
                connector = connector or 1
            acts.append(("set", connector, profile))
    return Case(station, acts, draw(ids) * NEAR_S // 8)


# ---- the engine, held against it


def check(case: Case) -> Counter[str]:
    """Do what the case says to both, and compare every answer, and every second whenever profiles changed.

    Gives what was compared. Raises AssertionError where they differ.
    """
    station, store = case.station, ProfileStore()
    seen: Counter[str] = Counter()
    capabilities = Capabilities(
        station.max_level,
        station.max_profiles,
        station.max_periods,
        frozenset(ChargingRateUnit(one) for one in station.units),
    )
    at = NOON - timedelta(seconds=len(case.acts))
    for what, connector, fields in case.acts:
        at += timedelta(seconds=1)
        before = store.held
        if what == "set":
            known = station.transactions.get(connector)
            running = known and Running(known.number, known.transaction_id)
            profile = msgspec.convert(fields, ChargingProfile)
            problem = store.install(connector, profile, at, running, capabilities)
            assert ("Accepted" if problem is None else "Rejected") == station.set(connector, fields, at), (
                problem
            )
        elif what == "clear":
            gone = store.clear(msgspec.convert(fields, ClearChargingProfile))
            assert ("Accepted" if gone else "Unknown") == station.clear(fields)
        elif connector in station.transactions:
            station.end(connector)
            store.keep_transactions([one.number for one in station.transactions.values()])
        seen["commands"] += 1
        if store.held != before:
            compare(station, store, case.duration)
            seen["profile sets"] += 1
            seen["profiles"] += len(store.held)
            seen["seconds"] += case.duration * (len(UNITS) * (CONNECTORS + 1) + CONNECTORS)
    return seen


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
