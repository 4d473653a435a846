"""A clean log to plant a fault in: finds the places, and makes the cuts."""

from collections.abc import Callable, Iterable, Iterator
from copy import copy
from datetime import datetime, timedelta
from typing import Any, NamedTuple

import msgspec
from tests.planting.lines import Line

ANSWER_S = 0.2


class Session(NamedTuple):
    """A transaction, by its lines."""

    start: Line
    confirmed: Line
    """The answer to its StartTransaction."""
    meters: list[Line]
    stop: Line
    statuses: list[Line]
    """StatusNotifications of its connector from start to stop."""

    @property
    def transaction_id(self) -> int:
        number: int = self.confirmed.payload["transactionId"]
        return number

    @property
    def connector(self) -> int:
        number: int = self.start.payload["connectorId"]
        return number

    @property
    def samples(self) -> list[Line]:
        """Its periodic meter values while it was Charging, one after the other."""
        return [line for line in self.meters if '"Sample.Periodic"' in line.text]


class Spot(NamedTuple):
    """A moment at which nothing goes on at a charge point, and what it would have been."""

    line: Line
    """The last line before it."""
    at: datetime
    free_s: float
    """So long its charge point says nothing."""


class Bed:
    """The lines of a log in the order of their times."""

    def __init__(self, lines: Iterable[Line]) -> None:
        self.lines = [copy(line) for line in lines]
        self._ids = 0

    # ---- places

    def of(self, station: str) -> list[Line]:
        """The lines of one charge point."""
        return [line for line in self.lines if line.station == station]

    @property
    def stations(self) -> list[str]:
        return sorted({line.station for line in self.lines})

    def answer_to(self, call: Line) -> Line:
        """The answer that a CALL got."""
        wanted = f'[3,"{call.message_id}"'
        begin = self.lines.index(call)
        return next(line for line in self.lines[begin:] if line.text.startswith(wanted))

    def calls(self, action: str, *, station: str = "") -> Iterator[Line]:
        """The CALLs of an action, in order."""
        return (line for line in self.lines if line.action == action and station in ("", line.station))

    def sessions(self) -> Iterator[Session]:
        """Those that went without a break of the connection, a reset or a limit of their own."""
        for station in self.stations:
            yield from _sessions(self.of(station))

    def session(self, fits: Callable[[Session], bool] = lambda _: True) -> Session:
        """One with several meter values that fits; not the first of its connector."""
        return next(one for one in self.sessions() if len(one.samples) >= 4 and fits(one))

    def pair(self) -> tuple[Session, Session]:
        """Two that follow each other on one connector."""
        before: dict[tuple[str, int], Session] = {}
        for one in self.sessions():
            key = one.start.station, one.connector
            if key in before and one.start.at - before[key].stop.at < timedelta(hours=12):
                return before[key], one
            before[key] = one
        raise LookupError("no two sessions follow each other")

    def spots(self, *, free_s: float = 60.0, idle_s: float = 0.0) -> Iterator[Spot]:
        """Where a charge point is silent for `free_s`, and does nothing but heartbeats for `idle_s`."""
        for station in self.stations:
            lines = self.of(station)
            busy: dict[int, str] = {}
            for number, line in enumerate(lines[:-1]):
                if line.action == "StatusNotification":
                    busy[line.payload["connectorId"]] = line.payload["status"]
                after = lines[number + 1]
                free = (after.at - line.at).total_seconds()
                if free < free_s or not line.text.startswith("[3,") or line.kind != "out":
                    continue
                if number < 40 or any(status != "Available" for status in busy.values()):
                    continue
                if _idle_s(lines[number:]) >= idle_s:
                    yield Spot(line, line.at + timedelta(seconds=5), free - 5)

    def spot(self, *, free_s: float = 60.0, idle_s: float = 0.0, at: int = 0) -> Spot:
        """The first such spot, or a later one."""
        for number, spot in enumerate(self.spots(free_s=free_s, idle_s=idle_s)):
            if number == at:
                return spot
        raise LookupError(f"no spot is free for {free_s} s and idle for {idle_s} s")

    # ---- cuts

    def drop(self, *lines: Line) -> None:
        """Take lines out."""
        gone = {id(line) for line in lines}
        self.lines = [line for line in self.lines if id(line) not in gone]

    def drop_calls(self, *calls: Line) -> None:
        """Take CALLs out with their answers."""
        self.drop(*calls, *(self.answer_to(call) for call in calls))

    def add(self, like: Line, at: datetime, kind: str, text: str = "") -> Line:
        """A new line of the same charge point, on the connection that it has then."""
        line = Line(at, like.station, self._connection(like.station, at), kind, text)
        position = next((n for n, other in enumerate(self.lines) if other.at > at), len(self.lines))
        self.lines.insert(position, line)
        return line

    def reconnect(self, like: Line, at: datetime) -> Line:
        """Let the connection end, and another be there two seconds later; gives the line of its opening."""
        closed = self.add(like, at, "closed")
        back = later(at, 2)
        for line in self.lines:
            if line.at >= back and line.connection == closed.connection:
                line.connection += "b"
        opened = self.add(like, back, "opened")
        opened.connection = f"{closed.connection}b"
        return opened

    def _connection(self, station: str, at: datetime) -> str:
        return [line.connection for line in self.lines if line.station == station and line.at <= at][-1]

    def call(
        self,
        like: Line,
        at: datetime,
        action: str,
        payload: dict[str, Any] | None = None,
        *,
        by_central: bool = False,
        message_id: str = "",
    ) -> Line:
        """A CALL without an answer."""
        self._ids += 1
        frame = [2, message_id or f"planted-{self._ids}", action, payload or {}]
        return self.add(like, at, "out" if by_central else "in", msgspec.json.encode(frame).decode())

    def ask(
        self,
        like: Line,
        at: datetime,
        action: str,
        payload: dict[str, Any] | None = None,
        response: dict[str, Any] | None = None,
        *,
        by_central: bool = False,
    ) -> Line:
        """A CALL and its answer; gives the CALL."""
        call = self.call(like, at, action, payload, by_central=by_central)
        text = msgspec.json.encode([3, call.message_id, response or {}]).decode()
        self.add(like, at + timedelta(seconds=ANSWER_S), "in" if by_central else "out", text)
        return call

    def report(self, like: Line, at: datetime, status: str, connector: int = 1, **more: Any) -> Line:
        """A StatusNotification and its answer."""
        payload = {
            "connectorId": connector,
            "errorCode": "NoError",
            "status": status,
            "timestamp": moment(at),
        }
        return self.ask(like, at, "StatusNotification", payload | more)

    def move(self, line: Line, at: datetime) -> None:
        """Let a line be logged at another time."""
        self.drop(line)
        line.at = at
        position = next((n for n, other in enumerate(self.lines) if other.at > at), len(self.lines))
        self.lines.insert(position, line)


