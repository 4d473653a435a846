"""What inspecting live traffic costs the gateway: messages per second with the inspector and without.

`voltline serve`, all on SQLite, in turns with and without; the load as of throughput.py. Once everything that
serves has one core, the inspector's process included, and once it may use the core of the load too.

    .venv/bin/python benchmarks/live_inspection.py --stations 200 --rounds 5
"""

from __future__ import annotations

import argparse
import json
import os
import re
import statistics
import tempfile
import time
import urllib.request
from collections import defaultdict
from pathlib import Path
from typing import Any

from throughput import SERVE, load, require_all_stored, server


def inspection(said: str) -> dict[str, Any]:
    """How the inspector of this server stands."""
    found = re.search(r"http=(\S+)", said)
    assert found is not None
    with urllib.request.urlopen(f"{found[1]}/api/v1/inspection") as answer:
        figures: dict[str, Any] = json.load(answer)
    return figures


def processor_s(pid: int) -> float:
    """Processor time that the children of a process have taken."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    stats = [Path(f"/proc/{child}/stat").read_text().rpartition(")")[2].split() for child in children]
    return sum(int(one[11]) + int(one[12]) for one in stats) / os.sysconf("SC_CLK_TCK")


def one_round(cores: list[int], load_core: int, stations: int, seconds: float, inspect: bool) -> Any:
    """Messages per second, how the inspector stood at the end, and which part of a core it took."""
    flag = f"inspection.enabled={str(inspect).lower()}"
    with tempfile.TemporaryDirectory(prefix="voltline-bench-") as folder:
        data = Path(folder)
        with server([*SERVE, "--set", flag], data, *cores) as running:
            began = time.monotonic()
            figures = load(running, stations, seconds, load_core)
            taken = processor_s(running.pid) / (time.monotonic() - began)
            stands = inspection(running.said)
        require_all_stored(data, figures["meter_values"])
    return figures, stands, taken


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--stations", type=int, default=200)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=4.0)
    options = parser.parse_args()
    here = sorted(os.sched_getaffinity(0))
    if len(here) < 2:
        raise SystemExit("this needs two cores: one for the server, one for the load")
    for name, cores in (("one core", here[:1]), ("two cores, one shared with the load", here[:2])):
        rates: dict[bool, list[float]] = defaultdict(list)
        cpu_us: dict[bool, list[float]] = defaultdict(list)
        looked_at, shares = [], []
        for number in range(options.rounds):
            for inspect in (False, True) if number % 2 else (True, False):
                figures, stands, taken = one_round(cores, here[1], options.stations, options.seconds, inspect)
                rates[inspect].append(figures["rate"])
                cpu_us[inspect].append(figures["cpu_us"])
                if inspect:
                    frames, left_out = stands["frames"], stands["frames_left_out"]
                    looked_at.append(frames / max(1, frames + left_out))
                    shares.append(taken)
        without, inspected = (statistics.median(rates[inspect]) for inspect in (False, True))
        ratios = [one / other for one, other in zip(rates[True], rates[False], strict=True)]
        print(f"{name}: {without:,.0f} messages/s without, {inspected:,.0f} with the inspector")
        print(
            f"  median of the rounds' ratios {statistics.median(ratios):.3f} "
            f"({min(ratios):.3f}..{max(ratios):.3f}); gateway's processor time a message "
            f"{statistics.median(cpu_us[False]):.1f} -> {statistics.median(cpu_us[True]):.1f} us; "
            f"the inspector took {statistics.median(shares):.1%} of a core and looked at "
            f"{statistics.median(looked_at):.0%} of the frames"
        )


if __name__ == "__main__":
    main()
