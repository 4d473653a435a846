"""Messages per second: our central system and our library against mobilityhouse/ocpp, in one run.

Every server has one core, the load another. A closed loop of 4 MeterValues (4 sampled values each) to 1
Heartbeat. Ours stores everything durably on SQLite before it answers, and is checked afterwards for every
message; the peer stores nothing. The last one also has the inspector of live traffic, a process of its own on
that same core. Servers take turns, and ratios are made of the medians of the rounds.

    .venv/bin/python benchmarks/throughput.py --stations 10 200 --rounds 5
"""

from __future__ import annotations

import argparse
import json
import os
import re
import signal
import sqlite3
import statistics
import subprocess
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import NamedTuple

HERE = Path(__file__).resolve().parent
PEER = "mobilityhouse/ocpp, nothing stored"
SERVE = ["-m", "voltline.cli.main", "serve", "--host", "127.0.0.1", "--ocpp-port", "0"]
SERVERS = {
    PEER: [str(HERE / "servers" / "mobilityhouse.py")],
    "bare aiohttp + msgspec, nothing stored": [str(HERE / "servers" / "bare_aiohttp.py")],
    "voltline library, nothing stored": [str(HERE / "servers" / "library.py")],
    "voltline serve, all on SQLite": [*SERVE, "--set", "inspection.enabled=false"],
    "voltline serve, inspecting live": SERVE,
}


class Running(NamedTuple):
    """A server that is ready: its OCPP port, its process id, and what it said of itself."""

    port: int
    pid: int
    said: str


@contextmanager
def server(command: list[str], data: Path, *cores: int) -> Iterator[Running]:
    """Run a server on these cores."""
    durable = "serve" in command
    if durable:
        command = [*command, "--http-port", "0", "--data", str(data)]
    process = subprocess.Popen(
        [sys.executable, *command],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        preexec_fn=lambda: os.sched_setaffinity(0, cores),
        env={**os.environ, "VOLTLINE_LOG_LEVEL": "warning"},
    )
    try:
        assert process.stdout is not None
        for line in process.stdout:
            if found := re.search(r"(?:ready |ws://127\.0\.0\.1:)(\d+)", line):
                yield Running(int(found[1]), process.pid, line)
                break
        else:
            raise SystemExit(f"{command} did not start")
    finally:
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=30)


def require_all_stored(data: Path, answered: float) -> None:
    with closing(sqlite3.connect(data / "voltline.db")) as database:
        stored = database.execute("SELECT count(*) FROM meter_values").fetchone()[0]
    if stored != answered:
        raise SystemExit(f"voltline serve answered {answered:.0f} MeterValues but stored {stored}")


def load(running: Running, stations: int, seconds: float, core: int) -> dict[str, float]:
    output = subprocess.run(
        [
            sys.executable,
            str(HERE / "load.py"),
            f"--port={running.port}",
            f"--pid={running.pid}",
            f"--stations={stations}",
            f"--seconds={seconds}",
            f"--core={core}",
        ],
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    figures: dict[str, float] = json.loads(output)
    return figures


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--stations", type=int, nargs="+", default=[10, 200])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=4.0)
    parser.add_argument("--only", help="only servers whose name contains this, and the peer")
    options = parser.parse_args()
    cores = sorted(os.sched_getaffinity(0))
    if len(cores) < 2:
        raise SystemExit("this needs two cores: one for the server, one for the load")
    for stations in options.stations:
        rounds: dict[str, list[dict[str, float]]] = defaultdict(list)
        for _ in range(options.rounds):
            for name, command in SERVERS.items():
                if options.only and options.only not in name and name != PEER:
                    continue
                with tempfile.TemporaryDirectory(prefix="voltline-bench-") as folder:
                    data = Path(folder)
                    with server(command, data, cores[0]) as running:
                        figures = load(running, stations, options.seconds, cores[1])
                    if "serve" in command:
                        require_all_stored(data, figures["meter_values"])
                    rounds[name].append(figures)
        report(stations, rounds)


def report(stations: int, rounds: dict[str, list[dict[str, float]]]) -> None:
    median = {
        name: {
            key: statistics.median(one[key] for one in figures)
            for key in ("rate", "p50_ms", "p99_ms", "cpu_us")
        }
        for name, figures in rounds.items()
    }
    print(f"\n{stations} stations, median of {len(rounds[PEER])} rounds")
    print(
        f"{'server':42} {'messages/s':>10} {'x peer':>7} {'p50 ms':>8} {'p99 ms':>8} {'cpu us/msg':>11}"
        "   min..max messages/s"
    )
    for name, figures in median.items():
        rates = [one["rate"] for one in rounds[name]]
        print(
            f"{name:42} {figures['rate']:10,.0f} {figures['rate'] / median[PEER]['rate']:7.1f}"
            f" {figures['p50_ms']:8.2f} {figures['p99_ms']:8.2f} {figures['cpu_us']:11.1f}"
            f"   {min(rates):,.0f}..{max(rates):,.0f}"
        )


if __name__ == "__main__":
    main()
