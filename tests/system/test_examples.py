"""Every file of examples/ does what it says, by itself and as part of a program."""

import asyncio
import importlib.util
import json
import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import ModuleType
from typing import Any

import httpx
import pytest
import websockets
from aiohttp import web
from tests.asgi import serving_app
from tests.conversing import BOOT, until

from voltline import (
    CentralSystem,
    ChargePoint,
    ClientOptions,
    Connection,
    GetConfiguration,
    GetConfigurationResponse,
    KeyValue,
    NotConnected,
    RegistrationStatus,
    Reset,
    ResetResponse,
    ResetStatus,
    ResetType,
)

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
RAW_BOOT = '[2,"1","BootNotification",{"chargePointVendor":"Raw","chargePointModel":"Socket"}]'


def example(name: str) -> ModuleType:
    """The example as a module of its own, with nobody connected."""
    spec = importlib.util.spec_from_file_location(f"example_{name}", EXAMPLES / f"{name}.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@dataclass
class Hosted:
    """An application with stations in it. `http` is "" where it has no HTTP routes."""

    central: CentralSystem
    ws: str
    http: str


@asynccontextmanager
async def fastapi_app() -> AsyncIterator[Hosted]:
    module = example("fastapi_app")
    async with serving_app(module.app) as host:
        yield Hosted(module.central, f"ws://{host}/ocpp", f"http://{host}")


@asynccontextmanager
async def aiohttp_app() -> AsyncIterator[Hosted]:
    module = example("aiohttp_app")
    runner = web.AppRunner(module.application())
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    host = f"127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield Hosted(module.central, f"ws://{host}/ocpp", f"http://{host}")
    finally:
        await runner.cleanup()


@asynccontextmanager
async def websockets_server() -> AsyncIterator[Hosted]:
    module = example("websockets_server")
    async with module.listen(0) as server:
        port = next(iter(server.sockets)).getsockname()[1]
        yield Hosted(module.central, f"ws://127.0.0.1:{port}/ocpp", "")


HOSTS: dict[str, Callable[[], Any]] = {
    "fastapi_app": fastapi_app,
    "aiohttp_app": aiohttp_app,
    "websockets_server": websockets_server,
}
hosted = pytest.mark.parametrize("name", HOSTS)


def test_no_example_is_left_out() -> None:
    assert {path.stem for path in EXAMPLES.glob("*.py")} == {
        "central_system",
        "charge_point",
        "one_socket_charger",  # tests/unit/station/test_charger.py
        *HOSTS,
    }


# ---- the two ends of the library


async def test_the_example_charge_point_charges_at_the_example_central_system(
    capsys: pytest.CaptureFixture[str],
) -> None:
    central, charge_point = example("central_system"), example("charge_point")
    port = await central.central.start("127.0.0.1", 0)
    try:
        assert await charge_point.charge(f"ws://127.0.0.1:{port}/ocpp", "CP1", "TAG") == 1
        assert await charge_point.charge(f"ws://127.0.0.1:{port}/ocpp", "CP2", "TAG") == 2
    finally:
        await central.central.stop()
    said = capsys.readouterr().out
    assert "CP1 Energy.Active.Import.Register 1500" in said
    assert "CP1 transaction 1 ended at 2000 Wh" in said


async def test_the_example_central_system_reads_the_configuration_once_it_has_answered_the_boot(
    capsys: pytest.CaptureFixture[str],
) -> None:
    central = example("central_system").central
    port = await central.start("127.0.0.1", 0)
    asked = asyncio.Event()
    station = ChargePoint(f"ws://127.0.0.1:{port}/ocpp", "CP1")

    @station.on(GetConfiguration)
    async def configuration(_: Connection, request: GetConfiguration) -> GetConfigurationResponse:
        asked.set()
        return GetConfigurationResponse(
            configuration_key=[KeyValue(key="HeartbeatInterval", readonly=False, value="300")]
        )

    async with station:
        booted = asyncio.create_task(station.call(BOOT))
        await asyncio.wait_for(asked.wait(), 10)
        assert booted.done()
        said = ""
        async with asyncio.timeout(10):
            while "CP1 HeartbeatInterval = 300" not in said:
                await asyncio.sleep(0.001)
                said += capsys.readouterr().out
    await central.stop()


# ---- the applications that stations are part of


@hosted
async def test_our_charge_point_boots_and_is_called_back(name: str) -> None:
    async with HOSTS[name]() as app, httpx.AsyncClient(base_url=app.http) as http:
        station = ChargePoint(app.ws, "CP1")

        @station.on(Reset)
        async def reset(_: Connection, request: Reset) -> ResetResponse:
            assert request.type is ResetType.SOFT
            return ResetResponse(status=ResetStatus.ACCEPTED)

        async with station:
            assert station.connection is not None and station.connection.subprotocol == "ocpp1.6"
            assert (await station.call(BOOT)).status is RegistrationStatus.ACCEPTED
            if app.http:
                answer = await http.post("/stations/CP1/reset")
                assert (answer.status_code, answer.json()) == (200, {"status": "Accepted"})
            else:
                called = await app.central.call("CP1", Reset(type=ResetType.SOFT))
                assert called.status is ResetStatus.ACCEPTED


@hosted
async def test_who_is_not_connected_cannot_be_called(name: str) -> None:
    async with HOSTS[name]() as app, httpx.AsyncClient(base_url=app.http) as http:
        if app.http:
            answer = await http.post("/stations/CP1/reset")
            assert answer.status_code == 409
            assert "'CP1' is not connected" in answer.text
        else:
            with pytest.raises(NotConnected, match="'CP1' is not connected"):
                await app.central.call("CP1", Reset(type=ResetType.SOFT))


@hosted
async def test_a_raw_websocket_boots_and_its_leaving_is_seen(name: str) -> None:
    async with HOSTS[name]() as app, httpx.AsyncClient(base_url=app.http) as http:
        async with websockets.connect(f"{app.ws}/RAW%201", subprotocols=["ocpp1.6"]) as websocket:
            assert websocket.subprotocol == "ocpp1.6"
            await websocket.send(RAW_BOOT)
            kind, message_id, payload = json.loads(await websocket.recv())
            assert (kind, message_id, payload["status"]) == (3, "1", "Accepted")
            live = app.central.station("raw 1")
            assert live.identity == "RAW 1"
        await until(lambda: not app.central.stations)
        assert live.closed_reason == "closed with 1000"
        if app.http:
            assert (await http.post("/stations/RAW%201/reset")).status_code == 409


@hosted
async def test_a_call_that_is_open_when_the_station_vanishes_is_answered_409(name: str) -> None:
    async with HOSTS[name]() as app, httpx.AsyncClient(base_url=app.http, timeout=20) as http:
        async with websockets.connect(f"{app.ws}/CP1", subprotocols=["ocpp1.6"]) as websocket:
            await until(lambda: app.central.stations)
            if app.http:
                asked = asyncio.create_task(http.post("/stations/CP1/reset"))
            else:
                asked = asyncio.create_task(app.central.call("CP1", Reset(type=ResetType.SOFT)))
            assert json.loads(await websocket.recv())[2:] == ["Reset", {"type": "Soft"}]
            websocket.transport.abort()
            if app.http:
                assert (await asked).status_code == 409
            else:
                with pytest.raises(NotConnected, match="Reset was sent but not answered"):
                    await asked


@hosted
@pytest.mark.requirement("WSC-08")
async def test_a_station_that_offers_another_subprotocol_only_is_closed(name: str) -> None:
    async with HOSTS[name]() as app:
        async with websockets.connect(f"{app.ws}/CP1", subprotocols=["ocpp2.0.1"]) as websocket:
            assert websocket.subprotocol is None
            with pytest.raises(websockets.ConnectionClosed):
                await websocket.recv()
            assert (websocket.close_code, websocket.close_reason) == (1002, "this endpoint speaks ocpp1.6")
        assert not app.central.stations


@hosted
async def test_a_newer_socket_of_the_same_station_takes_over(name: str) -> None:
    async with HOSTS[name]() as app:
        async with websockets.connect(f"{app.ws}/CP1", subprotocols=["ocpp1.6"]) as old:
            await old.send(RAW_BOOT)
            await old.recv()
            async with websockets.connect(f"{app.ws}/cp1", subprotocols=["ocpp1.6"]) as new:
                await new.send(RAW_BOOT)
                await new.recv()
                with pytest.raises(websockets.ConnectionClosed):
                    await old.recv()
                assert (old.close_code, old.close_reason) == (1008, "replaced by a newer connection")
                await until(lambda: len(app.central.stations) == 1)
                assert app.central.station("CP1").identity == "cp1"
                await new.send(RAW_BOOT.replace('"1"', '"2"'))
                assert json.loads(await new.recv())[1] == "2"


# ---- as programs


PROGRAMS = {
    "central_system": [sys.executable, "central_system.py", "{port}"],
    "aiohttp_app": [sys.executable, "aiohttp_app.py", "{port}"],
    "websockets_server": [sys.executable, "websockets_server.py", "{port}"],
    "fastapi_app": [sys.executable, "-m", "uvicorn", "fastapi_app:app", "--port", "{port}"],
}


@pytest.mark.parametrize("name", PROGRAMS)
async def test_each_server_runs_as_a_program_and_stops_when_told_to(name: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    process = await asyncio.create_subprocess_exec(
        *(part.format(port=port) for part in PROGRAMS[name]),
        cwd=EXAMPLES,
        env={**os.environ, "PYTHONUNBUFFERED": "1", "PYTHONDONTWRITEBYTECODE": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    try:
        options = ClientOptions(first_wait_s=0.05, longest_wait_s=0.05)
        station = ChargePoint(f"ws://127.0.0.1:{port}/ocpp", "CP1", options=options)
        staying = asyncio.create_task(station.run())
        async with asyncio.timeout(30):
            await station.until_connected()
            assert (await station.call(BOOT)).status is RegistrationStatus.ACCEPTED
            process.send_signal(signal.SIGINT)
            output, _ = await process.communicate()
        assert process.returncode in (0, -signal.SIGINT, 128 + signal.SIGINT), output.decode()
        staying.cancel()
        await asyncio.wait([staying])
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def test_the_example_charge_point_runs_as_a_program() -> None:
    central = example("central_system").central
    port = await central.start("127.0.0.1", 0)
    try:
        program = [sys.executable, "charge_point.py", f"ws://127.0.0.1:{port}/ocpp"]
        process = await asyncio.create_subprocess_exec(
            *program, cwd=EXAMPLES, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
        output, errors = await asyncio.wait_for(process.communicate(), 60)
    finally:
        await central.stop()
    assert (process.returncode, errors) == (0, b"")
    assert re.fullmatch(r"charged in transaction 1\n", output.decode())


async def test_the_example_charge_point_charges_at_voltline_serve(tmp_path: Path) -> None:
    from tests.serving import serving

    with serving(tmp_path / "data") as server:
        before = datetime.now(UTC)
        transaction_id = await example("charge_point").charge(server.ocpp, "CP1", "TAG")
        async with httpx.AsyncClient(base_url=server.http) as http:
            kept = (await http.get(f"/api/v1/transactions/{transaction_id}")).json()
            assert kept["energy_wh"] == 1000
            assert datetime.fromisoformat(kept["started_at"]) >= before.replace(microsecond=0)
