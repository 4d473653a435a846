"""A tap between charge points and central systems, over real sockets: nothing is lost, nothing is changed."""

import asyncio
import base64
import json
import random
import re
import sys
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import websockets
from tests.serving import serving
from tests.system.raw_station import station
from websockets.asyncio.server import ServerConnection, serve
from websockets.http11 import Request, Response

from voltline.inspection.choosing import choose
from voltline.tap.live import LiveInspection
from voltline.tap.proxy import Tap, central_url
from voltline.tap.rules_file import read_rules
from voltline.tap.screen import Screen
from voltline.tap.stream import BINARY, TEXT, encoded
from voltline.tap.watch import Watch
from voltline.transport.recorder import Recorder

VOLTLINE = Path(sys.executable).with_name("voltline")


class Tapped:
    """A tap in this process, and what it said."""

    def __init__(self, tap: Tap, lines: list[str]) -> None:
        self.tap = tap
        self.url = tap.url
        self.lines = lines

    async def said(self, what: str) -> str:
        """Wait for a line that holds this."""
        async with asyncio.timeout(10):
            while not (found := [one for one in self.lines if what in one]):
                await asyncio.sleep(0.01)
        return found[0]


class MovableClock:
    """The machine's, ahead by as much as the test says."""

    monotonic = staticmethod(time.monotonic)

    def __init__(self) -> None:
        self.ahead = timedelta()

    def now(self) -> datetime:
        return datetime.now(UTC) + self.ahead


@asynccontextmanager
async def tapping(
    to: str,
    *,
    record: Path | None = None,
    rules: str | None = None,
    inspect: bool = False,
    clock: MovableClock | None = None,
    **how: Any,
) -> AsyncIterator[Tapped]:
    lines: list[str] = []
    live = None
    if inspect:
        chosen = choose()
        live = LiveInspection(chosen.detectors, chosen.settings)
    watch = Watch(
        Screen(lambda text, _: lines.append(text)),
        None if record is None else Recorder(record),
        live,
        clock=clock,
    )
    found = None if rules is None else read_rules("rules.yaml", rules)
    async with Tap(central_url(to), watch, rules=found, **how) as tap:
        yield Tapped(tap, lines)


@asynccontextmanager
async def far_side(talk: Callable[[ServerConnection], Any], **how: Any) -> AsyncIterator[str]:
    """A central system that does with its connections what `talk` does."""
    async with serve(talk, "127.0.0.1", 0, **how) as server:
        port = server.sockets[0].getsockname()[1]
        yield f"{'wss' if 'ssl' in how else 'ws'}://localhost:{port}/base"


async def echo(connection: ServerConnection) -> None:
    async for message in connection:
        await connection.send(message)


# ---- the handshake


async def test_path_query_password_and_subprotocols_reach_the_central_system() -> None:
    requests: list[Request] = []
    password = "Basic " + base64.b64encode(b"CP 1:secret").decode()

    def look(_: ServerConnection, request: Request) -> None:
        requests.append(request)

    async with (
        far_side(echo, process_request=look, subprotocols=["ocpp1.6"], compression="deflate") as far,
        tapping(far) as tapped,
    ):
        async with aiohttp.ClientSession() as session:
            socket = await session.ws_connect(
                f"{tapped.url}/a/CP%201?token=x%26y",
                protocols=("ocpp2.0.1", "ocpp1.6"),
                headers={"X-Site": "north", "Authorization": password},
                compress=15,
            )
            assert socket.protocol == "ocpp1.6"
            assert socket.compress == 0  # or the recording could not be read
            await socket.close()
        [request] = requests
        assert request.path == "/base/a/CP%201?token=x%26y"
        assert request.headers["Authorization"] == password
        assert request.headers["Sec-WebSocket-Protocol"].replace(" ", "") == "ocpp2.0.1,ocpp1.6"
        assert request.headers["X-Site"] == "north"
        assert request.headers["Host"] == far.split("/")[2]
        assert await tapped.said("CP 1 connected from 127.0.0.1 to /a/CP%201, ocpp1.6")


