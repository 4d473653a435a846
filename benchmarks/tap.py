"""What a tap costs: frames per second through it, and the time it adds to an answer, against no tap.

The load of `load.py` on a bare server of `servers/`, directly and through `voltline tap` without and with
recording and inspection, in turns. Server, tap and load share the cores that there are.

    .venv/bin/python benchmarks/tap.py --stations 50 --rounds 3
"""

from __future__ import annotations

import argparse
import json
import re
import signal
import statistics
import subprocess
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

HERE = Path(__file__).resolve().parent
WAYS: dict[str, list[str] | None] = {
    "directly": None,
    "tap, passing on only": ["--no-inspect"],
    "tap, recording": ["--no-inspect", "--record"],
    "tap, recording and inspecting": ["--record"],
    "tap, with a rule that never applies": ["--no-inspect", "--rules"],
}


@contextmanager
def started(command: list[str], ready: str) -> Iterator[tuple[int, int]]:
    """Port and process id of a program that says that it is ready."""
    with subprocess.Popen([sys.executable, *command], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            for line in process.stdout:
                if found := re.search(ready, line):
                    yield int(found[1]), process.pid
                    break
            else:
                raise SystemExit(f"{command} did not start")
        finally:
            process.send_signal(signal.SIGTERM)
            process.communicate(timeout=60)


def load(port: int, pid: int, stations: int, seconds: float) -> dict[str, float]:
    """What the load measured."""
    ran = subprocess.run(
        [
            *(sys.executable, str(HERE / "load.py"), "--port", str(port), "--pid", str(pid)),
            *("--stations", str(stations), "--seconds", str(seconds)),
        ],
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    figures: dict[str, float] = json.loads(ran.stdout)
    return figures


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--stations", type=int, nargs="+", default=[1, 50])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=4.0)
    options = parser.parse_args()
    for stations in options.stations:
        found: dict[str, list[dict[str, float]]] = defaultdict(list)
        with started([str(HERE / "servers" / "bare_aiohttp.py")], r"ready (\d+)") as (server, pid):
            for _ in range(options.rounds):
                for name, flags in WAYS.items():
                    with tempfile.TemporaryDirectory() as folder:
                        if flags is None:
                            found[name].append(load(server, pid, stations, options.seconds))
                            continue
                        rules = Path(folder, "rules.yaml")
                        rules.write_text("rules: [{action: Reset, do: drop}]\n")
                        files = {"--record": f"{folder}/tap.jsonl", "--rules": str(rules)}
                        given = [part for flag in flags for part in (flag, files.get(flag)) if part]
                        command = ["-m", "voltline.cli.main", "tap", "--listen", "0"]
                        to = f"ws://127.0.0.1:{server}"
                        with started([*command, "--to", to, *given], r"ws=ws://[^:]+:(\d+)") as (port, tap):
                            found[name].append(load(port, tap, stations, options.seconds))
        report(stations, found)


def report(stations: int, found: dict[str, list[dict[str, float]]]) -> None:
    """A table of the medians. A message is a CALL with its answer: two frames."""
    direct = {key: statistics.median(one[key] for one in found["directly"]) for key in ("p50_ms", "p99_ms")}
    print(f"\n{stations} charge points, medians of {len(found['directly'])} rounds")
    print(
        f"{'':38}{'frames/s':>10}{'p50 ms':>9}{'p99 ms':>9}{'added p50':>11}{'added p99':>11}{'us/frame':>10}"
    )
    for name, rounds in found.items():
        rate, p50, p99, cpu = (
            statistics.median(one[key] for one in rounds) for key in ("rate", "p50_ms", "p99_ms", "cpu_us")
        )
        print(
            f"{name:38}{2 * rate:10,.0f}{p50:9.2f}{p99:9.2f}{p50 - direct['p50_ms']:11.2f}"
            f"{p99 - direct['p99_ms']:11.2f}{cpu / 2:10.1f}"
        )


if __name__ == "__main__":
    main()
