"""How fast a log is inspected with all detectors on, and in how much memory.

    python -m benchmarks.inspecting --frames 400000

Writes a log of charging sessions in one-line form (Python's `ocpp` with times), inspects it in one process
with all detectors and with none, and prints frames a second of processor time, how often slower that is than
a bare loop of regular expression and json.loads over the same file, which concludes nothing, and the peak of
resident memory. All three in turn, several times; the best time of each counts, so that other work on the
machine matters little.
"""

import argparse
import json
import re
import resource
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from voltline.base import garbage
from voltline.inspection.findings import Severity
from voltline.inspection.inspector import Inspector
from voltline.inspection.registry import all_detectors
from voltline.logbook.coverage import Coverage
from voltline.logbook.opening import sources
from voltline.logbook.reading import read

BEGIN = datetime(2026, 3, 1, 8, tzinfo=UTC)
FRAME = re.compile(r"\[[234],.*\]$")


def log_lines(frames: int) -> Iterator[str]:
    """Sessions of half an hour with a sample a minute, each call answered: twelve stations in turn."""
    written = 0
    second = 0.0
    transaction = 0
    meters = [1000] * 12

    def line(station: int, word: str, text: str) -> str:
        nonlocal written
        written += 1
        at = BEGIN + timedelta(seconds=second)
        return (
            f"{at:%Y-%m-%d %H:%M:%S},{at.microsecond // 1000:03} INFO [ocpp] CP{station:02}: {word} {text}\n"
        )

    def exchange(station: int, action: str, payload: str, response: str) -> Iterator[str]:
        nonlocal second
        number = f"{written:08x}-8a51-4d5f"
        yield line(station, "receive message", f'[2,"{number}","{action}",{payload}]')
        second += 0.05
        yield line(station, "send", f'[3,"{number}",{response}]')
        second += 0.05

    def now() -> str:
        return f"{BEGIN + timedelta(seconds=int(second)):%Y-%m-%dT%H:%M:%SZ}"

    def status(station: int, word: str, connector: int = 1) -> Iterator[str]:
        payload = (
            f'{{"connectorId":{connector},"errorCode":"NoError","status":"{word}","timestamp":"{now()}"}}'
        )
        return exchange(station, "StatusNotification", payload, "{}")

    for station in range(12):
        boot = '{"chargePointVendor":"Bench","chargePointModel":"One"}'
        yield from exchange(
            station,
            "BootNotification",
            boot,
            f'{{"currentTime":"{now()}","interval":300,"status":"Accepted"}}',
        )
        yield from status(station, "Available", 0)
        yield from status(station, "Available")
    while written < frames:  # all twelve at once
        begun = range(transaction + 1, transaction + 13)
        transaction += 12
        for station in range(12):
            yield from status(station, "Preparing")
            yield from exchange(
                station, "Authorize", '{"idTag":"TAG"}', '{"idTagInfo":{"status":"Accepted"}}'
            )
            start = f'{{"connectorId":1,"idTag":"TAG","meterStart":{meters[station]},"timestamp":"{now()}"}}'
            answer = f'{{"transactionId":{begun[station]},"idTagInfo":{{"status":"Accepted"}}}}'
            yield from exchange(station, "StartTransaction", start, answer)
            yield from status(station, "Charging")
        for minute in range(30):
            second += 57
            for station in range(12):
                meters[station] += 183
                meter = (
                    f'{{"connectorId":1,"transactionId":{begun[station]},"meterValue":[{{'
                    f'"timestamp":"{now()}","sampledValue":[{values(meters[station])}]}}]}}'
                )
                yield from exchange(station, "MeterValues", meter, "{}")
                if minute % 5 == 0:
                    yield from exchange(station, "Heartbeat", "{}", f'{{"currentTime":"{now()}"}}')
        for station in range(12):
            yield from status(station, "Finishing")
            stop = (
                f'{{"transactionId":{begun[station]},"meterStop":{meters[station]},"timestamp":"{now()}",'
                '"reason":"EVDisconnected"}'
            )
            yield from exchange(station, "StopTransaction", stop, "{}")
            yield from status(station, "Available")


def values(meter: int) -> str:
    """Register, power and current."""
    return (
        f'{{"value":"{meter}","context":"Sample.Periodic","unit":"Wh",'
        '"measurand":"Energy.Active.Import.Register"},'
        '{"value":"11000","context":"Sample.Periodic","measurand":"Power.Active.Import","unit":"W"},'
        '{"value":"16","measurand":"Current.Import","phase":"L1","unit":"A"}'
    )


def inspected(path: Path, *, detectors: bool) -> tuple[int, float]:
    """Frames, and seconds of processor time."""
    inspector = Inspector(all_detectors() if detectors else ())  # loads them, before time is taken
    coverage = Coverage(str(path))
    began = time.process_time()
    for source in sources([path]):
        inspector.feed_all(read(source, coverage))
    result = inspector.end()
    taken = time.process_time() - began
    wrong = [one for one in result.findings if one.severity is not Severity.INFO]
    assert not wrong, f"nothing is wrong with this log, and it was found: {wrong}"
    return coverage.frames, taken


def bare_loop(path: Path) -> tuple[int, float]:
    """Frames, and seconds, of a loop that finds and parses each frame and does nothing with it."""
    frames = 0
    began = time.process_time()
    with path.open() as lines:
        for line in lines:
            found = FRAME.search(line)
            if found is not None:
                json.loads(found[0])
                frames += 1
    return frames, time.process_time() - began


def main() -> None:
    """Write, inspect, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--frames", type=int, default=400_000)
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    wanted = arguments.frames
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "bench.log"
        with path.open("w") as file:
            file.writelines(log_lines(wanted))
        garbage.search_seldom()  # as the command does
        print(f"{wanted:,} frames, {path.stat().st_size / 1e6:.0f} MB, {len(all_detectors())} detectors")
        runs: dict[str, Callable[[], tuple[int, float]]] = {
            "bare loop": lambda: bare_loop(path),
            "no detectors": lambda: inspected(path, detectors=False),
            "all detectors": lambda: inspected(path, detectors=True),
        }
        best: dict[str, float] = {}
        frames = 0
        for _ in range(arguments.rounds):
            for name, run in runs.items():
                frames, seconds = run()
                best[name] = min(best.get(name, seconds), seconds)
        for name, seconds in best.items():
            slower = seconds / best["bare loop"]
            print(f"{name:14} {frames / seconds:10,.0f} frames/s a core, {slower:5.1f} times the bare loop")
        print(f"peak {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MiB")


if __name__ == "__main__":
    main()
