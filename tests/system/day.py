"""A day at charge points: who charged when and how much, and in which order and shape the news of it arrive.

All of it follows from a seed. Meters are the only truth: a connector's register rises by what was delivered,
and by nothing else.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from itertools import pairwise
from random import Random
from typing import Any

MIDNIGHT = datetime(2025, 6, 10, tzinfo=UTC)
DAY_S = 86_400.0
SESSIONS_OF_CONNECTORS = (6, 4)
"""Of each charge point: ten sessions a day."""


class Fate(StrEnum):
    """What becomes of a session's messages on their way."""

    PLAIN = "plain"
    REPEATED = "every message is sent twice"
    LATE_STOP = "its stop comes after the next start on the connector"
    LATE_READINGS = "its readings come after the next start on the connector"
    SWAPPED = "all of it comes after the next start on the connector"
    NEVER_STOPPED = "its stop is lost"
    NEVER_STOPPED_LATE_READING = "its stop is lost and its last reading comes after the next start"
    NAMELESS = "its start is lost: readings and stop name no transaction"
    LATE_START = "its start comes after its readings"
    STOP_FIRST = "its stop comes before its start"
    ORPHAN = "its start is lost, and there are no readings"
    STOPPED_TWICE = "another stop follows, after a power loss"


SPILLING = {
    Fate.LATE_STOP,
    Fate.LATE_READINGS,
    Fate.SWAPPED,
    Fate.NEVER_STOPPED,
    Fate.NEVER_STOPPED_LATE_READING,
}
"""They reach into the next session on the connector, which is an uneventful one."""
OF_CONNECTOR_1 = {Fate.NAMELESS, Fate.LATE_START, Fate.STOP_FIRST, Fate.ORPHAN}
"""What names no transaction is found by what else goes on at the charge point: one of these at a time."""
UNEVENTFUL = (Fate.PLAIN, Fate.REPEATED)


@dataclass(eq=False)
class Session:
    """One charge, by the meter."""

    identity: str
    connector_id: int
    id_tag: str
    fate: Fate
    readings: list[tuple[float, int]]
    """Second of the day and register in Wh; the first is that of the start, the last that of the stop."""
    transaction_id: int | None = None
    """As told by the central system."""

    @property
    def began(self) -> float:
        return self.readings[0][0]

    @property
    def ended(self) -> float:
        return self.readings[-1][0]

    @property
    def meter_start_wh(self) -> int:
        return self.readings[0][1]

    @property
    def meter_stop_wh(self) -> int:
        return self.readings[-1][1]

    @property
    def delivered_wh(self) -> int:
        return self.meter_stop_wh - self.meter_start_wh

    @property
    def placed(self) -> bool:
        """Whether a central system can know of this charge as one."""
        return self.fate is not Fate.ORPHAN


@dataclass(eq=False)
class News:
    """A message on its way; `when` is the second of the day when it is sent."""

    when: float
    action: str
    payload: dict[str, Any]
    session: Session | None = None
    foreign: Session | None = None
    """Another charge point's session, under whose transaction id this goes."""
    quarantined: str | None = None
    """The reason why it cannot be placed."""
    twice: bool = False
    sent: int = 0

    def written(self) -> dict[str, Any]:
        """The payload as it can be written by now: with the transaction id as far as it is known."""
        if self.foreign is not None:
            assert self.foreign.transaction_id is not None
            return self.payload | {"transactionId": self.foreign.transaction_id}
        if self.session is not None and self.action in ("MeterValues", "StopTransaction"):
            return self.payload | {"transactionId": self.session.transaction_id or -1}
        return self.payload


@dataclass
class StationDay:
    """What one charge point does all day."""

    identity: str
    sessions: list[Session]
    news: list[News]
    """In the order of sending."""
    gaps: list[float]
    """At these seconds of the day the connection is lost for a while."""
    registers_wh: list[tuple[int, int]]
    """Of each connector's meter, at midnight and at midnight."""


@dataclass
class Day:
    stations: list[StationDay] = field(default_factory=list)

    @property
    def sessions(self) -> Iterator[Session]:
        for station in self.stations:
            yield from station.sessions

    @property
    def news(self) -> Iterator[News]:
        for station in self.stations:
            yield from station.news


def moment(second: float) -> str:
    """As charge points write it."""
    return (MIDNIGHT + timedelta(seconds=second)).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def a_day(stations: int, seed: int) -> Day:
    random = Random(seed)
    day = Day()
    for number in range(stations):
        day.stations.append(_station_day(f"DAY-{number:02d}", Random(random.random())))
    for before, station in pairwise(day.stations):
        _add_strays(station, before, Random(random.random()))
    return day


def _station_day(identity: str, random: Random) -> StationDay:
    sessions, registers = [], []
    for connector_id, count in enumerate(SESSIONS_OF_CONNECTORS, 1):
        midnight_wh = random.randrange(1_000_000)
        of_connector = list(_sessions(identity, connector_id, count, midnight_wh, random))
        registers.append((midnight_wh, of_connector[-1].meter_stop_wh))
        sessions.append(of_connector)
    news = [one for of_connector in sessions for one in _news_of_connector(of_connector, random)]
    news.sort(key=lambda one: one.when)
    boot = News(-1.0, "BootNotification", {"chargePointVendor": "Day", "chargePointModel": "Life"})
    gaps = sorted(random.uniform(0, DAY_S) for _ in range(random.randrange(1, 4)))
    return StationDay(identity, [one for some in sessions for one in some], [boot, *news], gaps, registers)


