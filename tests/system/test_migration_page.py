"""The migration page: its programs run on both sides, and what it says of either library is so."""

import asyncio
import json
import logging
import re
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import websockets
from tests.asgi import serving_app
from tests.conversing import running, until

from voltline import (
    CallError,
    CallTimeout,
    CentralSystem,
    ChargePoint,
    ClearCache,
    ClientOptions,
    Connection,
    LocalProtocolError,
    NotConnected,
    Reset,
    ServerOptions,
)

PROJECT = Path(__file__).resolve().parents[2]
PAGE = PROJECT / "docs" / "howto" / "migrate-from-mobilityhouse.md"
THEIRS, OURS = "mobilityhouse", "voltline"
BOOT = '[2,"1","BootNotification",{"chargePointVendor":"V","chargePointModel":"M"}]'


def program(side: str, port: int = 9000) -> str:
    """All of one side's code on the page, as one program."""
    blocks = re.findall(rf"^```python {side}\n(.*?)^```", PAGE.read_text(), re.MULTILINE | re.DOTALL)
    return "\n\n".join(blocks).replace("9000", str(port))


def run_page(side: str, port: int = 9000) -> SimpleNamespace:
    """The names that one side's program defines."""
    names: dict[str, Any] = {"__name__": f"page_{side}"}
    exec(compile(program(side, port), f"{PAGE.name} ({side})", "exec"), names)
    return SimpleNamespace(**names)


@pytest.fixture(autouse=True)
def _quiet_again() -> Iterator[None]:
    """The page turns the other library's log on."""
    log = logging.getLogger("ocpp")
    level = log.level
    yield
    log.setLevel(level)


@pytest.fixture
def ours() -> SimpleNamespace:
    return run_page(OURS)


@pytest.fixture
def theirs() -> SimpleNamespace:
    return run_page(THEIRS)


class Pipe:
    """A socket of mobilityhouse/ocpp without a network: two queues."""

    def __init__(self) -> None:
        self.incoming: asyncio.Queue[str] = asyncio.Queue()
        self.outgoing: asyncio.Queue[str] = asyncio.Queue()

    async def recv(self) -> str:
        return await self.incoming.get()

    async def send(self, text: str) -> None:
        await self.outgoing.put(text)

    async def exchange(self, text: str) -> Any:
        await self.incoming.put(text)
        return json.loads(await asyncio.wait_for(self.outgoing.get(), 10))


@asynccontextmanager
async def peer(kind: Any, **options: Any) -> AsyncIterator[tuple[Any, Pipe]]:
    """One of their stations, listening on a pipe."""
    pipe = Pipe()
    station = kind("CP1", pipe, **options)
    listening = asyncio.create_task(station.start())
    yield station, pipe
    listening.cancel()
    await asyncio.wait([listening])


async def frame(websocket: Any) -> Any:
    return json.loads(await asyncio.wait_for(websocket.recv(), 10))


def raw(url: str, identity: str = "CP1") -> Any:
    return websockets.connect(f"{url}/{identity}", subprotocols=["ocpp1.6"])


# ---- the programs


def test_both_sides_have_the_same_sections() -> None:
    sections = re.split(r"^## ", PAGE.read_text(), flags=re.MULTILINE)[1:]
    counts = {
        one.split("\n")[0]: [one.count(f"```python {side}\n") for side in (THEIRS, OURS)] for one in sections
    }
    assert len(counts) == 14
    assert [title for title, count in counts.items() if count != [1, 1]] == [
        "Routing, and what nobody handles"
    ]


def test_our_side_is_typed(tmp_path: Path) -> None:
    (tmp_path / "page.py").write_text(program(OURS))
    mypy = subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", "--config-file=", "page.py"],
        capture_output=True,
        text=True,
        timeout=110,
        check=False,
        cwd=tmp_path,
    )
    assert mypy.returncode == 0, mypy.stdout + mypy.stderr