def later(at: datetime, seconds: float) -> datetime:
    """So many seconds later."""
    return at + timedelta(seconds=seconds)


def moment(at: datetime) -> str:
    """As a charge point writes it."""
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")


def error_text(call: Line, code: str, rest: str = ',"broken",{}') -> str:
    """A CALLERROR to a CALL."""
    return f'[4,"{call.message_id}","{code}"{rest}]'


def _idle_s(lines: list[Line]) -> float:
    """How long nothing but heartbeats comes."""
    begin = lines[0].at
    for line in lines[1:]:
        if line.action not in ("", "Heartbeat") or not line.is_frame:
            return (line.at - begin).total_seconds()
    return (lines[-1].at - begin).total_seconds()


_UNEVENTFUL = frozenset({"MeterValues", "StatusNotification", "Heartbeat", "StopTransaction", "Authorize"})


def _sessions(lines: list[Line]) -> Iterator[Session]:
    for number, start in enumerate(lines):
        if start.action != "StartTransaction":
            continue
        connector = start.payload["connectorId"]
        confirmed = lines[number + 1]
        meters: list[Line] = []
        statuses: list[Line] = []
        for line in lines[number + 2 :]:
            if not line.is_frame or line.action not in ("", *_UNEVENTFUL):
                break
            if line.action == "StopTransaction":
                if line.payload["transactionId"] == confirmed.payload["transactionId"]:
                    if (line.at - start.at).total_seconds() > 1200:
                        yield Session(start, confirmed, meters, line, statuses)
                    break
            elif line.action == "MeterValues" and line.payload["connectorId"] == connector:
                meters.append(line)
            elif line.action == "StatusNotification" and line.payload["connectorId"] == connector:
                statuses.append(line)
