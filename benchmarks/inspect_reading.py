"""Frames a second that one core reads from logs, and the memory it takes, beside a bare loop.

    .venv/bin/python benchmarks/inspect_reading.py [--frames 200000] [--large-mib 1024]

The peer matches one regular expression a line and gives what it finds to json.loads. It judges nothing, and
knows one format: it is there to say what the machine does. Memory is the peak of a process of its own that
reads a file of `--large-mib`, beside the peak for one of a hundredth.
"""

import argparse
import json
import multiprocessing
import re
import resource
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from voltline.logbook.coverage import Coverage
from voltline.logbook.opening import sources
from voltline.logbook.reading import read

_BEGIN = datetime(2026, 3, 1, tzinfo=UTC)
_LINE = re.compile(r"^(.*?)(\[[234],.*\])\s*$")


def meter_values(number: int, at: datetime) -> str:
    """A CALL as chargers send most of them."""
    sampled = (
        f'{{"value":"{17000000 + number}","measurand":"Energy.Active.Import.Register","unit":"Wh"}},'
        '{"value":"11.20","measurand":"Current.Import","unit":"A","phase":"L1"},'
        '{"value":"11.30","measurand":"Current.Import","unit":"A","phase":"L2"},'
        '{"value":"7712.00","measurand":"Power.Active.Import","unit":"W"}'
    )
    value = f'{{"timestamp":"{at:%Y-%m-%dT%H:%M:%SZ}","sampledValue":[{sampled}]}}'
    return f'[2,"{number}","MeterValues",{{"connectorId":1,"transactionId":77,"meterValue":[{value}]}}]'


def home_assistant(at: datetime, frame: str, sent: bool) -> str:
    word = "send" if sent else "receive message"
    return (
        f"{at:%Y-%m-%d %H:%M:%S}.{at.microsecond // 1000:03} INFO (MainThread) [ocpp] CP-1: {word} {frame}\n"
    )


def steve(at: datetime, frame: str, sent: bool) -> str:
    word = "Sending" if sent else "Received"
    return (
        f"[INFO ] {at:%Y-%m-%d %H:%M:%S},{at.microsecond // 1000:03} "
        f"de.rwth.idsg.steve.ocpp.ws.WebSocketLogger (qtp2471-{at.second % 40}) - "
        f"[chargeBoxId=CP-1, sessionId=3df7-22] {word}: {frame}\n"
    )


def evcc(at: datetime, frame: str, sent: bool) -> str:
    return f"[ocpp  ] TRACE {at:%Y/%m/%d %H:%M:%S} {'send' if sent else 'recv'} CP-1: {frame}\n"


def recording(at: datetime, frame: str, sent: bool) -> str:
    entry = {"time": at.isoformat(), "station": "CP-1", "direction": "out" if sent else "in", "text": frame}
    return json.dumps(entry, separators=(",", ":")) + "\n"


def csv(at: datetime, frame: str, sent: bool) -> str:
    doubled = frame.replace('"', '""')
    return f'{at.isoformat()},CP-1,,"{doubled}"\n'


FORMATS: dict[str, tuple[Callable[[datetime, str, bool], str], str]] = {
    "home assistant": (home_assistant, ""),
    "steve": (steve, ""),
    "evcc": (evcc, ""),
    "recording": (recording, ""),
    "csv": (csv, "timestamp,id,action,msg\n"),
}


def write(path: Path, frames: int, line: Callable[[datetime, str, bool], str], head: str) -> None:
    with path.open("w") as file:
        file.write(head)
        for number in range(frames // 2):
            at = _BEGIN + timedelta(seconds=number, milliseconds=number % 1000)
            file.write(line(at, meter_values(number, at), False))
            file.write(line(at, f'[3,"{number}",{{}}]', True))


def frames_a_second(path: Path) -> float:
    (source,) = sources([path])
    coverage = Coverage(source.name)
    begin = time.process_time()
    for _ in read(source, coverage):
        pass
    return coverage.frames / (time.process_time() - begin)


def peer_frames_a_second(path: Path) -> float:
    frames = 0
    begin = time.process_time()
    with path.open() as file:
        for line in file:
            found = _LINE.match(line)
            if found is not None:
                try:
                    json.loads(found[2])
                except ValueError:
                    continue
                frames += 1
    return frames / (time.process_time() - begin)


def peak_mib(path: str) -> float:
    frames_a_second(Path(path))
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def repeat(path: Path, once: bytes, mib: float) -> None:
    with path.open("wb") as file:
        for _ in range(max(1, int(mib * 1024 * 1024 / len(once)))):
            file.write(once)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--frames", type=int, default=200_000)
    parser.add_argument("--large-mib", type=int, default=1024)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "log"
        print(f"{'format':16}{'frames/s':>12}{'peer':>12}")
        for name, (line, head) in FORMATS.items():
            write(path, given.frames, line, head)
            peer = peer_frames_a_second(path) if name in ("home assistant", "steve", "evcc") else None
            print(f"{name:16}{frames_a_second(path):12,.0f}{f'{peer:12,.0f}' if peer else '':>12}")
        write(path, 20_000, home_assistant, "")
        once = path.read_bytes()
        newest_first = b"\n".join(reversed(once.split(b"\n")))
        context = multiprocessing.get_context("spawn")
        for what, content in (("oldest first", once), ("newest first", newest_first)):
            for mib in (given.large_mib / 100, given.large_mib):
                repeat(path, content, mib)
                with context.Pool(1) as pool:
                    peak = pool.apply(peak_mib, (str(path),))
                print(f"peak memory, {what}, file of {mib:7,.0f} MiB: {peak:6.0f} MiB")


if __name__ == "__main__":
    main()
