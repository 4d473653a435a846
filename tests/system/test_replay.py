"""Recorded charge points played against central systems, over real sockets, and their answers compared."""

import asyncio
import base64
import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from tests.serving import serving
from tests.system.raw_station import station
from websockets.asyncio.server import ServerConnection, serve
from websockets.http11 import Request, Response

from voltline.replay.playing import CannotConnect, Options, Played, play
from voltline.replay.script import read_recording

VOLTLINE = Path(sys.executable).with_name("voltline")
NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
VENDOR = {"chargePointVendor": "V", "chargePointModel": "M"}
Frames = list[tuple[float, str, Any]]


def replayed(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [VOLTLINE, "replay", *arguments],
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
        env={**os.environ, **environment},
    )


@pytest.fixture(scope="module")
def tapped(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two charge points at a central system, recorded by a tap."""
    folder = tmp_path_factory.mktemp("tapped")
    record = folder / "site.jsonl"

    async def charge(url: str, identity: str) -> None:
        async with station(url, identity) as cp:
            await cp.boot()
            await cp.call("StatusNotification", status("Available"))
            for _ in range(3):
                await cp.call("Authorize", {"idTag": "STRANGER"})
                started = await cp.call("StartTransaction", start())
                transaction_id = started["transactionId"]
                await cp.call("MeterValues", values(transaction_id))
                await cp.call("StopTransaction", stop(transaction_id))
            await cp.exchange("DataTransfer", {"vendorId": "nobody"})
            await cp.exchange("Dance", {})
            await cp.call("Heartbeat")

    async def both(url: str) -> None:
        await asyncio.gather(charge(url, "CP1"), charge(url, "CP2"))

    with serving(folder / "data") as central:
        tap = subprocess.Popen(
            [VOLTLINE, "tap", "--listen", "0", "--to", central.ocpp, "--record", str(record)],
            stdout=subprocess.PIPE,
            text=True,
        )
        assert tap.stdout is not None
        url = re.search(r"ws=(\S+)", tap.stdout.readline())
        assert url is not None
        try:
            asyncio.run(both(url[1]))
        finally:
            tap.send_signal(signal.SIGTERM)
            tap.communicate(timeout=30)
    return record


def status(word: str) -> dict[str, Any]:
    return {"connectorId": 1, "errorCode": "NoError", "status": word}


def start() -> dict[str, Any]:
    return {"connectorId": 1, "idTag": "STRANGER", "meterStart": 0, "timestamp": now()}


def values(transaction_id: int) -> dict[str, Any]:
    sampled = [{"value": "100", "unit": "Wh"}]
    return {
        "connectorId": 1,
        "transactionId": transaction_id,
        "meterValue": [{"timestamp": now(), "sampledValue": sampled}],
    }


def stop(transaction_id: int) -> dict[str, Any]:
    return {"transactionId": transaction_id, "meterStop": 200, "timestamp": now(), "idTag": "STRANGER"}


def now() -> str:
    return datetime.now(UTC).isoformat()


# ---- as a program, against our own central system


def test_a_fresh_central_system_of_the_same_settings_answers_the_same(tapped: Path, tmp_path: Path) -> None:
    with serving(tmp_path / "data") as central:
        ran = replayed(str(tapped), "--to", central.ocpp, "--speed", "max")
    assert (ran.returncode, ran.stderr) == (0, ""), ran.stdout
    assert "CP1  17 calls, 17 answered the same, 0 differently" in ran.stdout
    assert "CP2  17 calls, 17 answered the same, 0 differently" in ran.stdout


def test_other_settings_show_as_differences_with_their_lines(tapped: Path, tmp_path: Path) -> None:
    flags = ("--set=authorization.unknown_tags=reject", "--set=registration.heartbeat_interval_s=77")
    with serving(tmp_path / "data", *flags) as central:
        ran = replayed(
            str(tapped), "--to", central.ocpp, "--speed", "max", "--station", "CP1", "--format", "json"
        )
    assert ran.returncode == 3, ran.stderr
    result = json.loads(ran.stdout)
    assert [one["station"] for one in result["stations"]] == ["CP1"]
    found = {(one["action"], one["field"]): one for one in result["differences"]}
    rejected = found["Authorize", "idTagInfo.status"]
    assert (rejected["recorded"], rejected["new"]) == ("Accepted", "Invalid")
    assert found["BootNotification", "interval"]["new"] == "77"
    lines = tapped.read_text().splitlines()
    assert all(f'\\"{one["action"]}\\"' in lines[one["line"] - 1] for one in result["differences"])


def test_fields_that_may_differ_are_not_told(tapped: Path, tmp_path: Path) -> None:
    with serving(tmp_path / "data", "--set=registration.heartbeat_interval_s=77") as central:
        arguments = (str(tapped), "--to", central.ocpp, "--speed", "max")
        told = replayed(*arguments)
        ignored = replayed(*arguments, "--ignore", "BootNotification.interval")
    assert told.returncode == 3
    assert re.search(r"BootNotification +interval +300 +77", told.stdout)
    assert ignored.returncode == 0, ignored.stdout


@pytest.mark.parametrize(
    ("arguments", "code", "complaint"),
    [
        (["--speed", "fast"], 2, "--speed is a factor such as 1x"),
        (["--speed", "0x"], 2, "--speed is a factor such as 1x"),
        (["--station", "CP9"], 2, "no charge point 'CP9' is in the recording; there are CP1, CP2"),
        (["--identity", "NEW"], 2, "--identity 'NEW' does not say whose; there are CP1, CP2"),
        (["--format", "xml"], 2, "--format is text or json"),
        (["--identity", "CP1=a/b"], 2, "the identity 'a/b' has '/'"),
        ([], 1, "cannot connect to ws://127.0.0.1:1/CP"),
    ],
)
def test_what_cannot_be_is_told_in_one_line(
    tapped: Path, arguments: list[str], code: int, complaint: str
) -> None:
    ran = replayed(str(tapped), "--to", "ws://127.0.0.1:1", *arguments)
    assert (ran.returncode, ran.stdout) == (code, "")
    assert complaint in ran.stderr
    assert "Traceback" not in ran.stderr


def test_a_url_that_is_none_and_a_log_that_is_not_there_are_told(tapped: Path) -> None:
    assert "is not a WebSocket URL" in replayed(str(tapped), "--to", "http://x").stderr
    missing = replayed("none.jsonl", "--to", "ws://127.0.0.1:1")
    assert (missing.returncode, "none.jsonl" in missing.stderr) == (2, True)


# ---- against a central system that does as it is told


def recording(folder: Path, frames: Frames, name: str = "CP1") -> Path:
    """Frames with their seconds; `in` is what the charge point sent."""
    path = folder / f"{name}.jsonl"
    lines = [
        {
            "time": (NOON + timedelta(seconds=at)).isoformat(),
            "station": name,
            "direction": direction,
            "text": json.dumps(frame),
        }
        for at, direction, frame in [(0, *BOOT[0]), (0, *BOOT[1]), *frames]
    ]
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return path


BOOT = (
    ("in", [2, "b", "BootNotification", VENDOR]),
    ("out", [3, "b", {"status": "Accepted", "currentTime": "2026-01-01T12:00:00Z", "interval": 300}]),
)


class Central:
    """Answers each CALL with what `answer` makes of action and payload; None: not at all."""

    def __init__(self, answer: Callable[[str, Any], Any]) -> None:
        self.calls: list[tuple[str, str, Any]] = []
        """Message id, action, payload."""
        self.answers: list[Any] = []
        """What the charge point answered."""
        self.ask_after: dict[str, Any] = {}
        """Action to a CALL that is made after it was answered."""
        self.requests: list[Request] = []
        self.refuse: int | None = None
        self.hang_up_after: str | None = None
        self._answer = answer

    def look(self, connection: ServerConnection, request: Request) -> Response | None:
        self.requests.append(request)
        return None if self.refuse is None else connection.respond(self.refuse, "no")

    async def talk(self, connection: ServerConnection) -> None:
        async for message in connection:
            frame = json.loads(message)
            if frame[0] != 2:
                self.answers.append(frame)
                continue
            _, message_id, action, payload = frame
            self.calls.append((message_id, action, payload))
            if action == self.hang_up_after:
                self.hang_up_after = None
                await connection.close(1008, "enough")
                return
            answer = self._answer(action, payload)
            if answer is not None:
                await connection.send(json.dumps([3, message_id, answer]))
            if action in self.ask_after:
                await connection.send(json.dumps(self.ask_after[action]))

    async def play(self, path: Path, **how: Any) -> Played:
        """Listen, and have a recording played."""
        options = {"speed": None, "timeout_s": 5.0, **how}
        async with serve(
            self.talk,
            "127.0.0.1",
            0,
            process_request=self.look,
            subprotocols=["ocpp1.6"],  # type: ignore[list-item]
        ) as server:
            port = server.sockets[0].getsockname()[1]
            [played] = await play(
                read_recording([path]), Options(url=f"ws://127.0.0.1:{port}/base", **options)
            )
        return played

    @property
    def actions(self) -> list[str]:
        return [action for _, action, _ in self.calls]


def kind(action: str, _: Any = None) -> Any:
    """Answers as the recordings here do."""
    return {
        "BootNotification": BOOT[1][1][2],
        "StartTransaction": {"transactionId": 900, "idTagInfo": {"status": "Accepted"}},
    }.get(action, {})


STARTED: Frames = [
    (10, "in", [2, "1", "StartTransaction", {"connectorId": 1, "idTag": "T", "meterStart": 0,
                                             "timestamp": "2026-01-01T12:00:09.5Z"}]),
    (11, "out", [3, "1", {"transactionId": 17, "idTagInfo": {"status": "Accepted"}}]),
    (70, "in", [2, "2", "StopTransaction", {"transactionId": 17, "meterStop": 5,
                                            "timestamp": "2026-01-01T12:01:09Z"}]),
    (71, "out", [3, "2", {}]),
]  # fmt: skip


async def test_transactions_have_the_ids_that_this_central_system_gives(tmp_path: Path) -> None:
    central = Central(kind)
    played = await central.play(recording(tmp_path, STARTED))
    assert (played.same, played.differences) == (3, [])
    assert central.calls[-1][2]["transactionId"] == 900
    assert len({message_id for message_id, _, _ in central.calls} | {"1", "2", "b"}) == 6


async def test_times_are_moved_to_now_and_durations_stay(tmp_path: Path) -> None:
    central = Central(kind)
    before = datetime.now(UTC)
    await central.play(recording(tmp_path, STARTED))
    began, ended = (datetime.fromisoformat(one[2]["timestamp"]) for one in central.calls[1:])
    assert ended - began == timedelta(seconds=59.5)
    assert before - timedelta(seconds=3) < ended <= datetime.now(UTC)


async def test_times_are_left_as_they_are_where_that_is_asked_for(tmp_path: Path) -> None:
    central = Central(kind)
    await central.play(recording(tmp_path, STARTED), keep_times=True)
    assert central.calls[1][2]["timestamp"] == "2026-01-01T12:00:09.5Z"


async def test_it_takes_as_long_as_the_speed_says(tmp_path: Path) -> None:
    central = Central(kind)
    loop = asyncio.get_running_loop()
    began = loop.time()
    await central.play(recording(tmp_path, STARTED), speed=100.0)
    assert loop.time() - began >= 0.7


async def test_a_call_waits_for_the_answers_that_it_came_after(tmp_path: Path) -> None:
    """Two calls were open at once; the third came after both had been answered."""
    frames: Frames = [
        (1, "in", [2, "1", "Heartbeat", {}]),
        (1, "in", [2, "2", "Authorize", {"idTag": "T"}]),
        (1, "out", [3, "2", {}]),
        (1, "out", [3, "1", {}]),
        (1, "in", [2, "3", "DataTransfer", {"vendorId": "x"}]),
        (1, "out", [3, "3", {}]),
    ]
    seen: list[str] = []

    async def talk(connection: ServerConnection) -> None:
        async for message in connection:
            _, message_id, action, _ = json.loads(message)
            seen.append(action)
            if action == "Heartbeat":
                waiting = message_id
                continue
            if action == "Authorize":
                seen.append("both answered")
                await connection.send(json.dumps([3, message_id, {}]))
                message_id = waiting
            await connection.send(json.dumps([3, message_id, kind(action)]))

    central = Central(kind)
    central.talk = talk  # type: ignore[method-assign]
    played = await central.play(recording(tmp_path, frames))
    assert seen == ["BootNotification", "Heartbeat", "Authorize", "both answered", "DataTransfer"]
    assert played.same == 4


async def test_the_central_system_is_answered_as_recorded(tmp_path: Path) -> None:
    frames: Frames = [
        (1, "out", [2, "x", "GetConfiguration", {}]),
        (1, "in", [3, "x", {"configurationKey": [{"key": "K", "readonly": True, "value": "7"}]}]),
        (1, "out", [2, "y", "ClearCache", {}]),
        (1, "in", [3, "y", {"status": "Accepted"}]),
        (2, "in", [2, "1", "Heartbeat", {}]),
        (2, "out", [3, "1", {}]),
    ]
    central = Central(kind)
    central.ask_after = {
        "BootNotification": [2, "new", "GetConfiguration", {}],
        "Heartbeat": [2, "other", "Reset", {"type": "Soft"}],
    }
    played = await central.play(recording(tmp_path, frames))
    assert central.answers[0] == [
        3,
        "new",
        {"configurationKey": [{"key": "K", "readonly": True, "value": "7"}]},
    ]
    assert played.not_asked == {"ClearCache": 1}


async def test_it_connects_with_another_identity_and_a_password(tmp_path: Path) -> None:
    central = Central(kind)
    await central.play(recording(tmp_path, STARTED), identities={"CP1": "NEW 1"}, password="hush")
    [request] = central.requests
    assert request.path == "/base/NEW%201"
    assert request.headers["Authorization"] == "Basic " + base64.b64encode(b"NEW 1:hush").decode()
    assert request.headers["Sec-WebSocket-Protocol"] == "ocpp1.6"


async def test_a_refused_connection_is_told_with_its_status(tmp_path: Path) -> None:
    central = Central(kind)
    central.refuse = 401
    with pytest.raises(CannotConnect, match="HTTP 401"):
        await central.play(recording(tmp_path, STARTED))


async def test_a_lost_connection_is_a_difference_and_is_made_again(tmp_path: Path) -> None:
    central = Central(kind)
    central.hang_up_after = "StartTransaction"
    played = await central.play(recording(tmp_path, STARTED))
    [lost] = played.differences
    assert (lost.action, lost.field, lost.recorded) == ("StartTransaction", "(answer)", "CALLRESULT")
    assert "1008 enough" in lost.new
    assert central.actions[-1] == "StopTransaction"
    assert len(central.requests) == 2


async def test_an_answer_that_does_not_come_is_a_difference(tmp_path: Path) -> None:
    central = Central(lambda action, _: None if action == "StopTransaction" else kind(action))
    played = await central.play(recording(tmp_path, STARTED), timeout_s=0.3)
    [missing] = played.differences
    assert (missing.line, missing.new) == (5, "none: not within 0.3 s")


async def test_the_charge_point_connects_anew_where_it_did(tmp_path: Path) -> None:
    path = recording(tmp_path, STARTED[:2])
    mark = {"timestamp": "2026-01-01T12:00:30Z", "chargePointId": "CP1"}
    with path.open("a") as log:
        for what in ("disconnected", "connected"):
            told = {"kind": what, "text": "", "connection": "1" if what == "disconnected" else "2"}
            log.write(json.dumps({**mark, "voltline": told}) + "\n")
    path.write_text(
        path.read_text() + recording(tmp_path, STARTED[2:], "other").read_text().replace('"other"', '"CP1"')
    )
    central = Central(kind)
    await central.play(path)
    assert len(central.requests) == 2