async def test_a_refusal_comes_back_with_status_header_and_body() -> None:
    def refuse(connection: ServerConnection, _: Request) -> Response:
        answer = connection.respond(401, "who are you?\n")
        answer.headers["WWW-Authenticate"] = 'Basic realm="OCPP"'
        return answer

    async with far_side(echo, process_request=refuse) as far, tapping(far) as tapped:
        async with aiohttp.ClientSession() as session:
            with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
                await session.ws_connect(f"{tapped.url}/CP1")
            assert refused.value.status == 401
            assert refused.value.headers is not None
            assert refused.value.headers["WWW-Authenticate"] == 'Basic realm="OCPP"'
            async with session.get(f"{tapped.url.replace('ws', 'http', 1)}/CP1") as answer:
                assert await answer.text() == "who are you?\n"
        assert "CP1 refused by the central system with HTTP 401" in await tapped.said("refused")


async def test_a_central_system_that_is_not_there_is_told_with_502() -> None:
    async with tapping("ws://127.0.0.1:1/ocpp") as tapped:
        async with aiohttp.ClientSession() as session:
            with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
                await session.ws_connect(f"{tapped.url}/CP1")
        assert refused.value.status == 502
        assert "the central system cannot be reached" in await tapped.said("HTTP 502")


async def test_what_is_no_http_is_answered_with_400() -> None:
    async with tapping("ws://127.0.0.1:1/ocpp") as tapped:
        reader, writer = await asyncio.open_connection("127.0.0.1", int(tapped.url.rpartition(":")[2]))
        writer.write(b"hello\r\n\r\n")
        assert (await reader.read()).startswith(b"HTTP/1.1 400 ")
        writer.close()


# ---- what passes


