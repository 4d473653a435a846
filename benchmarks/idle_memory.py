"""Memory of an idle connection: resident size of the server with many booted, silent stations, against none.

.venv/bin/python benchmarks/idle_memory.py --stations 8000
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from throughput import HERE, SERVERS, server

T = TypeVar("T")


def resident_bytes(pid: int) -> int:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) * 1024
    raise SystemExit(f"process {pid} is gone")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--stations", type=int, default=8000)
    parser.add_argument("--server", default="voltline serve", help="servers whose name contains this")
    options = parser.parse_args()
    wanted = options.stations + 200
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < wanted:
        raise SystemExit(f"{options.stations} stations need {wanted} open files; the limit here is {hard}")
    resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
    cores = sorted(os.sched_getaffinity(0))
    for name, command in SERVERS.items():
        if options.server not in name:
            continue
        with (
            tempfile.TemporaryDirectory(prefix="voltline-bench-") as folder,
            server(command, Path(folder), cores[0]) as running,
        ):
            # Some stations come and go first, so that what is needed once is not counted per station.
            hold(running.port, 200, lambda: None)
            before = resident_bytes(running.pid)
            after = hold(running.port, options.stations, lambda: settled(running.pid))
        each = (after - before) / options.stations / 1024
        print(
            f"{name}: {each:.1f} KiB a connection ({options.stations} idle, {after / 2**20:.0f} MiB in all)"
        )


def settled(pid: int) -> int:
    """The resident size once it has stopped growing."""
    last = resident_bytes(pid)
    while True:
        time.sleep(1)
        now = resident_bytes(pid)
        if now <= last:
            return now
        last = now


def hold(port: int, stations: int, measure: Callable[[], T]) -> T:
    """Connect and boot so many stations, measure, and let them go."""
    load = subprocess.Popen(
        [sys.executable, str(HERE / "load.py"), f"--port={port}", f"--stations={stations}", "--idle"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert load.stdout is not None
    if not load.stdout.readline():
        raise SystemExit(f"only some of {stations} stations could connect")
    measured = measure()
    load.communicate()
    return measured


if __name__ == "__main__":
    main()
