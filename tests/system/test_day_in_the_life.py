"""A day in the life of a central system: what the meters delivered is in the database, to the watt-hour.

50 charge points charge 500 times. Connections break, messages are repeated, come late, in the wrong order,
for somebody else's transaction or not at all, and the central system is stopped and killed in between.
"""

import asyncio
import json
import signal
import sqlite3
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime
from itertools import count
from pathlib import Path
from random import Random
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
import websockets
from tests.serving import Serving, start_serving
from tests.system.day import MIDNIGHT, Day, Fate, News, StationDay, a_day
from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed, InvalidHandshake

STATIONS = 50
SEED = 16
FLAGS = ("--set", "log.level=warning")
RESTARTS = (
    (0.12, signal.SIGTERM),
    (0.25, signal.SIGKILL),
    (0.4, signal.SIGKILL),
    (0.6, signal.SIGTERM),
    (0.8, signal.SIGKILL),
)
"""After which share of all messages, and how."""
REPEATED = 0.03
"""Share of messages that are sent again although they were answered."""
BROKEN_OFF = 0.01
"""Share of messages after which the connection is dropped before the answer."""
ANSWER_WITHIN_S = 30.0
LONGEST_S = 280.0
"""Some 15 s on an idle machine; a busy one may take its time."""


@dataclass
class Life:
    """How far the day has come, and what happened on the way."""

    endpoint: str
    random: Random
    answered: int = 0
    sent_again: Counter[str] = field(default_factory=Counter)
    connections: int = 0
    faults: list[str] = field(default_factory=list)
    changed: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def until(self, condition: Any) -> None:
        async with self.changed, asyncio.timeout(LONGEST_S):
            await self.changed.wait_for(condition)

    async def tell(self) -> None:
        async with self.changed:
            self.changed.notify_all()


class LivingStation:
    """Delivers a charge point's news in order: one CALL at a time, again and again until it is answered."""

    def __init__(self, life: Life, day: StationDay, random: Random) -> None:
        self.life = life
        self.day = day
        self.random = random
        self.socket: ClientConnection | None = None
        self.ids = count(1)

    async def run(self) -> None:
        gaps = list(self.day.gaps)
        for news in self.day.news:
            while gaps and gaps[0] <= news.when:
                gaps.pop(0)
                await self._lose_connection()
            foreign = news.foreign
            if foreign is not None and foreign.transaction_id is None:
                await self.life.until(lambda one=foreign: one.transaction_id is not None)
            await self._deliver(news)
            if news.twice or self.random.random() < REPEATED:
                await self._deliver(news)
        await self._lose_connection()

    async def _lose_connection(self) -> None:
        if self.socket is not None:
            await self.socket.close()
            self.socket = None

    async def _deliver(self, news: News) -> None:
        payload = news.written()
        while True:
            try:
                socket = self.socket or await self._connect()
                if news.sent:
                    self.life.sent_again[news.action] += 1
                news.sent += 1
                answer = await self._exchange(socket, news, payload)
                break
            except (OSError, ConnectionClosed):
                self.socket = None
        self.life.answered += 1
        if news.action == "StartTransaction":
            self._name(news, answer["transactionId"])
        await self.life.tell()

    def _name(self, news: News, transaction_id: int) -> None:
        session = news.session
        assert session is not None
        if session.transaction_id not in (None, transaction_id):
            self.life.faults.append(f"{session} was given {transaction_id} as well")
        session.transaction_id = transaction_id

    async def _connect(self) -> ClientConnection:
        while True:
            try:
                self.socket = await websockets.connect(
                    f"{self.life.endpoint}/{self.day.identity}",
                    subprotocols=["ocpp1.6"],  # type: ignore[list-item]
                    compression=None,
                    ping_interval=None,
                    proxy=None,
                )
            except (OSError, EOFError, InvalidHandshake):
                await asyncio.sleep(self.random.uniform(0.02, 0.1))  # a back-off: it is not there (yet)
            else:
                self.life.connections += 1
                return self.socket

    async def _exchange(
        self, socket: ClientConnection, news: News, payload: dict[str, Any]
    ) -> dict[str, Any]:
        message_id = f"{self.day.identity}.{next(self.ids)}"
        await socket.send(json.dumps([2, message_id, news.action, payload]))
        if self.random.random() < BROKEN_OFF:
            socket.transport.abort()
        async with asyncio.timeout(ANSWER_WITHIN_S):
            while (frame := json.loads(await socket.recv()))[0] == 2:
                await socket.send(json.dumps([4, frame[1], "NotSupported", "", {}]))
        if frame[:2] != [3, message_id]:
            self.life.faults.append(f"{self.day.identity}: {news.action} {payload} was answered {frame}")
            return {}
        answer: dict[str, Any] = frame[2]
        return answer


