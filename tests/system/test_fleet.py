"""A fleet of simulated stations against `voltline serve`: its command, its report, an outage under load."""

import asyncio
import json
import re
import signal
import socket
import sqlite3
import subprocess
import sys
from collections import Counter
from contextlib import closing
from pathlib import Path

import pytest
from tests.serving import Serving, serving, start_serving

from voltline.messages import MeterValues, StartTransaction, StopTransaction
from voltline.station.core.happenings import Answered
from voltline.station.device.listener import Exchange
from voltline.station.simulator.fleet.counting import Counting
from voltline.station.simulator.fleet.fleet import Fleet, FleetOptions
from voltline.station.simulator.fleet.profile_reading import read_profile

BUSY = """
name: Busy yard
stations: [{model: Busy, connectors: 2, cable: tethered, power_kw: 22}]
arrivals: {cars_a_day: 48}
stay: {hours: 0.4, spread: 0.5}
meter: {interval_s: 20, measurands: Energy.Active.Import.Register}
"""


class Ledger(Counting):
    """Writes down every transaction message that was answered."""

    def __init__(self) -> None:
        super().__init__()
        self.energy_wh: dict[int, int] = {}
        self.readings: Counter[int] = Counter()

    def exchanged(self, exchange: Exchange) -> None:
        super().exchanged(exchange)
        request, outcome = exchange.request, exchange.outcome
        if not isinstance(outcome, Answered):
            return
        if isinstance(request, StartTransaction):
            self.energy_wh[outcome.response.transaction_id] = -request.meter_start
        elif isinstance(request, StopTransaction):
            self.energy_wh[request.transaction_id] += request.meter_stop
        elif isinstance(request, MeterValues):
            self.readings[request.transaction_id] += len(request.meter_value)


async def until(condition: object, within_s: float = 40.0) -> None:
    async with asyncio.timeout(within_s):
        while not condition():  # type: ignore[operator]
            await asyncio.sleep(0.02)


async def test_killed_central_system_has_everything_exactly_once_after_its_return(tmp_path: Path) -> None:
    server = await asyncio.to_thread(start_serving, tmp_path / "data")
    port = int(re.search(r":(\d+)/", server.ocpp)[1])  # type: ignore[index]
    profile = read_profile("busy.yaml", BUSY)
    options = FleetOptions(
        endpoint=server.ocpp, count=30, profile=profile, ramp=60, speed=120, hour=0, seed=4
    )
    fleet = Fleet(options, counting=(ledger := Ledger()))
    try:
        fleet.start()
        await until(lambda: fleet.tally().charging > 10 and ledger.tally.stopped > 0)
        await asyncio.to_thread(server.kill)
        await until(lambda: ledger.tally.connected == 0 and fleet.tally().queued > 60)
        server = await asyncio.to_thread(start_serving, tmp_path / "data", ocpp_port=port)
        await until(lambda: ledger.tally.connected == options.count)
    finally:
        await fleet.stop()
        await asyncio.to_thread(server.stop)
    end = fleet.tally()
    assert end.queued == end.given_up_messages == 0
    assert end.started == end.stopped == len(ledger.energy_wh) > 20
    with closing(sqlite3.connect(tmp_path / "data" / "voltline.db")) as database:
        stored = dict(database.execute("SELECT id, meter_stop_wh - meter_start_wh FROM transactions"))
        rows = database.execute("SELECT transaction_id, count(*) FROM meter_values GROUP BY 1").fetchall()
    assert stored == ledger.energy_wh
    assert dict(rows) == ledger.readings
    assert end.energy_wh == sum(stored.values()) > 0


def fleet_command(server: Serving, *flags: str) -> list[str]:
    return [sys.executable, "-m", "voltline.cli.main", "fleet", server.ocpp, "--hour=12", *flags]


def test_fleet_of_two_processes_reports_what_it_did(tmp_path: Path) -> None:
    profile = tmp_path / "busy.yaml"
    profile.write_text(BUSY)
    html, as_json = tmp_path / "report.html", tmp_path / "report.json"
    flags = (
        f"--profile={profile}",
        "--count=20",
        "--processes=2",
        "--speed=240",
        "--ramp=100",
        "--duration=6",
    )
    with serving(tmp_path / "data") as server:
        command = fleet_command(server, *flags, f"--report={html}", f"--report={as_json}")
        ran = subprocess.run(command, capture_output=True, text=True, timeout=90, check=False)
        assert ran.returncode == 0, ran.stdout + ran.stderr
    report = json.loads(as_json.read_text())
    assert report["most_connected"] == 20
    assert report["started"] == report["stopped"] > 0
    assert report["undelivered"] == report["given_up_messages"] == 0
    assert report["errors"] == {}
    with closing(sqlite3.connect(tmp_path / "data" / "voltline.db")) as database:
        count, energy_wh = database.execute(
            "SELECT count(*), sum(meter_stop_wh - meter_start_wh) FROM transactions"
        ).fetchone()
    assert (count, energy_wh) == (report["stopped"], report["energy_wh"])
    page = html.read_text()
    assert page.count("<svg") == 4
    assert "Nothing was lost" in page
    assert not re.search(r"<script|<link|src=|https?://(?!127)", page)


def test_fleet_that_nobody_takes_in_says_why() -> None:
    with socket.socket() as nobody_listens:
        nobody_listens.bind(("127.0.0.1", 0))
        url = f"ws://127.0.0.1:{nobody_listens.getsockname()[1]}/ocpp"
        command = [sys.executable, "-m", "voltline.cli.main", "fleet", url, "--count=2", "--duration=1"]
        ran = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert ran.returncode == 1, ran.stdout + ran.stderr
    assert re.search(r"No station was connected at any time. FLEET0000\d: cannot connect to ws:", ran.stdout)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_ends_transactions_first(tmp_path: Path, number: signal.Signals) -> None:
    profile = tmp_path / "busy.yaml"
    profile.write_text(BUSY)
    with serving(tmp_path / "data") as server:
        command = fleet_command(server, f"--profile={profile}", "--count=5", "--speed=600", "--ramp=100")
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert process.stdout is not None
        for line in process.stdout:
            if re.search(r"charging [1-9]", line):
                process.send_signal(number)
                break
        rest, _ = process.communicate(timeout=60)
    assert process.returncode == 0, rest
    assert "0 messages undelivered" in rest
    with closing(sqlite3.connect(tmp_path / "data" / "voltline.db")) as database:
        running = database.execute("SELECT count(*) FROM transactions WHERE meter_stop_wh IS NULL").fetchone()
    assert running == (0,)