async def test_every_byte_of_both_sides_arrives_as_it_was_sent() -> None:
    chance = random.Random(1)

    def noise(masked: bool) -> bytes:
        frames = [
            encoded(chance.choice([TEXT, BINARY, 0x9, 0xA, 0x3]), chance.randbytes(size), masked=masked)
            for size in (0, 1, 125, 126, 70_000, 5_000_000)
        ]
        return b"".join(frames) + b"\xff\x00and what is no frame"

    up, down = noise(True), noise(False)
    came: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()

    async def far(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n")
        writer.write(down)
        came.set_result(await reader.readexactly(len(up)))
        writer.close()

    server = await asyncio.start_server(far, "127.0.0.1", 0)
    async with server, tapping(f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}") as tapped:
        reader, writer = await asyncio.open_connection("127.0.0.1", int(tapped.url.rpartition(":")[2]))
        writer.write(b"GET /CP1 HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n")
        assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 101 ")
        writer.write(up)
        assert await reader.readexactly(len(down)) == down
        assert await came == up
        writer.close()
        assert "5,000,000" not in await tapped.said("too large to be looked at")


async def test_frames_that_come_with_the_handshake_arrive_too() -> None:
    early = encoded(TEXT, b"at once", masked=True)
    came: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()

    async def far(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n")
        writer.write(b"HTTP/1.1 101 Switching Protocols\r\n\r\n" + early)
        came.set_result(await reader.readexactly(len(early)))
        writer.close()

    server = await asyncio.start_server(far, "127.0.0.1", 0)
    async with server, tapping(f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}") as tapped:
        reader, writer = await asyncio.open_connection("127.0.0.1", int(tapped.url.rpartition(":")[2]))
        writer.write(b"GET /CP1 HTTP/1.1\r\nHost: x\r\n\r\n" + early)
        assert await came == early
        assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 101 ")
        assert await reader.readexactly(len(early)) == early
        writer.close()


async def test_a_charge_point_that_leaves_during_the_handshake_is_forgotten() -> None:
    asked, left = asyncio.Event(), asyncio.Event()

    async def far(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        asked.set()
        assert await reader.read() == b""
        left.set()
        writer.close()

    server = await asyncio.start_server(far, "127.0.0.1", 0)
    async with server, tapping(f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}") as tapped:
        _, writer = await asyncio.open_connection("127.0.0.1", int(tapped.url.rpartition(":")[2]))
        writer.write(b"GET /CP1 HTTP/1.1\r\nHost: x\r\n\r\n")
        async with asyncio.timeout(10):
            await asked.wait()
            writer.transport.abort()
            await left.wait()


async def test_messages_pings_and_fragments_pass_and_are_recorded(tmp_path: Path) -> None:
    record = tmp_path / "tap.jsonl"
    texts = ["no OCPP at all", '[2,"1","Heartbeat",{}]', "{}", "x" * 2_000_000, "ä€𝄞"]
    async with far_side(echo, max_size=None) as far, tapping(far, record=record) as tapped:
        async with websockets.connect(f"{tapped.url}/CP1", max_size=None) as socket:
            for text in texts:
                await socket.send(text)
                assert await socket.recv() == text
            await socket.send(b"\x00\xff")
            assert await socket.recv() == b"\x00\xff"
            await socket.send(["in ", "three ", "parts"])
            assert await socket.recv() == "in three parts"
            assert await (await socket.ping(b"p")) >= 0
    texts += ["\x00\ufffd", "in three parts"]
    lines = [json.loads(line) for line in record.read_text().splitlines()]
    frames = [(one["direction"], one["text"]) for one in lines if "text" in one]
    assert frames == [(way, text) for text in texts for way in ("in", "out")]
    assert [one["voltline"]["kind"] for one in lines if "voltline" in one] == ["connected", "disconnected"]


async def test_close_codes_and_reasons_pass_both_ways() -> None:
    closed: list[tuple[int | None, str | None]] = []

    async def leave(connection: ServerConnection) -> None:
        if connection.request is not None and connection.request.path.endswith("STAYS"):
            await connection.wait_closed()
            closed.append((connection.close_code, connection.close_reason))
        else:
            await connection.close(1008, "unknown charge point")

    async with far_side(leave) as far, tapping(far) as tapped:
        async with websockets.connect(f"{tapped.url}/GOES") as socket:
            await socket.wait_closed()
            assert (socket.close_code, socket.close_reason) == (1008, "unknown charge point")
        async with websockets.connect(f"{tapped.url}/STAYS") as socket:
            await socket.close(4001, "rebooting")
        assert "STAYS closed by the charge point with 4001 rebooting" in await tapped.said("4001")
        assert "GOES closed by the central system with 1008 unknown charge point" in await tapped.said("1008")
    assert closed == [(4001, "rebooting")]


async def test_a_charge_point_is_closed_with_1014_when_the_central_system_is_gone(tmp_path: Path) -> None:
    with serving(tmp_path / "data") as central:
        async with tapping(central.ocpp) as tapped, station(tapped.url) as cp:
            await cp.boot()
            central.kill()
            assert await cp.closed() == 1014
            assert "the central system dropped the connection" in await tapped.said("1014")


async def test_a_charge_point_that_vanishes_is_dropped_at_the_central_system_too() -> None:
    gone = asyncio.Event()
    codes: list[int | None] = []

    async def wait(connection: ServerConnection) -> None:
        await connection.wait_closed()
        codes.append(connection.close_code)
        gone.set()

    async with far_side(wait) as far, tapping(far) as tapped:
        socket = await websockets.connect(f"{tapped.url}/CP1")
        socket.transport.abort()
        async with asyncio.timeout(10):
            await gone.wait()
    assert codes == [1006]


async def test_both_sides_are_closed_with_1001_when_the_tap_stops() -> None:
    codes: list[int | None] = []

    async def wait(connection: ServerConnection) -> None:
        await connection.wait_closed()
        codes.append(connection.close_code)

    async with far_side(wait) as far:
        async with tapping(far) as tapped:
            socket = await websockets.connect(f"{tapped.url}/CP1")
        await socket.wait_closed()
        assert socket.close_code == 1001
    assert codes == [1001]


async def test_a_reader_that_is_slow_holds_back_its_sender_and_gets_all() -> None:
    sent = 400
    go = asyncio.Event()

    async def slow(connection: ServerConnection) -> None:
        await go.wait()
        for number in range(sent):
            assert (await connection.recv()) == str(number) * 50_000
        await connection.send("all")

    async with far_side(slow, max_size=None, max_queue=4) as far, tapping(far) as tapped:
        async with websockets.connect(f"{tapped.url}/CP1", max_size=None) as socket:
            sending = asyncio.create_task(
                asyncio.wait_for(_send_all(socket, [str(n) * 50_000 for n in range(sent)]), 60)
            )
            await asyncio.wait([sending], timeout=0.5)
            assert not sending.done()  # held back by whoever does not read
            go.set()
            await sending
            assert await socket.recv() == "all"


async def _send_all(socket: Any, texts: list[str]) -> None:
    for text in texts:
        await socket.send(text)


# ---- rules


async def test_rules_drop_change_delay_duplicate_and_answer_and_are_recorded(tmp_path: Path) -> None:
    rules = """
rules:
- {name: lose, action: Heartbeat, type: call, direction: from_station, first: 1, do: drop}
- {name: other tag, action: Authorize, type: call, do: {change: {set: {$.idTag: OTHER}}}}
- {name: twice, action: MeterValues, type: call, do: duplicate}
- {name: late, action: DataTransfer, type: call, do: {delay: 0.2}}
- {name: instead, action: StartTransaction, do: {answer: {transactionId: 7, idTagInfo: {status: Accepted}}}}
"""
    record = tmp_path / "tap.jsonl"
    heard: list[str] = []
    both = asyncio.Event()

    async def listen(connection: ServerConnection) -> None:
        async for message in connection:
            heard.append(str(message))
            if len(heard) == 6:
                both.set()

    async with far_side(listen) as far, tapping(far, rules=rules, record=record) as tapped:
        async with websockets.connect(f"{tapped.url}/CP1") as socket:
            await socket.send('[2,"1","Heartbeat",{}]')
            await socket.send('[2,"2","Authorize",{"idTag":"TAG"}]')
            await socket.send('[2,"3","MeterValues",{}]')
            await socket.send('[2,"4","DataTransfer",{}]')
            await socket.send('[2,"5","StartTransaction",{}]')
            assert await socket.recv() == '[3,"5",{"transactionId":7,"idTagInfo":{"status":"Accepted"}}]'
            await socket.send('[2,"6","Heartbeat",{}]')
            await socket.send("not judged by any rule")
            async with asyncio.timeout(10):
                await both.wait()
    assert heard == [
        '[2,"2","Authorize",{"idTag":"OTHER"}]',
        '[2,"3","MeterValues",{}]',
        '[2,"3","MeterValues",{}]',
        '[2,"6","Heartbeat",{}]',
        "not judged by any rule",
        '[2,"4","DataTransfer",{}]',
    ]
    lines = [json.loads(line) for line in record.read_text().splitlines()]
    ruled = {one["text"]: (one["rule"], one.get("sent")) for one in lines if "rule" in one}
    assert ruled['[2,"1","Heartbeat",{}]'] == ("lose: dropped", None)
    assert ruled['[2,"2","Authorize",{"idTag":"TAG"}]'] == (
        "other tag: changed",
        ['[2,"2","Authorize",{"idTag":"OTHER"}]'],
    )
    assert len(ruled) == 6  # the answer that was made is a frame too
    assert "rule 'lose': dropped" in await tapped.said("lose")
    assert "rule 'instead': answered instead" in await tapped.said("instead")


async def test_charge_points_that_no_rule_is_about_are_not_touched() -> None:
    async with far_side(echo) as far, tapping(far, rules="rules: [{station: CP2, do: drop}]") as tapped:
        async with websockets.connect(f"{tapped.url}/CP1") as socket:
            await socket.send("hello")
            assert await socket.recv() == "hello"


# ---- findings


async def test_a_finding_is_told_while_the_charge_point_is_connected(tmp_path: Path) -> None:
    record = tmp_path / "tap.jsonl"
    with serving(tmp_path / "data") as central:
        async with tapping(central.ocpp, record=record, inspect=True) as tapped:
            async with station(tapped.url) as cp:
                await cp.boot()
                await cp.exchange("StatusNotification", {"connectorId": 1, "status": "Charging"})
                line = await tapped.said("errorCode")
                assert re.search(r"CP1 (WARNING|ERROR) \w+ ", line)
                number = int(re.findall(r"\[tap\.jsonl:(\d+)", line)[0])
    assert '\\"status\\"' in record.read_text().splitlines()[number - 1]


async def test_what_a_silent_charge_point_owes_is_told_once_while_it_is_silent() -> None:
    clock = MovableClock()
    told_time = {"currentTime": "2026-03-01T12:00:00Z"}
    accepted = {**told_time, "interval": 300, "status": "Accepted"}

    async def talk(connection: ServerConnection) -> None:
        async for message in connection:
            _, message_id, action, _ = json.loads(message)
            answer = accepted if action == "BootNotification" else told_time
            await connection.send(json.dumps([3, message_id, answer]))

    async with far_side(talk) as far, tapping(far, inspect=True, clock=clock, time_period_s=0.01) as tapped:
        async with station(tapped.url) as silent, station(tapped.url, "CP2") as leaves:
            for one in (silent, leaves):
                await one.boot()
                await one.call("Heartbeat")
            await leaves.leave()
            await tapped.said("CP2 closed by the charge point")
            assert not [one for one in tapped.lines if "C05" in one]
            clock.ahead = timedelta(minutes=2)
            assert " CP1 " in await tapped.said(" C05 ")
            clock.ahead = timedelta(hours=1)
            assert " CP1 " in await tapped.said(" C06 ")
        # Not of the one that is gone, and nothing twice.
        assert not [one for one in tapped.lines if " CP2 " in one and re.search(r" C0[56] ", one)]
        assert len([one for one in tapped.lines if re.search(r" CP1 .* C0[56] ", one)]) == 2


@pytest.mark.parametrize("fails", ["see", "lapsed"])
async def test_a_detector_that_fails_does_not_stop_what_passes(tmp_path: Path, fails: str) -> None:
    (tmp_path / "bad.py").write_text(
        "from voltline.inspection.detector import Detector\n"
        "from voltline.inspection.events import Call\n"
        "from voltline.inspection.findings import Severity, Who\n"
        "class Bad(Detector):\n"
        "    id = 'X1'\n    title = 'Bad'\n    severity = Severity.INFO\n    events = (Call,)\n"
        "    basis = ()\n    who = Who.NOBODY\n    next_step = explanation = 'None.'\n"
        "    def see(self, event, facts):\n        return ()\n"
        "    def lapsed(self, facts):\n        return ()\n"
        f"    def {fails}(self, *_):\n        raise ValueError('oops')\n"
    )
    chosen = choose(only=("X1",), folders=(str(tmp_path),))
    lines: list[str] = []
    watch = Watch(Screen(lambda text, _: lines.append(text)), None, LiveInspection(chosen.detectors, {}))
    async with far_side(echo) as far, Tap(central_url(far), watch, time_period_s=0.01) as tap:
        async with websockets.connect(f"{tap.url}/CP1") as socket:
            for _ in range(3):
                await socket.send('[2,"1","Heartbeat",{}]')
                assert await socket.recv() == '[2,"1","Heartbeat",{}]'
            await Tapped(tap, lines).said("oops")
            await socket.send('[2,"2","Heartbeat",{}]')
            assert await socket.recv() == '[2,"2","Heartbeat",{}]'
    assert next(one for one in lines if "oops" in one).endswith("frames still pass")
    assert len([one for one in lines if "oops" in one]) == 1