class Central:
    """The central system: the same ports and files after each restart."""

    def __init__(self, data: Path) -> None:
        self.data = data
        self.serving: Serving = start_serving(data, *FLAGS)
        self.ports = {
            "ocpp_port": urlsplit(self.serving.ocpp).port or 0,
            "http_port": urlsplit(self.serving.http).port or 0,
        }

    def restart(self, how: signal.Signals) -> None:
        if how is signal.SIGTERM:
            assert self.serving.stop() == 0
        else:
            self.serving.kill()
        self.serving = start_serving(self.data, *FLAGS, **self.ports)


async def live(day: Day, central: Central, seed: int) -> Life:
    """Let the day happen."""
    random = Random(seed)
    life = Life(central.serving.ocpp, random)
    in_all = sum(1 + one.twice for one in day.news)
    stations = [LivingStation(life, one, Random(random.random())) for one in day.stations]
    async with asyncio.TaskGroup() as group:
        for station in stations:
            group.create_task(station.run())
        for share, how in RESTARTS:
            await life.until(lambda due=share * in_all: life.answered >= due)
            await asyncio.to_thread(central.restart, how)
    return life


@pytest.fixture(scope="module")
def day() -> Day:
    return a_day(STATIONS, SEED)


@pytest.mark.timeout(300)
@pytest.mark.requirement("QUE-05", "TXS-12", "TXE-08")
async def test_a_days_energy_is_in_the_database_to_the_watt_hour(tmp_path: Path, day: Day) -> None:
    central = Central(tmp_path / "data")
    try:
        life = await live(day, central, SEED)
        assert life.faults == []
        async with httpx.AsyncClient(base_url=central.serving.http, timeout=60) as http:
            listed = [one async for one in pages(http, "/api/v1/transactions")]
            quarantine = [one async for one in pages(http, "/api/v1/quarantine")]
        assert central.serving.stop() == 0
    finally:
        central.serving.process.kill()
    # It was such a day.
    assert life.connections > 2 * STATIONS + len(RESTARTS) * STATIONS
    assert all(life.sent_again[one] > 20 for one in ("StartTransaction", "MeterValues", "StopTransaction"))

    require_transactions(day, listed)
    require_quarantine(day, quarantine)
    with closing(sqlite3.connect(tmp_path / "data" / "voltline.db")) as database:
        require_energy(day, database)
        require_readings(day, database)


def test_the_day_has_everything_in_it(day: Day) -> None:
    fates = Counter(session.fate for session in day.sessions)
    assert sum(fates.values()) == 500
    assert min(fates[fate] for fate in Fate) >= 10, fates
    reasons = Counter(news.quarantined for news in day.news if news.quarantined)
    assert set(reasons) == {
        "unknown-transaction",
        "foreign-transaction",
        "no-transaction-id",
        "already-stopped",
    }
    assert sum(len(station.gaps) for station in day.stations) > STATIONS
    repeated = a_day(STATIONS, SEED)
    assert [one.payload for one in repeated.news] == [one.payload for one in day.news]


async def pages(http: httpx.AsyncClient, path: str) -> Any:
    cursor: dict[str, str] = {}
    while True:
        answer = (await http.get(path, params={"limit": "1000", **cursor})).raise_for_status().json()
        for item in answer["items"]:
            yield item
        if answer["next_cursor"] is None:
            return
        cursor = {"cursor": answer["next_cursor"]}


