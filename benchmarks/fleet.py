"""What a fleet of faithful stations costs: memory a station, processor time a message, messages a second.

The fleet has one core, a cheap central system that stores nothing the other. Every station boots, reports its
status and sends heartbeats; half of them charge and send meter values every few seconds of their time. The
stations' time is made faster until the fleet's core is full. With --outage the central system is `voltline
serve`, is killed by SIGKILL under load and started again, and the database is compared with what the stations
were told.

    .venv/bin/python benchmarks/fleet.py --count 10000
    .venv/bin/python benchmarks/fleet.py --outage --count 2000

For comparison, as its users measured it: the SAP simulator holds 6,000 stations with 1.2 GiB (0.12 to
0.19 MiB a station over a floor of 490 MiB), stops growing at about 2,500 messages a second on more than one
core, and loses buffered transaction messages after an outage.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import logging
import os
import re
import resource
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from contextlib import closing
from pathlib import Path

import uvloop

from voltline.station.simulator.fleet.fleet import Fleet, FleetOptions, resident_bytes
from voltline.station.simulator.fleet.profile_reading import read_profile
from voltline.station.simulator.fleet.tally import Tally, sample

HERE = Path(__file__).resolve().parent
CHEAP = [str(HERE / "servers" / "bare_aiohttp.py")]

# Every connector is taken within minutes and stays so.
STEADY = """
name: Steady load
stations:
  - {share: 1, model: Bench 11, connectors: 1, power_kw: 11, cable: tethered}
