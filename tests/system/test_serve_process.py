"""`voltline serve` as a process: how it starts, what it says when it cannot, how it stops."""

import asyncio
import json
import os
import signal
import socket
import sqlite3
import subprocess
import sys
import tomllib
from pathlib import Path

import httpx
import pytest
from tests.serving import Serving, serving, start_serving
from tests.system.raw_station import station

START = {"connectorId": 1, "idTag": "T", "meterStart": 0, "timestamp": "2026-03-01T10:00:00Z"}


def voltline_serve(*flags: str, cwd: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run it to its end."""
    return subprocess.run(
        [sys.executable, "-m", "voltline.cli.main", "serve", *flags],
        cwd=cwd,
        env=os.environ | environment,
        capture_output=True,
        text=True,
        timeout=60,
    )


def complaint(run: subprocess.CompletedProcess[str]) -> str:
    """The one line that a run that failed has printed."""
    assert run.stdout == ""
    (line,) = run.stderr.splitlines()
    return line


def test_print_config_shows_values_and_where_they_come_from(tmp_path: Path) -> None:
    (tmp_path / "voltline.toml").write_text("[registration]\nheartbeat_interval_s = 60\n")
    run = voltline_serve(
        "--ocpp-port=9100",
        "--print-config",
        cwd=tmp_path,
        VOLTLINE_LOG_LEVEL="debug",
        VOLTLINE_DATA_DATABASE_URL="postgresql://volt:hunter2@db/volt",
    )
    assert (run.returncode, run.stderr) == (0, "")
    lines = dict(line.split("#", 1) for line in run.stdout.splitlines() if "#" in line)
    shown = {key.strip(): source.strip() for key, source in lines.items()}
    assert shown["port = 9100"] == "--ocpp-port"
    assert shown["heartbeat_interval_s = 60"] == "voltline.toml:2"
    assert shown['level = "debug"'] == "VOLTLINE_LOG_LEVEL"
    assert shown["strict = false"] == "default"
    assert "hunter2" not in run.stdout
    assert tomllib.loads(run.stdout)["ocpp"]["port"] == 9100
    assert not (tmp_path / "voltline-data").exists()


def test_wrong_settings_are_all_named_and_nothing_starts(tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_text("[ocpp]\nporrt = 9000\n")
    run = voltline_serve("--config=mine.toml", "--http-port=http", cwd=tmp_path)
    assert (run.returncode, run.stdout) == (2, "")
    assert run.stderr.splitlines() == [
        "voltline serve: mine.toml:2: ocpp.porrt: there is no such setting; did you mean ocpp.port?",
        'voltline serve: --http-port: http.port: "http" is not allowed; give a whole number from 0 to 65535',
    ]
    assert not (tmp_path / "voltline-data").exists()


@pytest.mark.parametrize("flag", ["--ocpp-port", "--http-port"])
def test_port_in_use_is_one_clear_line(tmp_path: Path, flag: str) -> None:
    ports = {"--ocpp-port": "0", "--http-port": "0"}
    with socket.create_server(("127.0.0.1", 0)) as taken:
        ports[flag] = str(taken.getsockname()[1])
        run = voltline_serve(*(f"{name}={port}" for name, port in ports.items()), cwd=tmp_path)
    assert run.returncode == 1
    line = complaint(run)
    assert f"port {ports[flag]} on 127.0.0.1 is in use; choose another with {flag}" in line


def test_address_of_another_machine_is_one_clear_line(tmp_path: Path) -> None:
    run = voltline_serve("--host=192.0.2.1", "--ocpp-port=0", "--http-port=0", cwd=tmp_path)
    assert run.returncode == 1
    assert "192.0.2.1 is not an address of this machine; choose one with --host" in complaint(run)


def test_folder_that_cannot_be_used_is_one_clear_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    run = voltline_serve("--data=file/data", "--ocpp-port=0", "--http-port=0", cwd=tmp_path)
    assert run.returncode == 1
    assert f"the folder {tmp_path}/file/data cannot be used: Not a directory" in complaint(run)


def test_folder_in_use_by_another_process_is_one_clear_line(tmp_path: Path) -> None:
    with serving(tmp_path / "data") as first:
        run = voltline_serve("--data=data", "--ocpp-port=0", "--http-port=0", cwd=tmp_path)
        assert run.returncode == 1
        assert f"another voltline (process {first.process.pid}) works in {tmp_path}/data" in complaint(run)


def test_database_of_a_newer_version_is_one_clear_line(tmp_path: Path) -> None:
    start_serving(tmp_path / "data").stop()
    with sqlite3.connect(tmp_path / "data" / "voltline.db") as database:
        database.execute("UPDATE alembic_version SET version_num = '9999'")
    database.close()
    run = voltline_serve("--data=data", "--ocpp-port=0", "--http-port=0", cwd=tmp_path)
    assert run.returncode == 1
    assert "newer version of Voltline" in complaint(run)


def test_file_that_is_no_database_is_one_clear_line(tmp_path: Path) -> None:
    (tmp_path / "voltline-data").mkdir()
    (tmp_path / "voltline-data" / "voltline.db").write_text("hello" * 1000)
    run = voltline_serve("--ocpp-port=0", "--http-port=0", cwd=tmp_path)
    assert run.returncode == 1
    assert "file is not a database" in complaint(run)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_graceful_stop_stores_and_answers_what_has_arrived(
    tmp_path: Path, number: signal.Signals
) -> None:
    server = start_serving(tmp_path / "data", warm=False)
    async with station(server.ocpp) as cp:
        await cp.boot()
        transaction_id = (await cp.call("StartTransaction", START))["transactionId"]
        report = {
            "connectorId": 1,
            "transactionId": transaction_id,
            "meterValue": [{"timestamp": "2026-03-01T10:01:00Z", "sampledValue": [{"value": "0"}]}],
        }
        acknowledged = 0

        async def report_until_refused() -> None:
            nonlocal acknowledged
            while True:
                report["meterValue"][0]["sampledValue"][0]["value"] = str(acknowledged)
                await cp.call("MeterValues", report)
                acknowledged += 1

        reporting = asyncio.create_task(report_until_refused())
        async with asyncio.timeout(20):
            while acknowledged < 50:
                await asyncio.sleep(0.001)
        server.process.send_signal(number)
        assert await cp.closed() == 1001
        with pytest.raises((asyncio.CancelledError, ConnectionError)):
            await reporting
    assert await ended(server) == 0
    with serving(tmp_path / "data") as again:
        async with httpx.AsyncClient(base_url=again.http) as api:
            stored = (await api.get(f"/api/v1/transactions/{transaction_id}/meter-values")).json()["items"]
    values = [int(one["value"]) for one in stored]
    assert values[:acknowledged] == list(range(acknowledged))
    assert len(values) - acknowledged in (0, 1)  # the last answer may have been lost with the connection


async def test_graceful_stop_waits_for_a_command_that_is_being_answered(tmp_path: Path) -> None:
    server = start_serving(tmp_path / "data")
    async with station(server.ocpp) as cp, httpx.AsyncClient(base_url=server.http, timeout=30) as api:
        await cp.boot()
        asked = asyncio.create_task(
            api.post("/api/v1/charge-points/CP1/commands/Reset", json={"type": "Soft"})
        )
        async with asyncio.timeout(10):
            while not cp.received:
                await asyncio.sleep(0.001)
        server.process.send_signal(signal.SIGTERM)
        async with asyncio.timeout(10):  # the port is closed first
            while await is_open(server.http):
                await asyncio.sleep(0.001)
        (message_id,) = cp.unanswered
        await cp.socket.send_str(json.dumps([3, message_id, {"status": "Accepted"}]))
        response = await asked
        assert (response.status_code, response.json()) == (200, {"status": "Accepted"})
        assert await cp.closed() == 1001
    assert await ended(server) == 0


async def test_graceful_stop_tells_those_who_wait_too_long(tmp_path: Path) -> None:
    server = start_serving(tmp_path / "data", "--set", "shutdown.grace_s=1")
    async with station(server.ocpp) as cp, httpx.AsyncClient(base_url=server.http, timeout=30) as api:
        await cp.boot()
        asked = asyncio.create_task(
            api.post("/api/v1/charge-points/CP1/commands/Reset?timeout_s=600", json={"type": "Soft"})
        )
        async with asyncio.timeout(10):
            while not cp.received:
                await asyncio.sleep(0.001)
        server.process.send_signal(signal.SIGTERM)
        response = await asked
        assert (response.status_code, response.json()["type"]) == (503, "urn:voltline:problem:stopping")
        assert await cp.closed() == 1001
    assert await ended(server) == 0
    assert "Traceback" not in (tmp_path / "data.log").read_text()


async def ended(server: Serving) -> int:
    """Wait for the process to end by itself; its exit code."""
    return await asyncio.to_thread(server.ended, 20)


async def is_open(url: str) -> bool:
    host, port = url.removeprefix("http://").split(":")
    try:
        _, writer = await asyncio.open_connection(host, int(port))
    except OSError:
        return False
    writer.close()
    return True


async def test_a_second_signal_ends_it_at_once(tmp_path: Path) -> None:
    server = start_serving(tmp_path / "data", "--set", "shutdown.grace_s=60", warm=False)
    async with station(server.ocpp) as cp, httpx.AsyncClient(base_url=server.http, timeout=30) as api:
        await cp.boot()
        asked = asyncio.create_task(
            api.post("/api/v1/charge-points/CP1/commands/Reset", json={"type": "Soft"})
        )
        async with asyncio.timeout(10):
            while not cp.received:
                await asyncio.sleep(0.001)
        server.process.send_signal(signal.SIGTERM)
        async with asyncio.timeout(10):
            while await is_open(server.http):
                await asyncio.sleep(0.001)
        assert server.process.poll() is None
        server.process.send_signal(signal.SIGTERM)
        assert await ended(server) == 128 + signal.SIGTERM
        with pytest.raises(httpx.HTTPError):
            await asked


async def test_frames_are_recorded_when_asked_for(tmp_path: Path) -> None:
    with serving(tmp_path / "data", "--set", "recording.enabled=true") as server:
        async with station(server.ocpp, "REC") as cp:
            await cp.boot()
    recorded = [
        json.loads(line) for line in (tmp_path / "data" / "frames" / "frames.jsonl").read_text().splitlines()
    ]
    assert [(one["station"], one["direction"], json.loads(one["text"])[0]) for one in recorded] == [
        ("REC", "in", 2),
        ("REC", "out", 3),
    ]


async def test_log_says_who_connects_and_what_starts_and_nothing_breaks_its_lines(tmp_path: Path) -> None:
    with serving(tmp_path / "data", "--set", "log.level=debug") as server:
        async with station(server.ocpp) as cp:
            await cp.call("BootNotification", {"chargePointVendor": "A\nB", "chargePointModel": "M"})
            transaction_id = (await cp.call("StartTransaction", START))["transactionId"]
            stop = {"transactionId": transaction_id, "meterStop": 7, "timestamp": "2026-03-01T11:00:00Z"}
            await cp.call("StopTransaction", stop)
    log = (tmp_path / "data.log").read_text()
    assert "CP1 connected from 127.0.0.1" in log
    assert "CP1 booted: A\\x0aB M, firmware not told: Accepted" in log
    assert f"CP1 connector 1: transaction {transaction_id} started by T: Accepted" in log
    assert f"CP1: transaction {transaction_id} stopped at 7 Wh" in log
    assert "CP1 disconnected" in log
    assert "Traceback" not in log