def require_energy(day: Day, database: sqlite3.Connection) -> None:
    """By the meters at midnight and at midnight, which know nothing of sessions."""
    delivered_wh = sum(end - begin for one in day.stations for begin, end in one.registers_wh)
    unknowable_wh = sum(session.delivered_wh for session in day.sessions if not session.placed)
    ((stored_wh, open_ones),) = database.execute(
        "SELECT SUM(meter_stop_wh - meter_start_wh), SUM(stopped_at IS NULL) FROM transactions"
    )
    assert open_ones == 0
    assert stored_wh == delivered_wh - unknowable_wh
    # What no central system can know of as a charge is kept all the same: its meter's last word.
    orphans = database.execute("SELECT payload FROM quarantine WHERE reason = 'no-transaction-id'")
    kept = {json.loads(payload)["meterStop"] for (payload,) in orphans}
    assert kept >= {session.meter_stop_wh for session in day.sessions if not session.placed}


def require_transactions(day: Day, listed: list[dict[str, Any]]) -> None:
    """Every session once, with its energy and its tag; and no other."""
    found = Counter(
        (one["charge_point"], one["connector_id"], one["meter_start_wh"], one["meter_stop_wh"], one["id_tag"])
        for one in listed
    )
    expected = Counter(
        (
            session.identity,
            session.connector_id,
            session.meter_start_wh,
            session.meter_stop_wh,
            None if session.fate is Fate.NAMELESS else session.id_tag,
        )
        for session in day.sessions
        if session.placed
    )
    assert found - expected == Counter()
    assert expected - found == Counter()
    sources = {(one["charge_point"], one["id_tag"]): one["stop_source"] for one in listed}
    for session in day.sessions:
        if session.placed and session.fate is not Fate.NAMELESS:
            lost = session.fate in (Fate.NEVER_STOPPED, Fate.NEVER_STOPPED_LATE_READING)
            source = "inferred" if lost else "charge-point"
            assert sources[session.identity, session.id_tag] == source, session
    ids = {one["id"]: one["id_tag"] for one in listed}
    assert all(ids[one.transaction_id] == one.id_tag for one in day.sessions if one.transaction_id)


def require_quarantine(day: Day, quarantine: list[dict[str, Any]]) -> None:
    """What could not be placed is there once, as it came, with the reason; else it is settled."""
    found = Counter(
        (one["charge_point"], one["reason"], canonical(json.loads(one["payload"])))
        for one in quarantine
        if one["state"] == "open"
    )
    expected = Counter(
        (station.identity, news.quarantined, canonical(news.written()))
        for station in day.stations
        for news in station.news
        if news.quarantined
    )
    assert found - expected == Counter()
    assert expected - found == Counter()
    attached = {one["transaction_id"] for one in quarantine if one["state"] == "attached"}
    assert attached == {one.transaction_id for one in day.sessions if one.fate is Fate.STOP_FIRST}


def canonical(payload: dict[str, Any]) -> str:
    """Of a stop, however its members are ordered and its time is written."""
    at = datetime.fromisoformat(payload["timestamp"])
    return json.dumps(payload | {"timestamp": at.timestamp()}, sort_keys=True)


def require_readings(day: Day, database: sqlite3.Connection) -> None:
    """Every reading once, with the transaction that it is of."""
    found = Counter(
        (identity, begun, round((datetime.fromisoformat(at) - MIDNIGHT).total_seconds(), 3), value["value"])
        for identity, begun, at, sampled in database.execute(
            "SELECT s.identity, t.meter_start_wh, v.measured_at, v.sampled_values FROM meter_values v "
            "JOIN stations s ON s.id = v.station_id LEFT JOIN transactions t ON t.id = v.transaction_id"
        )
        for value in json.loads(sampled)
    )
    expected = Counter(expected_readings(day))
    assert found - expected == Counter()
    assert expected - found == Counter()


def expected_readings(day: Day) -> Iterator[tuple[str, int, float, str]]:
    for session in day.sessions:
        if session.placed:
            for at, register_wh in session.readings:
                yield session.identity, session.meter_start_wh, round(at, 3), str(register_wh)