def _sessions(
    identity: str, connector_id: int, count: int, register_wh: int, random: Random
) -> Iterator[Session]:
    slot_s = DAY_S / count
    before = Fate.PLAIN
    for number in range(count):
        last = number == count - 1
        choices = [
            fate
            for fate in Fate
            if not (fate in OF_CONNECTOR_1 and connector_id != 1) and not (fate in SPILLING and last)
        ]
        before = fate = random.choice(UNEVENTFUL if before in SPILLING else choices)
        began = round(number * slot_s + random.uniform(0.01, 0.2) * slot_s, 3)
        step_s = random.uniform(0.02, 0.12) * slot_s
        readings = [(began, register_wh)]
        for index in range(1, random.randrange(3, 7)):
            register_wh += random.randrange(1, 6_000)
            readings.append((round(began + index * step_s, 3), register_wh))
        tag = f"T{identity[-2:]}{connector_id}{number}"  # nobody charges twice
        yield Session(identity, connector_id, tag, fate, readings)


def _news_of_connector(sessions: list[Session], random: Random) -> Iterator[News]:
    for number, session in enumerate(sessions):
        following = sessions[number + 1] if number + 1 < len(sessions) else None
        yield from _news(session, following, random)


def _news(session: Session, following: Session | None, random: Random) -> Iterator[News]:
    fate = session.fate
    start, readings, stop = _start(session), list(_readings(session)), _stop(session, random)
    after = following.began if following is not None else DAY_S
    match fate:
        case Fate.LATE_STOP:
            stop.when = after + 1
        case Fate.LATE_READINGS:
            _delay(readings, after)
        case Fate.SWAPPED:
            _delay([start, *readings, stop], after)
        case Fate.NEVER_STOPPED_LATE_READING:
            _delay(readings[-1:], after)
        case Fate.LATE_START:
            start.when = readings[-1].when + 0.001
        case Fate.STOP_FIRST:
            stop.when = start.when - 0.001
        case Fate.ORPHAN:
            stop.quarantined = "no-transaction-id"
    if fate not in (Fate.NAMELESS, Fate.ORPHAN):
        yield start
    if fate is not Fate.ORPHAN:
        yield from readings
    if fate not in (Fate.NEVER_STOPPED, Fate.NEVER_STOPPED_LATE_READING):
        yield stop
    if fate is Fate.STOPPED_TWICE:
        again = stop.payload | {"timestamp": moment(session.ended + 40), "reason": "PowerLoss"}
        yield News(
            session.ended + 40, "StopTransaction", again, session=session, quarantined="already-stopped"
        )
    yield _status(session, "Charging", session.began - 0.5)
    yield _status(session, "Available", session.ended + 45)
    for one in (start, *readings, stop):
        one.twice = fate is Fate.REPEATED


def _delay(news: Iterable[News], after: float) -> None:
    """Send these, in their order, right after something else."""
    for number, one in enumerate(news, 1):
        one.when = after + number / 1000


def _status(session: Session, status: str, when: float) -> News:
    payload = {"connectorId": session.connector_id, "errorCode": "NoError", "status": status}
    return News(when, "StatusNotification", payload | {"timestamp": moment(when)})


def _start(session: Session) -> News:
    payload = {
        "connectorId": session.connector_id,
        "idTag": session.id_tag,
        "meterStart": session.meter_start_wh,
        "timestamp": moment(session.began),
    }
    return News(session.began, "StartTransaction", payload, session=session)


def _readings(session: Session) -> Iterator[News]:
    """The register when it began, in between, and when it ended."""
    for number, (at, register_wh) in enumerate(session.readings):
        last = number == len(session.readings) - 1
        context = "Transaction.Begin" if number == 0 else "Transaction.End" if last else "Sample.Periodic"
        sampled = [{"value": str(register_wh), "context": context, "unit": "Wh"}]
        payload = {
            "connectorId": session.connector_id,
            "meterValue": [{"timestamp": moment(at), "sampledValue": sampled}],
        }
        yield News(at + (0 if last else 0.1), "MeterValues", payload, session=session)


def _stop(session: Session, random: Random) -> News:
    payload = {
        "idTag": session.id_tag,
        "meterStop": session.meter_stop_wh,
        "timestamp": moment(session.ended),
        "reason": random.choice(("Local", "Remote", "EVDisconnected")),
    }
    return News(session.ended + 0.2, "StopTransaction", payload, session=session)


def _add_strays(station: StationDay, neighbour: StationDay, random: Random) -> None:
    """Stops that are not for us: of no transaction that there is, and of the neighbour's first one."""
    number = int(station.identity[-2:])
    last = station.news[-1].when
    unknown = News(random.uniform(0, last), "StopTransaction", {}, quarantined="unknown-transaction")
    unknown.payload = {"transactionId": 1_000_000 + number, **_stray(f"U{number}", unknown.when, random)}
    first = min((one for one in neighbour.sessions if one.connector_id == 2), key=lambda one: one.began)
    foreign = News(
        random.uniform(DAY_S / 2, last),
        "StopTransaction",
        {},
        foreign=first,
        quarantined="foreign-transaction",
    )
    foreign.payload = _stray(f"F{number}", foreign.when, random)
    station.news += [unknown, foreign]
    station.news.sort(key=lambda one: one.when)


def _stray(tag: str, when: float, random: Random) -> dict[str, Any]:
    return {"idTag": tag, "meterStop": random.randrange(2_000_000), "timestamp": moment(when)}