@pytest.mark.parametrize("charger_side", [THEIRS, OURS])
@pytest.mark.parametrize("central_side", [THEIRS, OURS])
async def test_either_charge_point_boots_at_either_central_system(
    central_side: str, charger_side: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    central, charger = run_page(central_side, port), run_page(charger_side, port)
    serving = asyncio.create_task(central.main())
    await until(lambda: serving.done() or _listens(port))
    await asyncio.wait_for(charger.charge(), 20)
    assert "Accepted 300\n" in capsys.readouterr().out
    serving.cancel()
    await asyncio.wait([serving])


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


# ---- calls and their failures


async def test_a_call_of_ours_ends_as_the_page_says(ours: SimpleNamespace) -> None:
    central = ours.central
    central.options = ServerOptions(call_timeout_s=0.2)
    async with running(central) as url:
        assert await ours.try_to_restart("CP1") == "not connected"
        async with raw(url) as websocket:
            await until(lambda: central.stations)
            answers: list[Any] = [[3, {"status": "Accepted"}], [4, "InternalError", "", {}], None]
            outcomes = []
            for answer in answers:
                call = asyncio.create_task(ours.try_to_restart("CP1"))
                _, message_id, action, payload = await frame(websocket)
                assert (action, payload) == ("Reset", {"type": "Soft"})
                if answer:
                    await websocket.send(json.dumps([answer[0], message_id, *answer[1:]]))
                outcomes.append(await call)
            assert outcomes == ["Accepted", "refused: InternalError", "no answer"]
        await until(lambda: not central.stations)
        with pytest.raises(NotConnected):
            await ours.restart("CP1")
    assert issubclass(CallTimeout, TimeoutError)


async def test_our_call_fails_at_once_when_the_connection_ends(ours: SimpleNamespace) -> None:
    async with running(ours.central) as url:
        async with raw(url) as websocket:
            await until(lambda: ours.central.stations)
            call = asyncio.create_task(ours.restart("CP1"))
            await frame(websocket)
        with pytest.raises(NotConnected):
            await asyncio.wait_for(call, 5)


async def test_a_call_of_theirs_ends_as_the_page_says(theirs: SimpleNamespace) -> None:
    assert await theirs.try_to_restart("CP1") == "not connected"
    async with peer(theirs.Station, response_timeout=0.2) as (station, pipe):
        theirs.stations["CP1"] = station
        answers: list[Any] = [[3, {"status": "Accepted"}], [4, "InternalError", "", {}], None]
        outcomes = []
        for answer in answers:
            call = asyncio.create_task(theirs.try_to_restart("CP1"))
            _, message_id, _, _ = json.loads(await pipe.outgoing.get())
            if answer:
                await pipe.incoming.put(json.dumps([answer[0], message_id, *answer[1:]]))
            outcomes.append(await call)
        assert outcomes == ["Accepted", "refused: InternalError", "no answer"]

        suppressed = asyncio.create_task(station.call(theirs.call.Reset(type="Soft")))
        _, message_id, _, _ = json.loads(await pipe.outgoing.get())
        await pipe.incoming.put(json.dumps([4, message_id, "InternalError", "", {}]))
        assert await suppressed is None


async def test_a_handler_that_calls_its_station_waits_for_ever_there_and_not_here(
    theirs: SimpleNamespace,
) -> None:
    class Asking(theirs.Station):  # type: ignore[misc,name-defined]
        @theirs.on(theirs.Action.boot_notification)  # type: ignore[untyped-decorator]
        async def boot(self, **_: Any) -> Any:
            return await self.call(theirs.call.ClearCache())

    async with peer(Asking, response_timeout=0.2) as (_, pipe):
        await pipe.incoming.put(BOOT)
        _, message_id, _, _ = json.loads(await pipe.outgoing.get())
        answer = await pipe.exchange(json.dumps([3, message_id, {"status": "Accepted"}]))
        assert answer[:3] == [4, "1", "InternalError"]


async def test_an_invalid_request_of_ours_is_not_sent_and_every_problem_named(ours: SimpleNamespace) -> None:
    async with running(ours.central) as url, raw(url):
        await until(lambda: ours.central.stations)
        too_long = ours.DataTransfer(vendor_id="v" * 256, message_id="m" * 51)
        with pytest.raises(LocalProtocolError, match=r"vendorId.*messageId"):
            await ours.central.call("CP1", too_long)


async def test_a_handler_refuses_as_the_page_says(ours: SimpleNamespace, theirs: SimpleNamespace) -> None:
    authorize = '[2,"1","Authorize",{"idTag":"T"}]'
    expected = [4, "1", "SecurityError", "not before you are accepted"]
    async with running(ours.central) as url, raw(url) as websocket:
        await websocket.send(authorize)
        assert (await frame(websocket))[:4] == expected
    async with peer(theirs.Guarded) as (_, pipe):
        assert (await pipe.exchange(authorize))[:4] == expected


async def test_unserved_messages_are_refused_as_the_table_says(
    ours: SimpleNamespace, theirs: SimpleNamespace
) -> None:
    known, unknown, broken = '[2,"1","Heartbeat",{}]', '[2,"2","MyAction",{}]', '[2,"3"]'
    async with running(ours.central) as url, raw(url) as websocket:
        codes = []
        for text in (known, unknown, broken):
            await websocket.send(text)
            codes.append((await frame(websocket))[2])
    assert codes == ["NotSupported", "NotImplemented", "FormationViolation"]
    async with peer(theirs.Station) as (_, pipe):
        await pipe.incoming.put(broken)  # without an answer
        assert [(await pipe.exchange(text))[2] for text in (known, unknown)] == [
            "NotImplemented",
            "NotSupported",
        ]


async def test_registering_a_message_that_the_peer_never_sends_is_an_error(ours: SimpleNamespace) -> None:
    with pytest.raises(LocalProtocolError):
        ours.central.on(Reset)


# ---- what is read


ODD = '[2,"1","BootNotification",{"chargePointVendor":"V","chargePointModel":"M","extra":1,"iccid":null}]'


async def test_tolerant_reading_reports_and_strict_reading_refuses(
    ours: SimpleNamespace, capsys: pytest.CaptureFixture[str]
) -> None:
    for central in (ours.lenient, ours.strict):
        central.on(ours.BootNotification)(ours.boot)
    async with running(ours.lenient) as url, raw(url) as websocket:
        await websocket.send(ODD)
        assert (await frame(websocket))[0] == 3
    said = capsys.readouterr().out
    assert "CP1 BootNotification $.extra " in said and "CP1 BootNotification $.iccid " in said
    async with running(ours.strict) as url, raw(url) as websocket:
        await websocket.send(ODD)
        assert (await frame(websocket))[0] == 4


async def test_their_schemas_can_be_left_out_for_one_handler(theirs: SimpleNamespace) -> None:
    odd = '[2,"1","MeterValues",{"connectorId":1,"meterValue":[],"extra":1}]'
    async with peer(theirs.Metered) as (_, pipe):
        assert (await pipe.exchange(odd))[0] == 4
    async with peer(theirs.Lenient) as (_, pipe):
        assert (await pipe.exchange(odd))[0] == 3


async def test_what_comes_after_the_answer_comes_after_it(
    ours: SimpleNamespace, theirs: SimpleNamespace, capsys: pytest.CaptureFixture[str]
) -> None:
    configuration = {"configurationKey": [{"key": "HeartbeatInterval", "readonly": False, "value": "9"}]}
    async with running(ours.central) as url, raw(url) as websocket:
        await websocket.send(BOOT)
        assert (await frame(websocket))[2]["status"] == "Accepted"
        _, message_id, action, _ = await frame(websocket)
        assert action == "GetConfiguration"
        await websocket.send(json.dumps([3, message_id, configuration]))
        await _said(capsys, "CP1 HeartbeatInterval 9\n")
    async with peer(theirs.Curious) as (_, pipe):
        assert (await pipe.exchange(BOOT))[2]["status"] == "Accepted"
        _, message_id, action, _ = json.loads(await pipe.outgoing.get())
        assert action == "GetConfiguration"
        await pipe.incoming.put(json.dumps([3, message_id, configuration]))
        await _said(capsys, "CP1 HeartbeatInterval 9\n")


async def _said(capsys: pytest.CaptureFixture[str], text: str) -> None:
    said = ""
    async with asyncio.timeout(10):
        while text not in said:
            await asyncio.sleep(0.001)
            said += capsys.readouterr().out


async def test_readings_are_the_same_as_types_and_as_dicts(
    ours: SimpleNamespace, theirs: SimpleNamespace, capsys: pytest.CaptureFixture[str]
) -> None:
    sampled = [{"value": "7"}, {"value": "16.0", "measurand": "Current.Import"}]
    values = [{"timestamp": "2026-01-01T00:00:00Z", "sampledValue": sampled}]
    texts = [
        json.dumps([2, str(number), "MeterValues", {"connectorId": 1, "meterValue": values, **more}])
        for number, more in enumerate(({"transactionId": 5}, {}))
    ]
    async with running(ours.central) as url, raw(url) as websocket:
        for text in texts:
            await websocket.send(text)
            assert (await frame(websocket))[0] == 3
    here = capsys.readouterr().out
    async with peer(theirs.Metered) as (_, pipe):
        for text in texts:
            assert (await pipe.exchange(text))[0] == 3
    there = capsys.readouterr().out
    assert here == there.replace("2026-01-01T00:00:00Z", "2026-01-01 00:00:00+00:00")
    assert here.count("\n") == 4


async def test_messages_of_ones_own_go_into_data_transfer(
    ours: SimpleNamespace, theirs: SimpleNamespace
) -> None:
    texts = [f'[2,"{one}","DataTransfer",{{"vendorId":"{one}"}}]' for one in ("com.example", "org.other")]
    expected = [{"status": "Accepted", "data": "pong"}, {"status": "UnknownVendorId"}]
    async with running(ours.central) as url, raw(url) as websocket:
        here = []
        for text in texts:
            await websocket.send(text)
            here.append((await frame(websocket))[2])
    async with peer(theirs.Extended) as (_, pipe):
        there = [(await pipe.exchange(text))[2] for text in texts]
    assert here == there == expected


# ---- sockets


async def test_both_serve_stations_in_fastapi(ours: SimpleNamespace, theirs: SimpleNamespace) -> None:
    for app in (theirs.their_app, ours.app):
        async with serving_app(app) as host, raw(f"ws://{host}/ocpp") as websocket:
            assert websocket.subprotocol == "ocpp1.6"
            await websocket.send(BOOT)
            assert (await frame(websocket))[2]["status"] == "Accepted"


async def test_who_may_connect_is_decided_before_the_upgrade(
    ours: SimpleNamespace, theirs: SimpleNamespace, capsys: pytest.CaptureFixture[str]
) -> None:
    async with theirs.listen(0) as server:
        port = next(iter(server.sockets)).getsockname()[1]
        with pytest.raises(websockets.InvalidStatus, match="404"):
            await raw(f"ws://127.0.0.1:{port}/ocpp", "OTHER")
    async with running(ours.selective) as url:
        with pytest.raises(websockets.InvalidStatus, match="404"):
            await raw(url, "OTHER")
        async with raw(url, "CP1"):
            await until(lambda: ours.selective.stations)
        await until(lambda: not ours.selective.stations)
    said = capsys.readouterr().out
    assert "CP1 {'tariff': 'night'} connected\n" in said
    assert "CP1 {'tariff': 'night'} closed with 1000\n" in said


async def test_message_ids_are_given_to_their_handlers(
    theirs: SimpleNamespace, capsys: pytest.CaptureFixture[str]
) -> None:
    async with peer(theirs.Numbered) as (_, pipe):
        assert (await pipe.exchange('[2,"my id","Heartbeat",{}]'))[1] == "my id"
    assert capsys.readouterr().out == "message my id\n"
    assert theirs.patient._response_timeout == 60


async def test_a_single_call_of_ours_may_be_given_its_own_time(ours: SimpleNamespace) -> None:
    assert ours.hurried.options.call_timeout_s == 60
    async with running(ours.hurried) as url, raw(url) as websocket:
        await until(lambda: ours.hurried.stations)
        call = asyncio.create_task(ours.restart_soon("CP1"))
        _, message_id, _, _ = await frame(websocket)
        await websocket.send(json.dumps([3, message_id, {"status": "Rejected"}]))
        assert await call == "Rejected"


async def test_frames_are_seen_and_recorded(
    ours: SimpleNamespace, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    central, recorder = ours.watched(tmp_path / "frames.jsonl")
    async with running(central) as url, raw(url) as websocket:
        await websocket.send('[2,"1","Heartbeat",{}]')
        await frame(websocket)
    recorder.close()
    assert "CP1 in " in capsys.readouterr().out
    recorded = [json.loads(line) for line in (tmp_path / "frames.jsonl").read_text().splitlines()]
    assert [(one["station"], one["direction"]) for one in recorded] == [("CP1", "in"), ("CP1", "out")]


async def test_our_charge_point_comes_back_by_itself(ours: SimpleNamespace) -> None:
    async with running(ours.central) as url:
        charger = ChargePoint(url, "CP1", options=ClientOptions(first_wait_s=0.01))
        charger.on(Reset)(ours.reset)
        async with charger:
            await until(lambda: ours.central.stations)
            first: Connection = ours.central.station("CP1")
            first.close(1001, "come back")
            await until(lambda: not first.connected and ours.central.stations)
            assert await ours.try_to_restart("CP1") == "Accepted"
            with pytest.raises(CallError, match="NotSupported"):
                await ours.central.call("CP1", ClearCache())


def test_a_central_system_is_made_with_shared_handlers(ours: SimpleNamespace) -> None:
    assert CentralSystem(handlers=ours.central.handlers).handlers.route("Authorize") is not None