arrivals: {cars_a_day: 200}
stay: {hours: 4}
meter: {interval_s: 10}
"""
BUSY = STEADY.replace("hours: 4", "hours: 0.3")


def started(command: list[str], core: int | None) -> tuple[subprocess.Popen[str], int]:
    process = subprocess.Popen(
        [sys.executable, *command],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        preexec_fn=None if core is None else lambda: os.sched_setaffinity(0, {core}),
        env={**os.environ, "VOLTLINE_LOG_LEVEL": "error"},
    )
    assert process.stdout is not None
    for line in process.stdout:
        if found := re.search(r"(?:ready |ws://127\.0\.0\.1:)(\d+)", line):
            return process, int(found[1])
    raise SystemExit(f"{command} did not start")


def serve(data: str, port: int = 0) -> list[str]:
    flags = ["--host", "127.0.0.1", "--ocpp-port", str(port), "--http-port", "0", "--data", data]
    files = ["--set", "files.http_port=0", "--set", "files.ftp_port=0"]
    return ["-m", "voltline.cli.main", "serve", *flags, *files]


def told(at_s: float, seconds: float, before: Tally, now: Tally, count: int, floor: int) -> None:
    one = sample(at_s, seconds, before, now)
    cost = f"{one.cpu / one.rate * 1e6:4.0f} us a message" if one.rate else ""
    print(
        f"{at_s:4.0f} s  {one.connected:6,} connected  {one.charging:6,} charging  {one.rate:7,.0f} "
        f"messages/s  p50 {one.p50_ms or 0:7.1f} ms  p99 {one.p99_ms or 0:7.1f} ms  {one.queued:6,} queued  "
        f"{one.errors} errors  core {one.cpu:4.0%}  {cost}  "
        f"{(now.rss_bytes - floor) / 1024 / count:5.1f} KiB a station",
        flush=True,
    )


async def watched(fleet: Fleet, seconds: float, floor: int, began: float) -> None:
    before, before_at = fleet.tally(), time.monotonic()
    until = before_at + seconds
    while time.monotonic() < until:
        await asyncio.sleep(5)
        now, now_at = fleet.tally(), time.monotonic()
        told(now_at - began, now_at - before_at, before, now, fleet.options.count, floor)
        before, before_at = now, now_at


async def load(count: int, seconds: float, speed: float, ramp: float) -> None:
    process, port = started(CHEAP, sorted(os.sched_getaffinity(0))[-1])
    os.sched_setaffinity(0, {sorted(os.sched_getaffinity(0))[0]})
    try:
        gc.collect()
        floor = resident_bytes()
        options = FleetOptions(
            endpoint=f"ws://127.0.0.1:{port}/ocpp",
            count=count,
            profile=read_profile("steady", STEADY),
            ramp=ramp,
            speed=speed,
        )
        fleet = Fleet(options)
        began = time.monotonic()
        gc.freeze()
        gc.set_threshold(50_000, 50, 1000)
        fleet.start()
        await watched(fleet, count / ramp + seconds, floor, began)
        end = fleet.tally()
        print(
            f"{end.connected:,} stations, {(end.rss_bytes - floor) / 1024 / count:.1f} KiB each over a floor "
            f"of {floor / 1024 / 1024:.0f} MiB; {end.answered:,} messages answered, {end.failed} not"
        )
    finally:
        process.kill()
        process.communicate()


async def outage(count: int, seconds: float, speed: float, ramp: float) -> None:
    with tempfile.TemporaryDirectory() as folder:
        process, port = started(serve(folder), None)
        floor, began = resident_bytes(), time.monotonic()
        options = FleetOptions(
            endpoint=f"ws://127.0.0.1:{port}/ocpp",
            count=count,
            profile=read_profile("busy", BUSY),
            ramp=ramp,
            speed=speed,
        )
        fleet = Fleet(options)
        fleet.start()
        await watched(fleet, count / ramp + seconds, floor, began)
        process.send_signal(signal.SIGKILL)
        process.communicate()
        print("the central system is killed")
        await watched(fleet, seconds, floor, began)
        queued = fleet.tally().queued
        process, _ = await asyncio.to_thread(started, serve(folder, port), None)
        print(f"the central system is back; {queued:,} transaction messages wait")
        while fleet.tally().connected < count:
            await watched(fleet, 5, floor, began)
        await watched(fleet, seconds, floor, began)
        await fleet.stop(grace_s=300)
        process.send_signal(signal.SIGTERM)
        await asyncio.to_thread(process.communicate)
        require_all_stored(fleet.tally(), Path(folder))


def require_all_stored(end: Tally, data: Path) -> None:
    with closing(sqlite3.connect(data / "voltline.db")) as database:
        stored = database.execute(
            "SELECT count(*), sum(meter_stop_wh IS NULL), sum(meter_stop_wh - meter_start_wh) "
            "FROM transactions"
        ).fetchone()
        readings = database.execute("SELECT count(*) FROM meter_values").fetchone()[0]
    sent = end.actions["MeterValues"].answered
    print(
        f"told to the stations: {end.started:,} transactions, {end.stopped:,} ended, {end.energy_wh:,} Wh, "
        f"{sent:,} readings; {end.queued} messages queued, {end.given_up_messages} given up\n"
        f"stored:               {stored[0]:,} transactions, {stored[0] - stored[1]:,} ended, {stored[2]:,} "
        f"Wh, {readings:,} readings"
    )
    if (end.queued, end.given_up_messages, stored, readings) != (
        0,
        0,
        (end.started, end.started - end.stopped, end.energy_wh),
        sent,
    ):
        raise SystemExit("these are not the same")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--count", type=int, default=10_000)
    parser.add_argument("--seconds", type=float, default=40.0, help="of each part, after the ramp")
    parser.add_argument("--speed", type=float, default=10.0, help="of the stations' time")
    parser.add_argument("--ramp", type=float, default=400.0, help="stations a second")
    parser.add_argument("--outage", action="store_true", help="kill voltline serve under load")
    options = parser.parse_args()
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    if options.count + 100 > most:
        raise SystemExit(f"{options.count} stations need as many open files; this user may have {most}")
    logging.getLogger("voltline").setLevel(logging.CRITICAL)
    work = outage if options.outage else load
    uvloop.run(work(options.count, options.seconds, options.speed, options.ramp))


if __name__ == "__main__":
    main()
